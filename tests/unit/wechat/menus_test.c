/* Menus of an account that has no right to the API (48001), which nobody knows before it was asked:
 * none is lost, and after an hour it is asked again. */
#include "channel_bench.h"

#include "wechat_push.h"

#include <stdio.h>

#define LINES "ok?\n1 yes\n2 no\nsay"
#define LINES_AS_JSON "ok?\\n1 yes\\n2 no\\nsay"
#define MINUTE_MS UINT64_C(60000)

UNTIL(received_one, host.received_count >= 1)
UNTIL(one_send, platform_sends(&platform) >= 1)
UNTIL(one_result, host.result_count >= 1)
UNTIL(two_results, host.result_count >= 2)
UNTIL(three_results, host.result_count >= 3)
UNTIL(held_one, platform.held_count >= 1)
UNTIL(misconfigured, host.state == CHANNEL_MISCONFIGURED)
UNTIL(stopped, host.stopped >= 1)

/* The machine's clock, turned ahead. */
static uint64_t ahead_ms;

static uint64_t turned_mono_us(const struct clock *clock)
{
	(void)clock;
	return clock_mono_us(&clock_system) + ahead_ms * 1000;
}

static uint64_t turned_wall_ms(const struct clock *clock)
{
	(void)clock;
	return clock_wall_ms(&clock_system) + ahead_ms;
}

static const struct clock turned = {turned_mono_us, turned_wall_ms};

static void set_up(void)
{
	bench_set_up();
	ahead_ms = 0;
	io_loop_set_clock(loop, &turned);
}

static void send_menu(const char *reply_to)
{
	struct message *m = message_create(&(struct message){
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_MENU,
		.address = SPAN_LIT(ADDRESS),
		.text = SPAN_LIT("ok?"),
		.data = SPAN_LIT(
			"{\"choices\":[{\"id\":\"1\",\"text\":\"yes\"},{\"id\":\"2\",\"text\":"
			"\"no\"}],\"tail\":\"say\"}"),
		.reply_to = span_of(reply_to)});

	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
	ck_assert_ptr_null(m);
}

/* A customer's message whose answer is the menu; the message is durable, its request waits. */
static size_t ask_for_menu(void)
{
	size_t try;

	host.hold = true;
	try = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	send_menu("msg:1");
	host.hold = false;
	host_settle(&host, 0);
	return try;
}

static void check_says(const struct platform_try *t, const char *text)
{
	struct wechat_push reply;

	bench_open_reply(t, NULL, &reply);
	ck_assert_msg(span_is(reply.content, text), "%.*s", SPAN_FMT(reply.content));
	wechat_push_fini(&reply);
}

static bool sent_as(size_t index, const char *type)
{
	char wanted[40];

	snprintf(wanted, sizeof(wanted), "\"msgtype\":\"%s\"", type);
	return strstr(platform_sent(&platform, index)->body, wanted) != NULL;
}

START_TEST(a_menu_that_is_barred_is_said_within_its_callback)
{
	bench_open_up("");
	bench_order_errcode(48001);
	check_says(platform_wait(&platform, ask_for_menu()), LINES);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, SEND_FREE);
	host_pass(loop, 50);
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_uint_eq(platform_sends(&platform), 1); /* the menu itself; never again */
}
END_TEST

START_TEST(a_menu_that_is_taken_ends_its_callback)
{
	size_t try;

	platform.hold = true;
	bench_open_up("");
	try = ask_for_menu();
	await_held_one();
	host_pass(loop, 50);
	ck_assert(!platform.tries[try].over);
	platform_release(&platform, 1);
	ck_assert_str_eq(platform_wait(&platform, try)->body, "success");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, 0);
}
END_TEST

/* WeChat waits no longer than it does: it is told to try again, and that try gets the lines. */
START_TEST(a_slow_refusal_is_said_in_the_next_try)
{
	size_t try;

	platform.hold = true;
	bench_open_up("answer_within: 200 ms\n");
	try = ask_for_menu();
	ck_assert_int_eq(platform_wait(&platform, try)->status, 503);
	try = platform_push(&platform, &safe, TEXT("hi", "1"));
	host_pass(loop, 50);
	ck_assert(!platform.tries[try].over);
	bench_order_errcode(48001);
	platform_release(&platform, 1);
	check_says(platform_wait(&platform, try), LINES);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.received_count, 1);
}
END_TEST

/* Refused after the first try was put off; the next has not come. */
static void refuse_between_tries(void)
{
	platform.hold = true;
	bench_open_up("answer_within: 200 ms\n");
	ck_assert_int_eq(platform_wait(&platform, ask_for_menu())->status, 503);
	platform.hold = false;
	bench_order_errcode(48001);
	platform_release(&platform, 1);
	host_pass(loop, 50);
}

START_TEST(a_refusal_between_two_tries_is_said_in_the_next)
{
	refuse_between_tries();
	ck_assert_uint_eq(host.result_count, 0);
	check_says(bench_push(&safe, TEXT("hi", "1")), LINES);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, SEND_FREE);
	ck_assert_uint_eq(platform_sends(&platform), 1);
}
END_TEST

START_TEST(where_no_next_try_comes_the_lines_go_by_the_api)
{
	refuse_between_tries();
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert(strstr(platform_sent(&platform, 1)->body, LINES_AS_JSON) != NULL);
	ck_assert_str_eq(bench_push(&safe, TEXT("hi", "1"))->body, "success");
	ck_assert_uint_eq(host.result_count, 1);
}
END_TEST

START_TEST(a_drain_waits_for_no_next_try)
{
	refuse_between_tries();
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_int_ne(host.results[0].outcome, SEND_REFUSED);
}
END_TEST

START_TEST(an_end_before_the_next_try_leaves_nothing_behind)
{
	refuse_between_tries();
	host.ops->fini(host.self);
	host_pass(loop, 50);
}
END_TEST

/* The customer must not read that the account is out of order. */
START_TEST(the_last_try_is_not_put_off)
{
	platform.hold = true;
	bench_open_up("answer_within: 100 ms\n");
	ck_assert_int_eq(platform_wait(&platform, ask_for_menu())->status, 503);
	ck_assert_int_eq(bench_push(&safe, TEXT("hi", "1"))->status, 503);
	ck_assert_str_eq(bench_push(&safe, TEXT("hi", "1"))->body, "success");
	platform_release(&platform, 1);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

/* Only menus may be barred. */
START_TEST(where_no_callback_waits_the_lines_go_by_the_api)
{
	bench_open_up("");
	bench_order_errcode(48001);
	send_menu("");
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert(sent_as(0, "msgmenu"));
	ck_assert(strstr(platform_sent(&platform, 1)->body, LINES_AS_JSON) != NULL);
}
END_TEST

static const int no_right[] = {48001, 48004};

START_TEST(what_cannot_be_said_in_any_way_is_refused_once)
{
	bench_open_up("");
	bench_order_errcode(no_right[_i]);
	bench_order_errcode(no_right[_i]);
	send_menu("");
	await_one_result();
	host_pass(loop, 50);
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_ptr_nonnull(strstr(bench_log.data, "wechat.refused"));
}
END_TEST

START_TEST(for_an_hour_menus_are_lines_and_then_it_is_tried_again)
{
	bench_open_up("");
	bench_order_errcode(48001);
	send_menu("");
	await_one_result();
	ahead_ms = 59 * MINUTE_MS;
	send_menu("");
	await_two_results();
	ck_assert(sent_as(2, "text"));
	ahead_ms = 61 * MINUTE_MS;
	send_menu("");
	await_three_results();
	ck_assert(sent_as(3, "msgmenu"));
	ck_assert_int_eq(host.results[2].outcome, SEND_OK);
}
END_TEST

START_TEST(without_a_token_a_menu_is_said_within_its_callback)
{
	platform.token_errcode = 40013;
	bench_open("");
	await_misconfigured();
	check_says(platform_wait(&platform, ask_for_menu()), LINES);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_drain_answers_the_callback_of_a_menu)
{
	size_t try;

	host.drain_ms = 100;
	platform.hold = true;
	bench_open_up("");
	try = ask_for_menu();
	await_one_send();
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
	ck_assert_str_eq(platform_wait(&platform, try)->body, "success");
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
}
END_TEST

START_TEST(an_end_in_the_middle_leaves_nothing_behind)
{
	platform.hold = true;
	bench_open_up("");
	ask_for_menu();
	await_held_one();
	host.ops->fini(host.self);
	host_pass(loop, 50);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("menus");

	tcase_add_checked_fixture(tc, set_up, bench_tear_down);
	tcase_add_test(tc, a_menu_that_is_barred_is_said_within_its_callback);
	tcase_add_test(tc, a_menu_that_is_taken_ends_its_callback);
	tcase_add_test(tc, a_slow_refusal_is_said_in_the_next_try);
	tcase_add_test(tc, a_refusal_between_two_tries_is_said_in_the_next);
	tcase_add_test(tc, where_no_next_try_comes_the_lines_go_by_the_api);
	tcase_add_test(tc, a_drain_waits_for_no_next_try);
	tcase_add_test(tc, an_end_before_the_next_try_leaves_nothing_behind);
	tcase_add_test(tc, the_last_try_is_not_put_off);
	tcase_add_test(tc, where_no_callback_waits_the_lines_go_by_the_api);
	tcase_add_loop_test(tc, what_cannot_be_said_in_any_way_is_refused_once, 0,
	                    (int)ARRAY_LEN(no_right));
	tcase_add_test(tc, for_an_hour_menus_are_lines_and_then_it_is_tried_again);
	tcase_add_test(tc, without_a_token_a_menu_is_said_within_its_callback);
	tcase_add_test(tc, a_drain_answers_the_callback_of_a_menu);
	tcase_add_test(tc, an_end_in_the_middle_leaves_nothing_behind);
	return unit_run("wechat menus", &tc, 1);
}
