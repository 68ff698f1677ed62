/* GET /v1/templates/versions, what one of them holds, and its files: read in steps and written off
 * the loop, since a version may have a hundred thousand templates. */
#include "api_templates.h"

#include "edition_files.h"
#include "edition_pages.h"

#include <stdio.h>
#include <stdlib.h>

/* --- files ------------------------------------------------------------------------------------ */

enum { EXPORT_NAME_MAX = EDITION_FILE_MAX + 16 };

/* What an export came to, on a thread of the pool. */
struct export_page {
	const char *after; /* the file before the first; "" */
	json_t *files;
	size_t size;
	bool begun, more;
	char last[EXPORT_NAME_MAX];
};

static int add_file(void *arg, const char *name, struct span text)
{
	struct export_page *p = arg;

	if (!p->begun) {
		p->begun = strcmp(name, p->after) == 0;
		return 0;
	}
	p->more = p->size && p->size + text.len > API_FILES_MAX;
	if (p->more)
		return -ECANCELED; /* the next page begins here */
	p->size += text.len;
	snprintf(p->last, sizeof(p->last), "%s", name);
	return json_array_append_new(p->files, json_pack("{s:s, s:o}", "name", name, "text",
	                                                 strict_json_text(text)))
	               ? -ENOMEM
	               : 0;
}

static int write_export(void *arg, uint64_t version, const struct edition *e)
{
	struct templates_call *c = arg;
	struct export_page p = {.after = c->expected ? c->expected : "", .files = json_array()};
	int err;

	p.begun = !p.after[0];
	err = edition_files(e, CATALOGUE_FILE_SIZE_MAX, add_file, &p);
	if (err == -ECANCELED)
		err = 0;
	else if (!err && !p.begun)
		err = -ENOENT; /* no file of that name, or no more: an end here would be a lie */
	if (err) {
		json_decref(p.files);
		return err;
	}
	c->text = strict_json_dump(json_pack("{s:I, s:o, s:s?}", "version", (json_int_t)version,
	                                     "files", p.files, "next", p.more ? p.last : NULL));
	return c->text ? 0 : -ENOMEM;
}

static void on_export(void *arg, const struct knowledge_result *result)
{
	struct templates_call *c = arg;

	if (result->err == -ENOENT && !result->code) {
		templates_problem(c, 400, "query_invalid", "must be what next said", "after");
		return;
	}
	if (result->err) {
		templates_refuse(c, result);
		return;
	}
	http_respond(c->request, 200, "application/json", span_of(c->text));
	templates_free(c);
}

void api_export_templates(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span version, after;

	if (!c)
		return;
	c->order.what = KNOWLEDGE_READ;
	c->order.render = write_export;
	if (!http_query(r, "after", &after))
		c->expected = span_dup(after);
	if (!http_query(r, "version", &version) && span_u64(version, &c->order.version))
		templates_problem(c, 400, "query_invalid", "must be a number", "version");
	else
		templates_order(c, on_export);
}

/* --- all versions ----------------------------------------------------------------------------- */

static json_t *version_json(uint64_t number, struct span about, uint64_t now)
{
	json_t *object = json_loadb(about.ptr ? about.ptr : "", about.len, 0, NULL);

	if (!object)
		object = json_object();
	json_object_del(object, "pure");
	json_object_set_new(object, "version", json_integer((json_int_t)number));
	json_object_set_new(object, "current", json_boolean(number == now));
	return object;
}

static int by_number(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "version"));
	json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "version"));

	return (x < y) - (x > y);
}

static void on_versions(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	json_t *items = json_array(), **sorted;
	uint64_t now, number;
	size_t count = 0;

	(void)why;
	sorted = err ? NULL : calloc(reply->elements + 1, sizeof(void *));
	if (!sorted) {
		json_decref(items);
		templates_problem(c, 503, NULL, NULL, NULL);
		return;
	}
	now = redis_num_at(reply, 0);
	for (size_t i = 1; i + 1 < reply->elements; i += 2)
		if (!span_u64(redis_text_at(reply, i), &number))
			sorted[count++] = version_json(number, redis_text_at(reply, i + 1), now);
	qsort(sorted, count, sizeof(void *), by_number);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, sorted[i]);
	free(sorted);
	templates_reply_version(
		c, json_pack("{s:I, s:o}", "version", (json_int_t)now, "items", items), now);
}

void api_get_template_versions(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);

	if (c)
		templates_fcall(c, "ph_templates_versions", NULL, 0, on_versions);
}

/* --- one version ------------------------------------------------------------------------------ */

enum { PAGES_AT_ONCE = 4 };

/* A version whose pages are being read. */
struct version_call {
	struct templates_call *c;
	json_t *object;
	size_t next; /* page; 0: that is all */
};

static void reply_version(const struct version_call *v, const struct edition *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s}", "id", e->at[i].name, "hash",
		                                e->at[i].hash, "file", e->at[i].file));
	json_object_set_new(v->object, "templates", list);
	json_object_set_new(v->object, "next",
	                    v->next ? json_integer((json_int_t)v->next) : json_null());
	templates_reply(v->c, 200, v->object, NULL);
}

static void on_pages(void *arg, int err, const redisReply *reply, const char *why)
{
	struct version_call *v = arg;
	struct edition e = {0};

	(void)why;
	for (size_t i = 0; !err && redis_at(reply, i); i++)
		err = edition_page_read(redis_text_at(reply, i), &e);
	if (err) {
		json_decref(v->object);
		templates_problem(v->c, 503, NULL, NULL, NULL);
	} else {
		reply_version(v, &e);
	}
	edition_fini(&e);
	free(v);
}

/* The templates of some of its pages, from where the call says. */
static void read_pages(struct templates_call *c, json_t *object, const struct edition_pages *pages)
{
	struct span argv[2 + PAGES_AT_ONCE] = {SPAN_LIT("HMGET"), SPAN_LIT("ph:{tpl}:page")};
	struct version_call *v;
	size_t at = c->after;
	int count = 2;

	if (!pages->count && !at) { /* a version of nothing */
		reply_version(&(struct version_call){c, object, 0}, &(struct edition){0});
		return;
	}
	v = malloc(sizeof(*v));
	for (; at < pages->count && count < (int)ARRAY_LEN(argv); at++)
		argv[count++] = span_of(pages->at[at].hash);
	if (v)
		*v = (struct version_call){c, object, at < pages->count ? at : 0};
	if (v && count > 2 && !redis_command(c->api->options.redis, count, argv, on_pages, v))
		return;
	free(v);
	json_decref(object);
	if (v && count == 2)
		templates_problem(c, 400, "query_invalid", "must be what next said", "after");
	else
		templates_problem(c, 503, NULL, NULL, NULL);
}

static void on_version(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct edition_pages pages = {0};
	bool there = !err && reply->type == REDIS_REPLY_ARRAY;

	(void)why;
	if (there)
		err = edition_root_read(redis_text_at(reply, 1), &pages);
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else if (!there)
		templates_problem(c, 404, "version_unknown", "there is no such version (any more)",
		                  NULL);
	else
		read_pages(c,
		           version_json(c->version, redis_text_at(reply, 2),
		                        knowledge_version(c->api->options.knowledge)),
		           &pages);
	edition_pages_fini(&pages);
}

void api_get_template_version(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	struct span number = http_part(r, 0), after;

	if (!c)
		return;
	if (span_u64(number, &c->version) || !c->version || number.len > 10)
		templates_problem(c, 404, "version_unknown", "there is no such version", NULL);
	else if (!http_query(r, "after", &after) && span_u64(after, &c->after))
		templates_problem(c, 400, "query_invalid", "must be what next said", "after");
	else
		templates_fcall(c, "ph_templates_version", &number, 1, on_version);
}
