/* Is this Redis fit for us: does it keep what is written, does it hold our functions. Inside of
 * redis.c. */
#ifndef PH_REDIS_CHECK_H
#define PH_REDIS_CHECK_H

#include "redis_link.h"

struct redis_check;

/**
 * Writes a key that ends by itself ("posthouse:probe"), and loads each library whose text differs.
 * fn(arg, 0, ...) when all is well, else an error and why; not after redis_check_cancel().
 * libraries is borrowed until then.
 */
int redis_check_start(struct redis_link *link, const struct redis_library *libraries, size_t count,
                      redis_fn *fn, void *arg, struct redis_check **out) MUST_CHECK;
void redis_check_cancel(struct redis_check **check);

#endif
