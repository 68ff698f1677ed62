/* Asking the index. */
#include "search_parts.h"

#include <math.h>
#include <stdlib.h>

#define K1 1.2F
#define TERMS_MAX 96
#define MENDED_WORDS_MAX 4 /* of a query; each costs as much as a short query */
#define POSTINGS_MAX 8192  /* that are walked for one query */
#define RANKED 64          /* of the best so far are ranked by the terms that were not walked */

/* A single Chinese character says less than two in a row. */
#define CHARACTER_WEIGHT 0.3F
#define MENDED_WEIGHT 0.8F

struct asked {
	uint32_t term;
	float weight; /* idf, and how far the term may be trusted */
	bool walked;
};

struct search_scratch {
	struct normal normal;
	struct search_term terms[2 * NORMAL_TOKENS_MAX];
	struct asked asked[TERMS_MAX];
	size_t asked_count;
	size_t mended;                   /* words */
	float whole;                     /* weight of all that was asked, unknown words too */
	float score[SEARCH_ENTRIES_MAX]; /* all 0 between two queries */
	uint32_t touched[POSTINGS_MAX];
	size_t touched_count;
	struct search_hit best[RANKED];
	size_t best_count;
};

struct search_scratch *search_scratch_create(void)
{
	return calloc(1, sizeof(struct search_scratch));
}

void search_scratch_destroy(struct search_scratch **scratch)
{
	free(*scratch);
	*scratch = NULL;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static uint32_t length_of(const struct search *s, uint32_t term)
{
	return s->row[term + 1] - s->row[term];
}

static float idf_for(const struct search *s, uint32_t documents)
{
	float have = (float)documents;

	return logf(1.0F + ((float)s->entries - have + 0.5F) / (have + 0.5F));
}

static void ask_term(const struct search *s, struct search_scratch *q, uint32_t term, float trust)
{
	for (size_t i = 0; i < q->asked_count; i++)
		if (q->asked[i].term == term)
			return;
	if (q->asked_count == TERMS_MAX)
		return;
	q->asked[q->asked_count++] =
		(struct asked){term, trust * idf_for(s, length_of(s, term)), false};
}

static float trust_in(enum search_kind kind)
{
	return kind == SEARCH_CHARACTER ? CHARACTER_WEIGHT : 1.0F;
}

/* A word that no entry has weighs like the rarest, unless another is found for it. */
static void ask_unknown(const struct search *s, struct search_scratch *q, enum search_kind kind,
                        struct span word)
{
	struct search_mended mended[SEARCH_MENDED_MAX];
	size_t count = 0;

	if (word.len && q->mended < MENDED_WORDS_MAX) {
		count = search_mend(s, word, mended);
		q->mended++;
	}
	for (size_t i = 0; i < count; i++)
		ask_term(s, q, mended[i].term, MENDED_WEIGHT * mended[i].likeness);
	q->whole +=
		trust_in(kind) * (count ? idf_for(s, length_of(s, mended[0].term)) : idf_for(s, 1));
}

static void read_query(const struct search *s, struct search_scratch *q, struct span text)
{
	size_t count, token = 0;

	normal_read(text, &q->normal);
	count = search_terms(&q->normal, q->terms, ARRAY_LEN(q->terms));
	q->asked_count = 0;
	q->mended = 0;
	q->whole = 0.0F;
	for (size_t i = 0; i < count && q->asked_count < TERMS_MAX; i++) {
		const struct search_term *t = &q->terms[i];
		uint32_t term = search_term_find(s, t->hash);
		struct span word = SPAN_NONE;

		if (t->kind != SEARCH_PAIR && q->normal.tokens[token++].kind == TOKEN_WORD)
			word = normal_token(&q->normal, token - 1);
		if (term == SEARCH_NONE) {
			ask_unknown(s, q, t->kind, word);
			continue;
		}
		ask_term(s, q, term, trust_in(t->kind));
		q->whole += trust_in(t->kind) * idf_for(s, length_of(s, term));
	}
}

/* --- walking ---------------------------------------------------------------------------------- */

static float gain(const struct search *s, float weight, uint32_t posting)
{
	float times = (float)(posting & ((1U << SEARCH_TIMES_BITS) - 1));

	return weight * times * (K1 + 1.0F) / (times + s->norm[posting >> SEARCH_TIMES_BITS]);
}

static int by_length(const struct search *s, const struct asked *a, const struct asked *b)
{
	uint32_t x = length_of(s, a->term), y = length_of(s, b->term);

	return x != y ? (x > y) - (x < y) : (a->term > b->term) - (a->term < b->term);
}

static void sort_asked(const struct search *s, struct search_scratch *q)
{
	for (size_t i = 1; i < q->asked_count; i++) {
		struct asked held = q->asked[i];
		size_t at = i;

		for (; at > 0 && by_length(s, &held, &q->asked[at - 1]) < 0; at--)
			q->asked[at] = q->asked[at - 1];
		q->asked[at] = held;
	}
}

static void walk_term(const struct search *s, struct search_scratch *q, const struct asked *a,
                      size_t budget)
{
	const uint32_t *p = s->posting + s->row[a->term], *end = s->posting + s->row[a->term + 1];

	if ((size_t)(end - p) > budget)
		end = p + budget;
	for (; p < end; p++) {
		uint32_t entry = *p >> SEARCH_TIMES_BITS;

		if (q->score[entry] <= 0.0F)
			q->touched[q->touched_count++] = entry;
		q->score[entry] += gain(s, a->weight, *p);
	}
}

/* Rarest first, whole rows only, except that the first row is walked in any case. */
static void walk(const struct search *s, struct search_scratch *q)
{
	size_t left = POSTINGS_MAX;

	sort_asked(s, q);
	q->touched_count = 0;
	for (size_t i = 0; i < q->asked_count; i++) {
		size_t length = length_of(s, q->asked[i].term);

		if (i && length > left)
			return;
		walk_term(s, q, &q->asked[i], left);
		q->asked[i].walked = true;
		left -= length < left ? length : left;
	}
}

static bool is_better(const struct search_hit *a, const struct search_hit *b)
{
	if (a->score > b->score || a->score < b->score)
		return a->score > b->score;
	return a->entry < b->entry;
}

static void keep_hit(struct search_scratch *q, struct search_hit hit)
{
	size_t at = q->best_count;

	if (at == RANKED && !is_better(&hit, &q->best[RANKED - 1]))
		return;
	if (at == RANKED)
		at--;
	else
		q->best_count++;
	for (; at > 0 && is_better(&hit, &q->best[at - 1]); at--)
		q->best[at] = q->best[at - 1];
	q->best[at] = hit;
}

static bool is_allowed(const uint64_t *only, uint32_t entry)
{
	return !only || only[entry / 64] >> entry % 64 & 1;
}

/* Takes the best out of the scores, which are 0 again then. */
static void collect(struct search_scratch *q, const uint64_t *only)
{
	q->best_count = 0;
	for (size_t i = 0; i < q->touched_count; i++) {
		uint32_t entry = q->touched[i];

		if (is_allowed(only, entry))
			keep_hit(q, (struct search_hit){entry, q->score[entry], 0.0F});
		q->score[entry] = 0.0F;
	}
}

/* The posting of an entry in a row, or NULL. */
static const uint32_t *posting_of(const struct search *s, uint32_t term, uint32_t entry)
{
	uint32_t from = s->row[term], end = s->row[term + 1], last = end;

	while (from < end) {
		uint32_t middle = from + (end - from) / 2;

		if (s->posting[middle] >> SEARCH_TIMES_BITS < entry)
			from = middle + 1;
		else
			end = middle;
	}
	return from < last && s->posting[from] >> SEARCH_TIMES_BITS == entry ? &s->posting[from]
	                                                                     : NULL;
}

/* What was not walked, and the share of all. */
static void rank(const struct search *s, struct search_scratch *q)
{
	size_t count = q->best_count;

	q->best_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct search_hit hit = q->best[i];
		float have = 0.0F;

		for (size_t t = 0; t < q->asked_count; t++) {
			const uint32_t *p = posting_of(s, q->asked[t].term, hit.entry);

			if (!p)
				continue;
			have += q->asked[t].weight;
			if (!q->asked[t].walked)
				hit.score += gain(s, q->asked[t].weight, *p);
		}
		hit.share = q->whole > 0.0F ? fminf(have / q->whole, 1.0F) : 0.0F;
		keep_hit(q, hit);
	}
}

size_t search_find(const struct search *s, struct search_scratch *scratch, struct span text,
                   const uint64_t *only, struct search_hit *out, size_t room)
{
	size_t count;

	read_query(s, scratch, text);
	walk(s, scratch);
	collect(scratch, only);
	rank(s, scratch);
	count = scratch->best_count < room ? scratch->best_count : room;
	if (count)
		memcpy(out, scratch->best, count * sizeof(*out));
	return count;
}
