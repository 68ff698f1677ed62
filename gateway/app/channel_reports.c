/*
 * The question is a number that nodes put before what they say, so that what stood there already,
 * of nodes long gone, is told apart.
 */
#include "channel_reports.h"

#include <time.h>

enum { ANSWER_MS = 400 };

bool channel_reports_ask(const char *who, redisContext *c, const struct config *config,
                         struct channel_reports *out)
{
	const struct timespec wait = {.tv_nsec = ANSWER_MS * 1000000L};
	const char *argv[COMMAND_REDIS_ARGS_MAX] = {"FCALL", "ph_channel_ask", "1",
	                                            CHANNEL_CONTROL};
	redisReply *reply = command_redis_ask(who, c, 4, argv);
	uint64_t number = redis_num(reply);
	int argc = 4;

	if (!reply)
		return false;
	freeReplyObject(reply);
	nanosleep(&wait, NULL);
	argv[1] = "ph_channel_list";
	for (size_t i = 0; i < config->channel_count && argc < COMMAND_REDIS_ARGS_MAX; i++)
		argv[argc++] = config->channels[i].name;
	reply = command_redis_ask(who, c, argc, argv);
	if (reply)
		*out = (struct channel_reports){reply, number};
	return reply != NULL;
}

void channel_reports_fini(struct channel_reports *reports)
{
	freeReplyObject(reports->reply);
	reports->reply = NULL;
}

const redisReply *channel_reports_row(const struct channel_reports *reports, size_t i)
{
	return redis_at(reports->reply, i + 1);
}

/* "CH NODE", "NUMBER JSON". NULL: it is of another channel, or old. */
static json_t *read_report(const redisReply *all, size_t i, struct span channel, uint64_t number,
                           struct span *node)
{
	struct span json;
	uint64_t asked;

	if (!span_eq(span_split(redis_text_at(all, i), ' ', node), channel) ||
	    span_u64(span_split(redis_text_at(all, i + 1), ' ', &json), &asked) || asked < number)
		return NULL;
	return json_loadb(json.ptr, json.len, 0, NULL);
}

void channel_reports_each(const struct channel_reports *reports, struct span channel,
                          channel_report_fn *fn, void *arg)
{
	const redisReply *all = redis_at(reports->reply, 0);

	for (size_t i = 0; redis_at(all, i + 1); i += 2) {
		struct span node;
		json_t *report = read_report(all, i, channel, reports->number, &node);

		if (report)
			fn(arg, node, report);
		json_decref(report);
	}
}
