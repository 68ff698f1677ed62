/* Spans: trimming, splitting, numbers, comparison. */
#include "unit.h"

START_TEST(trims_white_space_at_both_ends_only)
{
	ck_assert(span_is(span_trim(SPAN_LIT(" \t a b \r\n")), "a b"));
	ck_assert_uint_eq(span_trim(SPAN_LIT(" \n")).len, 0);
}
END_TEST

START_TEST(splits_at_the_first_separator)
{
	struct span rest;

	ck_assert(span_is(span_split(SPAN_LIT("sms:+86:1"), ':', &rest), "sms"));
	ck_assert(span_is(rest, "+86:1"));
	ck_assert(span_is(span_split(SPAN_LIT("plain"), ':', &rest), "plain"));
	ck_assert_ptr_null(rest.ptr);
}
END_TEST

static const struct number {
	const char *text;
	int err;
	uint64_t value;
} numbers[] = {
	{"0",		    0,       0         },
	{"18446744073709551615", 0,       UINT64_MAX},
	{"18446744073709551616", -ERANGE, 0         },
	{"",		     -EINVAL, 0         },
	{"-1",		   -EINVAL, 0         },
	{"1 ",		   -EINVAL, 0         },
	{"0x10",		 -EINVAL, 0         },
};

START_TEST(reads_decimal_numbers_and_nothing_else)
{
	const struct number *n = &numbers[_i];
	uint64_t value = 0;

	ck_assert_int_eq(span_u64(span_of(n->text), &value), n->err);
	ck_assert_uint_eq(value, n->value);
}
END_TEST

START_TEST(secret_comparison_is_exact)
{
	ck_assert(span_eq_secret(SPAN_LIT("abc"), SPAN_LIT("abc")));
	ck_assert(!span_eq_secret(SPAN_LIT("abc"), SPAN_LIT("abd")));
	ck_assert(!span_eq_secret(SPAN_LIT("abc"), SPAN_LIT("abcd")));
	ck_assert(!span_eq_secret(SPAN_LIT("abcd"), SPAN_LIT("abc")));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("span");

	tcase_add_test(tc, trims_white_space_at_both_ends_only);
	tcase_add_test(tc, splits_at_the_first_separator);
	tcase_add_loop_test(tc, reads_decimal_numbers_and_nothing_else, 0, ARRAY_LEN(numbers));
	tcase_add_test(tc, secret_comparison_is_exact);
	return unit_run("span", &tc, 1);
}
