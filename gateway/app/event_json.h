/* Steps of a conversation as JSON: what the console, the API and webhooks are told. */
#ifndef PH_EVENT_JSON_H
#define PH_EVENT_JSON_H

#include "event.h"
#include "strict_json.h"

/** "message", "status" or "session" as docs/protocols/console.md says; NULL when out of memory. */
json_t *event_json(struct span conversation, const struct log_event *event);
/** {"type","id","name"} of an author such as "agent:mei". */
json_t *event_author_json(struct span author, struct span name);
/** A message's public id, "CONVERSATION-SEQ", borrowed from out. */
enum { EVENT_ID_SIZE = 64 };
struct span event_id(struct span conversation, uint64_t seq, char out[EVENT_ID_SIZE]);

/** The names of marks, a list. */
json_t *event_marks_json(unsigned marks);

#endif
