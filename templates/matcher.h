/*
 * What a text asks for: the best answers with a score each, how sure that is, and therefore what
 * should follow. A linear model over hashed words and characters, trained once from sample
 * questions and never changed after; matching is arithmetic over a few hundred numbers, allocates
 * nothing and gives the same result for the same samples and text, always.
 *
 * Words for a human are an intent of its own and win over every answer.
 */
#ifndef PH_MATCHER_H
#define PH_MATCHER_H

#include "language.h"

struct template;
struct matcher;
struct match_scratch;

#define MATCH_BEST 5

enum match_intent {
	MATCH_NOTHING,    /* no word in it: empty, emoji, punctuation */
	MATCH_QUESTION,   /* something was said; the zone tells what to do */
	MATCH_WANTS_HUMAN /* "人工", "agent", "0": to a person, whatever else it says */
};

enum match_zone {
	MATCH_HUMAN, /* a person; best[] are suggestions for the agent */
	MATCH_MENU,  /* "did you mean": offer the best three */
	MATCH_ANSWER /* best[0] may be sent by itself */
};

struct match_hit {
	const struct template *answer; /* NULL from matcher_match(): it knows indexes only */
	uint32_t index;                /* of the answer in the samples' numbering */
	float score;                   /* signed distance to the model's border, or 1 when exact */
};

#define MATCH_INDEX_NONE UINT32_MAX

/* What the confidence is computed from; recorded with every automatic answer. */
struct match_signals {
	float top, margin, entropy, peak, known, length, top_known;
};

struct match {
	enum match_intent intent;
	enum match_zone zone;
	enum language language;          /* of the text, else the hint */
	bool exact;                      /* a sample, word for word after normalising */
	bool cut;                        /* longer than the matcher reads: never MATCH_ANSWER */
	float confidence;                /* estimated probability that best[0] is right, 0 to 1 */
	float menu_confidence;           /* the same that the right one is among the best three */
	const struct template *handover; /* why a person is needed, where the catalogue says so */
	uint32_t handover_index;         /* the same as an index, or MATCH_INDEX_NONE */
	size_t count;                    /* of best: answers only, sorted, best first */
	struct match_hit best[MATCH_BEST];
	struct match_signals signals;
};

struct match_sample {
	struct span text; /* valid UTF-8 */
	uint32_t answer;  /* from 0, less than answers */
};

#define MATCHER_ANSWERS_MAX 131072
/* What the linear model tells apart. Of more, those with most samples; the others wait for search.
 */
#define MATCHER_MODELLED_MAX 4096
/* Fewer samples: offered, never sent by itself. */
#define MATCHER_SAMPLES_LEAST 3

/* The limits that a catalogue's zones are found for. */
struct match_required {
	float answer;       /* share of automatic answers that must be right */
	float menu;         /* share of menus that must hold the right answer */
	float out_of_scope; /* share of questions like samples that no answer covers after all */
	float in_scope;     /* of those that one covers, the share it is the best for, at least */
};

/**
 * 0.98, 0.80, 0.05 and 0.90. Samples are written to differ, so one that is left out is harder to
 * find than a customer's question; in_scope keeps a well written catalogue from being distrusted.
 */
extern const struct match_required match_required_default;

/* What a matcher learns from. */
struct match_source {
	const struct match_sample *samples;
	size_t count;
	uint32_t answers;
	const bool *handover; /* of each answer whether a person is needed for it; NULL: of none */
	const struct match_required *required; /* NULL: match_required_default */
};

/* How sure it must be, in estimated probability: answer of confidence, menu of menu_confidence. */
struct match_zones {
	float answer, menu;
};

/**
 * Trains from samples and finds, by leaving some of them out, how far its scores can be trusted
 * (matcher_calibration.h), on a thread of its own that ends with the call. Computes for some
 * hundred milliseconds a hundred answers: not on the loop. -EINVAL: an answer out of range, or more
 * than MATCHER_ANSWERS_MAX; -ENOMEM. No sample at all is allowed: everything then goes to a person.
 */
int matcher_create(const struct match_source *source, struct matcher **out) MUST_CHECK;
/**
 * The same for a start that cannot wait: the linear model alone and roughly, less than half of the
 * work. It answers as rightly, but seldomer: half as many wrong answers are allowed it.
 */
int matcher_create_quick(const struct match_source *source, struct matcher **out) MUST_CHECK;
/** What a quick matcher has to keep to where a whole one keeps to required. */
struct match_required match_required_quick(const struct match_required *required);
/**
 * Trainings of this process end at once from now on, those under way too, with -ECANCELED: for a
 * process that ends and would wait for them only to throw away what they found. Any thread.
 */
void matcher_give_up(void);
/** Whether that was said: for those who compute for long. */
bool matcher_is_given_up(void);
/** Accepts NULL inside and sets it NULL. */
void matcher_destroy(struct matcher **m);

/** NULL when out of memory. For any matcher; one call at a time may use it. */
struct match_scratch *match_scratch_create(void);
void match_scratch_destroy(struct match_scratch **scratch);

/** Any octets, any length: see catalogue_match(). */
void matcher_match(const struct matcher *m, struct match_scratch *scratch, struct span text,
                   enum language hint, struct match *out);

/** Octets of memory the model holds. */
size_t matcher_size(const struct matcher *m);

/** "answer", "menu", "human". */
const char *match_zone_name(enum match_zone zone);

#endif
