/* Rows of tab-separated vectors under tests/vectors; lines with "#" in front are for readers. */
#ifndef PH_TEST_TABLE_H
#define PH_TEST_TABLE_H

#include "span.h"

enum { TABLE_COLUMNS = 12 };

/** fn for each row of a file; columns that are not there are empty. Returns how many rows. */
size_t table_read(const char *path, void (*fn)(const struct span *columns));

#endif
