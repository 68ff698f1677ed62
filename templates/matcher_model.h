/*
 * The linear model: for each feature the answers it speaks for and against, in eight bits each,
 * found by a bitmap with ranks. Made by matcher_train.c, read only after.
 */
#ifndef PH_MATCHER_MODEL_H
#define PH_MATCHER_MODEL_H

#include "matcher_features.h"
#include "matcher_network.h"

#define MODEL_WORDS (FEATURE_BUCKETS / 64)

struct model {
	uint32_t answers;
	uint32_t features;           /* known ones, numbered densely */
	uint64_t known[MODEL_WORDS]; /* which buckets */
	uint32_t rank[MODEL_WORDS];  /* known ones before the word */
	float *idf;                  /* features */
	float idf_unknown;           /* what a feature that no sample has would weigh */
	uint32_t *row;               /* features + 1: where each one's entries begin */
	uint16_t *entry_answer;
	int8_t *entry_weight;
	float *scale;            /* answers: what one step of its weights is worth */
	float *bias;             /* answers */
	struct network *network; /* NULL: the linear model alone */
};

struct model_term {
	uint32_t feature;
	float value;
};

/* A text as the model sees it: known features only, of length 1. */
struct model_vector {
	size_t count;
	struct model_term at[FEATURES_MAX];
};

#define MODEL_UNKNOWN UINT32_MAX

/** A text of samples for the training, prepared once. */
struct model_sample {
	uint32_t answer;
	uint32_t count;
	const struct feature *features; /* borrowed */
};

/* How exactly the optimum is sought: a rough model is as right as an exact one within a hair. */
enum model_effort {
	MODEL_EXACT, /* to answer by */
	MODEL_ROUGH  /* to learn from how often it is right: a third less work */
};

struct model_how {
	enum model_effort effort;
	bool network; /* one beside it, where the answers are few enough */
};

/**
 * Trains a one-vs-rest L2-loss linear SVM. Deterministic. -ENOMEM. No samples are allowed: the
 * model then scores 0 for all.
 */
int model_train(const struct model_sample *samples, size_t count, uint32_t answers,
                struct model_how how, struct model **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void model_destroy(struct model **m);

/** The dense number of a bucket, or MODEL_UNKNOWN. */
uint32_t model_feature(const struct model *m, uint32_t bucket);

/** Weighs features: (1 + log times) × idf, length 1 a block, then as a whole. */
void model_weigh(const struct model *m, const struct feature *features, size_t count,
                 struct model_vector *out);

/* How much of a score one natural logarithm of the network's probability is, and its limit. */
#define NETWORK_SHARE 0.25F
#define NETWORK_LEAST (-8.0F)

/**
 * The score of every answer; scores has room for m->answers. The linear model's signed distance to
 * an answer's border and, where there is a network, a quarter of its logarithm of the probability.
 */
void model_score(const struct model *m, const struct model_vector *v, float *scores);

/** The network's part of one answer's score; 0 where there is none. */
float model_network_part(const struct model *m, const struct model_vector *v, uint32_t answer);

/** The next number of xorshift64*, whose state is not 0: small, seeded, the same everywhere. */
uint32_t train_random(uint64_t *state);

/** Octets it holds. */
size_t model_size(const struct model *m);

#endif
