/* One text for many numbers by submit_multi: SMPP 3.4, 4.5; docs/protocols/smpp.md. */
#include "link_fixture.h"
#include "metrics.h"

#include <stdio.h>

#define TO(number_)                                                                    \
	{                                                                              \
		.direction = MESSAGE_OUT, .kind = MESSAGE_TEXT, .lane = LANE_CAMPAIGN, \
		.ts_ms = 1700000000000, .address = SPAN_INIT(number_),                 \
		.text = SPAN_INIT("to all"), .local = SPAN_INIT("95500")               \
	}
#define SPAN_INIT(literal)                     \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static struct message to[3];
static const struct message *const to_three[] = {&to[0], &to[1], &to[2]};

static struct told {
	unsigned count;
	size_t results;
	enum send_outcome outcome[4];
	unsigned flags[4];
	char id[4][16], code[4][24];
} told;

static void on_many(void *arg, const struct send_result *results, size_t count)
{
	struct told *t = arg;

	t->count++;
	t->results = count;
	for (size_t i = 0; i < count && i < ARRAY_LEN(t->outcome); i++) {
		t->outcome[i] = results[i].outcome;
		t->flags[i] = results[i].flags;
		snprintf(t->id[i], sizeof(t->id[i]), "%.*s", SPAN_FMT(results[i].id));
		snprintf(t->code[i], sizeof(t->code[i]), "%s",
		         results[i].code ? results[i].code : "");
	}
}

static void start(const char *more)
{
	const struct message fresh[] = {TO("sms:+8613800138000"), TO("sms:+8613800138001"),
	                                TO("sms:+8613800138002")};
	char text[512];

	memcpy(to, fresh, sizeof(to));
	memset(&told, 0, sizeof(told));
	snprintf(text, sizeof(text), "submit_multi: true\n%s", more);
	open_bound(text);
}

static size_t send_many(size_t count)
{
	return host.ops->caps.operations->many(host.self, to_three, count, on_many, &told);
}

static const struct smpp_submit_multi *written(void)
{
	return &smsc_last(&smsc, SMPP_submit_multi)->u.submit_multi;
}

START_TEST(one_text_goes_to_many_and_each_has_its_result)
{
	struct smpp_dest dest;
	struct cursor c;

	start("");
	/* The second: a wrong number; the third, spelled with a plus: its queue is full. */
	smsc.unsuccess = unit_hex("01 01 38363133383030313338303031 00 0000000b"
	                          " 01 01 2b38363133383030313338303032 00 00000014");
	smsc.unsuccess_count = 2;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	ck_assert_uint_eq(told.results, 3);
	ck_assert_int_eq(told.outcome[0], SEND_OK);
	ck_assert_str_eq(told.id[0], "many1");
	ck_assert_int_eq(told.outcome[1], SEND_REFUSED);
	ck_assert_uint_eq(told.flags[1], SEND_BAD_ADDRESS);
	ck_assert_str_eq(told.code[1], "smpp.0x0000000b");
	ck_assert_int_eq(told.outcome[2], SEND_RETRY);
	ck_assert(span_is(written()->short_message, "to all"));
	ck_assert(span_is(written()->source_addr, "95500"));
	ck_assert_uint_eq(written()->dest_address.count, 3);
	c = cur_span(written()->dest_address.octets);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(smpp_dest_next(&c, &dest));
		ck_assert_uint_eq(dest.flag, 1);
		ck_assert_uint_eq(dest.ton, 1);
	}
}
END_TEST

START_TEST(what_a_submit_says_it_says_too)
{
	start("opt_out: {zh: 回T退订, en: Reply T to stop}\n");
	to[0].validity_ms = to[1].validity_ms = 7200000;
	to[0].ts_ms = clock_wall_ms(&clock_system);
	to[1].ts_ms = to[0].ts_ms + 900;
	to[0].service = (struct message_service){.receipt = RECEIPT_UNWANTED, .priority = 3};
	to[0].lang = SPAN_LIT("en");
	to[0].extension = to[1].extension = SPAN_LIT("12");
	ck_assert_uint_eq(send_many(2), 2);
	AWAIT(told.count == 1);
	ck_assert(span_is(written()->source_addr, "9550012"));
	ck_assert_uint_eq(written()->priority_flag, 2);
	ck_assert_uint_eq(written()->registered_delivery, 0);
	ck_assert_ptr_nonnull(
		memmem(written()->short_message.ptr, written()->short_message.len, "Reply T", 7));
	/* Seconds, rounded: of the one that expires first. */
	ck_assert(span_is(written()->validity_period, "000000020000000R") ||
	          span_is(written()->validity_period, "000000015959000R"));
}
END_TEST

START_TEST(when_all_are_refused_each_is)
{
	start("");
	smsc.operation_status = SMPP_RINVSRCADR;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(told.outcome[i], SEND_REFUSED);
}
END_TEST

START_TEST(throttled_the_whole_channel_pauses)
{
	start("");
	smsc.operation_status = SMPP_RTHROTTLED;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(told.outcome[i], SEND_RETRY);
		ck_assert_uint_eq(told.flags[i], SEND_NOT_COUNTED);
	}
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -EAGAIN);
	ck_assert_uint_eq(send_many(3), 0);
}
END_TEST

/* Whatever code the operator has for it, and where it says it of one. */
START_TEST(throttled_by_another_word_it_pauses_too)
{
	start("errors:\n  - {status: \"0x450\", action: throttle, delay: 5 s}\n");
	smsc.unsuccess = unit_hex("01 01 38363133383030313338303031 00 00000450");
	smsc.unsuccess_count = 1;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.outcome[0], SEND_OK);
	ck_assert_int_eq(told.outcome[1], SEND_RETRY);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -EAGAIN);
}
END_TEST

START_TEST(where_the_session_is_not_what_we_think_it_is_bound_again)
{
	start("");
	smsc.operation_status = SMPP_RINVBNDSTS;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(told.outcome[i], SEND_RETRY);
	AWAIT(smsc_last(&smsc, SMPP_unbind));
}
END_TEST

static uint64_t counted(const char *name)
{
	return *metric_get(METRIC_COUNTER, name, "", "channel", "test");
}

START_TEST(without_an_answer_all_are_of_unknown_fate)
{
	uint64_t submits = counted("posthouse_smpp_submits_total");
	uint64_t timeouts = counted("posthouse_smpp_timeouts_total");

	start("response_timeout: 100 ms\nwindow: 1\n");
	smsc.hold = true;
	ck_assert_uint_eq(send_many(3), 3);
	/* It is one request of the window. */
	ck_assert_uint_eq(send_many(3), 0);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -EAGAIN);
	AWAIT(told.count == 1);
	ck_assert_uint_eq(counted("posthouse_smpp_submits_total") - submits, 3);
	ck_assert_uint_eq(counted("posthouse_smpp_timeouts_total") - timeouts, 1);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(told.outcome[i], SEND_UNCERTAIN);
	ck_assert_uint_eq(told.flags[0], 0);
	ck_assert_uint_eq(told.flags[1], SEND_SAME_CAUSE); /* one request, one failure */
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
}
END_TEST

static void is_for_send(void)
{
	ck_assert_uint_eq(send_many(3), 0);
	ck_assert_uint_eq(told.count, 0);
}

START_TEST(what_cannot_go_to_many_is_left_for_send)
{
	char text[200];

	start("");
	memset(text, 'a', sizeof(text));
	to[0].text = (struct span){text, sizeof(text)};
	is_for_send(); /* two parts */
	to[0].text = SPAN_LIT("to all");
	to[0].service.message_class = CLASS_0;
	is_for_send();
	to[0].service.message_class = CLASS_NONE;
	to[0].address = SPAN_LIT("sms:BANK");
	is_for_send();
	ck_assert_uint_eq(send_many(0), 0);
	to[0].address = SPAN_LIT("sms:+8613800138000");
	to[2].address = SPAN_LIT("sms:BANK");
	ck_assert_uint_eq(send_many(3), 2); /* those before it */
	AWAIT(told.count == 1);
	ck_assert_uint_eq(told.results, 2);
}
END_TEST

/* A receipt names an id and a number: two messages to one number would be told by one. */
START_TEST(a_number_is_in_a_request_once)
{
	start("");
	to[2].address = to[0].address;
	ck_assert_uint_eq(send_many(3), 2);
	AWAIT(told.count == 1);
	ck_assert_uint_eq(written()->dest_address.count, 2);
}
END_TEST

START_TEST(what_the_smsc_is_to_hold_does_not_go_with_what_goes_now)
{
	start("schedule: smsc\n");
	to[1].due_ms = clock_wall_ms(&clock_system) + 3600000;
	ck_assert_uint_eq(send_many(3), 1);
	AWAIT(told.count == 1);
	ck_assert_uint_eq(written()->dest_address.count, 1);
}
END_TEST

START_TEST(no_more_at_once_than_the_contract_allows)
{
	start("rate: 1\nburst: 2\n");
	ck_assert_uint_eq(send_many(3), 2);
	ck_assert_uint_eq(send_many(3), 0);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -EAGAIN);
}
END_TEST

START_TEST(an_smsc_without_it_gets_one_by_one)
{
	start("");
	smsc.operation_status = SMPP_RINVCMDID;
	ck_assert_uint_eq(send_many(3), 3);
	AWAIT(told.count == 1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(told.outcome[i], SEND_RETRY);
		ck_assert_uint_eq(told.flags[i], SEND_NOT_COUNTED);
	}
	ck_assert(!host.ops->caps.operations->can(host.self, OPERATION_MANY));
	ck_assert_uint_eq(send_many(3), 0);
}
END_TEST

int main(void)
{
	TCase *tc[] = {tcase_create("many")};
	const TTest *const tests[] = {
		one_text_goes_to_many_and_each_has_its_result,
		what_a_submit_says_it_says_too,
		when_all_are_refused_each_is,
		throttled_the_whole_channel_pauses,
		throttled_by_another_word_it_pauses_too,
		where_the_session_is_not_what_we_think_it_is_bound_again,
		without_an_answer_all_are_of_unknown_fate,
		what_cannot_go_to_many_is_left_for_send,
		a_number_is_in_a_request_once,
		what_the_smsc_is_to_hold_does_not_go_with_what_goes_now,
		no_more_at_once_than_the_contract_allows,
		an_smsc_without_it_gets_one_by_one,
	};

	add_tests(tc[0], tests, ARRAY_LEN(tests));
	return unit_run("smpp many", tc, ARRAY_LEN(tc));
}
