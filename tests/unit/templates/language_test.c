/* The language of a text is that of its letters; names of languages are read with their regions. */
#include "language.h"
#include "unit.h"

static const struct vector {
	const char *text;
	enum language want;
} vectors[] = {
	{"我的卡丢了",               LANGUAGE_ZH     },
	{"I lost my card",                LANGUAGE_EN     },
	{"我的 app 登录不了",       LANGUAGE_ZH     },
	{"app login不了",               LANGUAGE_ZH     },
	{"wechat 支付",                 LANGUAGE_ZH     },
	{"please help me with 支付宝", LANGUAGE_EN     },
	{"12345",			 LANGUAGE_UNKNOWN},
	{"😀😀",		      LANGUAGE_UNKNOWN},
	{"",			      LANGUAGE_UNKNOWN},
	{"\xff\xfe\x80",                  LANGUAGE_UNKNOWN},
	{"\xff\xe5\x8d\xa1",              LANGUAGE_ZH     },
};

START_TEST(a_text_is_in_the_language_of_its_letters)
{
	const struct vector *v = &vectors[_i];

	ck_assert_msg(language_detect(span_of(v->text)) == v->want, "%s", v->text);
}
END_TEST

START_TEST(a_name_counts_by_its_first_part)
{
	static const char *const chinese[] = {"zh", "zh-CN", "zh_Hant_TW"};
	enum language got = LANGUAGE_UNKNOWN;

	for (size_t i = 0; i < ARRAY_LEN(chinese); i++) {
		ck_assert_int_eq(language_parse(span_of(chinese[i]), &got), 0);
		ck_assert_int_eq(got, LANGUAGE_ZH);
	}
	ck_assert_int_eq(language_parse(span_of("en-GB"), &got), 0);
	ck_assert_int_eq(got, LANGUAGE_EN);
	ck_assert_int_eq(language_parse(span_of("fr"), &got), -EINVAL);
	ck_assert_int_eq(language_parse(SPAN_NONE, &got), -EINVAL);
	ck_assert_int_eq(got, LANGUAGE_EN);
	ck_assert_str_eq(language_name(LANGUAGE_UNKNOWN), "");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("language");

	tcase_add_loop_test(tc, a_text_is_in_the_language_of_its_letters, 0,
	                    (int)ARRAY_LEN(vectors));
	tcase_add_test(tc, a_name_counts_by_its_first_part);
	return unit_run("language", &tc, 1);
}
