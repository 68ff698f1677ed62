/* Lines as texts: every text is in at most one group, counts and members agree. */
#include "cluster.h"

#include <stdlib.h>

#define TEXTS_MAX 256

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span texts[TEXTS_MAX], rest = {(const char *)data, size};
	const struct cluster_options options = {0};
	struct cluster_list list;
	size_t count = 0, members = 0;

	while (rest.len && count < TEXTS_MAX)
		texts[count++] = span_split(rest, '\n', &rest);
	require(cluster_texts(texts, count, &options, &list) == 0);
	for (size_t i = 0; i < list.count; i++) {
		require(list.at[i].count >= 2 && list.at[i].first == members);
		require(!i || list.at[i].count <= list.at[i - 1].count);
		require(list.of_text[list.at[i].representative] == i);
		for (uint32_t m = 0; m < list.at[i].count; m++)
			require(list.of_text[list.member[members + m]] == i);
		members += list.at[i].count;
	}
	for (size_t t = 0; t < count; t++)
		members -= list.of_text[t] != UINT32_MAX;
	require(members == 0);
	cluster_list_fini(&list);
	return 0;
}
