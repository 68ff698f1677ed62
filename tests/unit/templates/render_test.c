/* Wordings are chosen by medium and language, values are checked, SMS lengths are measured. */
#include "catalogue.h"
#include "unit.h"

#include <stdio.h>

static const char *const yaml = "settings:\n"
				"  constants:\n"
				"    bank: {zh: 远港, en: Farhaven}\n"
				"notifications:\n"
				"  - id: notice.debit\n"
				"    title: {zh: 支出, en: Debit}\n"
				"    variables:\n"
				"      amount: {type: amount, example: '1.00'}\n"
				"      name: {type: name, max: 8, example: Wang}\n"
				"    text:\n"
				"      zh: '{{name}}，{{bank}}支出{{amount}}元{{amount}}'\n"
				"      en: '{{name}}: CNY {{amount}} left {{bank}}.'\n"
				"    sms:\n"
				"      en: '{{ amount }} out'\n"
				"handovers:\n"
				"  - id: handover.other\n"
				"    title: {zh: 其他, en: Other}\n"
				"    samples:\n"
				"      zh: [天气如何, 讲个笑话, 唱首歌]\n"
				"      en: [weather today, tell a joke, sing a song]\n";

static struct catalogue *c;
static struct buf out;
static struct span culprit;

static void setup(void)
{
	struct catalogue_file file = {"a.yaml", span_of(yaml)};

	ck_assert_int_eq(catalogue_build(&file, 1, 0, NULL, NULL, &c), 0);
	buf_init(&out, 1000);
	culprit = SPAN_NONE;
}

static void teardown(void)
{
	buf_fini(&out);
	catalogue_unref(&c);
}

static int render(enum language language, enum medium medium, const char *name, const char *amount)
{
	struct render_value values[] = {
		{SPAN_LIT("other"),  SPAN_LIT("ignored")},
		{SPAN_LIT("name"),   span_of(name)      },
		{SPAN_LIT("amount"), span_of(amount)    }
        };
	struct render_order order = {language, medium, values, amount ? 3 : 2};

	buf_clear(&out);
	return template_render(catalogue_find(c, SPAN_LIT("notice.debit")), &order, &out, &culprit);
}

static const struct wording_vector {
	enum language language;
	enum medium medium;
	const char *want;
} wordings[] = {
	{LANGUAGE_ZH,      MEDIUM_ANY,    "Mei，远港支出5.00元5.00"},
	{LANGUAGE_EN,      MEDIUM_ANY,    "Mei: CNY 5.00 left Farhaven." },
	{LANGUAGE_EN,      MEDIUM_SMS,    "5.00 out"                     },
	{LANGUAGE_ZH,      MEDIUM_SMS,    "Mei，远港支出5.00元5.00"},
	{LANGUAGE_EN,      MEDIUM_WECHAT, "Mei: CNY 5.00 left Farhaven." },
	{LANGUAGE_UNKNOWN, MEDIUM_WEB,    "Mei，远港支出5.00元5.00"},
};

START_TEST(the_wording_is_that_of_the_medium_else_the_general_one)
{
	const struct wording_vector *v = &wordings[_i];

	ck_assert_int_eq(render(v->language, v->medium, "Mei", "5.00"), 0);
	ck_assert_msg(span_is(buf_span(&out), v->want), "%.*s", SPAN_FMT(buf_span(&out)));
}
END_TEST

START_TEST(a_missing_variable_is_named)
{
	ck_assert_int_eq(render(LANGUAGE_ZH, MEDIUM_ANY, "Mei", NULL), -ENOENT);
	ck_assert(span_is(culprit, "amount"));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

static const struct {
	const char *what, *name, *amount, *culprit;
} refused[] = {
	{"not an amount", "Mei",                         "five", "amount"},
	{"empty",         "",			    "5",    "name"  },
	{"too long",      "一二三四五六七八九", "5",    "name"  },
	{"a line end",    "a\nb",                        "5",    "name"  },
	{"not UTF-8",     "\xff",                        "5",    "name"  },
};

START_TEST(a_value_that_does_not_fit_its_variable_is_refused)
{
	ck_assert_msg(render(LANGUAGE_ZH, MEDIUM_ANY, refused[_i].name, refused[_i].amount) ==
	                      -EINVAL,
	              "%s", refused[_i].what);
	ck_assert(span_is(culprit, refused[_i].culprit));
}
END_TEST

START_TEST(a_value_is_inserted_as_it_is_and_not_read_again)
{
	ck_assert_int_eq(render(LANGUAGE_EN, MEDIUM_ANY, "{{bank}}", "5"), 0);
	ck_assert(span_is(buf_span(&out), "{{bank}}: CNY 5 left Farhaven."));
}
END_TEST

START_TEST(the_limit_of_the_buffer_holds_and_what_was_there_stays)
{
	struct render_value values[] = {
		{SPAN_LIT("name"),   SPAN_LIT("Mei")},
                {SPAN_LIT("amount"), SPAN_LIT("5")  }
        };
	struct render_order order = {LANGUAGE_EN, MEDIUM_ANY, values, 2};
	struct buf small;

	buf_init(&small, 20);
	buf_str(&small, "before ");
	ck_assert_int_eq(template_render(catalogue_find(c, SPAN_LIT("notice.debit")), &order,
	                                 &small, &culprit),
	                 -EMSGSIZE);
	ck_assert(span_is(buf_span(&small), "before "));
	buf_fini(&small);
}
END_TEST

START_TEST(a_handover_has_nothing_to_render)
{
	struct render_order order = {LANGUAGE_EN, MEDIUM_ANY, NULL, 0};

	ck_assert_int_eq(template_render(catalogue_find(c, SPAN_LIT("handover.other")), &order,
	                                 &out, &culprit),
	                 -ENODATA);
}
END_TEST

START_TEST(media_are_known_by_scheme_and_by_connector)
{
	ck_assert_int_eq(medium_of(SPAN_LIT("sms")), MEDIUM_SMS);
	ck_assert_int_eq(medium_of(SPAN_LIT("wechat")), MEDIUM_WECHAT);
	ck_assert_int_eq(medium_of(SPAN_LIT("web")), MEDIUM_WEB);
	ck_assert_int_eq(medium_of(SPAN_LIT("webchat")), MEDIUM_WEB);
	ck_assert_int_eq(medium_of(SPAN_LIT("smoke")), MEDIUM_ANY);
	ck_assert_int_eq(medium_of(SPAN_NONE), MEDIUM_ANY);
}
END_TEST

static const struct {
	enum variable_type type;
	const char *good, *bad;
} types[] = {
	{VARIABLE_TEXT,   "任何 text",              ""           },
	{VARIABLE_AMOUNT, "-1,234.50",                "1.0元"     },
	{VARIABLE_NUMBER, "42",                       "4.2"        },
	{VARIABLE_CODE,   "TS-2026a",                 "a b"        },
	{VARIABLE_TAIL,   "0123",                     "123"        },
	{VARIABLE_DATE,   "2026-11-22",               "22.11.2026" },
	{VARIABLE_TIME,   "18:30",                    "18.30"      },
	{VARIABLE_PHONE,  "+86-21-00009560",          "n/a"        },
	{VARIABLE_LINK,   "https://farhaven.example", "has a blank"},
	{VARIABLE_AMOUNT, "0.5",                      "..."        },
	{VARIABLE_CODE,   "7",                        "--"         },
	{VARIABLE_PHONE,  "95500",                    "+-"         },
	{VARIABLE_DATE,   "2028-02-29",               "2026-02-29" },
	{VARIABLE_DATE,   "2000-02-29",               "2100-02-29" },
	{VARIABLE_DATE,   "2026-12-31",               "2026-04-31" },
	{VARIABLE_DATE,   "2026-01-01",               "2026-13-01" },
	{VARIABLE_DATE,   "2026-10-10",               "2026-00-10" },
	{VARIABLE_TIME,   "00:00",                    "25:00"      },
	{VARIABLE_TIME,   "24:00",                    "24:01"      },
	{VARIABLE_TIME,   "23:59",                    "23:60"      },
};

START_TEST(each_type_of_variable_takes_its_own)
{
	struct template_variable v = {.type = types[_i].type, .max = 60};

	ck_assert_ptr_null(variable_refuse(&v, span_of(types[_i].good)));
	ck_assert_ptr_nonnull(variable_refuse(&v, span_of(types[_i].bad)));
}
END_TEST

static struct render_sms measure(char unit, size_t count)
{
	static char text[4096];

	memset(text, unit, count);
	return render_sms_measure((struct span){text, count});
}

/* GSM 03.38: 160 septets; UCS-2: 70 units (GSM 03.40 9.2.3.24). */
START_TEST(one_sms_is_160_septets_or_70_units)
{
	char wide[71 * 3 + 1] = "";

	ck_assert(measure('a', 160).single);
	ck_assert(!measure('a', 161).single);
	ck_assert_uint_eq(measure('[', 80).units, 160);
	ck_assert_uint_eq(render_sms_measure(SPAN_LIT("é€£")).units, 4);
	for (size_t i = 0; i < 71; i++)
		memcpy(wide + 3 * i, "卡", 3);
	ck_assert(render_sms_measure((struct span){wide, sizeof(wide) - 4}).single);
	ck_assert(!render_sms_measure((struct span){wide, sizeof(wide) - 1}).single);
	ck_assert_uint_eq(render_sms_measure(SPAN_LIT("a卡")).forced, 0x5361);
	ck_assert_uint_eq(render_sms_measure(SPAN_LIT("😀")).units, 2);
	ck_assert(render_sms_measure(SPAN_LIT("`")).ucs2);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("render");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_wording_is_that_of_the_medium_else_the_general_one, 0,
	                    (int)ARRAY_LEN(wordings));
	tcase_add_test(tc, a_missing_variable_is_named);
	tcase_add_loop_test(tc, a_value_that_does_not_fit_its_variable_is_refused, 0,
	                    (int)ARRAY_LEN(refused));
	tcase_add_test(tc, a_value_is_inserted_as_it_is_and_not_read_again);
	tcase_add_test(tc, the_limit_of_the_buffer_holds_and_what_was_there_stays);
	tcase_add_test(tc, a_handover_has_nothing_to_render);
	tcase_add_test(tc, media_are_known_by_scheme_and_by_connector);
	tcase_add_loop_test(tc, each_type_of_variable_takes_its_own, 0, (int)ARRAY_LEN(types));
	tcase_add_test(tc, one_sms_is_160_septets_or_70_units);
	return unit_run("render", &tc, 1);
}
