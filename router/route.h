/*
 * What the router knows of an account beside its lanes: who holds it, what people want of it, what
 * its contract allows and how it fares. route_lease.c: holding and starting; route_pace.c: the
 * contract; route_health.c: how it fares; route_status.c: what status pages show; route_list.c:
 * whom we do not serve.
 */
#ifndef PH_ROUTE_H
#define PH_ROUTE_H

#include "gcra.h"
#include "hash.h"
#include "route_table.h"
#include "router.h"

enum {
	LEASE_MS = 4000, /* an account whose node says nothing for so long is free */
	FENCE_MS = 3000, /* who could not renew for so long sends nothing more, and unbinds */
	LEAVE_MS = 3700  /* and is gone by now, whatever is still outstanding */
};

/* The breaker of one account: opens on errors, lets probes through after a while. */
struct route_breaker {
	uint64_t window_ms; /* monotonic: when counting began */
	unsigned good, bad; /* since then */
	uint64_t opened_ms; /* 0: closed */
	uint64_t rest_ms;   /* how long it stays open */
	unsigned probes;    /* in a row that went well since it may probe */
	uint64_t probed_ms; /* when a message was last let through to probe */
};

/* The contract, and what of it this node may use. */
struct route_pace {
	struct gcra local;    /* of the one node that holds the account */
	unsigned rate, depth; /* of the bucket that all nodes share; rate 0: none */
	void (*fn)(void *self);
	unsigned tokens, slice, used;
	unsigned owed;     /* parts that were written at once beyond the tokens there were */
	uint64_t until_us; /* tokens are good so long */
	uint64_t wait_us;  /* monotonic: the bucket is empty until then */
	bool asking;
};

struct route_channel {
	bool exclusive; /* one node at a time */
	enum channel_want want;
	bool running;      /* started, and not yet stopped */
	bool stopping;     /* was told to stop */
	bool emptied;      /* draining, and nothing is left */
	uint64_t held_ms;  /* monotonic: since when the lease counts; 0: it is not this node's */
	uint64_t retry_ms; /* monotonic: when it is worth asking again */
	bool elsewhere;    /* another node holds it */
	uint64_t rests_ms; /* monotonic: it did not start here, and may elsewhere until then */
	unsigned start_failures;
	enum route_health health;
	enum route_health shared; /* of who holds it */
	uint64_t up_since_ms, throttled_until_ms, throttled_ms;
	uint64_t down_since_ms; /* monotonic, as this node sees it; 0: it is not */
	bool moving;
	struct route_breaker breaker;
	struct route_pace pace;
	const struct router_codes *codes;
	uint16_t told[LANE_COUNT]; /* partitions with work that another node takes */
	struct io_later tell;
	char last_error[48];
	uint64_t last_error_ms; /* wall */
	uint64_t *up, *moved, *lost, *held, *unstarted, *refused_listed, *dropped_listed, *routed,
		*failover, *gauge;
};

/* One of those whom we do not serve, or serve nevertheless. */
struct list_entry {
	UT_hash_handle hh;
	bool allow;
	char name[]; /* "CHANNEL|* NUMBER" */
};

struct route_lists {
	struct list_entry *entries;
	uint64_t version, wanted;
	unsigned longest; /* octets of the longest number or prefix */
	bool reading;
};

struct route_state {
	struct io_timer *timer; /* fences, and leases that may have become free */
	bool syncing, again, counting, loading;
	uint64_t sent_ms; /* monotonic: when the sync under way was asked */
	uint64_t told_ms; /* monotonic: when what is heard now was asked */
	struct route_lists lists;
	const struct router_routes *routes; /* NULL: none */
	struct route_numbers *numbers;
	struct far_call *far;   /* operations that other nodes were asked for */
	struct near_task *near; /* and that they ask this one for */
	unsigned near_count;
	unsigned far_count;
	uint64_t far_serial;
};

struct connector_host;

/* route_lease.c */
int route_init(struct router *r) MUST_CHECK;
void route_fini(struct router *r);
/** Before the connector's init. */
void route_channel_init(struct connector_host *host, const struct router_channel *channel);
void route_channel_fini(struct connector_host *host);
/** Says what this node holds and hears how things stand; on every heartbeat and at every hint. */
void route_sync(struct router *r);
/** The connector told its state. */
void route_on_state(struct connector_host *host);
/** Every heartbeat: renews leases, counts time, ends drains. */
void route_tick(struct router *r);
/** Work was put into a lane that another node takes from: it is told at the end of this turn. */
void route_tell_work(struct connector_host *host, unsigned partition, enum lane lane);
/** "W CHANNEL LANE MASK": another node put work into lanes. */
void route_on_work(struct router *r, struct span channel, struct span rest);
/** Stops what runs here; leases are given back as connectors stop. */
void route_stop_all(struct router *r);
/** No lease is held, no call is under way. */
bool route_idle(const struct router *r);
/** Whether this node may write to the account's peer now. */
bool route_holds(const struct connector_host *host);
/** Whether messages may be taken from the channel's lanes here. */
bool route_takes(const struct connector_host *host);

/* route_pace.c */
void pace_begin(struct connector_host *host);

/* route_health.c */
void health_on_state(struct connector_host *host);
void health_on_outcome(struct connector_host *host, const struct send_result *result);
/** How it fares, as far as this node knows. */
enum route_health health_of(const struct connector_host *host);
/** Counts time; true when it changed and others should hear of it. */
bool health_tick(struct connector_host *host);

/* route_choose.c */
/** The account for a message to a canonical address; host where no rule says another. */
struct connector_host *route_choose(struct connector_host *host, struct span address,
                                    enum route_class class);
/** The same for one who wrote to host: another only while host does not do. */
struct connector_host *route_reply(struct connector_host *host, struct span address,
                                   enum route_class class);

/** The account that comes after host in the order of preference, for a message that host will never
 * take; NULL: none that is up in any way. Only ever onward, so that none gets it twice. */
struct connector_host *route_next(struct connector_host *host, const struct message *m);
/** Whether other has the sender that a message names; empty: it names none. */
bool route_has_sender(const struct connector_host *other, struct span local);

enum route_class route_class_of(enum lane lane, enum message_class class);

/* route_code.c */
/** The code of a session; empty: its channel has none. Borrowed from out or from the configuration.
 */
struct span code_of(const struct connector_host *host, uint64_t session, struct span queue,
                    char out[ROUTER_CODE_SIZE]);
/** A message that names no end of ours gets it from "SESSION QUEUE LOCAL", with the session's code.
 * It borrows from text and code. */
void code_our_end(const struct connector_host *host, struct span text, struct message *m,
                  char code[ROUTER_CODE_SIZE]);
/** The code for a message from our end local; empty also where that has one already. */
struct span code_for(const struct connector_host *host, struct span local, uint64_t session,
                     struct span queue, char out[ROUTER_CODE_SIZE]);
/** The queue that our end local belongs to by its code; empty: none. */
struct span code_queue(const struct connector_host *host, struct span local);

/* route_move.c */
/** Every heartbeat: what waits for an account that is down for too long goes by another. */
void route_move_tick(struct connector_host *host);

/* route_status.c */
/** "S n": somebody asks for reports. */
void status_on_ask(struct router *r, struct span number);

enum { ROUTE_CHANNELS_MAX = 64 };
/* What waits in the lanes of each channel, all partitions together. */
struct route_lanes {
	size_t count;
	const char *name[ROUTE_CHANNELS_MAX]; /* of the hosts, which live as long as the router */
	uint64_t queued[ROUTE_CHANNELS_MAX][LANE_COUNT];
};
/** lanes NULL: they could not be counted. */
typedef void route_lanes_fn(void *arg, const struct route_lanes *lanes);
/** Never calls fn before it returns. */
int route_lanes_count(struct router *r, route_lanes_fn *fn, void *arg) MUST_CHECK;

/* route_list.c */
void list_fini(struct router *r);
/** The lists' version as Redis has it. */
void list_on_version(struct router *r, uint64_t version);
/** Whether address must neither be written to nor heard by channel. */
bool list_refuses(const struct router *r, struct span channel, struct span address);

#endif
