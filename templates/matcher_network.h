/*
 * A small network beside the linear model: one hidden layer over the same features. The linear
 * model adds words up; the network learns which of them belong together, and its probabilities tell
 * a sure answer from a lucky one. Together they are more often right than either, and know better
 * when (docs/decisions/0015-a-network-beside-the-linear-model.md). Made by matcher_network_train.c,
 * read only after.
 */
#ifndef PH_MATCHER_NETWORK_H
#define PH_MATCHER_NETWORK_H

#include "span.h"

#define NETWORK_UNITS 64
/* More answers would make a step, which touches all of them, too long. */
#define NETWORK_ANSWERS_MAX 512

struct model_term;

struct network {
	uint32_t features, answers;
	int8_t *embedding; /* features × NETWORK_UNITS */
	float *scale;      /* features: what one step of its embedding is worth */
	float hidden[NETWORK_UNITS];
	size_t stride; /* answers, rounded up: network_stride() */
	float *output; /* NETWORK_UNITS × stride: what each unit says of every answer */
	float *bias;   /* stride */
};

/* What it learns from: samples as rows of terms, each of length 1. */
struct network_lesson {
	const struct model_term *terms; /* features below features */
	const uint32_t *begin;          /* count + 1: where each sample's terms begin */
	const uint32_t *answer;         /* of each sample, below answers */
	size_t count;
	uint32_t features, answers;
};

/**
 * Learns by heart what it must and guesses what it may: half of the features of a sample are left
 * out by chance each time it is shown. Deterministic. -ENOMEM; -ECANCELED: matcher_give_up().
 */
int network_train(const struct network_lesson *lesson, struct network **out) MUST_CHECK;

/** With room for that many, all nothing; -ENOMEM. */
int network_alloc(uint32_t features, uint32_t answers, struct network **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void network_destroy(struct network **n);

/** The logarithm of each answer's probability into out, which has room for n->answers. */
void network_score(const struct network *n, const struct model_term *terms, size_t count,
                   float *out);

/** Octets it holds. */
size_t network_size(const struct network *n);

#endif
