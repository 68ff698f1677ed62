/*
 * A command with a router of its own, which has no channels and serves nobody: it reads and asks as
 * a node does. A node that holds the channel finds what was put back into its lane within a
 * heartbeat.
 */
#include "dead_command.h"

#include "command.h"
#include "loop.h"
#include "rfc3339.h"
#include "router.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 100, LIMIT = 100, REDIS_MS = 5000, CURSOR_MAX = 128 };

#define WHO "dead-letters"

enum verb { LIST, REPLAY, DROP, VERBS };

struct command {
	const struct config *config;
	struct io_loop *loop;
	struct redis *redis;
	struct router *router;
	struct io_timer *patience;
	enum verb what;
	const char *channel, *code; /* --channel, --code; NULL: any */
	unsigned long limit;        /* of letters shown, or done */
	char **ids;                 /* that are left */
	bool all;
	size_t at; /* of the channels, when all of them are asked */
	char cursor[CURSOR_MAX];
	unsigned long done;
	unsigned open;
	bool begun;
	int status;
};

static const char *const verbs[VERBS] = {"list", "replay", "drop"};

static void finish(struct command *c, int status)
{
	if (status)
		c->status = status;
	io_loop_stop(c->loop);
}

static void say_error(const char *id, const struct router_error *error)
{
	const char *why = error->detail ? error->detail
	                  : error->code ? error->code
	                                : "it cannot be done";

	command_fail(EXIT_FAILURE, WHO, id ? id : why, id ? why : NULL);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static const char *channel_now(const struct command *c)
{
	if (c->channel)
		return c->channel;
	return c->at < c->config->channel_count ? c->config->channels[c->at].name : NULL;
}

/* One line, tabs between: id, when, channel, code, attempts, reason. No text: it may be a secret.
 */
static void show(const char *channel, const struct router_dead_letter *l)
{
	char when[RFC3339_SIZE];

	printf("%.*s-%llu\t%s\t%s\t%.*s\t%u\t%.*s\n", SPAN_FMT(l->conversation),
	       (unsigned long long)l->seq, rfc3339_format(l->failed_ms, when), channel,
	       SPAN_FMT(l->code), l->attempts, SPAN_FMT(l->reason));
}

static void next_page(struct command *c);

static void page_close(struct command *c)
{
	if (--c->open)
		return;
	if (c->done >= c->limit) {
		finish(c, 0);
		return;
	}
	if (!c->cursor[0] && (c->channel || ++c->at >= c->config->channel_count)) {
		finish(c, 0);
		return;
	}
	next_page(c);
}

static void on_one_of_page(void *arg, const struct router_error *error)
{
	struct command *c = arg;

	if (error->err && error->err != -ENOENT) {
		say_error(NULL, error);
		c->status = EXIT_FAILURE;
	} else if (!error->err) {
		c->done++;
	}
	page_close(c);
}

static void take(struct command *c, const struct router_dead_letter *l)
{
	const char *channel = channel_now(c);

	if (c->what == LIST) {
		show(channel, l);
		c->done++;
		return;
	}
	c->open++;
	if (!router_dead_do(c->router, span_of(channel), l->conversation, l->seq,
	                    c->what == REPLAY ? DEAD_REPLAY : DEAD_DROP, on_one_of_page, c))
		return;
	c->open--;
	c->status = EXIT_FAILURE;
}

static void on_page(void *arg, const struct router_error *error,
                    const struct router_dead_letter *letters, size_t count, const char *next)
{
	struct command *c = arg;
	unsigned long taken = c->done;

	snprintf(c->cursor, sizeof(c->cursor), "%s", error->err ? "" : next);
	if (error->err) {
		say_error(NULL, error);
		finish(c, EXIT_FAILURE);
		return;
	}
	for (size_t i = 0; i < count && taken < c->limit; i++)
		if (!c->code || span_is(letters[i].code, c->code)) {
			taken++;
			take(c, &letters[i]);
		}
	page_close(c);
}

static void next_page(struct command *c)
{
	char cursor[CURSOR_MAX];
	const char *channel = channel_now(c);

	memcpy(cursor, c->cursor, sizeof(cursor));
	c->open = 1;
	if (!channel ||
	    router_dead_list(c->router, span_of(channel), span_of(cursor), PAGE, on_page, c))
		finish(c, channel ? EXIT_FAILURE : 0);
}

/* --- By id ------------------------------------------------------------------------------------ */

static void next_id(struct command *c);

static void on_done(void *arg, const struct router_error *error)
{
	struct command *c = arg;

	if (error->err) {
		say_error(*c->ids, error);
		c->status = error->err == -ENOENT ? COMMAND_STATE : EXIT_FAILURE;
	} else {
		c->done++;
	}
	c->ids++;
	next_id(c);
}

static void on_message(void *arg, const struct router_message *message)
{
	struct command *c = arg;
	const struct router_error unknown = {-ENOENT, "message_unknown",
	                                     "there is no such message"};
	char conversation[CONVERSATION_ID_LEN + 1];
	struct span channel = span_of(c->channel);
	uint64_t seq;

	if (!message->error.err && message->event->type == LOG_MESSAGE)
		channel = message->event->message->channel;
	if (!channel.len || router_message_id_parse(span_of(*c->ids), conversation, &seq)) {
		on_done(c, message->error.err ? &message->error : &unknown);
		return;
	}
	if (router_dead_do(c->router, channel, span_of(conversation), seq,
	                   c->what == REPLAY ? DEAD_REPLAY : DEAD_DROP, on_done, c))
		finish(c, EXIT_FAILURE);
}

static void next_id(struct command *c)
{
	const struct router_error bad = {-ENOENT, "message_unknown", "this is no message's id"};
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;

	if (!*c->ids)
		finish(c, 0);
	else if (router_message_id_parse(span_of(*c->ids), conversation, &seq))
		on_done(c, &bad);
	else if (router_message_get(c->router, span_of(conversation), seq, on_message, c))
		finish(c, EXIT_FAILURE);
}

/* --- Life ------------------------------------------------------------------------------------- */

static void on_redis(void *arg, bool up, const char *why)
{
	struct command *c = arg;

	router_redis_state(c->router, up);
	if (up && !c->begun) {
		c->begun = true;
		if (c->what == LIST || c->all)
			next_page(c);
		else
			next_id(c);
	} else if (!up) {
		finish(c, command_fail(EXIT_FAILURE, WHO, "Redis", why ? why : "is away"));
	}
}

static void on_no_patience(void *arg)
{
	finish(arg, command_fail(EXIT_FAILURE, WHO, "Redis does not answer", NULL));
}

static int make(struct command *c)
{
	const struct config *config = c->config;
	char node[32];
	const struct router_options router = {.node = node,
	                                      .default_queue = config->desk.default_queue};
	const struct redis_options redis = {.address = config->redis.address,
	                                    .username = config->redis.username,
	                                    .password = config->redis.password,
	                                    .database = config->redis.database,
	                                    .connections = 1,
	                                    .timeout_ms = (uint64_t)config->redis.timeout_ms,
	                                    .libraries = router_libraries,
	                                    .library_count = router_library_count};
	static const struct logger log = {0};
	int err;

	snprintf(node, sizeof(node), "dead-letters-%ld", (long)getpid());
	err = io_loop_create(&log, &c->loop);
	if (!err)
		err = router_create(c->loop, &log, &router, &c->router);
	if (!err)
		err = redis_create(c->loop, &log, &redis, on_redis, c, &c->redis);
	if (!err)
		err = io_timer_create(c->loop, "dead.patience", on_no_patience, c, &c->patience);
	if (err)
		return err;
	router_set_redis(c->router, c->redis);
	io_timer_start(c->patience, REDIS_MS + (uint64_t)config->redis.timeout_ms, 0);
	return 0;
}

static int run(struct command *c)
{
	int err;

	log_set_level(LOG_ERROR);
	err = make(c);
	if (err) {
		c->status = command_fail(EXIT_FAILURE, WHO, strerror(-err), NULL);
	} else {
		io_loop_run(c->loop);
	}
	io_timer_destroy(&c->patience);
	if (c->router)
		router_set_redis(c->router, NULL);
	redis_destroy(&c->redis);
	router_destroy(&c->router);
	io_loop_destroy(&c->loop);
	if (c->what != LIST)
		printf("%lu\n", c->done);
	return c->status;
}

static int wrong_usage(void)
{
	fputs("usage: posthouse dead-letters list FILE [--channel C] [--code CODE] [--limit N]\n"
	      "       posthouse dead-letters replay|drop FILE ID ...\n"
	      "       posthouse dead-letters replay|drop FILE --all [--channel C] [--code CODE] "
	      "[--limit N]\n",
	      stderr);
	return COMMAND_USAGE;
}

static bool read_options(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{"channel",          required_argument, NULL, 'c'},
		{"code",              required_argument, NULL, 'd'},
		{"limit",                  required_argument, NULL, 'l'},
		{"all",no_argument, NULL, 'a'},
		{0              }
        };
	uint64_t limit = LIMIT;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			c->channel = optarg;
		else if (option == 'd')
			c->code = optarg;
		else if (option == 'a')
			c->all = true;
		else if (option != 'l' || span_u64(span_of(optarg), &limit) || !limit)
			return false;
	}
	c->limit = (unsigned long)limit;
	c->ids = argv + optind;
	if (c->what == LIST)
		return !*c->ids && !c->all;
	return c->all ? !*c->ids : *c->ids != NULL;
}

int dead_command(const struct config *config, int argc, char **argv)
{
	struct command c = {.config = config};

	while (argc > 1 && c.what < VERBS && strcmp(argv[1], verbs[c.what]) != 0)
		c.what++;
	if (argc < 2 || c.what == VERBS)
		return wrong_usage();
	return read_options(&c, argc - 1, argv + 1) ? run(&c) : wrong_usage();
}
