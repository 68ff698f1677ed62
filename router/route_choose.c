/*
 * Chooses the account for a message with what this node knows of how each fares, lets probes
 * through, and says why. The file of numbers is read on a thread of the pool.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROBE_EVERY_MS = 1000 };

static enum route_health health_here(void *arg, const char *channel)
{
	const struct connector_host *host = router_host(arg, span_of(channel));

	return host ? health_of(host) : HEALTH_DOWN;
}

/* An account that probes gets one message a second, even where another is up. */
static bool may_probe(struct connector_host *host)
{
	struct route_breaker *b = &host->route.breaker;
	uint64_t now = clock_mono_ms(io_loop_clock(host->router->loop));

	if (health_of(host) != HEALTH_PROBING || now < b->probed_ms + PROBE_EVERY_MS)
		return false;
	b->probed_ms = now;
	return true;
}

static struct connector_host *pick(struct router *r, const struct route_decision *d)
{
	for (size_t i = 0; i < d->chosen; i++) {
		struct connector_host *host = router_host(r, span_of(d->candidates[i].channel));

		if (host && may_probe(host))
			return host;
	}
	return router_host(r, span_of(d->candidates[d->chosen].channel));
}

static struct connector_host *decide(struct connector_host *host, struct span address,
                                     enum route_class class, const char *last)
{
	struct router *r = host->router;
	struct connector_host *found;
	struct route_decision d;

	if (!r->route.routes || !r->route.routes->rules.count)
		return host;
	route_decide(r->route.routes, r->route.numbers, address, class, last, health_here, r, &d);
	found = d.rule ? pick(r, &d) : NULL;
	if (!found || strcmp(found->ops->caps.scheme, host->ops->caps.scheme) != 0)
		return host;
	++*found->route.routed;
	if (strcmp(found->name, d.candidates[0].channel) != 0)
		++*found->route.failover;
	return found;
}

enum route_class route_class_of(enum lane lane, enum message_class class)
{
	static const enum route_class by_lane[LANE_COUNT] = {
		[LANE_REPLY] = ROUTE_REPLY,
		[LANE_CONFIRMATION] = ROUTE_CONFIRMATION,
		[LANE_CAMPAIGN] = ROUTE_CAMPAIGN,
	};

	return class == CLASS_0 ? ROUTE_FLASH : by_lane[lane];
}

struct connector_host *route_choose(struct connector_host *host, struct span address,
                                    enum route_class class)
{
	return decide(host, address, class, NULL);
}

struct connector_host *route_reply(struct connector_host *host, struct span address,
                                   enum route_class class)
{
	struct connector_host *other;

	if (health_of(host) >= HEALTH_PROBING)
		return host;
	other = decide(host, address, class, host->name);
	return health_of(other) > health_of(host) ? other : host;
}

bool route_has_sender(const struct connector_host *other, struct span local)
{
	return !local.len ||
	       (other->ops->caps.sender && other->ops->caps.sender(other->self, local));
}

/* The place behind host's; where it is none of the rule's each of them is after it. */
static size_t place_after(const struct route_decision *d, const struct connector_host *host)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->candidates[i].channel, host->name) == 0)
			return i + 1;
	return 0;
}

struct connector_host *route_next(struct connector_host *host, const struct message *m)
{
	enum route_class class = route_class_of(m->lane, m->service.message_class);
	struct router *r = host->router;
	struct connector_host *best = NULL;
	struct route_decision d;

	if (!r->route.routes)
		return NULL;
	route_decide(r->route.routes, r->route.numbers, m->address, class, NULL, health_here, r,
	             &d);
	for (size_t i = place_after(&d, host); i < d.count; i++) {
		struct connector_host *other = router_host(r, span_of(d.candidates[i].channel));

		if (other && health_of(other) > (best ? health_of(best) : HEALTH_DOWN) &&
		    strcmp(other->ops->caps.scheme, host->ops->caps.scheme) == 0 &&
		    route_has_sender(other, m->local))
			best = other;
	}
	return best;
}

/* --- Saying why ------------------------------------------------------------------------------- */

static const char *why(const struct route_decision *d, size_t i)
{
	const struct route_candidate *c = &d->candidates[i], *chosen = &d->candidates[d->chosen];

	if (i == d->chosen)
		return c->health == HEALTH_UP ? "the first that is up"
		                              : "none is up, and none fares better";
	if (c->health < chosen->health)
		return i < d->chosen ? "preferred, but it does not do now" : "does not do now";
	return c->weight ? "less preferred for this number" : "stands by";
}

int router_explain(struct router *r, struct span number, struct span class, router_explain_fn *fn,
                   void *arg)
{
	static const struct router_routes none;
	struct connector_host *host = router_host_of_scheme(r, SPAN_LIT("sms"));
	const struct router_routes *routes = r->route.routes ? r->route.routes : &none;
	struct router_way ways[ROUTE_TARGETS_MAX];
	enum route_class of = ROUTE_CONFIRMATION;
	struct route_decision d;
	char address[160];

	if (!host)
		return -ENOENT;
	if (class.len && route_class_parse(class, &of))
		return -EDOM;
	if (host->ops->address(host->self, number, address, sizeof(address)))
		return -EINVAL;
	route_decide(routes, r->route.numbers, span_of(address), of, NULL, health_here, r, &d);
	if (!d.rule) {
		ways[0] = (struct router_way){host->name, health_name(health_of(host)),
		                              "no rule fits: the first that sends SMS", 0, true};
		d.count = 1;
	}
	for (size_t i = 0; d.rule && i < d.count; i++)
		ways[i] = (struct router_way){d.candidates[i].channel,
		                              health_name(d.candidates[i].health), why(&d, i),
		                              d.candidates[i].weight, i == d.chosen};
	fn(arg, span_of(address), d.carrier,
	   d.rule ? (size_t)(d.rule - (const struct router_rule *)routes->rules.items) + 1 : 0,
	   ways, d.count);
	return 0;
}

void router_suppose(struct router *r, struct span channel, struct span want, struct span health)
{
	struct connector_host *host = router_host(r, channel);
	struct span rest;

	if (!host)
		return;
	host->route.exclusive = true;
	if (router_want_parse(span_split(want, ' ', &rest), &host->route.want))
		host->route.want = WANT_START;
	for (unsigned h = host->route.shared; h <= HEALTH_UP; h++)
		if (span_is(health, health_name((enum route_health)h)))
			host->route.shared = (enum route_health)h;
}

/* --- The file of numbers ------------------------------------------------------------------------
 */

struct loading {
	struct router *router;
	struct route_numbers *numbers;
	size_t told;
	struct {
		unsigned long line;
		char text[120];
	} bad[ROUTE_NUMBERS_TOLD_MAX];
};

static void tell(void *arg, unsigned long line, const char *text)
{
	struct loading *l = arg;

	if (l->told == ROUTE_NUMBERS_TOLD_MAX)
		return;
	l->bad[l->told].line = line;
	snprintf(l->bad[l->told++].text, sizeof(l->bad[0].text), "%s", text);
}

static int load_work(void *arg)
{
	struct loading *l = arg;

	return route_numbers_load(l->router->route.routes->numbers, tell, l, &l->numbers);
}

static void load_done(void *arg, int err)
{
	struct loading *l = arg;
	struct router *r = l->router;

	for (size_t i = 0; i < l->told; i++)
		log_warn(&r->log, EVENT("routes.number_unusable"), NUM("line", l->bad[i].line),
		         STR("text", l->bad[i].text));
	if (err) {
		log_error(&r->log, EVENT("routes.numbers_kept"), ERR(err),
		          STR("file", r->route.routes->numbers));
	} else {
		route_numbers_free(&r->route.numbers);
		r->route.numbers = l->numbers;
		log_info(&r->log, EVENT("routes.numbers_loaded"),
		         NUM("count", route_numbers_count(l->numbers)),
		         NUM("unusable", route_numbers_bad(l->numbers)));
	}
	r->route.loading = false;
	free(l);
}

void router_load_numbers(struct router *r)
{
	struct loading *l;

	if (!r->route.routes || !r->route.routes->numbers || r->route.loading)
		return;
	l = calloc(1, sizeof(*l));
	if (!l)
		return;
	l->router = r;
	r->route.loading = io_work(r->loop, "routes.numbers", load_work, load_done, l) == 0;
	if (!r->route.loading)
		free(l);
}

/* Before the loop runs, so nothing waits for it. */
int router_set_routes(struct router *r, const struct router_routes *routes,
                      struct yaml_errors *errors)
{
	struct loading *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	r->route.routes = routes;
	l->router = r;
	err = routes->numbers ? load_work(l) : 0;
	if (err && errors)
		yaml_error(errors, 0, "the file of numbers \"%.200s\": %s", routes->numbers,
		           strerror(-err));
	if (routes->numbers)
		load_done(l, err);
	else
		free(l);
	return err;
}
