/*
 * From the lanes to the connectors, and what became of it. A node takes a few messages at once out
 * of a lane into its hands (ph_claim), replies before confirmations before campaigns, and gives
 * them to the connector. Outcomes are gathered for a few milliseconds and noted together
 * (ph_settle) with the peer's ids, by which receipts find their messages; an outcome is kept until
 * Redis has it.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Lists ------------------------------------------------------------------------------------ */

static void outcomes_init(struct outcome_list *list)
{
	*list = (struct outcome_list){0};
	list->end = &list->first;
}

static void outcomes_add(struct outcome_list *list, struct outcome *o)
{
	o->next = NULL;
	*list->end = o;
	list->end = &o->next;
	list->count++;
}

static struct outcome *outcomes_take(struct outcome_list *list)
{
	struct outcome *o = list->first;

	if (!o)
		return NULL;
	list->first = o->next;
	if (!list->first)
		list->end = &list->first;
	list->count--;
	return o;
}

static void outcomes_free(struct outcome_list *list)
{
	struct outcome *o;

	while ((o = outcomes_take(list)))
		free(o);
}

/* Moves the first; false when there is none. */
static bool outcomes_pass(struct outcome_list *from, struct outcome_list *to)
{
	struct outcome *o = outcomes_take(from);

	if (o)
		outcomes_add(to, o);
	return o != NULL;
}

static void on_flush(void *arg);
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

static void on_retry(void *arg);

int outbound_init(struct connector_host *host)
{
	int err;

	host->held_end = &host->held;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		outcomes_init(&host->outcomes[p]);
	err = io_timer_create(host->router->loop, "router.flush", on_flush, host, &host->flush);
	if (!err)
		err = io_timer_create(host->router->loop, "router.retry", on_retry, host,
		                      &host->retry);
	return err;
}

/* The first of a list, or NULL. */
static struct message *held_take(struct held **list)
{
	struct held *h = *list;
	struct message *m = h ? h->message : NULL;

	if (h)
		*list = h->next;
	free(h);
	return m;
}

static struct message *next_held(struct connector_host *host)
{
	struct message *m = held_take(&host->held);

	if (!host->held)
		host->held_end = &host->held;
	return m;
}

void outbound_fini(struct connector_host *host)
{
	io_timer_destroy(&host->flush);
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		outcomes_free(&host->outcomes[p]);
	for (struct message *m; (m = held_take(&host->held));)
		message_unref(&m);
	for (struct message *m; (m = held_take(&host->later));)
		message_unref(&m);
	in_hand_fini(host);
	io_timer_destroy(&host->retry);
}

bool outbound_idle(const struct connector_host *host)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		if (host->outcomes[p].count)
			return false;
	return !host->noting && !host->claiming && !host->held && !host->later;
}

/* --- Noting outcomes -------------------------------------------------------------------------- */

/* A batch of outcomes of one partition on its way into Redis. */
struct note {
	struct connector_host *host;
	unsigned partition;
	struct outcome_list list;
};

static void outcome_args(struct fcall_args *a, const struct outcome *o)
{
	static const char letters[] = "qgnspdrufcb";
	const char *letter = strchr(letters, o->letter);

	args_add(a, span_of(o->conversation));
	args_num(a, o->seq);
	args_add(a, (struct span){letter, 1});
	args_num(a, o->part);
	args_num(a, o->parts);
	args_add(a, span_of(o->code));
	args_add(a, span_of(o->reason));
	args_num(a, o->flags);
	args_num(a, o->last);
	args_add(a, o->last ? SPAN_NONE : span_of(o->id));
}

static void note_failed(struct note *note)
{
	while (outcomes_pass(&note->list, &note->host->outcomes[note->partition]))
		continue;
	free(note); /* the next heartbeat or Redis' return tries again */
}

/* What Redis knows of an outcome besides: it is nobody's any more, its lane has work. */
static void outcome_settled(struct connector_host *host, const struct outcome *o)
{
	if (o->letter == 'b' || o->part + 1 == o->parts)
		in_hand_remove(host, span_of(o->conversation), o->seq);
	if (o->letter == 'b')
		outbound_dirty(host, router_partition_of(span_of(o->conversation)),
		               (enum lane)(o->code[0] - '0'));
	router_hint(host->router, span_of(o->conversation), 0);
}

static void on_settled(void *arg, int err, const redisReply *reply, const char *why)
{
	struct note *note = arg;
	struct connector_host *host = note->host;

	(void)reply;
	host->noting--;
	if (err) {
		log_warn(&host->log, EVENT("router.settle_failed"), ERR(err), STR("why", why));
		note_failed(note);
		return;
	}
	for (const struct outcome *o = note->list.first; o; o = o->next)
		outcome_settled(host, o);
	outcomes_free(&note->list);
	free(note);
}

static int settle(struct note *note)
{
	struct connector_host *host = note->host;
	struct router *r = host->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(host->name));
	args_num(a, router_now(r));
	args_num(a, host->ops->caps.replies_limited);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_add(a, span_of(r->instance));
	args_num(a, RECEIPT_TTL_MS);
	for (const struct outcome *o = note->list.first; o; o = o->next)
		outcome_args(a, o);
	if (router_fcall(r, "ph_settle", router_partition(note->partition), on_settled, note)) {
		note_failed(note);
		return -EAGAIN;
	}
	host->noting++;
	return 0;
}

static void flush_partition(struct connector_host *host, unsigned partition)
{
	struct outcome_list *list = &host->outcomes[partition];

	while (list->count) {
		struct note *note = malloc(sizeof(*note));

		if (!note)
			return;
		*note = (struct note){.host = host, .partition = partition};
		outcomes_init(&note->list);
		while (note->list.count < SETTLE_MAX && outcomes_pass(list, &note->list))
			continue;
		if (settle(note))
			return; /* Redis is away or full, told or not yet: the heartbeat tries again
			         */
	}
}

static void on_flush(void *arg)
{
	struct connector_host *host = arg;

	for (unsigned p = 0; host->router->up && p < ROUTER_PARTITIONS; p++)
		flush_partition(host, p);
}

static void outcome_add(struct connector_host *host, const struct message *m, char letter,
                        const struct send_result *result)
{
	struct outcome *o = calloc(1, sizeof(*o));
	char forms[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX];

	if (!o) {
		log_error(&host->log, EVENT("router.outcome_lost"), NUM("seq", m->seq));
		return;
	}
	router_conversation_id(m->address, o->conversation);
	o->seq = m->seq;
	o->letter = letter;
	o->part = result->part;
	o->parts = result->parts ? result->parts : 1;
	o->flags = result->flags;
	o->last = !host->ops->caps.receipts;
	snprintf(o->code, sizeof(o->code), "%s", result->code ? result->code : "");
	snprintf(o->reason, sizeof(o->reason), "%.*s",
	         SPAN_FMT(utf8_cut(span_of(result->reason ? result->reason : ""),
	                           sizeof(o->reason) - 1)));
	if (result->id.len && host->ops->caps.receipts) {
		router_id_forms(result->id, forms);
		snprintf(o->id, sizeof(o->id), "%s", forms[0]);
	}
	outcomes_add(&host->outcomes[router_partition_of(span_of(o->conversation))], o);
	if (!io_timer_active(host->flush))
		io_timer_start(host->flush, GATHER_MS, 0);
}

static const char *const lane_digits[LANE_COUNT] = {"0", "1", "2"};

static void outcome_give_back(struct connector_host *host, const struct message *m)
{
	const struct send_result back = {
		.part = (uint16_t)m->attempts, .parts = 1, .code = lane_digits[m->lane]};

	outcome_add(host, m, 'b', &back);
}

/* It may have been sent; it is sent again, and says so. */
static void outcome_resend(struct connector_host *host, const struct message *m)
{
	const struct send_result back = {.part = (uint16_t)(m->attempts + 1),
	                                 .parts = 1,
	                                 .code = lane_digits[m->lane],
	                                 .flags = MARK_MAYBE_DOUBLED};

	outcome_add(host, m, 'b', &back);
}

void outbound_never_had(struct connector_host *host, struct span conversation, uint64_t seq,
                        enum lane lane)
{
	struct outcome *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	log_warn(&host->log, EVENT("router.never_had"), NUM("seq", seq));
	*o = (struct outcome){.seq = seq, .letter = 'b', .parts = 1};
	snprintf(o->conversation, sizeof(o->conversation), "%.*s", SPAN_FMT(conversation));
	snprintf(o->code, sizeof(o->code), "%s", lane_digits[lane]);
	outcomes_add(&host->outcomes[router_partition_of(conversation)], o);
	if (!io_timer_active(host->flush))
		io_timer_start(host->flush, GATHER_MS, 0);
}

/* A peer that never answers, or breaks the link at this very message, must not get it for ever. */
static bool may_resend(const struct connector_host *host, const struct message *m)
{
	return m->on_uncertain == UNCERTAIN_RESEND && host->ops->caps.resend_replies &&
	       m->attempts < RESENDS_MAX;
}

/* The letter of an outcome; 'b' goes back to its lane. */
static char letter_of(const struct connector_host *host, const struct message *m,
                      const struct send_result *result)
{
	switch (result->outcome) {
	case SEND_OK:
		return 's';
	case SEND_READ:
		return 'r';
	case SEND_REFUSED:
		return 'f';
	case SEND_RETRY:
		return 'g';
	case SEND_UNCERTAIN:
		break;
	}
	return may_resend(host, m) ? 'b' : 'n';
}

static void count_outcome(struct connector_host *host, enum send_outcome outcome)
{
	if (outcome == SEND_OK)
		++*host->count.sent;
	if (outcome == SEND_REFUSED)
		++*host->count.refused;
	if (outcome == SEND_UNCERTAIN)
		++*host->count.uncertain;
}

/* By when they are due; what came back together goes out again in the order it had. */
static void wait_until_due(struct connector_host *host, struct held *h)
{
	struct held **at = &host->later;

	while (*at && (*at)->due_ms <= h->due_ms)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
}

/* Stays in this node's hands until it is due; no other message waits for it. */
static void try_later(struct connector_host *host, const struct message *m,
                      const struct send_result *result)
{
	const struct send_result refused = {
		.parts = 1, .code = result->code, .reason = "tried too often"};
	struct held *h;
	struct message like = *m;

	if (host->router->draining) {
		outcome_give_back(host, m);
		return;
	}
	h = malloc(sizeof(*h));
	like.attempts++;
	if (!h || like.attempts > ATTEMPTS_MAX || !(h->message = message_create(&like))) {
		outcome_add(host, m, 'f', &refused);
		free(h);
		return;
	}
	h->due_ms = clock_mono_ms(io_loop_clock(host->router->loop)) + result->retry_ms;
	wait_until_due(host, h);
	if (!io_timer_active(host->retry))
		io_timer_start(host->retry, RETRY_TICK_MS, RETRY_TICK_MS);
}

static void on_retry(void *arg)
{
	struct connector_host *host = arg;
	uint64_t now = clock_mono_ms(io_loop_clock(host->router->loop));
	struct held *h;

	while ((h = host->later) && h->due_ms <= now) {
		struct message *m = h->message;

		host->later = h->next;
		free(h);
		outbound_send(host, &m);
	}
	if (!host->later)
		io_timer_stop(host->retry);
}

void connector_result(struct connector_host *host, const struct message *m,
                      const struct send_result *result)
{
	char letter = letter_of(host, m, result);

	operations_note(host, m, result);
	count_outcome(host, result->outcome);
	health_on_outcome(host, result);
	if (result->outcome == SEND_RETRY)
		try_later(host, m, result);
	else if (letter == 'b')
		outcome_resend(host, m);
	else
		outcome_add(host, m, letter, result);
}

/* --- From the lanes to the connector -------------------------------------------------------------
 */

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
	*host->held_end = h;
	host->held_end = &h->next;
}

static void refuse(struct connector_host *host, struct message **m, int err)
{
	const struct send_result refused = {
		.outcome = SEND_REFUSED,
		.parts = 1,
		.flags = err == -EPERM ? SEND_BAD_ADDRESS : 0,
		.code = err == -EMSGSIZE ? "too_long"
	                : err == -EPERM ? "recipient_blocked"
	                                 : "not_sendable",
	};

	log_warn(&host->log, EVENT("router.not_sendable"), ERR(err), ADDR("to", (*m)->address));
	connector_result(host, *m, &refused);
	message_unref(m);
}

void outbound_send(struct connector_host *host, struct message **m)
{
	int err;

	in_hand_add(host, *m);
	if (list_refuses(host->router, span_of(host->name), (*m)->address)) {
		++*host->route.refused_listed;
		refuse(host, m, -EPERM);
		return;
	}
	err = host->full || host->held ? -EAGAIN : host->ops->send(host->self, m);
	if (!err)
		return;
	if (err == -EAGAIN || err == -ENOTCONN) {
		host->full = true;
		hold(host, m);
	} else {
		refuse(host, m, err);
	}
}

/* Puts back in front what was taken from there. */
static void hold_first(struct connector_host *host, struct message **m)
{
	struct held *rest = host->held;

	host->held = NULL;
	host->held_end = &host->held;
	hold(host, m);
	*host->held_end = rest;
	while (*host->held_end)
		host->held_end = &(*host->held_end)->next;
}

static void send_held(struct connector_host *host)
{
	while (host->held && !host->full) {
		struct message *m = next_held(host);
		int err = host->ops->send(host->self, &m);

		if (err == -EAGAIN || err == -ENOTCONN) {
			host->full = true;
			hold_first(host, &m);
		} else if (err) {
			refuse(host, &m, err);
		}
	}
}

struct claim {
	struct connector_host *host;
	unsigned partition;
	enum lane lane;
};

/* {C, seq, address, local, fields, attempts}: a message as the connector wants it. */
static struct message *claimed_message(const redisReply *item)
{
	struct log_entry entry;

	if (log_decode_fields(reply_num(reply_at(item, 1)), reply_at(item, 4), &entry) ||
	    !entry.event.message)
		return NULL;
	entry.message.address = reply_span(reply_at(item, 2));
	if (!entry.message.local.len)
		entry.message.local = reply_span(reply_at(item, 3));
	entry.message.attempts = (unsigned)reply_num(reply_at(item, 5));
	return message_create(&entry.message);
}

static void on_claimed(void *arg, int err, const redisReply *reply, const char *why)
{
	struct claim *claim = arg;
	struct connector_host *host = claim->host;

	host->claiming = false;
	if (err) {
		log_warn(&host->log, EVENT("router.claim_failed"), ERR(err), STR("why", why));
		free(claim);
		return;
	}
	if (reply_num(reply_at(reply, 0)) > 0)
		host->dirty[claim->lane] |= (uint16_t)(1U << claim->partition);
	free(claim);
	for (size_t i = 1; i < reply->elements; i++) {
		struct message *m = claimed_message(reply->element[i]);

		if (m)
			outbound_send(host, &m);
	}
	outbound_pump(host);
}

static bool next_work(struct connector_host *host, unsigned *partition, enum lane *lane)
{
	for (unsigned l = 0; l < LANE_COUNT; l++) {
		for (unsigned i = 0; i < ROUTER_PARTITIONS; i++) {
			unsigned p = (host->next_partition + i) % ROUTER_PARTITIONS;

			if (!(host->dirty[l] >> p & 1))
				continue;
			host->next_partition = p + 1;
			*partition = p;
			*lane = (enum lane)l;
			return true;
		}
	}
	return false;
}

static void claim_args(struct connector_host *host, enum lane lane)
{
	struct router *r = host->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(host->name));
	args_num(a, lane);
	args_add(a, span_of(r->instance));
	args_num(a, router_now(r));
	args_num(a, CLAIM_MAX);
	args_num(a, host->ops->caps.replies_limited);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
}

void outbound_pump(struct connector_host *host)
{
	struct claim *claim;
	unsigned partition;
	enum lane lane;

	send_held(host);
	if (host->claiming || host->full || host->held || !router_host_sends(host) ||
	    !route_takes(host) || !host->router->up || host->router->draining ||
	    !next_work(host, &partition, &lane))
		return;
	claim = malloc(sizeof(*claim));
	if (!claim)
		return;
	*claim = (struct claim){host, partition, lane};
	claim_args(host, lane);
	if (router_fcall(host->router, "ph_claim", router_partition(partition), on_claimed,
	                 claim)) {
		free(claim);
		return;
	}
	host->dirty[lane] &= (uint16_t) ~(1U << partition);
	host->claiming = true;
}

void outbound_dirty(struct connector_host *host, unsigned partition, enum lane lane)
{
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

void outbound_give_back(struct connector_host *host)
{
	struct held **const lists[] = {&host->held, &host->later};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (struct message *m; (m = held_take(lists[i]));) {
			outcome_give_back(host, m);
			message_unref(&m);
		}
	host->held_end = &host->held;
	io_timer_stop(host->retry);
}

/* --- What dead nodes held --------------------------------------------------------------------- */

struct reap {
	struct router *router;
	unsigned partition;
};

static void on_reaped(void *arg, int err, const redisReply *reply, const char *why)
{
	struct reap *reap = arg;

	(void)why;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
	     i += 2) {
		struct connector_host *host =
			router_host(reap->router, reply_span(reply->element[i]));
		uint64_t lane = reply_num(reply->element[i + 1]);

		if (host && lane < LANE_COUNT)
			outbound_dirty(host, reap->partition, (enum lane)lane);
	}
	free(reap);
}

static void reap_partition(struct router *r, unsigned partition)
{
	struct reap *reap = malloc(sizeof(*reap));
	struct fcall_args *a = router_args(r);

	if (!reap)
		return;
	*reap = (struct reap){r, partition};
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_num(a, 100);
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		args_add(a, span_of(h->name));
	if (router_fcall(r, "ph_reap", router_partition(partition), on_reaped, reap))
		free(reap);
}

void outbound_reap(struct router *r)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		reap_partition(r, p);
}
