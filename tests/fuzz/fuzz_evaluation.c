/* Any octets as a file of labelled questions: refused with a line, or every row is whole. */
#include "evaluation.h"

#include "utf8.h"

#include <stdlib.h>

static size_t told;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	(void)line;
	require(file && text);
	told++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct labelled_set set;
	struct label_list labels;

	told = 0;
	if (labelled_read((struct span){(const char *)data, size}, "fuzz", on_told, NULL, &set) <
	    0) {
		require(told > 0);
		return 0;
	}
	require(told == 0 && set.count > 0);
	for (size_t i = 0; i < set.count; i++)
		require(set.rows[i].label.len && set.rows[i].text.len &&
		        utf8_valid(set.rows[i].label) && utf8_valid(set.rows[i].text));
	if (label_list_make(&set, &labels) == 0) {
		for (size_t i = 0; i < set.count; i++)
			require(label_list_find(&labels, set.rows[i].label) < labels.count);
		label_list_fini(&labels);
	}
	labelled_fini(&set);
	return 0;
}
