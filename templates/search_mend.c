/*
 * The words of the index that a mistyped or unfinished one may stand for: those that share most of
 * its letters in threes, as far as few enough edits lead from one to the other.
 */
#include "search_parts.h"

#define MEND_LEAST 3      /* shorter words are like too many others */
#define CANDIDATES_MAX 48 /* words that are compared letter by letter */
#define GRAM_ROW_MAX 512  /* of a gram's words; a gram that is everywhere tells nothing */
#define WALKED_MAX 4096
#define TABLE_SIZE 8192 /* a power of two, at most half full */

size_t search_grams(struct span word, uint32_t out[SEARCH_GRAMS_MAX])
{
	size_t count = 0;
	uint8_t a = ' ', b = ' ';

	for (size_t i = 0; i < word.len && count < SEARCH_GRAMS_MAX; i++) {
		uint8_t c = (uint8_t)word.ptr[i];
		uint32_t hash = ((uint32_t)a << 16 | (uint32_t)b << 8 | c) * 0x9E3779B1U;

		out[count++] = hash >> (32 - SEARCH_GRAM_BITS);
		a = b;
		b = c;
	}
	return count;
}

struct candidate {
	uint32_t word;
	uint32_t shared;
};

static struct span word_of(const struct search *s, uint32_t w)
{
	return (struct span){s->text + s->word_at[w], s->word_at[w + 1] - s->word_at[w]};
}

static void keep_candidate(struct candidate *kept, size_t *count, struct candidate c)
{
	size_t at = *count < CANDIDATES_MAX ? (*count)++ : CANDIDATES_MAX;

	if (at == CANDIDATES_MAX) {
		if (kept[--at].shared >= c.shared)
			return;
	}
	for (; at > 0 && kept[at - 1].shared < c.shared; at--)
		kept[at] = kept[at - 1];
	kept[at] = c;
}

/* How many grams each word shares, in a table by word: shared 0 is a free place. */
struct table {
	struct candidate at[TABLE_SIZE];
	uint16_t used[WALKED_MAX];
	size_t count;
};

static void count_word(struct table *t, uint32_t word)
{
	uint32_t at = word * 0x9E3779B1U >> 19 & (TABLE_SIZE - 1);

	while (t->at[at].shared && t->at[at].word != word)
		at = (at + 1) & (TABLE_SIZE - 1);
	if (!t->at[at].shared)
		t->used[t->count++] = (uint16_t)at;
	t->at[at].word = word;
	t->at[at].shared++;
}

static size_t find_candidates(const struct search *s, struct span word,
                              struct candidate kept[CANDIDATES_MAX])
{
	uint32_t grams[SEARCH_GRAMS_MAX];
	size_t count = search_grams(word, grams), walked = 0, found = 0;
	struct table t;

	memset(t.at, 0, sizeof(t.at));
	t.count = 0;
	for (size_t g = 0; g < count; g++) {
		uint32_t from = s->gram_row[grams[g]], end = s->gram_row[grams[g] + 1];

		if (end - from > GRAM_ROW_MAX && g > 2)
			continue;
		for (; from < end && walked < WALKED_MAX; from++, walked++)
			count_word(&t, s->gram_word[from]);
	}
	for (size_t i = 0; i < t.count; i++)
		keep_candidate(kept, &found, t.at[t.used[i]]);
	return found;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits from a to b: a letter more, less, another, or two neighbours swapped. */
static unsigned edits(struct span a, struct span b)
{
	unsigned rows[3][SEARCH_WORD_MAX + 1] = {{0}};
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *held;

	for (size_t k = 0; k <= b.len; k++)
		last[k] = (unsigned)k;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = (unsigned)i;
		for (size_t k = 1; k <= b.len; k++) {
			bool same = a.ptr[i - 1] == b.ptr[k - 1];

			now[k] = least(last[k - 1] + !same, least(last[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && a.ptr[i - 1] == b.ptr[k - 2] &&
			    a.ptr[i - 2] == b.ptr[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
		held = before;
		before = last;
		last = now;
		now = held;
	}
	return last[b.len];
}

/* 0: not meant. The beginning of a word is as good as one slip. */
static float likeness(struct span word, struct span other)
{
	unsigned allowed = word.len < 4 ? 0 : word.len < 8 ? 1 : 2;
	size_t apart = word.len > other.len ? word.len - other.len : other.len - word.len;
	unsigned count;

	if (span_starts(other, word))
		return 1.0F - 0.5F * (float)(other.len - word.len) / (float)other.len;
	if (apart > allowed)
		return 0.0F;
	count = edits(word, other);
	return count <= allowed ? 1.0F - (float)count / (float)word.len : 0.0F;
}

size_t search_mend(const struct search *s, struct span word,
                   struct search_mended out[SEARCH_MENDED_MAX])
{
	struct candidate candidates[CANDIDATES_MAX];
	size_t count, kept = 0;

	if (word.len < MEND_LEAST || word.len > SEARCH_WORD_MAX)
		return 0;
	count = find_candidates(s, word, candidates);
	for (size_t i = 0; i < count; i++) {
		float like = likeness(word, word_of(s, candidates[i].word));
		size_t at = kept;

		if (like <= 0.0F)
			continue;
		if (kept < SEARCH_MENDED_MAX)
			kept++;
		else if (out[--at].likeness >= like)
			continue;
		for (; at > 0 && out[at - 1].likeness < like; at--)
			out[at] = out[at - 1];
		out[at] = (struct search_mended){s->word_term[candidates[i].word], like};
	}
	return kept;
}
