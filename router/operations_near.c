/*
 * What another node asks this one to ask a peer, since this one holds the account: it is taken out
 * of Redis, asked, and the answer laid beside it (operations_far.c). Where an answer of Redis is
 * lost both are said again; that a request was taken by this node is kept with it, so it is asked
 * once.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	AGAIN_MS = 200,
	GIVE_UP_MS = 120000, /* nobody waits for it any more */
	NEAR_MAX = 256       /* at once */
};

enum near_step { NEAR_TAKES, NEAR_ASKS, NEAR_TELLS };

struct near_task {
	struct near_task *next;
	struct router *router; /* NULL: it is gone, and nobody is told */
	struct io_timer *timer;
	char id[160];
	uint64_t began_ms;
	enum near_step step;
	bool out; /* Redis, or the connector, has it and calls back */
	char answer[320];
};

static uint64_t now_ms(const struct router *r)
{
	return clock_mono_ms(io_loop_clock(r->loop));
}

static void task_free(struct near_task *task)
{
	struct near_task **at = task->router ? &task->router->route.near : NULL;

	while (at && *at != task)
		at = &(*at)->next;
	if (at) {
		*at = task->next;
		task->router->route.near_count--;
	}
	io_timer_destroy(&task->timer);
	free(task);
}

static void again(struct near_task *task)
{
	if (now_ms(task->router) < task->began_ms + GIVE_UP_MS) {
		io_timer_start(task->timer, AGAIN_MS, 0);
		return;
	}
	log_warn(&task->router->log, EVENT("router.operation_given_up"));
	task_free(task);
}

/* --- Telling ---------------------------------------------------------------------------------- */

static void on_told(void *arg, int err, const redisReply *reply, const char *why)
{
	struct near_task *task = arg;

	(void)reply;
	(void)why;
	task->out = false;
	if (err && task->router)
		again(task);
	else
		task_free(task);
}

static void tell(struct near_task *task)
{
	struct fcall_args *a = router_args(task->router);

	args_add(a, span_of(task->id));
	args_add(a, span_of(task->answer));
	task->out = true;
	if (router_fcall(task->router, "ph_op_told", ROUTER_CONTROL, on_told, task))
		on_told(task, -ENOTCONN, NULL, NULL);
}

static const char *or_dash(const char *word)
{
	return word && *word ? word : "-";
}

static void on_asked(void *arg, const struct router_asked *asked)
{
	struct near_task *task = arg;
	char peer[48];

	task->out = false;
	if (!task->router) {
		task_free(task);
		return;
	}
	snprintf(peer, sizeof(peer), "%.*s", SPAN_FMT(asked->code));
	snprintf(task->answer, sizeof(task->answer), "%d %s %s %s %s", -asked->error.err,
	         message_status_name(asked->status), or_dash(asked->error.code), or_dash(peer),
	         asked->error.detail ? asked->error.detail : "");
	task->step = NEAR_TELLS;
	tell(task);
}

/* --- Taking ----------------------------------------------------------------------------------- */

/* "what conversation seq text" */
static void ask_peer(struct near_task *task, struct span request)
{
	uint64_t what = next_num(&request), seq;
	struct span conversation = span_split(request, ' ', &request);
	int err;

	seq = next_num(&request);
	task->step = NEAR_ASKS;
	task->out = true;
	err = operations_ask_here(task->router, conversation, seq, (enum connector_operation)what,
	                          request, on_asked, task);
	if (err)
		on_asked(task, &(struct router_asked){.error = router_redis_error(err)});
}

static void on_taken(void *arg, int err, const redisReply *reply, const char *why)
{
	struct near_task *task = arg;
	struct span request = err ? SPAN_NONE : redis_text(reply);

	(void)why;
	task->out = false;
	if (err && task->router)
		again(task);
	else if (request.len && task->router)
		ask_peer(task, request);
	else
		task_free(task); /* it was withdrawn, or another holder was first */
}

static void take(struct near_task *task)
{
	struct fcall_args *a = router_args(task->router);

	args_add(a, span_of(task->id));
	args_add(a, span_of(task->router->instance));
	task->out = true;
	if (router_fcall(task->router, "ph_op_take", ROUTER_CONTROL, on_taken, task))
		on_taken(task, -ENOTCONN, NULL, NULL);
}

static void on_time(void *arg)
{
	struct near_task *task = arg;

	if (task->step == NEAR_TAKES)
		take(task);
	else
		tell(task);
}

static const struct near_task *find(const struct router *r, struct span id)
{
	const struct near_task *task = r->route.near;

	while (task && !span_is(id, task->id))
		task = task->next;
	return task;
}

void near_on_hint(struct router *r, struct span channel, struct span id)
{
	const struct connector_host *host = router_host(r, channel);
	struct near_task *task;

	if (!host || !route_takes(host) || id.len >= sizeof(task->id) ||
	    r->route.near_count >= NEAR_MAX || find(r, id)) /* a hint may come twice */
		return;
	task = calloc(1, sizeof(*task));
	if (!task || io_timer_create(r->loop, "router.near", on_time, task, &task->timer)) {
		free(task);
		return;
	}
	*task = (struct near_task){
		.next = r->route.near, .router = r, .timer = task->timer, .began_ms = now_ms(r)};
	snprintf(task->id, sizeof(task->id), "%.*s", SPAN_FMT(id));
	r->route.near = task;
	r->route.near_count++;
	take(task);
}

void near_fini(struct router *r)
{
	struct near_task *task;

	while ((task = r->route.near)) {
		r->route.near = task->next;
		task->router = NULL;
		if (task->out)
			io_timer_destroy(&task->timer);
		else
			task_free(task);
	}
	r->route.near_count = 0;
}
