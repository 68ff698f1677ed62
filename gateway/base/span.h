/*
 * A borrowed run of octets: text or binary, never NUL-terminated by promise. Who lends it says
 * for how long.
 */
#ifndef PH_SPAN_H
#define PH_SPAN_H

#include "base.h"

#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

#define SPAN_LIT(s) ((struct span){(s), sizeof(s) - 1})
#define SPAN_NONE ((struct span){NULL, 0})
/** For printf: "%.*s", SPAN_FMT(s). */
#define SPAN_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/** The octets of a C string, borrowed; NULL gives the empty span. */
static inline struct span span_of(const char *s)
{
	return (struct span){s, s ? strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
	return span_eq(a, span_of(s));
}

bool span_starts(struct span a, struct span prefix);

/** Without the white space of ASCII at both ends; borrowed from a. */
struct span span_trim(struct span a);

/** What stands before the first sep; *rest is what follows it, empty where there is none. */
struct span span_split(struct span a, char sep, struct span *rest);

/** A decimal number and nothing else. -EINVAL, -ERANGE. */
int span_u64(struct span a, uint64_t *out) MUST_CHECK;

/** A heap copy with a NUL behind it; NULL when out of memory. The caller frees. */
char *span_dup(struct span a);

/** Compares in a time that depends on the lengths only: for signatures and tokens. */
bool span_eq_secret(struct span a, struct span b);

#endif
