/*
 * A bounded cursor over received octets, network byte order. The first short read makes it bad
 * and later reads give zero, so a decoder runs straight through and asks once, at the end.
 */
#ifndef PH_CURSOR_H
#define PH_CURSOR_H

#include "span.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

/** Reads data, which is borrowed for as long as the cursor and its spans are used. */
struct cursor cur_open(const void *data, size_t size);

/** The same over a span. */
struct cursor cur_span(struct span s);

uint8_t cur_u8(struct cursor *c);
uint16_t cur_u16(struct cursor *c);
uint32_t cur_u32(struct cursor *c);
uint64_t cur_u64(struct cursor *c);

/** The next len octets; borrowed from c. */
struct span cur_octets(struct cursor *c, size_t len);

/** C-Octet String of at most max octets, NUL included; the span is without it (SMPP 3.4, 3.1). */
struct span cur_cstr(struct cursor *c, size_t max);

/** The next len octets as a cursor of their own: a length field cannot reach outside. */
struct cursor cur_sub(struct cursor *c, size_t len);

/** Everything that is left; the cursor is then at its end. */
struct span cur_rest(struct cursor *c);

/** Octets not yet read; 0 once bad. */
size_t cur_left(const struct cursor *c);

/** 0 when every read was inside, -EBADMSG when one was not. */
int cur_check(const struct cursor *c) MUST_CHECK;

#endif
