/* GSM 03.38 v5.3, 6.2.1 and 6.2.1.1; national tables of 3GPP TS 23.038, annex A. */
#include "smpp_gsm7.h"

#include "smpp_gsm7_indic.h"
#include "utf8.h"

#define NONE 0xFFFFU

static const uint16_t basic[128] = {
	'@',    0xA3,   '$',    0xA5,   0xE8,   0xE9,   0xF9,   0xEC, /* 00 */
	0xF2,   0xC7,   '\n',   0xD8,   0xF8,   '\r',   0xC5,   0xE5,
	0x0394, '_',    0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8, /* 10 */
	0x03A3, 0x0398, 0x039E, NONE,   0xC6,   0xE6,   0xDF,   0xC9,
	' ',    '!',    '"',    '#',    0xA4,   '%',    '&',    '\'', /* 20 */
	'(',    ')',    '*',    '+',    ',',    '-',    '.',    '/',
	'0',    '1',    '2',    '3',    '4',    '5',    '6',    '7', /* 30 */
	'8',    '9',    ':',    ';',    '<',    '=',    '>',    '?',
	0xA1,   'A',    'B',    'C',    'D',    'E',    'F',    'G', /* 40 */
	'H',    'I',    'J',    'K',    'L',    'M',    'N',    'O',
	'P',    'Q',    'R',    'S',    'T',    'U',    'V',    'W', /* 50 */
	'X',    'Y',    'Z',    0xC4,   0xD6,   0xD1,   0xDC,   0xA7,
	0xBF,   'a',    'b',    'c',    'd',    'e',    'f',    'g', /* 60 */
	'h',    'i',    'j',    'k',    'l',    'm',    'n',    'o',
	'p',    'q',    'r',    's',    't',    'u',    'v',    'w', /* 70 */
	'x',    'y',    'z',    0xE4,   0xF6,   0xF1,   0xFC,   0xE0,
};

/* A septet and what it means where a table differs from the basic one, or after an escape. */
struct pair {
	uint8_t septet;
	uint16_t code;
};

static const struct pair extension[] = {
	{0x0A, '\f'  },
        {0x14, '^'   },
        {0x28, '{'   },
        {0x29, '}'   },
        {0x2F, '\\'  },
	{0x3C, '['   },
        {0x3D, '~'   },
        {0x3E, ']'   },
        {0x40, '|'   },
        {0x65, 0x20AC},
};

/* A.2.1 to A.2.3: besides the extension table, which each of them contains. */
static const struct pair turkish_single[] = {
	{0x47, 0x011E},
        {0x49, 0x0130},
        {0x53, 0x015E},
        {0x63, 0xE7  },
	{0x67, 0x011F},
        {0x69, 0x0131},
        {0x73, 0x015F},
};
static const struct pair spanish_single[] = {
	{0x09, 0xE7},
        {0x41, 0xC1},
        {0x49, 0xCD},
        {0x4F, 0xD3},
        {0x55, 0xDA},
	{0x61, 0xE1},
        {0x69, 0xED},
        {0x6F, 0xF3},
        {0x75, 0xFA},
};
static const struct pair portuguese_single[] = {
	{0x05, 0xEA  },
        {0x09, 0xE7  },
        {0x0B, 0xD4  },
        {0x0C, 0xF4  },
        {0x0E, 0xC1  },
	{0x0F, 0xE1  },
        {0x12, 0x03A6},
        {0x13, 0x0393},
        {0x15, 0x03A9},
        {0x16, 0x03A0},
	{0x17, 0x03A8},
        {0x18, 0x03A3},
        {0x19, 0x0398},
        {0x1F, 0xCA  },
        {0x41, 0xC0  },
	{0x49, 0xCD  },
        {0x4F, 0xD3  },
        {0x55, 0xDA  },
        {0x5B, 0xC3  },
        {0x5C, 0xD5  },
	{0x61, 0xC2  },
        {0x69, 0xED  },
        {0x6F, 0xF3  },
        {0x75, 0xFA  },
        {0x7B, 0xE3  },
	{0x7C, 0xF5  },
        {0x7F, 0xE2  },
};

/* A.3.1 and A.3.3: where they differ from the basic table. Spanish has none. */
static const struct pair turkish_locking[] = {
	{0x04, 0x20AC},
        {0x07, 0x0131},
        {0x0B, 0x011E},
        {0x0C, 0x011F},
	{0x1C, 0x015E},
        {0x1D, 0x015F},
        {0x40, 0x0130},
        {0x60, 0xE7  },
};
static const struct pair portuguese_locking[] = {
	{0x04, 0xEA  },
        {0x06, 0xFA  },
        {0x07, 0xED  },
        {0x08, 0xF3  },
        {0x09, 0xE7  },
        {0x0B, 0xD4  },
	{0x0C, 0xF4  },
        {0x0E, 0xC1  },
        {0x0F, 0xE1  },
        {0x12, 0xAA  },
        {0x13, 0xC7  },
        {0x14, 0xC0  },
	{0x15, 0x221E},
        {0x16, '^'   },
        {0x17, '\\'  },
        {0x18, 0x20AC},
        {0x19, 0xD3  },
        {0x1A, '|'   },
	{0x1C, 0xC2  },
        {0x1D, 0xE2  },
        {0x1E, 0xCA  },
        {0x24, 0xBA  },
        {0x40, 0xCD  },
        {0x5B, 0xC3  },
	{0x5C, 0xD5  },
        {0x5D, 0xDA  },
        {0x60, '~'   },
        {0x7B, 0xE3  },
        {0x7C, 0xF5  },
        {0x7D, '`'   },
};

static const struct language {
	const struct pair *locking, *single;
	size_t locking_count, single_count;
} languages[] = {
	{NULL,	       NULL,              0,			     0                        },
	{turkish_locking,    turkish_single,    ARRAY_LEN(turkish_locking),    ARRAY_LEN(turkish_single)},
	{NULL,	       spanish_single,    0,                             ARRAY_LEN(spanish_single)},
	{portuguese_locking, portuguese_single, ARRAY_LEN(portuguese_locking),
         ARRAY_LEN(portuguese_single)								   },
};

static uint32_t in_pairs(const struct pair *pairs, size_t count, uint8_t septet)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].septet == septet)
			return pairs[i].code;
	return NONE;
}

static const struct language *language(unsigned id)
{
	return &languages[id < ARRAY_LEN(languages) ? id : 0];
}

/* The code points that are their own septet, as bits: most of ASCII. */
static bool is_plain(uint32_t code)
{
	static const uint64_t plain[2] = {
		0xFFFFFFEF00002400, /* LF, CR, and 20 to 3F but for the dollar */
		0x07FFFFFE07FFFFFE, /* letters */
	};

	return code < 0x80 && (plain[code >> 6] >> (code & 63) & 1);
}

/* The septet of a code point; 0x80 is added when it comes after an escape. NONE: there is none. */
static unsigned septet_of(uint32_t code)
{
	if (is_plain(code))
		return code;
	for (unsigned i = 0; i < ARRAY_LEN(basic); i++)
		if (basic[i] == code && code != NONE)
			return i;
	for (size_t i = 0; i < ARRAY_LEN(extension); i++)
		if (extension[i].code == code)
			return 0x80U | extension[i].septet;
	return NONE;
}

unsigned smpp_gsm7_width(uint32_t code)
{
	unsigned septet = septet_of(code);

	return septet == NONE ? 0 : septet & 0x80 ? 2 : 1;
}

void smpp_gsm7_put(struct buf *out, uint32_t code)
{
	unsigned septet = septet_of(code);

	if (septet & 0x80)
		buf_u8(out, SMPP_GSM7_ESCAPE);
	buf_u8(out, (uint8_t)(septet & 0x7F));
}

static uint32_t locked(unsigned id, uint8_t septet)
{
	const struct language *lang = language(id);
	uint32_t code;

	if (smpp_gsm7_is_indic(id))
		return smpp_gsm7_indic_locked(id, septet);
	code = in_pairs(lang->locking, lang->locking_count, septet);
	return code == NONE ? basic[septet] : code;
}

static uint32_t shifted(unsigned id, uint8_t septet)
{
	const struct language *lang = language(id);
	uint32_t code = smpp_gsm7_is_indic(id) ? smpp_gsm7_indic_single(id, septet)
	                                       : in_pairs(lang->single, lang->single_count, septet);

	if (code == NONE || code == 0)
		code = in_pairs(extension, ARRAY_LEN(extension), septet);
	return code;
}

/* What follows an escape. One that nobody knows shows its base character; a second escape, which
 * is reserved for further tables, a space (6.2.1.1, note 1). */
static uint32_t escaped(unsigned single, unsigned locking, uint8_t septet)
{
	uint32_t code = shifted(single, septet);

	if (code == NONE)
		code = septet == SMPP_GSM7_ESCAPE ? ' ' : locked(locking, septet);
	return code;
}

bool smpp_gsm7_decode(struct span septets, unsigned locking, unsigned single, struct buf *out)
{
	bool whole = true, escape = false;

	for (size_t i = 0; i < septets.len; i++) {
		uint8_t septet = (uint8_t)septets.ptr[i];

		if (septet > 0x7F) {
			utf8_put(out, UTF8_REPLACEMENT);
			whole = escape = false;
		} else if (escape) {
			utf8_put(out, escaped(single, locking, septet));
			escape = false;
		} else if (septet == SMPP_GSM7_ESCAPE) {
			escape = true;
		} else {
			utf8_put(out, locked(locking, septet));
		}
	}
	return whole;
}

void smpp_gsm7_pack(struct span septets, unsigned fill, struct buf *out)
{
	unsigned bits = 0, held = fill;

	for (size_t i = 0; i < septets.len; i++) {
		bits |= (unsigned)((uint8_t)septets.ptr[i] & 0x7F) << held;
		held += 7;
		for (; held >= 8; held -= 8, bits >>= 8)
			buf_u8(out, (uint8_t)bits);
	}
	if (held)
		buf_u8(out, (uint8_t)bits);
}

void smpp_gsm7_unpack(struct span packed, unsigned fill, struct buf *out)
{
	size_t start = out->len;
	size_t count = packed.len * 8 > fill ? (packed.len * 8 - fill) / 7 : 0;

	for (size_t i = 0; i < count; i++) {
		size_t bit = fill + 7 * i, at = bit / 8;
		unsigned two = (uint8_t)packed.ptr[at];

		if (at + 1 < packed.len)
			two |= (unsigned)(uint8_t)packed.ptr[at + 1] << 8;
		buf_u8(out, (uint8_t)(two >> (bit % 8) & 0x7F));
	}
	/* Exactly seven spare bits look like an '@' at the end: nobody ends a text so. */
	if (!out->err && out->len > start && (packed.len * 8 - fill) % 7 == 0 &&
	    out->data[out->len - 1] == 0)
		out->len--;
}
