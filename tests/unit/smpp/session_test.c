/*
 * Sessions beyond the plain case: the versions that a bind names, hints and habits of SMSCs, peers
 * that are slow, half-open or not SMPP at all. SMPP 3.4, 2.2 and 4.1; 5.0, 4.8.4.18;
 * docs/protocols/smpp.md.
 */
#include "link_fixture.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

/* ---- interface_version ---- */

static unsigned named_version(void)
{
	const struct smpp_pdu *pdu = smsc_last(&smsc, SMPP_bind_transceiver);

	return pdu ? pdu->u.bind_transceiver.interface_version : 0;
}

START_TEST(version_5_is_named_where_the_channel_says_so)
{
	smsc.version = SMPP_INTERFACE_VERSION_50;
	open_bound("interface_version: \"5.0\"\n");
	ck_assert_uint_eq(named_version(), 0x50);
	ck_assert_uint_eq(smsc.binds, 1);
}
END_TEST

START_TEST(an_smsc_of_3_4_answers_a_bind_of_5_0_and_both_speak_3_4)
{
	open_bound("interface_version: \"5.0\"\nlong_messages: sar\n");
	ck_assert_uint_eq(smsc.binds, 1);
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
}
END_TEST

static const uint32_t refusals[] = {SMPP_RBINDFAIL, SMPP_RSYSERR, SMPP_RINVPARLEN, 0x500};

START_TEST(a_version_that_is_refused_falls_back_to_3_4)
{
	smsc.refused_version = SMPP_INTERFACE_VERSION_50;
	smsc.version_status = refusals[_i];
	open_bound("interface_version: \"5.0\"\n");
	ck_assert_uint_eq(named_version(), 0x34);
	ck_assert_uint_eq(smsc.binds, 2);
}
END_TEST

START_TEST(sessions_that_are_refused_together_fall_back_together)
{
	struct smpp_channel *ch;

	open_bound("interface_version: \"5.0\"\nbinds: 2\n");
	ch = host.self;
	for (unsigned i = 0; i < 2; i++) /* both had named it before either was answered */
		smpp_version_fall_back(ch, SMPP_INTERFACE_VERSION_50);
	ck_assert_uint_eq(ch->version, SMPP_INTERFACE_VERSION_34);
	smpp_version_fall_back(ch, SMPP_INTERFACE_VERSION_34);
	ck_assert_uint_eq(ch->version, SMPP_INTERFACE_VERSION_50);
}
END_TEST

START_TEST(a_bind_of_5_0_that_is_only_hung_up_on_falls_back_too)
{
	smsc.drops_binds = true;
	open_channel("interface_version: \"5.0\"\n");
	AWAIT(smsc.binds == 1);
	smsc.drops_binds = false;
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_uint_eq(named_version(), 0x34);
}
END_TEST

START_TEST(what_is_refused_for_something_else_is_tried_with_5_0_again)
{
	smsc.bind_status = SMPP_RSYSERR;
	smsc.version = SMPP_INTERFACE_VERSION_50;
	open_channel("interface_version: \"5.0\"\n");
	AWAIT(smsc.binds == 2); /* 5.0 and 3.4 */
	smsc.bind_status = 0;
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_uint_eq(named_version(), 0x50);
}
END_TEST

START_TEST(a_wrong_password_is_no_matter_of_the_version)
{
	smsc.bind_status = SMPP_RINVPASWD;
	open_channel("interface_version: \"5.0\"\n");
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	host_pass(loop, 300);
	ck_assert_uint_eq(smsc.binds, 1);
}
END_TEST

START_TEST(a_nack_of_the_bind_falls_back_from_transceiver_to_pair)
{
	smsc.nack_binds = true;
	smsc.refused_bind = SMPP_bind_transceiver;
	open_bound("");
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_bind_transmitter));
}
END_TEST

START_TEST(a_bind_that_is_nacked_without_a_reason_is_refused)
{
	smsc.nack_binds = true;
	open_channel("");
	AWAIT(smsc.binds >= 2);
	ck_assert_int_ne(host.state, CHANNEL_UP);
}
END_TEST

START_TEST(already_bound_waits_for_the_old_session_to_end)
{
	smsc.bind_status = SMPP_RALYBND;
	open_channel("errors:\n  - {status: \"5\", action: rebind, delay: 400 ms}\n");
	AWAIT(smsc.binds == 1);
	host_pass(loop, 250);
	ck_assert_uint_eq(smsc.binds, 1);
	ck_assert_int_eq(host.state, CHANNEL_DOWN);
	smsc.bind_status = 0;
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

/* ---- congestion_state ---- */

static size_t allowed(void)
{
	return ((struct smpp_channel *)host.self)->allowed;
}

START_TEST(congestion_is_answered_by_less_before_the_smsc_refuses)
{
	open_bound("window: 16\n");
	smsc.hold = true;
	for (unsigned i = 0; i < 16; i++)
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 16);
	smsc.congestion = 1 + 95;
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 16);
	ck_assert_uint_lt(allowed(), 16);
	ck_assert_uint_ge(allowed(), 1);
	/* It stays so while the SMSC says that it is full, and opens again when it is not. */
	smsc.hold = false;
	smsc.congestion = 1 + 85;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 17);
	ck_assert_uint_lt(allowed(), 16);
	smsc.congestion = 1 + 10;
	for (unsigned i = 0; i < 40; i++) {
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
		AWAIT(host.result_count == 18 + i);
	}
	ck_assert(allowed() == SIZE_MAX);
}
END_TEST

START_TEST(a_congestion_that_is_no_octet_is_no_hint)
{
	open_bound("");
	smsc.hold = true;
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 2);
	/* Of no length, and of two octets. */
	smsc_raw(smsc_receiver(&smsc),
	         unit_hex("00000016 80000004 00000000 00000002 3100 0428 0000"));
	smsc_raw(smsc_receiver(&smsc),
	         unit_hex("00000018 80000004 00000000 00000003 3200 0428 0002 ffff"));
	AWAIT(host.result_count == 2);
	ck_assert(allowed() == SIZE_MAX);
}
END_TEST

/* ---- what comes besides messages ---- */

START_TEST(a_handset_that_is_there_again_is_told)
{
	struct smpp_pdu pdu = {.command_id = SMPP_alert_notification};

	open_bound("");
	pdu.u.alert_notification.source_addr = SPAN_LIT("13800138000");
	pdu.u.alert_notification.esme_addr = SPAN_LIT("95500");
	smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(host.reachable_count == 1);
	ck_assert_str_eq(host.reachable, customer);
	pdu.u.alert_notification.tlvs = unit_hex("0422 0001 02"); /* unavailable */
	smsc_send(smsc_receiver(&smsc), &pdu);
	deliver_text("and it goes on");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(host.reachable_count, 1);
	ck_assert_uint_eq(smsc.nacks, 0);
}
END_TEST

START_TEST(octets_behind_the_last_tlv_are_tolerated)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc),
	         unit_hex("00000025 00000005 00000000 00000077 00 0101 313300 0000 3900"
	                  " 00 00 00 00 00 00 00 00 00 00 aabbcc"));
	AWAIT(answer_to(0x77) == 0);
	ck_assert(((struct smpp_channel *)host.self)->trailing_told);
}
END_TEST

START_TEST(an_unknown_status_and_unknown_tlvs_change_nothing)
{
	open_bound("");
	smsc.submit_once = 1375;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("hi"),
	             unit_hex("3177 0002 abcd 2001 0000 0428 0000 0204 0000"));
	AWAIT(smsc.delivered == 1);
	AWAIT(host.result_count == 1); /* a vendor's code is tried once more */
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_session_without_messages_for_its_time_is_bound_anew)
{
	open_bound("inactivity: 200 ms\nenquire_link: 100 ms\n");
	AWAIT(smsc.unbinds == 1 && smsc.binds == 2);
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(a_session_with_messages_stays)
{
	open_bound("inactivity: 300 ms\n");
	for (unsigned i = 0; i < 8; i++) {
		deliver_text("hello");
		host_pass(loop, 80);
	}
	ck_assert_uint_eq(smsc.unbinds, 0);
}
END_TEST

/* ---- peers that are no peers ---- */

START_TEST(an_smsc_that_gives_its_octets_one_by_one_is_asked_and_dropped)
{
	struct smsc_link *l;
	unsigned sent = 0;

	open_bound("enquire_link: 100 ms\nresponse_timeout: 150 ms\n");
	smsc.mute = true;
	l = smsc_receiver(&smsc);
	/* A deliver_sm that never ends is no sign of life. */
	smsc_raw(l, unit_hex("00000100 00000005 00000000"));
	while (host.state == CHANNEL_UP && sent++ < 200) {
		smsc_raw(l, SPAN_LIT("x"));
		host_pass(loop, 10);
	}
	ck_assert_int_eq(host.state, CHANNEL_DOWN);
	ck_assert_str_eq(host.why, "enquire_link was not answered");
}
END_TEST

START_TEST(a_half_open_connection_is_found_and_what_was_out_is_unknown)
{
	open_bound("enquire_link: 100 ms\nresponse_timeout: 150 ms\n");
	smsc.mute = true; /* reads, and says nothing any more */
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	smsc.mute = false;
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

START_TEST(whatever_answers_an_enquiry_proves_life)
{
	open_bound("enquire_link: 100 ms\nresponse_timeout: 150 ms\n");
	smsc.mute = true;
	for (unsigned i = 0; i < 40; i++) {
		/* Never an enquire_link_resp, but deliver_sm now and then (4.11). */
		deliver_text("still here");
		host_pass(loop, 20);
	}
	ck_assert_int_eq(host.state, CHANNEL_UP);
	ck_assert_uint_eq(smsc.accepted, 1);
}
END_TEST

/* Octets that look like SMPP and like anything, the same each time. */
START_TEST(noise_never_brings_it_down)
{
	uint32_t state = 7;
	unsigned binds;

	open_bound("");
	for (unsigned round = 0; round < 30; round++) {
		char noise[64];

		for (size_t i = 0; i < sizeof(noise); i++) {
			state = state * 1664525 + 1013904223;
			noise[i] = (char)(state >> 24);
		}
		/* Half of them with a header that can be. */
		if (round % 2)
			memcpy(noise, "\0\0\0\x40\0\0\0", 7);
		AWAIT(smsc_receiver(&smsc));
		smsc_raw(smsc_receiver(&smsc), (struct span){noise, sizeof(noise)});
		host_pass(loop, 5);
	}
	AWAIT(host.state == CHANNEL_UP);
	binds = smsc.binds;
	ck_assert_uint_gt(binds, 1);
	AWAIT(smsc_receiver(&smsc));
	deliver_text("still here");
	AWAIT(smsc.delivered > 0);
}
END_TEST

/* Every vector of the codec one behind the other, but for those that end the session. */
static void load_stream(struct buf *out)
{
	FILE *f = fopen(PH_VECTORS "/smpp/pdus.tsv", "r");
	static char line[8192];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *hex = strrchr(line, '\t');

		ck_assert_ptr_nonnull(hex);
		if (strncmp(line, "unbind", 6) != 0)
			buf_add(out, unit_hex(hex + 1));
	}
	fclose(f);
	ck_assert_uint_gt(out->len, 4000);
}

static const size_t pieces[] = {1, 3, 16, 17, 251, 65536};

START_TEST(every_pdu_comes_over_a_session_in_any_pieces)
{
	size_t size = pieces[_i];
	struct buf stream;
	unsigned delivered;

	buf_init(&stream, 1U << 20);
	load_stream(&stream);
	open_bound("");
	for (size_t at = 0; at < stream.len; at += size) {
		smsc_raw(smsc_receiver(&smsc),
		         (struct span){stream.data + at,
		                       stream.len - at < size ? stream.len - at : size});
		uv_run(io_loop_uv(loop), UV_RUN_NOWAIT);
	}
	AWAIT(smsc.delivered >= 9); /* deliver_sm and data_sm of the vectors */
	delivered = smsc.delivered;
	deliver_text("and it goes on");
	AWAIT(smsc.delivered == delivered + 1);
	ck_assert_uint_eq(smsc.accepted, 1);
	buf_fini(&stream);
}
END_TEST

START_TEST(a_pdu_that_its_connection_cuts_is_no_message)
{
	struct span whole = unit_hex("0000003b 00000005 00000000 00000077 00 0101 3133383030 00"
	                             " 00 00 393535303000 00 00 00 00 00 00 00 00 00 05 68656c6c6f"
	                             " 0204 0002 1234 020d 0001 01");

	ck_assert_uint_eq(whole.len, 0x3b);
	open_bound("reconnect_least: 10 ms\nreconnect_most: 10 ms\n");
	for (size_t len = 1; len < whole.len; len += 5) {
		unsigned binds = smsc.binds;

		smsc_raw(smsc_receiver(&smsc), (struct span){whole.ptr, len});
		host_pass(loop, 5);
		smsc_drop(&smsc);
		AWAIT(smsc.binds == binds + 1 && host.state == CHANNEL_UP);
	}
	ck_assert_uint_eq(host.received_count, 0);
	smsc_raw(smsc_receiver(&smsc), whole);
	AWAIT(host.received_count == 1);
}
END_TEST

/* ---- generic_nack as a response ---- */

START_TEST(a_nack_of_a_submit_without_a_reason_is_no_success)
{
	open_bound("errors:\n  - {status: \"0xff\", action: fail}\n");
	smsc.nacks_submits = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
}
END_TEST

/* ---- addresses that are all wrong ---- */

START_TEST(when_every_message_is_refused_for_its_address_it_is_the_configuration)
{
	char number[32];

	open_bound("address_errors_max: 5\n");
	smsc.submit_status = SMPP_RINVSRCADR;
	for (unsigned i = 0; i < 5; i++) {
		snprintf(number, sizeof(number), "sms:+861380013800%u", i);
		ck_assert_int_eq(host_send(&host, number, "hello"), 0);
		AWAIT(host.result_count == i + 1);
	}
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	ck_assert_int_eq(host_send(&host, customer, "hello"), -EAGAIN);
	deliver_text("it still receives");
	AWAIT(smsc.delivered == 1);
}
END_TEST

START_TEST(one_wrong_number_is_only_that)
{
	open_bound("address_errors_max: 3\n");
	smsc.submit_status = SMPP_RINVDSTADR;
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
		AWAIT(host.result_count == i + 1);
	}
	ck_assert_int_eq(host.state, CHANNEL_UP);
	smsc.submit_status = 0;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138001", "hello"), 0);
	AWAIT(host.result_count == 7);
	ck_assert_uint_eq(((struct smpp_channel *)host.self)->address_errors, 0);
}
END_TEST

/* What runs past the end is lost, not what stands before it. */
START_TEST(a_response_with_a_broken_parameter_has_its_message_id)
{
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 1);
	smsc_raw(smsc_receiver(&smsc),
	         unit_hex("00000019 80000004 00000000 00000002 61373700 0428 0005 01"));
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_str_eq(host.results[0].id, "a77");
}
END_TEST

START_TEST(what_needs_no_body_is_answered_whatever_follows_it)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000015 00000015 00000000 00000071 0102030405"));
	AWAIT(answer_to(0x71) == 0);
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000014 00000006 00000000 00000072 6a756e6b"));
	AWAIT(answer_to(0x72) == 0);
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

int main(void)
{
	const TTest *const versions[] = {
		version_5_is_named_where_the_channel_says_so,
		an_smsc_of_3_4_answers_a_bind_of_5_0_and_both_speak_3_4,
		sessions_that_are_refused_together_fall_back_together,
		a_bind_of_5_0_that_is_only_hung_up_on_falls_back_too,
		what_is_refused_for_something_else_is_tried_with_5_0_again,
		a_wrong_password_is_no_matter_of_the_version,
		a_nack_of_the_bind_falls_back_from_transceiver_to_pair,
		a_bind_that_is_nacked_without_a_reason_is_refused,
		already_bound_waits_for_the_old_session_to_end,
	};
	const TTest *const habits[] = {
		congestion_is_answered_by_less_before_the_smsc_refuses,
		a_congestion_that_is_no_octet_is_no_hint,
		a_handset_that_is_there_again_is_told,
		octets_behind_the_last_tlv_are_tolerated,
		a_response_with_a_broken_parameter_has_its_message_id,
		what_needs_no_body_is_answered_whatever_follows_it,
		an_unknown_status_and_unknown_tlvs_change_nothing,
		a_session_without_messages_for_its_time_is_bound_anew,
		a_session_with_messages_stays,
		an_smsc_that_gives_its_octets_one_by_one_is_asked_and_dropped,
		a_half_open_connection_is_found_and_what_was_out_is_unknown,
		whatever_answers_an_enquiry_proves_life,
		noise_never_brings_it_down,
		a_pdu_that_its_connection_cuts_is_no_message,
		a_nack_of_a_submit_without_a_reason_is_no_success,
		when_every_message_is_refused_for_its_address_it_is_the_configuration,
		one_wrong_number_is_only_that,
	};
	TCase *tc[] = {tcase_create("versions"), tcase_create("habits")};

	add_tests(tc[0], versions, ARRAY_LEN(versions));
	add_tests(tc[1], habits, ARRAY_LEN(habits));
	tcase_add_loop_test(tc[0], a_version_that_is_refused_falls_back_to_3_4, 0,
	                    ARRAY_LEN(refusals));
	tcase_add_loop_test(tc[1], every_pdu_comes_over_a_session_in_any_pieces, 0,
	                    ARRAY_LEN(pieces));
	return unit_run("smpp session", tc, ARRAY_LEN(tc));
}
