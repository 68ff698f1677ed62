/* What the tests with real sockets share: waiting for something under a deadline. */
#ifndef PH_IO_TEST_H
#define PH_IO_TEST_H

#include "loop.h"
#include "unit.h"

/*
 * Milliseconds here are those that the process had: what the machine gave to others while we
 * waited to go on counts as a moment. As many have passed in the world, or more.
 */

/** Turns the loop until done(arg), or fails the test after ms. */
void io_wait(struct io_loop *loop, bool (*done)(const void *arg), const void *arg, uint64_t ms);
/** Turns the loop for about ms: to see that something does not happen. */
void io_idle(struct io_loop *loop, uint64_t ms);
/** How many the two above have spent: to say how long something took at most. */
uint64_t io_had_ms(void);
/** A done for io_wait(): *(const bool *)arg. */
bool io_is_true(const void *arg);

/** A socket that the test handles itself, blocking, connected to 127.0.0.1:port. */
int io_raw_connect(uint16_t port);

#endif
