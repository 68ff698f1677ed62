/*
 * What no author and no customer means to do: texts of every bad kind, catalogues of none, of one
 * and of a hundred thousand answers. Each has a defined result, within the test's time.
 */
#include "catalogue.h"
#include "matcher_explain.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define CONTENT PH_VECTORS "/../../templates/content"

enum { LONG = 65536, LINES = 1000, MANY = 100000, FILES = 100 };

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
	ck_assert_ptr_nonnull(scratch);
}

static void teardown(void)
{
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}

static struct match ask(const struct catalogue *of, struct span text)
{
	struct match got;

	catalogue_match(of, scratch, text, LANGUAGE_UNKNOWN, &got);
	ck_assert(got.count <= MATCH_BEST);
	ck_assert(got.confidence >= 0.0F && got.confidence <= 1.0F);
	for (size_t i = 0; i < got.count; i++)
		ck_assert_ptr_nonnull(got.best[i].answer);
	return got;
}

/* --- texts ------------------------------------------------------------------------------------ */

static const struct {
	const char *what;
	struct span text;
	enum match_intent intent;
} odd[] = {
	{"empty",              {"", 0},				 MATCH_NOTHING },
	{"blanks",             {" \t\r\n ", 5},                         MATCH_NOTHING },
	{"control characters", {"\0\1\2\3\x1B\x7F\r\n", 8},             MATCH_NOTHING },
	{"emoji",              {"\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1", 8}, MATCH_NOTHING },
	{"keycap emoji",       {"\xE2\x9D\xA4\xEF\xB8\x8F", 6},         MATCH_NOTHING },
	{"invalid UTF-8",      {"\xFF\xFE\xC0\x80\xED\xA0\x80\xF5", 8}, MATCH_NOTHING },
	{"cut UTF-8",          {"\xE5\x8D", 2},                         MATCH_NOTHING },
	{"punctuation",        {"?!...", 5},                            MATCH_NOTHING },
	{"one letter",         {"x", 1},                                MATCH_QUESTION},
	{"one character",      {"\xE5\x95\x8A", 3},                     MATCH_QUESTION},
	{"one digit",          {"7", 1},				MATCH_QUESTION},
	{"NUL between words",  {"qwx\0zzv", 7},                         MATCH_QUESTION},
	{"octets between",     {"qwx\xFFzzv", 7},                       MATCH_QUESTION},
};

START_TEST(an_odd_text_is_nothing_or_a_question_for_a_person)
{
	struct match got = ask(c, odd[_i].text);
	struct catalogue_found found[5];

	ck_assert_msg(got.intent == odd[_i].intent, "%s", odd[_i].what);
	ck_assert_msg(got.zone != MATCH_ANSWER, "%s", odd[_i].what);
	catalogue_search(c, scratch, odd[_i].text, TEMPLATE_KINDS, found, 5);
}
END_TEST

/* The question stands somewhere in it; whoever writes so much is not answered by a line. */
START_TEST(a_text_of_64_kb_is_for_a_person_or_a_menu)
{
	static const char *const parts[] = {"I lost my card ", "卡丢了", "\xFF\xFE", "\n", "x"};
	char *text = malloc(LONG);

	for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
		size_t len = strlen(parts[p]);
		struct match got;

		for (size_t i = 0; i < LONG; i++)
			text[i] = parts[p][i % len];
		got = ask(c, (struct span){text, LONG});
		ck_assert_int_ne(got.zone, MATCH_ANSWER);
		ck_assert(got.intent == MATCH_NOTHING || got.cut);
	}
	free(text);
}
END_TEST

START_TEST(a_thousand_lines_are_not_answered_by_one)
{
	static const char line[] = "how do I reset my PIN\n";
	char *text = malloc(LINES * sizeof(line));
	struct match got;

	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	got = ask(c, (struct span){text, LINES * (sizeof(line) - 1)});
	ck_assert(got.cut);
	ck_assert_int_ne(got.zone, MATCH_ANSWER);
	free(text);
}
END_TEST

START_TEST(every_text_can_be_explained)
{
	struct match_explanation why;

	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		ck_assert_int_eq(
			matcher_explain(catalogue_matcher(c), scratch, odd[i].text, 0, &why), 0);
	ck_assert_int_eq(matcher_explain(catalogue_matcher(c), scratch, SPAN_LIT("卡丢了"),
	                                 catalogue_find(c, SPAN_LIT("card.lost"))->index, &why),
	                 0);
	ck_assert(why.modelled && why.for_count > 0);
	for (size_t i = 1; i < why.for_count; i++)
		ck_assert_float_le(why.speaks_for[i].weight, why.speaks_for[i - 1].weight);
}
END_TEST

/* What is told adds up to the score, where all of it is told. */
START_TEST(reasons_and_bias_are_the_score)
{
	struct match_explanation why;
	float sum;

	ck_assert_int_eq(matcher_explain(catalogue_matcher(c), scratch, SPAN_LIT("挂失"),
	                                 catalogue_find(c, SPAN_LIT("card.lost"))->index, &why),
	                 0);
	sum = why.bias + why.network;
	ck_assert_uint_lt(why.for_count, MATCH_REASONS_MAX);
	for (size_t i = 0; i < why.for_count; i++)
		sum += why.speaks_for[i].weight;
	for (size_t i = 0; i < why.against_count; i++)
		sum += why.against[i].weight;
	ck_assert_float_eq_tol(sum, why.score, 1e-4F);
}
END_TEST

/* --- catalogues ------------------------------------------------------------------------------- */

static struct catalogue *build(const struct catalogue_file *files, size_t count)
{
	struct catalogue *made = NULL;

	ck_assert_int_eq(catalogue_build(files, count, 0, on_told, NULL, &made), 0);
	return made;
}

START_TEST(a_catalogue_of_none_leaves_everything_to_people)
{
	const struct catalogue_file file = {"a.yaml", SPAN_LIT("answers: []\n")};
	struct catalogue *none = build(&file, 1);
	struct catalogue_found found;
	struct match got = ask(none, SPAN_LIT("I lost my card"));

	ck_assert_int_eq(got.zone, MATCH_HUMAN);
	ck_assert_uint_eq(got.count, 0);
	ck_assert_uint_eq(
		catalogue_search(none, scratch, SPAN_LIT("card"), TEMPLATE_KINDS, &found, 1), 0);
	catalogue_unref(&none);
}
END_TEST

START_TEST(a_catalogue_of_one_answers_its_own_sentences_only)
{
	const struct catalogue_file file = {
		"a.yaml", SPAN_LIT("answers:\n"
	                           "  - id: card.lost\n"
	                           "    title: {zh: 卡, en: Card}\n"
	                           "    text: {zh: 好, en: fine}\n"
	                           "    samples:\n"
	                           "      zh: [卡丢了, 怎么挂失, 钱包不见了]\n"
	                           "      en: [lost card, block a card, wallet gone]\n")};
	struct catalogue *one = build(&file, 1);

	ck_assert_int_eq(ask(one, SPAN_LIT("Lost card!")).zone, MATCH_ANSWER);
	ck_assert_int_ne(ask(one, SPAN_LIT("lost card yesterday")).zone, MATCH_ANSWER);
	ck_assert_int_eq(ask(one, SPAN_LIT("what is the weather")).zone, MATCH_HUMAN);
	catalogue_unref(&one);
}
END_TEST

/* A name for each number that is nobody else's: letters only, since numbers are all alike. */
static const char *name_of(unsigned number, char out[12])
{
	size_t at = 11;

	out[at] = 0;
	for (unsigned i = 0; i < 5; i++, number /= 26)
		out[--at] = (char)('a' + number % 26);
	out[--at] = 'q';
	return out + at;
}

static char *make_file(unsigned first, unsigned count, size_t *len)
{
	size_t room = 64 + (size_t)count * 256;
	char *text = malloc(room), name[12];

	*len = (size_t)snprintf(text, room, "answers:\n");
	for (unsigned i = first; i < first + count; i++) {
		const char *own = name_of(i, name);

		*len += (size_t)snprintf(text + *len, room - *len,
		                         "  - id: a.%s\n    title: {zh: 题, en: T}\n"
		                         "    text: {zh: 答, en: answer}\n"
		                         "    suggest_only: true\n"
		                         "    samples: {zh: [说说%s], en: [tell of %s]}\n",
		                         own, own, own);
	}
	return text;
}

#define PARKING(id, sample)                                                                \
	"  - id: p." id "\n    title: {zh: 车位, en: Parking}\n    suggest_only: true\n" \
	"    text: {zh: 好, en: fine}\n    samples: {zh: [车位" id "], en: [" sample "]}\n"

static const char parking[] = "answers:\n" PARKING("bikes", "motor bike parking place")
	PARKING("rent", "rent a parking place underground") PARKING("sell", "sell a parking place");

START_TEST(a_catalogue_of_a_hundred_thousand_is_searched)
{
	struct catalogue_file files[FILES];
	char names[FILES][16], name[12], text[64];
	struct catalogue *many;
	struct match got;

	for (unsigned f = 0; f < FILES; f++) {
		snprintf(names[f], sizeof(names[f]), "f%03u.yaml", f);
		files[f].name = names[f];
		files[f].text.ptr = make_file(f * (MANY / FILES), MANY / FILES, &files[f].text.len);
	}
	many = build(files, FILES);
	ck_assert_uint_eq(catalogue_count(many), MANY);
	snprintf(text, sizeof(text), "please tell of %s", name_of(77777, name));
	got = ask(many, span_of(text));
	ck_assert_int_eq(got.zone, MATCH_MENU);
	ck_assert_uint_eq(got.best[0].index, 77777);
	snprintf(text, sizeof(text), "tell of %s", name_of(4242, name));
	got = ask(many, span_of(text));
	ck_assert(got.exact);
	ck_assert_int_eq(got.zone, MATCH_MENU); /* one sample is never enough to answer by itself */
	ck_assert_uint_eq(got.best[0].index, 4242);
	ck_assert_uint_le(catalogue_engine_size(many), (size_t)64 << 20);
	catalogue_unref(&many);
	for (unsigned f = 0; f < FILES; f++)
		free((char *)(uintptr_t)files[f].text.ptr);
}
END_TEST

/* Of so many answers none is learned that has few samples. */
START_TEST(of_what_is_only_found_the_best_is_first)
{
	struct catalogue_file files[] = {
		{"a.yaml", span_of(parking)},
                {"b.yaml", {NULL, 0}       }
        };
	struct catalogue *many;
	struct match got;

	files[1].text.ptr = make_file(0, MATCHER_MODELLED_MAX + 1, &files[1].text.len);
	many = build(files, ARRAY_LEN(files));
	got = ask(many, SPAN_LIT("a parking place underground"));
	ck_assert_int_eq(got.zone, MATCH_MENU);
	ck_assert_uint_eq(got.count, 3);
	ck_assert(span_is(got.best[0].answer->id, "p.rent"));
	for (size_t i = 1; i < got.count; i++)
		ck_assert_float_le(got.best[i].score, got.best[i - 1].score);
	catalogue_unref(&many);
	free((char *)(uintptr_t)files[1].text.ptr);
}
END_TEST

START_TEST(more_answers_than_the_limit_are_refused)
{
	struct match_source source = {NULL, 0, MATCHER_ANSWERS_MAX + 1, NULL, NULL};
	struct matcher *none = NULL;

	ck_assert_int_eq(matcher_create(&source, &none), -EINVAL);
	ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("limits");

	tcase_set_timeout(tc, 180);
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, an_odd_text_is_nothing_or_a_question_for_a_person, 0,
	                    (int)ARRAY_LEN(odd));
	tcase_add_test(tc, a_text_of_64_kb_is_for_a_person_or_a_menu);
	tcase_add_test(tc, a_thousand_lines_are_not_answered_by_one);
	tcase_add_test(tc, every_text_can_be_explained);
	tcase_add_test(tc, reasons_and_bias_are_the_score);
	tcase_add_test(tc, a_catalogue_of_none_leaves_everything_to_people);
	tcase_add_test(tc, a_catalogue_of_one_answers_its_own_sentences_only);
	tcase_add_test(tc, a_catalogue_of_a_hundred_thousand_is_searched);
	tcase_add_test(tc, of_what_is_only_found_the_best_is_first);
	tcase_add_test(tc, more_answers_than_the_limit_are_refused);
	return unit_run("limits", &tc, 1);
}
