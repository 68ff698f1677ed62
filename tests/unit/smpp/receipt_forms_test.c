/*
 * Receipts as text and TLVs (SMPP 3.4, appendix B, and what the field makes of it).
 */
#include "smpp_receipt.h"
#include "smpp_tlv.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const struct receipt_row {
	const char *what, *text, *tlvs;
	int err;
	const char *id;
	enum smpp_message_state state;
	bool final;
	const char *error;
} receipts[] = {
	{"appendix B", "id:1234567890 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:hello", "", 0, "1234567890", SMPP_STATE_DELIVERED, true, "000"},
	{"another order and case", "Stat:undeliv ID:ab-cd ERR:1f", "", 0, "ab-cd", SMPP_STATE_UNDELIVERABLE, true, "1f"},
	{"a UUID", "id:3f2504e0-4f89-11d3-9a0c-0305e82c3301 stat:EXPIRED err:012", "", 0, "3f2504e0-4f89-11d3-9a0c-0305e82c3301", SMPP_STATE_EXPIRED, true, "012"},
	{"spelled out", "id:1 stat:DELIVERED", "", 0, "1", SMPP_STATE_DELIVERED, true, ""},
	{"blanks behind colons", "id: 7 stat: REJECTD err: 5", "", 0, "7", SMPP_STATE_REJECTED, true, "5"},
	{"an empty err", "id:7 stat:DELIVRD err: text:x", "", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"text is untrusted", "id:7 stat:EXPIRED text:stat:DELIVRD id:8", "", 0, "7", SMPP_STATE_EXPIRED, true, ""},
	{"a state as a digit", "id:7 stat:2", "", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"ACCEPTD is not final in practice", "id:7 stat:ACCEPTD", "", 0, "7", SMPP_STATE_ACCEPTED, false, ""},
	{"ENROUTE is not final", "id:7 stat:ENROUTE", "", 0, "7", SMPP_STATE_ENROUTE, false, ""},
	{"an operator's word is a failure", "id:7 stat:MA:0001 err:001", "", 0, "7", SMPP_STATE_UNDELIVERABLE, true, "001"},
	{"TLVs alone", "", "001e 0003 616200 0427 0001 02 0423 0003 030001", 0, "ab", SMPP_STATE_DELIVERED, true, ""},
	{"an id without its NUL", "", "001e 0002 6162 0427 0001 05", 0, "ab", SMPP_STATE_UNDELIVERABLE, true, ""},
	{"TLVs win", "id:7 stat:DELIVRD err:000", "0427 0001 05 001e 0002 3800", 0, "8", SMPP_STATE_UNDELIVERABLE, true, "000"},
	{"the id from the text, the state from the TLV", "id:7", "0427 0001 02", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"a state that nobody knows is not one", "id:7 stat:DELIVRD", "0427 0001 63", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"no id", "stat:DELIVRD", "", -ENOENT, "", SMPP_STATE_SCHEDULED, false, ""},
	{"no state", "id:7 sub:001", "", -ENOENT, "", SMPP_STATE_SCHEDULED, false, ""},
	{"cut in its state", "id:7 sub:001 stat:DELI", "", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"cut a letter before", "id:7 sub:001 stat:UND", "", 0, "7", SMPP_STATE_UNDELIVERABLE, true, ""},
	{"cut where it may be deleted or delivered", "id:7 sub:001 stat:DEL", "", -ENOENT, "", SMPP_STATE_SCHEDULED, false, ""},
	{"the same, with a TLV", "id:7 sub:001 stat:DEL", "0427 0001 02", 0, "7", SMPP_STATE_DELIVERED, true, ""},
	{"a short word of an operator's", "id:7 stat:KO err:9", "", 0, "7", SMPP_STATE_UNDELIVERABLE, true, "9"},
	{"nothing", "", "", -ENOENT, "", SMPP_STATE_SCHEDULED, false, ""},
	{"a person's words", "hello, is anybody there?", "", -ENOENT, "", SMPP_STATE_SCHEDULED, false, ""},
};
/* clang-format on */

START_TEST(a_receipt_reads_as)
{
	const struct receipt_row *v = &receipts[_i];
	struct smpp_receipt r = {0};
	int err = smpp_receipt_parse(span_of(v->text), unit_hex(v->tlvs), false, &r);

	ck_assert_msg(err == v->err, "%s: %d", v->what, err);
	if (err)
		return;
	ck_assert_msg(span_is(r.id, v->id), "%s: %.*s", v->what, SPAN_FMT(r.id));
	ck_assert_msg(r.state == v->state && r.final == v->final, "%s", v->what);
	ck_assert_msg(span_is(r.error, v->error), "%s", v->what);
}
END_TEST

START_TEST(a_nul_at_the_end_belongs_to_no_value)
{
	const struct span ends[] = {
		SPAN_LIT("stat:DELIVRD err:000 id:7\0"),
		SPAN_LIT("id:7 stat:DELIVRD err:000\0\0"),
		SPAN_LIT("id:7 err:000 stat:DELIVRD\0"),
	};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct smpp_receipt r = {0};

		ck_assert_int_eq(smpp_receipt_parse(ends[i], SPAN_NONE, false, &r), 0);
		ck_assert(span_is(r.id, "7") && span_is(r.error, "000"));
		ck_assert_int_eq(r.state, SMPP_STATE_DELIVERED);
	}
}
END_TEST

START_TEST(an_unflagged_text_is_a_receipt_only_when_it_is_whole)
{
	ck_assert(smpp_receipt_looks_like(SPAN_LIT(
		"id:1 sub:001 dlvrd:001 submit date:26 done date:26 stat:DELIVRD err:0 text:")));
	ck_assert(!smpp_receipt_looks_like(SPAN_LIT("my id:1 stat:DELIVRD thanks")));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_unflagged_text_is_a_receipt_only_when_it_is_whole,
		a_nul_at_the_end_belongs_to_no_value,
	};
	TCase *tc = tcase_create("receipts");

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, a_receipt_reads_as, 0, ARRAY_LEN(receipts));
	return unit_run("smpp receipt forms", &tc, 1);
}
