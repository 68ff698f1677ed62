/*
 * The load: operators, a crowd of customers at each, and posts to an HTTP interface; how long it
 * goes on, and what is told at the end.
 */
#ifndef PH_SMSC_LOAD_H
#define PH_SMSC_LOAD_H

#include "crowd.h"
#include "posts.h"

enum { LOAD_OPERATORS = 64 };

struct load_options {
	struct smsc_options smsc; /* port and habits come from below */
	struct smsc_habits habits[LOAD_OPERATORS];
	uint16_t ports[LOAD_OPERATORS];
	unsigned operators;
	struct crowd_options crowd; /* of each operator; numbers 0: nobody asks */
	struct posts_options posts;
	unsigned seconds, warmup_s, linger_s, wait_s;
};

struct load;

/** Listens; load_port() tells where. */
int load_open(struct io_loop *loop, const struct load_options *options,
              struct load **out) MUST_CHECK;
uint16_t load_port(const struct load *load, unsigned which);
/** Runs until it is over, then prints one JSON object with a newline. */
void load_run(struct load *load);
void load_close(struct load **load);

#endif
