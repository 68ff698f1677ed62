/*
 * posthouse evaluate: trains on one file of labelled questions, measures on another; or measures a
 * catalogue.
 */
#ifndef PH_EVALUATE_COMMAND_H
#define PH_EVALUATE_COMMAND_H

/** argv[0] is "evaluate". Prints JSON. The exit status: 1 for bad files, 2 for wrong usage. */
int evaluate_command(int argc, char **argv);

#endif
