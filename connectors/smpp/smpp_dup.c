/*
 * Which of what the SMSC sends over a new session may be a resend (docs/protocols/smpp.md): what
 * came over a lost one whose answer it did not provably get. Proof is the response to any request
 * of ours: TCP keeps order, so all that we had answered before that request arrived before it. The
 * proof is kept for the process that comes after this one, so that a restart does not swallow a
 * customer who says the same again.
 */
#include <assert.h>
#include <stdio.h>

#include "smpp_channel.h"

enum {
	MINUTE_MS = 60 * 1000,
	RESEND_MINUTES = 10, /* docs/protocols/smpp.md: the SMSC resends within 10 minutes */
	RESEND_MS = RESEND_MINUTES * MINUTE_MS,
	KEPT_MS = 24 * 60 * MINUTE_MS, /* as long as the host knows what came */
	STORE_EVERY_MS = 5000
};

static_assert(SMPP_LOSSES > RESEND_MINUTES + 1, "a minute that still counts has its place");

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

/* From now on, for as long as the SMSC resends, what came after proof_ms may be a resend. */
static void note_loss(struct smpp_channel *ch, uint64_t wall, uint64_t proof_ms)
{
	uint64_t minute = wall / MINUTE_MS;
	struct smpp_loss *loss = &ch->losses[minute % SMPP_LOSSES];

	if (loss->minute == minute)
		proof_ms = earliest(proof_ms, loss->proof_ms);
	*loss = (struct smpp_loss){.minute = minute, .proof_ms = proof_ms};
}

/* What is proved of all sessions, the lost ones included. */
static uint64_t proof_of_all(const struct smpp_channel *ch, uint64_t wall)
{
	uint64_t proof = earliest(wall, smpp_dup_after(ch, wall));

	if (ch->lost_proof_ms)
		proof = earliest(proof, ch->lost_proof_ms);
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

/* Whether the SMSC could have sent it over another one. */
static bool another_receives(const struct smpp_link *l)
{
	const struct smpp_channel *ch = l->channel;

	for (size_t i = 0; i < ch->link_count; i++)
		if (&ch->links[i] != l && ch->links[i].bound_ms &&
		    ch->links[i].role != SMPP_ROLE_TX)
			return true;
	return false;
}

/* Where nobody could receive, the SMSC's time to resend begins only now, however long that was. */
void smpp_dup_bound(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;
	uint64_t wall = clock_wall_ms(ch->clock);

	l->proof_ms = wall;
	if (l->role != SMPP_ROLE_TX) {
		if (ch->lost_proof_ms && !another_receives(l))
			note_loss(ch, wall, ch->lost_proof_ms);
		ch->lost_proof_ms = 0;
	}
	store(ch);
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

	note_loss(ch, wall, l->proof_ms);
	/* Sessions that break together break within a minute; of one that was lost earlier the
	 * SMSC has had another to resend over. */
	if (!ch->lost_proof_ms || wall > ch->lost_ms + MINUTE_MS)
		ch->lost_proof_ms = l->proof_ms;
	ch->lost_proof_ms = earliest(ch->lost_proof_ms, l->proof_ms);
	ch->lost_ms = wall;
	store(ch);
}

uint64_t smpp_dup_after(const struct smpp_channel *ch, uint64_t wall_ms)
{
	uint64_t after = UINT64_MAX / 2;

	for (size_t i = 0; i < SMPP_LOSSES; i++)
		if (ch->losses[i].minute &&
		    wall_ms / MINUTE_MS <= ch->losses[i].minute + RESEND_MINUTES)
			after = earliest(after, ch->losses[i].proof_ms);
	return after;
}

static void on_loaded(void *arg, int err, struct span value)
{
	struct smpp_channel *ch = arg;
	uint64_t wall = clock_wall_ms(ch->clock), proof;

	if (err || value.len) { /* else nobody was here before us, not for a long time */
		/* Not to be had: as if nothing were proved. */
		if (err || span_u64(value, &proof) || proof > wall)
			proof = wall - RESEND_MS;
		note_loss(ch, wall, proof);
		ch->lost_proof_ms = proof;
		ch->lost_ms = wall;
	}
	if (ch->started && !ch->stopping)
		smpp_connect(ch);
}

void smpp_dup_load(struct smpp_channel *ch)
{
	connector_load(ch->host, PROOF_KEY, on_loaded, ch);
}
