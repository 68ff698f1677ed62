/* Reads a table of vectors. */
#include "table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void read_row(struct span line, void (*fn)(const struct span *columns))
{
	struct span columns[TABLE_COLUMNS] = {0};
	struct span rest = line;

	for (size_t i = 0; i < TABLE_COLUMNS && rest.len; i++)
		columns[i] = span_split(rest, '\t', &rest);
	fn(columns);
}

size_t table_read(const char *path, void (*fn)(const struct span *columns))
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0, rows = 0;
	ssize_t len;

	ck_assert_msg(file != NULL, "%s", path);
	while ((len = getline(&line, &size, file)) > 0) {
		if (line[len - 1] == '\n')
			len--;
		if (!len || line[0] == '#')
			continue;
		read_row((struct span){line, (size_t)len}, fn);
		rows++;
	}
	free(line);
	fclose(file);
	return rows;
}
