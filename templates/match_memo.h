/*
 * What texts matched lately. Many customers ask in the same words (a menu's digit, "余额", a
 * question that a campaign provokes), and a catalogue gives the same text the same match always.
 */
#ifndef PH_MATCH_MEMO_H
#define PH_MATCH_MEMO_H

#include "catalogue.h"
#include "remark.h"

struct match_memo;

/** NULL when out of memory. About 350 KiB once it is full; texts of up to 160 octets are kept. */
struct match_memo *match_memo_create(void);
void match_memo_destroy(struct match_memo **memo);
/** The catalogue is another one now: all is forgotten. */
void match_memo_clear(struct match_memo *memo);
/* How something is said, whatever it is about. */
struct match_manner {
	bool unhappy;
	enum remark remark;
	bool chooses; /* it is a number: choice_of() of the longest menu */
};

/** As catalogue_match(), mood_is_unhappy(), remark_of() and choice_of(), which are asked for what
 * is not kept. */
void match_memo_match(struct match_memo *memo, const struct catalogue *c,
                      struct match_scratch *scratch, struct span text, enum language hint,
                      struct match *out, struct match_manner *manner);

#endif
