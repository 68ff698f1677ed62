/*
 * Messages out over a real socket: window, order, time-outs, errors by their table, the rate, and
 * long ones in parts. docs/protocols/smpp.md.
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
	ck_assert_uint_eq(host.results[1].flags, SEND_SAME_CAUSE);
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

/* ---- what a message asks for itself ---- */

static const struct smpp_submit_sm *submit_like(const char *config, struct message like)
{
	open_bound(config);
	like.address = span_of(customer);
	ck_assert_int_eq(host_send_like(&host, &like), 0);
	AWAIT(smsc.submits == 1);
	return smsc_submit(&smsc, 0);
}

static const struct class_row {
	const char *config, *text;
	enum message_class message_class;
	uint8_t data_coding, subunit; /* subunit 0: not there */
} classes[] = {
	{"",				      "flash",    CLASS_0,    0x10, 0},
	{"",				      "闪信",   CLASS_0,    0x18, 0},
	{"",				      "sim",      CLASS_2,    0x12, 0},
	{"",				      "plain",    CLASS_NONE, 0x00, 0},
	{"message_class: control\n",              "flash",    CLASS_0,    0xF0, 0},
	{"message_class: control\n",              "te",       CLASS_3,    0xF3, 0},
	{"message_class: control\n",              "闪信",   CLASS_0,    0x18, 0},
	{"message_class: subunit\n",              "flash",    CLASS_0,    0x00, 1},
	{"message_class: subunit\n",              "闪信",   CLASS_1,    0x08, 2},
	{"message_class: subunit\ntlvs: never\n", "flash",    CLASS_0,    0x10, 0},
	{"latin1: true\n",                        "\xc3\xaf", CLASS_0,    0x18, 0},
	{"latin1: true\n",                        "\xc3\xaf", CLASS_NONE, 0x03, 0},
};

START_TEST(a_message_class_is_told_as_the_operator_reads_it)
{
	const struct class_row *row = &classes[_i];
	const struct smpp_submit_sm *sm = submit_like(
		row->config, (struct message){.text = span_of(row->text),
	                                      .service.message_class = row->message_class});
	uint32_t subunit = 0;

	ck_assert_uint_eq(sm->data_coding, row->data_coding);
	ck_assert_int_eq(smpp_tlv_uint(sm->tlvs, SMPP_TLV_dest_addr_subunit, &subunit),
	                 row->subunit ? 0 : -ENOENT);
	ck_assert_uint_eq(subunit, row->subunit);
}
END_TEST

static const struct service_row {
	const char *config;
	struct message_service service;
	uint8_t priority, registered;
} services[] = {
	{"",			  {.priority = 0},                 0, 1   },
	{"priority: 2\n",             {.priority = 0},                 2, 1   },
	{"priority: 2\n",             {.priority = 1 + 0},             0, 1   },
	{"",			  {.priority = 1 + 3},             3, 1   },
	{"",			  {.receipt = RECEIPT_UNWANTED},   0, 0   },
	{"registered_delivery: 0\n",  {.receipt = RECEIPT_WANTED},     0, 1   },
	{"registered_delivery: 0\n",  {.receipt = RECEIPT_BY_CHANNEL}, 0, 0   },
	{"registered_delivery: 18\n", {.receipt = RECEIPT_WANTED},     0, 0x12},
	{"registered_delivery: 16\n", {.receipt = RECEIPT_WANTED},     0, 0x11},
};

START_TEST(what_a_message_asks_for_goes_before_the_channels_way)
{
	const struct service_row *row = &services[_i];
	const struct smpp_submit_sm *sm = submit_like(
		row->config, (struct message){.text = SPAN_LIT("x"), .service = row->service});

	ck_assert_uint_eq(sm->priority_flag, row->priority);
	ck_assert_uint_eq(sm->registered_delivery, row->registered);
}
END_TEST

START_TEST(a_message_goes_from_the_sender_it_names)
{
	const struct smpp_submit_sm *sm = submit_like(
		"", (struct message){.text = SPAN_LIT("x"), .local = SPAN_LIT("9550012")});

	ck_assert(span_is(sm->source_addr, "9550012"));
}
END_TEST

START_TEST(the_smsc_holds_a_message_only_where_that_is_its_part)
{
	uint64_t due = clock_wall_ms(io_loop_clock(loop)) + UINT64_C(3) * 3600 * 1000;
	const struct smpp_submit_sm *sm = submit_like(
		"schedule: smsc\n",
		(struct message){.text = SPAN_LIT("x"), .due_ms = due, .validity_ms = 3600 * 1000});

	ck_assert_uint_eq(sm->schedule_delivery_time.len, 16);
	ck_assert_msg(memcmp(sm->schedule_delivery_time.ptr, "00000003000000", 8) == 0 ||
	                      memcmp(sm->schedule_delivery_time.ptr, "00000002595900", 12) == 0,
	              "%.16s", sm->schedule_delivery_time.ptr);
	/* The validity begins where the schedule ends. */
	ck_assert_msg(memcmp(sm->validity_period.ptr, "00000004", 8) == 0 ||
	                      memcmp(sm->validity_period.ptr, "0000000359", 10) == 0,
	              "%.16s", sm->validity_period.ptr);
}
END_TEST

START_TEST(what_the_host_held_is_sent_without_a_schedule)
{
	uint64_t due = clock_wall_ms(io_loop_clock(loop)) + 3600 * 1000;
	const struct smpp_submit_sm *sm =
		submit_like("", (struct message){.text = SPAN_LIT("x"), .due_ms = due});

	ck_assert_uint_eq(sm->schedule_delivery_time.len, 0);
}
END_TEST

START_TEST(a_channel_says_which_senders_are_its_own_and_what_the_smsc_holds)
{
	const struct connector_caps *caps = &smpp_connector.caps;

	open_channel("schedule: smsc\n");
	ck_assert(caps->sender(host.self, SPAN_LIT("95500")));
	ck_assert(caps->sender(host.self, SPAN_LIT("9550012")));
	ck_assert(!caps->sender(host.self, SPAN_LIT("95501")));
	ck_assert(caps->schedules(host.self, 1000));
	ck_assert(!caps->schedules(host.self, SMPP_TIME_MAX_MS + 1));
}
END_TEST

/* ---- what the channel puts around a text ---- */

static const struct bearing {
	const char *config, *text, *lang;
	enum lane lane;
	uint8_t data_coding;
	const char *want;
} bearings[] = {
	{"",								 "hello",                "",   LANE_CAMPAIGN,     0, "hello"                    },
	{"signature: {place: front}\n",                                      "hello",                "",   LANE_REPLY,        0, "[Test] hello"             },
	{"signature: {place: front}\n",                                      "hello",                "zh", LANE_REPLY,        8, "【测试】hello"        },
	{"signature: {place: front}\n",                                      "您好",               "",   LANE_REPLY,        8, "【测试】您好"       },
	{"signature: {place: behind, en: \" -- Bank\"}\n",                   "hello",                "en", LANE_REPLY,        0,
         "hello -- Bank"																    },
	{"signature: {place: operator}\n",                                   "hello",                "",   LANE_REPLY,        0, "hello"                    },
	{"signature: {place: front, lanes: [campaign]}\n",                   "hello",                "",   LANE_REPLY,        0, "hello"                    },
	{"opt_out: {zh: \"，拒收请回复R\"}\n",                         "新品",               "",   LANE_CAMPAIGN,     8, "新品，拒收请回复R"},
	{"opt_out: {zh: \"，拒收请回复R\"}\n",                         "新品",               "",   LANE_CONFIRMATION, 8, "新品"                   },
	{"opt_out: {en: \". Reply R to stop\"}\n",                           "News",                 "",   LANE_CAMPAIGN,     0,
         "News. Reply R to stop"															    },
	{"",								 "It’s",               "",   LANE_REPLY,        8, "It’s"                   },
	{"transliterate: true\n",					    "It’s “fine”…", "",   LANE_REPLY,        0, "It's \"fine\"..."         },
	{"transliterate: true\n",					    "“好”",            "",   LANE_REPLY,        8, "“好”"                },
	{"transliterate: true\nsignature: {place: front, en: 【Bank】}\n", "It’s",               "",   LANE_REPLY,
         8,														      "【Bank】It’s"         },
};

START_TEST(a_channel_puts_its_words_around_a_text)
{
	const struct bearing *v = &bearings[_i];
	const struct smpp_submit_sm *sm =
		submit_like(v->config, (struct message){.text = span_of(v->text),
	                                                .lang = span_of(v->lang),
	                                                .lane = v->lane});
	struct buf text;

	buf_init(&text, 1024);
	ck_assert_uint_eq(sm->data_coding, v->data_coding);
	smpp_text_decode(smpp_alphabet_of(sm->data_coding, SMPP_GSM7), sm->short_message, 0, 0,
	                 &text);
	ck_assert_msg(span_is(buf_span(&text), v->want), "%.*s", SPAN_FMT(buf_span(&text)));
	buf_fini(&text);
}
END_TEST

START_TEST(what_a_text_takes_is_told_without_sending_it)
{
	const struct connector_caps *caps = &smpp_connector.caps;
	struct message m = {.text = SPAN_LIT("It’s “fine”…")};
	struct connector_measure measure = {0};

	open_channel("transliterate: true\nsignature: {place: front}\nparts_max: 2\n");
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), 0);
	ck_assert_str_eq(measure.alphabet, "gsm7");
	ck_assert_uint_eq(measure.parts, 1);
	ck_assert_uint_eq(measure.left, 160 - 9 - 14);
	ck_assert(span_is(measure.text, "[Test] It's \"fine\"..."));
	ck_assert_uint_eq(measure.changes[0].from, 0x2019);
	ck_assert_str_eq(measure.changes[3].to, "...");
	ck_assert_ptr_null(measure.changes[4].to);
	ck_assert_uint_eq(measure.forced[0], 0);
	ck_assert_uint_eq(caps->marks(host.self, &m), MARK_TRANSLITERATED);
	m.text = SPAN_LIT("您，您");
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), 0);
	ck_assert_str_eq(measure.alphabet, "ucs2");
	ck_assert_uint_eq(measure.left, 70 - 4 - 3);
	ck_assert_uint_eq(measure.forced[0], 0x3010);
	ck_assert_ptr_null(measure.changes[0].to);
	ck_assert_uint_eq(caps->marks(host.self, &m), 0);
	m.text = span_of(text_of(400));
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), -EMSGSIZE);
	ck_assert_uint_eq(measure.parts, 3);
	ck_assert_uint_eq(smsc.submits, 0);
}
END_TEST

static const struct sender_row {
	const char *local;
	bool ours;
} senders[] = {
	{"95500",                 true },
	{"9550012",               true },
	{"95500123456789012345",  true },
	{"955001234567890123456", false},
	{"95500x",                false},
	{"9550",		  false},
	{"BANK",		  true },
	{"BANKER",                false},
	{"+8610",                 true },
	{"+861012",               false},
	{"",		      false},
};

START_TEST(a_sender_is_a_number_of_ours_or_one_with_an_extension)
{
	char bank[] = "BANK", code[] = "95500", number[] = "+8610";
	char *const codes[] = {bank, code, number, NULL};
	struct span local = span_of(senders[_i].local);

	ck_assert_msg(smpp_address_is_ours(local, codes) == senders[_i].ours, "%s",
	              senders[_i].local);
	ck_assert(!smpp_address_is_ours(local, NULL));
}
END_TEST

int main(void)
{
	const TTest *const out[] = {
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
		parts_that_a_full_queue_refuses_together_are_one_try,
		a_late_response_to_the_last_part_waits_for_the_others,
		a_text_of_too_many_parts_is_too_big,
		packed_text_is_packed_behind_its_header,
		references_count_by_sender_and_customer,
	};
	const TTest *const asked[] = {
		what_a_text_takes_is_told_without_sending_it,
		a_message_goes_from_the_sender_it_names,
		the_smsc_holds_a_message_only_where_that_is_its_part,
		what_the_host_held_is_sent_without_a_schedule,
		a_channel_says_which_senders_are_its_own_and_what_the_smsc_holds,
	};
	TCase *tc[] = {tcase_create("out"), tcase_create("parts"), tcase_create("asked")};

	add_tests(tc[2], asked, ARRAY_LEN(asked));
	tcase_add_loop_test(tc[2], a_message_class_is_told_as_the_operator_reads_it, 0,
	                    ARRAY_LEN(classes));
	tcase_add_loop_test(tc[2], a_channel_puts_its_words_around_a_text, 0, ARRAY_LEN(bearings));
	tcase_add_loop_test(tc[2], a_sender_is_a_number_of_ours_or_one_with_an_extension, 0,
	                    ARRAY_LEN(senders));
	tcase_add_loop_test(tc[2], what_a_message_asks_for_goes_before_the_channels_way, 0,
	                    ARRAY_LEN(services));
	add_tests(tc[0], out, ARRAY_LEN(out));
	add_tests(tc[1], parts, ARRAY_LEN(parts));
	return unit_run("smpp messages out", tc, ARRAY_LEN(tc));
}
