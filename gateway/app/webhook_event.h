/* A CloudEvent and its signature: text in, text out, no I/O. */
#ifndef PH_WEBHOOK_EVENT_H
#define PH_WEBHOOK_EVENT_H

#include "event_json.h"

/** The type of the CloudEvent of a step, "message.received" or "message.status"; NULL: none. */
const char *webhook_event_type(const struct log_event *event);
/** The CloudEvent as JSON, on the heap; NULL when out of memory. address is the conversation's;
 * type is of the above. */
char *webhook_event_text(struct span conversation, struct span address,
                         const struct log_event *event, const char *type);

enum { WEBHOOK_SIGNATURE_SIZE = 72 };
/** "sha256=" and the HMAC of timestamp "." body in hex. */
void webhook_sign(struct span secret, struct span timestamp, struct span body,
                  char out[WEBHOOK_SIGNATURE_SIZE]);
/** How long to wait after the n-th failure (from 1), without jitter. */
uint64_t webhook_delay_ms(unsigned failures);

#endif
