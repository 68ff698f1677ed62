/* Unanswered questions in groups: alike ones together, the largest first, the same every time. */
#include "cluster.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define SPAN(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const struct span questions[] = {
	SPAN("do you sell gold coins"),
	SPAN("数字人民币怎么开通"),
	SPAN("can I buy gold coins with you"),
	SPAN("怎么开通数字人民币钱包"),
	SPAN("weather tomorrow"),
	SPAN("gold coins price"),
	SPAN("数字人民币钱包在哪开通"),
	SPAN("!!!"),
	SPAN("Do you sell gold coins?"),
	SPAN("parking at the main branch"),
	SPAN("is there parking at your branch"),
};

static const struct cluster_options usual;

START_TEST(alike_questions_are_together)
{
	struct cluster_list list;

	ck_assert_int_eq(cluster_texts(questions, ARRAY_LEN(questions), &usual, &list), 0);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_uint_eq(list.at[0].count, 4); /* gold */
	ck_assert_uint_eq(list.at[1].count, 3); /* 数字人民币 */
	ck_assert_uint_eq(list.at[2].count, 2); /* parking */
	ck_assert_uint_eq(list.of_text[0], 0);
	ck_assert_uint_eq(list.of_text[8], 0);
	ck_assert_uint_eq(list.of_text[3], 1);
	ck_assert_uint_eq(list.of_text[4], UINT32_MAX); /* alone */
	ck_assert_uint_eq(list.of_text[7], UINT32_MAX); /* without a word */
	for (size_t i = 0; i < list.count; i++)
		ck_assert_uint_eq(list.of_text[list.at[i].representative], i);
	cluster_list_fini(&list);
}
END_TEST

START_TEST(members_are_listed_group_by_group)
{
	static const uint32_t gold[] = {0, 2, 5, 8};
	struct cluster_list list;

	ck_assert_int_eq(cluster_texts(questions, ARRAY_LEN(questions), &usual, &list), 0);
	ck_assert_uint_eq(list.at[0].first, 0);
	ck_assert_mem_eq(list.member, gold, sizeof(gold));
	ck_assert_uint_eq(list.at[1].first, 4);
	cluster_list_fini(&list);
}
END_TEST

START_TEST(options_say_what_is_told)
{
	struct cluster_options o = {.least = 3, .most = 1};
	struct cluster_list list;

	ck_assert_int_eq(cluster_texts(questions, ARRAY_LEN(questions), &o, &list), 0);
	ck_assert_uint_eq(list.count, 1);
	cluster_list_fini(&list);
	o = (struct cluster_options){.likeness = 1.5F};
	ck_assert_int_eq(cluster_texts(questions, 2, &o, &list), -EINVAL);
	o.likeness = -0.5F;
	ck_assert_int_eq(cluster_texts(questions, 2, &o, &list), -EINVAL);
}
END_TEST

START_TEST(nothing_and_one_have_no_group)
{
	struct cluster_list list;

	ck_assert_int_eq(cluster_texts(NULL, 0, &usual, &list), 0);
	ck_assert_uint_eq(list.count, 0);
	cluster_list_fini(&list);
	ck_assert_int_eq(cluster_texts(questions, 1, &usual, &list), 0);
	ck_assert_uint_eq(list.count, 0);
	cluster_list_fini(&list);
}
END_TEST

/* Forty matters, said in ten ways each and many times over, in a row that mixes them. */
START_TEST(many_texts_are_grouped_in_bounded_time_and_the_same_every_time)
{
	enum { COUNT = CLUSTER_TEXTS_MAX + 5, MATTERS = 40 };
	struct span *texts = calloc(COUNT, sizeof(*texts));
	char(*pool)[64] = calloc(COUNT, sizeof(*pool));
	struct cluster_list a, b;

	for (size_t i = 0; i < COUNT; i++) {
		size_t matter = i * 7 % MATTERS;
		int len = snprintf(pool[i], sizeof(pool[i]), "%s matter%c%c topic%c%c %s",
		                   i % 2 ? "how about" : "tell me of", (char)('a' + matter % 26),
		                   (char)('k' + matter / 26), (char)('z' - matter % 26),
		                   (char)('b' + matter / 26), i % 5 ? "please" : "now");

		texts[i] = (struct span){pool[i], (size_t)len};
	}
	ck_assert_int_eq(cluster_texts(texts, COUNT, &usual, &a), 0);
	ck_assert_int_eq(cluster_texts(texts, COUNT, &usual, &b), 0);
	ck_assert_uint_eq(a.left_out, 5);
	ck_assert_uint_eq(a.count, MATTERS);
	ck_assert_uint_eq(b.count, a.count);
	ck_assert_mem_eq(a.at, b.at, a.count * sizeof(a.at[0]));
	ck_assert_mem_eq(a.of_text, b.of_text, a.looked_at * sizeof(a.of_text[0]));
	cluster_list_fini(&a);
	cluster_list_fini(&b);
	free(texts);
	free(pool);
}
END_TEST

/*
 * Long texts of words that hundreds of others have as well: without a limit they take two
 * hundred times the work that is allowed here.
 */
START_TEST(texts_made_to_take_long_do_not)
{
	enum { COUNT = 2000, FAMILIES = 5, WORDS = 60, SIZE = WORDS * 8 };
	const struct cluster_options options = {.work = 1000000};
	struct span *texts = calloc(COUNT, sizeof(*texts));
	char(*pool)[SIZE] = calloc(COUNT, sizeof(*pool));
	struct cluster_list list;

	for (unsigned i = 0; i < COUNT; i++) {
		size_t len = 0;

		for (unsigned w = 0; w < WORDS - 1; w++)
			len += (size_t)snprintf(pool[i] + len, SIZE - len, "%c%c%c%c ",
			                        'a' + (int)(w % 26), 'c' + (int)(i % FAMILIES),
			                        'a' + (int)(w * 7 % 26), 'a' + (int)(w / 26));
		texts[i] = (struct span){pool[i], len};
	}
	ck_assert_int_eq(cluster_texts(texts, COUNT, &options, &list), 0);
	ck_assert_uint_le(list.products, CLUSTER_GOES * options.work);
	ck_assert_uint_ge(list.products, options.work); /* it had to be cut */
	ck_assert_uint_eq(list.count, FAMILIES);
	for (unsigned i = 0; i < COUNT; i++)
		ck_assert_uint_eq(list.of_text[i], list.of_text[i % FAMILIES]);
	cluster_list_fini(&list);
	free(texts);
	free(pool);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cluster");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, alike_questions_are_together);
	tcase_add_test(tc, members_are_listed_group_by_group);
	tcase_add_test(tc, options_say_what_is_told);
	tcase_add_test(tc, nothing_and_one_have_no_group);
	tcase_add_test(tc, many_texts_are_grouped_in_bounded_time_and_the_same_every_time);
	tcase_add_test(tc, texts_made_to_take_long_do_not);
	return unit_run("cluster", &tc, 1);
}
