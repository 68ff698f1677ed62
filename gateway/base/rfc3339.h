/* Points in time as RFC 3339 writes them, read and written: "2026-03-01T09:00:00+08:00". */
#ifndef PH_RFC3339_H
#define PH_RFC3339_H

#include "span.h"

enum { RFC3339_SIZE = 25 }; /* with ms and the NUL */

/**
 * To ms since 1970 UTC. T, t or a space between date and time; a fraction of any length (cut to
 * ms); Z, z or an offset, which must be there; a leap second counts as the second after it.
 * -EBADMSG: not such a time; -ERANGE: before 1970.
 */
int rfc3339_parse(struct span text, uint64_t *out_ms) MUST_CHECK;

/** "2026-03-01T01:00:00Z" of ms since 1970; past the year 9999 its last moment. Returns out. */
const char *rfc3339_format(uint64_t ms, char out[RFC3339_SIZE]);
/** The same with milliseconds: "2026-03-01T01:00:00.250Z". */
const char *rfc3339_format_ms(uint64_t ms, char out[RFC3339_SIZE]);

#endif
