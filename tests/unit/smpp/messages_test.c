/*
 * Messages over a real socket, out and in: window, order, time-outs, errors by their table, parts
 * both ways, receipts, what is answered when, and what may be a duplicate. PROTOCOLS 1.3 to 1.9.
 */
#include "link_fixture.h"

#include "smpp_udh.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

static char long_text[1024];

/* len octets that differ everywhere. */
static const char *text_of(size_t len)
{
	for (size_t i = 0; i < len; i++)
		long_text[i] = (char)('a' + (i * 7 + i / 26) % 26);
	long_text[len] = '\0';
	return long_text;
}

/* ---- out ---- */

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
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host.results[i].outcome, SEND_UNCERTAIN);
	ck_assert_int_eq(host_send(&host, customer, "hello"), -ENOTCONN);
	AWAIT(host.state == CHANNEL_UP);
	AWAIT(host.ready > 0);
}
END_TEST

START_TEST(throttled_it_pauses_and_sends_the_same_first)
{
	open_bound("errors:\n  - {status: \"0x58\", action: throttle, delay: 100 ms}\n");
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

/* ---- long messages out ---- */

static void assert_udh(unsigned i, unsigned width, unsigned total)
{
	const struct smpp_submit_sm *sm = smsc_submit(&smsc, i);
	struct smpp_udh udh;

	ck_assert_ptr_nonnull(sm);
	ck_assert_uint_eq(sm->esm_class & SMPP_ESM_CLASS_UDHI, SMPP_ESM_CLASS_UDHI);
	ck_assert_int_eq(smpp_udh_parse(sm->short_message, &udh), 0);
	ck_assert_uint_eq(udh.concat.width, width);
	ck_assert_uint_eq(udh.concat.total, total);
	ck_assert_uint_eq(udh.concat.number, i + 1);
}

START_TEST(a_long_message_goes_in_order_and_its_last_part_is_told_last)
{
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, text_of(400)), 0);
	AWAIT(smsc.submits == 3);
	for (unsigned i = 0; i < 3; i++)
		assert_udh(i, 8, 3);
	smsc_release(&smsc, 0, true);
	AWAIT(host.result_count == 3);
	ck_assert_uint_eq(host.results[2].part, 2);
	ck_assert_uint_eq(host.results[2].parts, 3);
	ck_assert_str_eq(host.results[2].id, "m1"); /* its response came first */
}
END_TEST

START_TEST(a_window_smaller_than_a_message_takes_it_part_by_part)
{
	open_bound("window: 1\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(400)), 0);
	ck_assert_int_eq(host_send(&host, customer, "next"), -EAGAIN);
	AWAIT(host.result_count == 3);
	ck_assert_uint_eq(smsc.submits, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_udh(i, 8, 3);
}
END_TEST

START_TEST(long_messages_may_use_sar_or_one_payload)
{
	const struct smpp_submit_sm *sm;
	struct span payload;
	uint32_t value;

	open_bound("long_messages: sar\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(200)), 0);
	AWAIT(smsc.submits == 2);
	sm = smsc_submit(&smsc, 1);
	ck_assert_int_eq(smpp_tlv_uint(sm->tlvs, SMPP_TLV_sar_segment_seqnum, &value), 0);
	ck_assert_uint_eq(value, 2);
	ck_assert_uint_eq(sm->esm_class, 0);
	host_close(&host);
	memset(&host, 0, sizeof(host));
	smsc.got_count = 0;
	open_bound("long_messages: payload\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(600)), 0);
	AWAIT(host.result_count == 1);
	sm = smsc_submit(&smsc, 0);
	ck_assert_uint_eq(sm->short_message.len, 0);
	ck_assert_int_eq(smpp_tlv_find(sm->tlvs, SMPP_TLV_message_payload, &payload), 0);
	ck_assert_uint_eq(payload.len, 600);
}
END_TEST

START_TEST(an_smsc_that_names_no_version_gets_no_tlvs)
{
	smsc.no_version = true;
	open_bound("long_messages: sar\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(200)), 0);
	AWAIT(smsc.submits == 2);
	assert_udh(0, 16, 2);
	ck_assert_uint_eq(smsc_submit(&smsc, 0)->tlvs.len, 0);
}
END_TEST

START_TEST(when_a_part_is_refused_the_rest_is_not_sent)
{
	open_bound("window: 1\n");
	smsc.submit_once = SMPP_RINVDSTADR;
	ck_assert_int_eq(host_send(&host, customer, text_of(400)), 0);
	AWAIT(host.result_count == 3);
	ck_assert_uint_eq(smsc.submits, 1);
	ck_assert_str_eq(host.results[0].code, "smpp.0x0000000b");
	ck_assert_str_eq(host.results[1].code, "smpp.part_failed");
	ck_assert_uint_eq(host.results[2].part, 2);
}
END_TEST

START_TEST(half_a_message_lost_with_its_link_is_unknown_as_a_whole)
{
	open_bound("window: 1\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, text_of(400)), 0);
	AWAIT(smsc.submits == 1);
	smsc_drop(&smsc);
	AWAIT(host.result_count == 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host.results[i].outcome, SEND_UNCERTAIN);
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_uint_eq(smsc.submits, 1);
}
END_TEST

START_TEST(a_text_of_too_many_parts_is_too_big)
{
	open_bound("parts_max: 2\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(307)), -EMSGSIZE);
	ck_assert_int_eq(host_send(&host, customer, text_of(306)), 0);
}
END_TEST

START_TEST(packed_text_is_packed_behind_its_header)
{
	const struct smpp_submit_sm *sm;

	open_bound("alphabet_out: packed\n");
	ck_assert_int_eq(host_send(&host, customer, "hellohello"), 0);
	AWAIT(smsc.submits == 1);
	sm = smsc_submit(&smsc, 0);
	ck_assert(span_eq(sm->short_message, unit_hex("e8329bfd4697d9ec37")));
	ck_assert_int_eq(host_send(&host, customer, text_of(161)), 0);
	AWAIT(smsc.submits == 3);
	ck_assert_uint_eq(smsc_submit(&smsc, 1)->short_message.len, 140);
}
END_TEST

/* ---- in ---- */

START_TEST(nothing_is_answered_before_it_is_durable)
{
	uint32_t sequence;

	open_bound("");
	host.hold = true;
	sequence = deliver_text("hello");
	AWAIT(host.received_count == 1);
	host_pass(loop, 50);
	ck_assert_int_eq(answer_to(sequence), -1);
	host_settle(&host, 0);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(smsc_last(&smsc, SMPP_RESP(SMPP_deliver_sm))->frame.len, 17);
}
END_TEST

START_TEST(what_cannot_be_kept_is_to_come_again)
{
	uint32_t sequence;

	open_bound("");
	host.verdict = -EAGAIN;
	sequence = deliver_text("hello");
	AWAIT(answer_to(sequence) == SMPP_RX_T_APPN);
	host.verdict = 0;
	sequence = deliver_text("hello");
	AWAIT(answer_to(sequence) == 0);
}
END_TEST

START_TEST(too_much_at_once_is_left_in_the_socket)
{
	open_bound("inbound_max: 4\n");
	host.hold = true;
	for (unsigned i = 0; i < 4; i++)
		deliver_text("first");
	AWAIT(host.received_count == 4);
	for (unsigned i = 0; i < 4; i++)
		deliver_text("second");
	host_pass(loop, 50);
	ck_assert_uint_eq(host.received_count, 4);
	host.hold = false;
	host_settle(&host, 0);
	AWAIT(smsc.delivered == 8);
}
END_TEST

START_TEST(data_sm_and_message_payload_are_texts_too)
{
	struct smpp_pdu pdu = {.command_id = SMPP_data_sm};
	struct smpp_data_sm *sm = &pdu.u.data_sm;
	uint32_t sequence;

	open_bound("");
	sm->source_addr = SPAN_LIT("13800138000");
	sm->destination_addr = SPAN_LIT("95500");
	sm->data_coding = 8;
	sm->tlvs = unit_hex("0424 0004 4f60597d");
	sequence = smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(answer_to(sequence) == 0);
	ck_assert(span_is(host.received[0]->text, "你好"));
	ck_assert(span_is(host.received[0]->address, "sms:+8613800138000"));
}
END_TEST

START_TEST(data_that_is_no_text_is_shown_as_that)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 4, unit_hex("00ff10"), SPAN_NONE);
	AWAIT(smsc.delivered == 1);
	ck_assert_int_eq(host.received[0]->kind, MESSAGE_FILE);
	ck_assert(span_is(host.received[0]->data, "{\"data_coding\":4,\"octets\":\"00ff10\"}"));
}
END_TEST

START_TEST(what_is_not_in_its_alphabet_is_marked)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 8, unit_hex("4f60d83d"), SPAN_NONE);
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(host.received[0]->marks, MARK_LOSSY);
}
END_TEST

/* ---- long messages in: PROTOCOLS 1.7 ---- */

static uint32_t deliver_part(const char *header, const char *octets)
{
	struct buf b;
	uint32_t sequence;

	buf_init(&b, 1024);
	buf_add(&b, unit_hex(header));
	buf_add(&b, unit_hex(octets));
	sequence = smsc_deliver(&smsc, "8613800138000", "95500", SMPP_ESM_CLASS_UDHI, 8,
	                        buf_span(&b), SPAN_NONE);
	buf_fini(&b);
	return sequence;
}

START_TEST(parts_are_joined_as_octets_and_then_decoded)
{
	open_bound("");
	/* Another's gateway cuts inside a surrogate pair; the parts come in the wrong order. */
	deliver_part("050003 07 02 02", "de00 0041");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(host.received_count, 0);
	deliver_part("050003 07 02 01", "4f60 d83d");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(span_is(host.received[0]->text, "你😀A"));
	ck_assert_uint_eq(host.received[0]->marks, 0);
}
END_TEST

START_TEST(parts_come_over_any_session)
{
	open_bound("binds: 2\n");
	AWAIT(smsc.binds == 2);
	deliver_part("060804 0107 02 01", "4f60");
	AWAIT(smsc.delivered == 1);
	io_stream_abort(smsc_receiver(&smsc)->stream, -ECONNABORTED);
	host_pass(loop, 20);
	deliver_part("060804 0107 02 02", "597d");
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "你好"));
}
END_TEST

START_TEST(the_last_part_is_answered_when_the_whole_is_durable)
{
	uint32_t last;

	open_bound("");
	deliver_part("050003 07 02 01", "4f60");
	AWAIT(smsc.delivered == 1);
	host.hold = true;
	last = deliver_part("050003 07 02 02", "597d");
	AWAIT(host.pending_count == 1);
	host_settle(&host, 0); /* kept, and now received as a whole, which is durable at once */
	AWAIT(answer_to(last) == 0);
	ck_assert_uint_eq(host.received_count, 1);
}
END_TEST

START_TEST(a_part_that_cannot_be_kept_is_to_come_again)
{
	uint32_t sequence;

	open_bound("");
	host.verdict = -EAGAIN;
	sequence = deliver_part("050003 07 02 01", "4f60");
	AWAIT(answer_to(sequence) == SMPP_RX_T_APPN);
}
END_TEST

START_TEST(sar_parts_are_parts)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("one "),
	             unit_hex("020c 0002 0001 020e 0001 02 020f 0001 01"));
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("two"),
	             unit_hex("020c 0002 0001 020e 0001 02 020f 0001 02"));
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "one two"));
}
END_TEST

START_TEST(half_of_the_sar_parameters_are_ignored)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("whole"),
	             unit_hex("020c 0002 0001 020e 0001 02"));
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "whole"));
}
END_TEST

START_TEST(impossible_parts_are_delivered_alone)
{
	open_bound("");
	deliver_part("050003 07 02 03", "4f60");
	deliver_part("050003 07 00 00", "597d");
	AWAIT(host.received_count == 2);
	ck_assert(span_is(host.received[0]->text, "你"));
	ck_assert(span_is(host.received[1]->text, "好"));
}
END_TEST

START_TEST(what_never_became_whole_is_delivered_marked_and_mended_later)
{
	open_bound("");
	deliver_part("050003 07 03 03", "0043");
	deliver_part("050003 07 03 01", "0041");
	AWAIT(smsc.delivered == 2);
	host_expire_parts(&host);
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "AC"));
	ck_assert_uint_eq(host.received[0]->marks, MARK_INCOMPLETE);
}
END_TEST

/* ---- receipts ---- */

START_TEST(a_receipt_is_told_and_answered)
{
	uint32_t sequence;

	open_bound("");
	sequence = smsc_deliver(&smsc, "8613800138000", "95500", 4, 0,
	                        SPAN_LIT("id:0a1b sub:001 dlvrd:001 submit date:2601020304 "
	                                 "done date:2601020304 stat:UNDELIV err:011 text:"),
	                        SPAN_NONE);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(host.received_count, 0);
	ck_assert_uint_eq(host.receipt_count, 1);
	ck_assert_str_eq(host.receipts[0].id, "0a1b");
	ck_assert_str_eq(host.receipts[0].address, customer);
	ck_assert_str_eq(host.receipts[0].code, "smpp.dlr.011");
	ck_assert_int_eq(host.receipts[0].status, STATUS_UNDELIVERED);
}
END_TEST

START_TEST(an_intermediate_notification_is_not_the_end)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 0x20, 0, SPAN_LIT("id:7 stat:DELIVRD err:0"),
	             SPAN_NONE);
	AWAIT(host.receipt_count == 1);
	ck_assert_int_eq(host.receipts[0].status, STATUS_SENT);
}
END_TEST

START_TEST(a_receipt_with_a_header_in_its_text_is_read)
{
	struct buf b;

	open_bound("");
	buf_init(&b, 256);
	buf_add(&b, unit_hex("050003 01 01 01"));
	buf_str(&b, "id:7 stat:DELIVRD err:000");
	smsc_deliver(&smsc, "8613800138000", "95500", 0x44, 0, buf_span(&b), SPAN_NONE);
	buf_fini(&b);
	AWAIT(host.receipt_count == 1);
	ck_assert_int_eq(host.receipts[0].status, STATUS_DELIVERED);
}
END_TEST

START_TEST(an_unflagged_receipt_is_a_text_unless_the_channel_says_otherwise)
{
	static const char text[] = "id:7 sub:001 dlvrd:001 submit date:26 done date:26 "
				   "stat:DELIVRD err:000 text:";

	open_bound("");
	deliver_text(text);
	AWAIT(host.received_count == 1);
	host_close(&host);
	memset(&host, 0, sizeof(host));
	open_bound("receipts_unflagged: true\n");
	deliver_text(text);
	AWAIT(host.receipt_count == 1);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

START_TEST(a_receipt_that_cannot_be_noted_is_to_come_again)
{
	uint32_t sequence;

	open_bound("");
	host.verdict = -EAGAIN;
	sequence = smsc_deliver(&smsc, "8613800138000", "95500", 4, 0,
	                        SPAN_LIT("id:7 stat:DELIVRD"), SPAN_NONE);
	AWAIT(answer_to(sequence) == SMPP_RX_T_APPN);
}
END_TEST

START_TEST(a_receipt_that_names_nothing_does_not_block_the_receiver)
{
	uint32_t sequence;

	open_bound("");
	sequence =
		smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, SPAN_LIT("what?"), SPAN_NONE);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(host.receipt_count, 0);
}
END_TEST

/* ---- duplicates: PROTOCOLS 1.9 ---- */

/* What the host makes of the marks: the same, over another session, not provably answered. */
static bool is_duplicate(const struct message *first, const struct message *second)
{
	return span_eq(first->dup_key, second->dup_key) &&
	       !span_eq(first->dup_epoch, second->dup_epoch) &&
	       first->ts_ms >= second->dup_after_ms;
}

START_TEST(the_same_text_twice_in_one_session_is_two_messages)
{
	open_bound("");
	deliver_text("1");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(span_eq(host.received[0]->dup_key, host.received[1]->dup_key));
	ck_assert(!is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(a_resend_after_a_lost_answer_is_a_duplicate)
{
	open_bound("");
	host.hold = true;
	deliver_text("1");
	AWAIT(host.received_count == 1);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	host.hold = false;
	host_settle(&host, 0);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	ck_assert(is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(a_resend_of_what_was_answered_just_before_the_loss_is_one_too)
{
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(what_was_provably_answered_is_no_duplicate_later)
{
	unsigned enquiries;

	open_bound("enquire_link: 100 ms\n");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	host_pass(loop, 20);
	enquiries = smsc.enquiries;
	/* The answer to an enquiry that left after ours says that ours arrived. */
	AWAIT(smsc.enquiries >= enquiries + 2);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(span_eq(host.received[0]->dup_key, host.received[1]->dup_key));
	ck_assert(!is_duplicate(host.received[0], host.received[1]));
}
END_TEST

/* Another process: the same values, kept by the host; nothing else. */
static void restart(void)
{
	struct host_value *values = host.values;

	host.values = NULL;
	host_close(&host);
	memset(&host, 0, sizeof(host));
	host.values = values;
}

START_TEST(after_a_crash_what_was_not_provably_answered_may_come_again)
{
	uint64_t said;

	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	said = host.received[0]->ts_ms;
	restart();
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_ge(said, host.received[0]->dup_after_ms);
}
END_TEST

START_TEST(after_an_orderly_stop_the_same_said_again_is_a_message)
{
	uint64_t said;

	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	said = host.received[0]->ts_ms;
	host_pass(loop, 5);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	restart();
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_lt(said, host.received[0]->dup_after_ms);
}
END_TEST

START_TEST(what_differs_in_anything_is_another_message)
{
	open_bound("");
	deliver_text("1");
	deliver_text("2");
	smsc_deliver(&smsc, "8613800138001", "95500", 0, 0, SPAN_LIT("1"), SPAN_NONE);
	smsc_deliver(&smsc, "8613800138000", "955001", 0, 0, SPAN_LIT("1"), SPAN_NONE);
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 1, SPAN_LIT("1"), SPAN_NONE);
	AWAIT(host.received_count == 5);
	for (unsigned i = 1; i < 5; i++)
		ck_assert(!span_eq(host.received[0]->dup_key, host.received[i]->dup_key));
}
END_TEST

static void add(TCase *tc, const TTest *const *tests, size_t count)
{
	tcase_add_checked_fixture(tc, fixture_set_up, fixture_tear_down);
	tcase_set_timeout(tc, 20);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
}

int main(void)
{
	const TTest *const out[] = {
		a_full_window_says_so_and_tells_when_there_is_room,
		the_window_counts_octets_too,
		responses_in_any_order_find_their_messages,
		a_submit_without_response_is_of_unknown_fate_and_a_late_one_settles_it,
		what_is_outstanding_when_the_link_is_lost_is_of_unknown_fate,
		throttled_it_pauses_and_sends_the_same_first,
		throttled_in_the_middle_the_order_stays,
		a_full_queue_gives_the_message_back_for_later,
		a_vague_error_is_tried_again_a_few_times,
		a_refused_number_is_a_bad_address,
		a_vendors_code_follows_the_channels_own_table,
		a_session_that_takes_no_submits_is_bound_anew,
		an_address_that_is_no_number_is_refused_without_a_submit,
		a_response_without_an_id_is_taken,
		the_rate_of_the_contract_is_kept,
	};
	const TTest *const parts[] = {
		a_long_message_goes_in_order_and_its_last_part_is_told_last,
		a_window_smaller_than_a_message_takes_it_part_by_part,
		long_messages_may_use_sar_or_one_payload,
		an_smsc_that_names_no_version_gets_no_tlvs,
		when_a_part_is_refused_the_rest_is_not_sent,
		half_a_message_lost_with_its_link_is_unknown_as_a_whole,
		a_text_of_too_many_parts_is_too_big,
		packed_text_is_packed_behind_its_header,
	};
	const TTest *const in[] = {
		nothing_is_answered_before_it_is_durable,
		what_cannot_be_kept_is_to_come_again,
		too_much_at_once_is_left_in_the_socket,
		data_sm_and_message_payload_are_texts_too,
		data_that_is_no_text_is_shown_as_that,
		what_is_not_in_its_alphabet_is_marked,
		parts_are_joined_as_octets_and_then_decoded,
		parts_come_over_any_session,
		the_last_part_is_answered_when_the_whole_is_durable,
		a_part_that_cannot_be_kept_is_to_come_again,
		sar_parts_are_parts,
		half_of_the_sar_parameters_are_ignored,
		impossible_parts_are_delivered_alone,
		what_never_became_whole_is_delivered_marked_and_mended_later,
	};
	const TTest *const rest[] = {
		a_receipt_is_told_and_answered,
		an_intermediate_notification_is_not_the_end,
		a_receipt_with_a_header_in_its_text_is_read,
		an_unflagged_receipt_is_a_text_unless_the_channel_says_otherwise,
		a_receipt_that_cannot_be_noted_is_to_come_again,
		a_receipt_that_names_nothing_does_not_block_the_receiver,
		the_same_text_twice_in_one_session_is_two_messages,
		a_resend_after_a_lost_answer_is_a_duplicate,
		a_resend_of_what_was_answered_just_before_the_loss_is_one_too,
		what_was_provably_answered_is_no_duplicate_later,
		after_a_crash_what_was_not_provably_answered_may_come_again,
		after_an_orderly_stop_the_same_said_again_is_a_message,
		what_differs_in_anything_is_another_message,
	};
	TCase *tc[] = {tcase_create("out"), tcase_create("parts out"), tcase_create("in"),
	               tcase_create("receipts and duplicates")};

	add(tc[0], out, ARRAY_LEN(out));
	add(tc[1], parts, ARRAY_LEN(parts));
	add(tc[2], in, ARRAY_LEN(in));
	add(tc[3], rest, ARRAY_LEN(rest));
	return unit_run("smpp messages", tc, ARRAY_LEN(tc));
}
