/*
 * Search within the catalogue: which texts of a template are looked through, and how what is found
 * among answers that have too few samples to learn from joins a match.
 */
#include "catalogue_parts.h"
#include "matcher_parts.h"

#include <stdlib.h>

#define WORDING_MAX 8000
#define FEW_OFFERED 3

/* A menu shows three: what was found is the third at the latest. */
#define LEARNED_FIRST 2

/* Of a question an answer must have this share, by weight, to be offered to the customer. */
#define SHARE_TO_OFFER 0.5F

/* --- indexing --------------------------------------------------------------------------------- */

struct gather {
	const struct catalogue *c;
	struct search_text *texts;
	size_t count, room;
	struct arena arena; /* of wordings, which are written out for the index only */
	int err;
};

static void add_text(struct gather *g, struct span text, uint32_t entry)
{
	if (!text.len || g->err < 0)
		return;
	if (g->count == g->room) {
		size_t room = g->room ? 2 * g->room : 4096;
		struct search_text *grown = realloc(g->texts, room * sizeof(*grown));

		if (!grown) {
			g->err = -ENOMEM;
			return;
		}
		g->texts = grown;
		g->room = room;
	}
	g->texts[g->count++] = (struct search_text){text, entry};
}

static void add_wording(struct gather *g, const struct template *t, enum language language,
                        uint32_t entry)
{
	struct buf source;

	buf_init(&source, WORDING_MAX);
	if (template_source(t, language, MEDIUM_ANY, &source) == 0) {
		struct span copy = arena_copy(&g->arena, buf_span(&source));

		if (copy.ptr)
			add_text(g, copy, entry);
		else
			g->err = -ENOMEM;
	}
	buf_fini(&source);
}

static void add_template(struct gather *g, const struct template *t, uint32_t entry)
{
	if (t->kind == TEMPLATE_HANDOVER)
		return;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		add_text(g, t->title[i], entry);
		for (size_t s = 0; s < t->sample_count[i]; s++)
			add_text(g, t->samples[i][s], entry);
		add_wording(g, t, (enum language)i, entry);
	}
	add_text(g, t->shortcut, entry);
}

static void set_bit(uint64_t *bits, size_t at)
{
	bits[at / 64] |= (uint64_t)1 << at % 64;
}

static size_t samples_of(const struct template *t)
{
	size_t count = 0;

	for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
		count += t->sample_count[i];
	return count;
}

static int sort_kinds(struct catalogue *c)
{
	size_t words = c->count / 64 + 1;

	c->few = arena_take(&c->arena, words * sizeof(*c->few));
	for (unsigned k = 0; k < TEMPLATE_KINDS; k++)
		c->of_kind[k] = arena_take(&c->arena, words * sizeof(*c->of_kind[k]));
	for (unsigned k = 0; k < TEMPLATE_KINDS; k++)
		if (!c->few || !c->of_kind[k])
			return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		const struct template *t = c->templates[i];

		set_bit(c->of_kind[t->kind], i);
		if (t->kind != TEMPLATE_ANSWER || samples_of(t) >= MATCHER_SAMPLES_LEAST)
			continue;
		set_bit(c->few, i);
		c->few_count++;
	}
	return 0;
}

int catalogue_index_search(struct catalogue *c)
{
	struct gather g = {.c = c};

	g.err = sort_kinds(c);
	for (uint32_t i = 0; g.err == 0 && i < c->count; i++)
		add_template(&g, c->templates[i], i);
	if (g.err == 0)
		g.err = search_create(g.texts, g.count, (uint32_t)c->count, &c->search);
	free(g.texts);
	arena_fini(&g.arena);
	return g.err;
}

/* --- asking ----------------------------------------------------------------------------------- */

size_t catalogue_search(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                        enum template_kind kind, struct catalogue_found *out, size_t room)
{
	struct search_hit hits[SEARCH_HITS_MAX];
	const uint64_t *only = kind < TEMPLATE_KINDS ? c->of_kind[kind] : NULL;
	size_t count;

	if (room > SEARCH_HITS_MAX)
		room = SEARCH_HITS_MAX;
	count = search_find(c->search, scratch->search, text, only, hits, room);
	for (size_t i = 0; i < count; i++)
		out[i] = (struct catalogue_found){c->templates[hits[i].entry], hits[i].score,
		                                  hits[i].share};
	return count;
}

static size_t place_of(const struct match *m, const struct template *t)
{
	size_t at = 0;

	while (at < m->count && m->best[at].answer != t)
		at++;
	return at;
}

/* At a place, or further in front where it stands already; what falls off the end is lost. */
static void put(struct match *m, struct match_hit hit, size_t at)
{
	size_t held = place_of(m, hit.answer);

	if (held == m->count)
		held = m->count < MATCH_BEST ? m->count++ : MATCH_BEST - 1;
	if (at > held)
		return;
	memmove(&m->best[at + 1], &m->best[at], (held - at) * sizeof(m->best[0]));
	m->best[at] = hit;
}

static struct match_hit hit_of(const struct catalogue *c, const struct search_hit *hit)
{
	const struct template *t = c->templates[hit->entry];

	return (struct match_hit){t, t->index, hit->share};
}

static void offer(struct match *m)
{
	if (m->zone == MATCH_HUMAN && !m->cut)
		m->zone = MATCH_MENU;
}

void catalogue_add_few(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                       struct match *out)
{
	struct search_hit hits[FEW_OFFERED];
	size_t count = search_find(c->search, scratch->search, text, c->few, hits, FEW_OFFERED);
	size_t front = out->count < LEARNED_FIRST ? out->count : LEARNED_FIRST;

	/* What is offered comes right behind the front, the best of it first: it is put there last.
	 */
	for (size_t i = count; i-- > 0;)
		if (hits[i].share >= SHARE_TO_OFFER)
			put(out, hit_of(c, &hits[i]), front);
	for (size_t i = 0; i < count; i++)
		if (hits[i].share >= SHARE_TO_OFFER)
			offer(out);
		else if (out->count < MATCH_BEST)
			put(out, hit_of(c, &hits[i]), out->count);
}
