/* What smsc.c and its habits share. */
#ifndef PH_LOAD_SMSC_PRIVATE_H
#define PH_LOAD_SMSC_PRIVATE_H

#include "smsc.h"

#include "stream.h"

enum {
	LINKS = 32,
	TAGS = 1 << 14, /* deliver_sm without a response on one session */
	LIVES = 1 << 12,
	RECEIPTS = 1 << 14,
	OUTPUT_SLACK = 1 << 19 /* a session with more to write gets no deliver_sm */
};

#define NO_TAG UINT32_MAX

struct link {
	struct smsc *smsc;
	struct io_stream *stream;
	struct buf input;
	uint32_t sequence, life;
	size_t open;
	uint64_t submits, paused_us; /* since when it is not read; 0: it is */
	bool receives, deaf;
	uint32_t tags[TAGS]; /* by sequence_number; tag + 1, 0: free */
};

/* A receipt: its addresses turned, and the session of its submit, which is only compared. */
struct receipt {
	uint64_t due_us, id;
	const struct link *submitter;
	char from[22], to[22];
};

/* A response that waits for its time. */
struct held {
	uint64_t due_us;
	uint32_t life, sequence;
	uint64_t id;
	struct link *link;
};

struct smsc {
	struct smsc_options o;
	struct smsc_events events;
	void *arg;
	struct io_loop *loop;
	const struct clock *clock;
	struct io_listener *listener;
	struct link *links[LINKS];
	struct smsc_counts counts;
	size_t turn, open;
	uint64_t ids, ended_us[LIVES];
	struct held *held; /* a ring: all wait for the same time */
	size_t held_first, held_count, held_size;
	struct receipt receipts[RECEIPTS]; /* a ring as well; one too many is not sent */
	size_t receipts_first, receipts_count;
	double tokens;
	uint64_t ticked_us;
};

uint64_t smsc_now_us(const struct smsc *s);
/** Sends it over k; false: no room. */
bool smsc_deliver_over(struct link *k, const struct smpp_deliver_sm *sm, uint32_t tag);
void smsc_answer_submit(struct link *k, uint32_t sequence, uint64_t id);

/** The status for the next submit. */
uint32_t smsc_verdict(struct smsc *s);
/** Its response leaves when it is time. */
void smsc_hold_answer(struct link *k, uint32_t sequence, uint64_t id);
/** So does its receipt. */
void smsc_make_receipt(struct link *k, const struct smpp_submit_sm *sm, uint64_t id);
/** Octets were read: how k goes on reading. */
void smsc_pause_reading(struct link *k);

#endif
