/*
 * How an SMSC writes its ids in receipts: forms, what is learned of them, and what follows from
 * it. docs/protocols/smpp.md.
 */
#include "smpp_ids.h"
#include "unit.h"

#include <stdio.h>

static const struct form {
	const char *sent, *seen;
	enum smpp_id_form form;
} forms[] = {
	{"0a1b2c",				  "0a1b2c",                           SMPP_ID_SAME   },
	{"0a1b2c",				  "0A1B2C",                           SMPP_ID_CASE   },
	{"0001234567",			      "1234567",                          SMPP_ID_ZEROS  },
	{"1234567",				 "0001234567",                       SMPP_ID_ZEROS  },
	{"00ab",				    "AB",			       SMPP_ID_ZEROS  },
	{"499602D2",				"1234567890",                       SMPP_ID_DECIMAL},
	{"499602d2",				"1234567890",                       SMPP_ID_DECIMAL},
	{"1234567890",			      "499602d2",                         SMPP_ID_HEX    },
	{"ffffffffffffffffffff",                    "1208925819614629174706175",        SMPP_ID_DECIMAL}, /* 80 bits */
	{"340282366920938463463374607431768211455", "ffffffffffffffffffffffffffffffff",
         SMPP_ID_HEX										   },
	{"3f2a-77",				 "3f2a-77",                          SMPP_ID_SAME   },
	{"3f2a-77",				 "3f2a-78",                          SMPP_ID_OTHER  },
	{"0",				       "0",				SMPP_ID_SAME   },
};

START_TEST(an_id_is_known_in_every_form)
{
	const struct form *f = &forms[_i];
	struct smpp_ids *ids = smpp_ids_create();

	smpp_ids_sent(ids, span_of(f->sent));
	ck_assert_msg(smpp_ids_seen(ids, span_of(f->seen)) == f->form, "%s as %s", f->sent,
	              f->seen);
	smpp_ids_destroy(&ids);
}
END_TEST

START_TEST(what_ten_receipts_agree_on_is_learned_and_one_that_differs_unlearns_it)
{
	struct smpp_ids *ids = smpp_ids_create();
	char sent[16], seen[16], out[SMPP_ID_SIZE];

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(smpp_ids_learned(ids), SMPP_ID_OTHER);
		ck_assert(span_is(smpp_ids_likely(ids, SPAN_LIT("255"), out), "255"));
		snprintf(sent, sizeof(sent), "%X", 1000 + i);
		snprintf(seen, sizeof(seen), "%u", 1000 + i);
		smpp_ids_sent(ids, span_of(sent));
		ck_assert_int_eq(smpp_ids_seen(ids, span_of(seen)), SMPP_ID_DECIMAL);
		/* Of another process: it says nothing. */
		ck_assert_int_eq(smpp_ids_seen(ids, SPAN_LIT("999999")), SMPP_ID_OTHER);
	}
	ck_assert_int_eq(smpp_ids_learned(ids), SMPP_ID_DECIMAL);
	ck_assert(span_is(smpp_ids_likely(ids, SPAN_LIT("255"), out), "FF"));
	ck_assert(span_is(smpp_ids_likely(ids, SPAN_LIT("x-1"), out), "x-1"));
	smpp_ids_sent(ids, SPAN_LIT("abc"));
	ck_assert_int_eq(smpp_ids_seen(ids, SPAN_LIT("abc")), SMPP_ID_SAME);
	ck_assert_int_eq(smpp_ids_learned(ids), SMPP_ID_OTHER);
	ck_assert(span_is(smpp_ids_likely(ids, SPAN_LIT("255"), out), "255"));
	smpp_ids_destroy(&ids);
}
END_TEST

START_TEST(what_is_no_number_or_too_long_is_left_alone)
{
	char out[SMPP_ID_SIZE];

	ck_assert(!smpp_id_to_hex(SPAN_NONE, out));
	ck_assert(!smpp_id_to_hex(SPAN_LIT("12a"), out));
	ck_assert(!smpp_id_to_decimal(SPAN_LIT("12g"), out));
	ck_assert(!smpp_id_to_decimal(SPAN_LIT("-1"), out));
	ck_assert(!smpp_id_to_hex(SPAN_LIT("12345678901234567890123456789012345678901"), out));
	ck_assert(smpp_id_to_decimal(SPAN_LIT("ffffffffffffffffffffffffffffffffffffffff"), out));
	ck_assert_str_eq(out, "1461501637330902918203684832716283019655932542975");
	ck_assert(smpp_id_to_hex(SPAN_LIT("000"), out));
	ck_assert_str_eq(out, "0");
}
END_TEST

START_TEST(ids_of_any_octets_and_lengths_are_taken)
{
	struct smpp_ids *ids = smpp_ids_create();
	char id[80];

	for (size_t len = 0; len < sizeof(id); len++) {
		memset(id, (int)(len * 37), len);
		smpp_ids_sent(ids, (struct span){id, len});
		ck_assert_int_eq(smpp_ids_seen(ids, (struct span){id, len}),
		                 len && len <= 65 ? SMPP_ID_SAME : SMPP_ID_OTHER);
	}
	smpp_ids_destroy(&ids);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ids");

	tcase_add_loop_test(tc, an_id_is_known_in_every_form, 0, ARRAY_LEN(forms));
	tcase_add_test(tc, what_ten_receipts_agree_on_is_learned_and_one_that_differs_unlearns_it);
	tcase_add_test(tc, what_is_no_number_or_too_long_is_left_alone);
	tcase_add_test(tc, ids_of_any_octets_and_lengths_are_taken);
	return unit_run("smpp ids", &tc, 1);
}
