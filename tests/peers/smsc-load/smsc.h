/*
 * One simulated operator: a listener, the sessions that an ESME binds, and habits that hurt. Counts
 * and times, and as little else as may be: what it costs must not show in what is measured.
 */
#ifndef PH_LOAD_SMSC_H
#define PH_LOAD_SMSC_H

#include "loop.h"
#include "smpp_pdu.h"

struct smsc;

/* What is wrong with an operator; all zero: nothing. */
struct smsc_habits {
	bool down;            /* does not listen */
	bool mute;            /* answers binds and enquire_link, but no submit_sm */
	bool throttles;       /* accepts throttle submits a second, ESME_RTHROTTLED to the rest */
	unsigned throttle;    /* see throttles */
	unsigned latency_ms;  /* after which a submit_sm is answered */
	unsigned error_every; /* each so-many-th submit gets error_status; 0: none */
	uint32_t error_status;
	unsigned deaf_after; /* submits after which a session neither reads nor writes, nor ends; 0:
	                        none */
	unsigned read_pause_ms;  /* after each read: a peer that reads slowly */
	bool receipts;           /* says DELIVRD of each submit */
	bool receipt_first;      /* before its response */
	bool receipt_over_other; /* over another session than the submit's, where there is one */
	unsigned receipt_ms;     /* after the submit */
	unsigned receipt_form; /* of the id: 0 as in the response (hexadecimal), 1 decimal, 2 upper
	                          case with zeros */
};

struct smsc_options {
	const char *host, *system_id, *password;
	uint16_t port;
	struct smsc_habits habits;
};

/* tag: what smsc_deliver() was given. */
struct smsc_events {
	/** A submit_sm that is answered with 0, when it comes. life: of its session, see below. */
	void (*on_submit)(void *arg, const struct smpp_submit_sm *sm, uint32_t life);
	/** A deliver_sm got its response. */
	void (*on_deliver_resp)(void *arg, uint32_t tag, uint32_t status);
	/** Its session ended before that. */
	void (*on_deliver_lost)(void *arg, uint32_t tag);
	/** There is room for more. */
	void (*on_room)(void *arg);
};

struct smsc_counts {
	uint64_t submits; /* answered with 0 */
	uint64_t refused; /* answered with an error */
	uint64_t bad;     /* PDUs that could not be read */
	uint64_t binds;
	uint64_t lives; /* sessions accepted so far */
};

int smsc_open(struct io_loop *loop, const struct smsc_options *options,
              const struct smsc_events *events, void *arg, struct smsc **out) MUST_CHECK;
uint16_t smsc_port(const struct smsc *s);
const struct smsc_counts *smsc_counts(const struct smsc *s);
/** Somebody is bound who receives. */
bool smsc_bound(const struct smsc *s);
/** deliver_sm without a response. */
size_t smsc_outstanding(const struct smsc *s);
/** Over the next session that receives; false: there is none, or none has room. */
bool smsc_deliver(struct smsc *s, const struct smpp_deliver_sm *sm, uint32_t tag);
/** When the session of that number (the first is 1) ended, us of the loop's clock; 0: it lives. */
uint64_t smsc_ended_us(const struct smsc *s, uint32_t life);
/** To be called each millisecond: what was held back leaves. */
void smsc_tick(struct smsc *s);
void smsc_close(struct smsc **s);

#endif
