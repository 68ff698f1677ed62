/* Gathers, sorts and shows errors. */
#include "told.h"

#include <stdio.h>
#include <stdlib.h>

void told_add(void *arg, const char *file, unsigned line, const char *text)
{
	struct told *told = arg;
	struct told_error *e;

	if (told->count == TOLD_MAX) {
		told->lost++;
		return;
	}
	e = realloc(told->errors, (told->count + 1) * sizeof(*told->errors));
	if (!e) {
		told->lost++;
		return;
	}
	told->errors = e;
	e = &told->errors[told->count++];
	snprintf(e->file, sizeof(e->file), "%s", file ? file : "");
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->line = line;
}

static int by_place(const void *a, const void *b)
{
	const struct told_error *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void sort(struct told *told)
{
	if (told->count)
		qsort(told->errors, told->count, sizeof(*told->errors), by_place);
}

void told_print(struct told *told)
{
	sort(told);
	for (size_t i = 0; i < told->count; i++) {
		const struct told_error *e = &told->errors[i];

		if (e->line)
			fprintf(stderr, "%s:%u: %s\n", e->file, e->line, e->text);
		else
			fprintf(stderr, "%s: %s\n", e->file, e->text);
	}
	if (told->lost)
		fprintf(stderr, "and %zu more\n", told->lost);
}

void told_fini(struct told *told)
{
	free(told->errors);
	*told = (struct told){0};
}
