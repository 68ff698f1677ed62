/*
 * The window: numbers of what is outstanding, and of what is late.
 */
#include "smpp_pdu.h"
#include "smpp_window.h"
#include "unit.h"

START_TEST(numbers_that_are_outstanding_are_skipped_and_wrap_to_1)
{
	struct smpp_window w;
	struct smpp_flight *first, *f;

	ck_assert_int_eq(smpp_window_init(&w, 4), 0);
	first = smpp_window_add(&w);
	ck_assert_uint_eq(first->sequence, 1);
	w.next = w.mask + 2; /* whose slot is the first one's */
	f = smpp_window_add(&w);
	ck_assert_uint_eq(f->sequence, w.mask + 3);
	ck_assert_ptr_eq(smpp_window_find(&w, 1), first);
	ck_assert_ptr_null(smpp_window_find(&w, w.mask + 2));
	w.next = 0x7FFFFFFF;
	ck_assert_uint_eq(smpp_window_add(&w)->sequence, 0x7FFFFFFF);
	/* 1 is outstanding, and the slot of 2 is another's. */
	ck_assert_uint_eq(smpp_window_add(&w)->sequence, 3);
	smpp_window_fini(&w);
}
END_TEST

START_TEST(late_ones_are_remembered_until_there_are_too_many)
{
	int items[4096];
	struct smpp_window w;
	size_t forgotten = 0;

	ck_assert_int_eq(smpp_window_init(&w, 16), 0);
	for (int i = 0; i < 100; i++) {
		struct smpp_flight *f = smpp_window_add(&w);

		ck_assert_ptr_nonnull(f);
		f->item = &items[i];
		ck_assert_ptr_eq(smpp_window_first(&w), f);
		forgotten += smpp_window_late(&w, f) != NULL;
	}
	ck_assert_uint_eq(w.waiting.count, 0);
	ck_assert_uint_eq(forgotten + w.late.count, 100);
	ck_assert_ptr_eq(smpp_window_find(&w, 100)->item, &items[99]);
	while (smpp_window_forget(&w))
		forgotten++;
	ck_assert_uint_eq(forgotten, 100);
	smpp_window_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		numbers_that_are_outstanding_are_skipped_and_wrap_to_1,
		late_ones_are_remembered_until_there_are_too_many,
	};
	TCase *tc = tcase_create("window");

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	return unit_run("smpp window", &tc, 1);
}
