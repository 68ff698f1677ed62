/*
 * Any octets as what a customer says to a menu: a choice is a line of the menu, a larger menu never
 * changes a choice of a smaller one, except the last; moods and wishes are the same when asked
 * twice.
 */
#include "choice.h"
#include "matcher_intent.h"
#include "mood.h"

#include <stdlib.h>

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool wants_human(struct span text)
{
	struct normal n;

	normal_read(text, &n);
	return intent_wants_human(&n) || intent_ends_with_human(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	unsigned before = 0;

	for (unsigned lines = 0; lines <= CHOICE_MAX + 1; lines++) {
		unsigned chosen = choice_of(text, lines);

		require(chosen <= lines && chosen <= CHOICE_MAX);
		require(lines > CHOICE_MAX || !before || chosen == before || chosen == lines);
		before = chosen;
	}
	require(mood_is_unhappy(text) == mood_is_unhappy(text));
	require(wants_human(text) == wants_human(text));
	return 0;
}
