/* What the nodes say of the channels, asked and read by commands (redis/channel.lua). */
#ifndef PH_CHANNEL_REPORTS_H
#define PH_CHANNEL_REPORTS_H

#include "command_redis.h"

#include <jansson.h>

/* Key of the control plane, whose slot all of this stands in. */
#define CHANNEL_CONTROL "{ctl}"

struct channel_reports {
	redisReply *reply; /* {reports, {CH, want, holder, health}...} */
	uint64_t number;   /* of this question: what was said before bears a lower one */
};

/** Asks all nodes and gives them a moment to answer. False after telling why. */
bool channel_reports_ask(const char *who, redisContext *c, const struct config *config,
                         struct channel_reports *out) MUST_CHECK;
/** Accepts reports that were never asked for. */
void channel_reports_fini(struct channel_reports *reports);

/** The i-th channel, {CH, want, holder, health}; NULL behind the last. */
const redisReply *channel_reports_row(const struct channel_reports *reports, size_t i);

typedef void channel_report_fn(void *arg, struct span node, json_t *report);
/** Gives fn what each node that answered says of a channel; borrowed for the call. */
void channel_reports_each(const struct channel_reports *reports, struct span channel,
                          channel_report_fn *fn, void *arg);

#endif
