/*
 * data_coding: what alphabet user data is in, and its way to UTF-8. Sources: SMPP 3.4, 5.2.19; GSM
 * 03.38, 4. Nothing that a phone sends makes a message fail: what is not text in its alphabet
 * becomes U+FFFD and is told.
 */
#ifndef PH_SMPP_TEXT_H
#define PH_SMPP_TEXT_H

#include "buf.h"

enum smpp_alphabet {
	SMPP_GSM7,   /* a septet an octet */
	SMPP_PACKED, /* eight septets in seven octets */
	SMPP_ASCII,
	SMPP_LATIN1,
	SMPP_UCS2, /* as phones use it: UTF-16, big-endian */
	SMPP_UTF8, /* some operators' default */
	SMPP_CYRILLIC,
	SMPP_HEBREW,
	SMPP_BINARY,
	SMPP_UCS2LE, /* the octets swapped, where no mark of byte order says else */
	SMPP_ALPHABETS
};

/** The configuration's words for the alphabets that data_coding 0 may mean: gsm7, packed, ascii,
 * latin1, ucs2, utf8; ends with NULL. */
extern const char *const smpp_alphabet_names[];

enum {
	SMPP_DATA_CODING_DEFAULT = 0,
	SMPP_DATA_CODING_LATIN1 = 3,
	SMPP_DATA_CODING_OCTETS = 4,
	SMPP_DATA_CODING_UCS2 = 8,
	SMPP_DATA_CODING_CLASS = 0x10,         /* general group with a class; 0x18 with UCS-2 */
	SMPP_DATA_CODING_CLASS_CONTROL = 0xF0, /* the group of its own; it knows no UCS-2 */
};

/* How a message class is told: by either group of data_coding, or beside it. */
enum smpp_class_style { SMPP_CLASS_GENERAL, SMPP_CLASS_CONTROL, SMPP_CLASS_SUBUNIT };
/** The configuration's words for enum smpp_class_style; ends with NULL. */
extern const char *const smpp_class_names[];

/** data_coding (the default one or UCS-2) with a message class of 0 to 3. */
uint8_t smpp_data_coding_of_class(uint8_t data_coding, unsigned message_class,
                                  enum smpp_class_style style);

/** What user data of a data_coding is; dflt is what the operator's 0 means. */
enum smpp_alphabet smpp_alphabet_of(uint8_t data_coding, enum smpp_alphabet dflt);

/**
 * User data to UTF-8, behind what out holds. locking, single: national tables of GSM 7-bit. False:
 * something was not text and was replaced. Binary data is not for here: false, and nothing written.
 */
bool smpp_text_decode(enum smpp_alphabet alphabet, struct span octets, unsigned locking,
                      unsigned single, struct buf *out);

/** Octets that a code point takes in alphabet (in PACKED: septets), 0 when it has it not. */
unsigned smpp_text_width(enum smpp_alphabet alphabet, uint32_t code);
/** Writes a code point for which the width is not 0; PACKED as septets, to be packed later. */
void smpp_text_put(enum smpp_alphabet alphabet, uint32_t code, struct buf *out);

#endif
