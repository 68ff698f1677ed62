/*
 * The scripts of India stand in Unicode in one order, block by block, and so do the tables: that of
 * Hindi is written out, the others are it in another block, with places that their script has not
 * and six letters of their own. Urdu has its own order.
 */
#include "smpp_gsm7_indic.h"

#include <string.h>

enum { DEVANAGARI = 0x0900, OWN_LETTER = 0x60, OWN_TAIL = 0x7B, TAIL = 5 };

static const uint16_t hindi[128] = {
	0x0901, 0x0902, 0x0903, 0x0905, 0x0906, 0x0907, 0x0908, 0x0909, /* 00 */
	0x090A, 0x090B, '\n',   0x090C, 0x090D, '\r',   0x090E, 0x090F,
	0x0910, 0x0911, 0x0912, 0x0913, 0x0914, 0x0915, 0x0916, 0x0917, /* 10 */
	0x0918, 0x0919, 0x091A, ' ',    0x091B, 0x091C, 0x091D, 0x091E,
	' ',    '!',    0x091F, 0x0920, 0x0921, 0x0922, 0x0923, 0x0924, /* 20 */
	')',    '(',    0x0925, 0x0926, ',',    0x0927, '.',    0x0928,
	'0',    '1',    '2',    '3',    '4',    '5',    '6',    '7', /* 30 */
	'8',    '9',    ':',    ';',    0x0929, 0x092A, 0x092B, '?',
	0x092C, 0x092D, 0x092E, 0x092F, 0x0930, 0x0931, 0x0932, 0x0933, /* 40 */
	0x0934, 0x0935, 0x0936, 0x0937, 0x0938, 0x0939, 0x093C, 0x093D,
	0x093E, 0x093F, 0x0940, 0x0941, 0x0942, 0x0943, 0x0944, 0x0945, /* 50 */
	0x0946, 0x0947, 0x0948, 0x0949, 0x094A, 0x094B, 0x094C, 0x094D,
	0x0950, 'a',    'b',    'c',    'd',    'e',    'f',    'g', /* 60 */
	'h',    'i',    'j',    'k',    'l',    'm',    'n',    'o',
	'p',    'q',    'r',    's',    't',    'u',    'v',    'w', /* 70 */
	'x',    'y',    'z',    0x0972, 0x097B, 0x097C, 0x097E, 0x097F,
};

static const uint16_t urdu[128] = {
	0x0627, 0x0622, 0x0628, 0x067B, 0x0680, 0x067E, 0x06A6, 0x062A, /* 00 */
	0x06C2, 0x067F, '\n',   0x0679, 0x067D, '\r',   0x067A, 0x067C,
	0x062B, 0x062C, 0x0681, 0x0684, 0x0683, 0x0685, 0x0686, 0x0687, /* 10 */
	0x062D, 0x062E, 0x062F, ' ',    0x068C, 0x0688, 0x0689, 0x068A,
	' ',    '!',    0x068F, 0x068D, 0x0630, 0x0631, 0x0691, 0x0693, /* 20 */
	')',    '(',    0x0699, 0x0632, ',',    0x0696, '.',    0x0698,
	'0',    '1',    '2',    '3',    '4',    '5',    '6',    '7', /* 30 */
	'8',    '9',    ':',    ';',    0x069A, 0x0633, 0x0634, '?',
	0x0635, 0x0636, 0x0637, 0x0638, 0x0639, 0x0641, 0x0642, 0x06A9, /* 40 */
	0x06AA, 0x06AB, 0x06AF, 0x06B3, 0x06B1, 0x0644, 0x0645, 0x0646,
	0x06BA, 0x06BB, 0x06BC, 0x0648, 0x06C4, 0x06D5, 0x06C1, 0x06BE, /* 50 */
	0x0621, 0x06CC, 0x06D0, 0x06D2, 0x064D, 0x0650, 0x064F, 0x0657,
	0x0654, 'a',    'b',    'c',    'd',    'e',    'f',    'g', /* 60 */
	'h',    'i',    'j',    'k',    'l',    'm',    'n',    'o',
	'p',    'q',    'r',    's',    't',    'u',    'v',    'w', /* 70 */
	'x',    'y',    'z',    0x0655, 0x0651, 0x0653, 0x0656, 0x0670,
};

/* Behind an escape, what all of them have: 0 is another's place. */
static const uint16_t common[0x41] = {
	'@', 0xA3, '$',  0xA5, 0xBF, '"', 0xA4, '%', '&', '\'', '\f', '*', '+', 0,    '-', '/', '<',
	'=', '>',  0xA1, '^',  0xA1, '_', '#',  '*', 0,   0,    0,    0,   0,   0,    0,   0,   0,
	0,   0,    0,    0,    0,    0,   '{',  '}', 0,   0,    0,    0,   0,   '\\', 0,   0,   0,
	0,   0,    0,    0,    0,    0,   0,    0,   0,   '[',  '~',  ']', 0,   '|',
};

/* The places of `signs` below: two, the digits' ten in a row, two; five; twelve. */
static const uint8_t places[] = {
	0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24,
	0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x30, 0x31, 0x32,
	0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3F,
};

#define DANDAS 0x0964, 0x0965
#define TEN(zero)                                                                       \
	(zero), (zero) + 1, (zero) + 2, (zero) + 3, (zero) + 4, (zero) + 5, (zero) + 6, \
		(zero) + 7, (zero) + 8, (zero) + 9

static const struct script {
	uint16_t block;
	const char *missing; /* places of the locking table that it has not */
	uint8_t missing_count;
	uint8_t letter, tail[TAIL]; /* in its block */
	uint16_t signs[ARRAY_LEN(places)];
} scripts[] = {
#define MISSING(octets) (octets), sizeof(octets) - 1
	{0x0980,
                                                            MISSING("\x0C\x0E\x11\x12\x3C\x45\x47\x48\x49\x57\x58\x5B\x5C"),
                                                            0x4E,                                                                               {0x57, 0x5C, 0x5D, 0x70, 0x71},
                                                            {TEN(0x09E6), 0x09DF, 0x09E0, 0x09E1, 0x09E2, 0x09E3, 0x09F2, 0x09F3, 0x09F4, 0x09F5,
          0x09F6, 0x09F7, 0x09F8, 0x09F9, 0x09FA}																						      },
	{0x0A80,
                                                            MISSING("\x0E\x12\x3C\x45\x48\x58\x5C"),
                                                            0x50,                                                                               {0x60, 0x61, 0x62, 0x63, 0x71},
                                                            {DANDAS, TEN(0x0AE6)}																		      },
	{0x0900,
                                                            MISSING(""),
                                                            0x50,                                                                               {0x72, 0x7B, 0x7C, 0x7E, 0x7F},
                                                            {DANDAS, TEN(0x0966), 0x0951, 0x0952, 0x0953, 0x0954, 0x0958, 0x0959, 0x095A, 0x095B,
          0x095C, 0x095D,      0x095E, 0x095F, 0x0960, 0x0961, 0x0962, 0x0963, 0x0970, 0x0971}																	 },
	{0x0C80,
                                                            MISSING("\x00\x0C\x11\x3C\x48\x57\x5B"),
                                                            0x55,                                                                               {0x56, 0x60, 0x61, 0x62, 0x63},
                                                            {DANDAS, TEN(0x0CE6), 0x0CDE, 0x0CF1, 0x0CF2}															      },
	{0x0D00,
                                                            MISSING("\x00\x0C\x11\x3C\x4E\x57\x5B"),
                                                            0x57,                                                                               {0x60, 0x61, 0x62, 0x63, 0x79},
                                                            {DANDAS, TEN(0x0D66), 0x0D70, 0x0D71, 0x0D72, 0x0D73, 0x0D74, 0x0D75, 0x0D7A, 0x0D7B,
          0x0D7C, 0x0D7D, 0x0D7E, 0x0D7F}																							      },
	{0x0B00,
                                                            MISSING("\x0C\x0E\x11\x12\x3C\x45\x48\x57\x58\x5B\x5C"),
                                                            0x56,                                                                               {0x57, 0x60, 0x61, 0x62, 0x63},
                                                            {DANDAS, TEN(0x0B66), 0x0B5C, 0x0B5D, 0x0B5F, 0x0B70, 0x0B71}													      },
	{0x0A00,
                                                            MISSING("\x09\x0B\x0C\x0E\x11\x12\x3C\x45\x48\x4B\x4F\x55\x56\x57\x58\x5B\x5C"),
                                                            0x51,                                                                               {0x70, 0x71, 0x72, 0x73, 0x74},
                                                            {DANDAS, TEN(0x0A66), 0x0A59, 0x0A5A, 0x0A5B, 0x0A5C, 0x0A5E, 0x0A75}												      },
	{0x0B80,
                                                            MISSING("\x00\x09\x0B\x0C\x11\x16\x17\x18\x1C\x1E\x23\x24\x25\x2A\x2B\x2D\x3E\x40\x41\x4E"
                 "\x4F\x55\x56\x57\x5B"),
                                                            0x50,                                                                               {0x57, 0x70, 0x71, 0x72, 0x79},
                                                            {DANDAS, TEN(0x0BE6), 0x0BF3, 0x0BF4, 0x0BF5, 0x0BF6, 0x0BF7, 0x0BF8, 0x0BFA}											      },
	{0x0C00,
                                                            MISSING("\x0C\x11\x3C\x48\x4E\x57\x5B"),
                                                            0x55,                                                                               {0x56, 0x60, 0x61, 0x62, 0x63},
                                                            {0, 0, TEN(0x0C66), 0x0C58, 0x0C59, 0x0C78, 0x0C79, 0x0C7A, 0x0C7B, 0x0C7C, 0x0C7D, 0x0C7E,
          0x0C7F}																										      },
 /* Urdu: its locking table is written out. */
	{0x0600, MISSING(""),							     0, {0},                            {0x0600, 0x0601, TEN(0x06F0), 0x060C, 0x060D, 0x060E,
                                       0x060F, 0x0610, 0x0611,      0x0612, 0x0613, 0x0614,
                                       0x061B, 0x061F, 0x0640,      0x0652, 0x0658, 0x066B,
                                       0x066C, 0x0672, 0x0673,      0x06CD, 0x06D4}},
};

bool smpp_gsm7_is_indic(unsigned language)
{
	return language >= SMPP_GSM7_BENGALI && language <= SMPP_GSM7_URDU;
}

uint32_t smpp_gsm7_indic_locked(unsigned language, uint8_t septet)
{
	const struct script *s = &scripts[language - SMPP_GSM7_BENGALI];
	uint16_t code = hindi[septet];

	if (language == SMPP_GSM7_URDU)
		return urdu[septet];
	if (code < DEVANAGARI)
		return code;
	if (s->missing_count && memchr(s->missing, septet, s->missing_count))
		return ' ';
	if (septet == OWN_LETTER)
		return (uint32_t)s->block + s->letter;
	if (septet >= OWN_TAIL)
		return (uint32_t)s->block + s->tail[septet - OWN_TAIL];
	return (uint32_t)s->block + (code - DEVANAGARI);
}

uint32_t smpp_gsm7_indic_single(unsigned language, uint8_t septet)
{
	const struct script *s = &scripts[language - SMPP_GSM7_BENGALI];

	if (septet < ARRAY_LEN(common) && common[septet])
		return common[septet];
	if ((septet >= 'A' && septet <= 'Z') || septet == 0x65)
		return septet == 0x65 ? 0x20ACU : septet;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (places[i] == septet)
			return s->signs[i];
	return 0;
}
