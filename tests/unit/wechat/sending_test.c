/* Messages out by the API, against a real socket: order, parts, menus, and what error codes lead
 * to. */
#include "channel_bench.h"

#include <stdio.h>
#include <stdlib.h>

UNTIL(one_send, platform_sends(&platform) >= 1)
UNTIL(three_sends, platform_sends(&platform) >= 3)
UNTIL(one_result, host.result_count >= 1)
UNTIL(two_results, host.result_count >= 2)
UNTIL(three_results, host.result_count >= 3)
UNTIL(misconfigured, host.state == CHANNEL_MISCONFIGURED)
UNTIL(receive_only, host.state == CHANNEL_RECEIVE_ONLY)
UNTIL(stopped, host.stopped >= 1)
UNTIL(held_two, platform.held_count >= 2)

/* --- the plain way -------------------------------------------------------------------------- */

START_TEST(a_message_is_sent_with_the_token)
{
	bench_open_up("");
	ck_assert_int_eq(bench_send(OPENID, "您好"), 0);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, 0);
	ck_assert_str_eq(platform_sent(&platform, 0)->token, "TOKEN1");
	ck_assert_str_eq(platform_sent(&platform, 0)->body,
	                 "{\"touser\":\"" OPENID
	                 "\",\"msgtype\":\"text\",\"text\":{\"content\":\"您好\"}}");
	ck_assert_uint_eq(bench_tokens_asked(), 1);
}
END_TEST

START_TEST(no_secret_is_ever_logged)
{
	bench_open_up("");
	bench_order_errcode(40001);
	bench_order_errcode(45015);
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert(bench_log.len > 0);
	ck_assert_ptr_null(strstr(bench_log.data, "TOKEN"));
	ck_assert_ptr_null(strstr(bench_log.data, PLATFORM_SECRET));
	ck_assert_ptr_null(strstr(bench_log.data, PLATFORM_KEY));
}
END_TEST

START_TEST(a_users_messages_go_one_after_the_other)
{
	platform.hold = true;
	bench_open_up("");
	bench_send(OPENID, "one");
	bench_send(OPENID, "two");
	bench_send("oOther", "three");
	await_held_two();
	host_pass(loop, 100);
	ck_assert_uint_eq(platform_sends(&platform), 2); /* one and three */
	ck_assert(strstr(platform_sent(&platform, 0)->body, "one") != NULL);
	ck_assert(strstr(platform_sent(&platform, 1)->body, "three") != NULL);
	platform_release(&platform, 1);
	await_three_sends();
	ck_assert(strstr(platform_sent(&platform, 2)->body, "two") != NULL);
	platform_release(&platform, 2);
	await_three_results();
}
END_TEST

START_TEST(long_text_goes_in_parts_and_in_order)
{
	char text[5000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 2047, "中", 3); /* across the first border */
	bench_open_up("");
	ck_assert_int_eq(bench_send(OPENID, text), 0);
	await_three_results();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(host.results[i].outcome, SEND_OK);
		ck_assert_uint_eq(host.results[i].part, i);
		ck_assert_uint_eq(host.results[i].parts, 3);
	}
	ck_assert(strstr(platform_sent(&platform, 1)->body, "\"content\":\"中aaa") != NULL);
}
END_TEST

START_TEST(what_is_too_long_or_not_for_us_is_refused_at_once)
{
	char *text = calloc(1, 9000);

	memset(text, 'a', 8999);
	bench_open_up("");
	ck_assert_int_eq(bench_send(OPENID, text), -EMSGSIZE);
	ck_assert_int_eq(host_send(&host, "wechat:wxother:" OPENID, "hi"), -EINVAL);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hi"), -EINVAL);
	free(text);
}
END_TEST

START_TEST(media_without_an_id_is_refused)
{
	struct message like = {.direction = MESSAGE_OUT,
	                       .kind = MESSAGE_IMAGE,
	                       .address = SPAN_LIT(ADDRESS),
	                       .text = SPAN_LIT("[图片]")};
	struct message *m = message_create(&like);

	bench_open_up("");
	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_str_eq(host.results[0].code, "wechat.content");
	ck_assert_uint_eq(platform_sends(&platform), 0);
}
END_TEST

/* --- error codes ---------------------------------------------------------------------------- */

static const struct refusal {
	int errcode;
	unsigned flags;
} refusals[] = {
	{45015, SEND_WINDOW_CLOSED},
	{45047, SEND_BUDGET_USED  },
	{43004, SEND_BAD_ADDRESS  },
	{40003, SEND_BAD_ADDRESS  },
	{48002, SEND_BAD_ADDRESS  },
	{45002, 0		 },
	{40033, 0		 },
	{48001, 0		 },
	{61458, 0		 },
	{99999, 0		 },
};

START_TEST(a_code_that_refuses_says_why)
{
	char code[40];

	bench_open_up("");
	bench_order_errcode(refusals[_i].errcode);
	bench_send(OPENID, "hi");
	await_one_result();
	snprintf(code, sizeof(code), "wechat.%d", refusals[_i].errcode);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_uint_eq(host.results[0].flags, refusals[_i].flags);
	ck_assert_str_eq(host.results[0].code, code);
	ck_assert_int_eq(host.state, CHANNEL_UP);
}
END_TEST

START_TEST(a_part_that_is_refused_ends_the_message)
{
	char text[4500];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	bench_open_up("");
	bench_order_errcode(0);
	bench_order_errcode(45047);
	bench_send(OPENID, text);
	await_three_results();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_int_eq(host.results[1].outcome, SEND_REFUSED);
	ck_assert_int_eq(host.results[2].outcome, SEND_REFUSED);
	ck_assert_uint_eq(host.results[2].part, 2);
	ck_assert_uint_eq(platform_sends(&platform), 2);
}
END_TEST

START_TEST(a_busy_wechat_is_asked_again)
{
	bench_open_up("");
	bench_order_errcode(-1);
	bench_send(OPENID, "hi");
	bench_send(OPENID, "ho");
	await_two_results();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(platform_sends(&platform), 3);
	ck_assert(strstr(platform_sent(&platform, 1)->body, "hi") != NULL);
	ck_assert(strstr(platform_sent(&platform, 2)->body, "ho") != NULL);
}
END_TEST

START_TEST(a_duplicate_counts_as_sent)
{
	bench_open_up("");
	bench_order_errcode(43116);
	bench_send(OPENID, "hi");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_menu_that_is_not_allowed_is_said_as_text)
{
	struct message like = {.direction = MESSAGE_OUT,
	                       .kind = MESSAGE_MENU,
	                       .address = SPAN_LIT(ADDRESS),
	                       .text = SPAN_LIT("ok?"),
	                       .data = SPAN_LIT("{\"choices\":[{\"id\":\"1\",\"text\":\"yes\"}]}")};
	struct message *m = message_create(&like);

	bench_open_up("");
	bench_order_errcode(40200);
	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert(strstr(platform_sent(&platform, 1)->body, "msgmenuid=1") != NULL);
	m = message_create(&like); /* and from then on at once */
	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
	await_two_results();
	ck_assert_uint_eq(platform_sends(&platform), 3);
	ck_assert(strstr(platform_sent(&platform, 2)->body, "\"msgtype\":\"text\"") != NULL);
}
END_TEST

START_TEST(too_many_calls_a_minute_slow_everything_down)
{
	bench_open_up("");
	bench_order_errcode(45011);
	bench_send(OPENID, "hi");
	await_one_send();
	host_pass(loop, 100);
	bench_send("oOther", "ho");
	host_pass(loop, 300);
	ck_assert_uint_eq(platform_sends(&platform), 1);
	ck_assert_uint_eq(host.result_count, 0); /* nothing is lost, nothing is refused */
	await_two_results();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
}
END_TEST

START_TEST(the_quota_of_the_day_stops_the_channel_and_keeps_the_message)
{
	bench_open_up("");
	bench_order_errcode(45009);
	bench_send(OPENID, "hi");
	await_receive_only();
	ck_assert(strstr(host.why, "quota") != NULL);
	ck_assert_uint_eq(host.result_count, 0);
	ck_assert_int_eq(bench_send(OPENID, "ho"), -ENOTCONN);
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
}
END_TEST

static const int configuration_codes[] = {40013, 40125, 40164, 40243};

START_TEST(a_code_of_configuration_stops_the_account)
{
	bench_open_up("");
	bench_order_errcode(configuration_codes[_i]);
	bench_send(OPENID, "hi");
	await_misconfigured();
	ck_assert_msg(strstr(host.why, "said so") != NULL, "%s", host.why);
	ck_assert_int_eq(bench_send(OPENID, "ho"), -ENOTCONN);
	/* What WeChat says to us still comes in. */
	ck_assert_int_eq(bench_push(&safe, TEXT("hi", "1"))->status, 200);
}
END_TEST

START_TEST(typing_is_shown_and_never_waits)
{
	bench_open_up("");
	host.ops->caps.typing(host.self, SPAN_LIT(ADDRESS), true);
	host.ops->caps.typing(host.self, SPAN_LIT("sms:+86138"), true);
	host_pass(loop, 100);
	ck_assert_uint_eq(platform.call_count, 2);
	ck_assert_str_eq(platform.calls[1].path, "/cgi-bin/message/custom/typing");
	ck_assert_str_eq(platform.calls[1].body,
	                 "{\"touser\":\"" OPENID "\",\"command\":\"Typing\"}");
}
END_TEST

START_TEST(the_address_has_one_spelling)
{
	char out[128];

	bench_open_up("");
	ck_assert_int_eq(host.ops->address(host.self, SPAN_LIT(OPENID), out, sizeof(out)), 0);
	ck_assert_str_eq(out, ADDRESS);
	ck_assert_int_eq(host.ops->address(NULL, SPAN_LIT(ADDRESS), out, sizeof(out)), 0);
	ck_assert_str_eq(out, ADDRESS);
	ck_assert_int_eq(host.ops->address(NULL, SPAN_LIT(OPENID), out, sizeof(out)), -EINVAL);
	ck_assert_int_eq(host.ops->address(host.self, SPAN_LIT("+8613800138000"), out, sizeof(out)),
	                 -EINVAL);
}
END_TEST

/* --- configuration -------------------------------------------------------------------------- */

static const char *const bad_sections[] = {
	"appid: wx1\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\n", /* no key in safe mode */
	"appid: wx1\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\naes_key: {env: WX_TOKEN}\n",
	"appid: wx 1\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\naes_key: {env: WX_KEY}\n",
	"appid: wx1\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\naes_key: {env: WX_KEY}\n"
	"api_base: ftp://x\n",
	"appid: wx1\nsecret: plain\ntoken: {env: WX_TOKEN}\naes_key: {env: WX_KEY}\n",
	"appid: wx1\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\naes_key: {env: WX_KEY}\n"
	"mode: lax\n",
};

START_TEST(a_section_that_cannot_be_is_refused)
{
	ck_assert_int_eq(host_open(&host, &wechat_connector, bad_sections[_i], loop), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sending");

	tcase_add_checked_fixture(tc, bench_set_up, bench_tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_message_is_sent_with_the_token);
	tcase_add_test(tc, no_secret_is_ever_logged);
	tcase_add_test(tc, a_users_messages_go_one_after_the_other);
	tcase_add_test(tc, long_text_goes_in_parts_and_in_order);
	tcase_add_test(tc, what_is_too_long_or_not_for_us_is_refused_at_once);
	tcase_add_test(tc, media_without_an_id_is_refused);
	tcase_add_loop_test(tc, a_code_that_refuses_says_why, 0, ARRAY_LEN(refusals));
	tcase_add_test(tc, a_part_that_is_refused_ends_the_message);
	tcase_add_test(tc, a_busy_wechat_is_asked_again);
	tcase_add_test(tc, a_duplicate_counts_as_sent);
	tcase_add_test(tc, a_menu_that_is_not_allowed_is_said_as_text);
	tcase_add_test(tc, too_many_calls_a_minute_slow_everything_down);
	tcase_add_test(tc, the_quota_of_the_day_stops_the_channel_and_keeps_the_message);
	tcase_add_loop_test(tc, a_code_of_configuration_stops_the_account, 0,
	                    ARRAY_LEN(configuration_codes));
	tcase_add_test(tc, typing_is_shown_and_never_waits);
	tcase_add_test(tc, the_address_has_one_spelling);
	tcase_add_loop_test(tc, a_section_that_cannot_be_is_refused, 0, ARRAY_LEN(bad_sections));
	return unit_run("wechat sending", &tc, 1);
}
