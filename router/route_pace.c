/*
 * The contract of an account. One node holds it: a bucket in memory is enough, and who takes an
 * account over begins with an empty one, as if the burst had gone the moment before; so no takeover
 * exceeds the contract. All nodes may hold it: the bucket is in Redis (ph_rate_take), and a node
 * takes a slice at a time, good for a tenth of a second; the bucket is that much less deep, so
 * that a slice used late does not exceed the contract either.
 */
#include "router_private.h"

#include <stdlib.h>

enum {
	SLICE_US = 100000, /* how long what was taken is good */
	SLICES_PER_S = 10, /* the same as a share of the rate */
	ASKING_MS = 2,     /* until it is worth looking again while Redis is asked */
	AWAY_US = 250000,  /* Redis does not answer */
	NOT_HELD_MS = 250
};

static uint64_t now_us(const struct connector_host *host)
{
	return clock_mono_us(io_loop_clock(host->router->loop));
}

void connector_contract(struct connector_host *host, unsigned rate, unsigned burst,
                        void (*fn)(void *self))
{
	struct route_pace *p = &host->route.pace;
	unsigned spare = rate / SLICES_PER_S;

	if (!burst)
		burst = spare ? spare : 1;
	p->fn = fn;
	gcra_init(&p->local, rate, burst);
	if (host->route.exclusive || !rate)
		return;
	p->rate = rate;
	p->depth = burst > spare ? burst - spare : 1;
	p->slice = 1;
}

void pace_begin(struct connector_host *host)
{
	struct route_pace *p = &host->route.pace;

	gcra_empty(&p->local, now_us(host));
	p->tokens = p->owed = 0;
}

struct take {
	struct connector_host *host;
	uint64_t asked_us;
	unsigned want;
};

/* {granted, us until the next} */
static void on_taken(void *arg, int err, const redisReply *reply, const char *why)
{
	struct take *take = arg;
	struct connector_host *host = take->host;
	struct route_pace *p = &host->route.pace;
	unsigned granted;

	(void)why;
	granted = err ? 0 : (unsigned)redis_num_at(reply, 0);
	p->asking = false;
	p->tokens = granted > p->owed ? granted - p->owed : 0;
	p->owed -= granted - p->tokens;
	p->used = 0;
	p->until_us = take->asked_us + SLICE_US;
	if (!granted)
		p->wait_us = now_us(host) + (err ? AWAY_US : redis_num_at(reply, 1));
	free(take);
	if (p->tokens && p->fn)
		p->fn(host->self);
}

/* More at once where all was used, less where some was wasted: others want it, too. */
static unsigned slice_of(struct route_pace *p)
{
	unsigned most = p->rate / SLICES_PER_S;

	if (!p->tokens && p->used)
		p->slice *= 2;
	else if (p->tokens)
		p->slice = p->used ? p->used : 1;
	if (p->slice > most)
		p->slice = most;
	if (p->slice > p->depth)
		p->slice = p->depth;
	return p->slice ? p->slice : (p->slice = 1);
}

static void ask(struct connector_host *host)
{
	struct route_pace *p = &host->route.pace;
	struct take *take = malloc(sizeof(*take));
	struct fcall_args *a = router_args(host->router);

	if (!take)
		return;
	*take = (struct take){host, now_us(host), slice_of(p)};
	if (take->want < p->owed)
		take->want = p->owed < p->depth ? p->owed : p->depth;
	p->tokens = 0;
	args_add(a, span_of(host->name));
	args_num(a, p->rate);
	args_num(a, p->depth);
	args_num(a, take->want);
	if (router_fcall(host->router, "ph_rate_take", ROUTER_CONTROL, on_taken, take)) {
		p->wait_us = now_us(host) + AWAY_US;
		free(take);
		return;
	}
	p->asking = true;
}

static uint64_t shared_wait_ms(struct connector_host *host)
{
	struct route_pace *p = &host->route.pace;
	uint64_t now = now_us(host);

	if (p->tokens && now < p->until_us)
		return 0;
	if (p->asking)
		return ASKING_MS;
	if (now >= p->wait_us)
		ask(host);
	return p->asking ? ASKING_MS : (p->wait_us - now) / 1000 + 1;
}

uint64_t connector_pace(struct connector_host *host)
{
	struct route_pace *p = &host->route.pace;
	uint64_t wait;

	if (!route_holds(host))
		return NOT_HELD_MS;
	if (p->rate)
		return shared_wait_ms(host);
	wait = gcra_wait_us(&p->local, now_us(host));
	return (wait + 999) / 1000;
}

void connector_paced(struct connector_host *host)
{
	struct route_pace *p = &host->route.pace;

	if (p->rate && p->tokens) {
		p->tokens--;
		p->used++;
	} else if (p->rate) {
		p->owed++; /* one request may be many parts */
	} else if (p->local.step_ns) {
		gcra_take(&p->local, now_us(host));
	}
}
