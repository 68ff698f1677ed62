/*
 * The router: conversations, sessions, queues and agents, outbound lanes. It knows messages,
 * nothing of protocols; what must be atomic is a Redis function (redis/), called by id
 * so that every step may be repeated. It also is the host of the connectors (connector.h).
 */
#ifndef PH_ROUTER_H
#define PH_ROUTER_H

#include "connector.h"
#include "redis.h"
#include "yaml.h"

struct router;
struct catalogue;

struct router_options {
	const char *node; /* name of this node; one process at a time may bear it */
	const char *default_queue;
	unsigned opens_min,
		closes_min;      /* when agents are there, minutes of the day; equal: always */
	uint64_t bot_idle_ms;    /* a session with the bot ends after this silence; 0: 30 min */
	uint64_t agent_grace_ms; /* an agent whose console is gone keeps the sessions so long; 0: 60
	                            s */
	uint64_t retention_ms;   /* how long a conversation without news is kept; 0: 400 days */
	uint64_t log_max;        /* events kept per conversation, about; 0: 10,000 */
	uint64_t drain_ms;
	struct http_server *http;
	struct http_client *http_client;
	const char *widget_assets;
	bool outbox; /* keep what webhooks tell: see router_outbox_key() */
};

/** What goes wrong is told by its code, stable, for peers: "conversation_unknown", "not_yours"...
 */
struct router_error {
	int err; /* 0, or negative errno: -ENOTCONN/-ETIMEDOUT/-EAGAIN: Redis is away, try again */
	const char *code;   /* with err: stable snake_case */
	const char *detail; /* with err: for a human, in English */
};

/** The libraries that redis_create() must load for the router. */
extern const struct redis_library router_libraries[];
extern const size_t router_library_count;

int router_create(struct io_loop *loop, const struct logger *log,
                  const struct router_options *options, struct router **out) MUST_CHECK;
void router_destroy(struct router **router);
/**
 * The Redis to use, created with router_libraries; once, before anything else. NULL: it is about to
 * be destroyed, and is not asked any more.
 */
void router_set_redis(struct router *router, struct redis *redis);
/** Tell it what redis_state_fn was told. */
void router_redis_state(struct router *router, bool up);
/** Swaps the catalogue; the router takes the reference. */
void router_set_catalogue(struct router *router, struct catalogue *catalogue);

/** Makes a channel of a connector (init is called; nothing is opened). cfg must outlive the router.
 */
/* A code behind our number that belongs to a queue. */
struct router_code {
	char *code, *queue;
};
struct router_codes {
	int64_t digits;            /* of a session's code behind our number; 0: none */
	struct config_list queues; /* struct router_code */
};
enum { ROUTER_CODE_SIZE = 16 };

struct router_channel {
	const char *name;
	const struct connector_ops *ops;
	const void *cfg;
	bool all_nodes; /* of a connector that dials: every node does, not only one */
	const struct router_codes *codes; /* NULL: none; lives as long as cfg */
	unsigned line;                    /* of its section, for errors */
};
int router_channel_add(struct router *router, const struct router_channel *channel,
                       struct yaml_errors *errors) MUST_CHECK;
/** Starts all channels. */
void router_start(struct router *router);
/** Stops all channels (drains), finishes what is under way; done when none is left. */
void router_drain(struct router *router, done_fn *done, void *arg);

/** For /readyz and status pages. fn is called for each channel. */
void router_channels(struct router *router,
                     void (*fn)(void *arg, const char *name, const struct connector_ops *ops,
                                enum channel_state state, const char *why),
                     void *arg);

enum {
	CONVERSATION_ID_LEN = 32 /* hex; derived from the address */
};
/* --- Channels: what people want of them, and what they do ------------------------------------ */

/* START: it runs. DRAIN: nothing new is routed to it, and when its lanes are empty it stops. STOP:
 * what is in flight gets the drain time; its lanes keep what they have. */
enum channel_want { WANT_START, WANT_DRAIN, WANT_STOP };

/** -EINVAL: no such word. */
int router_want_parse(struct span name, enum channel_want *out) MUST_CHECK;
const char *router_want_name(enum channel_want want);

typedef void router_ok_fn(void *arg, const struct router_error *error);
/** For all nodes, and kept when they start again; by: who wants it. -ENOENT: no such channel. */
int router_channel_want(struct router *router, struct span channel, enum channel_want want,
                        struct span by, router_ok_fn *fn, void *arg) MUST_CHECK;

struct router_channel_report {
	struct span node, json; /* what the channel does on that node, an object */
};
struct router_channel_status {
	struct span name, connector;
	enum channel_want want;
	struct span by; /* who wanted it last; empty: nobody ever said */
	uint64_t want_ms;
	bool held_by_one;
	struct span holder, health;  /* the node that holds it; empty: none */
	uint64_t queued[LANE_COUNT]; /* what waits in its lanes */
	const struct router_channel_report *reports;
	size_t report_count;
};
/** channels is borrowed for the call. */
typedef void router_channel_status_fn(void *arg, const struct router_error *error,
                                      const struct router_channel_status *channels, size_t count);
/** Asks all nodes what their channels do; those that do not answer in time are left out. */
int router_channel_status(struct router *router, router_channel_status_fn *fn,
                          void *arg) MUST_CHECK;

/* --- Routes: which account a message leaves by that names none -------------------------------- */

struct router_target {
	char *channel;
	int64_t weight; /* share among the others; 0: stands by */
};
struct router_rule {
	char *prefix;          /* of the number, "+86138"; NULL: any */
	char *carrier;         /* operator, as the file of numbers names it; NULL: any */
	char **classes;        /* reply, confirmation, campaign, flash; NULL: any */
	struct config_list to; /* struct router_target */
};
struct router_routes {
	struct config_list rules; /* struct router_rule */
	char *numbers;            /* file: which operator a number belongs to; NULL: none */
	int64_t move_after_ms;    /* what waits for an account that is down goes by another */
};
/** Once, before the loop runs; reads the file of numbers. routes must outlive the router. The errno
 * of reading, after telling. */
int router_set_routes(struct router *router, const struct router_routes *routes,
                      struct yaml_errors *errors) MUST_CHECK;
/** Reads the file of numbers on a thread of the pool and swaps it in; what is wrong is logged. */
void router_load_numbers(struct router *router);

/* What a route says, for people. */
struct router_way {
	const char *channel, *health, *why;
	int64_t weight;
	bool chosen;
};
/** number as a human writes it; class: "" for confirmation. -EINVAL number, -EDOM class, -ENOENT no
 * channel sends SMS. rule: its place from 1, 0: none fits. ways is borrowed for the call. */
typedef void router_explain_fn(void *arg, struct span address, struct span carrier, size_t rule,
                               const struct router_way *ways, size_t count);
int router_explain(struct router *router, struct span number, struct span class,
                   router_explain_fn *fn, void *arg) MUST_CHECK;

/** For a router that only decides: how a channel fares, and the record of what people want of it.
 * The best that was supposed counts. health: a name; empty: nothing known. */
void router_suppose(struct router *router, struct span channel, struct span want,
                    struct span health);

/* --- Whom we do not serve -------------------------------------------------------------------- */

enum { ROUTER_LIST_NUMBER_MAX = 64 };

/* Who is blocked is neither heard nor written to. The longest entry that fits decides; a channel's
 * own comes before one for all, and allow before block. */
struct router_list_entry {
	bool allow;
	struct span channel; /* empty: all */
	struct span number;  /* "+8613800138000"; ending in "*": all that begin so */
	struct span by, note;
	uint64_t ts_ms; /* when it was entered */
};
/** Durable, and known to all nodes in a moment. -EINVAL number, -ENOENT channel; fn: list_full. */
int router_list_add(struct router *router, const struct router_list_entry *entry, router_ok_fn *fn,
                    void *arg) MUST_CHECK;
/** fn: entry_unknown. */
int router_list_remove(struct router *router, const struct router_list_entry *entry,
                       router_ok_fn *fn, void *arg) MUST_CHECK;
/** A page of entries, in no order, and where the next begins ("0": that was the last). */
typedef void router_list_fn(void *arg, const struct router_error *error,
                            const struct router_list_entry *entries, size_t count,
                            struct span next);
int router_list(struct router *router, struct span cursor, router_list_fn *fn,
                void *arg) MUST_CHECK;

/** The id of the conversation with a canonical address, NUL-terminated. */
void router_conversation_id(struct span address, char out[CONVERSATION_ID_LEN + 1]);
/** A message's public id is "CONVERSATION-SEQ". -EINVAL: not one. */
int router_message_id_parse(struct span id, char conversation[CONVERSATION_ID_LEN + 1],
                            uint64_t *seq) MUST_CHECK;

/* --- Sending ------------------------------------------------------------------------------- */

struct router_send {
	struct span conversation; /* or empty, then address and channel say where to */
	struct span
		address; /* raw, as a human writes it ("+86 138…" with a channel) or canonical */
	struct span
		channel;   /* empty: the conversation's last, or the first of the address' scheme */
	bool any_channel;  /* channel only reads the address: the routes choose */
	struct span local; /* our end, by which the channel knows it as one of its own; empty: its
	                      own choice */
	struct span text;  /* rendered already */
	struct span template_id, lang;
	struct span author;      /* "agent:mei", "api:cti" */
	struct span author_name; /* how a customer and colleagues see it; may be empty */
	struct span cid;         /* the same author and cid again is the same message */
	struct span options;     /* message.options */
	enum lane lane;
	enum on_uncertain on_uncertain;
	uint64_t validity_ms; /* from now, or from due_ms */
	uint64_t due_ms;      /* held here, scheduled, until then; 0 or past: at once */
	struct message_service service;
	uint64_t remember_ms; /* how long author and cid are known; 0: a day */
	bool agent_only;      /* refuse (not_yours) unless the session is assigned to this author */
};

struct router_sent {
	struct router_error error;
	bool repeated;            /* it was there already */
	struct span conversation; /* borrowed for the call */
	uint64_t seq, ts_ms;
	enum message_status status;
};
typedef void router_sent_fn(void *arg, const struct router_sent *sent);
/** Appends the message and queues it; fn when that is durable. -EINVAL address, -ENOENT channel,
 * -EMSGSIZE, -EACCES: local is not the channel's, -EPERM: the recipient is blocked. */
int router_send(struct router *router, const struct router_send *send, router_sent_fn *fn,
                void *arg) MUST_CHECK;

/** What sending m over a channel would take; see connector_caps.measure. -ENOENT: no such channel,
 * -ENOTSUP: it does not count. */
int router_measure(struct router *router, struct span channel, const struct message *m,
                   struct connector_measure *out) MUST_CHECK;

/** The conversation that send would go to, without sending. Errors as router_send(). */
int router_find(struct router *router, const struct router_send *send,
                char out[CONVERSATION_ID_LEN + 1]) MUST_CHECK;

struct router_message {
	struct router_error error;     /* message_unknown */
	const struct log_event *event; /* as appended, with what has taken its text's place */
	struct span first_text;        /* what was sent first, where the peer replaced it */
	enum message_status status;    /* as it is now */
	uint64_t status_ts_ms;
	struct span code, reason;
	unsigned marks;      /* its own, and those of what was last said of it */
	unsigned attempts;   /* with a failure, as far as known */
	struct span letters; /* of its parts, where they differ: log_status_of() each */
};
typedef void router_message_fn(void *arg, const struct router_message *message);
int router_message_get(struct router *router, struct span conversation, uint64_t seq,
                       router_message_fn *fn, void *arg) MUST_CHECK;

/** Takes back a message that is still scheduled or queued: its status is then canceled (again: told
 * the same). Errors: message_unknown, too_late (it is being sent, or was). */
int router_cancel(struct router *router, struct span conversation, uint64_t seq,
                  void (*fn)(void *arg, const struct router_error *error), void *arg) MUST_CHECK;

/* --- Dead letters --------------------------------------------------------------------------- */

/*
 * Outbound messages that finally failed (refused, expired, tried too often), newest first; some
 * thousands for each channel, then the oldest leave. A channel is named by the message's own: also
 * one that is no longer configured has its list.
 */
struct router_dead_letter {
	struct span conversation;
	uint64_t seq, failed_ms;
	const struct log_event *event; /* the message as appended; NULL: no longer in its log */
	struct span code, reason;      /* why it failed */
	unsigned attempts;             /* how often the peer was asked, as far as known */
};
/** next: the cursor of the page after this one, "" when there is none; all borrowed. */
typedef void router_dead_fn(void *arg, const struct router_error *error,
                            const struct router_dead_letter *letters, size_t count,
                            const char *next);
/** cursor: empty, or next of the page before; -EINVAL: not one. limit: at most 100. */
int router_dead_list(struct router *router, struct span channel, struct span cursor, unsigned limit,
                     router_dead_fn *fn, void *arg) MUST_CHECK;

typedef void router_count_fn(void *arg, const struct router_error *error, uint64_t count);
int router_dead_count(struct router *router, struct span channel, router_count_fn *fn,
                      void *arg) MUST_CHECK;

/** DEAD_REPLAY: puts the message into its lane again as a new attempt (its validity begins anew);
 * DEAD_DROP: forgets it, it stays failed. */
enum router_dead_act { DEAD_REPLAY, DEAD_DROP };
/** fn with message_unknown when it is not (any more) in the list: a repeated replay sends nothing
 * twice. */
int router_dead_do(struct router *router, struct span channel, struct span conversation,
                   uint64_t seq, enum router_dead_act act,
                   void (*fn)(void *arg, const struct router_error *error), void *arg) MUST_CHECK;

/** The peer's id of a message's first part, as the peer wrote it; empty where none is kept. */
typedef void router_id_fn(void *arg, int err, struct span id);
int router_peer_id(struct router *router, struct span conversation, uint64_t seq, router_id_fn *fn,
                   void *arg) MUST_CHECK;

/* --- Asking the peer ------------------------------------------------------------------------ */

/** What became of a question to the peer about a message that it took. */
struct router_asked {
	/* message_unknown; no_peer_id: the peer has not taken it, or it is long ago; not_supported;
	 * peer_refused; peer_silent: it may have been done; unavailable; too_long; not_sendable */
	struct router_error error;
	enum message_status status; /* query: where the peer says it is; cancel: canceled */
	struct span code;           /* the peer's, or empty; borrowed */
};
typedef void router_asked_fn(void *arg, const struct router_asked *asked);
/**
 * Asks the peer of a message that it took: OPERATION_QUERY, where it is; OPERATION_CANCEL, to take
 * it back; OPERATION_REPLACE, to put text in its place (never of a conversation: what was said is
 * gone). What it answers is noted as a receipt would be; another text as an LOG_EDIT, marked
 * MARK_REPLACED. What the peer has not taken yet is
 * router_cancel()'s. -ENOTCONN, -EAGAIN: fn is not called.
 */
int router_ask(struct router *router, struct span conversation, uint64_t seq,
               enum connector_operation what, struct span text, router_asked_fn *fn,
               void *arg) MUST_CHECK;

/* --- Reading ------------------------------------------------------------------------------- */

/** more: older events exist before the first (history, newest), or newer ones after the last
 * (since). */
typedef void router_read_fn(void *arg, const struct router_error *error,
                            const struct log_event *events, size_t count, bool more);
/** Events after since (before 0), or the last limit ones before a seq (UINT64_MAX: the newest). */
int router_read(struct router *router, struct span conversation, uint64_t since, uint64_t before,
                unsigned limit, router_read_fn *fn, void *arg) MUST_CHECK;

struct conversation_summary {
	struct span conversation, channel, address, scheme, agent, queue, session, lang;
	enum session_state state;
	uint64_t waiting_since_ms; /* 0: nobody waits */
	uint64_t seq, read_seq;
	uint64_t unread; /* customer messages after read_seq */
	uint64_t first_ms, last_ms, messages;
	struct span last_text; /* cut */
	bool last_in;
	bool limited; /* the channel limits replies: */
	uint32_t replies_left;
	uint64_t replies_until_ms;
	uint64_t verified_until_ms; /* 0: the customer is not known as who they are */
	struct span verified_how, verified_by;
};
typedef void router_summary_fn(void *arg, const struct router_error *error,
                               const struct conversation_summary *summary);
int router_summary(struct router *router, struct span conversation, router_summary_fn *fn,
                   void *arg) MUST_CHECK;

/* That a customer proved who they are, to the house's own systems. */
struct router_verification {
	struct span channel; /* empty: the first of the address' scheme */
	struct span address; /* raw, with a channel, or canonical */
	uint64_t until_ms;   /* since 1970; past or 0: not any more */
	struct span how;     /* a word without blanks: "app", "webchat" */
	struct span by;      /* who says so: "api:bank" */
};
/** changed: it was not so already. */
typedef void router_verified_fn(void *arg, const struct router_error *error,
                                struct span conversation, bool changed);
/** Kept until its end beside the conversation, which it begins where there is none, and noted in
 * its log. fn when that is durable. -EINVAL address, -ENOENT channel. */
int router_verify(struct router *router, const struct router_verification *v,
                  router_verified_fn *fn, void *arg) MUST_CHECK;

/** The agent has read the customer's messages up to seq. Not acknowledged. */
void router_mark_read(struct router *router, struct span conversation, uint64_t seq);

/**
 * Hints: fn whenever the conversation may have reached seq (read it then; seq 0: read anyway) or
 * its summary changed. A watch lives until router_unwatch(). Hints may be lost or repeated.
 */
struct router_watch;
typedef void router_watch_fn(void *arg, struct span conversation, uint64_t seq);
int router_watch(struct router *router, struct span conversation, router_watch_fn *fn, void *arg,
                 struct router_watch **out) MUST_CHECK;
void router_unwatch(struct router *router, struct router_watch **watch);

/** Typing, to the customer (name: the agent's) and from it (told to router_listener of every
 * node). */
void router_typing(struct router *router, struct span conversation, bool on, struct span name);

/* --- The desk ------------------------------------------------------------------------------ */

struct router_agent {
	struct span id, name;
	unsigned capacity;
	const char *const
		*queues; /* that the agent serves, ends with NULL; NULL: the default one */
};

enum presence { PRESENCE_OFFLINE, PRESENCE_AWAY, PRESENCE_AVAILABLE };

/** Sets an agent's presence; available agents get sessions. Renew (same call) at least every 20 s
 * while the console is connected. */
int router_presence(struct router *router, const struct router_agent *agent, enum presence presence,
                    router_ok_fn *fn, void *arg) MUST_CHECK;
/** Takes a queued session (or a bot's) for the agent. session_taken: somebody else has it. */
int router_take(struct router *router, struct span conversation, const struct router_agent *agent,
                router_ok_fn *fn, void *arg) MUST_CHECK;
/** Back to its queue, at its old place by waiting time. not_yours. */
int router_requeue(struct router *router, struct span conversation, struct span agent,
                   struct span note, router_ok_fn *fn, void *arg) MUST_CHECK;
int router_close(struct router *router, struct span conversation, struct span agent,
                 struct span disposition, struct span note, router_ok_fn *fn, void *arg) MUST_CHECK;

struct queue_state {
	struct span name;
	uint64_t waiting, oldest_ms; /* 0: none waits */
};
/** What an agent's console shows: conversations assigned to the agent, then those that wait. */
typedef void router_desk_fn(void *arg, const struct router_error *error, enum presence presence,
                            const struct span *mine, size_t mine_count, const struct span *waiting,
                            size_t waiting_count, const struct queue_state *queues,
                            size_t queue_count);
int router_desk(struct router *router, struct span agent, router_desk_fn *fn, void *arg) MUST_CHECK;

/* What happens at the desk and around it, from all nodes; set before router_start(). Any may be
 * NULL. */
struct router_listener {
	void *arg;
	/** The agent got, lost or changed a conversation. */
	void (*assigned)(void *arg, struct span agent, struct span conversation);
	/** Queues changed: waiting numbers, who waits. */
	void (*queues)(void *arg);
	void (*typing)(void *arg, struct span conversation, bool on);
	/** Redis went or came back. */
	void (*durable)(void *arg, bool durable);
};
void router_listen(struct router *router, const struct router_listener *listener);

/* A question that went to a person because no answer was sure enough. Borrowed for the call. */
struct router_unanswered {
	struct span text, lang, conversation, address, channel;
	uint64_t seq;
	struct span nearest; /* the likeliest template; empty: none */
	float confidence;    /* of it */
};
typedef void router_unanswered_fn(void *arg, const struct router_unanswered *unanswered);
/** Told of each once it is durable; told again where a call's answer was lost. Set before
 * router_start(). */
void router_on_unanswered(struct router *router, router_unanswered_fn *fn, void *arg);

bool router_durable(const struct router *router);

/*
 * The outbox: with options.outbox, the same step that makes a message or a status durable also adds
 * it to the stream of its partition (entries: e = "received" or "status", c = conversation, s = seq
 * of the event in the log), at most about 100,000 in each. Whoever tells the world reads the
 * streams with a consumer group and deletes what is told; nothing durable is left untold.
 */
/* More of them spread over more servers, fewer make larger calls: docs/decisions/0012. */
enum { ROUTER_PARTITIONS = 4, ROUTER_OUTBOX_KEY_LEN = 16 };
void router_outbox_key(unsigned partition, char out[ROUTER_OUTBOX_KEY_LEN]);

#endif
