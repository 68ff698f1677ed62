/*
 * The node's one event loop (libuv) with a watchdog: every callback that io makes is timed, and
 * one over 10 ms is logged by name and counted.
 */
#ifndef PH_LOOP_H
#define PH_LOOP_H

#include "clock.h"
#include "log.h"

#include <uv.h>

struct io_loop;

int io_loop_create(const struct logger *log, struct io_loop **out) MUST_CHECK;
/** Runs what is left to close, then frees. Every handle must have been closed by its owner. */
void io_loop_destroy(struct io_loop **loop);
/** Runs until io_loop_stop(). */
void io_loop_run(struct io_loop *loop);
void io_loop_stop(struct io_loop *loop);
/** Runs one turn, waiting for events at most until the next timer; for tests. */
void io_loop_turn(struct io_loop *loop);
uv_loop_t *io_loop_uv(struct io_loop *loop);
const struct clock *io_loop_clock(const struct io_loop *loop);
/** Another than the machine's, borrowed, for tests that turn it; timers go on by the machine's. */
void io_loop_set_clock(struct io_loop *loop, const struct clock *clock);
const struct logger *io_loop_log(const struct io_loop *loop);

/** Around a callback: who = io_enter(loop); fn(); io_leave(loop, "smpp.read", who). Nests. */
uint64_t io_enter(struct io_loop *loop);
void io_leave(struct io_loop *loop, const char *name, uint64_t entered);

/** A timer that its owner embeds or allocates; name is a literal, for the watchdog. */
struct io_timer;
typedef void io_timer_fn(void *arg);
int io_timer_create(struct io_loop *loop, const char *name, io_timer_fn *fn, void *arg,
                    struct io_timer **out) MUST_CHECK;
/** First after delay_ms, then every repeat_ms (0: once). Starting again moves it. */
void io_timer_start(struct io_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void io_timer_stop(struct io_timer *timer);
bool io_timer_active(const struct io_timer *timer);
/** Stops it and frees it once libuv lets go; fn is not called again. Accepts NULL inside. */
void io_timer_destroy(struct io_timer **timer);

/** fn once, at the end of this turn of the loop, before it waits: to gather writes. */
struct io_later {
	struct io_later *next;
	void (*fn)(void *arg);
	void *arg;
	bool queued;
};
/** Queues it once; the caller's storage must live until fn was called or io_later_cancel(). */
void io_later(struct io_loop *loop, struct io_later *later);
void io_later_cancel(struct io_loop *loop, struct io_later *later);

/** Turns until no work is under way any more and each is told: before what they point to goes. */
void io_loop_finish(struct io_loop *loop);
/** Slow work: work() on a pool thread, then done(arg, err) on the loop with what work returned. */
int io_work(struct io_loop *loop, const char *name, int (*work)(void *arg), done_fn *done,
            void *arg) MUST_CHECK;
/**
 * The same for work that takes a core for long: what it does, threads it starts too, has a low
 * priority, so that the loop is not kept waiting for a core.
 */
int io_work_background(struct io_loop *loop, const char *name, int (*work)(void *arg),
                       done_fn *done, void *arg) MUST_CHECK;

#endif
