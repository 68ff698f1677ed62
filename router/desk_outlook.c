/*
 * What somebody who asks for a person now is up against: whether anybody is there, who waits before
 * them. Each node looks at the desk every second and soon after something changed there, so that
 * what the bot says costs no call of its own; it may be a moment old.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUTLOOK_WORDS = 6, LOOK_SOON_MS = 100, MINUTE_MS = 60000, WAIT_MOST_MIN = 999 };

struct outlook {
	char name[64];
	uint64_t waiting, agents, places, free, usual_ms;
};

struct desk_outlook {
	struct io_timer *soon;
	bool known, asking;
	size_t count;
	struct outlook queues[DESK_QUEUES_MAX];
};

static void show(const struct outlook *q)
{
	*metric_get(METRIC_GAUGE, "posthouse_queue_waiting", "Sessions that wait for an agent",
	            "queue", q->name) = q->waiting;
	*metric_get(METRIC_GAUGE, "posthouse_queue_agents", "Agents available for the queue",
	            "queue", q->name) = q->agents;
	*metric_get(METRIC_GAUGE, "posthouse_queue_free", "Sessions more that they may have",
	            "queue", q->name) = q->free;
}

static void on_looked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct desk_outlook *o = arg;

	(void)why;
	o->asking = false;
	if (err || !reply || reply->type != REDIS_REPLY_ARRAY) {
		o->known = false; /* what is not known is not said */
		return;
	}
	o->known = true;
	o->count = 0;
	for (size_t i = 0; i + OUTLOOK_WORDS <= reply->elements && o->count < DESK_QUEUES_MAX;
	     i += OUTLOOK_WORDS) {
		struct outlook *q = &o->queues[o->count++];

		snprintf(q->name, sizeof(q->name), "%.*s", SPAN_FMT(redis_text_at(reply, i)));
		q->waiting = redis_num_at(reply, i + 1);
		q->agents = redis_num_at(reply, i + 2);
		q->places = redis_num_at(reply, i + 3);
		q->free = redis_num_at(reply, i + 4);
		q->usual_ms = redis_num_at(reply, i + 5);
		show(q);
	}
}

void desk_look(struct router *r)
{
	struct fcall_args *a = router_args(r);

	if (r->outlook->asking)
		return;
	args_num(a, router_now(r));
	args_num(a, DESK_QUEUES_MAX);
	r->outlook->asking =
		router_fcall(r, "ph_desk_outlook", ROUTER_DESK, on_looked, r->outlook) == 0;
}

static void on_soon(void *arg)
{
	struct router *r = arg;

	if (r->up && !r->draining)
		desk_look(r);
}

void desk_changed(struct router *r)
{
	if (!io_timer_active(r->outlook->soon))
		io_timer_start(r->outlook->soon, LOOK_SOON_MS, 0);
}

static struct outlook *outlook_of(const struct router *r, struct span queue)
{
	struct desk_outlook *o = r->outlook;

	for (size_t i = 0; i < o->count; i++)
		if (span_is(queue, o->queues[i].name))
			return &o->queues[i];
	return NULL;
}

/* With all places taken one becomes free every usual time / places. */
static unsigned minutes_for(const struct outlook *q, uint64_t place)
{
	uint64_t minutes;

	if (!q->usual_ms || !q->places)
		return 0;
	minutes = (place * q->usual_ms / q->places + MINUTE_MS - 1) / MINUTE_MS;
	return minutes > WAIT_MOST_MIN ? 0 : minutes ? (unsigned)minutes : 1;
}

struct bot_desk desk_outlook(const struct router *r, struct span queue)
{
	const struct outlook *q = outlook_of(r, queue);
	bool all = r->outlook->count < DESK_QUEUES_MAX; /* else it may be one of the others */
	struct bot_desk desk = {.known = r->up && r->outlook->known && (q || all)};

	if (!desk.known || !q || !q->agents) /* of a queue that is not there nobody is */
		return desk;
	desk.agents = (unsigned)q->agents;
	if (q->free > q->waiting)
		return desk;
	desk.place = (unsigned)(q->waiting - q->free + 1);
	desk.wait_min = minutes_for(q, desk.place);
	return desk;
}

void desk_waits(struct router *r, struct span queue)
{
	struct outlook *q = outlook_of(r, queue);

	if (q)
		q->waiting++;
}

int desk_outlook_init(struct router *r)
{
	r->outlook = calloc(1, sizeof(*r->outlook));
	return r->outlook ? io_timer_create(r->loop, "router.desk", on_soon, r, &r->outlook->soon)
	                  : -ENOMEM;
}

void desk_outlook_fini(struct router *r)
{
	if (!r->outlook)
		return;
	io_timer_destroy(&r->outlook->soon);
	free(r->outlook);
	r->outlook = NULL;
}
