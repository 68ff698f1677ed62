/* Messages out while the network fails, the queue is full or the channel ends: what is uncertain,
 * and what is given back. */
#include "channel_bench.h"

#include <stdio.h>

UNTIL(one_send, platform_sends(&platform) >= 1)
UNTIL(one_result, host.result_count >= 1)
UNTIL(two_results, host.result_count >= 2)
UNTIL(three_results, host.result_count >= 3)
UNTIL(ready, host.ready >= 2) /* the first was for being up */
UNTIL(stopped, host.stopped >= 1)
UNTIL(held_two, platform.held_count >= 2)

START_TEST(a_written_request_without_an_answer_is_uncertain)
{
	platform.hold = true;
	bench_open_up("api_timeout: 500 ms\n");
	bench_send(OPENID, "hi");
	bench_send(OPENID, "ho");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	ck_assert_str_eq(host.results[0].code, "wechat.no_answer");
	await_two_results();
	ck_assert_uint_eq(platform_sends(&platform), 2); /* none of them twice */
}
END_TEST

static const char *const odd_answers[] = {"{}", "[]", "<html>busy</html>", "{\"errcode\":\"0\"}"};

START_TEST(an_answer_that_is_not_wechats_is_uncertain)
{
	bench_open_up("");
	platform.odd = odd_answers[_i];
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	ck_assert_str_eq(host.results[0].code, "wechat.http.200");
	ck_assert_uint_eq(platform_sends(&platform), 1);
}
END_TEST

START_TEST(an_api_out_of_reach_keeps_the_message_until_it_is_back)
{
	bench_open_up("");
	platform_api_down(&platform);
	ck_assert_int_eq(bench_send(OPENID, "hi"), 0);
	host_pass(loop, 1500);
	ck_assert_uint_eq(host.result_count, 0);
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
}
END_TEST

START_TEST(a_full_queue_says_when_there_is_room)
{
	platform.hold = true;
	bench_open_up("queue: 2\n");
	ck_assert_int_eq(bench_send(OPENID, "one"), 0);
	ck_assert_int_eq(bench_send(OPENID, "two"), 0);
	ck_assert_int_eq(bench_send(OPENID, "three"), -EAGAIN);
	await_one_send();
	platform_release(&platform, 1);
	await_ready();
	ck_assert_int_eq(bench_send(OPENID, "three"), 0);
}
END_TEST

START_TEST(requests_at_once_are_bounded)
{
	char openid[32];

	platform.hold = true;
	bench_open_up("in_flight: 2\n");
	for (unsigned i = 0; i < 5; i++) {
		snprintf(openid, sizeof(openid), "oUser%u", i);
		ck_assert_int_eq(bench_send(openid, "hi"), 0);
	}
	await_held_two();
	host_pass(loop, 100);
	ck_assert_uint_eq(platform_sends(&platform), 2);
	platform.hold = false;
	platform_release(&platform, 2);
	await_three_results();
	host_pass(loop, 100);
	ck_assert_uint_eq(host.result_count, 5);
}
END_TEST

START_TEST(a_drain_finishes_what_was_taken)
{
	platform.hold = true;
	bench_open_up("");
	bench_send(OPENID, "one");
	bench_send(OPENID, "two");
	await_one_send();
	host.ops->stop(host.self, STOP_DRAIN);
	ck_assert_int_eq(bench_send(OPENID, "three"), -ENOTCONN);
	host_pass(loop, 50);
	ck_assert_uint_eq(host.stopped, 0);
	platform.hold = false;
	platform_release(&platform, 1);
	await_stopped();
	ck_assert_uint_eq(host.result_count, 2);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
}
END_TEST

START_TEST(a_drain_whose_time_is_over_says_what_became_of_all)
{
	host.drain_ms = 200;
	platform.hold = true;
	bench_open_up("");
	bench_send(OPENID, "one");
	bench_send(OPENID, "two");
	await_one_send();
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
	ck_assert_uint_eq(host.result_count, 2);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	ck_assert_int_eq(host.results[1].outcome, SEND_RETRY);
	platform_release(&platform, 1); /* too late */
	host_pass(loop, 50);
	ck_assert_uint_eq(host.result_count, 2);
}
END_TEST

START_TEST(an_end_with_everything_under_way_leaves_nothing_behind)
{
	platform.hold = true;
	bench_open_up("");
	bench_send(OPENID, "one");
	bench_send(OPENID, "two");
	bench_send("oOther", "three");
	await_held_two();
	bench_order_errcode(42001);
	platform_release(&platform, 1);
	host.ops->fini(host.self);
	host_pass(loop, 100);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sending_faults");

	tcase_add_checked_fixture(tc, bench_set_up, bench_tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_written_request_without_an_answer_is_uncertain);
	tcase_add_loop_test(tc, an_answer_that_is_not_wechats_is_uncertain, 0,
	                    ARRAY_LEN(odd_answers));
	tcase_add_test(tc, an_api_out_of_reach_keeps_the_message_until_it_is_back);
	tcase_add_test(tc, a_full_queue_says_when_there_is_room);
	tcase_add_test(tc, requests_at_once_are_bounded);
	tcase_add_test(tc, a_drain_finishes_what_was_taken);
	tcase_add_test(tc, a_drain_whose_time_is_over_says_what_became_of_all);
	tcase_add_test(tc, an_end_with_everything_under_way_leaves_nothing_behind);
	return unit_run("wechat sending_faults", &tc, 1);
}
