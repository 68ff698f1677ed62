/*
 * Rules of a session that an SMSC relies on: who may send what where, how binds are tried again,
 * numbers, what is said of passwords and optional parameters, and how the pace comes back.
 * SMPP 3.4, 2.2, 2.3, 3.4 and 5.1.4; docs/protocols/smpp.md.
 */
#include "link_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const customer = "sms:+8613800138000";

/* ---- who may send what: table 2-1 ---- */

START_TEST(data_sm_may_come_over_a_transmitter)
{
	struct smpp_pdu pdu = {.command_id = SMPP_data_sm};
	uint32_t sequence;

	open_channel("bind: transmitter\n");
	AWAIT(host.state == CHANNEL_SEND_ONLY);
	pdu.u.data_sm.source_addr = SPAN_LIT("8613800138000");
	pdu.u.data_sm.destination_addr = SPAN_LIT("95500");
	pdu.u.data_sm.tlvs = unit_hex("0424 0002 6869");
	sequence = smsc_send(&smsc.links[0], &pdu);
	AWAIT(answer_to(sequence) == 0);
	ck_assert(span_is(host.received[0]->text, "hi"));
}
END_TEST

static const uint32_t early[] = {SMPP_deliver_sm, SMPP_data_sm};

START_TEST(before_the_bind_is_answered_there_are_no_messages)
{
	struct smpp_pdu pdu = {.command_id = early[_i]};
	uint32_t sequence;

	smsc.silent_bind = true;
	open_channel("");
	AWAIT(smsc.binds == 1);
	sequence = smsc_send(&smsc.links[0], &pdu);
	AWAIT(answer_to(sequence) == SMPP_RINVBNDSTS);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

START_TEST(a_receiver_sends_nothing)
{
	open_channel("bind: receiver\n");
	AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
	ck_assert_int_eq(host_send(&host, customer, "hello"), -ENOTCONN);
	deliver_text("but it receives");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(smsc.submits, 0);
}
END_TEST

/* ---- binding again ---- */

START_TEST(each_failure_doubles_the_pause)
{
	smsc.bind_status = SMPP_RSYSERR;
	open_channel("reconnect_least: 50 ms\nreconnect_most: 10 s\n");
	AWAIT(smsc.binds >= 1);
	host_pass(loop, 1000); /* 50, 100, 200, 400 and 800 ms, each a quarter more or less */
	ck_assert_uint_ge(smsc.binds, 4);
	ck_assert_uint_le(smsc.binds, 7);
}
END_TEST

START_TEST(pauses_are_not_all_of_one_length)
{
	enum { LEAST_MS = 60, BINDS = 18 };
	uint64_t last = 0, shortest = UINT64_MAX, longest = 0;

	smsc.bind_status = SMPP_RSYSERR;
	open_channel("reconnect_least: 60 ms\nreconnect_most: 60 ms\n");
	for (unsigned i = 1; i <= BINDS; i++) {
		uint64_t now, pause;

		AWAIT(smsc.binds == i);
		now = clock_mono_ms(&clock_system);
		pause = now - last;
		last = now;
		if (i == 1)
			continue;
		shortest = pause < shortest ? pause : shortest;
		longest = pause > longest ? pause : longest;
	}
	ck_assert_uint_ge(shortest, LEAST_MS / 2);
	ck_assert_uint_gt(longest, shortest + LEAST_MS / 8); /* of a range of half of it */
}
END_TEST

static const uint32_t ours[] = {SMPP_RBINDFAIL, SMPP_RINVPASWD, SMPP_RINVSYSID, SMPP_RINVSYSTYP};

START_TEST(what_only_a_human_can_mend_is_not_tried_again_soon)
{
	smsc.bind_status = ours[_i];
	open_channel("");
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	host_pass(loop, 300);
	ck_assert_uint_eq(smsc.binds, 1);
	ck_assert_str_eq(host.why, smpp_status_text(ours[_i]));
}
END_TEST

START_TEST(each_session_counts_from_1)
{
	open_bound("");
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 5);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_uint_eq(smsc_last(&smsc, SMPP_bind_transceiver)->sequence_number, 1);
}
END_TEST

START_TEST(an_unbind_that_nobody_answers_ends_all_the_same)
{
	open_bound("");
	smsc.mute = true;
	host.ops->stop(host.self, STOP_DRAIN);
	for (unsigned i = 0; i < 20 && !host.stopped; i++)
		host_pass(loop, 500);
	ck_assert_uint_eq(host.stopped, 1);
}
END_TEST

/* ---- what a bind says and hears ---- */

START_TEST(a_password_longer_than_the_specification_goes_whole)
{
	static const char password[] = "forty octets that some operators demand";

	setenv("SMPP_TEST_PASSWORD", password, 1);
	open_bound("");
	ck_assert(span_is(smsc_last(&smsc, SMPP_bind_transceiver)->u.bind_transceiver.password,
	                  password));
}
END_TEST

START_TEST(a_password_that_no_bind_can_hold_is_refused_at_once)
{
	char password[66];

	memset(password, 'x', sizeof(password));
	password[65] = '\0';
	setenv("SMPP_TEST_PASSWORD", password, 1);
	ck_assert_int_eq(host_open(&host, &smpp_connector,
	                           "host: 127.0.0.1\nsystem_id: posthouse\n"
	                           "password: {env: SMPP_TEST_PASSWORD}\n",
	                           loop),
	                 -EINVAL);
}
END_TEST

START_TEST(optional_parameters_may_be_forced)
{
	smsc.no_version = true;
	open_bound("tlvs: always\nlong_messages: sar\n");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	host_close(&host);
	memset(&host, 0, sizeof(host));
	smsc.no_version = false;
	open_bound("tlvs: never\nsubmit: data_sm\n");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 2);
	ck_assert_ptr_null(smsc_last(&smsc, SMPP_data_sm));
}
END_TEST

START_TEST(command_status_in_a_request_is_ignored)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm, .command_status = 7};
	uint32_t sequence;

	open_bound("");
	pdu.u.deliver_sm.source_addr = SPAN_LIT("8613800138000");
	pdu.u.deliver_sm.short_message = SPAN_LIT("hello");
	sequence = smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(host.received_count, 1);
}
END_TEST

START_TEST(nothing_replaces_what_was_said)
{
	open_bound("");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	ck_assert_uint_eq(smsc_submit(&smsc, 0)->replace_if_present_flag, 0);
	ck_assert_uint_eq(smsc_submit(&smsc, 0)->registered_delivery, 1);
	ck_assert_uint_eq(smsc_submit(&smsc, 0)->sm_default_msg_id, 0);
}
END_TEST

/* ---- what a status page shows ---- */

START_TEST(a_status_says_what_the_sessions_do_and_no_secret)
{
	char status[1024];

	smsc.version = SMPP_INTERFACE_VERSION_50;
	open_bound("bind: pair\ninterface_version: \"5.0\"\n"
	           "reconnect_least: 1 s\nreconnect_most: 1 s\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	host_status(&host, status, sizeof(status));
	ck_assert_msg(strstr(status, "links[ role=transmitter state=bound smsc_version=5.0 "
	                             "outstanding=1 "),
	              "%s", status);
	ck_assert_msg(strstr(status, "links[ role=receiver state=bound"), "%s", status);
	ck_assert_msg(strstr(status, "paused=false") && strstr(status, "receipt_ids=other"), "%s",
	              status);
	ck_assert(!strstr(status, "secret") && !strstr(status, "13800138000"));
	smsc_drop_bound(&smsc, SMPP_bind_receiver);
	AWAIT(host.state == CHANNEL_SEND_ONLY);
	host_status(&host, status, sizeof(status));
	ck_assert_msg(strstr(status, "failures=1"), "%s", status);
}
END_TEST

/* ---- the pace ---- */

START_TEST(after_throttling_the_window_opens_again_one_by_one)
{
	struct smpp_channel *ch;
	size_t before;

	open_bound(
		"window: 16\nerrors:\n  - {status: \"0x58\", action: throttle, delay: 200 ms}\n");
	ch = host.self;
	smsc.hold = true;
	for (unsigned i = 0; i < 16; i++)
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 16);
	smsc_release(&smsc, SMPP_RTHROTTLED, false);
	AWAIT(smpp_out_paused(ch));
	ck_assert_uint_le(ch->allowed, 8);
	ck_assert_uint_ge(ch->allowed, 1);
	before = ch->allowed;
	AWAIT(smsc.submits == 16 + before); /* no more than that at once */
	host_pass(loop, 50);
	ck_assert_uint_eq(smsc.submits, 16 + before);
	smsc.hold = false;
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 16);
	ck_assert_uint_gt(ch->allowed, before);
	for (unsigned i = 0; i < 16; i++)
		ck_assert_int_eq(host.results[i].outcome, SEND_OK);
}
END_TEST

START_TEST(the_rate_counts_parts)
{
	static char text[1400];
	uint64_t began;

	memset(text, 'a', sizeof(text) - 1);
	open_bound("rate: 20\nburst: 1\nwindow: 100\n");
	began = clock_mono_ms(&clock_system);
	ck_assert_int_eq(host_send(&host, customer, text), 0); /* ten parts */
	AWAIT(host.result_count == 10);
	ck_assert_uint_ge(clock_mono_ms(&clock_system) - began, 350);
}
END_TEST

START_TEST(an_enquiry_waits_neither_for_the_rate_nor_for_a_pause)
{
	open_bound("enquire_link: 100 ms\nerrors:\n"
	           "  - {status: \"0x58\", action: throttle, delay: 2 s}\n");
	smsc.submit_once = SMPP_RTHROTTLED;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smpp_out_paused(host.self));
	AWAIT(smsc.enquiries >= 2);
	ck_assert(smpp_out_paused(host.self));
}
END_TEST

/* ---- refusals ---- */

/* As the host gives it again: it says how often the SMSC was asked. */
static void send_again(unsigned attempts)
{
	struct message like = {.direction = MESSAGE_OUT,
	                       .kind = MESSAGE_TEXT,
	                       .address = span_of(customer),
	                       .channel = SPAN_LIT("test"),
	                       .text = SPAN_LIT("hello"),
	                       .attempts = attempts,
	                       .ts_ms = clock_wall_ms(&clock_system)};
	struct message *m = message_create(&like);

	ck_assert_int_eq(host.ops->send(host.self, &m), 0);
}

START_TEST(a_queue_that_stays_full_is_asked_less_and_less)
{
	static const struct {
		unsigned attempts;
		uint64_t pause_ms;
	} asked[] = {
		{0, 10000},
                {1, 20000},
                {2, 40000},
                {3, 60000},
                {9, 60000}
        };

	open_bound("");
	smsc.submit_status = SMPP_RMSGQFUL;
	for (unsigned i = 0; i < ARRAY_LEN(asked); i++) {
		send_again(asked[i].attempts);
		AWAIT(host.result_count == i + 1);
		ck_assert_uint_eq(host.results[i].retry_ms, asked[i].pause_ms);
		ck_assert_uint_eq(host.results[i].flags & SEND_NOT_COUNTED, 0);
	}
}
END_TEST

START_TEST(what_the_session_is_to_blame_for_is_no_attempt)
{
	open_bound("");
	smsc.submit_once = SMPP_RINVBNDSTS;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_eq(host.results[0].flags, SEND_NOT_COUNTED);
}
END_TEST

static char logged[4096];

static void keep_log(void *arg, struct span line)
{
	(void)arg;
	if (memmem(line.ptr, line.len, "submit_refused", 14))
		snprintf(logged, sizeof(logged), "%.*s", SPAN_FMT(line));
}

START_TEST(a_submit_that_the_smsc_finds_wrong_is_logged_without_its_content)
{
	open_bound("");
	logged[0] = '\0';
	log_set_sink(keep_log, NULL);
	smsc.submit_once = SMPP_RINVDCS;
	ck_assert_int_eq(host_send(&host, customer, "a secret of theirs"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_msg(strstr(logged, "ESME_RINVDCS") && strstr(logged, "data_coding=0"), "%s",
	              logged);
	ck_assert(!strstr(logged, "secret") && !strstr(logged, "13800138000"));
}
END_TEST

int main(void)
{
	const TTest *const rules[] = {
		data_sm_may_come_over_a_transmitter,
		a_receiver_sends_nothing,
		each_failure_doubles_the_pause,
		pauses_are_not_all_of_one_length,
		each_session_counts_from_1,
		an_unbind_that_nobody_answers_ends_all_the_same,
		a_password_longer_than_the_specification_goes_whole,
		a_password_that_no_bind_can_hold_is_refused_at_once,
		optional_parameters_may_be_forced,
		command_status_in_a_request_is_ignored,
		nothing_replaces_what_was_said,
		a_status_says_what_the_sessions_do_and_no_secret,
		a_queue_that_stays_full_is_asked_less_and_less,
		what_the_session_is_to_blame_for_is_no_attempt,
		a_submit_that_the_smsc_finds_wrong_is_logged_without_its_content,
		after_throttling_the_window_opens_again_one_by_one,
		the_rate_counts_parts,
		an_enquiry_waits_neither_for_the_rate_nor_for_a_pause,
	};
	TCase *tc = tcase_create("rules");

	add_tests(tc, rules, ARRAY_LEN(rules));
	tcase_add_loop_test(tc, before_the_bind_is_answered_there_are_no_messages, 0,
	                    ARRAY_LEN(early));
	tcase_add_loop_test(tc, what_only_a_human_can_mend_is_not_tried_again_soon, 0,
	                    ARRAY_LEN(ours));
	return unit_run("smpp rules", &tc, 1);
}
