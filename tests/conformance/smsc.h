/*
 * A small SMSC in the test's own process and loop: real sockets, our codec, and a hand on every
 * answer. (Third parties' SMSCs stand in the stories; this one is for what they cannot be made do.)
 */
#ifndef PH_TEST_SMSC_H
#define PH_TEST_SMSC_H

#include "loop.h"
#include "smpp_pdu.h"
#include "stream.h"

enum { SMSC_KEPT = 256, SMSC_LINKS = 16 };

struct smsc;

struct smsc_link {
	struct smsc *smsc;
	struct io_stream *stream;
	struct buf input;
	uint32_t bound; /* the bind's command_id, 0 before */
	uint32_t sequence;
};

struct smsc_pdu {
	struct smpp_pdu pdu; /* borrowed from frame */
	char frame[1024];
	struct smsc_link *link;
};

struct smsc {
	struct io_loop *loop;
	struct io_listener *listener;
	uint16_t port;
	struct smsc_link links[SMSC_LINKS];

	/* How it behaves. */
	uint32_t refused_bind;  /* command_id that it does not know; 0: none */
	uint32_t bind_status;   /* to every bind */
	uint32_t submit_status; /* to every submit_sm */
	uint32_t submit_once;   /* to the next one only */
	bool hold;              /* keeps its submit responses until smsc_release() */
	bool mute;              /* says nothing at all */
	bool silent_bind;       /* answers no bind */
	bool no_version;        /* no sc_interface_version */
	bool id_missing;        /* header-only submit_sm_resp */

	/* What it got. */
	struct smsc_pdu got[SMSC_KEPT]; /* every PDU but enquire_link, in order */
	size_t got_count;
	unsigned accepted, binds, submits, enquiries, unbinds, delivered, put_off, nacks, ids;
	uint32_t held[SMSC_KEPT];
	struct smsc_link *held_of[SMSC_KEPT];
	size_t held_count;
};

int smsc_open(struct smsc *s, struct io_loop *loop) MUST_CHECK;
void smsc_close(struct smsc *s);
/** Ends every connection at once. */
void smsc_drop(struct smsc *s);
/** Ends those of one role (the bind's command_id). */
void smsc_drop_bound(struct smsc *s, uint32_t bind);
/** A bound link that takes deliver_sm, or NULL. */
struct smsc_link *smsc_receiver(struct smsc *s);

/** Sends a PDU with a sequence_number of its own, which it returns; 0: nobody is bound. */
uint32_t smsc_send(struct smsc_link *l, struct smpp_pdu *pdu);
void smsc_raw(struct smsc_link *l, struct span octets);
/** deliver_sm of a text; esm_class and data_coding as given. */
uint32_t smsc_deliver(struct smsc *s, const char *from, const char *to, uint8_t esm_class,
                      uint8_t data_coding, struct span octets, struct span tlvs);
/** Answers what was held: with status, the newest first where told. */
void smsc_release(struct smsc *s, uint32_t status, bool newest_first);
/** The i-th submit_sm that came, or NULL. */
const struct smpp_submit_sm *smsc_submit(const struct smsc *s, unsigned i);
/** The last PDU of that command_id that came, or NULL. */
const struct smpp_pdu *smsc_last(const struct smsc *s, uint32_t command_id);

#endif
