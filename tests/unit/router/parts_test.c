/* Parts of long messages on a real Redis: joined, known again, reused, told late and mended. */
#include "redis_proxy.h"
#include "router_fixture.h"

#include <stdio.h>

/* Whether a whole is a message at once, and said so. */
static bool take_parts;

struct part_result {
	unsigned told;
	bool incomplete;
	bool done;
	int err;
	bool whole;
	uint64_t generation;
	char text[64];
};

static void on_part(void *arg, int kept, const struct message_parts *whole)
{
	struct part_result *r = arg;

	*r = (struct part_result){.done = true, .err = kept, .whole = whole != NULL};
	if (!whole)
		return;
	r->generation = whole->generation;
	r->told = whole->told;
	for (unsigned i = 0; i < whole->total; i++)
		if (whole->parts[i].len)
			strncat(r->text, whole->parts[i].ptr, whole->parts[i].len);
	if (take_parts)
		connector_parts_done(fx.node.self->host, whole);
}

/* What the heartbeat told last. */
static struct part_result told_due;

static void on_due(void *self, const struct message_parts *parts)
{
	(void)self;
	on_part(&told_due, 0, parts);
	told_due.incomplete = parts->timed_out;
}

/* What a part comes over, and since when its answers are not proved. */
static struct part_way {
	const char *epoch;
	uint64_t resend_after_ms, timeout_ms;
} way;

static struct part_result keep_part(uint16_t number, uint16_t total, const char *octets)
{
	const struct message_part part = {.key = SPAN_LIT("alice 95500 7"),
	                                  .number = number,
	                                  .total = total,
	                                  .octets = span_of(octets),
	                                  .meta = SPAN_LIT("meta"),
	                                  .epoch = span_of(way.epoch),
	                                  .resend_after_ms = way.resend_after_ms,
	                                  .timeout_ms = way.timeout_ms};
	struct part_result r = {0};

	connector_part(fx.node.self->host, &part, on_part, &r);
	io_wait(fx.loop, io_is_true, &r.done, 5000);
	return r;
}

START_TEST(parts_make_a_whole_in_any_order_and_again_when_repeated)
{
	struct part_result r;

	take_parts = false;
	ck_assert(!keep_part(3, 3, "c").whole);
	ck_assert(!keep_part(1, 3, "a").whole);
	ck_assert(!keep_part(1, 3, "a").whole);
	r = keep_part(2, 3, "b");
	ck_assert(r.whole);
	ck_assert_str_eq(r.text, "abc");
	/* Its acknowledgement was lost: it comes again, and so does the whole, of the same
	 * generation. */
	ck_assert(keep_part(2, 3, "b").whole);
	ck_assert_uint_eq(keep_part(2, 3, "b").generation, r.generation);
	/* The reference is used again for another text. */
	ck_assert(!keep_part(1, 3, "x").whole);
	ck_assert(!keep_part(2, 3, "y").whole);
	ck_assert_str_eq(keep_part(3, 3, "z").text, "xyz");
	ck_assert_uint_ne(keep_part(3, 3, "z").generation, r.generation);
}
END_TEST

START_TEST(a_part_without_octets_is_there_all_the_same)
{
	take_parts = false;
	ck_assert(!keep_part(1, 3, "a").whole);
	ck_assert(!keep_part(3, 3, "").whole);
	ck_assert_str_eq(keep_part(2, 3, "b").text, "ab");
	ck_assert_str_eq(keep_part(3, 3, "").text, "ab");
}
END_TEST

static void parts_set_up(void)
{
	fx.proxied = true;
	fixture_start(false);
	take_parts = true;
	way = (struct part_way){.epoch = "link-1", .resend_after_ms = UINT64_MAX / 2};
}

static unsigned open_count;

static void on_open_count(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	open_count += (unsigned)reply->integer;
	*(bool *)arg = true;
}

/* How many long messages wait for their rest. */
static unsigned parts_open(void)
{
	char key[16];

	open_count = 0;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		const struct span argv[] = {
			SPAN_LIT("ZCARD"), {key, 9}
                };
		bool done = false;

		snprintf(key, sizeof(key), "ph:pd:{%u}", p);
		ck_assert_int_eq(redis_command(fx.node.redis, 2, argv, on_open_count, &done), 0);
		io_wait(fx.loop, io_is_true, &done, 5000);
	}
	return open_count;
}

/* It was kept, and nobody could say so: it comes again when the rest has made it a message. */
START_TEST(a_part_whose_keeping_was_not_heard_of_begins_no_message_when_it_comes_again)
{
	redis_proxy_lose("ph_part");
	ck_assert_int_eq(keep_part(1, 2, "Dear bank, ").err, -EAGAIN);
	io_wait(fx.loop, io_is_true, &fx.node.up, 5000);
	ck_assert_str_eq(keep_part(2, 2, "hello").text, "Dear bank, hello");
	ck_assert(!keep_part(1, 2, "Dear bank, ").whole);
	ck_assert_uint_eq(parts_open(), 0);
	/* Once: then it is the next message's. */
	ck_assert(!keep_part(1, 2, "Dear bank, ").whole);
	ck_assert_str_eq(keep_part(2, 2, "goodbye").text, "Dear bank, goodbye");
}
END_TEST

START_TEST(a_reference_used_again_with_the_same_first_part_is_another_message)
{
	struct part_result a, b;

	ck_assert(!keep_part(1, 2, "Dear bank, ").whole);
	a = keep_part(2, 2, "hello");
	ck_assert_str_eq(a.text, "Dear bank, hello");
	ck_assert(!keep_part(1, 2, "Dear bank, ").whole);
	b = keep_part(2, 2, "goodbye");
	ck_assert_str_eq(b.text, "Dear bank, goodbye");
	ck_assert_uint_ne(a.generation, b.generation);
}
END_TEST

START_TEST(the_same_long_text_again_is_another_message_and_a_resend_is_not)
{
	struct part_result a, b;

	keep_part(1, 2, "a");
	a = keep_part(2, 2, "b");
	ck_assert(!keep_part(1, 2, "a").whole);
	b = keep_part(2, 2, "b");
	ck_assert(b.whole && b.generation != a.generation);
	/* A new link, and nothing is proved: both come again and are nothing new. */
	way = (struct part_way){.epoch = "link-2", .resend_after_ms = 0};
	ck_assert(!keep_part(1, 2, "a").whole);
	ck_assert(!keep_part(2, 2, "b").whole);
}
END_TEST

START_TEST(what_was_taken_for_a_resend_is_the_next_messages_when_its_time_is_over)
{
	keep_part(1, 2, "a");
	ck_assert(keep_part(2, 2, "b").whole);
	way = (struct part_way){.epoch = "link-2", .resend_after_ms = 0, .timeout_ms = 1};
	ck_assert(!keep_part(1, 2, "a").whole);
	ck_assert(!keep_part(2, 2, "c").whole);
	told_due = (struct part_result){0};
	connector_on_parts(fx.node.self->host, on_due);
	io_wait(fx.loop, io_is_true, &told_due.done, 5000);
	ck_assert_str_eq(told_due.text, "ac");
	ck_assert(!told_due.incomplete);
}
END_TEST

START_TEST(parts_of_a_reference_used_too_early_are_not_lost)
{
	way.timeout_ms = 1;
	keep_part(1, 3, "old-1 ");
	keep_part(2, 3, "old-2 ");
	way.timeout_ms = 60000;
	keep_part(1, 3, "new-1 ");
	told_due = (struct part_result){0};
	connector_on_parts(fx.node.self->host, on_due);
	io_wait(fx.loop, io_is_true, &told_due.done, 5000);
	ck_assert_str_eq(told_due.text, "old-1 old-2 ");
	ck_assert(told_due.incomplete);
	keep_part(2, 3, "new-2 ");
	ck_assert_str_eq(keep_part(3, 3, "new-3").text, "new-1 new-2 new-3");
}
END_TEST

START_TEST(the_rest_that_comes_after_the_time_out_says_what_was_told)
{
	struct part_result r;

	way.timeout_ms = 1;
	keep_part(1, 3, "a");
	keep_part(3, 3, "c");
	told_due = (struct part_result){0};
	connector_on_parts(fx.node.self->host, on_due);
	io_wait(fx.loop, io_is_true, &told_due.done, 5000);
	ck_assert_str_eq(told_due.text, "ac");
	ck_assert_uint_eq(told_due.told, 0);
	r = keep_part(2, 3, "b");
	ck_assert_str_eq(r.text, "abc");
	ck_assert_uint_eq(r.told, 2);
	ck_assert_uint_eq(r.generation, told_due.generation);
}
END_TEST

/* The link is answered "try again" when the whole could not be made a message. */
START_TEST(a_whole_that_is_not_yet_a_message_comes_again_over_the_same_link)
{
	take_parts = false;
	keep_part(1, 2, "a");
	ck_assert(keep_part(2, 2, "b").whole);
	ck_assert(keep_part(2, 2, "b").whole);
	take_parts = true;
	ck_assert(keep_part(2, 2, "b").whole);
	ck_assert(!keep_part(2, 2, "b").whole);
}
END_TEST

/* ---- mending ---- */

/* A text from Alice that has what like has. */
static int receive_like(const struct message *like)
{
	struct message m = *like;

	m.direction = MESSAGE_IN;
	m.ts_ms = clock_wall_ms(&clock_system);
	m.address = address_of(ALICE);
	m.channel = SPAN_LIT("ch");
	m.local = SPAN_LIT("95500");
	m.author = SPAN_LIT("customer");
	return receive(&fx.node, &m);
}

START_TEST(what_completes_a_message_is_an_edit_of_it)
{
	const struct message first = {.text = SPAN_LIT("one … three"),
	                              .dup_key = SPAN_LIT("p1"),
	                              .cid = SPAN_LIT("parts-1"),
	                              .marks = MARK_INCOMPLETE};
	struct message rest = {.text = SPAN_LIT("one two three"),
	                       .dup_key = SPAN_LIT("p1"),
	                       .cid = SPAN_LIT("late"),
	                       .mends = 3};
	struct log_event events[32];
	size_t count, edits = 0;

	ck_assert_int_eq(receive_like(&first), 0);
	ck_assert_int_eq(receive_like(&rest), 0);
	ck_assert_int_eq(receive_like(&rest), 0); /* repeated: nothing more */
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
	count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	for (size_t i = 0; i < count; i++) {
		if (events[i].type != LOG_EDIT)
			continue;
		edits++;
		ck_assert_uint_eq(events[i].of, 1);
		ck_assert(span_is(events[i].message->text, "one two three"));
		ck_assert_uint_eq(events[i].message->marks, 0);
	}
	ck_assert_uint_eq(edits, 1);
}
END_TEST

START_TEST(what_completes_a_message_that_nobody_knows_is_the_message)
{
	const struct message rest = {.text = SPAN_LIT("whole"),
	                             .dup_key = SPAN_LIT("p2"),
	                             .cid = SPAN_LIT("late"),
	                             .mends = 2};

	ck_assert_int_eq(receive_like(&rest), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 1);
}
END_TEST

START_TEST(parts_outside_their_bounds_are_refused)
{
	ck_assert_int_eq(keep_part(0, 2, "a").err, -EMSGSIZE);
	ck_assert_int_eq(keep_part(3, 2, "a").err, -EMSGSIZE);
	ck_assert_int_eq(keep_part(1, 1, "a").err, -EMSGSIZE);
	ck_assert_int_eq(keep_part(1, 300, "a").err, -EMSGSIZE);
}
END_TEST

TCase *parts_cases(void)
{
	const TTest *const tests[] = {
		a_part_without_octets_is_there_all_the_same,
		a_reference_used_again_with_the_same_first_part_is_another_message,
		the_same_long_text_again_is_another_message_and_a_resend_is_not,
		what_was_taken_for_a_resend_is_the_next_messages_when_its_time_is_over,
		parts_of_a_reference_used_too_early_are_not_lost,
		the_rest_that_comes_after_the_time_out_says_what_was_told,
		a_whole_that_is_not_yet_a_message_comes_again_over_the_same_link,
		what_completes_a_message_is_an_edit_of_it,
		what_completes_a_message_that_nobody_knows_is_the_message,
		parts_outside_their_bounds_are_refused,
	};
	TCase *tc = tcase_create("parts");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, parts_set_up, fixture_stop);
	tcase_add_test(tc,
	               a_part_whose_keeping_was_not_heard_of_begins_no_message_when_it_comes_again);
	tcase_add_test(tc, parts_make_a_whole_in_any_order_and_again_when_repeated);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	return tc;
}
