/* The YAML tree: shape, lines, and everything that is refused, each with its line. */
#include "told.h"

#include <stdlib.h>
#include <unistd.h>

START_TEST(keeps_order_kinds_lines_and_quoting)
{
	const char *text = "# a comment\na: 1\nb:\n  - x\n  - \"2\"\nc: {d: e}\n";
	struct told t;
	struct yaml_doc *doc = NULL;
	const struct yaml_node *n;

	ck_assert_int_eq(yaml_parse(span_of(text), &told_begin(&t)->errors, &doc), 0);
	ck_assert_int_eq(yaml_root(doc)->kind, YAML_MAPPING);
	n = yaml_get(yaml_root(doc), "a");
	ck_assert(span_is(n->text, "1") && n->plain && n->line == 2);
	n = yaml_get(yaml_root(doc), "b");
	ck_assert(n->kind == YAML_SEQUENCE && n->first->line == 4);
	ck_assert(span_is(n->first->next->text, "2") && !n->first->next->plain);
	ck_assert_ptr_null(n->first->next->next);
	n = yaml_get(yaml_get(yaml_root(doc), "c"), "d");
	ck_assert(span_is(n->text, "e") && n->line == 6);
	ck_assert_ptr_null(yaml_get(yaml_root(doc), "z"));
	yaml_doc_free(&doc);
	ck_assert_ptr_null(doc);
}
END_TEST

static const struct refused {
	const char *text;
	const char *told[5];
} refused[] = {
	{"a: 1\nb: 2\na: 3\n",                    {"3 \"a\" was already given in line 1"}},
	{"a: {x: 1, x: 2}\nb: {y: 1,\ny: 2}\n",
         {"1 \"x\" was already given", "3 \"y\" was already given in line 2"}            },
	{"a: &here 1\nb: &there {c: d}\n",        {"1 anchors", "2 anchors"}             },
	{"a: 1\nb: *here\n",                      {"2 aliases"}                          },
	{"a: !!str 1\nb: !x [1]\nc: !y {}\n",     {"1 tags", "2 tags", "3 tags"}         },
	{"? [a, b]\n: c\n",                       {"1 a key must be a text"}             },
	{"a: \"x\\0y\"\n",                        {"1 a NUL"}                            },
	{"a: 1\n---\nb: 2\n",                     {"2 a second document"}                },
	{"",				      {"0 there is nothing in it"}           },
	{"# only a comment\n",                    {"0 there is nothing in it"}           },
	{"a: 1\n\tb: 2\n",                        {"2 "}				 },
	{"a: [1, 2\nb: 3\n",                      {"2 "}                                 },
	{"a: 1\nb: \"\xff\"\n",                   {"2 "}                                 },
	{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", {"1 nested deeper than 16"}            },
};

START_TEST(refuses_with_the_line)
{
	const struct refused *r = &refused[_i];
	struct yaml_doc *doc = NULL;
	struct told t;

	ck_assert_int_eq(yaml_parse(span_of(r->text), &told_begin(&t)->errors, &doc), -EINVAL);
	ck_assert_ptr_null(doc);
	told_are(&t, r->told);
}
END_TEST

START_TEST(reads_sixteen_levels)
{
	struct yaml_doc *doc = NULL;
	struct told t;

	ck_assert_int_eq(yaml_parse(SPAN_LIT("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"),
	                            &told_begin(&t)->errors, &doc),
	                 0);
	yaml_doc_free(&doc);
}
END_TEST

START_TEST(refuses_more_than_four_mebioctets)
{
	size_t len = (4 << 20) + 1;
	char *text = malloc(len);
	struct yaml_doc *doc = NULL;
	struct told t;

	memset(text, ' ', len);
	ck_assert_int_eq(yaml_parse((struct span){text, len}, &told_begin(&t)->errors, &doc),
	                 -EINVAL);
	told_are(&t, (const char *[]){"0 larger than", NULL});
	free(text);
}
END_TEST

START_TEST(loads_a_file_and_tells_a_missing_one)
{
	char path[] = "/tmp/posthouse-yaml-XXXXXX";
	int fd = mkstemp(path);
	struct yaml_doc *doc = NULL;
	struct told t;

	ck_assert_int_eq(write(fd, "a: 1\n", 5), 5);
	close(fd);
	ck_assert_int_eq(yaml_load(path, &told_begin(&t)->errors, &doc), 0);
	yaml_doc_free(&doc);
	unlink(path);
	ck_assert_int_eq(yaml_load(path, &told_begin(&t)->errors, &doc), -ENOENT);
	told_are(&t, (const char *[]){"0 cannot be read: No such file", NULL});
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("yaml");

	tcase_add_test(tc, keeps_order_kinds_lines_and_quoting);
	tcase_add_loop_test(tc, refuses_with_the_line, 0, ARRAY_LEN(refused));
	tcase_add_test(tc, reads_sixteen_levels);
	tcase_add_test(tc, refuses_more_than_four_mebioctets);
	tcase_add_test(tc, loads_a_file_and_tells_a_missing_one);
	return unit_run("yaml", &tc, 1);
}
