/*
 * The codec against an independent one (tests/vectors/smpp/pdus.tsv): every PDU decodes and encodes
 * to the same octets, also when it is cut anywhere or comes octet by octet; and what is malformed
 * gets the answer that SMPP 3.4 and docs/protocols/smpp.md say.
 */
#include "smpp_pdu.h"
#include "smpp_tlv.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { VECTORS_MAX = 128 };

static struct vector {
	char command[32], what[64], hex[2048];
} vectors[VECTORS_MAX];
static int vector_count;

/* Outside of any test, so nothing can be asserted yet. */
static void need(bool is, const char *what)
{
	if (is)
		return;
	fprintf(stderr, "pdus.tsv: %s\n", what);
	exit(EXIT_FAILURE);
}

static void add_vector(char *line)
{
	struct vector *v = &vectors[vector_count];
	char *what = strchr(line, '\t'), *hex = what ? strchr(what + 1, '\t') : NULL;

	need(hex && vector_count < VECTORS_MAX, line);
	*what++ = *hex++ = '\0';
	need(strlen(line) < sizeof(v->command) && strlen(what) < sizeof(v->what) &&
	             strlen(hex) < sizeof(v->hex),
	     line);
	strcpy(v->command, line);
	strcpy(v->what, what);
	strcpy(v->hex, hex);
	vector_count++;
}

static void load_vectors(void)
{
	FILE *f = fopen(PH_VECTORS "/smpp/pdus.tsv", "r");
	static char line[8192];

	need(f != NULL, "it cannot be read");
	while (fgets(line, sizeof(line), f))
		add_vector(line);
	fclose(f);
	need(vector_count > 50, "vectors are missing");
}

START_TEST(decodes_and_encodes_to_the_same_octets)
{
	const struct vector *v = &vectors[_i];
	struct span whole = unit_hex(v->hex);
	enum smpp_status blame;
	struct smpp_pdu pdu;
	struct buf b;

	buf_init(&b, SMPP_PDU_MAX);
	ck_assert_msg(smpp_pdu_decode(whole, &pdu, &blame) == 0, "%s %s", v->command, v->what);
	ck_assert_str_eq(smpp_command_name(pdu.command_id), v->command);
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
	ck_assert_msg(span_eq(buf_span(&b), whole), "%s %s", v->command, v->what);
	buf_fini(&b);
}
END_TEST

/* The mandatory part and the TLVs of what is left: a cut body either fails or is a shorter PDU. */
START_TEST(cut_at_every_length_it_fails_or_is_a_shorter_pdu)
{
	const struct vector *v = &vectors[_i];
	struct span whole = unit_hex(v->hex);
	struct buf b;

	buf_init(&b, SMPP_PDU_MAX);
	for (size_t len = SMPP_HEADER; len < whole.len; len++) {
		/* On the heap and exactly so long, so that a sanitizer sees a read past the end. */
		char *exact = span_dup((struct span){whole.ptr, len});
		char *copy = realloc(exact, len);
		enum smpp_status blame = SMPP_ROK;
		struct smpp_pdu pdu;
		int err = smpp_pdu_decode((struct span){copy, len}, &pdu, &blame);

		ck_assert(err == 0 || (err == -EBADMSG && blame != SMPP_ROK));
		buf_clear(&b);
		if (err == 0) {
			ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
			ck_assert_mem_eq(b.data + 4, copy + 4, len - 4);
		}
		free(copy);
	}
	buf_fini(&b);
}
END_TEST

START_TEST(octet_by_octet_the_frame_shows_at_its_last)
{
	const struct vector *v = &vectors[_i];
	struct span whole = unit_hex(v->hex);
	struct span frame;

	for (size_t len = 0; len < whole.len; len++)
		ck_assert_int_eq(smpp_frame((struct span){whole.ptr, len}, SMPP_PDU_MAX, &frame),
		                 0);
	ck_assert_int_eq(smpp_frame(whole, SMPP_PDU_MAX, &frame), (int64_t)whole.len);
	ck_assert(span_eq(frame, whole));
}
END_TEST

START_TEST(a_command_length_that_cannot_be_loses_the_stream)
{
	struct span frame;

	ck_assert_int_eq(smpp_frame(unit_hex("0000000f"), SMPP_PDU_MAX, &frame), -EBADMSG);
	ck_assert_int_eq(smpp_frame(unit_hex("00000000"), SMPP_PDU_MAX, &frame), -EBADMSG);
	ck_assert_int_eq(smpp_frame(unit_hex("ffffffff"), SMPP_PDU_MAX, &frame), -EBADMSG);
	ck_assert_int_eq(smpp_frame(unit_hex("00010201"), SMPP_PDU_MAX, &frame), -EBADMSG);
	ck_assert_int_eq(smpp_frame(unit_hex("00010200"), SMPP_PDU_MAX, &frame), 0);
	ck_assert_int_eq(smpp_frame(unit_hex("000000"), SMPP_PDU_MAX, &frame), 0);
}
END_TEST

/* ---- malformed: 3.4, 3.3, 4.3, 5.1.3; docs/protocols/smpp.md ---- */

#define HEAD(id) "00000000 " id " 00000000 00000001 "
#define ADDRESSES "434d5400 01 01 383600 03 00 393500 "
#define FLAGS "00 00 00 00 00 00 00 00 00 "

/* clang-format off */
static const struct bad {
	const char *what, *hex;
	int want;
	enum smpp_status blame;
} bads[] = {
	{"a plain deliver_sm", HEAD("00000005") ADDRESSES FLAGS "05 68656c6c6f", 0, SMPP_ROK},
	{"sm_length overruns the PDU",
	 HEAD("00000005") ADDRESSES FLAGS "06 68656c6c6f", -EBADMSG, SMPP_RINVMSGLEN},
	{"no sm_length at all", HEAD("00000005") ADDRESSES FLAGS, -EBADMSG, SMPP_RINVMSGLEN},
	{"service_type without NUL", HEAD("00000005") "434d54434d54", -EBADMSG, SMPP_RINVSERTYP},
	{"source_addr without NUL", HEAD("00000005") "00 01 01 3836", -EBADMSG, SMPP_RINVSRCADR},
	{"source_addr of 21 characters",
	 HEAD("00000005") "00 01 01 313233343536373839303132333435363738393031 00", -EBADMSG, SMPP_RINVSRCADR},
	{"destination_addr without NUL",
	 HEAD("00000005") "00 01 01 3800 00 00 39", -EBADMSG, SMPP_RINVDSTADR},
	{"ends in the flags", HEAD("00000005") ADDRESSES "00 00", -EBADMSG, SMPP_RINVCMDLEN},
	{"schedule_delivery_time too long",
	 HEAD("00000005") ADDRESSES "00 00 00 3132333435363738393031323334353637 00", -EBADMSG, SMPP_RINVSCHED},
	{"a TLV runs past the end",
	 HEAD("00000005") ADDRESSES FLAGS "00 0204 0003 0001", -EBADMSG, SMPP_RINVOPTPARSTREAM},
	{"a TLV of length 0", HEAD("00000005") ADDRESSES FLAGS "00 0204 0000", 0, SMPP_ROK},
	{"an unknown TLV", HEAD("00000005") ADDRESSES FLAGS "00 3177 0002 abcd", 0, SMPP_ROK},
	{"three octets that are no TLV",
	 HEAD("00000005") ADDRESSES FLAGS "00 020400", 0, SMPP_ROK},
	{"a broadcast_sm that ends in its id",
	 HEAD("00000111") "00 00 00 3100 62", -EBADMSG, SMPP_RINVMSGID},
	{"an unknown command_id", HEAD("00000099") "00", -ENOSYS, SMPP_RINVCMDID},
	{"a status that nobody knows", "00000000 80000004 00000428 00000001", 0, SMPP_ROK},
	{"an error response without body", "00000000 80000004 00000058 00000001", 0, SMPP_ROK},
	{"a good response without body", "00000000 80000004 00000000 00000001", 0, SMPP_ROK},
	{"a response whose id has no NUL",
	 "00000000 80000004 00000000 00000001 3132", -EBADMSG, SMPP_RINVMSGID},
	{"number_of_dests over the dests",
	 HEAD("00000021") "00 00 00 00 02 01 01 01 383600", -EBADMSG, SMPP_RINVNUMDESTS},
	{"a dest_flag that is neither",
	 HEAD("00000021") "00 00 00 00 01 03 383600", -EBADMSG, SMPP_RINVNUMDESTS},
	{"command_status in a request",
	 "00000000 00000005 00000007 00000001 " ADDRESSES FLAGS "00", 0, SMPP_ROK},
};
/* clang-format on */

START_TEST(what_is_malformed_gets_its_status)
{
	const struct bad *v = &bads[_i];
	enum smpp_status blame = SMPP_ROK;
	struct smpp_pdu pdu;

	ck_assert_msg(smpp_pdu_decode(unit_hex(v->hex), &pdu, &blame) == v->want, "%s", v->what);
	ck_assert_msg(blame == v->blame, "%s: 0x%x", v->what, blame);
	ck_assert_uint_eq(pdu.sequence_number, 1);
}
END_TEST

START_TEST(octets_after_the_last_tlv_are_counted)
{
	enum smpp_status blame;
	struct smpp_pdu pdu;

	ck_assert_int_eq(smpp_pdu_decode(unit_hex(HEAD("00000005") ADDRESSES FLAGS "00 020400"),
	                                 &pdu, &blame),
	                 0);
	ck_assert_uint_eq(pdu.trailing, 3);
	ck_assert_int_eq(
		smpp_pdu_decode(unit_hex(HEAD("00000005") ADDRESSES FLAGS "00"), &pdu, &blame), 0);
	ck_assert_uint_eq(pdu.trailing, 0);
}
END_TEST

/* ---- TLVs
 * ---------------------------------------------------------------------------------------- */

START_TEST(tlvs_stand_in_any_order_and_the_first_of_a_tag_counts)
{
	struct span tlvs = unit_hex("020f 0001 02  3177 0003 aabbcc  020c 0002 1234  020c 0002 5678"
	                            " 020e 0001 03");
	uint32_t value;

	ck_assert_int_eq(smpp_tlv_uint(tlvs, SMPP_TLV_sar_msg_ref_num, &value), 0);
	ck_assert_uint_eq(value, 0x1234);
	ck_assert_int_eq(smpp_tlv_uint(tlvs, SMPP_TLV_sar_total_segments, &value), 0);
	ck_assert_uint_eq(value, 3);
	ck_assert_int_eq(smpp_tlv_uint(tlvs, SMPP_TLV_source_port, &value), -ENOENT);
}
END_TEST

START_TEST(an_integer_of_another_length_is_told_and_of_none_is_not_there)
{
	struct span tlvs = unit_hex("020c 0001 12  020e 0000  001e 0003 616200  0427 0001 02");
	struct span id;
	uint32_t value;

	ck_assert_int_eq(smpp_tlv_uint(tlvs, SMPP_TLV_sar_msg_ref_num, &value), -EBADMSG);
	ck_assert_int_eq(smpp_tlv_uint(tlvs, SMPP_TLV_sar_total_segments, &value), -ENOENT);
	ck_assert_int_eq(smpp_tlv_cstr(tlvs, SMPP_TLV_receipted_message_id, &id), 0);
	ck_assert(span_is(id, "ab"));
	ck_assert_int_eq(
		smpp_tlv_cstr(unit_hex("001e 0002 6162"), SMPP_TLV_receipted_message_id, &id), 0);
	ck_assert(span_is(id, "ab"));
}
END_TEST

/* ---- encoding
 * --------------------------------------------------------------------------------------- */

START_TEST(what_does_not_fit_leaves_the_buffer_as_it_was)
{
	struct smpp_pdu pdu = {.command_id = SMPP_submit_sm, .sequence_number = 1};
	static const char text[255];
	struct buf b;

	buf_init(&b, 4096);
	buf_str(&b, "before");
	pdu.u.submit_sm.short_message = (struct span){text, sizeof(text)};
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), -EMSGSIZE);
	pdu.u.submit_sm.short_message = SPAN_NONE;
	pdu.u.submit_sm.source_addr = SPAN_LIT("123456789012345678901");
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), -EMSGSIZE);
	ck_assert(span_is(buf_span(&b), "before"));
	pdu.u.submit_sm.source_addr = SPAN_LIT("12345678901234567890");
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), 0);
	pdu.command_id = 0x99;
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &b), -ENOSYS);
	buf_fini(&b);
}
END_TEST

/* ---- logs
 * ------------------------------------------------------------------------------------------ */

static bool contains(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text)) != NULL;
}

START_TEST(a_dump_shows_names_and_hides_what_must_not_be_seen)
{
	struct smpp_pdu pdu = {.command_id = SMPP_bind_transceiver, .sequence_number = 7};
	enum smpp_status blame;
	struct buf b, frame;

	buf_init(&b, 65536);
	buf_init(&frame, 65536);
	pdu.u.bind_transceiver.system_id = SPAN_LIT("posthouse");
	pdu.u.bind_transceiver.password = SPAN_LIT("geheim");
	smpp_pdu_dump(&pdu, &b);
	ck_assert(contains(&b, "bind_transceiver") && contains(&b, "seq=7"));
	ck_assert(contains(&b, "system_id=posthouse") && !contains(&b, "geheim"));
	ck_assert_int_eq(smpp_pdu_encode(&pdu, &frame), 0);
	ck_assert_int_eq(smpp_pdu_decode(buf_span(&frame), &pdu, &blame), 0);
	buf_clear(&b);
	smpp_pdu_hex(&pdu, &b);
	ck_assert_uint_eq(b.len, 2 * frame.len);
	ck_assert(contains(&b, "706f7374686f757365") && !contains(&b, "67656865696d"));
	buf_fini(&b);
	buf_fini(&frame);
}
END_TEST

START_TEST(user_data_and_numbers_are_masked_in_every_dump)
{
	struct span frame = unit_hex(HEAD("00000005") "00 01 01 38363133383030313338303030 00"
	                                              " 03 00 393500 " FLAGS
	                                              "05 68656c6c6f 0424 0005 68656c6c6f");
	enum smpp_status blame;
	struct smpp_pdu pdu;
	struct buf b;

	buf_init(&b, 65536);
	ck_assert_int_eq(smpp_pdu_decode(frame, &pdu, &blame), 0);
	smpp_pdu_dump(&pdu, &b);
	smpp_pdu_hex(&pdu, &b);
	ck_assert(contains(&b, "short_message=[5]") && contains(&b, "message_payload=[5]"));
	ck_assert(!contains(&b, "hello") && !contains(&b, "68656c6c6f"));
	ck_assert(!contains(&b, "8613800138000") && !contains(&b, "38363133383030313338303030"));
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *tc[] = {tcase_create("vectors"), tcase_create("malformed"), tcase_create("rest")};

	load_vectors();
	tcase_add_loop_test(tc[0], decodes_and_encodes_to_the_same_octets, 0, vector_count);
	tcase_add_loop_test(tc[0], cut_at_every_length_it_fails_or_is_a_shorter_pdu, 0,
	                    vector_count);
	tcase_add_loop_test(tc[0], octet_by_octet_the_frame_shows_at_its_last, 0, vector_count);
	tcase_add_loop_test(tc[1], what_is_malformed_gets_its_status, 0, ARRAY_LEN(bads));
	tcase_add_test(tc[1], octets_after_the_last_tlv_are_counted);
	tcase_add_test(tc[1], a_command_length_that_cannot_be_loses_the_stream);
	tcase_add_test(tc[2], tlvs_stand_in_any_order_and_the_first_of_a_tag_counts);
	tcase_add_test(tc[2], an_integer_of_another_length_is_told_and_of_none_is_not_there);
	tcase_add_test(tc[2], what_does_not_fit_leaves_the_buffer_as_it_was);
	tcase_add_test(tc[2], a_dump_shows_names_and_hides_what_must_not_be_seen);
	tcase_add_test(tc[2], user_data_and_numbers_are_masked_in_every_dump);
	return unit_run("smpp pdu", tc, ARRAY_LEN(tc));
}
