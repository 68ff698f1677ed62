/* posthouse match: what a text would be answered, and why. */
#ifndef PH_MATCH_COMMAND_H
#define PH_MATCH_COMMAND_H

#include "catalogue.h"

/**
 * argv[0] is "match". Prints text, or JSON with --json. The exit status: 1 where there is no
 * catalogue to be read, 2 for wrong usage.
 */
int match_command(int argc, char **argv);

/** Loads a catalogue without a cache and says what is wrong with it; NULL: something was. */
struct catalogue *match_command_load(const char *directory);

#endif
