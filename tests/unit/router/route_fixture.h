/* Two nodes that share an account, for the tests of routes: what they begin with and do often. */
#ifndef PH_ROUTE_FIXTURE_H
#define PH_ROUTE_FIXTURE_H

#include "router_fixture.h"
#include "router_private.h"

enum { SOON_MS = 15000 };

extern struct node second; /* started by the test that wants it */

/** The fixture: one node, which holds the account. */
void route_start(void);
/** The same, of an account that every node binds. */
void route_start_all(void);
void route_stop(void);

/** Monotonic, of the machine. */
uint64_t now_ms(void);
/** A done for io_wait(): of a struct double_self. */
bool is_stopped(const void *self);
/** Orders the channel to do what, and waits until that is kept. */
void want(struct node *node, enum channel_want what);
/** A text to ALICE by the API; *sent becomes true when it is kept. What router_send() answered. */
int send_from(struct node *node, const char *cid, bool *sent);

#endif
