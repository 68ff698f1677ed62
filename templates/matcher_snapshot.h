/*
 * A trained matcher as octets and back, so that a node that starts again need not train again.
 * Training is deterministic: the same samples and the same code give the same matcher. The key
 * stands for the samples, the engine for the code; octets of another key or engine are refused.
 */
#ifndef PH_MATCHER_SNAPSHOT_H
#define PH_MATCHER_SNAPSHOT_H

#include "buf.h"
#include "matcher.h"

#define MATCHER_SNAPSHOT_MAX ((size_t)64 << 20)

/** Hash of the sources of the matcher: another one trains or asks in another way. */
uint64_t matcher_engine(void);

/** Hash of all that matcher_create() learns from. */
uint64_t matcher_key(const struct match_source *source);

/** Appends the matcher to out, whose error tells: buf_check(). */
void matcher_write(const struct matcher *m, uint64_t key, struct buf *out);

/**
 * Makes the matcher that was written, which then gives the same matches as the first one; octets
 * are not needed any more. -EBADMSG: not written by this engine for this key, cut, or changed in
 * any octet; -ENOMEM.
 */
int matcher_read(struct span octets, uint64_t key, struct matcher **out) MUST_CHECK;

#endif
