/* Errors of the configuration and the catalogue, kept until all are known, then shown by line. */
#ifndef PH_TOLD_H
#define PH_TOLD_H

#include "yaml.h"

enum { TOLD_MAX = 1000, TOLD_TEXT_MAX = 512, TOLD_FILE_MAX = 256 };

struct told_error {
	char file[TOLD_FILE_MAX];
	unsigned line; /* 0: the file as a whole */
	char text[TOLD_TEXT_MAX];
};

struct told {
	struct told_error *errors;
	size_t count;
	size_t lost; /* over TOLD_MAX */
};

/** Adds one; its signature is what yaml_errors.told and catalogue_load() want. arg is a told. */
void told_add(void *arg, const char *file, unsigned line, const char *text);
/** Sorts by file and line, writes "FILE:LINE: text" a line to standard error. */
void told_print(struct told *told);
void told_fini(struct told *told);

#endif
