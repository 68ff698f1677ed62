/*
 * The router on a real Redis: every message in once, every answer once, whatever is repeated, lost
 * or killed between.
 */
#include "pack.h"
#include "router_fixture.h"
#include "router_keys.h"

#include <stdio.h>

#define QUESTION "what is the annual fee"

static void start(void)
{
	fixture_start(false);
}

START_TEST(a_question_is_answered_from_a_template_at_once)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	/* The answer was given to the connector before the customer's message was acknowledged. */
	ck_assert_uint_eq(fx.node.self->count, 1);
	ck_assert(span_is(fx.node.self->sent[0]->text, "The annual fee is 100 yuan."));
	ck_assert(span_is(fx.node.self->sent[0]->reply_to, "m1"));
	ck_assert(span_is(fx.node.self->sent[0]->address, "test:alice"));
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_BOT);
}
END_TEST

START_TEST(a_second_delivery_changes_nothing)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_OUT), 1);
	ck_assert_uint_eq(fx.node.self->count, 1);
}
END_TEST

START_TEST(the_same_text_twice_over_one_link_is_two_messages)
{
	struct message m = {.kind = MESSAGE_TEXT,
	                    .ts_ms = clock_wall_ms(&clock_system),
	                    .address = address_of(ALICE),
	                    .channel = SPAN_LIT("ch"),
	                    .text = SPAN_LIT(QUESTION),
	                    .cid = SPAN_LIT("x"),
	                    .dup_key = SPAN_LIT("octets"),
	                    .dup_epoch = SPAN_LIT("link-1")};
	uint64_t before = m.ts_ms;

	ck_assert_int_eq(receive(&fx.node, &m), 0);
	ck_assert_int_eq(receive(&fx.node, &m), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
	/* Over a new link, and the first came when acknowledgements may have been lost: a resend.
	 * Once. */
	m.dup_epoch = SPAN_LIT("link-2");
	m.dup_after_ms = before;
	ck_assert_int_eq(receive(&fx.node, &m), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 2);
	ck_assert_int_eq(receive(&fx.node, &m), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 3);
	/* Over a third link, but the former one was known to be good since: said again. */
	m.dup_epoch = SPAN_LIT("link-3");
	m.dup_after_ms = clock_wall_ms(&clock_system) + 1000;
	ck_assert_int_eq(receive(&fx.node, &m), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 4);
}
END_TEST

START_TEST(what_no_template_knows_goes_to_the_queue_with_a_notice)
{
	ck_assert_int_eq(
		receive_text(&fx.node, ALICE, "m1", "my parrot ate the contract of my house"), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	/* The bot is silent from now on. */
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", QUESTION), 0);
	ck_assert_uint_eq(fx.node.self->count, 0);
}
END_TEST

START_TEST(a_word_for_a_human_always_works)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
}
END_TEST

/* The node dies with an answer in its hands; the same name starts again. */
static void die_and_return(void)
{
	node_kill(&fx.node);
	node_start(&fx.node, "n1", false);
}

START_TEST(a_long_answer_whose_node_dies_between_its_parts_is_unknown)
{
	const struct send_result first = {.outcome = SEND_OK, .parts = 2, .id = SPAN_LIT("p1")};

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &first);
	io_idle(fx.loop, 200);
	die_and_return();
	wait_status(&fx.node, ALICE, 2, STATUS_UNKNOWN);
	/* The customer's peer asks again: it is sent again. */
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	wait_sent(&fx.node, 1);
}
END_TEST

START_TEST(a_full_channel_keeps_messages_in_order)
{
	fx.node.self->answer = -EAGAIN;
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m3", QUESTION), 0);
	ck_assert_uint_eq(fx.node.self->count, 0);
	fx.node.self->answer = 0;
	connector_ready(fx.node.self->host);
	wait_sent(&fx.node, 3);
	ck_assert(span_is(fx.node.self->sent[0]->reply_to, "m1"));
}
END_TEST

START_TEST(what_the_peer_wants_later_is_sent_again)
{
	const struct send_result later = {.outcome = SEND_RETRY, .parts = 1, .retry_ms = 10};

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &later);
	wait_sent(&fx.node, 2);
	ck_assert_uint_eq(fx.node.self->sent[1]->seq, fx.node.self->sent[0]->seq);
	tell_outcome(&fx.node, 1, SEND_OK, "a1");
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}
END_TEST

START_TEST(what_came_back_together_goes_out_again_in_order)
{
	const struct send_result later = {.outcome = SEND_RETRY, .parts = 1, .retry_ms = 10};

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m3", QUESTION), 0);
	for (size_t i = 0; i < 3; i++)
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
	wait_sent(&fx.node, 6);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(fx.node.self->sent[3 + i]->seq, fx.node.self->sent[i]->seq);
}
END_TEST

START_TEST(an_uncertain_answer_is_sent_again_when_the_customers_peer_asks_again)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_UNCERTAIN, "");
	wait_status(&fx.node, ALICE, 2, STATUS_UNKNOWN);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	wait_sent(&fx.node, 2);
	ck_assert_uint_eq(fx.node.self->sent[1]->seq, 2);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_OUT), 1);
	tell_outcome(&fx.node, 1, SEND_OK, "a1");
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}
END_TEST

START_TEST(after_a_kill_the_retry_gets_the_answer_that_the_first_try_left)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	die_and_return();
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	wait_sent(&fx.node, 1);
	ck_assert_uint_eq(fx.node.self->sent[0]->seq, 2);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_OUT), 1);
}
END_TEST

START_TEST(after_a_kill_without_a_retry_the_answer_is_unknown_not_doubled)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	die_and_return();
	wait_status(&fx.node, ALICE, 2, STATUS_UNKNOWN);
	ck_assert_uint_eq(fx.node.self->count, 0);
}
END_TEST

START_TEST(after_a_kill_an_agents_reply_is_sent_again_and_marked)
{
	struct log_event events[100];
	size_t count;
	bool marked = false;
	uint64_t seq;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	wait_sent(&fx.node, 1);
	die_and_return();
	wait_sent(&fx.node, 1);
	ck_assert_uint_eq(fx.node.self->sent[0]->seq, seq);
	count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	for (size_t i = 0; i < count; i++)
		marked = marked || (events[i].of == seq && events[i].marks & MARK_MAYBE_DOUBLED);
	ck_assert(marked);
}
END_TEST

START_TEST(after_a_kill_a_reply_of_which_a_part_was_taken_is_not_doubled)
{
	const struct send_result first = {.outcome = SEND_OK, .parts = 2, .id = SPAN_LIT("p1")};
	uint64_t seq;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	wait_sent(&fx.node, 1);
	for (size_t i = 0; i < fx.node.self->count; i++)
		if (fx.node.self->sent[i]->seq == seq)
			connector_result(fx.node.self->host, fx.node.self->sent[i], &first);
	io_idle(fx.loop, 200);
	die_and_return();
	wait_status(&fx.node, ALICE, seq, STATUS_UNKNOWN);
	io_idle(fx.loop, 200);
	for (size_t i = 0; i < fx.node.self->count; i++)
		ck_assert_uint_ne(fx.node.self->sent[i]->seq, seq);
}
END_TEST

START_TEST(another_living_node_keeps_what_it_has_in_hand)
{
	struct node other;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	node_start(&other, "n2", false);
	ck_assert_int_eq(receive_text(&other, ALICE, "m1", QUESTION), 0);
	io_idle(fx.loop, 2500); /* longer than a reap */
	ck_assert_uint_eq(other.self->count, 0);
	ck_assert_int_eq(status_of(&other, ALICE, 2), STATUS_SENDING);
	node_kill(&other);
}
END_TEST

struct text_call {
	bool done;
	char text[64];
};

static void on_text(void *arg, int err, const redisReply *reply, const char *why)
{
	struct text_call *call = arg;

	ck_assert_msg(err == 0, "%s", why ? why : "");
	if (reply->type == REDIS_REPLY_STRING)
		snprintf(call->text, sizeof(call->text), "%s", reply->str);
	call->done = true;
}

/* Alice's partition of the keys. */
static struct span alices_partition(void)
{
	static char partition[4];

	snprintf(partition, sizeof(partition), "%.*s",
	         SPAN_FMT(router_partition(router_partition_of(conversation_of(ALICE)))));
	return span_of(partition);
}

/* The node takes what waits in the lane, and the answer never reaches it. */
static void claim_and_lose_the_answer(void)
{
	char key[32];
	struct text_call instance = {0}, claim = {0};
	struct span args[] = {SPAN_LIT("ch"), SPAN_LIT("0"), SPAN_NONE,         SPAN_LIT("1"),
	                      SPAN_LIT("32"), SPAN_LIT("0"), SPAN_LIT("10000"), SPAN_LIT("0")};
	struct span argv[] = {SPAN_LIT("GET"), SPAN_NONE};

	snprintf(key, sizeof(key), "ph:n:%.*s:n1", SPAN_FMT(alices_partition()));
	argv[1] = span_of(key);
	ck_assert_int_eq(redis_command(fx.node.redis, 2, argv, on_text, &instance), 0);
	io_wait(fx.loop, io_is_true, &instance.done, 10000);
	args[2] = span_of(instance.text);
	ck_assert_int_eq(redis_fcall(fx.node.redis, "ph2_claim", alices_partition(), args,
	                             ARRAY_LEN(args), on_text, &claim),
	                 0);
	io_wait(fx.loop, io_is_true, &claim.done, 10000);
}

START_TEST(what_was_taken_with_an_answer_that_was_lost_is_sent_and_nothing_else_again)
{
	struct log_event events[100];
	size_t count;
	uint64_t seq;

	ck_assert_int_eq(receive_text(&fx.node, BOB, "m0", QUESTION), 0); /* in hand, really */
	ck_assert_uint_eq(fx.node.self->count, 1);
	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	connector_state(fx.node.self->host, CHANNEL_DOWN, NULL);
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	claim_and_lose_the_answer();
	connector_state(fx.node.self->host, CHANNEL_UP, NULL);
	router_redis_state(fx.node.router, false);
	router_redis_state(fx.node.router, true);
	wait_sent(&fx.node, 2);
	ck_assert_uint_eq(fx.node.self->sent[1]->seq, seq);
	io_idle(fx.loop, 300);
	ck_assert_uint_eq(fx.node.self->count, 2);
	count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	for (size_t i = 0; i < count; i++)
		ck_assert(!(events[i].marks & MARK_MAYBE_DOUBLED));
}
END_TEST

START_TEST(what_never_gets_an_answer_is_resent_once_and_marked)
{
	struct log_event events[100];
	size_t count, marked = 0;
	uint64_t seq;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	for (size_t i = 0; i < 2; i++) {
		wait_sent(&fx.node, i + 1);
		tell_outcome(&fx.node, i, SEND_UNCERTAIN, "");
	}
	wait_status(&fx.node, ALICE, seq, STATUS_UNKNOWN);
	ck_assert_uint_eq(fx.node.self->count, 2);
	count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	for (size_t i = 0; i < count; i++)
		marked += events[i].of == seq && events[i].marks & MARK_MAYBE_DOUBLED;
	ck_assert_uint_eq(marked, 1);
}
END_TEST

START_TEST(what_is_told_late_of_the_first_try_does_not_begin_a_third)
{
	const struct send_result late = {.outcome = SEND_UNCERTAIN, .part = 1, .parts = 3};
	uint64_t seq;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	wait_sent(&fx.node, 1);
	tell_outcome(&fx.node, 0, SEND_UNCERTAIN, ""); /* of its first part */
	wait_sent(&fx.node, 2);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &late);
	for (uint16_t part = 0; part < 3; part++)
		connector_result(fx.node.self->host, fx.node.self->sent[1],
		                 &(struct send_result){.part = part, .parts = 3});
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	io_idle(fx.loop, 100);
	ck_assert_uint_eq(fx.node.self->count, 2);
}
END_TEST

START_TEST(what_a_broken_link_holds_goes_out_over_another_node)
{
	struct node other;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	fx.node.self->answer = -EAGAIN;
	ck_assert_uint_gt(say(&fx.node, ALICE, "mei", "c1", "hello", NULL), 0);
	io_idle(fx.loop, 100); /* taken, and held for want of room */
	connector_state(fx.node.self->host, CHANNEL_DOWN, "link lost");
	node_start(&other, "n2", false);
	wait_sent(&other, 1);
	ck_assert_uint_eq(fx.node.self->count, 0);
	node_kill(&other);
}
END_TEST

START_TEST(nothing_is_acknowledged_while_redis_is_away)
{
	struct done {
		bool away;
	} d;

	redis_server_stop();
	for (d.away = false; !d.away; d.away = !fx.node.up)
		io_loop_turn(fx.loop);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), -EAGAIN);
	ck_assert(!connector_durable(fx.node.self->host));
	redis_server_start();
	io_wait(fx.loop, io_is_true, &fx.node.up, 15000);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
}
END_TEST

START_TEST(an_outcome_is_kept_until_redis_has_it)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	redis_server_stop();
	while (fx.node.up)
		io_loop_turn(fx.loop);
	tell_outcome(&fx.node, 0, SEND_OK, "a1");
	io_idle(fx.loop, 50);
	redis_server_start();
	io_wait(fx.loop, io_is_true, &fx.node.up, 15000);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}
END_TEST

START_TEST(an_outcome_in_the_very_turn_in_which_redis_goes_is_kept)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	redis_server_stop();
	while (fx.node.up) {
		tell_outcome(&fx.node, 0, SEND_UNCERTAIN, "");
		io_loop_turn(fx.loop);
	}
	redis_server_start();
	io_wait(fx.loop, io_is_true, &fx.node.up, 15000);
	wait_status(&fx.node, ALICE, 2, STATUS_UNKNOWN);
}
END_TEST

struct seconds_call {
	bool done;
	long long value;
};

static void on_seconds(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	*(struct seconds_call *)arg = (struct seconds_call){true, reply->integer};
}

/* For how long Redis keeps Alice's conversation. */
static long long kept_seconds(void)
{
	char key[64];
	struct seconds_call call = {0};
	const struct span argv[] = {
		SPAN_LIT("TTL"),
		router_conversation_key('c', conversation_of(ALICE), key, sizeof(key))};

	ck_assert_int_eq(redis_command(fx.node.redis, 2, argv, on_seconds, &call), 0);
	io_wait(fx.loop, io_is_true, &call.done, 10000);
	return call.value;
}

/* A text goes out to Alice at a time; the conversation is to be kept for so long after. */
static void send_at(uint64_t now_ms, uint64_t retention_s)
{
	struct buf common, item;
	struct span args[2];
	struct text_call call = {0};
	buf_init(&common, 1000);
	pack_array(&common, 5);
	pack_num(&common, now_ms);
	pack_text(&common, SPAN_LIT("n1#1"));
	pack_num(&common, retention_s);
	pack_num(&common, 10000);
	pack_num(&common, 0);
	buf_init(&item, 1000);
	pack_array(&item, 12);
	pack_text(&item, conversation_of(ALICE));
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 1000);
	pack_text(&item, SPAN_LIT("test:alice\nch\n\n"));
	pack_text(&item, SPAN_LIT("ch"));
	pack_text(&item, SPAN_LIT("l"));
	pack_num(&item, 0);
	pack_num(&item, 1);
	pack_num(&item, 0);
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 0);
	pack_text(&item, SPAN_LIT("moq00 1 0 ch "));
	args[0] = buf_span(&common);
	args[1] = buf_span(&item);
	ck_assert_int_eq(
		redis_fcall(fx.node.redis, "ph2_send", alices_partition(), args, 2, on_text, &call),
		0);
	io_wait(fx.loop, io_is_true, &call.done, 10000);
	buf_fini(&common);
	buf_fini(&item);
}

START_TEST(a_conversation_that_is_written_to_every_day_is_kept)
{
	send_at(1700000000000, 1000);
	ck_assert_int_le(kept_seconds(), 1000);
	send_at(1700000001000, 5000); /* the same day: nothing to renew */
	ck_assert_int_le(kept_seconds(), 1000);
	send_at(1700080000000, 5000); /* 22 hours later, the next day */
	ck_assert_int_gt(kept_seconds(), 1000);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("messages");
	TCase *cases[7];

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, a_question_is_answered_from_a_template_at_once);
	tcase_add_test(tc, a_second_delivery_changes_nothing);
	tcase_add_test(tc, the_same_text_twice_over_one_link_is_two_messages);
	tcase_add_test(tc, what_no_template_knows_goes_to_the_queue_with_a_notice);
	tcase_add_test(tc, a_word_for_a_human_always_works);
	tcase_add_test(tc, a_long_answer_whose_node_dies_between_its_parts_is_unknown);
	tcase_add_test(tc, a_full_channel_keeps_messages_in_order);
	tcase_add_test(tc, what_the_peer_wants_later_is_sent_again);
	tcase_add_test(tc, what_came_back_together_goes_out_again_in_order);
	tcase_add_test(tc, an_uncertain_answer_is_sent_again_when_the_customers_peer_asks_again);
	tcase_add_test(tc, after_a_kill_the_retry_gets_the_answer_that_the_first_try_left);
	tcase_add_test(tc, after_a_kill_without_a_retry_the_answer_is_unknown_not_doubled);
	tcase_add_test(tc, after_a_kill_an_agents_reply_is_sent_again_and_marked);
	tcase_add_test(tc, after_a_kill_a_reply_of_which_a_part_was_taken_is_not_doubled);
	tcase_add_test(tc, another_living_node_keeps_what_it_has_in_hand);
	tcase_add_test(tc,
	               what_was_taken_with_an_answer_that_was_lost_is_sent_and_nothing_else_again);
	tcase_add_test(tc, what_never_gets_an_answer_is_resent_once_and_marked);
	tcase_add_test(tc, what_is_told_late_of_the_first_try_does_not_begin_a_third);
	tcase_add_test(tc, what_a_broken_link_holds_goes_out_over_another_node);
	tcase_add_test(tc, nothing_is_acknowledged_while_redis_is_away);
	tcase_add_test(tc, an_outcome_is_kept_until_redis_has_it);
	tcase_add_test(tc, an_outcome_in_the_very_turn_in_which_redis_goes_is_kept);
	tcase_add_test(tc, a_conversation_that_is_written_to_every_day_is_kept);
	cases[0] = tc;
	cases[1] = receipts_cases();
	cases[2] = ledger_cases();
	cases[3] = desk_cases();
	cases[4] = parts_cases();
	cases[5] = talk_cases();
	cases[6] = outlook_cases();
	return unit_run("router", cases, ARRAY_LEN(cases));
}
