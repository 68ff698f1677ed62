/* One function a type of event. */
#include "event_json.h"

#include "log_codec.h"

#include <stdio.h>

static const struct {
	unsigned mark;
	const char *name;
} mark_names[] = {
	{MARK_INCOMPLETE,     "incomplete"    },
        {MARK_MAYBE_DOUBLED,  "maybe_doubled" },
	{MARK_LOSSY,          "lossy"         },
        {MARK_TRANSLITERATED, "transliterated"},
	{MARK_CHOICE,         "choice"        },
        {MARK_REPLACED,       "replaced"      },
};

struct span event_id(struct span conversation, uint64_t seq, char out[EVENT_ID_SIZE])
{
	int len = snprintf(out, EVENT_ID_SIZE, "%.*s-%llu", SPAN_FMT(conversation),
	                   (unsigned long long)seq);

	return (struct span){out, (size_t)len};
}

json_t *event_author_json(struct span author, struct span name)
{
	json_t *object = json_object();
	struct span id;
	struct span type = span_split(author, ':', &id);

	json_object_set_new(object, "type", strict_json_text(type));
	strict_json_set(object, "id", id);
	strict_json_set(object, "name", name);
	return object;
}

json_t *event_marks_json(unsigned marks)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(mark_names); i++)
		if (marks & mark_names[i].mark)
			json_array_append_new(list, json_string(mark_names[i].name));
	return list;
}

static void add_media(json_t *object, struct span data)
{
	json_t *media = data.len ? json_loadb(data.ptr, data.len, 0, NULL) : NULL;

	if (json_is_object(media))
		json_object_set(object, "media", media);
	json_decref(media);
}

/* How the bot came to say it; nothing else of the options is shown. */
static void add_answer(json_t *object, struct span options)
{
	json_t *all = options.len ? json_loadb(options.ptr, options.len, 0, NULL) : NULL;
	json_t *bot = json_object_get(all, "bot");

	if (bot)
		json_object_set(object, "answer", bot);
	json_decref(all);
}

/* Which of the bot's messages it follows, and what it is to that one. */
static void add_after(json_t *object, const struct log_event *e)
{
	if (e->after && e->after_did)
		json_object_set_new(
			object, "after",
			json_pack("{s:I, s:s}", "seq", (json_int_t)e->after, "did", e->after_did));
}

static void add_message(json_t *object, struct span conversation, const struct log_event *e)
{
	const struct message *m = e->message;
	char id[EVENT_ID_SIZE];

	json_object_set_new(object, "type", json_string("message"));
	json_object_set_new(object, "id", strict_json_text(event_id(conversation, e->seq, id)));
	json_object_set_new(object, "direction",
	                    json_string(m->direction == MESSAGE_IN ? "in" : "out"));
	json_object_set_new(object, "kind", json_string(message_kind_name(m->kind)));
	json_object_set_new(object, "text", strict_json_text(m->text));
	add_media(object, m->data);
	json_object_set_new(object, "author", event_author_json(m->author, e->author_name));
	strict_json_set(object, "channel", m->channel);
	if (m->direction == MESSAGE_OUT)
		json_object_set_new(object, "status", json_string(message_status_name(m->status)));
	strict_json_set(object, "template", m->template_id);
	strict_json_set(object, "cid", m->cid);
	if (span_is(m->author, "bot"))
		add_answer(object, m->options);
	add_after(object, e);
	if (m->marks)
		json_object_set_new(object, "marks", event_marks_json(m->marks));
}

static void add_edit(json_t *object, const struct log_event *e)
{
	const struct message *m = e->message;

	json_object_set_new(object, "type", json_string("edit"));
	json_object_set_new(object, "of", json_integer((json_int_t)e->of));
	json_object_set_new(object, "kind", json_string(message_kind_name(m->kind)));
	json_object_set_new(object, "text", strict_json_text(m->text));
	add_media(object, m->data);
	if (m->marks)
		json_object_set_new(object, "marks", event_marks_json(m->marks));
}

json_t *event_parts_json(struct span letters)
{
	json_t *list = json_array();

	for (size_t i = 0; i < letters.len; i++)
		json_array_append_new(
			list, json_string(message_status_name(log_status_of(letters.ptr[i]))));
	return list;
}

static void add_status(json_t *object, const struct log_event *e)
{
	json_object_set_new(object, "type", json_string("status"));
	json_object_set_new(object, "of", json_integer((json_int_t)e->of));
	json_object_set_new(object, "status", json_string(message_status_name(e->status)));
	strict_json_set(object, "code", e->code);
	strict_json_set(object, "reason", e->reason);
	if (e->parts.len)
		json_object_set_new(object, "parts", event_parts_json(e->parts));
	if (e->marks)
		json_object_set_new(object, "marks", event_marks_json(e->marks));
}

static void add_session(json_t *object, const struct log_event *e)
{
	json_object_set_new(object, "type", json_string("session"));
	strict_json_set(object, "session", e->session);
	json_object_set_new(object, "state", json_string(session_state_name(e->state)));
	strict_json_set(object, "agent", e->agent);
	strict_json_set(object, "agent_name", e->agent_name);
	strict_json_set(object, "queue", e->queue);
	strict_json_set(object, "disposition", e->disposition);
	strict_json_set(object, "note", e->note);
	strict_json_set(object, "by", e->by);
}

static void add_verified(json_t *object, const struct log_event *e)
{
	json_object_set_new(object, "type", json_string("verified"));
	json_object_set_new(object, "until_ts",
	                    e->until_ms ? json_integer((json_int_t)e->until_ms) : json_null());
	strict_json_set(object, "how", e->how);
	strict_json_set(object, "by", e->by);
}

json_t *event_verified_json(const struct conversation_summary *s)
{
	json_t *object = json_object();

	json_object_set_new(object, "until_ts", json_integer((json_int_t)s->verified_until_ms));
	strict_json_set(object, "how", s->verified_how);
	strict_json_set(object, "by", s->verified_by);
	return object;
}

json_t *event_json(struct span conversation, const struct log_event *e)
{
	json_t *object = json_object();

	if (!object)
		return NULL;
	json_object_set_new(object, "seq", json_integer((json_int_t)e->seq));
	json_object_set_new(object, "ts", json_integer((json_int_t)e->ts_ms));
	switch (e->type) {
	case LOG_MESSAGE:
		add_message(object, conversation, e);
		break;
	case LOG_STATUS:
		add_status(object, e);
		break;
	case LOG_SESSION:
		add_session(object, e);
		break;
	case LOG_EDIT:
		add_edit(object, e);
		break;
	case LOG_VERIFIED:
		add_verified(object, e);
		break;
	}
	return object;
}

enum { SILENT_MS = 24 * 3600 * 1000 };

static void set_next(json_t *events, size_t before, json_int_t seq, const char *did)
{
	for (size_t i = before; i-- > 0;) {
		json_t *event = json_array_get(events, i);

		if (json_integer_value(json_object_get(event, "seq")) != seq)
			continue;
		event = json_object_get(event, "answer");
		if (event && !json_object_get(event, "next"))
			json_object_set_new(event, "next", json_string(did));
		return;
	}
}

/* The bot's last message, when nothing was said by anybody after it. */
static json_t *last_answer(json_t *events)
{
	for (size_t i = json_array_size(events); i-- > 0;) {
		json_t *event = json_array_get(events, i);
		const char *type = json_string_value(json_object_get(event, "type"));

		if (type && strcmp(type, "message") == 0)
			return json_object_get(event, "answer") ? event : NULL;
	}
	return NULL;
}

static void set_silent(json_t *events, uint64_t now_ms)
{
	json_t *event = last_answer(events), *answer = json_object_get(event, "answer");
	json_int_t ts = json_integer_value(json_object_get(event, "ts"));
	const char *did = json_string_value(json_object_get(answer, "did"));

	if (did && strcmp(did, "human") != 0 && now_ms >= (uint64_t)ts + SILENT_MS)
		json_object_set_new(answer, "next", json_string("silent"));
}

void event_join_next(json_t *events, uint64_t now_ms)
{
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *after = json_object_get(json_array_get(events, i), "after");

		/* The first that follows is what was done next. */
		if (after)
			set_next(events, i, json_integer_value(json_object_get(after, "seq")),
			         json_string_value(json_object_get(after, "did")));
	}
	if (now_ms)
		set_silent(events, now_ms);
}
