/*
 * A router on a real Redis with one channel whose connector is a double: what it was given to send
 * is kept, and the test says what became of it.
 */
#ifndef PH_ROUTER_FIXTURE_H
#define PH_ROUTER_FIXTURE_H

#include "io_test.h"
#include "router.h"

/* How long a console may be gone: longer than the machine leaves anybody out. */
enum { GRACE_S = 60, HOUR_S = 3600, HOUR_MS = HOUR_S * 1000 };
enum { SENT_MAX = 192, ALICE = 0, BOB = 1, DAVE = 3 }; /* Dave is in Alice's partition */

struct double_self {
	struct connector_host *host;
	struct message *sent[SENT_MAX];
	size_t count;
	int answer; /* what send() answers */
	unsigned starts;
	bool started, stops_slowly;
	enum stop_mode stopped_how;
	/* What its peer may be asked, and was. */
	bool can_be_asked;
	bool answers_at_end; /* as a connector that tells whoever still waits */
	unsigned asked;
	enum connector_operation asked_what;
	char asked_id[32], asked_address[64], asked_local[32], asked_text[64];
	answer_fn *answer_fn;
	void *answer_arg;
};

struct node {
	struct redis *redis;
	struct router *router;
	struct double_self *self;
	bool up;
};

struct fixture {
	struct io_loop *loop;
	struct node node;
	bool dials, all_nodes; /* what the channel of nodes to come is like */
	bool proxied;          /* nodes reach Redis through redis_proxy.h */
	int start_answer;      /* what its start() answers */
	time_t ahead_s; /* of the machine's clock: what nodes think the time is. Redis, by whose
	                   clock leases end, has the machine's */
};
extern struct fixture fx;

/** Starts Redis, a router and its channel "ch"; limited: the channel keeps a reply ledger. */
void fixture_start(bool limited);
void fixture_stop(void);
/** Another process of that name, on the same Redis and loop. */
void node_start(struct node *node, const char *name, bool limited);
/** As kill -9: nothing is drained. */
void node_kill(struct node *node);
void redis_server_stop(void);
void redis_server_start(void);

/** A text from a customer arrives; waits for the acknowledgement and returns its error. cid is the
 * dup_key, too. */
int receive_text(struct node *node, unsigned customer, const char *cid, const char *text);
int receive(struct node *node, const struct message *like);
/** "test:alice" ... and the id of the conversation with it. */
struct span address_of(unsigned customer);
struct span conversation_of(unsigned customer);

/** Waits until the double was given n messages in all. */
void wait_sent(struct node *node, size_t n);
void tell_outcome(struct node *node, size_t i, enum send_outcome outcome, const char *id);
void tell_receipt(struct node *node, const char *id, enum message_status status);

/** The events of a conversation; messages are borrowed until the next call, no other span lasts. */
size_t read_log(struct node *node, unsigned customer, struct log_event *out, size_t max);
/** How many messages there are in a direction. */
size_t count_messages(struct node *node, unsigned customer, enum message_direction direction);
/** The status that message seq has now. */
enum message_status status_of(struct node *node, unsigned customer, uint64_t seq);
void wait_status(struct node *node, unsigned customer, uint64_t seq, enum message_status status);
/** The state of the conversation, and its agent. */
enum session_state state_of(struct node *node, unsigned customer);
const char *agent_of_conversation(struct node *node, unsigned customer);
void wait_agent(struct node *node, unsigned customer, const char *agent);

/** An agent (desk) call ended: its error code, or "" . */
struct ok_call {
	bool done;
	char code[64];
};
void on_ok(void *arg, const struct router_error *error);
const char *wait_ok(struct ok_call *call);
void set_presence(struct node *node, const char *agent, unsigned capacity, enum presence presence);
/** Sends as an agent; returns the sequence number, or 0 with the refusal's code in *code. */
uint64_t say(struct node *node, unsigned customer, const char *agent, const char *cid,
             const char *text, const char **code);

/** The desk's test cases, in desk_test.c. */
TCase *desk_cases(void);
/** Those of how the desk stands, in outlook_test.c. */
TCase *outlook_cases(void);
/** Those of parts, in parts_test.c. */
TCase *parts_cases(void);
/** Those of receipts, in receipts_test.c, and of the reply ledger, in ledger_test.c. */
TCase *receipts_cases(void);
TCase *ledger_cases(void);
/** Those of what customers do next and of the verified, in talk_test.c. */
TCase *talk_cases(void);

#endif
