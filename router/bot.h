/*
 * What the bot does with a text: answers it, offers a menu, asks for what an answer needs, or
 * fetches a person. Works out one turn from the text and the state of the former one, which the
 * conversation keeps; nothing here is kept or sent. docs/templates.md tells it in words.
 */
#ifndef PH_BOT_H
#define PH_BOT_H

#include "catalogue.h"
#include "connector.h"
#include "match_memo.h"
#include "message.h"

enum { BOT_STATE_MAX = 640, BOT_QUESTION_MAX = 200 };

enum bot_did {
	BOT_NOTHING,  /* there is nothing to say: an event */
	BOT_ANSWERED, /* sure, by itself */
	BOT_CHOSEN,   /* the customer chose from the menu */
	BOT_MENU,     /* "did you mean" */
	BOT_ASKED,    /* for what the answer needs */
	BOT_DROPPED,  /* the customer does not want it any more */
	BOT_HUMAN,    /* a person */
	BOT_DIDS
};

/* Why a person. */
enum bot_why {
	BOT_WHY_NONE,
	BOT_WHY_WANTED,   /* asked for one */
	BOT_WHY_UNHAPPY,  /* has had enough */
	BOT_WHY_UNSURE,   /* no answer is likely enough */
	BOT_WHY_TWICE,    /* missed the second time in a row */
	BOT_WHY_HANDOVER, /* the catalogue says that only a person should */
	BOT_WHY_VERIFY,   /* the answer is for customers who proved who they are */
	BOT_WHY_LACKING,  /* the customer does not have what the answer needs */
	BOT_WHY_KIND      /* a picture, an incomplete message */
};

/* What the text says to what the bot said before it, as far as the text alone tells. */
enum bot_after {
	BOT_AFTER_OTHER,
	BOT_AFTER_CHOICE, /* chose from a menu */
	BOT_AFTER_VALUE,  /* gave what was asked for */
	BOT_AFTER_THANKS, /* "thanks", "ok" */
	BOT_AFTER_DROP,   /* "never mind" */
	BOT_AFTER_PERSON  /* asked for a person, or has had enough */
};

/* The queue that a person would come from. */
struct bot_desk {
	bool known;
	unsigned agents;   /* available for it */
	unsigned place;    /* the customer's in it; 0: somebody is free */
	unsigned wait_min; /* about as long until then; 0: not known */
};

/* Who is spoken to, and with what. */
struct bot {
	const struct connector_ops *ops;   /* what the channel can show */
	void *self;                        /* of the channel, for its marks */
	const struct catalogue *catalogue; /* may be NULL */
	struct match_memo *memo;
	struct match_scratch *scratch;
	uint64_t now_ms;
	bool verified; /* the customer proved who they are */
	struct bot_desk desk;
	unsigned opens_min,
		closes_min; /* when agents are there, minutes of the day; equal: always */
};

struct bot_turn {
	enum bot_did did;
	enum bot_why why;
	struct message *reply;                  /* NULL: nothing is said; for message_unref() */
	char next[BOT_STATE_MAX];               /* the state after it; "": none */
	char matter[CATALOGUE_ID_SIZE_MAX + 1]; /* the answer given, or the likeliest; "": none */
	float confidence;
	char missed[BOT_QUESTION_MAX +
	            1]; /* an earlier question whose menu did not have it; "": none */
	bool question;  /* the text itself is one, and not a number or a remark */
	bool secret;    /* the reply is for a verified customer only */
	enum bot_after after;
	enum language language;
};

/** One turn. state: what the turn before left, empty for none; anything else is taken for none. */
void bot_turn(const struct bot *bot, const struct message *m, struct span state,
              struct bot_turn *out);

const char *bot_did_name(enum bot_did did);
const char *bot_why_name(enum bot_why why);

#endif
