/* One console's connection: who it is, what it may cost, how it ends. */
#include "console_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	FRAME_MAX = 64 * 1024,
	OUTPUT_MAX = 2 << 20,
	PINGS_PER_MIN = 60,
	LOST_MS = 10000,
	REFUSED_STATUS = 403,
	LOGGED_OUT_STATUS = 401
};

struct console_socket *console_socket_ref(struct console_socket *s)
{
	s->refs++;
	return s;
}

void console_socket_unref(struct console_socket *s)
{
	if (--s->refs)
		return;
	json_decref(s->since);
	json_decref(s->desk_queues);
	free(s->queues_sent);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

void console_close(struct console_socket *s, enum console_close code, const char *reason)
{
	if (s->ws)
		websocket_close(s->ws, (uint16_t)code, reason);
}

void console_send_text(struct console_socket *s, struct span text)
{
	int err = s->ws ? websocket_send(s->ws, text) : 0;

	if (err == -EAGAIN) {
		log_warn(s->console->options.log, EVENT("console.slow"), STR("user", s->user.id));
		console_close(s, CLOSE_SLOW, "reads too slowly");
	}
}

void console_send(struct console_socket *s, json_t *frame)
{
	char *text = strict_json_dump(frame);

	if (text)
		console_send_text(s, span_of(text));
	free(text);
}

void console_ok(struct console_socket *s, struct span rid)
{
	json_t *frame = json_pack("{s:s}", "type", "ok");

	strict_json_set(frame, "rid", rid);
	console_send(s, frame);
}

void console_error(struct console_socket *s, const struct console_fault *fault)
{
	json_t *frame = json_pack("{s:s, s:s}", "type", "error", "code", fault->code);

	strict_json_set(frame, "rid", fault->rid);
	strict_json_set(frame, "cid", fault->cid);
	strict_json_set(frame, "detail", span_of(fault->detail));
	strict_json_set(frame, "field", span_of(fault->field));
	if (fault->retry_after_ms)
		json_object_set_new(frame, "retry_after_ms",
		                    json_integer((json_int_t)fault->retry_after_ms));
	console_send(s, frame);
}

/* --- Who it is ---------------------------------------------------------------------------- */

/* The same person has one console on a node; the newest wins. */
static void replace_others(struct console_socket *s)
{
	for (struct console_socket *o = s->console->sockets; o; o = o->next)
		if (o != s && o->stage >= STAGE_HELLO && strcmp(o->user.id, s->user.id) == 0)
			console_close(o, CLOSE_REPLACED, "another console was opened");
}

static void forget_lost(struct console_socket *s)
{
	struct console_lost **at = &s->console->lost;

	while (*at && strcmp((*at)->user, s->user.id) != 0)
		at = &(*at)->next;
	if (*at) {
		struct console_lost *lost = *at;

		s->lost = lost->away;
		*at = lost->next;
		free(lost);
	}
}

static void let_in(struct console_socket *s, const struct user *user)
{
	bool first = s->stage == STAGE_TOKEN;

	s->user = *user;
	console_agent_of(&s->user, s->queues, &s->agent);
	s->checked_ms = console_now(s->console);
	if (!first)
		return;
	if (user->role == ROLE_MARKETER || user->role == ROLE_EDITOR) {
		console_close(s, CLOSE_REFUSED, "the role has no desk");
		return;
	}
	s->stage = STAGE_HELLO;
	forget_lost(s);
	replace_others(s);
	websocket_resume(s->ws); /* frames that came meanwhile are read now */
}

static void on_checked(void *arg, int err, const struct user *user, uint64_t expires_ms)
{
	struct console_socket *s = arg;

	(void)expires_ms;
	s->checking = false;
	if (s->ws && !err)
		let_in(s, user);
	else if (s->ws && err == -EACCES)
		console_close(s, CLOSE_LOGGED_OUT, "not logged in");
	/* else Redis is away: asked again when it is back */
	console_socket_unref(s);
}

void console_check(struct console_socket *s)
{
	if (s->checking || !s->ws)
		return;
	if (login_check(s->console->options.login, s->token, true, on_checked, s))
		return;
	s->checking = true;
	console_socket_ref(s);
}

/* --- The connection ------------------------------------------------------------------------ */

static int on_request(void *arg, const struct http_request *r, void **data)
{
	struct console *c = arg;
	struct console_socket *s;
	struct login_token token;

	login_token_of(r, &token);
	if (!token.hash[0])
		return LOGGED_OUT_STATUS;
	/* A cookie is sent by itself, so it counts only from a page of ours. */
	if (!login_origin_ok(c->options.login, r) ||
	    (token.cookie && !http_header(r, "origin").len))
		return REFUSED_STATUS;
	if (c->draining)
		return 503;
	s = calloc(1, sizeof(*s));
	if (!s)
		return 503;
	s->console = c;
	s->refs = 1;
	memcpy(s->token, token.hash, sizeof(s->token));
	*data = s;
	return 0;
}

static void on_open(void *data, struct websocket *ws)
{
	struct console_socket *s = data;

	s->ws = ws;
	s->opened_ms = s->tokens_ms = console_now(s->console);
	s->tokens = 0;
	s->next = s->console->sockets;
	s->console->sockets = s;
	websocket_pause(ws);
	console_check(s);
}

/* A bucket of 200 frames that fills by 50 a second; three times empty closes. */
static bool may_speak(struct console_socket *s)
{
	enum { BUCKET = 200, PER_SECOND = 50 };
	uint64_t now = console_now(s->console);
	int64_t gained = (int64_t)(now - s->tokens_ms) * PER_SECOND / 1000;

	if (gained > 0) {
		s->tokens = s->tokens - gained > 0 ? s->tokens - gained : 0;
		s->tokens_ms = now;
	}
	s->tokens++;
	if (s->tokens > 3L * BUCKET) {
		console_close(s, CLOSE_TOO_MANY, "too many frames");
		return false;
	}
	return true;
}

static void on_text(void *data, struct websocket *ws, struct span text)
{
	struct console_socket *s = data;

	(void)ws;
	console_socket_ref(s);
	if (may_speak(s))
		console_frame(s, text);
	console_socket_unref(s);
}

/* The agent keeps sessions and presence for a moment: most consoles that go come back at once. */
static void note_lost(struct console_socket *s)
{
	struct console *c = s->console;
	struct console_lost *lost;

	if (s->stage != STAGE_OPEN || s->presence != PRESENCE_AVAILABLE)
		return;
	for (struct console_socket *o = c->sockets; o; o = o->next)
		if (strcmp(o->user.id, s->user.id) == 0)
			return;
	lost = calloc(1, sizeof(*lost));
	if (!lost)
		return;
	snprintf(lost->user, sizeof(lost->user), "%s", s->user.id);
	lost->record = s->user;
	lost->due_ms = console_now(c) + LOST_MS;
	lost->next = c->lost;
	c->lost = lost;
}

static void on_close(void *data, struct websocket *ws, uint16_t code)
{
	struct console_socket *s = data;
	struct console_socket **at = &s->console->sockets;
	struct console_view *v, *next;

	(void)ws;
	log_info(s->console->options.log, EVENT("console.close"), STR("user", s->user.id),
	         NUM("code", code));
	s->ws = NULL;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	HASH_ITER(hh, s->views, v, next)
	{
		console_view_remove(s, v);
	}
	if (!s->console->draining)
		note_lost(s);
	console_socket_unref(s);
}

int console_socket_route(struct console *c)
{
	static const struct websocket_options options = {.name = "console",
	                                                 .subprotocol = "posthouse.console.v1",
	                                                 .message_max = FRAME_MAX,
	                                                 .output_max = OUTPUT_MAX,
	                                                 .pings_per_min = PINGS_PER_MIN};
	static const struct websocket_ops ops = {.on_request = on_request,
	                                         .on_open = on_open,
	                                         .on_text = on_text,
	                                         .on_close = on_close};

	return websocket_route(c->options.server, "/console/ws", &options, &ops, c);
}
