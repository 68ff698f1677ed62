/* Looking for fixed phrases among the tokens of a text: what the small detectors share. */
#ifndef PH_PHRASES_H
#define PH_PHRASES_H

#include "matcher_normal.h"

/** phrase_at() of a phrase whose first octet is right. */
size_t phrase_rest_at(const struct normal *n, size_t at, size_t end, const char *phrase);

/**
 * How many tokens a phrase takes at a place, or 0 when it does not stand there before end. Its
 * words have one blank between them; each Chinese character is a word. Nearly all phrases fail at
 * their first octet, and are asked for at every token of every text: that much is inline.
 */
static inline size_t phrase_at(const struct normal *n, size_t at, size_t end, const char *phrase)
{
	if (at >= end || n->text[n->tokens[at].at] != phrase[0])
		return 0;
	return phrase_rest_at(n, at, end, phrase);
}

/** Whether one of the phrases, the last of which is NULL, begins at a place. */
bool phrase_any_at(const struct normal *n, size_t at, const char *const *phrases);

/** Whether one of them begins at most reach tokens before a place. */
bool phrase_any_before(const struct normal *n, size_t at, size_t reach, const char *const *phrases);

/** Whether a token is one of the words, the last of which is NULL. */
bool phrase_is_word(struct span token, const char *const *words);

#endif
