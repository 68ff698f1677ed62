/*
 * A command, not a node: it reads and writes the control plane in Redis (redis/channel.lua), which
 * the nodes hear of at once and find again when they start.
 */
#include "channel_command.h"

#include "channel_reports.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#define WHO "channel"

/* --- status ----------------------------------------------------------------------------------- */

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

static void print_report(void *arg, struct span node, json_t *report)
{
	const char *key;
	json_t *value;

	(void)arg;
	printf("  on %.*s:", SPAN_FMT(node));
	json_object_foreach(report, key, value) print_value("", key, value);
	json_object_foreach(report, key, value) if (json_is_array(value)) print_items(key, value);
	putchar('\n');
}

static void print_lanes(redisContext *c, const char *channel)
{
	uint64_t queued[LANE_COUNT] = {0};

	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		const char key[] = {'{', "0123456789abcdef"[p], '}', '\0'};
		redisReply *r = command_redis_ask(
			WHO, c, 5, (const char *[]){"FCALL", "ph_lanes", "1", key, channel});

		for (size_t i = 0; i < LANE_COUNT; i++)
			queued[i] += redis_num_at(r, i);
		freeReplyObject(r);
	}
	printf("  queued:");
	for (unsigned i = 0; i < LANE_COUNT; i++)
		printf(" %s=%llu", lane_name((enum lane)i), (unsigned long long)queued[i]);
	putchar('\n');
}

/* "want ms by" as people read it. */
static void print_want(struct span record)
{
	struct span rest, by, want = span_split(record, ' ', &rest);
	struct span ms = span_split(rest, ' ', &by);
	char when[COMMAND_WHEN_SIZE];

	if (record.len)
		printf("%.*s (%.*s, %s)", SPAN_FMT(want), SPAN_FMT(by), command_when(ms, when));
	else
		printf("start");
}

static void print_channel(redisContext *c, const struct config *config,
                          const struct channel_reports *reports, const redisReply *row)
{
	struct span name = redis_text_at(row, 0), rest;
	struct span holder = span_split(redis_text_at(row, 2), '#', &rest);
	const struct config_channel *channel = config_channel_find(config, name);

	if (!channel)
		return; /* nobody was asked of it */
	printf("%s  %s  wanted: ", channel->name, channel->ops->name);
	print_want(redis_text_at(row, 1));
	if (channel->ops->caps.dials && channel->nodes == CONFIG_NODES_ONE)
		printf("  held by: %.*s", SPAN_FMT(holder.len ? holder : SPAN_LIT("nobody")));
	putchar('\n');
	print_lanes(c, channel->name);
	channel_reports_each(reports, name, print_report, NULL);
}

static int status(redisContext *c, const struct config *config, const char *name)
{
	struct channel_reports reports;
	const redisReply *row;

	if (!channel_reports_ask(WHO, c, config, &reports))
		return EXIT_FAILURE;
	for (size_t i = 0; (row = channel_reports_row(&reports, i)); i++)
		if (!name || span_is(redis_text_at(row, 0), name))
			print_channel(c, config, &reports, row);
	channel_reports_fini(&reports);
	return EXIT_SUCCESS;
}

/* --- orders ----------------------------------------------------------------------------------- */

static int want(redisContext *c, const char *name, const char *what)
{
	char by[COMMAND_BY_SIZE];
	redisReply *reply =
		command_redis_ask(WHO, c, 7,
	                          (const char *[]){"FCALL", "ph_channel_want", "1", CHANNEL_CONTROL,
	                                           name, what, command_by(by)});
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
		return command_fail(COMMAND_USAGE, WHO,
		                    "status [NAME], or start, drain, stop and a NAME", NULL);
	if (name && !config_channel_find(config, span_of(name)))
		return command_fail(COMMAND_STATE, WHO, "there is no channel", name);
	c = command_redis_connect(WHO, config);
	if (!c)
		return EXIT_FAILURE;
	result = shows ? status(c, config, name) : want(c, name, what);
	redisFree(c);
	return result;
}
