/* What is left of a look-up behind the first octet. */
#include "phrases.h"

static bool may_begin(struct span token, const char *phrase)
{
	return token.len && token.ptr[0] == phrase[0];
}

size_t phrase_rest_at(const struct normal *n, size_t at, size_t end, const char *phrase)
{
	struct span rest = span_of(phrase);
	size_t from = at;

	while (rest.len) {
		struct span word = span_split(rest, ' ', &rest);

		if (at >= end || !span_eq(normal_token(n, at), word))
			return 0;
		at++;
	}
	return at - from;
}

bool phrase_any_at(const struct normal *n, size_t at, const char *const *phrases)
{
	for (; *phrases; phrases++)
		if (phrase_at(n, at, n->count, *phrases))
			return true;
	return false;
}

bool phrase_any_before(const struct normal *n, size_t at, size_t reach, const char *const *phrases)
{
	for (size_t back = 1; back <= reach && back <= at; back++)
		if (phrase_any_at(n, at - back, phrases))
			return true;
	return false;
}

bool phrase_is_word(struct span token, const char *const *words)
{
	for (; *words; words++)
		if (may_begin(token, *words) && span_is(token, *words))
			return true;
	return false;
}
