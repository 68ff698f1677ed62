/*
 * Which of what the SMSC sends over a new session may be a resend (docs/protocols/smpp.md): what
 * came over a lost one whose answer it did not provably get. Proof is the response to any request
 * of ours: TCP keeps order, so all that we had answered before that request arrived before it. The
 * proof is kept for the process that comes after this one, so that a restart does not swallow a
 * customer who says the same again.
 */
#include <stdio.h>

#include "smpp_channel.h"

enum {
	RESEND_MS = 10 * 60 * 1000, /* docs/protocols/smpp.md: the SMSC resends within 10 minutes */
	KEPT_MS = 2 * RESEND_MS,
	STORE_EVERY_MS = 5000
};

#define PROOF_KEY SPAN_LIT("smpp.answered")

static void on_stored(void *arg, int err)
{
	(void)arg;
	(void)err; /* an older one stands, which is only more careful */
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is proved of all sessions, the lost ones included. */
static uint64_t proof_of_all(const struct smpp_channel *ch, uint64_t wall)
{
	uint64_t proof = wall <= ch->dup_until_ms ? ch->dup_after_ms : wall;

	for (size_t i = 0; i < ch->link_count; i++)
		if (ch->links[i].bound_ms)
			proof = earliest(proof, ch->links[i].proof_ms);
	return proof;
}

static void store(struct smpp_channel *ch)
{
	uint64_t wall = clock_wall_ms(ch->clock);
	char text[24];

	ch->proof_stored_ms = wall;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)proof_of_all(ch, wall));
	connector_store(ch->host, PROOF_KEY, span_of(text), KEPT_MS, on_stored, NULL);
}

void smpp_dup_bound(struct smpp_link *l)
{
	l->proof_ms = clock_wall_ms(l->channel->clock);
	store(l->channel);
}

void smpp_dup_proved(struct smpp_link *l, uint64_t mark_ms)
{
	struct smpp_channel *ch = l->channel;

	if (mark_ms <= l->proof_ms)
		return;
	l->proof_ms = mark_ms;
	/* The request is older than its response: its mark may lie before what was stored last. */
	if (l->bound_ms && mark_ms >= ch->proof_stored_ms + STORE_EVERY_MS)
		store(ch);
}

void smpp_dup_lost(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;
	uint64_t wall = clock_wall_ms(ch->clock);

	if (wall > ch->dup_until_ms || l->proof_ms < ch->dup_after_ms)
		ch->dup_after_ms = l->proof_ms;
	ch->dup_until_ms = wall + RESEND_MS;
	store(ch);
}

uint64_t smpp_dup_after(const struct smpp_channel *ch, uint64_t wall_ms)
{
	return wall_ms <= ch->dup_until_ms ? ch->dup_after_ms : UINT64_MAX / 2;
}

static void on_loaded(void *arg, int err, struct span value)
{
	struct smpp_channel *ch = arg;
	uint64_t wall = clock_wall_ms(ch->clock), proof;

	if (!err && value.len == 0) {
		ch->dup_until_ms = 0; /* nobody was here before us, not for a long time */
	} else {
		/* Not to be had: as if nothing were proved. */
		if (err || span_u64(value, &proof) || proof > wall)
			proof = wall - RESEND_MS;
		ch->dup_after_ms = proof;
		ch->dup_until_ms = wall + RESEND_MS;
	}
	if (ch->started && !ch->stopping)
		smpp_connect(ch);
}

void smpp_dup_load(struct smpp_channel *ch)
{
	connector_load(ch->host, PROOF_KEY, on_loaded, ch);
}
