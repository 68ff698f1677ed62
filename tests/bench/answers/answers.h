/* What script/bench answers times by itself, each printed as one line of JSON. */
#ifndef PH_ANSWERS_BENCH_H
#define PH_ANSWERS_BENCH_H

#include <stddef.h>
#include <stdint.h>

/** Trains on samples of a file beside a running loop, and says how late that ever was. */
int bench_retrain(const char *path, size_t samples);

/** Builds an index over made entries and asks it questions with slips in them. */
int bench_lookup(uint32_t entries);

/** Nanoseconds of a clock that only goes forward. */
uint64_t bench_now_ns(void);

/** The value that percent of count are not above; sorts them. */
uint64_t bench_percentile(uint64_t *values, size_t count, size_t percent);

#endif
