/*
 * How an account fares, for whoever chooses between several. Unbound is down. Throttled lasts as
 * long as its peer's pause. Too large a share of failures opens a breaker: nothing new is routed to
 * it for a while, which doubles each time; then one message a second probes, and five in a row that
 * go well close it. What comes back after an outage probes, too, until it has been up for a few
 * seconds. Who holds the account decides, the others hear it with the lease.
 */
#include "router_private.h"

#include <stdio.h>

enum {
	WINDOW_MS = 20000,
	RESULTS_LEAST = 20, /* in a window, before its share says anything */
	BAD_SHARE = 50,     /* per cent that open the breaker */
	REST_MS = 10000,
	REST_MOST_MS = 300000,
	PROBES_GOOD = 5,
	SETTLED_MS = 3000 /* up for so long: it is back */
};

static uint64_t now_ms(const struct connector_host *host)
{
	return clock_mono_ms(io_loop_clock(host->router->loop));
}

static bool rests(const struct route_breaker *b, uint64_t now)
{
	return b->opened_ms && now < b->opened_ms + b->rest_ms;
}

static enum route_health judge(const struct connector_host *host)
{
	const struct route_channel *c = &host->route;
	uint64_t now = now_ms(host);

	if (!router_host_sends(host) || c->stopping)
		return HEALTH_DOWN;
	if (rests(&c->breaker, now))
		return HEALTH_FAILING;
	if (now < c->throttled_until_ms)
		return HEALTH_THROTTLED;
	if (c->breaker.opened_ms || now < c->up_since_ms + SETTLED_MS)
		return HEALTH_PROBING;
	return HEALTH_UP;
}

bool health_tick(struct connector_host *host)
{
	struct route_channel *c = &host->route;
	enum route_health is = judge(host);
	bool changed = is != c->health;

	if (changed && (is == HEALTH_FAILING || c->health == HEALTH_FAILING))
		log_warn(&host->log, EVENT("channel.health"), STR("is", health_name(is)));
	c->health = is;
	*c->gauge = (uint64_t)health_of(host);
	return changed;
}

static void changed(struct connector_host *host)
{
	if (health_tick(host) && host->route.exclusive)
		route_sync(host->router);
}

void health_on_state(struct connector_host *host)
{
	struct route_channel *c = &host->route;

	if (!router_host_sends(host))
		c->up_since_ms = 0;
	else if (!c->up_since_ms)
		c->up_since_ms = now_ms(host);
	changed(host);
}

void connector_throttled(struct connector_host *host, uint64_t ms)
{
	struct route_channel *c = &host->route;

	c->throttled_ms = router_now(host->router);
	c->throttled_until_ms = now_ms(host) + ms;
	changed(host);
}

static void open_breaker(struct route_breaker *b, uint64_t now)
{
	b->rest_ms = b->rest_ms ? b->rest_ms * 2 : REST_MS;
	if (b->rest_ms > REST_MOST_MS)
		b->rest_ms = REST_MOST_MS;
	b->opened_ms = now;
	b->probes = b->good = b->bad = 0;
	b->window_ms = now;
}

static void close_breaker(struct route_breaker *b, uint64_t now)
{
	*b = (struct route_breaker){.window_ms = now};
}

static void count(struct route_breaker *b, bool good, uint64_t now)
{
	if (b->opened_ms) {
		if (rests(b, now))
			return; /* what was under way when it opened says nothing new */
		b->probes = good ? b->probes + 1 : 0;
		if (!good)
			open_breaker(b, now);
		else if (b->probes >= PROBES_GOOD)
			close_breaker(b, now);
		return;
	}
	if (now >= b->window_ms + WINDOW_MS) {
		b->good = b->bad = 0;
		b->window_ms = now;
	}
	*(good ? &b->good : &b->bad) += 1;
	if (b->good + b->bad >= RESULTS_LEAST && b->bad * 100 >= (b->good + b->bad) * BAD_SHARE)
		open_breaker(b, now);
}

/* A number that does not exist says nothing of the account, and neither does what was no attempt.
 * A connection that breaks is one failure, however much was out over it. */
static bool blames_account(const struct send_result *result)
{
	enum {
		BLAMELESS = SEND_BAD_ADDRESS | SEND_WINDOW_CLOSED | SEND_BUDGET_USED |
		            SEND_NOT_COUNTED | SEND_SAME_CAUSE
	};

	return (result->outcome == SEND_UNCERTAIN || result->outcome == SEND_REFUSED ||
	        result->outcome == SEND_RETRY) &&
	       !(result->flags & BLAMELESS);
}

void health_on_outcome(struct connector_host *host, const struct send_result *result)
{
	struct route_channel *c = &host->route;
	bool bad = blames_account(result);

	if (result->outcome != SEND_OK && result->code) {
		snprintf(c->last_error, sizeof(c->last_error), "%s", result->code);
		c->last_error_ms = router_now(host->router);
	}
	if (!bad && result->outcome != SEND_OK)
		return;
	if (bad && c->stopping)
		return; /* what a stop cuts off is nobody's fault */
	count(&c->breaker, !bad, now_ms(host));
	changed(host);
}

enum route_health health_of(const struct connector_host *host)
{
	const struct route_channel *c = &host->route;

	if (c->want != WANT_START)
		return HEALTH_DOWN;
	if (c->exclusive && !c->running)
		return c->shared;
	return judge(host);
}
