/*
 * What a connector is to the rest: six functions down, a few calls up, and what it declares of
 * itself. A connector knows its protocol and this file, nothing of the router; the router asks a
 * connector's capabilities, never its name.
 */
#ifndef PH_CONNECTOR_H
#define PH_CONNECTOR_H

#include "event.h"
#include "log.h"
#include "yaml.h"

/* The host's side of one channel; opaque to the connector. */
struct connector_host;

/* Where a channel says what it is doing; opaque to the connector, lives for the call. */
struct connector_status;

enum channel_state {
	CHANNEL_STOPPED,
	CHANNEL_CONNECTING,
	CHANNEL_UP, /* can send and receive */
	CHANNEL_SEND_ONLY,
	CHANNEL_RECEIVE_ONLY,
	CHANNEL_DOWN,         /* tries again by itself */
	CHANNEL_MISCONFIGURED /* a human must act; tries again slowly */
};

enum stop_mode { STOP_NOW, STOP_DRAIN };

enum send_outcome {
	SEND_OK,        /* the peer took it; id is its name for it, empty where it gives none */
	SEND_REFUSED,   /* it will never take it: code and reason say why */
	SEND_RETRY,     /* not taken, and may be tried again after retry_ms */
	SEND_UNCERTAIN, /* written, and no answer came: it may have been sent */
	SEND_READ       /* readers only: shown to the customer */
};

enum send_flag {
	SEND_WINDOW_CLOSED = 1 << 0, /* refused because the channel's reply window is over */
	SEND_BUDGET_USED = 1 << 1,   /* refused because the channel's reply budget is used up */
	SEND_FREE = 1 << 2,          /* taken, and it cost nothing of the reply budget */
	SEND_BAD_ADDRESS = 1 << 3,   /* the address cannot be reached by this channel at all */
	SEND_NOT_COUNTED = 1 << 4,   /* with SEND_RETRY: the peer was busy, it was no attempt */
	SEND_SAME_CAUSE = 1 << 5,    /* another result told why: no more of how the channel fares */
	SEND_NOT_HERE = 1 << 6, /* with SEND_REFUSED: for a reason of this channel's own, and no
	                           part of it was taken: another channel may have the whole */
	SEND_SHARED_ID = 1 << 7 /* other customers' messages have the same id: only whom a receipt
	                           is of says whose it is */
};

/** The outcome of one part of a message; part counts from 0, and part == parts - 1 comes last. */
struct send_result {
	enum send_outcome outcome;
	unsigned flags;
	uint16_t part, parts;
	struct span id;     /* the peer's id, binary, at most 64 octets */
	const char *code;   /* stable, "smpp.0x0000000b" or "wechat.45015"; NULL with SEND_OK */
	const char *reason; /* for a human, in English; NULL: none */
	uint64_t retry_ms;
};

/** What a peer says later of a message it took. */
struct receipt {
	struct span id;      /* as the peer wrote it now; the host tries its other forms */
	struct span address; /* whom it was for, canonical; empty where the receipt does not say */
	enum message_status status; /* SENT for an intermediate one */
	const char *code;           /* "smpp.dlr.000"; NULL: none */
	uint64_t ts_ms;             /* when it arrived here */
};

/** One part of a long message. Parts of one key are kept, durable, until all are there. */
struct message_part {
	struct span key;        /* names the whole message: peer addresses, reference, total */
	uint16_t number, total; /* number from 1 */
	struct span octets;     /* as received, not decoded; at most 255 octets */
	struct span
		meta; /* what the connector needs to decode the whole; the first part's is kept */
	/*
	 * The same octets once more over another connection than epoch, when the first came at or
	 * after resend_after_ms, are the peer's second try; else, once the whole is over, they
	 * begin a new message. Empty: they always are.
	 */
	struct span epoch;
	uint64_t resend_after_ms;
	uint64_t timeout_ms; /* for what is missing; 0: the host's */
};

/** What there is of a long message. parts[i].ptr NULL: part i+1 is missing; one may be empty. */
struct message_parts {
	struct span key, meta;
	uint64_t generation; /* makes key unique: a reference is used again */
	uint16_t total, present;
	uint16_t told; /* how many were told as an incomplete message before: mend it */
	const struct span *parts;
	bool timed_out; /* deliver what is there, marked MARK_INCOMPLETE */
};

/** kept 0: the part is durable; whole is set when it was the last one missing, else NULL. */
typedef void part_fn(void *arg, int kept, const struct message_parts *whole);

/** value is empty when there is none; borrowed for the call. */
typedef void load_fn(void *arg, int err, struct span value);

/** more: there are older events than those (history), or newer ones (since). */
typedef void log_fn(void *arg, int err, const struct log_event *events, size_t count, bool more);

/* A connector whose far end reads the conversation's log itself, as a web page does. */
struct connector_reader {
	/** The conversation with address has reached seq: read it if the customer is here. */
	void (*reached)(void *self, struct span address, uint64_t seq);
	/** Somebody types, or stopped; never stored. name is empty for nobody in particular. */
	void (*typing)(void *self, struct span address, bool on, struct span name);
	/** An agent has read what the customer said up to seq; a hint, told as it happens. */
	void (*read)(void *self, struct span address, uint64_t seq);
};

/* A message that the peer took, as the peer knows it; spans are borrowed for the call. */
struct connector_target {
	struct span id;                /* the peer's, of one part */
	struct span address;           /* whom it was for, canonical */
	struct span local;             /* our end, as it was sent; may be empty */
	struct span extension;         /* the digits behind it; may be empty */
	const struct message *message; /* replace: what was sent; else NULL */
};

/* What the peer says to an operation. */
struct connector_answer {
	/* 0: done. -EPERM: the peer refuses, code and reason say why. -ETIMEDOUT, -ENOTCONN: it did
	 * not answer, and whether it was done nobody knows. -ECANCELED: the channel ends. */
	int err;
	const char *code, *reason;  /* with -EPERM; borrowed */
	enum message_status status; /* query: SENT while it may still go either way */
};
typedef void answer_fn(void *arg, const struct connector_answer *answer);

enum connector_operation { OPERATION_QUERY, OPERATION_CANCEL, OPERATION_REPLACE, OPERATION_MANY };

enum { CONNECTOR_MANY_MAX = 254 };
/** A result for each message, in their order; those that the peer took may share one id. */
typedef void many_fn(void *arg, const struct send_result *results, size_t count);

/*
 * What some peers do besides: to ask for, take back or exchange what was sent, and to take one
 * text for many. Optional at operators, so nothing may depend on it. Each function: 0 is begun,
 * and fn is called once, never within the call; -EAGAIN: too much at once; -ENOTCONN; -EINVAL:
 * what is to be sent cannot be; -EMSGSIZE: longer than one part; -ENOTSUP: see can().
 */
struct connector_operations {
	/** Whether the channel's peer allows it. */
	bool (*can)(const void *self, enum connector_operation what);
	int (*query)(void *self, const struct connector_target *target, answer_fn *fn, void *arg);
	int (*cancel)(void *self, const struct connector_target *target, answer_fn *fn, void *arg);
	/** For notices only, never for what a person said: the first text is gone. */
	int (*replace)(void *self, const struct connector_target *target, struct span text,
	               answer_fn *fn, void *arg);
	/**
	 * Messages that differ in nothing but whom they are for and, by a second, until when, as
	 * one request. It takes some from the front and returns how many: for these fn is called
	 * once. 0: none now; send() takes them one by one. Borrowed for the call.
	 */
	size_t (*many)(void *self, const struct message *const *messages, size_t count, many_fn *fn,
	               void *arg);
};

enum { MEASURED_CHARACTERS = 8 };

/** What sending a text takes, and what the customer would see. */
struct connector_measure {
	const char *alphabet; /* "gsm7", "latin1", "ucs2" … */
	struct span text; /* with all that the channel adds and changes; borrowed till the next */
	unsigned parts;
	size_t left; /* characters of that alphabet's smallest width before there is one part more
	              */
	/* The first different characters that the cheaper alphabet has not; 0 ends them. */
	uint32_t forced[MEASURED_CHARACTERS];
	/* What was put in the place of what; NULL ends them. */
	struct {
		uint32_t from;
		const char *to;
	} changes[MEASURED_CHARACTERS];
	unsigned marks; /* that the message will bear: MARK_TRANSLITERATED */
};

struct connector_caps {
	unsigned kinds;  /* 1 << MESSAGE_TEXT | ... that it can send */
	size_t text_max; /* octets of UTF-8 in one message; the router cuts or refuses */
	bool receipts;   /* delivered comes later */
	/** Whether each message gets a receipt in the end, be it good or bad. NULL: as receipts
	 * says. */
	bool (*always_tells)(const void *self);
	bool replies_limited; /* inbound messages carry grants: keep the ledger */
	bool resend_replies;  /* a reply of uncertain fate is sent again, marked */
	bool dials; /* opens the connections to an account, which one node at a time holds */
	const char *scheme;                    /* of its addresses: "sms", "wechat", "web" */
	const struct connector_reader *reader; /* NULL: messages are pushed by send() */
	/** Whether local may be our end of a message: a number or name of the channel's own. NULL:
	 * the channel has one end, and none is named. */
	bool (*sender)(const void *self, struct span local);
	/**
	 * What sending m would take, sending nothing. -EMSGSIZE: more than the channel sends at
	 * once (out is filled all the same); -EBADMSG: no text. NULL: the channel does not count.
	 */
	int (*measure)(void *self, const struct message *m, struct connector_measure *out);
	/** Marks that m will bear because of what the channel does to its text. NULL: none. */
	unsigned (*marks)(void *self, const struct message *m);
	/** What stands behind our own number in local: 12 of 9550012. Empty: nothing, or local is
	 * none of the channel's. NULL: there is no such thing. */
	struct span (*extension)(const void *self, struct span local);
	/** Whether the peer holds a message that is due in delay_ms. NULL: it cannot, the host
	 * does. */
	bool (*schedules)(const void *self, uint64_t delay_ms);
	/** Shows the customer that somebody types, or stopped; never waits. NULL: it cannot. */
	void (*typing)(void *self, struct span address, bool on);
	const struct connector_operations *operations; /* NULL: none */
};

struct connector_ops {
	const char *name;                  /* config key and log value: "smpp" */
	struct connector_caps caps;        /* kinds, length, reply window, receipts */
	size_t self_size;                  /* octets of self: the host allocates, zeroes, frees */
	size_t config_size;                /* octets of the struct that config binds */
	const struct config_field *config; /* ends with {0}: parses, checks, documents the config */

	/**
	 * Reads cfg (bound by the table, lives as long as self), opens nothing but registers its
	 * routes. errors is NULL or takes what the table cannot check; line of the channel's
	 * section. -EINVAL after telling.
	 */
	int (*init)(void *self, struct connector_host *host, const void *cfg,
	            struct yaml_errors *errors, unsigned line);

	/** Begins to connect and returns at once; the outcome comes as connector_state(). */
	int (*start)(void *self);

	/**
	 * Takes *msg and sets it NULL on 0; on an error it stays the caller's. 0 is begun, not
	 * sent: connector_result() tells (sent, refused, uncertain), connector_receipt() later.
	 * -EAGAIN: window full, wait for connector_ready(). -EMSGSIZE. -ENOTCONN: not bound.
	 */
	int (*send)(void *self, struct message **msg);

	/**
	 * The one spelling of an address, e.g. sms:+4917000 (E.164); NUL-terminated. self gives the
	 * channel's own reading (a default country); NULL: only what is clear without one. -EINVAL:
	 * not an address.
	 */
	int (*address)(const void *self, struct span raw, char *out, size_t size);

	/** STOP_DRAIN gives what is in flight the host's drain time. Never blocks; safe twice.
	 *  The end is told by connector_state(CHANNEL_STOPPED). */
	void (*stop)(void *self, enum stop_mode mode);

	/** Frees what self holds, not self. Works after half an init. */
	void (*fini)(void *self);

	/** May be NULL. What the channel is doing now, for a status page: connections, windows,
	 * what was learned of the peer. Never a secret, an address or a text. */
	void (*status)(const void *self, struct connector_status *out);
};

/*
 * Calls up. All but the done functions are made on the loop's thread; none blocks; done may be
 * called before the call returns only with an error.
 */

/**
 * Takes *msg (always, and sets it NULL). done(arg, 0) says durable, with all that follows from it:
 * only then may the peer be answered. An immediate answer may be given to send() before done is
 * called (reply_to is then this message's cid). done(arg, -EAGAIN): not now, let the peer try
 * again. Safe to repeat. Whoever kept a reference finds the message's seq in it at done(arg, 0).
 */
void connector_received(struct connector_host *host, struct message **msg, done_fn *done,
                        void *arg);

/** The outcome of a message that send() took; msg is borrowed, the connector drops its own
 * reference. */
void connector_result(struct connector_host *host, const struct message *msg,
                      const struct send_result *result);

/** The family in which receipts that find no message are counted, by channel and reason: also by
 * connectors, for those that they cannot read. */
#define RECEIPTS_UNMATCHED "posthouse_receipts_unmatched_total"
#define RECEIPTS_UNMATCHED_HELP "Receipts without a message, by why"

/** done(arg, 0): noted (known or not), the receipt may be acknowledged. */
void connector_receipt(struct connector_host *host, const struct receipt *receipt, done_fn *done,
                       void *arg);

/** The customer can be reached again: what waits here for that address is tried now. */
void connector_reachable(struct connector_host *host, struct span address);

/** why: for a human, in English; borrowed. */
void connector_state(struct connector_host *host, enum channel_state state, const char *why);

/** There is room again after -EAGAIN or -ENOTCONN. */
void connector_ready(struct connector_host *host);

/*
 * The pace of an account: what the contract allows, shared by all nodes that send by it, and
 * whether this node may send by it at all.
 */

/**
 * What the contract allows, set once in init: rate parts a second (0: no limit) and burst at once
 * (0: a tenth of a second's worth). fn, which may be NULL, is told when connector_pace() may say 0
 * before the time it named.
 */
void connector_contract(struct connector_host *host, unsigned rate, unsigned burst,
                        void (*fn)(void *self));
/** 0: one part may be written now. Else for how many ms none may: ask again then. To be asked
 * before each part that the contract counts, and for nothing else. */
uint64_t connector_pace(struct connector_host *host);
/** A part was written. */
void connector_paced(struct connector_host *host);
/** The peer says that it is too much, and nothing will be written for ms: others may be faster. */
void connector_throttled(struct connector_host *host, uint64_t ms);

/* Members of a status, by name; keys are literals in snake_case. */
void connector_status_text(struct connector_status *out, const char *key, struct span value);
void connector_status_num(struct connector_status *out, const char *key, uint64_t value);
void connector_status_flag(struct connector_status *out, const char *key, bool value);
/** What follows until connector_status_end() is one more item of the list key. Does not nest. */
void connector_status_item(struct connector_status *out, const char *key);
void connector_status_end(struct connector_status *out);

/** Keeps a part, shared by all binds and nodes of the channel. To fn: -EMSGSIZE for a bad total or
 * size, -EAGAIN when nothing can be kept now or too much is. */
void connector_part(struct connector_host *host, const struct message_part *part, part_fn *fn,
                    void *arg);

/** Where incomplete messages are told after their time; set once in init. */
void connector_on_parts(struct connector_host *host,
                        void (*fn)(void *self, const struct message_parts *parts));

/** What was told, whole or after its time, is durable as a message: it is not told again. */
void connector_parts_done(struct connector_host *host, const struct message_parts *parts);

/** A small value shared by all nodes under a key of this channel, for ttl_ms; kept out of every
 * log. */
void connector_store(struct connector_host *host, struct span key, struct span value,
                     uint64_t ttl_ms, done_fn *done, void *arg);
void connector_load(struct connector_host *host, struct span key, load_fn *fn, void *arg);
/** fn(arg, 0, "1") to exactly one caller of all nodes within ttl_ms, "" to the others. */
void connector_lock(struct connector_host *host, struct span key, uint64_t ttl_ms, load_fn *fn,
                    void *arg);

/** Readers: what was said with address after since (before == 0), or before a seq; at most limit.
 */
void connector_read(struct connector_host *host, struct span address, uint64_t since,
                    uint64_t before, unsigned limit, log_fn *fn, void *arg);
/** Readers: the customer has our messages up to seq on the screen (seen) or in the client. */
void connector_reached(struct connector_host *host, struct span address, uint64_t seq, bool seen);
/** Readers: the customer is here on this node (watch it), or has gone. */
void connector_watch(struct connector_host *host, struct span address, bool here);
/** Whoever vouches for the channel's customers says that this one proved who they are, good until
 * until_ms (since 1970; past or 0: not any more). Said again it only makes it longer; what holds
 * longer already is not cut. done(arg, 0): durable. */
void connector_verified(struct connector_host *host, struct span address, uint64_t until_ms,
                        done_fn *done, void *arg);
/** The customer types, or stopped. */
void connector_typing(struct connector_host *host, struct span address, bool on);

/** False while nothing can be made durable: say so to whoever waits. */
bool connector_durable(const struct connector_host *host);
/** Told whenever connector_durable() changes; set once in init; NULL allowed. */
void connector_on_durable(struct connector_host *host, void (*fn)(void *self, bool durable));

/* What a connector gets from the host to work with. */
struct io_loop;
struct http_server;
struct http_client;
const char *connector_channel(const struct connector_host *host);
const struct logger *connector_log(const struct connector_host *host);
struct io_loop *connector_loop(const struct connector_host *host);
/** The public listener, for routes of its own. */
struct http_server *connector_http(const struct connector_host *host);
struct http_client *connector_http_client(const struct connector_host *host);
/** The house's signature in the language "zh" or "en", from the catalogue; empty: none. Borrowed
 * for this turn of the loop. */
struct span connector_signature(const struct connector_host *host, struct span lang);
/** How long STOP_DRAIN may take. */
uint64_t connector_drain_ms(const struct connector_host *host);
/** A directory of built assets, "console" or "widget", or NULL when not configured. */
const char *connector_assets(const struct connector_host *host);

#endif
