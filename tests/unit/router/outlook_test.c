/* What somebody who asks for a person is up against, as each node knows it. */
#include "router_fixture.h"
#include "router_keys.h"
#include "router_private.h"

#include <stdio.h>

#define LASTS "ph:{desk}:t:general"

static void start(void)
{
	fixture_start(false);
}

static struct bot_desk now(void)
{
	return desk_outlook(fx.node.router, SPAN_LIT("general"));
}

/* What the desk is to look like. */
struct wanted {
	unsigned agents, place;
};

static bool is_so(const void *arg)
{
	const struct wanted *w = arg;
	struct bot_desk desk = now();

	return desk.known && desk.agents == w->agents && desk.place == w->place;
}

static bool is_unknown(const void *arg)
{
	(void)arg;
	return !now().known && fx.node.router->up;
}

static void wait_desk(unsigned agents, unsigned place)
{
	const struct wanted w = {agents, place};

	io_wait(fx.loop, is_so, &w, 10000);
}

static void on_reply(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	ck_assert_int_ne(reply->type, REDIS_REPLY_ERROR);
	*(long long *)arg =
		reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : reply->integer;
}

static bool is_told(const void *arg)
{
	return *(const long long *)arg >= 0;
}

static long long command(const struct span *argv, int argc)
{
	long long answer = -1;

	ck_assert_int_eq(redis_command(fx.node.redis, argc, argv, on_reply, &answer), 0);
	io_wait(fx.loop, is_told, &answer, 10000);
	return answer;
}

static void ask_for_person(unsigned customer, const char *cid)
{
	ck_assert_int_eq(receive_text(&fx.node, customer, cid, "人工"), 0);
}

START_TEST(nobody_is_there_until_somebody_is_available)
{
	wait_desk(0, 0);
	set_presence(&fx.node, "mei", 2, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	set_presence(&fx.node, "mei", 2, PRESENCE_AWAY);
	wait_desk(0, 0);
}
END_TEST

START_TEST(an_agent_whose_console_is_gone_is_not_there)
{
	set_presence(&fx.node, "mei", 2, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	fx.ahead_s += GRACE_S + 1;
	wait_desk(0, 0);
}
END_TEST

START_TEST(who_comes_when_all_are_busy_has_a_place)
{
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	wait_desk(1, 1);
	ask_for_person(BOB, "m2");
	wait_desk(1, 2);
	set_presence(&fx.node, "tom", 3, PRESENCE_AVAILABLE);
	wait_agent(&fx.node, BOB, "tom");
	wait_desk(2, 0);
	ck_assert_uint_eq(now().wait_min, 0);
}
END_TEST

START_TEST(how_long_sessions_last_is_noted)
{
	const struct span first[] = {SPAN_LIT("LINDEX"), SPAN_LIT(LASTS), SPAN_LIT("0")};
	const struct span length[] = {SPAN_LIT("LLEN"), SPAN_LIT(LASTS)};
	struct ok_call call = {0};

	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ask_for_person(ALICE, "m1");
	wait_agent(&fx.node, ALICE, "mei");
	fx.ahead_s += GRACE_S / 2;
	ck_assert_int_eq(router_close(fx.node.router, conversation_of(ALICE), SPAN_LIT("mei"),
	                              SPAN_LIT("solved"), SPAN_LIT(""), on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	ck_assert_int_eq(command(length, (int)ARRAY_LEN(length)), 1);
	ck_assert_int_ge(command(first, (int)ARRAY_LEN(first)), GRACE_S / 2 * INT64_C(1000));
}
END_TEST

static const struct lasting {
	unsigned capacity;
	const char *lasted[4]; /* ms */
	unsigned wait_min;     /* of who has the first place */
} lasting[] = {
	{1, {"600000", "600000"},                 0 }, /* too few to tell */
	{1, {"600000", "60000", "900000"},        10},
	{2, {"600000", "600000", "600000"},       5 },
	{1, {"10", "20", "30"},                   1 },
	{1, {"60000001", "60000001", "60000001"}, 0 }, /* longer than anybody is told */
};

START_TEST(who_waits_is_told_about_how_long)
{
	const struct lasting *l = &lasting[_i];

	for (size_t i = 0; l->lasted[i]; i++) {
		const struct span push[] = {SPAN_LIT("LPUSH"), SPAN_LIT(LASTS),
		                            span_of(l->lasted[i])};

		command(push, (int)ARRAY_LEN(push));
	}
	set_presence(&fx.node, "mei", l->capacity, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	ask_for_person(ALICE, "m1");
	if (l->capacity > 1)
		ask_for_person(DAVE, "m2");
	wait_desk(1, 1);
	ck_assert_uint_eq(now().wait_min, l->wait_min);
}
END_TEST

START_TEST(of_another_queue_nothing_is_said)
{
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	ck_assert_uint_eq(desk_outlook(fx.node.router, SPAN_LIT("loans")).agents, 0);
}
END_TEST

/* More queues than are looked at: of one that may be among the others nothing is known. */
START_TEST(of_a_queue_beyond_those_that_are_looked_at_nothing_is_said)
{
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	wait_desk(1, 0);
	for (unsigned i = 0; i < DESK_QUEUES_MAX; i++) {
		char name[16];
		int len = snprintf(name, sizeof(name), "a%u", i);
		const struct span add[] = {
			SPAN_LIT("SADD"), SPAN_LIT("ph:{desk}:queues"), {name, (size_t)len}
                };

		command(add, (int)ARRAY_LEN(add));
	}
	io_wait(fx.loop, is_unknown, NULL, 10000);
}
END_TEST

TCase *outlook_cases(void)
{
	TCase *tc = tcase_create("outlook");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, nobody_is_there_until_somebody_is_available);
	tcase_add_test(tc, an_agent_whose_console_is_gone_is_not_there);
	tcase_add_test(tc, who_comes_when_all_are_busy_has_a_place);
	tcase_add_test(tc, how_long_sessions_last_is_noted);
	tcase_add_loop_test(tc, who_waits_is_told_about_how_long, 0, (int)ARRAY_LEN(lasting));
	tcase_add_test(tc, of_another_queue_nothing_is_said);
	tcase_add_test(tc, of_a_queue_beyond_those_that_are_looked_at_nothing_is_said);
	return tc;
}
