/*
 * Coarse deadlines for very many: one timer for all of them, a constant cost to set, move or drop
 * one. Right to a tick (250 ms), late, never early.
 */
#ifndef PH_WHEEL_H
#define PH_WHEEL_H

#include "loop.h"

/** Lives in its owner; zeroed at first. */
struct io_wheel_entry {
	struct io_wheel_entry *next, **at; /* at NULL: not set */
	uint64_t due_ms;
};

struct io_wheel;

/** fn is called with an entry that is due; it is not set any more then. */
typedef void io_wheel_fn(struct io_wheel_entry *entry);
int io_wheel_create(struct io_loop *loop, const char *name, io_wheel_fn *fn,
                    struct io_wheel **out) MUST_CHECK;
/** Every entry must have been stopped. */
void io_wheel_destroy(struct io_wheel **wheel);
/** Due in ms from now; moves an entry that is set. */
void io_wheel_set(struct io_wheel *wheel, struct io_wheel_entry *entry, uint64_t ms);
void io_wheel_stop(struct io_wheel *wheel, struct io_wheel_entry *entry);

#endif
