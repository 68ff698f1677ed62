/* posthouse templates list|show|versions|publish|rollback|import|export: the catalogue from a
 * command line. */
#ifndef PH_TEMPLATES_COMMAND_H
#define PH_TEMPLATES_COMMAND_H

#include "config.h"

/** argv[0] is "templates", argv[1] the subcommand; what it is told goes to standard output. The
 * exit status. */
int templates_command(const struct config *config, int argc, char **argv);

#endif
