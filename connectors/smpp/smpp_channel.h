/*
 * One channel of SMPP from inside: what its links (sessions), its way out and its way in share.
 * smpp_link.c keeps sessions and their states, smpp_out.c what is sent, smpp_in.c what is
 * received, smpp_ops.c what is asked of messages that were sent, smpp.c is the connector's face.
 */
#ifndef PH_SMPP_CHANNEL_H
#define PH_SMPP_CHANNEL_H

#include "connector.h"
#include "loop.h"
#include "smpp_config.h"
#include "smpp_forms.h"
#include "smpp_ids.h"
#include "smpp_pdu.h"
#include "smpp_window.h"
#include "stream.h"

enum smpp_role { SMPP_ROLE_NONE, SMPP_ROLE_TRX, SMPP_ROLE_TX, SMPP_ROLE_RX };

enum smpp_link_state {
	LINK_IDLE, /* no connection; dials at its deadline, if it is wanted */
	LINK_CONNECTING,
	LINK_CALLED, /* the SMSC connected to us: its outbind is to come */
	LINK_OPEN,   /* our bind is out */
	LINK_BOUND,
	LINK_DRAINING,  /* bound, and ends when nothing is left to send or outstanding */
	LINK_LEAVING,   /* the SMSC unbound: what is outstanding is finished, nothing begun */
	LINK_UNBINDING, /* our unbind is out */
	LINK_CLOSING,
	LINK_STATES
};

enum link_event {
	EV_DIAL,
	EV_TCP_UP,
	EV_CALLED,
	EV_OUTBIND,
	EV_TCP_DOWN,
	EV_BIND_OK,
	EV_BIND_REFUSED,
	EV_UNBIND,
	EV_UNBIND_RESP,
	EV_DONE, /* nothing is outstanding any more */
	EV_TIMEOUT,
	EV_SILENT,
	EV_GARBAGE,
	EV_REBIND,
	EV_STOP_DRAIN,
	EV_STOP_NOW
};

/* Why there is no response: it did not come in time; its session is lost; so was that of others,
 * whose result has told it. */
enum smpp_silence { SMPP_TIMED_OUT, SMPP_LOST, SMPP_LOST_TOO };

enum { SMPP_REFERENCES = 4096 };

struct smpp_channel;
struct smpp_outgoing;
struct smpp_operation;
struct smpp_ids;

/* A deliver_sm or data_sm that was not yet answered. */
struct smpp_inbound {
	struct smpp_inbound *next, *prev; /* of its link, oldest first; or the pool's list */
	struct smpp_link *link;           /* NULL: its session is gone, nobody waits */
	struct smpp_channel *channel;
	uint32_t sequence, command_id;
	uint64_t arrived_ms; /* wall */
};

struct smpp_link {
	struct smpp_channel *channel;
	enum smpp_role role;
	enum smpp_link_state state;
	struct io_stream *stream;
	struct io_timer *timer;
	struct buf input; /* the front of a PDU whose rest is to come */
	struct smpp_window window;
	size_t submits, octets;   /* outstanding: what the window bounds */
	size_t written;           /* octets of the last PDU */
	uint64_t deadline_ms;     /* of the state; 0: none */
	uint64_t heard_ms;        /* the last PDU */
	uint64_t requested_ms;    /* our last request */
	uint64_t active_ms;       /* the last message, in either direction */
	uint64_t asked_ms;        /* an enquire_link is unanswered since; 0: none */
	uint64_t bound_ms;        /* 0: never in this session */
	uint64_t floor_ms;        /* the next pause is at least so long */
	unsigned failures;        /* in a row */
	uint32_t unbind_sequence; /* of the SMSC's unbind */
	uint8_t version;          /* the SMSC's, 0: it named none */
	uint8_t named;            /* the version that our bind named */
	bool accepted;            /* the SMSC connects and sends an outbind; we never dial */
	bool binding;             /* our bind has no answer yet */
	bool takes_tlvs, misconfigured;
	const char *why; /* it is down */
	char epoch[40];  /* names this TCP session among all nodes */

	struct smpp_inbound *oldest, *newest;
	size_t inbound;
	bool paused;         /* nothing is read until some of them are answered */
	uint64_t resumed_ms; /* the end of the last pause; 0: there was none */
	uint64_t proof_ms; /* wall: answers to all that arrived before are known to be delivered */
};

struct smpp_metrics {
	uint64_t *submits, *submit_errors, *throttled, *timeouts, *delivers, *receipts,
		*receipts_unread, *malformed, *unknown, *lossy, *bound, *alerts, *congested,
		*outbinds, *outbinds_refused, *disagreeing;
	uint64_t *ids[SMPP_ID_FORMS];
};

struct smpp_queue {
	struct smpp_outgoing *first, *last;
	size_t count;
};

/* Of the sessions lost in one minute since 1970: the earliest point up to which our answers had
 * provably arrived. */
struct smpp_loss {
	uint64_t minute, proof_ms;
};

enum { SMPP_LOSSES = 12 };

struct smpp_channel {
	struct connector_host *host;
	const struct smpp_config *cfg;
	const struct logger *log;
	struct io_loop *loop;
	const struct clock *clock;
	struct io_tls *tls;
	struct smpp_metrics metrics;
	struct smpp_policy *policies;
	size_t policy_count;

	/* Two for each bind, the second for the receiver of a pair; then those of outbind. */
	struct smpp_link *links;
	size_t link_count, dialing;
	struct io_listener *listener; /* for outbind */
	struct io_tls *listener_tls;
	uint8_t version; /* that our binds name */
	enum smpp_bind_mode mode;
	unsigned fallbacks; /* between transceiver and pair, since one was bound */
	uint64_t sessions;  /* so far */
	uint64_t node;      /* random: this process */

	bool started, stopping, told_stopped;
	enum channel_state told;
	uint64_t drain_until_ms;

	/* out */
	struct smpp_queue pending; /* taken, with parts that are still to be written */
	struct smpp_queue waiting; /* to be tried again at their time */
	struct smpp_queue doomed;  /* taken, and known to fail: told at the end of the turn */
	struct smpp_outgoing *spare, *all; /* to be used again; every one there is */
	uint64_t serial;
	uint16_t references[SMPP_REFERENCES]; /* of long messages: a counter for each few numbers */
	struct io_timer *wake;                /* for a pause, for the rate, for what waits */
	uint64_t wake_ms;                     /* 0: it sleeps */
	struct io_later settled; /* tells the host once a turn that there is room, or the end */
	bool wants_ready;
	uint64_t paused_until_ms, pause_ms;
	size_t allowed;      /* submits at once over all links, while it recovers from throttling */
	unsigned congestion; /* the SMSC's last word of its load */
	uint64_t congestion_ms;  /* when it said so; 0: never */
	uint64_t eased_ms;       /* when we last sent less because of it */
	unsigned address_errors; /* refusals for addresses in a row, each of another number */
	char address_of[24];     /* the last such number */
	bool misaddressed;       /* every message is refused for its address */
	struct smpp_operation *operations;
	size_t operation_count;
	bool no_multi; /* the SMSC has said that it does not know submit_multi */
	struct buf user_data, tlvs;
	struct buf worded, plain;    /* a text as it is sent */
	struct smpp_parts *measured; /* scratch for counting parts */
	struct smpp_forms *forms;    /* of customers' numbers; NULL: not asked for */

	/* in */
	struct smpp_inbound *spare_in;
	struct buf joined, text, data;
	struct smpp_loss losses[SMPP_LOSSES]; /* by their minute; see smpp_dup.c */
	uint64_t lost_proof_ms, lost_ms; /* wall: of the sessions lost since one could receive */
	uint64_t proof_stored_ms;
	struct log_throttle bad_pdu, unread, disagree, refused;
	bool trailing_told;
	struct smpp_ids *ids; /* how the SMSC writes its ids in receipts */
};

/* ---- smpp_link.c ---- */

int smpp_link_init(struct smpp_link *l, struct smpp_channel *ch) MUST_CHECK;
/** Ends its connection at once and frees what it holds. */
void smpp_link_fini(struct smpp_link *l);
/** Something happened; what follows is in the table of states. */
void smpp_link_event(struct smpp_link *l, enum link_event on);
/** Gives it a role and begins to connect; SMPP_ROLE_NONE ends it. */
void smpp_link_assign(struct smpp_link *l, enum smpp_role role);
void smpp_link_stop(struct smpp_link *l, enum stop_mode mode);
/** Whether a submit may be written now. */
bool smpp_link_has_room(const struct smpp_link *l);
bool smpp_link_sends(const struct smpp_link *l);
bool smpp_link_receives(const struct smpp_link *l);
/** Ends a drain, or answers the SMSC's unbind, once nothing is outstanding. */
void smpp_link_check_done(struct smpp_link *l);
void smpp_link_log(const struct smpp_link *l, const char *what, const struct smpp_pdu *pdu);
/** Binds anew, for why: the session is not what we think. */
void smpp_link_rebind(struct smpp_link *l, const char *why, uint64_t floor_ms);
/** A human must act: it is tried again slowly. why: static. */
void smpp_link_misconfigured(struct smpp_link *l, const char *why);
/** The SMSC has connected; *stream is the link's. */
void smpp_link_called(struct smpp_link *l, struct io_stream *stream);

/** Writes a PDU. -EPIPE: there is no connection, or it was given up for this. */
int smpp_link_write(struct smpp_link *l, const struct smpp_pdu *pdu);
/** Writes a request and enters it in the window; its sequence_number is chosen here. */
int smpp_link_request(struct smpp_link *l, struct smpp_pdu *pdu, void *item,
                      struct smpp_flight **out) MUST_CHECK;
/** Answers a request with a header, and an empty body where there must be one. */
void smpp_link_answer(struct smpp_link *l, uint32_t command_id, uint32_t sequence, uint32_t status);

/* ---- smpp_session.c ---- */

void smpp_session_on_data(void *link, struct span data);
void smpp_session_on_timer(void *link);
/** Reads again after a pause. */
void smpp_session_resume(struct smpp_link *l);
/** Answers a request that could be read and cannot be taken, and notes that it came. */
void smpp_session_refuse(struct smpp_link *l, const struct smpp_pdu *pdu, enum smpp_status status);
/** Sets the timer to the earliest of the link's deadlines. */
void smpp_session_rearm(struct smpp_link *l);

/* ---- smpp_outbind.c ---- */

/** Listens for the SMSC, where it is to connect. Errors as io_listen(). */
int smpp_outbind_listen(struct smpp_channel *ch) MUST_CHECK;
void smpp_outbind_close(struct smpp_channel *ch);
/** The SMSC's outbind came over its connection: we bind, or hang up. */
void smpp_outbind_on_pdu(struct smpp_link *l, const struct smpp_pdu *pdu);

/* ---- smpp_pace.c ---- */

/** Submits out over all links. */
size_t smpp_out_outstanding(const struct smpp_channel *ch);
bool smpp_out_paused(const struct smpp_channel *ch);
/** The SMSC complains: all pause, and begin again with half of what was too much. */
void smpp_pace_throttle(struct smpp_channel *ch, uint32_t delay_ms);
/** A submit was taken: one more may be out, and addresses are right. */
void smpp_pace_taken(struct smpp_channel *ch);
/** congestion_state of a response, where there is one: less is sent before the SMSC refuses. */
void smpp_pace_hint(struct smpp_channel *ch, struct span tlvs);
/** A submit to a number was refused. Where every one is, for its addresses, the channel is wrong:
 * it pauses and says so. */
void smpp_pace_refused(struct smpp_channel *ch, uint32_t status, const char *digits);

/* ---- smpp_ops.c ---- */

extern const struct connector_operations smpp_operations;
/** The response to an operation's request; pdu NULL: none came, err says why. */
void smpp_ops_response(struct smpp_channel *ch, struct smpp_operation *op,
                       const struct smpp_pdu *pdu, int err);
void smpp_ops_fini(struct smpp_channel *ch);

/* ---- smpp_out.c ---- */

int smpp_out_send(struct smpp_channel *ch, struct message **msg);
/** A submit's response; message_id may be empty. */
void smpp_out_response(struct smpp_link *l, struct smpp_outgoing *out, uint16_t part,
                       uint32_t status, struct span message_id, bool late);
/** The response of a part never came. A late one may, unless its session is lost. */
void smpp_out_uncertain(struct smpp_link *l, struct smpp_outgoing *out, uint16_t part,
                        enum smpp_silence why);
/** A late part that is forgotten. */
void smpp_out_forget(struct smpp_channel *ch, struct smpp_outgoing *out);
/** A session is gone, or ends: what was to continue over it cannot; without any other nothing waits
 * here. */
void smpp_out_link_lost(struct smpp_link *l);
/** Gives back to the host what was not written at all. */
void smpp_out_give_back(struct smpp_channel *ch);
/** Writes what may be written now. */
void smpp_out_pump(struct smpp_channel *ch);
/** Tells what is known to fail. */
void smpp_out_doom(struct smpp_channel *ch);
/** Whether send() would take a message now. */
bool smpp_out_ready(const struct smpp_channel *ch);
/** Nothing is left to be written. */
bool smpp_out_idle(const struct smpp_channel *ch);
void smpp_out_on_wake(void *channel);
void smpp_out_fini(struct smpp_channel *ch);

/* ---- smpp_compose.c ---- */

/* What was put in the place of what. */
struct smpp_changes {
	struct smpp_change of[MEASURED_CHARACTERS];
	size_t count;
};
/** A message's text with all that the channel puts around it, and replaces in it, as parts. Errors
 * as smpp_split(). */
int smpp_compose(struct smpp_channel *ch, const struct message *m,
                 struct smpp_split_options *options, struct smpp_parts *out,
                 struct smpp_changes *changes) MUST_CHECK;
int smpp_compose_measure(void *channel, const struct message *m, struct connector_measure *out);
unsigned smpp_compose_marks(void *channel, const struct message *m);
void smpp_compose_fini(struct smpp_channel *ch);

/* ---- smpp_in.c ---- */

void smpp_in_deliver_sm(struct smpp_link *l, const struct smpp_pdu *pdu);
void smpp_in_data_sm(struct smpp_link *l, const struct smpp_pdu *pdu);
/** A session is gone: nobody waits for its answers any more. */
void smpp_in_link_lost(struct smpp_link *l);
/** Reads how the account's numbers came before this process. */
void smpp_in_load_form(struct smpp_channel *ch);
/** What there is of a long message whose time is over. */
void smpp_in_parts(void *channel, const struct message_parts *parts);
void smpp_in_fini(struct smpp_channel *ch);

/* ---- smpp_dup.c ---- */

/** Reads what the process before us proved, then connects. */
void smpp_dup_load(struct smpp_channel *ch);
void smpp_dup_bound(struct smpp_link *l);
/** A request that was sent at mark_ms, or later, was answered. */
void smpp_dup_proved(struct smpp_link *l, uint64_t mark_ms);
void smpp_dup_lost(struct smpp_link *l);
/** The dup_after_ms of a message that comes now. */
uint64_t smpp_dup_after(const struct smpp_channel *ch, uint64_t wall_ms);

/* ---- smpp_report.c ---- */

void smpp_report(const void *channel, struct connector_status *out);

/* ---- smpp.c ---- */

extern const struct connector_ops smpp_connector;

/** Gives the links their roles: they begin to connect. */
void smpp_connect(struct smpp_channel *ch);
/** Tells the host what the links are together, when it changed. */
void smpp_tell_state(struct smpp_channel *ch);
/** At the end of this turn: room for the host, and the end of a stop. */
void smpp_settle(struct smpp_channel *ch);
/** The SMSC does not know the bind we tried: the other way round. False: that was tried too. */
bool smpp_fall_back(struct smpp_channel *ch);
/** A bind was refused, or not answered, and it may be for the interface_version it named: another
 * next. */
void smpp_version_fall_back(struct smpp_channel *ch, uint8_t named);
/** Whether the request is of one message: a part of a struct smpp_outgoing. */
static inline bool smpp_is_submit(uint32_t command_id)
{
	return command_id == SMPP_submit_sm || command_id == SMPP_data_sm;
}

#endif
