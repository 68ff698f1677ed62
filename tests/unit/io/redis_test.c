/* Against a real redis-server on a unix socket, killed and started again. */
#include "redis.h"

#include "io_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

static char directory[] = "/tmp/posthouse-redis-XXXXXX";
static pid_t server;

static const struct redis_library library = {
	.name = "test",
	.text = "#!lua name=test\n"
		"redis.register_function('test_add', function(keys, args)\n"
		"  return redis.call('INCRBY', keys[1], args[1])\n"
		"end)\n",
};

struct fixture {
	struct io_loop *loop;
	struct redis *redis;
	bool up, told_down;
	unsigned ups, downs;
	char why[200];
	char address[128];
};

static struct fixture f;

static void start_server(const char *option, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/redis.sock", directory);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server)
		return;
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--dir",
	       directory, "--save", "", "--appendonly", "no", "--logfile", "redis.log",
	       "--daemonize", "no", option, value, (char *)NULL);
	_exit(127);
}

static void stop_server(int signal)
{
	if (server <= 0)
		return;
	kill(server, SIGCONT);
	kill(server, signal);
	waitpid(server, NULL, 0);
	server = 0;
}

static void on_state(void *arg, bool up, const char *why)
{
	struct fixture *t = arg;

	t->up = up;
	if (up)
		t->ups++;
	else
		t->downs++;
	snprintf(t->why, sizeof(t->why), "%s", why ? why : "");
}

static void open_redis(uint64_t timeout_ms, size_t outstanding)
{
	const struct redis_options options = {
		.address = f.address,
		.timeout_ms = timeout_ms,
		.outstanding = outstanding,
		.connections = 3,
		.libraries = &library,
		.library_count = 1,
	};

	ck_assert_int_eq(
		redis_create(f.loop, io_loop_log(f.loop), &options, on_state, &f, &f.redis), 0);
}

static void setup(void)
{
	f = (struct fixture){0};
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(f.address, sizeof(f.address), "unix:%s/redis.sock", directory);
	ck_assert_int_eq(io_loop_create(NULL, &f.loop), 0);
}

static void teardown(void)
{
	char command[160];

	redis_destroy(&f.redis);
	io_loop_destroy(&f.loop);
	stop_server(SIGKILL);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

struct answer {
	bool done;
	unsigned calls;
	int err, type;
	long long integer;
	char text[200];
};

static void on_answer(void *arg, int err, const redisReply *reply, const char *why)
{
	struct answer *a = arg;

	a->done = true;
	a->calls++;
	a->err = err;
	a->type = reply ? reply->type : 0;
	a->integer = reply ? reply->integer : 0;
	snprintf(a->text, sizeof(a->text), "%s", why ? why : reply && reply->str ? reply->str : "");
}

#define COMMAND(answer, ...)                                                   \
	redis_command(f.redis, (int)ARRAY_LEN(((struct span[]){__VA_ARGS__})), \
	              (struct span[]){__VA_ARGS__}, on_answer, (answer))

static void ask(struct answer *a)
{
	io_wait(f.loop, io_is_true, &a->done, WAIT_MS);
	ck_assert_uint_eq(a->calls, 1);
}

static bool is_down(const void *arg)
{
	(void)arg;
	return !f.up && f.downs;
}

START_TEST(commands_fail_at_once_while_redis_is_away)
{
	struct answer a = {0};

	open_redis(0, 0);
	io_wait(f.loop, is_down, NULL, WAIT_MS);
	ck_assert(!redis_up(f.redis));
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("GET"), SPAN_LIT("a")), -ENOTCONN);
	io_idle(f.loop, 50);
	ck_assert(!a.done);
	ck_assert_msg(f.why[0], "says why");
	start_server("--databases", "4");
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("GET"), SPAN_LIT("a")), 0);
	ask(&a);
	ck_assert_int_eq(a.err, 0);
	ck_assert_int_eq(a.type, REDIS_REPLY_NIL);
}
END_TEST

START_TEST(functions_are_loaded_before_it_is_up_and_again_after_a_flush)
{
	struct answer a = {0}, flush = {0}, again = {0}, after = {0};
	const struct span one = SPAN_LIT("1");

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(redis_fcall(f.redis, "test_add", SPAN_LIT("n"), &one, 1, on_answer, &a),
	                 0);
	ask(&a);
	ck_assert_int_eq(a.integer, 1);
	ck_assert_uint_eq(redis_fcalls(f.redis), 1);
	ck_assert_int_eq(COMMAND(&flush, SPAN_LIT("FUNCTION"), SPAN_LIT("FLUSH")), 0);
	ask(&flush);
	ck_assert_int_eq(
		redis_fcall(f.redis, "test_add", SPAN_LIT("n"), &one, 1, on_answer, &again), 0);
	ask(&again);
	ck_assert_int_eq(again.err, -ENOTCONN);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(
		redis_fcall(f.redis, "test_add", SPAN_LIT("n"), &one, 1, on_answer, &after), 0);
	ask(&after);
	ck_assert_int_eq(after.integer, 2);
}
END_TEST

START_TEST(an_error_answer_is_the_command_s_own)
{
	struct answer a = {0};

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("NOSUCH"), SPAN_LIT("k")), 0);
	ask(&a);
	ck_assert_int_eq(a.err, -EIO);
	ck_assert_msg(strncmp(a.text, "ERR unknown command", 19) == 0, "%s", a.text);
	ck_assert(redis_up(f.redis));
}
END_TEST

START_TEST(what_is_under_way_when_redis_dies_is_told_once_and_it_comes_back)
{
	struct answer a[100] = {{0}};
	unsigned ups;

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ups = f.ups;
	kill(server, SIGSTOP);
	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%zu", i);
		ck_assert_int_eq(COMMAND(&a[i], SPAN_LIT("INCR"), span_of(key)), 0);
	}
	stop_server(SIGKILL);
	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		ask(&a[i]);
		ck_assert_int_eq(a[i].err, -ETIMEDOUT);
	}
	ck_assert(!redis_up(f.redis));
	start_server("--databases", "4");
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_uint_eq(f.ups, ups + 1);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		ck_assert_uint_eq(a[i].calls, 1);
}
END_TEST

START_TEST(a_silent_redis_is_noticed)
{
	struct answer a = {0};

	start_server("--databases", "4");
	open_redis(200, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	kill(server, SIGSTOP);
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("INCR"), SPAN_LIT("k")), 0);
	ask(&a);
	ck_assert_int_eq(a.err, -ETIMEDOUT);
	ck_assert(!redis_up(f.redis));
	kill(server, SIGCONT);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	kill(server, SIGSTOP); /* nothing is asked, and it is noticed all the same */
	io_wait(f.loop, is_down, NULL, WAIT_MS);
}
END_TEST

START_TEST(too_many_at_once_are_refused)
{
	struct answer a[4] = {{0}}, over = {0};

	start_server("--databases", "4");
	open_redis(0, 4);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		ck_assert_int_eq(COMMAND(&a[i], SPAN_LIT("INCR"), SPAN_LIT("k")), 0);
	ck_assert_int_eq(COMMAND(&over, SPAN_LIT("INCR"), SPAN_LIT("k")), -EAGAIN);
	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		ask(&a[i]);
		ck_assert_int_eq(a[i].integer, (long long)i + 1);
	}
	ck_assert_uint_eq(over.calls, 0);
}
END_TEST

START_TEST(commands_of_one_hash_tag_keep_their_order)
{
	static struct answer a[2000];
	char key[32], want[32];

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	memset(a, 0, sizeof(a));
	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		snprintf(key, sizeof(key), "c:{tag}:%zu", i % 7);
		ck_assert_int_eq(COMMAND(&a[i], SPAN_LIT("FCALL"), SPAN_LIT("test_add"),
		                         SPAN_LIT("1"), SPAN_LIT("c:{tag}"), SPAN_LIT("1")),
		                 0);
		snprintf(want, sizeof(want), "%zu", i);
	}
	ask(&a[ARRAY_LEN(a) - 1]);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		ck_assert_int_eq(a[i].integer, (long long)i + 1);
}
END_TEST

START_TEST(a_server_that_keeps_nothing_is_down)
{
	struct answer a = {0}, set = {0}, back = {0};

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(COMMAND(&set, SPAN_LIT("REPLICAOF"), SPAN_LIT("127.0.0.1"), SPAN_LIT("1")),
	                 0);
	ask(&set);
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("INCR"), SPAN_LIT("k")), 0);
	ask(&a);
	ck_assert_int_eq(a.err, -ENOTCONN);
	ck_assert(!redis_up(f.redis));
	ck_assert_msg(strncmp(f.why, "READONLY", 8) == 0, "%s", f.why);
	ck_assert_int_eq(COMMAND(&back, SPAN_LIT("GET"), SPAN_LIT("k")), -ENOTCONN);
}
END_TEST

static unsigned lost, messages;
static bool subscribed, heard;
static char heard_text[64];

static void on_message(void *arg, struct span message)
{
	(void)arg;
	messages++;
	heard = true;
	snprintf(heard_text, sizeof(heard_text), "%.*s", SPAN_FMT(message));
}

static void on_lost(void *arg)
{
	(void)arg;
	lost++;
	subscribed = true;
}

static void publish(const char *text)
{
	struct answer a = {0};

	heard = false;
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("PUBLISH"), SPAN_LIT("hints"), span_of(text)), 0);
	ask(&a);
	io_wait(f.loop, io_is_true, &heard, WAIT_MS);
	ck_assert_str_eq(heard_text, text);
}

START_TEST(a_subscription_survives_the_server)
{
	lost = messages = 0;
	subscribed = false;
	start_server("--databases", "4");
	open_redis(0, 0);
	ck_assert_int_eq(redis_subscribe(f.redis, "hints", on_message, on_lost, NULL), 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	io_wait(f.loop, io_is_true, &subscribed, WAIT_MS);
	publish("one");
	subscribed = false;
	stop_server(SIGKILL);
	io_wait(f.loop, is_down, NULL, WAIT_MS);
	start_server("--databases", "4");
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	io_wait(f.loop, io_is_true, &subscribed, WAIT_MS);
	publish("two");
	ck_assert_uint_eq(lost, 2);
	ck_assert_uint_eq(messages, 2);
}
END_TEST

START_TEST(a_wrong_password_is_said)
{
	const struct redis_options options = {.address = f.address, .password = "wrong"};

	start_server("--requirepass", "right");
	ck_assert_int_eq(
		redis_create(f.loop, io_loop_log(f.loop), &options, on_state, &f, &f.redis), 0);
	while (!strstr(f.why, "WRONGPASS"))
		io_loop_turn(f.loop);
	ck_assert(!redis_up(f.redis));
}
END_TEST

START_TEST(destroying_tells_what_was_under_way)
{
	struct answer a = {0};

	start_server("--databases", "4");
	open_redis(0, 0);
	io_wait(f.loop, io_is_true, &f.up, WAIT_MS);
	ck_assert_int_eq(COMMAND(&a, SPAN_LIT("INCR"), SPAN_LIT("k")), 0);
	redis_destroy(&f.redis);
	ck_assert_int_eq(a.err, -ECANCELED);
	ck_assert_uint_eq(a.calls, 1);
}
END_TEST

static const char *const bad_addresses[] = {
	"unix:", "", "host", "host:", "host:0", "host:70000", ":6379"};

START_TEST(a_bad_address_is_refused)
{
	const struct redis_options options = {.address = bad_addresses[_i]};

	ck_assert_int_eq(
		redis_create(f.loop, io_loop_log(f.loop), &options, on_state, &f, &f.redis),
		-EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("redis");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, commands_fail_at_once_while_redis_is_away);
	tcase_add_test(tc, functions_are_loaded_before_it_is_up_and_again_after_a_flush);
	tcase_add_test(tc, an_error_answer_is_the_command_s_own);
	tcase_add_test(tc, what_is_under_way_when_redis_dies_is_told_once_and_it_comes_back);
	tcase_add_test(tc, a_silent_redis_is_noticed);
	tcase_add_test(tc, too_many_at_once_are_refused);
	tcase_add_test(tc, commands_of_one_hash_tag_keep_their_order);
	tcase_add_test(tc, a_server_that_keeps_nothing_is_down);
	tcase_add_test(tc, a_subscription_survives_the_server);
	tcase_add_test(tc, a_wrong_password_is_said);
	tcase_add_test(tc, destroying_tells_what_was_under_way);
	tcase_add_loop_test(tc, a_bad_address_is_refused, 0, ARRAY_LEN(bad_addresses));
	return unit_run("redis", &tc, 1);
}
