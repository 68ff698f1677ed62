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

struct confidence {
	float weight[CONFIDENCE_SIGNALS];
	float bias;
};

/** What a fresh catalogue starts with: fitted on the demonstration catalogue. */
extern const struct confidence confidence_default;

/** The same for "the right one is among the best three", by which a menu is offered. */
extern const struct confidence confidence_menu_default;

/** The zones that go with them: answer of the one, menu of the other. */
extern const struct match_zones match_zones_default;

/** The signals of a query from the scores of all answers; n as normalised. */
void confidence_signals(const struct model *m, const struct normal *n, const float *scores,
                        struct match_signals *out);

/** The probability, 0 to 1. */
float confidence_of(const struct confidence *c, const struct match_signals *s);

struct confidence_case {
	struct match_signals signals;
	bool right;
};

/** Fits the logistic by Newton's method with a little ridge. -EINVAL: all right or all wrong. */
int confidence_fit(const struct confidence_case *cases, size_t count,
                   struct confidence *out) MUST_CHECK;

/**
 * The cases of five folds: each leaves out a fifth of the answers, whose sentences then count as
 * wrong, and a fifth of the sentences of the others. texts are the samples' own, normalised by the
 * call. cases has room for 2 × count; *out is how many there are. -ENOMEM.
 */
int confidence_folds(const struct match_sample *texts, const struct model_sample *samples,
                     size_t count, uint32_t answers, struct confidence_case *cases,
                     size_t *out) MUST_CHECK;

#endif
