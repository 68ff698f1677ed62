/*
 * A message on its way out: its parts, which of them are still to be written, and what was said of
 * them. smpp_out.c takes and writes, smpp_outcome.c hears what became of it; both keep it by these.
 */
#ifndef PH_SMPP_OUTGOING_H
#define PH_SMPP_OUTGOING_H

#include "smpp_channel.h"
#include "smpp_special.h"

enum {
	SMPP_ID_MAX = 65,
	/* That wait here for their next try. More are the host's to retry, whose lanes then stop;
	 * of those that only the connector can retry twice as many, then it takes nothing. */
	SMPP_WAITING_MAX = 1024
};

/* What was said of a part: kept for the last one, which is told last. */
struct smpp_verdict {
	enum send_outcome outcome;
	unsigned flags;
	uint32_t status;
	const char *reason;
	const char *code; /* NULL: made of status */
	uint64_t retry_ms;
	struct span id;
};

struct smpp_outgoing {
	struct smpp_outgoing *next;     /* of its queue, or of the spare ones */
	struct smpp_outgoing *next_all; /* of every one there is */
	bool queued;
	uint64_t serial; /* the order in which they were taken */
	struct message *msg;
	struct smpp_special *special; /* NULL: it asks for nothing of the kind */
	struct smpp_parts parts;
	enum smpp_long how;
	uint16_t reference;
	struct smpp_number source, dest;
	uint64_t expires_ms;    /* wall; 0: never */
	struct smpp_link *link; /* over which its parts go, once one was written */
	uint64_t todo[(SMPP_PARTS_MAX + 63) / 64];
	unsigned left, outstanding, late, told;
	unsigned tries;
	uint32_t passed; /* status with which this account refused it, where another may have it */
	uint64_t again_ms;
	struct smpp_verdict doom;
	struct smpp_verdict last; /* what is to be told of the last part */
	bool last_known;
	char last_id[SMPP_ID_MAX];
};

/** In the order of their serials: what comes back stands where it stood. */
void smpp_queue_add(struct smpp_queue *q, struct smpp_outgoing *out);
/** Nothing happens where it is not in it. */
void smpp_queue_remove(struct smpp_queue *q, struct smpp_outgoing *out);

/** An unused one, or NULL. */
struct smpp_outgoing *smpp_outgoing_create(struct smpp_channel *ch);
/** To be used again, with the memory it has; its message is dropped. */
void smpp_outgoing_recycle(struct smpp_channel *ch, struct smpp_outgoing *out);
/** Recycles it when nothing will be heard or said of it any more. */
void smpp_outgoing_release(struct smpp_channel *ch, struct smpp_outgoing *out);

/** A part is to be written, or not any more. */
void smpp_outgoing_want(struct smpp_outgoing *out, unsigned part);
void smpp_outgoing_unwant(struct smpp_outgoing *out, unsigned part);
/** The first part to be written; left must not be 0. */
unsigned smpp_outgoing_lowest(const struct smpp_outgoing *out);
/** Whether nothing of it was ever written or told. */
bool smpp_outgoing_untouched(const struct smpp_outgoing *out);

/** Tells the host what became of a part; the last part is held until all others were told. */
void smpp_outgoing_tell(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                        const struct smpp_verdict *v);
/** The same of every part that was still to be written. */
void smpp_outgoing_tell_rest(struct smpp_channel *ch, struct smpp_outgoing *out,
                             const struct smpp_verdict *v);
/** Tells at once, outside the count: what settles a part that was told before, or the word that is
 * kept of the last one. */
void smpp_outgoing_settle(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned part,
                          const struct smpp_verdict *v);
/** Nothing of it was taken: one word for the whole. */
void smpp_outgoing_give_back(struct smpp_channel *ch, struct smpp_outgoing *out,
                             const struct smpp_verdict *why);

/** Sets the timer of the way out, if it is not set to an earlier time. */
void smpp_out_wake_at(struct smpp_channel *ch, uint64_t at_ms);
/** Both ends of a message as the operator wants them written; the extension's digits stand behind
 * our own number. -EINVAL. */
int smpp_out_address(const struct smpp_channel *ch, struct span local, struct span extension,
                     struct span address, struct smpp_number *source,
                     struct smpp_number *dest) MUST_CHECK;
/** registered_delivery of a message. */
uint8_t smpp_out_registered(const struct smpp_channel *ch, const struct message *m);
/** priority_flag of a message. */
uint8_t smpp_out_priority(const struct smpp_channel *ch, const struct message *m);
/** validity_period of what expires at wall time expires_ms (0: as the channel says); empty: the
 * SMSC's own. Written into text. */
struct span smpp_out_validity(const struct smpp_channel *ch, uint64_t expires_ms, char text[17]);
/** The only part of a text as it stands in short_message. -EMSGSIZE: it is more than one. */
int smpp_out_put_part(const struct smpp_parts *parts, struct buf *out) MUST_CHECK;
/** How texts are cut over a session. */
struct smpp_split_options smpp_out_split_options(const struct smpp_channel *ch,
                                                 const struct smpp_link *l);
/** Whether any session sends. */
bool smpp_out_connected(const struct smpp_channel *ch);
/** The session over which the next message would go, or NULL. */
struct smpp_link *smpp_out_pick(const struct smpp_channel *ch);

#endif
