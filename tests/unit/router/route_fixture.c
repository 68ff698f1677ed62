#include "route_fixture.h"

struct node second;

uint64_t now_ms(void)
{
	return clock_mono_ms(&clock_system);
}

void route_start(void)
{
	fx.dials = true;
	fixture_start(false);
	io_wait(fx.loop, io_is_true, &fx.node.self->started, SOON_MS);
}

void route_start_all(void)
{
	fx.all_nodes = true;
	route_start();
}

void route_stop(void)
{
	if (second.router)
		node_kill(&second);
	second = (struct node){0};
	if (fx.node.router)
		fixture_stop();
}

bool is_stopped(const void *self)
{
	return !((const struct double_self *)self)->started;
}

void want(struct node *node, enum channel_want what)
{
	struct ok_call call = {0};

	ck_assert_int_eq(router_channel_want(node->router, SPAN_LIT("ch"), what, SPAN_LIT("test"),
	                                     on_ok, &call),
	                 0);
	ck_assert_str_eq(wait_ok(&call), "");
}

static void on_sent(void *arg, const struct router_sent *sent)
{
	ck_assert_int_eq(sent->error.err, 0);
	*(bool *)arg = true;
}

int send_from(struct node *node, const char *cid, bool *sent)
{
	const struct router_send send = {.address = address_of(ALICE),
	                                 .channel = SPAN_LIT("ch"),
	                                 .text = SPAN_LIT("hello"),
	                                 .author = SPAN_LIT("api:test"),
	                                 .cid = span_of(cid),
	                                 .lane = LANE_REPLY};

	return router_send(node->router, &send, on_sent, sent);
}
