/* The fit finds what separates right from wrong; the signals say what they are named for. */
#include "matcher_confidence.h"
#include "unit.h"

#include <math.h>

static struct confidence_case made(float top, float known, bool right)
{
	return (struct confidence_case){
		.signals = {.top = top, .known = known, .top_known = top * known},
		.weight = 1.0F,
		.right = right
        };
}

START_TEST(the_fit_separates_right_from_wrong)
{
	struct confidence_case cases[400];
	struct confidence fit;

	/* Right the more often the higher the score; a fixed pattern, no chance. */
	for (int i = 0; i < 400; i++) {
		float top = (float)(i % 20) / 10.0F - 1.0F;

		cases[i] = made(top, 0.5F, (i / 20) < (i % 20));
	}
	ck_assert_int_eq(confidence_fit(cases, ARRAY_LEN(cases), CONFIDENCE_RIGHT, &fit), 0);
	ck_assert_float_gt(confidence_of(&fit, &cases[19].signals), 0.9F);
	ck_assert_float_lt(confidence_of(&fit, &cases[0].signals), 0.1F);
}
END_TEST

START_TEST(the_mean_of_what_was_fitted_is_the_share_that_was_right)
{
	struct confidence_case cases[300];
	struct confidence fit;
	float sum = 0.0F;

	for (int i = 0; i < 300; i++)
		cases[i] = made((float)(i % 7), (float)(i % 5) / 5.0F, i % 3 == 0);
	ck_assert_int_eq(confidence_fit(cases, ARRAY_LEN(cases), CONFIDENCE_RIGHT, &fit), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		sum += confidence_of(&fit, &cases[i].signals);
	ck_assert_float_lt(fabsf(sum / 300.0F - 1.0F / 3.0F), 0.01F);
}
END_TEST

START_TEST(nothing_can_be_fitted_from_one_kind_of_case)
{
	struct confidence_case cases[2] = {made(1.0F, 1.0F, true), made(0.5F, 1.0F, true)};
	struct confidence fit;

	ck_assert_int_eq(confidence_fit(cases, 2, CONFIDENCE_RIGHT, &fit), -EINVAL);
	ck_assert_int_eq(confidence_fit(cases, 0, CONFIDENCE_RIGHT, &fit), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("confidence");

	tcase_add_test(tc, the_fit_separates_right_from_wrong);
	tcase_add_test(tc, the_mean_of_what_was_fitted_is_the_share_that_was_right);
	tcase_add_test(tc, nothing_can_be_fitted_from_one_kind_of_case);
	return unit_run("matcher_confidence", &tc, 1);
}
