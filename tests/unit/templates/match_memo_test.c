/* The memo gives what the catalogue gives, also where texts fall out of it or the catalogue
 * changes. */
#include "choice.h"
#include "match_memo.h"
#include "mood.h"
#include "unit.h"

#include <stdio.h>

static struct match_scratch *scratch;
static struct match_memo *memo;

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	ck_abort_msg("%s:%u: %s", file, line, text);
}

static struct catalogue *catalogue_of(const char *word)
{
	struct catalogue *c = NULL;
	char text[600];
	struct catalogue_file file;

	snprintf(text, sizeof(text),
	         "answers:\n  - id: %s\n    title: {zh: 甲, en: A}\n    text: {zh: 好, en: fine}\n"
	         "    samples:\n      zh: [卡丢失, 怎么挂失, 钱包不见]\n"
	         "      en: [lost card, how to block, wallet gone]\n",
	         word);
	file = (struct catalogue_file){"a.yaml", span_of(text)};
	ck_assert_int_eq(catalogue_build(&file, 1, 1763776800000U, on_told, NULL, &c), 0);
	return c;
}

static void setup(void)
{
	scratch = match_scratch_create();
	memo = match_memo_create();
}

static void teardown(void)
{
	match_memo_destroy(&memo);
	match_scratch_destroy(&scratch);
}

static void same(const struct catalogue *c, struct span text)
{
	struct match want, got;
	struct match_manner manner;

	catalogue_match(c, scratch, text, LANGUAGE_UNKNOWN, &want);
	match_memo_match(memo, c, scratch, text, LANGUAGE_UNKNOWN, &got, &manner);
	ck_assert_int_eq(manner.unhappy, mood_is_unhappy(text));
	ck_assert_int_eq(manner.remark, remark_of(text));
	ck_assert_int_eq(manner.chooses, choice_of(text, CHOICE_MAX) != 0);
	ck_assert_int_eq(want.zone, got.zone);
	ck_assert_int_eq(want.intent, got.intent);
	ck_assert_int_eq(want.language, got.language);
	ck_assert_uint_eq(want.count, got.count);
	for (size_t i = 0; i < want.count; i++)
		ck_assert_ptr_eq(want.best[i].answer, got.best[i].answer);
}

START_TEST(a_text_matches_the_same_again)
{
	struct catalogue *c = catalogue_of("card.lost");
	char text[400];

	memset(text, 'x', sizeof(text));
	for (unsigned turn = 0; turn < 3; turn++) {
		same(c, SPAN_LIT("lost card"));
		same(c, SPAN_LIT("卡丢失"));
		same(c, SPAN_LIT("agent"));
		same(c, SPAN_LIT("你们的服务太差了"));
		same(c, SPAN_LIT("谢谢"));
		same(c, SPAN_LIT("第二个"));
		same(c, SPAN_NONE);
		same(c, (struct span){text, 160});
		same(c, (struct span){text, 161});
		same(c, (struct span){text, sizeof(text)});
	}
	catalogue_unref(&c);
}
END_TEST

START_TEST(more_texts_than_it_holds_are_all_matched_right)
{
	struct catalogue *c = catalogue_of("card.lost");
	char text[40];

	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < 3000; i++) {
			int len = snprintf(text, sizeof(text), i % 2 ? "lost card %u" : "agent %u",
			                   i);

			same(c, (struct span){text, (size_t)len});
		}
	catalogue_unref(&c);
}
END_TEST

START_TEST(the_hint_of_the_language_is_part_of_the_question)
{
	struct catalogue *c = catalogue_of("card.lost");
	struct match got;
	struct match_manner manner;

	match_memo_match(memo, c, scratch, SPAN_LIT("123"), LANGUAGE_EN, &got, &manner);
	ck_assert_int_eq(got.language, LANGUAGE_EN);
	match_memo_match(memo, c, scratch, SPAN_LIT("123"), LANGUAGE_ZH, &got, &manner);
	ck_assert_int_eq(got.language, LANGUAGE_ZH);
	catalogue_unref(&c);
}
END_TEST

START_TEST(nothing_of_an_older_catalogue_is_told)
{
	struct catalogue *first = catalogue_of("card.lost"), *second = catalogue_of("card.gone");
	struct match got;
	struct match_manner manner;

	match_memo_match(memo, first, scratch, SPAN_LIT("lost card"), LANGUAGE_EN, &got, &manner);
	ck_assert(span_is(got.best[0].answer->id, "card.lost"));
	match_memo_clear(memo);
	match_memo_match(memo, second, scratch, SPAN_LIT("lost card"), LANGUAGE_EN, &got, &manner);
	ck_assert(span_is(got.best[0].answer->id, "card.gone"));
	catalogue_unref(&first);
	catalogue_unref(&second);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("match_memo");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_text_matches_the_same_again);
	tcase_add_test(tc, more_texts_than_it_holds_are_all_matched_right);
	tcase_add_test(tc, the_hint_of_the_language_is_part_of_the_question);
	tcase_add_test(tc, nothing_of_an_older_catalogue_is_told);
	return unit_run("match_memo", &tc, 1);
}
