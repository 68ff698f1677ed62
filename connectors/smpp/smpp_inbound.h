/*
 * What the way in shares: smpp_in.c reads PDUs and gives messages to the host, smpp_parts.c joins
 * those that come in parts, smpp_in_receipt.c tells receipts.
 */
#ifndef PH_SMPP_INBOUND_H
#define PH_SMPP_INBOUND_H

#include "smpp_channel.h"
#include "smpp_udh.h"

/* What deliver_sm and data_sm have in common. */
struct smpp_delivery {
	uint8_t source_ton, source_npi, esm_class, data_coding;
	struct span source, dest, octets, tlvs;
	struct smpp_udh udh; /* its text is octets where there is no header */
	enum smpp_alphabet alphabet;
	uint64_t arrived_ms;
};

/* A whole message, and by what it is known. */
struct smpp_whole {
	struct span address, local, octets;
	enum smpp_alphabet alphabet;
	uint8_t esm_class, data_coding, locking, single;
	unsigned marks;
	uint64_t arrived_ms;
	struct span cid;
	struct span epoch; /* the session; with it a resend is known by its content */
	struct span parts; /* the key of its parts: with their generation it is known alone */
	uint64_t generation;
	uint32_t mends; /* see struct message */
};

/** Gives a message to the host; done is always called. */
void smpp_in_receive(struct smpp_channel *ch, const struct smpp_whole *w, done_fn *done, void *arg);
/** Answers the PDU (in) when all that follows from it is durable, or with an error. */
void smpp_in_answer(void *in, int err);
/** One spelling of a number for identity; what cannot be read as one keeps its own. Borrowed from
 * out, of SMPP_ADDRESS_SIZE. */
struct span smpp_in_address(const struct smpp_channel *ch, struct span raw, unsigned ton, char *out,
                            size_t size);
/** A name for it in this session. */
struct span smpp_in_cid(const struct smpp_inbound *in, char *out, size_t size);

/** Whether it is a receipt, which is then told and answered; false: it is a message. */
bool smpp_in_receipt(struct smpp_inbound *in, const struct smpp_delivery *d);

/** Keeps a part; answers in once it is durable, and the whole too where it was the last. */
void smpp_parts_keep(struct smpp_inbound *in, const struct smpp_delivery *d, struct span address);

/** FNV-1a; *h is begun with SMPP_HASH_START. Lengths are mixed in. */
#define SMPP_HASH_START UINT64_C(0x6c62272e07bb0142)
uint64_t smpp_in_hash(uint64_t h, const void *data, size_t len);

#endif
