/*
 * A table of sets of two, by the keyed hash of the text: a peer cannot choose texts that fall into
 * one set. The older of a set gives way.
 */
#include "match_memo.h"

#include <stdlib.h>

#include "choice.h"
#include "hash.h"
#include "mood.h"

enum { SETS = 512, TEXT_MAX = 160 };

struct kept {
	uint64_t hash;
	enum language hint;
	uint16_t len; /* 0: free; an empty text matches nothing and needs no memory */
	char text[TEXT_MAX];
	struct match match;
	struct match_manner manner;
};

struct kept_set {
	struct kept of[2];
	unsigned older; /* which one gives way */
};

struct match_memo {
	struct kept_set sets[SETS];
};

struct match_memo *match_memo_create(void)
{
	return calloc(1, sizeof(struct match_memo));
}

void match_memo_destroy(struct match_memo **memo)
{
	free(*memo);
	*memo = NULL;
}

void match_memo_clear(struct match_memo *memo)
{
	for (size_t i = 0; i < SETS; i++)
		memo->sets[i].of[0].len = memo->sets[i].of[1].len = 0;
}

static bool is_it(const struct kept *k, uint64_t hash, struct span text, enum language hint)
{
	return k->len && k->hash == hash && k->hint == hint &&
	       span_eq(text, (struct span){k->text, k->len});
}

static struct match_manner manner_of(struct span text)
{
	return (struct match_manner){mood_is_unhappy(text), remark_of(text),
	                             choice_of(text, CHOICE_MAX) != 0};
}

void match_memo_match(struct match_memo *memo, const struct catalogue *c,
                      struct match_scratch *scratch, struct span text, enum language hint,
                      struct match *out, struct match_manner *manner)
{
	uint64_t hash = text.len && text.len <= TEXT_MAX ? hash_octets(text.ptr, text.len) : 0;
	struct kept_set *set = &memo->sets[hash % SETS];
	struct kept *k;

	if (!text.len || text.len > TEXT_MAX) {
		catalogue_match(c, scratch, text, hint, out);
		*manner = manner_of(text);
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(set->of); i++)
		if (is_it(&set->of[i], hash, text, hint)) {
			set->older = !i;
			*out = set->of[i].match;
			*manner = set->of[i].manner;
			return;
		}
	catalogue_match(c, scratch, text, hint, out);
	*manner = manner_of(text);
	k = &set->of[set->older];
	set->older = !set->older;
	k->hash = hash;
	k->hint = hint;
	k->len = (uint16_t)text.len;
	memcpy(k->text, text.ptr, text.len);
	k->match = *out;
	k->manner = *manner;
}
