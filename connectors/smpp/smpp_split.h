/*
 * Text to parts: chooses the alphabet, counts, and cuts where it hurts nobody: never inside an
 * escape or a surrogate pair, and inside a grapheme only where keeping it whole would cost one
 * more part. Sources: docs/protocols/smpp.md; 3GPP 23.040, 9.2.3.24.1.
 */
#ifndef PH_SMPP_SPLIT_H
#define PH_SMPP_SPLIT_H

#include "smpp_text.h"

enum smpp_long {
	SMPP_LONG_UDH8,
	SMPP_LONG_UDH16,
	SMPP_LONG_SAR,
	SMPP_LONG_PAYLOAD /* message_payload: the SMSC splits */
};
/** The configuration's words for enum smpp_long; ends with NULL. */
extern const char *const smpp_long_names[];

enum { SMPP_PARTS_MAX = 255 };

struct smpp_split_options {
	enum smpp_alphabet dflt; /* what the operator's data_coding 0 means for what we send */
	bool latin1;             /* data_coding 3 before UCS-2, where it fits */
	enum smpp_long how;
	unsigned parts_max; /* at most SMPP_PARTS_MAX */
	size_t header;      /* octets of a user data header of its own on each part; 0: none */
	bool ucs2;          /* in no other alphabet */
	size_t counted; /* octets in front of the text that the operator adds: counted, not sent */
};

struct smpp_parts {
	enum smpp_alphabet alphabet;
	uint8_t data_coding;
	unsigned count; /* with SMPP_LONG_PAYLOAD 1, and estimate says what the SMSC makes of it */
	unsigned estimate;
	uint32_t forced;   /* the first character that the default alphabet has not; 0: none */
	size_t left;       /* units (septets, octets, UTF-16) that the last part has room for */
	uint32_t counted;  /* octets of the first part that are not sent */
	struct buf octets; /* all parts, one after the other; PACKED as septets */
	uint32_t end[SMPP_PARTS_MAX]; /* where in octets each part ends */
};

/**
 * -EMSGSIZE: more parts than parts_max; -EBADMSG: not UTF-8; -ENOMEM. out is zeroed before its
 * first use, may be used again and again (its memory is kept), and ends with smpp_parts_fini().
 */
int smpp_split(struct span text, const struct smpp_split_options *options,
               struct smpp_parts *out) MUST_CHECK;
/** The same of octets that are no text: data_coding 4, cut anywhere. Never by SAR or PAYLOAD. */
int smpp_split_octets(struct span octets, const struct smpp_split_options *options,
                      struct smpp_parts *out) MUST_CHECK;
void smpp_parts_fini(struct smpp_parts *parts);

/** The octets of part i, from 0; borrowed from parts. */
struct span smpp_part(const struct smpp_parts *parts, unsigned i);

/** Units (septets, octets) of one part in alphabet, octets for UCS-2, when header octets of a UDH
 * stand before them. */
size_t smpp_part_capacity(enum smpp_alphabet alphabet, size_t header);

#endif
