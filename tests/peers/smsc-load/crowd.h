/*
 * Customers of one operator: each asks, waits for the answer and asks again (or is done), at a rate
 * or as fast as the window allows. What was not acknowledged when its session ended, or was put off
 * with a temporary error, is delivered again, as an SMSC does.
 */
#ifndef PH_LOAD_CROWD_H
#define PH_LOAD_CROWD_H

#include "samples.h"
#include "smsc.h"

enum { CROWD_TEXTS = 16, CROWD_BREAKS = 64 };

struct crowd_options {
	const char *texts[CROWD_TEXTS]; /* what they ask, in turn */
	size_t text_count;
	const char *short_code;
	uint64_t first_number;
	unsigned numbers;
	unsigned rate;         /* questions a second; 0: as the window allows */
	unsigned window;       /* deliver_sm without a response */
	unsigned ask_again_ms; /* a customer whose answer did not come asks again; 0: never */
	bool once;             /* each asks one time only */
};

struct customer {
	uint64_t asked_us;    /* 0: never, or answered */
	uint64_t answered_us; /* the last time */
	uint32_t life;        /* the session of that answer */
	bool waits, acknowledged;
	bool counted;   /* asked within the measured time */
	bool on_wire;   /* its deliver_sm has no response yet */
	bool due;       /* in the list of what is delivered again */
	uint8_t copies; /* answers to one question */
};

struct crowd_counts {
	uint64_t asked, acknowledged, put_off, redelivered, answered, unasked;
	uint64_t asked_in, answered_in; /* within the measured time */
	uint64_t doubled;               /* answered again although the answer before was settled */
	uint64_t doubled_unknown;       /* the answer before may have been lost with its session */
};

struct crowd {
	struct crowd_options o;
	struct smsc *smsc;
	const struct clock *clock;
	struct customer *customers;
	uint32_t *again; /* customers whose question is delivered again, a ring of numbers + 1 */
	size_t again_first, again_count;
	uint64_t again_us; /* not before */
	size_t next, waiting;
	double tokens;
	uint64_t ticked_us, from_us,
		until_us;   /* the measured time; until: also no more questions */
	uint64_t broken_us; /* since when nothing was acknowledged */
	double back_ms[CROWD_BREAKS];
	size_t back_count;
	struct crowd_counts counts;
	struct samples answers;
};

int crowd_init(struct crowd *c, const struct crowd_options *options,
               const struct clock *clock) MUST_CHECK;
void crowd_begin(struct crowd *c, struct smsc *smsc, uint64_t from_us, uint64_t until_us);
/** Asks what may be asked now. */
void crowd_pour(struct crowd *c);
/** To be called each millisecond. */
void crowd_tick(struct crowd *c);
/** A submit_sm came; false: not to a customer of this crowd. */
bool crowd_answered(struct crowd *c, uint64_t number, uint32_t life);
void crowd_deliver_resp(struct crowd *c, uint32_t tag, uint32_t status);
void crowd_deliver_lost(struct crowd *c, uint32_t tag);
/** Nothing is waited for. */
bool crowd_done(const struct crowd *c);
/** Questions that were acknowledged and have no answer. */
uint64_t crowd_lost(const struct crowd *c);
void crowd_fini(struct crowd *c);

#endif
