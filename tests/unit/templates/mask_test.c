/* What is blotted of a customer's words, and what stays: vectors in both languages. */
#include "mask.h"
#include "unit.h"

#include <stdlib.h>

static const struct {
	const char *said, *kept;
} vectors[] = {
	{"",					     ""					  },
	{"我的卡丢了",			      "我的卡丢了"                           },
	{"卡号6222 0200 1234 5678丢了",              "卡号0000 0000 0000 0000丢了"           },
	{"我的身份证11010519900307123X过期了",   "我的身份证000000000000000000过期了"},
	{"call me on +86 138-0013-8000",                 "call me on +00 000-0000-0000"              },
	{"尾号８８６６的卡",                     "尾号0000的卡"                          },
	{"the 3 cards of 12 months",                     "the 3 cards of 12 months"                  },
	{"transfer 1,280.00 yuan",                       "transfer 0,000.00 yuan"                    },
	{"write to john.smith+x@bank.example please",    "write to name@example.com please"          },
	{"see https://user:pw@evil.example/a?b=1#c, ok", "see https://example.com ok"                },
	{"我叫王小明，想查余额",               "我叫某某某，想查余额"            },
	{"户名：李雷",			      "户名：某某"                           },
	{"我是张三。卡丢了",                     "我是某某。卡丢了"                  },
	{"我是高级会员吗",                        "我是高级会员吗"                     },
	{"我叫你们经理来",                        "我叫你们经理来"                     },
	{"给王小明先生转账",                     "给某某某先生转账"                  },
	{"张女士的卡",			      "某女士的卡"                           },
	{"My name is John Smith and I lost it",          "My name is Name and I lost it"             },
	{"my name is wrong on the card",                 "my name is wrong on the card"              },
	{"I am John Smith",			      "I am Name"                                 },
	{"I am Chinese",				 "I am Chinese"                              },
	{"ask Mr. Smith about it",                       "ask Mr Name about it"                      },
	{"the mr mister",				"the mr mister"                             },
	{"card \xff\xfe"
         "12345",                               "card \xff\xfe"
         "00000"							   },
};

START_TEST(blots_what_names_a_person_or_an_account)
{
	struct buf out;

	buf_init(&out, 1000);
	mask_text(span_of(vectors[_i].said), &out);
	ck_assert_msg(span_is(buf_span(&out), vectors[_i].kept), "%s: %.*s", vectors[_i].said,
	              SPAN_FMT(buf_span(&out)));
	buf_fini(&out);
}
END_TEST

/* Any of these took seconds of 64 KB when each place read on to the end of what might be a mail
 * address; the text here is twice as long. */
static const char *const endless[] = {".", "._", "%", "+1", "A-", "ms.", "a@", "-a@", "1.", "我叫"};

START_TEST(takes_no_longer_for_an_octet_of_a_long_text)
{
	const size_t len = (size_t)128 << 10, unit = strlen(endless[_i]);
	char *said = malloc(len);
	struct buf out;

	ck_assert_ptr_nonnull(said);
	for (size_t i = 0; i < len; i++)
		said[i] = endless[_i][i % unit];
	buf_init(&out, 8 * len);
	mask_text((struct span){said, len}, &out);
	ck_assert_int_eq(buf_check(&out), 0);
	ck_assert_uint_ge(out.len, len);
	buf_fini(&out);
	free(said);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("mask");

	tcase_add_loop_test(tc, blots_what_names_a_person_or_an_account, 0,
	                    (int)ARRAY_LEN(vectors));
	tcase_add_loop_test(tc, takes_no_longer_for_an_octet_of_a_long_text, 0,
	                    (int)ARRAY_LEN(endless));
	return unit_run("mask", &tc, 1);
}
