/* posthouse dead-letters: what finally failed, shown, sent again or dropped, from a terminal. */
#ifndef PH_DEAD_COMMAND_H
#define PH_DEAD_COMMAND_H

#include "config.h"

/** argv[0] is the command, argv[1] list, replay or drop. The exit status: 2 for wrong usage, 3
 * where a message is no dead letter. */
int dead_command(const struct config *config, int argc, char **argv);

#endif
