/*
 * How likely the best answer is right: a logistic over seven signals of one query. Its weights are
 * fitted by leaving answers and sentences out (docs/templates.md says how), so that what no answer
 * covers is known without examples of it.
 */
#ifndef PH_MATCHER_CONFIDENCE_H
#define PH_MATCHER_CONFIDENCE_H

#include "matcher.h"
#include "matcher_model.h"

#define CONFIDENCE_SIGNALS 7
#define CONFIDENCE_FOLDS 5

struct confidence {
	float weight[CONFIDENCE_SIGNALS];
	float bias;
};

/** The signals of a query from the scores of all answers; n as normalised. */
void confidence_signals(const struct model *m, const struct normal *n, const float *scores,
                        struct match_signals *out);

/** The probability, 0 to 1. */
float confidence_of(const struct confidence *c, const struct match_signals *s);

/* One question of which the truth is known. */
struct confidence_case {
	struct match_signals signals;
	float weight;
	bool right;   /* the best answer was right */
	bool among;   /* the right one was among the best three */
	bool covered; /* there was a right one to be found */
};

/* What a logistic is to tell. */
enum confidence_of_what { CONFIDENCE_RIGHT, CONFIDENCE_AMONG };

/** Whether the case is one where that holds. */
bool confidence_holds(const struct confidence_case *c, enum confidence_of_what what);

/**
 * Fits the logistic by Newton's method with a little ridge, each case by its weight. -EINVAL: it
 * holds of all or of none.
 */
int confidence_fit(const struct confidence_case *cases, size_t count, enum confidence_of_what what,
                   struct confidence *out) MUST_CHECK;

/* What folds are made of. */
struct fold_source {
	const struct match_sample *texts; /* the samples' own */
	const struct model_sample *samples;
	size_t count;
	uint32_t answers;
	const bool *handover; /* by the model's numbers, or NULL */
	bool quick;           /* half of the cases, the linear model alone */
};

/**
 * Of each sample the fold that leaves it out, into out: an answer's own are dealt one after the
 * other, from a fold on that its first one's words say. So nothing is dealt anew when others are
 * edited: how far an answer is trusted must not hang on how many sentences stand before it.
 * -ENOMEM.
 */
int confidence_deal(const struct fold_source *from, uint8_t *out) MUST_CHECK;

/**
 * The cases of five folds over the samples of a matcher: each leaves out a fifth of the answers,
 * whose sentences then are uncovered, and a fifth of the sentences of the others. What is most like
 * a handover is no case, since no confidence is asked for it. A large catalogue needs fewer folds
 * for as many cases. cases has room for 2 × count; *out is how many there are. -ENOMEM.
 */
int confidence_folds(const struct fold_source *from, struct confidence_case *cases,
                     size_t *out) MUST_CHECK;

#endif
