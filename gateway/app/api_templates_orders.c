/* POST /v1/templates/validate, publish, rollback, import. */
#include "api_templates.h"

#include "edition_files.h"
#include "template_json.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOTE_MAX = 300, IDS_MAX = 1000, FILES_MAX = CATALOGUE_FILES_MAX, FILE_NAME_MAX = 120 };

/* --- what an order came to -------------------------------------------------------------------- */

json_t *templates_names_json(char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

json_t *templates_faults_json(const struct knowledge_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->fault_count; i++) {
		const struct knowledge_fault *f = &result->faults[i];
		json_t *one = json_pack("{s:s}", "detail", f->text);

		strict_json_set(one, "template", span_of(f->id));
		strict_json_set(one, "file", span_of(f->file));
		strict_json_set(one, "field", span_of(f->field));
		if (f->line)
			json_object_set_new(one, "line", json_integer((json_int_t)f->line));
		json_array_append_new(list, one);
	}
	return list;
}

static const struct refusal {
	const char *code;
	int status;
	const char *title, *detail;
} refusals[] = {
	{"template_invalid",  422, "Unprocessable Content", "nothing was changed: see errors"           },
	{"template_conflict", 409, "Conflict",
         "others have published the same templates since: edit them again, or force"                    },
	{"four_eyes",         403, "Forbidden",
         "somebody else must publish what you have drafted: see conflicts"                              },
	{"catalogue_full",    409, "Conflict",
         "more templates than versions are kept of, or no files were imported yet: change the "
         "files"											},
	{"version_unknown",   404, "Not Found",             "there is no such version (any more)"       },
	{"draft_unknown",     404, "Not Found",             "there is no draft of what is asked for"    },
	{"version_changed",   412, "Precondition Failed",
         "others have published since: look at what is published, and try again"                        },
	{"template_changed",  412, "Precondition Failed",
         "somebody else changed these drafts since you read them: see conflicts"                        },
	{"busy",              409, "Conflict",              "others publish at the same time: try again"},
};

static void refuse_with(struct templates_call *c, const struct refusal *refusal,
                        const struct knowledge_result *result)
{
	json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
	                            refusal->title, "status", refusal->status, "code",
	                            refusal->code, "detail", refusal->detail);
	char *text;

	if (result->fault_count) {
		json_object_set_new(problem, "errors", templates_faults_json(result));
		json_object_set_new(problem, "more", json_integer((json_int_t)result->faults_more));
	}
	if (result->conflict_count)
		json_object_set_new(
			problem, "conflicts",
			templates_names_json(result->conflicts, result->conflict_count));
	text = strict_json_dump(problem);
	if (c->once_used)
		once_release(c->api->options.redis, &c->once);
	http_respond(c->request, refusal->status, "application/problem+json",
	             span_of(text ? text : "{}"));
	free(text);
	templates_free(c);
}

void templates_refuse(struct templates_call *c, const struct knowledge_result *result)
{
	for (size_t i = 0; result->code && i < ARRAY_LEN(refusals); i++)
		if (strcmp(result->code, refusals[i].code) == 0) {
			refuse_with(c, &refusals[i], result);
			return;
		}
	templates_problem(c, 503, NULL, NULL, NULL);
}

static void on_done(void *arg, const struct knowledge_result *result)
{
	struct templates_call *c = arg;
	char version[24];

	if (result->err) {
		templates_refuse(c, result);
		return;
	}
	snprintf(version, sizeof(version), "%llu", (unsigned long long)result->version);
	templates_reply(
		c, 200,
		json_pack("{s:I, s:b, s:o, s:o, s:b}", "version", (json_int_t)result->version,
	                  "published", result->changed, "changed",
	                  templates_names_json(result->names, result->name_count), "conflicts",
	                  templates_names_json(result->conflicts, result->conflict_count),
	                  "repeated", 0),
		version);
}

void templates_order(struct templates_call *c, knowledge_fn *fn)
{
	int err;

	c->order.by = span_of(c->who.by);
	err = knowledge_do(c->api->options.knowledge, &c->order, fn, c);
	if (err == -EBUSY)
		templates_problem(c, 409, "busy", "others publish at the same time: try again",
		                  NULL);
	else if (err)
		templates_problem(c, 500, "internal", "out of memory", NULL);
}

static void go(struct templates_call *c)
{
	templates_order(c, on_done);
}

/* --- publish, validate, roll back ------------------------------------------------------------- */

struct posted_order {
	json_t *ids, *drafts, *object, *files;
	struct span note;
	uint64_t version;
	bool force, whole;
};

/* False: answered. */
static bool take_ids(struct templates_call *c, json_t *ids)
{
	json_t *id;
	size_t i;

	c->ids = calloc(json_array_size(ids) + 1, sizeof(*c->ids));
	if (!c->ids) {
		templates_problem(c, 500, "internal", "out of memory", NULL);
		return false;
	}
	json_array_foreach(ids, i, id)
	{
		c->ids[i] = (struct span){json_string_value(id), json_string_length(id)};
	}
	c->order.ids = c->ids;
	c->order.id_count = json_array_size(ids);
	return true;
}

/* {"ID": "HASH"}: ids, and what each draft was when it was read. False: answered. */
static bool take_drafts(struct templates_call *c, json_t *drafts)
{
	size_t count = json_object_size(drafts), at = 0;
	const char *id;
	json_t *hash;

	if (!drafts)
		return true;
	free(c->ids);
	c->ids = calloc(count + 1, sizeof(*c->ids));
	c->hashes = calloc(count + 1, sizeof(*c->hashes));
	if (!c->ids || !c->hashes || c->order.id_count || !count) {
		templates_problem(c, c->ids && c->hashes ? 422 : 500,
		                  c->ids && c->hashes ? "field_range" : "internal",
		                  "ids, or drafts with their hashes, not both and not none",
		                  "drafts");
		return false;
	}
	json_object_foreach(drafts, id, hash)
	{
		c->ids[at] = span_of(id);
		c->hashes[at++] = (struct span){json_string_value(hash), json_string_length(hash)};
	}
	c->order.ids = c->ids;
	c->order.hashes = c->hashes;
	c->order.id_count = count;
	return true;
}

/* If-Match names the version that was published when the author looked. */
static void take_expected(struct templates_call *c)
{
	struct span match = templates_match(c);

	if (match.len && !span_is(match, "*") &&
	    (span_u64(match, &c->order.expected) || !c->order.expected))
		c->order.expected = UINT64_MAX; /* never was */
}

static const struct json_field publish_fields[] = {
	{"ids",			 JSON_KIND_TEXTS, offsetof(struct posted_order, ids), false, 1, IDS_MAX},
	{"drafts", JSON_KIND_VALUES, offsetof(struct posted_order, drafts), false, 0,
         EDITION_HASH_LEN},
	{"note",			JSON_KIND_TEXT, offsetof(struct posted_order, note), false, 0, NOTE_MAX},
	{"force",		      JSON_KIND_BOOL, offsetof(struct posted_order, force), false, 0, 0},
	{0		     }
};

void api_publish_templates(void *arg, struct http_request *r)
{
	struct posted_order posted = {0};
	struct templates_call *c = templates_call(arg, r, publish_fields, &posted);

	if (!c || !take_ids(c, posted.ids) || !take_drafts(c, posted.drafts))
		return;
	take_expected(c);
	c->order.what = KNOWLEDGE_PUBLISH;
	c->order.note = posted.note;
	c->order.force = posted.force;
	c->order.four_eyes = c->api->options.config->templates.four_eyes;
	templates_once(c, go);
}

static void on_validated(void *arg, const struct knowledge_result *result)
{
	struct templates_call *c = arg;
	bool invalid = result->code && strcmp(result->code, "template_invalid") == 0;

	if (result->err && !invalid) {
		templates_refuse(c, result);
		return;
	}
	templates_reply(
		c, 200,
		json_pack("{s:b, s:I, s:o, s:I, s:o, s:o}", "valid", !invalid, "version",
	                  (json_int_t)result->version, "errors", templates_faults_json(result),
	                  "more", (json_int_t)result->faults_more, "conflicts",
	                  templates_names_json(result->conflicts, result->conflict_count),
	                  "changed", templates_names_json(result->names, result->name_count)),
		NULL);
}

static const struct json_field validate_fields[] = {
	{"ids",			 JSON_KIND_TEXTS, offsetof(struct posted_order, ids), false, 1, IDS_MAX},
	{"template", JSON_KIND_OBJECT, offsetof(struct posted_order, object), false, 0, 0},
	{0		       }
};

/* False: answered. */
static bool take_object(struct templates_call *c, json_t *object)
{
	struct json_fault fault = {0};
	int err = template_sheet(object, &c->sheet, c->name, &fault);

	if (err) {
		templates_problem(c, err == -ENOMEM ? 500 : 422,
		                  err == -ENOMEM ? "internal" : fault.code,
		                  err == -ENOMEM ? "out of memory" : fault.detail,
		                  err == -ENOMEM ? NULL : fault.field);
		return false;
	}
	c->files = calloc(1, sizeof(*c->files));
	if (!c->files) {
		templates_problem(c, 500, "internal", "out of memory", NULL);
		return false;
	}
	c->files[0] = (struct catalogue_file){"api.yaml", span_of(c->sheet)};
	c->order.files = c->files;
	c->order.file_count = 1;
	return true;
}

void api_validate_templates(void *arg, struct http_request *r)
{
	struct posted_order posted = {0};
	struct templates_call *c = templates_call(arg, r, validate_fields, &posted);

	if (!c || !take_ids(c, posted.ids) || (posted.object && !take_object(c, posted.object)))
		return;
	c->order.what = KNOWLEDGE_VALIDATE;
	templates_order(c, on_validated);
}

static const struct json_field rollback_fields[] = {
	{"version",		     JSON_KIND_NUMBER, offsetof(struct posted_order, version), true, 1, INT32_MAX},
	{"note", JSON_KIND_TEXT, offsetof(struct posted_order, note), false, 0, NOTE_MAX},
	{0			}
};

void api_rollback_templates(void *arg, struct http_request *r)
{
	struct posted_order posted = {0};
	struct templates_call *c = templates_call(arg, r, rollback_fields, &posted);

	if (!c)
		return;
	take_expected(c);
	c->order.what = KNOWLEDGE_ROLLBACK;
	c->order.version = posted.version;
	c->order.note = posted.note;
	templates_once(c, go);
}

/* --- files ------------------------------------------------------------------------------------ */

struct posted_file {
	struct span name, text;
};

static const struct json_field file_fields[] = {
	{"name",		       JSON_KIND_TEXT, offsetof(struct posted_file, name), true, 1, FILE_NAME_MAX},
	{"text", JSON_KIND_TEXT, offsetof(struct posted_file, text), true, 0,
         CATALOGUE_FILE_SIZE_MAX},
	{0		       }
};

/* Names and texts stay in the body. False: answered. */
static bool take_files(struct templates_call *c, json_t *list)
{
	struct json_fault fault = {0};
	json_t *file;
	size_t i;

	c->files = calloc(json_array_size(list) + 1, sizeof(*c->files));
	json_array_foreach(list, i, file)
	{
		struct posted_file f = {.name = SPAN_NONE};

		if (!c->files || strict_json_bind(file_fields, file, &f, &fault)) {
			templates_problem(c, 422, c->files ? fault.code : "internal",
			                  c->files ? fault.detail : "out of memory", "files");
			return false;
		}
		if (!edition_file_named(f.name)) {
			templates_problem(c, 422, "field_range",
			                  "a file's name ends in .yaml and is in no directory",
			                  "files.name");
			return false;
		}
		c->files[i] = (struct catalogue_file){f.name.ptr, f.text};
	}
	c->order.files = c->files;
	c->order.file_count = json_array_size(list);
	return true;
}

static const struct json_field import_fields[] = {
	{"files",		       JSON_KIND_OBJECTS, offsetof(struct posted_order, files), true, 1, FILES_MAX},
	{"whole", JSON_KIND_BOOL, offsetof(struct posted_order, whole), false, 0, 0},
	{"force",			 JSON_KIND_BOOL, offsetof(struct posted_order, force), false, 0, 0},
	{"note",		    JSON_KIND_TEXT, offsetof(struct posted_order, note), false, 0, NOTE_MAX},
	{0		      }
};

void api_import_templates(void *arg, struct http_request *r)
{
	struct posted_order posted = {0};
	struct templates_call *c = templates_call(arg, r, import_fields, &posted);

	if (!c || !take_files(c, posted.files))
		return;
	if (c->who.person && c->api->options.config->templates.four_eyes) {
		templates_problem(
			c, 403, "four_eyes",
			"files are imported by a program: draft it, and let another publish", NULL);
		return;
	}
	take_expected(c);
	c->order.what = KNOWLEDGE_IMPORT;
	c->order.whole = posted.whole;
	c->order.force = posted.force;
	c->order.note = posted.note;
	templates_once(c, go);
}
