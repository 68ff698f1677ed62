/* Zones are found for what is required; what agents corrected moves them. */
#include "matcher_calibration.h"
#include "matcher_snapshot.h"
#include "unit.h"

#include <stdio.h>

enum { ANSWERS = 24, EACH = 24, COUNT = ANSWERS * EACH };

static char texts[COUNT][64];
static struct match_sample samples[COUNT];
static struct matcher *m;

/* Every answer has a word of its own among words that all share. */
static void setup(void)
{
	static const char *const shared[] = {"how", "can", "where", "when", "why", "should"};
	struct match_source source = {samples, COUNT, ANSWERS, NULL, NULL};

	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t answer = i / EACH, n = i % EACH;

		snprintf(texts[i], sizeof(texts[i]), "%s i %s matter%c%c %s", shared[n % 6],
		         shared[(n / 6 + 1) % 6], (char)('a' + answer),
		         (char)('a' + (answer * 7) % 26), shared[(n * 5 + answer) % 6]);
		samples[i] = (struct match_sample){span_of(texts[i]), answer};
	}
	ck_assert_int_eq(matcher_create(&source, &m), 0);
}

static void teardown(void)
{
	matcher_destroy(&m);
}

static struct confidence_case made(float top, bool right, bool covered)
{
	return (struct confidence_case){
		.signals = {.top = top, .margin = top, .known = 1.0F, .top_known = top},
		.weight = 1.0F,
		.right = right,
		.among = right,
		.covered = covered,
	};
}

/* Right the surer the higher; a fixed pattern. */
static void make_cases(struct confidence_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float top = (float)(i % 100) / 50.0F - 1.0F;

		cases[i] = made(top, i / 100 % 5 < i % 100 / 10, i % 3 != 0);
		cases[i].right = cases[i].right && cases[i].covered;
		cases[i].among = cases[i].right;
	}
}

START_TEST(more_is_required_less_is_answered)
{
	struct match_required low = match_required_default, high = match_required_default;
	struct confidence_case cases[1000];
	struct calibration a, b;

	low.answer = 0.90F;
	high.answer = 0.97F;
	make_cases(cases, 1000);
	ck_assert_int_eq(calibration_fit(cases, 1000, &low, &a), 0);
	ck_assert_int_eq(calibration_fit(cases, 1000, &high, &b), 0);
	ck_assert(a.fitted && b.fitted);
	ck_assert_float_gt(b.zones.answer, a.zones.answer);
}
END_TEST

START_TEST(uncovered_cases_weigh_what_is_required)
{
	struct match_required required = match_required_default;
	struct confidence_case cases[1000];
	struct calibration fitted;
	float uncovered = 0.0F, all = 0.0F;

	required.out_of_scope = 0.25F;
	make_cases(cases, 1000);
	ck_assert_int_eq(calibration_fit(cases, 1000, &required, &fitted), 0);
	for (size_t i = 0; i < 1000; i++) {
		uncovered += cases[i].covered ? 0.0F : cases[i].weight;
		all += cases[i].weight;
	}
	ck_assert_float_eq_tol(uncovered / all, 0.25F, 0.001F);
}
END_TEST

START_TEST(too_little_keeps_the_general_calibration)
{
	struct confidence_case cases[CALIBRATION_CASES_LEAST];
	struct calibration fitted;

	make_cases(cases, ARRAY_LEN(cases));
	ck_assert_int_eq(
		calibration_fit(cases, ARRAY_LEN(cases) - 1, &match_required_default, &fitted), 0);
	ck_assert(!fitted.fitted);
	ck_assert_mem_eq(&fitted, &calibration_default, sizeof(fitted));
}
END_TEST

static void deal(const struct match_sample *from, size_t count, uint8_t *folds)
{
	static struct model_sample prepared[COUNT];
	const struct fold_source source = {from, prepared, count, ANSWERS, NULL, false};

	for (size_t i = 0; i < count; i++)
		prepared[i].answer = from[i].answer;
	ck_assert_int_eq(confidence_deal(&source, folds), 0);
}

START_TEST(every_answer_has_its_share_in_every_fold)
{
	uint8_t folds[COUNT];
	unsigned first[CONFIDENCE_FOLDS] = {0};

	deal(samples, COUNT, folds);
	for (uint32_t a = 0; a < ANSWERS; a++) {
		unsigned of[CONFIDENCE_FOLDS] = {0};

		for (size_t i = a * EACH; i < (a + 1) * EACH; i++)
			of[folds[i]]++;
		for (size_t f = 0; f < CONFIDENCE_FOLDS; f++)
			ck_assert(of[f] == EACH / CONFIDENCE_FOLDS ||
			          of[f] == EACH / CONFIDENCE_FOLDS + 1);
		first[folds[a * EACH]]++;
	}
	for (size_t f = 0; f < CONFIDENCE_FOLDS; f++)
		ck_assert_msg(first[f] > 0, "no answer begins with fold %zu", f);
}
END_TEST

/* One sentence less of the first answer, and its last one in other words. */
START_TEST(an_edited_answer_moves_no_other_ones_folds)
{
	struct match_sample edited[COUNT];
	uint8_t before[COUNT], after[COUNT];

	memcpy(edited, samples + 1, (COUNT - 1) * sizeof(*edited));
	edited[EACH - 2].text = SPAN_LIT("something else");
	deal(samples, COUNT, before);
	deal(edited, COUNT - 1, after);
	ck_assert_mem_eq(before + EACH, after + EACH - 1, COUNT - EACH);
}
END_TEST

START_TEST(a_catalogue_is_calibrated_by_itself)
{
	ck_assert(matcher_calibration(m)->fitted);
}
END_TEST

/* The folds run beside the training: neither may see how far the other is. */
START_TEST(calibrated_anew_it_is_the_same_bit_for_bit)
{
	const struct match_source source = {samples, COUNT, ANSWERS, NULL, NULL};
	struct matcher *again;
	struct buf first, second;

	buf_init(&first, MATCHER_SNAPSHOT_MAX);
	buf_init(&second, MATCHER_SNAPSHOT_MAX);
	ck_assert(matcher_calibration(m)->fitted);
	matcher_write(m, 1, &first);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(matcher_create(&source, &again), 0);
		buf_clear(&second);
		matcher_write(again, 1, &second);
		ck_assert_uint_eq(buf_span(&second).len, buf_span(&first).len);
		ck_assert_mem_eq(buf_span(&second).ptr, buf_span(&first).ptr, buf_span(&first).len);
		matcher_destroy(&again);
	}
	buf_fini(&first);
	buf_fini(&second);
}
END_TEST

/* The same text said to be out of scope again and again is believed in the end. */
START_TEST(corrections_refit_the_confidence)
{
	struct match_correction wrong[50];
	struct match_scratch *scratch = match_scratch_create();
	struct calibration fitted;
	struct match before, after;
	const struct span text = SPAN_LIT("where can i matteraa today");

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		wrong[i] = (struct match_correction){text, MATCH_INDEX_NONE, 20.0F};
	matcher_match(m, scratch, text, LANGUAGE_UNKNOWN, &before);
	ck_assert(!before.exact && before.count);
	ck_assert_int_eq(
		matcher_recalibrate(m, wrong, ARRAY_LEN(wrong), &match_required_default, &fitted),
		0);
	matcher_calibrate(m, &fitted);
	matcher_match(m, scratch, text, LANGUAGE_UNKNOWN, &after);
	ck_assert_float_lt(after.confidence, before.confidence);
	ck_assert_uint_eq(after.best[0].index, before.best[0].index);
	match_scratch_destroy(&scratch);
}
END_TEST

START_TEST(a_correction_that_cannot_be_is_refused)
{
	static const struct match_correction bad[] = {
		{{"x", 1}, ANSWERS, 1.0F       },
		{{"x", 1}, 0,       0.0F       },
		{{"x", 1}, 0,       -1.0F      },
		{{"x", 1}, 0,       1.0F / 0.0F},
	};
	struct calibration fitted;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(
			matcher_recalibrate(m, &bad[i], 1, &match_required_default, &fitted),
			-EINVAL);
	ck_assert_int_eq(
		matcher_recalibrate(m, bad, CORRECTIONS_MAX + 1, &match_required_default, &fitted),
		-EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("calibration");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, more_is_required_less_is_answered);
	tcase_add_test(tc, uncovered_cases_weigh_what_is_required);
	tcase_add_test(tc, too_little_keeps_the_general_calibration);
	tcase_add_test(tc, every_answer_has_its_share_in_every_fold);
	tcase_add_test(tc, an_edited_answer_moves_no_other_ones_folds);
	tcase_add_test(tc, a_catalogue_is_calibrated_by_itself);
	tcase_add_test(tc, calibrated_anew_it_is_the_same_bit_for_bit);
	tcase_add_test(tc, corrections_refit_the_confidence);
	tcase_add_test(tc, a_correction_that_cannot_be_is_refused);
	return unit_run("calibration", &tc, 1);
}
