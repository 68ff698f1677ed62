/*
 * Sessions over a real socket: binds and their refusals, fallback, enquire_link both ways, what is
 * not SMPP, unbind from either side, drain. SMPP 3.4, 2.2 and 4.1 to 4.3; docs/protocols/smpp.md
 * to 1.3.
 */
#include "link_fixture.h"

START_TEST(a_transceiver_binds_receives_answers_and_sends)
{
	const struct smpp_submit_sm *sm;

	open_bound("");
	host.echo = true;
	deliver_text("hello");
	AWAIT(smsc.delivered == 1 && host.result_count == 1);
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(span_is(host.received[0]->address, "sms:+8613800138000"));
	ck_assert(span_is(host.received[0]->local, "95500"));
	ck_assert(span_is(host.received[0]->text, "hello"));
	sm = smsc_submit(&smsc, 0);
	ck_assert(sm && span_is(sm->short_message, "hello"));
	ck_assert(span_is(sm->destination_addr, "8613800138000"));
	ck_assert(span_is(sm->source_addr, "95500"));
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_str_eq(host.results[0].id, "m1");
}
END_TEST

START_TEST(the_answer_is_on_the_wire_before_the_response)
{
	open_bound("");
	host.echo = true;
	deliver_text("hello");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(smsc.got[1].pdu.command_id, SMPP_submit_sm);
	ck_assert_uint_eq(smsc.got[2].pdu.command_id, SMPP_RESP(SMPP_deliver_sm));
}
END_TEST

START_TEST(the_bind_says_who_we_are)
{
	const struct smpp_pdu *pdu;

	open_bound("system_type: VMA\naddr_ton: 1\naddr_npi: 1\naddress_range: ^955\n");
	pdu = smsc_last(&smsc, SMPP_bind_transceiver);
	ck_assert_ptr_nonnull(pdu);
	ck_assert(span_is(pdu->u.bind_transceiver.system_id, "posthouse"));
	ck_assert(span_is(pdu->u.bind_transceiver.password, "secret"));
	ck_assert(span_is(pdu->u.bind_transceiver.system_type, "VMA"));
	ck_assert(span_is(pdu->u.bind_transceiver.address_range, "^955"));
	ck_assert_uint_eq(pdu->u.bind_transceiver.interface_version, 0x34);
}
END_TEST

START_TEST(a_transceiver_that_nobody_knows_becomes_a_pair)
{
	smsc.refused_bind = SMPP_bind_transceiver;
	open_bound("");
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_bind_transmitter));
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_bind_receiver));
	host.echo = true;
	deliver_text("over two sessions");
	AWAIT(smsc.delivered == 1 && host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_pair_that_nobody_knows_becomes_a_transceiver)
{
	smsc.refused_bind = SMPP_bind_receiver;
	open_bound("bind: pair\n");
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_bind_transceiver));
	deliver_text("hello");
	AWAIT(smsc.delivered == 1);
}
END_TEST

START_TEST(half_a_pair_is_told_as_what_it_is)
{
	open_bound("bind: pair\nreconnect_least: 500 ms\nreconnect_most: 500 ms\n");
	smsc_drop_bound(&smsc, SMPP_bind_receiver);
	AWAIT(host.state == CHANNEL_SEND_ONLY);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(host.result_count == 1);
	AWAIT(host.state == CHANNEL_UP);
	smsc_drop_bound(&smsc, SMPP_bind_transmitter);
	AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -ENOTCONN);
}
END_TEST

START_TEST(a_wrong_password_is_for_a_human_and_not_tried_again_soon)
{
	smsc.bind_status = SMPP_RINVPASWD;
	open_channel("");
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	host_pass(loop, 400); /* four times the longest pause of a link that is merely down */
	ck_assert_uint_eq(smsc.binds, 1);
	ck_assert_str_eq(host.why, "invalid password");
}
END_TEST

START_TEST(a_bind_that_is_refused_otherwise_is_tried_again)
{
	smsc.bind_status = SMPP_RSYSERR;
	open_channel("");
	AWAIT(smsc.binds >= 3);
	ck_assert_int_eq(host.state, CHANNEL_DOWN);
	smsc.bind_status = 0;
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(a_bind_without_an_answer_ends_in_its_time)
{
	smsc.silent_bind = true;
	open_channel("bind_timeout: 100 ms\n");
	AWAIT(smsc.binds >= 2);
	smsc.silent_bind = false;
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(several_binds_share_one_channel)
{
	const struct smsc_link *of[3] = {NULL};

	open_bound("binds: 3\n");
	AWAIT(smsc.binds == 3);
	host_pass(loop, 50);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(host.result_count == 3);
	for (unsigned i = 0, at = 0; i < smsc.got_count; i++)
		if (smsc.got[i].pdu.command_id == SMPP_submit_sm)
			of[at++] = smsc.got[i].link;
	ck_assert(of[0] != of[1] && of[1] != of[2] && of[0] != of[2]);
}
END_TEST

START_TEST(a_lost_link_comes_back)
{
	open_bound("");
	for (unsigned i = 1; i <= 3; i++) {
		smsc_drop(&smsc);
		AWAIT(host.state == CHANNEL_DOWN);
		AWAIT(host.state == CHANNEL_UP);
		ck_assert_uint_eq(smsc.binds, i + 1);
	}
}
END_TEST

/* ---- enquire_link ---- */

START_TEST(an_enquire_link_is_answered)
{
	struct smpp_pdu pdu = {.command_id = SMPP_enquire_link};
	uint32_t sequence;

	open_bound("");
	sequence = smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_RESP(SMPP_enquire_link)));
}
END_TEST

START_TEST(silence_is_asked_about)
{
	open_bound("enquire_link: 100 ms\n");
	AWAIT(smsc.enquiries >= 3);
	ck_assert_int_eq(host.state, CHANNEL_UP);
}
END_TEST

START_TEST(it_is_asked_also_when_the_window_is_full)
{
	open_bound("enquire_link: 100 ms\nwindow: 1\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), -EAGAIN);
	AWAIT(smsc.enquiries >= 2);
}
END_TEST

START_TEST(an_enquiry_without_an_answer_ends_the_link)
{
	open_bound("enquire_link: 100 ms\nresponse_timeout: 100 ms\n");
	smsc.mute = true;
	AWAIT(host.state == CHANNEL_DOWN);
	ck_assert_str_eq(host.why, "enquire_link was not answered");
	smsc.mute = false;
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

/* ---- what is not SMPP; docs/protocols/smpp.md ---- */

START_TEST(an_unknown_command_is_nacked_and_the_link_stays)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000011 00000099 00000000 00000315 00"));
	AWAIT(smsc.nacks == 1);
	ck_assert_int_eq(answer_to(0x315), SMPP_RINVCMDID);
	deliver_text("still here");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(smsc.accepted, 1);
}
END_TEST

START_TEST(a_command_that_is_not_for_an_esme_is_nacked)
{
	struct smpp_pdu pdu = {.command_id = SMPP_query_sm};
	uint32_t sequence;

	open_bound("");
	sequence = smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(answer_to(sequence) == SMPP_RINVCMDID);
	ck_assert_uint_eq(smsc.nacks, 1);
}
END_TEST

START_TEST(an_impossible_length_is_nacked_and_the_stream_given_up)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000003 00000005 00000000 00000001"));
	AWAIT(smsc.nacks == 1);
	ck_assert_int_eq(answer_to(0), SMPP_RINVCMDLEN);
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

START_TEST(a_length_of_four_gigabytes_is_not_believed)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc), unit_hex("fffffff0 00000005 00000000 00000001"));
	AWAIT(smsc.nacks == 1);
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

START_TEST(a_malformed_deliver_sm_gets_an_error_and_the_link_stays)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc),
	         unit_hex("00000021 00000005 00000000 00000077"
	                  " 00 00 00 3100 00 00 3200 00 00 00 00 00 00 00 ff"));
	AWAIT(answer_to(0x77) >= 0);
	ck_assert_int_ne(answer_to(0x77), 0);
	ck_assert_uint_eq(host.received_count, 0);
	deliver_text("still here");
	AWAIT(smsc.delivered == 1);
}
END_TEST

START_TEST(octet_by_octet_it_is_the_same)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm, .sequence_number = 99};
	struct buf b;

	open_bound("");
	pdu.u.deliver_sm.source_addr = SPAN_LIT("8613800138000");
	pdu.u.deliver_sm.destination_addr = SPAN_LIT("95500");
	pdu.u.deliver_sm.short_message = SPAN_LIT("slowly");
	buf_init(&b, 1024);
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
	for (size_t i = 0; i < b.len; i++) {
		smsc_raw(smsc_receiver(&smsc), (struct span){b.data + i, 1});
		uv_run(io_loop_uv(loop), UV_RUN_NOWAIT);
	}
	buf_fini(&b);
	AWAIT(answer_to(99) == 0);
	ck_assert(span_is(host.received[0]->text, "slowly"));
}
END_TEST

START_TEST(many_in_one_write_are_as_many)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm};
	struct buf b;

	open_bound("");
	buf_init(&b, 65536);
	pdu.u.deliver_sm.source_addr = SPAN_LIT("8613800138000");
	for (uint32_t i = 1; i <= 100; i++) {
		pdu.sequence_number = 1000 + i;
		ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
	}
	smsc_raw(smsc_receiver(&smsc), buf_span(&b));
	buf_fini(&b);
	AWAIT(smsc.delivered == 100);
	ck_assert_uint_eq(host.received_count, 100);
}
END_TEST

START_TEST(a_response_to_nothing_is_only_counted)
{
	open_bound("");
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000012 80000004 00000000 00004711 3100"));
	smsc_raw(smsc_receiver(&smsc), unit_hex("00000010 80000000 00000003 00000000"));
	deliver_text("still here");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(smsc.nacks, 0);
}
END_TEST

START_TEST(a_transmitter_takes_no_deliver_sm)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm};
	uint32_t sequence;

	open_channel("bind: transmitter\n");
	AWAIT(host.state == CHANNEL_SEND_ONLY);
	sequence = smsc_send(&smsc.links[0], &pdu);
	AWAIT(answer_to(sequence) == SMPP_RINVBNDSTS);
	ck_assert_uint_eq(host.received_count, 0);
}
END_TEST

/* ---- unbind and the end ---- */

START_TEST(the_smscs_unbind_waits_for_our_answers)
{
	struct smpp_pdu unbind = {.command_id = SMPP_unbind};
	uint32_t text, sequence;

	open_bound("");
	host.hold = true;
	text = deliver_text("before the end");
	AWAIT(host.received_count == 1);
	sequence = smsc_send(smsc_receiver(&smsc), &unbind);
	host_pass(loop, 50);
	ck_assert_int_eq(answer_to(sequence), -1);
	host.hold = false;
	host_settle(&host, 0);
	AWAIT(answer_to(text) == 0 && answer_to(sequence) == 0);
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

static uint32_t unbind_from_the_smsc(void)
{
	struct smpp_pdu unbind = {.command_id = SMPP_unbind};

	return smsc_send(smsc_receiver(&smsc), &unbind);
}

START_TEST(the_smscs_unbind_waits_for_its_own_responses)
{
	uint32_t sequence;

	open_bound("");
	smsc.hold = true;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 3);
	sequence = unbind_from_the_smsc();
	AWAIT(host.state != CHANNEL_UP);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "more"), -ENOTCONN);
	host_pass(loop, 50);
	ck_assert_int_eq(answer_to(sequence), -1);
	ck_assert_uint_eq(host.result_count, 0);
	smsc_release(&smsc, 0, false);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(host.result_count, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(host.results[i].outcome, SEND_OK);
	ck_assert_uint_eq(smsc.submits, 3);
}
END_TEST

static bool is_unbound(void *sequence)
{
	return answer_to(*(uint32_t *)sequence) == 0;
}

START_TEST(an_smsc_that_unbinds_and_never_responds_is_not_waited_for_long)
{
	uint32_t sequence;

	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 1);
	sequence = unbind_from_the_smsc();
	ck_assert(host_until(loop, is_unbound, &sequence, 8000));
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(what_an_unbinding_session_cannot_send_holds_up_no_other)
{
	char text[400];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	open_bound("binds: 2\nwindow: 1\n");
	AWAIT(smsc.binds == 2);
	host_pass(loop, 50);
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", text), 0); /* of three parts */
	AWAIT(smsc.submits == 1);
	ck_assert_ptr_nonnull(smsc.held_of[0]);
	smsc_send(smsc.held_of[0], &(struct smpp_pdu){.command_id = SMPP_unbind});
	AWAIT(host.result_count == 1); /* its second part will not be sent, nor the third */
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	smsc.hold = false;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138001", "hello"), 0);
	AWAIT(host.result_count == 2);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 4);
	ck_assert_int_eq(host.results[2].outcome, SEND_OK); /* the part that was out */
	ck_assert_uint_eq(smsc.submits, 2);
}
END_TEST

START_TEST(what_is_throttled_while_the_smsc_unbinds_goes_back_to_the_host)
{
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 1);
	unbind_from_the_smsc();
	AWAIT(host.state != CHANNEL_UP);
	smsc_release(&smsc, SMPP_RTHROTTLED, false);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_RETRY);
	ck_assert_uint_eq(host.results[0].flags, SEND_NOT_COUNTED);
}
END_TEST

START_TEST(a_drain_waits_for_responses_then_unbinds)
{
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 1);
	host.ops->stop(host.self, STOP_DRAIN);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "more"), -ENOTCONN);
	host_pass(loop, 50);
	ck_assert_uint_eq(smsc.unbinds, 0);
	smsc_release(&smsc, 0, false);
	AWAIT(host.stopped == 1);
	ck_assert_uint_eq(smsc.unbinds, 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
}
END_TEST

START_TEST(a_drain_ends_for_all_sessions_with_the_last_part_of_one)
{
	char text[400];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	host.drain_ms = 60000;
	open_bound("binds: 3\nwindow: 1\n");
	AWAIT(smsc.binds == 3);
	host_pass(loop, 50);
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", text), 0);
	AWAIT(smsc.submits == 1);
	host.ops->stop(host.self, STOP_DRAIN);
	smsc.hold = false;
	smsc_release(&smsc, 0, false);
	AWAIT(host.stopped == 1);
	ck_assert_uint_eq(smsc.submits, 3);
	ck_assert_uint_eq(smsc.unbinds, 3);
}
END_TEST

START_TEST(a_drain_that_gets_no_responses_ends_in_its_time)
{
	host.drain_ms = 150;
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(smsc.submits == 1);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	ck_assert_uint_eq(host.result_count, 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
}
END_TEST

START_TEST(stopped_at_once_it_says_so_once)
{
	open_bound("");
	host.ops->stop(host.self, STOP_NOW);
	host.ops->stop(host.self, STOP_NOW);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	host.ops->stop(host.self, STOP_NOW);
	host_pass(loop, 100);
	ck_assert_uint_eq(host.stopped, 1);
	ck_assert_uint_eq(smsc.binds, 1);
}
END_TEST

START_TEST(stopped_while_it_connects_it_stays_so)
{
	smsc.silent_bind = true;
	open_channel("");
	AWAIT(smsc.binds == 1);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	host_pass(loop, 100);
	ck_assert_uint_eq(smsc.binds, 1);
}
END_TEST

START_TEST(stopped_and_started_it_binds_anew)
{
	open_bound("");
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	ck_assert_int_eq(host.ops->start(host.self), 0);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("hello again");
	AWAIT(smsc.delivered == 1);
}
END_TEST

START_TEST(it_goes_while_everything_is_under_way)
{
	open_bound("");
	host.hold = smsc.hold = true;
	deliver_text("in");
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "out"), 0);
	AWAIT(host.received_count == 1 && smsc.submits == 1);
	/* The fixture closes the channel now; a sanitizer watches. */
}
END_TEST

int main(void)
{
	TCase *tc[] = {tcase_create("bind"), tcase_create("alive"), tcase_create("not SMPP"),
	               tcase_create("end")};

	for (size_t i = 0; i < ARRAY_LEN(tc); i++) {
		tcase_add_checked_fixture(tc[i], fixture_set_up, fixture_tear_down);
		tcase_set_timeout(tc[i], 20);
	}
	tcase_add_test(tc[0], a_transceiver_binds_receives_answers_and_sends);
	tcase_add_test(tc[0], the_answer_is_on_the_wire_before_the_response);
	tcase_add_test(tc[0], the_bind_says_who_we_are);
	tcase_add_test(tc[0], a_transceiver_that_nobody_knows_becomes_a_pair);
	tcase_add_test(tc[0], a_pair_that_nobody_knows_becomes_a_transceiver);
	tcase_add_test(tc[0], half_a_pair_is_told_as_what_it_is);
	tcase_add_test(tc[0], a_wrong_password_is_for_a_human_and_not_tried_again_soon);
	tcase_add_test(tc[0], a_bind_that_is_refused_otherwise_is_tried_again);
	tcase_add_test(tc[0], a_bind_without_an_answer_ends_in_its_time);
	tcase_add_test(tc[0], several_binds_share_one_channel);
	tcase_add_test(tc[0], a_lost_link_comes_back);
	tcase_add_test(tc[1], an_enquire_link_is_answered);
	tcase_add_test(tc[1], silence_is_asked_about);
	tcase_add_test(tc[1], it_is_asked_also_when_the_window_is_full);
	tcase_add_test(tc[1], an_enquiry_without_an_answer_ends_the_link);
	tcase_add_test(tc[2], an_unknown_command_is_nacked_and_the_link_stays);
	tcase_add_test(tc[2], a_command_that_is_not_for_an_esme_is_nacked);
	tcase_add_test(tc[2], an_impossible_length_is_nacked_and_the_stream_given_up);
	tcase_add_test(tc[2], a_length_of_four_gigabytes_is_not_believed);
	tcase_add_test(tc[2], a_malformed_deliver_sm_gets_an_error_and_the_link_stays);
	tcase_add_test(tc[2], octet_by_octet_it_is_the_same);
	tcase_add_test(tc[2], many_in_one_write_are_as_many);
	tcase_add_test(tc[2], a_response_to_nothing_is_only_counted);
	tcase_add_test(tc[2], a_transmitter_takes_no_deliver_sm);
	tcase_add_test(tc[3], the_smscs_unbind_waits_for_our_answers);
	tcase_add_test(tc[3], the_smscs_unbind_waits_for_its_own_responses);
	tcase_add_test(tc[3], an_smsc_that_unbinds_and_never_responds_is_not_waited_for_long);
	tcase_add_test(tc[3], what_an_unbinding_session_cannot_send_holds_up_no_other);
	tcase_add_test(tc[3], what_is_throttled_while_the_smsc_unbinds_goes_back_to_the_host);
	tcase_add_test(tc[3], a_drain_waits_for_responses_then_unbinds);
	tcase_add_test(tc[3], a_drain_ends_for_all_sessions_with_the_last_part_of_one);
	tcase_add_test(tc[3], a_drain_that_gets_no_responses_ends_in_its_time);
	tcase_add_test(tc[3], stopped_at_once_it_says_so_once);
	tcase_add_test(tc[3], stopped_while_it_connects_it_stays_so);
	tcase_add_test(tc[3], stopped_and_started_it_binds_anew);
	tcase_add_test(tc[3], it_goes_while_everything_is_under_way);
	return unit_run("smpp link", tc, ARRAY_LEN(tc));
}
