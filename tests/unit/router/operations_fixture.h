/* What the tests of operations share: a message that the peer took, and the peer's answers. */
#ifndef PH_OPERATIONS_FIXTURE_H
#define PH_OPERATIONS_FIXTURE_H

#include "router_fixture.h"

#define QUESTION "what is the annual fee"

struct asked {
	bool done;
	int err;
	char code[40], peer[40];
	enum message_status status;
};

/** A node is asked of message 2 of ALICE's; *out is what it says at last. */
void ask(struct node *node, enum connector_operation what, const char *text, struct asked *out);
/** Until the first node's connector was asked so often. */
void wait_asked(unsigned times);
/** Its peer's answer to what it was asked last. */
void answer(int err, enum message_status status, const char *code);
/** An answer of the bot's to ALICE, message 2, that the peer took under an id. */
void sent_as(const char *id);
/** The same in two parts, "p1" and "p2". */
void sent_in_two_parts(void);

/** The cases of two nodes, in operations_far_test.c. */
TCase *far_cases(void);
TCase *far_lost_cases(void);

#endif
