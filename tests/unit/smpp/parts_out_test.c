/*
 * Long messages out over a real socket, in parts: how they are told apart, their order, and what
 * becomes of the whole when a part fails. docs/protocols/smpp.md.
 */
#include "link_fixture.h"
#include "smpp_udh.h"

static const char *const customer = "sms:+8613800138000";

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
	ck_assert_uint_eq(host.results[1].flags, SEND_SAME_CAUSE);
	ck_assert_uint_eq(host.results[2].part, 2);
}
END_TEST

#define PASSES_ON "errors:\n  - {status: \"0x0A\", action: fail_over}\n"

static void send_three_parts_unanswered(void)
{
	open_bound(PASSES_ON);
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, text_of(400)), 0);
	AWAIT(smsc.submits == 3);
}

static void answer_held(unsigned i, uint32_t status)
{
	struct smpp_pdu pdu = {.command_id = SMPP_RESP(SMPP_submit_sm),
	                       .command_status = status,
	                       .sequence_number = smsc.held[i]};
	struct buf b;

	if (!status)
		pdu.u.submit_sm_resp.message_id = SPAN_LIT("m");
	buf_init(&b, 64);
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
	smsc_raw(smsc.held_of[i], buf_span(&b));
	buf_fini(&b);
}

START_TEST(a_message_is_passed_on_whole_or_not_at_all)
{
	send_three_parts_unanswered();
	answer_held(0, SMPP_RINVSRCADR);
	answer_held(1, SMPP_RTHROTTLED); /* not taken either, and not to be sent again here */
	host_pass(loop, 50);
	ck_assert_uint_eq(host.result_count, 0); /* the third may yet be taken */
	answer_held(2, SMPP_RINVSRCADR);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_REFUSED);
	ck_assert_uint_eq(host.results[0].flags, SEND_NOT_HERE);
	ck_assert_uint_eq(host.results[0].parts, 1);
	host_pass(loop, 50);
	ck_assert_uint_eq(smsc.submits, 3);
	ck_assert_uint_eq(host.result_count, 1);
}
END_TEST

START_TEST(a_message_of_which_a_part_was_taken_stays)
{
	send_three_parts_unanswered();
	answer_held(0, SMPP_RINVSRCADR);
	answer_held(1, 0);
	answer_held(2, SMPP_RINVSRCADR);
	AWAIT(host.result_count == 3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned part = host.results[i].part;

		ck_assert_int_eq(host.results[i].outcome, part == 1 ? SEND_OK : SEND_REFUSED);
		ck_assert_uint_eq(host.results[i].flags & SEND_NOT_HERE, 0);
	}
}
END_TEST

START_TEST(a_message_of_which_a_part_may_have_been_taken_stays)
{
	send_three_parts_unanswered();
	answer_held(0, SMPP_RINVSRCADR);
	host_pass(loop, 20);
	smsc_drop(&smsc);
	AWAIT(host.result_count == 3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned part = host.results[i].part;

		ck_assert_int_eq(host.results[i].outcome, part ? SEND_UNCERTAIN : SEND_REFUSED);
		ck_assert_uint_eq(host.results[i].flags & SEND_NOT_HERE, 0);
	}
	AWAIT(host.state == CHANNEL_UP);
	smsc.hold = false;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 4);
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

START_TEST(parts_that_a_full_queue_refuses_together_are_one_try)
{
	open_bound("errors:\n  - {status: \"0x14\", action: retry, delay: 50 ms}\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, text_of(1000)), 0);
	AWAIT(smsc.submits == 7);
	smsc.hold = false;
	smsc_release(&smsc, SMPP_RMSGQFUL, false);
	AWAIT(host.result_count == 7);
	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(host.results[i].outcome, SEND_OK);
	ck_assert_uint_eq(smsc.submits, 14);
}
END_TEST

START_TEST(a_late_response_to_the_last_part_waits_for_the_others)
{
	uint32_t last;

	open_bound("response_timeout: 100 ms\n"
	           "errors:\n  - {status: \"0x14\", action: retry, delay: 400 ms}\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, text_of(200)), 0);
	AWAIT(smsc.held_count == 2);
	smsc.hold = false;
	last = smsc.held[1];
	smsc.held_count = 1;
	smsc_release(&smsc, SMPP_RMSGQFUL, false);
	host_pass(loop, 200); /* the last is of unknown fate, the first waits */
	smsc.held[0] = last;
	smsc.held_count = 1;
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(host.results[i].part, i);
		ck_assert_int_eq(host.results[i].outcome, SEND_OK);
	}
}
END_TEST

START_TEST(a_text_of_too_many_parts_is_too_big)
{
	open_bound("parts_max: 2\n");
	ck_assert_int_eq(host_send(&host, customer, text_of(307)), -EMSGSIZE);
	ck_assert_int_eq(host_send(&host, customer, text_of(306)), 0);
}
END_TEST

static uint8_t reference_of(unsigned i)
{
	struct smpp_udh udh;

	ck_assert_int_eq(smpp_udh_parse(smsc_submit(&smsc, i)->short_message, &udh), 0);
	ck_assert_uint_gt(udh.concat.total, 1);
	return (uint8_t)udh.concat.ref;
}

START_TEST(references_count_by_sender_and_customer)
{
	const struct message other = {.address = span_of(customer),
	                              .local = SPAN_LIT("9550012"),
	                              .text = span_of(text_of(161))};

	open_bound("");
	ck_assert_int_eq(host_send(&host, customer, text_of(161)), 0);
	ck_assert_int_eq(host_send(&host, customer, "a short one"), 0);
	ck_assert_int_eq(host_send_like(&host, &other), 0);
	ck_assert_int_eq(host_send_like(&host, &other), 0);
	ck_assert_int_eq(host_send(&host, "sms:+8613900139000", text_of(161)), 0);
	ck_assert_int_eq(host_send(&host, customer, text_of(161)), 0);
	AWAIT(smsc.submits == 11);
	ck_assert_uint_eq(reference_of(9), (uint8_t)(reference_of(0) + 1));
	ck_assert_uint_eq(reference_of(5), (uint8_t)(reference_of(3) + 1));
	ck_assert_uint_eq(smsc_submit(&smsc, 0)->data_coding, smsc_submit(&smsc, 1)->data_coding);
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

int main(void)
{
	const TTest *const tests[] = {
		a_long_message_goes_in_order_and_its_last_part_is_told_last,
		a_window_smaller_than_a_message_takes_it_part_by_part,
		long_messages_may_use_sar_or_one_payload,
		an_smsc_that_names_no_version_gets_no_tlvs,
		when_a_part_is_refused_the_rest_is_not_sent,
		a_message_is_passed_on_whole_or_not_at_all,
		a_message_of_which_a_part_was_taken_stays,
		a_message_of_which_a_part_may_have_been_taken_stays,
		half_a_message_lost_with_its_link_is_unknown_as_a_whole,
		parts_that_a_full_queue_refuses_together_are_one_try,
		a_late_response_to_the_last_part_waits_for_the_others,
		a_text_of_too_many_parts_is_too_big,
		references_count_by_sender_and_customer,
		packed_text_is_packed_behind_its_header,
	};
	TCase *tc = tcase_create("parts");

	add_tests(tc, tests, ARRAY_LEN(tests));
	return unit_run("smpp parts out", &tc, 1);
}
