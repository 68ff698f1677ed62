/*
 * The first line as a query, the others as entries: hits are entries, in order, each once, within
 * the bounds, the same when asked again; an entry's whole text finds something.
 */
#include "search.h"

#include <stdlib.h>

#define TEXTS_MAX 512

static struct search_scratch *scratch;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct search_hit *hits, size_t count, uint32_t entries)
{
	for (size_t i = 0; i < count; i++) {
		require(hits[i].entry < entries);
		require(hits[i].share >= 0.0F && hits[i].share <= 1.0F);
		require(!i || hits[i].score <= hits[i - 1].score);
		for (size_t k = 0; k < i; k++)
			require(hits[k].entry != hits[i].entry);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_text texts[TEXTS_MAX];
	struct search_hit first[SEARCH_HITS_MAX], again[SEARCH_HITS_MAX];
	struct span rest = {(const char *)data, size}, query;
	struct search *s = NULL;
	size_t count = 0, found;

	if (!scratch)
		scratch = search_scratch_create();
	require(scratch != NULL);
	query = span_split(rest, '\n', &rest);
	while (rest.len && count < TEXTS_MAX) {
		texts[count] =
			(struct search_text){span_split(rest, '\n', &rest), (uint32_t)count / 2};
		count++;
	}
	require(search_create(texts, count, (uint32_t)(count + 1) / 2, &s) == 0);
	found = search_find(s, scratch, query, NULL, first, SEARCH_HITS_MAX);
	check(first, found, (uint32_t)(count + 1) / 2);
	require(search_find(s, scratch, query, NULL, again, SEARCH_HITS_MAX) == found);
	require(!found || memcmp(first, again, found * sizeof(first[0])) == 0);
	search_destroy(&s);
	return 0;
}
