/* The pieces of a text that have digits, each with its form: what given.c chooses from. */
#ifndef PH_GIVEN_PIECES_H
#define PH_GIVEN_PIECES_H

#include "given.h"

enum { GIVEN_PIECES_MAX = 32 };

enum given_form {
	GIVEN_DIGITS, /* digits alone, with a leading + or dashes between them too */
	GIVEN_WORD,   /* letters and digits, with dashes between them */
	GIVEN_AMOUNT, /* with a unit of money, or written as money is */
	GIVEN_DATE,
	GIVEN_TIME,
	GIVEN_LINK,
	GIVEN_OTHER /* of digits too, and none of these: "500-1000" */
};

struct given_piece {
	struct span at; /* where it stands, in given_text.text */
	enum given_form form;
	bool plain; /* its form says by itself which value it is: not "3点", "11/12", "3万" */
	char value[GIVEN_VALUE_SIZE]; /* as its type wants it; "" where it is not plain */
};

struct given_text {
	char octets[GIVEN_TEXT_MAX];
	struct span text; /* in half width */
	struct given_piece pieces[GIVEN_PIECES_MAX];
	size_t count;
	bool cut; /* there were more: nothing is known to be the only one */
};

/** Cuts a valid text of at most GIVEN_TEXT_MAX octets. */
void given_cut(struct span text, const struct tm *today, struct given_text *out);

/** Which of the words, NULL behind the last, text ends or begins with: its octets; 0: none. An
 * English one must stand alone. Case is levelled. */
size_t given_ends(struct span text, const char *const *words);
size_t given_begins(struct span text, const char *const *words);

#endif
