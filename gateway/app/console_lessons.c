/* What an agent looks up in the catalogue, and what an agent teaches it. */
#include "console_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 12 };

static json_t *text_json(const struct template *t, enum language language, enum medium medium)
{
	json_t *value = NULL;
	struct buf text;

	buf_init(&text, CATALOGUE_WORDING_SIZE_MAX);
	if (!template_source(t, language, medium, &text) ||
	    !template_source(t, t->first_language, medium, &text))
		value = strict_json_text(buf_span(&text));
	buf_fini(&text);
	return value;
}

/* A handover has nothing to insert; what the bot says of itself is no answer. */
static bool is_for_agents(const struct template *t)
{
	return t->kind != TEMPLATE_HANDOVER && t->kind != TEMPLATE_SYSTEM;
}

void console_act_search(struct console_socket *s, const struct console_order *o)
{
	const struct catalogue *catalogue = *s->console->options.catalogue;
	const struct console_view *v = console_view_find(s, o->conversation);
	enum medium medium = medium_of(span_of(v ? v->scheme : ""));
	struct catalogue_found found[CATALOGUE_FOUND_MAX];
	enum language language = LANGUAGE_ZH;
	json_t *items = json_array();
	size_t count;

	if (language_parse(o->lang.len ? o->lang : span_of(v ? v->lang : ""), &language))
		language =
			language_parse(span_of(s->user.lang), &language) ? LANGUAGE_ZH : language;
	count = catalogue_search(catalogue, s->console->scratch, o->q, TEMPLATE_KINDS, found,
	                         ARRAY_LEN(found));
	for (size_t i = 0; i < count && json_array_size(items) < FOUND_MAX; i++) {
		const struct template *t = found[i].t;
		json_t *text = is_for_agents(t) ? text_json(t, language, medium) : NULL;

		if (text)
			json_array_append_new(items, json_pack("{s:o, s:s, s:o, s:o, s:f}", "id",
			                                       strict_json_text(t->id), "kind",
			                                       template_kind_name(t->kind), "title",
			                                       strict_json_text(t->title[language]),
			                                       "text", text, "score",
			                                       (double)found[i].share));
	}
	console_send(s, json_pack("{s:s, s:o, s:o}", "type", "found", "rid",
	                          strict_json_text(o->rid), "items", items));
}

/* "This was about X", while its message is looked up. */
struct about {
	struct console_socket *socket;
	char rid[CONSOLE_RID_MAX + 1];
	char conversation[CONVERSATION_ID_LEN + 1];
	char template_id[CATALOGUE_ID_SIZE_MAX + 1];
	uint64_t seq;
};

static void end(struct about *a, const char *code, const char *field)
{
	const struct console_fault fault = {.rid = span_of(a->rid), .code = code, .field = field};

	if (code)
		console_error(a->socket, &fault);
	else
		console_ok(a->socket, span_of(a->rid));
	console_socket_unref(a->socket);
	free(a);
}

static void on_kept(void *arg, int err)
{
	end(arg, err ? "unavailable" : NULL, NULL);
}

static void on_message(void *arg, const struct router_message *message)
{
	struct about *a = arg;
	const struct message *m = message->error.err ? NULL : message->event->message;
	const struct lessons_about about = {.text = m ? m->text : SPAN_NONE,
	                                    .template_id = span_of(a->template_id),
	                                    .conversation = span_of(a->conversation),
	                                    .by = span_of(a->socket->user.id),
	                                    .seq = a->seq};

	if (message->error.err)
		end(a, console_code(&message->error), NULL);
	else if (!m || m->direction != MESSAGE_IN || m->kind != MESSAGE_TEXT || !m->text.len)
		end(a, "invalid", "seq");
	else if (lessons_about(a->socket->console->options.lessons, &about, on_kept, a))
		end(a, "unavailable", NULL);
}

void console_act_about(struct console_socket *s, const struct console_order *o)
{
	const struct catalogue *catalogue = *s->console->options.catalogue;
	const struct console_view *v = console_view_find(s, o->conversation);
	const struct template *t = catalogue_find(catalogue, o->template_id);
	struct console_fault fault = {.rid = o->rid, .code = "invalid", .field = "template"};
	struct about *a;

	if (!v || !v->shown) {
		fault = (struct console_fault){
			.rid = o->rid, .code = "not_found", .field = "conversation"};
		console_error(s, &fault);
		return;
	}
	if (o->template_id.len &&
	    (!t || (t->kind != TEMPLATE_ANSWER && t->kind != TEMPLATE_HANDOVER))) {
		console_error(s, &fault);
		return;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return;
	a->socket = console_socket_ref(s);
	a->seq = o->seq;
	snprintf(a->rid, sizeof(a->rid), "%.*s", SPAN_FMT(o->rid));
	snprintf(a->conversation, sizeof(a->conversation), "%s", v->id);
	snprintf(a->template_id, sizeof(a->template_id), "%.*s", SPAN_FMT(o->template_id));
	if (router_message_get(s->console->options.router, span_of(a->conversation), a->seq,
	                       on_message, a))
		end(a, "unavailable", NULL);
}
