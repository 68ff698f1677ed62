/*
 * How far a catalogue's own scores can be trusted. Five folds each leave out a fifth of the answers
 * and a fifth of the sentences of the others; a model trained without them judges them. From those
 * cases, and from what agents corrected, two logistics are fitted (the best answer is right; the
 * right one is among the best three) and the lowest confidences at which what is required still
 * holds. No question from outside is needed: sentences of a left-out answer are such.
 */
#ifndef PH_MATCHER_CALIBRATION_H
#define PH_MATCHER_CALIBRATION_H

#include "matcher.h"
#include "matcher_confidence.h"

struct calibration {
	struct confidence answer, menu;
	struct match_zones zones;
	bool fitted; /* on this catalogue; false: too little to fit, the general one stands */
};

/** For a catalogue with too few cases; fitted on the demonstration catalogue. */
extern const struct calibration calibration_default;

/* The fewest cases a calibration is fitted on, and the most that are kept. */
#define CALIBRATION_CASES_LEAST 400
#define CALIBRATION_CASES_MAX 16384

/**
 * Fits both logistics and finds the zones. The cases' weights are changed so that the uncovered
 * ones are the share that required says. Where there is too little to fit, *out is
 * calibration_default. -ENOMEM.
 */
int calibration_fit(struct confidence_case *cases, size_t count,
                    const struct match_required *required, struct calibration *out) MUST_CHECK;

/* "This was about X": what an agent said of a customer's text. */
struct match_correction {
	struct span text;
	uint32_t answer; /* or MATCH_INDEX_NONE: nothing in the catalogue would have done */
	float weight;    /* how many of the folds' cases it is worth; above 0 */
};

#define CORRECTIONS_MAX 10000

/**
 * The calibration of m anew, from the cases of its training and the corrections. Changes nothing in
 * m, so it may run beside queries, off the loop; computes for some ten milliseconds. -EINVAL: an
 * answer out of range, a weight not above 0, more than CORRECTIONS_MAX; -ENOMEM.
 */
int matcher_recalibrate(const struct matcher *m, const struct match_correction *corrections,
                        size_t count, const struct match_required *required,
                        struct calibration *out) MUST_CHECK;

/** Puts a calibration in force: on the thread that asks m, between two questions. */
void matcher_calibrate(struct matcher *m, const struct calibration *calibration);

/** The one in force. */
const struct calibration *matcher_calibration(const struct matcher *m);

#endif
