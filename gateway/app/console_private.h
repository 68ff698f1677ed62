/* What the files of the console's socket share. */
#ifndef PH_CONSOLE_PRIVATE_H
#define PH_CONSOLE_PRIVATE_H

#include "console.h"
#include "console_json.h"
#include "hash.h"
#include "websocket.h"

enum {
	CONSOLE_RID_MAX = 64,
	CONSOLE_CID_MAX = 64,
	CONSOLE_TEXT_MAX = 8000,
	CONSOLE_NOTE_MAX = 2000,
	CONSOLE_NEWEST = 50,    /* events that a thread begins with */
	CONSOLE_CATCH_UP = 500, /* more missed events than that: the newest only */
	CONSOLE_PAGE = 100,     /* events read at once while catching up */
	CONSOLE_HISTORY_MAX = 200,
	CONSOLE_VIEWS_MAX = 1500
};

enum console_close {
	CLOSE_RESTART = 1012,
	CLOSE_REFUSED = 1008,
	CLOSE_LOGGED_OUT = 4001,
	CLOSE_NOT_UNDERSTOOD = 4002,
	CLOSE_TOO_MANY = 4008,
	CLOSE_SLOW = 4009,
	CLOSE_REPLACED = 4010
};

/* How far a socket has come. */
enum console_stage {
	STAGE_TOKEN, /* who is it? */
	STAGE_HELLO, /* waits for the first frame */
	STAGE_DESK,  /* hello came; the list is being gathered */
	STAGE_OPEN
};

/* Why a socket sees a conversation. */
enum view_flag {
	VIEW_OPENED = 1 << 0,  /* asked for it: its events are pushed */
	VIEW_MINE = 1 << 1,    /* assigned to this agent: its events are pushed */
	VIEW_WAITING = 1 << 2, /* in a queue */
	VIEW_ENDED = 1 << 3    /* was closed by this agent not long ago */
};

struct console_view {
	char id[CONVERSATION_ID_LEN + 1];
	unsigned flags;
	struct router_watch *watch;
	uint64_t seq;     /* pushed up to */
	bool newest;      /* the next read is of the newest events, whatever seq says */
	bool busy, again; /* a round is under way; another must follow */
	bool shown;       /* the client has a summary of it */
	bool counted;     /* its first summary is one that welcome waits for */
	char rid[CONSOLE_RID_MAX + 1]; /* of the open that the next events answer */
	char *sent;                    /* the summary as it was sent last */
	/* Of the last summary. */
	enum session_state state;
	char scheme[16], lang[8], channel[33];
	UT_hash_handle hh;
};

struct console_socket {
	struct console *console;
	struct console_socket *next;
	struct websocket *ws; /* NULL once it is gone */
	unsigned refs;        /* the socket itself, and calls under way */
	char token[65];       /* its hash */
	enum console_stage stage;
	bool checking; /* the token is being looked up */
	struct user user;
	struct router_agent agent; /* of user; spans and queues point into it */
	const char *queues[USER_SKILLS + 1];
	enum presence presence;
	bool lost; /* presence fell because the connection was lost */
	struct console_view *views;
	json_t *since;    /* of hello, until welcome is sent */
	unsigned waiting; /* summaries that welcome waits for, and one for the gathering */
	bool desk_busy, desk_again;
	json_t *desk_queues;     /* as last read */
	char *queues_sent;       /* as last sent */
	uint64_t queues_sent_ms; /* monotonic */
	uint64_t opened_ms, checked_ms, renewed_ms, tokens_ms;
	int64_t tokens; /* frames it may still send */
};

/* An agent whose console went away: presence falls if it does not come back. */
struct console_lost {
	struct console_lost *next;
	char user[USER_ID_MAX + 1];
	struct user record;
	uint64_t due_ms;
	bool away; /* it has fallen */
};

struct console {
	struct console_options options;
	struct console_socket *sockets;
	struct console_lost *lost;
	struct io_timer *timer;
	struct match_scratch *scratch;
	bool draining;
};

/* --- console_socket.c --- */
int console_socket_route(struct console *console) MUST_CHECK;
struct console_socket *console_socket_ref(struct console_socket *s);
void console_socket_unref(struct console_socket *s);
/** Sends an object, whose reference is dropped; closes a socket that reads too slowly. */
void console_send(struct console_socket *s, json_t *frame);
void console_send_text(struct console_socket *s, struct span text);
void console_close(struct console_socket *s, enum console_close code, const char *reason);
/** {"type":"ok"}; rid may be empty. */
void console_ok(struct console_socket *s, struct span rid);
struct console_fault {
	struct span rid, cid;
	const char *code, *detail, *field; /* field may be NULL */
	uint64_t retry_after_ms;           /* 0: not said */
};
void console_error(struct console_socket *s, const struct console_fault *fault);
/** Looks the token up; at the beginning, and now and then. */
void console_check(struct console_socket *s);
uint64_t console_now(const struct console *console);

/* --- console_frames.c --- */
void console_frame(struct console_socket *s, struct span text);

/* --- console_desk.c --- */
/** Begins the gathering after hello; takes the reference of since, which may be NULL. */
void console_hello(struct console_socket *s, json_t *since);
/** Redis is back: goes on where it stood. */
void console_hello_again(struct console_socket *s);
/** Reads the desk and follows what changed. */
void console_desk(struct console_socket *s);
/** Sends the queues when they changed and a second has gone by. */
void console_queues(struct console_socket *s);
/** One summary less that welcome waits for. */
void console_counted(struct console_socket *s);
/** Sets the agent's presence at the desk; asked: by the client, who is answered. */
void console_presence(struct console_socket *s, enum presence presence, struct span rid,
                      bool asked);
void console_push_presence(struct console_socket *s, const char *reason);
/** Keeps in Redis that this agent closed the conversation. */
void console_ended(struct console_socket *s, struct span conversation);
/** Fills agent from a user's record; queues and spans are borrowed from it. */
void console_agent_of(const struct user *user, const char *queues[USER_SKILLS + 1],
                      struct router_agent *agent);

/* --- console_view.c --- */
struct console_view *console_view_find(struct console_socket *s, struct span id);
/** Finds it or begins to watch it; NULL: not an id, too many, or out of memory. */
struct console_view *console_view_add(struct console_socket *s, struct span id);
void console_view_remove(struct console_socket *s, struct console_view *v);
/** Reads what is new and pushes it. */
void console_view_touch(struct console_socket *s, struct console_view *v);
/** How many of the first events to leave out for the others to fit one frame: a page of history is
 * one. */
size_t console_events_over(const struct log_event *events, size_t count);
/** Sends events in as many frames as they need; the first carries rid. more: of the first. */
void console_events(struct console_socket *s, const char *conversation, const char *rid,
                    const struct log_event *events, size_t count, bool more);
/** Whether this agent may see it. */
bool console_may_see(const struct console_socket *s, const struct conversation_summary *summary,
                     const struct console_view *v);
bool console_is_lead(const struct console_socket *s);

/* --- console_acts.c: what the frames ask of conversations --- */
struct console_order; /* a frame, read */
void console_act_send(struct console_socket *s, const struct console_order *o);
void console_act_open(struct console_socket *s, const struct console_order *o);
void console_act_release(struct console_socket *s, const struct console_order *o);
void console_act_history(struct console_socket *s, const struct console_order *o);
void console_act_read(struct console_socket *s, const struct console_order *o);
void console_act_typing(struct console_socket *s, const struct console_order *o);
void console_act_take(struct console_socket *s, const struct console_order *o);
void console_act_requeue(struct console_socket *s, const struct console_order *o);
void console_act_close(struct console_socket *s, const struct console_order *o);
void console_act_customer(struct console_socket *s, const struct console_order *o);
void console_act_measure(struct console_socket *s, const struct console_order *o);
void console_act_suggest(struct console_socket *s, const struct console_order *o);

/* --- console_lessons.c --- */
void console_act_search(struct console_socket *s, const struct console_order *o);
void console_act_about(struct console_socket *s, const struct console_order *o);

/* Spans and objects are borrowed for the call. */
struct console_order {
	struct span rid, cid, conversation, text, template_id, note, disposition, q, state, lang;
	uint64_t v, since, before, limit, seq;
	bool on;
	json_t *variables, *since_all;
};

#endif
