/*
 * The user data header (3GPP 23.040, 9.2.3.24): information elements before the text. Those that
 * posthouse needs are picked wherever they stand; others are skipped.
 */
#ifndef PH_SMPP_UDH_H
#define PH_SMPP_UDH_H

#include "buf.h"

struct smpp_concat {
	uint8_t width; /* bits of the reference: 8 or 16; 0: the message is not concatenated */
	uint16_t ref;
	uint8_t total, number; /* number from 1 */
	bool sar;              /* it was no header, but sar_ parameters */
};

struct smpp_udh {
	struct smpp_concat concat;
	uint8_t locking, single; /* national languages, IE 25 and 24; 0: default */
	uint16_t dest_port;      /* IE 04 and 05; 0: none */
	size_t size;             /* octets of the header, its length octet included */
	struct span text;        /* what follows it; borrowed */
};

/** -EBADMSG: not a header; *out is then the whole as text, without a header. A concatenation whose
 * numbers are impossible (0, or more than there are) is as if it were not there. */
int smpp_udh_parse(struct span user_data, struct smpp_udh *out) MUST_CHECK;

/** Octets that smpp_udh_put() writes: 6 or 7. */
size_t smpp_udh_size(unsigned width);
/** A header with the concatenation alone. */
void smpp_udh_put(struct buf *b, const struct smpp_concat *concat);

#endif
