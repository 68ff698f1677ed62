/* One channel after the other, so that a node asks little of Redis at once. */
#include "dead_watch.h"

#include "metrics.h"

#include <stdlib.h>

enum { ROUND_MS = 5000 };

struct dead_watch {
	struct router *router;
	struct io_timer *timer;
	uint64_t **gauges; /* one a channel */
	const char **names;
	size_t count, at;
	bool asking;
};

static void ask(struct dead_watch *w);

static void on_count(void *arg, const struct router_error *error, uint64_t count)
{
	struct dead_watch *w = arg;

	w->asking = false;
	if (error->err)
		return; /* the next round */
	*w->gauges[w->at++] = count;
	ask(w);
}

static void ask(struct dead_watch *w)
{
	if (w->at < w->count)
		w->asking = !router_dead_count(w->router, span_of(w->names[w->at]), on_count, w);
}

static void on_round(void *arg)
{
	struct dead_watch *w = arg;

	if (w->asking)
		return;
	w->at = 0;
	ask(w);
}

int dead_watch_create(struct io_loop *loop, struct router *router, const struct config *config,
                      struct dead_watch **out)
{
	struct dead_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->router = router;
	w->gauges = calloc(config->channel_count + 1, sizeof(*w->gauges));
	w->names = calloc(config->channel_count + 1, sizeof(*w->names));
	err = w->gauges && w->names ? 0 : -ENOMEM;
	for (; !err && w->count < config->channel_count; w->count++) {
		w->names[w->count] = config->channels[w->count].name;
		w->gauges[w->count] =
			metric_get(METRIC_GAUGE, "posthouse_dead_letters",
		                   "Messages that finally failed and wait for somebody", "channel",
		                   w->names[w->count]);
	}
	if (!err)
		err = io_timer_create(loop, "dead.round", on_round, w, &w->timer);
	if (err)
		dead_watch_destroy(&w);
	else
		*out = w;
	return err;
}

void dead_watch_start(struct dead_watch *w)
{
	io_timer_start(w->timer, 0, ROUND_MS);
}

void dead_watch_destroy(struct dead_watch **watch)
{
	struct dead_watch *w = *watch;

	if (!w)
		return;
	io_timer_destroy(&w->timer);
	free(w->gauges);
	free(w->names);
	free(w);
	*watch = NULL;
}
