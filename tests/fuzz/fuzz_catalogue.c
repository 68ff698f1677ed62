/*
 * Any octets as a catalogue's file: either a snapshot whose templates can be asked for, or errors
 * that were told; never both, never neither.
 */
#include "catalogue.h"

#include <stdlib.h>

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	unsigned *count = arg;

	(void)line;
	if (!file || !text[0])
		abort();
	++*count;
}

static void ask_all(const struct catalogue *c)
{
	for (size_t i = 0; i < catalogue_count(c); i++) {
		const struct template *t = catalogue_at(c, i);

		if (catalogue_find(c, t->id) != t)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalogue_file file = {
		"fuzz.yaml", {(const char *)data, size}
        };
	struct catalogue *c = NULL;
	unsigned told = 0;
	int err = catalogue_build(&file, 1, 0, on_told, &told, &c);

	if ((err == 0) != (told == 0) || (err == 0) != (c != NULL))
		abort();
	if (c)
		ask_all(c);
	catalogue_unref(&c);
	return 0;
}
