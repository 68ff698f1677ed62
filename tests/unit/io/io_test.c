/* Waiting under a deadline. */
#include "io_test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static void nothing(void *arg)
{
	(void)arg;
}

static bool never(const void *arg)
{
	(void)arg;
	return false;
}

static bool turn_until(struct io_loop *loop, bool (*done)(const void *arg), const void *arg,
                       uint64_t ms)
{
	uint64_t end = clock_mono_ms(&clock_system) + ms;
	struct io_timer *timer;

	ck_assert_int_eq(io_timer_create(loop, "test", nothing, NULL, &timer), 0);
	io_timer_start(timer, 5, 5); /* the loop must come back to look at the deadline */
	while (!done(arg) && clock_mono_ms(&clock_system) < end)
		io_loop_turn(loop);
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
