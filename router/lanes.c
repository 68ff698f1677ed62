/*
 * What time starts for the lanes: what dead nodes held goes back, scheduled messages become due.
 */
#include "router_private.h"

#include <stdlib.h>

/* A call to one partition whose answer says which lanes have work. */
struct lanes_call {
	struct router *router;
	unsigned partition;
};

static struct lanes_call *lanes_call_create(struct router *r, unsigned partition)
{
	struct lanes_call *call = malloc(sizeof(*call));

	if (call)
		*call = (struct lanes_call){r, partition};
	return call;
}

static void has_work(struct lanes_call *call, struct span channel, uint64_t lane)
{
	struct connector_host *host = router_host(call->router, channel);

	if (host && lane < LANE_COUNT)
		outbound_dirty(host, call->partition, (enum lane)lane);
}

static void on_reaped(void *arg, int err, const redisReply *reply, const char *why)
{
	struct lanes_call *call = arg;

	(void)why;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
	     i += 2)
		has_work(call, redis_text_at(reply, i), redis_num_at(reply, i + 1));
	free(call);
}

void lanes_reap(struct router *r)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		struct lanes_call *call = lanes_call_create(r, p);
		struct fcall_args *a = router_args(r);

		args_num(a, router_now(r));
		args_num(a, r->options.log_max);
		args_num(a, r->options.outbox);
		args_num(a, 100);
		for (const struct connector_host *h = r->hosts; h; h = h->next)
			args_add(a, span_of(h->name));
		if (call && router_fcall(r, "ph2_reap", router_partition(p), on_reaped, call))
			free(call);
	}
}

static void due(struct router *r, unsigned partition);

/* {left, "CHANNEL LANE", ...}: one for each that was moved. */
static void on_due(void *arg, int err, const redisReply *reply, const char *why)
{
	struct lanes_call *call = arg;

	(void)why;
	for (size_t i = 1; !err && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
		struct span rest = redis_text_at(reply, i);
		struct span channel = span_split(rest, ' ', &rest);

		has_work(call, channel, next_num(&rest));
	}
	if (!err && redis_num_at(reply, 0))
		due(call->router, call->partition);
	free(call);
}

static void due(struct router *r, unsigned partition)
{
	struct lanes_call *call = lanes_call_create(r, partition);
	struct fcall_args *a = router_args(r);

	args_num(a, router_now(r));
	args_num(a, DUE_MAX);
	args_num(a, r->options.log_max);
	if (call && router_fcall(r, "ph2_due", router_partition(partition), on_due, call))
		free(call);
}

void lanes_due(struct router *r)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		due(r, p);
}
