/*
 * What a short message asks for that only SMS has: octets instead of text, a user data header, and
 * the fields of 3GPP 23.040 that scripts set by hand. Kept in message.options as {"sms": {...}}.
 */
#ifndef PH_SMS_OPTIONS_H
#define PH_SMS_OPTIONS_H

#include "buf.h"
#include "strict_json.h"

/* What the user data is: SMS_CODING_TEXT lets the text decide between the alphabets. */
enum sms_coding { SMS_CODING_TEXT, SMS_CODING_DEFAULT, SMS_CODING_OCTETS, SMS_CODING_UCS2 };

enum {
	SMS_USER_DATA_MAX = 140,   /* octets of one short message, header included */
	SMS_OPTION_NONE = -1,      /* it was not asked for */
	SMS_OCTETS_MAX = 255 * 134 /* octets of a message without text, over all its parts */
};

struct sms_options {
	enum sms_coding coding;
	struct span udh;          /* with its length octet; on each part; empty: none */
	struct span octets;       /* with SMS_CODING_OCTETS: the user data */
	struct span service_type; /* empty: the channel's own */
	/* Each SMS_OPTION_NONE or: */
	int message_waiting; /* 0 to 3: voice, fax, mail, other waits; 4 to 7: no longer (23.038) */
	int protocol_id;     /* TP-PID */
	int compressed;      /* 0, 1 */
	int class_coding;    /* 1: the class is told by the group 0xF0 of data_coding */
	int reply_path;      /* 1: the answer comes by the same SMSC */
	int intermediate;    /* 1: the SMSC tells also that it still tries */
};

void sms_options_init(struct sms_options *options);

/** As the member "sms" of message.options; NULL where nothing is asked for, or out of memory (then
 * *err is -ENOMEM). */
json_t *sms_options_json(const struct sms_options *options, int *err);

/** Reads the whole message.options; what is not there is as sms_options_init() leaves it. Spans are
 * of memory, which is cleared. -EBADMSG, -ENOMEM. */
int sms_options_read(struct span options, struct sms_options *out, struct buf *memory) MUST_CHECK;

#endif
