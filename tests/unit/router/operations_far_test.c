/*
 * What is asked of a peer while another node holds its account: the holder asks, once, whichever of
 * Redis' answers are lost on the way.
 */
#include "operations_fixture.h"
#include "redis_proxy.h"
#include "route_fixture.h"

#include <stdio.h>

static void start_two(void)
{
	route_start();
	fx.node.self->can_be_asked = true;
	node_start(&second, "n2", false);
	second.self->can_be_asked = true;
	while (!second.self->host->route.elsewhere)
		io_loop_turn(fx.loop);
}

static void start_two_proxied(void)
{
	fx.proxied = true;
	start_two();
}

START_TEST(what_one_node_is_asked_the_holder_asks)
{
	struct asked asked;

	sent_as("1");
	ask(&second, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	ck_assert_uint_eq(second.self->asked, 0);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.err, 0);
	ck_assert_int_eq(asked.status, STATUS_CANCELED);
	wait_status(&fx.node, ALICE, 2, STATUS_CANCELED);
}
END_TEST

START_TEST(the_holders_refusals_are_told_as_if_they_were_ones_own)
{
	struct asked asked;

	sent_as("1");
	ask(&second, OPERATION_REPLACE, "two words", &asked);
	wait_asked(1);
	ck_assert_str_eq(fx.node.self->asked_text, "The annual fee is 100 yuan.>two words");
	answer(-EPERM, STATUS_SENT, "smpp.0x00000013");
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.err, -EPERM);
	ck_assert_str_eq(asked.code, "peer_refused");
	ck_assert_str_eq(asked.peer, "smpp.0x00000013");
}
END_TEST

START_TEST(what_nobody_takes_is_withdrawn_and_never_asked)
{
	struct asked asked;

	sent_as("1");
	node_kill(&fx.node); /* and its lease lasts for a while */
	ask(&second, OPERATION_CANCEL, "", &asked);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "unavailable");
	io_wait(fx.loop, io_is_true, &second.self->started, 10000);
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(second.self->asked, 0);
}
END_TEST

START_TEST(a_node_that_stops_tells_who_waits)
{
	struct asked asked;

	sent_as("1");
	ask(&second, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	fx.node.self->answers_at_end = true;
	node_kill(&second);
	ck_assert(asked.done);
	ck_assert_str_eq(asked.code, "unavailable");
	node_start(&second, "n2", false);
}
END_TEST

/* The connector tells whoever waits when it ends, and Redis is gone by then. */
START_TEST(a_holder_that_stops_asks_redis_nothing_any_more)
{
	struct asked asked;

	sent_as("1");
	ask(&second, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	fx.node.self->answers_at_end = true;
	node_kill(&fx.node);
	ck_assert(!asked.done); /* whether it was done nobody knows yet */
	node_kill(&second);
	node_start(&second, "n2", false);
}
END_TEST

START_TEST(whoever_lost_the_account_asks_nothing_any_more)
{
	struct route_state *route = &fx.node.router->route;
	struct asked asked;

	sent_in_two_parts();
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	while (route->syncing)
		io_loop_turn(fx.loop);
	route->syncing = true; /* nothing renews its lease */
	fx.node.self->host->route.held_ms -= FENCE_MS;
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "unavailable");
	ck_assert_uint_eq(fx.node.self->asked, 1); /* not of the second part */
}
END_TEST

/* --- Answers of Redis that are lost ----------------------------------------------------------- */

static void (*const losses[])(const char *function) = {redis_proxy_lose, redis_proxy_cut};
static const char *const functions[] = {"ph_op_ask", "ph_op_take", "ph_op_look"};

START_TEST(what_is_asked_is_asked_once_whichever_answer_is_lost)
{
	struct asked asked;

	sent_as("1");
	losses[_i % 2](functions[_i / 2]);
	ask(&second, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, SOON_MS);
	ck_assert(redis_proxy_lost());
	ck_assert_int_eq(asked.err, 0);
	ck_assert_int_eq(asked.status, STATUS_CANCELED);
	io_idle(fx.loop, 500);
	ck_assert_uint_eq(fx.node.self->asked, 1);
}
END_TEST

START_TEST(what_the_peer_said_is_told_though_an_answer_is_lost)
{
	struct asked asked;

	sent_as("1");
	ask(&second, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	losses[_i]("ph_op_told");
	answer(-EPERM, STATUS_SENT, "smpp.0x00000011");
	io_wait(fx.loop, io_is_true, &asked.done, SOON_MS);
	ck_assert(redis_proxy_lost());
	ck_assert_str_eq(asked.code, "peer_refused");
	ck_assert_str_eq(asked.peer, "smpp.0x00000011");
	io_idle(fx.loop, 500);
	ck_assert_uint_eq(fx.node.self->asked, 1);
}
END_TEST

struct text {
	bool done;
	char text[32];
};

static void on_text(void *arg, int err, const redisReply *reply, const char *why)
{
	struct text *out = arg;
	bool list = reply && reply->type == REDIS_REPLY_ARRAY;

	ck_assert_msg(err == 0, "%s", why ? why : "");
	for (size_t i = 0; list && i < reply->elements; i++)
		snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text),
		         "%.*s;", SPAN_FMT(redis_text_at(reply, i)));
	if (reply->type == REDIS_REPLY_STRING)
		snprintf(out->text, sizeof(out->text), "%.*s", SPAN_FMT(redis_text(reply)));
	out->done = true;
}

/* What a function answers, twice the same. */
static struct text twice(const char *function, const char *a, const char *b, const char *c)
{
	const struct span argv[] = {span_of(a), span_of(b), span_of(c ? c : "")};
	struct text texts[2] = {0};

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(redis_fcall(fx.node.redis, function, ROUTER_CONTROL, argv,
		                             c ? 3 : 2, on_text, &texts[i]),
		                 0);
		io_wait(fx.loop, io_is_true, &texts[i].done, SOON_MS);
	}
	ck_assert_str_eq(texts[0].text, texts[1].text);
	return texts[0];
}

START_TEST(each_step_may_be_said_twice)
{
	twice("ph_op_ask", "1", "none", "a request");
	ck_assert_str_eq(twice("ph_op_look", "1", "0", NULL).text, "w;");
	ck_assert_str_eq(twice("ph_op_take", "1", "n1#1", NULL).text, "a request");
	ck_assert_str_eq(twice("ph_op_take", "1", "n2#1", NULL).text, "");
	ck_assert_str_eq(twice("ph_op_look", "1", "1", NULL).text, "w;"); /* it was taken */
	twice("ph_op_told", "1", "an answer", NULL);
	ck_assert_str_eq(twice("ph_op_look", "1", "1", NULL).text, "t;an answer;");
	twice("ph_op_ask", "1", "none", "a request"); /* said again at last */
	ck_assert_str_eq(twice("ph_op_take", "1", "n1#1", NULL).text, "");
}
END_TEST

/* A connection is lost while Redis is busy, and what had come over it is carried out late. */
START_TEST(what_was_withdrawn_stays_so_should_it_come_only_then)
{
	ck_assert_str_eq(twice("ph_op_look", "1", "1", NULL).text, "n;");
	twice("ph_op_ask", "1", "none", "a request");
	ck_assert_str_eq(twice("ph_op_take", "1", "n1#1", NULL).text, "");
	ck_assert_str_eq(twice("ph_op_look", "1", "0", NULL).text, "n;");
}
END_TEST

TCase *far_cases(void)
{
	const TTest *const tests[] = {
		what_one_node_is_asked_the_holder_asks,
		the_holders_refusals_are_told_as_if_they_were_ones_own,
		what_nobody_takes_is_withdrawn_and_never_asked,
		a_node_that_stops_tells_who_waits,
		a_holder_that_stops_asks_redis_nothing_any_more,
		whoever_lost_the_account_asks_nothing_any_more,
		each_step_may_be_said_twice,
		what_was_withdrawn_stays_so_should_it_come_only_then,
	};
	TCase *tc = tcase_create("two nodes");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start_two, route_stop);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	return tc;
}

TCase *far_lost_cases(void)
{
	TCase *tc = tcase_create("two nodes, lost answers");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start_two_proxied, route_stop);
	tcase_add_loop_test(tc, what_is_asked_is_asked_once_whichever_answer_is_lost, 0,
	                    ARRAY_LEN(losses) * ARRAY_LEN(functions));
	tcase_add_loop_test(tc, what_the_peer_said_is_told_though_an_answer_is_lost, 0,
	                    ARRAY_LEN(losses));
	return tc;
}
