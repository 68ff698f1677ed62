/*
 * The national tables of 3GPP TS 23.038 for the languages of India and its neighbours: annex A.3.4
 * to A.3.13 (locking shift) and A.2.4 to A.2.13 (single shift). For reading only.
 */
#ifndef PH_SMPP_GSM7_INDIC_H
#define PH_SMPP_GSM7_INDIC_H

#include "base.h"

/* National language identifiers, 6.2.1.2.4. */
enum {
	SMPP_GSM7_BENGALI = 4,
	SMPP_GSM7_GUJARATI,
	SMPP_GSM7_HINDI,
	SMPP_GSM7_KANNADA,
	SMPP_GSM7_MALAYALAM,
	SMPP_GSM7_ORIYA,
	SMPP_GSM7_PUNJABI,
	SMPP_GSM7_TAMIL,
	SMPP_GSM7_TELUGU,
	SMPP_GSM7_URDU
};

/** Whether the language has its tables here. */
bool smpp_gsm7_is_indic(unsigned language);
/** The code point of a septet in its locking table; a place that has none is a space. */
uint32_t smpp_gsm7_indic_locked(unsigned language, uint8_t septet);
/** The code point of a septet behind an escape; 0: the table has none. */
uint32_t smpp_gsm7_indic_single(unsigned language, uint8_t septet);

#endif
