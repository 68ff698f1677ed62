/* What the files of the bot share: bot.c decides, bot_menu.c offers choices, bot_ask.c asks for
 * what an answer needs, bot_say.c says it. */
#ifndef PH_BOT_PRIVATE_H
#define PH_BOT_PRIVATE_H

#include "bot.h"
#include "given.h"

enum { MENU_LINES = 3, MENU_LEAST = 2, VALUES_MAX = CATALOGUE_VARIABLES_MAX + 4 };
enum { VALUE_SIZE = 256 };

/* A turn being worked out. */
struct turn {
	const struct bot *bot;
	const struct message *m;
	struct bot_turn *out;
	struct match match;
	struct match_manner manner;
	/* Of the turn before. */
	char kind; /* 'm', 'c', 'q', 0 */
	enum language spoken;
	struct span ids;      /* of a menu, or the one answer */
	struct span question; /* of a menu */
	unsigned tries;       /* how often a value was none */
	struct render_value values[VALUES_MAX];
	size_t value_count;
	char value[VALUE_SIZE];                      /* the one that was said now */
	struct given given[CATALOGUE_VARIABLES_MAX]; /* what the question itself said */
	size_t given_count;
	char date[16], hour[8], opens[8], closes[8], place[12], minutes[12];
};

/* --- bot_say.c --- */

/** NULL: the catalogue has none. */
const struct template *bot_system_template(const struct turn *t, const char *id);
/** What every answer may use of the customer and the hour, behind count values; their number. */
size_t bot_known_values(struct turn *t, struct render_value *out, size_t count);
/** What a notice to those who wait for a person may use of the desk; their number. */
size_t bot_desk_values(struct turn *t, struct render_value *out);
/** The reply with what it has in common with all others, and its record. NULL: no memory. */
struct message *bot_say(const struct turn *t, struct message *like);
/** Renders a template: 0 and the message, or why not; *culprit is the variable that lacks a value.
 */
int bot_word(struct turn *t, const struct template *answer, const struct render_value *values,
             size_t count, struct span *culprit, struct message **out) MUST_CHECK;

/* --- bot_ask.c --- */

/** Asks for a variable of the answer. False: it does not say how to ask, or there is no room to
 * remember. */
bool bot_ask(struct turn *t, const struct template *answer, struct span name, unsigned tries);
/** Takes what the question says of what the answer needs, where there is no doubt: that is not
 * asked for. */
void bot_take_given(struct turn *t, const struct template *answer, struct span question);
/** The customer was asked for a value: what was said is one, is asked for again, or is given up.
 * False: it is to be read as any text. */
bool bot_take_value(struct turn *t);
/** Given up, whatever was offered or asked for. False: the catalogue has no words for it. */
bool bot_drop(struct turn *t);
/** A second try at a value that was none. False: there were enough. */
bool bot_ask_again(struct turn *t);

/* --- bot_menu.c --- */

/** Whether the lines of a menu may be chosen: it was said last, or one of its answers was. */
bool bot_has_menu(const struct turn *t);
/** The answer that was chosen: by its number, or, as a button says it, by its title. NULL: none. */
const struct template *bot_chosen(const struct turn *t);
/** Offers the best. False: it cannot be said. */
bool bot_offer(struct turn *t);

/* --- bot.c --- */

/** Gives the answer, or asks for what it lacks, or fetches a person. */
void bot_give(struct turn *t, const struct template *answer, enum bot_did did);
void bot_hand_over(struct turn *t, enum bot_why why);

#endif
