/*
 * Who holds an account. A channel whose connector dials out is started by the node that has its
 * lease (ph_channel_sync), renewed with the heartbeat. A node that could not renew in time, by its
 * own monotonic clock, sends nothing more and unbinds before the lease ends for the others: that
 * clock starts when the renewal was asked, Redis' when it was carried out, so ours is the earlier.
 * What people want of a channel (start, drain, stop) comes with the same call, for all channels.
 */
#include "router_private.h"

#include <stdio.h>

enum {
	RETRY_SPARE_MS = 20,
	RETRY_LEAST_MS = 100,
	REST_MS = 10000, /* after a start that failed; twice as long each time */
	REST_MOST_MS = 300000
};

static uint64_t now_ms(const struct router *r)
{
	return clock_mono_ms(io_loop_clock(r->loop));
}

/* --- Starting and stopping ------------------------------------------------------------------- */

bool route_holds(const struct connector_host *host)
{
	const struct route_channel *c = &host->route;

	return !c->exclusive || (c->held_ms && now_ms(host->router) < c->held_ms + FENCE_MS);
}

bool route_takes(const struct connector_host *host)
{
	return host->route.running && !host->route.stopping && route_holds(host);
}

static bool rests(const struct connector_host *host)
{
	return now_ms(host->router) < host->route.rests_ms;
}

/* What is in the way here, a port that is taken, may not be elsewhere: the account is let go for a
 * while, so that another node can have it. */
static void start_failed(struct connector_host *host, int err)
{
	struct route_channel *c = &host->route;
	uint64_t rest = (uint64_t)REST_MS << (c->start_failures < 8 ? c->start_failures : 8);
	char why[96];

	if (rest > REST_MOST_MS)
		rest = REST_MOST_MS;
	c->running = false;
	c->start_failures++;
	c->rests_ms = now_ms(host->router) + rest;
	++*c->unstarted;
	log_error(&host->log, EVENT("channel.start_failed"), ERR(err), NUM("again_in_ms", rest));
	snprintf(why, sizeof(why), "it did not start: %s", uv_strerror(err));
	connector_state(host, CHANNEL_DOWN, why);
	host->router->route.again = true;
}

static void start(struct connector_host *host)
{
	struct route_channel *c = &host->route;
	int err;

	c->running = true;
	c->stopping = c->emptied = false;
	c->rests_ms = 0;
	pace_begin(host);
	err = host->ops->start(host->self);
	if (err)
		start_failed(host, err);
	else
		c->start_failures = 0;
}

static void stop(struct connector_host *host, enum stop_mode mode)
{
	if (!host->route.stopping)
		outbound_give_back(host);
	host->route.stopping = true;
	host->ops->stop(host->self, mode);
}

static bool should_run(const struct connector_host *host)
{
	return host->router->started && !host->router->draining && host->route.want != WANT_STOP &&
	       route_holds(host) && !rests(host);
}

/* A channel that stops is let stop, whatever is wanted now: it starts again when it has. */
static void follow(struct connector_host *host)
{
	struct route_channel *c = &host->route;

	if (should_run(host) && !c->running)
		start(host);
	else if (!should_run(host) && c->running && !c->stopping)
		stop(host, STOP_DRAIN);
}

void route_on_state(struct connector_host *host)
{
	struct route_channel *c = &host->route;

	if (host->state != CHANNEL_STOPPED || !c->running)
		return;
	c->running = c->stopping = false;
	route_sync(host->router); /* gives the lease back, or has it start again */
}

/* --- Draining: what waits is sent, and then it stops -------------------------------------------
 */

static void on_counted(void *arg, const struct route_lanes *lanes)
{
	struct router *r = arg;

	r->route.counting = false;
	for (size_t i = 0; lanes && i < lanes->count; i++) {
		struct connector_host *h = router_host(r, span_of(lanes->name[i]));
		bool empty = true;

		for (unsigned lane = 0; lane < LANE_COUNT; lane++)
			empty = empty && lanes->queued[i][lane] == 0;
		h->route.emptied =
			h->route.want == WANT_DRAIN && empty && !h->in_hand && outbound_idle(h);
	}
}

static bool drains(const struct router *r)
{
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		if (h->route.want == WANT_DRAIN && h->route.running)
			return true;
	return false;
}

void route_tick(struct router *r)
{
	for (struct connector_host *h = r->hosts; h; h = h->next) {
		health_tick(h);
		route_move_tick(h);
	}
	if (drains(r) && !r->route.counting)
		r->route.counting = route_lanes_count(r, on_counted, r) == 0;
	route_sync(r);
}

/* --- Work for another node's lanes: a hint, since that node looks by itself every two seconds ---
 */

static void on_tell(void *arg)
{
	struct connector_host *host = arg;

	for (unsigned lane = 0; lane < LANE_COUNT; lane++) {
		char text[96];
		int len = snprintf(text, sizeof(text), "W %s %u %u", host->name, lane,
		                   host->route.told[lane]);

		if (host->route.told[lane])
			router_publish(host->router, (struct span){text, (size_t)len});
		host->route.told[lane] = 0;
	}
}

void route_tell_work(struct connector_host *host, unsigned partition, enum lane lane)
{
	if (!host->route.elsewhere)
		return;
	host->route.told[lane] |= (uint16_t)(1U << partition);
	io_later(host->router->loop, &host->route.tell);
}

void route_on_work(struct router *r, struct span channel, struct span rest)
{
	struct connector_host *host = router_host(r, channel);
	struct span masks;
	uint64_t lane, mask;

	if (!host || span_u64(span_split(rest, ' ', &masks), &lane) || span_u64(masks, &mask) ||
	    lane >= LANE_COUNT || !route_takes(host))
		return;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		if (mask >> p & 1)
			outbound_dirty(host, p, (enum lane)lane);
}

void route_stop_all(struct router *r)
{
	for (struct connector_host *h = r->hosts; h; h = h->next)
		if (h->route.running)
			stop(h, STOP_DRAIN);
}

bool route_idle(const struct router *r)
{
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		if (h->route.running || (h->route.exclusive && h->route.held_ms && r->up))
			return false;
	return true;
}

/* --- Time ------------------------------------------------------------------------------------ */

/* The lease ends, and Redis has not said that it was renewed. */
static void lose(struct connector_host *host, uint64_t now)
{
	struct route_channel *c = &host->route;

	if (c->running && !c->stopping) {
		log_warn(&host->log, EVENT("channel.lease_lost"),
		         NUM("since_ms", now - c->held_ms));
		++*c->lost;
		stop(host, STOP_DRAIN);
	}
	if (now < c->held_ms + LEAVE_MS)
		return;
	c->held_ms = 0;
	*c->held = 0;
	if (c->running)
		stop(host, STOP_NOW);
}

/* When the host must be looked at again; 0: never by itself. */
static uint64_t next_time(const struct connector_host *host, uint64_t now)
{
	const struct route_channel *c = &host->route;

	if (!c->exclusive)
		return 0;
	if (c->held_ms)
		return c->held_ms + (now < c->held_ms + FENCE_MS ? FENCE_MS : LEAVE_MS);
	return c->retry_ms;
}

static void rearm(struct router *r)
{
	uint64_t now = now_ms(r), first = 0;

	for (const struct connector_host *h = r->hosts; h; h = h->next) {
		uint64_t at = next_time(h, now);

		if (at && (!first || at < first))
			first = at;
	}
	if (first)
		io_timer_start(r->route.timer, first > now ? first - now : 1, 0);
}

static void on_timer(void *arg)
{
	struct router *r = arg;
	uint64_t now = now_ms(r);
	bool ask = false;

	for (struct connector_host *h = r->hosts; h; h = h->next) {
		struct route_channel *c = &h->route;

		if (c->held_ms && now >= c->held_ms + FENCE_MS)
			lose(h, now);
		if (!c->held_ms && c->retry_ms && now >= c->retry_ms) {
			c->retry_ms = 0;
			ask = true;
		}
	}
	if (ask)
		route_sync(r);
	rearm(r);
}

/* --- What Redis says ------------------------------------------------------------------------- */

static enum channel_want parse_want(struct span name)
{
	return span_is(name, "stop") ? WANT_STOP : span_is(name, "drain") ? WANT_DRAIN : WANT_START;
}

/* Whoever stops and starts a channel by hand may have mended what kept it from starting. */
static void set_want(struct route_channel *c, enum channel_want want)
{
	if (want != c->want)
		c->rests_ms = c->start_failures = 0;
	if (want != WANT_DRAIN)
		c->emptied = false;
	c->want = want;
}

static void set_holder(struct connector_host *host, struct span holder, uint64_t left)
{
	struct route_channel *c = &host->route;
	struct router *r = host->router;
	bool mine = span_is(holder, r->instance);

	c->elsewhere = holder.len && !mine;
	c->retry_ms = 0;
	if (mine) {
		if (!c->held_ms)
			log_info(&host->log, EVENT("channel.held"));
		c->held_ms = r->route.told_ms;
	} else {
		c->held_ms = 0;
		if (holder.len && !r->draining)
			c->retry_ms = now_ms(r) + RETRY_SPARE_MS +
			              (left > RETRY_LEAST_MS ? left : RETRY_LEAST_MS);
	}
	*c->held = mine;
}

/* {CH, want, holder, ms left, health} */
static void on_row(struct router *r, const redisReply *row)
{
	struct connector_host *host = router_host(r, redis_text_at(row, 0));
	struct route_channel *c;

	if (!host)
		return;
	c = &host->route;
	set_want(c, parse_want(redis_text_at(row, 1)));
	if (c->exclusive)
		set_holder(host, redis_text_at(row, 2), redis_num_at(row, 3));
	c->shared = health_parse(redis_text_at(row, 4));
	follow(host);
}

static void on_synced(void *arg, int err, const redisReply *reply, const char *why)
{
	struct router *r = arg;

	r->route.syncing = false;
	r->route.told_ms = r->route.sent_ms; /* what is done now may ask again at once */
	if (err)
		log_warn(&r->log, EVENT("channel.sync_failed"), ERR(err), STR("why", why));
	for (size_t i = 1; !err && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		on_row(r, reply->element[i]);
	if (!err)
		list_on_version(r, redis_num_at(reply, 0));
	rearm(r);
	if (r->route.again && r->up)
		route_sync(r);
}

/* 1: have it, or would; 0: have it not; d: it is drained. */
static struct span hold_letter(const struct connector_host *host)
{
	const struct route_channel *c = &host->route;

	if (c->want == WANT_DRAIN && c->emptied)
		return SPAN_LIT("d");
	if (c->running)
		return SPAN_LIT("1");
	return host->router->draining || !host->router->started || c->want == WANT_STOP ||
	                       rests(host)
	               ? SPAN_LIT("0")
	               : SPAN_LIT("1");
}

void route_sync(struct router *r)
{
	struct fcall_args *a = router_args(r);

	if (r->route.syncing) {
		r->route.again = true;
		return;
	}
	r->route.again = false;
	args_add(a, span_of(r->instance));
	args_num(a, LEASE_MS);
	for (const struct connector_host *h = r->hosts; h; h = h->next) {
		static const char letters[] = "dftpu";
		bool tells = h->route.exclusive && h->route.running;

		args_add(a, span_of(h->name));
		args_add(a, h->route.exclusive ? SPAN_LIT("1") : SPAN_LIT("a"));
		args_add(a, hold_letter(h));
		args_add(a, tells ? (struct span){&letters[h->route.health], 1} : SPAN_NONE);
	}
	r->route.sent_ms = now_ms(r);
	r->route.syncing = router_fcall(r, "ph_channel_sync", ROUTER_CONTROL, on_synced, r) == 0;
}

/* --- Life ------------------------------------------------------------------------------------ */

int route_init(struct router *r)
{
	return io_timer_create(r->loop, "router.lease", on_timer, r, &r->route.timer);
}

void route_fini(struct router *r)
{
	io_timer_destroy(&r->route.timer);
	list_fini(r);
	route_numbers_free(&r->route.numbers);
}

void route_channel_fini(struct connector_host *host)
{
	io_later_cancel(host->router->loop, &host->route.tell);
}

static void count_register(struct connector_host *host)
{
	struct route_channel *c = &host->route;
	const struct {
		uint64_t **at;
		enum metric_type type;
		const char *name, *help;
	} table[] = {
		{&c->up,             METRIC_GAUGE,   "posthouse_channel_up",                   "1 while the channel can send"},
		{&c->held,           METRIC_GAUGE,   "posthouse_channel_held",
	         "1 where this node holds the account"								       },
		{&c->lost,           METRIC_COUNTER, "posthouse_channel_leases_lost_total",
	         "Leases that could not be renewed in time"								  },
		{&c->unstarted,      METRIC_COUNTER, "posthouse_channel_start_failures_total",
	         "Times that the channel could not be started on this node"                                                  },
		{&c->moved,          METRIC_COUNTER, "posthouse_channel_moved_total",
	         "Messages that left the channel's lanes for another's"                                                      },
		{&c->gauge,          METRIC_GAUGE,   "posthouse_channel_health",
	         "How the channel fares: 0 down, 1 failing, 2 throttled, 3 probing, 4 up"                                    },
		{&c->failover,       METRIC_COUNTER, "posthouse_failover_total",
	         "Messages that a route gave the channel because a preferred one did not do"                                 },
		{&c->routed,         METRIC_COUNTER, "posthouse_routed_total",
	         "Messages that a route gave the channel"								    },
		{&c->refused_listed, METRIC_COUNTER, "posthouse_blocked_out_total",
	         "Messages refused because their recipient is blocked"                                                       },
		{&c->dropped_listed, METRIC_COUNTER, "posthouse_blocked_in_total",
	         "Messages acknowledged and dropped because their sender is blocked"                                         },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		*table[i].at = metric_get(table[i].type, table[i].name, table[i].help, "channel",
		                          host->name);
}

void route_channel_init(struct connector_host *host, const struct router_channel *channel)
{
	host->route.exclusive = host->ops->caps.dials && !channel->all_nodes;
	host->route.codes = channel->codes;
	host->route.tell = (struct io_later){.fn = on_tell, .arg = host};
	count_register(host);
}
