/* The arithmetic over a network's units, for the file that trains it and the one that asks it. */
#ifndef PH_MATCHER_NETWORK_PARTS_H
#define PH_MATCHER_NETWORK_PARTS_H

#include "matcher_network.h"

/* Sums that are kept apart and added in one order, so that a vector unit gives the same bits. */
#define LANES 8

/** The sum of a[i] × b[i] over all units. */
float units_product(const float *restrict a, const float *restrict b);

/** to += times × from. */
void units_add(float *restrict to, const float *restrict from, float times);

/** Makes what is below zero zero. */
void units_cut(float *units);

/** e^x, x at most 0. */
float network_exp(float x);

/** Makes the values e^(value - the highest) and returns their sum. */
float network_softmax(float *values, size_t count);

#endif
