/*
 * /v1/dead-letters: outbound messages that finally failed, a page at a time; each, or many at once,
 * is sent again or dropped.
 */
#include "api_private.h"
#include "event_json.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PAGE_LIMIT = 50,
	PAGE_LIMIT_MAX = 100,
	MANY_MAX = 1000, /* in one request */
	CURSOR_MAX = 160
};

static const char *const act_names[] = {[DEAD_REPLAY] = "replay", [DEAD_DROP] = "drop"};

static bool read_act(struct span name, enum router_dead_act *out)
{
	for (size_t i = 0; i < ARRAY_LEN(act_names); i++)
		if (span_is(name, act_names[i])) {
			*out = (enum router_dead_act)i;
			return true;
		}
	return false;
}

/* --- A page ----------------------------------------------------------------------------------- */

static json_t *letter_json(struct span channel, const struct router_dead_letter *l)
{
	const struct message *m = l->event ? l->event->message : NULL;
	json_t *object = json_object();
	char id[EVENT_ID_SIZE];

	strict_json_set(object, "id", event_id(l->conversation, l->seq, id));
	strict_json_set(object, "conversation", l->conversation);
	strict_json_set(object, "channel", channel);
	json_object_set_new(object, "failed_ts", json_integer((json_int_t)l->failed_ms));
	strict_json_set(object, "code", l->code);
	strict_json_set(object, "reason", l->reason);
	json_object_set_new(object, "attempts", json_integer(l->attempts));
	if (!m)
		return object;
	json_object_set_new(object, "created_ts", json_integer((json_int_t)l->event->ts_ms));
	json_object_set_new(object, "text", strict_json_text(m->text));
	json_object_set_new(object, "author", event_author_json(m->author, l->event->author_name));
	json_object_set_new(object, "lane", json_string(lane_name(m->lane)));
	strict_json_set(object, "template", m->template_id);
	return object;
}

/* A page of one channel; the cursor of the next is of this channel, or of the one after it. */
struct page {
	struct api *api;
	struct http_request *request;
	char channel[64];
	bool one; /* that channel alone */
};

/* "CHANNEL CURSOR", of channels in the order of the configuration. */
static json_t *next_json(const struct page *p, const char *next)
{
	const struct config *c = p->api->options.config;

	if (next[0])
		return json_sprintf("%s %s", p->channel, next);
	for (size_t i = 0; !p->one && i + 1 < c->channel_count; i++)
		if (strcmp(c->channels[i].name, p->channel) == 0)
			return json_sprintf("%s ", c->channels[i + 1].name);
	return json_null();
}

static void on_page(void *arg, const struct router_error *error,
                    const struct router_dead_letter *letters, size_t count, const char *next)
{
	struct page *p = arg;
	json_t *items = json_array();

	for (size_t i = 0; !error->err && i < count; i++)
		json_array_append_new(items, letter_json(span_of(p->channel), &letters[i]));
	if (error->err)
		reply_router_error(p->request, error);
	else
		reply_json(p->request, 200,
		           json_pack("{s:O, s:o}", "items", items, "next", next_json(p, next)));
	json_decref(items);
	free(p);
}

static struct span query_text(struct http_request *r, const char *name)
{
	struct span value;

	return http_query(r, name, &value) ? SPAN_NONE : value;
}

/* False: answered. */
static bool read_limit(struct http_request *r, uint64_t *out)
{
	struct span text = query_text(r, "limit");

	*out = PAGE_LIMIT;
	if (!text.len || (!span_u64(text, out) && *out && *out <= PAGE_LIMIT_MAX))
		return true;
	http_problem(r, 400, "query_invalid", "must be a whole number from 1 to 100", "limit");
	return false;
}

void api_get_dead_letters(void *arg, struct http_request *r)
{
	struct api *api = arg;
	const struct config *c = api->options.config;
	struct span cursor = SPAN_NONE, asked, channel;
	uint64_t limit;
	struct page *p;
	int err;

	if (!api_authorize(api, r, SCOPE_MESSAGES) || !read_limit(r, &limit))
		return;
	asked = query_text(r, "channel");
	channel = span_split(query_text(r, "cursor"), ' ', &cursor);
	if (!channel.len)
		channel = asked.len          ? asked
		          : c->channel_count ? span_of(c->channels[0].name)
		                             : asked;
	p = calloc(1, sizeof(*p));
	if (!p || channel.len >= sizeof(p->channel)) {
		http_problem(r, p ? 400 : 503, p ? "query_invalid" : "unavailable",
		             "there is no such channel", "channel");
		free(p);
		return;
	}
	*p = (struct page){.api = api, .request = r, .one = asked.len > 0};
	if (channel.len)
		memcpy(p->channel, channel.ptr, channel.len);
	err = router_dead_list(api->options.router, span_of(p->channel), cursor, (unsigned)limit,
	                       on_page, p);
	if (err == -EINVAL)
		http_problem(r, 400, "query_invalid", "this is no cursor of ours", "cursor");
	else if (err)
		reply_unavailable(r);
	if (err)
		free(p);
}

/* --- One letter ------------------------------------------------------------------------------- */

struct one {
	struct api *api;
	struct http_request *request;
	enum router_dead_act act;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
};

static void on_done(void *arg, const struct router_error *error)
{
	struct one *o = arg;
	char id[EVENT_ID_SIZE];

	if (error->err)
		reply_router_error(o->request, error);
	else if (o->act == DEAD_DROP)
		http_respond(o->request, 204, NULL, SPAN_NONE);
	else
		reply_json(
			o->request, 202,
			json_pack("{s:o, s:s}", "id",
		                  strict_json_text(event_id(span_of(o->conversation), o->seq, id)),
		                  "status", "queued"));
	free(o);
}

static void act_on(struct one *o, struct span channel)
{
	if (!router_dead_do(o->api->options.router, channel, span_of(o->conversation), o->seq,
	                    o->act, on_done, o))
		return;
	reply_unavailable(o->request);
	free(o);
}

/* The message names its channel; one that is no longer in its log is named by the request. */
static void on_message(void *arg, const struct router_message *message)
{
	struct one *o = arg;
	struct span named = query_text(o->request, "channel");

	if (!message->error.err && message->event->type == LOG_MESSAGE) {
		act_on(o, message->event->message->channel);
	} else if (named.len && (!message->error.err || message->error.err == -ENOENT)) {
		act_on(o, named);
	} else if (message->error.err) {
		reply_router_error(o->request, &message->error);
		free(o);
	} else {
		http_problem(o->request, 404, "message_unknown", "there is no such message", NULL);
		free(o);
	}
}

static void begin_one(struct api *api, struct http_request *r, enum router_dead_act act)
{
	struct one *o = calloc(1, sizeof(*o));

	if (!o) {
		reply_unavailable(r);
		return;
	}
	*o = (struct one){.api = api, .request = r, .act = act};
	if (router_message_id_parse(http_part(r, 0), o->conversation, &o->seq)) {
		http_problem(r, 404, "message_unknown", "there is no such message", NULL);
		free(o);
	} else if (router_message_get(api->options.router, span_of(o->conversation), o->seq,
	                              on_message, o)) {
		reply_unavailable(r);
		free(o);
	}
}

void api_delete_dead_letter(void *arg, struct http_request *r)
{
	if (api_authorize(arg, r, SCOPE_MESSAGES))
		begin_one(arg, r, DEAD_DROP);
}

void api_post_dead_letter(void *arg, struct http_request *r)
{
	if (!api_authorize(arg, r, SCOPE_MESSAGES))
		return;
	if (span_is(http_part(r, 1), "replay"))
		begin_one(arg, r, DEAD_REPLAY);
	else
		http_problem(r, 404, "not_found", "a dead letter knows replay", NULL);
}

/* --- Many ------------------------------------------------------------------------------------- */

/* What is asked for, page by page until it is done. */
struct many {
	struct api *api;
	struct http_request *request;
	json_t *body;
	struct span channel, code; /* of the body */
	uint64_t limit, done, failed;
	enum router_dead_act act;
	char next[CURSOR_MAX];
	unsigned open; /* acts of this page that are under way, and one while they are begun */
	bool away;     /* Redis is */
};

static const struct json_field many_fields[] = {
	{"channel",             JSON_KIND_TEXT, offsetof(struct many, channel), true, 1, 32},
	{"code", JSON_KIND_TEXT, offsetof(struct many, code), false, 1, 64},
	{"limit",                 JSON_KIND_NUMBER, offsetof(struct many, limit), false, 1, MANY_MAX},
	{0		  }
};

static void many_end(struct many *m)
{
	if (m->away && !m->done)
		reply_unavailable(m->request);
	else
		reply_json(m->request, 200,
		           json_pack("{s:I, s:I, s:b}", "done", (json_int_t)m->done, "failed",
		                     (json_int_t)m->failed, "more", m->next[0] != '\0' || m->away));
	json_decref(m->body);
	free(m);
}

static void many_page(struct many *m);

static void many_close(struct many *m)
{
	if (--m->open)
		return;
	if (m->away || !m->next[0] || m->done >= m->limit)
		many_end(m);
	else
		many_page(m);
}

static void on_one_of_many(void *arg, const struct router_error *error)
{
	struct many *m = arg;

	if (!error->err)
		m->done++;
	else if (error->err != -ENOENT) /* else somebody was faster */
		m->failed++;
	many_close(m);
}

static void on_many_page(void *arg, const struct router_error *error,
                         const struct router_dead_letter *letters, size_t count, const char *next)
{
	struct many *m = arg;
	uint64_t begun = m->done;

	m->away = error->err != 0;
	snprintf(m->next, sizeof(m->next), "%s", m->away ? "" : next);
	for (size_t i = 0; !m->away && i < count && begun < m->limit; i++) {
		if (m->code.len && !span_eq(letters[i].code, m->code))
			continue;
		begun++;
		m->open++;
		if (!router_dead_do(m->api->options.router, m->channel, letters[i].conversation,
		                    letters[i].seq, m->act, on_one_of_many, m))
			continue;
		m->open--;
		m->away = true;
	}
	many_close(m);
}

static void many_page(struct many *m)
{
	char cursor[CURSOR_MAX];

	memcpy(cursor, m->next, sizeof(cursor));
	m->open = 1;
	if (router_dead_list(m->api->options.router, m->channel, span_of(cursor), PAGE_LIMIT_MAX,
	                     on_many_page, m)) {
		m->away = true;
		many_end(m);
	}
}

void api_post_dead_letters(void *arg, struct http_request *r)
{
	struct many wanted = {.limit = PAGE_LIMIT_MAX}, *m;
	json_t *body = NULL;

	if (!api_authorize(arg, r, SCOPE_MESSAGES))
		return;
	if (!read_act(http_part(r, 0), &wanted.act)) {
		http_problem(r, 404, "not_found", "dead letters know replay and drop", NULL);
		return;
	}
	if (!reply_read(r, many_fields, &wanted, &body))
		return;
	m = malloc(sizeof(*m));
	if (!m) {
		reply_unavailable(r);
		json_decref(body);
		return;
	}
	*m = wanted;
	m->api = arg;
	m->request = r;
	m->body = body;
	many_page(m);
}
