/* What an agent does with a conversation: open, page back, send, take, give back, close. */
#include "choice.h"
#include "console_private.h"
#include "remark.h"
#include "segments.h"

#include <stdio.h>
#include <stdlib.h>

/* A frame whose answer comes later. */
struct act {
	struct console_socket *socket;
	char rid[CONSOLE_RID_MAX + 1], cid[CONSOLE_CID_MAX + 1];
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t before;
	unsigned limit;
	bool ended; /* of close: the agent ended it */
	char scheme[16], lang[8];
	json_t *answer;
};

static void fail(struct console_socket *s, const struct console_order *o, const char *code,
                 const char *field)
{
	const struct console_fault fault = {
		.rid = o->rid, .cid = o->cid, .code = code, .field = field};

	console_error(s, &fault);
}

static bool is_id(struct span id)
{
	return id.len == CONVERSATION_ID_LEN &&
	       strspn(id.ptr, "0123456789abcdef") == CONVERSATION_ID_LEN;
}

static struct act *act_create(struct console_socket *s, const struct console_order *o)
{
	struct act *a = is_id(o->conversation) ? calloc(1, sizeof(*a)) : NULL;

	if (!a) {
		fail(s, o, "not_found", "conversation");
		return NULL;
	}
	a->socket = console_socket_ref(s);
	snprintf(a->rid, sizeof(a->rid), "%.*s", SPAN_FMT(o->rid));
	snprintf(a->cid, sizeof(a->cid), "%.*s", SPAN_FMT(o->cid));
	memcpy(a->conversation, o->conversation.ptr, CONVERSATION_ID_LEN);
	return a;
}

static void act_free(struct act *a)
{
	console_socket_unref(a->socket);
	json_decref(a->answer);
	free(a);
}

static void act_fail(struct act *a, const char *code, const char *detail, const char *field)
{
	const struct console_fault fault = {.rid = span_of(a->rid),
	                                    .cid = span_of(a->cid),
	                                    .code = code,
	                                    .detail = detail,
	                                    .field = field};

	console_error(a->socket, &fault);
	act_free(a);
}

/* The router could not even begin. */
static void act_refuse(struct act *a, int err)
{
	if (err == -EMSGSIZE)
		act_fail(a, "too_long", "longer than the channel can send", "text");
	else if (err == -EINVAL || err == -ENOENT)
		act_fail(a, "not_found", NULL, "conversation");
	else
		act_fail(a, "unavailable", NULL, NULL);
}

/* Ends a on an error and says true. */
static bool act_failed(struct act *a, const struct router_error *error)
{
	if (!error || !error->err)
		return false;
	act_fail(a, console_code(error), error->detail, NULL);
	return true;
}

/* --- Opening and paging --------------------------------------------------------------------- */

void console_act_open(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v =
		is_id(o->conversation) ? console_view_add(s, o->conversation) : NULL;

	if (!v) {
		fail(s, o, is_id(o->conversation) ? "too_many" : "not_found", "conversation");
		return;
	}
	/* A lead may look at anything; for an agent the summary decides. */
	v->flags |= VIEW_OPENED;
	v->seq = o->since;
	v->newest = o->since == 0;
	snprintf(v->rid, sizeof(v->rid), "%.*s", SPAN_FMT(o->rid));
	console_view_touch(s, v);
}

void console_act_release(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);

	if (v) {
		v->flags &= ~(unsigned)VIEW_OPENED;
		if (!v->flags)
			console_view_remove(s, v);
	}
	console_ok(s, o->rid);
}

static void on_history(void *arg, const struct router_error *error, const struct log_event *events,
                       size_t count, bool more)
{
	struct act *a = arg;

	size_t skip;

	if (act_failed(a, error))
		return;
	skip = console_events_over(events, count);
	console_events(a->socket, a->conversation, a->rid, events + skip, count - skip,
	               more || skip > 0);
	act_free(a);
}

void console_act_history(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);
	struct act *a;
	int err;

	if (!v || !v->shown) { /* paged back from what was opened */
		fail(s, o, "not_found", "conversation");
		return;
	}
	a = act_create(s, o);
	if (!a)
		return;
	err = router_read(s->console->options.router, span_of(a->conversation), 0,
	                  o->before ? o->before : UINT64_MAX,
	                  o->limit ? (unsigned)o->limit : CONSOLE_NEWEST, on_history, a);
	if (err)
		act_refuse(a, err);
}

void console_act_read(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);

	if (!v || !(v->flags & VIEW_MINE))
		return; /* somebody who only looks does not make it read */
	router_mark_read(s->console->options.router, span_of(v->id), o->seq);
	console_view_touch(s, v);
}

void console_act_typing(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);

	if (v && v->flags & VIEW_MINE)
		router_typing(s->console->options.router, span_of(v->id), o->on,
		              span_of(s->user.name));
}

/* --- Sending -------------------------------------------------------------------------------- */

static void on_sent(void *arg, const struct router_sent *sent)
{
	struct act *a = arg;
	char id[EVENT_ID_SIZE];
	json_t *frame;

	if (act_failed(a, &sent->error))
		return;
	event_id(span_of(a->conversation), sent->seq, id);
	frame = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "type", "ack", "conversation",
	                  a->conversation, "cid", a->cid, "seq", (json_int_t)sent->seq, "id", id,
	                  "ts", (json_int_t)sent->ts_ms);
	strict_json_set(frame, "rid", span_of(a->rid));
	console_send(a->socket, frame);
	act_free(a);
}

static size_t values_of(json_t *variables, struct render_value *out, size_t max)
{
	const char *key;
	json_t *value;
	size_t count = 0;

	json_object_foreach(variables, key, value)
	{
		if (count < max)
			out[count++] = (struct render_value){
				span_of(key),
				{json_string_value(value), json_string_length(value)}
                        };
	}
	return count;
}

/* False: the frame was answered. */
static bool word(struct console_socket *s, const struct console_order *o,
                 const struct console_view *v, struct buf *out)
{
	const struct template *t = catalogue_find(*s->console->options.catalogue, o->template_id);
	struct render_value values[JSON_VALUES_MAX];
	struct render_order order = {.language = LANGUAGE_UNKNOWN,
	                             .medium = medium_of(span_of(v->scheme)),
	                             .values = values,
	                             .count = values_of(o->variables, values, JSON_VALUES_MAX)};
	char field[JSON_FAULT_FIELD];
	struct span culprit = SPAN_NONE;
	int err;

	if (language_parse(span_of(v->lang), &order.language))
		order.language = LANGUAGE_UNKNOWN;
	err = t ? template_render(t, &order, out, &culprit) : -ENODATA;
	if (!err)
		return true;
	snprintf(field, sizeof(field), "variables.%.*s", SPAN_FMT(culprit));
	fail(s, o, err == -EMSGSIZE ? "too_long" : "invalid", culprit.len ? field : "template");
	return false;
}

static void send_text(struct console_socket *s, const struct console_order *o, struct span text)
{
	struct act *a = act_create(s, o);
	char author[USER_ID_MAX + 8];
	struct router_send send = {.text = text,
	                           .template_id = o->template_id,
	                           .author_name = span_of(s->user.name),
	                           .lane = LANE_REPLY,
	                           .on_uncertain = UNCERTAIN_RESEND,
	                           .agent_only = true};
	int err;

	if (!a)
		return;
	snprintf(author, sizeof(author), "agent:%s", s->user.id);
	send.conversation = span_of(a->conversation);
	send.cid = span_of(a->cid);
	send.author = span_of(author);
	err = router_send(s->console->options.router, &send, on_sent, a);
	if (err)
		act_refuse(a, err);
}

void console_act_send(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);
	struct buf text;

	if (!o->text.len == !o->template_id.len) {
		fail(s, o, "invalid", "text");
		return;
	}
	if (o->text.len) {
		send_text(s, o, o->text);
		return;
	}
	if (!v || !v->shown) {
		fail(s, o, "not_found", "conversation");
		return;
	}
	buf_init(&text, CONSOLE_TEXT_MAX);
	if (word(s, o, v, &text))
		send_text(s, o, buf_span(&text));
	buf_fini(&text);
}

/* --- Sessions ------------------------------------------------------------------------------- */

static void on_done(void *arg, const struct router_error *error)
{
	struct act *a = arg;
	struct console_socket *s = a->socket;
	struct console_view *v;

	v = s->ws ? console_view_find(s, span_of(a->conversation)) : NULL;
	if (error->err && v && a->ended)
		v->flags &= ~(unsigned)VIEW_ENDED;
	if (act_failed(a, error))
		return;
	console_ok(s, span_of(a->rid));
	if (s->ws && a->ended)
		console_ended(s, span_of(a->conversation));
	if (v)
		console_view_touch(s, v);
	if (s->ws)
		console_desk(s);
	act_free(a);
}

void console_act_take(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);
	struct act *a;
	int err;

	if (!v || !v->shown) { /* only what the agent may see can be taken */
		fail(s, o, "not_found", "conversation");
		return;
	}
	a = act_create(s, o);

	if (!a)
		return;
	err = router_take(s->console->options.router, span_of(a->conversation), &s->agent, on_done,
	                  a);
	if (err)
		act_refuse(a, err);
}

void console_act_requeue(struct console_socket *s, const struct console_order *o)
{
	struct act *a = act_create(s, o);
	int err;

	if (!a)
		return;
	err = router_requeue(s->console->options.router, span_of(a->conversation), s->agent.id,
	                     o->note, on_done, a);
	if (err)
		act_refuse(a, err);
}

static bool is_disposition(const struct config *config, struct span id)
{
	const struct config_disposition *d = config->desk.dispositions.items;

	for (size_t i = 0; i < config->desk.dispositions.count; i++)
		if (span_is(id, d[i].id))
			return true;
	return false;
}

void console_act_close(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);
	struct act *a;
	int err;

	if (!is_disposition(s->console->options.config, o->disposition)) {
		fail(s, o, "invalid", "disposition");
		return;
	}
	a = act_create(s, o);
	if (!a)
		return;
	a->ended = true;
	if (v)
		v->flags |= VIEW_ENDED; /* now: the log's hint may come before the answer */
	err = router_close(s->console->options.router, span_of(a->conversation), s->agent.id,
	                   o->disposition, o->note, on_done, a);
	if (err)
		act_refuse(a, err);
}

/* --- The customer, and what might be said ----------------------------------------------------- */

static void on_customer_events(void *arg, const struct router_error *error,
                               const struct log_event *events, size_t count, bool more)
{
	struct act *a = arg;

	(void)more;
	if (act_failed(a, error))
		return;
	json_object_set_new(a->answer, "sessions", console_sessions_json(events, count));
	console_send(a->socket, json_incref(a->answer));
	act_free(a);
}

static json_t *customer_json(const struct act *a, const struct conversation_summary *summary)
{
	char title[80];

	return json_pack("{s:s, s:s, s:s, s:[{s:o, s:o, s:o}], s:I, s:I}", "type", "customer",
	                 "rid", a->rid, "conversation", a->conversation, "addresses", "address",
	                 strict_json_text(console_title(summary->address, title, sizeof(title))),
	                 "channel", strict_json_text(summary->channel), "connector",
	                 strict_json_text(summary->scheme), "first_ts",
	                 (json_int_t)summary->first_ms, "messages", (json_int_t)summary->messages);
}

static void on_customer(void *arg, const struct router_error *error,
                        const struct conversation_summary *summary)
{
	struct act *a = arg;
	struct console_socket *s = a->socket;
	int err;

	if (act_failed(a, error))
		return;
	if (!console_may_see(s, summary, console_view_find(s, span_of(a->conversation)))) {
		act_fail(a, "not_found", NULL, "conversation");
		return;
	}
	a->answer = customer_json(a, summary);
	err = router_read(s->console->options.router, span_of(a->conversation), 0, UINT64_MAX,
	                  CONSOLE_HISTORY_MAX, on_customer_events, a);
	if (err)
		act_refuse(a, err);
}

void console_act_customer(struct console_socket *s, const struct console_order *o)
{
	struct act *a = act_create(s, o);
	int err;

	if (!a)
		return;
	err = router_summary(s->console->options.router, span_of(a->conversation), on_customer, a);
	if (err)
		act_refuse(a, err);
}

void console_act_measure(struct console_socket *s, const struct console_order *o)
{
	const struct console_view *v = console_view_find(s, o->conversation);
	struct message m = {.direction = MESSAGE_OUT, .lane = LANE_REPLY, .text = o->text};
	struct connector_measure measure = {0};
	json_t *object;
	int err;

	if (!v || !v->shown) {
		fail(s, o, "not_found", "conversation");
		return;
	}
	err = router_measure(s->console->options.router, span_of(v->channel), &m, &measure);
	if (err && err != -EMSGSIZE) {
		fail(s, o, "invalid", "conversation");
		return;
	}
	object = segments_json(&measure, err == -EMSGSIZE);
	json_object_set_new(object, "type", json_string("segments"));
	strict_json_set(object, "rid", o->rid);
	console_send(s, object);
}

static void suggest(struct act *a, struct span text)
{
	struct console *c = a->socket->console;
	enum language language = LANGUAGE_UNKNOWN;

	if (language_parse(span_of(a->lang), &language))
		language = LANGUAGE_UNKNOWN;
	console_send(a->socket,
	             json_pack("{s:s, s:s, s:o}", "type", "suggestions", "rid", a->rid, "items",
	                       console_suggestions_json(*c->options.catalogue, c->scratch, text,
	                                                language, medium_of(span_of(a->scheme)))));
	act_free(a);
}

/* Whether a text asks for something that an answer may be for: not "human please", "2", "thanks".
 */
static bool asks(struct console *c, struct span text)
{
	struct match match = {0};

	if (choice_of(text, CHOICE_MAX) || remark_of(text) != REMARK_NONE)
		return false;
	catalogue_match(*c->options.catalogue, c->scratch, text, LANGUAGE_UNKNOWN, &match);
	return match.intent == MATCH_QUESTION && match.count;
}

/* What the customer said last that asks something and that no person has answered yet; where there
 * is none such, what they said last. The bot's "an agent will be with you" answers nothing. */
static struct span open_question(struct console *c, const struct log_event *events, size_t count)
{
	struct span last = SPAN_NONE;

	for (size_t i = count; i-- > 0;) {
		const struct message *m = events[i].message;

		if (events[i].type != LOG_MESSAGE)
			continue;
		if (m->direction == MESSAGE_OUT && !span_is(m->author, "bot"))
			break;
		if (m->direction != MESSAGE_IN || !m->text.len)
			continue;
		if (asks(c, m->text))
			return m->text;
		if (!last.len)
			last = m->text;
	}
	return last;
}

static void on_question(void *arg, const struct router_error *error, const struct log_event *events,
                        size_t count, bool more)
{
	struct act *a = arg;

	(void)more;
	if (!act_failed(a, error))
		suggest(a, open_question(a->socket->console, events, count));
}

void console_act_suggest(struct console_socket *s, const struct console_order *o)
{
	struct console_view *v = console_view_find(s, o->conversation);
	struct act *a;
	int err;

	if (!v || !v->shown) {
		fail(s, o, "not_found", "conversation");
		return;
	}
	a = act_create(s, o);
	if (!a)
		return;
	memcpy(a->scheme, v->scheme, sizeof(a->scheme));
	memcpy(a->lang, v->lang, sizeof(a->lang));
	if (o->q.len) {
		suggest(a, o->q);
		return;
	}
	err = router_read(s->console->options.router, span_of(a->conversation), 0, UINT64_MAX,
	                  CONSOLE_NEWEST, on_question, a);
	if (err)
		act_refuse(a, err);
}
