/*
 * Judging a matcher by labelled questions: reading them, choosing thresholds on one set, measuring
 * with those thresholds on another. Pure arithmetic: who has the files and the clock is the command
 * posthouse evaluate (gateway/app/evaluate_command.c), and docs/templates.md says what each figure
 * means.
 */
#ifndef PH_EVALUATION_H
#define PH_EVALUATION_H

#include "catalogue.h"

#define LABELLED_FILE_MAX ((size_t)64 << 20)
#define LABELLED_ROWS_MAX 1000000
#define LABELLED_TEXT_MAX ((size_t)64 << 10)
#define LABEL_OUT_OF_SCOPE "oos" /* hand over */

struct labelled {
	struct span label, text; /* borrowed from the file */
};

struct labelled_set {
	struct labelled *rows;
	size_t count;
};

/**
 * Reads "label TAB text" lines; empty ones, "# remarks" and a byte-order mark are skipped. Every
 * line that is none is told with its number: no tab, nothing before or behind it, not UTF-8, too
 * long. -EINVAL after at least one, or when there is no question at all; -ENOMEM. file must outlast
 * *out.
 */
int labelled_read(struct span file, const char *name, catalogue_told_fn *told, void *arg,
                  struct labelled_set *out) MUST_CHECK;
void labelled_fini(struct labelled_set *set);

/* The labels of a training set, in the order of their octets; "oos" is one if it was trained. */
struct label_list {
	struct span *at;
	uint32_t count;
};

/** Borrowed from the set's file. -E2BIG: more labels than a matcher tells apart; -ENOMEM. */
int label_list_make(const struct labelled_set *set, struct label_list *out) MUST_CHECK;
/** Its number, or MATCH_INDEX_NONE. */
uint32_t label_list_find(const struct label_list *labels, struct span label);
void label_list_fini(struct label_list *labels);

/* What became of one question. */
struct judgement {
	float confidence; /* 0 where it is handed over whatever the threshold */
	bool in_scope;    /* its label is an answer's */
	bool right;       /* the best answer is the label's */
	bool among_three; /* one of the best three is */
};

/** Of a match whose handovers are known to the matcher; want as label_list_find() says. */
struct judgement judgement_of(const struct match *match, uint32_t want, bool in_scope);

/* The least confidence for each purpose; above 1 where no confidence would do. */
struct evaluation_thresholds {
	float scope; /* to take a question as one the answers cover */
	float at_95, at_98;
};

/* Of the questions with "oos" there must be this share at least, or those there are count more. */
#define EVALUATION_OUT_OF_SCOPE 0.20F
/* Above at_98 no larger share of the questions out of scope may be answered. */
#define EVALUATION_OUT_OF_SCOPE_ANSWERED 0.02F
/* The share of in-scope questions whose right answer may be lost to find those that are not. */
#define EVALUATION_SCOPE_LOSS 0.007F

/** Chooses them on a set of judgements, to be used on another. -ENOMEM. */
int evaluation_choose(const struct judgement *judged, size_t count,
                      struct evaluation_thresholds *out) MUST_CHECK;

struct evaluation_coverage {
	double answered;    /* share of all questions */
	double in_scope;    /* the same of those in scope */
	double precision;   /* share of the answered that are right */
	double handed_over; /* share of those out of scope that were not answered */
};

/* Shares, 0 to 1; of nothing the share is 0. */
struct evaluation {
	size_t questions, in_scope;
	double top1, top3;        /* of those in scope, whatever the confidence */
	double in_scope_accuracy; /* of those in scope: right and above the threshold */
	double oos_recall;        /* of the others: below it */
	struct evaluation_coverage at_95, at_98;
};

/** Measures with thresholds that were chosen elsewhere. */
void evaluation_measure(const struct judgement *judged, size_t count,
                        const struct evaluation_thresholds *thresholds, struct evaluation *out);

/**
 * The largest share of all questions that can be answered with that precision on this very set,
 * with a threshold that nobody could know before: what the confidence is worth apart from the
 * choice of a threshold. -ENOMEM.
 */
int evaluation_curve(const struct judgement *judged, size_t count, double precision,
                     double *out) MUST_CHECK;

#endif
