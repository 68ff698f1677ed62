/*
 * From the lanes to the connectors. A node takes some messages at once out of a lane into its hands
 * (ph2_claim), replies before confirmations before campaigns, and gives them to the connector. What
 * waits here for room in the channel waits in its lane's order, and a reply goes before all of a
 * campaign that waits.
 */
#include "router_private.h"

#include <stdlib.h>

/* --- What waits here
 * ------------------------------------------------------------------------------
 */

static bool any_held(const struct connector_host *host, enum lane last)
{
	for (unsigned l = 0; l <= last; l++)
		if (host->held[l].first)
			return true;
	return false;
}

static struct message *later_take(struct connector_host *host)
{
	struct held *h = host->later;
	struct message *m;

	if (!h)
		return NULL;
	m = h->message;
	host->later = h->next;
	host->retrying--;
	free(h);
	return m;
}

static void on_retry(void *arg);

int outbound_init(struct connector_host *host)
{
	int err;

	for (unsigned l = 0; l < LANE_COUNT; l++)
		held_init(&host->held[l]);
	outcomes_init(host);
	err = batch_create(host->router, "ph2_settle", GATHER_MS, outcomes_common, host,
	                   &host->settles);
	if (!err)
		err = io_timer_create(host->router->loop, "router.retry", on_retry, host,
		                      &host->retry);
	return err;
}

void outbound_fini(struct connector_host *host)
{
	struct held *h;

	batch_destroy(&host->settles);
	outcomes_fini(host);
	for (unsigned l = 0; l < LANE_COUNT; l++)
		while ((h = held_take(&host->held[l]))) {
			message_unref(&h->message);
			free(h);
		}
	for (struct message *m; (m = later_take(host));)
		message_unref(&m);
	in_hand_fini(host);
	unsure_fini(host);
	io_timer_destroy(&host->retry);
}

bool outbound_idle(const struct connector_host *host)
{
	return !host->outcomes && !host->claims && !any_held(host, LANE_COUNT - 1) && !host->later;
}

/* A peer that takes nothing now must not draw whole campaigns into this node. */
static bool retries_enough(const struct connector_host *host, unsigned lane)
{
	size_t most = lane == LANE_CAMPAIGN ? RETRYING_MAX : 2 * RETRYING_MAX;

	return host->retrying >= most;
}

bool router_host_is_free(const struct connector_host *host, enum lane lane)
{
	for (unsigned l = 0; l <= lane; l++)
		if (host->dirty[l] || host->claiming[l])
			return false;
	return router_host_sends(host) && route_takes(host) && !host->full && !host->backs &&
	       !retries_enough(host, lane) && !any_held(host, LANE_COUNT - 1) &&
	       !host->router->draining;
}

/* --- To the connector
 * -----------------------------------------------------------------------------
 */

static void refuse(struct connector_host *host, struct message **m, const char *code,
                   enum send_flag flags)
{
	const struct send_result refused = {
		.outcome = SEND_REFUSED, .flags = flags, .parts = 1, .code = code};

	connector_result(host, *m, &refused);
	message_unref(m);
}

static bool is_expired(const struct connector_host *host, const struct message *m)
{
	uint64_t expires = message_expires_ms(m);

	return expires && router_now(host->router) > expires;
}

static uint64_t mono_ms(const struct connector_host *host)
{
	return clock_mono_ms(io_loop_clock(host->router->loop));
}

/* 0: *m is taken, by the connector or as refused. -EAGAIN: no room, it is still the caller's. */
static int give(struct connector_host *host, struct message **m)
{
	int err;

	if (is_expired(host, *m)) {
		refuse(host, m, "expired", 0);
		return 0;
	}
	if (list_refuses(host->router, span_of(host->name), (*m)->address)) {
		++*host->route.refused_listed;
		refuse(host, m, "recipient_blocked", SEND_BAD_ADDRESS);
		return 0;
	}
	err = host->ops->send(host->self, m);
	if (err == -EAGAIN || err == -ENOTCONN) {
		host->full = true;
		return -EAGAIN;
	}
	outflow_count(&host->outflow, mono_ms(host));
	if (err) {
		log_warn(&host->log, EVENT("router.not_sendable"), ERR(err),
		         ADDR("to", (*m)->address));
		refuse(host, m, err == -EMSGSIZE ? "too_long" : "not_sendable", 0);
	}
	return 0;
}

static void hold(struct connector_host *host, struct message **m)
{
	/* A link that is down or stops takes it to no customer: another node may have one, and a
	 * message must not grow old here. */
	bool wait = router_host_sends(host) && !host->router->draining;
	struct held *h = wait ? malloc(sizeof(*h)) : NULL;

	if (!h) {
		outcome_give_back(host, *m);
		message_unref(m);
		return;
	}
	*h = (struct held){.message = *m};
	*m = NULL;
	held_add(&host->held[h->message->lane], h);
}

/* Of a campaign: until the next turn of the pump, so that what is alike meets. */
static void gather(struct connector_host *host, struct message **m)
{
	if (in_hand_add(host, *m))
		message_unref(m); /* as below */
	else
		hold(host, m);
}

void outbound_send(struct connector_host *host, struct message **m)
{
	if (in_hand_add(host, *m)) {
		message_unref(m); /* Redis says whose it is: it is found when both are compared */
		return;
	}
	if (host->full || any_held(host, (*m)->lane) || give(host, m))
		hold(host, m);
}

static bool is_fit(const struct connector_host *host, const struct message *m)
{
	return !is_expired(host, m) && !list_refuses(host->router, span_of(host->name), m->address);
}

/* What is alike at the front of a lane, at once. false: the first is to be given by itself. */
static bool give_alike(struct connector_host *host, enum lane lane)
{
	struct held_list *list = &host->held[lane];
	struct message *front[CONNECTOR_MANY_MAX];
	size_t count = 0, taken;

	if (!alike_wanted(host, lane))
		return false;
	for (struct held *h = list->first; h && count < ARRAY_LEN(front); h = h->next) {
		if (!is_fit(host, h->message) || (count && !alike(front[0], h->message)))
			break;
		front[count++] = h->message;
	}
	taken = count > 1 ? alike_send(host, front, count) : 0;
	for (size_t i = 0; i < taken; i++) {
		free(held_take(list));
		outflow_count(&host->outflow, mono_ms(host));
	}
	return taken > 0;
}

/* false: nothing waits in the lane, or there is no room for it. */
static bool give_first(struct connector_host *host, enum lane lane)
{
	struct held *h = held_take(&host->held[lane]);

	if (!h)
		return false;
	if (give(host, &h->message)) {
		if (router_host_sends(host)) {
			held_add_first(&host->held[lane], h);
			return false;
		}
		outcome_give_back(host, h->message);
		message_unref(&h->message);
	}
	free(h);
	return true;
}

static void send_held(struct connector_host *host)
{
	for (unsigned l = 0; l < LANE_COUNT; l++)
		while (!host->full &&
		       (give_alike(host, (enum lane)l) || give_first(host, (enum lane)l)))
			continue;
}

/* --- Again, later
 * ---------------------------------------------------------------------------------
 */

/* By when they are due; what came back together goes out again in the order it had. */
static void wait_until_due(struct connector_host *host, struct held *h)
{
	struct held **at = &host->later;

	while (*at && (*at)->due_ms <= h->due_ms)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	host->retrying++;
}

int outbound_later(struct connector_host *host, const struct message *m, uint64_t delay_ms)
{
	struct held *h = malloc(sizeof(*h));

	if (!h || !(h->message = message_create(m))) {
		free(h);
		return -ENOMEM;
	}
	h->due_ms = mono_ms(host) + delay_ms;
	wait_until_due(host, h);
	if (!io_timer_active(host->retry))
		io_timer_start(host->retry, RETRY_TICK_MS, RETRY_TICK_MS);
	return 0;
}

unsigned outbound_wake(struct connector_host *host, struct span address)
{
	struct held *woken = NULL, **end = &woken;
	unsigned count = 0;

	for (struct held **at = &host->later; *at;) {
		struct held *h = *at;

		if (!span_eq(h->message->address, address)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		h->due_ms = 0;
		*end = h;
		end = &h->next;
		count++;
	}
	*end = host->later; /* in front, in the order they had */
	host->later = woken;
	return count;
}

static void on_retry(void *arg)
{
	struct connector_host *host = arg;
	uint64_t now = mono_ms(host);

	while (host->later && host->later->due_ms <= now) {
		struct message *m = later_take(host);

		outbound_send(host, &m);
	}
	if (!host->later)
		io_timer_stop(host->retry);
	outbound_pump(host); /* a campaign may have waited for that */
}

/* --- Out of the lanes
 * -----------------------------------------------------------------------------
 */

struct claim {
	struct connector_host *host;
	unsigned partition;
	enum lane lane;
	size_t count; /* asked for */
};

/* Redis does one thing after the other. Where somebody waits for an answer what a campaign has
 * asked for must soon be done; where nobody does, Redis need never wait for us, nor a slow disk's
 * every answer hold up many. */
static const struct pace gentle = {.claim = 64, .prefetch = 256, .behind = 256},
			 brisk = {.claim = 128, .prefetch = 512, .behind = 1024};

static const struct pace *pace_of(const struct connector_host *host, unsigned lane)
{
	return lane == LANE_CAMPAIGN && !host->router->waited_for ? &brisk : &gentle;
}

/* From when its validity counts. */
static uint64_t begins_ms(const struct message *m)
{
	return m->due_ms ? m->due_ms : m->ts_ms;
}

/* The address of a conversation's head, and in our_end "SESSION QUEUE LOCAL": LOCAL is what the
 * customer wrote to, when that was by this channel. */
static struct span read_head(const struct connector_host *host, struct span head,
                             struct span session, struct buf *our_end)
{
	struct span rest = head, address, came_by, ours;

	span_split(rest, '\n', &rest); /* what is open */
	span_split(rest, '\n', &rest); /* duplicates' keys */
	address = span_split(rest, '\n', &rest);
	came_by = span_split(rest, '\n', &rest);
	ours = span_split(rest, '\n', &rest);
	buf_clear(our_end);
	buf_add(our_end, session);
	buf_u8(our_end, ' ');
	if (span_is(came_by, host->name))
		buf_add(our_end, ours);
	return address;
}

/* "C seq attempts doubled since claim", head, "SESSION QUEUE", entry: a message as the connector
 * wants it. */
static struct message *claimed_message(const struct connector_host *host, redisReply *const *item,
                                       struct claimed *claimed)
{
	struct span rest = redis_text(item[0]);
	struct log_entry entry;
	uint64_t attempts, doubled, since;
	char code[ROUTER_CODE_SIZE];
	struct buf *our_end = &host->router->entry;

	claimed->conversation = span_split(rest, ' ', &rest);
	claimed->seq = next_num(&rest);
	attempts = next_num(&rest);
	doubled = next_num(&rest);
	since = next_num(&rest);
	claimed->claim = next_num(&rest);
	if (log_decode(claimed->seq, redis_text(item[3]), &entry) || !entry.event.message)
		return NULL;
	entry.message.conversation = claimed->conversation;
	entry.message.claim = claimed->claim;
	entry.message.address = read_head(host, redis_text(item[1]), redis_text(item[2]), our_end);
	code_our_end(host, buf_span(our_end), &entry.message, code);
	entry.message.attempts = (unsigned)attempts;
	if (doubled)
		entry.message.marks |= MARK_MAYBE_DOUBLED;
	if (entry.message.validity_ms && since)
		entry.message.validity_ms += since - begins_ms(&entry.message);
	return message_create(&entry.message);
}

static void take(struct claim *claim, const redisReply *reply)
{
	struct connector_host *host = claim->host;

	for (size_t i = 1; i + 3 < reply->elements; i += 4) {
		struct claimed claimed = {.lane = claim->lane};
		struct message *m = claimed_message(host, &reply->element[i], &claimed);

		if (m && alike_wanted(host, claim->lane))
			gather(host, &m);
		else if (m)
			outbound_send(host, &m);
		else
			outcome_of_unknown(host, &claimed, 'f', "unreadable");
	}
}

static void on_claimed(void *arg, int err, const redisReply *reply, const char *why)
{
	struct claim *claim = arg;
	struct connector_host *host = claim->host;
	uint16_t bit = (uint16_t)(1U << claim->partition);

	host->claims--;
	host->asked -= claim->count;
	host->claiming[claim->lane] &= (uint16_t)~bit;
	if (err) {
		log_warn(&host->log, EVENT("router.claim_failed"), ERR(err), STR("why", why));
		free(claim);
		return;
	}
	if (redis_num_at(reply, 0) > 0)
		host->dirty[claim->lane] |= bit;
	take(claim, reply);
	free(claim);
	outbound_pump(host);
}

/* What is taken early is sent without waiting for Redis, but is in danger while it waits here: no
 * more than leaves in about a second, and while the channel is full only a lane of which nothing
 * waits may have its next messages ready. */
static bool has_room(const struct connector_host *host, unsigned lane)
{
	const struct pace *pace = pace_of(host, lane);
	size_t waiting = host->held[lane].count + host->asked;

	/* A campaign waits for Redis to keep up. */
	if (lane == LANE_CAMPAIGN && host->outcomes >= pace->behind)
		return false;
	if (retries_enough(host, lane))
		return false;
	if (host->full)
		return waiting == 0;
	/* Replies wait for nobody, and go out again where a node dies with them. */
	if (lane == LANE_REPLY)
		return waiting < pace->prefetch;
	return outflow_wants(outflow_lately(&host->outflow, mono_ms(host)), waiting,
	                     pace->prefetch);
}

static size_t claim_size(const struct connector_host *host, unsigned lane)
{
	return outflow_claim(outflow_lately(&host->outflow, mono_ms(host)),
	                     pace_of(host, lane)->claim);
}

/* Strictly in order: nothing of a lane is taken while one before it has work. */
static bool next_work(struct connector_host *host, struct claim *out)
{
	for (unsigned l = 0; l < LANE_COUNT; l++) {
		uint16_t open = (uint16_t)(host->dirty[l] & ~host->claiming[l]);

		for (unsigned i = 0; has_room(host, l) && i < ROUTER_PARTITIONS; i++) {
			unsigned p = (host->next_partition + i) % ROUTER_PARTITIONS;

			if (!(open >> p & 1))
				continue;
			host->next_partition = p + 1;
			*out = (struct claim){host, p, (enum lane)l, claim_size(host, l)};
			return true;
		}
		if (host->dirty[l] || host->claiming[l])
			return false;
	}
	return false;
}

static void claim_args(const struct claim *claim)
{
	const struct connector_host *host = claim->host;
	struct router *r = host->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(host->name));
	args_num(a, claim->lane);
	args_add(a, span_of(r->instance));
	args_num(a, router_now(r));
	args_num(a, claim->count);
	args_num(a, host->ops->caps.replies_limited);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_num(a, host->route.codes && host->route.codes->digits);
}

static int ask(struct connector_host *host, const struct claim *work)
{
	struct claim *claim = malloc(sizeof(*claim));
	uint16_t bit = (uint16_t)(1U << work->partition);

	if (!claim)
		return -ENOMEM;
	*claim = *work;
	claim_args(claim);
	if (router_fcall(host->router, "ph2_claim", router_partition(claim->partition), on_claimed,
	                 claim)) {
		free(claim);
		return -EAGAIN;
	}
	host->dirty[work->lane] &= (uint16_t)~bit;
	host->claiming[work->lane] |= bit;
	host->claims++;
	host->asked += work->count;
	return 0;
}

void outbound_pump(struct connector_host *host)
{
	struct claim work;

	send_held(host);
	/* What goes back is to be in its lane before what stands behind it is taken. */
	while (host->claims < CLAIMS_MAX && router_host_sends(host) && route_takes(host) &&
	       !host->backs && host->router->up && !host->router->draining &&
	       next_work(host, &work))
		if (ask(host, &work))
			return;
}

/* The pace may have changed meanwhile. */
void outbound_noted(struct connector_host *host)
{
	size_t behind = host->outcomes + 1;

	if (behind == gentle.behind || behind == brisk.behind)
		outbound_pump(host);
}

void outbound_dirty(struct connector_host *host, unsigned partition, enum lane lane)
{
	if (lane < LANE_CAMPAIGN)
		outbound_waited_for(host->router);
	host->dirty[lane] |= (uint16_t)(1U << partition);
	if (route_takes(host))
		outbound_pump(host);
	else
		route_tell_work(host, partition, lane);
}

void connector_ready(struct connector_host *host)
{
	host->full = false;
	outbound_pump(host);
}

/* Of what waits for its next try, what is not due yet before what is. */
static void put_off_first(struct connector_host *host)
{
	uint64_t now = mono_ms(host);
	struct held *due = host->later, **end = &host->later;

	while (*end && (*end)->due_ms <= now)
		end = &(*end)->next;
	if (!*end || *end == due)
		return;
	host->later = *end;
	*end = NULL;
	for (end = &host->later; *end;)
		end = &(*end)->next;
	*end = due;
}

void outbound_give_back(struct connector_host *host)
{
	struct message *m;
	struct held *h;

	/* The channel had it before; what it put off it had before all. */
	put_off_first(host);
	while ((m = later_take(host))) {
		outcome_give_back(host, m);
		message_unref(&m);
	}
	for (unsigned l = 0; l < LANE_COUNT; l++)
		while ((h = held_take(&host->held[l]))) {
			outcome_give_back(host, h->message);
			message_unref(&h->message);
			free(h);
		}
	io_timer_stop(host->retry);
}
