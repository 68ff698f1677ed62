/*
 * The snapshot: made from texts in memory by reading, checking, training; asked for ids and
 * matches; gone with its last reference.
 */
#include "catalogue_cache.h"
#include "catalogue_parts.h"
#include "rfc3339.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *template_kind_name(enum template_kind kind)
{
	static const char *const names[TEMPLATE_KINDS] = {"answer", "notification", "confirmation",
	                                                  "canned", "system"};

	return names[kind];
}

struct catalogue *catalogue_ref(struct catalogue *c)
{
	c->refs++;
	return c;
}

bool catalogue_is_last(const struct catalogue *c)
{
	return c->refs == 1;
}

void catalogue_unref(struct catalogue **c)
{
	if (*c && --(*c)->refs == 0) {
		matcher_destroy(&(*c)->matcher);
		matcher_destroy(&(*c)->former);
		search_destroy(&(*c)->search);
		arena_fini(&(*c)->arena);
		free(*c);
	}
	*c = NULL;
}

const char *catalogue_version(const struct catalogue *c)
{
	return c->version;
}

void catalogue_set_version(struct catalogue *c, const char *version)
{
	snprintf(c->version, sizeof(c->version), "%s", version);
}

struct catalogue_cache catalogue_cache(const struct catalogue *c)
{
	return c->cache;
}

size_t catalogue_count(const struct catalogue *c)
{
	return c->count;
}

const struct template *catalogue_at(const struct catalogue *c, size_t index)
{
	return index < c->count ? c->templates[index] : NULL;
}

struct span catalogue_sms_signature(const struct catalogue *c, enum language language)
{
	return language < LANGUAGE_COUNT ? c->signature[language] : c->signature[LANGUAGE_ZH];
}

static int compare_id(const void *key, const void *row)
{
	const struct span *id = key;
	const struct template *const *t = row;
	size_t shorter = id->len < (*t)->id.len ? id->len : (*t)->id.len;
	int order = shorter ? memcmp(id->ptr, (*t)->id.ptr, shorter) : 0;

	return order ? order : (id->len > (*t)->id.len) - (id->len < (*t)->id.len);
}

const struct template *catalogue_find(const struct catalogue *c, struct span id)
{
	const struct template **found =
		c->count ? bsearch(&id, c->by_id, c->count, sizeof(const struct template *),
	                           compare_id)
			 : NULL;

	return found ? *found : NULL;
}

void catalogue_match(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                     enum language hint, struct match *out)
{
	matcher_match(c->matcher, scratch, text, hint, out);
	for (size_t i = 0; i < out->count; i++)
		out->best[i].answer = c->matched[out->best[i].index];
	if (out->zone == MATCH_ANSWER && out->best[0].answer->suggest_only)
		out->zone = MATCH_MENU;
	if (out->handover_index != MATCH_INDEX_NONE)
		out->handover = c->matched[out->handover_index];
	else if (out->intent == MATCH_QUESTION && out->zone != MATCH_ANSWER && c->few_count)
		catalogue_add_few(c, scratch, text, out);
}

struct match_required catalogue_required(const struct catalogue *c)
{
	return c->quick ? match_required_quick(&c->required) : c->required;
}

struct matcher *catalogue_matcher(const struct catalogue *c)
{
	return c->matcher;
}

const struct template *catalogue_matched(const struct catalogue *c, uint32_t index)
{
	return index < c->matched_count ? c->matched[index] : NULL;
}

size_t catalogue_engine_size(const struct catalogue *c)
{
	return matcher_size(c->matcher) + search_size(c->search);
}

/* --- making one ---------------------------------------------------------------------------------
 */

static int index_templates(struct load *l)
{
	struct catalogue *c = l->c;
	size_t room = (l->entry_count + 1) * sizeof(struct template *);

	c->templates = arena_take(&c->arena, room);
	c->by_id = arena_take(&c->arena, room);
	c->matched = arena_take(&c->arena, room);
	if (!c->templates || !c->by_id || !c->matched)
		return -ENOMEM;
	for (size_t i = 0; i < l->entry_count; i++) {
		struct template *t = l->entries[i].t;

		c->templates[c->count++] = t;
		t->index = MATCH_INDEX_NONE;
		if (t->kind == TEMPLATE_ANSWER || t->kind == TEMPLATE_HANDOVER) {
			t->index = c->matched_count;
			c->matched[c->matched_count++] = t;
		}
	}
	return 0;
}

static size_t collect_samples(const struct catalogue *c, struct match_sample *out)
{
	size_t count = 0;

	for (uint32_t a = 0; a < c->matched_count; a++)
		for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
			for (size_t s = 0; s < c->matched[a]->sample_count[i]; s++, count++)
				if (out)
					out[count] = (struct match_sample){
						c->matched[a]->samples[i][s], a};
	return count;
}

/* The samples of all answers and handovers, for the call only. */
struct lesson {
	struct match_sample *samples;
	bool *handover;
	struct match_source source;
};

static void lesson_fini(struct lesson *l)
{
	free(l->samples);
	free(l->handover);
}

static int lesson_init(const struct catalogue *c, struct lesson *out)
{
	size_t count = collect_samples(c, NULL);

	out->samples = calloc(count + 1, sizeof(*out->samples));
	out->handover = calloc((size_t)c->matched_count + 1, sizeof(*out->handover));
	out->source = (struct match_source){out->samples, count, c->matched_count, out->handover,
	                                    &c->required};
	if (!out->samples || !out->handover) {
		lesson_fini(out);
		return -ENOMEM;
	}
	collect_samples(c, out->samples);
	for (uint32_t a = 0; a < c->matched_count; a++)
		out->handover[a] = c->matched[a]->kind == TEMPLATE_HANDOVER;
	return 0;
}

static int make_matcher(struct load *l)
{
	struct catalogue *c = l->c;
	struct lesson lesson;
	int err = lesson_init(c, &lesson);

	if (err < 0)
		return err;
	if (l->quick)
		err = cache_matcher_quick(l->cache, &lesson.source, &c->cache, &c->quick,
		                          &c->matcher);
	else
		err = cache_matcher(l->cache, &lesson.source, &c->cache, &c->matcher);
	lesson_fini(&lesson);
	return err;
}

bool catalogue_is_quick(const struct catalogue *c)
{
	return c->quick;
}

int catalogue_refine(const struct catalogue *c, const char *cache, struct catalogue_cache *use,
                     struct matcher **out)
{
	struct lesson lesson;
	int err = lesson_init(c, &lesson);

	if (err < 0)
		return err;
	err = cache_matcher(cache, &lesson.source, use, out);
	lesson_fini(&lesson);
	return err;
}

void catalogue_adopt(struct catalogue *c, struct catalogue_cache use, struct matcher **matcher)
{
	assert(c->quick && !c->former);
	c->former = c->matcher;
	c->matcher = *matcher;
	c->cache = use;
	c->quick = false;
	*matcher = NULL;
}

/* FNV-1a, 64 bit, over names and texts: the same content has the same version. */
static uint64_t hash_files(const struct catalogue_file *files, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (size_t f = 0; f < count; f++) {
		struct span parts[] = {span_of(files[f].name), files[f].text};

		for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
			for (size_t i = 0; i < parts[p].len; i++)
				hash = (hash ^ (uint8_t)parts[p].ptr[i]) * 0x100000001b3U;
			hash = (hash ^ 0xFF) * 0x100000001b3U; /* an octet no text has */
		}
	}
	return hash;
}

static void set_version(struct catalogue *c, uint64_t hash, uint64_t now_ms)
{
	char stamp[RFC3339_SIZE];

	snprintf(c->version, sizeof(c->version), "%016" PRIx64 " %s", hash,
	         rfc3339_format(now_ms, stamp));
}

/* The documents stay until all is checked: errors found late still tell their lines. */
static void parse_files(struct load *l, const struct catalogue_file *files, size_t count,
                        struct yaml_doc **docs)
{
	for (size_t i = 0; i < count; i++) {
		l->errors.file = files[i].name;
		if (files[i].text.len > CATALOGUE_FILE_SIZE_MAX)
			yaml_error(&l->errors, 0, "larger than %zu octets",
			           CATALOGUE_FILE_SIZE_MAX);
		else if (yaml_parse(files[i].text, &l->errors, &docs[i]) == -ENOMEM)
			l->err = -ENOMEM;
	}
}

static void read_files(struct load *l, const struct catalogue_file *files, size_t count,
                       struct yaml_doc **docs)
{
	for (size_t i = 0; i < count; i++) {
		l->errors.file = files[i].name;
		if (docs[i])
			read_settings(l, yaml_root(docs[i]));
	}
	for (size_t i = 0; i < count; i++) {
		l->errors.file = files[i].name;
		if (docs[i])
			read_templates(l, yaml_root(docs[i]));
	}
}

static int build(struct load *l, const struct catalogue_file *files, size_t count,
                 struct yaml_doc **docs)
{
	parse_files(l, files, count, docs);
	read_files(l, files, count, docs);
	if (l->err == 0)
		l->err = index_templates(l);
	if (l->err == 0)
		check_catalogue(l);
	if (l->err == 0 && l->errors.count)
		l->err = -EINVAL;
	if (l->err == 0)
		l->err = make_matcher(l);
	if (l->err == 0)
		l->err = catalogue_index_search(l->c);
	return l->err;
}

int catalogue_build(const struct catalogue_file *files, size_t count, uint64_t now_ms,
                    catalogue_told_fn *told, void *arg, struct catalogue **out)
{
	return catalogue_make(files, count, NULL, now_ms, told, arg, out);
}

int catalogue_make(const struct catalogue_file *files, size_t count, const char *cache,
                   uint64_t now_ms, catalogue_told_fn *told, void *arg, struct catalogue **out)
{
	return catalogue_make_how(files, count, cache, false, now_ms, told, arg, out);
}

int catalogue_make_quick(const struct catalogue_file *files, size_t count, const char *cache,
                         uint64_t now_ms, catalogue_told_fn *told, void *arg,
                         struct catalogue **out)
{
	return catalogue_make_how(files, count, cache, true, now_ms, told, arg, out);
}

int catalogue_make_how(const struct catalogue_file *files, size_t count, const char *cache,
                       bool quick, uint64_t now_ms, catalogue_told_fn *told, void *arg,
                       struct catalogue **out)
{
	struct load l = {
		.cache = cache, .quick = quick, .errors = {.told = told, .arg = arg}
        };
	struct yaml_doc **docs = calloc(count + 1, sizeof(struct yaml_doc *));
	int err = -ENOMEM;

	l.c = calloc(1, sizeof(*l.c));
	if (l.c) {
		l.c->refs = 1;
		l.c->required = match_required_default;
	}
	if (docs && l.c)
		err = build(&l, files, count, docs);
	for (size_t i = 0; docs && i < count; i++)
		yaml_doc_free(&docs[i]);
	free(docs);
	free(l.entries);
	if (err < 0) {
		catalogue_unref(&l.c);
		return err;
	}
	set_version(l.c, hash_files(files, count), now_ms);
	*out = l.c;
	return 0;
}
