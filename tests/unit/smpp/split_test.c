/*
 * Splitting, and the headers of what was split (3GPP 23.040, 9.2.3.24; docs/protocols/smpp.md).
 */
#include "smpp_gsm7.h"
#include "smpp_split.h"
#include "smpp_tlv.h"
#include "smpp_udh.h"
#include "unit.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>

/* text is what, repeated times times, with tail behind it. */
/* clang-format off */
static const struct split {
	const char *what, *unit, *tail;
	unsigned times;
	enum smpp_long how;
	enum smpp_alphabet dflt;
	bool latin1;
	int err;
	enum smpp_alphabet alphabet;
	unsigned count;
	size_t first; /* octets of the first part */
} splits[] = {
	{"160 septets are one", "a", "", 160, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 1, 160},
	{"161 are two of 153", "a", "", 161, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 153},
	{"306 are two", "a", "", 306, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 153},
	{"307 are three", "a", "", 307, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 3, 153},
	{"152 behind a 16-bit reference", "a", "", 161, SMPP_LONG_UDH16, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 152},
	{"80 euros are 160 septets", "€", "", 80, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 1, 160},
	{"an escape pair is not cut", "€", "", 81, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 152},
	{"cutting short may cost a part", "a€", "", 102, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 153},
	{"70 Chinese are one", "你", "", 70, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 1, 140},
	{"71 are two of 67", "你", "", 71, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 134},
	{"66 behind a 16-bit reference", "你", "", 71, SMPP_LONG_UDH16, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 132},
	{"one that GSM has not makes all UCS-2", "a", "你", 100, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 134},
	{"35 emoji are one", "😀", "", 35, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 1, 140},
	{"a surrogate pair is not cut", "😀", "", 36, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 132},
	{"a family is not cut when the count stays", "👨‍👩‍👧", "", 10, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 128},
	{"a flag is not cut either", "🇨🇳", "", 20, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 128},
	{"a mark stays with its letter", "e\u0301", "", 36, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 132},
	{"letters of a Hangul syllable stay together", "\u1112\u1161\u11ab", "", 24, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 132},
	{"133 octets behind a 16-bit reference", "ê", "", 141, SMPP_LONG_UDH16, SMPP_GSM7, true, 0, SMPP_LATIN1, 2, 133},
	{"a grapheme is cut where keeping it costs a part", "👨‍👩‍👧", "你你你你你你", 16, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_UCS2, 2, 134},
	{"Latin-1 before UCS-2 where allowed", "ê", "", 140, SMPP_LONG_UDH8, SMPP_GSM7, true, 0, SMPP_LATIN1, 1, 140},
	{"134 octets behind a header", "ê", "", 141, SMPP_LONG_UDH8, SMPP_GSM7, true, 0, SMPP_LATIN1, 2, 134},
	{"Latin-1 as the default", "ä", "", 141, SMPP_LONG_UDH8, SMPP_LATIN1, false, 0, SMPP_LATIN1, 2, 134},
	{"ASCII as the default", "a", "", 161, SMPP_LONG_UDH8, SMPP_ASCII, false, 0, SMPP_ASCII, 2, 153},
	{"sar_ counts as the header that it becomes", "a", "", 161, SMPP_LONG_SAR, SMPP_GSM7, false, 0, SMPP_GSM7, 2, 152},
	{"message_payload is one", "a", "", 1000, SMPP_LONG_PAYLOAD, SMPP_GSM7, false, 0, SMPP_GSM7, 1, 1000},
	{"nothing is one part of nothing", "", "", 0, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 1, 0},
	{"ten parts at most", "a", "", 1531, SMPP_LONG_UDH8, SMPP_GSM7, false, -EMSGSIZE, SMPP_GSM7, 0, 0},
	{"ten parts, just", "a", "", 1530, SMPP_LONG_UDH8, SMPP_GSM7, false, 0, SMPP_GSM7, 10, 153},
	{"the same of a payload", "a", "", 1531, SMPP_LONG_PAYLOAD, SMPP_GSM7, false, -EMSGSIZE, SMPP_GSM7, 0, 0},
	{"what is not UTF-8", "\xC3", "", 1, SMPP_LONG_UDH8, SMPP_GSM7, false, -EBADMSG, SMPP_GSM7, 0, 0},
};
/* clang-format on */

/* Joined and decoded, the parts are the text again: nothing is lost, doubled or cut. */
static void assert_parts_make(const struct smpp_parts *parts, struct span text)
{
	struct buf b;

	buf_init(&b, 65536);
	for (unsigned i = 0; i < parts->count; i++) {
		struct span part = smpp_part(parts, i);

		/* Each alone is whole characters. */
		ck_assert(smpp_text_decode(parts->alphabet, part, 0, 0, &b));
		ck_assert(parts->alphabet != SMPP_GSM7 || part.len == 0 ||
		          part.ptr[part.len - 1] != SMPP_GSM7_ESCAPE);
	}
	ck_assert(span_eq(buf_span(&b), text));
	buf_fini(&b);
}

START_TEST(text_splits_into)
{
	const struct split *v = &splits[_i];
	struct smpp_split_options options = {
		.dflt = v->dflt, .latin1 = v->latin1, .how = v->how, .parts_max = 10};
	struct smpp_parts parts = {0};
	struct buf text;
	int err;

	buf_init(&text, 65536);
	for (unsigned i = 0; i < v->times; i++)
		buf_str(&text, v->unit);
	buf_str(&text, v->tail);
	err = smpp_split(buf_span(&text), &options, &parts);
	ck_assert_msg(err == v->err, "%s: %d", v->what, err);
	if (err == 0) {
		ck_assert_msg(parts.alphabet == v->alphabet, "%s", v->what);
		ck_assert_msg(parts.count == v->count, "%s: %u", v->what, parts.count);
		ck_assert_msg(smpp_part(&parts, 0).len == v->first, "%s: %zu", v->what,
		              smpp_part(&parts, 0).len);
		assert_parts_make(&parts, buf_span(&text));
	}
	smpp_parts_fini(&parts);
	buf_fini(&text);
}
END_TEST

START_TEST(the_character_that_forced_ucs2_is_told)
{
	struct smpp_split_options options = {.dflt = SMPP_GSM7, .parts_max = 10};
	struct smpp_parts parts = {0};

	ck_assert_int_eq(smpp_split(SPAN_LIT("price “5€”"), &options, &parts), 0);
	ck_assert_uint_eq(parts.forced, 0x201C);
	ck_assert_uint_eq(parts.data_coding, SMPP_DATA_CODING_UCS2);
	ck_assert_int_eq(smpp_split((struct span){"a\0b", 3}, &options, &parts), 0);
	ck_assert_uint_eq(smpp_part(&parts, 0).len, 6);
	ck_assert_int_eq(smpp_split(SPAN_LIT("price 5€"), &options, &parts), 0);
	ck_assert_uint_eq(parts.forced, 0);
	ck_assert_uint_eq(parts.data_coding, 0);
	smpp_parts_fini(&parts);
}
END_TEST

/* ---- user data headers: 23.040, 9.2.3.24
 * ------------------------------------------------------------ */

/* clang-format off */
/* 140 octets are a part; a header of its own and the one that counts share their length octet. */
static const struct octet_row {
	size_t octets, header;
	unsigned count;
	size_t first; /* octets of the first part */
	int err;
} octet_rows[] = {
	{0,    0,   1, 0,   0	 },
	{140,  0,   1, 140, 0	 },
	{141,  0,   2, 134, 0	 },
	{268,  0,   2, 134, 0	 },
	{269,  0,   3, 134, 0	 },
	{133,  7,   1, 133, 0	 },
	{134,  7,   2, 128, 0	 },
	{1340, 0,   10, 134, 0	},
	{1341, 0,   0, 0,   -EMSGSIZE},
	{1,    139, 0, 0,   -EMSGSIZE},
};

START_TEST(octets_are_cut_anywhere_and_counted)
{
	static char octets[2048];
	const struct octet_row *row = &octet_rows[_i];
	const struct smpp_split_options options = {
		.how = SMPP_LONG_UDH8, .parts_max = 10, .header = row->header};
	struct smpp_parts parts = {0};
	size_t total = 0;

	ck_assert_int_eq(smpp_split_octets((struct span){octets, row->octets}, &options, &parts),
	                 row->err);
	if (!row->err) {
		ck_assert_uint_eq(parts.count, row->count);
		ck_assert_uint_eq(parts.data_coding, SMPP_DATA_CODING_OCTETS);
		ck_assert_uint_eq(smpp_part(&parts, 0).len, row->first);
		for (unsigned i = 0; i < parts.count; i++)
			total += smpp_part(&parts, i).len;
		ck_assert_uint_eq(total, row->octets);
	}
	smpp_parts_fini(&parts);
}
END_TEST

START_TEST(ucs2_may_be_wanted_of_what_fits_the_default_alphabet)
{
	const struct smpp_split_options options = {
		.latin1 = true, .how = SMPP_LONG_UDH8, .parts_max = 10, .ucs2 = true};
	struct smpp_parts parts = {0};

	ck_assert_int_eq(smpp_split(SPAN_LIT("ab"), &options, &parts), 0);
	ck_assert_uint_eq(parts.data_coding, SMPP_DATA_CODING_UCS2);
	ck_assert(span_eq(smpp_part(&parts, 0), SPAN_LIT("\0a\0b")));
	smpp_parts_fini(&parts);
}
END_TEST

static const struct header {
	const char *what, *hex;
	int err;
	unsigned width, ref, total, number, locking, single;
	size_t text;
} headers[] = {
	{"8-bit reference", "050003 7b 02 01 68", 0, 8, 0x7b, 2, 1, 0, 0, 1},
	{"16-bit reference", "060804 0102 03 02 6868", 0, 16, 0x0102, 3, 2, 0, 0, 2},
	{"reference 0 is legal", "050003 00 02 02 68", 0, 8, 0, 2, 2, 0, 0, 1},
	{"behind ports", "0b 0504 13881389 0003 01 02 01 68", 0, 8, 1, 2, 1, 0, 0, 1},
	{"before ports", "0b 0003 01 02 01 0504 13881389 68", 0, 8, 1, 2, 1, 0, 0, 1},
	{"with national languages", "0b 2401 02 2501 01 0003 01 02 01", 0, 8, 1, 2, 1, 1, 2, 0},
	{"number 0 is no part", "050003 01 02 00 68", 0, 0, 0, 0, 0, 0, 0, 1},
	{"number over total is no part", "050003 01 02 03 68", 0, 0, 0, 0, 0, 0, 0, 1},
	{"total 0 is no part", "050003 01 00 00 68", 0, 0, 0, 0, 0, 0, 0, 1},
	{"an element nobody knows", "04 7002 abcd 6868", 0, 0, 0, 0, 0, 0, 0, 2},
	{"an element too short for its kind", "03 0001 01 68", 0, 0, 0, 0, 0, 0, 0, 1},
	{"an empty header", "00 68", 0, 0, 0, 0, 0, 0, 0, 1},
	{"longer than the data is text", "20 0003 01 02 01", -EBADMSG, 0, 0, 0, 0, 0, 0, 6},
	{"an element past its header is text", "03 0009 01 68", -EBADMSG, 0, 0, 0, 0, 0, 0, 5},
	{"half an element is text", "01 00 68", -EBADMSG, 0, 0, 0, 0, 0, 0, 3},
	{"nothing", "", -EBADMSG, 0, 0, 0, 0, 0, 0, 0},
};
/* clang-format on */

START_TEST(a_header_reads_as)
{
	const struct header *v = &headers[_i];
	struct smpp_udh udh;

	ck_assert_msg(smpp_udh_parse(unit_hex(v->hex), &udh) == v->err, "%s", v->what);
	ck_assert_msg(udh.concat.width == v->width && udh.concat.ref == v->ref &&
	                      udh.concat.total == v->total && udh.concat.number == v->number,
	              "%s", v->what);
	ck_assert_msg(udh.locking == v->locking && udh.single == v->single, "%s", v->what);
	ck_assert_msg(udh.text.len == v->text, "%s: %zu", v->what, udh.text.len);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_character_that_forced_ucs2_is_told,
		ucs2_may_be_wanted_of_what_fits_the_default_alphabet,
	};
	TCase *tc = tcase_create("parts");

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, text_splits_into, 0, ARRAY_LEN(splits));
	tcase_add_loop_test(tc, octets_are_cut_anywhere_and_counted, 0, ARRAY_LEN(octet_rows));
	tcase_add_loop_test(tc, a_header_reads_as, 0, ARRAY_LEN(headers));
	return unit_run("smpp split", &tc, 1);
}
