/* What the tests of a whole channel share: one loop, one small SMSC, one host, one channel. */
#ifndef PH_SMPP_LINK_FIXTURE_H
#define PH_SMPP_LINK_FIXTURE_H

#include "host.h"
#include "smpp_channel.h"
#include "smpp_tlv.h"
#include "smsc.h"
#include "unit.h"

extern struct io_loop *loop;
extern struct smsc smsc;
extern struct connector_host host;

void fixture_set_up(void);
void fixture_tear_down(void);
/** A channel to the SMSC with more lines of configuration; started. */
void open_channel(const char *more);
/** The same, and bound as it should be. */
void open_bound(const char *more);

/** Waits for it, and fails the test with its words. */
#define AWAIT(condition) AWAIT_ON(loop, condition)

/** len octets (less than 1024) that differ everywhere; until the next call. */
const char *text_of(size_t len);
/** A deliver_sm of plain text from +8613800138000 to 95500; its sequence_number. */
uint32_t deliver_text(const char *text);
/** The command_status of the response to sequence_number, or -1 when there was none. */
int64_t answer_to(uint32_t sequence);

/** Tests with the fixture around each. */
void add_tests(TCase *tc, const TTest *const *tests, size_t count);

#endif
