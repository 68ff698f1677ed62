/*
 * Tells others by HTTP what happened: CloudEvents 1.0, signed, retried with the same id for as long
 * as the configuration says, each webhook from a bounded stream of its own in Redis. One node at a
 * time does it, by a lease; another takes over when that one is gone. docs/protocols/webhooks.md.
 */
#ifndef PH_WEBHOOK_H
#define PH_WEBHOOK_H

#include "config.h"
#include "http_client.h"
#include "redis.h"
#include "router.h"

struct webhooks;

struct webhook_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	struct router *router; /* with its outbox on */
	struct http_client *client;
	const struct config *config;
};

/** Library of Redis functions that redis_create() must load. */
extern const struct redis_library webhook_library;

/** Does nothing where no webhook is configured. options is copied, but for what it points to. */
int webhooks_create(const struct webhook_options *options, struct webhooks **out) MUST_CHECK;
/** Begins to tell. */
void webhooks_start(struct webhooks *webhooks);
/** Tells nothing more; what is not told stays in Redis for the next node. NULL allowed. */
void webhooks_stop(struct webhooks *webhooks);
/** After the client's end and Redis'. Accepts NULL inside and sets it NULL. */
void webhooks_destroy(struct webhooks **webhooks);

#endif
