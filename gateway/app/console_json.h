/* The console's frames as text: no I/O, no state. docs/protocols/console.md. */
#ifndef PH_CONSOLE_JSON_H
#define PH_CONSOLE_JSON_H

#include "catalogue.h"
#include "config.h"
#include "event_json.h"
#include "router.h"

/** How a customer is called where the address must not be shown: "+86 138****8000". */
struct span console_title(struct span address, char *out, size_t size);
/** The summary object. */
json_t *console_summary_json(const struct conversation_summary *s);
/** [{"name","waiting","oldest_ts"}]. */
json_t *console_queues_json(const struct queue_state *queues, size_t count);
/** [{"id","zh","en"}] of the configuration. */
json_t *console_dispositions_json(const struct config *config);
/** [{"id","title","text","shortcut"}] of the catalogue's canned replies. */
json_t *console_canned_json(const struct catalogue *catalogue);
/** {"id","state","opened_ts","closed_ts","agent","disposition"} for each session in events. */
json_t *console_sessions_json(const struct log_event *events, size_t count);
/** What may be suggested for text, best first: [{"id","title","text","score"}]. */
json_t *console_suggestions_json(const struct catalogue *catalogue, struct match_scratch *scratch,
                                 struct span text, enum language language, enum medium medium);
/** The code of a frame for what the router said. */
const char *console_code(const struct router_error *error);

#endif
