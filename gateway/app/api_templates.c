/* GET, POST, PUT, DELETE /v1/templates: what is published, and drafts of what shall be. */
#include "api_templates.h"

#include "template_json.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 100, PAGE_MAX = 500 };

/* --- what the handlers share ------------------------------------------------------------------ */

void templates_free(struct templates_call *c)
{
	json_decref(c->body);
	json_decref(c->samples);
	json_decref(c->question_ids);
	free(c->sheet);
	free(c->expected);
	free(c->ids);
	free(c->files);
	free(c);
}

struct templates_call *templates_call(struct api *api, struct http_request *r,
                                      const struct json_field *fields, void *out)
{
	struct templates_call *c;
	json_t *body = NULL;

	if (fields && !reply_read(r, fields, out, &body))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c) {
		http_problem(r, 500, "internal", "out of memory", NULL);
		json_decref(body);
		return NULL;
	}
	c->api = api;
	c->request = r;
	c->body = body;
	c->who = *api->who;
	return c;
}

void templates_problem(struct templates_call *c, int status, const char *code, const char *detail,
                       const char *field)
{
	if (c->once_used)
		once_release(c->api->options.redis, &c->once);
	if (status == 503)
		reply_unavailable(c->request);
	else
		http_problem(c->request, status, code, detail, field);
	templates_free(c);
}

void templates_reply(struct templates_call *c, int status, json_t *object, const char *result)
{
	if (c->once_used && result)
		once_settle(c->api->options.redis, &c->once, span_of(result));
	reply_json(c->request, status, object);
	templates_free(c);
}

bool templates_fcall(struct templates_call *c, const char *function, const struct span *args,
                     size_t count, redis_fn *fn)
{
	if (!redis_fcall(c->api->options.redis, function, KNOWLEDGE_SLOT, args, count, fn, c))
		return true;
	templates_problem(c, 503, NULL, NULL, NULL);
	return false;
}

static void on_claimed(void *arg, int err, struct span result)
{
	struct templates_call *c = arg;

	if (err == -EEXIST) {
		http_problem(c->request, 409, "idempotency_conflict",
		             "the Idempotency-Key came with another body", NULL);
		templates_free(c);
	} else if (err) {
		reply_unavailable(c->request);
		templates_free(c);
	} else if (result.len) {
		reply_json(
			c->request, 200,
			json_pack("{s:o, s:b}", "result", strict_json_text(result), "repeated", 1));
		templates_free(c);
	} else {
		c->once_used = true;
		c->go(c);
	}
}

void templates_once(struct templates_call *c, void (*go)(struct templates_call *c))
{
	struct span key = http_header(c->request, "idempotency-key");
	char id[256];

	c->go = go;
	if (!key.len) {
		go(c);
		return;
	}
	if (key.len > 128) {
		templates_problem(c, 400, "idempotency_key_invalid",
		                  "Idempotency-Key is longer than 128 octets", NULL);
		return;
	}
	snprintf(id, sizeof(id), "%s %.*s %.*s", c->who.by, SPAN_FMT(http_path(c->request)),
	         SPAN_FMT(key));
	once_init(&c->once, "templates", span_of(id), http_body(c->request),
	          (uint64_t)c->api->options.config->api.remember_ms);
	if (once_claim(c->api->options.redis, &c->once, on_claimed, c))
		templates_problem(c, 503, NULL, NULL, NULL);
}

/* --- one template ----------------------------------------------------------------------------- */

/* "BASE HASH MS BY FILE" */
struct draft_record {
	struct span base, hash, ms, by, file;
};

static struct draft_record read_record(struct span text)
{
	struct draft_record d;

	d.base = span_split(text, ' ', &text);
	d.hash = span_split(text, ' ', &text);
	d.ms = span_split(text, ' ', &text);
	d.by = span_split(text, ' ', &text);
	d.file = text;
	return d;
}

static const char *state_of(bool published, const struct draft_record *d)
{
	if (!d->hash.len)
		return "published";
	if (span_is(d->hash, "-"))
		return "removed";
	return published ? "changed" : "draft";
}

static json_t *published_json(struct span record, struct span sheet)
{
	struct span file, hash = span_split(record, ' ', &file);

	if (!record.len)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "hash", strict_json_text(hash), "file",
	                 strict_json_text(file), "template", template_json(sheet), "text",
	                 strict_json_text(sheet));
}

static json_t *draft_json(const struct draft_record *d, struct span sheet)
{
	uint64_t ms = 0;

	if (!d->hash.len || span_u64(d->ms, &ms))
		return json_null();
	return json_pack("{s:o, s:o, s:I, s:o, s:o}", "hash", strict_json_text(d->hash), "by",
	                 strict_json_text(d->by), "ts", (json_int_t)ms, "template",
	                 sheet.len ? template_json(sheet) : json_null(), "text",
	                 sheet.len ? strict_json_text(sheet) : json_null());
}

static void on_template(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct span is = redis_text_at(reply, 1), record = redis_text_at(reply, 3), rest;
	struct draft_record d = read_record(record);
	struct span is_hash = span_split(is, ' ', &rest);
	char etag[EDITION_HASH_LEN + 4];
	const struct http_header_out header = {"ETag", etag};

	(void)why;
	if (err) {
		templates_problem(c, 503, NULL, NULL, NULL);
		return;
	}
	if (!is.len && !record.len) {
		templates_problem(c, 404, "template_unknown", "there is no such template", NULL);
		return;
	}
	snprintf(etag, sizeof(etag), "\"%.*s\"", SPAN_FMT(record.len ? d.hash : is_hash));
	reply_json_with(c->request, 200,
	                json_pack("{s:s, s:I, s:s, s:b, s:o, s:o}", "id", c->name, "version",
	                          (json_int_t)redis_num_at(reply, 0), "state",
	                          state_of(is.len > 0, &d), "conflict",
	                          record.len && !span_eq(d.base, is.len ? is_hash : SPAN_LIT("-")),
	                          "published", published_json(is, redis_text_at(reply, 2)), "draft",
	                          draft_json(&d, redis_text_at(reply, 4))),
	                &header, 1);
	templates_free(c);
}

/* False: answered. */
static bool take_name(struct templates_call *c)
{
	struct span id = http_part(c->request, 0);

	if (!template_id_ok(id) && !span_is(id, "settings")) {
		templates_problem(c, 404, "template_unknown", "there is no such template", NULL);
		return false;
	}
	memcpy(c->name, id.ptr, id.len);
	return true;
}

void api_get_template(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span name;

	if (!c || !take_name(c))
		return;
	name = span_of(c->name);
	templates_fcall(c, "ph_templates_get", &name, 1, on_template);
}

/* --- drafts ----------------------------------------------------------------------------------- */

static void on_drafted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct span said = redis_text_at(reply, 0), hash = redis_text_at(reply, 1);
	bool fresh = c->expected && strcmp(c->expected, "-") == 0;
	char result[EDITION_NAME_MAX + 1];

	(void)why;
	memcpy(result, c->name, sizeof(result));
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else if (span_is(said, "ok") || span_is(said, "none"))
		templates_reply(
			c, fresh ? 201 : 200,
			json_pack("{s:s, s:o, s:b}", "id", c->name, "hash",
		                  span_is(said, "ok") ? strict_json_text(hash) : json_null(),
		                  "repeated", 0),
			result);
	else if (span_is(said, "unknown"))
		templates_problem(c, 404, "template_unknown", "there is no such template", NULL);
	else if (span_is(said, "theirs"))
		templates_problem(c, 403, "draft_of_others",
		                  "somebody else drafts it: editors change others' drafts", NULL);
	else if (span_is(said, "full"))
		templates_problem(c, 409, "drafts_full", "publish or discard some drafts first",
		                  NULL);
	else if (fresh)
		templates_problem(c, 409, "template_exists", "the id is in use", "template.id");
	else
		templates_problem(c, 412, "template_changed",
		                  "somebody else changed it since: read it again", NULL);
}

struct span templates_own(const struct templates_call *c)
{
	return c->who.rights & RIGHT_EDIT ? SPAN_LIT("") : SPAN_LIT("1");
}

static void keep_draft(struct templates_call *c)
{
	const struct span args[] = {span_of(c->name),     span_of(c->expected ? c->expected : "*"),
	                            span_of(c->hash),     span_of(c->sheet ? c->sheet : ""),
	                            SPAN_LIT("api.yaml"), span_of(c->who.by),
	                            templates_own(c)};

	templates_fcall(c, "ph_templates_draft", args, ARRAY_LEN(args), on_drafted);
}

/* If-Match names what the author saw last. False: answered. */
static bool take_match(struct templates_call *c)
{
	struct span match = span_trim(http_header(c->request, "if-match"));

	if (match.len >= 2 && match.ptr[0] == '"' && match.ptr[match.len - 1] == '"')
		match = (struct span){match.ptr + 1, match.len - 2};
	if (!match.len)
		return true;
	c->expected = span_dup(match);
	if (c->expected)
		return true;
	templates_problem(c, 500, "internal", "out of memory", NULL);
	return false;
}

/* False: answered. */
static bool take_template(struct templates_call *c, json_t *object, bool named)
{
	struct json_fault fault = {0};
	char name[EDITION_NAME_MAX + 1] = "";
	int err = template_sheet(object, &c->sheet, name, &fault);

	if (!err && named && strcmp(name, c->name) != 0)
		err = strict_json_fault(&fault, "field_range", "template.id",
		                        "must be the id of the path");
	if (err == -ENOMEM) {
		templates_problem(c, 500, "internal", "out of memory", NULL);
	} else if (err) {
		templates_problem(c, 422, fault.code, fault.detail, fault.field);
	} else {
		memcpy(c->name, name, sizeof(name));
		edition_hash(span_of(c->sheet), c->hash);
	}
	return !err;
}

struct posted_template {
	json_t *object;
};

static const struct json_field template_fields[] = {
	{"template",		       JSON_KIND_OBJECT, offsetof(struct posted_template, object), true, 0, 0},
        {0}
};

void api_post_template(void *arg, struct http_request *r)
{
	struct posted_template posted = {0};
	struct templates_call *c = templates_call(arg, r, template_fields, &posted);

	if (!c || !take_template(c, posted.object, false))
		return;
	c->expected = strdup("-"); /* there must be none */
	if (c->expected)
		templates_once(c, keep_draft);
	else
		templates_problem(c, 500, "internal", "out of memory", NULL);
}

void api_put_template(void *arg, struct http_request *r)
{
	struct posted_template posted = {0};
	struct templates_call *c = templates_call(arg, r, template_fields, &posted);

	if (c && take_name(c) && take_template(c, posted.object, true) && take_match(c))
		keep_draft(c);
}

/* Drafts that it goes: published as everything else is. */
void api_delete_template(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);

	if (!c || !take_name(c) || !take_match(c))
		return;
	snprintf(c->hash, sizeof(c->hash), "-");
	keep_draft(c);
}

static void on_undrafted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;

	(void)why;
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else if (reply->integer > 0)
		templates_reply(c, 200, json_pack("{s:s}", "id", c->name), NULL);
	else if (reply->integer < 0)
		templates_problem(c, 403, "draft_of_others",
		                  "somebody else drafts it: editors discard others' drafts", NULL);
	else
		templates_problem(c, 404, "draft_unknown", "there is no draft of it", NULL);
}

void api_delete_template_draft(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span args[3];

	if (!c || !take_name(c))
		return;
	args[0] = span_of(c->name);
	args[1] = span_of(c->who.by);
	args[2] = templates_own(c);
	templates_fcall(c, "ph_templates_undraft", args, ARRAY_LEN(args), on_undrafted);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct list_page {
	struct span after, kind;
	uint64_t limit;
	json_t *items;
	bool begun, more;
};

static struct draft_record draft_of(const redisReply *drafts, struct span name)
{
	for (size_t i = 0; i + 1 < drafts->elements; i += 2)
		if (span_eq(redis_text_at(drafts, i), name))
			return read_record(redis_text_at(drafts, i + 1));
	return read_record(SPAN_NONE);
}

/* Whether it belongs on the page. */
static bool list_takes(struct list_page *p, struct span id, struct span kind)
{
	if (!p->begun) {
		p->begun = span_eq(id, p->after);
		return false;
	}
	if (p->kind.len && !span_eq(kind, p->kind))
		return false;
	p->more = json_array_size(p->items) == p->limit;
	return !p->more;
}

static void list_template(struct list_page *p, const struct template *t, const redisReply *drafts)
{
	struct span kind = span_of(template_kind_name(t->kind));
	struct draft_record d;
	json_t *titles;

	if (p->more || !list_takes(p, t->id, kind))
		return;
	d = draft_of(drafts, t->id);
	titles = json_pack("{s:o, s:o}", "zh", strict_json_text(t->title[LANGUAGE_ZH]), "en",
	                   strict_json_text(t->title[LANGUAGE_EN]));
	json_array_append_new(p->items,
	                      json_pack("{s:o, s:o, s:o, s:I, s:s}", "id", strict_json_text(t->id),
	                                "kind", strict_json_text(kind), "title", titles, "samples",
	                                (json_int_t)t->sample_count[LANGUAGE_ZH] +
	                                        (json_int_t)t->sample_count[LANGUAGE_EN],
	                                "state", state_of(true, &d)));
}

/* Drafts of what is not published yet; they stand behind the others. */
static void list_draft(struct list_page *p, const struct catalogue *catalogue, struct span name,
                       struct span record)
{
	struct draft_record d = read_record(record);

	if (p->more || catalogue_find(catalogue, name) || span_is(name, "settings") ||
	    !list_takes(p, name, SPAN_NONE))
		return;
	json_array_append_new(p->items,
	                      json_pack("{s:o, s:s, s:o}", "id", strict_json_text(name), "state",
	                                state_of(false, &d), "by", strict_json_text(d.by)));
}

static void on_list(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	const struct catalogue *catalogue = *c->api->options.catalogue;
	struct list_page p = {.limit = c->version, .items = json_array()};
	json_t *last;

	(void)why;
	if (err || reply->type != REDIS_REPLY_ARRAY) {
		json_decref(p.items);
		templates_problem(c, 503, NULL, NULL, NULL);
		return;
	}
	if (http_query(c->request, "after", &p.after))
		p.begun = true;
	if (http_query(c->request, "kind", &p.kind))
		p.kind = SPAN_NONE;
	for (size_t i = 0; i < catalogue_count(catalogue); i++)
		list_template(&p, catalogue_at(catalogue, i), reply);
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		list_draft(&p, catalogue, redis_text_at(reply, i), redis_text_at(reply, i + 1));
	last = json_object_get(json_array_get(p.items, json_array_size(p.items) - 1), "id");
	templates_reply(c, 200,
	                json_pack("{s:I, s:s, s:I, s:o, s:o, s:b, s:O?}", "version",
	                          (json_int_t)knowledge_version(c->api->options.knowledge),
	                          "catalogue", catalogue_version(catalogue), "drafts",
	                          (json_int_t)(reply->elements / 2), "items", p.items, "may",
	                          templates_rights_json(c->who.rights), "four_eyes",
	                          c->api->options.config->templates.four_eyes, "next",
	                          p.more ? last : NULL),
	                NULL);
}

void api_get_templates(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span limit;

	if (!c)
		return;
	c->version = PAGE;
	if (!http_query(r, "limit", &limit) &&
	    (span_u64(limit, &c->version) || c->version < 1 || c->version > PAGE_MAX))
		templates_problem(c, 400, "query_invalid", "must be from 1 to 500", "limit");
	else
		templates_fcall(c, "ph_templates_drafts", NULL, 0, on_list);
}
