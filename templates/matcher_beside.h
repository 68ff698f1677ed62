/*
 * Work that runs beside other work, on a thread of its own, where neither needs anything of the
 * other: what they find does not depend on when. The thread has the priority of who begins it.
 */
#ifndef PH_MATCHER_BESIDE_H
#define PH_MATCHER_BESIDE_H

#include "base.h"

#include <pthread.h>

struct matcher_beside {
	void *(*work)(void *arg);
	void *arg;
	pthread_t thread;
	bool begun;
};

/** Begins work(arg) on a thread; where none is to be had, matcher_beside_end() does it. */
void matcher_beside_begin(struct matcher_beside *b, void *(*work)(void *arg), void *arg);
/** The work is done after this. */
void matcher_beside_end(struct matcher_beside *b);

#endif
