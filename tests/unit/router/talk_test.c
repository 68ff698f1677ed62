/*
 * What the customer does after the bot spoke stands in the conversation, and what is for verified
 * customers goes to nobody else: on a real Redis.
 */
#include "router_fixture.h"

#define QUESTION "what is the annual fee"
#define STATEMENT "send my statement"

enum { WAIT_MS = 15000 };

static void start(void)
{
	fixture_start(false);
}

/* What the log says of the customer's last message: which of the bot's it follows, and how. */
static const char *last_after(uint64_t *seq)
{
	struct log_event events[32];
	size_t count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));

	while (count--)
		if (events[count].type == LOG_MESSAGE &&
		    events[count].message->direction == MESSAGE_IN) {
			*seq = events[count].after;
			return events[count].after_did ? events[count].after_did : "";
		}
	return "";
}

static const struct next {
	const char *said, *did;
} nexts[] = {
	{"thanks a lot",               "thanks" },
	{"how much is the annual fee", "same"   },
	{"opening hours",              "other"  },
	{"agent please",               "person" },
	{"your service is useless",    "person" },
	{"never mind",                 "dropped"},
	{"zzzz qqqq",                  "other"  },
};

START_TEST(what_follows_an_answer_is_noted_at_what_follows)
{
	uint64_t of = 0;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_str_eq(last_after(&of), "");
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", nexts[_i].said), 0);
	ck_assert_str_eq(last_after(&of), nexts[_i].did);
	ck_assert_uint_eq(of, 2);
}
END_TEST

START_TEST(only_what_comes_first_follows_but_the_same_matter_always_does)
{
	uint64_t of = 0;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", "thanks"), 0);
	ck_assert_str_eq(last_after(&of), "thanks");
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", "thanks"), 0);
	ck_assert_str_eq(last_after(&of), "thanks");
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m3", "are you there"), 0);
	ck_assert_str_eq(last_after(&of), "");
}
END_TEST

static bool told, was_changed;

static void on_verified(void *arg, const struct router_error *error, struct span conversation,
                        bool changed)
{
	(void)arg;
	ck_assert_int_eq(error->err, 0);
	ck_assert(span_eq(conversation, conversation_of(ALICE)));
	was_changed = changed;
	told = true;
}

/* Alice is verified until then; 0: not any more. Says whether that was news. */
static bool verify(uint64_t until_ms)
{
	const struct router_verification v = {.channel = SPAN_LIT("ch"),
	                                      .address = address_of(ALICE),
	                                      .until_ms = until_ms,
	                                      .how = SPAN_LIT("app"),
	                                      .by = SPAN_LIT("api:bank")};

	told = false;
	ck_assert_int_eq(router_verify(fx.node.router, &v, on_verified, NULL), 0);
	io_wait(fx.loop, io_is_true, &told, WAIT_MS);
	return was_changed;
}

static uint64_t in_ms(uint64_t ms)
{
	return clock_wall_ms(io_loop_clock(fx.loop)) + ms;
}

START_TEST(what_is_for_the_verified_brings_a_person_to_all_others)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", STATEMENT), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_OUT), 0);
}
END_TEST

START_TEST(a_verified_customer_gets_it_and_its_end_ends_it)
{
	ck_assert(verify(in_ms(3600000)));
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", STATEMENT), 0);
	ck_assert_uint_eq(fx.node.self->count, 1);
	ck_assert(span_is(fx.node.self->sent[0]->text, "Your statement is sent."));
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_BOT);
	ck_assert(verify(0));
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m2", STATEMENT), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
	ck_assert_uint_eq(fx.node.self->count, 1);
}
END_TEST

START_TEST(a_verification_ends_by_itself)
{
	uint64_t until = in_ms(1500);

	ck_assert(verify(until));
	while (in_ms(0) <= until)
		io_idle(fx.loop, 5);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", STATEMENT), 0);
	ck_assert_int_eq(state_of(&fx.node, ALICE), SESSION_QUEUED);
}
END_TEST

START_TEST(who_verified_how_and_until_when_is_noted_once)
{
	struct log_event events[8];
	uint64_t until = in_ms(3600000);

	ck_assert(verify(until));
	ck_assert(!verify(until)); /* its answer was lost, say */
	ck_assert(verify(0));
	ck_assert(!verify(0));
	ck_assert_uint_eq(read_log(&fx.node, ALICE, events, ARRAY_LEN(events)), 2);
	ck_assert_int_eq(events[0].type, LOG_VERIFIED);
	ck_assert_uint_eq(events[0].until_ms, until);
	ck_assert_int_eq(events[1].type, LOG_VERIFIED);
	ck_assert_uint_eq(events[1].until_ms, 0);
}
END_TEST

static void on_page(void *arg, int err)
{
	ck_assert_int_eq(err, 0);
	*(bool *)arg = true;
}

/* As the web chat does, with each page that is served. */
static void verify_by_page(uint64_t until_ms)
{
	bool done = false;

	connector_verified(fx.node.self->host, address_of(ALICE), until_ms, on_page, &done);
	io_wait(fx.loop, io_is_true, &done, WAIT_MS);
}

static void on_summary(void *arg, const struct router_error *error,
                       const struct conversation_summary *summary)
{
	ck_assert_int_eq(error->err, 0);
	*(uint64_t *)arg = summary->verified_until_ms;
}

static bool is_set(const void *arg)
{
	return *(const uint64_t *)arg != UINT64_MAX;
}

static uint64_t verified_until(void)
{
	uint64_t until = UINT64_MAX;

	ck_assert_int_eq(router_summary(fx.node.router, conversation_of(ALICE), on_summary, &until),
	                 0);
	io_wait(fx.loop, is_set, &until, WAIT_MS);
	return until;
}

START_TEST(each_page_makes_it_longer_and_is_noted_once)
{
	struct log_event events[8];
	uint64_t until = in_ms(600000);

	verify_by_page(until);
	verify_by_page(until + 1000);
	verify_by_page(until + 2000);
	verify_by_page(until); /* a page that was opened before */
	ck_assert_uint_eq(verified_until(), until + 2000);
	ck_assert_uint_eq(read_log(&fx.node, ALICE, events, ARRAY_LEN(events)), 1);
	ck_assert_uint_eq(events[0].until_ms, until);
	verify_by_page(0);
	ck_assert_uint_eq(verified_until(), 0);
	ck_assert_uint_eq(read_log(&fx.node, ALICE, events, ARRAY_LEN(events)), 2);
}
END_TEST

START_TEST(a_page_does_not_cut_what_holds_longer_and_others_words_are_noted)
{
	struct log_event events[8];
	uint64_t until = in_ms(600000);

	ck_assert(verify(until));
	verify_by_page(until - 1000);
	ck_assert_uint_eq(verified_until(), until);
	verify_by_page(until + 1000);
	ck_assert_uint_eq(verified_until(), until + 1000);
	ck_assert(verify(until)); /* the house's own word holds as it says */
	ck_assert_uint_eq(verified_until(), until);
	ck_assert_uint_eq(read_log(&fx.node, ALICE, events, ARRAY_LEN(events)), 3);
}
END_TEST

START_TEST(one_customers_verification_is_nobody_elses)
{
	ck_assert(verify(in_ms(3600000)));
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m1", STATEMENT), 0);
	ck_assert_int_eq(state_of(&fx.node, BOB), SESSION_QUEUED);
	ck_assert_uint_eq(fx.node.self->count, 0);
}
END_TEST

TCase *talk_cases(void)
{
	TCase *tc = tcase_create("talk");

	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_loop_test(tc, what_follows_an_answer_is_noted_at_what_follows, 0,
	                    (int)ARRAY_LEN(nexts));
	tcase_add_test(tc, only_what_comes_first_follows_but_the_same_matter_always_does);
	tcase_add_test(tc, what_is_for_the_verified_brings_a_person_to_all_others);
	tcase_add_test(tc, a_verified_customer_gets_it_and_its_end_ends_it);
	tcase_add_test(tc, a_verification_ends_by_itself);
	tcase_add_test(tc, who_verified_how_and_until_when_is_noted_once);
	tcase_add_test(tc, each_page_makes_it_longer_and_is_noted_once);
	tcase_add_test(tc, a_page_does_not_cut_what_holds_longer_and_others_words_are_noted);
	tcase_add_test(tc, one_customers_verification_is_nobody_elses);
	return tc;
}
