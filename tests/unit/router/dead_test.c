/* Dead letters on a real Redis: kept, shown, sent again or dropped. */
#include "lanes_fixture.h"
#include "router_keys.h"

#include <stdio.h>

static void start(void)
{
	fixture_start(false);
}

START_TEST(what_is_refused_is_kept_replayed_once_and_dropped)
{
	uint64_t seq = send_text(ALICE, "one");
	struct dead_result r;

	refuse(0, "smpp.0x0000000b");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_uint_eq(dead_count(), 1);
	ck_assert_str_eq(r.codes[0], "smpp.0x0000000b");
	ck_assert_str_eq(r.texts[0], "one");
	ck_assert_uint_eq(r.seqs[0], seq);
	ck_assert_str_eq(r.next, "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
	wait_sent(&fx.node, 2);
	ck_assert_uint_eq(fx.node.self->sent[1]->seq, seq);
	tell_outcome(&fx.node, 1, SEND_OK, "id1");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_uint_eq(dead_count(), 0);
	/* It may fail again, and be forgotten. */
	seq = send_text(ALICE, "two");
	refuse(2, "x");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), ""); /* its answer was lost */
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_FAILED);
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(fx.node.self->count, 3);
}
END_TEST

START_TEST(only_what_failed_can_be_dropped)
{
	uint64_t seq = send_text(ALICE, "one");

	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "message_unknown");
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "message_unknown");
	ck_assert_str_eq(dead_do(ALICE, seq + 1, DEAD_DROP), "message_unknown");
	ck_assert_str_eq(dead_do(BOB, 1, DEAD_DROP), "message_unknown");
	seq = send_text(ALICE, "two");
	refuse(1, "x");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "message_unknown");
}
END_TEST

START_TEST(what_was_taken_in_part_is_no_dead_letter)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 3, "p0", NULL);
	tell_part(0, 1, 3, "", "first");
	io_idle(fx.loop, 100);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	tell_part(0, 2, 3, "", "second");
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	ck_assert_str_eq(steps_of(ALICE, seq), "sending first sfg;partially_delivered first sff;");
	tell_receipt(&fx.node, "p0", STATUS_DELIVERED);
	io_idle(fx.loop, 100);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_PARTIALLY_DELIVERED);
	ck_assert_uint_eq(dead_count(), 0);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
}
END_TEST

START_TEST(what_was_refused_in_all_its_parts_is_a_dead_letter_for_the_first_reason)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 2, "", "first");
	io_idle(fx.loop, 100);
	ck_assert_uint_eq(dead_count(), 0);
	tell_part(0, 1, 2, "", "second");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_uint_eq(dead_count(), 1);
	ck_assert_str_eq(dead("", 10).codes[0], "first");
}
END_TEST

START_TEST(a_replay_whose_answer_was_lost_is_done_once_and_said_again)
{
	uint64_t seq = send_text(ALICE, "one");
	char number[24], now[24];
	struct dead_result r;
	struct span argv[] = {SPAN_LIT("ch"),    conversation_of(ALICE), SPAN_NONE,
	                      SPAN_NONE,         SPAN_LIT("1000"),       SPAN_LIT("0"),
	                      SPAN_LIT("n1#1.1")};

	snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
	snprintf(now, sizeof(now), "%llu", (unsigned long long)now_ms());
	argv[2] = span_of(number);
	argv[3] = span_of(now);
	refuse(0, "x");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 1);
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "2");
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "2");
	argv[6] = SPAN_LIT("n1#1.2"); /* somebody else's, in the same instant */
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "message_unknown");
	wait_sent(&fx.node, 2);
	io_idle(fx.loop, 100);
	ck_assert_uint_eq(fx.node.self->count, 2);
}
END_TEST

START_TEST(pages_of_dead_letters_are_whole_and_newest_first)
{
	static const char *const cids[] = {"1", "2", "3", "4", "5", "6", "7"};
	char cursor[120] = "", seen[16] = "";
	size_t pages = 0;

	for (size_t i = 0; i < ARRAY_LEN(cids); i++) {
		uint64_t seq = send_text(i % 4, cids[i]);

		refuse(i, "x");
		wait_status(&fx.node, i % 4, seq, STATUS_FAILED);
		io_idle(fx.loop, 2); /* each of an instant of its own */
	}
	do {
		struct dead_result r = dead(cursor, 3);

		for (size_t i = 0; i < r.count; i++)
			strcat(seen, r.texts[i]);
		strcpy(cursor, r.next);
		pages++;
	} while (cursor[0] && pages < 10);
	ck_assert_uint_eq(pages, 3);
	ck_assert_str_eq(seen, "7654321");
	ck_assert_int_eq(router_dead_list(fx.node.router, SPAN_LIT("ch"), SPAN_LIT("nonsense"), 3,
	                                  on_dead, NULL),
	                 -EINVAL);
}
END_TEST

/* As many of one conversation as a node has failed in one instant. */
static void fail_at_once(unsigned customer, unsigned count, const char *when)
{
	char key[40], name[64];

	snprintf(key, sizeof(key), "ph:x:%s:ch",
	         router_partition(router_partition_of(conversation_of(customer))).ptr);
	for (unsigned i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "%.*s %u", SPAN_FMT(conversation_of(customer)), i);
		redis_do(4, (struct span[]){SPAN_LIT("ZADD"), span_of(key), span_of(when),
		                            span_of(name)});
	}
}

START_TEST(pages_go_through_an_instant_in_which_hundreds_failed)
{
	static bool seen[300];
	char cursor[120] = "";
	size_t count = 0, pages = 0;

	fail_at_once(ALICE, 250, "1700000000000");
	fail_at_once(DAVE, 20, "1700000000000");
	fail_at_once(BOB, 10, "1700000000000");
	do {
		struct dead_result r = dead(cursor, 16);

		for (size_t i = 0; i < r.count; i++) {
			bool alices = span_eq(span_of(r.conversations[i]), conversation_of(ALICE));

			ck_assert_uint_lt(r.seqs[i], 300);
			ck_assert(!alices || !seen[r.seqs[i]]);
			seen[r.seqs[i]] |= alices;
		}
		/* Where the page ends is no dead letter any more when the next one is asked for. */
		if (r.count &&
		    span_eq(span_of(r.conversations[r.count - 1]), conversation_of(ALICE)))
			dead_do(ALICE, r.seqs[r.count - 1], DEAD_DROP);
		strcpy(cursor, r.next);
		count += r.count;
		pages++;
	} while (cursor[0] && pages < 50);
	ck_assert_uint_eq(count, 280);
	ck_assert_uint_eq(pages, 18);
}
END_TEST

START_TEST(what_expires_in_its_lane_fails_and_begins_anew_when_replayed)
{
	struct router_send what = text_to(ALICE, "one");
	uint64_t seq;

	link_up(false);
	what.validity_ms = HOUR_MS;
	seq = post(&what).seq;
	fx.ahead_s += HOUR_S + 1;
	link_up(true);
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead("", 10).codes[0], "expired");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	wait_sent(&fx.node, 1);
}
END_TEST

START_TEST(what_is_tried_too_often_fails_and_a_busy_peer_is_no_try)
{
	struct send_result later = {.outcome = SEND_RETRY, .parts = 1, .code = "busy"};
	uint64_t seq = send_text(ALICE, "one");
	struct dead_result r;
	size_t i;

	later.flags = SEND_NOT_COUNTED;
	for (i = 0; i < 15; i++) {
		wait_sent(&fx.node, i + 1);
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
	}
	later.flags = 0;
	for (; i < 26; i++) {
		wait_sent(&fx.node, i + 1);
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
	}
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_str_eq(r.codes[0], "busy");
	ck_assert_uint_eq(r.attempts[0], 10);
}
END_TEST

TCase *dead_cases(void)
{
	TCase *tc = tcase_create("dead letters");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, what_is_refused_is_kept_replayed_once_and_dropped);
	tcase_add_test(tc, only_what_failed_can_be_dropped);
	tcase_add_test(tc, what_was_taken_in_part_is_no_dead_letter);
	tcase_add_test(tc, what_was_refused_in_all_its_parts_is_a_dead_letter_for_the_first_reason);
	tcase_add_test(tc, a_replay_whose_answer_was_lost_is_done_once_and_said_again);
	tcase_add_test(tc, pages_of_dead_letters_are_whole_and_newest_first);
	tcase_add_test(tc, pages_go_through_an_instant_in_which_hundreds_failed);
	tcase_add_test(tc, what_expires_in_its_lane_fails_and_begins_anew_when_replayed);
	tcase_add_test(tc, what_is_tried_too_often_fails_and_a_busy_peer_is_no_try);
	return tc;
}
