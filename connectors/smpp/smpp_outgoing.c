/* What is kept of a message on its way out, and how its results are told. */
#include "smpp_outgoing.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- queues ---- */

/* In the order of their serials: what comes back stands where it stood. */
void smpp_queue_add(struct smpp_queue *q, struct smpp_outgoing *out)
{
	struct smpp_outgoing **at = &q->first;

	if (q->last && q->last->serial < out->serial)
		at = &q->last->next;
	while (*at && (*at)->serial < out->serial)
		at = &(*at)->next;
	out->next = *at;
	*at = out;
	if (!out->next)
		q->last = out;
	q->count++;
	out->queued = true;
}

void smpp_queue_remove(struct smpp_queue *q, struct smpp_outgoing *out)
{
	struct smpp_outgoing **at = &q->first, *before = NULL;

	for (; *at && *at != out; at = &(*at)->next)
		before = *at;
	if (!*at)
		return;
	*at = out->next;
	if (q->last == out)
		q->last = before;
	q->count--;
	out->queued = false;
}

static bool has(const struct smpp_outgoing *out, unsigned part)
{
	return out->todo[part / 64] >> (part % 64) & 1;
}

void smpp_outgoing_want(struct smpp_outgoing *out, unsigned part)
{
	if (!has(out, part))
		out->left++;
	out->todo[part / 64] |= UINT64_C(1) << (part % 64);
}

void smpp_outgoing_unwant(struct smpp_outgoing *out, unsigned part)
{
	if (has(out, part))
		out->left--;
	out->todo[part / 64] &= ~(UINT64_C(1) << (part % 64));
}

unsigned smpp_outgoing_lowest(const struct smpp_outgoing *out)
{
	unsigned i = 0;

	while (i < ARRAY_LEN(out->todo) - 1 && !out->todo[i])
		i++;
	return i * 64 + (unsigned)__builtin_ctzll(out->todo[i]);
}

struct smpp_outgoing *smpp_outgoing_create(struct smpp_channel *ch)
{
	struct smpp_outgoing *out = ch->spare;

	if (out) {
		ch->spare = out->next;
		return out;
	}
	out = calloc(1, sizeof(*out));
	if (out) {
		out->next_all = ch->all;
		ch->all = out;
	}
	return out;
}

void smpp_outgoing_recycle(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	message_unref(&out->msg);
	smpp_special_free(&out->special);
	out->link = NULL;
	out->next = ch->spare;
	ch->spare = out;
	if (ch->stopping)
		smpp_settle(ch); /* it may be the last for which sessions wait */
}

/* Nothing will be heard or said of it any more. */
void smpp_outgoing_release(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	if (out->told == out->parts.count && !out->outstanding && !out->late && !out->queued)
		smpp_outgoing_recycle(ch, out);
}

/* ---- results ---- */

static void tell_now(struct smpp_channel *ch, const struct smpp_outgoing *out, unsigned part,
                     const struct smpp_verdict *v)
{
	char code[32];
	struct send_result result = {
		.outcome = v->outcome,
		.flags = v->flags,
		.part = (uint16_t)part,
		.parts = (uint16_t)out->parts.count,
		.id = v->id,
		.code = v->code,
		.reason = v->reason,
		.retry_ms = v->retry_ms,
	};

	if (!result.code && v->outcome != SEND_OK) {
		snprintf(code, sizeof(code), "smpp.0x%08x", v->status);
		result.code = code;
	}
	connector_result(ch->host, out->msg, &result);
}

static void keep_last(struct smpp_outgoing *out, const struct smpp_verdict *v)
{
	size_t len = v->id.len < sizeof(out->last_id) ? v->id.len : sizeof(out->last_id);

	out->last = *v;
	out->last_known = true;
	if (len)
		memcpy(out->last_id, v->id.ptr, len);
	out->last.id = (struct span){out->last_id, len};
}

void smpp_outgoing_settle(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                          const struct smpp_verdict *v)
{
	if (out->last_known && part == out->parts.count - 1U)
		keep_last(out, v);
	else
		tell_now(ch, out, part, v);
}

/* The last part is told last, whatever order the responses come in. */
void smpp_outgoing_tell(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                        const struct smpp_verdict *v)
{
	unsigned last = out->parts.count - 1;

	if (part == last && out->told < last) {
		keep_last(out, v);
		return;
	}
	out->told++;
	tell_now(ch, out, part, v);
	if (out->last_known && out->told == last) {
		out->last_known = false;
		out->told++;
		tell_now(ch, out, last, &out->last);
	}
}

/* Ends what was not written yet with the same words for each part. */
void smpp_outgoing_tell_rest(struct smpp_channel *ch, struct smpp_outgoing *out,
                             const struct smpp_verdict *v)
{
	while (out->left) {
		unsigned part = smpp_outgoing_lowest(out);

		smpp_outgoing_unwant(out, part);
		smpp_outgoing_tell(ch, out, part, v);
	}
}

/* Nothing of it was ever written, or nothing of it was taken: the host has it again as a whole. */
void smpp_outgoing_give_back(struct smpp_channel *ch, struct smpp_outgoing *out,
                             const struct smpp_verdict *why)
{
	unsigned count = out->parts.count;

	out->parts.count = 1;
	tell_now(ch, out, 0, why);
	out->parts.count = count;
	out->told = count;
	out->left = 0;
	memset(out->todo, 0, sizeof(out->todo));
}

bool smpp_outgoing_untouched(const struct smpp_outgoing *out)
{
	return out->told == 0 && out->outstanding == 0 && out->late == 0 && !out->last_known &&
	       out->left == out->parts.count;
}
