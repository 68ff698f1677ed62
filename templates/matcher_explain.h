/* Why a text is like an answer: the words, letters and characters that speak for it and against. */
#ifndef PH_MATCHER_EXPLAIN_H
#define PH_MATCHER_EXPLAIN_H

#include "matcher.h"

#define MATCH_REASONS_MAX 12
#define MATCH_REASON_SIZE 96

struct match_reason {
	char text[MATCH_REASON_SIZE]; /* "lost card", "丢了", "_car" (_: where a word ends) */
	float weight;                 /* its part of the score: above 0 for, below against */
};

struct match_explanation {
	bool modelled; /* false: the answer has too few samples, nothing was learned of it */
	float score;   /* of the answer: all parts, the bias and the network's part together */
	float bias;    /* what it has before a word is read */
	float network; /* what the network thinks of all words together; at most 0 */
	struct match_reason speaks_for[MATCH_REASONS_MAX], against[MATCH_REASONS_MAX];
	size_t for_count, against_count; /* the strongest first */
	size_t unknown;                  /* features of the text that no sample has */
};

/** Explains the score of one answer, by its index, for a text of any octets. -ENOMEM. */
int matcher_explain(const struct matcher *m, struct match_scratch *scratch, struct span text,
                    uint32_t answer, struct match_explanation *out) MUST_CHECK;

#endif
