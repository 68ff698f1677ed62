/* What an operator does to its ESME: late responses, throttling, errors, receipts, slow reading. */
#include "smsc_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* The status for this submit. */
uint32_t smsc_verdict(struct smsc *s)
{
	const struct smsc_habits *h = &s->o.habits;

	if (h->throttles && s->tokens < 1)
		return SMPP_RTHROTTLED;
	if (h->throttles)
		s->tokens -= 1;
	if (h->error_every && (s->counts.submits + s->counts.refused + 1) % h->error_every == 0)
		return h->error_status;
	return 0;
}

/* ---- responses that are late ---- */

static bool held_grow(struct smsc *s)
{
	size_t size = s->held_size ? s->held_size * 2 : 1024;
	struct held *more = calloc(size, sizeof(*more));

	if (!more)
		return false;
	for (size_t i = 0; i < s->held_count; i++)
		more[i] = s->held[(s->held_first + i) % s->held_size];
	free(s->held);
	s->held = more;
	s->held_size = size;
	s->held_first = 0;
	return true;
}

void smsc_hold_answer(struct link *k, uint32_t sequence, uint64_t id)
{
	struct smsc *s = k->smsc;

	if (s->held_count >= s->held_size && !held_grow(s))
		return;
	assert(s->held_size);
	s->held[(s->held_first + s->held_count++) % s->held_size] =
		(struct held){.due_us = smsc_now_us(s) + s->o.habits.latency_ms * 1000ULL,
	                      .life = k->life,
	                      .sequence = sequence,
	                      .id = id,
	                      .link = k};
}

/* The session may be gone, and its place another's. */
static bool still_there(const struct smsc *s, const struct held *h)
{
	for (size_t i = 0; i < LINKS; i++)
		if (s->links[i] == h->link)
			return h->link->life == h->life;
	return false;
}

static void release_held(struct smsc *s, uint64_t now)
{
	while (s->held_count && s->held[s->held_first].due_us <= now) {
		struct held *h = &s->held[s->held_first];

		s->held_first = (s->held_first + 1) % s->held_size;
		s->held_count--;
		if (still_there(s, h))
			smsc_answer_submit(h->link, h->sequence, h->id);
	}
}

/* ---- receipts ---- */

/* The session that a receipt goes over: any that receives but not, where it may be so, the
 * submit's. */
static struct link *receipt_link(struct smsc *s, const struct link *submitter)
{
	struct link *same = NULL;

	for (size_t i = 0; i < LINKS; i++) {
		struct link *k = s->links[s->turn++ % LINKS];

		if (!k || !k->receives)
			continue;
		if (k != submitter || !s->o.habits.receipt_over_other)
			return k;
		same = k;
	}
	return same;
}

static void spell_id(unsigned form, uint64_t id, char *out, size_t size)
{
	snprintf(out, size,
	         form == 1   ? "%llu"
	         : form == 2 ? "%016llX"
	                     : "%llx",
	         (unsigned long long)id);
}

static void send_receipt(struct smsc *s, const struct receipt *r)
{
	struct smpp_deliver_sm receipt = {.esm_class = SMPP_ESM_CLASS_RECEIPT,
	                                  .source_addr = span_of(r->from),
	                                  .destination_addr = span_of(r->to)};
	struct link *k = receipt_link(s, r->submitter);
	char id[24], text[160];

	if (!k)
		return;
	spell_id(s->o.habits.receipt_form, r->id, id, sizeof(id));
	snprintf(text, sizeof(text),
	         "id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
	         "stat:DELIVRD err:000 text:",
	         id);
	receipt.short_message = span_of(text);
	smsc_deliver_over(k, &receipt, NO_TAG);
}

static void copy_address(char out[22], struct span address)
{
	size_t len = address.len < 21 ? address.len : 21;

	if (len)
		memcpy(out, address.ptr, len);
	out[len] = '\0';
}

void smsc_make_receipt(struct link *k, const struct smpp_submit_sm *sm, uint64_t id)
{
	struct smsc *s = k->smsc;
	struct receipt r = {.id = id, .submitter = k};

	copy_address(r.from, sm->destination_addr);
	copy_address(r.to, sm->source_addr);
	r.due_us = smsc_now_us(s) + s->o.habits.receipt_ms * 1000ULL;
	if (!s->o.habits.receipt_ms)
		send_receipt(s, &r);
	else if (s->receipts_count < RECEIPTS)
		s->receipts[(s->receipts_first + s->receipts_count++) % RECEIPTS] = r;
}

static void release_receipts(struct smsc *s, uint64_t now)
{
	while (s->receipts_count && s->receipts[s->receipts_first].due_us <= now) {
		send_receipt(s, &s->receipts[s->receipts_first]);
		s->receipts_first = (s->receipts_first + 1) % RECEIPTS;
		s->receipts_count--;
	}
}

/* ---- reading slowly, or not at all ---- */

static void resume_reading(struct smsc *s, uint64_t now)
{
	for (size_t i = 0; i < LINKS; i++) {
		struct link *k = s->links[i];

		if (!k || !k->paused_us || k->deaf ||
		    now - k->paused_us < s->o.habits.read_pause_ms * 1000ULL)
			continue;
		k->paused_us = 0;
		io_stream_resume(k->stream);
	}
}

void smsc_pause_reading(struct link *k)
{
	if (!k->deaf && !k->smsc->o.habits.read_pause_ms)
		return;
	k->paused_us = smsc_now_us(k->smsc);
	io_stream_pause(k->stream);
}

void smsc_tick(struct smsc *s)
{
	uint64_t now = smsc_now_us(s);

	if (s->o.habits.throttles) {
		double most = s->o.habits.throttle;

		s->tokens += (double)(now - s->ticked_us) * most / 1e6;
		if (s->tokens > most)
			s->tokens = most;
	}
	s->ticked_us = now;
	release_held(s, now);
	release_receipts(s, now);
	resume_reading(s, now);
}
