/*
 * A rate with a burst, as the time at which the next one is due (the generic cell rate algorithm):
 * one number instead of a bucket that somebody must fill. In any span of time t at most
 * rate * t + burst go through.
 */
#ifndef PH_GCRA_H
#define PH_GCRA_H

#include "base.h"

struct gcra {
	uint64_t step_ns; /* between two at the rate; 0: no limit */
	uint64_t lead_ns; /* how far the burst may run ahead */
	uint64_t due_ns;  /* when the next is due by the rate alone */
};

/** rate a second, 0 for no limit; a burst of 0 counts as 1. */
static inline void gcra_init(struct gcra *g, unsigned rate, unsigned burst)
{
	g->step_ns = rate ? (UINT64_C(1000000000) + rate - 1) / rate : 0;
	g->lead_ns = burst > 1 ? (burst - 1) * g->step_ns : 0;
	g->due_ns = 0;
}

/** As if the whole burst had gone this very moment. */
static inline void gcra_empty(struct gcra *g, uint64_t now_us)
{
	g->due_ns = now_us * 1000 + g->lead_ns + g->step_ns;
}

/** For how long none may go, us; 0: one may now. */
static inline uint64_t gcra_wait_us(const struct gcra *g, uint64_t now_us)
{
	uint64_t from = g->due_ns > g->lead_ns ? g->due_ns - g->lead_ns : 0;

	if (!g->step_ns || from <= now_us * 1000)
		return 0;
	return (from - now_us * 1000 + 999) / 1000;
}

/** One goes. */
static inline void gcra_take(struct gcra *g, uint64_t now_us)
{
	if (g->due_ns < now_us * 1000)
		g->due_ns = now_us * 1000;
	g->due_ns += g->step_ns;
}

#endif
