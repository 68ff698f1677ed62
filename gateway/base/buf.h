/*
 * A growing buffer with a limit: what encoders write into. The first write that does not fit
 * makes it bad and later writes do nothing, so an encoder asks once, at the end.
 */
#ifndef PH_BUF_H
#define PH_BUF_H

#include "span.h"

struct buf {
	char *data;
	size_t len, size, limit;
	int err; /* 0, -EMSGSIZE over the limit, -ENOMEM */
};

/** An empty buffer that never holds more than limit octets; nothing is allocated yet. */
void buf_init(struct buf *b, size_t limit);
/** Frees the octets; the buffer is empty again and may be used again. */
void buf_fini(struct buf *b);
/** Forgets content and error, keeps the memory. */
void buf_clear(struct buf *b);

/** Room for len more octets to be written at the returned place, then buf_add_len(); or NULL. */
char *buf_room(struct buf *b, size_t len);
void buf_add_len(struct buf *b, size_t len);

void buf_add(struct buf *b, struct span s);
void buf_str(struct buf *b, const char *s);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/** The span and a NUL: a C-Octet String. A NUL inside is the caller's bug. */
void buf_cstr(struct buf *b, struct span s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Overwrites four octets at offset at, which must have been written: for length fields. */
void buf_put_u32(struct buf *b, size_t at, uint32_t v);
/** Drops the first len octets. */
void buf_drop(struct buf *b, size_t len);

/** What was written; borrowed until the next call that changes b. */
struct span buf_span(const struct buf *b);
int buf_check(const struct buf *b) MUST_CHECK;

#endif
