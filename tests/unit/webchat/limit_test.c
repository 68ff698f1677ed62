/* The token bucket. */
#include "webchat_limit.h"

#include "unit.h"

enum { MOST = 20, PER_MS = 10000, START_MS = 1000000 };

START_TEST(as_many_as_it_holds_pass_at_once_and_no_more)
{
	struct webchat_bucket b;

	webchat_bucket_init(&b, MOST, START_MS);
	for (int i = 0; i < MOST; i++)
		ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS), 0);
	ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS), PER_MS / MOST);
}
END_TEST

START_TEST(after_the_time_it_names_one_passes)
{
	struct webchat_bucket b;
	uint64_t wait;

	webchat_bucket_init(&b, MOST, START_MS);
	ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, MOST, START_MS), 0);
	wait = webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS);
	ck_assert_uint_ne(webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS + wait - 1), 0);
	ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS + wait), 0);
}
END_TEST

START_TEST(over_a_long_time_the_rate_holds_however_often_it_is_asked)
{
	struct webchat_bucket b;
	unsigned passed = 0;

	webchat_bucket_init(&b, MOST, START_MS);
	for (uint64_t ms = 0; ms <= 10 * PER_MS; ms++)
		passed += webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS + ms) == 0;
	ck_assert_uint_eq(passed, MOST + 10 * MOST);
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing)
{
	struct webchat_bucket b;

	webchat_bucket_init(&b, MOST, START_MS);
	ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, MOST, START_MS), 0);
	ck_assert_uint_ne(webchat_bucket_take(&b, MOST, PER_MS, 1, START_MS - PER_MS), 0);
}
END_TEST

START_TEST(none_means_no_limit)
{
	struct webchat_bucket b;

	webchat_bucket_init(&b, 0, START_MS);
	for (int i = 0; i < 1000; i++)
		ck_assert_uint_eq(webchat_bucket_take(&b, 0, PER_MS, 1, START_MS), 0);
}
END_TEST

START_TEST(it_is_as_good_as_new_when_it_had_time_to_fill)
{
	struct webchat_bucket b;

	webchat_bucket_init(&b, MOST, START_MS);
	ck_assert_uint_eq(webchat_bucket_take(&b, MOST, PER_MS, 3, START_MS), 0);
	ck_assert(!webchat_bucket_full(&b, PER_MS, START_MS + PER_MS - 1));
	ck_assert(webchat_bucket_full(&b, PER_MS, START_MS + PER_MS));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("limit");

	tcase_add_test(tc, as_many_as_it_holds_pass_at_once_and_no_more);
	tcase_add_test(tc, after_the_time_it_names_one_passes);
	tcase_add_test(tc, over_a_long_time_the_rate_holds_however_often_it_is_asked);
	tcase_add_test(tc, a_clock_that_goes_back_gives_nothing);
	tcase_add_test(tc, none_means_no_limit);
	tcase_add_test(tc, it_is_as_good_as_new_when_it_had_time_to_fill);
	return unit_run("webchat_limit", &tc, 1);
}
