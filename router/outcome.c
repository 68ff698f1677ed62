/*
 * What became of what a node had in hand. Outcomes are gathered for a few milliseconds and noted
 * together (ph2_settle) with the peer's ids, by which receipts find their messages; each is kept
 * until Redis has it.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { BACK_LOOKS_MS = 60000 };

static void outcome_note(struct outcome *o);

static bool is_back(const struct outcome *o)
{
	return o->letter == 'b' || o->letter == 'm';
}

/* In the order in which they were told: of a message's parts the first failure is the cause. */
static void keep_unnoted(struct outcome *o)
{
	o->next = NULL;
	*o->host->unnoted_end = o;
	o->host->unnoted_end = &o->next;
}

/* What Redis knows of an outcome besides: it is nobody's any more, its lane has work. */
static void on_noted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct outcome *o = arg;
	struct connector_host *host = o->host;
	struct span conversation = span_of(o->conversation);

	(void)reply;
	if (err) {
		log_warn(&host->log, EVENT("router.settle_failed"), ERR(err), STR("why", why));
		keep_unnoted(o);
		return;
	}
	host->outcomes--;
	host->backs -= is_back(o);
	if (o->letter == 'b' || o->part + 1 == o->parts)
		in_hand_remove(host, conversation, o->seq, o->claim);
	if (o->letter == 'b')
		outbound_dirty(host, router_partition_of(conversation), o->lane);
	else if (is_back(o))
		outbound_pump(host); /* it waited for that */
	else
		outbound_noted(host);
	router_hint(host->router, conversation, 0);
	free(o);
}

void outcomes_common(void *arg, struct buf *b)
{
	const struct connector_host *host = arg;
	const struct router *r = host->router;

	pack_array(b, 7);
	pack_text(b, span_of(host->name));
	pack_num(b, router_now(r));
	pack_num(b, host->ops->caps.replies_limited);
	pack_num(b, r->options.log_max);
	pack_num(b, r->options.outbox);
	pack_text(b, span_of(r->instance));
	pack_num(b, host->back_looks);
}

/* The common case needs few words: the peer took the whole of it. */
static bool is_plain(const struct outcome *o)
{
	return o->letter == 's' && o->parts == 1 && !o->claim && !o->flags && !o->code[0] &&
	       !o->reason[0];
}

/* What an outcome looks like is documented with settle_many() in settle.lua. */
static void outcome_pack(const struct outcome *o, struct buf *b)
{
	if (is_plain(o)) {
		buf_printf(b, "=%s %llu %s", o->conversation, (unsigned long long)o->seq, o->id);
		return;
	}
	pack_array(b, 11);
	pack_text(b, span_of(o->conversation));
	pack_num(b, o->seq);
	pack_text(b, (struct span){&o->letter, 1});
	pack_num(b, o->part);
	pack_num(b, o->parts);
	pack_text(b, span_of(o->code));
	pack_text(b, span_of(o->reason));
	pack_num(b, o->flags);
	pack_text(b, span_of(o->id));
	pack_num(b, o->attempts);
	pack_num(b, o->claim);
}

static void outcome_note(struct outcome *o)
{
	struct batch *batch = o->host->settles;
	unsigned partition = router_partition_of(span_of(o->conversation));

	outcome_pack(o, batch_item(batch, partition));
	if (batch_add(batch, partition, on_noted, o))
		keep_unnoted(o);
}

void outcomes_retry(struct connector_host *host)
{
	struct outcome *o = host->unnoted;

	host->unnoted = NULL;
	host->unnoted_end = &host->unnoted;
	while (o) {
		struct outcome *next = o->next;

		outcome_note(o);
		o = next;
	}
}

/* What goes back to a lane goes to its front, one after the other and in several calls: so what was
 * given back last in this turn goes first. What goes back in a later turn, because it was still
 * being taken when the link broke, Redis puts behind what the same customer was sent before. */
static void on_go_back(void *arg)
{
	struct connector_host *host = arg;
	struct outcome *o = host->back;
	uint64_t now = clock_mono_ms(io_loop_clock(host->router->loop));

	host->back_looks = host->back_ms && now < host->back_ms + BACK_LOOKS_MS;
	host->back_ms = now;

	host->back = NULL;
	while (o) {
		struct outcome *next = o->next;

		outcome_note(o);
		o = next;
	}
}

static void outcome_tell(struct outcome *o)
{
	struct connector_host *host = o->host;

	if (!is_back(o)) {
		outcome_note(o);
		return;
	}
	host->backs++;
	o->next = host->back;
	host->back = o;
	io_later(host->router->loop, &host->go_back);
}

void outcomes_init(struct connector_host *host)
{
	host->unnoted_end = &host->unnoted;
	host->go_back = (struct io_later){.fn = on_go_back, .arg = host};
}

static void drop_all(struct outcome *o)
{
	while (o) {
		struct outcome *next = o->next;

		free(o);
		o = next;
	}
}

void outcomes_fini(struct connector_host *host)
{
	io_later_cancel(host->router->loop, &host->go_back);
	drop_all(host->back);
	drop_all(host->unnoted);
	host->back = host->unnoted = NULL;
	host->unnoted_end = &host->unnoted;
}

static struct outcome *outcome_create(struct connector_host *host, uint64_t seq)
{
	struct outcome *o = calloc(1, sizeof(*o));

	if (!o) {
		log_error(&host->log, EVENT("router.outcome_lost"), NUM("seq", seq));
		return NULL;
	}
	o->host = host;
	o->seq = seq;
	o->parts = 1;
	host->outcomes++;
	return o;
}

void outcome_of(struct connector_host *host, const struct message *m, char letter,
                const struct send_result *result)
{
	struct outcome *o = outcome_create(host, m->seq);
	char forms[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX];

	if (!o)
		return;
	router_conversation_of(m, o->conversation);
	o->letter = letter;
	o->lane = m->lane;
	o->part = result->part;
	o->parts = result->parts ? result->parts : 1;
	o->flags = result->flags & ~(unsigned)SEND_SHARED_ID; /* the id says it */
	o->attempts = m->attempts;
	o->claim = m->claim;
	snprintf(o->code, sizeof(o->code), "%s", result->code ? result->code : "");
	snprintf(o->reason, sizeof(o->reason), "%.*s",
	         SPAN_FMT(utf8_cut(span_of(result->reason ? result->reason : ""),
	                           sizeof(o->reason) - 1)));
	if (result->id.len && host->ops->caps.receipts) {
		router_id_forms(result->id, forms);
		snprintf(o->id, sizeof(o->id), "%s%s", forms[0],
		         result->flags & SEND_SHARED_ID ? " " : "");
	}
	outcome_tell(o);
}

static void back_to_lane(struct connector_host *host, const struct message *m, bool doubled)
{
	const struct send_result back = {.parts = 1, .flags = doubled};
	struct in_hand *it = in_hand_of(host, m);

	if (it)
		it->given_back = true;
	outcome_of(host, m, 'b', &back);
}

void outcome_give_back(struct connector_host *host, const struct message *m)
{
	back_to_lane(host, m, false);
}

void outcome_of_unknown(struct connector_host *host, const struct claimed *claimed, char letter,
                        const char *code)
{
	struct outcome *o = outcome_create(host, claimed->seq);

	if (!o)
		return;
	log_warn(&host->log, EVENT("router.never_had"), NUM("seq", claimed->seq));
	o->letter = letter;
	o->lane = claimed->lane;
	o->claim = claimed->claim;
	snprintf(o->conversation, sizeof(o->conversation), "%.*s", SPAN_FMT(claimed->conversation));
	snprintf(o->code, sizeof(o->code), "%s", code);
	outcome_tell(o);
}

/* --- What connectors tell ----------------------------------------------------------------------
 */

/* Once: a peer that never answers, or breaks the link at this very message, must not get it for
 * ever. Not when it took a part of it, and not what is told late of a try that is over. */
static bool may_resend(const struct connector_host *host, const struct message *m,
                       const struct in_hand *it)
{
	return m->on_uncertain == UNCERTAIN_RESEND && host->ops->caps.resend_replies &&
	       !(m->marks & MARK_MAYBE_DOUBLED) && it && !it->taken;
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

/* Stays in this node's hands until it is due; no other message waits for it. */
static void try_later(struct connector_host *host, const struct message *m,
                      const struct send_result *result)
{
	struct message like = *m;
	struct send_result refused = {
		.parts = 1, .code = result->code, .reason = "tried too often"};

	if (host->router->draining) {
		back_to_lane(host, m, false);
		return;
	}
	if (!(result->flags & SEND_NOT_COUNTED))
		like.attempts++;
	if (like.attempts > ATTEMPTS_MAX || outbound_later(host, &like, result->retry_ms))
		outcome_of(host, m, 'f', &refused);
}

/* For a reason of the account's own it will never take it, and nobody took a part of it: the next
 * of its route has it. Not what may have been sent already. */
static bool by_another(struct connector_host *host, const struct message *m, struct in_hand *it,
                       const struct send_result *result)
{
	struct send_result on = {.parts = 1, .code = result->code};
	struct connector_host *other;

	if (!(result->flags & SEND_NOT_HERE) || !it || it->taken || (m->marks & MARK_MAYBE_DOUBLED))
		return false;
	other = route_next(host, m);
	if (!other)
		return false;
	it->given_back = true;
	on.reason = other->name;
	++*other->route.failover;
	outcome_of(host, m, 'm', &on);
	return true;
}

void connector_result(struct connector_host *host, const struct message *m,
                      const struct send_result *result)
{
	struct in_hand *it = in_hand_of(host, m);

	operations_note(host, m, result);
	count_outcome(host, result->outcome);
	health_on_outcome(host, result);
	if (it && it->given_back)
		return;
	switch (result->outcome) {
	case SEND_OK:
		if (it)
			it->taken = true;
		outcome_of(host, m, 's', result);
		break;
	case SEND_READ:
		outcome_of(host, m, 'r', result);
		break;
	case SEND_REFUSED:
		if (!by_another(host, m, it, result))
			outcome_of(host, m, 'f', result);
		break;
	case SEND_RETRY:
		if (it)
			try_later(host, m, result);
		break;
	case SEND_UNCERTAIN:
		if (may_resend(host, m, it))
			back_to_lane(host, m, true);
		else
			outcome_of(host, m, 'n', result);
		break;
	}
}
