/*
 * What channels do, asked of all nodes. Who asks draws a number (ph_channel_ask), which goes to
 * all nodes as a hint; each writes what its channels do under that number, and who asked reads
 * until the holders have answered or its patience ends. Nothing is written while nobody asks.
 */
#include "router_private.h"
#include "strict_json.h"

#include <stdio.h>
#include <stdlib.h>

enum { POLL_MS = 25, PATIENCE_MS = 600, REPORTS_MAX = 512 };

/* --- Answering ------------------------------------------------------------------------------- */

struct connector_status {
	json_t *object, *item;
};

static json_t *place(struct connector_status *out)
{
	return out->item ? out->item : out->object;
}

void connector_status_text(struct connector_status *out, const char *key, struct span value)
{
	strict_json_set(place(out), key, value);
}

void connector_status_num(struct connector_status *out, const char *key, uint64_t value)
{
	json_object_set_new(place(out), key, json_integer((json_int_t)value));
}

void connector_status_flag(struct connector_status *out, const char *key, bool value)
{
	json_object_set_new(place(out), key, json_boolean(value));
}

void connector_status_item(struct connector_status *out, const char *key)
{
	json_t *list = json_object_get(out->object, key);

	if (!list) {
		list = json_array();
		json_object_set_new(out->object, key, list);
	}
	out->item = json_object();
	json_array_append_new(list, out->item);
}

void connector_status_end(struct connector_status *out)
{
	out->item = NULL;
}

static const char *const state_names[] = {"stopped",      "connecting", "up",           "send_only",
                                          "receive_only", "down",       "misconfigured"};

static size_t count_waiting(const struct connector_host *host)
{
	size_t count = 0;

	for (unsigned l = 0; l < LANE_COUNT; l++)
		count += host->held[l].count;
	return count;
}

static void own_status(const struct connector_host *host, struct connector_status *out)
{
	const struct route_channel *c = &host->route;
	unsigned results = c->breaker.good + c->breaker.bad;

	connector_status_text(out, "state", span_of(state_names[host->state]));
	connector_status_text(out, "why", span_of(host->why));
	connector_status_text(out, "health", span_of(health_name(health_of(host))));
	connector_status_num(out, "in_hand", HASH_COUNT(host->in_hand));
	connector_status_num(out, "waiting", count_waiting(host));
	connector_status_num(out, "retrying", host->retrying);
	connector_status_num(out, "errors_percent", results ? c->breaker.bad * 100 / results : 0);
	connector_status_text(out, "last_error", span_of(c->last_error));
	if (c->last_error_ms)
		connector_status_num(out, "last_error_ts", c->last_error_ms);
	if (c->throttled_ms)
		connector_status_num(out, "throttled_ts", c->throttled_ms);
	connector_status_flag(out, "throttled", c->health == HEALTH_THROTTLED);
}

/* What the channel does here; for free(). */
static char *describe(const struct connector_host *host)
{
	struct connector_status out = {.object = json_object()};

	if (!out.object)
		return NULL;
	own_status(host, &out);
	if (host->ops->status)
		host->ops->status(host->self, &out);
	return strict_json_dump(out.object);
}

void status_on_ask(struct router *r, struct span number)
{
	char *texts[ROUTE_CHANNELS_MAX] = {NULL};
	struct fcall_args *a = router_args(r);
	size_t count = 0;

	args_add(a, span_of(r->node));
	args_add(a, number);
	for (const struct connector_host *h = r->hosts; h && count < ROUTE_CHANNELS_MAX;
	     h = h->next) {
		if (!(h->route.running || h->route.start_failures) || !(texts[count] = describe(h)))
			continue;
		args_add(a, span_of(h->name));
		args_add(a, span_of(texts[count++]));
	}
	/* Lost: who asked does without. */
	if (count && router_fcall(r, "ph_channel_report", ROUTER_CONTROL, NULL, NULL))
		log_debug(&r->log, EVENT("channel.not_reported"));
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
}

/* --- Asking ---------------------------------------------------------------------------------- */

struct status_call {
	struct router *router;
	router_channel_status_fn *fn;
	void *arg;
	struct io_timer *timer;
	struct route_lanes *lanes; /* counted, or NULL */
	bool counting;
	uint64_t number;   /* that fresh reports bear */
	uint64_t until_ms; /* monotonic */
};

static void call_end(struct status_call *call, const struct router_error *error,
                     const struct router_channel_status *channels, size_t count)
{
	call->fn(call->arg, error, channels, count);
	io_timer_destroy(&call->timer);
	free(call->lanes);
	free(call);
}

static struct span word(struct span text, struct span *rest)
{
	return span_split(text, ' ', rest);
}

/* The fresh reports on one channel; fields are "CH NODE", "number json". */
static size_t pick_reports(const struct status_call *call, const redisReply *all, struct span name,
                           struct router_channel_report *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; all && i + 1 < all->elements && count < max; i += 2) {
		struct span node, json;
		uint64_t number;

		if (!span_eq(word(redis_text_at(all, i), &node), name) ||
		    span_u64(word(redis_text_at(all, i + 1), &json), &number) ||
		    number < call->number)
			continue;
		out[count++] = (struct router_channel_report){node, json};
	}
	return count;
}

/* {CH, "want ms by", holder, health} */
static void decode(const struct status_call *call, const redisReply *row,
                   struct router_channel_status *out)
{
	struct span rest, record = redis_text_at(row, 1), after;
	const struct connector_host *host;

	out->name = redis_text_at(row, 0);
	host = router_host(call->router, out->name);
	out->connector = host ? span_of(host->ops->name) : SPAN_NONE;
	out->held_by_one = host && host->route.exclusive;
	if (router_want_parse(word(record, &rest), &out->want))
		out->want = WANT_START;
	if (span_u64(word(rest, &out->by), &out->want_ms))
		out->want_ms = 0;
	out->holder = span_split(redis_text_at(row, 2), '#', &after);
	out->health = host ? span_of(health_name(health_of(host))) : SPAN_NONE;
}

static bool answered(const struct router_channel_status *s)
{
	if (!s->held_by_one || !s->holder.len)
		return true;
	for (size_t i = 0; i < s->report_count; i++)
		if (span_eq(s->reports[i].node, s->holder))
			return true;
	return false;
}

static void add_queued(const struct status_call *call, struct router_channel_status *s)
{
	for (size_t i = 0; call->lanes && i < call->lanes->count; i++)
		if (span_is(s->name, call->lanes->name[i]))
			memcpy(s->queued, call->lanes->queued[i], sizeof(s->queued));
}

static void on_listed(void *arg, int err, const redisReply *reply, const char *why)
{
	struct status_call *call = arg;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};
	struct router_channel_status channels[ROUTE_CHANNELS_MAX] = {{.name = {0}}};
	struct router_channel_report reports[REPORTS_MAX];
	size_t count = 0, used = 0;
	bool all = true;

	(void)why;
	for (size_t i = 1; !err && i < reply->elements && count < ROUTE_CHANNELS_MAX; i++) {
		struct router_channel_status *s = &channels[count++];

		decode(call, reply->element[i], s);
		add_queued(call, s);
		s->reports = &reports[used];
		s->report_count = pick_reports(call, redis_at(reply, 0), s->name, &reports[used],
		                               REPORTS_MAX - used);
		used += s->report_count;
		all = all && answered(s);
	}
	if (err || all || clock_mono_ms(io_loop_clock(call->router->loop)) >= call->until_ms)
		call_end(call, &error, channels, count);
	else
		io_timer_start(call->timer, POLL_MS, 0);
}

static void on_poll(void *arg)
{
	struct status_call *call = arg;
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);
	struct router_error error;
	int err;

	if (call->counting) {
		io_timer_start(call->timer, POLL_MS, 0);
		return;
	}
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		args_add(a, span_of(h->name));
	err = router_fcall(r, "ph_channel_list", ROUTER_CONTROL, on_listed, call);
	if (!err)
		return;
	error = router_redis_error(err);
	call_end(call, &error, NULL, 0);
}

static void on_counted(void *arg, const struct route_lanes *lanes)
{
	struct status_call *call = arg;

	call->counting = false;
	call->lanes = lanes ? malloc(sizeof(*lanes)) : NULL;
	if (call->lanes)
		*call->lanes = *lanes;
}

static void on_asked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct status_call *call = arg;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};

	(void)why;
	if (err) {
		call_end(call, &error, NULL, 0);
		return;
	}
	call->number = redis_num(reply);
	call->counting = route_lanes_count(call->router, on_counted, call) == 0;
	io_timer_start(call->timer, POLL_MS, 0);
}

int router_channel_status(struct router *r, router_channel_status_fn *fn, void *arg)
{
	struct status_call *call = calloc(1, sizeof(*call));
	int err;

	if (!call)
		return -ENOMEM;
	call->router = r;
	call->fn = fn;
	call->arg = arg;
	call->until_ms = clock_mono_ms(io_loop_clock(r->loop)) + PATIENCE_MS;
	err = io_timer_create(r->loop, "router.status", on_poll, call, &call->timer);
	router_args(r);
	if (!err)
		err = router_fcall(r, "ph_channel_ask", ROUTER_CONTROL, on_asked, call);
	if (err) {
		io_timer_destroy(&call->timer);
		free(call);
	}
	return err;
}

/* --- What waits ----------------------------------------------------------------------------- */

struct lanes_call {
	struct route_lanes lanes;
	route_lanes_fn *fn;
	void *arg;
	unsigned left; /* partitions that have not answered */
	int err;
};

static void on_lanes(void *arg, int err, const redisReply *reply, const char *why)
{
	struct lanes_call *call = arg;

	(void)why;
	if (err)
		call->err = err;
	for (size_t i = 0; !err && i < reply->elements && i < call->lanes.count * LANE_COUNT; i++)
		call->lanes.queued[i / LANE_COUNT][i % LANE_COUNT] += redis_num_at(reply, i);
	if (--call->left)
		return;
	call->fn(call->arg, call->err ? NULL : &call->lanes);
	free(call);
}

static bool ask_lanes(struct router *r, unsigned partition, struct lanes_call *call)
{
	struct fcall_args *a = router_args(r);

	for (size_t i = 0; i < call->lanes.count; i++)
		args_add(a, span_of(call->lanes.name[i]));
	return router_fcall(r, "ph_lanes", router_partition(partition), on_lanes, call) == 0;
}

int route_lanes_count(struct router *r, route_lanes_fn *fn, void *arg)
{
	struct lanes_call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->fn = fn;
	call->arg = arg;
	for (const struct connector_host *h = r->hosts; h && call->lanes.count < ROUTE_CHANNELS_MAX;
	     h = h->next)
		call->lanes.name[call->lanes.count++] = h->name;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		if (ask_lanes(r, p, call))
			call->left++;
		else
			call->err = -EAGAIN;
	if (call->left)
		return 0;
	free(call);
	return -EAGAIN;
}

/* --- What people want of a channel ------------------------------------------------------------ */

static const char *const want_names[] = {
	[WANT_START] = "start", [WANT_DRAIN] = "drain", [WANT_STOP] = "stop"};

const char *router_want_name(enum channel_want want)
{
	return want_names[want];
}

int router_want_parse(struct span name, enum channel_want *out)
{
	for (size_t i = 0; i < ARRAY_LEN(want_names); i++)
		if (span_is(name, want_names[i])) {
			*out = (enum channel_want)i;
			return 0;
		}
	return -EINVAL;
}

struct want_call {
	struct router *router;
	router_ok_fn *fn;
	void *arg;
};

static void on_wanted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct want_call *call = arg;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};

	(void)reply;
	(void)why;
	call->fn(call->arg, &error);
	free(call);
}

int router_channel_want(struct router *r, struct span channel, enum channel_want want,
                        struct span by, router_ok_fn *fn, void *arg)
{
	const struct connector_host *host = router_host(r, channel);
	struct want_call *call = host ? malloc(sizeof(*call)) : NULL;
	struct fcall_args *a = router_args(r);
	int err;

	if (!call)
		return host ? -ENOMEM : -ENOENT;
	*call = (struct want_call){r, fn, arg};
	args_add(a, channel);
	args_add(a, span_of(want_names[want]));
	args_add(a, by);
	err = router_fcall(r, "ph_channel_want", ROUTER_CONTROL, on_wanted, call);
	if (err)
		free(call);
	else
		log_info(&host->log, EVENT("channel.want"), STR("want", want_names[want]),
		         SPAN("by", by));
	return err;
}
