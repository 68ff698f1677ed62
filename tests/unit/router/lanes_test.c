/*
 * The lanes on a real Redis: what waits, what is not due yet, what is taken back, and that nothing
 * vanishes on the way.
 */
#include "lanes_fixture.h"
#include "pack.h"
#include "router_keys.h"
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

static void start(void)
{
	fixture_start(false);
}

/* --- Scheduled and canceled ----------------------------------------------------------------- */

static const char *cancel(unsigned customer, uint64_t seq)
{
	static struct ok_call call;

	call = (struct ok_call){0};
	ck_assert_int_eq(
		router_cancel(fx.node.router, conversation_of(customer), seq, on_ok, &call), 0);
	return wait_ok(&call);
}

START_TEST(what_is_scheduled_is_sent_when_it_is_due)
{
	struct router_send later = text_to(ALICE, "later");
	struct sent_call call;

	later.due_ms = now_ms() + HOUR_MS;
	call = post(&later);
	ck_assert_int_eq(call.status, STATUS_SCHEDULED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, call.seq), STATUS_SCHEDULED);
	send_text(ALICE, "now");
	wait_sent(&fx.node, 1);
	io_idle(fx.loop, 1200); /* it is looked for each second */
	ck_assert_uint_eq(fx.node.self->count, 1);
	fx.ahead_s += HOUR_S;
	wait_sent(&fx.node, 2);
	ck_assert_str_eq(text_of(0), "now");
	ck_assert_str_eq(text_of(1), "later");
}
END_TEST

START_TEST(what_is_due_already_is_sent_at_once)
{
	struct router_send past = text_to(ALICE, "past");

	past.due_ms = now_ms() - 1;
	ck_assert_int_eq(post(&past).status, STATUS_SENDING);
	ck_assert_uint_eq(fx.node.self->count, 1);
}
END_TEST

START_TEST(what_is_taken_back_is_never_sent)
{
	struct router_send later = text_to(ALICE, "later");
	uint64_t scheduled, queued;

	later.due_ms = now_ms() + HOUR_MS;
	scheduled = post(&later).seq;
	link_up(false);
	queued = send_text(ALICE, "queued");
	ck_assert_str_eq(cancel(ALICE, scheduled), "");
	ck_assert_str_eq(cancel(ALICE, queued), "");
	ck_assert_str_eq(cancel(ALICE, queued), ""); /* its answer was lost */
	ck_assert_int_eq(status_of(&fx.node, ALICE, scheduled), STATUS_CANCELED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, queued), STATUS_CANCELED);
	fx.ahead_s += HOUR_S;
	link_up(true);
	send_text(BOB, "other");
	io_idle(fx.loop, 2500);
	ck_assert_uint_eq(fx.node.self->count, 1);
	ck_assert_str_eq(text_of(0), "other");
}
END_TEST

START_TEST(what_is_being_sent_cannot_be_taken_back)
{
	uint64_t seq = send_text(ALICE, "one");

	ck_assert_str_eq(cancel(ALICE, seq), "too_late");
	tell_outcome(&fx.node, 0, SEND_OK, "id1");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_str_eq(cancel(ALICE, seq), "too_late");
	ck_assert_str_eq(cancel(ALICE, seq + 1), "message_unknown");
	ck_assert_str_eq(cancel(BOB, 1), "message_unknown");
}
END_TEST

/* --- In a node's hands ----------------------------------------------------------------------- */

START_TEST(what_receipts_say_of_parts_makes_the_whole)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 2, "p0", NULL);
	tell_part(0, 1, 2, "p1", NULL);
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	tell_receipt(&fx.node, "p0", STATUS_UNDELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	tell_receipt(&fx.node, "p1", STATUS_UNDELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_UNDELIVERED);
	/* EXPIRED, and then DELIVRD. */
	tell_receipt(&fx.node, "p1", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	tell_receipt(&fx.node, "p0", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_DELIVERED);
	ck_assert_uint_eq(dead_count(), 0);
	ck_assert_str_eq(steps_of(ALICE, seq), "partially_delivered  us;undelivered ;"
	                                       "partially_delivered  ud;delivered ;");
}
END_TEST

START_TEST(what_waits_is_sent_whatever_is_known_of_a_part)
{
	uint64_t seq;

	link_up(false);
	seq = send_text(ALICE, "long");
	another_says(seq, "s", 2);
	link_up(true);
	wait_sent(&fx.node, 1);
	ck_assert_str_eq(text_of(0), "long");
}
END_TEST

START_TEST(what_is_in_one_nodes_hands_no_other_ends)
{
	uint64_t seq = send_text(ALICE, "mine");

	wait_sent(&fx.node, 1);
	another_says(seq, "f", 1);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	ck_assert_uint_eq(dead_count(), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

/* Both are noted by one call. */
START_TEST(an_answer_that_follows_a_time_out_at_once_settles_it)
{
	struct router_send what = text_to(ALICE, "one");
	uint64_t seq;

	what.on_uncertain = UNCERTAIN_HOLD;
	seq = post(&what).seq;
	wait_sent(&fx.node, 1);
	tell_outcome(&fx.node, 0, SEND_UNCERTAIN, "");
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_str_eq(steps_of(ALICE, seq), "unknown ;sent ;");
}
END_TEST

/* --- Order ----------------------------------------------------------------------------------- */

START_TEST(what_a_broken_link_gives_back_goes_out_again_in_order)
{
	static const char *const cids[] = {"1", "2", "3", "4", "5"};

	fx.node.self->answer = -EAGAIN;
	for (size_t i = 0; i < ARRAY_LEN(cids); i++)
		send_text(ALICE, cids[i]);
	io_idle(fx.loop, 100); /* some are held here, some wait in the lane */
	link_up(false);
	io_idle(fx.loop, 100);
	fx.node.self->answer = 0;
	link_up(true);
	wait_sent(&fx.node, ARRAY_LEN(cids));
	for (size_t i = 0; i < ARRAY_LEN(cids); i++)
		ck_assert_str_eq(text_of(i), cids[i]);
}
END_TEST

START_TEST(a_reply_goes_before_all_of_a_campaign_that_waits)
{
	struct router_send reply = text_to(BOB, "reply");
	char cid[8];

	fx.node.self->answer = -EAGAIN;
	for (int i = 0; i < 40; i++) {
		snprintf(cid, sizeof(cid), "c%d", i);
		send_text(i % 2 ? ALICE : BOB, cid);
	}
	reply.lane = LANE_REPLY;
	post(&reply);
	io_idle(fx.loop, 100);
	fx.node.self->answer = 0;
	connector_ready(fx.node.self->host);
	wait_sent(&fx.node, 41);
	ck_assert_str_eq(text_of(0), "reply");
}
END_TEST

/* --- What Redis has -------------------------------------------------------------------------- */

struct asked {
	bool done;
	char text[32];
	long long number;
};

static void on_asked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct asked *asked = arg;

	ck_assert_msg(!err, "%s", why);
	asked->done = true;
	asked->number = reply->integer;
	snprintf(asked->text, sizeof(asked->text), "%s", reply->str ? reply->str : "");
}

static struct asked redis_ask(size_t argc, const struct span *argv)
{
	struct asked asked = {0};

	ck_assert_int_eq(redis_command(fx.node.redis, (int)argc, argv, on_asked, &asked), 0);
	io_wait(fx.loop, io_is_true, &asked.done, SOON_MS);
	return asked;
}

static long long waits_in(const char *channel)
{
	struct span part = router_partition(router_partition_of(conversation_of(ALICE)));
	char key[64];

	snprintf(key, sizeof(key), "ph:q:%.*s:%s:%d", SPAN_FMT(part), channel, LANE_CAMPAIGN);
	return redis_ask(2, (struct span[]){SPAN_LIT("LLEN"), span_of(key)}).number;
}

/* --- Again, later ---------------------------------------------------------------------------- */

/* What went out; how many. */
static size_t put_off_all(void)
{
	const struct send_result later = {
		.outcome = SEND_RETRY, .parts = 1, .code = "full", .retry_ms = 600000};
	struct double_self *self = fx.node.self;
	size_t count = self->count;

	for (size_t i = 0; i < count; i++) {
		connector_result(self->host, self->sent[i], &later);
		message_unref(&self->sent[i]);
	}
	self->count = 0;
	return count;
}

enum { WAVE = 60 };

/* Messages of a campaign, each at once. */
static void send_wave(unsigned customer)
{
	static unsigned serial;
	struct sent_call calls[WAVE] = {0};
	char cid[16];

	for (unsigned i = 0; i < WAVE; i++) {
		struct router_send what;

		snprintf(cid, sizeof(cid), "m%u", serial++);
		what = text_to(customer, cid);
		ck_assert_int_eq(router_send(fx.node.router, &what, on_sent, &calls[i]), 0);
	}
	for (unsigned i = 0; i < WAVE; i++) {
		io_wait(fx.loop, io_is_true, &calls[i].done, SOON_MS);
		ck_assert_int_eq(calls[i].err, 0);
	}
}

START_TEST(a_peer_that_takes_nothing_draws_no_whole_campaign_into_the_node)
{
	enum { FAR_TOO_MANY = 12000 };
	struct router_send reply = text_to(BOB, "reply");
	size_t out;

	send_wave(BOB);
	wait_sent(&fx.node, WAVE);
	out = put_off_all();
	do {
		send_wave(ALICE);
		if (waits_in("ch"))
			io_idle(fx.loop, 300); /* what is only on its way out does not stay */
		out += put_off_all();
	} while (waits_in("ch") == 0 && out < FAR_TOO_MANY);
	ck_assert_uint_lt(out, FAR_TOO_MANY);
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(fx.node.self->count, 0);
	reply.lane = LANE_REPLY;
	post(&reply);
	wait_sent(&fx.node, 1);
	ck_assert_str_eq(text_of(0), "reply");
	/* Where some go out again there is room for others. */
	connector_reachable(fx.node.self->host, address_of(BOB));
	wait_sent(&fx.node, 1 + WAVE + 1);
}
END_TEST

/* --- In hand --------------------------------------------------------------------------------- */

static struct span flights_of(unsigned customer)
{
	static char key[64];
	struct span part = router_partition(router_partition_of(conversation_of(customer)));

	snprintf(key, sizeof(key), "ph:f:%.*s:ch", SPAN_FMT(part));
	return span_of(key);
}

static long long in_hand(unsigned customer)
{
	return redis_ask(2, (struct span[]){SPAN_LIT("HLEN"), flights_of(customer)}).number;
}

static void queue_while_down(int count)
{
	char cid[8];

	link_up(false);
	for (int i = 0; i < count; i++) {
		snprintf(cid, sizeof(cid), "c%d", i);
		send_text(ALICE, cid);
	}
}

/* Redis would search a small hash from its front for each of them. */
START_TEST(many_that_are_in_hand_lie_in_a_table_with_nothing_else_in_it)
{
	queue_while_down(40);
	link_up(true);
	wait_sent(&fx.node, 40);
	ck_assert_str_eq(redis_ask(3, (struct span[]){SPAN_LIT("OBJECT"), SPAN_LIT("ENCODING"),
	                                              flights_of(ALICE)})
	                         .text,
	                 "hashtable");
	ck_assert_int_eq(in_hand(ALICE), 40);
}
END_TEST

/* The channel takes none of them, so there is one claim. */
START_TEST(a_campaign_takes_more_at_once_while_nobody_waits_for_an_answer)
{
	queue_while_down(100);
	fx.node.self->answer = -EAGAIN;
	link_up(true);
	while (in_hand(ALICE) < 100)
		io_idle(fx.loop, 10);
}
END_TEST

/* More than one call carries. */
START_TEST(many_that_a_broken_link_gives_back_go_out_again_in_order)
{
	char cid[8];

	queue_while_down(100);
	fx.node.self->answer = -EAGAIN;
	link_up(true);
	while (in_hand(ALICE) < 100)
		io_idle(fx.loop, 10);
	link_up(false);
	while (in_hand(ALICE) > 0)
		io_idle(fx.loop, 10);
	fx.node.self->answer = 0;
	link_up(true);
	wait_sent(&fx.node, 100);
	for (size_t i = 0; i < 100; i++) {
		snprintf(cid, sizeof(cid), "c%zu", i);
		ck_assert_str_eq(text_of(i), cid);
	}
}
END_TEST

enum { BACK = 60 };

/* All are in the channel's hands, and go back to the lane: the first half, then in a later turn the
 * other, or the other way round. */
static void give_back_by_halves(bool later_first)
{
	struct connector_host *host = fx.node.self->host;

	for (size_t half = 0; half < 2; half++) {
		size_t from = (half == 0) == later_first ? BACK / 2 : 0;

		for (size_t i = from; i < from + BACK / 2; i++)
			outcome_give_back(host, fx.node.self->sent[i]);
		while (host->backs)
			io_loop_turn(fx.loop);
	}
}

START_TEST(what_goes_back_turn_by_turn_keeps_its_order)
{
	char cid[8];

	queue_while_down(BACK);
	link_up(true);
	wait_sent(&fx.node, BACK);
	link_up(false);
	give_back_by_halves(_i);
	link_up(true);
	wait_sent(&fx.node, 2 * (size_t)BACK);
	for (size_t i = 0; i < BACK; i++) {
		snprintf(cid, sizeof(cid), "c%zu", i);
		ck_assert_str_eq(text_of(BACK + i), cid);
	}
}
END_TEST

START_TEST(what_goes_back_turn_by_turn_keeps_each_customers_order)
{
	unsigned last[2] = {0};
	char cid[8];

	link_up(false);
	for (unsigned i = 1; i <= BACK; i++) {
		snprintf(cid, sizeof(cid), "%u", i);
		send_text(i % 2 ? ALICE : DAVE, cid);
	}
	link_up(true);
	wait_sent(&fx.node, BACK);
	link_up(false);
	give_back_by_halves(false);
	link_up(true);
	wait_sent(&fx.node, 2 * (size_t)BACK);
	for (size_t i = BACK; i < 2 * (size_t)BACK; i++) {
		unsigned number = (unsigned)strtoul(text_of(i), NULL, 10);

		ck_assert_uint_gt(number, last[number % 2]);
		last[number % 2] = number;
	}
}
END_TEST

START_TEST(what_a_dead_node_had_in_hand_goes_out_again_in_order)
{
	char cid[8];

	queue_while_down(BACK);
	link_up(true);
	wait_sent(&fx.node, BACK);
	node_kill(&fx.node);
	node_start(&fx.node, "n1", false);
	wait_sent(&fx.node, BACK);
	for (size_t i = 0; i < BACK; i++) {
		snprintf(cid, sizeof(cid), "c%zu", i);
		ck_assert_str_eq(text_of(i), cid);
	}
}
END_TEST

START_TEST(what_was_put_off_goes_back_before_what_was_sent_after_it)
{
	static const char *const texts[] = {"1", "2"};
	struct send_result later = {
		.outcome = SEND_RETRY, .parts = 1, .code = "full", .retry_ms = 600000};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		send_text(ALICE, texts[i]);
		wait_sent(&fx.node, i + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
		later.retry_ms = 0; /* no session is bound */
	}
	link_up(false);
	while (in_hand(ALICE) > 0)
		io_idle(fx.loop, 10);
	link_up(true);
	wait_sent(&fx.node, 4);
	ck_assert_str_eq(text_of(2), "1");
	ck_assert_str_eq(text_of(3), "2");
}
END_TEST

START_TEST(what_the_channel_gives_back_goes_before_what_waits_for_it)
{
	const struct send_result unbound = {
		.outcome = SEND_RETRY, .flags = SEND_NOT_COUNTED, .parts = 1, .code = "x"};

	send_text(ALICE, "1");
	wait_sent(&fx.node, 1);
	fx.node.self->answer = -EAGAIN;
	send_text(ALICE, "2");
	connector_result(fx.node.self->host, fx.node.self->sent[0], &unbound);
	link_up(false);
	while (in_hand(ALICE) > 0)
		io_idle(fx.loop, 10);
	fx.node.self->answer = 0;
	link_up(true);
	wait_sent(&fx.node, 3);
	ck_assert_str_eq(text_of(1), "1");
	ck_assert_str_eq(text_of(2), "2");
}
END_TEST

/* --- Nothing vanishes ------------------------------------------------------------------------ */

START_TEST(a_damaged_conversation_holds_up_nobody_and_is_found)
{
	char key[64];
	struct span name = router_conversation_key('c', conversation_of(ALICE), key, sizeof(key));

	link_up(false);
	send_text(ALICE, "lost");
	send_text(BOB, "kept");
	redis_do(2, (struct span[]){SPAN_LIT("DEL"), name});
	redis_do(3, (struct span[]){SPAN_LIT("SET"), name, SPAN_LIT("rubbish")});
	link_up(true);
	wait_sent(&fx.node, 1);
	ck_assert_str_eq(text_of(0), "kept");
	while (dead_count() == 0)
		io_idle(fx.loop, 10);
	ck_assert_uint_eq(dead("", 10).count, 1);
	ck_assert_str_eq(dead_do(ALICE, 1, DEAD_DROP), "");
}
END_TEST

/* What waits for an account that is down, for another's lane. */
START_TEST(a_damaged_conversation_keeps_no_other_from_another_account)
{
	char key[64], item[64];
	struct span conversation = conversation_of(ALICE);

	link_up(false);
	snprintf(item, sizeof(item), "%.*s %llu", SPAN_FMT(conversation),
	         (unsigned long long)send_text(ALICE, "one"));
	redis_do(3, (struct span[]){SPAN_LIT("SET"),
	                            router_conversation_key('c', conversation, key, sizeof(key)),
	                            SPAN_LIT("rubbish")});
	ck_assert_int_eq(waits_in("ch"), 1);
	function_do("ph2_lane_peek",
	            (struct span[]){SPAN_LIT("ch"), SPAN_LIT("2"), SPAN_LIT("0"), SPAN_LIT("9")},
	            4);
	function_do("ph2_lane_move",
	            (struct span[]){SPAN_LIT("ch"), SPAN_LIT("2"), span_of(item), SPAN_LIT("to")},
	            4);
	ck_assert_int_eq(waits_in("ch") + waits_in("to"), 1);
}
END_TEST

START_TEST(a_damaged_conversation_spoils_no_other_call_of_its_batch)
{
	struct sent_call calls[3] = {0};
	const struct router_send whats[] = {text_to(ALICE, "1"), text_to(ALICE, "2"),
	                                    text_to(BOB, "3")};
	char key[64];

	redis_do(3, (struct span[]){
			    SPAN_LIT("SET"),
			    router_conversation_key('c', conversation_of(ALICE), key, sizeof(key)),
			    SPAN_LIT("rubbish")});
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(router_send(fx.node.router, &whats[i], on_sent, &calls[i]), 0);
	for (size_t i = 0; i < 3; i++)
		io_wait(fx.loop, io_is_true, &calls[i].done, SOON_MS);
	ck_assert_int_ne(calls[0].err, 0);
	ck_assert_int_ne(calls[1].err, 0);
	ck_assert_int_eq(calls[2].err, 0);
	wait_sent(&fx.node, 1);
}
END_TEST

/* A text for Alice into her lane, in a log that keeps few. */
static void queue_in_short_log(const char *text)
{
	struct buf common, item;
	struct span argv[2];

	buf_init(&common, 1000);
	pack_array(&common, 5);
	pack_num(&common, now_ms());
	pack_text(&common, SPAN_LIT("n9#1"));
	pack_num(&common, 1000);
	pack_num(&common, 10);
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
	pack_num(&item, LANE_CAMPAIGN);
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 0);
	pack_text_of(&item, strlen("moq02 1 0 ch x 2:") + 2);
	buf_printf(&item, "moq02 1 0 ch x 2:%s", text);
	argv[0] = buf_span(&common);
	argv[1] = buf_span(&item);
	function_do("ph2_send", argv, 2);
	buf_fini(&common);
	buf_fini(&item);
}

START_TEST(a_message_that_its_log_has_lost_fails_and_says_so)
{
	struct dead_result r;
	char text[8];

	link_up(false);
	for (int i = 10; i < 25; i++) {
		snprintf(text, sizeof(text), "%d", i);
		queue_in_short_log(text);
	}
	link_up(true);
	wait_sent(&fx.node, 10);
	ck_assert_str_eq(text_of(0), "15");
	ck_assert_str_eq(text_of(9), "24");
	while (dead_count() < 5)
		io_idle(fx.loop, 10);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 5);
	ck_assert_str_eq(r.codes[0], "no_longer_in_the_log");
	ck_assert_str_eq(dead_do(ALICE, 1, DEAD_REPLAY), "message_unknown");
}
END_TEST

START_TEST(a_duplicate_is_known_when_many_others_came_after_it)
{
	char cid[16];

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "first", "hello"), 0);
	for (int i = 0; i < 60; i++) {
		snprintf(cid, sizeof(cid), "m%d", i);
		ck_assert_int_eq(receive_text(&fx.node, ALICE, cid, "hello"), 0);
	}
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "first", "hello"), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m30", "hello"), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m59", "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 61);
}
END_TEST

START_TEST(the_same_id_is_a_new_message_when_the_first_is_forgotten)
{
	struct router_send what = text_to(ALICE, "one");
	uint64_t first;

	what.remember_ms = HOUR_MS;
	first = post(&what).seq;
	ck_assert_uint_eq(post(&what).seq, first);
	fx.ahead_s += HOUR_S + 1;
	ck_assert_uint_ne(post(&what).seq, first);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lanes");
	TCase *cases[3];

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, what_is_scheduled_is_sent_when_it_is_due);
	tcase_add_test(tc, what_is_due_already_is_sent_at_once);
	tcase_add_test(tc, what_is_taken_back_is_never_sent);
	tcase_add_test(tc, what_is_being_sent_cannot_be_taken_back);
	tcase_add_test(tc, what_receipts_say_of_parts_makes_the_whole);
	tcase_add_test(tc, what_waits_is_sent_whatever_is_known_of_a_part);
	tcase_add_test(tc, what_is_in_one_nodes_hands_no_other_ends);
	tcase_add_test(tc, an_answer_that_follows_a_time_out_at_once_settles_it);
	tcase_add_test(tc, what_a_broken_link_gives_back_goes_out_again_in_order);
	tcase_add_test(tc, a_reply_goes_before_all_of_a_campaign_that_waits);
	tcase_add_test(tc, a_peer_that_takes_nothing_draws_no_whole_campaign_into_the_node);
	tcase_add_test(tc, many_that_are_in_hand_lie_in_a_table_with_nothing_else_in_it);
	tcase_add_test(tc, a_campaign_takes_more_at_once_while_nobody_waits_for_an_answer);
	tcase_add_test(tc, many_that_a_broken_link_gives_back_go_out_again_in_order);
	tcase_add_loop_test(tc, what_goes_back_turn_by_turn_keeps_its_order, 0, 2);
	tcase_add_test(tc, what_goes_back_turn_by_turn_keeps_each_customers_order);
	tcase_add_test(tc, what_a_dead_node_had_in_hand_goes_out_again_in_order);
	tcase_add_test(tc, what_was_put_off_goes_back_before_what_was_sent_after_it);
	tcase_add_test(tc, what_the_channel_gives_back_goes_before_what_waits_for_it);
	tcase_add_test(tc, a_damaged_conversation_holds_up_nobody_and_is_found);
	tcase_add_test(tc, a_damaged_conversation_keeps_no_other_from_another_account);
	tcase_add_test(tc, a_damaged_conversation_spoils_no_other_call_of_its_batch);
	tcase_add_test(tc, a_message_that_its_log_has_lost_fails_and_says_so);
	tcase_add_test(tc, a_duplicate_is_known_when_many_others_came_after_it);
	tcase_add_test(tc, the_same_id_is_a_new_message_when_the_first_is_forgotten);
	cases[0] = tc;
	cases[1] = dead_cases();
	cases[2] = lost_cases();
	return unit_run("lanes", cases, ARRAY_LEN(cases));
}
