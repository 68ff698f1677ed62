/*
 * Agents, queues and who serves whom. What desk.lua decided is told to the conversation here
 * (ph2_assign) and then confirmed; a pair that was not confirmed comes back with the next call. A
 * session is closed or put back at its conversation first and at the desk second, so that a
 * repeated request finishes what a dead node began.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Pairs: {C, sid, agent, name, ...} that their conversations must be told
 * ---------------------- */

struct pair_call {
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	char session[24], agent[64];
};

static void apply_pairs(struct router *r, const redisReply *pairs);

static void on_confirmed(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	if (!err)
		apply_pairs(arg, reply);
}

static void on_assigned(void *arg, int err, const redisReply *reply, const char *why)
{
	struct pair_call *call = arg;
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);

	(void)why;
	if (!err) {
		args_add(a, span_of(call->conversation));
		args_add(a, span_of(call->session));
		args_add(a, span_of(call->agent));
		args_add(a, redis_text(reply));
		args_num(a, router_now(r));
		/* Lost: the pair stays open and comes back. */
		err = router_fcall(r, "ph_desk_confirm", ROUTER_DESK, on_confirmed, r);
	}
	if (err)
		log_warn(&r->log, EVENT("desk.assign_failed"), ERR(err));
	free(call);
}

static void assign(struct router *r, struct span conversation, struct span session,
                   struct span agent, struct span name)
{
	struct pair_call *call = calloc(1, sizeof(*call));
	struct fcall_args *a = router_args(r);

	if (!call)
		return;
	call->router = r;
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	snprintf(call->session, sizeof(call->session), "%.*s", SPAN_FMT(session));
	snprintf(call->agent, sizeof(call->agent), "%.*s", SPAN_FMT(agent));
	args_add(a, conversation);
	args_add(a, session);
	args_add(a, agent);
	args_add(a, name);
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_add(a, SPAN_LIT("desk"));
	if (router_fcall(r, "ph2_assign", router_part(conversation), on_assigned, call))
		free(call);
}

static void apply_pairs(struct router *r, const redisReply *pairs)
{
	for (size_t i = 0; pairs && pairs->type == REDIS_REPLY_ARRAY && i + 3 < pairs->elements;
	     i += 4)
		assign(r, redis_text_at(pairs, i), redis_text_at(pairs, i + 1),
		       redis_text_at(pairs, i + 2), redis_text_at(pairs, i + 3));
}

/* --- A session waits ----------------------------------------------------------------------------
 */

struct offer_call {
	struct router *router;
	done_fn *done;
	void *arg;
};

static void on_offered(void *arg, int err, const redisReply *reply, const char *why)
{
	struct offer_call *call = arg;

	(void)why;
	if (!err)
		apply_pairs(call->router, reply);
	call->done(call->arg, err ? -EAGAIN : 0);
	free(call);
}

void desk_offer(struct router *r, struct span conversation, struct span session, struct span queue,
                uint64_t since, done_fn *done, void *arg)
{
	struct offer_call *call = malloc(sizeof(*call));
	struct fcall_args *a = router_args(r);

	if (!call) {
		done(arg, -EAGAIN);
		return;
	}
	*call = (struct offer_call){r, done, arg};
	args_add(a, conversation);
	args_add(a, session);
	args_add(a, queue);
	args_num(a, since);
	args_num(a, router_now(r));
	if (router_fcall(r, "ph_desk_offer", ROUTER_DESK, on_offered, call)) {
		free(call);
		done(arg, -EAGAIN);
	}
}

/* --- What an agent asks for
 * ----------------------------------------------------------------------- */

struct desk_call {
	struct router *router;
	router_ok_fn *fn;
	void *arg;
	char conversation[CONVERSATION_ID_LEN + 1];
	char agent[64], name[128];
};

static struct desk_call *desk_call_create(struct router *r, struct span conversation,
                                          struct span agent, router_ok_fn *fn, void *arg)
{
	struct desk_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->router = r;
	call->fn = fn;
	call->arg = arg;
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	snprintf(call->agent, sizeof(call->agent), "%.*s", SPAN_FMT(agent));
	return call;
}

static void desk_call_end(struct desk_call *call, struct router_error error)
{
	if (call->fn)
		call->fn(call->arg, &error);
	free(call);
}

static int desk_call_start(struct desk_call *call, const char *function, struct span key,
                           redis_fn *fn)
{
	int err = router_fcall(call->router, function, key, fn, call);

	if (err)
		free(call);
	return err;
}

/* The same within a callback: a failure is told. */
static void desk_call_next(struct desk_call *call, const char *function, struct span key,
                           redis_fn *fn)
{
	int err = router_fcall(call->router, function, key, fn, call);

	if (err)
		desk_call_end(call, router_redis_error(err));
}

static void on_pairs(void *arg, int err, const redisReply *reply, const char *why)
{
	struct desk_call *call = arg;

	(void)why;
	if (!err)
		apply_pairs(call->router, reply);
	desk_call_end(call, err ? router_redis_error(err) : (struct router_error){0});
}

static const char *const presence_names[] = {"offline", "away", "available"};

/* "general cards": the queues that an agent serves. */
static void join_queues(const struct router *r, const struct router_agent *agent, struct buf *out)
{
	for (const char *const *q = agent->queues; q && *q; q++)
		buf_printf(out, "%s%s", out->len ? " " : "", *q);
	if (!out->len)
		buf_str(out, r->default_queue);
}

int router_presence(struct router *r, const struct router_agent *agent, enum presence presence,
                    router_ok_fn *fn, void *arg)
{
	struct desk_call *call = desk_call_create(r, SPAN_NONE, agent->id, fn, arg);
	struct fcall_args *a = router_args(r);
	struct buf queues;
	int err;

	if (!call)
		return -ENOMEM;
	buf_init(&queues, 4096);
	join_queues(r, agent, &queues);
	args_add(a, agent->id);
	args_add(a, agent->name);
	args_num(a, agent->capacity);
	args_add(a, span_of(presence_names[presence]));
	args_add(a, buf_span(&queues));
	args_num(a, router_now(r));
	args_num(a, r->options.agent_grace_ms);
	err = desk_call_start(call, "ph_desk_presence", ROUTER_DESK, on_pairs);
	buf_fini(&queues);
	return err;
}

static void on_taken(void *arg, int err, const redisReply *reply, const char *why)
{
	struct desk_call *call = arg;
	struct span what = redis_text_at(reply, 0);

	(void)why;
	if (!err)
		apply_pairs(call->router, redis_at(reply, 1));
	if (err)
		desk_call_end(call, router_redis_error(err));
	else
		desk_call_end(call, span_is(what, "ok") ? (struct router_error){0}
		                                        : router_refused(what));
}

static void on_take_summary(void *arg, const struct router_error *error,
                            const struct conversation_summary *summary)
{
	struct desk_call *call = arg;
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);

	if (error->err) {
		desk_call_end(call, *error);
		return;
	}
	if (summary->state == SESSION_CLOSED || summary->state == SESSION_NONE) {
		desk_call_end(call, router_refused(SPAN_LIT("session_closed")));
		return;
	}
	args_add(a, span_of(call->conversation));
	args_add(a, summary->session);
	args_add(a, span_of(call->agent));
	args_add(a, span_of(call->name));
	args_add(a, summary->queue.len ? summary->queue : span_of(r->default_queue));
	args_num(a, router_now(r));
	desk_call_next(call, "ph_desk_take", ROUTER_DESK, on_taken);
}

int router_take(struct router *r, struct span conversation, const struct router_agent *agent,
                router_ok_fn *fn, void *arg)
{
	struct desk_call *call = desk_call_create(r, conversation, agent->id, fn, arg);
	int err;

	if (!call)
		return -ENOMEM;
	snprintf(call->name, sizeof(call->name), "%.*s", SPAN_FMT(agent->name));
	err = router_summary(r, span_of(call->conversation), on_take_summary, call);
	if (err)
		free(call);
	return err;
}

/* {ok, sid, queue, since, state}: now the desk. */
static void on_released(void *arg, int err, const redisReply *reply, const char *why)
{
	struct desk_call *call = arg;
	struct router *r = call->router;
	struct fcall_args *a;
	struct span what = redis_text_at(reply, 0);

	(void)why;
	if (err || !span_is(what, "ok")) {
		desk_call_end(call, err ? router_redis_error(err) : router_refused(what));
		return;
	}
	router_hint(r, span_of(call->conversation), 0);
	a = router_args(r); /* only now: who was told may have called, too */
	args_add(a, span_of(call->conversation));
	args_add(a, redis_text_at(reply, 1));
	args_add(a, redis_text_at(reply, 4));
	args_add(a, redis_text_at(reply, 2));
	args_add(a, redis_text_at(reply, 3));
	args_num(a, router_now(r));
	desk_call_next(call, "ph_desk_release", ROUTER_DESK, on_pairs);
}

/* agent "" takes it from whoever has it. by: who did it. session: the one that is meant, empty for
 * the present one. */
static int release(struct desk_call *call, const char *state, struct span disposition,
                   struct span note, struct span by, struct span session)
{
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);
	struct span conversation = span_of(call->conversation);

	args_add(a, conversation);
	args_add(a, span_of(call->agent));
	args_add(a, span_of(state));
	args_add(a, disposition);
	args_add(a, note);
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_add(a, by);
	args_add(a, session);
	return desk_call_start(call, "ph2_release", router_part(conversation), on_released);
}

int router_requeue(struct router *r, struct span conversation, struct span agent, struct span note,
                   router_ok_fn *fn, void *arg)
{
	struct desk_call *call = desk_call_create(r, conversation, agent, fn, arg);

	return call ? release(call, "queued", SPAN_NONE, note, agent, SPAN_NONE) : -ENOMEM;
}

int router_close(struct router *r, struct span conversation, struct span agent,
                 struct span disposition, struct span note, router_ok_fn *fn, void *arg)
{
	struct desk_call *call = desk_call_create(r, conversation, agent, fn, arg);

	return call ? release(call, "closed", disposition, note, agent, SPAN_NONE) : -ENOMEM;
}

/* --- What the desk looks like
 * ----------------------------------------------------------------------- */

struct view_call {
	router_desk_fn *fn;
	void *arg;
};

enum {
	VIEW_MAX = 500 /* conversations of each list */
};

static size_t view_list(const redisReply *reply, struct span *out)
{
	size_t count = 0;

	for (size_t i = 0;
	     reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements && count < VIEW_MAX;
	     i++)
		out[count++] = redis_text_at(reply, i);
	return count;
}

static size_t view_queues(const redisReply *reply, struct queue_state *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0;
	     reply && reply->type == REDIS_REPLY_ARRAY && i + 2 < reply->elements && count < max;
	     i += 3)
		out[count++] =
			(struct queue_state){redis_text_at(reply, i), redis_num_at(reply, i + 1),
		                             redis_num_at(reply, i + 2)};
	return count;
}

static void on_view(void *arg, int err, const redisReply *reply, const char *why)
{
	struct view_call *call = arg;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};
	struct span mine[VIEW_MAX], waiting[VIEW_MAX];
	struct queue_state queues[64];
	struct span name = redis_text_at(reply, 0);
	enum presence presence = PRESENCE_OFFLINE;
	size_t mine_count = 0, waiting_count = 0, queue_count = 0;

	(void)why;
	if (!err) {
		mine_count = view_list(redis_at(reply, 1), mine);
		waiting_count = view_list(redis_at(reply, 2), waiting);
		queue_count = view_queues(redis_at(reply, 3), queues, ARRAY_LEN(queues));
	}
	for (size_t i = 0; i < ARRAY_LEN(presence_names); i++)
		if (span_is(name, presence_names[i]))
			presence = (enum presence)i;
	call->fn(call->arg, &error, presence, mine, mine_count, waiting, waiting_count, queues,
	         queue_count);
	free(call);
}

int router_desk(struct router *r, struct span agent, router_desk_fn *fn, void *arg)
{
	struct view_call *call = malloc(sizeof(*call));
	struct fcall_args *a = router_args(r);
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct view_call){fn, arg};
	args_add(a, agent);
	args_num(a, VIEW_MAX);
	err = router_fcall(r, "ph_desk_view", ROUTER_DESK, on_view, call);
	if (err)
		free(call);
	return err;
}

/* --- What time starts: consoles that are gone
 * --------------------------------------------------------- */

/* {C, agent, sid, ...}: back to their queues, at the place they had. */
static void put_back(struct router *r, const redisReply *list)
{
	for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i + 2 < list->elements;
	     i += 3) {
		struct desk_call *call = desk_call_create(r, redis_text_at(list, i),
		                                          redis_text_at(list, i + 1), NULL, NULL);

		if (call && release(call, "queued", SPAN_NONE, SPAN_LIT("agent_gone"),
		                    SPAN_LIT("desk"), redis_text_at(list, i + 2)))
			return;
	}
}

static void on_swept(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	if (err)
		return;
	put_back(arg, redis_at(reply, 0));
	apply_pairs(arg, redis_at(reply, 1));
}

void desk_sweep(struct router *r)
{
	struct fcall_args *a = router_args(r);

	args_num(a, router_now(r));
	args_num(a, 100);
	if (router_fcall(r, "ph_desk_sweep", ROUTER_DESK, on_swept, r))
		return;
}
