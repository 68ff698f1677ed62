/*
 * One conversation as one console sees it. Every hint starts a round: the summary is read, then,
 * where events are pushed, what the log has after the last one that was pushed. A hint during a
 * round asks for one more, so hints may be lost, repeated or come too early.
 */
#include "console_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { FRAME_TARGET = 48 * 1024 };

/* A round under way: the view may be gone when the answer comes. */
struct round {
	struct console_socket *socket;
	char id[CONVERSATION_ID_LEN + 1];
	bool newest;
};

struct console_view *console_view_find(struct console_socket *s, struct span id)
{
	struct console_view *v = NULL;

	if (id.len == CONVERSATION_ID_LEN)
		HASH_FIND(hh, s->views, id.ptr, CONVERSATION_ID_LEN, v);
	return v;
}

static void on_watch(void *arg, struct span conversation, uint64_t seq)
{
	struct console_socket *s = arg;
	struct console_view *v = console_view_find(s, conversation);

	(void)seq;
	if (v)
		console_view_touch(s, v);
}

struct console_view *console_view_add(struct console_socket *s, struct span id)
{
	struct console_view *v = console_view_find(s, id);

	if (v)
		return v;
	if (id.len != CONVERSATION_ID_LEN || HASH_COUNT(s->views) >= CONSOLE_VIEWS_MAX)
		return NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	memcpy(v->id, id.ptr, CONVERSATION_ID_LEN);
	if (router_watch(s->console->options.router, id, on_watch, s, &v->watch)) {
		free(v);
		return NULL;
	}
	HASH_ADD(hh, s->views, id, CONVERSATION_ID_LEN, v);
	return v;
}

void console_view_remove(struct console_socket *s, struct console_view *v)
{
	bool counted = v->counted;

	router_unwatch(s->console->options.router, &v->watch);
	HASH_DELETE(hh, s->views, v);
	free(v->sent);
	free(v);
	if (counted)
		console_counted(s);
}

bool console_is_lead(const struct console_socket *s)
{
	return s->user.role == ROLE_SUPERVISOR || s->user.role == ROLE_ADMINISTRATOR;
}

static bool serves(const struct console_socket *s, struct span queue)
{
	if (!s->user.skill_count)
		return span_is(queue, s->console->options.config->desk.default_queue);
	for (size_t i = 0; i < s->user.skill_count; i++)
		if (span_is(queue, s->user.skills[i]))
			return true;
	return false;
}

/* An agent sees what is theirs, what waits for people like them, and what nobody has. */
bool console_may_see(const struct console_socket *s, const struct conversation_summary *summary,
                     const struct console_view *v)
{
	if (console_is_lead(s))
		return true;
	switch (summary->state) {
	case SESSION_ASSIGNED:
	case SESSION_WRAPUP:
		return span_is(summary->agent, s->user.id);
	case SESSION_QUEUED:
		return serves(s, summary->queue);
	case SESSION_BOT:
		return true;
	case SESSION_NONE:
	case SESSION_CLOSED:
	case SESSION_STATES:
		break;
	}
	return span_is(summary->agent, s->user.id) || (v && (v->flags & VIEW_ENDED || v->shown));
}

/* --- Events ------------------------------------------------------------------------------- */

static void send_frame(struct console_socket *s, const char *conversation, const char *rid,
                       json_t *events, bool more)
{
	json_t *frame = json_pack("{s:s, s:s, s:o, s:b}", "type", "events", "conversation",
	                          conversation, "events", events, "more", more);

	strict_json_set(frame, "rid", span_of(rid));
	console_send(s, frame);
}

static size_t weight(const struct log_event *e)
{
	return e->message ? 512 + 2 * (e->message->text.len + e->message->data.len) : 512;
}

size_t console_events_over(const struct log_event *events, size_t count)
{
	size_t octets = 0;

	for (size_t i = count; i > 0; i--) {
		octets += weight(&events[i - 1]);
		if (octets > FRAME_TARGET && i < count)
			return i;
	}
	return 0;
}

void console_events(struct console_socket *s, const char *conversation, const char *rid,
                    const struct log_event *events, size_t count, bool more)
{
	json_t *list = json_array();
	size_t octets = 0;

	for (size_t i = 0; i < count; i++) {
		if (json_array_size(list) && octets + weight(&events[i]) > FRAME_TARGET) {
			send_frame(s, conversation, rid, list, more);
			list = json_array();
			octets = 0;
			rid = "";
			more = false; /* the frame before is what exists before the first */
		}
		octets += weight(&events[i]);
		json_array_append_new(list, event_json(span_of(conversation), &events[i]));
	}
	if (json_array_size(list) || rid[0])
		send_frame(s, conversation, rid, list, more);
	else
		json_decref(list);
}

/* --- A round ------------------------------------------------------------------------------ */

static struct round *round_create(struct console_socket *s, const struct console_view *v)
{
	struct round *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->socket = console_socket_ref(s);
	memcpy(r->id, v->id, sizeof(r->id));
	return r;
}

static void round_free(struct round *r)
{
	console_socket_unref(r->socket);
	free(r);
}

static void round_end(struct console_socket *s, struct console_view *v)
{
	v->busy = false;
	if (v->again) {
		v->again = false;
		console_view_touch(s, v);
	}
}

static void refuse_open(struct console_socket *s, struct console_view *v, const char *code)
{
	const struct console_fault fault = {.rid = span_of(v->rid), .code = code};

	if (v->rid[0])
		console_error(s, &fault);
	v->rid[0] = '\0';
}

/* What was pushed before (a repeated answer) is not pushed again. */
static void push(struct console_socket *s, struct console_view *v, const struct round *r,
                 const struct log_event *events, size_t count, bool more)
{
	while (!r->newest && count && events[0].seq <= v->seq) {
		events++;
		count--;
	}
	console_events(s, v->id, v->rid, events, count, r->newest && more);
	v->rid[0] = '\0';
	if (count)
		v->seq = events[count - 1].seq;
}

static void on_read(void *arg, const struct router_error *error, const struct log_event *events,
                    size_t count, bool more)
{
	struct round *r = arg;
	struct console_socket *s = r->socket;
	struct console_view *v = s->ws ? console_view_find(s, span_of(r->id)) : NULL;

	if (v && error && error->err) {
		refuse_open(s, v, console_code(error));
		round_end(s, v);
	} else if (v) {
		push(s, v, r, events, count, more);
		v->again |= !r->newest && more;
		round_end(s, v);
	}
	round_free(r);
}

static bool is_pushed(const struct console_socket *s, const struct console_view *v)
{
	/* What this agent just closed is pushed to its end; what was closed before is only listed.
	 */
	bool closing = v->flags & VIEW_ENDED && v->seq;

	return s->stage == STAGE_OPEN && (v->flags & (VIEW_OPENED | VIEW_MINE) || closing);
}

static void read_events(struct console_socket *s, struct console_view *v, uint64_t seq)
{
	struct router *router = s->console->options.router;
	struct round *r;
	int err;

	if (!is_pushed(s, v) || (seq <= v->seq && !v->newest && !v->rid[0])) {
		round_end(s, v);
		return;
	}
	r = round_create(s, v);
	if (!r) {
		round_end(s, v);
		return;
	}
	r->newest = v->newest || v->seq == 0 || seq - v->seq > CONSOLE_CATCH_UP || seq < v->seq;
	v->newest = false;
	err = router_read(router, span_of(v->id), r->newest ? 0 : v->seq,
	                  r->newest ? UINT64_MAX : 0, r->newest ? CONSOLE_NEWEST : CONSOLE_PAGE,
	                  on_read, r);
	if (err) {
		round_free(r);
		refuse_open(s, v, "unavailable");
		round_end(s, v);
	}
}

static void send_summary(struct console_socket *s, struct console_view *v,
                         const struct conversation_summary *summary)
{
	char *text = strict_json_dump(json_pack("{s:s, s:o}", "type", "summary", "summary",
	                                        console_summary_json(summary)));

	if (text && (!v->sent || strcmp(text, v->sent) != 0)) {
		if (s->stage == STAGE_OPEN)
			console_send_text(s, span_of(text));
		free(v->sent);
		v->sent = text;
		text = NULL;
	}
	free(text);
	v->shown = true;
}

/* It is no longer this agent's business. */
static void leave(struct console_socket *s, struct console_view *v)
{
	refuse_open(s, v, "not_found");
	if (v->shown && s->stage == STAGE_OPEN)
		console_send(s, json_pack("{s:s, s:s}", "type", "gone", "conversation", v->id));
	v->shown = false;
	if (v->flags & VIEW_WAITING) { /* in a queue that this agent does not serve: watched on */
		v->flags = VIEW_WAITING;
		free(v->sent);
		v->sent = NULL;
		round_end(s, v);
		return;
	}
	console_view_remove(s, v);
}

static void keep_what_it_says(struct console_socket *s, struct console_view *v,
                              const struct conversation_summary *summary)
{
	bool mine = (summary->state == SESSION_ASSIGNED || summary->state == SESSION_WRAPUP) &&
	            span_is(summary->agent, s->user.id);

	v->state = summary->state;
	snprintf(v->scheme, sizeof(v->scheme), "%.*s", SPAN_FMT(summary->scheme));
	snprintf(v->channel, sizeof(v->channel), "%.*s", SPAN_FMT(summary->channel));
	snprintf(v->lang, sizeof(v->lang), "%.*s", SPAN_FMT(summary->lang));
	v->flags = mine ? v->flags | VIEW_MINE : v->flags & ~(unsigned)VIEW_MINE;
	if (summary->state != SESSION_QUEUED)
		v->flags &= ~(unsigned)VIEW_WAITING;
	if (summary->state == SESSION_BOT || summary->state == SESSION_QUEUED)
		v->flags &= ~(unsigned)VIEW_ENDED;
}

static void on_summary(void *arg, const struct router_error *error,
                       const struct conversation_summary *summary)
{
	struct round *r = arg;
	struct console_socket *s = r->socket;
	struct console_view *v = s->ws ? console_view_find(s, span_of(r->id)) : NULL;
	bool counted = v && v->counted;

	if (v)
		v->counted = false;
	if (v && error && error->err) {
		refuse_open(s, v, console_code(error));
		if (error->err == -ENOENT)
			console_view_remove(s, v);
		else
			round_end(s, v);
	} else if (v) {
		keep_what_it_says(s, v, summary);
		if (!v->flags || !console_may_see(s, summary, v)) {
			leave(s, v);
		} else {
			send_summary(s, v, summary);
			read_events(s, v, summary->seq);
		}
	}
	if (counted)
		console_counted(s);
	round_free(r);
}

void console_view_touch(struct console_socket *s, struct console_view *v)
{
	struct round *r;

	if (v->busy) {
		v->again = true;
		return;
	}
	r = round_create(s, v);
	if (!r)
		return;
	v->busy = true;
	if (router_summary(s->console->options.router, span_of(v->id), on_summary, r)) {
		/* Redis is away; the router hints at everything when it is back. */
		v->busy = false;
		refuse_open(s, v, "unavailable");
		round_free(r);
	}
}
