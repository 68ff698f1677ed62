/*
 * The way out, second half: responses become results by the table of command_status, the pace
 * follows the SMSC's complaints, and what a lost session leaves is told as it is: unknown.
 * Sources: docs/protocols/smpp.md.
 */
#include "smpp_outgoing.h"

#include <stdlib.h>

enum {
	GROWS_TO_MS = 60000,
	LOG_EVERY_MS = 10000,
	TRIES_OF_PARTS = 5 /* of a part whose neighbours were taken: the host cannot retry it */
};

static uint64_t now_ms(const struct smpp_channel *ch)
{
	return clock_mono_ms(ch->clock);
}

/* ---- responses ---- */

/* A message that another account may have is not written on meanwhile. */
static void put_back(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part)
{
	smpp_outgoing_want(out, part);
	if (!out->queued && !out->passed)
		smpp_queue_add(&ch->pending, out);
}

static void take_out(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	if (out->queued)
		smpp_queue_remove(&ch->pending, out);
	if (out->queued)
		smpp_queue_remove(&ch->waiting, out);
}

static void put_off(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                    uint64_t delay_ms)
{
	take_out(ch, out);
	smpp_outgoing_want(out, part);
	out->again_ms = now_ms(ch) + delay_ms;
	smpp_queue_add(&ch->waiting, out);
	smpp_out_wake_at(ch, out->again_ms);
}

/* What the SMSC may have disliked, and nothing of what was said or to whom. */
static void log_refused(struct smpp_channel *ch, const struct smpp_outgoing *out, unsigned part,
                        uint32_t status)
{
	uint64_t held;

	if (!log_throttle_pass(&ch->refused, now_ms(ch), LOG_EVERY_MS, &held))
		return;
	log_warn(ch->log, EVENT("smpp.submit_refused"), STR("status", smpp_status_name(status)),
	         NUM("code", status), NUM("source_ton", out->source.ton),
	         NUM("source_npi", out->source.npi), NUM("dest_ton", out->dest.ton),
	         NUM("dest_npi", out->dest.npi), NUM("data_coding", out->parts.data_coding),
	         NUM("part", part + 1), NUM("parts", out->parts.count),
	         NUM("octets", smpp_part(&out->parts, part).len), NUM("suppressed", held));
}

static void refuse(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                   uint32_t status, unsigned flags)
{
	struct smpp_verdict v = {.outcome = SEND_REFUSED,
	                         .flags = flags,
	                         .status = status,
	                         .reason = smpp_status_text(status)};
	struct smpp_verdict rest = {.outcome = SEND_REFUSED,
	                            .flags = SEND_SAME_CAUSE,
	                            .code = "smpp.part_failed",
	                            .reason = "another part of it was refused"};

	++*ch->metrics.submit_errors;
	if (!(flags & SEND_BAD_ADDRESS))
		log_refused(ch, out, part, status);
	smpp_pace_refused(ch, status, out->dest.digits);
	take_out(ch, out); /* before the host hears of it: it may send the next one at once */
	smpp_outgoing_tell(ch, out, part, &v);
	smpp_outgoing_tell_rest(ch, out, &rest);
}

/* A queue that is full is full for a while: each time the pause is longer, to a minute. What the
 * session is to blame for is no attempt of the message. */
static void give_back(struct smpp_channel *ch, struct smpp_outgoing *out,
                      const struct smpp_policy *p)
{
	struct smpp_verdict why = {.outcome = SEND_RETRY,
	                           .status = p->status,
	                           .reason = smpp_status_text(p->status),
	                           .retry_ms = p->delay_ms};
	unsigned doubled = out->msg->attempts < 6 ? out->msg->attempts : 6;

	if (p->action == SMPP_ACTION_REBIND)
		why.flags = SEND_NOT_COUNTED;
	else if (p->delay_ms < GROWS_TO_MS)
		why.retry_ms = (uint64_t)p->delay_ms << doubled;
	if (why.retry_ms > GROWS_TO_MS && p->delay_ms < GROWS_TO_MS)
		why.retry_ms = GROWS_TO_MS;
	smpp_outgoing_give_back(ch, out, &why);
}

/* Not taken, and may be later: the host's to retry while nothing of it was taken, else ours. So is
 * what an SMSC dislikes for no clear reason; not all of it, where it dislikes everything. */
static void retry(struct smpp_link *l, struct smpp_outgoing *out, unsigned part,
                  const struct smpp_policy *p)
{
	struct smpp_channel *ch = l->channel;
	bool limited = p->action == SMPP_ACTION_LIMITED;
	unsigned most = limited ? p->tries : TRIES_OF_PARTS;

	if (out->parts.count == 1 && (!limited || ch->waiting.count >= SMPP_WAITING_MAX)) {
		give_back(ch, out, p);
	} else if (out->passed || (out->queued && out->again_ms > now_ms(ch))) {
		smpp_outgoing_want(out,
		                   part); /* with its neighbours: elsewhere, or in the same try */
	} else if (out->tries >= most) {
		refuse(ch, out, part, p->status, 0);
	} else {
		put_off(ch, out, part, (uint64_t)p->delay_ms << (limited ? out->tries : 0));
		out->tries++;
	}
}

/* It is not for this account. With the last response that is out it is known whether any part was
 * taken: only else another may have it. */
static void refuse_here(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                        uint32_t status)
{
	++*ch->metrics.submit_errors;
	log_refused(ch, out, part, status);
	smpp_pace_refused(ch, status, out->dest.digits);
	take_out(ch, out);
	smpp_outgoing_want(out, part);
	out->passed = status;
}

static void pass_on(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	struct smpp_verdict v = {.outcome = SEND_REFUSED,
	                         .status = out->passed,
	                         .reason = smpp_status_text(out->passed)};

	if (!out->passed || out->outstanding)
		return;
	if (smpp_outgoing_untouched(out)) {
		v.flags = SEND_NOT_HERE;
		smpp_outgoing_give_back(ch, out, &v);
	} else {
		smpp_outgoing_tell_rest(ch, out, &v);
	}
}

static void on_late(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                    const struct smpp_policy *p, struct span id)
{
	struct smpp_verdict v = {.outcome = p->action == SMPP_ACTION_OK ? SEND_OK : SEND_REFUSED,
	                         .status = p->status,
	                         .id = id};

	out->late--;
	if (v.outcome == SEND_REFUSED)
		v.reason = smpp_status_text(p->status);
	if (p->action <= SMPP_ACTION_FAIL_OVER)
		smpp_outgoing_settle(ch, out, part, &v);
	smpp_outgoing_release(ch, out);
}

void smpp_out_response(struct smpp_link *l, struct smpp_outgoing *out, uint16_t part,
                       uint32_t status, struct span message_id, bool late)
{
	struct smpp_channel *ch = l->channel;
	struct smpp_policy p = smpp_status_policy(status, ch->policies, ch->policy_count);
	struct smpp_verdict ok = {.outcome = SEND_OK, .id = message_id};

	if (late) {
		on_late(ch, out, part, &p, message_id);
		return;
	}
	out->outstanding--;
	switch (p.action) {
	case SMPP_ACTION_OK:
		smpp_pace_taken(ch);
		if (message_id.len)
			smpp_ids_sent(ch->ids, message_id);
		smpp_outgoing_tell(ch, out, part, &ok);
		break;
	case SMPP_ACTION_FAIL:
	case SMPP_ACTION_BAD_ADDRESS:
		refuse(ch, out, part, status,
		       p.action == SMPP_ACTION_BAD_ADDRESS ? SEND_BAD_ADDRESS : 0);
		break;
	case SMPP_ACTION_THROTTLE:
		smpp_pace_throttle(ch, p.delay_ms);
		put_back(ch, out, part);
		break;
	case SMPP_ACTION_FAIL_OVER:
		refuse_here(ch, out, part, status);
		break;
	case SMPP_ACTION_RETRY:
	case SMPP_ACTION_LIMITED:
	case SMPP_ACTION_REBIND:
		retry(l, out, part, &p);
		break;
	}
	pass_on(ch, out);
	smpp_outgoing_release(ch, out);
	if (p.action == SMPP_ACTION_REBIND)
		smpp_link_rebind(l, "the SMSC takes no submits in this session", p.delay_ms);
	if (!smpp_link_sends(l))
		smpp_out_link_lost(l); /* it ends: what it would send again is another's */
}

static struct smpp_verdict uncertain(unsigned flags)
{
	return (struct smpp_verdict){.outcome = SEND_UNCERTAIN,
	                             .flags = flags,
	                             .code = "smpp.no_response",
	                             .reason = "the SMSC did not answer the submit"};
}

void smpp_out_uncertain(struct smpp_link *l, struct smpp_outgoing *out, uint16_t part,
                        enum smpp_silence why)
{
	struct smpp_verdict v = uncertain(why == SMPP_LOST_TOO ? SEND_SAME_CAUSE : 0);

	out->outstanding--;
	if (why == SMPP_TIMED_OUT)
		out->late++;
	smpp_outgoing_tell(l->channel, out, part, &v);
	pass_on(l->channel, out);
	smpp_outgoing_release(l->channel, out);
}

void smpp_out_forget(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	out->late--;
	smpp_outgoing_release(ch, out);
}

static struct smpp_outgoing *first_of(const struct smpp_queue *q, const struct smpp_link *l)
{
	struct smpp_outgoing *out = q->first;

	while (out && out->link != l)
		out = out->next;
	return out;
}

static void leave_link(struct smpp_link *l, struct smpp_queue *q)
{
	const struct smpp_verdict rest = uncertain(SEND_SAME_CAUSE);
	struct smpp_channel *ch = l->channel;
	struct smpp_outgoing *out;

	/* From the front each time: the host may send while it is told. */
	while ((out = first_of(q, l))) {
		if (smpp_outgoing_untouched(out)) {
			out->link = NULL; /* it may begin again over another */
			continue;
		}
		/* Parts of it were written: the rest over another session would be a riddle. */
		smpp_queue_remove(q, out);
		smpp_outgoing_tell_rest(ch, out, &rest);
		smpp_outgoing_release(ch, out);
	}
}

/* Of what waits to be written or for its next try, what was taken first. */
static struct smpp_queue *first_taken(struct smpp_channel *ch)
{
	const struct smpp_outgoing *pending = ch->pending.first, *waiting = ch->waiting.first;

	return waiting && (!pending || waiting->serial < pending->serial) ? &ch->waiting
	                                                                  : &ch->pending;
}

void smpp_out_give_back(struct smpp_channel *ch)
{
	static const struct smpp_verdict unbound = {
		.outcome = SEND_RETRY, .flags = SEND_NOT_COUNTED, .reason = "no session is bound"};
	const struct smpp_verdict rest = uncertain(SEND_SAME_CAUSE);
	struct smpp_queue *q;
	struct smpp_outgoing *out;

	smpp_out_doom(ch);
	while (q = first_taken(ch), (out = q->first)) {
		smpp_queue_remove(q, out);
		if (smpp_outgoing_untouched(out))
			smpp_outgoing_give_back(ch, out, &unbound);
		else
			smpp_outgoing_tell_rest(ch, out, &rest);
		smpp_outgoing_release(ch, out);
	}
}

void smpp_out_link_lost(struct smpp_link *l)
{
	leave_link(l, &l->channel->pending);
	leave_link(l, &l->channel->waiting);
	/* Another account, or another node, may be bound: nothing grows old here. */
	if (!smpp_out_connected(l->channel))
		smpp_out_give_back(l->channel);
}

void smpp_out_fini(struct smpp_channel *ch)
{
	struct smpp_outgoing *out;

	while ((out = ch->all)) {
		ch->all = out->next_all;
		message_unref(&out->msg);
		smpp_special_free(&out->special);
		smpp_parts_fini(&out->parts);
		free(out);
	}
}
