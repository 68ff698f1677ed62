/*
 * The suite. Each test is a sentence about connectors; the probe plays the far end. The last one
 * lets every allocation of a channel's life fail once.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>

#include "home.h"
#include "http_client.h"
#include "http_server.h"
#include "unit.h"

#define P conformance_probe

enum { TURN_MS = 5 };

static struct scene scene;
static struct connector_host *const host = &scene.host;

/* ---- allocations that fail on command (the linker's --wrap) ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static long fail_in; /* 0: none fails; n: the n-th from now */
static bool failed;

static bool fails(void)
{
	if (fail_in == 0 || --fail_in != 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

/* ---- the scene ---- */

#define AWAIT(condition) AWAIT_ON(scene.loop, condition)

static void no_log(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}

static void set_up(void)
{
	static const struct http_client_options client;
	static const struct http_limits limits;
	char address[32];

	log_set_sink(no_log, NULL);
	memset(&scene, 0, sizeof(scene));
	ck_assert_int_eq(io_loop_create(NULL, &scene.loop), 0);
	ck_assert_int_eq(http_server_create(scene.loop, "conformance", &limits, &host->http), 0);
	snprintf(address, sizeof(address), "%s:0", home_address());
	ck_assert_int_eq(http_server_listen(host->http, address, NULL, &scene.http_port), 0);
	ck_assert_int_eq(http_client_create(scene.loop, &client, &host->http_client), 0);
}

static void tear_down(void)
{
	host_close(host);
	http_server_destroy(&host->http);
	http_client_destroy(&host->http_client);
	if (P->close)
		P->close(&scene);
	host_pass(scene.loop, 20);
	io_loop_destroy(&scene.loop);
}

static int open_with(const char *more)
{
	char yaml[4096], peer[3072];
	int err = P->open(&scene, peer, sizeof(peer));

	if (err)
		return err;
	snprintf(yaml, sizeof(yaml), "%s%s", peer, more ? more : "");
	err = host_open(host, P->ops, yaml[0] ? yaml : "{}", scene.loop);
	return err ? err : P->ops->start(host->self);
}

static void open_up(const char *more)
{
	ck_assert_int_eq(open_with(more), 0);
	AWAIT(host->state == CHANNEL_UP);
}

static int send_text(const char *text)
{
	return host_send(host, P->address, text);
}

/* Whether one of the results has the outcome. */
static size_t outcomes(enum send_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < host->result_count; i++)
		count += host->results[i].outcome == outcome;
	return count;
}

/* ---- what it says of itself ---- */

START_TEST(it_declares_all_that_it_must)
{
	const struct connector_ops *ops = P->ops;

	ck_assert(ops->name && ops->caps.scheme && ops->caps.kinds && ops->caps.text_max);
	ck_assert(ops->init && ops->start && ops->send && ops->address && ops->stop && ops->fini);
	ck_assert(ops->self_size && ops->config_size && ops->config);
	for (const struct config_field *f = ops->config; f->key; f++)
		ck_assert_msg(f->help, "%s: no help", f->key);
}
END_TEST

START_TEST(an_address_has_one_spelling)
{
	char out[256], again[256];

	ck_assert_int_eq(open_with(NULL), 0);
	ck_assert_int_eq(P->ops->address(host->self, span_of(P->raw_address), out, sizeof(out)), 0);
	ck_assert_str_eq(out, P->address);
	ck_assert_int_eq(P->ops->address(host->self, span_of(out), again, sizeof(again)), 0);
	ck_assert_str_eq(again, out);
	ck_assert_int_eq(P->ops->address(host->self, span_of(P->bad_address), out, sizeof(out)),
	                 -EINVAL);
	ck_assert_int_eq(P->ops->address(host->self, SPAN_LIT(""), out, sizeof(out)), -EINVAL);
	ck_assert(P->ops->address(host->self, span_of(P->raw_address), out, 3) != 0);
	ck_assert(strncmp(P->address, P->ops->caps.scheme, strlen(P->ops->caps.scheme)) == 0);
}
END_TEST

/* ---- in ---- */

START_TEST(what_the_customer_says_arrives_and_is_acknowledged)
{
	open_up(NULL);
	P->say(&scene, "hello");
	AWAIT(host->received_count == 1 && P->acknowledged(&scene) == 1);
	ck_assert(span_is(host->received[0]->text, "hello"));
	ck_assert(span_is(host->received[0]->address, P->address));
	ck_assert_int_eq(host->received[0]->direction, MESSAGE_IN);
	ck_assert(span_is(host->received[0]->author, "customer"));
	ck_assert(host->received[0]->dup_key.len > 0 && host->received[0]->ts_ms > 0);
}
END_TEST

START_TEST(nothing_is_acknowledged_before_it_is_durable)
{
	open_up(NULL);
	host->hold = true;
	P->say(&scene, "hello");
	AWAIT(host->received_count == 1);
	host_pass(scene.loop, 100);
	ck_assert_uint_eq(P->acknowledged(&scene), 0);
	host->hold = false;
	host_settle(host, 0);
	AWAIT(P->acknowledged(&scene) == 1);
}
END_TEST

START_TEST(what_is_not_durable_is_not_acknowledged)
{
	open_up(NULL);
	host->verdict = -EAGAIN;
	P->say(&scene, "hello");
	AWAIT(host->received_count >= 1);
	host_pass(scene.loop, 100);
	ck_assert_uint_eq(P->acknowledged(&scene), 0);
	ck_assert(!P->put_off || P->put_off(&scene) >= 1);
}
END_TEST

/* ---- out ---- */

START_TEST(a_message_is_sent_and_told)
{
	open_up(NULL);
	ck_assert_int_eq(send_text("hello"), 0);
	AWAIT(host->result_count == 1);
	ck_assert_int_eq(host->results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host->results[0].parts, 1);
	ck_assert(span_is(host->results[0].message->text, "hello"));
	ck_assert(!P->heard || P->heard(&scene) == 1);
}
END_TEST

START_TEST(an_answer_may_be_sent_while_the_message_is_received)
{
	open_up(NULL);
	host->echo = true;
	P->say(&scene, "hello");
	AWAIT(host->result_count >= 1);
	ck_assert_int_eq(host->results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_full_window_says_so_and_tells_when_there_is_room)
{
	size_t taken = 0;
	unsigned ready;

	open_up(P->more);
	if (P->mute)
		P->mute(&scene, true);
	while (taken < P->window + 1 && send_text("hello") == 0)
		taken++;
	ck_assert_uint_eq(taken, P->window);
	ck_assert_int_eq(send_text("hello"), -EAGAIN);
	ready = host->ready;
	if (P->mute)
		P->mute(&scene, false);
	AWAIT(host->ready > ready);
	ck_assert_int_eq(send_text("hello"), 0);
}
END_TEST

START_TEST(what_is_too_long_is_refused_whole)
{
	char *text = malloc(P->text_over + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', P->text_over);
	text[P->text_over] = '\0';
	open_up(NULL);
	if (send_text(text) == 0) {
		AWAIT(host->result_count >= 1);
		ck_assert_int_eq(host->results[0].outcome, SEND_REFUSED);
	}
	ck_assert(!P->heard || P->heard(&scene) == 0);
	free(text);
}
END_TEST

START_TEST(before_it_is_up_nothing_is_taken)
{
	ck_assert_int_eq(open_with(NULL), 0);
	if (host->state != CHANNEL_UP)
		ck_assert_int_eq(send_text("hello"), -ENOTCONN);
	AWAIT(host->state == CHANNEL_UP);
}
END_TEST

/* ---- the far end's moods ---- */

START_TEST(refused_it_says_so_and_comes_up_when_it_is_let_in)
{
	char yaml[3072];

	ck_assert_int_eq(P->open(&scene, yaml, sizeof(yaml)), 0);
	P->refuse(&scene, true);
	ck_assert_int_eq(host_open(host, P->ops, yaml, scene.loop), 0);
	ck_assert_int_eq(P->ops->start(host->self), 0);
	AWAIT(host->state == CHANNEL_DOWN || host->state == CHANNEL_MISCONFIGURED ||
	      host->state == CHANNEL_RECEIVE_ONLY);
	ck_assert_uint_eq(host->up, 0);
	P->refuse(&scene, false);
	AWAIT(host->state == CHANNEL_UP);
}
END_TEST

START_TEST(a_link_lost_while_sending_leaves_the_message_uncertain)
{
	open_up(NULL);
	P->mute(&scene, true);
	ck_assert_int_eq(send_text("hello"), 0);
	AWAIT(P->heard(&scene) == 1);
	P->drop(&scene);
	AWAIT(host->result_count == 1);
	ck_assert_int_eq(host->results[0].outcome, SEND_UNCERTAIN);
	P->mute(&scene, false);
	AWAIT(host->state == CHANNEL_UP);
	ck_assert_int_eq(send_text("again"), 0);
	AWAIT(outcomes(SEND_OK) == 1);
}
END_TEST

START_TEST(a_link_lost_while_receiving_is_no_harm)
{
	open_up(NULL);
	host->hold = true;
	P->say(&scene, "hello");
	AWAIT(host->received_count == 1);
	P->drop(&scene);
	host_pass(scene.loop, 50);
	host->hold = false;
	host_settle(host, 0);
	AWAIT(host->state == CHANNEL_UP);
	P->say(&scene, "again");
	AWAIT(P->acknowledged(&scene) >= 1);
}
END_TEST

START_TEST(garbage_does_no_harm)
{
	open_up(NULL);
	for (unsigned i = 0; P->garbage(&scene, i); i++) {
		size_t before = host->received_count;
		unsigned acknowledged;

		host_pass(scene.loop, 50);
		ck_assert_uint_eq(host->received_count, before);
		AWAIT(host->state == CHANNEL_UP);
		acknowledged = P->acknowledged(&scene);
		P->say(&scene, "still here");
		AWAIT(P->acknowledged(&scene) > acknowledged);
	}
}
END_TEST

/* ---- the end ---- */

START_TEST(a_drain_finishes_what_is_under_way)
{
	open_up(NULL);
	ck_assert_int_eq(send_text("hello"), 0);
	P->ops->stop(host->self, STOP_DRAIN);
	ck_assert_int_ne(send_text("too late"), 0);
	AWAIT(host->stopped == 1);
	ck_assert_uint_eq(outcomes(SEND_OK), 1);
}
END_TEST

START_TEST(a_drain_that_cannot_finish_ends_in_its_time)
{
	host->drain_ms = 150;
	open_up(NULL);
	P->mute(&scene, true);
	ck_assert_int_eq(send_text("hello"), 0);
	AWAIT(P->heard(&scene) == 1);
	P->ops->stop(host->self, STOP_DRAIN);
	AWAIT(host->stopped == 1);
	ck_assert_uint_eq(host->result_count, 1);
	ck_assert_int_eq(host->results[0].outcome, SEND_UNCERTAIN);
}
END_TEST

START_TEST(stopped_twice_it_ends_once)
{
	open_up(NULL);
	P->ops->stop(host->self, STOP_DRAIN);
	P->ops->stop(host->self, STOP_NOW);
	AWAIT(host->stopped == 1);
	P->ops->stop(host->self, STOP_DRAIN);
	host_pass(scene.loop, 100);
	ck_assert_uint_eq(host->stopped, 1);
	ck_assert_int_ne(send_text("too late"), 0);
}
END_TEST

START_TEST(stopped_at_once_it_leaves_nothing_unsaid)
{
	open_up(NULL);
	if (P->pushes)
		ck_assert_int_eq(send_text("hello"), 0);
	P->ops->stop(host->self, STOP_NOW);
	AWAIT(host->stopped == 1);
	ck_assert_uint_eq(host->result_count, P->pushes ? 1 : 0);
}
END_TEST

START_TEST(it_may_go_before_it_ever_began)
{
	char yaml[3072];

	ck_assert_int_eq(P->open(&scene, yaml, sizeof(yaml)), 0);
	ck_assert_int_eq(host_open(host, P->ops, yaml[0] ? yaml : "{}", scene.loop), 0);
	/* The fixture closes it: fini without start. */
}
END_TEST

/* ---- memory ---- */

/* A channel's life: comes up, receives, sends, ends. What fails on the way only must not break. */
static void live(void)
{
	if (open_with(NULL) == 0) {
		for (unsigned i = 0; i < 20 && host->state != CHANNEL_UP; i++)
			host_pass(scene.loop, TURN_MS);
		P->say(&scene, "hello");
		if (P->pushes)
			(void)send_text("hello");
		for (unsigned i = 0; i < 20 && P->acknowledged(&scene) == 0; i++)
			host_pass(scene.loop, TURN_MS);
		P->ops->stop(host->self, STOP_DRAIN);
		for (unsigned i = 0; i < 20 && !host->stopped; i++)
			host_pass(scene.loop, TURN_MS);
	}
	fail_in = 0;
}

START_TEST(each_allocation_may_fail_once)
{
	long n = 1;

	do {
		failed = false;
		set_up();
		fail_in = n;
		live();
		tear_down();
		n++;
	} while (failed && n < 2000);
	ck_assert_int_gt(n, 3);
	ck_assert_msg(!failed, "it never came to an end");
}
END_TEST

/* ---- which of them are for this connector ---- */

static TCase *add(TCase *tc, bool is, const TTest *test)
{
	if (is)
		tcase_add_test(tc, test);
	return tc;
}

int main(void)
{
	TCase *tc[] = {tcase_create("conformance"), tcase_create("memory")};
	bool out = P->pushes, dials = P->refuse != NULL;

	tcase_add_checked_fixture(tc[0], set_up, tear_down);
	tcase_set_timeout(tc[0], 30);
	tcase_set_timeout(tc[1], 55);
	add(tc[0], true, it_declares_all_that_it_must);
	add(tc[0], true, an_address_has_one_spelling);
	add(tc[0], true, what_the_customer_says_arrives_and_is_acknowledged);
	add(tc[0], true, nothing_is_acknowledged_before_it_is_durable);
	add(tc[0], true, what_is_not_durable_is_not_acknowledged);
	add(tc[0], out, a_message_is_sent_and_told);
	add(tc[0], out, an_answer_may_be_sent_while_the_message_is_received);
	add(tc[0], P->window > 0, a_full_window_says_so_and_tells_when_there_is_room);
	add(tc[0], P->text_over > 0, what_is_too_long_is_refused_whole);
	add(tc[0], out, before_it_is_up_nothing_is_taken);
	add(tc[0], dials, refused_it_says_so_and_comes_up_when_it_is_let_in);
	add(tc[0], out && P->mute && P->drop,
	    a_link_lost_while_sending_leaves_the_message_uncertain);
	add(tc[0], P->drop != NULL, a_link_lost_while_receiving_is_no_harm);
	add(tc[0], P->garbage != NULL, garbage_does_no_harm);
	add(tc[0], out, a_drain_finishes_what_is_under_way);
	add(tc[0], out && P->mute, a_drain_that_cannot_finish_ends_in_its_time);
	add(tc[0], true, stopped_twice_it_ends_once);
	add(tc[0], true, stopped_at_once_it_leaves_nothing_unsaid);
	add(tc[0], true, it_may_go_before_it_ever_began);
	add(tc[1], true, each_allocation_may_fail_once);
	return unit_run(P->ops->name, tc, ARRAY_LEN(tc));
}
