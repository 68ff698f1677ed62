/*
 * What a matcher is made of: for the file that trains and asks it and the one that writes it down.
 */
#ifndef PH_MATCHER_PARTS_H
#define PH_MATCHER_PARTS_H

#include "matcher.h"
#include "matcher_confidence.h"
#include "matcher_model.h"

#define EXACT_NONE UINT32_MAX

/* A sample's normalised text, by its hash: 64 bits make an accident of two texts unthinkable. */
struct exact {
	uint64_t hash;
	uint32_t answer;
};

struct matcher {
	uint32_t answers;
	struct model *model;
	struct confidence confidence, menu_confidence;
	struct match_zones zones;
	uint32_t *samples; /* of each answer */
	struct exact *exact;
	size_t exact_size; /* a power of two, at most half full */
};

/** One without a model, with room for that many exact texts; matcher_destroy() frees it. -ENOMEM.
 */
int matcher_alloc(uint32_t answers, size_t exacts, struct matcher **out) MUST_CHECK;

/** The first answer that has a sentence keeps it; the catalogue refuses a second one. */
void matcher_exact_add(struct matcher *m, uint64_t hash, uint32_t answer);

#endif
