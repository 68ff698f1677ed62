/* GET /v1/templates: all of them in the catalogue's order, those with a draft, or what a search
 * finds. */
#include "api_templates.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 100, PAGE_MAX = 500 };

struct list_page {
	const struct catalogue *catalogue;
	const redisReply *drafts;
	struct span after, kind;
	uint64_t limit;
	json_t *items;
	bool begun, more;
};

static struct draft_record draft_of(const redisReply *drafts, struct span name)
{
	for (size_t i = 0; i + 1 < drafts->elements; i += 2)
		if (span_eq(redis_text_at(drafts, i), name))
			return templates_draft_record(redis_text_at(drafts, i + 1));
	return templates_draft_record(SPAN_NONE);
}

/* Whether it belongs on the page. */
static bool takes(struct list_page *p, struct span id, struct span kind)
{
	if (p->more)
		return false;
	if (!p->begun) {
		p->begun = span_eq(id, p->after);
		return false;
	}
	if (p->kind.len && !span_eq(kind, p->kind))
		return false;
	p->more = json_array_size(p->items) == p->limit;
	return !p->more;
}

static void note_author(json_t *item, const struct draft_record *d)
{
	uint64_t ms;

	if (!d->hash.len || span_u64(d->ms, &ms))
		return;
	strict_json_set(item, "by", d->by);
	json_object_set_new(item, "ts", json_integer((json_int_t)ms));
}

static void list_template(struct list_page *p, const struct template *t)
{
	struct span kind = span_of(template_kind_name(t->kind));
	struct draft_record d;
	json_t *titles, *item;

	if (!takes(p, t->id, kind))
		return;
	d = draft_of(p->drafts, t->id);
	titles = json_pack("{s:o, s:o}", "zh", strict_json_text(t->title[LANGUAGE_ZH]), "en",
	                   strict_json_text(t->title[LANGUAGE_EN]));
	item = json_pack("{s:o, s:o, s:o, s:I, s:s}", "id", strict_json_text(t->id), "kind",
	                 strict_json_text(kind), "title", titles, "samples",
	                 (json_int_t)t->sample_count[LANGUAGE_ZH] +
	                         (json_int_t)t->sample_count[LANGUAGE_EN],
	                 "state", templates_state(true, &d));
	note_author(item, &d);
	json_array_append_new(p->items, item);
}

/* A draft, of what is published or not yet. */
static void list_draft(struct list_page *p, struct span name, struct span record)
{
	const struct template *t = catalogue_find(p->catalogue, name);
	struct draft_record d = templates_draft_record(record);
	json_t *item;

	if (t) {
		list_template(p, t);
		return;
	}
	if (!takes(p, name, SPAN_NONE))
		return;
	item = json_pack("{s:o, s:s}", "id", strict_json_text(name), "state",
	                 templates_state(span_is(name, "settings"), &d));
	note_author(item, &d);
	json_array_append_new(p->items, item);
}

static void list_drafts(struct list_page *p, bool fresh_only, struct span q)
{
	for (size_t i = 0; i + 1 < p->drafts->elements; i += 2) {
		struct span name = redis_text_at(p->drafts, i);
		bool fresh = !catalogue_find(p->catalogue, name) && !span_is(name, "settings");

		if ((fresh || !fresh_only) && (!q.len || memmem(name.ptr, name.len, q.ptr, q.len)))
			list_draft(p, name, redis_text_at(p->drafts, i + 1));
	}
}

static void list_found(struct list_page *p, struct match_scratch *scratch, struct span q)
{
	struct catalogue_found found[CATALOGUE_FOUND_MAX];
	const struct template *named = catalogue_find(p->catalogue, q);
	size_t count =
		catalogue_search(p->catalogue, scratch, q, TEMPLATE_KINDS, found, ARRAY_LEN(found));

	if (named)
		list_template(p, named);
	for (size_t i = 0; i < count; i++)
		if (found[i].t != named)
			list_template(p, found[i].t);
	list_drafts(p, true, q);
}

static void fill(struct list_page *p, const struct templates_call *c)
{
	struct span q, drafts;

	if (!http_query(c->request, "q", &q) && q.len)
		list_found(p, c->api->scratch, q);
	else if (!http_query(c->request, "drafts", &drafts) && span_is(drafts, "true"))
		list_drafts(p, false, SPAN_NONE);
	else {
		for (size_t i = 0; i < catalogue_count(p->catalogue) && !p->more; i++)
			list_template(p, catalogue_at(p->catalogue, i));
		list_drafts(p, true, SPAN_NONE);
	}
}

static void on_list(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct list_page p = {.catalogue = *c->api->options.catalogue,
	                      .drafts = reply,
	                      .limit = c->version,
	                      .items = json_array()};
	uint64_t version;
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
	fill(&p, c);
	last = json_object_get(json_array_get(p.items, json_array_size(p.items) - 1), "id");
	version = knowledge_version(c->api->options.knowledge);
	templates_reply_version(c,
	                        json_pack("{s:I, s:s, s:I, s:o, s:o, s:b, s:O?}", "version",
	                                  (json_int_t)version, "catalogue",
	                                  catalogue_version(p.catalogue), "drafts",
	                                  (json_int_t)(reply->elements / 2), "items", p.items,
	                                  "may", templates_rights_json(c->who.rights), "four_eyes",
	                                  c->api->options.config->templates.four_eyes, "next",
	                                  p.more ? last : NULL),
	                        version);
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
