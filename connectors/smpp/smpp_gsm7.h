/*
 * The GSM 7-bit default alphabet (GSM 03.38, 6.2.1; 3GPP 23.038). Septets stand one an octet, as
 * SMPP carries them; packing is apart. What is sent is exact; what is received is read leniently.
 */
#ifndef PH_SMPP_GSM7_H
#define PH_SMPP_GSM7_H

#include "buf.h"

enum { SMPP_GSM7_ESCAPE = 0x1B };

/** Septets that the code point takes: 1, 2 with an escape, 0 when the alphabet has it not. */
unsigned smpp_gsm7_width(uint32_t code);

/** Writes the septets of a code point for which smpp_gsm7_width() is not 0. */
void smpp_gsm7_put(struct buf *out, uint32_t code);

/* National language identifiers, 23.038, 6.2.1.2.4; others read as the default tables. */
enum { SMPP_GSM7_TURKISH = 1, SMPP_GSM7_SPANISH = 2, SMPP_GSM7_PORTUGUESE = 3 };

/**
 * Septets to UTF-8, with the locking and single shift tables of the languages (0: default). An
 * unknown escape shows its base character, a trailing one nothing. False: an octet over 0x7F
 * stood there, and U+FFFD stands for it.
 */
bool smpp_gsm7_decode(struct span septets, unsigned locking, unsigned single, struct buf *out);

/** Eight septets in seven octets, after fill zero bits (03.38, 6.1.2.1). */
void smpp_gsm7_pack(struct span septets, unsigned fill, struct buf *out);
/** The way back; a last septet of zero that is only padding is dropped. */
void smpp_gsm7_unpack(struct span packed, unsigned fill, struct buf *out);

#endif
