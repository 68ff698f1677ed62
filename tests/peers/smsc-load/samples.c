#include "samples.h"

#include <stdlib.h>

void samples_add(struct samples *s, uint64_t us)
{
	if (s->count == s->size) {
		size_t size = s->size ? s->size * 2 : 65536;
		uint32_t *more = realloc(s->us, size * sizeof(*more));

		if (!more)
			return;
		s->us = more;
		s->size = size;
	}
	s->us[s->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

double samples_ms(struct samples *s, double p)
{
	size_t i = (size_t)(p * (double)s->count);

	if (!s->count)
		return 0;
	qsort(s->us, s->count, sizeof(*s->us), compare);
	return s->us[i < s->count ? i : s->count - 1] / 1000.0;
}

void samples_fini(struct samples *s)
{
	free(s->us);
	*s = (struct samples){0};
}
