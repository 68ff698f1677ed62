/*
 * What is asked of a channel's peer about a message that it took, and what follows from its answer;
 * and customers who can be reached again.
 */
#include "operations_fixture.h"
#include "redis_proxy.h"
#include "router_private.h"

#include <stdio.h>

static void start(void)
{
	fixture_start(false);
	fx.node.self->can_be_asked = true;
}

START_TEST(a_query_names_the_id_as_the_peer_wrote_it_and_notes_the_answer)
{
	struct asked asked;

	sent_as("00aB");
	ask(&fx.node, OPERATION_QUERY, "", &asked);
	wait_asked(1);
	ck_assert_str_eq(fx.node.self->asked_id, "00aB");
	ck_assert_str_eq(fx.node.self->asked_address, "test:alice");
	answer(0, STATUS_DELIVERED, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.err, 0);
	ck_assert_int_eq(asked.status, STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

START_TEST(a_query_that_knows_nothing_final_changes_nothing)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_QUERY, "", &asked);
	wait_asked(1);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.status, STATUS_SENT);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENT);
}
END_TEST

START_TEST(what_is_taken_back_is_canceled)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	ck_assert_int_eq(fx.node.self->asked_what, OPERATION_CANCEL);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.status, STATUS_CANCELED);
	wait_status(&fx.node, ALICE, 2, STATUS_CANCELED);
}
END_TEST

START_TEST(what_the_peer_refuses_stays_as_it_is)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	answer(-EPERM, STATUS_SENT, "smpp.0x00000011");
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "peer_refused");
	ck_assert_str_eq(asked.peer, "smpp.0x00000011");
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENT);
}
END_TEST

START_TEST(a_peer_that_does_not_answer_is_told_as_that)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	answer(-ETIMEDOUT, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "peer_silent");
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENT);
}
END_TEST

START_TEST(a_replacement_knows_the_first_text)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_REPLACE, "new", &asked);
	wait_asked(1);
	ck_assert_str_eq(fx.node.self->asked_text, "The annual fee is 100 yuan.>new");
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.err, 0);
}
END_TEST

static void replace(const char *text)
{
	unsigned times = fx.node.self->asked + 1;
	struct asked asked;

	ask(&fx.node, OPERATION_REPLACE, text, &asked);
	wait_asked(times);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.err, 0);
}

struct shown {
	bool done;
	char text[64], first[64];
	unsigned marks;
	enum message_status status;
};

static void on_shown(void *arg, const struct router_message *m)
{
	struct shown *s = arg;

	ck_assert_int_eq(m->error.err, 0);
	snprintf(s->text, sizeof(s->text), "%.*s", SPAN_FMT(m->event->message->text));
	snprintf(s->first, sizeof(s->first), "%.*s", SPAN_FMT(m->first_text));
	s->marks = m->marks;
	s->status = m->status;
	s->done = true;
}

/* Message 2 as it is now. */
static struct shown shown(void)
{
	struct shown s = {0};

	ck_assert_int_eq(
		router_message_get(fx.node.router, conversation_of(ALICE), 2, on_shown, &s), 0);
	io_wait(fx.loop, io_is_true, &s.done, 10000);
	return s;
}

/* The texts of ALICE's log that have taken another's place. */
static size_t edits(void)
{
	struct log_event events[20];
	size_t count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events)), found = 0;

	for (size_t i = 0; i < count; i++) {
		if (events[i].type != LOG_EDIT)
			continue;
		ck_assert_uint_eq(events[i].of, 2);
		ck_assert_uint_eq(events[i].message->marks, MARK_REPLACED);
		found++;
	}
	return found;
}

struct last {
	bool done, in;
	char text[64];
};

static void on_last(void *arg, const struct router_error *error,
                    const struct conversation_summary *s)
{
	struct last *last = arg;

	ck_assert_int_eq(error->err, 0);
	snprintf(last->text, sizeof(last->text), "%.*s", SPAN_FMT(s->last_text));
	last->in = s->last_in;
	last->done = true;
}

static void on_posted(void *arg, const struct router_sent *sent)
{
	ck_assert_int_eq(sent->error.err, 0);
	*(bool *)arg = true;
}

/* What a program sent, messages 1 and 2; the peer took the second. */
static void posted_as(const char *id)
{
	static const char *const texts[] = {"earlier", "first"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct router_send send = {.address = address_of(ALICE),
		                                 .channel = SPAN_LIT("ch"),
		                                 .text = span_of(texts[i]),
		                                 .author = SPAN_LIT("api:test"),
		                                 .cid = span_of(texts[i])};
		bool posted = false;

		ck_assert_int_eq(router_send(fx.node.router, &send, on_posted, &posted), 0);
		io_wait(fx.loop, io_is_true, &posted, 10000);
	}
	wait_sent(&fx.node, 2);
	tell_outcome(&fx.node, 1, SEND_OK, id);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}

START_TEST(what_the_customer_finally_got_stands_beside_what_was_sent_first)
{
	struct log_event events[20];
	struct last last = {0};
	struct shown now;

	posted_as("1");
	replace("new");
	replace("newer");
	ck_assert_str_eq(fx.node.self->asked_text, "first>newer");
	now = shown();
	ck_assert_str_eq(now.text, "newer");
	ck_assert_str_eq(now.first, "first");
	ck_assert_uint_eq(now.marks & MARK_REPLACED, MARK_REPLACED);
	ck_assert_int_eq(now.status, STATUS_SENT);
	ck_assert_uint_eq(edits(), 2);
	read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	ck_assert(span_is(events[1].message->text, "first"));
	/* Lists show it, too, as ours. */
	ck_assert_int_eq(router_summary(fx.node.router, conversation_of(ALICE), on_last, &last), 0);
	io_wait(fx.loop, io_is_true, &last.done, 10000);
	ck_assert_str_eq(last.text, "newer");
	ck_assert(!last.in);
	tell_receipt(&fx.node, "1", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
	ck_assert_str_eq(shown().text, "newer");
}
END_TEST

START_TEST(what_the_peer_does_not_replace_stays_as_it_was)
{
	struct asked asked;

	sent_as("1");
	ask(&fx.node, OPERATION_REPLACE, "new", &asked);
	wait_asked(1);
	answer(-EPERM, STATUS_SENT, "smpp.0x00000013");
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(shown().text, "The annual fee is 100 yuan.");
	ck_assert_str_eq(shown().first, "");
	ck_assert_uint_eq(edits(), 0);
}
END_TEST

static void start_proxied(void)
{
	fx.proxied = true;
	start();
}

START_TEST(what_was_replaced_is_noted_once_though_an_answer_is_lost)
{
	sent_as("1");
	(_i ? redis_proxy_lose : redis_proxy_cut)("ph2_replaced");
	replace("new");
	ck_assert(redis_proxy_lost());
	ck_assert_str_eq(shown().text, "new");
	ck_assert_uint_eq(edits(), 1);
}
END_TEST

/* Redis can be told of neither, and hears of both at once. */
START_TEST(what_was_replaced_last_stands_whatever_is_lost_before)
{
	const struct connector_answer done = {.status = STATUS_SENT};
	struct double_self *self = fx.node.self;
	struct asked first, second;
	answer_fn *fn;
	void *arg;

	sent_as("1");
	ask(&fx.node, OPERATION_REPLACE, "new", &first);
	wait_asked(1);
	fn = self->answer_fn;
	arg = self->answer_arg;
	ask(&fx.node, OPERATION_REPLACE, "newer", &second);
	wait_asked(2);
	redis_proxy_cut("ph2_replaced");
	fn(arg, &done);
	while (fx.node.router->up)
		io_loop_turn(fx.loop);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &first.done, 10000);
	io_wait(fx.loop, io_is_true, &second.done, 10000);
	ck_assert_str_eq(shown().text, "newer");
	ck_assert_uint_eq(edits(), 2);
}
END_TEST

START_TEST(each_part_is_asked_for)
{
	struct asked asked;

	sent_in_two_parts();
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	wait_asked(1);
	answer(0, STATUS_SENT, NULL);
	wait_asked(2);
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_int_eq(asked.status, STATUS_CANCELED);
	wait_status(&fx.node, ALICE, 2, STATUS_CANCELED);
	ask(&fx.node, OPERATION_REPLACE, "new", &asked);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "too_long");
}
END_TEST

START_TEST(what_is_asked_names_the_extension_behind_our_end)
{
	const struct send_result r = {.outcome = SEND_OK, .parts = 1, .id = SPAN_LIT("1")};
	struct message like;
	struct asked asked;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	like = *fx.node.self->sent[0];
	like.extension = SPAN_LIT("12");
	connector_result(fx.node.self->host, &like, &r);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	ask(&fx.node, OPERATION_QUERY, "", &asked);
	wait_asked(1);
	ck_assert_str_eq(fx.node.self->asked_local, "95500+12");
	answer(0, STATUS_SENT, NULL);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
}
END_TEST

START_TEST(what_the_peer_has_not_taken_cannot_be_asked_of)
{
	struct asked asked;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "no_peer_id");
	ck_assert_uint_eq(fx.node.self->asked, 0);
}
END_TEST

/* The request names the id: another text, or the end of it, would be all of theirs. */
START_TEST(of_an_id_that_others_share_the_peer_is_not_asked)
{
	const struct send_result shared = {
		.outcome = SEND_OK, .flags = SEND_SHARED_ID, .parts = 1, .id = SPAN_LIT("many1")};
	const enum connector_operation all[] = {OPERATION_QUERY, OPERATION_CANCEL,
	                                        OPERATION_REPLACE};
	struct asked asked;

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	wait_sent(&fx.node, 1);
	connector_result(fx.node.self->host, fx.node.self->sent[0], &shared);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		ask(&fx.node, all[i], "new", &asked);
		io_wait(fx.loop, io_is_true, &asked.done, 10000);
		ck_assert_str_eq(asked.code, "no_peer_id");
	}
	ck_assert_uint_eq(fx.node.self->asked, 0);
}
END_TEST

START_TEST(a_peer_that_may_not_be_asked_is_not)
{
	struct asked asked;

	sent_as("1");
	fx.node.self->can_be_asked = false;
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "not_supported");
	ck_assert_uint_eq(fx.node.self->asked, 0);
}
END_TEST

/* Whose channel is never asked pays nothing for it. */
START_TEST(ids_are_kept_only_where_the_peer_may_be_asked)
{
	struct asked asked;

	fx.node.self->can_be_asked = false;
	sent_as("1");
	fx.node.self->can_be_asked = true;
	ask(&fx.node, OPERATION_CANCEL, "", &asked);
	io_wait(fx.loop, io_is_true, &asked.done, 10000);
	ck_assert_str_eq(asked.code, "no_peer_id");
}
END_TEST

/* ---- receipts that find nothing, or never come ---- */

static uint64_t unmatched(const char *reason)
{
	return *metric_get2(METRIC_COUNTER, RECEIPTS_UNMATCHED, RECEIPTS_UNMATCHED_HELP, "channel",
	                    "ch", "reason", reason);
}

static void on_told(void *arg, int err)
{
	ck_assert_int_eq(err, 0);
	*(bool *)arg = true;
}

static void tell(struct span address, const char *id)
{
	const struct receipt receipt = {
		.id = span_of(id), .address = address, .status = STATUS_DELIVERED};
	bool done = false;

	connector_receipt(fx.node.self->host, &receipt, on_told, &done);
	io_wait(fx.loop, io_is_true, &done, 10000);
}

START_TEST(a_receipt_without_a_message_is_counted_by_why)
{
	uint64_t unknown = unmatched("unknown_id"), waits = unmatched("waits_for_its_id"),
		 others = unmatched("of_another_customer");

	tell(SPAN_NONE, "77");
	ck_assert_uint_eq(unmatched("unknown_id"), unknown + 1);
	tell(address_of(ALICE), "78");
	ck_assert_uint_eq(unmatched("waits_for_its_id"), waits + 1);
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "38");
	wait_status(&fx.node, BOB, 2, STATUS_SENT);
	tell(address_of(ALICE), "56"); /* 0x38 in decimal, but not hers */
	ck_assert_uint_eq(unmatched("of_another_customer"), others + 1);
	tell(address_of(BOB), "56");
	wait_status(&fx.node, BOB, 2, STATUS_DELIVERED);
}
END_TEST

static char logged[2048];

static void keep_log(void *arg, struct span line)
{
	(void)arg;
	if (memmem(line.ptr, line.len, "receipt_contradicts", 19))
		snprintf(logged, sizeof(logged), "%.*s", SPAN_FMT(line));
}

START_TEST(a_second_final_word_that_contradicts_the_first_is_logged)
{
	sent_as("1");
	log_set_sink(keep_log, NULL);
	logged[0] = '\0';
	tell_receipt(&fx.node, "1", STATUS_SENT); /* intermediate */
	tell_receipt(&fx.node, "1", STATUS_DELIVERED);
	tell_receipt(&fx.node, "1", STATUS_DELIVERED); /* twice the same */
	ck_assert_str_eq(logged, "");
	tell_receipt(&fx.node, "1", STATUS_UNDELIVERED);
	ck_assert_msg(strstr(logged, "stays=delivered") && strstr(logged, "said=undelivered"), "%s",
	              logged);
	log_set_sink(NULL, NULL);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_DELIVERED);
}
END_TEST

START_TEST(what_never_got_a_receipt_is_unknown_after_its_validity_and_two_days)
{
	const struct connector_host *host = fx.node.self->host;
	const uint64_t t = 1700000000000;
	struct message m = {.direction = MESSAGE_OUT, .ts_ms = t, .validity_ms = HOUR_MS};

	ck_assert(!receipts_overdue(host, &m, t + 49 * HOUR_MS));
	ck_assert(receipts_overdue(host, &m, t + 49 * HOUR_MS + 1));
	m.due_ms = t + 10 * HOUR_MS;
	ck_assert(!receipts_overdue(host, &m, t + 59 * HOUR_MS));
	ck_assert(receipts_overdue(host, &m, t + 59 * HOUR_MS + 1));
	m.due_ms = m.validity_ms = 0; /* the peer's own time: as long as its id is known */
	ck_assert(!receipts_overdue(host, &m, t + 72 * HOUR_MS));
	ck_assert(receipts_overdue(host, &m, t + 72 * HOUR_MS + 1));
	m.service.receipt = RECEIPT_UNWANTED;
	ck_assert(!receipts_overdue(host, &m, t + 500 * HOUR_MS));
}
END_TEST

/* ---- reachable again ---- */

static void put_off(size_t i)
{
	const struct send_result later = {
		.outcome = SEND_RETRY, .parts = 1, .code = "busy", .retry_ms = 60000};

	connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
}

START_TEST(what_waits_for_a_customer_goes_when_the_peer_says_that_they_are_there)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m1", QUESTION), 0);
	put_off(0);
	put_off(1);
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(fx.node.self->count, 2);
	connector_reachable(fx.node.self->host, address_of(BOB));
	wait_sent(&fx.node, 3);
	ck_assert(span_eq(fx.node.self->sent[2]->address, address_of(BOB)));
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(fx.node.self->count, 3); /* ALICE's still waits */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_query_names_the_id_as_the_peer_wrote_it_and_notes_the_answer,
		a_query_that_knows_nothing_final_changes_nothing,
		what_is_taken_back_is_canceled,
		what_the_peer_refuses_stays_as_it_is,
		a_peer_that_does_not_answer_is_told_as_that,
		a_replacement_knows_the_first_text,
		what_the_customer_finally_got_stands_beside_what_was_sent_first,
		what_the_peer_does_not_replace_stays_as_it_was,
		each_part_is_asked_for,
		what_is_asked_names_the_extension_behind_our_end,
		what_the_peer_has_not_taken_cannot_be_asked_of,
		of_an_id_that_others_share_the_peer_is_not_asked,
		a_peer_that_may_not_be_asked_is_not,
		ids_are_kept_only_where_the_peer_may_be_asked,
		a_receipt_without_a_message_is_counted_by_why,
		a_second_final_word_that_contradicts_the_first_is_logged,
		what_never_got_a_receipt_is_unknown_after_its_validity_and_two_days,
		what_waits_for_a_customer_goes_when_the_peer_says_that_they_are_there,
	};
	TCase *tc = tcase_create("operations");
	TCase *lost = tcase_create("lost answers");
	TCase *cases[] = {tc, lost, far_cases(), far_lost_cases()};

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_set_timeout(lost, 40);
	tcase_add_checked_fixture(lost, start_proxied, fixture_stop);
	tcase_add_loop_test(lost, what_was_replaced_is_noted_once_though_an_answer_is_lost, 0, 2);
	tcase_add_test(lost, what_was_replaced_last_stands_whatever_is_lost_before);
	return unit_run("operations", cases, ARRAY_LEN(cases));
}
