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
	const char *outbind_id, *outbind_password; /* NULL: it says nothing */
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
	uint32_t refused_bind;    /* command_id that it does not know; 0: none */
	uint32_t bind_status;     /* to every bind */
	uint32_t submit_status;   /* to every submit_sm */
	uint32_t submit_once;     /* to the next one only */
	bool hold;                /* keeps its submit responses until smsc_release() */
	bool mute;                /* says nothing at all */
	bool silent_bind;         /* answers no bind */
	bool no_version;          /* no sc_interface_version */
	bool id_missing;          /* header-only submit_sm_resp */
	bool nacks_submits;       /* generic_nack of status 0, whatever that means */
	bool nack_binds;          /* generic_nack to binds */
	uint8_t version;          /* that it names; 0: 0x34 */
	uint32_t refused_version; /* interface_version that it refuses with version_status */
	uint32_t version_status;
	int congestion; /* congestion_state in submit responses, less 1; 0: none */
	uint32_t operation_status;
	uint8_t message_state; /* of query_sm_resp */
	struct span unsuccess; /* of submit_multi_resp, entries as octets */
	uint8_t unsuccess_count;
	struct io_tls *tls; /* set before smsc_open(): its listener speaks TLS */
	bool drops_binds;   /* hangs up on every bind */

	/* What it got. */
	struct smsc_pdu got[SMSC_KEPT]; /* every PDU but enquire_link, in order */
	size_t got_count;
	unsigned accepted, binds, submits, enquiries, unbinds, delivered, put_off, nacks, ids;
	uint32_t held[SMSC_KEPT];
	struct smsc_link *held_of[SMSC_KEPT];
	uint32_t held_command[SMSC_KEPT];
	size_t held_count;
};

int smsc_open(struct smsc *s, struct io_loop *loop) MUST_CHECK;
void smsc_close(struct smsc *s);
/** Connects to an ESME that listens, and says outbind. */
int smsc_outbind(struct smsc *s, uint16_t port, const char *system_id,
                 const char *password) MUST_CHECK;
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
