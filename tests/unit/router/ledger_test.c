/* The reply ledger: how much a channel lets us say, and until when. */
#include "router_fixture.h"

#define QUESTION "what is the annual fee"

static void start(void)
{
	fixture_start(true);
}

static void receive_granting(const char *cid, uint32_t count, uint64_t until_ms, const char *text)
{
	const struct message m = {.kind = MESSAGE_TEXT,
	                          .address = address_of(ALICE),
	                          .channel = SPAN_LIT("ch"),
	                          .text = span_of(text),
	                          .cid = span_of(cid),
	                          .dup_key = span_of(cid),
	                          .grant_count = count,
	                          .grant_until_ms = until_ms};

	ck_assert_int_eq(receive(&fx.node, &m), 0);
}

START_TEST(replies_end_with_the_channels_budget)
{
	uint64_t until = clock_wall_ms(&clock_system) + UINT64_C(48) * 3600000, seq = 0;

	set_presence(&fx.node, "mei", 3, PRESENCE_AVAILABLE);
	receive_granting("m1", 2, until, "人工");
	wait_agent(&fx.node, ALICE, "mei");
	seq = say(&fx.node, ALICE, "mei", "c1", "one", NULL);
	seq = say(&fx.node, ALICE, "mei", "c2", "two", NULL);
	seq = say(&fx.node, ALICE, "mei", "c3", "three", NULL);
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_uint_eq(fx.node.self->count, 2);
	/* The customer writes again: there is a new budget. */
	receive_granting("m2", 2, until, "hello?");
	seq = say(&fx.node, ALICE, "mei", "c4", "four", NULL);
	wait_sent(&fx.node, 3);
	ck_assert(span_is(fx.node.self->sent[2]->text, "four"));
}
END_TEST

START_TEST(a_free_answer_costs_nothing_of_the_budget)
{
	const struct send_result free_result = {.outcome = SEND_OK, .parts = 1, .flags = SEND_FREE};

	receive_granting("m1", 1, clock_wall_ms(&clock_system) + UINT64_C(48) * 3600000, QUESTION);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &free_result);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	receive_granting("m2", 0, 0, QUESTION);
	ck_assert_uint_eq(fx.node.self->count, 2);
}
END_TEST

START_TEST(what_is_told_late_does_not_touch_the_next_messages_budget)
{
	const struct send_result used = {
		.outcome = SEND_REFUSED, .parts = 1, .flags = SEND_BUDGET_USED, .code = "x"};
	uint64_t until = clock_wall_ms(&clock_system) + UINT64_C(48) * 3600000;

	receive_granting("m1", 1, until, QUESTION);
	receive_granting("m2", 2, until, QUESTION);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &used);
	wait_status(&fx.node, ALICE, 2, STATUS_FAILED);
	receive_granting("m3", 0, 0, QUESTION); /* of two, one is left */
	ck_assert_uint_eq(fx.node.self->count, 3);
}
END_TEST

TCase *ledger_cases(void)
{
	TCase *tc = tcase_create("ledger");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, replies_end_with_the_channels_budget);
	tcase_add_test(tc, a_free_answer_costs_nothing_of_the_budget);
	tcase_add_test(tc, what_is_told_late_does_not_touch_the_next_messages_budget);
	return tc;
}
