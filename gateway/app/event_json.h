/* Steps of a conversation as JSON: what the console, the API and webhooks are told. */
#ifndef PH_EVENT_JSON_H
#define PH_EVENT_JSON_H

#include "event.h"
#include "router.h"
#include "strict_json.h"

/** "message", "status", "session", "edit" or "verified" as docs/protocols/console.md says; NULL
 * when out of memory. */
json_t *event_json(struct span conversation, const struct log_event *event);
/**
 * What customers did next goes to the bot's messages of a list of events, as "next" of their
 * "answer": what an event of the list says of it ("after"); "silent" where nothing was said to the
 * end of the log, which is the list's, for a day. now_ms 0: the log goes on behind the list.
 */
void event_join_next(json_t *events, uint64_t now_ms);
/** {"type","id","name"} of an author such as "agent:mei". */
json_t *event_author_json(struct span author, struct span name);
/** {"until_ts","how","by"} of a customer who is verified. */
json_t *event_verified_json(const struct conversation_summary *summary);
/** A message's public id, "CONVERSATION-SEQ", borrowed from out. */
enum { EVENT_ID_SIZE = 64 };
struct span event_id(struct span conversation, uint64_t seq, char out[EVENT_ID_SIZE]);

/** The status of each part of a message by its letters, a list. */
json_t *event_parts_json(struct span letters);
/** The names of marks, a list. */
json_t *event_marks_json(unsigned marks);

#endif
