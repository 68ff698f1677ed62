/* What the index is made of: for the files that build it, ask it and mend words. */
#ifndef PH_SEARCH_PARTS_H
#define PH_SEARCH_PARTS_H

#include "matcher_normal.h"
#include "search.h"

#define SEARCH_NONE UINT32_MAX
#define SEARCH_TIMES_BITS 4 /* of a posting: how often, up to 15; the rest is the entry */
#define SEARCH_WORD_MAX 40  /* octets of a word that may be mended */

enum search_kind { SEARCH_WORD, SEARCH_CHARACTER, SEARCH_PAIR };

/* What is looked for: a word, a Chinese character, or two in a row. */
struct search_term {
	uint64_t hash;
	enum search_kind kind;
};

struct search {
	uint32_t entries, terms;
	uint64_t *hash; /* of each term */
	uint32_t *slot; /* a table of terms by hash, half full at most */
	size_t slots;
	uint32_t *row; /* terms + 1: where each one's postings begin */
	uint32_t *posting;
	float *norm; /* of each entry: what its length makes of a term's frequency */

	/* The words themselves, to be mended by: by term, then by their letters. */
	char *text;
	uint32_t words;
	uint32_t *word_at;   /* words + 1, into text */
	uint32_t *word_term; /* words */
	uint32_t *gram_row;  /* SEARCH_GRAMS + 1, into gram_word */
	uint32_t *gram_word;
};

#define SEARCH_GRAM_BITS 14
#define SEARCH_GRAMS (1U << SEARCH_GRAM_BITS)
#define SEARCH_GRAMS_MAX (SEARCH_WORD_MAX + 2)

/** The terms of a normalised text in their order; at most room. Returns how many. */
size_t search_terms(const struct normal *n, struct search_term *out, size_t room);

/** The number of a term, or SEARCH_NONE. */
uint32_t search_term_find(const struct search *s, uint64_t hash);

/** The grams of " word": three octets each, hashed; those at its beginning tell it best. */
size_t search_grams(struct span word, uint32_t out[SEARCH_GRAMS_MAX]);

/** Hash of a word as a term. */
uint64_t search_word_hash(struct span word);

#define SEARCH_MENDED_MAX 3

/* A word of the index that may have been meant. */
struct search_mended {
	uint32_t term;
	float likeness; /* 0 to 1 */
};

/** The words nearest to one that the index does not have, best first. Returns how many. */
size_t search_mend(const struct search *s, struct span word,
                   struct search_mended out[SEARCH_MENDED_MAX]);

#endif
