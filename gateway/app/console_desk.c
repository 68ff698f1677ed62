/*
 * The list: what hello begins with, and how it follows the desk. Only the difference between what
 * the desk says now and what the console has is told.
 */
#include "console_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENDED_KEPT = 50, QUEUES_MS = 1000, SINCE_MAX = 500 };

void console_agent_of(const struct user *user, const char *queues[USER_SKILLS + 1],
                      struct router_agent *agent)
{
	size_t i;

	for (i = 0; i < user->skill_count; i++)
		queues[i] = user->skills[i];
	queues[i] = NULL;
	*agent = (struct router_agent){.id = span_of(user->id),
	                               .name = span_of(user->name),
	                               .capacity = user->capacity,
	                               .queues = i ? queues : NULL};
}

/* --- Presence ------------------------------------------------------------------------------ */

void console_push_presence(struct console_socket *s, const char *reason)
{
	console_send(s, json_pack("{s:s, s:s, s:s}", "type", "presence", "state",
	                          s->presence == PRESENCE_AVAILABLE ? "available" : "away",
	                          "reason", reason));
}

struct presence_call {
	struct console_socket *socket;
	char rid[CONSOLE_RID_MAX + 1];
	bool asked;
};

static void on_presence(void *arg, const struct router_error *error)
{
	struct presence_call *call = arg;
	struct console_socket *s = call->socket;
	struct span rid = span_of(call->rid);

	if (call->asked && error->err) {
		const struct console_fault fault = {
			.rid = rid, .code = console_code(error), .detail = error->detail};

		console_error(s, &fault);
	} else if (call->asked) {
		if (rid.len)
			console_ok(s, rid);
		console_push_presence(s, "asked");
	}
	console_socket_unref(s);
	free(call);
}

void console_presence(struct console_socket *s, enum presence presence, struct span rid, bool asked)
{
	const struct console_fault away = {.rid = rid, .code = "unavailable"};
	struct presence_call *call = calloc(1, sizeof(*call));
	int err = call ? 0 : -ENOMEM;

	s->renewed_ms = console_now(s->console);
	if (call) {
		call->socket = console_socket_ref(s);
		call->asked = asked;
		snprintf(call->rid, sizeof(call->rid), "%.*s", SPAN_FMT(rid));
		err = router_presence(s->console->options.router, &s->agent, presence, on_presence,
		                      call);
	}
	if (!err) {
		s->presence = presence;
		return;
	}
	if (call)
		console_socket_unref(s);
	free(call);
	if (asked)
		console_error(s, &away);
}

/* --- What this agent closed ----------------------------------------------------------------- */

static struct span ended_key(const struct console_socket *s, char *out, size_t size)
{
	int len = snprintf(out, size, "ph:{desk}:ended:%s", s->user.id);

	return (struct span){out, (size_t)len};
}

void console_ended(struct console_socket *s, struct span conversation)
{
	struct redis *redis = s->console->options.redis;
	char key[80], now[24];
	const struct span name = ended_key(s, key, sizeof(key));
	struct span add[] = {SPAN_LIT("ZADD"), name, SPAN_NONE, conversation};
	const struct span trim[] = {SPAN_LIT("ZREMRANGEBYRANK"), name, SPAN_LIT("0"),
	                            SPAN_LIT("-51")};
	int err;

	snprintf(now, sizeof(now), "%llu",
	         (unsigned long long)clock_wall_ms(io_loop_clock(s->console->options.loop)));
	add[2] = span_of(now);
	err = redis_command(redis, ARRAY_LEN(add), add, NULL, NULL);
	if (!err)
		err = redis_command(redis, ARRAY_LEN(trim), trim, NULL, NULL);
	(void)err; /* a list of what was; nothing depends on it */
}

/* --- Hello ---------------------------------------------------------------------------------- */

static void count_view(struct console_socket *s, struct span id, unsigned flag)
{
	struct console_view *v = console_view_add(s, id);

	if (!v)
		return;
	v->flags |= flag;
	if (v->counted || v->busy)
		return;
	v->counted = true;
	s->waiting++;
	console_view_touch(s, v);
	if (!v->busy) { /* Redis went away just now */
		v->counted = false;
		s->waiting--;
	}
}

static json_t *welcome_json(struct console_socket *s)
{
	const struct console_options *o = &s->console->options;
	json_t *list = json_array(), *queues;
	struct console_view *v, *next;

	HASH_ITER(hh, s->views, v, next)
	{
		json_t *frame = v->shown && v->sent && v->flags & ~(unsigned)VIEW_OPENED
		                        ? json_loads(v->sent, 0, NULL)
		                        : NULL;

		if (frame)
			json_array_append(list, json_object_get(frame, "summary"));
		json_decref(frame);
	}
	queues = s->desk_queues ? json_incref(s->desk_queues) : json_array();
	return json_pack("{s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:o}", "type", "welcome", "user",
	                 user_public(&s->user), "presence",
	                 s->presence == PRESENCE_AVAILABLE ? "available" : "away", "server_ts",
	                 (json_int_t)clock_wall_ms(io_loop_clock(o->loop)), "conversations", list,
	                 "queues", queues, "dispositions", console_dispositions_json(o->config),
	                 "canned", console_canned_json(*o->catalogue));
}

/* What the client holds of other conversations, so that they go on from there. */
static void follow_since(struct console_socket *s)
{
	const char *key;
	json_t *value;
	unsigned count = 0;

	json_object_foreach(s->since, key, value)
	{
		struct console_view *v =
			++count <= SINCE_MAX ? console_view_add(s, span_of(key)) : NULL;

		if (!v)
			continue;
		v->flags |= VIEW_OPENED;
		v->seq = (uint64_t)json_integer_value(value);
	}
	json_decref(s->since);
	s->since = NULL;
}

static void welcome(struct console_socket *s)
{
	struct console_view *v, *next;

	s->queues_sent_ms = console_now(s->console);
	console_send(s, welcome_json(s));
	s->stage = STAGE_OPEN;
	if (!router_durable(s->console->options.router))
		console_send(s, json_pack("{s:s, s:s}", "type", "service", "state", "degraded"));
	if (s->lost) {
		s->lost = false;
		console_push_presence(s, "connection_lost");
	}
	follow_since(s);
	HASH_ITER(hh, s->views, v, next)
	{
		if (v->flags & (VIEW_OPENED | VIEW_MINE))
			console_view_touch(s, v);
	}
	log_info(s->console->options.log, EVENT("console.welcome"), STR("user", s->user.id),
	         NUM("views", HASH_COUNT(s->views)));
}

void console_counted(struct console_socket *s)
{
	if (--s->waiting == 0 && s->ws && s->stage == STAGE_DESK)
		welcome(s);
}

static void on_ended(void *arg, int err, const redisReply *reply, const char *why)
{
	struct console_socket *s = arg;

	(void)why;
	for (size_t i = 0; s->ws && !err && i < reply->elements; i++)
		count_view(s, redis_text_at(reply, i), VIEW_ENDED);
	console_counted(s);
	console_socket_unref(s);
}

static void ask_ended(struct console_socket *s)
{
	char key[80];
	const struct span argv[] = {SPAN_LIT("ZREVRANGE"), ended_key(s, key, sizeof(key)),
	                            SPAN_LIT("0"), SPAN_LIT("49")};

	s->waiting++;
	console_socket_ref(s);
	if (redis_command(s->console->options.redis, ARRAY_LEN(argv), argv, on_ended, s)) {
		s->waiting--;
		console_socket_unref(s);
	}
}

static void keep_queues(struct console_socket *s, const struct queue_state *queues, size_t count)
{
	json_decref(s->desk_queues);
	s->desk_queues = console_queues_json(queues, count);
}

static void on_first_desk(void *arg, const struct router_error *error, enum presence presence,
                          const struct span *mine, size_t mine_count, const struct span *waiting,
                          size_t waiting_count, const struct queue_state *queues,
                          size_t queue_count)
{
	struct console_socket *s = arg;

	s->desk_busy = false;
	if (s->ws && !error->err) {
		keep_queues(s, queues, queue_count);
		s->waiting++; /* the gathering itself */
		console_presence(s, presence == PRESENCE_AVAILABLE ? presence : PRESENCE_AWAY,
		                 SPAN_NONE, false);
		for (size_t i = 0; i < mine_count; i++)
			count_view(s, mine[i], VIEW_MINE);
		for (size_t i = 0; i < waiting_count; i++)
			count_view(s, waiting[i], VIEW_WAITING);
		ask_ended(s);
		console_counted(s);
	}
	console_socket_unref(s);
}

void console_hello_again(struct console_socket *s)
{
	if (s->desk_busy || s->waiting)
		return;
	if (router_desk(s->console->options.router, s->agent.id, on_first_desk, s))
		return; /* Redis is away: again when it is back */
	s->desk_busy = true;
	console_socket_ref(s);
}

void console_hello(struct console_socket *s, json_t *since)
{
	json_decref(s->since);
	s->since = since;
	s->stage = STAGE_DESK;
	console_hello_again(s);
}

/* --- Following the desk --------------------------------------------------------------------- */

static bool is_among(const struct span *list, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(list[i], id))
			return true;
	return false;
}

static void follow_list(struct console_socket *s, const struct span *list, size_t count,
                        unsigned flag)
{
	for (size_t i = 0; i < count; i++) {
		struct console_view *v = console_view_add(s, list[i]);

		if (!v || v->flags & flag)
			continue;
		v->flags |= flag;
		console_view_touch(s, v);
	}
}

static void drop_missing(struct console_socket *s, const struct span *mine, size_t mine_count,
                         const struct span *waiting, size_t waiting_count)
{
	struct console_view *v, *next;

	HASH_ITER(hh, s->views, v, next)
	{
		unsigned before = v->flags;

		if (!is_among(mine, mine_count, v->id))
			v->flags &= ~(unsigned)VIEW_MINE;
		if (!is_among(waiting, waiting_count, v->id))
			v->flags &= ~(unsigned)VIEW_WAITING;
		if (v->flags != before)
			console_view_touch(s, v); /* its summary says what became of it */
	}
}

static void on_desk(void *arg, const struct router_error *error, enum presence presence,
                    const struct span *mine, size_t mine_count, const struct span *waiting,
                    size_t waiting_count, const struct queue_state *queues, size_t queue_count)
{
	struct console_socket *s = arg;

	(void)presence;
	s->desk_busy = false;
	if (s->ws && !error->err) {
		keep_queues(s, queues, queue_count);
		follow_list(s, mine, mine_count, VIEW_MINE);
		follow_list(s, waiting, waiting_count, VIEW_WAITING);
		drop_missing(s, mine, mine_count, waiting, waiting_count);
		console_queues(s);
	}
	console_socket_unref(s);
}

void console_desk(struct console_socket *s)
{
	if (s->desk_busy) {
		s->desk_again = true;
		return;
	}
	s->desk_again = false;
	if (router_desk(s->console->options.router, s->agent.id, on_desk, s))
		return;
	s->desk_busy = true;
	console_socket_ref(s);
}

void console_queues(struct console_socket *s)
{
	uint64_t now = console_now(s->console);
	char *text;

	if (!s->desk_queues || now - s->queues_sent_ms < QUEUES_MS)
		return;
	text = strict_json_dump(
		json_pack("{s:s, s:O}", "type", "queues", "queues", s->desk_queues));
	if (text && (!s->queues_sent || strcmp(text, s->queues_sent) != 0)) {
		console_send_text(s, span_of(text));
		free(s->queues_sent);
		s->queues_sent = text;
		s->queues_sent_ms = now;
		return;
	}
	free(text);
}
