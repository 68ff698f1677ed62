/* What posthouse evaluate does when it is given a catalogue instead of samples. */
#ifndef PH_EVALUATE_CATALOGUE_H
#define PH_EVALUATE_CATALOGUE_H

#include "evaluation.h"

/**
 * Asks a catalogue labelled questions ("a|b": either would do; "human" or "oos": hand over), prints
 * JSON and, with wrong, what was done wrong to standard error. The exit status.
 */
int evaluate_catalogue(const char *directory, const struct labelled_set *questions, bool wrong);

#endif
