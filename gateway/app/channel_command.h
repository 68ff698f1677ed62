/* posthouse channel: what the channels do, and orders to them, from a terminal. */
#ifndef PH_CHANNEL_COMMAND_H
#define PH_CHANNEL_COMMAND_H

#include "config.h"

/**
 * argv[0] is "channel", then status [NAME], or start|drain|stop NAME. The exit status: 2 for wrong
 * usage, 3 where there is no such channel.
 */
int channel_command(const struct config *config, int argc, char **argv);

#endif
