/*
 * A host for one channel under test: what a connector tells is kept to be looked at, durability is
 * at the test's command, parts and small values live in memory. It keeps the host's promises of
 * connector.h: a done function is called in a later turn, unless it tells an error.
 */
#ifndef PH_TEST_HOST_H
#define PH_TEST_HOST_H

#include "connector.h"
#include "gcra.h"
#include "loop.h"

enum { HOST_KEPT = 4096 };

struct host_result {
	enum send_outcome outcome;
	unsigned flags;
	uint16_t part, parts;
	char id[65], code[64];
	size_t id_len;
	uint64_t retry_ms;
	struct message *message; /* a reference */
};

struct host_receipt {
	char id[65], address[96], code[64];
	enum message_status status;
};

struct host_pending {
	done_fn *done;
	void *arg;
};

struct connector_host {
	struct io_loop *loop;
	struct http_server *http;
	struct http_client *http_client;
	const struct connector_ops *ops;
	void *self, *cfg;
	const char *name, *assets;
	struct logger log;
	uint64_t drain_ms;

	/* How it behaves. */
	bool hold;    /* done functions wait for host_settle() */
	int verdict;  /* what they are told without hold */
	bool echo;    /* answers each message at once, before it is durable */
	bool durable; /* connector_durable() */

	/* What it was told, in order. */
	struct message *received[HOST_KEPT];
	size_t received_count;
	struct host_result results[HOST_KEPT];
	size_t result_count;
	struct host_receipt receipts[64];
	size_t receipt_count;
	enum channel_state state;
	char why[128];
	unsigned states, stopped, ready, up;
	char reachable[96]; /* the last address that can be reached again */
	unsigned reachable_count;

	/* Its own. */
	struct host_pending pending[HOST_KEPT];
	size_t pending_count;
	struct io_later later;
	struct host_part *parts;
	struct host_value *values;
	void (*on_parts)(void *self, const struct message_parts *parts);
	void (*on_durable)(void *self, bool durable);
	struct gcra contract;
	unsigned throttled;
};

/**
 * A channel "test" of ops with the section that yaml is. -EINVAL after printing what is wrong;
 * -ENOMEM. Either way host_close() ends it.
 */
int host_open(struct connector_host *h, const struct connector_ops *ops, const char *yaml,
              struct io_loop *loop) MUST_CHECK;
/** fini, and everything freed; the loop goes on. */
void host_close(struct connector_host *h);

/** Tells all that wait for it: 0 durable, or an error. */
void host_settle(struct connector_host *h, int err);
/** Sends a text through the channel; what send() answered. */
int host_send(struct connector_host *h, const char *address, const char *text);
/** The same of a message that differs from that: what like has set. */
int host_send_like(struct connector_host *h, const struct message *like);
/** The parts that never became whole, as after their time. */
void host_expire_parts(struct connector_host *h);
/** What the channel says of itself: "key=value ... item[ key=value ] ". */
void host_status(const struct connector_host *h, char *out, size_t size);
/** Turns connector_durable(), and tells. */
void host_set_durable(struct connector_host *h, bool durable);

/*
 * Time is that of tests/unit/steady.h: none passes while the machine lets the process wait.
 */

/** Runs the loop until fn(arg), at most ms; whether it came true. */
bool host_until(struct io_loop *loop, bool (*fn)(void *arg), void *arg, uint64_t ms);
/** Runs the loop for ms. */
void host_pass(struct io_loop *loop, uint64_t ms);
/** One turn of the loop, which waits a few milliseconds at most. */
void host_turn(struct io_loop *loop);
/** When to give up what should have come by now. */
uint64_t host_deadline(const struct io_loop *loop);
bool host_is_late(const struct io_loop *loop, uint64_t deadline);

/**
 * Waits for it at most 5 s, and fails the test with its words. It is looked at after each turn:
 * what lasts for a moment is seen.
 */
#define AWAIT_ON(loop, condition)                                  \
	do {                                                       \
		uint64_t late_ = host_deadline(loop);              \
		while (!(condition) && !host_is_late(loop, late_)) \
			host_turn(loop);                           \
		ck_assert_msg(condition, "never: %s", #condition); \
	} while (0)

#endif
