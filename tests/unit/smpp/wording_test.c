/* What is put around a text and replaced in it: docs/protocols/smpp.md. */
#include "smpp_split.h"
#include "smpp_wording.h"
#include "unit.h"
#include "utf8.h"

#define ZH SPAN_LIT("【远港银行】")
#define EN SPAN_LIT("[Farhaven] ")

static const struct worded {
	const char *what;
	enum smpp_place place;
	const char *text, *opt_out, *want;
	size_t counted;
} wordeds[] = {
	{"nothing is asked for",				 SMPP_PLACE_NONE,     "x",                          "",                    "x",                                     0 },
	{"in front",					     SMPP_PLACE_FRONT,    "您好",                     "",                    "【远港银行】您好",              0 },
	{"behind",					       SMPP_PLACE_BEHIND,   "您好",                     "",                    "您好【远港银行】",              0 },
	{"the operator's to add",                                SMPP_PLACE_OPERATOR, "您好",                     "",                    "【远港银行】您好",              18},
	{"not doubled in front",				 SMPP_PLACE_FRONT,    "【远港银行】您好",   "",                    "【远港银行】您好",              0 },
	{"not doubled in the other language",                    SMPP_PLACE_FRONT,    "[Farhaven] Hi",              "",
         "[Farhaven] Hi",																			   0 },
	{"not doubled behind",				   SMPP_PLACE_BEHIND,   "您好【远港银行】\n", "",                    "您好【远港银行】\n",
         0																					    },
	{"behind, and the text has it in front",                 SMPP_PLACE_BEHIND,   "【远港银行】您好",   "",
         "【远港银行】您好【远港银行】",															      0 },
	{"another's name is no signature of ours",               SMPP_PLACE_FRONT,    "【别家】您好",         "",
         "【远港银行】【别家】您好",																    0 },
	{"not doubled where the operator adds it",               SMPP_PLACE_OPERATOR, "【远港银行】您好",   "",
         "【远港银行】您好",																		0 },
	{"the way out, behind",				  SMPP_PLACE_FRONT,    "新品",                     "，拒收请回复R",
         "【远港银行】新品，拒收请回复R",															     0 },
	{"the way out before a signature behind",                SMPP_PLACE_BEHIND,   "新品",                     "，拒收请回复R",
         "新品，拒收请回复R【远港银行】",															     0 },
	{"the way out is there already",                         SMPP_PLACE_NONE,     "新品 拒收请回复R。", "，拒收请回复R",
         "新品 拒收请回复R。",																	      0 },
	{"no blank before Latin where the signature is Chinese", SMPP_PLACE_FRONT,    "Hi",                         "",
         "【远港银行】Hi",																		    0 },
	{"an empty text",					SMPP_PLACE_FRONT,    "",                           "，拒收请回复R", "【远港银行】，拒收请回复R", 0 },
};

START_TEST(a_text_goes_with_what_belongs_around_it)
{
	const struct worded *v = &wordeds[_i];
	const struct smpp_wording w = {
		.place = v->place,
		.signature = ZH,
		.signatures = {ZH,                  EN          },
		.opt_out = span_of(v->opt_out),
		.opt_outs = {span_of(v->opt_out), SPAN_LIT("")},
	};
	struct buf out;
	size_t counted = 1;

	buf_init(&out, 1024);
	ck_assert_int_eq(smpp_word(span_of(v->text), &w, &out, &counted), 0);
	ck_assert_msg(span_is(buf_span(&out), v->want), "%s: %.*s", v->what,
	              SPAN_FMT(buf_span(&out)));
	ck_assert_msg(counted == v->counted, "%s: %zu", v->what, counted);
	buf_fini(&out);
}
END_TEST

START_TEST(latin_words_are_apart)
{
	struct smpp_wording w = {
		.place = SMPP_PLACE_FRONT,
		.signature = SPAN_LIT("[Bank]"),
		.signatures = {SPAN_LIT("[Bank]"), SPAN_LIT("[Bank]")}
        };
	struct buf out;
	size_t counted;

	buf_init(&out, 1024);
	ck_assert_int_eq(smpp_word(SPAN_LIT("Hi"), &w, &out, &counted), 0);
	buf_str(&out, "|");
	ck_assert_int_eq(smpp_word(SPAN_LIT("您好"), &w, &out, &counted), 0);
	buf_str(&out, "|");
	w.place = SMPP_PLACE_BEHIND;
	ck_assert_int_eq(smpp_word(SPAN_LIT("Hi"), &w, &out, &counted), 0);
	buf_str(&out, "|");
	w.place = SMPP_PLACE_OPERATOR;
	ck_assert_int_eq(smpp_word(SPAN_LIT("Hi"), &w, &out, &counted), 0);
	ck_assert_uint_eq(counted, 7);
	ck_assert(span_is(buf_span(&out), "[Bank] Hi|[Bank]您好|Hi [Bank]|[Bank] Hi"));
	buf_fini(&out);
}
END_TEST

START_TEST(what_the_operator_adds_is_counted_and_not_sent)
{
	static const struct {
		size_t characters;
		unsigned parts;
		size_t first, left;
	} rows[] = {
		{64,      1, 128,    0 },
		{65,      2, 2 * 61, 63},
		{61 + 67, 2, 2 * 61, 0 },
		{61 + 68, 3, 2 * 61, 66}
        };

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct smpp_split_options o = {
			.dflt = SMPP_GSM7, .parts_max = 10, .counted = ZH.len};
		struct smpp_parts parts = {0};
		struct buf text;

		buf_init(&text, 4096);
		buf_add(&text, ZH);
		for (size_t i = 0; i < rows[r].characters; i++)
			buf_str(&text, "好");
		ck_assert_int_eq(smpp_split(buf_span(&text), &o, &parts), 0);
		ck_assert_uint_eq(parts.count, rows[r].parts);
		ck_assert_uint_eq(smpp_part(&parts, 0).len, rows[r].first);
		ck_assert_uint_eq(parts.left, rows[r].left);
		ck_assert(memcmp(smpp_part(&parts, 0).ptr, "\x59\x7d", 2) == 0);
		smpp_parts_fini(&parts);
		buf_fini(&text);
	}
}
END_TEST

static const struct plain {
	const char *text, *want;
	size_t replaced, different;
} plains[] = {
	{"It’s “here” – now…",            "It's \"here\" - now...", 5,  5},
	{"a\u00a0b\u2009c\u3000d",                  "a b c d",                3,  3},
	{"Ｃａｒｄ　Ｎｏ．１，ｏｋ？", "Card No.1,ok?",          13, 8},
	{"““““““““““",          "\"\"\"\"\"\"\"\"\"\"",   10, 1},
	{"已 “x”",			     "已 \"x\"",              2,  2},
	{"café £5 €3 ñ",                       "café £5 €3 ñ",      0,  0},
	{"zero\u200bwidth\ufeff",                   "zerowidth",              2,  2},
	{"Zoë",				    "Zoë",                   0,  0},
	{"a\tb`c",				  "a b'c",                  2,  2},
	{"",					"",		       0,  0},
};

START_TEST(typography_is_made_plain_and_letters_stay)
{
	const struct plain *v = &plains[_i];
	struct smpp_change changes[8];
	size_t count;
	struct buf out;

	buf_init(&out, 1024);
	ck_assert_uint_eq(smpp_transliterate(span_of(v->text), SMPP_GSM7, &out, changes,
	                                     ARRAY_LEN(changes), &count),
	                  v->replaced);
	ck_assert_msg(span_is(buf_span(&out), v->want), "%.*s", SPAN_FMT(buf_span(&out)));
	ck_assert_uint_eq(count, v->different);
	buf_fini(&out);
}
END_TEST

/* The search is by halves, and what stands for something must be sendable itself. */
START_TEST(the_table_is_in_order_and_leads_into_the_default_alphabet)
{
	unsigned known = 0;

	for (uint32_t code = 0; code < 0x10000; code++) {
		const char *to = smpp_plain(code);

		known += to != NULL;
		for (; to && *to; to++)
			ck_assert_msg(smpp_text_width(SMPP_GSM7, (uint8_t)*to) > 0, "U+%04X", code);
	}
	ck_assert_uint_eq(known, 62 + 94);
}
END_TEST

START_TEST(a_text_with_a_han_character_is_chinese)
{
	ck_assert(smpp_text_is_chinese(SPAN_LIT("ok 好")));
	ck_assert(!smpp_text_is_chinese(SPAN_LIT("ok，かな")));
	ck_assert(!smpp_text_is_chinese(SPAN_LIT("")));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("wording");

	tcase_add_loop_test(tc, a_text_goes_with_what_belongs_around_it, 0, ARRAY_LEN(wordeds));
	tcase_add_test(tc, latin_words_are_apart);
	tcase_add_test(tc, what_the_operator_adds_is_counted_and_not_sent);
	tcase_add_loop_test(tc, typography_is_made_plain_and_letters_stay, 0, ARRAY_LEN(plains));
	tcase_add_test(tc, the_table_is_in_order_and_leads_into_the_default_alphabet);
	tcase_add_test(tc, a_text_with_a_han_character_is_chinese);
	return unit_run("smpp wording", &tc, 1);
}
