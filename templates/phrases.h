/* Looking for fixed phrases among the tokens of a text: what the small detectors share. */
#ifndef PH_PHRASES_H
#define PH_PHRASES_H

#include "matcher_normal.h"

/**
 * How many tokens a phrase takes at a place, or 0 when it does not stand there before end. Its
 * words have one blank between them; each Chinese character is a word.
 */
size_t phrase_at(const struct normal *n, size_t at, size_t end, const char *phrase);

/** Whether one of the phrases, the last of which is NULL, begins at a place. */
bool phrase_any_at(const struct normal *n, size_t at, const char *const *phrases);

/** Whether one of them begins at most reach tokens before a place. */
bool phrase_any_before(const struct normal *n, size_t at, size_t reach, const char *const *phrases);

/** Whether a token is one of the words, the last of which is NULL. */
bool phrase_is_word(struct span token, const char *const *words);

#endif
