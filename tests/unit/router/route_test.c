/* Who holds an account, and what people want of it: several nodes on one real Redis. */
#include "route_fixture.h"

#include <stdio.h>

enum { TAKEOVER_MS = 5000 };

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

/* The holder is killed; how long until the second, of that name, holds the account and is it. */
static uint64_t take_over(const char *name)
{
	struct since killed;

	node_start(&second, name, false);
	io_idle(fx.loop, 500);
	node_kill(&fx.node);
	killed = since_now();
	io_wait(fx.loop, io_is_true, &second.self->started, SOON_MS);
	ck_assert_uint_gt(now_ms() - killed.world_ms,
	                  LEASE_MS - 1500); /* not before its lease was over */
	fx.node = second;
	second = (struct node){0};
	return had_since(&killed);
}

START_TEST(an_account_whose_node_was_killed_is_taken_over_in_five_seconds)
{
	static const char *const names[] = {"n2", "n3", "n4"}; /* a busy Redis takes time */
	uint64_t took = TAKEOVER_MS;

	for (size_t i = 0; i < ARRAY_LEN(names) && took >= TAKEOVER_MS; i++)
		took = take_over(names[i]);
	ck_assert_uint_lt(took, TAKEOVER_MS);
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

struct lease {
	bool done;
	char text[64];
};

static void on_lease(void *arg, int err, const redisReply *reply, const char *why)
{
	struct lease *lease = arg;

	ck_assert_msg(err == 0, "%s", why ? why : "");
	snprintf(lease->text, sizeof(lease->text), "%.*s", SPAN_FMT(redis_text(reply)));
	lease->done = true;
}

/* What Redis answers to a command on the lease. */
static struct lease lease_do(const char *command)
{
	struct lease lease = {0};
	const struct span argv[] = {span_of(command), SPAN_LIT("ph:{ctl}:lease:ch")};

	ck_assert_int_eq(redis_command(fx.node.redis, 2, argv, on_lease, &lease), 0);
	io_wait(fx.loop, io_is_true, &lease.done, SOON_MS);
	return lease;
}

START_TEST(an_account_whose_node_stops_is_taken_over_at_once)
{
	bool drained = false;

	node_start(&second, "n2", false);
	io_idle(fx.loop, 300);
	ck_assert(span_starts(span_of(lease_do("GET").text), SPAN_LIT("n1#")));
	router_drain(fx.node.router, on_drained, &drained);
	io_wait(fx.loop, io_is_true, &drained, SOON_MS);
	ck_assert(!fx.node.self->started);
	/* Nobody waits for its end: it is given up. */
	ck_assert(!span_starts(span_of(lease_do("GET").text), SPAN_LIT("n1#")));
	io_wait(fx.loop, io_is_true, &second.self->started, SOON_MS);
}
END_TEST

START_TEST(a_process_that_starts_again_takes_its_account_at_once)
{
	struct route_state *route = &fx.node.router->route;

	while (route->syncing)
		io_loop_turn(fx.loop);
	route->syncing = true; /* nothing renews its lease, which */
	lease_do("PERSIST");   /* never ends */
	node_kill(&fx.node);
	io_idle(fx.loop, 5); /* its new instance bears another time */
	node_start(&fx.node, "n1", false);
	io_wait(fx.loop, io_is_true, &fx.node.self->started, SOON_MS);
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

START_TEST(what_another_node_queues_the_holder_sends_at_once)
{
	bool sent = false;

	node_start(&second, "n2", false);
	io_idle(fx.loop, 1000);
	fx.node.router->reap_after_ms = UINT64_MAX; /* nor would it find that by itself */
	ck_assert_int_eq(send_from(&second, "c1", &sent), 0);
	wait_sent(&fx.node, 1);
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

int main(void)
{
	TCase *one = tcase_create("one");
	TCase *none = tcase_create("does not start");
	TCase *cases[] = {one, none};

	tcase_set_timeout(one, 40);
	tcase_add_checked_fixture(one, route_start, route_stop);
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
	tcase_set_timeout(none, 40);
	tcase_add_checked_fixture(none, start_without, route_stop);
	tcase_add_test(none, an_account_that_does_not_start_on_one_node_is_anothers);
	tcase_add_test(none, what_did_not_start_is_tried_again_after_its_rest);
	tcase_add_test(none, a_channel_that_did_not_start_starts_when_somebody_has_it_start_anew);
	return unit_run("route", cases, ARRAY_LEN(cases));
}
