/* posthouse user: makes and changes users in Redis, from a terminal or a script. */
#ifndef PH_USER_COMMAND_H
#define PH_USER_COMMAND_H

#include "config.h"

/** argv[0] is "user", argv[1] which command. The exit status: 2 for wrong usage, 3 where the user
 * exists or is unknown. */
int user_command(const struct config *config, int argc, char **argv);

#endif
