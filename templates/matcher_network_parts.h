/*
 * The arithmetic over a network's units and answers, for the file that trains it and the one that
 * asks it. LANES floats are computed with at once, by a type of the compiler's own, which every
 * processor has or is given. What is laid out by answers is as long as network_stride() says, so
 * that there are whole groups of them only. Each sum is made in one order: the same bits
 * everywhere.
 */
#ifndef PH_MATCHER_NETWORK_PARTS_H
#define PH_MATCHER_NETWORK_PARTS_H

#include "matcher_network.h"

#define LANES 4

/* The units of a text that are not nothing: less than half, and only they say something. */
struct units_active {
	size_t count;
	uint8_t at[NETWORK_UNITS];
};

/** The sum of a[i] × b[i] over all units. */
float units_product(const float *a, const float *b);

/** to += times × from. */
void units_add(float *to, const float *from, float times);

/** Makes what is below zero zero and says what is left. */
void units_cut(float *units, struct units_active *out);

/** answers, rounded up to whole groups of LANES: the floats of a row that has one an answer. */
size_t network_stride(uint32_t answers);

/**
 * out = bias + the units' rows of output, each times its unit. All have stride floats a row; a bias
 * of -HUGE_VALF marks those that are no answers.
 */
void network_sums(const float *output, const float *bias, size_t stride, const float *hidden,
                  const struct units_active *active, float *out);

/**
 * Makes the stride values e^(value - the highest), what is no number nothing, and returns their
 * sum; *most is the highest.
 */
float network_softmax(float *values, size_t stride, float *most);

#endif
