/* Waiting under a deadline. */
#include "io_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static bool never(const void *arg)
{
	(void)arg;
	return false;
}

enum {
	TICK_MS = 5,     /* the loop comes back to look at the time */
	STEP_US = 8000,  /* what took longer, the machine took */
	TICKS_LEAST = 4, /* so that what came is looked at */
};

static uint64_t had_us;

static void on_tick(void *arg)
{
	++*(uint64_t *)arg;
}

static void turn(struct io_loop *loop)
{
	uint64_t began = clock_mono_us(&clock_system), took;

	io_loop_turn(loop);
	took = clock_mono_us(&clock_system) - began;
	had_us += took < STEP_US ? took : STEP_US;
}

static bool turn_until(struct io_loop *loop, bool (*done)(const void *arg), const void *arg,
                       uint64_t ms)
{
	uint64_t end = had_us + ms * 1000, ticks = 0;
	uint64_t least = ms / TICK_MS < TICKS_LEAST ? ms / TICK_MS + 1 : TICKS_LEAST;
	struct io_timer *timer;

	ck_assert_int_eq(io_timer_create(loop, "test", on_tick, &ticks, &timer), 0);
	io_timer_start(timer, TICK_MS, TICK_MS);
	while (!done(arg) && (had_us < end || ticks < least))
		turn(loop);
	io_timer_destroy(&timer);
	return done(arg);
}

void io_wait(struct io_loop *loop, bool (*done)(const void *arg), const void *arg, uint64_t ms)
{
	ck_assert_msg(turn_until(loop, done, arg, ms), "waited %u ms in vain", (unsigned)ms);
}

void io_idle(struct io_loop *loop, uint64_t ms)
{
	turn_until(loop, never, NULL, ms);
}

uint64_t io_had_ms(void)
{
	return had_us / 1000;
}

bool io_is_true(const void *arg)
{
	return *(const bool *)arg;
}

int io_raw_connect(uint16_t port)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
	                           .sin_port = htons(port),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}
