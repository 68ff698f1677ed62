/*
 * A message that asks for what only SMS has (message.options, sms_options.h): octets instead of
 * text, a user data header of its own, message waiting, a protocol identifier. Most messages ask
 * for none of it.
 */
#ifndef PH_SMPP_SPECIAL_H
#define PH_SMPP_SPECIAL_H

#include "message.h"
#include "smpp_pdu.h"
#include "smpp_split.h"
#include "smpp_udh.h"
#include "sms_options.h"

struct smpp_special {
	struct sms_options asked;
	struct buf memory; /* of what is asked */
};

/** NULL in *out where nothing is asked for. -EBADMSG, -ENOMEM. */
int smpp_special_read(const struct message *m, struct smpp_special **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void smpp_special_free(struct smpp_special **special);

/** What it asks of the way its parts are cut: its header goes before each, beside the one that
 * counts them. */
void smpp_special_prepare(const struct smpp_special *special, struct smpp_split_options *options);

/** Its user data is as it was given: octets, or a text for a program behind a header. Splits that;
 * false: a person reads it, and it is composed as any other. Errors as smpp_split(). */
bool smpp_special_split(const struct smpp_special *special, const struct message *m,
                        const struct smpp_split_options *options, struct smpp_parts *out, int *err);

/** Whether its user data is a text for a person, and nothing else. */
bool smpp_special_is_text(const struct smpp_special *special);

/** Its header with the concatenation (NULL: there is one part), or nothing. */
void smpp_special_put_header(const struct smpp_special *special, const struct smpp_concat *concat,
                             struct buf *b);

/** Writes into sm, whose data_coding tells the alphabet alone, what is asked for; and the message
 * class (0 to 3, -1: none) with it. */
void smpp_special_fill(const struct smpp_special *special, int message_class,
                       enum smpp_class_style style, struct smpp_submit_sm *sm);

#endif
