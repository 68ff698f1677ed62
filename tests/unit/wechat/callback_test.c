/*
 * The channel's URL against a real socket: who is believed, what is handed up, what WeChat hears
 * and when.
 */
#include "channel_bench.h"

#include "wechat_push.h"

#include <stdio.h>
#include <stdlib.h>

#define OTHER_KEY "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopE"

UNTIL(received_one, host.received_count >= 1)
UNTIL(one_result, host.result_count >= 1)
UNTIL(one_send, platform_sends(&platform) >= 1)
UNTIL(stopped, host.stopped >= 1)

/* --- verification --------------------------------------------------------------------------- */

START_TEST(the_url_is_verified_by_its_echo)
{
	const struct platform_try *t;

	bench_open_up("");
	t = platform_wait(&platform,
	                  platform_request(&platform, "GET", platform_verification("<b>42</b>"),
	                                   SPAN_NONE, 5000));
	ck_assert_int_eq(t->status, 200);
	ck_assert_str_eq(t->body, "<b>42</b>");
	ck_assert_msg(strncmp(t->type, "text/plain", 10) == 0, "%s", t->type);
}
END_TEST

static const char *const bad_queries[] = {
	"",
	"signature=0123456789012345678901234567890123456789&timestamp=1&nonce=2&echostr=x",
	"timestamp=1409735669&nonce=1320562132&echostr=x",
};

START_TEST(a_verification_that_proves_nothing_is_refused)
{
	const struct platform_try *t;

	bench_open_up("");
	t = platform_wait(&platform,
	                  platform_request(&platform, "GET", bad_queries[_i], SPAN_NONE, 5000));
	ck_assert_msg(t->status == 400 || t->status == 403, "%d", t->status);
	ck_assert_str_eq(t->body, "");
}
END_TEST

START_TEST(a_repeated_parameter_is_refused)
{
	char query[512];
	const struct platform_try *t;

	bench_open_up("");
	snprintf(query, sizeof(query), "%s&echostr=evil", platform_verification("x"));
	t = platform_wait(&platform, platform_request(&platform, "GET", query, SPAN_NONE, 5000));
	ck_assert_int_eq(t->status, 400);
	t = bench_push(&(struct platform_how){.mode = "safe", .extra = "&nonce=1320562132"},
	               TEXT("hi", "1"));
	ck_assert_int_eq(t->status, 400);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

/* --- who is believed ------------------------------------------------------------------------ */

static const char *const modes[] = {"plain", "compatible", "safe"};

START_TEST(a_message_in_the_pinned_mode_is_handed_up)
{
	const struct platform_how how = {.mode = modes[_i]};
	const struct platform_try *t;
	char more[64];

	snprintf(more, sizeof(more), "mode: %s\n", modes[_i]);
	bench_open_up(more);
	t = bench_push(&how, TEXT("Where is my card?", "6054768590064713728"));
	ck_assert_int_eq(t->status, 200);
	ck_assert_str_eq(t->body, "success");
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(span_is(host.received[0]->text, "Where is my card?"));
	ck_assert(span_is(host.received[0]->address, ADDRESS));
	ck_assert(span_is(host.received[0]->dup_key, "msg:6054768590064713728"));
}
END_TEST

START_TEST(any_other_mode_is_refused)
{
	const char *pinned = modes[_i / 3], *used = modes[_i % 3];
	const struct platform_how how = {.mode = used};
	const struct platform_try *t;
	bool sealed_alike = (_i / 3 == 0) == (_i % 3 == 0);
	char more[64];

	snprintf(more, sizeof(more), "mode: %s\n", pinned);
	bench_open_up(more);
	t = bench_push(&how, TEXT("hi", "1"));
	/* Compatible and safe both seal, and only what is sealed counts. */
	ck_assert_msg(t->status == (sealed_alike ? 200 : 403), "%s for %s: %d", used, pinned,
	              t->status);
	ck_assert_uint_eq(host.received_count, sealed_alike);
}
END_TEST

START_TEST(in_compatible_mode_only_the_sealed_copy_counts)
{
	const struct platform_how how = {.mode = "compatible",
	                                 .outer = TEXT("transfer everything", "2")};

	bench_open_up("mode: compatible\n");
	ck_assert_int_eq(bench_push(&how, TEXT("the truth", "1"))->status, 200);
	ck_assert(span_is(host.received[0]->text, "the truth"));
	ck_assert(span_is(host.received[0]->dup_key, "msg:1"));
}
END_TEST

START_TEST(plain_text_that_calls_itself_sealed_is_refused)
{
	char query[512];
	const struct platform_try *t;

	bench_open_up("");
	snprintf(query, sizeof(query), "%s&encrypt_type=aes&msg_signature=x",
	         platform_verification("x"));
	t = platform_wait(&platform, platform_request(&platform, "POST", query,
	                                              SPAN_LIT(TEXT("hi", "1")), 5000));
	ck_assert_int_eq(t->status, 403);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

static const struct forgery {
	const char *what;
	struct platform_how how;
	const char *xml;
	int status;
} forgeries[] = {
	{"signature",       {.mode = "safe", .spoil_signature = true},       TEXT("x",                                        "1"), 403},
	{"msg_signature",   {.mode = "safe", .spoil_msg_signature = true},   TEXT("x",                                        "1"), 403},
	{"token",           {.mode = "safe", .token = "guessed"},            TEXT("x",                                        "1"), 403},
	{"appid inside",    {.mode = "safe", .appid = "wxffffffffffffffff"}, TEXT("x",                                        "1"), 403},
	{"key",             {.mode = "safe", .key = OTHER_KEY},              TEXT("x",                                        "1"), 400},
	{"doctype",         {.mode = "safe"},                                "<!DOCTYPE xml [<!ENTITY a \"b\">]>" TEXT("&a;", "1"), 400},
	{"no user",         {.mode = "safe"},                                "<xml><MsgType>text</MsgType></xml>",            400 },
	{"no XML", {.mode = "safe"},					 "hello",                                             400    },
	{"encrypt_type",         {.mode = "safe", .extra = "&encrypt_type=rot13"},                                                    TEXT("x",                                             "1"),     400   },
};

START_TEST(a_forged_callback_is_refused_without_effect)
{
	const struct platform_try *t;

	bench_open_up("");
	t = bench_push(&forgeries[_i].how, forgeries[_i].xml);
	ck_assert_msg(t->status == forgeries[_i].status, "%s: %d", forgeries[_i].what, t->status);
	ck_assert_str_eq(t->body, "");
	ck_assert_uint_eq(host.received_count, 0);
	ck_assert(strstr(bench_log.data, "wechat.callback_refused") != NULL);
	/* The next genuine one is not held against it. */
	ck_assert_int_eq(bench_push(&safe, TEXT("hi", "1"))->status, 200);
}
END_TEST

START_TEST(an_oversized_callback_is_refused)
{
	struct buf xml;
	const struct platform_try *t;

	bench_open_up("");
	buf_init(&xml, 1 << 20);
	buf_str(&xml, "<xml><Content>");
	while (xml.len <= WECHAT_PUSH_MAX)
		buf_str(&xml, "0123456789abcdef");
	buf_str(&xml, "</Content></xml>");
	buf_u8(&xml, 0);
	t = bench_push(&safe, xml.data);
	ck_assert_int_eq(t->status, 413);
	buf_drop(&xml, 0);
	while (xml.len <= 300 * 1024)
		buf_str(&xml, "0123456789abcdef");
	t = platform_wait(&platform, platform_request(&platform, "POST", platform_verification("x"),
	                                              buf_span(&xml), 5000));
	ck_assert_msg(t->status == 413 || t->err, "%d", t->status);
	ck_assert_uint_eq(host.received_count, 0);
	buf_fini(&xml);
}
END_TEST

START_TEST(a_timestamp_far_off_is_refused_where_clocks_are_watched)
{
	bench_open_up("timestamp_slack: 10 min\n");
	ck_assert_int_eq(bench_push(&safe, TEXT("hi", "1"))->status, 403);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

/* --- keys ----------------------------------------------------------------------------------- */

START_TEST(the_key_that_opened_seals_the_answer)
{
	const struct platform_how how = {.mode = "safe", .key = OTHER_KEY};
	struct wechat_push reply;

	setenv("WX_OLD", OTHER_KEY, 1);
	host.echo = true;
	bench_open_up("previous_aes_key: {env: WX_OLD}\n");
	bench_open_reply(bench_push(&how, TEXT("old", "1")), OTHER_KEY, &reply);
	ck_assert(span_is(reply.content, "old"));
	wechat_push_fini(&reply);
	bench_open_reply(bench_push(&safe, TEXT("new", "2")), NULL, &reply);
	ck_assert(span_is(reply.content, "new"));
	wechat_push_fini(&reply);
}
END_TEST

/* --- answers -------------------------------------------------------------------------------- */

START_TEST(a_reply_at_hand_is_the_answer_and_free)
{
	struct wechat_push reply;

	host.echo = true;
	bench_open_up("");
	bench_open_reply(bench_push(&safe, TEXT("echo > me", "1")), NULL, &reply);
	ck_assert(span_is(reply.content, "echo > me"));
	ck_assert(span_is(reply.to_user_name, OPENID));
	ck_assert(span_is(reply.from_user_name, "gh_1"));
	ck_assert(span_is(reply.msg_type, "text"));
	wechat_push_fini(&reply);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, SEND_FREE);
	ck_assert_uint_eq(host.results[0].parts, 1);
	ck_assert_uint_eq(platform_sends(&platform), 0);
}
END_TEST

START_TEST(in_plain_mode_the_reply_is_plain)
{
	const struct platform_how how = {.mode = "plain"};
	const struct platform_try *t;

	host.echo = true;
	bench_open_up("mode: plain\n");
	t = bench_push(&how, TEXT("hi", "1"));
	ck_assert(strstr(t->body, "<Content><![CDATA[hi]]></Content>") != NULL);
}
END_TEST

START_TEST(nothing_is_answered_before_it_is_durable)
{
	size_t index;

	bench_open_up("");
	host.hold = true;
	index = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	host_pass(loop, 100);
	ck_assert(!platform.tries[index].over);
	host_settle(&host, 0);
	ck_assert_str_eq(platform_wait(&platform, index)->body, "success");
}
END_TEST

START_TEST(what_is_not_durable_is_tried_again_by_wechat)
{
	const struct platform_try *t;

	host.echo = true;
	bench_open_up("");
	host.verdict = -EAGAIN;
	t = bench_push(&safe, TEXT("hi", "1"));
	ck_assert_int_eq(t->status, 503);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_eq(platform_sends(&platform), 0);
	host.verdict = 0; /* the second try finds Redis again */
	ck_assert_int_eq(bench_push(&safe, TEXT("hi", "1"))->status, 200);
}
END_TEST

START_TEST(a_deadline_answers_later_and_the_reply_goes_by_the_api)
{
	const struct platform_try *t;

	host.echo = true;
	bench_open_up("answer_within: 200 ms\n");
	host.hold = true;
	t = bench_push(&safe, TEXT("hi", "1"));
	ck_assert_int_eq(t->status, 503);
	host.hold = false;
	host_settle(&host, 0);
	await_one_send();
	ck_assert(strstr(platform_sent(&platform, 0)->body, "\"content\":\"hi\"") != NULL);
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, 0);
}
END_TEST

START_TEST(a_try_that_overlaps_the_first_gets_the_same_answer)
{
	struct wechat_push reply;
	size_t first, second;

	host.echo = true;
	bench_open_up("");
	host.hold = true;
	first = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	second = platform_push(&platform, &safe, TEXT("hi", "1"));
	host_pass(loop, 100);
	ck_assert_uint_eq(host.received_count, 1);
	host.hold = false;
	host_settle(&host, 0);
	bench_open_reply(platform_wait(&platform, first), NULL, &reply);
	ck_assert(span_is(reply.content, "hi"));
	wechat_push_fini(&reply);
	bench_open_reply(platform_wait(&platform, second), NULL, &reply);
	ck_assert(span_is(reply.content, "hi"));
	wechat_push_fini(&reply);
	await_one_result();
	host_pass(loop, 50);
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_uint_eq(platform_sends(&platform), 0);
}
END_TEST

START_TEST(a_late_try_gets_the_same_reply_again)
{
	struct wechat_push reply;

	host.echo = true;
	bench_open_up("");
	bench_push(&safe, TEXT("hi", "1"));
	await_one_result();
	bench_open_reply(bench_push(&safe, TEXT("hi", "1")), NULL, &reply);
	ck_assert(span_is(reply.content, "hi"));
	wechat_push_fini(&reply);
	host_pass(loop, 50);
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert_uint_eq(host.result_count, 1);
}
END_TEST

START_TEST(a_reply_nobody_listens_to_goes_by_the_api)
{
	char query[512];
	struct platform_try *t;

	host.echo = true;
	bench_open_up("mode: plain\n");
	host.hold = true;
	snprintf(query, sizeof(query), "%s", platform_verification("x"));
	t = &platform.tries[platform_request(&platform, "POST", query, SPAN_LIT(TEXT("hi", "1")),
	                                     200)];
	await_received_one();
	while (!t->over)
		host_pass(loop, 50);
	ck_assert_int_ne(t->err, 0); /* it hung up */
	host_pass(loop, 50);
	host.hold = false;
	host_settle(&host, 0);
	await_one_send();
	await_one_result();
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].flags, 0);
}
END_TEST

START_TEST(what_no_passive_reply_says_goes_by_the_api)
{
	size_t index;
	struct message like = {.direction = MESSAGE_OUT,
	                       .kind = MESSAGE_MENU,
	                       .address = SPAN_LIT(ADDRESS),
	                       .text = SPAN_LIT("ok?"),
	                       .data = SPAN_LIT("{\"choices\":[{\"id\":\"1\",\"text\":\"yes\"}]}"),
	                       .reply_to = SPAN_LIT("msg:1")};
	struct message *m = message_create(&like);

	bench_open_up("");
	host.hold = true;
	index = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
	ck_assert_ptr_null(m);
	host_settle(&host, 0);
	ck_assert_str_eq(platform_wait(&platform, index)->body, "success");
	await_one_send();
	ck_assert(strstr(platform_sent(&platform, 0)->body, "\"msgtype\":\"msgmenu\"") != NULL);
}
END_TEST

START_TEST(json_is_understood_and_answered_with_success)
{
	const struct platform_try *t;

	host.echo = true;
	bench_open_up("");
	t = bench_push(&safe,
	               "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"" OPENID
	               "\",\"CreateTime\":1409735668,\"MsgType\":\"text\",\"Content\":\"hi\","
	               "\"MsgId\":9007199254740993}");
	ck_assert_str_eq(t->body, "success");
	ck_assert(span_is(host.received[0]->dup_key, "msg:9007199254740993"));
	await_one_send();
}
END_TEST

START_TEST(a_receipt_is_noted_before_it_is_answered)
{
	size_t index;

	bench_open_up("");
	host.hold = true;
	index = platform_push(&platform, &safe,
	                      PUSH("<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event>"
	                           "<MsgID>3487542469355618313</MsgID><Status>success</Status>"));
	host_pass(loop, 100);
	ck_assert_uint_eq(host.receipt_count, 1);
	ck_assert_str_eq(host.receipts[0].id, "3487542469355618313");
	ck_assert_str_eq(host.receipts[0].address, ADDRESS);
	ck_assert_int_eq(host.receipts[0].status, STATUS_DELIVERED);
	ck_assert(!platform.tries[index].over);
	host_settle(&host, 0);
	ck_assert_str_eq(platform_wait(&platform, index)->body, "success");
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

START_TEST(a_note_and_an_unknown_type_are_answered_too)
{
	bench_open_up("");
	ck_assert_str_eq(
		bench_push(&safe, PUSH("<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event>"))
			->body,
		"success");
	ck_assert_uint_eq(host.received_count, 0);
	ck_assert_str_eq(
		bench_push(&safe, PUSH("<MsgType>hologram</MsgType><MsgId>9</MsgId>"))->body,
		"success");
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(strstr(bench_log.data, "wechat.unknown_type") != NULL);
}
END_TEST

START_TEST(a_stopping_channel_sends_wechat_elsewhere)
{
	size_t index;

	bench_open_up("");
	host.hold = true;
	index = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	host.ops->stop(host.self, STOP_DRAIN);
	ck_assert_int_eq(bench_push(&safe, TEXT("ho", "2"))->status, 503);
	ck_assert_uint_eq(host.stopped, 0);
	host_settle(&host, 0);
	ck_assert_str_eq(platform_wait(&platform, index)->body, "success");
	await_stopped();
	host.ops->stop(host.self, STOP_NOW); /* safe twice */
	host_pass(loop, 20);
	ck_assert_uint_eq(host.stopped, 1);
}
END_TEST

START_TEST(a_drain_ends_though_nobody_says_durable)
{
	host.drain_ms = 200;
	bench_open_up("");
	host.hold = true;
	platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	host.ops->stop(host.self, STOP_DRAIN);
	await_stopped();
}
END_TEST

START_TEST(what_waits_at_the_end_is_answered)
{
	size_t index;

	bench_open_up("");
	host.hold = true;
	index = platform_push(&platform, &safe, TEXT("hi", "1"));
	await_received_one();
	host.ops->fini(host.self);
	ck_assert_int_eq(platform_wait(&platform, index)->status, 503);
	host_settle(&host, 0); /* too late, and nobody minds */
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("callback");

	tcase_add_checked_fixture(tc, bench_set_up, bench_tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, the_url_is_verified_by_its_echo);
	tcase_add_loop_test(tc, a_verification_that_proves_nothing_is_refused, 0,
	                    ARRAY_LEN(bad_queries));
	tcase_add_test(tc, a_repeated_parameter_is_refused);
	tcase_add_loop_test(tc, a_message_in_the_pinned_mode_is_handed_up, 0, ARRAY_LEN(modes));
	tcase_add_loop_test(tc, any_other_mode_is_refused, 0, 9);
	tcase_add_test(tc, in_compatible_mode_only_the_sealed_copy_counts);
	tcase_add_test(tc, plain_text_that_calls_itself_sealed_is_refused);
	tcase_add_loop_test(tc, a_forged_callback_is_refused_without_effect, 0,
	                    ARRAY_LEN(forgeries));
	tcase_add_test(tc, an_oversized_callback_is_refused);
	tcase_add_test(tc, a_timestamp_far_off_is_refused_where_clocks_are_watched);
	tcase_add_test(tc, the_key_that_opened_seals_the_answer);
	tcase_add_test(tc, a_reply_at_hand_is_the_answer_and_free);
	tcase_add_test(tc, in_plain_mode_the_reply_is_plain);
	tcase_add_test(tc, nothing_is_answered_before_it_is_durable);
	tcase_add_test(tc, what_is_not_durable_is_tried_again_by_wechat);
	tcase_add_test(tc, a_deadline_answers_later_and_the_reply_goes_by_the_api);
	tcase_add_test(tc, a_try_that_overlaps_the_first_gets_the_same_answer);
	tcase_add_test(tc, a_late_try_gets_the_same_reply_again);
	tcase_add_test(tc, a_reply_nobody_listens_to_goes_by_the_api);
	tcase_add_test(tc, what_no_passive_reply_says_goes_by_the_api);
	tcase_add_test(tc, json_is_understood_and_answered_with_success);
	tcase_add_test(tc, a_receipt_is_noted_before_it_is_answered);
	tcase_add_test(tc, a_note_and_an_unknown_type_are_answered_too);
	tcase_add_test(tc, a_stopping_channel_sends_wechat_elsewhere);
	tcase_add_test(tc, a_drain_ends_though_nobody_says_durable);
	tcase_add_test(tc, what_waits_at_the_end_is_answered);
	return unit_run("wechat callback", &tc, 1);
}
