/* answers-bench retrain FILE SAMPLES | lookup ENTRIES */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

uint64_t bench_percentile(uint64_t *values, size_t count, size_t percent)
{
	qsort(values, count, sizeof(*values), by_size);
	return count ? values[(count - 1) * percent / 100] : 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "retrain") == 0)
		return bench_retrain(argv[2], (size_t)strtoul(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "lookup") == 0)
		return bench_lookup((uint32_t)strtoul(argv[2], NULL, 10));
	fputs("usage: answers-bench retrain FILE SAMPLES | lookup ENTRIES\n", stderr);
	return 2;
}
