/*
 * One step of a conversation, as its log keeps it: something said, what became of it, or a change
 * of the session. Steps are numbered by seq without gaps and never change.
 */
#ifndef PH_EVENT_H
#define PH_EVENT_H

#include "message.h"

enum log_event_type {
	LOG_MESSAGE,
	LOG_STATUS,
	LOG_SESSION,
	LOG_EDIT, /* a message is completed, or (MARK_REPLACED) the peer has put another text in its
	             place: text, data, kind and marks take the place of its own */
	LOG_VERIFIED /* the customer is known as who they are, or not any more */
};

enum session_state {
	SESSION_NONE, /* nobody has said anything yet */
	SESSION_BOT,
	SESSION_QUEUED,
	SESSION_ASSIGNED,
	SESSION_WRAPUP,
	SESSION_CLOSED,
	SESSION_STATES
};

/** Spans and the message are borrowed from whoever shows the event. */
struct log_event {
	uint64_t seq, ts_ms;
	enum log_event_type type;
	/* LOG_MESSAGE, LOG_EDIT */
	const struct message *message; /* its status is the one it had when it was appended */
	struct span author_name;       /* how the author is called; may be empty */
	uint64_t after;        /* seq of the bot's message that this one follows; 0: of none */
	const char *after_did; /* what that is to it: log_after_name() */
	/* LOG_STATUS, LOG_EDIT */
	uint64_t of; /* seq of the message */
	enum message_status status;
	struct span code, reason;
	struct span
		parts; /* of a long message whose parts differ: a letter for each one's status */
	unsigned marks;
	unsigned attempts; /* with a failure: how often the peer was asked; 0: not known */
	/* LOG_SESSION */
	struct span session, agent, agent_name, queue, disposition, note, by;
	enum session_state state;
	/* LOG_VERIFIED; by too */
	uint64_t until_ms; /* 0: not any more */
	struct span how;
};

/** What a customer does after the bot spoke, by the letter that the log has for it: "chose",
 * "value", "thanks", "dropped", "person", "same" (the same matter again within a day), "silent"
 * (for a day), "other". NULL: no such letter. */
const char *log_after_name(char letter);

const char *session_state_name(enum session_state state);
/** -EINVAL: no such name. */
int session_state_parse(struct span name, enum session_state *out) MUST_CHECK;

#endif
