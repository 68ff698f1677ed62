/*
 * Search over many short texts: an inverted index of words, Chinese characters and pairs of them,
 * ranked by BM25. A word that no text has is taken for a slip of the pen, or for the beginning of
 * one, and the words nearest to it are asked for instead. For answers with too few samples to learn
 * from, and for agents who look something up.
 *
 * A query costs a bounded number of steps, however many entries there are: the rarest terms are
 * walked first, and what is left when the budget is spent only re-ranks the best.
 */
#ifndef PH_SEARCH_H
#define PH_SEARCH_H

#include "span.h"

#define SEARCH_ENTRIES_MAX 131072
#define SEARCH_HITS_MAX 50

struct search;
struct search_scratch;

/* One of the texts of an entry. */
struct search_text {
	struct span text; /* any octets; what is longer than the matcher reads is cut */
	uint32_t entry;   /* not below that of the text before */
};

struct search_hit {
	uint32_t entry;
	float score; /* BM25: higher is better, comparable within one query only */
	float share; /* of what was asked, by weight, how much the entry has: 0 to 1 */
};

/**
 * Indexes texts, which are not needed any more. Deterministic. -EINVAL: entries out of range or not
 * in order, or more than SEARCH_ENTRIES_MAX; -ENOMEM.
 */
int search_create(const struct search_text *texts, size_t count, uint32_t entries,
                  struct search **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void search_destroy(struct search **s);

/** Octets it holds. */
size_t search_size(const struct search *s);

/** NULL when out of memory. For any index; one call at a time may use it. */
struct search_scratch *search_scratch_create(void);
void search_scratch_destroy(struct search_scratch **scratch);

/**
 * The best entries for a text of any octets, best first; equal ones by their number. only: a bit
 * for each entry that may be found, NULL for all. room at most SEARCH_HITS_MAX. Returns how many.
 */
size_t search_find(const struct search *s, struct search_scratch *scratch, struct span text,
                   const uint64_t *only, struct search_hit *out, size_t room);

#endif
