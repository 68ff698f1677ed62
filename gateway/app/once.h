/*
 * An id from outside that may do its work once: remembers in Redis which body it came with and
 * what followed, so that a repeat is told the same and another body is refused.
 */
#ifndef PH_ONCE_H
#define PH_ONCE_H

#include "digest.h"
#include "redis.h"

enum { ONCE_KEY_SIZE = 80 };

struct once {
	char key[ONCE_KEY_SIZE];
	char fingerprint[DIGEST_HEX_SIZE];
	uint64_t ttl_ms;
};

/** kind is a short literal; id any octets; body what must be the same again. */
void once_init(struct once *once, const char *kind, struct span id, struct span body,
               uint64_t ttl_ms);

/**
 * err 0: ours to do (again): result is empty, or what once_settle() kept. -EEXIST: the id came with
 * another body. -ENOTCONN, -ETIMEDOUT: Redis is away.
 */
typedef void once_fn(void *arg, int err, struct span result);
int once_claim(struct redis *redis, const struct once *once, once_fn *fn, void *arg) MUST_CHECK;
/** Keeps the result. Not waited for: without it a repeat does the work again, which is idempotent.
 */
void once_settle(struct redis *redis, const struct once *once, struct span result);
/** The work cannot be done: forgets the claim, so that a mended body may use the id. */
void once_release(struct redis *redis, const struct once *once);

#endif
