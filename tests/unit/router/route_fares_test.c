/* What an account's contract allows, and how it fares, as all nodes see it. */
#include "route_fixture.h"

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

/* --- The contract ------------------------------------------------------------------------------
 */

static bool try_part(struct node *node)
{
	if (connector_pace(node->self->host))
		return false;
	connector_paced(node->self->host);
	return true;
}

/* What both nodes send in RUN_MS, as a per cent of what the contract allows without a burst; never
 * more than it allows. 0: one of them sent nothing. */
static uint64_t parts_of_a_run(struct node *a, struct node *b)
{
	enum { RATE = 200, BURST = 40, RUN_MS = 2000 };
	uint64_t parts[2] = {0};
	struct since began = since_now();

	connector_contract(a->self->host, RATE, BURST, NULL);
	connector_contract(b->self->host, RATE, BURST, NULL);
	while (had_since(&began) < RUN_MS) {
		while (try_part(a))
			parts[0]++;
		while (try_part(b))
			parts[1]++;
		io_idle(fx.loop, 2);
	}
	ck_assert_uint_le(parts[0] + parts[1], RATE * (now_ms() - began.world_ms) / 1000 + BURST);
	if (!parts[0] || !parts[1])
		return 0;
	return (parts[0] + parts[1]) * 100 / (RATE * RUN_MS / 1000);
}

START_TEST(two_nodes_together_keep_the_contract)
{
	enum { MOST_OF_IT = 80, RUNS = 5 };
	uint64_t share = 0;

	node_start(&second, "n2", false);
	io_wait(fx.loop, io_is_true, &second.self->started, SOON_MS);
	for (unsigned i = 0; i < RUNS && share < MOST_OF_IT; i++) /* a busy machine takes time */
		share = parts_of_a_run(&fx.node, &second);
	ck_assert_uint_ge(share, MOST_OF_IT);
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
	for (parts = 0; parts < 2; parts += try_part(&fx.node))
		io_idle(fx.loop, 5);
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

struct health_wait {
	const struct node *node;
	enum route_health health;
};

static bool has_health(const void *arg)
{
	const struct health_wait *w = arg;

	return health_of(w->node->self->host) == w->health;
}

static void wait_health(const struct node *node, enum route_health health)
{
	io_wait(fx.loop, has_health, &(struct health_wait){node, health}, SOON_MS);
}

START_TEST(a_throttled_account_is_told_to_the_other_nodes)
{
	node_start(&second, "n2", false);
	fx.node.self->host->route.up_since_ms -= 5000;
	connector_throttled(fx.node.self->host, 600000);
	ck_assert_int_eq(health_of(fx.node.self->host), HEALTH_THROTTLED);
	wait_health(&second, HEALTH_THROTTLED);
	want(&second, WANT_DRAIN); /* nothing new is routed to it */
	wait_health(&fx.node, HEALTH_DOWN);
	wait_health(&second, HEALTH_DOWN);
}
END_TEST

int main(void)
{
	TCase *one = tcase_create("one");
	TCase *all = tcase_create("all");
	TCase *cases[] = {one, all};

	tcase_set_timeout(one, 40);
	tcase_add_checked_fixture(one, route_start, route_stop);
	tcase_add_test(one, who_takes_an_account_over_begins_with_an_empty_bucket);
	tcase_add_test(one, an_account_fails_rests_probes_and_is_up_again);
	tcase_add_test(one, a_connection_that_breaks_is_one_failure);
	tcase_add_test(one, what_a_stop_cuts_off_is_not_the_accounts_fault);
	tcase_add_test(one, a_throttled_account_is_told_to_the_other_nodes);
	tcase_set_timeout(all, 40);
	tcase_add_checked_fixture(all, route_start_all, route_stop);
	tcase_add_test(all, two_nodes_together_keep_the_contract);
	tcase_add_test(all, many_parts_in_one_request_are_paid_before_the_next);
	return unit_run("route fares", cases, ARRAY_LEN(cases));
}
