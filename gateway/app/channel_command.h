/* posthouse channel, list, route: what an operations team asks and orders from a terminal. */
#ifndef PH_CHANNEL_COMMAND_H
#define PH_CHANNEL_COMMAND_H

#include "config.h"

/* argv[0] is the command, argv[1] the configuration's file for messages, what follows is its own.
 * Exit status: 2 for wrong usage, 3 where what is named is unknown. */

/** channel: argv is status|start|drain|stop [NAME]. */
int channel_command(const struct config *config, int argc, char **argv);
/** list: argv is show, or block|allow|forget NUMBER [--list L] [--channel C] [--note TEXT]. */
int list_command(const struct config *config, int argc, char **argv);
/** route: argv is NUMBER [--class C]. */
int route_command(const struct config *config, int argc, char **argv);

#endif
