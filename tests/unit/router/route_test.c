/*
 * Who holds an account, what people want of it, what its contract allows and whom we do not serve:
 * several nodes on one real Redis.
 */
#include "router_fixture.h"
#include "router_private.h"

#include <stdio.h>

enum { SOON_MS = 15000, TAKEOVER_MS = 5000 };

static struct node second;

static uint64_t now_ms(void)
{
	return clock_mono_ms(&clock_system);
}

static void start(void)
{
	fx.dials = true;
	fixture_start(false);
	io_wait(fx.loop, io_is_true, &fx.node.self->started, SOON_MS);
}

static void start_all(void)
{
	fx.all_nodes = true;
	start();
}

static void stop(void)
{
	if (second.router)
		node_kill(&second);
	second = (struct node){0};
	if (fx.node.router)
		fixture_stop();
}

static bool is_stopped(const void *self)
{
	return !((const struct double_self *)self)->started;
}

/* At least so long ago in the world, and at most in the time that we had. */
struct since {
	uint64_t world_ms, had_ms;
};

static struct since since_now(void)
{
	return (struct since){now_ms(), io_had_ms()};
}

static uint64_t had_since(const struct since *s)
{
	return io_had_ms() - s->had_ms;
}

/* --- Leases ------------------------------------------------------------------------------------
 */

START_TEST(one_node_of_two_holds_an_account)
{
	node_start(&second, "n2", false);
	io_idle(fx.loop, 1500);
	ck_assert(fx.node.self->started);
	ck_assert(!second.self->started);
	ck_assert_uint_eq(connector_pace(fx.node.self->host), 0);
	ck_assert_uint_gt(connector_pace(second.self->host), 0);
}
END_TEST

START_TEST(an_account_whose_node_was_killed_is_taken_over_in_five_seconds)
{
	struct since killed;

	node_start(&second, "n2", false);
	io_idle(fx.loop, 500);
	node_kill(&fx.node);
	killed = since_now();
	io_wait(fx.loop, io_is_true, &second.self->started, TAKEOVER_MS);
	ck_assert_uint_lt(had_since(&killed), TAKEOVER_MS);
	ck_assert_uint_gt(now_ms() - killed.world_ms,
	                  LEASE_MS - 1500); /* not before its lease was over */
	fx.node = second;
	second = (struct node){0};
}
END_TEST

static void start_without(void)
{
	fx.dials = true;
	fx.start_answer = -EADDRINUSE;
	fixture_start(false);
}

static bool has_tried(const void *self)
{
	return ((const struct double_self *)self)->starts > 0;
}

START_TEST(an_account_that_does_not_start_on_one_node_is_anothers)
{
	io_wait(fx.loop, has_tried, fx.node.self, SOON_MS);
	fx.start_answer = 0;
	node_start(&second, "n2", false);
	io_wait(fx.loop, io_is_true, &second.self->started, SOON_MS);
	io_idle(fx.loop, 1500);
	ck_assert_uint_eq(fx.node.self->starts, 1); /* nor does it ask for it each second */
	ck_assert(!fx.node.self->started);
	ck_assert_uint_gt(connector_pace(fx.node.self->host), 0);
	ck_assert_uint_eq(connector_pace(second.self->host), 0);
}
END_TEST

START_TEST(what_did_not_start_is_tried_again_after_its_rest)
{
	struct connector_host *host = fx.node.self->host;

	io_wait(fx.loop, has_tried, fx.node.self, SOON_MS);
	ck_assert_int_eq(host->state, CHANNEL_DOWN);
	ck_assert_ptr_nonnull(strstr(host->why, "address already in use"));
	host->route.rests_ms = now_ms(); /* as if its first rest were over */
	while (fx.node.self->starts < 2)
		io_loop_turn(fx.loop);
	ck_assert_uint_gt(host->route.rests_ms, now_ms() + 15000); /* the second is longer */
	fx.start_answer = 0;
	host->route.rests_ms = now_ms();
	io_wait(fx.loop, io_is_true, &fx.node.self->started, SOON_MS);
	ck_assert_uint_eq(host->route.start_failures, 0);
}
END_TEST

static void on_drained(void *arg, int err)
{
	ck_assert_int_eq(err, 0);
	*(bool *)arg = true;
}

START_TEST(an_account_whose_node_stops_is_taken_over_at_once)
{
	struct since began;
	bool drained = false;

	node_start(&second, "n2", false);
	io_idle(fx.loop, 300);
	began = since_now();
	router_drain(fx.node.router, on_drained, &drained);
	io_wait(fx.loop, io_is_true, &second.self->started, 1000);
	ck_assert(!fx.node.self->started);
	ck_assert_uint_lt(had_since(&began), 1000);
	io_wait(fx.loop, io_is_true, &drained, 1000);
}
END_TEST

START_TEST(a_process_that_starts_again_takes_its_account_at_once)
{
	struct since began = since_now();

	node_kill(&fx.node);
	io_idle(fx.loop, 5); /* its new instance bears another time */
	node_start(&fx.node, "n1", false);
	io_wait(fx.loop, io_is_true, &fx.node.self->started, 1000);
	ck_assert_uint_lt(had_since(&began), 1000);
}
END_TEST

static bool may_not_send(const void *host)
{
	return connector_pace((struct connector_host *)(uintptr_t)host) > 0;
}

START_TEST(who_cannot_renew_sends_nothing_and_unbinds_before_another_may_bind)
{
	struct since began;

	fx.node.self->stops_slowly = true; /* something is outstanding */
	io_idle(fx.loop, 1200);
	redis_server_stop();
	began = since_now();
	io_wait(fx.loop, may_not_send, fx.node.self->host, TAKEOVER_MS);
	ck_assert_uint_le(had_since(&began), FENCE_MS);
	io_wait(fx.loop, is_stopped, fx.node.self, TAKEOVER_MS);
	ck_assert_uint_lt(had_since(&began), LEASE_MS);
	ck_assert_int_eq(fx.node.self->stopped_how, STOP_NOW);
	redis_server_start();
	io_wait(fx.loop, io_is_true, &fx.node.self->started, 2 * TAKEOVER_MS);
}
END_TEST

/* A process that was paused finds its time over when it goes on, before it looks at anything. */
START_TEST(the_fence_is_asked_at_each_part_not_at_each_turn)
{
	uint64_t until = now_ms() + FENCE_MS;

	ck_assert_uint_eq(connector_pace(fx.node.self->host), 0);
	while (now_ms() <= until)
		continue; /* no turn of the loop */
	ck_assert_uint_gt(connector_pace(fx.node.self->host), 0);
}
END_TEST

static void on_sent(void *arg, const struct router_sent *sent)
{
	ck_assert_int_eq(sent->error.err, 0);
	*(bool *)arg = true;
}

static int send_from(struct node *node, const char *cid, bool *sent)
{
	const struct router_send send = {.address = address_of(ALICE),
	                                 .channel = SPAN_LIT("ch"),
	                                 .text = SPAN_LIT("hello"),
	                                 .author = SPAN_LIT("api:test"),
	                                 .cid = span_of(cid),
	                                 .lane = LANE_REPLY};

	return router_send(node->router, &send, on_sent, sent);
}

START_TEST(what_another_node_queues_the_holder_sends_at_once)
{
	struct since began;
	bool sent = false;

	node_start(&second, "n2", false);
	io_idle(fx.loop, 1000);
	began = since_now();
	ck_assert_int_eq(send_from(&second, "c1", &sent), 0);
	wait_sent(&fx.node, 1);
	ck_assert_uint_lt(had_since(&began), 500);
	ck_assert_uint_eq(second.self->count, 0);
}
END_TEST

START_TEST(what_is_said_at_once_comes_from_the_number_that_the_customer_wrote_to)
{
	set_presence(&fx.node, "mei", 1, PRESENCE_AVAILABLE);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", "人工"), 0);
	wait_agent(&fx.node, ALICE, "mei");
	ck_assert_uint_gt(say(&fx.node, ALICE, "mei", "c1", "hello", NULL), 0);
	wait_sent(&fx.node, 1);
	ck_assert(span_is(fx.node.self->sent[0]->text, "hello"));
	ck_assert(span_is(fx.node.self->sent[0]->local, "95500"));
}
END_TEST

/* --- What people want ----------------------------------------------------------------------------
 */

static void want(struct node *node, enum channel_want what)
{
	struct ok_call call = {0};

	ck_assert_int_eq(router_channel_want(node->router, SPAN_LIT("ch"), what, SPAN_LIT("test"),
	                                     on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
}

static bool either_started(const void *arg)
{
	(void)arg;
	return fx.node.self->started || second.self->started;
}

START_TEST(a_channel_is_stopped_and_started_by_any_node_and_stays_so)
{
	node_start(&second, "n2", false);
	want(&second, WANT_STOP);
	io_wait(fx.loop, is_stopped, fx.node.self, SOON_MS);
	io_idle(fx.loop, 1500);
	ck_assert(!second.self->started);
	node_kill(&fx.node);
	node_start(&fx.node, "n1", false);
	io_idle(fx.loop, 1500);
	ck_assert(!fx.node.self->started);
	want(&second, WANT_START);
	io_wait(fx.loop, either_started, NULL, SOON_MS);
	io_idle(fx.loop, 300);
	ck_assert(fx.node.self->started != second.self->started);
}
END_TEST

START_TEST(a_channel_that_did_not_start_starts_when_somebody_has_it_start_anew)
{
	io_wait(fx.loop, has_tried, fx.node.self, SOON_MS);
	fx.start_answer = 0; /* the port is free now */
	want(&fx.node, WANT_STOP);
	while (fx.node.self->host->route.want != WANT_STOP)
		io_loop_turn(fx.loop);
	want(&fx.node, WANT_START);
	io_wait(fx.loop, io_is_true, &fx.node.self->started, SOON_MS);
}
END_TEST

START_TEST(a_channel_that_drains_sends_what_waits_and_then_stops)
{
	bool sent = false;

	fx.node.self->answer = -EAGAIN;
	ck_assert_int_eq(send_from(&fx.node, "c1", &sent), 0);
	io_wait(fx.loop, io_is_true, &sent, SOON_MS);
	want(&fx.node, WANT_DRAIN);
	io_idle(fx.loop, 2500);
	ck_assert(fx.node.self->started);
	fx.node.self->answer = 0;
	connector_ready(fx.node.self->host);
	wait_sent(&fx.node, 1);
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	io_wait(fx.loop, is_stopped, fx.node.self, TAKEOVER_MS);
}
END_TEST

START_TEST(a_channel_that_nobody_knows_is_refused)
{
	ck_assert_int_eq(router_channel_want(fx.node.router, SPAN_LIT("nope"), WANT_STOP,
	                                     SPAN_LIT("test"), on_ok, NULL),
	                 -ENOENT);
}
END_TEST

struct status_result {
	bool done;
	char holder[32], health[16], node[32], json[2000];
	enum channel_want want;
	char by[32];
	uint64_t queued;
};

static void on_status(void *arg, const struct router_error *error,
                      const struct router_channel_status *channels, size_t count)
{
	struct status_result *s = arg;
	const struct router_channel_status *c = &channels[0];

	ck_assert_int_eq(error->err, 0);
	ck_assert_uint_eq(count, 1);
	ck_assert(span_is(c->name, "ch"));
	snprintf(s->holder, sizeof(s->holder), "%.*s", SPAN_FMT(c->holder));
	snprintf(s->health, sizeof(s->health), "%.*s", SPAN_FMT(c->health));
	snprintf(s->by, sizeof(s->by), "%.*s", SPAN_FMT(c->by));
	s->want = c->want;
	s->queued = c->queued[LANE_REPLY];
	if (c->report_count) {
		snprintf(s->node, sizeof(s->node), "%.*s", SPAN_FMT(c->reports[0].node));
		snprintf(s->json, sizeof(s->json), "%.*s", SPAN_FMT(c->reports[0].json));
	}
	s->done = true;
}

START_TEST(any_node_tells_how_a_channel_does_on_the_node_that_holds_it)
{
	struct status_result s = {0};
	bool sent = false;

	node_start(&second, "n2", false);
	fx.node.self->answer = -EAGAIN;
	for (int i = 0; i < 2; i++) { /* one is in the node's hands, one waits */
		sent = false;
		ck_assert_int_eq(send_from(&fx.node, i ? "c2" : "c1", &sent), 0);
		io_wait(fx.loop, io_is_true, &sent, SOON_MS);
		io_idle(fx.loop, 100);
	}
	want(&second, WANT_DRAIN);
	ck_assert_int_eq(router_channel_status(second.router, on_status, &s), 0);
	io_wait(fx.loop, io_is_true, &s.done, SOON_MS);
	ck_assert_str_eq(s.holder, "n1");
	ck_assert_str_eq(s.node, "n1");
	ck_assert_int_eq(s.want, WANT_DRAIN);
	ck_assert_str_eq(s.by, "test");
	ck_assert_uint_eq(s.queued, 1);
	ck_assert_ptr_nonnull(strstr(s.json, "\"state\":\"up\""));
	ck_assert_ptr_nonnull(strstr(s.json, "\"in_hand\":1"));
}
END_TEST

/* --- The contract ------------------------------------------------------------------------------
 */

static bool try_part(struct node *node)
{
	if (connector_pace(node->self->host))
		return false;
	connector_paced(node->self->host);
	return true;
}

START_TEST(two_nodes_together_keep_the_contract)
{
	enum { RATE = 200, BURST = 40, RUN_MS = 2000 };
	uint64_t parts[2] = {0}, most;
	struct since began;

	node_start(&second, "n2", false);
	io_wait(fx.loop, io_is_true, &second.self->started, SOON_MS);
	connector_contract(fx.node.self->host, RATE, BURST, NULL);
	connector_contract(second.self->host, RATE, BURST, NULL);
	began = since_now();
	while (had_since(&began) < RUN_MS) {
		while (try_part(&fx.node))
			parts[0]++;
		while (try_part(&second))
			parts[1]++;
		io_idle(fx.loop, 2);
	}
	most = RATE * (now_ms() - began.world_ms) / 1000 + BURST;
	ck_assert_uint_le(parts[0] + parts[1], most);
	ck_assert_uint_ge(parts[0] + parts[1], RATE * RUN_MS / 1000 * 8 / 10);
	ck_assert_uint_gt(parts[0], 0);
	ck_assert_uint_gt(parts[1], 0);
}
END_TEST

START_TEST(many_parts_in_one_request_are_paid_before_the_next)
{
	enum { RATE = 100, BURST = 20, MANY = 60 };
	uint64_t began;

	node_start(&second, "n2", false);
	connector_contract(fx.node.self->host, RATE, BURST, NULL);
	began = now_ms();
	while (connector_pace(fx.node.self->host))
		io_idle(fx.loop, 2);
	for (unsigned i = 0; i < MANY; i++)
		connector_paced(fx.node.self->host);
	while (!try_part(&fx.node))
		io_idle(fx.loop, 2);
	ck_assert_uint_ge(now_ms() - began, (MANY - BURST) * 1000 / RATE);
}
END_TEST

START_TEST(who_takes_an_account_over_begins_with_an_empty_bucket)
{
	uint64_t parts = 0, began;

	connector_contract(fx.node.self->host, 10, 100, NULL);
	for (int i = 0; i < 200; i++)
		parts += try_part(&fx.node);
	ck_assert_uint_eq(parts, 100); /* a bucket that nobody emptied */
	began = now_ms();
	pace_begin(fx.node.self->host);
	ck_assert(!try_part(&fx.node));
	io_idle(fx.loop, 250);
	for (parts = 0; try_part(&fx.node);)
		parts++;
	ck_assert_uint_ge(parts, 2);
	ck_assert_uint_le(parts, (now_ms() - began) / 100);
}
END_TEST

/* --- How an account fares ------------------------------------------------------------------------
 */

static void tell(enum send_outcome outcome, unsigned flags, unsigned times)
{
	const struct send_result result = {
		.outcome = outcome, .flags = flags, .parts = 1, .code = "smpp.0x00000008"};

	for (unsigned i = 0; i < times; i++)
		health_on_outcome(fx.node.self->host, &result);
}

/* As if the breaker had rested already. */
static void rest(void)
{
	struct route_breaker *b = &fx.node.self->host->route.breaker;

	ck_assert_uint_ne(b->opened_ms, 0);
	b->opened_ms -= b->rest_ms;
}

START_TEST(an_account_fails_rests_probes_and_is_up_again)
{
	struct connector_host *host = fx.node.self->host;

	ck_assert_int_eq(health_of(host), HEALTH_PROBING); /* it was bound this moment */
	host->route.up_since_ms -= 5000;
	ck_assert_int_eq(health_of(host), HEALTH_UP);
	tell(SEND_REFUSED, SEND_BAD_ADDRESS, 100); /* says nothing of the account */
	ck_assert_int_eq(health_of(host), HEALTH_UP);
	tell(SEND_OK, 0, 11);
	tell(SEND_REFUSED, 0, 10);
	ck_assert_int_eq(health_of(host), HEALTH_UP); /* less than half */
	tell(SEND_UNCERTAIN, 0, 1);
	ck_assert_int_eq(health_of(host), HEALTH_FAILING);
	tell(SEND_OK, 0, 50); /* under way when it opened */
	ck_assert_int_eq(health_of(host), HEALTH_FAILING);
	rest();
	ck_assert_int_eq(health_of(host), HEALTH_PROBING);
	tell(SEND_OK, 0, 4);
	tell(SEND_RETRY, 0, 1);
	ck_assert_int_eq(health_of(host), HEALTH_FAILING); /* and for twice as long */
	ck_assert_uint_eq(host->route.breaker.rest_ms, 20000);
	rest();
	tell(SEND_OK, 0, 5);
	ck_assert_int_eq(health_of(host), HEALTH_UP);
	ck_assert_uint_eq(host->route.breaker.rest_ms, 0);
}
END_TEST

START_TEST(a_connection_that_breaks_is_one_failure)
{
	struct connector_host *host = fx.node.self->host;

	tell(SEND_OK, 0, 19);
	tell(SEND_UNCERTAIN, 0, 1);
	tell(SEND_UNCERTAIN, SEND_SAME_CAUSE, 199);
	ck_assert_uint_eq(host->route.breaker.opened_ms, 0);
	ck_assert_uint_eq(host->route.breaker.bad, 1);
	tell(SEND_UNCERTAIN, 0, 200); /* each of them was waited for */
	ck_assert_uint_ne(host->route.breaker.opened_ms, 0);
}
END_TEST

START_TEST(what_a_stop_cuts_off_is_not_the_accounts_fault)
{
	struct connector_host *host = fx.node.self->host;

	tell(SEND_RETRY, SEND_NOT_COUNTED, 100);
	host->route.stopping = true;
	tell(SEND_UNCERTAIN, 0, 100);
	host->route.stopping = false;
	ck_assert_uint_eq(host->route.breaker.opened_ms, 0);
}
END_TEST

START_TEST(a_throttled_account_is_told_to_the_other_nodes)
{
	node_start(&second, "n2", false);
	fx.node.self->host->route.up_since_ms -= 5000;
	connector_throttled(fx.node.self->host, 60000);
	ck_assert_int_eq(health_of(fx.node.self->host), HEALTH_THROTTLED);
	io_idle(fx.loop, 500);
	ck_assert_int_eq(health_of(second.self->host), HEALTH_THROTTLED);
	want(&second, WANT_DRAIN); /* nothing new is routed to it */
	io_idle(fx.loop, 500);
	ck_assert_int_eq(health_of(fx.node.self->host), HEALTH_DOWN);
	ck_assert_int_eq(health_of(second.self->host), HEALTH_DOWN);
}
END_TEST

/* --- Whom we do not serve ------------------------------------------------------------------------
 */

static void edit(struct node *node, bool adds, bool allow, const char *number)
{
	const struct router_list_entry e = {.allow = allow,
	                                    .number = span_of(number),
	                                    .by = SPAN_LIT("mei"),
	                                    .note = SPAN_LIT("spam all night")};
	struct ok_call call = {0};

	ck_assert_int_eq(adds ? router_list_add(node->router, &e, on_ok, &call)
	                      : router_list_remove(node->router, &e, on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
	io_idle(fx.loop, 100);
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
	TCase *one = tcase_create("one"), *all = tcase_create("all");
	TCase *none = tcase_create("does not start");
	TCase *cases[] = {one, all, none};

	tcase_set_timeout(one, 40);
	tcase_add_checked_fixture(one, start, stop);
	tcase_add_test(one, one_node_of_two_holds_an_account);
	tcase_add_test(one, an_account_whose_node_was_killed_is_taken_over_in_five_seconds);
	tcase_add_test(one, an_account_whose_node_stops_is_taken_over_at_once);
	tcase_add_test(one, a_process_that_starts_again_takes_its_account_at_once);
	tcase_add_test(one, who_cannot_renew_sends_nothing_and_unbinds_before_another_may_bind);
	tcase_add_test(one, the_fence_is_asked_at_each_part_not_at_each_turn);
	tcase_add_test(one, what_another_node_queues_the_holder_sends_at_once);
	tcase_add_test(one, what_is_said_at_once_comes_from_the_number_that_the_customer_wrote_to);
	tcase_add_test(one, a_channel_is_stopped_and_started_by_any_node_and_stays_so);
	tcase_add_test(one, a_channel_that_drains_sends_what_waits_and_then_stops);
	tcase_add_test(one, a_channel_that_nobody_knows_is_refused);
	tcase_add_test(one, any_node_tells_how_a_channel_does_on_the_node_that_holds_it);
	tcase_add_test(one, who_takes_an_account_over_begins_with_an_empty_bucket);
	tcase_add_test(one, an_account_fails_rests_probes_and_is_up_again);
	tcase_add_test(one, a_connection_that_breaks_is_one_failure);
	tcase_add_test(one, what_a_stop_cuts_off_is_not_the_accounts_fault);
	tcase_add_test(one, a_throttled_account_is_told_to_the_other_nodes);
	tcase_add_test(one, who_is_blocked_is_neither_heard_nor_written_to);
	tcase_add_test(one, the_longest_entry_that_fits_decides_and_allow_comes_before_block);
	tcase_add_test(one, what_waits_for_somebody_who_is_blocked_meanwhile_is_refused);
	tcase_add_test(one, the_list_says_who_entered_what_when_and_why);
	tcase_set_timeout(all, 40);
	tcase_add_checked_fixture(all, start_all, stop);
	tcase_add_test(all, two_nodes_together_keep_the_contract);
	tcase_add_test(all, many_parts_in_one_request_are_paid_before_the_next);
	tcase_set_timeout(none, 40);
	tcase_add_checked_fixture(none, start_without, stop);
	tcase_add_test(none, an_account_that_does_not_start_on_one_node_is_anothers);
	tcase_add_test(none, what_did_not_start_is_tried_again_after_its_rest);
	tcase_add_test(none, a_channel_that_did_not_start_starts_when_somebody_has_it_start_anew);
	return unit_run("route", cases, ARRAY_LEN(cases));
}
