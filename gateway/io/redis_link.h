/* One connection to Redis: it stays up by itself, pipelines, and keeps replies in order. Inside of
 * redis.c. */
#ifndef PH_REDIS_LINK_H
#define PH_REDIS_LINK_H

#include "redis.h"

struct redis_link;

struct redis_link_config {
	struct io_loop *loop;
	const struct logger *log;
	const char *path, *host; /* one of them */
	uint16_t port;
	const char *username, *password;
	int64_t database;
	uint64_t timeout_ms;
};

struct redis_link_ops {
	/** Logged in and answering. */
	void (*on_ready)(void *arg);
	/** Ready no more, or not become ready; before what was under way is told. */
	void (*on_down)(void *arg, const char *why);
	/** What comes without having been asked for (pub/sub); false: it is no such thing. */
	bool (*on_push)(void *arg, const redisReply *reply);
	/** A command was answered: looked at before its redis_fn is called. May change *err. */
	void (*on_reply)(void *arg, const redisReply *reply, uint64_t took_us, int *err);
};

/** config is borrowed for as long as the link lives. */
int redis_link_create(const struct redis_link_config *config, const struct redis_link_ops *ops,
                      void *arg, struct redis_link **out) MUST_CHECK;
/** Tells -ECANCELED to what is under way. */
void redis_link_destroy(struct redis_link **link);
bool redis_link_ready(const struct redis_link *link);
size_t redis_link_outstanding(const struct redis_link *link);
/** -ENOTCONN, -ENOMEM: fn is not called. */
int redis_link_send(struct redis_link *link, int argc, const struct span *argv, redis_fn *fn,
                    void *arg) MUST_CHECK;
/** Sends without expecting a reply of its own (SUBSCRIBE). */
int redis_link_push(struct redis_link *link, int argc, const struct span *argv) MUST_CHECK;
/** Looks for what is overdue, and asks for life where it is silent. */
void redis_link_tick(struct redis_link *link);

#endif
