/* Labelled files and their faults by line; thresholds chosen on one set, shares measured on
 * another. */
#include "evaluation.h"
#include "unit.h"

#include <stdio.h>

struct heard {
	unsigned lines[8];
	size_t count;
};

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	struct heard *h = arg;

	ck_assert_str_eq(file, "t.tsv");
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(h->count, ARRAY_LEN(h->lines));
	h->lines[h->count++] = line;
}

static int read_text(const char *text, struct heard *heard, struct labelled_set *out)
{
	*heard = (struct heard){.count = 0};
	return labelled_read(span_of(text), "t.tsv", on_told, heard, out);
}

START_TEST(lines_of_label_and_text_are_read)
{
	struct labelled_set set;
	struct heard heard;

	ck_assert_int_eq(read_text("\xEF\xBB\xBF"
	                           "a\tone\r\n\n b \t two  words \noos\t三",
	                           &heard, &set),
	                 0);
	ck_assert_uint_eq(set.count, 3);
	ck_assert(span_is(set.rows[0].label, "a") && span_is(set.rows[0].text, "one"));
	ck_assert(span_is(set.rows[1].label, "b") && span_is(set.rows[1].text, "two  words"));
	ck_assert(span_is(set.rows[2].label, "oos") && span_is(set.rows[2].text, "三"));
	labelled_fini(&set);
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
} faulty[] = {
	{"a\tone\nno tab here\n",    2},
	{"a\tone\n\n\tno label\n",   3},
	{"a\t \nb\ttwo\n",           1},
	{"a\tone\nb\tbad \xFF here", 2},
	{"",			 0},
	{"\n \n",		    0},
};

START_TEST(a_line_that_is_none_is_told_by_its_number)
{
	struct labelled_set set = {NULL, 0};
	struct heard heard;

	ck_assert_int_eq(read_text(faulty[_i].text, &heard, &set), -EINVAL);
	ck_assert_uint_eq(heard.count, 1);
	ck_assert_uint_eq(heard.lines[0], faulty[_i].line);
	ck_assert_ptr_null(set.rows);
}
END_TEST

START_TEST(every_fault_is_told)
{
	struct labelled_set set = {NULL, 0};
	struct heard heard;

	ck_assert_int_eq(read_text("x\ny\na\tone\nz", &heard, &set), -EINVAL);
	ck_assert_uint_eq(heard.count, 3);
	ck_assert_uint_eq(heard.lines[2], 4);
}
END_TEST

START_TEST(labels_are_numbered_in_the_order_of_their_octets)
{
	struct labelled_set set;
	struct label_list labels;
	struct heard heard;

	ck_assert_int_eq(read_text("b\t1\na\t2\nb\t3\noos\t4", &heard, &set), 0);
	ck_assert_int_eq(label_list_make(&set, &labels), 0);
	ck_assert_uint_eq(labels.count, 3);
	ck_assert_uint_eq(label_list_find(&labels, SPAN_LIT("a")), 0);
	ck_assert_uint_eq(label_list_find(&labels, SPAN_LIT("b")), 1);
	ck_assert_uint_eq(label_list_find(&labels, SPAN_LIT("c")), MATCH_INDEX_NONE);
	label_list_fini(&labels);
	labelled_fini(&set);
}
END_TEST

START_TEST(a_handover_is_never_an_answer_but_the_best_answer_counts)
{
	struct match match = {.handover_index = 3, .confidence = 0.9F, .count = 2};
	struct judgement j;

	match.best[0].index = 1;
	match.best[1].index = 2;
	j = judgement_of(&match, 1, true);
	ck_assert_float_eq(j.confidence, 0.0F);
	ck_assert(j.right && j.among_three);
	match.handover_index = MATCH_INDEX_NONE;
	j = judgement_of(&match, 2, true);
	ck_assert(!j.right && j.among_three);
	ck_assert_float_eq(j.confidence, 0.9F);
	j = judgement_of(&match, MATCH_INDEX_NONE, true);
	ck_assert(!j.right && !j.among_three);
}
END_TEST

static struct judgement in(float confidence, bool right)
{
	return (struct judgement){confidence, true, right, right};
}

/* Two hundred right ones above, then wrong and right by turns. */
static size_t mixed(struct judgement *out)
{
	size_t count = 0;

	for (; count < 200; count++)
		out[count] = in(0.9F - (float)count / 1000.0F, true);
	for (; count < 300; count++)
		out[count] = in(0.6F - (float)count / 1000.0F, count % 2 == 0);
	return count;
}

START_TEST(the_threshold_is_the_lowest_that_keeps_the_precision)
{
	struct judgement judged[300];
	struct evaluation_thresholds at;
	struct evaluation got;
	size_t count = mixed(judged);

	ck_assert_int_eq(evaluation_choose(judged, count, &at), 0);
	evaluation_measure(judged, count, &at, &got);
	ck_assert_double_ge(got.at_98.precision, 0.98);
	ck_assert_double_ge(got.at_95.precision, 0.95);
	/* 200 right + k pairs: 4 wrong at most in 208, 11 in 222 */
	ck_assert_double_eq_tol(got.at_98.answered, 208.0 / 300.0, 0.005);
	ck_assert_double_eq_tol(got.at_95.answered, 222.0 / 300.0, 0.005);
	ck_assert_double_eq_tol(got.top1, 250.0 / 300.0, 1e-9);
}
END_TEST

START_TEST(a_few_questions_out_of_scope_count_as_many)
{
	struct judgement judged[301];
	struct evaluation_thresholds with, without;
	size_t count = mixed(judged);

	ck_assert_int_eq(evaluation_choose(judged, count, &without), 0);
	judged[count++] = (struct judgement){.confidence = 0.75F};
	ck_assert_int_eq(evaluation_choose(judged, count, &with), 0);
	ck_assert_float_gt(with.at_98, without.at_98);
	ck_assert_float_gt(with.at_98, 0.75F);
}
END_TEST

START_TEST(nothing_is_answered_where_no_confidence_would_do)
{
	struct judgement judged[10];
	struct evaluation_thresholds at;
	struct evaluation got;

	for (size_t i = 0; i < ARRAY_LEN(judged); i++)
		judged[i] = in(0.5F, i % 2);
	ck_assert_int_eq(evaluation_choose(judged, ARRAY_LEN(judged), &at), 0);
	evaluation_measure(judged, ARRAY_LEN(judged), &at, &got);
	ck_assert_float_gt(at.at_98, 1.0F);
	ck_assert_double_eq(got.at_98.answered, 0.0);
	evaluation_measure(judged, 0, &at, &got);
	ck_assert_double_eq(got.top1, 0.0);
}
END_TEST

START_TEST(scope_loses_few_right_answers)
{
	struct judgement judged[1100];
	struct evaluation_thresholds at;
	struct evaluation got;

	for (size_t i = 0; i < 1000; i++)
		judged[i] = in(0.3F + (float)i / 2000.0F, true);
	for (size_t i = 1000; i < 1100; i++)
		judged[i] = (struct judgement){.confidence = (float)(i - 1000) / 200.0F};
	ck_assert_int_eq(evaluation_choose(judged, 1100, &at), 0);
	evaluation_measure(judged, 1100, &at, &got);
	ck_assert_double_ge(got.in_scope_accuracy, 0.993);
	ck_assert_double_ge(got.oos_recall, 0.6);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("evaluation");

	tcase_add_test(tc, lines_of_label_and_text_are_read);
	tcase_add_loop_test(tc, a_line_that_is_none_is_told_by_its_number, 0,
	                    (int)ARRAY_LEN(faulty));
	tcase_add_test(tc, every_fault_is_told);
	tcase_add_test(tc, labels_are_numbered_in_the_order_of_their_octets);
	tcase_add_test(tc, a_handover_is_never_an_answer_but_the_best_answer_counts);
	tcase_add_test(tc, the_threshold_is_the_lowest_that_keeps_the_precision);
	tcase_add_test(tc, a_few_questions_out_of_scope_count_as_many);
	tcase_add_test(tc, nothing_is_answered_where_no_confidence_would_do);
	tcase_add_test(tc, scope_loses_few_right_answers);
	return unit_run("evaluation", &tc, 1);
}
