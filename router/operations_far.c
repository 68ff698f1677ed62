/*
 * What is asked of a peer about a message while another node holds the account: the request lies in
 * Redis, a hint goes to all nodes, the holder takes it (once), asks, and lays the answer beside it.
 * Who asked looks there until it has the answer, or until nobody took the request in time: then it
 * is withdrawn, and was certainly not done. A holder that dies with it leaves that open.
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
	uint64_t began_ms;
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

static void on_look(void *arg)
{
	struct far_call *call = arg;
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(call->id));
	args_num(a, now_ms(r) >= call->began_ms + TAKE_MS);
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
	if (call->ended)
		call_free(call);
	else if (err) /* whether it lies there nobody knows: the holder may have taken it */
		call_fail(call, -ETIMEDOUT, "peer_silent",
		          "the store did not answer; it may have been done");
	else
		io_timer_start(call->timer, LOOK_MS, 0);
}

static int lay(struct far_call *call, const struct connector_host *host, struct span conversation,
               uint64_t seq, enum connector_operation what, struct span text)
{
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);
	struct buf request;
	int err;

	buf_init(&request, REQUEST_MAX);
	buf_printf(&request, "%u %.*s %llu ", (unsigned)what, SPAN_FMT(conversation),
	           (unsigned long long)seq);
	buf_add(&request, text);
	args_add(a, span_of(call->id));
	args_add(a, span_of(host->name));
	args_add(a, buf_span(&request));
	err = buf_check(&request);
	if (!err)
		err = router_fcall(r, "ph_op_ask", ROUTER_CONTROL, on_laid, call);
	call->looking = !err;
	buf_fini(&request);
	return err;
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
	r->route.far = call;
	r->route.far_count++;
	err = io_timer_create(r->loop, "router.far", on_look, call, &call->timer);
	if (!err)
		err = lay(call, host, conversation, seq, what, text);
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

/* --- Who holds the account ---------------------------------------------------------------------
 */

struct far_task {
	struct router *router;
	char id[160];
};

static const char *or_dash(const char *word)
{
	return word && *word ? word : "-";
}

static void on_asked(void *arg, const struct router_asked *asked)
{
	struct far_task *task = arg;
	struct router *r = task->router;
	struct fcall_args *a = router_args(r);
	char text[320], peer[48];

	snprintf(peer, sizeof(peer), "%.*s", SPAN_FMT(asked->code));
	snprintf(text, sizeof(text), "%d %s %s %s %s", -asked->error.err,
	         message_status_name(asked->status), or_dash(asked->error.code), or_dash(peer),
	         asked->error.detail ? asked->error.detail : "");
	args_add(a, span_of(task->id));
	args_add(a, span_of(text));
	/* Lost, who asked learns that it may have been done. */
	if (router_fcall(r, "ph_op_told", ROUTER_CONTROL, NULL, NULL))
		log_debug(&r->log, EVENT("router.answer_lost"));
	free(task);
}

static void on_taken(void *arg, int err, const redisReply *reply, const char *why)
{
	struct far_task *task = arg;
	struct span rest = err ? SPAN_NONE : redis_text(reply), conversation;
	uint64_t what, seq;

	(void)why;
	if (!rest.len) { /* it was withdrawn, or another holder was first */
		free(task);
		return;
	}
	what = next_num(&rest);
	conversation = span_split(rest, ' ', &rest);
	seq = next_num(&rest);
	err = operations_ask_here(task->router, conversation, seq, (enum connector_operation)what,
	                          rest, on_asked, task);
	if (err)
		on_asked(task, &(struct router_asked){.error = router_redis_error(err)});
}

void far_on_hint(struct router *r, struct span channel, struct span id)
{
	const struct connector_host *host = router_host(r, channel);
	struct far_task *task;
	struct fcall_args *a;

	if (!host || !route_takes(host) || id.len >= sizeof(task->id))
		return;
	task = malloc(sizeof(*task));
	if (!task)
		return;
	task->router = r;
	snprintf(task->id, sizeof(task->id), "%.*s", SPAN_FMT(id));
	a = router_args(r);
	args_add(a, id);
	if (router_fcall(r, "ph_op_take", ROUTER_CONTROL, on_taken, task))
		free(task);
}
