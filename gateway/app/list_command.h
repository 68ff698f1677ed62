/* posthouse list: numbers that are not written to, or are in spite of a longer beginning. */
#ifndef PH_LIST_COMMAND_H
#define PH_LIST_COMMAND_H

#include "config.h"

/**
 * argv[0] is "list", then show, or block|allow|forget NUMBER [--list L] [--channel C] [--note
 * TEXT]. The exit status: 2 for wrong usage, 3 where what is named is unknown.
 */
int list_command(const struct config *config, int argc, char **argv);

#endif
