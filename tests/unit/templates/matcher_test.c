/* The matcher over a handful of answers: exact hits, zones, words for a human, bad input. */
#include "matcher.h"
#include "unit.h"

#include <stdlib.h>

enum { LOST, HOURS, LOAN, RARE, ANSWERS };

static const struct match_sample samples[] = {
	{{"我的银行卡丢了", 21},       LOST },
	{{"卡丢了怎么挂失", 21},       LOST },
	{{"I lost my card", 14},              LOST },
	{{"block a stolen card", 19},         LOST },
	{{"你们几点开门", 18},          HOURS},
	{{"周末营业吗", 15},             HOURS},
	{{"what are your opening hours", 27}, HOURS},
	{{"when do you close", 17},           HOURS},
	{{"房贷利率是多少", 21},       LOAN },
	{{"贷款利息怎么算", 21},       LOAN },
	{{"interest rate for a loan", 24},    LOAN },
	{{"how much is a mortgage", 22},      LOAN },
	{{"保险箱出租", 15},             RARE },
	{{"rent a safe box", 15},             RARE },
};

static struct matcher *m;
static struct match_scratch *scratch;

static int make(size_t count, uint32_t answers, struct matcher **out)
{
	struct match_source source = {samples, count, answers, NULL, NULL};

	return matcher_create(&source, out);
}

static void setup(void)
{
	ck_assert_int_eq(make(ARRAY_LEN(samples), ANSWERS, &m), 0);
	scratch = match_scratch_create();
	ck_assert_ptr_nonnull(scratch);
}

static void teardown(void)
{
	matcher_destroy(&m);
	match_scratch_destroy(&scratch);
}

static struct match ask_span(struct span text)
{
	struct match got;

	matcher_match(m, scratch, text, LANGUAGE_UNKNOWN, &got);
	return got;
}

static struct match ask(const char *text)
{
	return ask_span(span_of(text));
}

START_TEST(a_sample_is_answered_at_once_however_it_is_spelt)
{
	static const char *const spelt[] = {"你们几点开门？", "你們幾點開門", "  你们 几点 开门!!"};

	for (size_t i = 0; i < ARRAY_LEN(spelt); i++) {
		struct match got = ask(spelt[i]);

		ck_assert_msg(got.exact && got.zone == MATCH_ANSWER, "%s", spelt[i]);
		ck_assert_uint_eq(got.best[0].index, HOURS);
		ck_assert_float_eq(got.confidence, 1.0F);
	}
}
END_TEST

START_TEST(a_likely_answer_comes_first)
{
	static const struct {
		const char *text;
		uint32_t want;
	} likely[] = {
		{"银行卡丢了怎么办", LOST },
		{"my card is lost",          LOST },
		{"周末几点营业",       HOURS},
		{"mortgage interest",        LOAN }
        };

	for (size_t i = 0; i < ARRAY_LEN(likely); i++) {
		struct match got = ask(likely[i].text);

		ck_assert_uint_gt(got.count, 0);
		ck_assert_msg(got.best[0].index == likely[i].want, "%s", likely[i].text);
		for (size_t k = 1; k < got.count; k++)
			ck_assert_float_ge(got.best[k - 1].score, got.best[k].score);
	}
}
END_TEST

START_TEST(an_answer_with_few_samples_is_offered_but_never_sent)
{
	struct match got = ask("rent a safe box");

	ck_assert(got.exact);
	ck_assert_uint_eq(got.best[0].index, RARE);
	ck_assert_int_eq(got.zone, MATCH_MENU);
}
END_TEST

START_TEST(what_no_sample_knows_goes_to_a_person)
{
	static const char *const strange[] = {"zxqv", "Какая сегодня погода", "ประเทศไทย"};

	for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
		struct match got = ask(strange[i]);

		ck_assert_msg(got.zone == MATCH_HUMAN, "%s", strange[i]);
		ck_assert_int_eq(got.intent, MATCH_QUESTION);
	}
}
END_TEST

static const char *const for_a_human[] = {"0",
                                          " ０ ",
                                          "人工",
                                          "转人工",
                                          "轉人工",
                                          "转人工！！",
                                          "人工客服",
                                          "我要人工",
                                          "请帮我转人工服务",
                                          "找客服",
                                          "我想跟人说话",
                                          "有没有真人",
                                          "别用机器人回我",
                                          "客服",
                                          "有人吗",
                                          "agent",
                                          "Agent!",
                                          "AGENT",
                                          "human",
                                          "a human please",
                                          "operator",
                                          "representative",
                                          "I want to talk to a person",
                                          "speak to someone",
                                          "can i chat with an agent",
                                          "get me a human",
                                          "connect me to customer service",
                                          "麻烦接一下人工",
                                          "给我转个客服",
                                          "人工服务时间是几点我要人工",
                                          "I need a real person",
                                          "transfer me to an agent",
                                          "give me your supervisor",
                                          "customer service"};

START_TEST(words_for_a_human_are_an_intent_of_their_own)
{
	struct match got = ask(for_a_human[_i]);

	ck_assert_msg(got.intent == MATCH_WANTS_HUMAN, "%s", for_a_human[_i]);
	ck_assert_int_eq(got.zone, MATCH_HUMAN);
}
END_TEST

static const char *const not_for_a_human[] = {"不要转人工",
                                              "人工智能是什么",
                                              "有人自称客服打电话给我",
                                              "你是真人吗",
                                              "I dont want to talk to an agent",
                                              "转账给别人",
                                              "人工费多少",
                                              "I want to transfer money to a person",
                                              "10",
                                              "00",
                                              "send cash to someone",
                                              "你们客服电话多少",
                                              "what is the customer service number",
                                              "my agent fee is wrong",
                                              "我的卡丢了"};

START_TEST(words_that_only_sound_like_it_are_not)
{
	ck_assert_msg(ask(not_for_a_human[_i]).intent == MATCH_QUESTION, "%s", not_for_a_human[_i]);
}
END_TEST

START_TEST(nothing_said_is_no_question)
{
	static const char *const nothing[] = {
		"", " ", "😀", "？！。", "\xff\xfe", "\x01\x02\x7f", "\xe2\x80\x8b"};

	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		struct match got = ask(nothing[i]);

		ck_assert_int_eq(got.intent, MATCH_NOTHING);
		ck_assert_int_eq(got.zone, MATCH_HUMAN);
		ck_assert_uint_eq(got.count, 0);
	}
}
END_TEST

START_TEST(digits_alone_ask_for_nothing)
{
	static const char *const digits[] = {"1", "138 0013 8000", "6222021234567890123",
	                                     "2026-11-22", "https://a.example"};

	for (size_t i = 0; i < ARRAY_LEN(digits); i++)
		ck_assert_msg(ask(digits[i]).zone == MATCH_HUMAN, "%s", digits[i]);
}
END_TEST

START_TEST(the_hint_counts_where_the_text_has_no_language)
{
	struct match got;

	matcher_match(m, scratch, SPAN_LIT("123"), LANGUAGE_EN, &got);
	ck_assert_int_eq(got.language, LANGUAGE_EN);
	matcher_match(m, scratch, SPAN_LIT("卡"), LANGUAGE_EN, &got);
	ck_assert_int_eq(got.language, LANGUAGE_ZH);
}
END_TEST

START_TEST(a_text_longer_than_it_reads_is_never_answered_by_itself)
{
	static char text[65536];

	for (size_t i = 0; i + 22 < sizeof(text); i += 22)
		memcpy(text + i, "我的银行卡丢了 ", 22);
	ck_assert_int_ne(ask_span((struct span){text, sizeof(text) - 64}).zone, MATCH_ANSWER);
	ck_assert(ask_span((struct span){text, sizeof(text) - 64}).cut);
}
END_TEST

START_TEST(the_same_samples_give_the_same_matcher_bit_for_bit)
{
	struct matcher *other;
	struct match_scratch *other_scratch = match_scratch_create();

	ck_assert_int_eq(make(ARRAY_LEN(samples), ANSWERS, &other), 0);
	for (size_t i = 0; i < ARRAY_LEN(not_for_a_human); i++) {
		struct match a = ask(not_for_a_human[i]), b;

		matcher_match(other, other_scratch, span_of(not_for_a_human[i]), LANGUAGE_UNKNOWN,
		              &b);
		ck_assert_mem_eq(&a, &b, sizeof(a));
	}
	matcher_destroy(&other);
	match_scratch_destroy(&other_scratch);
}
END_TEST

START_TEST(no_answers_and_one_answer_are_allowed)
{
	struct matcher *small;
	struct match got;

	ck_assert_int_eq(make(0, 0, &small), 0);
	matcher_match(small, scratch, SPAN_LIT("card"), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_HUMAN);
	ck_assert_uint_eq(got.count, 0);
	matcher_destroy(&small);
	ck_assert_int_eq(make(4, 1, &small), 0);
	matcher_match(small, scratch, SPAN_LIT("I lost my card"), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_ANSWER);
	matcher_destroy(&small);
	ck_assert_ptr_null(small);
}
END_TEST

/* With one answer everything is like it; nothing but its own sentences may be answered by it. */
static const uint32_t few[] = {1, 2, 3, 4};

START_TEST(a_few_answers_are_sent_for_their_own_sentences_only)
{
	static const char *const unrelated[] = {"my parrot ate the contract of my house",
	                                        "今天天气怎么样", "how much is the fish",
	                                        "I lost my parrot", "when do you sing"};
	struct matcher *small;
	struct match got;

	ck_assert_int_eq(make(few[_i] * 4 - (few[_i] == ANSWERS ? 2 : 0), few[_i], &small), 0);
	for (size_t i = 0; i < ARRAY_LEN(unrelated); i++) {
		matcher_match(small, scratch, span_of(unrelated[i]), LANGUAGE_UNKNOWN, &got);
		ck_assert_msg(got.zone != MATCH_ANSWER, "%s", unrelated[i]);
	}
	matcher_match(small, scratch, span_of(unrelated[0]), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_HUMAN);
	matcher_match(small, scratch, SPAN_LIT("i LOST my card!"), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_ANSWER);
	matcher_destroy(&small);
}
END_TEST

START_TEST(an_answer_out_of_range_is_refused)
{
	struct matcher *none = NULL;

	ck_assert_int_eq(make(ARRAY_LEN(samples), RARE, &none), -EINVAL);
	ck_assert_int_eq(make(0, MATCHER_ANSWERS_MAX + 1, &none), -EINVAL);
	ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("matcher");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sample_is_answered_at_once_however_it_is_spelt);
	tcase_add_test(tc, a_likely_answer_comes_first);
	tcase_add_test(tc, an_answer_with_few_samples_is_offered_but_never_sent);
	tcase_add_test(tc, what_no_sample_knows_goes_to_a_person);
	tcase_add_loop_test(tc, words_for_a_human_are_an_intent_of_their_own, 0,
	                    (int)ARRAY_LEN(for_a_human));
	tcase_add_loop_test(tc, words_that_only_sound_like_it_are_not, 0,
	                    (int)ARRAY_LEN(not_for_a_human));
	tcase_add_test(tc, nothing_said_is_no_question);
	tcase_add_test(tc, digits_alone_ask_for_nothing);
	tcase_add_test(tc, the_hint_counts_where_the_text_has_no_language);
	tcase_add_test(tc, a_text_longer_than_it_reads_is_never_answered_by_itself);
	tcase_add_test(tc, the_same_samples_give_the_same_matcher_bit_for_bit);
	tcase_add_test(tc, no_answers_and_one_answer_are_allowed);
	tcase_add_loop_test(tc, a_few_answers_are_sent_for_their_own_sentences_only, 0,
	                    (int)ARRAY_LEN(few));
	tcase_add_test(tc, an_answer_out_of_range_is_refused);
	return unit_run("matcher", &tc, 1);
}
