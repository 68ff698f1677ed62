/*
 * Receipts through a channel: every form in which an SMSC sends them, whose they are, what is told
 * and what is answered. SMPP 3.4, 5.2.12 and appendix B; docs/protocols/smpp.md.
 */
#include "link_fixture.h"

#include "metrics.h"
#include "smpp_gsm7.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

#define TEXT                                                                                  \
	"id:0a1b sub:001 dlvrd:001 submit date:2601020304 done date:2601020304 stat:DELIVRD " \
	"err:000 text:"
#define TLVS "001e 0005 3061316200 0427 0001 02"

/* clang-format off */
static const struct form {
	const char *what;
	uint8_t esm_class, data_coding;
	const char *text, *tlvs;
	bool receipt; /* else it is a message */
	enum message_status status;
} forms[] = {
	{"a receipt by text", 0x04, 0, TEXT, "", true, STATUS_DELIVERED},
	{"a receipt by TLVs", 0x04, 0, "", TLVS, true, STATUS_DELIVERED},
	{"both", 0x04, 0, TEXT, TLVS, true, STATUS_DELIVERED},
	{"both, and the TLV wins", 0x04, 0, TEXT, "0427 0001 05", true, STATUS_UNDELIVERED},
	{"in UCS-2", 0x04, 8, TEXT, "", true, STATUS_DELIVERED},
	{"in Latin-1", 0x04, 3, TEXT, "", true, STATUS_DELIVERED},
	{"with messaging mode bits, which are to be ignored", 0x07, 0, TEXT, "", true, STATUS_DELIVERED},
	{"with the reply path set", 0x84, 0, TEXT, "", true, STATUS_DELIVERED},
	{"a header flagged that is not there", 0x44, 0, TEXT, "", true, STATUS_DELIVERED},
	{"in message_payload", 0x04, 0, "", "0424 0014 69643a3061316220737461743a44454c49565244", true, STATUS_DELIVERED},
	{"an intermediate notification", 0x20, 0, TEXT, "", true, STATUS_SENT},
	{"an intermediate notification by TLVs", 0x20, 0, "", TLVS, true, STATUS_SENT},
	{"ACCEPTD is not the end", 0x04, 0, "id:0a1b stat:ACCEPTD", "", true, STATUS_SENT},
	{"ENROUTE neither", 0x04, 0, "id:0a1b stat:ENROUTE", "", true, STATUS_SENT},
	{"SCHEDULED of 5.0 neither", 0x04, 0, "", "001e 0005 3061316200 0427 0001 00", true, STATUS_SENT},
	{"SKIPPED of 5.0 is", 0x04, 0, "", "001e 0005 3061316200 0427 0001 09", true, STATUS_UNDELIVERED},
	{"REJECTD is", 0x04, 0, "id:0a1b stat:REJECTD err:099", "", true, STATUS_UNDELIVERED},
	{"unflagged, by TLVs, which no person sends", 0x00, 0, "", TLVS, true, STATUS_DELIVERED},
	{"unflagged text, which a person can write", 0x00, 0, TEXT, "", false, STATUS_SENT},
	{"a handset's own acknowledgement that names the message", 0x08, 0, TEXT, "", true, STATUS_DELIVERED},
	{"a person's own acknowledgement in words", 0x10, 0, "yes, thank you", "", false, STATUS_SENT},
	{"a message", 0x00, 0, "hello", "", false, STATUS_SENT},
};
/* clang-format on */

/* clang-format off */
static const struct {
	const char *text, *tlvs, *code;
} codes[] = {
	{"id:1 stat:UNDELIV err:011", "", "smpp.dlr.011"},
	{"id:1 stat:DELIVRD err:000", "", "smpp.dlr.000"},
	{"id:1 stat:DELIVRD", "", "smpp.dlr.DELIVRD"},
	{"id:1 stat:EXPIRED err:000", "", "smpp.dlr.EXPIRED"},
	{"id:1 stat:EXPIRED err:011", "", "smpp.dlr.EXPIRED.011"},
	{"id:1 stat:REJECTD err:MK:0001", "", "smpp.dlr.REJECTD.MK:0001"},
	{"id:1 stat:ENROUTE err:000", "", "smpp.dlr.ENROUTE"},
	{"id:1 stat:REJECTD", "0423 0003 030010", "smpp.dlr.REJECTD.016"},
	{"id:1 stat:UNDELIV err:\xff\xe9" "9", "", "smpp.dlr.??9"},
	{"id:1 stat:UNKNOWN err:0123456789012345678901234567890123456789", "", "smpp.dlr.UNKNOWN.01234567890123456789"},
};
/* clang-format on */

START_TEST(its_code_says_what_its_status_does_not)
{
	open_bound("");
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, span_of(codes[_i].text),
	             unit_hex(codes[_i].tlvs));
	AWAIT(host.receipt_count == 1);
	ck_assert_str_eq(host.receipts[0].code, codes[_i].code);
}
END_TEST

/* The text of a form as octets of its data_coding. */
static struct span octets_of(const struct form *f, struct buf *b)
{
	for (const char *c = f->text; *c; c++) {
		if (f->data_coding == 8)
			buf_u8(b, 0);
		buf_u8(b, (uint8_t)*c);
	}
	return buf_span(b);
}

START_TEST(a_receipt_is_known_in_every_form)
{
	const struct form *f = &forms[_i];
	uint32_t sequence;
	struct buf b;

	buf_init(&b, 1024);
	open_bound("");
	sequence = smsc_deliver(&smsc, "8613800138000", "95500", f->esm_class, f->data_coding,
	                        octets_of(f, &b), unit_hex(f->tlvs));
	AWAIT(answer_to(sequence) == 0);
	ck_assert_msg(host.receipt_count == f->receipt && host.received_count == !f->receipt, "%s",
	              f->what);
	if (f->receipt) {
		ck_assert_msg(host.receipts[0].status == f->status, "%s", f->what);
		ck_assert_str_eq(host.receipts[0].id, "0a1b");
		ck_assert_str_eq(host.receipts[0].address, customer);
	}
	buf_fini(&b);
}
END_TEST

START_TEST(a_receipt_may_come_by_data_sm)
{
	struct smpp_pdu pdu = {.command_id = SMPP_data_sm};
	uint32_t sequence;

	open_bound("");
	pdu.u.data_sm.source_addr = SPAN_LIT("8613800138000");
	pdu.u.data_sm.destination_addr = SPAN_LIT("95500");
	pdu.u.data_sm.esm_class = SMPP_ESM_CLASS_RECEIPT;
	pdu.u.data_sm.tlvs = unit_hex(TLVS);
	sequence = smsc_send(smsc_receiver(&smsc), &pdu);
	AWAIT(answer_to(sequence) == 0);
	ck_assert_uint_eq(host.receipt_count, 1);
	ck_assert_int_eq(host.receipts[0].status, STATUS_DELIVERED);
}
END_TEST

/* Where texts are packed the SMSC writes its receipts packed, or as it writes them for everybody.
 */
START_TEST(a_receipt_is_read_packed_and_not_where_texts_are_packed)
{
	struct buf packed;

	open_bound("alphabet_in: packed\n");
	buf_init(&packed, 256);
	smpp_gsm7_pack(SPAN_LIT(TEXT), 0, &packed);
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, buf_span(&packed), SPAN_NONE);
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, SPAN_LIT(TEXT), SPAN_NONE);
	AWAIT(smsc.delivered == 2);
	buf_fini(&packed);
	ck_assert_uint_eq(host.receipt_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_str_eq(host.receipts[i].id, "0a1b");
		ck_assert_int_eq(host.receipts[i].status, STATUS_DELIVERED);
	}
}
END_TEST

START_TEST(a_receipt_whose_ends_stand_as_in_the_submit_is_the_customers)
{
	open_bound("");
	smsc_deliver(&smsc, "95500", "8613800138000", 4, 0, SPAN_LIT(TEXT), SPAN_NONE);
	AWAIT(host.receipt_count == 1);
	ck_assert_str_eq(host.receipts[0].address, customer);
}
END_TEST

START_TEST(a_receipt_over_the_receiver_is_of_what_the_transmitter_sent)
{
	open_bound("bind: pair\n");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, SPAN_LIT("id:m1 stat:DELIVRD"),
	             SPAN_NONE);
	AWAIT(host.receipt_count == 1);
	ck_assert_str_eq(host.receipts[0].id, host.results[0].id);
}
END_TEST

static uint64_t counted(const char *form)
{
	return *metric_get2(METRIC_COUNTER, "posthouse_smpp_receipt_ids_total",
	                    "receipts by how their id is written, against that of the response",
	                    "channel", "test", "form", form);
}

static void deliver_receipt(const char *id)
{
	char text[100];

	snprintf(text, sizeof(text), "id:%s stat:DELIVRD err:000", id);
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, span_of(text), SPAN_NONE);
}

/* Ids of the SMSC: m1, m2 ... in any case; here those that look like hex numbers do not occur, so
 * they are told as responses had them. */
START_TEST(what_is_learned_of_ids_is_counted_and_shown)
{
	const struct smpp_channel *ch;
	char id[16], status[1024];

	open_bound("");
	ch = host.self;
	for (unsigned i = 1; i <= 10; i++) {
		ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
		AWAIT(host.result_count == i);
		snprintf(id, sizeof(id), "M%u", i);
		deliver_receipt(id);
		AWAIT(host.receipt_count == i);
	}
	ck_assert_int_eq(smpp_ids_learned(ch->ids), SMPP_ID_CASE);
	ck_assert_uint_eq(counted("case"), 10);
	host_status(&host, status, sizeof(status));
	ck_assert_msg(strstr(status, "receipt_ids=case "), "%s", status);
	deliver_receipt("ffff");
	AWAIT(host.receipt_count == 11);
	ck_assert_uint_eq(counted("other"), 1);
}
END_TEST

START_TEST(what_was_learned_is_tried_first)
{
	struct smpp_channel *ch;
	char id[16];

	open_bound("");
	ch = host.self;
	for (unsigned i = 0; i < 10; i++) { /* as responses of this process had them */
		snprintf(id, sizeof(id), "%X", 0xabc000 + i);
		smpp_ids_sent(ch->ids, span_of(id));
		snprintf(id, sizeof(id), "%u", 0xabc000 + i);
		deliver_receipt(id);
		AWAIT(host.receipt_count == i + 1);
		ck_assert_str_eq(host.receipts[i].id, id);
	}
	deliver_receipt("11259375"); /* 0xabcdef */
	AWAIT(host.receipt_count == 11);
	ck_assert_str_eq(host.receipts[10].id, "ABCDEF");
}
END_TEST

START_TEST(a_disagreement_is_counted)
{
	const struct smpp_channel *ch;
	uint64_t before;

	open_bound("");
	ch = host.self;
	before = *ch->metrics.disagreeing;
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, SPAN_LIT(TEXT),
	             unit_hex("0427 0001 03"));
	smsc_deliver(&smsc, "8613800138000", "95500", 4, 0, SPAN_LIT(TEXT),
	             unit_hex("0427 0001 02"));
	AWAIT(host.receipt_count == 2);
	ck_assert_uint_eq(*ch->metrics.disagreeing, before + 1);
}
END_TEST

START_TEST(a_receipt_before_its_response_is_told_as_it_comes)
{
	open_bound("");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(smsc.submits == 1);
	deliver_receipt("m1");
	AWAIT(host.receipt_count == 1);
	ck_assert_uint_eq(host.result_count, 0);
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 1);
	ck_assert_str_eq(host.results[0].id, host.receipts[0].id);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_receipt_may_come_by_data_sm,
		a_receipt_is_read_packed_and_not_where_texts_are_packed,
		a_receipt_whose_ends_stand_as_in_the_submit_is_the_customers,
		a_receipt_over_the_receiver_is_of_what_the_transmitter_sent,
		what_is_learned_of_ids_is_counted_and_shown,
		what_was_learned_is_tried_first,
		a_disagreement_is_counted,
		a_receipt_before_its_response_is_told_as_it_comes,
	};
	TCase *tc = tcase_create("receipts");

	add_tests(tc, tests, ARRAY_LEN(tests));
	tcase_add_loop_test(tc, a_receipt_is_known_in_every_form, 0, ARRAY_LEN(forms));
	tcase_add_loop_test(tc, its_code_says_what_its_status_does_not, 0, ARRAY_LEN(codes));
	return unit_run("smpp receipts", &tc, 1);
}
