/* Levels are kept in thousandths, so that slow rates do not lose what a call earns. */
#include "webchat_limit.h"

enum { THOUSAND = 1000 };

void webchat_bucket_init(struct webchat_bucket *b, unsigned most, uint64_t now_ms)
{
	*b = (struct webchat_bucket){now_ms, (uint64_t)most * THOUSAND};
}

static void fill(struct webchat_bucket *b, unsigned most, uint64_t per_ms, uint64_t now_ms)
{
	uint64_t full = (uint64_t)most * THOUSAND;
	uint64_t passed = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
	uint64_t earned = passed >= per_ms ? full : passed * full / per_ms;

	if (!earned)
		return; /* the time stays to be counted with the next call's */
	b->level = b->level + earned > full ? full : b->level + earned;
	b->at_ms = now_ms;
}

uint64_t webchat_bucket_take(struct webchat_bucket *b, unsigned most, uint64_t per_ms,
                             unsigned cost, uint64_t now_ms)
{
	uint64_t want = (uint64_t)cost * THOUSAND, rate = (uint64_t)most * THOUSAND;

	if (!most)
		return 0;
	fill(b, most, per_ms, now_ms);
	if (b->level < want)
		return ((want - b->level) * per_ms + rate - 1) / rate;
	b->level -= want;
	return 0;
}

bool webchat_bucket_full(const struct webchat_bucket *b, uint64_t per_ms, uint64_t now_ms)
{
	return now_ms >= b->at_ms + per_ms;
}
