/*
 * The delivery-report call-backs of scripts made for kannel: the URL that came with a message
 * (dlr-url), its escapes replaced by what became of the message. docs/protocols/sendsms.md.
 */
#ifndef PH_DLR_URL_H
#define PH_DLR_URL_H

#include "buf.h"
#include "event.h"

/* What a report says: the bits of dlr-mask. */
enum dlr_type {
	DLR_DELIVERED = 1,   /* to the phone */
	DLR_UNDELIVERED = 2, /* never to the phone */
	DLR_BUFFERED = 4,    /* the SMSC waits with it */
	DLR_ACCEPTED = 8,    /* the SMSC took it */
	DLR_REJECTED = 16,   /* the SMSC did not, or we never sent it */
	DLR_INTERMEDIATE = 32
};

enum { DLR_ANSWER_MAX = 400 };

/* What the escapes stand for. */
struct dlr_report {
	enum dlr_type type;               /* %d */
	struct span answer;               /* %A %a %b %e %k %s %S %r: what the SMSC said */
	struct span to, from;             /* %p %q, %P %Q: as they were given */
	struct span id, foreign_id;       /* %I ours, %F the SMSC's */
	struct span smsc, service;        /* %i, %n */
	struct span account, binfo, meta; /* %o, %B, %D and %#group#name# */
	uint64_t ts_ms;                   /* %t %T */
};

/** Which report a status makes; 0: none. */
unsigned dlr_type_of(const struct log_event *status);

/**
 * What the SMSC said, in the words that kannel hands on: "ACK/", "NACK/0x0000000b/reason", or a
 * receipt's text (SMPP 3.4, appendix B) made of what is known. sent_ms is when the message was
 * accepted; NUL-terminated.
 */
void dlr_answer(enum dlr_type type, const struct log_event *status, struct span foreign_id,
                uint64_t sent_ms, char out[DLR_ANSWER_MAX]);

/** Writes pattern with its escapes replaced; what they stand for is percent-encoded. */
void dlr_url_fill(struct span pattern, const struct dlr_report *report, struct buf *out);

/** http or https, a host, no control characters. */
bool dlr_url_valid(struct span url);

#endif
