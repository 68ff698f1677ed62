/*
 * What the files of the web chat share. webchat.c: the connector, its configuration, the tick;
 * webchat_http.c: the script, tokens, origins, what one address may do; webchat_peer.c: a socket
 * and its frames; webchat_visitor.c: who is here, and reading the log for them; webchat_event.c:
 * the log as JSON. Whoever waits for an answer holds a reference, so things may end in any order.
 */
#ifndef PH_WEBCHAT_PRIVATE_H
#define PH_WEBCHAT_PRIVATE_H

/* A table that cannot grow leaves the element out; whoever adds one looks at its hh.tbl. */
#define HASH_NONFATAL_OOM 1

#include "connector.h"
#include "hash.h"
#include "loop.h"
#include "metrics.h"
#include "webchat_frame.h"
#include "webchat_limit.h"
#include "webchat_token.h"
#include "websocket.h"

#include <utlist.h>

/* After its end a token may still be renewed for so long. */
#define WEBCHAT_RENEWABLE_MS (UINT64_C(30) * 86400000)

enum {
	WEBCHAT_TICK_MS = 1000,
	WEBCHAT_HELLO_MS = 10000,  /* for the first frame */
	WEBCHAT_RENEW_MS = 180000, /* before its end a token is replaced */
	WEBCHAT_RATE_MS = 10000,
	WEBCHAT_FRAMES_PER_RATE = 100, /* of all types, of one socket */
	WEBCHAT_TOKENS_MS = 60000,
	WEBCHAT_RETRY_MS = 1000,      /* when a message could not be made durable */
	WEBCHAT_BYE_MS = 2000,        /* a drained node's visitors come back after this ... */
	WEBCHAT_BYE_SPREAD_MS = 8000, /* ... and up to this much more */
	WEBCHAT_FAULTS_MAX = 16,      /* frames with a bad field before the socket is closed */
	WEBCHAT_MISSED_MAX = 200,     /* steps of the log that are replayed */
	WEBCHAT_PAGE = 50             /* messages shown to who has none, or missed too many */
};

/* Close codes of our own (RFC 6455, 7.4.2), besides those of section 7.4.1. */
enum {
	WEBCHAT_CLOSE_GOING = 1001,
	WEBCHAT_CLOSE_ORIGIN = 1008,
	WEBCHAT_CLOSE_RESTART = 1012,
	WEBCHAT_CLOSE_TOKEN = 4001,
	WEBCHAT_CLOSE_NOT_UNDERSTOOD = 4002,
	WEBCHAT_CLOSE_NO_HELLO = 4003,
	WEBCHAT_CLOSE_TOO_MANY = 4008,
	WEBCHAT_CLOSE_SLOW = 4009
};

struct webchat_config {
	char **origins;
	char *token_secret, *identity_secret;
	int64_t token_ttl_ms, verified_longest_ms;
	int64_t text_max, rate;
	int64_t per_address, per_visitor, tokens;
};

/* One peer address: what its browsers may do together. */
struct webchat_address {
	char name[64];
	unsigned sockets;
	struct webchat_bucket tokens;
	UT_hash_handle hh;
};

struct webchat {
	unsigned refs;
	struct connector_host *host; /* NULL: the connector is gone, only late answers are left */
	const struct webchat_config *cfg;
	const struct logger *log;
	const struct clock *clock;
	struct span channel;
	struct io_timer *tick;
	uint64_t ticks;
	struct webchat_visitor *visitors;
	struct webchat_address *addresses;
	struct webchat_peer *greeting;  /* without hello yet, the oldest first */
	unsigned sockets, in_flight;    /* messages that wait to be durable */
	bool stopping, stopped, reopen; /* reopen: somebody waits for the log to be readable */
	uint64_t drain_until_ms;
	uint64_t *sockets_gauge, *visitors_gauge, *refused_count, *messages_count;
};

/* One visitor's presence on this node: all their tabs read the log through it. */
struct webchat_visitor {
	struct webchat *chat;
	struct webchat_peer *peers;
	unsigned peer_count;
	uint64_t hinted;    /* the log has got so far, or further */
	uint64_t delivered; /* shown to a browser up to here ... */
	uint64_t confirmed; /* ... and the router knows up to here */
	uint64_t seen;
	bool reading, again; /* the log is being read; look once more after it */
	struct webchat_bucket messages;
	UT_hash_handle hh;
	size_t address_len;
	char address[]; /* "web:VISITOR" */
};

enum webchat_stage { WEBCHAT_GREETING, WEBCHAT_OPENING, WEBCHAT_READY };

/* One socket: a browser's tab. */
struct webchat_peer {
	unsigned refs;
	struct webchat *chat;
	struct websocket *ws; /* NULL: closed */
	struct webchat_address *from;
	struct webchat_visitor *visitor;  /* from hello on */
	struct webchat_peer *prev, *next; /* in chat->greeting, or the visitor's */
	enum webchat_stage stage;
	bool closing, origin_refused, opening;
	bool told_away; /* that nothing is acknowledged now */
	char lang[3];
	unsigned faults;
	uint64_t since;    /* of its hello */
	uint64_t shown;    /* it has been told the log up to here */
	uint64_t until_ms; /* by when it must say hello (monotonic); then, when its token ends
	                      (wall) */
	struct webchat_bucket frames;
};

/* --- webchat.c */
void webchat_ref(struct webchat *chat);
void webchat_unref(struct webchat *chat);
uint64_t webchat_mono_ms(const struct webchat *chat);
uint64_t webchat_wall_ms(const struct webchat *chat);

/* --- webchat_http.c */
/** Registers the channel's routes and the script's. */
int webchat_http_routes(struct webchat *chat) MUST_CHECK;
bool webchat_origin_allowed(const struct webchat *chat, struct span origin);
/** The address's entry, made where there is none; NULL when out of memory. */
struct webchat_address *webchat_address_get(struct webchat *chat, const char *name);
/** Forgets the addresses that have nothing to be remembered for. */
void webchat_addresses_sweep(struct webchat *chat, bool all);

/* --- webchat_peer.c */
extern const struct websocket_ops webchat_websocket_ops;
void webchat_peer_ref(struct webchat_peer *peer);
void webchat_peer_unref(struct webchat_peer *peer);
/** Says a frame and drops its reference; NULL is a frame for which there was no memory. */
void webchat_say(struct webchat_peer *peer, json_t *frame);
void webchat_say_service(struct webchat_peer *peer, bool durable);
void webchat_say_bye(struct webchat_peer *peer);
void webchat_close(struct webchat_peer *peer, uint16_t code, const char *reason);
/** Gives it a token with a later end, and says so. */
void webchat_peer_renew(struct webchat_peer *peer);

/* --- webchat_visitor.c */
/** The visitor's entry, made where there is none; NULL when out of memory. */
struct webchat_visitor *webchat_visitor_get(struct webchat *chat, const char *visitor);
void webchat_visitor_join(struct webchat_visitor *visitor, struct webchat_peer *peer);
void webchat_visitor_leave(struct webchat_peer *peer);
struct span webchat_visitor_address(const struct webchat_visitor *visitor);
/** Reads what the peer has missed and makes it ready. */
void webchat_open(struct webchat_peer *peer);
/** Sends what is older than before. */
void webchat_history(struct webchat_peer *peer, uint64_t before, unsigned limit);
/** Tells the router what was shown meanwhile. */
void webchat_confirm(struct webchat_visitor *visitor);
extern const struct connector_reader webchat_reader;

/* --- webchat_event.c */
/** A message as the browser sees it; NULL for all other steps. */
json_t *webchat_event_json(const struct log_event *event);
/** The fields "state" and "agent" of a step of the session, added to frame. */
void webchat_standing_set(json_t *frame, const struct log_event *event);

#endif
