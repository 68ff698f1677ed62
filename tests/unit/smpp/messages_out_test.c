/*
 * Messages out over a real socket: window, order, time-outs, errors by their table, the rate.
 * docs/protocols/smpp.md.
 */
#include "link_fixture.h"
#include "smpp_outgoing.h"

static const char *const customer = "sms:+8613800138000";

START_TEST(a_full_window_says_so_and_tells_when_there_is_room)
{
	unsigned ready;

	open_bound("window: 2\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "1"), 0);
	ck_assert_int_eq(host_send(&host, customer, "2"), 0);
	ck_assert_int_eq(host_send(&host, customer, "3"), -EAGAIN);
	AWAIT(smsc.submits == 2);
	ready = host.ready;
	smsc_release(&smsc, 0, false);
	AWAIT(host.ready > ready);
	ck_assert_int_eq(host_send(&host, customer, "3"), 0);
	AWAIT(smsc.submits == 3);
}
END_TEST

START_TEST(the_window_counts_octets_too)
{
	open_bound("window: 100\nwindow_octets: 1024\n");
	smsc.hold = true;
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(host_send(&host, customer, text_of(160)), 0);
	ck_assert_int_eq(host_send(&host, customer, text_of(160)), -EAGAIN);
}
END_TEST

START_TEST(responses_in_any_order_find_their_messages)
{
	open_bound("");
	smsc.hold = true;
	for (unsigned i = 0; i < 5; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", i);
		ck_assert_int_eq(host_send(&host, customer, text), 0);
	}
	AWAIT(smsc.submits == 5);
	smsc_release(&smsc, 0, true);
	AWAIT(host.result_count == 5);
	ck_assert_str_eq(host.results[0].id, "m1");
	ck_assert(span_is(host.results[0].message->text, "4"));
	ck_assert(span_is(host.results[4].message->text, "0"));
}
END_TEST

START_TEST(a_submit_without_response_is_of_unknown_fate_and_a_late_one_settles_it)
{
	open_bound("response_timeout: 100 ms\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	ck_assert_str_eq(host.results[0].code, "smpp.no_response");
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 2);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
	ck_assert_str_eq(host.results[1].id, "m1");
	ck_assert_int_eq(host.state, CHANNEL_UP);
}
END_TEST

START_TEST(what_is_outstanding_when_the_link_is_lost_is_of_unknown_fate)
{
	open_bound("");
	smsc.hold = true;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 3);
	smsc_drop(&smsc);
	AWAIT(host.result_count == 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(host.results[i].outcome, SEND_UNCERTAIN);
		ck_assert_uint_eq(host.results[i].flags, i ? SEND_SAME_CAUSE : 0); /* one break */
	}
	ck_assert_int_eq(host_send(&host, customer, "hello"), -ENOTCONN);
	AWAIT(host.state == CHANNEL_UP);
	AWAIT(host.ready > 0);
}
END_TEST

START_TEST(what_waits_for_a_pause_goes_back_to_the_host_with_the_last_session)
{
	open_bound("errors:\n  - {status: \"0x58\", action: throttle, delay: 10 s}\n");
	smsc.submit_once = SMPP_RTHROTTLED;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	host_pass(loop, 30);
	smsc_drop(&smsc);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_eq(host.results[0].flags, SEND_NOT_COUNTED);
}
END_TEST

START_TEST(throttled_it_pauses_and_sends_the_same_first)
{
	open_bound("errors:\n  - {status: \"0x58\", action: throttle, delay: 300 ms}\n");
	smsc.submit_once = SMPP_RTHROTTLED;
	ck_assert_int_eq(host_send(&host, customer, "first"), 0);
	AWAIT(smsc.submits == 1);
	host_pass(loop, 30);
	ck_assert_int_eq(host_send(&host, customer, "second"), -EAGAIN);
	ck_assert_uint_eq(smsc.submits, 1);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert(span_is(smsc_submit(&smsc, 1)->short_message, "first"));
	AWAIT(host.ready > 0);
	ck_assert_int_eq(host_send(&host, customer, "second"), 0);
}
END_TEST

START_TEST(throttled_in_the_middle_the_order_stays)
{
	open_bound("errors:\n  - {status: \"0x58\", action: throttle, delay: 50 ms}\n");
	smsc.hold = true;
	for (unsigned i = 0; i < 4; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", i);
		ck_assert_int_eq(host_send(&host, customer, text), 0);
	}
	AWAIT(smsc.submits == 4);
	smsc.hold = false;
	smsc_release(&smsc, SMPP_RTHROTTLED, true);
	AWAIT(host.result_count == 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq((uint8_t)smsc_submit(&smsc, 4 + i)->short_message.ptr[0],
		                  '0' + i);
}
END_TEST

START_TEST(a_full_queue_gives_the_message_back_for_later)
{
	open_bound("");
	smsc.submit_once = SMPP_RMSGQFUL;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_ge(host.results[0].retry_ms, 5000);
	ck_assert_int_eq(host_send(&host, customer, "the others go on"), 0);
	AWAIT(host.result_count == 2);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
}
END_TEST

START_TEST(a_vague_error_is_tried_again_a_few_times)
{
	open_bound("errors:\n  - {status: \"8\", action: limited, delay: 20 ms, tries: 2}\n");
	smsc.submit_status = SMPP_RSYSERR;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_uint_eq(smsc.submits, 3);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_str_eq(host.results[0].code, "smpp.0x00000008");
}
END_TEST

static struct smpp_channel *channel(void)
{
	return host.self;
}

/* Sends it until so many wait for their next try. */
static void send_until_waiting(const char *text, size_t most)
{
	unsigned taken = 0;

	while (channel()->waiting.count < most && taken < 2 * most) {
		if (host_send(&host, customer, text) == 0)
			taken++;
		else
			host_turn(loop);
	}
	ck_assert_uint_ge(channel()->waiting.count, most);
}

START_TEST(an_smsc_that_dislikes_everything_keeps_no_crowd_here)
{
	open_bound("window: 100\nlong_messages: udh16\n"
	           "errors:\n  - {status: \"8\", action: limited, delay: 60 s, tries: 3}\n");
	smsc.submit_status = SMPP_RSYSERR;
	send_until_waiting("hello", SMPP_WAITING_MAX);
	while (host.result_count == 0)
		if (host_send(&host, customer, "one more"))
			host_turn(loop);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_eq(host.results[0].retry_ms, 60000);
	ck_assert_uint_eq(host.results[0].flags & SEND_NOT_COUNTED, 0);
	AWAIT(smpp_out_outstanding(channel()) == 0);
	ck_assert_uint_eq(channel()->waiting.count, SMPP_WAITING_MAX);
	/* Of a long one the host cannot retry a part; it waits, and the last of them stops all. */
	send_until_waiting(text_of(300), 2 * SMPP_WAITING_MAX);
	AWAIT(smpp_out_outstanding(channel()) == 0);
	ck_assert_int_eq(host_send(&host, customer, "no more"), -EAGAIN);
	ck_assert_uint_lt(channel()->waiting.count, 2 * SMPP_WAITING_MAX + 100); /* a window more */
}
END_TEST

START_TEST(a_refused_number_is_a_bad_address)
{
	open_bound("");
	smsc.submit_once = SMPP_RINVDSTADR;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_uint_eq(host.results[0].flags, SEND_BAD_ADDRESS);
	ck_assert_str_eq(host.results[0].code, "smpp.0x0000000b");
}
END_TEST

START_TEST(a_vendors_code_follows_the_channels_own_table)
{
	open_bound("errors:\n  - {status: \"0x428\", action: bad_address}\n");
	smsc.submit_once = 0x428;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_uint_eq(host.results[0].flags, SEND_BAD_ADDRESS);
}
END_TEST

START_TEST(what_the_account_alone_refuses_another_may_have)
{
	open_bound("errors:\n  - {status: \"0x0A\", action: fail_over}\n");
	smsc.submit_once = SMPP_RINVSRCADR;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_uint_eq(host.results[0].flags, SEND_NOT_HERE);
	ck_assert_str_eq(host.results[0].code, "smpp.0x0000000a");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 2);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
}
END_TEST

START_TEST(a_session_that_takes_no_submits_is_bound_anew)
{
	open_bound("errors:\n  - {status: \"4\", action: rebind, delay: 20 ms}\n");
	smsc.submit_once = SMPP_RINVBNDSTS;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

START_TEST(an_address_that_is_no_number_is_refused_without_a_submit)
{
	open_bound("");
	ck_assert_int_eq(host_send(&host, "sms:BANK", "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_uint_eq(host.results[0].flags, SEND_BAD_ADDRESS);
	ck_assert_uint_eq(smsc.submits, 0);
}
END_TEST

START_TEST(a_response_without_an_id_is_taken)
{
	open_bound("");
	smsc.id_missing = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(host.results[0].id_len, 0);
}
END_TEST

START_TEST(the_rate_of_the_contract_is_kept)
{
	unsigned sent = 0;
	uint64_t began;

	open_bound("rate: 50\nwindow: 100\n");
	began = clock_mono_ms(&clock_system);
	while (sent < 30) {
		if (host_send(&host, customer, "hello") == 0)
			sent++;
		else
			host_pass(loop, 2);
	}
	/* A tenth of a second may be ahead: 5 of 30, and 25 more take half a second. */
	ck_assert_uint_ge(clock_mono_ms(&clock_system) - began, 400);
	AWAIT(host.ready > 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_full_window_says_so_and_tells_when_there_is_room,
		the_window_counts_octets_too,
		responses_in_any_order_find_their_messages,
		a_submit_without_response_is_of_unknown_fate_and_a_late_one_settles_it,
		what_is_outstanding_when_the_link_is_lost_is_of_unknown_fate,
		what_waits_for_a_pause_goes_back_to_the_host_with_the_last_session,
		throttled_it_pauses_and_sends_the_same_first,
		throttled_in_the_middle_the_order_stays,
		a_full_queue_gives_the_message_back_for_later,
		a_vague_error_is_tried_again_a_few_times,
		an_smsc_that_dislikes_everything_keeps_no_crowd_here,
		a_refused_number_is_a_bad_address,
		a_vendors_code_follows_the_channels_own_table,
		what_the_account_alone_refuses_another_may_have,
		a_session_that_takes_no_submits_is_bound_anew,
		an_address_that_is_no_number_is_refused_without_a_submit,
		a_response_without_an_id_is_taken,
		the_rate_of_the_contract_is_kept,
	};
	TCase *tc = tcase_create("out");

	add_tests(tc, tests, ARRAY_LEN(tests));
	return unit_run("smpp messages out", &tc, 1);
}
