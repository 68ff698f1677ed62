/*
 * One libuv loop with what every part of io leans on: the watchdog, work put off to the end of a
 * turn, timers that their owner may drop at any moment, and the pool for slow work.
 */
#include "loop_internal.h"

#include "metrics.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	SLOW_US = 10000,    /* a callback that holds the loop longer is told by name */
	SLOW_LOG_MS = 1000, /* at most one line in this time */
	LATER_ROUNDS = 16,  /* work that puts off more work gets this far in one turn */
	SPARE_MAX = 64,     /* output buffers kept for the next write */
	SPARE_SIZE = 4096,
	SPARE_SIZE_MAX = 16384, /* larger ones go back to the allocator */
	BACKGROUND_NICE = 10    /* a tenth of the loop's share of a core both want */
};

static const char slow_help[] = "Callbacks that held the loop for over 10 ms";

struct later_list {
	struct io_later *head, **end;
};

struct io_loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle; /* keeps the loop from waiting while later work is left */
	const struct logger *log;
	const struct clock *clock;
	struct later_list later, running;
	uint64_t blamed_us; /* time of callbacks that were already told */
	struct log_throttle slow_throttle;
	bool stopped;
	unsigned jobs; /* on the pool, and not yet told */
	struct buf spare[SPARE_MAX], waste;
	unsigned spares;
	char read[IO_READ_SIZE], plain[IO_READ_SIZE];
};

static void list_init(struct later_list *list)
{
	list->head = NULL;
	list->end = &list->head;
}

static void list_push(struct later_list *list, struct io_later *later)
{
	later->next = NULL;
	*list->end = later;
	list->end = &later->next;
}

static struct io_later *list_pop(struct later_list *list)
{
	struct io_later *first = list->head;

	if (!first)
		return NULL;
	list->head = first->next;
	if (!list->head)
		list->end = &list->head;
	return first;
}

static bool list_remove(struct later_list *list, struct io_later *later)
{
	struct io_later **at = &list->head;

	while (*at && *at != later)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = later->next;
	if (!*at)
		list->end = at;
	return true;
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* an active idle handle is all it takes for the loop not to wait */
}

static void run_later(struct io_loop *loop)
{
	struct io_later *later;

	for (unsigned round = 0; loop->later.head && round < LATER_ROUNDS; round++) {
		loop->running = loop->later;
		list_init(&loop->later);
		while ((later = list_pop(&loop->running))) {
			later->queued = false;
			later->fn(later->arg); /* later may be gone */
		}
	}
	if (loop->later.head)
		uv_idle_start(&loop->idle, on_idle);
	else
		uv_idle_stop(&loop->idle);
}

static void on_prepare(uv_prepare_t *prepare)
{
	run_later(prepare->data);
}

static void on_check(uv_check_t *check)
{
	run_later(check->data);
}

int io_loop_create(const struct logger *log, struct io_loop **out)
{
	struct io_loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;
	err = uv_loop_init(&loop->uv);
	if (err) {
		free(loop);
		return err;
	}
	/* A peer that left shows as -EPIPE from the write, never as the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	buf_init(&loop->waste, SIZE_MAX);
	loop->log = log;
	loop->clock = &clock_system;
	list_init(&loop->later);
	list_init(&loop->running);
	uv_prepare_init(&loop->uv, &loop->prepare);
	uv_check_init(&loop->uv, &loop->check);
	uv_idle_init(&loop->uv, &loop->idle);
	loop->prepare.data = loop->check.data = loop->idle.data = loop;
	uv_prepare_start(&loop->prepare, on_prepare);
	uv_check_start(&loop->check, on_check);
	*out = loop;
	return 0;
}

static void tell_unclosed(uv_handle_t *handle, void *arg)
{
	struct io_loop *loop = arg;

	log_error(loop->log, EVENT("loop.unclosed"),
	          STR("handle", uv_handle_type_name(handle->type)));
}

void io_loop_destroy(struct io_loop **loop)
{
	struct io_loop *l = *loop;

	if (!l)
		return;
	*loop = NULL;
	run_later(l);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->idle, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&l->uv)) {
		uv_walk(&l->uv, tell_unclosed, l);
		assert(false && "every handle was closed by its owner");
	}
	buf_fini(&l->waste);
	while (l->spares)
		buf_fini(&l->spare[--l->spares]);
	free(l);
}

void io_loop_run(struct io_loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void io_loop_stop(struct io_loop *loop)
{
	loop->stopped = true;
	uv_stop(&loop->uv);
}

void io_loop_turn(struct io_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_ONCE);
}

uv_loop_t *io_loop_uv(struct io_loop *loop)
{
	return &loop->uv;
}

void io_loop_set_clock(struct io_loop *loop, const struct clock *clock)
{
	loop->clock = clock;
}

const struct clock *io_loop_clock(const struct io_loop *loop)
{
	return loop->clock;
}

const struct logger *io_loop_log(const struct io_loop *loop)
{
	return loop->log;
}

char *io_read_buffer(struct io_loop *loop)
{
	return loop->read;
}

char *io_plain_buffer(struct io_loop *loop)
{
	return loop->plain;
}

struct buf *io_waste_buffer(struct io_loop *loop)
{
	return &loop->waste;
}

void io_buffer_borrow(struct io_loop *loop, struct buf *b)
{
	size_t limit = b->limit;

	if (b->data)
		return;
	if (loop->spares) {
		*b = loop->spare[--loop->spares];
		b->limit = limit;
	} else if ((b->data = malloc(SPARE_SIZE))) {
		b->size = SPARE_SIZE;
	}
}

void io_buffer_return(struct io_loop *loop, struct buf *b)
{
	size_t limit = b->limit;

	buf_clear(b);
	if (b->size < SPARE_SIZE || b->size > SPARE_SIZE_MAX || loop->spares == SPARE_MAX)
		buf_fini(b);
	else
		loop->spare[loop->spares++] = *b;
	buf_init(b, limit);
}

/*
 * The watchdog's clock stands still for the time that was already told, so an outer callback is
 * not blamed for what an inner one took.
 */
static uint64_t watch_us(const struct io_loop *loop)
{
	return clock_mono_us(loop->clock) - loop->blamed_us;
}

uint64_t io_enter(struct io_loop *loop)
{
	return watch_us(loop);
}

void io_leave(struct io_loop *loop, const char *name, uint64_t entered)
{
	uint64_t took = watch_us(loop) - entered;
	uint64_t held_back;

	if (took <= SLOW_US)
		return;
	loop->blamed_us += took;
	++*metric_get(METRIC_COUNTER, "posthouse_slow_callbacks_total", slow_help, "callback",
	              name);
	if (log_throttle_pass(&loop->slow_throttle, clock_mono_ms(loop->clock), SLOW_LOG_MS,
	                      &held_back))
		log_warn(loop->log, EVENT("loop.slow_callback"), STR("callback", name),
		         NUM("took_us", took), NUM("held_back", held_back));
}

void io_later(struct io_loop *loop, struct io_later *later)
{
	if (later->queued)
		return;
	later->queued = true;
	list_push(&loop->later, later);
}

void io_later_cancel(struct io_loop *loop, struct io_later *later)
{
	if (!later->queued)
		return;
	later->queued = false;
	if (!list_remove(&loop->later, later))
		list_remove(&loop->running, later);
}

struct io_timer {
	uv_timer_t uv;
	struct io_loop *loop;
	const char *name;
	io_timer_fn *fn;
	void *arg;
};

static void on_timer(uv_timer_t *uv)
{
	struct io_timer *timer = uv->data;
	struct io_loop *loop = timer->loop;
	const char *name = timer->name;
	uint64_t entered = io_enter(loop);

	timer->fn(timer->arg); /* timer may be gone */
	io_leave(loop, name, entered);
}

int io_timer_create(struct io_loop *loop, const char *name, io_timer_fn *fn, void *arg,
                    struct io_timer **out)
{
	struct io_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return -ENOMEM;
	*timer = (struct io_timer){.loop = loop, .name = name, .fn = fn, .arg = arg};
	uv_timer_init(&loop->uv, &timer->uv);
	timer->uv.data = timer;
	*out = timer;
	return 0;
}

void io_timer_start(struct io_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
	/* The loop's idea of now is from the start of this turn: too early after long work. */
	uv_update_time(&timer->loop->uv);
	uv_timer_start(&timer->uv, on_timer, delay_ms, repeat_ms);
}

void io_timer_stop(struct io_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

bool io_timer_active(const struct io_timer *timer)
{
	return uv_is_active((const uv_handle_t *)&timer->uv);
}

static void on_timer_closed(uv_handle_t *uv)
{
	free(uv->data);
}

void io_timer_destroy(struct io_timer **timer)
{
	if (!*timer)
		return;
	uv_timer_stop(&(*timer)->uv);
	uv_close((uv_handle_t *)&(*timer)->uv, on_timer_closed);
	*timer = NULL;
}

struct job {
	uv_work_t uv;
	struct io_loop *loop;
	const char *name;
	int (*work)(void *arg);
	done_fn *done;
	void *arg;
	int err;
};

static void on_work(uv_work_t *uv)
{
	struct job *job = uv->data;

	job->err = job->work(job->arg);
}

/* In Linux each thread has a priority of its own, and those it starts begin with it. */
static void *work_low(void *arg)
{
	struct job *job = arg;

	/* Up to the lowest there is; where it cannot be had the work is done all the same. */
	(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + BACKGROUND_NICE);
	job->err = job->work(job->arg);
	return NULL;
}

/* On a thread that goes with the work: a priority once given up is not to be had back. */
static void on_work_background(uv_work_t *uv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work_low, uv->data) == 0)
		pthread_join(thread, NULL);
	else
		on_work(uv);
}

static void on_worked(uv_work_t *uv, int status)
{
	struct job *job = uv->data;
	uint64_t entered = io_enter(job->loop);

	job->loop->jobs--;
	job->done(job->arg, status ? status : job->err);
	io_leave(job->loop, job->name, entered);
	free(job);
}

static int queue_work(const struct job *like, uv_work_cb work)
{
	struct job *job = malloc(sizeof(*job));
	int err;

	if (!job)
		return -ENOMEM;
	*job = *like;
	job->uv.data = job;
	err = uv_queue_work(&job->loop->uv, &job->uv, work, on_worked);
	if (err)
		free(job);
	else
		job->loop->jobs++;
	return err;
}

int io_work(struct io_loop *loop, const char *name, int (*work)(void *arg), done_fn *done,
            void *arg)
{
	const struct job job = {.loop = loop, .name = name, .work = work, .done = done, .arg = arg};

	return queue_work(&job, on_work);
}

int io_work_background(struct io_loop *loop, const char *name, int (*work)(void *arg),
                       done_fn *done, void *arg)
{
	const struct job job = {.loop = loop, .name = name, .work = work, .done = done, .arg = arg};

	return queue_work(&job, on_work_background);
}

void io_loop_finish(struct io_loop *loop)
{
	while (loop->jobs)
		uv_run(&loop->uv, UV_RUN_ONCE);
}
