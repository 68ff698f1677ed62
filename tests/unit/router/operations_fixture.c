/* What the tests of operations share. */
#include "operations_fixture.h"

#include <stdio.h>

static void on_asked(void *arg, const struct router_asked *a)
{
	struct asked *out = arg;

	ck_assert(!out->done);
	out->done = true;
	out->err = a->error.err;
	out->status = a->status;
	snprintf(out->code, sizeof(out->code), "%s", a->error.code ? a->error.code : "");
	snprintf(out->peer, sizeof(out->peer), "%.*s", SPAN_FMT(a->code));
}

void ask(struct node *node, enum connector_operation what, const char *text, struct asked *out)
{
	*out = (struct asked){0};
	ck_assert_int_eq(router_ask(node->router, conversation_of(ALICE), 2, what, span_of(text),
	                            on_asked, out),
	                 0);
}

static bool was_asked(const void *arg)
{
	return fx.node.self->asked >= *(const unsigned *)arg;
}

void wait_asked(unsigned times)
{
	io_wait(fx.loop, was_asked, &times, 10000);
}

void answer(int err, enum message_status status, const char *code)
{
	const struct connector_answer a = {
		.err = err, .status = status, .code = code, .reason = code};

	fx.node.self->answer_fn(fx.node.self->answer_arg, &a);
}

/* An answer of the bot's, message 2, that the peer took under an id. */
void sent_as(const char *id)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, id);
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}

void sent_in_two_parts(void)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	for (uint16_t i = 0; i < 2; i++) {
		const struct send_result r = {.outcome = SEND_OK,
		                              .part = i,
		                              .parts = 2,
		                              .id = i ? SPAN_LIT("p2") : SPAN_LIT("p1")};

		connector_result(fx.node.self->host, fx.node.self->sent[0], &r);
	}
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
}
