/* Texts that a reader would call the same question have the same terms. */
#include "matcher_normal.h"
#include "unit.h"

#include <stdio.h>

static struct normal n;

static const char *terms(const char *text)
{
	static char out[8192];
	size_t len = 0;

	normal_read(span_of(text), &n);
	out[0] = '\0';
	for (size_t i = 0; i < n.count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s", i ? " " : "",
		                        SPAN_FMT(normal_term(&n, i)));
	return out;
}

static const struct vector {
	const char *what, *text, *want;
} vectors[] = {
	{"lower case",                      "How ARE You?",                   "how are you"        },
	{"apostrophes join",                "I don't, I can\xe2\x80\x99t",    "i dont i cant"      },
	{"full width",                      "ＡＰＰ登录，１２３",    "app 登 录 #number"},
	{"traditional to simplified",       "銀行卡掛失",                "银 行 卡 挂 失"},
	{"mixed needs no blank",            "app登录",                      "app 登 录"        },
	{"number",			  "gate 7",                         "gate #number"       },
	{"amount by unit",                  "转5000元",                     "转 #amount"        },
	{"amount with 万",                 "我要转30万块",              "我 要 转 #amount"},
	{"amount by sign",                  "pay $1,234.50 now",              "pay #amount now"    },
	{"amount by word",                  "100 dollars please",             "#amount please"     },
	{"a unit must end there",           "5 keys",                         "#number keys"       },
	{"three months are no date",        "3个月",                        "#number 个 月"    },
	{"card in one run",                 "6222021234567890123",            "#card"              },
	{"card in groups of four",          "6222 0212 3456 7890 ok",         "#card ok"           },
	{"date with units",                 "2026年11月22日到",           "#date 到"          },
	{"date with dashes",                "on 2026-11-22",                  "on #date"           },
	{"time",			    "at 18:30",                       "at #date"           },
	{"link",			    "see https://a.example/x?y=1 ok", "see #link ok"       },
	{"bare domain",                     "go to bank.com now",             "go to #link now"    },
	{"mail",			    "write to a.b@c.example",         "write to a #link"   },
	{"controls and line ends separate",
         "a\x01"
         "b\nc\td",                                                           "a b c d"            },
	{"bad octets separate",
         "ab\xff"
         "cd",                                                                "ab cd"              },
	{"zero width is nothing",           "卡\xe2\x80\x8b丢",             "卡 丢"            },
	{"emoji is nothing",                "😀卡😀",                    "卡"                },
	{"a greeting in front is dropped",  "你好，请问卡丢了",       "卡 丢 了"        },
	{"in English too",                  "Hello, good morning! lost card", "lost card"          },
	{"a greeting alone stays",          "你好",                         "你 好"            },
	{"with little behind it, too",      "hello there",                    "hello there"        },
	{"in the middle it stays",          "say hi to them",                 "say hi to them"     },
	{"only punctuation",                "？？！...",                   ""                   },
	{"nothing",			 "",			       ""                   },
};

START_TEST(terms_are_normalised)
{
	const struct vector *v = &vectors[_i];

	ck_assert_msg(strcmp(terms(v->text), v->want) == 0, "%s: '%s', not '%s'", v->what,
	              terms(v->text), v->want);
}
END_TEST

static uint64_t hash(const char *text)
{
	normal_read(span_of(text), &n);
	return normal_hash(&n);
}

static uint64_t gist(const char *text)
{
	normal_read(span_of(text), &n);
	return normal_gist(&n);
}

START_TEST(the_hash_is_of_the_terms_in_order)
{
	ck_assert_uint_eq(hash("App 登录？"), hash("ＡＰＰ登錄"));
	ck_assert_uint_eq(hash("转50元"), hash("转 99.00 元!"));
	ck_assert_uint_ne(hash("ab c"), hash("a bc"));
	ck_assert_uint_ne(hash("a b"), hash("b a"));
}
END_TEST

START_TEST(the_gist_minds_neither_order_nor_particles)
{
	ck_assert_uint_eq(gist("卡丢了"), gist("丢卡了吗"));
	ck_assert_uint_eq(gist("please reset my PIN"), gist("reset the pin"));
	ck_assert_uint_ne(gist("reset pin"), gist("change pin"));
	/* Characters that differ by as much, one up and one down. */
	ck_assert_uint_ne(gist("收入"), gist("卡机"));
	ck_assert_uint_ne(gist("手储"), gist("卡本"));
}
END_TEST

START_TEST(a_text_of_any_length_is_read_up_to_the_limits)
{
	static char text[65536];

	memset(text, 'a', sizeof(text));
	normal_read((struct span){text, sizeof(text)}, &n);
	ck_assert(n.cut);
	ck_assert_uint_le(n.len, NORMAL_TEXT_SIZE);
	for (size_t i = 0; i + 2 < sizeof(text); i += 3)
		memcpy(text + i, "卡", 3);
	normal_read((struct span){text, sizeof(text) - 1}, &n);
	ck_assert(n.cut);
	ck_assert_uint_eq(n.count, NORMAL_TOKENS_MAX);
	memset(text, '\xff', sizeof(text));
	normal_read((struct span){text, sizeof(text)}, &n);
	ck_assert_uint_eq(n.count, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("normal");

	tcase_add_loop_test(tc, terms_are_normalised, 0, (int)ARRAY_LEN(vectors));
	tcase_add_test(tc, the_hash_is_of_the_terms_in_order);
	tcase_add_test(tc, the_gist_minds_neither_order_nor_particles);
	tcase_add_test(tc, a_text_of_any_length_is_read_up_to_the_limits);
	return unit_run("matcher_normal", &tc, 1);
}
