/* The loader tells every fault with its file and line, and makes no snapshot of a faulty catalogue.
 */
#include "catalogue.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Six lines of an answer that is right; rows add theirs behind it. */
#define ANSWER(id) "  - id: " id "\n    title: {zh: 甲, en: A}\n"
#define TEXT "    text: {zh: 好, en: fine}\n"
#define SAMPLES(x)                                                                  \
	"    samples:\n      zh: [" x "卡丢失, " x "怎么挂失, " x "钱包不见]\n" \
	"      en: [" x " lost card, " x " how to block, " x " wallet gone]\n"
#define GOOD "answers:\n" ANSWER("card.lost") TEXT SAMPLES("甲")

static char told[16384];

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s:%u: %s\n", file, line, text);
}

static int build_two(const char *a, const char *b, struct catalogue **out)
{
	struct catalogue_file files[] = {
		{"a.yaml", span_of(a)},
                {"b.yaml", span_of(b)}
        };

	told[0] = '\0';
	return catalogue_build(files, b ? 2 : 1, 1763776800000U, on_told, NULL, out);
}

static const struct fault {
	const char *what, *yaml, *want;
} faults[] = {
	{"unknown section",                         "questions: []\n",						      "a.yaml:1: \"questions\" is none of answers"                         },
	{"unknown key",			     "answers:\n" ANSWER("a") TEXT SAMPLES("x") "    tittle: x\n",
         "a.yaml:8: \"tittle\" is not known in answers"																	  },
	{"a key of another kind",                   "answers:\n" ANSWER("a") TEXT SAMPLES("x") "    shortcut: x\n",
         "a.yaml:8: \"shortcut\" is not known in answers"																	},
	{"no id",				   "answers:\n  - title: {zh: 甲, en: A}\n" TEXT SAMPLES("x"),
         "a.yaml:2: there is no \"id\""																			  },
	{"an id with a blank",                      "answers:\n" ANSWER("a b") TEXT SAMPLES("x"),
         "a.yaml:2: \"a b\" is no id"																			    },
	{"an id that is a directory",               "answers:\n" ANSWER("..") TEXT SAMPLES("x"),
         "a.yaml:2: \"..\" is no id: an id has dots"																	     },
	{"an id with a dot at its end",             "answers:\n" ANSWER("card.") TEXT SAMPLES("x"),
         "a.yaml:2: \"card.\" is no id: an id has dots"																	  },
	{"an id that is a path of the API",         "answers:\n" ANSWER("export") TEXT SAMPLES("x"),
         "a.yaml:2: \"export\" is no id: that word"																	      },
	{"missing language",                        "answers:\n" ANSWER("a") "    text: {zh: 好}\n" SAMPLES("x"),
         "a.yaml:4: \"text\" has no en"																			  },
	{"unknown language",
         "answers:\n" ANSWER("a") "    text: {zh: 好, en: a, fr: b}\n" SAMPLES("x"),
         "a.yaml:4: \"fr\" is no language"																		       },
	{"samples in one language only",
         "answers:\n" ANSWER("a") TEXT "    samples:\n      zh: [一卡, 二卡, 三卡]\n",
         "\"samples\" has no en"																				 },
	{"empty wording",			   "answers:\n" ANSWER("a") "    text: {zh: '', en: a}\n" SAMPLES("x"),
         "a.yaml:4: \"zh\" is empty"																			     },
	{"unknown variable",
         "answers:\n" ANSWER("a") "    text:\n      zh: 好\n      en: '{{hotline}}'\n" SAMPLES("x"),
         "a.yaml:6: {{hotline}} is neither a variable"																	   },
	{"open braces",			     "answers:\n" ANSWER("a") "    text: {zh: '{{a', en: a}\n" SAMPLES("x"),
         "a.yaml:4: the zh wording has {{ without }}"																	    },
	{"closing braces",                          "answers:\n" ANSWER("a") "    text: {zh: 'a}}', en: a}\n" SAMPLES("x"),
         "a.yaml:4: the zh wording has }} without {{"																	    },
	{"variable that is not used",
         "answers:\n" ANSWER("a")
                 TEXT SAMPLES("x") "    variables:\n      sum: {type: amount, example: '1'}\n",
         "a.yaml:9: variable \"sum\" is not used"																		},
	{"variable in one language only",
         "answers:\n" ANSWER("a") "    text:\n      zh: 付{{sum}}\n      en: pay\n" SAMPLES(
		 "x") "    variables:\n      sum: {type: amount, example: '1'}\n",
         "a.yaml:6: the en wording lacks {{sum}}"																		},
	{"variable without an example",
         "answers:\n" ANSWER("a") "    text: {zh: '{{s}}', en: '{{s}}'}\n" SAMPLES(
		 "x") "    variables:\n      s: {type: amount}\n",
         "a.yaml:9: variable \"s\" needs a type and an example"																  },
	{"example that is not of the type",
         "answers:\n" ANSWER("a") "    text: {zh: '{{s}}', en: '{{s}}'}\n" SAMPLES(
		 "x") "    variables:\n      s: {type: date, example: soon}\n",
         "a.yaml:9: the example of \"s\" is not a date"																	  },
	{"unknown type of variable",
         "answers:\n" ANSWER("a") "    text: {zh: '{{s}}', en: '{{s}}'}\n" SAMPLES(
		 "x") "    variables:\n      s: {type: colour, example: red}\n",
         "a.yaml:9: no such type of variable"																		    },
	{"a bell in a wording",
         "answers:\n" ANSWER("a") "    text: {zh: \"好\\a\", en: fine}\n" SAMPLES("x"),
         "a.yaml:4: \"zh\" has a control character"																	      },
	{"a title of two lines",
         "answers:\n  - id: a\n    title: {zh: \"甲\\n乙\", en: A}\n" TEXT SAMPLES("x"),
         "a.yaml:3: \"zh\" has a control character or a line end"																},
	{"too few samples",
         "answers:\n" ANSWER("a") TEXT
         "    samples:\n      zh: [一卡, 二卡, 三卡]\n      en: [a card]\n",                                          "a.yaml:7: fewer than 3 en samples"                                  },
	{"samples as a mapping",
         "answers:\n" ANSWER("a") TEXT
         "    samples:\n      zh: {a: 一卡, b: 二卡}\n      en: [ab, cd, ef]\n",                                        "a.yaml:6: \"zh\" must be a list"                                    },
	{"a sample of digits only",
         "answers:\n" ANSWER("a") TEXT
         "    samples:\n      zh: [一卡, 二卡, '123']\n      en: [ab, cd, ef]\n",                                       "a.yaml:6: this sample has no word in it"                            },
	{"a sample that asks for a person",
         "answers:\n" ANSWER("a") TEXT
         "    samples:\n      zh: [一卡, 二卡, 转人工]\n      en: [ab, cd, ef]\n",                                   "a.yaml:6: this sample asks for a person"                            },
	{"two answers with near-identical samples",
         GOOD ANSWER("b") TEXT
         "    samples:\n      zh: [二卡, 三卡, 甲卡丢失了吗]\n      en: [ab, cd, ef]\n",                          "a.yaml:12: near-identical to a sample of card.lost in a.yaml line 6"},
	{"a sample given twice",
         "answers:\n" ANSWER("a") TEXT
         "    samples:\n      zh: [一卡, 二卡, 一卡！]\n      en: [ab, cd, ef]\n",                                   "a.yaml:6: the same sample as in line 6"                             },
	{"duplicate id",			    GOOD ANSWER("card.lost") TEXT SAMPLES("乙"),
         "a.yaml:8: id \"card.lost\" was already given in a.yaml line 2"															 },
	{"follow-up that is not there",             GOOD "    follow_up: [nowhere]\n",
         "a.yaml:8: \"nowhere\" is not another answer's id"																      },
	{"follow-up to itself",                     GOOD "    follow_up: [card.lost]\n",
         "a.yaml:8: \"card.lost\" is not another answer's id"																    },
	{"needs something unknown",                 GOOD "    needs: money\n",
         "a.yaml:8: \"needs\" knows only verified"																	       },
	{"a flag that is no boolean",               GOOD "    one_sms: yes please\n",
         "a.yaml:8: \"one_sms\" must be true or false"																	   },
	{"too long for one SMS",
         "notifications:\n" ANSWER("n") "    one_sms: true\n    text:\n      zh: "
                                        "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九"
                                        "十一二三四五六七八九十"
                                        "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九"
                                        "十一\n      en: short\n",                                                        "a.yaml:6: the zh wording takes 71 UCS-2 units as SMS"               },
	{"too long with the longest value",
         "notifications:\n" ANSWER("n") "    one_sms: true\n    variables:\n      t: {type: text, "
                                        "max: 200, example: a}\n"
                                        "    text:\n      zh: 好{{t}}\n      en: ok {{t}}\n",                              "a.yaml:9: the en wording takes 203 septets"                         },
	{"marketing without a way out",
         "notifications:\n" ANSWER(
		 "n") "    marketing: true\n    text: {zh: 便宜, en: cheap. STOP}\n",
         "a.yaml:5: the zh wording of a marketing message does not say how to opt out"													   },
	{"a shortcut given twice",
         "canned:\n" ANSWER("c.a") TEXT "    shortcut: hi\n" ANSWER("c.b") TEXT
         "    shortcut: hi\n",                                                                                              "a.yaml:9: shortcut \"hi\" was already given to c.a"                 },
	{"a handover with a wording",               "handovers:\n" ANSWER("h") TEXT SAMPLES("x"),
         "a.yaml:4: \"text\" is not known in handovers"																	  },
	{"a list where a mapping belongs",          "answers:\n  id: a\n",
         "a.yaml:2: \"answers\" must be a list"																		  },
	{"a template that is no mapping",           "answers:\n  - hello\n",
         "a.yaml:2: \"this\" must be a mapping"																		  },
	{"a key given twice",                       "answers:\n" ANSWER("a") TEXT TEXT SAMPLES("x"),
         "a.yaml:5: \"text\" was already given in line 4"																	},
	{"unknown setting",                         "settings:\n  colour: red\n",                                           "a.yaml:2: \"colour\" is not known here"                             },
	{"a constant in one language",              "settings:\n  constants:\n    bank: {zh: 远港}\n",
         "a.yaml:3: \"bank\" has no en"																			  },
	{"broken YAML",			     "answers:\n  - id: [\n",                                                "a.yaml:"							    },
	{"bad UTF-8",			       "answers:\n  - id: \xff\xff\n",                                         "a.yaml:2: "                                                         },
	{"an empty file",			   "",								     "a.yaml:0: there is nothing in it"                                   },
};

START_TEST(a_fault_is_told_with_its_line)
{
	const struct fault *f = &faults[_i];
	struct catalogue *c = NULL;

	ck_assert_msg(build_two(f->yaml, NULL, &c) == -EINVAL, "%s was accepted", f->what);
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(told, f->want), "%s:\nwanted %s\ntold   %s", f->what, f->want, told);
}
END_TEST

START_TEST(every_fault_is_told_not_only_the_first)
{
	struct catalogue *c = NULL;

	ck_assert_int_eq(build_two("answers:\n" ANSWER("a b") TEXT SAMPLES("x") "    needs: x\n",
	                           "system:\n" ANSWER("s") "    text: {zh: '{{x}}', en: a}\n", &c),
	                 -EINVAL);
	ck_assert_ptr_nonnull(strstr(told, "a.yaml:2: \"a b\" is no id"));
	ck_assert_ptr_nonnull(strstr(told, "a.yaml:8: \"needs\" knows only verified"));
	ck_assert_ptr_nonnull(strstr(told, "b.yaml:4: {{x}} is neither"));
}
END_TEST

START_TEST(files_see_each_others_ids_and_settings)
{
	struct catalogue *c = NULL;

	ck_assert_int_eq(
		build_two("answers:\n" ANSWER("card.lost")
	                          TEXT SAMPLES("甲") "    follow_up: [card.new]\n",
	                  "settings:\n  constants: {bank: {zh: 远, en: F}}\nanswers:\n" ANSWER(
				  "card.new") "    text: {zh: '{{bank}}', en: '{{bank}}'}\n"
	                                      "    samples:\n      zh: [补新的, 换新的, 重做]\n"
	                                      "      en: [replace it, new one, again]\n",
	                  &c),
		0);
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(catalogue_count(c), 2);
	ck_assert_ptr_eq(catalogue_find(c, SPAN_LIT("card.lost"))->follow_up[0],
	                 catalogue_find(c, SPAN_LIT("card.new")));
	ck_assert_ptr_null(catalogue_find(c, SPAN_LIT("card")));
	ck_assert_ptr_null(catalogue_at(c, 2));
	catalogue_unref(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(the_version_is_of_the_content_and_the_time)
{
	struct catalogue *a = NULL, *b = NULL, *other = NULL;

	ck_assert_int_eq(build_two(GOOD, NULL, &a), 0);
	ck_assert_int_eq(build_two(GOOD, NULL, &b), 0);
	ck_assert_int_eq(build_two(GOOD "# a remark\n", NULL, &other), 0);
	ck_assert_str_eq(catalogue_version(a), catalogue_version(b));
	ck_assert_str_ne(catalogue_version(a), catalogue_version(other));
	ck_assert_ptr_nonnull(strstr(catalogue_version(a), " 2025-11-22T02:00:00Z"));
	catalogue_unref(&a);
	catalogue_unref(&b);
	catalogue_unref(&other);
}
END_TEST

START_TEST(a_reference_keeps_the_snapshot)
{
	struct catalogue *c = NULL, *kept;

	ck_assert_int_eq(build_two(GOOD, NULL, &c), 0);
	kept = catalogue_ref(c);
	catalogue_unref(&c);
	ck_assert_ptr_nonnull(catalogue_find(kept, SPAN_LIT("card.lost")));
	catalogue_unref(&kept);
	catalogue_unref(&kept);
}
END_TEST

START_TEST(what_is_for_suggesting_is_never_sent)
{
	struct match_scratch *scratch = match_scratch_create();
	struct catalogue *c = NULL;
	struct match got;

	ck_assert_int_eq(build_two(GOOD "    suggest_only: true\n", NULL, &c), 0);
	catalogue_match(c, scratch, SPAN_LIT("甲卡丢失"), LANGUAGE_UNKNOWN, &got);
	ck_assert(got.exact);
	ck_assert_int_eq(got.zone, MATCH_MENU);
	ck_assert(span_is(got.best[0].answer->id, "card.lost"));
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}
END_TEST

START_TEST(what_is_like_a_handover_goes_to_a_person)
{
	struct match_scratch *scratch = match_scratch_create();
	struct catalogue *c = NULL;
	struct match got;

	ck_assert_int_eq(build_two(GOOD,
	                           "handovers:\n" ANSWER(
					   "handover.parcel") "    samples:\n      zh: [快递丢了, "
	                                                      "包裹在哪, 外卖没到]\n"
	                                                      "      en: [parcel lost, where is "
	                                                      "it, late food]\n",
	                           &c),
	                 0);
	catalogue_match(c, scratch, SPAN_LIT("快递丢了"), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_HUMAN);
	ck_assert(span_is(got.handover->id, "handover.parcel"));
	for (size_t i = 0; i < got.count; i++)
		ck_assert_int_eq(got.best[i].answer->kind, TEMPLATE_ANSWER);
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}
END_TEST

/* One sample: nothing to learn from, so it is searched for and offered, never sent. */
START_TEST(what_has_few_samples_is_offered)
{
	struct match_scratch *scratch = match_scratch_create();
	struct catalogue *c = NULL;
	struct match got;
	static const char few[] = "answers:\n" ANSWER(
		"safe.rent") "    text: {zh: 好, en: fine}\n    suggest_only: true\n"
			     "    samples:\n      zh: [怎么租保险箱]\n      "
			     "en: [rent a safe deposit box]\n";

	ck_assert_int_eq(build_two(GOOD, few, &c), 0);
	catalogue_match(c, scratch, SPAN_LIT("想租保险箱怎么弄"), LANGUAGE_UNKNOWN, &got);
	ck_assert_int_eq(got.zone, MATCH_MENU);
	ck_assert_uint_le(got.count, MATCH_BEST);
	ck_assert(span_is(got.best[0].answer->id, "safe.rent") ||
	          span_is(got.best[1].answer->id, "safe.rent") ||
	          span_is(got.best[2].answer->id, "safe.rent"));
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}
END_TEST

START_TEST(agents_find_a_template_by_a_word_of_it)
{
	struct match_scratch *scratch = match_scratch_create();
	struct catalogue_found found[CATALOGUE_FOUND_MAX];
	struct catalogue *c = NULL;

	ck_assert_int_eq(build_two(GOOD, NULL, &c), 0);
	ck_assert_uint_ge(catalogue_search(c, scratch, SPAN_LIT("卡"), TEMPLATE_KINDS, found, 5),
	                  1);
	ck_assert(span_is(found[0].t->id, "card.lost"));
	ck_assert_uint_ge(catalogue_search(c, scratch, SPAN_LIT("卡"), TEMPLATE_ANSWER, found, 5),
	                  1);
	ck_assert_uint_eq(catalogue_search(c, scratch, SPAN_LIT("卡"), TEMPLATE_CANNED, found, 5),
	                  0);
	match_scratch_destroy(&scratch);
	catalogue_unref(&c);
}
END_TEST

START_TEST(settings_say_how_sure_an_answer_must_be)
{
	struct catalogue *c = NULL;

	ck_assert_int_eq(build_two(GOOD, "settings:\n  required: {answer: 0.99, menu: 0.7}\n", &c),
	                 0);
	ck_assert_float_eq(catalogue_required(c).answer, 0.99F);
	ck_assert_float_eq(catalogue_required(c).menu, 0.7F);
	ck_assert_float_eq(catalogue_required(c).in_scope, match_required_default.in_scope);
	catalogue_unref(&c);
	ck_assert_int_eq(build_two(GOOD, "settings:\n  required: {answer: 2}\n", &c), -EINVAL);
	ck_assert_int_eq(build_two(GOOD, "settings:\n  required: {answer: 0.9x}\n", &c), -EINVAL);
	ck_assert_int_eq(build_two(GOOD, "settings:\n  required: {sure: 0.9}\n", &c), -EINVAL);
	ck_assert_int_eq(build_two(GOOD, "settings:\n  required: nan\n", &c), -EINVAL);
}
END_TEST

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void remove_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(a_directory_is_read_by_its_yaml_files)
{
	char dir[] = "/tmp/catalogue-XXXXXX";
	struct catalogue *c = NULL;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	told[0] = '\0';
	ck_assert_int_eq(catalogue_load(dir, NULL, 0, on_told, NULL, &c), -EINVAL);
	ck_assert_ptr_nonnull(strstr(told, "there is no *.yaml file in it"));
	write_file(dir, "a.yaml", GOOD);
	write_file(dir, "notes.txt", "not: [ours");
	write_file(dir, ".hidden.yaml", "not: [ours");
	ck_assert_int_eq(catalogue_load(dir, NULL, 0, on_told, NULL, &c), 0);
	catalogue_unref(&c);
	write_file(dir, "b.yaml", "answers:\n  - nonsense\n");
	told[0] = '\0';
	ck_assert_int_eq(catalogue_load(dir, NULL, 0, on_told, NULL, &c), -EINVAL);
	ck_assert_ptr_nonnull(strstr(told, "b.yaml:2: "));
	remove_file(dir, "a.yaml");
	remove_file(dir, "b.yaml");
	remove_file(dir, "notes.txt");
	remove_file(dir, ".hidden.yaml");
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(catalogue_load(dir, NULL, 0, on_told, NULL, &c), -ENOENT);
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused)
{
	char *text = malloc(CATALOGUE_FILE_SIZE_MAX + 2);
	struct catalogue *c = NULL;

	memset(text, '#', CATALOGUE_FILE_SIZE_MAX + 1);
	text[CATALOGUE_FILE_SIZE_MAX + 1] = '\0';
	ck_assert_int_eq(build_two(text, NULL, &c), -EINVAL);
	ck_assert_ptr_nonnull(strstr(told, "a.yaml:0: larger than 1048576 octets"));
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("catalogue");

	tcase_add_loop_test(tc, a_fault_is_told_with_its_line, 0, (int)ARRAY_LEN(faults));
	tcase_add_test(tc, every_fault_is_told_not_only_the_first);
	tcase_add_test(tc, files_see_each_others_ids_and_settings);
	tcase_add_test(tc, the_version_is_of_the_content_and_the_time);
	tcase_add_test(tc, a_reference_keeps_the_snapshot);
	tcase_add_test(tc, what_is_for_suggesting_is_never_sent);
	tcase_add_test(tc, what_has_few_samples_is_offered);
	tcase_add_test(tc, agents_find_a_template_by_a_word_of_it);
	tcase_add_test(tc, settings_say_how_sure_an_answer_must_be);
	tcase_add_test(tc, what_is_like_a_handover_goes_to_a_person);
	tcase_add_test(tc, a_directory_is_read_by_its_yaml_files);
	tcase_add_test(tc, a_file_over_the_limit_is_refused);
	return unit_run("catalogue", &tc, 1);
}
