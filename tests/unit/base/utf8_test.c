/* UTF-8: RFC 3629 section 4, and what section 10 warns of. */
#include "unit.h"
#include "utf8.h"

static const struct vector {
	const char *what, *hex;
	bool valid;
	size_t count;
} vectors[] = {
	{"ASCII",		      "616263",             true,  3},
	{"two, three, four octets",    "c3a9e4b8adf09f9880", true,  3},
	{"U+10FFFF, the last",         "f48fbfbf",           true,  1},
	{"past U+10FFFF",              "f4908080",           false, 4},
	{"overlong slash, two octets", "c0af",               false, 2},
	{"overlong, three octets",     "e080af",             false, 3},
	{"a surrogate",                "eda080",             false, 3},
	{"cut short",                  "e4b8",               false, 2},
	{"a tail alone",               "80",                 false, 1},
	{"a lead then ASCII",          "c341",               false, 2},
};

START_TEST(checks_every_form)
{
	const struct vector *v = &vectors[_i];

	ck_assert_msg(utf8_valid(unit_hex(v->hex)) == v->valid, "%s", v->what);
	ck_assert_msg(utf8_count(unit_hex(v->hex)) == v->count, "%s", v->what);
}
END_TEST

START_TEST(writes_what_it_reads)
{
	static const uint32_t codes[] = {0x24, 0xA2, 0x20AC, 0x10348, 0xD800, 0x110000};
	struct buf b;

	buf_init(&b, 64);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		utf8_put(&b, codes[i]);
	ck_assert(span_eq(buf_span(&b), unit_hex("24 c2a2 e282ac f0908d88 efbfbd efbfbd")));
	buf_fini(&b);
}
END_TEST

START_TEST(never_cuts_a_character)
{
	struct span text = unit_hex("61 e4b8ad");

	ck_assert_uint_eq(utf8_cut(text, 4).len, 4);
	ck_assert_uint_eq(utf8_cut(text, 3).len, 1);
	ck_assert_uint_eq(utf8_cut(text, 0).len, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("utf8");

	tcase_add_loop_test(tc, checks_every_form, 0, ARRAY_LEN(vectors));
	tcase_add_test(tc, writes_what_it_reads);
	tcase_add_test(tc, never_cuts_a_character);
	return unit_run("utf8", &tc, 1);
}
