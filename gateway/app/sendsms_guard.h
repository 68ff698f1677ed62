/*
 * What keeps /cgi-bin/sendsms from being tried out and from being overrun: wrong passwords are
 * counted for each name and address they come from, messages for each user.
 */
#ifndef PH_SENDSMS_GUARD_H
#define PH_SENDSMS_GUARD_H

#include "span.h"

struct sendsms_guard;

enum { SENDSMS_FAILURES_MAX = 10, SENDSMS_FAILURES_MS = 60000, SENDSMS_GUARD_MAX = 4096 };

int sendsms_guard_create(struct sendsms_guard **out) MUST_CHECK;
void sendsms_guard_destroy(struct sendsms_guard **guard);

/** False: too many wrong passwords for that name came from there; the right one is not looked at.
 */
bool sendsms_guard_open(struct sendsms_guard *guard, const char *from, struct span name,
                        uint64_t now_ms);
/** A wrong password. */
void sendsms_guard_failed(struct sendsms_guard *guard, const char *from, struct span name,
                          uint64_t now_ms);

/** Takes count messages out of what rate allows in a second (0: anything); at is the user's own.
 * 0, or in how many ms to ask again: nothing was taken. */
uint64_t sendsms_guard_pace(uint64_t *at_us, int64_t rate, size_t count, uint64_t now_us);

#endif
