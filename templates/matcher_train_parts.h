/*
 * What the parts of the linear model's training give each other: matcher_train.c weighs the
 * samples, matcher_train_near.c finds those that an answer might be mistaken for,
 * matcher_train_solve.c learns from them.
 */
#ifndef PH_MATCHER_TRAIN_PARTS_H
#define PH_MATCHER_TRAIN_PARTS_H

#include "matcher_model.h"

/* The samples as rows of weighed terms, each of length 1. Read only: threads may share it. */
struct lesson {
	const struct model_sample *samples;
	size_t count;
	uint32_t answers, features;
	uint32_t *begin; /* count + 1: where each sample's terms begin */
	struct model_term *terms;
};

/* Of each answer the samples that it is one of the nearest to, ascending. */
struct near_samples {
	uint32_t *row; /* answers + 1: where each answer's begin */
	uint32_t *sample;
};

#define NEAR_MAX 20

/** nearest: to how many answers a sample is near, NEAR_MAX at most. -ENOMEM. */
int near_samples_find(const struct lesson *lesson, uint32_t nearest,
                      struct near_samples *out) MUST_CHECK;
void near_samples_fini(struct near_samples *near);

/**
 * Learns every answer and fills the rows, scales and biases of m, which knows its features. epsilon
 * is how far from the optimum it may stop. -ENOMEM; -ECANCELED: matcher_give_up().
 */
int train_solve(const struct lesson *lesson, const struct near_samples *near, float epsilon,
                struct model *m) MUST_CHECK;

#endif
