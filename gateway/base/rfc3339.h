/* Points in time as RFC 3339 writes them: "2026-03-01T09:00:00+08:00". */
#ifndef PH_RFC3339_H
#define PH_RFC3339_H

#include "span.h"

/**
 * To ms since 1970 UTC. T, t or a space between date and time; a fraction of any length (cut to
 * ms); Z, z or an offset, which must be there; a leap second counts as the second after it.
 * -EBADMSG: not such a time; -ERANGE: before 1970.
 */
int rfc3339_parse(struct span text, uint64_t *out_ms) MUST_CHECK;

#endif
