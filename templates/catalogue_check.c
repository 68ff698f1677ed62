/*
 * What is wrong between templates: an id or a shortcut given twice, a follow-up that is not there,
 * two answers that claim the same question, a wording that has outgrown its SMS.
 */
#include "catalogue_parts.h"
#include "matcher_intent.h"
#include "matcher_normal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SMS_LONGEST 8000

/* Errors of an entry are told in its own file. */
static void PRINTF_LIKE(4, 5)
	tell(struct load *l, const struct entry *e, unsigned line, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	l->errors.file = e->file;
	yaml_error(&l->errors, line, "%s", text);
}

static unsigned line_of(const struct entry *e, const char *key)
{
	const struct yaml_node *n = yaml_get(e->node, key);

	return n ? n->line : e->line;
}

/* --- ids ---------------------------------------------------------------------------------------
 */

const char *catalogue_id_refuse(struct span id)
{
	static const char *const words[] = {"versions", "publish", "rollback", "validate",
	                                    "import",   "export",  "audit",    "settings"};

	if (!id.len || id.len > CATALOGUE_ID_SIZE_MAX)
		return "an id has 1 to 64 characters";
	for (size_t i = 0; i < id.len; i++)
		if (!id.ptr[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_.", id.ptr[i]))
			return "an id has a-z, 0-9, _ and . only";
	if (id.ptr[0] == '.' || id.ptr[id.len - 1] == '.' || memmem(id.ptr, id.len, "..", 2))
		return "an id has dots between letters or digits only";
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(id, words[i]))
			return "that word is a path of the API or a section";
	return NULL;
}

static int span_order(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* By id, then by where it stands: the first one given is the one that counts. */
static int by_id(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	int order = span_order((*x)->t->id, (*y)->t->id);

	return order ? order : (*x > *y) - (*x < *y);
}

static int by_shortcut(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	int order = span_order((*x)->t->shortcut, (*y)->t->shortcut);

	return order ? order : (*x > *y) - (*x < *y);
}

static void check_shortcuts(struct load *l, const struct entry **sorted)
{
	qsort(sorted, l->entry_count, sizeof(const struct entry *), by_shortcut);
	for (size_t i = 1; i < l->entry_count; i++)
		if (sorted[i]->t->shortcut.len &&
		    span_eq(sorted[i]->t->shortcut, sorted[i - 1]->t->shortcut))
			tell(l, sorted[i], line_of(sorted[i], "shortcut"),
			     "shortcut \"%s\" was already given to %.64s",
			     sorted[i]->t->shortcut.ptr,
			     sorted[i - 1]->t->id.len ? sorted[i - 1]->t->id.ptr : "another");
}

static void check_ids(struct load *l, const struct entry **sorted)
{
	qsort(sorted, l->entry_count, sizeof(const struct entry *), by_id);
	for (size_t i = 0; i < l->entry_count; i++) {
		l->c->by_id[i] = sorted[i]->t;
		if (i && sorted[i]->t->id.len && span_eq(sorted[i]->t->id, sorted[i - 1]->t->id))
			tell(l, sorted[i], line_of(sorted[i], "id"),
			     "id \"%s\" was already given in %s line %u", sorted[i]->t->id.ptr,
			     sorted[i - 1]->file, sorted[i - 1]->line);
	}
}

/* --- follow-ups ---------------------------------------------------------------------------------
 */

static const struct template *follow_up_of(struct load *l, const struct entry *e,
                                           const struct yaml_node *n)
{
	const struct template *t = n->kind == YAML_SCALAR ? catalogue_find(l->c, n->text) : NULL;

	if (t && t->kind == TEMPLATE_ANSWER && t != e->t)
		return t;
	tell(l, e, n->line, "\"%.64s\" is not another answer's id",
	     n->kind == YAML_SCALAR ? n->text.ptr : "this");
	return NULL;
}

static void check_follow_up(struct load *l, const struct entry *e)
{
	const struct yaml_node *n = yaml_get(e->node, "follow_up");
	const struct template **list;

	if (!n)
		return;
	if (n->kind != YAML_SEQUENCE) {
		tell(l, e, n->line, "\"follow_up\" must be a list");
		return;
	}
	list = arena_take(&l->c->arena, CATALOGUE_FOLLOW_UP_MAX * sizeof(const struct template *));
	if (!list) {
		l->err = -ENOMEM;
		return;
	}
	e->t->follow_up = list;
	for (n = n->first; n; n = n->next) {
		if (e->t->follow_up_count == CATALOGUE_FOLLOW_UP_MAX) {
			tell(l, e, n->line, "more than %d follow-ups", CATALOGUE_FOLLOW_UP_MAX);
			return;
		}
		list[e->t->follow_up_count++] = follow_up_of(l, e, n);
	}
}

/* --- variables ----------------------------------------------------------------------------------
 */

static bool is_used(const struct template *t, const struct template_variable *v)
{
	for (unsigned m = 0; m < MEDIUM_COUNT; m++)
		for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
			if (t->wording[m][i] && wording_uses(t->wording[m][i], v))
				return true;
	return false;
}

static void check_variable(struct load *l, const struct entry *e, const struct template_variable *v)
{
	const struct yaml_node *node = yaml_get(e->node, "variables"),
			       *own = yaml_get(node, v->name.ptr),
			       *text = yaml_get(e->node, "text");
	bool anywhere = false;

	if (!is_used(e->t, v)) {
		tell(l, e, own ? own->line : e->line, "variable \"%s\" is not used", v->name.ptr);
		return;
	}
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
		anywhere = anywhere || (e->t->wording[MEDIUM_ANY][i] &&
		                        wording_uses(e->t->wording[MEDIUM_ANY][i], v));
	for (unsigned i = 0; anywhere && i < LANGUAGE_COUNT; i++) {
		const struct wording *w = e->t->wording[MEDIUM_ANY][i];
		const struct yaml_node *n = yaml_get(text, language_name((enum language)i));

		if (w && n && !wording_uses(w, v))
			tell(l, e, n->line, "the %s wording lacks {{%s}}, which the other has",
			     language_name((enum language)i), v->name.ptr);
	}
}

/* --- lengths and opting out ---------------------------------------------------------------------
 */

static void check_one_sms_of(struct load *l, const struct entry *e, enum language language)
{
	bool own = e->t->wording[MEDIUM_SMS][language] != NULL;
	const struct wording *w = e->t->wording[own ? MEDIUM_SMS : MEDIUM_ANY][language];
	const struct yaml_node *n = yaml_get(e->node, own ? "sms" : "text");
	struct render_sms sms;
	struct buf longest;

	n = n ? yaml_get(n, language_name(language)) : NULL;
	if (!w || !n)
		return;
	buf_init(&longest, SMS_LONGEST);
	buf_add(&longest, l->c->signature[language]);
	if (wording_longest(w, language, &longest) == -ENOMEM)
		l->err = -ENOMEM;
	sms = render_sms_measure(buf_span(&longest));
	if (!sms.single || longest.err)
		tell(l, e, n->line,
		     "the %s wording takes %zu %s as SMS, signature and longest variables counted; "
		     "%d fit one",
		     language_name(language), sms.units, sms.ucs2 ? "UCS-2 units" : "septets",
		     sms.ucs2 ? 70 : 160);
	buf_fini(&longest);
}

static bool has_any(struct span text, const char *const *words)
{
	for (; *words; words++)
		if (text.len && memmem(text.ptr, text.len, *words, strlen(*words)))
			return true;
	return false;
}

/* The law on commercial messages: each says how not to get the next. */
static void check_opt_out(struct load *l, const struct entry *e, const struct yaml_node *wordings)
{
	static const char *const words[LANGUAGE_COUNT][4] = {
		[LANGUAGE_ZH] = {"退订",   "拒收",      NULL},
		[LANGUAGE_EN] = { "STOP", "opt out", "unsubscribe", NULL}
        };

	for (unsigned i = 0; wordings && i < LANGUAGE_COUNT; i++) {
		const struct yaml_node *n = yaml_get(wordings, language_name((enum language)i));

		if (n && n->kind == YAML_SCALAR && !has_any(n->text, words[i]))
			tell(l, e, n->line,
			     "the %s wording of a marketing message does not say how "
			     "to opt out",
			     language_name((enum language)i));
	}
}

/* --- samples ------------------------------------------------------------------------------------
 */

struct claim {
	uint64_t gist, hash;
	const struct entry *e;
	const struct yaml_node *n;
};

struct claims {
	struct claim *at;
	size_t count;
	struct normal normal;
};

static bool only_slots(const struct normal *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->tokens[i].kind == TOKEN_WORD || n->tokens[i].kind == TOKEN_CHARACTER)
			return false;
	return true;
}

static void claim(struct load *l, struct claims *c, const struct entry *e,
                  const struct yaml_node *n)
{
	normal_read(n->text, &c->normal);
	if (only_slots(&c->normal))
		tell(l, e, n->line, "this sample has no word in it");
	else if (c->normal.cut)
		tell(l, e, n->line, "this sample is longer than the matcher reads");
	else if (intent_wants_human(&c->normal))
		tell(l, e, n->line, "this sample asks for a person, who will come instead");
	else
		c->at[c->count++] =
			(struct claim){normal_gist(&c->normal), normal_hash(&c->normal), e, n};
}

static int by_gist(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->gist != y->gist)
		return x->gist > y->gist ? 1 : -1;
	if (x->e != y->e)
		return x->e > y->e ? 1 : -1;
	return (x->n->line > y->n->line) - (x->n->line < y->n->line);
}

static void compare(struct load *l, const struct claim *first, const struct claim *second)
{
	if (first->gist != second->gist)
		return;
	if (first->e != second->e)
		tell(l, second->e, second->n->line,
		     "near-identical to a sample of %.64s in %s line %u", first->e->t->id.ptr,
		     first->e->file, first->n->line);
	else if (first->hash == second->hash)
		tell(l, second->e, second->n->line, "the same sample as in line %u",
		     first->n->line);
}

/* The list of samples of one language, or NULL where it is none (which was told already). */
static const struct yaml_node *samples_of(const struct entry *e, unsigned language)
{
	const struct yaml_node *samples = yaml_get(e->node, "samples");
	const struct yaml_node *list =
		samples ? yaml_get(samples, language_name((enum language)language)) : NULL;

	return list && list->kind == YAML_SEQUENCE ? list->first : NULL;
}

/* Counted as they are walked, not as they were read: a list over the limit is not read at all. */
static size_t count_samples(const struct load *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->entry_count; i++)
		for (unsigned k = 0; k < LANGUAGE_COUNT; k++)
			for (const struct yaml_node *n = samples_of(&l->entries[i], k); n;
			     n = n->next)
				count++;
	return count;
}

static void claim_all(struct load *l, struct claims *c)
{
	for (size_t i = 0; i < l->entry_count; i++)
		for (unsigned k = 0; k < LANGUAGE_COUNT; k++)
			for (const struct yaml_node *n = samples_of(&l->entries[i], k); n;
			     n = n->next)
				if (n->kind == YAML_SCALAR)
					claim(l, c, &l->entries[i], n);
}

static void check_samples(struct load *l)
{
	struct claims *c = calloc(1, sizeof(*c));

	if (c)
		c->at = calloc(count_samples(l) + 1, sizeof(*c->at));
	if (!c || !c->at) {
		free(c);
		l->err = -ENOMEM;
		return;
	}
	claim_all(l, c);
	qsort(c->at, c->count, sizeof(*c->at), by_gist);
	for (size_t i = 1; i < c->count; i++)
		compare(l, &c->at[i - 1], &c->at[i]);
	free(c->at);
	free(c);
}

/* ------------------------------------------------------------------------------------------------
 */

static void check_entry(struct load *l, const struct entry *e)
{
	check_follow_up(l, e);
	for (size_t v = 0; v < e->t->variable_count; v++)
		check_variable(l, e, &e->t->variables[v]);
	for (unsigned i = 0; e->t->one_sms && i < LANGUAGE_COUNT; i++)
		check_one_sms_of(l, e, (enum language)i);
	if (e->t->marketing) {
		check_opt_out(l, e, yaml_get(e->node, "text"));
		check_opt_out(l, e, yaml_get(e->node, "sms"));
		check_opt_out(l, e, yaml_get(e->node, "wechat"));
		check_opt_out(l, e, yaml_get(e->node, "web"));
	}
}

void check_catalogue(struct load *l)
{
	const struct entry **sorted = calloc(l->entry_count + 1, sizeof(const struct entry *));

	if (!sorted) {
		l->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < l->entry_count; i++)
		sorted[i] = &l->entries[i];
	check_shortcuts(l, sorted);
	check_ids(l, sorted);
	free(sorted);
	for (size_t i = 0; i < l->entry_count; i++)
		check_entry(l, &l->entries[i]);
	check_samples(l);
}
