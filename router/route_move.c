/*
 * What waits for an account that is down for too long goes by another: whole messages, those of
 * which nothing was ever written, by the route that each would have now. Every node looks after it,
 * since the holder may be the one that is gone; a message is moved once, whoever is first.
 */
#include "router_private.h"

#include <stdlib.h>

enum { MOVE_MAX = 100 /* messages at once */ };

struct move {
	struct connector_host *host;
	unsigned partition;
	unsigned lane;
	size_t from; /* before it stands what stays */
	size_t seen, moved;
};

static void peek(struct move *move);

static void end(struct move *move)
{
	if (move->moved)
		log_info(&move->host->log, EVENT("channel.moved"), NUM("messages", move->moved));
	move->host->route.moving = false;
	free(move);
}

/* The next lane of the next partition, or the end. */
static void next_lane(struct move *move)
{
	move->from = 0;
	if (++move->lane == LANE_COUNT) {
		move->lane = 0;
		move->partition++;
	}
	if (move->partition < ROUTER_PARTITIONS)
		peek(move);
	else
		end(move);
}

static void on_moved(void *arg, int err, const redisReply *reply, const char *why)
{
	struct move *move = arg;
	uint64_t moved = err ? 0 : redis_num(reply);

	(void)why;
	move->moved += moved;
	*move->host->route.moved += moved;
	if (err) {
		end(move); /* the next heartbeat begins anew */
		return;
	}
	move->from += move->seen > moved ? move->seen - moved : 0;
	if (move->seen == MOVE_MAX)
		peek(move);
	else
		next_lane(move);
}

/* Where a message goes now; NULL: it stays. */
static struct connector_host *target(const struct move *move, struct span address,
                                     struct span entry)
{
	struct connector_host *host = move->host, *other;
	struct log_entry e;

	if (!address.len || log_decode(1, entry, &e) || !e.event.message)
		return NULL;
	other = route_reply(host, address,
	                    route_class_of((enum lane)move->lane, e.message.service.message_class));
	if (!route_has_sender(other, e.message.local))
		return NULL;
	return other != host && health_of(other) >= HEALTH_PROBING ? other : NULL;
}

static void on_peeked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct move *move = arg;
	struct fcall_args *a = router_args(move->host->router);
	size_t wanted = 0;

	(void)why;
	if (err || health_of(move->host) > HEALTH_FAILING) {
		end(move);
		return;
	}
	move->seen = reply->elements / 3;
	args_add(a, span_of(move->host->name));
	args_num(a, move->lane);
	for (size_t i = 0; i + 2 < reply->elements; i += 3) {
		const struct connector_host *to =
			target(move, redis_text_at(reply, i + 1), redis_text_at(reply, i + 2));

		if (!to)
			continue;
		args_add(a, redis_text_at(reply, i));
		args_add(a, span_of(to->name));
		wanted++;
	}
	if (!wanted) {
		move->from += move->seen;
		if (move->seen == MOVE_MAX)
			peek(move);
		else
			next_lane(move);
	} else if (router_fcall(move->host->router, "ph2_lane_move",
	                        router_partition(move->partition), on_moved, move)) {
		end(move);
	}
}

static void peek(struct move *move)
{
	struct router *r = move->host->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(move->host->name));
	args_num(a, move->lane);
	args_num(a, move->from);
	args_num(a, MOVE_MAX);
	if (router_fcall(r, "ph2_lane_peek", router_partition(move->partition), on_peeked, move))
		end(move);
}

static bool is_target(const struct router_rule *rule, const char *name)
{
	const struct router_target *targets = rule->to.items;

	for (size_t i = 0; i < rule->to.count; i++)
		if (strcmp(targets[i].channel, name) == 0)
			return true;
	return false;
}

/* Whether any rule gives the channel's messages another. */
static bool has_others(const struct connector_host *host)
{
	const struct router_routes *routes = host->router->route.routes;
	const struct router_rule *rules = routes ? routes->rules.items : NULL;

	for (size_t i = 0; routes && i < routes->rules.count; i++)
		if (rules[i].to.count > 1 && is_target(&rules[i], host->name))
			return true;
	return false;
}

void route_move_tick(struct connector_host *host)
{
	struct route_channel *c = &host->route;
	uint64_t now = clock_mono_ms(io_loop_clock(host->router->loop));
	struct move *move;

	if (health_of(host) > HEALTH_FAILING || !host->ops->caps.dials) {
		c->down_since_ms = 0;
		return;
	}
	if (!c->down_since_ms)
		c->down_since_ms = now;
	if (c->moving || !has_others(host) || host->router->draining ||
	    now < c->down_since_ms + (uint64_t)host->router->route.routes->move_after_ms)
		return;
	move = calloc(1, sizeof(*move));
	if (!move)
		return;
	move->host = host;
	c->moving = true;
	peek(move);
}
