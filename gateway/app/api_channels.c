/* GET /v1/channels, POST /v1/channels/{name}/start|stop|drain, and the lists of whom we do not
 * serve. */
#include "api_private.h"

#include <stdlib.h>

/* --- Channels -------------------------------------------------------------------------------- */

static json_t *report_json(const struct router_channel_report *report)
{
	json_t *object = json_loadb(report->json.ptr, report->json.len, 0, NULL);

	if (!object)
		object = json_object();
	strict_json_set(object, "node", report->node);
	return object;
}

static json_t *channel_json(const struct router_channel_status *s)
{
	json_t *object = json_object(), *nodes = json_array();

	strict_json_set(object, "name", s->name);
	strict_json_set(object, "connector", s->connector);
	json_object_set_new(object, "want", json_string(router_want_name(s->want)));
	strict_json_set(object, "want_by", s->by);
	if (s->want_ms)
		json_object_set_new(object, "want_ts", json_integer((json_int_t)s->want_ms));
	json_object_set_new(object, "nodes_allowed", json_string(s->held_by_one ? "one" : "all"));
	strict_json_set(object, "holder", s->holder);
	strict_json_set(object, "health", s->health);
	json_object_set_new(object, "queued",
	                    json_pack("{s:I, s:I, s:I}", "reply", (json_int_t)s->queued[0],
	                              "confirmation", (json_int_t)s->queued[1], "campaign",
	                              (json_int_t)s->queued[2]));
	for (size_t i = 0; i < s->report_count; i++)
		json_array_append_new(nodes, report_json(&s->reports[i]));
	json_object_set_new(object, "nodes", nodes);
	return object;
}

/* A request, and the one channel that it asks for; "": all. */
struct asked {
	struct http_request *request;
	char name[64];
};

static void on_status(void *arg, const struct router_error *error,
                      const struct router_channel_status *channels, size_t count)
{
	struct asked *a = arg;
	json_t *items = json_array(), *one = NULL;

	if (error->err) {
		reply_router_error(a->request, error);
		json_decref(items);
		free(a);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!a->name[0])
			json_array_append_new(items, channel_json(&channels[i]));
		else if (span_is(channels[i].name, a->name))
			one = channel_json(&channels[i]);
	if (one)
		reply_json(a->request, 200, one);
	else if (a->name[0])
		http_problem(a->request, 404, "channel_unknown", "there is no such channel", NULL);
	else
		reply_json(a->request, 200, json_pack("{s:O}", "items", items));
	json_decref(items);
	free(a);
}

static void show(struct api *api, struct http_request *r, struct span name)
{
	struct asked *a = name.len < sizeof(a->name) ? calloc(1, sizeof(*a)) : NULL;

	if (!a) {
		http_problem(r, 404, "channel_unknown", "there is no such channel", NULL);
		return;
	}
	a->request = r;
	if (name.len)
		memcpy(a->name, name.ptr, name.len);
	if (router_channel_status(api->options.router, on_status, a)) {
		reply_unavailable(r);
		free(a);
	}
}

void api_get_channels(void *arg, struct http_request *r)
{
	if (api_authorize(arg, r, SCOPE_CHANNELS))
		show(arg, r, SPAN_NONE);
}

void api_get_channel(void *arg, struct http_request *r)
{
	if (api_authorize(arg, r, SCOPE_CHANNELS))
		show(arg, r, http_part(r, 0));
}

/* Durable, and known to all nodes in a moment. */
static void on_wanted(void *arg, const struct router_error *error)
{
	struct http_request *r = arg;

	if (error->err)
		reply_router_error(r, error);
	else
		reply_json(r, 202,
		           json_pack("{s:s%, s:s%}", "name", http_part(r, 0).ptr,
		                     http_part(r, 0).len, "want", http_part(r, 1).ptr,
		                     http_part(r, 1).len));
}

void api_post_channel(void *arg, struct http_request *r)
{
	struct api *api = arg;
	const struct api_key *key = api_authorize(api, r, SCOPE_CHANNELS);
	enum channel_want want;
	char by[64];
	int err;

	if (!key)
		return;
	if (router_want_parse(http_part(r, 1), &want)) {
		http_problem(r, 404, "not_found", "a channel knows start, drain and stop", NULL);
		return;
	}
	snprintf(by, sizeof(by), "api:%s", key->name);
	err = router_channel_want(api->options.router, http_part(r, 0), want, span_of(by),
	                          on_wanted, r);
	if (err == -ENOENT)
		http_problem(r, 404, "channel_unknown", "there is no such channel", NULL);
	else if (err)
		reply_unavailable(r);
}

/* --- Routes ----------------------------------------------------------------------------------- */

static void on_explained(void *arg, struct span address, struct span carrier, size_t rule,
                         const struct router_way *ways, size_t count)
{
	json_t *list = json_array(), *object = json_object();

	strict_json_set(object, "address", address);
	strict_json_set(object, "operator", carrier);
	json_object_set_new(object, "rule", rule ? json_integer((json_int_t)rule) : json_null());
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:b, s:s}", "channel",
		                                      ways[i].channel, "weight",
		                                      (json_int_t)ways[i].weight, "health",
		                                      ways[i].health, "chosen", ways[i].chosen,
		                                      "why", ways[i].why));
		if (ways[i].chosen)
			json_object_set_new(object, "channel", json_string(ways[i].channel));
	}
	json_object_set_new(object, "candidates", list);
	reply_json(arg, 200, object);
}

void api_get_route(void *arg, struct http_request *r)
{
	struct api *api = arg;
	struct span to = SPAN_NONE, class = SPAN_NONE;
	int err;

	if (!api_authorize(api, r, SCOPE_CHANNELS))
		return;
	if (http_query(r, "to", &to) || !to.len) {
		http_problem(r, 400, "query_invalid", "must be given, once", "to");
		return;
	}
	err = http_query(r, "class", &class);
	if (err && err != -ENOENT) {
		http_problem(r, 400, "query_invalid", "must be given at most once", "class");
		return;
	}
	err = router_explain(api->options.router, to, class, on_explained, r);
	if (err == -EDOM)
		http_problem(r, 422, "field_range",
		             "must be reply, confirmation, campaign or flash", "class");
	else if (err == -EINVAL)
		http_problem(r, 422, "address_invalid", "this is no phone number", "to");
	else if (err)
		http_problem(r, 422, "channel_unknown", "no channel sends SMS", NULL);
}

/* --- Lists ------------------------------------------------------------------------------------ */

static json_t *entry_json(const struct router_list_entry *e)
{
	json_t *object = json_object();

	strict_json_set(object, "number", e->number);
	strict_json_set(object, "channel", e->channel);
	strict_json_set(object, "by", e->by);
	strict_json_set(object, "note", e->note);
	json_object_set_new(object, "list", json_string(e->allow ? "allow" : "block"));
	json_object_set_new(object, "ts", json_integer((json_int_t)e->ts_ms));
	return object;
}

static void on_list(void *arg, const struct router_error *error,
                    const struct router_list_entry *entries, size_t count, struct span next)
{
	struct http_request *r = arg;
	json_t *items;

	if (error->err) {
		reply_router_error(r, error);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, entry_json(&entries[i]));
	reply_json(r, 200,
	           json_pack("{s:o, s:o}", "items", items, "next",
	                     span_is(next, "0") ? json_null() : strict_json_text(next)));
}

void api_get_list(void *arg, struct http_request *r)
{
	struct api *api = arg;
	struct span cursor = SPAN_NONE;
	uint64_t number;
	int err;

	if (!api_authorize(api, r, SCOPE_CHANNELS))
		return;
	err = http_query(r, "after", &cursor);
	if (err == -EEXIST || err == -EBADMSG || (!err && span_u64(cursor, &number)))
		http_problem(r, 400, "query_invalid", "must be what next said", "after");
	else if (router_list(api->options.router, cursor, on_list, r))
		reply_unavailable(r);
}

struct posted_entry {
	struct span list, number, channel, note;
};

static const struct json_field entry_fields[] = {
	{"list",			JSON_KIND_TEXT, offsetof(struct posted_entry, list), true, 5, 5},
	{"number", JSON_KIND_TEXT, offsetof(struct posted_entry, number), true, 1,
         ROUTER_LIST_NUMBER_MAX},
	{"channel",			 JSON_KIND_TEXT, offsetof(struct posted_entry, channel), false, 1, 32},
	{"note",			    JSON_KIND_TEXT, offsetof(struct posted_entry, note), false, 1, 200},
	{0		     }
};

static void on_edited(void *arg, const struct router_error *error)
{
	if (error->err)
		reply_router_error(arg, error);
	else
		reply_json(arg, 200, json_pack("{s:b}", "ok", true));
}

typedef int edit_fn(struct router *router, const struct router_list_entry *entry, router_ok_fn *fn,
                    void *arg);

static void edit(struct api *api, struct http_request *r, edit_fn *fn)
{
	const struct api_key *key = api_authorize(api, r, SCOPE_CHANNELS);
	struct posted_entry posted = {.list = SPAN_NONE};
	struct router_list_entry e;
	json_t *body = NULL;
	char by[64];
	int err;

	if (!key || !reply_read(r, entry_fields, &posted, &body))
		return;
	snprintf(by, sizeof(by), "api:%s", key->name);
	e = (struct router_list_entry){.allow = span_is(posted.list, "allow"),
	                               .channel = posted.channel,
	                               .number = posted.number,
	                               .by = span_of(by),
	                               .note = posted.note};
	err = e.allow || span_is(posted.list, "block") ? fn(api->options.router, &e, on_edited, r)
	                                               : -EDOM;
	if (err == -EDOM)
		http_problem(r, 422, "field_range", "must be block or allow", "list");
	else if (err == -EINVAL)
		http_problem(r, 422, "field_range", "must be a number, or its beginning and \"*\"",
		             "number");
	else if (err == -ENOENT)
		http_problem(r, 422, "channel_unknown", "there is no such channel", "channel");
	else if (err)
		reply_unavailable(r);
	json_decref(body);
}

void api_post_list(void *arg, struct http_request *r)
{
	edit(arg, r, router_list_add);
}

void api_delete_list(void *arg, struct http_request *r)
{
	edit(arg, r, router_list_remove);
}
