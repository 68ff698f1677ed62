/*
 * Which account an outbound message leaves by: rules by the longest prefix, the operator and the
 * message's class; among a rule's accounts by weight, and by how they fare. Decides, and can say
 * why; knows nothing of nodes or lanes.
 */
#ifndef PH_ROUTE_TABLE_H
#define PH_ROUTE_TABLE_H

#include "route_numbers.h"
#include "router.h"

enum route_class { ROUTE_REPLY, ROUTE_CONFIRMATION, ROUTE_CAMPAIGN, ROUTE_FLASH, ROUTE_CLASSES };

/** Names as in the configuration; ends with NULL. */
extern const char *const route_class_names[];
/** -EINVAL: no such class. */
int route_class_parse(struct span name, enum route_class *out) MUST_CHECK;

/* How an account fares, worst first. */
enum route_health {
	HEALTH_DOWN,      /* cannot send */
	HEALTH_FAILING,   /* too many of its messages fail; nothing new goes by it */
	HEALTH_THROTTLED, /* its peer says that it is too much */
	HEALTH_PROBING,   /* is back, or was failing: one message now and then tells */
	HEALTH_UP
};
const char *health_name(enum route_health health);
/** A letter as Redis has it; anything else is HEALTH_DOWN. */
enum route_health health_parse(struct span letter);

typedef enum route_health route_health_fn(void *arg, const char *channel);

struct route_candidate {
	const char *channel;
	int64_t weight;
	double rank; /* the greater, the rather */
	enum route_health health;
};

enum { ROUTE_TARGETS_MAX = 16 };

struct route_decision {
	const struct router_rule *rule;                       /* NULL: none fits */
	struct span carrier;                                  /* empty: not known */
	struct route_candidate candidates[ROUTE_TARGETS_MAX]; /* in the order of preference */
	size_t count, chosen;                                 /* chosen is of candidates */
};

/**
 * Decides for a canonical address ("sms:+86138…"). The order of a rule's accounts follows from the
 * number, so one customer always prefers the same one, and weights hold over all of them. Chosen is
 * the first that is up, else the first of those that fare best. last: by which channel the
 * customer was written to before; stays chosen while it is up. NULL: by none.
 */
void route_decide(const struct router_routes *routes, const struct route_numbers *numbers,
                  struct span address, enum route_class class, const char *last,
                  route_health_fn *health, void *arg, struct route_decision *out);

#endif
