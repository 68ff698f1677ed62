/*
 * Asynchronous Redis on the loop: a few pipelined connections, reconnecting by themselves,
 * time-outs of our own. Commands are never queued while Redis is away: they fail at once, so
 * that nothing is acknowledged which is not durable.
 */
#ifndef PH_REDIS_H
#define PH_REDIS_H

#include "loop.h"
#include "redis_reply.h"

struct redis;

struct redis_options {
	const char *address;             /* "unix:PATH" or "HOST:PORT" */
	const char *username, *password; /* NULL: none */
	int64_t database;
	unsigned connections; /* for commands; 0: 2 */
	uint64_t timeout_ms;  /* of one command; 0: 5 s */
	size_t outstanding;   /* commands at once; over it -EAGAIN; 0: 8192 */
	/** Lua function libraries, loaded on each new server that does not hold this very text. */
	const struct redis_library {
		const char *name, *text;
	} * libraries;
	size_t library_count;
};

/**
 * up: ready for commands (libraries loaded); down: why, for a human. Told when it changes, and
 * while down when the reason changes. Never from within a call of the owner's.
 */
typedef void redis_state_fn(void *arg, bool up, const char *why);

/** Begins to connect. options is copied, with all that it points to. */
int redis_create(struct io_loop *loop, const struct logger *log,
                 const struct redis_options *options, redis_state_fn *fn, void *arg,
                 struct redis **out) MUST_CHECK;
/** Ends what is under way with -ECANCELED, before it returns. Not from within a redis_fn. */
void redis_destroy(struct redis **redis);
/** False also while Redis answers but keeps nothing: LOADING, READONLY, MISCONF and the like. */
bool redis_up(const struct redis *redis);

/**
 * err 0: reply is the answer, never an error reply, borrowed for the call (errors may stand inside
 * an array). Else why is for a human, and reply the error reply or NULL:
 * -EIO       Redis says that the command is wrong;
 * -ENOTCONN  not carried out, because Redis cannot now (it is then down);
 * -ETIMEDOUT sent and never answered: it may have been carried out;
 * -ECANCELED redis_destroy().
 */
typedef void redis_fn(void *arg, int err, const redisReply *reply, const char *why);

/**
 * Sends argv, which is copied. fn is called once, later; NULL: nobody asks. -ENOTCONN, -EAGAIN:
 * fn is not called.
 * Commands on keys of one hash tag ("{...}", else the whole key) are carried out in the order in
 * which they were given. The key is argv[1], or argv[3] of FCALL and EVAL. No blocking commands.
 */
int redis_command(struct redis *redis, int argc, const struct span *argv, redis_fn *fn,
                  void *arg) MUST_CHECK;
/** FCALL function 1 key args...; at most 700 of them, else -EINVAL. */
int redis_fcall(struct redis *redis, const char *function, struct span key, const struct span *args,
                size_t count, redis_fn *fn, void *arg) MUST_CHECK;
/**
 * Messages of a pub/sub channel, on a connection of its own. on_lost tells each time that it is
 * subscribed, first and after a loss: messages may have been missed until now, so read the logs.
 * May be NULL.
 */
typedef void redis_message_fn(void *arg, struct span message);
int redis_subscribe(struct redis *redis, const char *channel, redis_message_fn *fn,
                    void (*on_lost)(void *arg), void *arg) MUST_CHECK;
/** FCALLs made so far, for the benchmark and /metrics. */
uint64_t redis_fcalls(const struct redis *redis);

#endif
