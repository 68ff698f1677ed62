/* GET /v1/templates/audit: who drafted, discarded, published, went back, imported, and when. */
#include "api_templates.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 100, PAGE_MAX = 500 };

/* {"act", "draft", "by", "user:mei", ...} with the entry's id, which begins with its time. */
static json_t *entry_json(const redisReply *entry)
{
	const redisReply *f = entry->element[1];
	json_t *object = json_pack("{s:s, s:I}", "entry", entry->element[0]->str, "ts",
	                           (json_int_t)strtoll(entry->element[0]->str, NULL, 10));
	uint64_t version;

	for (size_t i = 0; i + 1 < f->elements; i += 2) {
		struct span value = {f->element[i + 1]->str, f->element[i + 1]->len};

		if (strcmp(f->element[i]->str, "version") == 0 && !span_u64(value, &version))
			json_object_set_new(object, "version", json_integer((json_int_t)version));
		else
			strict_json_set(object, f->element[i]->str, value);
	}
	return object;
}

static void on_entries(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	json_t *items;

	(void)why;
	if (err || reply->type != REDIS_REPLY_ARRAY) {
		templates_problem(c, 503, NULL, NULL, NULL);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < reply->elements; i++)
		json_array_append_new(items, entry_json(reply->element[i]));
	templates_reply(c, 200,
	                json_pack("{s:o, s:s?}", "items", items, "next",
	                          reply->elements == c->version
	                                  ? reply->element[reply->elements - 1]->element[0]->str
	                                  : NULL),
	                NULL);
}

/* "(1700000000000-0" or "+" for XREVRANGE. False: it is no entry's. */
static bool take_after(struct http_request *r, char out[48])
{
	struct span after, rest;
	uint64_t ms, n;

	snprintf(out, 48, "+");
	if (http_query(r, "after", &after))
		return true;
	if (span_u64(span_split(after, '-', &rest), &ms) || span_u64(rest, &n))
		return false;
	snprintf(out, 48, "(%llu-%llu", (unsigned long long)ms, (unsigned long long)n);
	return true;
}

void api_get_template_audit(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	char after[48], count[24];
	struct span limit, argv[] = {SPAN_LIT("XREVRANGE"), SPAN_LIT("ph:{tpl}:audit"), SPAN_NONE,
	                             SPAN_LIT("-"),         SPAN_LIT("COUNT"),          SPAN_NONE};

	if (!c)
		return;
	c->version = PAGE;
	if (!http_query(r, "limit", &limit) &&
	    (span_u64(limit, &c->version) || c->version < 1 || c->version > PAGE_MAX)) {
		templates_problem(c, 400, "query_invalid", "must be from 1 to 500", "limit");
		return;
	}
	if (!take_after(r, after)) {
		templates_problem(c, 400, "query_invalid", "must be what next said", "after");
		return;
	}
	snprintf(count, sizeof(count), "%llu", (unsigned long long)c->version);
	argv[2] = span_of(after);
	argv[5] = span_of(count);
	if (redis_command(c->api->options.redis, ARRAY_LEN(argv), argv, on_entries, c))
		templates_problem(c, 503, NULL, NULL, NULL);
}
