/* What a question already says of what its answer needs, and what is left to be asked for because
 * it could be meant otherwise. Today is 2026-11-22. */
#include "given.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define LIT(s)                     \
	{                          \
		(s), sizeof(s) - 1 \
	}

#define VARIABLE(type_, longest, called)                                                   \
	{                                                                                  \
		.name = LIT("it"), .type = (type_), .max = (longest), .about = LIT(called) \
	}

enum { TAIL, CODE, AMOUNT, NUMBER, DATE, TIME, PHONE, LINK, TEXT, NAME };

static const struct template_variable kinds[] = {
	[TAIL] = VARIABLE(VARIABLE_TAIL, 4, "卡号后四位 / the last four digits of the card"),
	[CODE] = VARIABLE(VARIABLE_CODE, 20, "包裹单号 (parcel number)"),
	[AMOUNT] = VARIABLE(VARIABLE_AMOUNT, 13, "转账数额 (what was transferred)"),
	[NUMBER] = VARIABLE(VARIABLE_NUMBER, 3, "分期期数 (number of instalments)"),
	[DATE] = VARIABLE(VARIABLE_DATE, 10, "交易日期 (day of the payment)"),
	[TIME] = VARIABLE(VARIABLE_TIME, 5, "预约时间 (hour)"),
	[PHONE] = VARIABLE(VARIABLE_PHONE, 20, "联系方式 (where to reach you)"),
	[LINK] = VARIABLE(VARIABLE_LINK, 60, "网址 (page)"),
	[TEXT] = VARIABLE(VARIABLE_TEXT, 40, "网点 (branch)"),
	[NAME] = VARIABLE(VARIABLE_NAME, 20, "姓名 (name)"),
};

static const struct tm today = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22};

static const struct {
	int kind;
	const char *text, *value; /* NULL: nothing is taken */
} vectors[] = {
	{TAIL,   "尾号1234的卡这个月账单多少",          "1234"                      },
	{TAIL,   "尾号是１２３４，5月账单",             "1234"                      },
	{TAIL,   "我卡号后四位：1234。",                   "1234"                      },
	{TAIL,   "尾號 1234 的帳單",                          "1234"                      },
	{TAIL,   "卡号1234还款了吗",                         "1234"                      },
	{TAIL,   "信用卡1234的账单",                         "1234"                      },
	{TAIL,   "账单 ****1234",				"1234"                      },
	{TAIL,   "my card ending 1234 what is the bill",           "1234"                      },
	{TAIL,   "Card ending in 1234?",                           "1234"                      },
	{TAIL,   "the last four digits are 1234",                  "1234"                      },
	{TAIL,   "bill of card 1234 please",                       "1234"                      },
	{TAIL,   "my 1234 card",				   "1234"                      },
	{TAIL,   "尾号1234还了5,678.00元",                    "1234"                      },
	{TAIL,   "尾号1234的卡2026年11月20日扣了5000元", "1234"                      },
	{TAIL,   "尾号1234的卡，11月账单",                 "1234"                      },
	{TAIL,   "尾号2024的卡",			       "2024"                      },
	{TAIL,   "尾号1234和尾号5678",                        NULL                        },
	{TAIL,   "尾号1234、5678两张卡",                     NULL                        },
	{TAIL,   "不是尾号1234的那张",                      NULL                        },
	{TAIL,   "not the card ending 1234",                       NULL                        },
	{TAIL,   "我还了5000怎么没到账",                   NULL                        },
	{TAIL,   "信用卡5000额度够吗",                      NULL                        },
	{TAIL,   "卡2024年的账单",                            NULL                        },
	{TAIL,   "card 2024 bill",				 NULL                        },
	{TAIL,   "尾号1234元",				  NULL                        },
	{TAIL,   "尾号12345",				    NULL                        },
	{TAIL,   "卡号6222 0200 1234 5678",                      NULL                        },
	{TAIL,   "卡号6222020012345678",                         NULL                        },
	{TAIL,   "这个月账单多少",                          NULL                        },
	{TAIL,   "",					       NULL			},
	{CODE,   "包裹AB-12到哪了",                           "AB-12"                     },
	{CODE,   "where is my parcel AB-12?",                      "AB-12"                     },
	{CODE,   "Parcel number is ab12, thanks",                  "ab12"                      },
	{CODE,   "单号：ＡＢ－１２",                       "AB-12"                     },
	{CODE,   "单号123456",				   "123456"                    },
	{CODE,   "GD20261122018到了吗",                         "GD20261122018"             },
	{CODE,   "GD20261122018这个包裹呢",                   "GD20261122018"             },
	{CODE,   "包裹AB-12和AB-13",                            NULL                        },
	{CODE,   "订单GD20261122018",                            NULL                        },
	{CODE,   "my order GD20261122018",                         NULL                        },
	{CODE,   "iphone15的包裹",                              "iphone15"                  },
	{CODE,   "late because of COVID-19?",                      NULL                        },
	{CODE,   "下了123456",				   NULL                        },
	{CODE,   "我的包裹呢",				NULL                        },
	{AMOUNT, "昨天转了5000元没到",                      "5000"                      },
	{AMOUNT, "转了¥5,000.50",                               "5,000.50"                  },
	{AMOUNT, "转账￥500",				   "500"                       },
	{AMOUNT, "transferred 1,280.00 yesterday",                 "1,280.00"                  },
	{AMOUNT, "transferred CNY 500",                            "500"                       },
	{AMOUNT, "500 yuan did not arrive",                        "500"                       },
	{AMOUNT, "金额是500",				   "500"                       },
	{AMOUNT, "尾号1234转了500块",                         "500"                       },
	{AMOUNT, "转了3万",				     NULL                        },
	{AMOUNT, "转了3万元",				  NULL                        },
	{AMOUNT, "transferred $500",                               NULL                        },
	{AMOUNT, "200 dollars",				    NULL                        },
	{AMOUNT, "500元还是600元",                             NULL                        },
	{AMOUNT, "500-1000元",				    NULL                        },
	{AMOUNT, "利率3.50%",				    NULL                        },
	{AMOUNT, "转了500",				      NULL                        },
	{NUMBER, "分12期可以吗",                              "12"                        },
	{NUMBER, "in 12 instalments",                              "12"                        },
	{NUMBER, "分12期还是24期",                            NULL                        },
	{NUMBER, "我今年30岁",				 NULL                        },
	{DATE,   "2026-11-20的交易",                            "2026-11-20"                },
	{DATE,   "2026/11/2 那笔",                               "2026-11-02"                },
	{DATE,   "2026年11月2日的交易",                      "2026-11-02"                },
	{DATE,   "2026年2月29号",                               NULL                        },
	{DATE,   "2024年2月29号",                               "2024-02-29"                },
	{DATE,   "11月20日那笔",			       "2026-11-20"                },
	{DATE,   "12月20号预约",			       "2026-12-20"                },
	{DATE,   "4月1日那笔",				 NULL                        },
	{DATE,   "on 22 November 2026",                            "2026-11-22"                },
	{DATE,   "payment of Nov 20",                              "2026-11-20"                },
	{DATE,   "Nov 20th, 2025",				 "2025-11-20"                },
	{DATE,   "the 3rd of December",                            "2026-12-03"                },
	{DATE,   "on 11/12/2026",				  NULL                        },
	{DATE,   "11-20那笔",				    NULL                        },
	{DATE,   "20号那笔",				    NULL                        },
	{DATE,   "11月账单",				    NULL                        },
	{DATE,   "2026-11-20到2026-11-22",                        NULL                        },
	{TIME,   "18:30可以吗",				 "18:30"                     },
	{TIME,   "18：30可以吗",			       "18:30"                     },
	{TIME,   "18点30分",				     "18:30"                     },
	{TIME,   "下午3点半",				  "15:30"                     },
	{TIME,   "上午10点",				    "10:00"                     },
	{TIME,   "at 3pm",					 "15:00"                     },
	{TIME,   "at 3:15 pm",				     "15:15"                     },
	{TIME,   "3点",					   NULL                        },
	{TIME,   "9:30",					   NULL                        },
	{TIME,   "晚上12点",				    NULL                        },
	{TIME,   "25:00",					  NULL                        },
	{TIME,   "10:00-12:00",				    NULL                        },
	{PHONE,  "打13800138000",				 "13800138000"               },
	{PHONE,  "call me at 020 or +8613800138000",               "+8613800138000"            },
	{PHONE,  "电话83910000",				 "83910000"                  },
	{PHONE,  "83910000",				       NULL                        },
	{LINK,   "see https://bank.example/a?b=1.",                "https://bank.example/a?b=1"},
	{LINK,   "https://a.example https://b.example",            NULL                        },
	{TEXT,   "人民路支行",				NULL                        },
	{NAME,   "我叫王小明",				NULL                        },
	{TAIL,   "尾号1234\xff",				 NULL                        },
};

static const char *read_one(const struct template_variable *v, const char *text)
{
	static struct given out[CATALOGUE_VARIABLES_MAX];
	const struct template t = {.variables = v, .variable_count = 1};
	size_t count = given_read(&t, span_of(text), &today, NULL, 0, out);

	return count ? out[0].value : NULL;
}

START_TEST(takes_what_is_meant_and_guesses_nothing)
{
	const char *value = read_one(&kinds[vectors[_i].kind], vectors[_i].text);
	const char *want = vectors[_i].value;

	ck_assert_msg(want ? value && strcmp(value, want) == 0 : !value, "%s: %s, not %s",
	              vectors[_i].text, value ? value : "none", want ? want : "none");
}
END_TEST

/* What it is called is no word of doubt for a sum or a year. */
START_TEST(a_card_in_the_name_makes_no_sum_a_card)
{
	const struct template_variable v = {.name = LIT("it"),
	                                    .type = VARIABLE_TAIL,
	                                    .max = 4,
	                                    .about = LIT("信用卡后四位 (your credit card)")};

	ck_assert_ptr_null(read_one(&v, "我的信用卡5000额度够吗"));
	ck_assert_ptr_null(read_one(&v, "credit card 2024 fees"));
	ck_assert_str_eq(read_one(&v, "我的信用卡5001"), "5001");
}
END_TEST

static const struct template_variable several[] = {
	{.name = LIT("tail"), .type = VARIABLE_TAIL,   .max = 4,  .about = LIT("尾号")},
	{.name = LIT("from"), .type = VARIABLE_DATE,   .max = 10, .about = LIT("开始")},
	{.name = LIT("to"),   .type = VARIABLE_DATE,   .max = 10, .about = LIT("结束")},
	{.name = LIT("sum"),  .type = VARIABLE_AMOUNT, .max = 13, .about = LIT("数额")},
};
static const struct template both = {.variables = several, .variable_count = ARRAY_LEN(several)};
static const char statement[] = "尾号1234的卡2026-11-20支出500元";

START_TEST(a_piece_that_two_would_have_is_nobodys)
{
	struct given out[CATALOGUE_VARIABLES_MAX];

	ck_assert_uint_eq(given_read(&both, span_of(statement), &today, NULL, 0, out), 2);
	ck_assert(span_is(out[0].name, "tail"));
	ck_assert_str_eq(out[0].value, "1234");
	ck_assert(span_is(out[1].name, "sum"));
	ck_assert_str_eq(out[1].value, "500");
}
END_TEST

START_TEST(what_is_known_is_not_looked_for)
{
	const struct render_value known[] = {
		{SPAN_LIT("from"), SPAN_LIT("2026-11-01")},
                {SPAN_LIT("tail"), SPAN_LIT("9999")      }
        };
	struct given out[CATALOGUE_VARIABLES_MAX];

	ck_assert_uint_eq(given_read(&both, span_of(statement), &today, known, 2, out), 2);
	ck_assert(span_is(out[0].name, "to"));
	ck_assert_str_eq(out[0].value, "2026-11-20");
}
END_TEST

/* Of what is not seen whole nothing is known to be the only one. */
START_TEST(a_long_text_gives_nothing)
{
	char text[GIVEN_TEXT_MAX + 2];
	size_t tail = strlen("尾号1234");

	memset(text, 'a', sizeof(text));
	memcpy(text, "尾号1234", tail);
	text[tail] = ' ';
	text[GIVEN_TEXT_MAX] = '\0';
	ck_assert_str_eq(read_one(&kinds[TAIL], text), "1234");
	text[GIVEN_TEXT_MAX] = 'a';
	text[GIVEN_TEXT_MAX + 1] = '\0';
	ck_assert_ptr_null(read_one(&kinds[TAIL], text));
	for (size_t i = tail; i < GIVEN_TEXT_MAX; i++)
		text[i] = i % 2 ? '7' : ' ';
	text[GIVEN_TEXT_MAX] = '\0';
	ck_assert_ptr_null(read_one(&kinds[TAIL], text));
}
END_TEST

START_TEST(a_day_without_a_year_is_the_near_one)
{
	const struct tm january = {.tm_year = 127, .tm_mon = 0, .tm_mday = 3};
	const struct template t = {.variables = &kinds[DATE], .variable_count = 1};
	struct given out[CATALOGUE_VARIABLES_MAX];

	ck_assert_uint_eq(given_read(&t, span_of("12月30日那笔"), &january, NULL, 0, out), 1);
	ck_assert_str_eq(out[0].value, "2026-12-30");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("given");

	tcase_add_loop_test(tc, takes_what_is_meant_and_guesses_nothing, 0,
	                    (int)ARRAY_LEN(vectors));
	tcase_add_test(tc, a_card_in_the_name_makes_no_sum_a_card);
	tcase_add_test(tc, a_piece_that_two_would_have_is_nobodys);
	tcase_add_test(tc, what_is_known_is_not_looked_for);
	tcase_add_test(tc, a_long_text_gives_nothing);
	tcase_add_test(tc, a_day_without_a_year_is_the_near_one);
	return unit_run("given", &tc, 1);
}
