/*
 * What comes once more over another session: which of it the SMSC resends, and which a customer
 * says again. docs/protocols/smpp.md
 */
#include "link_fixture.h"

static const char *const customer = "sms:+8613800138000";

/* What the host makes of the marks: the same, over another session, not provably answered. */
static bool is_duplicate(const struct message *first, const struct message *second)
{
	return span_eq(first->dup_key, second->dup_key) &&
	       !span_eq(first->dup_epoch, second->dup_epoch) &&
	       first->ts_ms >= second->dup_after_ms;
}

START_TEST(the_same_text_twice_in_one_session_is_two_messages)
{
	open_bound("");
	deliver_text("1");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(span_eq(host.received[0]->dup_key, host.received[1]->dup_key));
	ck_assert(!is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(a_resend_after_a_lost_answer_is_a_duplicate)
{
	open_bound("");
	host.hold = true;
	deliver_text("1");
	AWAIT(host.received_count == 1);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	host.hold = false;
	host_settle(&host, 0);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	ck_assert(is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(a_resend_of_what_was_answered_just_before_the_loss_is_one_too)
{
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(is_duplicate(host.received[0], host.received[1]));
}
END_TEST

START_TEST(what_was_provably_answered_is_no_duplicate_later)
{
	unsigned enquiries;

	open_bound("enquire_link: 100 ms\n");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	host_pass(loop, 20);
	enquiries = smsc.enquiries;
	/* The answer to an enquiry that left after ours says that ours arrived. */
	AWAIT(smsc.enquiries >= enquiries + 2);
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(span_eq(host.received[0]->dup_key, host.received[1]->dup_key));
	ck_assert(!is_duplicate(host.received[0], host.received[1]));
}
END_TEST

static uint64_t shift_ms; /* by which the channel's wall clock goes forward */

static uint64_t shifted_wall_ms(const struct clock *clock)
{
	(void)clock;
	return clock_wall_ms(&clock_system) + shift_ms;
}

static uint64_t system_mono_us(const struct clock *clock)
{
	(void)clock;
	return clock_mono_us(&clock_system);
}

static const struct clock shifted = {.mono_us = system_mono_us, .wall_ms = shifted_wall_ms};

static void open_shifted(void)
{
	open_bound("");
	shift_ms = 0;
	((struct smpp_channel *)host.self)->clock = &shifted;
}

static void lose_session_for(uint64_t ms)
{
	smsc_drop(&smsc);
	AWAIT(host.state == CHANNEL_DOWN);
	shift_ms += ms;
	AWAIT(host.state == CHANNEL_UP);
}

START_TEST(a_resend_after_an_hour_without_a_session_is_a_duplicate)
{
	enum { HOUR = 3600 * 1000 };

	open_shifted();
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	lose_session_for(HOUR);
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(is_duplicate(host.received[0], host.received[1]));
}
END_TEST

/* Each loss counts for its own ten minutes, not for as long as others follow it. */
START_TEST(sessions_that_are_lost_again_and_again_swallow_nobody)
{
	enum { MINUTE = 60 * 1000, TIMES = 6 };

	open_shifted();
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	for (unsigned i = 0; i < TIMES; i++) {
		lose_session_for(1000);
		shift_ms += UINT64_C(4) * MINUTE;
	}
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert(!is_duplicate(host.received[0], host.received[1]));
}
END_TEST

/* Another process: the same values, kept by the host; nothing else. */
static void restart(void)
{
	struct host_value *values = host.values;

	host.values = NULL;
	host_close(&host);
	memset(&host, 0, sizeof(host));
	host.values = values;
}

START_TEST(after_a_crash_what_was_not_provably_answered_may_come_again)
{
	uint64_t said;

	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	said = host.received[0]->ts_ms;
	restart();
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_ge(said, host.received[0]->dup_after_ms);
}
END_TEST

START_TEST(after_an_orderly_stop_the_same_said_again_is_a_message)
{
	uint64_t said;

	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 1);
	said = host.received[0]->ts_ms;
	host_pass(loop, 5);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	restart();
	open_bound("");
	deliver_text("1");
	AWAIT(smsc.delivered == 2);
	ck_assert_uint_lt(said, host.received[0]->dup_after_ms);
}
END_TEST

START_TEST(the_proof_is_not_stored_anew_with_each_response_of_a_slow_peer)
{
	struct smpp_channel *ch;
	uint64_t stored;

	open_bound("");
	ch = host.self;
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	host_pass(loop, 20);
	stored = ch->proof_stored_ms = clock_wall_ms(&clock_system); /* after its request */
	host_pass(loop, 20);
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 1);
	ck_assert_uint_eq(ch->proof_stored_ms, stored);
}
END_TEST

START_TEST(what_differs_in_anything_is_another_message)
{
	open_bound("");
	deliver_text("1");
	deliver_text("2");
	smsc_deliver(&smsc, "8613800138001", "95500", 0, 0, SPAN_LIT("1"), SPAN_NONE);
	smsc_deliver(&smsc, "8613800138000", "955001", 0, 0, SPAN_LIT("1"), SPAN_NONE);
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 1, SPAN_LIT("1"), SPAN_NONE);
	AWAIT(host.received_count == 5);
	for (unsigned i = 1; i < 5; i++)
		ck_assert(!span_eq(host.received[0]->dup_key, host.received[i]->dup_key));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_same_text_twice_in_one_session_is_two_messages,
		a_resend_after_a_lost_answer_is_a_duplicate,
		a_resend_of_what_was_answered_just_before_the_loss_is_one_too,
		what_was_provably_answered_is_no_duplicate_later,
		a_resend_after_an_hour_without_a_session_is_a_duplicate,
		sessions_that_are_lost_again_and_again_swallow_nobody,
		after_a_crash_what_was_not_provably_answered_may_come_again,
		after_an_orderly_stop_the_same_said_again_is_a_message,
		the_proof_is_not_stored_anew_with_each_response_of_a_slow_peer,
		what_differs_in_anything_is_another_message,
	};
	TCase *tc = tcase_create("duplicates");

	add_tests(tc, tests, ARRAY_LEN(tests));
	return unit_run("smpp duplicates", &tc, 1);
}
