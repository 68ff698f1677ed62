/*
 * UTF-8 (RFC 3629): checked decoding and encoding, one code point at a time. Overlong forms,
 * surrogates and everything past U+10FFFF are errors.
 */
#ifndef PH_UTF8_H
#define PH_UTF8_H

#include "buf.h"

#define UTF8_REPLACEMENT 0xFFFDU

/** The code point at the front of *s, which moves past it. -EBADMSG: s is not moved. s not empty.
 */
int utf8_next(struct span *s, uint32_t *out) MUST_CHECK;

/** Writes a code point; a surrogate or one past U+10FFFF is written as U+FFFD. */
void utf8_put(struct buf *b, uint32_t code);

bool utf8_valid(struct span s);

/** Code points in valid text; in invalid text each bad octet counts as one. */
size_t utf8_count(struct span s);

/** The longest prefix of at most max octets that does not cut a code point. */
struct span utf8_cut(struct span s, size_t max);

#endif
