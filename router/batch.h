/*
 * Calls of one Redis function that takes many of its kind at once. What is asked for while a call
 * of the same partition is under way is gathered and goes in the next one: nobody waits for
 * company, and under load a call carries many.
 */
#ifndef PH_BATCH_H
#define PH_BATCH_H

#include "buf.h"
#include "redis.h"

struct router;
struct batch;

/** Packs the first argument, which the calls of one function have in common. */
typedef void batch_common_fn(void *arg, struct buf *b);

/**
 * function is borrowed for ever. gather_ms: how long the first of a call waits for more; 0: until
 * the present turn of the loop is over.
 */
int batch_create(struct router *router, const char *function, uint64_t gather_ms,
                 batch_common_fn *common, void *arg, struct batch **out) MUST_CHECK;
/** What was not told yet is told -ECANCELED. */
void batch_destroy(struct batch **batch);

/** Where to pack the next item's one argument; then batch_add(). */
struct buf *batch_item(struct batch *batch, unsigned partition);
/**
 * Adds what was packed. fn is called later, as of redis_fcall(), with this item's element of the
 * reply. -ENOTCONN, -EAGAIN (too many wait), -EMSGSIZE: the item is gone, fn is not called.
 */
int batch_add(struct batch *batch, unsigned partition, redis_fn *fn, void *arg) MUST_CHECK;
/** Sends what waits for company. */
void batch_flush(struct batch *batch);

#endif
