/*
 * How well a catalogue does on questions it was not made from, counted as a bank would: settled is
 * a question that needed no person, by an automatic answer that is right or by a menu of three that
 * holds the right one. A wrong answer settles nothing, nor does a menu without the right one.
 */
#include "evaluate_catalogue.h"

#include "match_command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define MENU_LINES 3

struct tally {
	size_t questions, in_scope, top1, top3;
	size_t answered, right, menus, held;
	size_t for_human, left_to_human;
};

static bool wants_human(struct span label)
{
	return span_is(label, "human") || span_is(label, LABEL_OUT_OF_SCOPE);
}

static bool is_wanted(struct span label, struct span id)
{
	while (label.len)
		if (span_eq(span_split(label, '|', &label), id))
			return true;
	return false;
}

static bool is_among(struct span label, const struct match *m, size_t first)
{
	for (size_t i = 0; i < m->count && i < first; i++)
		if (is_wanted(label, m->best[i].answer->id))
			return true;
	return false;
}

static void print_wrong(const struct labelled *q, const struct match *m)
{
	fprintf(stderr, "%s\t%.*s\tnot %s (%.3f)\t%.*s\n", match_zone_name(m->zone),
	        SPAN_FMT(q->label), m->count ? m->best[0].answer->id.ptr : "-",
	        (double)m->confidence, SPAN_FMT(q->text));
}

static void count(struct tally *t, const struct labelled *q, const struct match *m, bool wrong)
{
	bool human = wants_human(q->label);
	bool top1 = !human && is_among(q->label, m, 1);
	bool top3 = !human && is_among(q->label, m, MENU_LINES);
	bool answered = m->zone == MATCH_ANSWER, menu = m->zone == MATCH_MENU;

	t->questions++;
	t->in_scope += !human;
	t->for_human += human;
	t->top1 += top1;
	t->top3 += top3;
	t->answered += answered;
	t->right += answered && top1;
	t->menus += menu;
	t->held += menu && top3;
	t->left_to_human += human && m->zone == MATCH_HUMAN;
	if (wrong && ((answered && !top1) || (menu && !top3) || (m->zone == MATCH_HUMAN && !human)))
		print_wrong(q, m);
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

static void print(const struct catalogue *c, const struct tally *t)
{
	json_t *out = json_pack(
		"{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "catalogue",
		catalogue_version(c), "questions", (json_int_t)t->questions, "questions_in_scope",
		(json_int_t)t->in_scope, "settled", share(t->right + t->held, t->questions),
		"answered", share(t->answered, t->questions), "answered_right",
		share(t->right, t->answered), "menus", share(t->menus, t->questions),
		"menus_with_the_right_one", share(t->held, t->menus), "top1",
		share(t->top1, t->in_scope), "top3", share(t->top3, t->in_scope),
		"left_to_a_person_of_those_for_one", share(t->left_to_human, t->for_human),
		"model_bytes", (json_int_t)catalogue_engine_size(c));

	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(out);
}

static size_t count_unknown(const struct catalogue *c, const struct labelled_set *questions)
{
	size_t unknown = 0;

	for (size_t i = 0; i < questions->count; i++) {
		struct span label = questions->rows[i].label;

		while (label.len && !wants_human(questions->rows[i].label)) {
			struct span id = span_split(label, '|', &label);
			const struct template *t = catalogue_find(c, id);

			if (t && t->kind == TEMPLATE_ANSWER)
				continue;
			fprintf(stderr, "question %zu: \"%.*s\" is no answer of the catalogue\n",
			        i + 1, SPAN_FMT(id));
			unknown++;
		}
	}
	return unknown;
}

int evaluate_catalogue(const char *directory, const struct labelled_set *questions, bool wrong)
{
	struct catalogue *c = match_command_load(directory);
	struct match_scratch *scratch = match_scratch_create();
	struct tally t = {0};
	struct match m;
	int status = EXIT_FAILURE;

	if (c && scratch && !count_unknown(c, questions)) {
		for (size_t i = 0; i < questions->count; i++) {
			catalogue_match(c, scratch, questions->rows[i].text, LANGUAGE_UNKNOWN, &m);
			count(&t, &questions->rows[i], &m, wrong);
		}
		print(c, &t);
		status = EXIT_SUCCESS;
	}
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
	return status;
}
