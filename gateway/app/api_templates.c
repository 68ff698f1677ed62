/* GET, POST, PUT, DELETE /v1/templates: what is published, and drafts of what shall be. */
#include "api_templates.h"

#include "template_json.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what the handlers share ------------------------------------------------------------------ */

void templates_free(struct templates_call *c)
{
	json_decref(c->body);
	json_decref(c->samples);
	json_decref(c->question_ids);
	free(c->sheet);
	free(c->expected);
	free(c->text);
	free(c->ids);
	free(c->hashes);
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

void templates_reply_version(struct templates_call *c, json_t *object, uint64_t version)
{
	char etag[24];
	const struct http_header_out header = {"ETag", etag};

	snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)version);
	reply_json_with(c->request, 200, object, &header, 1);
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

struct draft_record templates_draft_record(struct span text)
{
	struct draft_record d;

	d.base = span_split(text, ' ', &text);
	d.hash = span_split(text, ' ', &text);
	d.ms = span_split(text, ' ', &text);
	d.by = span_split(text, ' ', &text);
	d.file = text;
	return d;
}

const char *templates_state(bool published, const struct draft_record *d)
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
	struct draft_record d = templates_draft_record(record);
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
	                          templates_state(is.len > 0, &d), "conflict",
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

	if (catalogue_id_refuse(id) && !span_is(id, "settings")) {
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
	bool fresh = c->expected && strcmp(c->expected, "-") == 0, again = span_is(said, "again");
	char result[EDITION_NAME_MAX + 1];

	(void)why;
	memcpy(result, c->name, sizeof(result));
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else if (again || span_is(said, "ok") || span_is(said, "none"))
		templates_reply(
			c, fresh && !again ? 201 : 200,
			json_pack("{s:s, s:o, s:b}", "id", c->name, "hash",
		                  span_is(said, "none") ? json_null() : strict_json_text(hash),
		                  "repeated", again),
			result);
	else if (span_is(said, "unknown"))
		templates_problem(c, 404, "template_unknown", "there is no such template", NULL);
	else if (span_is(said, "theirs"))
		templates_problem(c, 403, "draft_of_others",
		                  "somebody else drafts it: editors change others' drafts", NULL);
	else if (span_is(said, "unseen"))
		templates_problem(c, 428, "match_required",
		                  "somebody else drafts it: say in If-Match what you have seen, or "
		                  "* for whatever it is",
		                  NULL);
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
	const struct span args[] = {span_of(c->name),     span_of(c->expected ? c->expected : "?"),
	                            span_of(c->hash),     span_of(c->sheet ? c->sheet : ""),
	                            SPAN_LIT("api.yaml"), span_of(c->who.by),
	                            templates_own(c)};

	templates_fcall(c, "ph_templates_draft", args, ARRAY_LEN(args), on_drafted);
}

struct span templates_match(const struct templates_call *c)
{
	struct span match = span_trim(http_header(c->request, "if-match"));

	if (match.len >= 2 && match.ptr[0] == '"' && match.ptr[match.len - 1] == '"')
		match = (struct span){match.ptr + 1, match.len - 2};
	return match;
}

/* If-Match names what the author saw last. False: answered. */
static bool take_match(struct templates_call *c)
{
	struct span match = templates_match(c);

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
	else if (reply->integer == -2)
		templates_problem(c, 412, "template_changed",
		                  "somebody else changed it since: read it again", NULL);
	else if (reply->integer < 0)
		templates_problem(c, 403, "draft_of_others",
		                  "somebody else drafts it: editors discard others' drafts", NULL);
	else
		templates_problem(c, 404, "draft_unknown", "there is no draft of it", NULL);
}

void api_delete_template_draft(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span args[4];

	if (!c || !take_name(c) || !take_match(c))
		return;
	args[3] = span_of(c->expected ? c->expected : "*");
	args[0] = span_of(c->name);
	args[1] = span_of(c->who.by);
	args[2] = templates_own(c);
	templates_fcall(c, "ph_templates_undraft", args, ARRAY_LEN(args), on_undrafted);
}
