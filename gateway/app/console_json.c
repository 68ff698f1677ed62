/* Builds what frames carry. */
#include "console_json.h"

#include "event_json.h"

#include <stdio.h>

enum { WORDING_MAX = 8192, SESSIONS_MAX = 100 };

static struct span mask(const char *prefix, struct span text, size_t head, size_t tail, char *out,
                        size_t size)
{
	int len;

	if (text.len < head + tail + 3)
		len = snprintf(out, size, "%s****", prefix);
	else
		len = snprintf(out, size, "%s%.*s****%.*s", prefix, (int)head, text.ptr, (int)tail,
		               text.ptr + text.len - tail);
	return (struct span){out, (size_t)len < size ? (size_t)len : size - 1};
}

struct span console_title(struct span address, char *out, size_t size)
{
	struct span rest, inner;
	struct span scheme = span_split(address, ':', &rest);

	if (span_is(scheme, "sms") && span_starts(rest, SPAN_LIT("+86")))
		return mask("+86 ", (struct span){rest.ptr + 3, rest.len - 3}, 3, 4, out, size);
	if (span_is(scheme, "sms"))
		return mask("", rest, 4, 3, out, size);
	if (span_is(scheme, "wechat")) {
		span_split(rest, ':', &inner);
		return mask("", inner.len ? inner : rest, 4, 4, out, size);
	}
	return mask("#", rest, 6, 0, out, size);
}

static void set_ts(json_t *object, const char *key, uint64_t ts_ms)
{
	json_object_set_new(object, key, ts_ms ? json_integer((json_int_t)ts_ms) : json_null());
}

json_t *console_summary_json(const struct conversation_summary *s)
{
	json_t *object = json_object();
	char title[80];

	json_object_set_new(object, "conversation", strict_json_text(s->conversation));
	json_object_set_new(object, "channel", strict_json_text(s->channel));
	json_object_set_new(object, "connector", strict_json_text(s->scheme));
	json_object_set_new(object, "title",
	                    strict_json_text(console_title(s->address, title, sizeof(title))));
	json_object_set_new(
		object, "state",
		json_string(s->state == SESSION_NONE ? "closed" : session_state_name(s->state)));
	strict_json_set(object, "session", s->session);
	strict_json_set(object, "agent", s->agent);
	strict_json_set(object, "queue", s->queue);
	strict_json_set(object, "lang", s->lang);
	set_ts(object, "waiting_since", s->waiting_since_ms);
	json_object_set_new(object, "seq", json_integer((json_int_t)s->seq));
	json_object_set_new(object, "read_seq", json_integer((json_int_t)s->read_seq));
	json_object_set_new(object, "unread", json_integer((json_int_t)s->unread));
	json_object_set_new(object, "last",
	                    json_pack("{s:o, s:I, s:s}", "text", strict_json_text(s->last_text),
	                              "ts", (json_int_t)s->last_ms, "direction",
	                              s->last_in ? "in" : "out"));
	json_object_set_new(object, "reply",
	                    s->limited
	                            ? json_pack("{s:I, s:I}", "left", (json_int_t)s->replies_left,
	                                        "until_ts", (json_int_t)s->replies_until_ms)
	                            : json_null());
	json_object_set_new(object, "verified",
	                    s->verified_until_ms ? event_verified_json(s) : json_null());
	return object;
}

json_t *console_queues_json(const struct queue_state *queues, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *queue = json_object();

		json_object_set_new(queue, "name", strict_json_text(queues[i].name));
		json_object_set_new(queue, "waiting", json_integer((json_int_t)queues[i].waiting));
		set_ts(queue, "oldest_ts", queues[i].oldest_ms);
		json_array_append_new(list, queue);
	}
	return list;
}

json_t *console_dispositions_json(const struct config *config)
{
	const struct config_disposition *d = config->desk.dispositions.items;
	json_t *list = json_array();

	for (size_t i = 0; i < config->desk.dispositions.count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", d[i].id, "zh",
		                                      d[i].zh, "en", d[i].en));
	return list;
}

/* {"zh","en"}: a title in each language. */
static json_t *titles_json(const struct template *t)
{
	json_t *object = json_object();

	for (int l = 0; l < LANGUAGE_COUNT; l++)
		strict_json_set(object, language_name((enum language)l), t->title[l]);
	return object;
}

static json_t *source_json(const struct template *t, enum language language, enum medium medium)
{
	struct buf text;
	json_t *value = NULL;

	buf_init(&text, WORDING_MAX);
	if (!template_source(t, language, medium, &text))
		value = strict_json_text(buf_span(&text));
	buf_fini(&text);
	return value;
}

static json_t *sources_json(const struct template *t)
{
	json_t *object = json_object();

	for (int l = 0; l < LANGUAGE_COUNT; l++) {
		json_t *text = source_json(t, (enum language)l, MEDIUM_ANY);

		if (text)
			json_object_set_new(object, language_name((enum language)l), text);
	}
	return object;
}

json_t *console_canned_json(const struct catalogue *catalogue)
{
	json_t *list = json_array();

	for (size_t i = 0; i < catalogue_count(catalogue); i++) {
		const struct template *t = catalogue_at(catalogue, i);
		json_t *canned;

		if (t->kind != TEMPLATE_CANNED)
			continue;
		canned = json_object();
		json_object_set_new(canned, "id", strict_json_text(t->id));
		json_object_set_new(canned, "title", titles_json(t));
		json_object_set_new(canned, "text", sources_json(t));
		strict_json_set(canned, "shortcut", t->shortcut);
		json_array_append_new(list, canned);
	}
	return list;
}

static json_t *find_session(json_t *list, struct span id)
{
	json_t *session;
	size_t i;

	json_array_foreach(list, i, session)
	{
		if (span_is(id, json_string_value(json_object_get(session, "id"))))
			return session;
	}
	if (json_array_size(list) == SESSIONS_MAX)
		return NULL;
	session = json_object();
	json_object_set_new(session, "id", strict_json_text(id));
	json_array_append_new(list, session);
	return session;
}

json_t *console_sessions_json(const struct log_event *events, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct log_event *e = &events[i];
		json_t *session = e->type == LOG_SESSION ? find_session(list, e->session) : NULL;

		if (!session)
			continue;
		if (!json_object_get(session, "opened_ts"))
			set_ts(session, "opened_ts", e->ts_ms);
		json_object_set_new(session, "state", json_string(session_state_name(e->state)));
		if (e->state == SESSION_CLOSED)
			set_ts(session, "closed_ts", e->ts_ms);
		strict_json_set(session, "agent", e->agent);
		strict_json_set(session, "disposition", e->disposition);
	}
	return list;
}

json_t *console_suggestions_json(const struct catalogue *catalogue, struct match_scratch *scratch,
                                 struct span text, enum language language, enum medium medium)
{
	json_t *list = json_array();
	struct match match = {0};

	catalogue_match(catalogue, scratch, text, language, &match);
	for (size_t i = 0; i < match.count; i++) {
		const struct template *t = match.best[i].answer;
		enum language spoken =
			match.language < LANGUAGE_COUNT ? match.language : t->first_language;
		json_t *source = t ? source_json(t, spoken, medium) : NULL;

		if (source)
			json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:f}", "id",
			                                      strict_json_text(t->id), "title",
			                                      strict_json_text(t->title[spoken]),
			                                      "text", source, "score",
			                                      (double)match.best[i].score));
	}
	return list;
}

static const struct {
	const char *said, *code;
} codes[] = {
	{"conversation_unknown", "not_found"   },
	{"message_unknown",      "not_found"   },
	{"session_taken",        "not_waiting" },
	{"session_closed",       "closed"      },
	{"not_yours",            "not_yours"   },
	{"too_long",             "too_long"    },
	{"reply_window",         "reply_window"},
	{"closed",               "closed"      },
};

const char *console_code(const struct router_error *error)
{
	if (error->err == -ENOTCONN || error->err == -ETIMEDOUT || error->err == -EAGAIN ||
	    error->err == -ECANCELED)
		return "unavailable";
	for (size_t i = 0; error->code && i < ARRAY_LEN(codes); i++)
		if (strcmp(error->code, codes[i].said) == 0)
			return codes[i].code;
	return error->err == -ENOENT ? "not_found" : "invalid";
}
