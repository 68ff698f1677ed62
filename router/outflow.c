/* A count of two halves of a second, so that a far peer's bursts do not look like silence. */
#include "outflow.h"

enum { SLICE_MS = 500, LEAST = 16 };

void outflow_count(struct outflow *f, uint64_t mono_ms)
{
	uint64_t slice = mono_ms / SLICE_MS;

	if (slice != f->slice)
		*f = (struct outflow){.slice = slice,
		                      .before = slice == f->slice + 1 ? f->left : 0};
	f->left++;
}

size_t outflow_lately(const struct outflow *f, uint64_t mono_ms)
{
	uint64_t slice = mono_ms / SLICE_MS;

	if (slice == f->slice)
		return f->left + f->before;
	return slice == f->slice + 1 ? f->left : 0;
}

size_t outflow_claim(size_t lately, size_t most)
{
	if (lately == 0 || lately > most)
		return most;
	return lately < LEAST && LEAST < most ? LEAST : lately; /* a few share one call */
}

bool outflow_wants(size_t lately, size_t waiting, size_t most)
{
	return waiting == 0 || waiting < (lately < most ? lately : most);
}
