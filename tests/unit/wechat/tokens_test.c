/* The token that every call needs: fetched, shared with other nodes, renewed, replaced when
 * refused. */
#include "channel_bench.h"

#include <stdio.h>

UNTIL(one_call, platform.call_count >= 1)
UNTIL(one_result, host.result_count >= 1)
UNTIL(three_results, host.result_count >= 3)
UNTIL(up, host.state == CHANNEL_UP)
UNTIL(misconfigured, host.state == CHANNEL_MISCONFIGURED)
UNTIL(receive_only, host.state == CHANNEL_RECEIVE_ONLY)
UNTIL(held_two, platform.held_count >= 2)

static const int token_codes[] = {40001, 40014, 42001, 41001};

START_TEST(a_refused_token_is_replaced_once)
{
	bench_open_up("");
	bench_order_errcode(token_codes[_i]);
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(bench_tokens_asked(), 2);
	ck_assert_str_eq(platform_sent(&platform, 0)->token, "TOKEN1");
	ck_assert_str_eq(platform_sent(&platform, 1)->token, "TOKEN2");
}
END_TEST

START_TEST(many_refusals_of_one_token_fetch_one)
{
	char openid[32];

	platform.hold = true;
	bench_open_up("");
	for (unsigned i = 0; i < 5; i++) {
		bench_order_errcode(42001);
		snprintf(openid, sizeof(openid), "oUser%u", i);
		bench_send(openid, "hi");
	}
	await_held_two();
	host_pass(loop, 100);
	platform.hold = false;
	platform_release(&platform, 5);
	await_three_results();
	host_pass(loop, 100);
	ck_assert_uint_eq(host.result_count, 5);
	ck_assert_uint_eq(bench_tokens_asked(), 2);
}
END_TEST

START_TEST(a_token_that_stays_refused_raises_the_alarm)
{
	platform.same_token = true;
	bench_open_up("");
	bench_order_errcode(40001);
	bench_order_errcode(40001);
	bench_send(OPENID, "hi");
	await_misconfigured();
	ck_assert_uint_eq(platform_sends(&platform), 2);
	ck_assert_uint_eq(host.result_count, 0);
	ck_assert(strstr(bench_log.data, "level=error") != NULL);
}
END_TEST

static void on_stored(void *arg, int err)
{
	(void)arg;
	ck_assert_int_eq(err, 0);
}

/* As another node would leave it: good for an hour from now. */
static void leave_token(const char *token, uint64_t for_ms)
{
	char value[256];
	uint64_t ends = clock_wall_ms(io_loop_clock(loop)) + for_ms;

	snprintf(value, sizeof(value), "%llu %s", (unsigned long long)ends, token);
	connector_store(&host, SPAN_LIT("access_token"), span_of(value), for_ms, on_stored, NULL);
}

START_TEST(a_token_of_another_node_is_used)
{
	host.loop = loop;
	host.durable = true;
	host.hold = true; /* its later is not set up yet */
	leave_token("SHARED", 3600000);
	host.pending_count = 0;
	host.hold = false;
	bench_open_up("");
	ck_assert_uint_eq(bench_tokens_asked(), 0);
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_str_eq(platform_sent(&platform, 0)->token, "SHARED");
}
END_TEST

START_TEST(a_refused_token_is_replaced_by_the_stored_one_first)
{
	bench_open_up("");
	leave_token("NEWER", 7300000);
	bench_order_errcode(40001);
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_str_eq(platform_sent(&platform, 1)->token, "NEWER");
	ck_assert_uint_eq(bench_tokens_asked(), 1);
}
END_TEST

START_TEST(a_token_is_renewed_before_its_end)
{
	platform.expires_s = 2;
	bench_open_up("");
	host_pass(loop, 2300);
	ck_assert_uint_ge(bench_tokens_asked(), 2);
	ck_assert_uint_eq(host.states, 2); /* connecting, up: nobody noticed */
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_store_that_is_away_does_not_stop_the_account)
{
	bench_open("");
	host.durable = false;
	await_up();
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

static const struct token_failure {
	int errcode;
	enum channel_state state;
} token_failures[] = {
	{40013, CHANNEL_MISCONFIGURED},
        {40125, CHANNEL_MISCONFIGURED},
	{40243, CHANNEL_MISCONFIGURED},
        {40164, CHANNEL_MISCONFIGURED},
	{40001, CHANNEL_MISCONFIGURED},
        {-1,    CHANNEL_RECEIVE_ONLY },
	{45009, CHANNEL_RECEIVE_ONLY },
};

START_TEST(no_token_is_a_state_that_says_why)
{
	platform.token_errcode = token_failures[_i].errcode;
	bench_open("");
	await_one_call();
	host_pass(loop, 100);
	ck_assert_int_eq(host.state, token_failures[_i].state);
	ck_assert_msg(strstr(host.why, "1-2-3") != NULL, "%s", host.why);
	ck_assert_int_eq(bench_send(OPENID, "hi"), -ENOTCONN);
}
END_TEST

START_TEST(the_channel_comes_up_when_the_api_does)
{
	platform.token_errcode = -1;
	bench_open("");
	await_receive_only();
	platform.token_errcode = 0;
	await_up();
	ck_assert_uint_ge(host.ready, 1);
	ck_assert_int_eq(bench_send(OPENID, "hi"), 0);
	await_one_result();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("tokens");

	tcase_add_checked_fixture(tc, bench_set_up, bench_tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, a_refused_token_is_replaced_once, 0, ARRAY_LEN(token_codes));
	tcase_add_test(tc, many_refusals_of_one_token_fetch_one);
	tcase_add_test(tc, a_token_that_stays_refused_raises_the_alarm);
	tcase_add_test(tc, a_token_of_another_node_is_used);
	tcase_add_test(tc, a_refused_token_is_replaced_by_the_stored_one_first);
	tcase_add_test(tc, a_token_is_renewed_before_its_end);
	tcase_add_test(tc, a_store_that_is_away_does_not_stop_the_account);
	tcase_add_loop_test(tc, no_token_is_a_state_that_says_why, 0, ARRAY_LEN(token_failures));
	tcase_add_test(tc, the_channel_comes_up_when_the_api_does);
	return unit_run("wechat tokens", &tc, 1);
}
