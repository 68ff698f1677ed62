/* Whom we do not serve: the block and allow lists, on every node. */
#include "route_fixture.h"

#include <stdio.h>

static uint64_t version_at(const struct node *node)
{
	return node->router->route.lists.version;
}

static bool all_have(const void *version)
{
	uint64_t want = *(const uint64_t *)version;

	return version_at(&fx.node) >= want && (!second.router || version_at(&second) >= want);
}

/* Until every node has it. */
static void edit(struct node *node, bool adds, bool allow, const char *number)
{
	const struct router_list_entry e = {.allow = allow,
	                                    .number = span_of(number),
	                                    .by = SPAN_LIT("mei"),
	                                    .note = SPAN_LIT("spam all night")};
	struct ok_call call = {0};
	uint64_t next = version_at(&fx.node) + 1;

	ck_assert_int_eq(adds ? router_list_add(node->router, &e, on_ok, &call)
	                      : router_list_remove(node->router, &e, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	io_wait(fx.loop, all_have, &next, SOON_MS);
}

START_TEST(who_is_blocked_is_neither_heard_nor_written_to)
{
	bool sent = false;

	node_start(&second, "n2", false);
	edit(&second, true, false, "alice");
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "what is the annual fee"), 0);
	ck_assert_uint_eq(fx.node.self->count, 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 0);
	ck_assert_int_eq(send_from(&fx.node, "c1", &sent), -EPERM);
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m1", "what is the annual fee"), 0);
	ck_assert_uint_eq(fx.node.self->count, 1);
	edit(&fx.node, false, false, "alice");
	ck_assert_int_eq(send_from(&second, "c1", &sent), 0);
	io_wait(fx.loop, io_is_true, &sent, SOON_MS);
}
END_TEST

START_TEST(the_longest_entry_that_fits_decides_and_allow_comes_before_block)
{
	static const struct {
		bool allow;
		const char *number;
		bool refused;
	} steps[] = {
		{false, "*",     true },
                {true,  "al*",   false},
                {false, "ali*",  true },
		{true,  "alice", false},
                {false, "alice", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		bool sent = false;
		char cid[16];
		int err;

		snprintf(cid, sizeof(cid), "c%zu", i);
		edit(&fx.node, true, steps[i].allow, steps[i].number);
		err = send_from(&fx.node, cid, &sent);
		ck_assert_msg(err == (steps[i].refused ? -EPERM : 0), "step %zu: %d", i, err);
		if (!err)
			io_wait(fx.loop, io_is_true, &sent, SOON_MS);
	}
}
END_TEST

START_TEST(what_waits_for_somebody_who_is_blocked_meanwhile_is_refused)
{
	bool sent = false;

	want(&fx.node, WANT_STOP);
	io_wait(fx.loop, is_stopped, fx.node.self, SOON_MS);
	ck_assert_int_eq(send_from(&fx.node, "c1", &sent), 0);
	io_wait(fx.loop, io_is_true, &sent, SOON_MS);
	edit(&fx.node, true, false, "alice");
	want(&fx.node, WANT_START);
	wait_status(&fx.node, ALICE, 1, STATUS_FAILED);
	ck_assert_uint_eq(fx.node.self->count, 0);
}
END_TEST

struct list_result {
	bool done;
	size_t count;
	char number[64], by[32], note[64];
	bool allow, dated;
};

static void on_list(void *arg, const struct router_error *error,
                    const struct router_list_entry *entries, size_t count, struct span next)
{
	struct list_result *l = arg;

	ck_assert_int_eq(error->err, 0);
	ck_assert(span_is(next, "0"));
	l->count = count;
	if (count) {
		snprintf(l->number, sizeof(l->number), "%.*s", SPAN_FMT(entries[0].number));
		snprintf(l->by, sizeof(l->by), "%.*s", SPAN_FMT(entries[0].by));
		snprintf(l->note, sizeof(l->note), "%.*s", SPAN_FMT(entries[0].note));
		l->allow = entries[0].allow;
		l->dated = entries[0].ts_ms > 1600000000000;
	}
	l->done = true;
}

START_TEST(the_list_says_who_entered_what_when_and_why)
{
	struct list_result l = {0};

	edit(&fx.node, true, true, "+86138*");
	ck_assert_int_eq(router_list(fx.node.router, SPAN_NONE, on_list, &l), 0);
	io_wait(fx.loop, io_is_true, &l.done, SOON_MS);
	ck_assert_uint_eq(l.count, 1);
	ck_assert_str_eq(l.number, "+86138*");
	ck_assert_str_eq(l.by, "mei");
	ck_assert_str_eq(l.note, "spam all night");
	ck_assert(l.allow && l.dated);
}
END_TEST

int main(void)
{
	TCase *one = tcase_create("one");
	TCase *cases[] = {one};

	tcase_set_timeout(one, 40);
	tcase_add_checked_fixture(one, route_start, route_stop);
	tcase_add_test(one, who_is_blocked_is_neither_heard_nor_written_to);
	tcase_add_test(one, the_longest_entry_that_fits_decides_and_allow_comes_before_block);
	tcase_add_test(one, what_waits_for_somebody_who_is_blocked_meanwhile_is_refused);
	tcase_add_test(one, the_list_says_who_entered_what_when_and_why);
	return unit_run("route list", cases, ARRAY_LEN(cases));
}
