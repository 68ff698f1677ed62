/* A catalogue taken apart and put together again is the same catalogue, and a fault finds its
 * field. */
#include "sheet.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHEETS_MAX = 400 };

struct shelf {
	char *names[SHEETS_MAX], *texts[SHEETS_MAX];
	unsigned lines[SHEETS_MAX];
	size_t count;
};

static int keep(void *arg, const struct sheet *sheet)
{
	struct shelf *s = arg;

	ck_assert_uint_lt(s->count, SHEETS_MAX);
	s->names[s->count] = span_dup(sheet->name);
	s->lines[s->count] = sheet->line;
	s->texts[s->count++] = span_dup(sheet->text);
	return 0;
}

static void split(struct shelf *s, const char *text)
{
	const struct catalogue_file file = {"a.yaml", span_of(text)};

	ck_assert_int_eq(sheet_split(&file, NULL, NULL, keep, s), 0);
}

static void shelf_free(struct shelf *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->names[i]);
		free(s->texts[i]);
	}
	*s = (struct shelf){0};
}

static const char two[] =
	"# a comment\n"
	"answers:\n"
	"  - id: card.lost\n"
	"    title: {zh: 挂失, en: 'Card: lost'}\n"
	"    one_sms: true\n"
	"    variables: {n: {type: number, max: 4, example: \"12\"}}\n"
	"    text: {zh: \"好{{n}}\", en: \"fine \\\"now\\\" {{n}}\"}\n"
	"    samples:\n"
	"      zh: [卡丢了, 怎么挂失, 钱包不见]\n"
	"      en: [lost card, 'no', \"007\"]\n"
	"settings:\n"
	"  constants: {bank: 甲}\n"
	"canned:\n"
	"- {id: canned.hi, shortcut: hi, title: {zh: 好, en: Hi}, text: {zh: 好, en: Hi}}\n";

START_TEST(a_file_becomes_a_sheet_a_template)
{
	struct shelf s = {0};

	split(&s, two);
	ck_assert_uint_eq(s.count, 3);
	ck_assert_str_eq(s.names[0], "card.lost");
	ck_assert_uint_eq(s.lines[0], 3);
	ck_assert_str_eq(s.texts[0], "answers:\n"
	                             "  - id: card.lost\n"
	                             "    title:\n"
	                             "      zh: \"挂失\"\n"
	                             "      en: \"Card: lost\"\n"
	                             "    one_sms: true\n"
	                             "    variables:\n"
	                             "      \"n\":\n"
	                             "        type: number\n"
	                             "        max: 4\n"
	                             "        example: \"12\"\n"
	                             "    text:\n"
	                             "      zh: \"好{{n}}\"\n"
	                             "      en: \"fine \\\"now\\\" {{n}}\"\n"
	                             "    samples:\n"
	                             "      zh:\n"
	                             "        - \"卡丢了\"\n"
	                             "        - \"怎么挂失\"\n"
	                             "        - \"钱包不见\"\n"
	                             "      en:\n"
	                             "        - \"lost card\"\n"
	                             "        - \"no\"\n"
	                             "        - \"007\"\n");
	ck_assert_str_eq(s.names[1], SHEET_SETTINGS);
	ck_assert_str_eq(s.names[2], "canned.hi");
	shelf_free(&s);
}
END_TEST

START_TEST(a_sheet_taken_apart_is_itself)
{
	struct shelf s = {0}, again = {0};

	split(&s, two);
	for (size_t i = 0; i < s.count; i++)
		split(&again, s.texts[i]);
	ck_assert_uint_eq(s.count, again.count);
	for (size_t i = 0; i < s.count; i++)
		ck_assert_str_eq(s.texts[i], again.texts[i]);
	shelf_free(&s);
	shelf_free(&again);
}
END_TEST

START_TEST(json_is_read_as_well)
{
	struct shelf s = {0};

	split(&s, "{\"answers\": [{\"id\": \"a.b\", \"one_sms\": true, \"title\": {\"zh\": "
	          "\"甲\\u2028\\u0001\", \"en\": \"a\\nb\"}}]}");
	ck_assert_uint_eq(s.count, 1);
	ck_assert_str_eq(s.texts[0], "answers:\n  - id: a.b\n    one_sms: true\n    title:\n"
	                             "      zh: \"甲\\u2028\\u0001\"\n      en: \"a\\nb\"\n");
	shelf_free(&s);
}
END_TEST

START_TEST(sheets_make_a_file_again)
{
	struct shelf s = {0}, again = {0};
	struct span texts[8];
	struct buf file;

	split(&s, two);
	split(&s, "answers:\n  - id: x.y\n    suggest_only: true\n");
	for (size_t i = 0; i < s.count; i++)
		texts[i] = span_of(s.texts[i]);
	buf_init(&file, SHEET_TEXT_MAX);
	sheet_join(texts, s.count, &file);
	buf_u8(&file, 0);
	ck_assert_int_eq(buf_check(&file), 0);
	split(&again, file.data);
	ck_assert_uint_eq(again.count, 4);
	ck_assert_str_eq(again.names[1], "x.y"); /* with the others of its section */
	ck_assert_str_eq(again.texts[0], s.texts[0]);
	ck_assert_str_eq(again.texts[2], s.texts[1]);
	buf_fini(&file);
	shelf_free(&s);
	shelf_free(&again);
}
END_TEST

static const struct line {
	const char *what, *fault, *want;
	unsigned line;
} lines[] = {
	{"a wording",             "the en wording lacks {{n}}", "text.en",          14},
	{"a sample",              "near-identical to a sample", "samples.zh[1]",    18},
	{"a variable",            "has no example",             "variables.n.type", 9 },
	{"named by its sentence", "\"text\" has no en",         "text",             13},
	{"no such field",         "\"nope\" is not known",      "one_sms",          6 },
	{"the whole",             "there is no \"x\"",          "",                 0 },
};

START_TEST(a_line_has_a_field)
{
	struct shelf s = {0};
	char field[SHEET_FIELD_SIZE];

	split(&s, two);
	sheet_field(span_of(s.texts[0]), lines[_i].line, lines[_i].fault, field);
	ck_assert_msg(strcmp(field, lines[_i].want) == 0, "%s: %s", lines[_i].what, field);
	shelf_free(&s);
}
END_TEST

START_TEST(what_is_no_catalogue_is_told)
{
	static const char *const bad[] = {"", "[]", "a: [", "\"x\"", "answers: [{id: &x a}]"};
	const struct catalogue_file file = {"a.yaml", span_of(bad[_i])};
	struct shelf s = {0};

	ck_assert_int_eq(sheet_split(&file, NULL, NULL, keep, &s), -EINVAL);
	shelf_free(&s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sheet");

	tcase_add_test(tc, a_file_becomes_a_sheet_a_template);
	tcase_add_test(tc, a_sheet_taken_apart_is_itself);
	tcase_add_test(tc, json_is_read_as_well);
	tcase_add_test(tc, sheets_make_a_file_again);
	tcase_add_loop_test(tc, a_line_has_a_field, 0, ARRAY_LEN(lines));
	tcase_add_loop_test(tc, what_is_no_catalogue_is_told, 0, 5);
	return unit_run("sheet", &tc, 1);
}
