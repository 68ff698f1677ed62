/* posthouse route: by which channel a number would be written to now, and why. */
#ifndef PH_ROUTE_COMMAND_H
#define PH_ROUTE_COMMAND_H

#include "config.h"

/**
 * argv[0] is "route", then NUMBER [--class C]. The exit status: 2 for wrong usage, 3 where no
 * channel sends SMS or NUMBER is none.
 */
int route_command(const struct config *config, int argc, char **argv);

#endif
