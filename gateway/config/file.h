/* Whole files in memory. */
#ifndef PH_FILE_H
#define PH_FILE_H

#include "span.h"

/**
 * Reads the file at path, for free(): up to most octets, and one more where there are more, so that
 * the caller sees and tells the excess. Blocks: for what is read before the loop runs, or in the
 * pool. -errno of opening or reading, -ENOMEM.
 */
int file_read(const char *path, size_t most, char **out, size_t *len) MUST_CHECK;

#endif
