/* GET /v1/messages/{id}, /v1/conversations/{id} and its events. */
#include "api_private.h"
#include "event_json.h"
#include "log_codec.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_LIMIT = 50, PAGE_LIMIT_MAX = 200 };

static void add_ts(json_t *object, const char *key, uint64_t ts_ms)
{
	if (ts_ms)
		json_object_set_new(object, key, json_integer((json_int_t)ts_ms));
}

/* How it was ordered, where that is not the channel's own way. */
static void add_service(json_t *object, const struct message *m)
{
	const struct message_service *o = &m->service;

	if (m->direction == MESSAGE_OUT)
		strict_json_set(object, "from", m->local);
	add_ts(object, "send_ts", m->due_ms);
	if (o->message_class != CLASS_NONE)
		json_object_set_new(object, "class", json_integer(o->message_class - CLASS_0));
	if (o->priority)
		json_object_set_new(object, "priority", json_integer(o->priority - 1));
	if (o->receipt != RECEIPT_BY_CHANNEL)
		json_object_set_new(object, "receipt", json_boolean(o->receipt == RECEIPT_WANTED));
}

static json_t *message_json(struct span id, struct span address, const struct router_message *got)
{
	const struct message *m = got->event->message;
	json_t *object = json_object();
	struct span seq;

	strict_json_set(object, "id", id);
	strict_json_set(object, "conversation", span_split(id, '-', &seq));
	json_object_set_new(object, "direction",
	                    json_string(m->direction == MESSAGE_IN ? "in" : "out"));
	json_object_set_new(object, "kind", json_string(message_kind_name(m->kind)));
	strict_json_set(object, "address", address);
	strict_json_set(object, "channel", m->channel);
	json_object_set_new(object, "text", strict_json_text(m->text));
	strict_json_set(object, "first_text", got->first_text);
	json_object_set_new(object, "author", event_author_json(m->author, SPAN_NONE));
	json_object_set_new(object, "status", json_string(message_status_name(got->status)));
	strict_json_set(object, "code", got->code);
	strict_json_set(object, "reason", got->reason);
	strict_json_set(object, "template", m->template_id);
	strict_json_set(object, "lang", m->lang);
	add_service(object, m);
	if (got->marks)
		json_object_set_new(object, "marks", event_marks_json(got->marks));
	if (got->attempts)
		json_object_set_new(object, "attempts", json_integer(got->attempts));
	if (got->letters.len > 1)
		json_object_set_new(object, "parts", event_parts_json(got->letters));
	add_ts(object, "created_ts", got->event->ts_ms);
	add_ts(object, "status_ts", got->status_ts_ms);
	return object;
}

/* A request and the id that it asks for: the path is borrowed only until the answer. */
struct asked {
	struct http_request *request;
	char conversation[CONVERSATION_ID_LEN + 1];
	struct api *api;
	/* Of a message. */
	uint64_t seq;
	char address[192];
	/* Of a page of events. */
	uint64_t after;
	unsigned limit;
};

static struct asked *asked_create(struct api *api, struct http_request *r)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a)
		*a = (struct asked){.request = r, .api = api};
	else
		reply_unavailable(r);
	return a;
}

static void on_message(void *arg, const struct router_message *got)
{
	struct asked *a = arg;
	char id[EVENT_ID_SIZE];

	if (got->error.err)
		reply_router_error(a->request, &got->error);
	else if (got->event->type != LOG_MESSAGE)
		http_problem(a->request, 404, "message_unknown", "there is no such message", NULL);
	else
		reply_json(a->request, 200,
		           message_json(event_id(span_of(a->conversation), a->seq, id),
		                        span_of(a->address), got));
	free(a);
}

/* The conversation knows the address, its messages do not repeat it. */
static void on_message_of(void *arg, const struct router_error *error,
                          const struct conversation_summary *summary)
{
	const struct router_error unknown = {-ENOENT, "message_unknown",
	                                     "there is no such message"};
	struct asked *a = arg;

	if (error && error->err) {
		reply_router_error(a->request, error->err == -ENOENT ? &unknown : error);
		free(a);
		return;
	}
	snprintf(a->address, sizeof(a->address), "%.*s", SPAN_FMT(summary->address));
	if (router_message_get(a->api->options.router, span_of(a->conversation), a->seq, on_message,
	                       a)) {
		reply_unavailable(a->request);
		free(a);
	}
}

void api_get_message(void *arg, struct http_request *r)
{
	struct api *api = arg;
	struct asked *a = api_authorize(api, r, SCOPE_MESSAGES) ? asked_create(api, r) : NULL;

	if (!a)
		return;
	if (router_message_id_parse(http_part(r, 0), a->conversation, &a->seq)) {
		http_problem(r, 404, "message_unknown", "there is no such message", NULL);
		free(a);
	} else if (router_summary(api->options.router, span_of(a->conversation), on_message_of,
	                          a)) {
		reply_unavailable(r);
		free(a);
	}
}

static json_t *conversation_json(const struct conversation_summary *s)
{
	json_t *object = json_object();

	strict_json_set(object, "id", s->conversation);
	strict_json_set(object, "address", s->address);
	strict_json_set(object, "channel", s->channel);
	json_object_set_new(object, "state", json_string(session_state_name(s->state)));
	strict_json_set(object, "session", s->session);
	strict_json_set(object, "agent", s->agent);
	strict_json_set(object, "queue", s->queue);
	strict_json_set(object, "lang", s->lang);
	json_object_set_new(object, "seq", json_integer((json_int_t)s->seq));
	json_object_set_new(object, "messages", json_integer((json_int_t)s->messages));
	add_ts(object, "first_ts", s->first_ms);
	add_ts(object, "last_ts", s->last_ms);
	add_ts(object, "waiting_since", s->waiting_since_ms);
	if (s->verified_until_ms)
		json_object_set_new(object, "verified", event_verified_json(s));
	return object;
}

static void on_summary(void *arg, const struct router_error *error,
                       const struct conversation_summary *summary)
{
	struct http_request *r = arg;

	if (error && error->err)
		reply_router_error(r, error);
	else
		reply_json(r, 200, conversation_json(summary));
}

static bool is_conversation(struct span id)
{
	if (id.len != CONVERSATION_ID_LEN)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!strchr("0123456789abcdef", id.ptr[i]))
			return false;
	return true;
}

void api_get_conversation(void *arg, struct http_request *r)
{
	struct api *api = arg;

	if (!api_authorize(api, r, SCOPE_CONVERSATIONS))
		return;
	if (!is_conversation(http_part(r, 0)))
		http_problem(r, 404, "conversation_unknown", "there is no such conversation", NULL);
	else if (router_summary(api->options.router, http_part(r, 0), on_summary, r))
		reply_unavailable(r);
}

static void on_events(void *arg, const struct router_error *error, const struct log_event *events,
                      size_t count, bool more)
{
	struct asked *a = arg;
	struct span conversation = span_of(a->conversation);
	json_t *list = json_array();

	if (error && error->err) {
		json_decref(list);
		reply_router_error(a->request, error);
		free(a);
		return;
	}
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, event_json(conversation, &events[i]));
	event_join_next(list, more ? 0 : clock_wall_ms(io_loop_clock(a->api->options.loop)));
	reply_json(a->request, 200,
	           json_pack("{s:o, s:o}", "items", list, "next",
	                     more && count ? json_integer((json_int_t)events[count - 1].seq)
	                                   : json_null()));
	free(a);
}

/* An empty log and no conversation are told apart first. */
static void on_events_of(void *arg, const struct router_error *error,
                         const struct conversation_summary *summary)
{
	struct asked *a = arg;

	(void)summary;
	if (error && error->err) {
		reply_router_error(a->request, error);
		free(a);
	} else if (router_read(a->api->options.router, span_of(a->conversation), a->after, 0,
	                       a->limit, on_events, a)) {
		reply_unavailable(a->request);
		free(a);
	}
}

/* A query parameter that is a number; false: answered. */
static bool query_number(struct http_request *r, const char *name, uint64_t fallback, uint64_t most,
                         uint64_t *out)
{
	struct span text;
	int err = http_query(r, name, &text);

	*out = fallback;
	if (err == -ENOENT)
		return true;
	if (!err)
		err = span_u64(text, out);
	if (err || *out > most) {
		http_problem(r, 400, "query_invalid", "must be a whole number in its range", name);
		return false;
	}
	return true;
}

void api_get_events(void *arg, struct http_request *r)
{
	struct api *api = arg;
	struct asked *a = api_authorize(api, r, SCOPE_CONVERSATIONS) ? asked_create(api, r) : NULL;
	uint64_t after, limit;

	if (!a)
		return;
	if (!query_number(r, "after", 0, INT64_MAX, &after) ||
	    !query_number(r, "limit", PAGE_LIMIT, PAGE_LIMIT_MAX, &limit)) {
		free(a);
		return;
	}
	if (!is_conversation(http_part(r, 0))) {
		http_problem(r, 404, "conversation_unknown", "there is no such conversation", NULL);
		free(a);
		return;
	}
	memcpy(a->conversation, http_part(r, 0).ptr, CONVERSATION_ID_LEN);
	a->after = after;
	a->limit = limit ? (unsigned)limit : 1;
	if (router_summary(api->options.router, span_of(a->conversation), on_events_of, a)) {
		reply_unavailable(r);
		free(a);
	}
}
