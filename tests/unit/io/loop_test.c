/* The loop: work put off, timers, the pool, the watchdog, and the wheel. */
#include "loop.h"

#include "io_test.h"
#include "metrics.h"
#include "wheel.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

enum { WAIT_MS = 5000 };

static struct io_loop *loop;
static char order[64];

static void setup(void)
{
	order[0] = '\0';
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
}

static void teardown(void)
{
	io_loop_destroy(&loop);
}

static void say(void *arg)
{
	strncat(order, arg, sizeof(order) - strlen(order) - 1);
}

static struct io_later one = {.fn = say}, two = {.fn = say}, three = {.fn = say};

START_TEST(later_is_once_and_in_order)
{
	char a[] = "a", b[] = "b", c[] = "c";

	one.arg = a;
	two.arg = b;
	three.arg = c;
	io_later(loop, &one);
	io_later(loop, &two);
	io_later(loop, &one);
	io_later(loop, &three);
	io_later_cancel(loop, &two);
	ck_assert_str_eq(order, "");
	io_idle(loop, 10);
	ck_assert_str_eq(order, "ac");
	io_later(loop, &two);
	io_idle(loop, 10);
	ck_assert_str_eq(order, "acb");
}
END_TEST

static unsigned rounds;

static void again(void *arg)
{
	if (++rounds < 1000)
		io_later(loop, arg);
}

START_TEST(later_work_that_puts_off_more_does_not_hold_the_loop)
{
	static struct io_later later = {.fn = again, .arg = &later};
	char a[] = "t";
	struct io_timer *timer;

	rounds = 0;
	ck_assert_int_eq(io_timer_create(loop, "t", say, a, &timer), 0);
	io_timer_start(timer, 0, 0);
	io_later(loop, &later);
	io_loop_turn(loop);
	ck_assert_uint_lt(rounds, 1000);
	ck_assert_str_eq(order, "t");
	while (rounds < 1000)
		io_loop_turn(loop);
	io_timer_destroy(&timer);
}
END_TEST

static void cancel_two(void *arg)
{
	(void)arg;
	io_later_cancel(loop, &two);
}

START_TEST(later_work_may_cancel_its_neighbour)
{
	static struct io_later canceler = {.fn = cancel_two};
	char b[] = "b", c[] = "c";

	two.arg = b;
	three.arg = c;
	io_later(loop, &canceler);
	io_later(loop, &two);
	io_later(loop, &three);
	io_idle(loop, 10);
	ck_assert_str_eq(order, "c");
}
END_TEST

static void destroy_itself(void *arg)
{
	io_timer_destroy(arg);
	say((char[]){"x"});
}

START_TEST(a_timer_may_destroy_itself)
{
	struct io_timer *timer;

	ck_assert_int_eq(io_timer_create(loop, "t", destroy_itself, &timer, &timer), 0);
	ck_assert(!io_timer_active(timer));
	io_timer_start(timer, 1, 1);
	ck_assert(io_timer_active(timer));
	io_idle(loop, 30);
	ck_assert_ptr_null(timer);
	ck_assert_str_eq(order, "x");
}
END_TEST

static void slow(void *arg)
{
	uint64_t until = clock_mono_ms(&clock_system) + 15;

	(void)arg;
	while (clock_mono_ms(&clock_system) < until)
		continue;
}

static uint64_t slow_count(const char *name)
{
	return *metric_get(METRIC_COUNTER, "posthouse_slow_callbacks_total",
	                   "Callbacks that held the loop for over 10 ms", "callback", name);
}

START_TEST(a_slow_callback_is_told_by_name)
{
	struct io_timer *timer;
	uint64_t before = slow_count("test.slow");

	ck_assert_int_eq(io_timer_create(loop, "test.slow", slow, NULL, &timer), 0);
	io_timer_start(timer, 0, 0);
	io_idle(loop, 50);
	ck_assert_uint_eq(slow_count("test.slow"), before + 1);
	io_timer_destroy(&timer);
}
END_TEST

START_TEST(who_waited_for_a_slow_callback_is_not_blamed)
{
	uint64_t inner = slow_count("test.inner"), outer = slow_count("test.outer");
	uint64_t outer_entered = io_enter(loop), inner_entered = io_enter(loop);

	slow(NULL);
	io_leave(loop, "test.inner", inner_entered);
	io_leave(loop, "test.outer", outer_entered);
	ck_assert_uint_eq(slow_count("test.inner"), inner + 1);
	ck_assert_uint_eq(slow_count("test.outer"), outer);
}
END_TEST

static int work(void *arg)
{
	return *(int *)arg;
}

static bool worked;
static int work_err;

static void on_worked(void *arg, int err)
{
	(void)arg;
	worked = true;
	work_err = err;
}

START_TEST(slow_work_comes_back_to_the_loop)
{
	int result = -EDOM;

	worked = false;
	ck_assert_int_eq(io_work(loop, "work", work, on_worked, &result), 0);
	io_wait(loop, io_is_true, &worked, WAIT_MS);
	ck_assert_int_eq(work_err, -EDOM);
}
END_TEST

static void *niceness(void *arg)
{
	*(int *)arg = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

/* Its own, and that of a thread it starts. */
static int work_in_background(void *arg)
{
	int *nice = arg;
	pthread_t thread;

	nice[0] = getpriority(PRIO_PROCESS, 0);
	if (pthread_create(&thread, NULL, niceness, &nice[1]))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return -EDOM;
}

static int tell_niceness(void *arg)
{
	niceness(arg);
	return 0;
}

START_TEST(background_work_gives_way_to_the_loop_and_to_the_work_after_it)
{
	int own = getpriority(PRIO_PROCESS, 0), nice[2] = {own, own};

	worked = false;
	ck_assert_int_eq(io_work_background(loop, "work", work_in_background, on_worked, nice), 0);
	io_wait(loop, io_is_true, &worked, WAIT_MS);
	ck_assert_int_eq(work_err, -EDOM);
	ck_assert_int_eq(nice[0], own + 10 < 19 ? own + 10 : 19);
	ck_assert_int_eq(nice[1], nice[0]);
	for (int i = 0; i < 8; i++) { /* more than the pool has threads */
		worked = false;
		ck_assert_int_eq(io_work(loop, "work", tell_niceness, on_worked, nice), 0);
		io_wait(loop, io_is_true, &worked, WAIT_MS);
		ck_assert_int_eq(nice[0], own);
	}
}
END_TEST

static struct io_wheel_entry entries[3];
static uint64_t due_ms[3];

static void on_due(struct io_wheel_entry *entry)
{
	due_ms[entry - entries] = clock_mono_ms(&clock_system);
}

START_TEST(the_wheel_is_late_by_a_tick_and_never_early)
{
	struct io_wheel *wheel;
	uint64_t began;

	memset(entries, 0, sizeof(entries));
	memset(due_ms, 0, sizeof(due_ms));
	ck_assert_int_eq(io_wheel_create(loop, "wheel", on_due, &wheel), 0);
	uv_update_time(io_loop_uv(loop));
	began = clock_mono_ms(&clock_system);
	io_wheel_set(wheel, &entries[0], 300);
	io_wheel_set(wheel, &entries[1], 100);
	io_wheel_set(wheel, &entries[1], 600); /* later */
	io_wheel_set(wheel, &entries[2], 60000);
	io_wheel_set(wheel, &entries[2], 200); /* sooner */
	io_idle(loop, 1500);
	ck_assert_uint_ge(due_ms[0] - began + 1, 300);
	ck_assert_uint_le(due_ms[0] - began, 1000);
	ck_assert_uint_ge(due_ms[1] - began + 1, 600);
	ck_assert_uint_ge(due_ms[2] - began + 1, 200);
	ck_assert_msg(due_ms[2], "moved to sooner");
	io_wheel_set(wheel, &entries[0], 1000);
	io_wheel_stop(wheel, &entries[0]);
	io_wheel_destroy(&wheel);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("loop");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, later_is_once_and_in_order);
	tcase_add_test(tc, later_work_that_puts_off_more_does_not_hold_the_loop);
	tcase_add_test(tc, later_work_may_cancel_its_neighbour);
	tcase_add_test(tc, a_timer_may_destroy_itself);
	tcase_add_test(tc, a_slow_callback_is_told_by_name);
	tcase_add_test(tc, who_waited_for_a_slow_callback_is_not_blamed);
	tcase_add_test(tc, slow_work_comes_back_to_the_loop);
	tcase_add_test(tc, background_work_gives_way_to_the_loop_and_to_the_work_after_it);
	tcase_add_test(tc, the_wheel_is_late_by_a_tick_and_never_early);
	return unit_run("loop", &tc, 1);
}
