/*
 * A version as files again: its sheets by the file that each came from.
 */
#ifndef PH_EDITION_FILES_H
#define PH_EDITION_FILES_H

#include "edition.h"

/** What a template's file may be called, here and in a directory: "cards.yaml". */
bool edition_file_named(struct span name);

/** Borrowed for the call. Another answer than 0 ends it. */
typedef int edition_file_fn(void *arg, const char *name, struct span text);

/**
 * fn for each file, in the order in which they first come; all texts are there. A file that would
 * be larger than most octets comes in parts: "api.yaml", "api.2.yaml"... -EMSGSIZE: a template
 * alone is larger; -ENOMEM; what fn answered.
 */
int edition_files(const struct edition *e, size_t most, edition_file_fn *fn, void *arg) MUST_CHECK;

#endif
