/*
 * What a question already says of what its answer needs: "尾号1234的卡这个月账单多少" has the four
 * digits. Nothing is guessed: a value is taken where one piece of the text has the form of the
 * variable's type, no other piece has it, and its form or the words beside it leave no doubt.
 */
#ifndef PH_GIVEN_H
#define PH_GIVEN_H

#include "catalogue.h"

#include <time.h>

enum { GIVEN_TEXT_MAX = 1024, GIVEN_VALUE_SIZE = 64 };

struct given {
	struct span name; /* borrowed from the template */
	char value[GIVEN_VALUE_SIZE];
};

/**
 * The values that text has for variables of t, but for those that known has already. today: what a
 * day without a year is near to. A text of more than GIVEN_TEXT_MAX octets, or not valid UTF-8, has
 * none. Fills out[CATALOGUE_VARIABLES_MAX] and returns how many; each is of its variable's type.
 */
size_t given_read(const struct template *t, struct span text, const struct tm *today,
                  const struct render_value *known, size_t known_count, struct given *out);

#endif
