/*
 * How fast messages leave by a channel, and how many a node therefore takes into its hands ahead:
 * enough that none waits for Redis, and not many more, for what a node that is killed had in hand
 * and was to be sent once only is unknown, though most of it was never written.
 */
#ifndef PH_OUTFLOW_H
#define PH_OUTFLOW_H

#include "base.h"

/* All zero: nothing has left yet. */
struct outflow {
	uint64_t slice;      /* a span of mono_ms */
	size_t left, before; /* in that one, and in the one before it */
};

/** A message left at mono_ms, which does not go backwards. */
void outflow_count(struct outflow *f, uint64_t mono_ms);

/** How many left in the last half to whole second. */
size_t outflow_lately(const struct outflow *f, uint64_t mono_ms);

/** How many to ask for at once, at most `most`. Where nothing is known yet, all. */
size_t outflow_claim(size_t lately, size_t most);

/** Whether more are to be asked for while so many wait; at most `most` of them. */
bool outflow_wants(size_t lately, size_t waiting, size_t most);

#endif
