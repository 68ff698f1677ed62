/*
 * The demonstration catalogue as it is shipped: it loads, every template can be rendered, and on
 * questions that are not among its samples it does what a good clerk would do.
 */
#include "catalogue.h"
#include "matcher_calibration.h"
#include "unit.h"

#include <stdio.h>

/* What docs/templates.md asks of an answer in each language. */
enum { SAMPLES_LEAST = 8, SAMPLES_MOST = 15 };

#define CONTENT PH_VECTORS "/../../templates/content"

/* What the shipped catalogue must reach on questions.tsv. */
#define PRECISION_LEAST 0.98
#define SETTLED_LEAST 0.71
#define TOP_THREE_LEAST 0.95

static struct catalogue *c;
static struct match_scratch *scratch;

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static void setup(void)
{
	ck_assert_int_eq(catalogue_load(CONTENT, NULL, 0, on_told, NULL, &c), 0);
	scratch = match_scratch_create();
}

static void teardown(void)
{
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}

static size_t count_kind(enum template_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < catalogue_count(c); i++)
		count += catalogue_at(c, i)->kind == kind;
	return count;
}

START_TEST(there_are_answers_for_a_bank)
{
	ck_assert_uint_ge(count_kind(TEMPLATE_ANSWER), 120);
	ck_assert_uint_ge(count_kind(TEMPLATE_CANNED), 20);
	for (size_t i = 0; i < catalogue_count(c); i++) {
		const struct template *t = catalogue_at(c, i);

		if (t->kind != TEMPLATE_ANSWER)
			continue;
		for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
			ck_assert_msg(t->sample_count[l] >= SAMPLES_LEAST &&
			                      t->sample_count[l] <= SAMPLES_MOST,
			              "%s: %zu in %s", t->id.ptr, (size_t)t->sample_count[l],
			              language_name((enum language)l));
	}
}
END_TEST

/* The router asks for these by id. */
static const char *const needed[] = {
	"system.welcome",       "system.handover",       "system.handover_closed",
	"system.handover_away", "system.handover_place", "system.handover_position",
	"system.menu",          "system.incomplete",     "system.unsupported",
	"system.unavailable",   "system.not_understood", "system.too_long",
	"system.closed",        "system.need_verify",    "system.opted_out",
};

START_TEST(what_the_router_says_is_there)
{
	const struct template *t = catalogue_find(c, span_of(needed[_i]));

	ck_assert_msg(t && t->kind == TEMPLATE_SYSTEM, "%s", needed[_i]);
}
END_TEST

static void render_all(const struct template *t)
{
	struct render_value values[CATALOGUE_VARIABLES_MAX];
	struct buf out;
	struct span culprit;

	for (size_t v = 0; v < t->variable_count; v++)
		values[v] = (struct render_value){t->variables[v].name, t->variables[v].example};
	buf_init(&out, 10000);
	for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
		for (unsigned m = 0; m < MEDIUM_COUNT; m++) {
			struct render_order order = {(enum language)l, (enum medium)m, values,
			                             t->variable_count};

			buf_clear(&out);
			ck_assert_msg(template_render(t, &order, &out, &culprit) == 0, "%s",
			              t->id.ptr);
			ck_assert_msg(!memmem(out.data, out.len, "{{", 2), "%s", t->id.ptr);
		}
	buf_fini(&out);
}

START_TEST(every_template_can_be_rendered_with_its_examples)
{
	for (size_t i = 0; i < catalogue_count(c); i++)
		if (catalogue_at(c, i)->kind != TEMPLATE_HANDOVER)
			render_all(catalogue_at(c, i));
}
END_TEST

START_TEST(every_sample_finds_its_own_answer)
{
	for (size_t i = 0; i < catalogue_count(c); i++) {
		const struct template *t = catalogue_at(c, i);

		if (t->kind != TEMPLATE_ANSWER)
			continue;
		for (unsigned l = 0; l < LANGUAGE_COUNT; l++)
			for (size_t s = 0; s < t->sample_count[l]; s++) {
				struct match got;

				catalogue_match(c, scratch, t->samples[l][s], LANGUAGE_UNKNOWN,
				                &got);
				ck_assert_msg(got.zone == MATCH_ANSWER && got.best[0].answer == t,
				              "%s", t->samples[l][s].ptr);
			}
	}
}
END_TEST

struct score {
	size_t questions, in_scope, top, top_three, answered, right, menus, held, for_human,
		handed_over;
};

/* "a|b": one of several answers would do. */
static bool is_wanted(struct span label, struct span id)
{
	while (label.len)
		if (span_eq(span_split(label, '|', &label), id))
			return true;
	return false;
}

static void judge(struct score *s, struct span label, struct span text)
{
	bool human = span_is(label, "human");
	struct match got;
	bool right, in_three = false;

	catalogue_match(c, scratch, text, LANGUAGE_UNKNOWN, &got);
	for (size_t i = 0; i < got.count && i < 3; i++)
		in_three = in_three || is_wanted(label, got.best[i].answer->id);
	right = !human && got.count && is_wanted(label, got.best[0].answer->id);
	s->questions++;
	s->in_scope += !human;
	s->for_human += human;
	s->top += right;
	s->top_three += in_three;
	s->answered += got.zone == MATCH_ANSWER;
	s->right += got.zone == MATCH_ANSWER && right;
	s->menus += got.zone == MATCH_MENU;
	s->held += got.zone == MATCH_MENU && in_three;
	s->handed_over += human && got.zone == MATCH_HUMAN;
	if (got.zone == MATCH_ANSWER && !right)
		printf("wrong: %.*s -> %s, not %.*s (%.2f)\n", SPAN_FMT(text),
		       got.best[0].answer->id.ptr, SPAN_FMT(label), (double)got.confidence);
}

static struct score judge_file(const char *path)
{
	struct score s = {0};
	char line[1024];
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		struct span text, label = span_split(span_trim(span_of(line)), '\t', &text);

		if (label.len && label.ptr[0] != '#')
			judge(&s, label, text);
	}
	fclose(f);
	return s;
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

START_TEST(on_questions_it_never_saw_it_is_right_or_silent)
{
	struct score s = judge_file(PH_VECTORS "/questions.tsv");

	printf("%zu questions: settled %.1f %%: answered %.1f %%, of these right %.1f %%, menus "
	       "%.1f %%, of these with the right one %.1f %%; best is right %.1f %%, among three "
	       "%.1f %%; left to a person %.1f %% of those that need one\n",
	       s.questions, 100 * share(s.right + s.held, s.questions),
	       100 * share(s.answered, s.questions), 100 * share(s.right, s.answered),
	       100 * share(s.menus, s.questions), 100 * share(s.held, s.menus),
	       100 * share(s.top, s.in_scope), 100 * share(s.top_three, s.in_scope),
	       100 * share(s.handed_over, s.for_human));
	ck_assert_uint_ge(s.questions, 300);
	ck_assert_double_ge(share(s.right, s.answered), PRECISION_LEAST);
	ck_assert_double_ge(share(s.right + s.held, s.questions), SETTLED_LEAST);
	ck_assert_double_ge(share(s.top_three, s.in_scope), TOP_THREE_LEAST);
}
END_TEST

/* What answers in the first second of a node's life, while the rest is learned. */
START_TEST(a_quick_start_answers_less_but_as_rightly)
{
	struct catalogue *whole = c;
	struct score s;

	ck_assert_int_eq(catalogue_load_quick(CONTENT, NULL, 0, on_told, NULL, &c), 0);
	ck_assert(catalogue_is_quick(c));
	s = judge_file(PH_VECTORS "/questions.tsv");
	printf("quickly: answered %.1f %%, of these right %.1f %%, settled %.1f %%\n",
	       100 * share(s.answered, s.questions), 100 * share(s.right, s.answered),
	       100 * share(s.right + s.held, s.questions));
	catalogue_unref(&c);
	c = whole;
	ck_assert_double_ge(share(s.right, s.answered), PRECISION_LEAST);
	ck_assert_double_ge(share(s.answered, s.questions), 0.2);
}
END_TEST

/* A node that starts quickly reads agents' corrections at once. */
START_TEST(a_quick_start_stays_as_careful_when_it_is_refitted)
{
	struct catalogue *quick = NULL;
	const struct calibration *own;
	struct match_required required;
	struct calibration fitted;

	ck_assert_int_eq(catalogue_load_quick(CONTENT, NULL, 0, on_told, NULL, &quick), 0);
	own = matcher_calibration(catalogue_matcher(quick));
	required = catalogue_required(quick);
	ck_assert_int_eq(matcher_recalibrate(catalogue_matcher(quick), NULL, 0, &required, &fitted),
	                 0);
	ck_assert_float_eq(fitted.zones.answer, own->zones.answer);
	required = catalogue_required(c);
	ck_assert_int_eq(matcher_recalibrate(catalogue_matcher(quick), NULL, 0, &required, &fitted),
	                 0);
	ck_assert_float_lt(fitted.zones.answer, own->zones.answer);
	catalogue_unref(&quick);
}
END_TEST

START_TEST(what_is_refined_is_what_is_trained_at_once)
{
	struct catalogue *quick = NULL;
	struct catalogue_cache use;
	struct matcher *refined = NULL;
	struct match a, b;

	ck_assert_int_eq(catalogue_load_quick(CONTENT, NULL, 0, on_told, NULL, &quick), 0);
	ck_assert_int_eq(catalogue_refine(quick, NULL, &use, &refined), 0);
	catalogue_adopt(quick, use, &refined);
	ck_assert(!catalogue_is_quick(quick) && !refined);
	catalogue_match(c, scratch, SPAN_LIT("lost my visa on the bus"), LANGUAGE_EN, &a);
	catalogue_match(quick, scratch, SPAN_LIT("lost my visa on the bus"), LANGUAGE_EN, &b);
	ck_assert_int_eq(memcmp(&a.signals, &b.signals, sizeof(a.signals)), 0);
	ck_assert_float_eq(a.confidence, b.confidence);
	catalogue_unref(&quick);
}
END_TEST

START_TEST(no_question_is_a_sample)
{
	char line[1024];
	FILE *f = fopen(PH_VECTORS "/questions.tsv", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		struct span text, label = span_split(span_trim(span_of(line)), '\t', &text);
		struct match got;

		if (!label.len || label.ptr[0] == '#')
			continue;
		catalogue_match(c, scratch, text, LANGUAGE_UNKNOWN, &got);
		ck_assert_msg(!got.exact, "%.*s", SPAN_FMT(text));
	}
	fclose(f);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("content");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_are_answers_for_a_bank);
	tcase_add_loop_test(tc, what_the_router_says_is_there, 0, (int)ARRAY_LEN(needed));
	tcase_add_test(tc, every_template_can_be_rendered_with_its_examples);
	tcase_add_test(tc, every_sample_finds_its_own_answer);
	tcase_add_test(tc, on_questions_it_never_saw_it_is_right_or_silent);
	tcase_add_test(tc, a_quick_start_answers_less_but_as_rightly);
	tcase_add_test(tc, a_quick_start_stays_as_careful_when_it_is_refitted);
	tcase_add_test(tc, what_is_refined_is_what_is_trained_at_once);
	tcase_add_test(tc, no_question_is_a_sample);
	return unit_run("content", &tc, 1);
}
