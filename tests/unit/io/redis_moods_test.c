/* Moods of a server that a real Redis shows only when something is wrong, played over TCP. */
#include "redis.h"

#include "buf.h"
#include "io_test.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS = 10000 };

/* What the far end answers to each command, by its name; NULL: as a healthy Redis. */
static struct mood {
	const char *ping, *set, *incr;
} mood;

static struct io_loop *loop;
static struct io_listener *listener;
static struct redis *redis;
static bool up;
static unsigned ups, downs;
static char why[200];
static struct buf said; /* names of the commands, in order */

struct peer {
	struct io_stream *s;
};

static const char *answer_to(struct span command)
{
	if (span_is(command, "PING"))
		return mood.ping ? mood.ping : "+PONG\r\n";
	if (span_is(command, "SET"))
		return mood.set ? mood.set : "+OK\r\n";
	if (span_is(command, "INCR"))
		return mood.incr ? mood.incr : ":1\r\n";
	return "+OK\r\n";
}

/* "*1\r\n$4\r\nPING\r\n": the first argument is the third line. */
static void on_data(void *arg, struct span data)
{
	struct peer *p = arg;

	while (data.len) {
		struct span line = span_split(data, '\n', &data);
		int left = atoi(line.ptr + 1);

		for (int i = 0; i < left; i++) {
			span_split(data, '\n', &data);
			line = span_trim(span_split(data, '\n', &data));
			if (i)
				continue;
			buf_add(&said, line);
			buf_u8(&said, ' ');
			ck_assert_int_eq(io_stream_write(p->s, span_of(answer_to(line))), 0);
		}
	}
}

static void on_open(void *arg)
{
	(void)arg;
}

static void on_close(void *arg, int err)
{
	(void)err;
	free(arg);
}

static const struct io_stream_ops peer_ops = {
	.name = "peer", .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void on_accept(void *arg, struct io_stream *s)
{
	struct peer *p = calloc(1, sizeof(*p));

	(void)arg;
	ck_assert_ptr_nonnull(p);
	p->s = s;
	io_stream_own(s, &peer_ops, p);
}

static void on_state(void *arg, bool is_up, const char *reason)
{
	(void)arg;
	up = is_up;
	*(is_up ? &ups : &downs) += 1;
	snprintf(why, sizeof(why), "%s", reason ? reason : "");
}

static void open_redis(const char *username, const char *password)
{
	char address[64];
	const struct redis_options options = {.address = address,
	                                      .username = username,
	                                      .password = password,
	                                      .database = password ? 3 : 0,
	                                      .connections = 1};

	snprintf(address, sizeof(address), "localhost:%u", io_listener_port(listener));
	ck_assert_int_eq(redis_create(loop, NULL, &options, on_state, NULL, &redis), 0);
}

static void setup(void)
{
	mood = (struct mood){0};
	up = false;
	ups = downs = 0;
	why[0] = '\0';
	buf_init(&said, SIZE_MAX);
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, NULL, on_accept, NULL, &listener), 0);
}

static void teardown(void)
{
	redis_destroy(&redis);
	io_listener_close(&listener);
	io_idle(loop, 50);
	io_loop_destroy(&loop);
	buf_fini(&said);
}

static bool why_is(const void *arg)
{
	return strncmp(why, arg, strlen(arg)) == 0;
}

struct answer {
	bool done;
	unsigned calls;
	int err;
};

static void on_answer(void *arg, int err, const redisReply *reply, const char *reason)
{
	struct answer *a = arg;

	(void)reply;
	(void)reason;
	a->done = true;
	a->calls++;
	a->err = err;
}

static int incr(struct answer *a)
{
	const struct span argv[] = {SPAN_LIT("INCR"), SPAN_LIT("k")};

	return redis_command(redis, 2, argv, on_answer, a);
}

START_TEST(logs_in_then_chooses_then_asks_for_life)
{
	open_redis("posthouse", "secret");
	io_wait(loop, io_is_true, &up, WAIT_MS);
	buf_u8(&said, 0);
	ck_assert_ptr_nonnull(strstr(said.data, "AUTH SELECT PING "));
	ck_assert_ptr_nonnull(strstr(said.data, "SET "));
}
END_TEST

START_TEST(a_server_that_loads_its_data_is_waited_for)
{
	mood.ping = "-LOADING Redis is loading the dataset in memory\r\n";
	open_redis(NULL, NULL);
	io_wait(loop, why_is, "refused: LOADING", WAIT_MS);
	ck_assert(!redis_up(redis));
	mood.ping = NULL;
	io_wait(loop, io_is_true, &up, WAIT_MS);
}
END_TEST

START_TEST(a_server_that_cannot_keep_what_is_written_is_never_up)
{
	mood.set = "-MISCONF Redis is configured to save RDB snapshots\r\n";
	open_redis(NULL, NULL);
	io_wait(loop, why_is, "MISCONF", WAIT_MS);
	ck_assert_uint_eq(ups, 0);
	mood.set = NULL;
	io_wait(loop, io_is_true, &up, WAIT_MS);
}
END_TEST

static const char *const unfit[] = {
	"-MISCONF Errors writing to the AOF file: No space left on device\r\n",
	"-READONLY You can't write against a read only replica.\r\n",
	"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
	"-NOREPLICAS Not enough good replicas to write.\r\n",
	"-BUSY Redis is busy running a script.\r\n",
};

START_TEST(an_answer_that_says_so_brings_it_down_until_a_write_works)
{
	struct answer a = {0}, b = {0};

	open_redis(NULL, NULL);
	io_wait(loop, io_is_true, &up, WAIT_MS);
	mood.incr = mood.set = unfit[_i];
	ck_assert_int_eq(incr(&a), 0);
	io_wait(loop, io_is_true, &a.done, WAIT_MS);
	ck_assert_msg(a.err == -ENOTCONN, "it was not carried out");
	ck_assert(!redis_up(redis) && !up);
	ck_assert_msg(strncmp(why, unfit[_i] + 1, strlen(why)) == 0, "%s", why);
	ck_assert_int_eq(incr(&b), -ENOTCONN);
	io_idle(loop, 300);
	ck_assert_msg(!up, "the probe's answer is looked at");
	mood.incr = mood.set = NULL;
	io_wait(loop, io_is_true, &up, WAIT_MS);
	ck_assert_uint_eq(downs, 1);
	ck_assert_uint_eq(a.calls, 1);
	ck_assert_uint_eq(b.calls, 0);
}
END_TEST

static const char *const garbage[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "*-5\r\n", "$x\r\n"};

START_TEST(a_peer_that_is_not_redis)
{
	mood.ping = garbage[_i];
	open_redis(NULL, NULL);
	io_wait(loop, why_is, "not Redis", WAIT_MS);
	mood.ping = NULL;
	io_wait(loop, io_is_true, &up, WAIT_MS);
}
END_TEST

START_TEST(an_answer_too_many_ends_the_connection)
{
	struct answer a = {0};

	open_redis(NULL, NULL);
	io_wait(loop, io_is_true, &up, WAIT_MS);
	mood.incr = ":1\r\n:2\r\n"; /* whose answer would the next one be? */
	ck_assert_int_eq(incr(&a), 0);
	io_wait(loop, why_is, "an answer that nobody asked for", WAIT_MS);
	ck_assert_int_eq(a.err, 0);
	ck_assert_uint_eq(a.calls, 1);
	io_wait(loop, io_is_true, &up, WAIT_MS);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("redis_moods");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, logs_in_then_chooses_then_asks_for_life);
	tcase_add_test(tc, a_server_that_loads_its_data_is_waited_for);
	tcase_add_test(tc, a_server_that_cannot_keep_what_is_written_is_never_up);
	tcase_add_loop_test(tc, an_answer_that_says_so_brings_it_down_until_a_write_works, 0,
	                    ARRAY_LEN(unfit));
	tcase_add_loop_test(tc, a_peer_that_is_not_redis, 0, ARRAY_LEN(garbage));
	tcase_add_test(tc, an_answer_too_many_ends_the_connection);
	return unit_run("redis_moods", &tc, 1);
}
