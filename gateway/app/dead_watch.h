/* How many dead letters each channel has, as a gauge: the figure that an operations team watches.
 */
#ifndef PH_DEAD_WATCH_H
#define PH_DEAD_WATCH_H

#include "config.h"
#include "loop.h"
#include "router.h"

struct dead_watch;

int dead_watch_create(struct io_loop *loop, struct router *router, const struct config *config,
                      struct dead_watch **out) MUST_CHECK;
/** Begins to count. */
void dead_watch_start(struct dead_watch *watch);
/** After Redis' end. Accepts NULL inside and sets it NULL. */
void dead_watch_destroy(struct dead_watch **watch);

#endif
