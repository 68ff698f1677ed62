/* The command line of smsc-load. */
#ifndef PH_LOAD_OPTIONS_H
#define PH_LOAD_OPTIONS_H

#include "load.h"

#include <stdio.h>

/** Fills o, defaults first; what it points to is argv's. false: not understood. */
bool options_parse(int argc, char **argv, struct load_options *o) MUST_CHECK;
void options_usage(FILE *out);

#endif
