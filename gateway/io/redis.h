/*
 * Asynchronous Redis (hiredis on libuv): a few pipelined connections, reconnecting by themselves,
 * time-outs of our own. Commands are never queued while Redis is away: they fail at once, so
 * that nothing is acknowledged which is not durable.
 */
#ifndef PH_REDIS_H
#define PH_REDIS_H

#include "loop.h"

#include <hiredis/hiredis.h>

struct redis;

struct redis_options {
	const char *address;             /* "unix:PATH" or "HOST:PORT" */
	const char *username, *password; /* NULL: none */
	int64_t database;
	unsigned connections; /* for commands; 0: 2 */
	uint64_t timeout_ms;  /* of one command; 0: 5 s */
	size_t outstanding;   /* commands at once; over it -EAGAIN; 0: 8192 */
	/** Lua function libraries to load on each new server: name, version in its first line,
	 * text. */
	const struct redis_library {
		const char *name, *text;
	} * libraries;
	size_t library_count;
};

/** up: ready for commands (libraries loaded); down: why, for a human. */
typedef void redis_state_fn(void *arg, bool up, const char *why);

int redis_create(struct io_loop *loop, const struct logger *log,
                 const struct redis_options *options, redis_state_fn *fn, void *arg,
                 struct redis **out) MUST_CHECK;
void redis_destroy(struct redis **redis);
bool redis_up(const struct redis *redis);

/**
 * err 0: reply is the answer, borrowed; it may be an error reply (type REDIS_REPLY_ERROR) only
 * where the caller asked for raw. -EIO with a Redis error text in why; -ENOTCONN, -ETIMEDOUT (may
 * have been carried out).
 */
typedef void redis_fn(void *arg, int err, const redisReply *reply, const char *why);
/** Sends argv, which is copied. fn is called once, later. -ENOTCONN, -EAGAIN: fn is not called. */
int redis_command(struct redis *redis, int argc, const struct span *argv, redis_fn *fn,
                  void *arg) MUST_CHECK;
/** FCALL function 1 key args... */
int redis_fcall(struct redis *redis, const char *function, struct span key, const struct span *args,
                size_t count, redis_fn *fn, void *arg) MUST_CHECK;
/** Messages of a pub/sub channel, on a connection of its own; resubscribed after a loss, which
 * on_lost tells. */
typedef void redis_message_fn(void *arg, struct span message);
int redis_subscribe(struct redis *redis, const char *channel, redis_message_fn *fn,
                    void (*on_lost)(void *arg), void *arg) MUST_CHECK;
/** FCALLs made so far, for the benchmark and /metrics. */
uint64_t redis_fcalls(const struct redis *redis);

#endif
