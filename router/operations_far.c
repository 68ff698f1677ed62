/*
 * What is asked of a peer about a message while another node holds the account: the request lies in
 * Redis, a hint goes to all nodes, the holder takes it (once), asks, and lays the answer beside it
 * (operations_near.c). Who asked looks there until it has the answer, or until nobody took the
 * request in time: then it is withdrawn, and was certainly not done. Where an answer of Redis is
 * lost, the same is asked again, which is the same request. A holder that dies with it leaves open
 * whether it was done.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LOOK_MS = 50,
	TAKE_MS = 2000,   /* for the holder to take it */
	TELL_MS = 120000, /* for its peer to answer, part by part */
	FAR_MAX = 64,     /* of a node at once */
	REQUEST_MAX = 65536
};

struct far_call {
	struct far_call *next;
	struct router *router;
	struct io_timer *timer;
	char id[160];
	char *channel;
	struct buf request;
	uint64_t began_ms;
	bool laid;    /* Redis has it */
	bool looking; /* Redis is asked */
	bool ended;
	router_asked_fn *fn;
	void *arg;
};

static uint64_t now_ms(const struct router *r)
{
	return clock_mono_ms(io_loop_clock(r->loop));
}

/* --- Who asks -------------------------------------------------------------------------------- */

static void call_free(struct far_call *call)
{
	struct far_call **at = &call->router->route.far;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->router->route.far_count--;
	io_timer_destroy(&call->timer);
	buf_fini(&call->request);
	free(call->channel);
	free(call);
}

static void call_end(struct far_call *call, const struct router_asked *asked)
{
	call->ended = true;
	io_timer_stop(call->timer);
	call->fn(call->arg, asked);
	if (!call->looking)
		call_free(call);
}

static void call_fail(struct far_call *call, int err, const char *code, const char *detail)
{
	call_end(call, &(struct router_asked){
			       .error = {err, code, detail}
        });
}

/* "err status code peer's-code detail"; "-" for no word. */
static void on_told(struct far_call *call, struct span text)
{
	struct router_asked asked = {.status = STATUS_SENT};
	struct span word, rest;
	char code[40], detail[160];
	uint64_t err = next_num(&text);

	word = span_split(text, ' ', &rest);
	if (message_status_parse(word, &asked.status))
		asked.status = STATUS_SENT;
	word = span_split(rest, ' ', &rest);
	snprintf(code, sizeof(code), "%.*s", SPAN_FMT(word));
	asked.code = span_split(rest, ' ', &rest);
	snprintf(detail, sizeof(detail), "%.*s", SPAN_FMT(rest));
	if (span_is(asked.code, "-"))
		asked.code = SPAN_NONE;
	if (err)
		asked.error = (struct router_error){-(int)err, code, detail};
	call_end(call, &asked);
}

static void on_looked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct far_call *call = arg;
	struct span how = err ? SPAN_LIT("w") : redis_text_at(reply, 0);

	(void)why;
	call->looking = false;
	if (call->ended)
		call_free(call);
	else if (span_is(how, "t"))
		on_told(call, redis_text_at(reply, 1));
	else if (span_is(how, "n"))
		call_fail(call, -EAGAIN, "unavailable", "no node holds the channel's account now");
	else if (now_ms(call->router) >= call->began_ms + TELL_MS)
		call_fail(call, -ETIMEDOUT, "peer_silent",
		          "the node that holds the account did not answer; it may have been done");
	else
		io_timer_start(call->timer, LOOK_MS, 0);
}

static bool is_late(const struct far_call *call)
{
	return now_ms(call->router) >= call->began_ms + TAKE_MS;
}

static void look(struct far_call *call)
{
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(call->id));
	args_num(a, is_late(call));
	call->looking = true;
	if (router_fcall(r, "ph_op_look", ROUTER_CONTROL, on_looked, call))
		on_looked(call, -ENOTCONN, NULL, NULL);
}

static void on_laid(void *arg, int err, const redisReply *reply, const char *why)
{
	struct far_call *call = arg;

	(void)reply;
	(void)why;
	call->looking = false;
	call->laid = !err;
	if (call->ended)
		call_free(call);
	else
		io_timer_start(call->timer, LOOK_MS, 0);
}

static int lay(struct far_call *call)
{
	struct fcall_args *a = router_args(call->router);
	int err;

	args_add(a, span_of(call->id));
	args_add(a, span_of(call->channel));
	args_add(a, buf_span(&call->request));
	err = router_fcall(call->router, "ph_op_ask", ROUTER_CONTROL, on_laid, call);
	call->looking = !err;
	return err;
}

/* Where nobody could say that Redis has it, it is laid again: it may lie there, and be taken. */
static void on_time(void *arg)
{
	struct far_call *call = arg;

	if (call->laid || is_late(call))
		look(call);
	else if (lay(call))
		on_laid(call, -ENOTCONN, NULL, NULL);
}

static int write_request(struct far_call *call, const struct connector_host *host,
                         struct span conversation, uint64_t seq, enum connector_operation what,
                         struct span text)
{
	buf_printf(&call->request, "%u %.*s %llu ", (unsigned)what, SPAN_FMT(conversation),
	           (unsigned long long)seq);
	buf_add(&call->request, text);
	call->channel = strdup(host->name);
	return call->channel ? buf_check(&call->request) : -ENOMEM;
}

int far_ask(struct connector_host *host, struct span conversation, uint64_t seq,
            enum connector_operation what, struct span text, router_asked_fn *fn, void *arg)
{
	struct router *r = host->router;
	struct far_call *call = r->route.far_count < FAR_MAX ? calloc(1, sizeof(*call)) : NULL;
	int err;

	if (!call)
		return -EAGAIN;
	*call = (struct far_call){
		.next = r->route.far, .router = r, .began_ms = now_ms(r), .fn = fn, .arg = arg};
	snprintf(call->id, sizeof(call->id), "%s-%llu", r->instance,
	         (unsigned long long)++r->route.far_serial);
	buf_init(&call->request, REQUEST_MAX);
	r->route.far = call;
	r->route.far_count++;
	err = io_timer_create(r->loop, "router.far", on_time, call, &call->timer);
	if (!err)
		err = write_request(call, host, conversation, seq, what, text);
	if (!err)
		err = lay(call);
	if (err)
		call_free(call);
	return err;
}

void far_fini(struct router *r)
{
	struct far_call *next;

	for (struct far_call *call = r->route.far; call; call = next) {
		next = call->next;
		if (!call->ended)
			call_fail(call, -ECANCELED, "unavailable", "this node stops");
	}
}
