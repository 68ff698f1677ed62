/* The cursor never reads outside, whatever a length field says; the buffer never grows past its
 * limit. */
#include "buf.h"
#include "cursor.h"
#include "unit.h"

START_TEST(reads_network_byte_order)
{
	struct cursor c = cur_span(unit_hex("01 0203 04050607 08090a0b0c0d0e0f"));

	ck_assert_uint_eq(cur_u8(&c), 1);
	ck_assert_uint_eq(cur_u16(&c), 0x0203);
	ck_assert_uint_eq(cur_u32(&c), 0x04050607);
	ck_assert_uint_eq(cur_u64(&c), 0x08090a0b0c0d0e0f);
	ck_assert_int_eq(cur_check(&c), 0);
	ck_assert_uint_eq(cur_left(&c), 0);
}
END_TEST

START_TEST(the_first_short_read_makes_it_bad_for_good)
{
	struct cursor c = cur_span(unit_hex("0102"));

	ck_assert_uint_eq(cur_u32(&c), 0);
	ck_assert_int_eq(cur_check(&c), -EBADMSG);
	ck_assert_uint_eq(cur_u8(&c), 0);
	ck_assert_uint_eq(cur_left(&c), 0);
}
END_TEST

START_TEST(a_c_octet_string_needs_its_nul_within_its_bound)
{
	struct cursor c = cur_span(unit_hex("616200 6364"));
	struct cursor tight = cur_span(unit_hex("616200"));

	ck_assert(span_is(cur_cstr(&c, 16), "ab"));
	ck_assert_uint_eq(cur_cstr(&c, 16).len, 0);
	ck_assert_int_eq(cur_check(&c), -EBADMSG);
	cur_cstr(&tight, 2);
	ck_assert_int_eq(cur_check(&tight), -EBADMSG);
}
END_TEST

START_TEST(a_sub_cursor_ends_where_its_length_says)
{
	struct cursor c = cur_span(unit_hex("0102 0304"));
	struct cursor sub = cur_sub(&c, 2);
	struct cursor beyond;

	ck_assert_uint_eq(cur_u16(&sub), 0x0102);
	ck_assert_uint_eq(cur_u8(&sub), 0);
	ck_assert_int_eq(cur_check(&sub), -EBADMSG);
	ck_assert_uint_eq(cur_u8(&c), 3);
	beyond = cur_sub(&c, 2);
	ck_assert_int_eq(cur_check(&beyond), -EBADMSG);
	ck_assert_int_eq(cur_check(&c), -EBADMSG);
}
END_TEST

START_TEST(a_buffer_over_its_limit_keeps_what_it_has_and_says_so)
{
	struct buf b;

	buf_init(&b, 4);
	buf_u16(&b, 0x0102);
	buf_u32(&b, 0x03040506);
	ck_assert_int_eq(buf_check(&b), -EMSGSIZE);
	ck_assert_uint_eq(b.len, 2);
	buf_clear(&b);
	buf_u32(&b, 0x03040506);
	ck_assert_int_eq(buf_check(&b), 0);
	ck_assert(span_eq(buf_span(&b), unit_hex("03040506")));
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cursor");

	tcase_add_test(tc, reads_network_byte_order);
	tcase_add_test(tc, the_first_short_read_makes_it_bad_for_good);
	tcase_add_test(tc, a_c_octet_string_needs_its_nul_within_its_bound);
	tcase_add_test(tc, a_sub_cursor_ends_where_its_length_says);
	tcase_add_test(tc, a_buffer_over_its_limit_keeps_what_it_has_and_says_so);
	return unit_run("cursor", &tc, 1);
}
