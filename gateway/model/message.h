/*
 * A message: one thing said, in either direction, on any channel. Plain data, made in one block
 * and never changed after; whoever keeps it takes a reference.
 */
#ifndef PH_MESSAGE_H
#define PH_MESSAGE_H

#include "span.h"

enum message_direction { MESSAGE_IN, MESSAGE_OUT };

enum message_kind {
	MESSAGE_TEXT,
	MESSAGE_IMAGE,
	MESSAGE_VOICE,
	MESSAGE_VIDEO,
	MESSAGE_LOCATION,
	MESSAGE_LINK,
	MESSAGE_FILE,
	MESSAGE_EVENT, /* follow, menu click, scan: something done, not said */
	MESSAGE_MENU,  /* a text with choices */
	MESSAGE_KINDS
};

/* What may follow on what is decided in one place, is_step() of redis/conversation/status.lua; from
 * DELIVERED on they are final, but that UNDELIVERED may turn out DELIVERED. */
enum message_status {
	STATUS_ACCEPTED,
	STATUS_SCHEDULED,
	STATUS_QUEUED,
	STATUS_SENDING,
	STATUS_UNKNOWN, /* written, and no answer ever came */
	STATUS_SENT,
	STATUS_PARTIALLY_DELIVERED,
	STATUS_DELIVERED,
	STATUS_READ,
	STATUS_UNDELIVERED,
	STATUS_FAILED,
	STATUS_CANCELED,
	STATUS_COUNT
};

/* Strictly in this order: interactive before bulk. */
enum lane { LANE_REPLY, LANE_CONFIRMATION, LANE_CAMPAIGN, LANE_COUNT };

/* What follows when a submit's answer never came. */
enum on_uncertain { UNCERTAIN_RESEND, UNCERTAIN_HOLD };

/* What a handset does with it (GSM 03.38, 4); class 0 is shown at once and not kept: flash. */
enum message_class { CLASS_NONE, CLASS_0, CLASS_1, CLASS_2, CLASS_3 };

/* Whether the peer is asked to tell of its delivery. */
enum message_receipt { RECEIPT_BY_CHANNEL, RECEIPT_WANTED, RECEIPT_UNWANTED };

/* How a message is to be sent, where that is not the channel's own way; 0 in each is that way. */
struct message_service {
	enum message_class message_class;
	enum message_receipt receipt;
	uint8_t priority; /* 1 + the priority of 0 to 3 */
};

enum { PRIORITY_MAX = 3 };

enum {
	MARK_INCOMPLETE = 1 << 0,    /* parts of it never came */
	MARK_MAYBE_DOUBLED = 1 << 1, /* sent again after an uncertain first try */
	MARK_LOSSY = 1 << 2,         /* octets that are not text in its alphabet were replaced */
	MARK_TRANSLITERATED =
		1 << 3,       /* out: characters were replaced so that it costs fewer parts */
	MARK_CHOICE = 1 << 4, /* in: a button of a menu was pressed, and text is what stood on it */
	MARK_REPLACED = 1 << 5 /* out: the peer put text in the place of what was sent first */
};

struct message {
	int refs;
	enum message_direction direction;
	enum message_kind kind;
	enum lane lane;
	enum message_status status;
	enum on_uncertain on_uncertain;
	unsigned marks;
	unsigned attempts;        /* out: how often the peer has said to try again */
	uint64_t claim;           /* out: which time it is in a node's hands; 0: the first */
	uint64_t ts_ms;           /* when it was said, ms since 1970 */
	uint64_t seq;             /* in its conversation; 0: not yet appended */
	struct span conversation; /* its id, when the router has set it; else empty */
	struct span address;      /* the far end, canonical: sms:+8613800138000 */
	struct span channel;      /* name of the channel */
	struct span local;        /* our end: short code, appid, site; may be empty */
	struct span extension;    /* out: digits to be put behind our own number; may be empty */
	struct span text;         /* UTF-8; for other kinds what stands for it in a list */
	struct span data;         /* JSON object with the rest of other kinds; may be empty */
	struct span author;       /* "customer", "bot", "agent:mei", "api:cti", "system" */
	struct span cid;          /* the author's own id of it; may be empty */
	struct span template_id;
	struct span lang;     /* "zh", "en" or empty */
	struct span reply_to; /* out: cid of the inbound message it answers, where there is one */
	struct span options;  /* out: JSON object of what was asked besides the content, for the
	                         connector and whoever is told: {"sms": …, "dlr": …}; shown to
	                         nobody */
	/*
	 * In: by what a second delivery is known. The same dup_key is the same message, when
	 * dup_epoch is empty. With a dup_epoch (the connection it came over) it is the same only
	 * when the first came over another connection at or after dup_after_ms: the same text said
	 * twice over one connection is two messages.
	 */
	struct span dup_key, dup_epoch;
	uint64_t dup_after_ms;
	/* In: 0, or a number that grows: what the same dup_key was before was not all of it, and is
	 * completed by this, in its place. */
	uint32_t mends;
	/* In: what the channel allows us now because of it: replies, and until when; 0: no limit.
	 */
	uint32_t grant_count;
	uint64_t grant_until_ms;
	/* Out: validity in ms from ts_ms, or from due_ms where it has one; 0 for the channel's own.
	 */
	uint64_t validity_ms;
	/* Out: not to be delivered before, ms since 1970; 0: at once. */
	uint64_t due_ms;
	struct message_service service; /* out */
};

/** Copies *like, spans and all, into one block with one reference. NULL when out of memory. */
struct message *message_create(const struct message *like);
struct message *message_ref(struct message *m);
/** Drops a reference, sets *m NULL; accepts NULL. */
void message_unref(struct message **m);

const char *message_kind_name(enum message_kind kind);
const char *message_status_name(enum message_status status);
const char *lane_name(enum lane lane);
/** When its validity is over, ms since 1970; 0: it has none of its own. */
uint64_t message_expires_ms(const struct message *m);
/** -EINVAL: no such name. */
int message_kind_parse(struct span name, enum message_kind *out) MUST_CHECK;
int message_status_parse(struct span name, enum message_status *out) MUST_CHECK;

#endif
