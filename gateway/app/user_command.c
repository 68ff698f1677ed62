/*
 * A command, not a node: it talks with Redis synchronously, one question after the other. A
 * password comes from the terminal without echo or from standard input, never from argv, which
 * everybody on the machine can read.
 */
#include "user_command.h"

#include "command.h"
#include "command_redis.h"
#include "digest.h"
#include "user.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int fail(int status, const char *what, const char *detail)
{
	return command_fail(status, "user", what, detail);
}

/* --- Passwords --------------------------------------------------------------------------- */

static bool read_line(FILE *from, char *out, size_t size)
{
	size_t len;

	if (!fgets(out, (int)size, from))
		return false;
	len = strlen(out);
	if (len && out[len - 1] == '\n')
		out[--len] = '\0';
	else if (len == size - 1)
		return false; /* cut */
	if (len && out[len - 1] == '\r')
		out[len - 1] = '\0';
	return true;
}

static bool prompt(const char *text, char *out, size_t size)
{
	struct termios before, silent;
	bool ok;

	if (tcgetattr(STDIN_FILENO, &before))
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fputs(text, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	ok = read_line(stdin, out, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return ok;
}

static const char *get_password(char out[PASSWORD_MOST + 2])
{
	char again[PASSWORD_MOST + 2] = "";
	bool same = true;

	if (isatty(STDIN_FILENO)) {
		if (!prompt("Password: ", out, PASSWORD_MOST + 2) ||
		    !prompt("Again: ", again, sizeof(again)))
			return "no password was given, or it is too long";
		same = strcmp(out, again) == 0;
		explicit_bzero(again, sizeof(again));
	} else if (!read_line(stdin, out, PASSWORD_MOST + 2)) {
		return "no password came on standard input, or it is too long";
	}
	if (!same)
		return "the two passwords differ";
	if (strlen(out) < PASSWORD_LEAST)
		return "the password is shorter than 8 octets";
	return strlen(out) > PASSWORD_MOST ? "the password is longer than 200 octets" : NULL;
}

static int set_password(struct user *user)
{
	char password[PASSWORD_MOST + 2] = "";
	const char *wrong = get_password(password);
	int err = wrong ? -EINVAL : password_hash(span_of(password), user->password);

	explicit_bzero(password, sizeof(password));
	if (err)
		return fail(EXIT_FAILURE, wrong ? wrong : strerror(-err), NULL);
	return EXIT_SUCCESS;
}

/* --- Commands ---------------------------------------------------------------------------- */

struct command {
	redisContext *redis;
	struct user user;
};

static int keep(struct command *c, const char *how)
{
	char *text = user_encode(&c->user);
	redisReply *reply = NULL;
	int status = EXIT_FAILURE;

	if (text)
		reply = command_redis_ask("user", c->redis, 4,
		                          (const char *[]){how, USER_KEY, c->user.id, text});
	if (reply && strcmp(how, "HSETNX") == 0 && reply->integer == 0)
		status = fail(COMMAND_STATE, "there is already a user", c->user.id);
	else if (reply)
		status = EXIT_SUCCESS;
	freeReplyObject(reply);
	free(text);
	return status;
}

static int find(struct command *c)
{
	redisReply *reply = command_redis_ask("user", c->redis, 3,
	                                      (const char *[]){"HGET", USER_KEY, c->user.id});
	struct span id = span_of(c->user.id);
	int status = EXIT_FAILURE;
	struct user found;

	if (reply && reply->type != REDIS_REPLY_STRING)
		status = fail(COMMAND_STATE, "there is no user", c->user.id);
	else if (reply && user_decode(id, redis_text(reply), &found))
		fail(EXIT_FAILURE, "the record cannot be read", c->user.id);
	else if (reply)
		status = EXIT_SUCCESS;
	freeReplyObject(reply);
	if (status == EXIT_SUCCESS)
		c->user = found;
	return status;
}

static bool take_text(const char *value, char *out, size_t size)
{
	if (!*value || strlen(value) >= size)
		return false;
	snprintf(out, size, "%s", value);
	return true;
}

static bool take_capacity(const char *value, struct user *user)
{
	uint64_t number;

	if (span_u64(span_of(value), &number) || number < 1 || number > USER_CAPACITY_MAX)
		return false;
	user->capacity = (unsigned)number;
	return true;
}

static bool take_lang(const char *value, struct user *user)
{
	return (strcmp(value, "zh") == 0 || strcmp(value, "en") == 0) &&
	       take_text(value, user->lang, sizeof(user->lang));
}

static bool take_option(int option, const char *value, struct user *user)
{
	switch (option) {
	case 'n':
		return take_text(value, user->name, sizeof(user->name));
	case 'r':
		return user_role_parse(span_of(value), &user->role) == 0;
	case 's':
		return user_skills_parse(span_of(value), user) == 0;
	case 'k':
		return take_capacity(value, user);
	case 'l':
		return take_lang(value, user);
	default:
		return false;
	}
}

static int add(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{"name",     required_argument, NULL, 'n'},
		{"role",     required_argument, NULL, 'r'},
		{"skills",   required_argument, NULL, 's'},
		{"capacity", required_argument, NULL, 'k'},
		{"lang",     required_argument, NULL, 'l'},
		{NULL,       0,                 NULL, 0  },
	};
	int option, index = 0, status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, &index)) != -1)
		if (!take_option(option, optarg ? optarg : "", &c->user))
			return fail(COMMAND_USAGE, "wrong option",
			            option == '?' ? NULL : options[index].name);
	if (optind != argc)
		return fail(COMMAND_USAGE, "one user at a time", NULL);
	if (!c->user.name[0])
		snprintf(c->user.name, sizeof(c->user.name), "%s", c->user.id);
	if (!c->user.lang[0])
		snprintf(c->user.lang, sizeof(c->user.lang), "zh");
	status = set_password(&c->user);
	return status ? status : keep(c, "HSETNX");
}

static int passwd(struct command *c, int argc, char **argv)
{
	int status = find(c);

	(void)argc;
	(void)argv;
	if (!status)
		status = set_password(&c->user);
	return status ? status : keep(c, "HSET");
}

static int disable(struct command *c, int argc, char **argv)
{
	int status = find(c);

	(void)argc;
	(void)argv;
	c->user.disabled = true;
	return status ? status : keep(c, "HSET");
}

static int enable(struct command *c, int argc, char **argv)
{
	int status = find(c);

	(void)argc;
	(void)argv;
	c->user.disabled = false;
	return status ? status : keep(c, "HSET");
}

static void show(const struct user *u)
{
	printf("%-16s %-13s %-8s %2u  ", u->id, user_role_name(u->role),
	       u->disabled ? "disabled" : "enabled", u->capacity);
	for (size_t i = 0; i < u->skill_count; i++)
		printf("%s%s", i ? "," : "", u->skills[i]);
	printf("%s  %s  %s\n", u->skill_count ? "" : "-", u->lang, u->name);
}

static int list(struct command *c, int argc, char **argv)
{
	redisReply *reply =
		command_redis_ask("user", c->redis, 2, (const char *[]){"HGETALL", USER_KEY});
	int status = reply ? EXIT_SUCCESS : EXIT_FAILURE;
	struct user user;

	(void)argc;
	(void)argv;
	for (size_t i = 0; reply && i + 1 < reply->elements; i += 2) {
		struct span id = redis_text_at(reply, i);

		if (!user_decode(id, redis_text_at(reply, i + 1), &user))
			show(&user);
		else
			status = fail(EXIT_FAILURE, "the record cannot be read", id.ptr);
	}
	freeReplyObject(reply);
	return status;
}

static const struct {
	const char *name;
	bool wants_id;
	int (*run)(struct command *c, int argc, char **argv);
} commands[] = {
	{"add",     true,  add    },
        {"passwd",  true,  passwd },
        {"disable", true,  disable},
	{"enable",  true,  enable },
        {"list",    false, list   },
};

static int run_one(size_t which, struct command *c, int argc, char **argv)
{
	int used = commands[which].wants_id ? 3 : 2;

	if (argc < used)
		return fail(COMMAND_USAGE, commands[which].name, "names a user");
	if (commands[which].run != add && argc != used)
		return fail(COMMAND_USAGE, commands[which].name, "takes nothing more");
	if (commands[which].wants_id && !user_id_valid(span_of(argv[2])))
		return fail(COMMAND_USAGE, "an id is of a-z, 0-9, \".\", \"_\", \"-\"", argv[2]);
	if (commands[which].wants_id)
		snprintf(c->user.id, sizeof(c->user.id), "%s", argv[2]);
	return commands[which].run(c, argc - used + 1, argv + used - 1);
}

int user_command(const struct config *config, int argc, char **argv)
{
	struct command c = {0};
	int status = COMMAND_USAGE;
	size_t which = 0;

	while (which < ARRAY_LEN(commands) &&
	       (argc < 2 || strcmp(argv[1], commands[which].name) != 0))
		which++;
	if (which == ARRAY_LEN(commands))
		return fail(COMMAND_USAGE, "add, passwd, disable, enable or list is expected",
		            NULL);
	c.redis = command_redis_connect("user", config);
	if (!c.redis)
		return EXIT_FAILURE;
	status = run_one(which, &c, argc, argv);
	redisFree(c.redis);
	explicit_bzero(&c.user, sizeof(c.user));
	return status;
}
