/*
 * Commands, not nodes: they read and write the control plane in Redis (redis/channel.lua), which
 * the nodes hear of at once and find again when they start. posthouse route decides as a node does,
 * by the same table, the file of numbers and what the nodes say of their channels.
 */
#include "channel_command.h"

#include "command_redis.h"
#include "loop.h"
#include "strict_json.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_UNKNOWN = 3, ANSWER_MS = 400, CHANNELS_MAX = 64 };

static const char control[] = "{ctl}";

static int complain(int status, const char *command, const char *what, const char *detail)
{
	fprintf(stderr, "posthouse %s: %s%s%s\n", command, what, detail ? ": " : "",
	        detail ? detail : "");
	return status;
}

/* "cli:mei": whoever is logged in, for the record. */
static const char *who_am_i(char *out, size_t size)
{
	const struct passwd *user = getpwuid(getuid());

	snprintf(out, size, "cli:%s", user ? user->pw_name : "?");
	return out;
}

static const struct config_channel *find_channel(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->channel_count; i++)
		if (strcmp(config->channels[i].name, name) == 0)
			return &config->channels[i];
	return NULL;
}

/* --- What the nodes say ------------------------------------------------------------------------
 */

/* {reports, {CH, want, holder, health}...}, after the nodes had time to answer; NULL: told. */
static redisReply *ask_nodes(const char *command, redisContext *c, const struct config *config,
                             long long *number)
{
	const struct timespec wait = {.tv_nsec = ANSWER_MS * 1000000L};
	const char *argv[COMMAND_REDIS_ARGS_MAX] = {"FCALL", "ph_channel_ask", "1", control};
	redisReply *reply = command_redis_ask(command, c, 4, argv);
	int argc = 4;

	if (!reply)
		return NULL;
	*number = reply->integer;
	freeReplyObject(reply);
	nanosleep(&wait, NULL);
	argv[1] = "ph_channel_list";
	for (size_t i = 0; i < config->channel_count && argc < COMMAND_REDIS_ARGS_MAX; i++)
		argv[argc++] = config->channels[i].name;
	return command_redis_ask(command, c, argc, argv);
}

/* The i-th report of a channel that bears number or a later one; NULL: it is another's, or old. */
static json_t *report_at(const redisReply *reports, size_t i, const char *channel, long long number,
                         struct span *node)
{
	struct span json;
	uint64_t asked;

	if (!span_is(span_split(redis_text_at(reports, i), ' ', node), channel) ||
	    span_u64(span_split(redis_text_at(reports, i + 1), ' ', &json), &asked) ||
	    asked < (uint64_t)number)
		return NULL;
	return json_loadb(json.ptr, json.len, 0, NULL);
}

static void print_value(const char *prefix, const char *key, const json_t *value)
{
	if (json_is_string(value))
		printf(" %s%s=%s", prefix, key, json_string_value(value));
	else if (json_is_integer(value))
		printf(" %s%s=%lld", prefix, key, (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		printf(" %s%s=%s", prefix, key, json_is_true(value) ? "yes" : "no");
}

static void print_items(const char *key, json_t *list)
{
	size_t i;
	json_t *item, *value;
	const char *name;

	json_array_foreach(list, i, item)
	{
		printf("\n    %s %zu:", key, i + 1);
		json_object_foreach(item, name, value) print_value("", name, value);
	}
}

static void print_report(struct span node, json_t *report)
{
	const char *key;
	json_t *value;

	printf("  on %.*s:", SPAN_FMT(node));
	json_object_foreach(report, key, value) print_value("", key, value);
	json_object_foreach(report, key, value) if (json_is_array(value)) print_items(key, value);
	putchar('\n');
}

static void print_lanes(redisContext *c, const char *channel)
{
	unsigned long long queued[LANE_COUNT] = {0};

	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		const char key[] = {'{', "0123456789abcdef"[p], '}', '\0'};
		redisReply *r = command_redis_ask(
			"channel", c, 5, (const char *[]){"FCALL", "ph_lanes", "1", key, channel});

		for (size_t i = 0; r && i < r->elements && i < LANE_COUNT; i++)
			queued[i] += (unsigned long long)r->element[i]->integer;
		freeReplyObject(r);
	}
	printf("  queued:");
	for (unsigned i = 0; i < LANE_COUNT; i++)
		printf(" %s=%llu", lane_name((enum lane)i), queued[i]);
	putchar('\n');
}

/* "want ms by" as people read it. */
static void print_want(struct span record)
{
	struct span rest, by;
	struct span want = span_split(record, ' ', &rest);
	char when[32] = "";
	uint64_t ms;

	if (!record.len) {
		printf("start");
		return;
	}
	if (span_u64(span_split(rest, ' ', &by), &ms) == 0) {
		time_t at = (time_t)(ms / 1000);
		struct tm local;

		strftime(when, sizeof(when), "%F %T", localtime_r(&at, &local));
	}
	printf("%.*s (%.*s, %s)", SPAN_FMT(want), SPAN_FMT(by), when);
}

static void print_channel(redisContext *c, const struct config *config, const redisReply *reply,
                          const redisReply *row, long long number)
{
	const char *name = row->element[0]->str;
	const struct config_channel *channel = find_channel(config, name);
	struct span rest, holder = span_split(redis_text_at(row, 2), '#', &rest);
	const redisReply *reports = reply->element[0];

	printf("%s  %s  wanted: ", name, channel ? channel->ops->name : "");
	print_want(redis_text_at(row, 1));
	if (channel && channel->ops->caps.dials && channel->nodes == CONFIG_NODES_ONE)
		printf("  held by: %.*s", SPAN_FMT(holder.len ? holder : SPAN_LIT("nobody")));
	putchar('\n');
	print_lanes(c, name);
	for (size_t i = 0; i + 1 < reports->elements; i += 2) {
		struct span node;
		json_t *report = report_at(reports, i, name, number, &node);

		if (report)
			print_report(node, report);
		json_decref(report);
	}
}

static int status(redisContext *c, const struct config *config, const char *name)
{
	long long number = 0;
	redisReply *reply = ask_nodes("channel", c, config, &number);

	for (size_t i = 1; reply && i < reply->elements; i++)
		if (!name || strcmp(reply->element[i]->element[0]->str, name) == 0)
			print_channel(c, config, reply, reply->element[i], number);
	freeReplyObject(reply);
	return reply ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- channel -----------------------------------------------------------------------------------
 */

static int want(redisContext *c, const char *name, const char *what)
{
	char by[64];
	redisReply *reply =
		command_redis_ask("channel", c, 7,
	                          (const char *[]){"FCALL", "ph_channel_want", "1", control, name,
	                                           what, who_am_i(by, sizeof(by))});
	int result = reply ? EXIT_SUCCESS : EXIT_FAILURE;

	freeReplyObject(reply);
	return result;
}

int channel_command(const struct config *config, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : NULL;
	bool shows = strcmp(what, "status") == 0;
	enum channel_want parsed;
	redisContext *c;
	int result;

	if (argc > 3 || (!shows && (router_want_parse(span_of(what), &parsed) || !name)))
		return complain(EXIT_USAGE, "channel",
		                "status [NAME], or start, drain, stop and a NAME", NULL);
	if (name && !find_channel(config, name))
		return complain(EXIT_UNKNOWN, "channel", "there is no channel", name);
	c = command_redis_connect("channel", config);
	if (!c)
		return EXIT_FAILURE;
	result = shows ? status(c, config, name) : want(c, name, what);
	redisFree(c);
	return result;
}

/* --- list --------------------------------------------------------------------------------------
 */

struct list_order {
	const char *what, *number, *list, *channel, *note;
};

static bool take_options(int argc, char **argv, struct list_order *o)
{
	static const struct option options[] = {
		{"list",    required_argument, NULL, 'l'},
		{"channel", required_argument, NULL, 'c'},
		{"note",    required_argument, NULL, 'n'},
		{NULL,      0,                 NULL, 0  },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **at = option == 'l'   ? &o->list
		                  : option == 'c' ? &o->channel
		                  : option == 'n' ? &o->note
		                                  : NULL;

		if (!at)
			return false;
		*at = optarg;
	}
	o->number = optind < argc ? argv[optind++] : NULL;
	return optind == argc;
}

static int show_list(redisContext *c)
{
	redisReply *reply =
		command_redis_ask("list", c, 2, (const char *[]){"HGETALL", "ph:{ctl}:list"});

	for (size_t i = 0; reply && i + 1 < reply->elements; i += 2) {
		struct span rest, by, field = redis_text_at(reply, i);
		struct span list = span_split(field, ' ', &rest);
		uint64_t ms = 0;
		char when[32] = "";

		if (span_u64(span_split(redis_text_at(reply, i + 1), ' ', &by), &ms) == 0) {
			time_t at = (time_t)(ms / 1000);
			struct tm local;

			strftime(when, sizeof(when), "%F %T", localtime_r(&at, &local));
		}
		printf("%-5.*s %-32.*s %s %.*s\n", SPAN_FMT(list), SPAN_FMT(rest), when,
		       SPAN_FMT(by));
	}
	freeReplyObject(reply);
	return reply ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool is_number(const char *text)
{
	size_t len = strcspn(text, " *\t\r\n");

	return len <= ROUTER_LIST_NUMBER_MAX && (len || text[0] == '*') &&
	       (text[len] == '\0' || strcmp(text + len, "*") == 0);
}

static int edit(redisContext *c, const struct list_order *o)
{
	bool forgets = strcmp(o->what, "forget") == 0;
	char by[64];
	const char *list = forgets ? o->list ? o->list : "block" : o->what;
	redisReply *reply = command_redis_ask(
		"list", c, forgets ? 7 : 9,
		(const char *[]){"FCALL", forgets ? "ph_list_remove" : "ph_list_add", "1", control,
	                         list, o->channel ? o->channel : "*", o->number,
	                         who_am_i(by, sizeof(by)), o->note ? o->note : ""});
	long long n = reply ? reply->integer : 0;

	if (!reply)
		return EXIT_FAILURE;
	freeReplyObject(reply);
	if (n == 0)
		return complain(EXIT_UNKNOWN, "list", "there is no such entry", o->number);
	return n < 0 ? complain(EXIT_FAILURE, "list", "it has as many entries as it may", NULL)
	             : EXIT_SUCCESS;
}

int list_command(const struct config *config, int argc, char **argv)
{
	struct list_order o = {.what = argc > 1 ? argv[1] : ""};
	bool shows = strcmp(o.what, "show") == 0;
	redisContext *c;
	int result;

	if (!shows && strcmp(o.what, "block") != 0 && strcmp(o.what, "allow") != 0 &&
	    strcmp(o.what, "forget") != 0)
		return complain(EXIT_USAGE, "list", "show, block, allow or forget is expected",
		                NULL);
	if (!take_options(argc - 1, argv + 1, &o) || shows != !o.number)
		return complain(EXIT_USAGE, "list",
		                "NUMBER [--channel NAME] [--note TEXT] [--list block|allow]", NULL);
	if (o.number && !is_number(o.number))
		return complain(EXIT_USAGE, "list", "a number, or its beginning and \"*\"",
		                o.number);
	if (o.channel && !find_channel(config, o.channel))
		return complain(EXIT_UNKNOWN, "list", "there is no channel", o.channel);
	c = command_redis_connect("list", config);
	if (!c)
		return EXIT_FAILURE;
	result = shows ? show_list(c) : edit(c, &o);
	redisFree(c);
	return result;
}

/* --- route ---------------------------------------------------------------------------------------
 */

/* A router that only decides: the channels are made and never started. */
static int make_router(const struct config *config, struct io_loop *loop, struct router **out)
{
	const struct router_options options = {.node = config->node.name,
	                                       .default_queue = config->desk.default_queue};
	int err = router_create(loop, NULL, &options, out);

	for (size_t i = 0; !err && i < config->channel_count; i++) {
		const struct config_channel *channel = &config->channels[i];
		const struct router_channel add = {.name = channel->name,
		                                   .ops = channel->ops,
		                                   .cfg = channel->cfg,
		                                   .line = channel->line};

		if (channel->ops->caps.dials)
			err = router_channel_add(*out, &add, NULL);
	}
	return err ? err : router_set_routes(*out, &config->routes, NULL);
}

/* The best that any node says of a channel. */
static void suppose(struct router *router, const redisReply *reply, const redisReply *row,
                    long long number)
{
	const redisReply *reports = reply->element[0];

	router_suppose(router, redis_text_at(row, 0), redis_text_at(row, 1), SPAN_NONE);
	for (size_t i = 0; i + 1 < reports->elements; i += 2) {
		struct span node;
		json_t *report = report_at(reports, i, row->element[0]->str, number, &node);

		if (report)
			router_suppose(
				router, redis_text_at(row, 0), redis_text_at(row, 1),
				span_of(json_string_value(json_object_get(report, "health"))));
		json_decref(report);
	}
}

static void explain(void *arg, struct span address, struct span carrier, size_t rule,
                    const struct router_way *ways, size_t count)
{
	(void)arg;
	printf("%.*s  operator: %.*s  ", SPAN_FMT(address),
	       SPAN_FMT(carrier.len ? carrier : SPAN_LIT("not known")));
	if (rule)
		printf("rule: %zu\n", rule);
	else
		printf("no rule\n");
	for (size_t i = 0; i < count; i++)
		printf("%s %-20s weight %-4lld %-10s %s\n", ways[i].chosen ? "->" : "  ",
		       ways[i].channel, (long long)ways[i].weight, ways[i].health, ways[i].why);
}

static int decide(const struct config *config, struct router *router, const char *number,
                  const char *class)
{
	redisContext *c = command_redis_connect("route", config);
	long long asked = 0;
	redisReply *reply = c ? ask_nodes("route", c, config, &asked) : NULL;
	int err;

	for (size_t i = 1; reply && i < reply->elements; i++)
		suppose(router, reply, reply->element[i], asked);
	freeReplyObject(reply);
	if (c)
		redisFree(c);
	if (!reply)
		return EXIT_FAILURE;
	err = router_explain(router, span_of(number), span_of(class), explain, NULL);
	if (err == -EDOM)
		return complain(EXIT_USAGE, "route",
		                "a class is reply, confirmation, campaign or flash", class);
	if (err == -ENOENT)
		return complain(EXIT_UNKNOWN, "route", "no channel sends SMS", NULL);
	return err ? complain(EXIT_UNKNOWN, "route", "this is no number", number) : EXIT_SUCCESS;
}

int route_command(const struct config *config, int argc, char **argv)
{
	static const struct option options[] = {
		{"class", required_argument, NULL, 'c'},
		{NULL,    0,                 NULL, 0  },
	};
	const char *class = "";
	struct io_loop *loop = NULL;
	struct router *router = NULL;
	int option, result = EXIT_FAILURE;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) == 'c')
		class = optarg;
	if (option != -1 || optind != argc - 1)
		return complain(EXIT_USAGE, "route", "NUMBER [--class CLASS]", NULL);
	log_set_level(LOG_ERROR);
	if (io_loop_create(NULL, &loop) == 0 && make_router(config, loop, &router) == 0)
		result = decide(config, router, argv[optind], class);
	else
		complain(EXIT_FAILURE, "route", "the routes cannot be read", NULL);
	router_destroy(&router);
	io_loop_destroy(&loop);
	return result;
}
