/*
 * What the files of the router share. router.c: life, timers, hints; inbound.c: what connectors
 * received; parts.c: of long messages; send.c: saying something; outbound.c: out of the lanes to
 * the connectors, held.c: what waits for it, alike.c: several as one; outcome.c: what became of it;
 * lanes.c: dead nodes, due times; receipts.c; operations.c, operations_far.c, operations_near.c,
 * replaced.c: asking peers; conversation.c: reading; dead.c: dead letters; desk.c: agents and
 * queues, desk_outlook.c: how they stand; host.c: the rest of connector.h; batch.c: calls that
 * carry many; in_hand.c, unsure.c: answers that were lost.
 */
#ifndef PH_ROUTER_PRIVATE_H
#define PH_ROUTER_PRIVATE_H

#include "batch.h"
#include "bot.h"
#include "catalogue.h"
#include "hash.h"
#include "log_codec.h"
#include "match_memo.h"
#include "metrics.h"
#include "outflow.h"
#include "pack.h"
#include "route.h"
#include "router.h"
#include "router_keys.h"
#include "utf8.h"

enum {
	NODE_ALIVE_MS = 5000, /* a node that did not say so for this long is dead */
	HEARTBEAT_MS = 1000,
	RECEIPT_TTL_MS = 259200000,    /* how long a receipt may take: 72 h */
	RECEIPT_MARGIN_MS = 172800000, /* after its validity a message may lack one: 48 h */
	DUPLICATE_TTL_MS = 86400000,   /* how long a message is known by its peer's id */
	PART_TIMEOUT_MS = 120000,      /* for the missing parts of a long message */
	PART_MEND_MS = 43200000,       /* for the rest of what was told incomplete */
	PARTS_OPEN_MAX = 16000,        /* long messages that wait for parts, in a partition */
	PART_KEEP_MS = 3600000,        /* of a whole message, to know a part that comes again */
	PART_KEEP_OPEN_MS = 259200000, /* of an incomplete one, should no node run meanwhile */
	ATTEMPTS_MAX = 10,             /* of a message that the peer says to try again */
	RETRY_TICK_MS = 100,
	RETRYING_MAX = 8192, /* that wait for their next try, until a campaign takes no more */
	CLAIMS_MAX = 4,      /* calls that take messages from lanes, under way at once */
	WAITED_BEATS =
		2,     /* heartbeats for which who waited for an answer is thought to wait again */
	GATHER_MS = 4, /* outcomes of so long are noted together */
	LAST_TEXT_MAX = 60, /* octets of a message shown in lists */
	DUE_MAX = 100       /* scheduled messages moved at once */
};

/* How far the lanes' messages are ahead of what Redis has done. */
struct pace {
	size_t claim;    /* messages taken from a lane at once */
	size_t prefetch; /* messages of a lane that wait here for room in the channel */
	size_t behind;   /* outcomes that Redis does not have yet: a campaign then waits */
};

/* An outcome until Redis has it. */
struct outcome {
	struct outcome *next;
	struct connector_host *host;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	char letter; /* b: back to its lane */
	enum lane lane;
	uint16_t part, parts;
	unsigned flags;    /* of the ledger; with letter b 1: it may be doubled then */
	unsigned attempts; /* how often the peer was asked */
	uint64_t claim;    /* which time in hand it ends: Redis lets it end no other */
	char code[40];
	char reason[120];
	char id[ROUTER_ID_FORM_MAX + 1]; /* the peer's, in normal form, a space behind it where it
	                                    is shared; "" for none */
};

/* A message that was taken from its lane and waits for room in the channel, or for its next try. */
struct held {
	struct held *next;
	struct message *message;
	uint64_t due_ms; /* monotonic; only of those that wait for a next try */
};

struct held_list {
	struct held *first, **end;
	size_t count;
};

/* A message that this node took and whose outcome Redis does not know yet. */
struct in_hand {
	UT_hash_handle hh;
	struct in_hand_key {
		char conversation[CONVERSATION_ID_LEN];
		uint64_t seq;
	} key;
	uint64_t claim;
	bool taken;      /* the peer took a part of it */
	bool given_back; /* to its lane: what becomes of its other parts does not count */
};

/* A message that Redis says this node has in hand. */
struct claimed {
	struct span conversation;
	uint64_t seq, claim;
	enum lane lane;
};

struct outlet_counters {
	uint64_t *received, *repeated, *answered, *chosen, *menus, *asked, *returned, *handed_over,
		*sent, *refused, *uncertain, *receipts;
};

/* One channel: the router's side of a connector. */
struct connector_host {
	struct connector_host *next;
	struct router *router;
	char *name;
	struct logger log;
	const struct connector_ops *ops;
	void *self;
	enum channel_state state;
	char why[120];
	bool full;
	/* Outbound: which partitions of which lane have work, and are being asked for it. */
	uint16_t dirty[LANE_COUNT], claiming[LANE_COUNT];
	unsigned next_partition, claims;
	size_t asked; /* messages, by those claims */
	struct outflow outflow;
	struct in_hand *in_hand;
	struct unsure *unsure;
	size_t in_hand_of[ROUTER_PARTITIONS]; /* how many of each */
	struct held_list held[LANE_COUNT];
	struct held *later; /* to be tried again when due */
	size_t retrying;    /* how many of them */
	struct io_timer *retry;
	struct batch *settles;
	struct outcome *unnoted, **unnoted_end; /* Redis was away: the heartbeat tries again */
	struct outcome *back;                   /* to lanes, of this turn; the last one first */
	size_t backs;                           /* to lanes, that Redis does not have yet */
	uint64_t back_ms;                       /* when the last went; 0: none did */
	bool back_looks;                        /* others went a while before */
	struct io_later go_back;
	size_t outcomes; /* that Redis does not have yet */
	void (*on_parts)(void *self, const struct message_parts *parts);
	void (*on_durable)(void *self, bool durable);
	struct outlet_counters count;
	struct histogram *durable_us;
	struct route_channel route;
};

/* Who wants to hear of a conversation. */
struct router_watch {
	struct router_watch *next;
	struct watched *watched;
	router_watch_fn *fn;
	void *arg;
	bool dead;
};

struct watched {
	char conversation[CONVERSATION_ID_LEN + 1];
	struct router_watch *first;
	unsigned telling;
	UT_hash_handle hh;
};

/* A customer's own page that is open on this node. */
struct here {
	char conversation[CONVERSATION_ID_LEN + 1];
	struct connector_host *host;
	struct router_watch *watch;
	char *address;
	UT_hash_handle hh;
};

struct router {
	struct io_loop *loop;
	struct logger log;
	struct router_options options;
	char *node, *default_queue, *instance;
	struct redis *redis;
	struct catalogue *catalogue;
	struct match_scratch *scratch;
	struct match_memo *memo;
	struct router_listener listener;
	router_unanswered_fn *unanswered;
	void *unanswered_arg;
	struct connector_host *hosts;
	struct watched *watched;
	struct here *here;
	struct io_timer *heartbeat;
	unsigned beats;
	unsigned waited_for; /* heartbeats until nobody is thought to wait for an answer any more */
	bool up, was_up, started, draining;
	uint64_t reap_after_ms; /* monotonic */
	done_fn *drained;
	void *drained_arg;
	struct io_timer *drain_timer;
	uint64_t drained_ms; /* since the drain began */
	struct route_state route;
	struct batch *receives, *sends;
	struct replaced *replaced; /* that Redis does not have yet */
	struct desk_outlook *outlook;
	uint64_t acts;          /* on dead letters: each has an id of its own */
	struct fcall_args args; /* scratch of one call under construction */
	struct buf entry;       /* and of an entry of a log */
};

static inline uint64_t router_now(const struct router *r)
{
	return clock_wall_ms(io_loop_clock(r->loop));
}

static inline struct span router_part(struct span conversation)
{
	return router_partition(router_partition_of(conversation));
}

/** FCALL with r->args. 0 or what redis_fcall() says; fn is then not called. */
int router_fcall(struct router *r, const char *function, struct span key, redis_fn *fn,
                 void *arg) MUST_CHECK;
/** Another command: as redis_command(). */
int router_command(struct router *r, int argc, const struct span *argv, redis_fn *fn,
                   void *arg) MUST_CHECK;
/** The scratch, emptied. */
struct fcall_args *router_args(struct router *r);

/** A failed Redis call as an error for peers. */
struct router_error router_redis_error(int err);
struct router_error router_refused(struct span code);

struct connector_host *router_host(struct router *r, struct span channel);
/** The first channel for addresses of a scheme. */
struct connector_host *router_host_of_scheme(struct router *r, struct span scheme);
bool router_host_sends(const struct connector_host *host);
/** The letter of how a message leaves through host: r its reader finds it, c this node sends now, l
 * by its lane. */
const char *router_how(const struct connector_host *host, bool at_once);

/** The channel takes a message of a lane at once: no other waits for it. */
bool router_host_is_free(const struct connector_host *host, enum lane lane);
/** Packs a message as an entry of its log. */
void router_pack_entry(struct router *r, struct buf *b, const struct message *m,
                       struct span author_name);
/** Packs who is at the far end and where: WHO of a conversation's head. */
void router_pack_who(struct buf *b, const struct message *m, struct span lang);
/** The id of m's conversation, NUL-terminated. */
void router_conversation_of(const struct message *m, char out[CONVERSATION_ID_LEN + 1]);

/* held.c */
void held_init(struct held_list *list);
void held_add(struct held_list *list, struct held *h);
void held_add_first(struct held_list *list, struct held *h);
/** The first, which is the caller's then; NULL: none waits. */
struct held *held_take(struct held_list *list);

/* alike.c */
/** Whether messages of the lane that are alike are to go as one request. */
bool alike_wanted(const struct connector_host *host, enum lane lane);
/** Whether they may: the same text, from the same end, with the same wishes. */
bool alike(const struct message *a, const struct message *b);
/** Gives some from the front to the connector and takes over their references; how many. 0: none
 * now. */
size_t alike_send(struct connector_host *host, struct message *const *messages, size_t count);

/* outbound.c */
int outbound_init(struct connector_host *host) MUST_CHECK;
void outbound_fini(struct connector_host *host);
/** Sends what this node has in hand in Redis' eyes; keeps it until there is room. Takes *m. */
void outbound_send(struct connector_host *host, struct message **m);
/** To be sent again when its time has come; no other message waits for it. */
int outbound_later(struct connector_host *host, const struct message *m,
                   uint64_t delay_ms) MUST_CHECK;
/** What waits here for its next try to an address is due now; how many. */
unsigned outbound_wake(struct connector_host *host, struct span address);
/** Somebody waits for an answer, now and probably soon again: a campaign then takes little at once,
 * because what Redis does for it is before every reply. */
static inline void outbound_waited_for(struct router *r)
{
	r->waited_for = WAITED_BEATS;
}
/** An outcome less is to be noted: a campaign may have waited for that. */
void outbound_noted(struct connector_host *host);
/** There may be work for host in a lane. */
void outbound_dirty(struct connector_host *host, unsigned partition, enum lane lane);
void outbound_pump(struct connector_host *host);
/** Everything the node holds for the channel goes back to its lane. */
void outbound_give_back(struct connector_host *host);
/** True when nothing is under way. */
bool outbound_idle(const struct connector_host *host);

/* lanes.c */
/** Asks for what dead nodes held, and for lanes with work. */
void lanes_reap(struct router *r);
/** Scheduled messages whose time has come go into their lanes. */
void lanes_due(struct router *r);

/* outcome.c */
void outcome_of(struct connector_host *host, const struct message *m, char letter,
                const struct send_result *result);
void outcome_give_back(struct connector_host *host, const struct message *m);
/** What this node has in Redis' eyes only: back to its lane, or (letter f) failed with code. */
void outcome_of_unknown(struct connector_host *host, const struct claimed *claimed, char letter,
                        const char *code);
/** Tries again to note what could not be noted. */
void outcomes_retry(struct connector_host *host);
void outcomes_init(struct connector_host *host);
void outcomes_fini(struct connector_host *host);
/** The first argument of ph2_settle. */
void outcomes_common(void *host, struct buf *b);

/* operations.c */
/** Keeps the peer's id of a part, where the peer may be asked of it later. */
void operations_note(struct connector_host *host, const struct message *m,
                     const struct send_result *result);
/** router_ask() where this node is the one to ask: it hands it on to no other. */
int operations_ask_here(struct router *r, struct span conversation, uint64_t seq,
                        enum connector_operation what, struct span text, router_asked_fn *fn,
                        void *arg) MUST_CHECK;

/* operations_far.c */
/** Has the node ask that holds host's account. Errors as router_ask(). */
int far_ask(struct connector_host *host, struct span conversation, uint64_t seq,
            enum connector_operation what, struct span text, router_asked_fn *fn,
            void *arg) MUST_CHECK;
/** Tells all that wait that this node stops. */
void far_fini(struct router *r);

/* operations_near.c */
/** "O CHANNEL ID": whoever holds the account is to ask. */
void near_on_hint(struct router *r, struct span channel, struct span id);
/** Forgets what it was asked for. */
void near_fini(struct router *r);

/* replaced.c */
/** Notes that the peer has put by's kind, text and marks in the place of a message's. fn(arg, 0)
 * once Redis has it, however long that takes; -ECANCELED: the router ends. On an error fn is not
 * called. */
int replaced_note(struct router *r, struct span conversation, uint64_t seq,
                  const struct message *by, done_fn *fn, void *arg) MUST_CHECK;
/** Tries again to note what could not be noted. */
void replaced_retry(struct router *r);
void replaced_fini(struct router *r);

/* receipts.c */
/** Whether a message that was sent should have had its receipt long ago: what became of it is then
 * unknown, and stays so. */
bool receipts_overdue(const struct connector_host *host, const struct message *m, uint64_t now_ms);

/* in_hand.c */
/** NULL: it is not in hand, or by another claim than m's. */
struct in_hand *in_hand_of(struct connector_host *host, const struct message *m);
int in_hand_add(struct connector_host *host, const struct message *m) MUST_CHECK;
/** Only by that claim: it may be in hand anew. */
void in_hand_remove(struct connector_host *host, struct span conversation, uint64_t seq,
                    uint64_t claim);
void in_hand_fini(struct connector_host *host);
/** After Redis was away: gives back what this node has in Redis' eyes only. */
void in_hand_compare(struct router *r);
/** From time to time: the same for a partition in which Redis and this node count differently. */
void in_hand_count(struct router *r);

/* unsure.c */
/* What came once and may be kept. */
struct unsure_try {
	uint64_t since_ms; /* when it came first */
	char cid[72];      /* under which name; "": under more than one */
};
/** A peer was told to bring again what came at since_ms, and it may be kept already. key: a hash of
 * all that it is. */
void unsure_note(struct connector_host *host, uint64_t key, uint64_t since_ms);
/** When what comes at now_ms came first; 0: it is new, or that was too long ago. */
uint64_t unsure_since(const struct connector_host *host, uint64_t key, uint64_t now_ms);
/** The same where several may be alike: each is another one. */
void unsure_add(struct connector_host *host, uint64_t key, uint64_t since_ms, struct span cid);
/** What comes at now_ms is one of these again, the first one that there is, which is then none of
 * them any more. False: it is new. */
bool unsure_take(struct connector_host *host, uint64_t key, uint64_t now_ms,
                 struct unsure_try *out);
/** It was told to come again once more. */
void unsure_put_back(struct connector_host *host, uint64_t key, const struct unsure_try *one);
/** It came again. */
void unsure_forget(struct connector_host *host, uint64_t key);
void unsure_fini(struct connector_host *host);

/* inbound.c */
/** The first argument of ph2_receive. */
void inbound_common(void *router, struct buf *b);

/* send.c */
/** The first argument of ph2_send. */
void send_common(void *router, struct buf *b);

/* parts.c */
void parts_due(struct router *r);

/* desk.c */
void desk_offer(struct router *r, struct span conversation, struct span session, struct span queue,
                uint64_t since, done_fn *done, void *arg);
void desk_sweep(struct router *r);

/* desk_outlook.c */
enum { DESK_QUEUES_MAX = 64 };
int desk_outlook_init(struct router *r) MUST_CHECK;
/** Accepts half an init. */
void desk_outlook_fini(struct router *r);
/** Looks at the desk now, unless it is doing so. */
void desk_look(struct router *r);
/** Something changed there: it is looked at soon. */
void desk_changed(struct router *r);
/** One more waits, until the desk itself is looked at again. */
void desk_waits(struct router *r, struct span queue);
/** What a customer who goes to the queue now is up against, as far as known. */
struct bot_desk desk_outlook(const struct router *r, struct span queue);

/* host.c */
/** A hint to all nodes, which may be lost. */
void router_publish(struct router *r, struct span text);
/** An agent has read it up to seq: told to the nodes where the customer is. */
void router_tell_read(struct router *r, struct span conversation, uint64_t seq);

/* conversation.c */
void router_hint(struct router *r, struct span conversation, uint64_t seq);

/* Text of a scheme: "sms" of "sms:+86...". */
static inline struct span address_scheme(struct span address)
{
	struct span rest;

	return span_split(address, ':', &rest);
}

/* Answers of functions are words. */
static inline uint64_t next_num(struct span *rest)
{
	uint64_t n = 0;

	return span_u64(span_split(*rest, ' ', rest), &n) ? 0 : n;
}

#endif
