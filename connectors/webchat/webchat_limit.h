/* A token bucket: so many at once, so many in a time. Plain arithmetic on a clock of ms. */
#ifndef PH_WEBCHAT_LIMIT_H
#define PH_WEBCHAT_LIMIT_H

#include "base.h"

struct webchat_bucket {
	uint64_t at_ms;
	uint64_t level; /* what is left, in thousandths */
};

/** Full, at a time: most may be taken at once. */
void webchat_bucket_init(struct webchat_bucket *b, unsigned most, uint64_t now_ms);

/**
 * Takes cost out of a bucket of most, which fills up in per_ms. 0, or the ms until that much will
 * be there. most 0: no limit. A clock that goes back gives nothing.
 */
uint64_t webchat_bucket_take(struct webchat_bucket *b, unsigned most, uint64_t per_ms,
                             unsigned cost, uint64_t now_ms);

/** Is it as good as new? Then whoever keeps it may forget it. */
bool webchat_bucket_full(const struct webchat_bucket *b, uint64_t per_ms, uint64_t now_ms);

#endif
