/*
 * Numbers in every spelling, and times (SMPP 3.4, 4.4.1 and 7.1.1; docs/protocols/smpp.md).
 */
#include "smpp_address.h"
#include "smpp_forms.h"
#include "smpp_udh.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const struct spelled {
	const char *raw;
	unsigned ton;
	const char *country, *want; /* NULL: not an address */
} spelleds[] = {
	{"8613800138000", 1, "86", "sms:+8613800138000"},
	{"8613800138000", 0, "86", "sms:+8613800138000"},
	{"+8613800138000", 0, "", "sms:+8613800138000"},
	{"008613800138000", 0, "86", "sms:+8613800138000"},
	{"13800138000", 0, "86", "sms:+8613800138000"},
	{"13800138000", 2, "86", "sms:+8613800138000"},
	{"sms:+86 138-0013-8000", 0, "", "sms:+8613800138000"},
	{"01512345678", 0, "49", "sms:+491512345678"},
	{"4917000", 0, "49", "sms:+4917000"},
	{"491700000", 2, "49", "sms:+49491700000"},
	{"95500", 0, "86", "sms:95500"},
	{"1069055000123", 3, "86", "sms:1069055000123"},
	{"10086", 6, "86", "sms:10086"},
	{"BANK", 5, "86", "sms:BANK"},
	{"BANK", 0, "86", "sms:BANK"},
	{"+%000", 5, "86", NULL},
	{"8613800138000", 1, "", "sms:+8613800138000"},
	{"13800138000", 0, "", NULL},
	{"", 0, "86", NULL},
	{"+", 0, "86", NULL},
	{"+86138x", 0, "86", NULL},
	{"+1234567890123456", 0, "86", NULL},
};
/* clang-format on */

START_TEST(a_number_is_spelled)
{
	const struct spelled *v = &spelleds[_i];
	char out[SMPP_ADDRESS_SIZE];
	int err = smpp_address_canonical(span_of(v->raw), v->ton, span_of(v->country), out,
	                                 sizeof(out));

	ck_assert_msg((err == 0) == (v->want != NULL), "%s: %d", v->raw, err);
	if (err == 0)
		ck_assert_str_eq(out, v->want);
}
END_TEST

START_TEST(destinations_are_written_as_the_operator_wants)
{
	struct span address = SPAN_LIT("sms:+8613800138000");
	struct smpp_number n;

	ck_assert_int_eq(smpp_address_dest(address, SMPP_DEST_INTERNATIONAL, SPAN_LIT("86"), &n),
	                 0);
	ck_assert_str_eq(n.digits, "8613800138000");
	ck_assert_uint_eq(n.ton, 1);
	ck_assert_int_eq(smpp_address_dest(address, SMPP_DEST_PLUS, SPAN_LIT("86"), &n), 0);
	ck_assert_str_eq(n.digits, "+8613800138000");
	ck_assert_int_eq(smpp_address_dest(address, SMPP_DEST_ZEROS, SPAN_LIT("86"), &n), 0);
	ck_assert_str_eq(n.digits, "008613800138000");
	ck_assert_int_eq(smpp_address_dest(address, SMPP_DEST_NATIONAL, SPAN_LIT("86"), &n), 0);
	ck_assert_str_eq(n.digits, "13800138000");
	ck_assert_uint_eq(n.ton, 2);
	ck_assert_int_eq(smpp_address_dest(SPAN_LIT("sms:BANK"), SMPP_DEST_PLUS, SPAN_NONE, &n),
	                 -EINVAL);
	ck_assert_int_eq(smpp_address_dest(SPAN_LIT("wechat:a:b"), SMPP_DEST_PLUS, SPAN_NONE, &n),
	                 -EINVAL);
}
END_TEST

START_TEST(our_own_number_has_the_type_of_its_shape)
{
	struct smpp_number n;

	ck_assert_int_eq(smpp_address_source(SPAN_LIT("95500"), &n), 0);
	ck_assert(n.ton == 3 && n.npi == 0 && strcmp(n.digits, "95500") == 0);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("BANK"), &n), 0);
	ck_assert(n.ton == 5 && n.npi == 0);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("+4917000"), &n), 0);
	ck_assert(n.ton == 1 && n.npi == 1 && strcmp(n.digits, "4917000") == 0);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("Bank-Europe"), &n), 0);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("Bank-Europe1"), &n), -EINVAL);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("[Bank-Euro"), &n), 0); /* 11 septets */
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("[Bank-Euro]"), &n), -EINVAL);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("银行"), &n), -EINVAL);
	ck_assert_int_eq(smpp_address_source(SPAN_LIT("Ba`nk"), &n), -EINVAL);
}
END_TEST

static const struct form_row {
	const char *raw, *address;
	bool known;
	enum smpp_dest_format format;
} form_rows[] = {
	{"8613800138000",   "sms:+8613800138000", true,  SMPP_DEST_INTERNATIONAL},
	{"+8613800138000",  "sms:+8613800138000", true,  SMPP_DEST_PLUS         },
	{"008613800138000", "sms:+8613800138000", true,  SMPP_DEST_ZEROS        },
	{"13800138000",     "sms:+8613800138000", true,  SMPP_DEST_NATIONAL     },
	{"95500",           "sms:95500",          false, SMPP_DEST_INTERNATIONAL},
	{"BANK",            "sms:BANK",           false, SMPP_DEST_INTERNATIONAL},
	{"",		"sms:+8613800138000", false, SMPP_DEST_INTERNATIONAL},
};

START_TEST(a_number_goes_back_in_the_form_in_which_it_came)
{
	const struct form_row *row = &form_rows[_i];
	struct smpp_form form = smpp_form_of(span_of(row->raw), 2, 9, span_of(row->address)), read;
	struct smpp_number n;
	char text[16];

	ck_assert_int_eq(form.known, row->known);
	if (!form.known)
		return;
	ck_assert_int_eq(form.format, row->format);
	ck_assert_int_eq(smpp_address_dest(span_of(row->address),
	                                   (enum smpp_dest_format)form.format, SPAN_LIT("86"), &n),
	                 0);
	ck_assert_str_eq(n.digits, row->raw);
	smpp_form_print(form, text);
	read = smpp_form_read(span_of(text));
	ck_assert(read.known && read.format == form.format && read.ton == 2 && read.npi == 9);
}
END_TEST

START_TEST(a_form_that_was_kept_wrongly_is_none)
{
	static const char *const texts[] = {"", "0", "0 1", "4 1 1", "0 256 1", "0 1 1 1", "x 1 1"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(!smpp_form_read(span_of(texts[i])).known, "%s", texts[i]);
}
END_TEST

START_TEST(a_validity_is_a_relative_time_of_7_1_1)
{
	char out[17];

	smpp_time_relative(86400000, out);
	ck_assert_str_eq(out, "000001000000000R");
	smpp_time_relative(1, out);
	ck_assert_str_eq(out, "000000000001000R");
	smpp_time_relative(3723000, out);
	ck_assert_str_eq(out, "000000010203000R");
	smpp_time_relative(UINT64_C(4000000000000), out);
	ck_assert_str_eq(out, "000031000000000R");
}
END_TEST

START_TEST(a_time_is_told_by_the_clock_of_the_smsc)
{
	const uint64_t t = 1767323045000; /* 2026-01-02 03:04:05 UTC */
	char out[17];

	smpp_time_absolute(t, 0, out);
	ck_assert_str_eq(out, "260102030405000+");
	smpp_time_absolute(t, 32, out); /* China */
	ck_assert_str_eq(out, "260102110405032+");
	smpp_time_absolute(t, -20, out); /* New York: the day before */
	ck_assert_str_eq(out, "260101220405020-");
	smpp_time_absolute(t + 1, 0, out); /* never shorter than asked for */
	ck_assert_str_eq(out, "260102030406000+");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		destinations_are_written_as_the_operator_wants,
		our_own_number_has_the_type_of_its_shape,
		a_form_that_was_kept_wrongly_is_none,
		a_validity_is_a_relative_time_of_7_1_1,
		a_time_is_told_by_the_clock_of_the_smsc,
	};
	TCase *tc = tcase_create("numbers");

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, a_number_is_spelled, 0, ARRAY_LEN(spelleds));
	tcase_add_loop_test(tc, a_number_goes_back_in_the_form_in_which_it_came, 0,
	                    ARRAY_LEN(form_rows));
	return unit_run("smpp numbers", &tc, 1);
}
