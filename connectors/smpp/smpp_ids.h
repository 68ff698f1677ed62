/*
 * How an SMSC writes a message's id in its receipts, against how it wrote it in its response: the
 * same, in another case, with or without leading zeros, in decimal or in hex. Learned from the
 * messages of this process, so that what was learned can be seen, and is tried first.
 */
#ifndef PH_SMPP_IDS_H
#define PH_SMPP_IDS_H

#include "span.h"

/* Of the receipt, against the response. */
enum smpp_id_form {
	SMPP_ID_SAME,
	SMPP_ID_CASE,    /* but for upper and lower case */
	SMPP_ID_ZEROS,   /* but for leading zeros */
	SMPP_ID_DECIMAL, /* in decimal, which was in hex */
	SMPP_ID_HEX,     /* in hex, which was in decimal */
	SMPP_ID_OTHER,   /* no message that this process remembers */
	SMPP_ID_FORMS
};

/** "same", "case", "zeros", "decimal", "hex", "other". */
extern const char *const smpp_id_form_names[SMPP_ID_FORMS];

enum { SMPP_ID_SIZE = 66 /* of an id as text, NUL included; longer ones are not learned from */ };

struct smpp_ids;

/** NULL: out of memory. */
struct smpp_ids *smpp_ids_create(void);
void smpp_ids_destroy(struct smpp_ids **ids);
/** An id as it stood in a response. */
void smpp_ids_sent(struct smpp_ids *ids, struct span id);
/** An id as it stands in a receipt: its form, which is learned from. */
enum smpp_id_form smpp_ids_seen(struct smpp_ids *ids, struct span id);
/** The form that the last ten known receipts agreed on; SMPP_ID_OTHER: none as yet. */
enum smpp_id_form smpp_ids_learned(const struct smpp_ids *ids);
/** The id as the response will have had it, by what was learned: id itself, or text in out. */
struct span smpp_ids_likely(const struct smpp_ids *ids, struct span id, char out[SMPP_ID_SIZE]);

/** The same number in the other base, in upper case; false: it is none, or longer than 40 digits.
 */
bool smpp_id_to_hex(struct span decimal, char out[SMPP_ID_SIZE]);
bool smpp_id_to_decimal(struct span hex, char out[SMPP_ID_SIZE]);

#endif
