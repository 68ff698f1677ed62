/*
 * Messages in over a real socket: what is answered when, parts, receipts. docs/protocols/smpp.md
 */
#include "link_fixture.h"

static const char *const customer = "sms:+8613800138000";

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

START_TEST(what_the_peer_says_unread_is_no_silence)
{
	open_bound("inbound_max: 4\nenquire_link: 100 ms\nresponse_timeout: 1 s\n");
	host.hold = true;
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	for (unsigned i = 0; i < 4; i++)
		deliver_text("first");
	AWAIT(host.received_count == 4 && smsc.submits == 1);
	deliver_text("second");
	smsc_release(&smsc, 0, false);
	host_pass(loop, 1300); /* over the time-out, and under twice of it */
	ck_assert_uint_eq(host.result_count, 0);
	host.hold = false;
	host_settle(&host, 0);
	AWAIT(smsc.delivered == 5 && host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_uint_eq(smsc.binds, 1);
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

/* What becomes of them goes into JSON, and into keys with separators of their own. */
START_TEST(octets_of_addresses_that_are_no_text_are_spelled)
{
	open_bound("");
	smsc_deliver(&smsc, "B\xe4nk 5%\x1f", "95500\x1f", 0, 0, SPAN_LIT("x"), SPAN_NONE);
	smsc_deliver(&smsc, "Bänk", "95500", 0, 0, SPAN_LIT("y"), SPAN_NONE);
	AWAIT(host.received_count == 2);
	ck_assert(span_is(host.received[0]->address, "sms:B%E4nk%205%25%1F"));
	ck_assert(span_is(host.received[0]->local, "95500%1F"));
	ck_assert(span_is(host.received[1]->address, "sms:Bänk"));
}
END_TEST

/* ---- long messages in: docs/protocols/smpp.md ---- */

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

START_TEST(a_part_without_text_completes_the_others)
{
	open_bound("");
	deliver_part("050003 07 02 01", "4f60");
	deliver_part("050003 07 02 02", "");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(span_is(host.received[0]->text, "你"));
	ck_assert_uint_eq(host.received[0]->marks, 0);
}
END_TEST

/* 3.4, 3.3: it is expected here, and its length is not what it must be. */
START_TEST(a_sar_parameter_of_a_wrong_length_is_refused)
{
	static const char *const wrong[] = {
		"020c 0001 01 020e 0001 02 020f 0001 01",
		"020c 0002 0001 020e 0002 0002 020f 0001 01",
		"020c 0002 0001 020e 0001 02 020f 0005 0000000001",
	};
	uint32_t sequence;

	open_bound("");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		sequence = smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("x"),
		                        unit_hex(wrong[i]));
		AWAIT(answer_to(sequence) == SMPP_RINVPARLEN);
	}
	/* Of length 0 they are not there, and beside a header of the text's they say nothing. */
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("whole"),
	             unit_hex("020c 0000 020e 0000 020f 0000"));
	smsc_deliver(&smsc, "8613800138000", "95500", SMPP_ESM_CLASS_UDHI, 0,
	             SPAN_LIT("\x03\x24\x01\x01whole"), unit_hex(wrong[0]));
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_eq(host.received_count, 2);
	ck_assert(span_is(host.received[0]->text, "whole"));
	ck_assert(span_is(host.received[1]->text, "whole"));
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
	ck_assert_uint_eq(host.received[0]->mends, 0);
	host_pass(loop, 5);
	host_expire_parts(&host);
	ck_assert_uint_eq(host.received_count, 1); /* nothing is new */
	deliver_part("050003 07 03 02", "0042");
	AWAIT(host.received_count == 2);
	ck_assert(span_is(host.received[1]->text, "ABC"));
	ck_assert_uint_eq(host.received[1]->marks, 0);
	ck_assert_uint_eq(host.received[1]->mends, 3);
	ck_assert(span_eq(host.received[0]->dup_key, host.received[1]->dup_key));
	ck_assert_uint_eq(host.received[1]->dup_epoch.len, 0);
}
END_TEST

/* A gateway on the way may make sar_ parameters of some headers and leave others. */
START_TEST(headers_and_sar_parameters_may_meet_in_one_message)
{
	open_bound("");
	deliver_part("050003 07 02 01", "4f60");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 8, unit_hex("597d"),
	             unit_hex("020c 0002 0007 020e 0001 02 020f 0001 02"));
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "你好"));
}
END_TEST

START_TEST(a_header_of_16_bits_is_another_message_than_one_of_8)
{
	open_bound("");
	deliver_part("050003 07 02 01", "0041");
	deliver_part("060804 0007 02 02", "0042");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

/* ---- how numbers came ---- */

START_TEST(a_reply_goes_to_the_number_as_it_came)
{
	const struct smpp_submit_sm *sm;

	open_bound("dest_format: received\n");
	smsc_deliver(&smsc, "008613800138000", "95500", 0, 0, SPAN_LIT("x"), SPAN_NONE);
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->address, customer));
	smsc_deliver(&smsc, "+8613900139000", "95500", 0, 0, SPAN_LIT("y"), SPAN_NONE);
	AWAIT(host.received_count == 2);
	ck_assert_int_eq(host_send(&host, customer, "to the first"), 0);
	ck_assert_int_eq(host_send(&host, "sms:+8613700137000", "to another"), 0);
	AWAIT(smsc.submits == 2);
	sm = smsc_submit(&smsc, 0);
	ck_assert_msg(span_is(sm->destination_addr, "008613800138000"), "%.*s",
	              SPAN_FMT(sm->destination_addr));
	/* Of whom nothing is known: as the account wrote last. */
	ck_assert(span_is(smsc_submit(&smsc, 1)->destination_addr, "+8613700137000"));
}
END_TEST

START_TEST(octets_may_come_swapped)
{
	open_bound("ucs2_in: little\n");
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 8, unit_hex("604f"), SPAN_NONE);
	AWAIT(host.received_count == 1);
	ck_assert(span_is(host.received[0]->text, "你"));
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

int main(void)
{
	const TTest *const in[] = {
		nothing_is_answered_before_it_is_durable,
		what_cannot_be_kept_is_to_come_again,
		too_much_at_once_is_left_in_the_socket,
		what_the_peer_says_unread_is_no_silence,
		data_sm_and_message_payload_are_texts_too,
		data_that_is_no_text_is_shown_as_that,
		what_is_not_in_its_alphabet_is_marked,
		octets_of_addresses_that_are_no_text_are_spelled,
		parts_are_joined_as_octets_and_then_decoded,
		parts_come_over_any_session,
		the_last_part_is_answered_when_the_whole_is_durable,
		a_part_that_cannot_be_kept_is_to_come_again,
		sar_parts_are_parts,
		half_of_the_sar_parameters_are_ignored,
		a_part_without_text_completes_the_others,
		a_sar_parameter_of_a_wrong_length_is_refused,
		impossible_parts_are_delivered_alone,
		what_never_became_whole_is_delivered_marked_and_mended_later,
		headers_and_sar_parameters_may_meet_in_one_message,
		a_reply_goes_to_the_number_as_it_came,
		octets_may_come_swapped,
		a_header_of_16_bits_is_another_message_than_one_of_8,
	};
	const TTest *const rest[] = {
		a_receipt_is_told_and_answered,
		an_intermediate_notification_is_not_the_end,
		a_receipt_with_a_header_in_its_text_is_read,
		an_unflagged_receipt_is_a_text_unless_the_channel_says_otherwise,
		a_receipt_that_cannot_be_noted_is_to_come_again,
		a_receipt_that_names_nothing_does_not_block_the_receiver,
	};
	TCase *tc[] = {tcase_create("in"), tcase_create("receipts")};

	add_tests(tc[0], in, ARRAY_LEN(in));
	add_tests(tc[1], rest, ARRAY_LEN(rest));
	return unit_run("smpp messages in", tc, ARRAY_LEN(tc));
}
