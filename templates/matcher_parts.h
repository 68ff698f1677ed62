/*
 * What a matcher is made of: for the files that train, ask, explain and calibrate it and the one
 * that writes it down.
 */
#ifndef PH_MATCHER_PARTS_H
#define PH_MATCHER_PARTS_H

#include "matcher.h"
#include "matcher_calibration.h"
#include "matcher_model.h"
#include "search.h"

#define EXACT_NONE UINT32_MAX

/* A sample's normalised text, by its hash: 64 bits make an accident of two texts unthinkable. */
struct exact {
	uint64_t hash;
	uint32_t answer;
};

struct matcher {
	uint32_t answers;
	uint32_t modelled;   /* how many of them the model knows */
	uint32_t *answer_of; /* modelled: the model's number to the answer's */
	bool *handover;      /* answers */
	struct model *model;
	struct calibration calibration;
	struct confidence_case *cases; /* what the calibration was fitted on, for the next one */
	size_t case_count;
	uint32_t *samples; /* of each answer */
	struct exact *exact;
	size_t exact_size; /* a power of two, at most half full */
};

struct match_scratch {
	struct normal normal;
	struct features features;
	struct model_vector vector;
	float scores[MATCHER_MODELLED_MAX];
	struct search_scratch *search;
};

/* Room for what a matcher holds. */
struct matcher_sizes {
	uint32_t answers, modelled;
	size_t exacts, cases;
};

/** One without a model, with that much room; matcher_destroy() frees it. -ENOMEM. */
int matcher_alloc(const struct matcher_sizes *sizes, struct matcher **out) MUST_CHECK;

/** The first answer that has a sentence keeps it; the catalogue refuses a second one. */
void matcher_exact_add(struct matcher *m, uint64_t hash, uint32_t answer);

/**
 * Scores what scratch->normal holds: features, vector and scores of the scratch, and of out the
 * handover, the best, the signals. False: the model knows nothing of the text.
 */
bool matcher_score(const struct matcher *m, struct match_scratch *scratch, struct match *out);

#endif
