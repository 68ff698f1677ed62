/*
 * Time as the test's process has it: while the machine lets it wait, none passes. For programs
 * whose far end lives in their own process (SMSC, platform, HTTP server); to be linked with it is
 * enough. Not beside a Redis, which lets leases end by its own clock.
 */
#ifndef PH_STEADY_H
#define PH_STEADY_H

/** The most that passes from one look at the clock to the next: more than a tick of a test. */
enum { STEADY_STEP_MS = 8 };

#endif
