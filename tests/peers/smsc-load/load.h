/*
 * The load: customers who each ask, wait for their answer and ask again, over whatever sessions the
 * ESME binds, at a rate or as fast as the window allows.
 */
#ifndef PH_SMSC_LOAD_H
#define PH_SMSC_LOAD_H

#include "loop.h"

struct load_options {
	const char *host, *system_id, *password, *short_code;
	const char *texts[16]; /* what they ask, in turn */
	size_t text_count;
	uint16_t port;
	unsigned rate;    /* questions a second; 0: as the window allows */
	unsigned window;  /* deliver_sm without a response, all sessions together */
	unsigned numbers; /* customers; each has at most one question open */
	uint64_t first_number;
	unsigned seconds, warmup_s, linger_s, wait_s;
	unsigned ask_again_ms; /* a customer whose answer did not come asks again; 0: never */
	bool receipts;         /* says DELIVRD of each submit */
};

struct load;

/** Listens. *port gets the real one. */
int load_open(struct io_loop *loop, const struct load_options *options, struct load **out,
              uint16_t *port) MUST_CHECK;
/** Runs until it is over, then prints one JSON object with a newline. */
void load_run(struct load *load);
void load_close(struct load **load);

#endif
