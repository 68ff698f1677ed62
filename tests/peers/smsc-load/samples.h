/* Times that were measured, for percentiles. */
#ifndef PH_LOAD_SAMPLES_H
#define PH_LOAD_SAMPLES_H

#include "base.h"

struct samples {
	uint32_t *us;
	size_t count, size;
};

/** Takes a time; one that finds no memory is left out. */
void samples_add(struct samples *s, uint64_t us);
/** The time in ms under which the share p (0 to 1) of all lie; 0 where there is none. Sorts. */
double samples_ms(struct samples *s, double p);
void samples_fini(struct samples *s);

#endif
