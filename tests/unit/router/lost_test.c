/*
 * Answers of Redis that are lost on their way. What was asked was carried out all the same, and is
 * asked again when Redis can be reached: nothing may be sent twice for it, and nothing stay behind.
 */
#include "batch.h"
#include "lanes_fixture.h"
#include "pack.h"
#include "redis_proxy.h"
#include "router_keys.h"

#include <stdio.h>

static void start(void)
{
	fx.proxied = true;
	fixture_start(false);
}

static bool is_down(const void *arg)
{
	return redis_proxy_lost() && !((const struct node *)arg)->up;
}

static void wait_lost(void)
{
	io_wait(fx.loop, is_down, &fx.node, SOON_MS);
}

START_TEST(a_message_that_was_given_back_and_taken_anew_is_not_given_back_again)
{
	uint64_t seq;

	fx.node.self->answer = -EAGAIN;
	seq = send_text(ALICE, "one"); /* held here for want of room */
	fx.node.self->answer = 0;
	redis_proxy_lose("ph2_settle");
	link_up(false);
	wait_lost();
	link_up(true);
	wait_sent(&fx.node, 1);
	/* By now the node has told again that it gave it back. */
	io_idle(fx.loop, 1500);
	ck_assert_uint_eq(fx.node.self->count, 1);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

/* A message was refused, and the node will tell it again; meanwhile it is replayed. */
static uint64_t refuse_and_replay(bool link)
{
	uint64_t seq = send_text(ALICE, "one");

	redis_proxy_lose("ph2_settle");
	refuse(0, "x");
	wait_lost();
	link_up(link);
	while (!fx.node.up)
		io_loop_turn(fx.loop);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	return seq;
}

START_TEST(a_refusal_that_is_told_again_does_not_end_the_replay)
{
	uint64_t seq = refuse_and_replay(true);

	wait_sent(&fx.node, 2);
	io_idle(fx.loop, 1500);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	ck_assert_uint_eq(dead_count(), 0);
	tell_outcome(&fx.node, 1, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

START_TEST(a_refusal_that_is_told_again_does_not_end_a_replay_that_waits)
{
	uint64_t seq = refuse_and_replay(false);

	io_idle(fx.loop, 1500);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_QUEUED);
	link_up(true);
	wait_sent(&fx.node, 2);
}
END_TEST

START_TEST(what_was_taken_with_an_answer_that_was_lost_is_sent_once)
{
	uint64_t seq;

	link_up(false);
	seq = send_text(ALICE, "one");
	redis_proxy_lose("ph2_claim");
	link_up(true);
	wait_lost();
	wait_sent(&fx.node, 1);
	io_idle(fx.loop, 1500);
	ck_assert_uint_eq(fx.node.self->count, 1);
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

/* A connection is lost while Redis is busy; it carries out what had come over it when it can, and
 * the node has asked again for what it has in hand long since. */
START_TEST(what_is_taken_long_after_it_was_asked_for_is_sent)
{
	char key[40], instance[64];
	struct span argv[] = {SPAN_LIT("ch"),  SPAN_LIT("2"), SPAN_NONE,
	                      SPAN_LIT("1"),   SPAN_LIT("9"), SPAN_LIT("0"),
	                      SPAN_LIT("999"), SPAN_LIT("0"), SPAN_LIT("0")};
	uint64_t seq;

	link_up(false);
	seq = send_text(ALICE, "one");
	snprintf(key, sizeof(key), "ph:n:%s:n1",
	         router_partition(router_partition_of(conversation_of(ALICE))).ptr);
	redis_do(2, (struct span[]){SPAN_LIT("GET"), span_of(key)});
	snprintf(instance, sizeof(instance), "%s", answered);
	argv[2] = span_of(instance);
	function_do("ph2_claim", argv, ARRAY_LEN(argv));
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	link_up(true);
	send_text(BOB, "another");
	wait_sent(&fx.node, 2);
	ck_assert_str_eq(text_of(0), "another");
	ck_assert_str_eq(text_of(1), "one");
	tell_outcome(&fx.node, 1, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

/* As an SMSC delivers: over one session the same text twice is two messages. */
static struct message delivered(uint64_t ts_ms, const char *text, const char *cid)
{
	return (struct message){.kind = MESSAGE_TEXT,
	                        .ts_ms = ts_ms,
	                        .address = address_of(ALICE),
	                        .channel = SPAN_LIT("ch"),
	                        .text = span_of(text),
	                        .cid = span_of(cid),
	                        .dup_key = span_of(text),
	                        .dup_epoch = SPAN_LIT("session"),
	                        .dup_after_ms = UINT64_MAX / 2};
}

static int deliver(uint64_t ts_ms, const char *text)
{
	const struct message m = delivered(ts_ms, text, "x");

	return receive(&fx.node, &m);
}

static void wait_up(void)
{
	io_wait(fx.loop, io_is_true, &fx.node.up, SOON_MS);
}

START_TEST(what_comes_again_because_nobody_could_say_that_it_is_kept_is_one_message)
{
	uint64_t ts = now_ms();

	ck_assert_int_eq(deliver(ts, "hello"), 0);
	redis_proxy_lose("ph2_receive");
	ck_assert_int_eq(deliver(ts + 1, "hello"), -EAGAIN); /* it is kept all the same */
	wait_up();
	ck_assert_int_eq(deliver(ts + 20, "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
	/* Said once more, it is another. */
	ck_assert_int_eq(deliver(ts + 30, "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 3);
}
END_TEST

static void on_delivered(void *arg, int err)
{
	*(int *)arg = err;
}

static bool both_told(const void *arg)
{
	const int *errs = arg;

	return errs[0] <= 0 && errs[1] <= 0;
}

/* Says the same under two names in one turn; no answer comes. */
static void deliver_two_in_vain(uint64_t ts_ms)
{
	static const char *const cids[] = {"s-1", "s-2"};
	int errs[2] = {1, 1};

	for (size_t i = 0; i < ARRAY_LEN(cids); i++) {
		const struct message like = delivered(ts_ms + i, "hello", cids[i]);
		struct message *m = message_create(&like);

		connector_received(fx.node.self->host, &m, on_delivered, &errs[i]);
	}
	io_wait(fx.loop, both_told, errs, SOON_MS);
	ck_assert_int_eq(errs[0], -EAGAIN);
	ck_assert_int_eq(errs[1], -EAGAIN);
	wait_up();
}

static int deliver_as(uint64_t ts_ms, const char *cid)
{
	const struct message m = delivered(ts_ms, "hello", cid);

	return receive(&fx.node, &m);
}

/* Both are kept, or neither of them. */
START_TEST(the_same_said_twice_comes_again_twice_and_is_two_messages)
{
	uint64_t ts = now_ms();

	ck_assert_int_eq(deliver_as(ts, "s-0"), 0);
	(_i ? redis_proxy_lose : redis_proxy_cut)("ph2_receive");
	deliver_two_in_vain(ts + 1);
	ck_assert_int_eq(deliver_as(ts + 20, "s-3"), 0);
	ck_assert_int_eq(deliver_as(ts + 21, "s-4"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 3);
	ck_assert_int_eq(deliver_as(ts + 30, "s-5"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 4);
}
END_TEST

/* The first is kept; the second, which nobody can tell from the first come again, is not. */
START_TEST(of_the_same_said_twice_only_what_is_missing_is_taken)
{
	uint64_t ts = now_ms();

	redis_proxy_lose("ph2_receive");
	ck_assert_int_eq(deliver_as(ts, "s-1"), -EAGAIN);
	wait_up();
	redis_proxy_cut("ph2_receive");
	ck_assert_int_eq(deliver_as(ts + 1, "s-2"), -EAGAIN);
	wait_up();
	ck_assert_int_eq(deliver_as(ts + 20, "s-3"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
	ck_assert_int_eq(deliver_as(ts + 21, "s-4"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
}
END_TEST

START_TEST(what_comes_long_after_is_no_repetition_of_what_nobody_could_say_was_kept)
{
	enum { LONG_MS = 11 * 60 * 1000 };
	uint64_t ts = now_ms();

	redis_proxy_lose("ph2_receive");
	ck_assert_int_eq(deliver(ts, "hello"), -EAGAIN); /* it is kept all the same */
	wait_up();
	ck_assert_int_eq(deliver(ts + LONG_MS, "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
}
END_TEST

START_TEST(what_was_lost_before_redis_had_it_is_no_repetition_of_what_was_said_before)
{
	uint64_t ts = now_ms();

	ck_assert_int_eq(deliver(ts, "hello"), 0);
	redis_proxy_cut("ph2_receive");
	ck_assert_int_eq(deliver(ts + 1, "hello"), -EAGAIN); /* it never arrived */
	wait_up();
	ck_assert_int_eq(deliver(ts + 20, "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
}
END_TEST

START_TEST(what_is_told_again_is_told_in_its_order)
{
	uint64_t seq = send_text(ALICE, "long");

	redis_proxy_cut("ph2_settle");
	tell_part(0, 0, 2, "", "the cause");
	tell_part(0, 1, 2, "", "what follows from it");
	wait_lost();
	wait_up();
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead("", 1).codes[0], "the cause");
}
END_TEST

/* While nobody can say that it is in its lane again, nothing of its customer's goes before it. */
START_TEST(what_is_said_while_another_goes_back_to_its_lane_follows_it)
{
	fx.node.self->answer = -EAGAIN;
	send_text(ALICE, "one");
	fx.node.self->answer = 0;
	redis_proxy_cut("ph2_settle");
	link_up(false);
	wait_lost();
	link_up(true);
	wait_up();
	send_text(ALICE, "two");
	wait_sent(&fx.node, 2);
	ck_assert_str_eq(text_of(0), "one");
	ck_assert_str_eq(text_of(1), "two");
}
END_TEST

enum { ITEMS = 2 * 64 + 10 }; /* two whole calls, and some that wait */

static size_t heard_count;

static void on_failed(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply, (void)why;
	ck_assert_int_ne(err, 0);
	ck_assert_uint_eq(*(const size_t *)arg, heard_count++);
}

static void nothing_in_common(void *arg, struct buf *b)
{
	(void)arg;
	pack_array(b, 0);
}

static bool all_heard(const void *arg)
{
	return *(const size_t *)arg == ITEMS;
}

START_TEST(what_waits_hears_of_a_failure_after_all_that_went_before_it)
{
	size_t places[ITEMS];
	struct batch *batch;

	heard_count = 0;
	ck_assert_int_eq(
		batch_create(fx.node.router, "ph2_unknown", 0, nothing_in_common, NULL, &batch), 0);
	for (size_t i = 0; i < ITEMS; i++) {
		places[i] = i;
		pack_num(batch_item(batch, 0), i);
		ck_assert_int_eq(batch_add(batch, 0, on_failed, &places[i]), 0);
		if (i % 64 == 63)
			batch_flush(batch);
	}
	io_wait(fx.loop, all_heard, &heard_count, SOON_MS);
	batch_destroy(&batch);
}
END_TEST

TCase *lost_cases(void)
{
	TCase *tc = tcase_create("lost answers");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, a_message_that_was_given_back_and_taken_anew_is_not_given_back_again);
	tcase_add_test(tc, a_refusal_that_is_told_again_does_not_end_the_replay);
	tcase_add_test(tc, a_refusal_that_is_told_again_does_not_end_a_replay_that_waits);
	tcase_add_test(tc, what_was_taken_with_an_answer_that_was_lost_is_sent_once);
	tcase_add_test(tc, what_is_taken_long_after_it_was_asked_for_is_sent);
	tcase_add_test(tc,
	               what_comes_again_because_nobody_could_say_that_it_is_kept_is_one_message);
	tcase_add_loop_test(tc, the_same_said_twice_comes_again_twice_and_is_two_messages, 0, 2);
	tcase_add_test(tc, of_the_same_said_twice_only_what_is_missing_is_taken);
	tcase_add_test(tc,
	               what_comes_long_after_is_no_repetition_of_what_nobody_could_say_was_kept);
	tcase_add_test(tc,
	               what_was_lost_before_redis_had_it_is_no_repetition_of_what_was_said_before);
	tcase_add_test(tc, what_is_told_again_is_told_in_its_order);
	tcase_add_test(tc, what_is_said_while_another_goes_back_to_its_lane_follows_it);
	tcase_add_test(tc, what_waits_hears_of_a_failure_after_all_that_went_before_it);
	return tc;
}
