/* What the commands of the executable share: reading the configuration, saying what is wrong. */
#ifndef PH_COMMAND_H
#define PH_COMMAND_H

#include "config.h"

/* Exit statuses beside EXIT_SUCCESS and EXIT_FAILURE. */
enum {
	COMMAND_USAGE = 2, /* wrong arguments */
	COMMAND_STATE = 3  /* what is named is unknown, or is not so that this can be done */
};

enum { COMMAND_BY_SIZE = 64, COMMAND_WHEN_SIZE = 20 };

/** Reads the file at path, for config_destroy(); NULL after telling why on standard error. */
struct config *command_config(const char *path);

/** "posthouse WHO: WHAT: DETAIL" on standard error; detail may be NULL. Returns status. */
int command_fail(int status, const char *who, const char *what, const char *detail);

/** "cli:mei", whoever is logged in, for records of who did it; returns out. */
const char *command_by(char out[COMMAND_BY_SIZE]);

/** The local time of a record's ms since 1970, for people; "" where it is no number. Returns out.
 */
const char *command_when(struct span ms, char out[COMMAND_WHEN_SIZE]);

#endif
