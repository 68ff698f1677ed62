/* Alphabets by table. */
#include "smpp_text.h"

#include "cursor.h"
#include "smpp_gsm7.h"
#include "utf8.h"

const char *const smpp_alphabet_names[] = {"gsm7", "packed", "ascii", "latin1",
                                           "ucs2", "utf8",   NULL};

const char *const smpp_class_names[] = {"general", "control", "subunit", NULL};

/* ---- data_coding ---- */

uint8_t smpp_data_coding_of_class(uint8_t data_coding, unsigned message_class,
                                  enum smpp_class_style style)
{
	if (data_coding == SMPP_DATA_CODING_DEFAULT && style == SMPP_CLASS_CONTROL)
		return (uint8_t)(SMPP_DATA_CODING_CLASS_CONTROL | message_class);
	return (uint8_t)(SMPP_DATA_CODING_CLASS | data_coding | message_class);
}

/* SMPP's own values, 5.2.19; the groups with a message class are masked below. 2 and 4 are octets
 * unspecified; 5, 10, 13 and 14 are JIS and Korean, which we cannot read: kept as octets. */
static const uint8_t low[16] = {
	SMPP_ALPHABETS, SMPP_ASCII,  SMPP_BINARY, SMPP_LATIN1,    SMPP_BINARY, SMPP_BINARY,
	SMPP_CYRILLIC,  SMPP_HEBREW, SMPP_UCS2,   SMPP_BINARY,    SMPP_BINARY, SMPP_ALPHABETS,
	SMPP_ALPHABETS, SMPP_BINARY, SMPP_BINARY, SMPP_ALPHABETS,
};

/* 03.38, 4, general data coding: bits 3 and 2. */
static enum smpp_alphabet by_bits(uint8_t data_coding, enum smpp_alphabet dflt)
{
	static const uint8_t by[4] = {SMPP_ALPHABETS, SMPP_BINARY, SMPP_UCS2, SMPP_ALPHABETS};
	uint8_t alphabet = by[data_coding >> 2 & 3];

	return alphabet == SMPP_ALPHABETS ? dflt : (enum smpp_alphabet)alphabet;
}

enum smpp_alphabet smpp_alphabet_of(uint8_t data_coding, enum smpp_alphabet dflt)
{
	/* Marked for automatic deletion (23.038, 4): the general group with another first bit. */
	unsigned group = data_coding >> 6 == 1 ? data_coding >> 4 & 3 : data_coding >> 4;

	if (data_coding >> 4 == 4)
		return by_bits(data_coding, dflt);
	if (group == 0)
		return low[data_coding] == SMPP_ALPHABETS ? dflt
		                                          : (enum smpp_alphabet)low[data_coding];
	if (group == 1)
		return by_bits(data_coding, dflt);
	if (group == 2 || group == 3) /* compressed text: nobody sends it, nobody can read it */
		return SMPP_BINARY;
	if (group == 0xE) /* message waiting, text in UCS-2 */
		return SMPP_UCS2;
	if (group == 0xF)
		return data_coding & 4 ? SMPP_BINARY : dflt;
	return dflt; /* message waiting, and reserved codings, which 03.38 reads as the default */
}

/* ---- to UTF-8 ---- */

typedef uint32_t octet_fn(uint8_t octet);

static uint32_t from_ascii(uint8_t octet)
{
	return octet < 0x80 ? octet : UTF8_REPLACEMENT;
}

static uint32_t from_latin1(uint8_t octet)
{
	return octet;
}

/* ISO 8859-5: Cyrillic stands in its Unicode order, but for three signs. */
static uint32_t from_cyrillic(uint8_t octet)
{
	if (octet <= 0xA0 || octet == 0xAD)
		return octet;
	if (octet == 0xF0)
		return 0x2116;
	return octet == 0xFD ? 0xA7U : octet - 0xA0U + 0x0400U;
}

/* ISO 8859-8: Hebrew letters; the signs below are Latin-1's but for two. */
static uint32_t from_hebrew(uint8_t octet)
{
	if (octet >= 0xE0 && octet <= 0xFA)
		return octet - 0xE0U + 0x05D0U;
	if (octet == 0xAA || octet == 0xBA)
		return octet == 0xAA ? 0xD7 : 0xF7;
	return octet <= 0xBE ? octet : UTF8_REPLACEMENT;
}

static bool from_octets(struct span s, octet_fn *fn, struct buf *out)
{
	bool whole = true;

	for (size_t i = 0; i < s.len; i++) {
		uint32_t code = fn((uint8_t)s.ptr[i]);

		whole = whole && code != UTF8_REPLACEMENT;
		utf8_put(out, code);
	}
	return whole;
}

enum { BOM = 0xFEFF, BOM_SWAPPED = 0xFFFE };

static bool is_high(uint32_t unit)
{
	return (unit & 0xFC00) == 0xD800;
}

static bool is_low(uint32_t unit)
{
	return (unit & 0xFC00) == 0xDC00;
}

static uint32_t unit16(struct cursor *c, bool swapped)
{
	uint16_t unit = cur_u16(c);

	return swapped ? (uint16_t)(unit << 8 | unit >> 8) : unit;
}

static uint32_t peek16(const struct cursor *c, bool swapped)
{
	struct cursor ahead = *c;

	return cur_left(c) >= 2 ? unit16(&ahead, swapped) : 0;
}

static bool from_ucs2(struct span s, bool little, struct buf *out)
{
	struct cursor c = cur_span((struct span){s.ptr, s.len & ~(size_t)1});
	bool whole = s.len % 2 == 0, swapped = little;

	if (peek16(&c, false) == BOM || peek16(&c, false) == BOM_SWAPPED)
		swapped = cur_u16(&c) == BOM_SWAPPED;
	while (cur_left(&c)) {
		uint32_t code = unit16(&c, swapped);

		if (is_high(code) && is_low(peek16(&c, swapped)))
			code = 0x10000 + ((code & 0x3FF) << 10) + (unit16(&c, swapped) & 0x3FF);
		else if (is_high(code) || is_low(code))
			whole = false; /* utf8_put() writes U+FFFD for it */
		utf8_put(out, code);
	}
	return whole;
}

static bool from_utf8(struct span s, struct buf *out)
{
	bool whole = true;
	uint32_t code;

	while (s.len) {
		if (utf8_next(&s, &code)) {
			code = UTF8_REPLACEMENT;
			whole = false;
			s.ptr++;
			s.len--;
		}
		utf8_put(out, code);
	}
	return whole;
}

bool smpp_text_decode(enum smpp_alphabet alphabet, struct span octets, unsigned locking,
                      unsigned single, struct buf *out)
{
	switch (alphabet) {
	case SMPP_GSM7:
	case SMPP_PACKED: /* unpacked by now */
		return smpp_gsm7_decode(octets, locking, single, out);
	case SMPP_ASCII:
		return from_octets(octets, from_ascii, out);
	case SMPP_LATIN1:
		return from_octets(octets, from_latin1, out);
	case SMPP_CYRILLIC:
		return from_octets(octets, from_cyrillic, out);
	case SMPP_HEBREW:
		return from_octets(octets, from_hebrew, out);
	case SMPP_UCS2:
	case SMPP_UCS2LE:
		return from_ucs2(octets, alphabet == SMPP_UCS2LE, out);
	case SMPP_UTF8:
		return from_utf8(octets, out);
	case SMPP_BINARY:
	case SMPP_ALPHABETS:
		break;
	}
	return false;
}

/* ---- from UTF-8 ---- */

unsigned smpp_text_width(enum smpp_alphabet alphabet, uint32_t code)
{
	switch (alphabet) {
	case SMPP_GSM7:
	case SMPP_PACKED:
		return smpp_gsm7_width(code);
	case SMPP_ASCII:
		return code < 0x80;
	case SMPP_LATIN1:
		return code < 0x100;
	case SMPP_UCS2:
		return code < 0x10000 ? 2 : 4;
	case SMPP_UTF8:
		return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	case SMPP_CYRILLIC:
	case SMPP_HEBREW:
	case SMPP_BINARY:
	case SMPP_UCS2LE: /* read, never written */
	case SMPP_ALPHABETS:
		break;
	}
	return 0;
}

static void put_ucs2(uint32_t code, struct buf *out)
{
	if (code < 0x10000) {
		buf_u16(out, (uint16_t)code);
		return;
	}
	code -= 0x10000;
	buf_u16(out, (uint16_t)(0xD800 | code >> 10));
	buf_u16(out, (uint16_t)(0xDC00 | (code & 0x3FF)));
}

void smpp_text_put(enum smpp_alphabet alphabet, uint32_t code, struct buf *out)
{
	if (alphabet == SMPP_UCS2)
		put_ucs2(code, out);
	else if (alphabet == SMPP_UTF8)
		utf8_put(out, code);
	else if (alphabet == SMPP_GSM7 || alphabet == SMPP_PACKED)
		smpp_gsm7_put(out, code);
	else
		buf_u8(out, (uint8_t)code);
}
