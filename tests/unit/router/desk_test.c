/* Agents and queues: who gets whom, and what stays with whom. */
#include "router_fixture.h"
#include "router_keys.h"

enum { CAROL = 2 };

static void start(void)
{
	fixture_start(false);
}

static void ask_for_person(unsigned customer, const char *cid)
{
	ck_assert_int_eq(receive_text(&fx.node, customer, cid, "人工"), 0);
}

START_TEST(the_longest_waiting_goes_to_the_longest_idle)
{
	ask_for_person(ALICE, "m1");
	ask_for_person(BOB, "m2");
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, ALICE, "mei");
	ck_assert_int_eq(state_of(&fx.node, BOB), SESSION_QUEUED); /* mei is full */
	set_presence(&fx.node, "tom", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, BOB, "tom");
	ck_assert_str_eq(agent_of_conversation(&fx.node, ALICE), "mei");
}
END_TEST

START_TEST(an_agent_who_is_away_gets_nothing_new)
{
	set_presence(&fx.node, "mei", 2, PRESENCE_AVAILABLE);
	set_presence(&fx.node, "mei", 2, PRESENCE_AWAY);
	ask_for_person(ALICE, "m1");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	set_presence(&fx.node, "mei", 2, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, ALICE, "mei");
}
END_TEST

START_TEST(closing_frees_the_place_and_the_next_message_begins_a_new_session)
{
	struct ok_call call = {0};

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	ask_for_person(BOB, "m2");
	for (int i = 0; i < 2; i++) { /* closing twice is closing once */
		ck_assert_int_eq(router_close(fx.node.router, conversation_of(ALICE),
		                              SPAN_LIT("mei"), SPAN_LIT("solved"), SPAN_LIT(""),
		                              on_ok, &call),
		                 0);
		ck_assert_str_eq(wait_ok(&call), "");
	}
	wait_agent(&fx.node, BOB, "mei");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_CLOSED);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m3", "what is the annual fee"), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_BOT);
}
END_TEST

START_TEST(a_session_put_back_keeps_its_place_in_the_queue)
{
	struct ok_call call = {0};

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	ask_for_person(BOB, "m2");
	set_presence(&fx.node, "mei", 1, PRESENCE_AWAY);
	ck_assert_int_eq(router_requeue(fx.node.router, conversation_of(ALICE), SPAN_LIT("mei"),
	                                SPAN_LIT("loan"), on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	set_presence(&fx.node, "tom", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, ALICE, "tom"); /* before Bob, who came later */
}
END_TEST

START_TEST(an_agent_takes_a_waiting_session_and_nobody_else_may)
{
	const struct router_agent mei = {
		.id = SPAN_LIT("mei"), .name = SPAN_LIT("Mei"), .capacity = 1};
	const struct router_agent tom = {
		.id = SPAN_LIT("tom"), .name = SPAN_LIT("Tom"), .capacity = 1};
	struct ok_call call = {0};

	ask_for_person(ALICE, "m1");
	ck_assert_int_eq(router_take(fx.node.router, conversation_of(ALICE), &mei, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	wait_agent(&fx.node, ALICE, "mei");
	ck_assert_int_eq(router_take(fx.node.router, conversation_of(ALICE), &tom, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "session_taken");
	ck_assert_str_eq(agent_of_conversation(&fx.node, ALICE), "mei");
}
END_TEST

START_TEST(only_the_sessions_agent_speaks_and_once_per_cid)
{
	const char *code = NULL;
	uint64_t seq;

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "hello", NULL);
	ck_assert_uint_gt(seq, 0);
	ck_assert_uint_eq(say(&fx.node, ALICE, "mei", "c1", "hello", NULL), seq);
	ck_assert_uint_eq(say(&fx.node, ALICE, "tom", "c1", "hello", &code), 0);
	ck_assert_str_eq(code, "not_yours");
	wait_sent(&fx.node, 1);
	ck_assert_uint_eq(fx.node.self->count, 1);
}
END_TEST

START_TEST(the_sessions_of_a_console_that_is_gone_go_back)
{
	set_presence(&fx.node, "mei", 2, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	fx.ahead_s += GRACE_S + 1;
	wait_agent(&fx.node, ALICE, "");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	set_presence(&fx.node, "tom", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, ALICE, "tom");
}
END_TEST

/* --- A node that dies between the conversation and the desk
 * ---------------------------------------- */

static void on_reply(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply;
	ck_assert_msg(err == 0, "%s", why ? why : "");
	*(bool *)arg = true;
}

/* Mei's session ends at its conversation, and the desk does not hear of it. */
static void release_at_conversation_only(const char *state)
{
	const struct span id = conversation_of(ALICE);
	const struct span args[] = {
		id,           SPAN_LIT("mei"),           span_of(state),   SPAN_LIT("solved"),
		SPAN_LIT(""), SPAN_LIT("1700000000000"), SPAN_LIT("1000"), SPAN_LIT("mei"),
		SPAN_LIT("")};
	bool done = false;

	ck_assert_int_eq(redis_fcall(fx.node.redis, "ph2_release",
	                             router_partition(router_partition_of(id)), args,
	                             ARRAY_LEN(args), on_reply, &done),
	                 0);
	io_wait(fx.loop, io_is_true, &done, 10000);
}

struct leases {
	bool done;
	long long count;
};

static void on_leases(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	*(struct leases *)arg = (struct leases){true, reply->integer};
}

/* Until the desk has looked after all that agents had whose consoles are gone. */
static void wait_no_leases(void)
{
	const struct span argv[] = {SPAN_LIT("ZCARD"), SPAN_LIT("ph:{desk}:leases")};
	struct leases leases;

	do {
		leases = (struct leases){0};
		ck_assert_int_eq(redis_command(fx.node.redis, 2, argv, on_leases, &leases), 0);
		io_wait(fx.loop, io_is_true, &leases.done, 10000);
	} while (leases.count);
}

START_TEST(a_place_taken_by_a_session_that_is_over_becomes_free)
{
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	release_at_conversation_only("closed");
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", "what is the annual fee"), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_BOT);
	fx.ahead_s += GRACE_S + 1;
	wait_no_leases();
	ask_for_person(BOB, "m3");
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, BOB, "mei");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_BOT);
}
END_TEST

START_TEST(who_has_a_session_and_takes_it_again_gets_it)
{
	const struct router_agent mei = {
		.id = SPAN_LIT("mei"), .name = SPAN_LIT("Mei"), .capacity = 1};
	struct ok_call call = {0};

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	release_at_conversation_only("queued");
	ck_assert_int_eq(router_take(fx.node.router, conversation_of(ALICE), &mei, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	wait_agent(&fx.node, ALICE, "mei");
}
END_TEST

START_TEST(a_session_taken_from_the_bot_can_go_to_the_queue)
{
	const struct router_agent mei = {
		.id = SPAN_LIT("mei"), .name = SPAN_LIT("Mei"), .capacity = 1};
	struct ok_call call = {0};

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "what is the annual fee"), 0);
	ck_assert_int_eq(router_take(fx.node.router, conversation_of(ALICE), &mei, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	wait_agent(&fx.node, ALICE, "mei");
	call = (struct ok_call){0};
	ck_assert_int_eq(router_requeue(fx.node.router, conversation_of(ALICE), SPAN_LIT("mei"),
	                                SPAN_LIT(""), on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	set_presence(&fx.node, "tom", 1, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, ALICE, "tom");
}
END_TEST

struct view {
	bool done;
	enum presence presence;
	size_t mine, waiting;
	uint64_t queue_waiting, oldest_ms;
	char who[3][8]; /* waits, in their order */
};

static void on_view(void *arg, const struct router_error *error, enum presence presence,
                    const struct span *mine, size_t mine_count, const struct span *waiting,
                    size_t waiting_count, const struct queue_state *queues, size_t queue_count)
{
	struct view *view = arg;

	(void)mine;
	ck_assert_int_eq(error->err, 0);
	ck_assert_uint_eq(queue_count, 1);
	view->done = true;
	view->presence = presence;
	view->mine = mine_count;
	view->waiting = waiting_count;
	view->queue_waiting = queues[0].waiting;
	view->oldest_ms = queues[0].oldest_ms;
	for (size_t i = 0; i < waiting_count && i < ARRAY_LEN(view->who); i++)
		snprintf(view->who[i], sizeof(view->who[i]), "%.*s", SPAN_FMT(waiting[i]));
}

static struct view look(void)
{
	struct view view = {0};

	ck_assert_int_eq(router_desk(fx.node.router, SPAN_LIT("mei"), on_view, &view), 0);
	io_wait(fx.loop, io_is_true, &view.done, 10000);
	return view;
}

START_TEST(the_desk_shows_what_is_mine_and_who_waits)
{
	struct view view;

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	ask_for_person(BOB, "m2");
	ask_for_person(CAROL, "m3");
	view = look();
	ck_assert_int_eq(view.presence, PRESENCE_AVAILABLE);
	ck_assert_uint_eq(view.mine, 1);
	ck_assert_uint_eq(view.waiting, 2);
	ck_assert_uint_eq(view.queue_waiting, 2);
}
END_TEST

#define NOON "1763812345678"

static void offer_at_noon(const char *conversation)
{
	const struct span args[] = {span_of(conversation), SPAN_LIT("1"), SPAN_LIT("general"),
	                            SPAN_LIT(NOON), SPAN_LIT(NOON)};
	bool done = false;

	ck_assert_int_eq(redis_fcall(fx.node.redis, "ph_desk_offer", SPAN_LIT("{desk}"), args,
	                             ARRAY_LEN(args), on_reply, &done),
	                 0);
	io_wait(fx.loop, io_is_true, &done, 10000);
}

START_TEST(customers_of_one_millisecond_wait_in_the_order_of_their_coming)
{
	struct view view;

	offer_at_noon("b");
	offer_at_noon("c");
	offer_at_noon("a");
	view = look();
	ck_assert_str_eq(view.who[0], "b");
	ck_assert_str_eq(view.who[1], "c");
	ck_assert_str_eq(view.who[2], "a");
	ck_assert_uint_eq(view.oldest_ms, strtoull(NOON, NULL, 10));
}
END_TEST

TCase *desk_cases(void)
{
	TCase *tc = tcase_create("desk");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, the_longest_waiting_goes_to_the_longest_idle);
	tcase_add_test(tc, an_agent_who_is_away_gets_nothing_new);
	tcase_add_test(tc, closing_frees_the_place_and_the_next_message_begins_a_new_session);
	tcase_add_test(tc, a_session_put_back_keeps_its_place_in_the_queue);
	tcase_add_test(tc, an_agent_takes_a_waiting_session_and_nobody_else_may);
	tcase_add_test(tc, only_the_sessions_agent_speaks_and_once_per_cid);
	tcase_add_test(tc, the_sessions_of_a_console_that_is_gone_go_back);
	tcase_add_test(tc, a_place_taken_by_a_session_that_is_over_becomes_free);
	tcase_add_test(tc, who_has_a_session_and_takes_it_again_gets_it);
	tcase_add_test(tc, a_session_taken_from_the_bot_can_go_to_the_queue);
	tcase_add_test(tc, the_desk_shows_what_is_mine_and_who_waits);
	tcase_add_test(tc, customers_of_one_millisecond_wait_in_the_order_of_their_coming);
	return tc;
}
