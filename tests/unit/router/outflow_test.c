/* How many messages a node takes ahead follows from how fast they leave. */
#include "outflow.h"
#include "unit.h"

static struct outflow leaving(size_t count, uint64_t mono_ms)
{
	struct outflow f = {0};

	for (size_t i = 0; i < count; i++)
		outflow_count(&f, mono_ms);
	return f;
}

START_TEST(what_left_counts_for_half_a_second_to_a_second)
{
	struct outflow f = leaving(7, 10000);

	ck_assert_uint_eq(outflow_lately(&f, 10000), 7);
	ck_assert_uint_eq(outflow_lately(&f, 10499), 7);
	ck_assert_uint_eq(outflow_lately(&f, 10999), 7);
	ck_assert_uint_eq(outflow_lately(&f, 11000), 0);
	outflow_count(&f, 10600);
	ck_assert_uint_eq(outflow_lately(&f, 10600), 8);
	ck_assert_uint_eq(outflow_lately(&f, 11000), 1);
	outflow_count(&f, 60000);
	ck_assert_uint_eq(outflow_lately(&f, 60000), 1);
}
END_TEST

START_TEST(nothing_has_left_of_what_nobody_counted)
{
	const struct outflow f = {0};

	ck_assert_uint_eq(outflow_lately(&f, 0), 0);
	ck_assert_uint_eq(outflow_lately(&f, 123456), 0);
}
END_TEST

static const struct {
	size_t lately, most, want;
} claims[] = {
	{0,    128, 128}, /* nothing is known yet */
	{1,    128, 16 },
        {20,   128, 20 },
        {128,  128, 128},
        {9999, 128, 128},
        {1,    8,   1  },
};

START_TEST(no_more_is_asked_for_than_leaves_in_a_second)
{
	ck_assert_uint_eq(outflow_claim(claims[_i].lately, claims[_i].most), claims[_i].want);
}
END_TEST

START_TEST(a_fast_channel_has_the_next_ones_ready)
{
	ck_assert(outflow_wants(0, 0, 512)); /* or nothing would ever leave */
	ck_assert(!outflow_wants(0, 1, 512));
	ck_assert(outflow_wants(20, 19, 512));
	ck_assert(!outflow_wants(20, 20, 512));
	ck_assert(outflow_wants(5000, 511, 512));
	ck_assert(!outflow_wants(5000, 512, 512));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("outflow");

	tcase_add_test(tc, what_left_counts_for_half_a_second_to_a_second);
	tcase_add_test(tc, nothing_has_left_of_what_nobody_counted);
	tcase_add_loop_test(tc, no_more_is_asked_for_than_leaves_in_a_second, 0, ARRAY_LEN(claims));
	tcase_add_test(tc, a_fast_channel_has_the_next_ones_ready);
	return unit_run("outflow", &tc, 1);
}
