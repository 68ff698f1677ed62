/*
 * The requests of one session that wait for their responses: found by sequence_number, timed out
 * in the order they were sent. A response that comes after its time still finds its request for a
 * while ("late"), so that a message of unknown fate is settled. Source: SMPP 3.4, 2.7, 2.9, 5.1.4.
 */
#ifndef PH_SMPP_WINDOW_H
#define PH_SMPP_WINDOW_H

#include "base.h"

enum smpp_flight_state { SMPP_FLIGHT_FREE, SMPP_FLIGHT_WAITING, SMPP_FLIGHT_LATE };

struct smpp_flight {
	struct smpp_flight *next, *prev; /* in the order they were sent */
	enum smpp_flight_state state;
	uint32_t sequence, command_id;
	void *item; /* what it is for; the owner's */
	uint16_t part;
	uint32_t octets;
	uint64_t sent_us, deadline_ms;
	uint64_t mark_ms; /* once answered, all that came before this had its answer delivered */
};

struct smpp_flights {
	struct smpp_flight *first, *last;
	size_t count;
};

struct smpp_window {
	struct smpp_flight *slots;
	uint32_t mask;
	uint32_t next; /* sequence_number to try next */
	struct smpp_flights waiting, late;
	size_t late_max;
};

/** Room for most requests at once. -ENOMEM. */
int smpp_window_init(struct smpp_window *w, size_t most) MUST_CHECK;
void smpp_window_fini(struct smpp_window *w);
/** A new session: everything is forgotten (the owner has seen to the items), numbers begin at 1. */
void smpp_window_reset(struct smpp_window *w);

/** A flight with the next number that is not outstanding; NULL: full. It goes last. */
struct smpp_flight *smpp_window_add(struct smpp_window *w);
/** NULL: no request of that number is remembered. */
struct smpp_flight *smpp_window_find(struct smpp_window *w, uint32_t sequence);
void smpp_window_remove(struct smpp_window *w, struct smpp_flight *flight);

/** The longest waiting, or NULL. */
struct smpp_flight *smpp_window_first(const struct smpp_window *w);
/** Its time is over: it is only remembered. The oldest late one that must go to make room was
 * taken out, and its item is returned, or NULL. */
void *smpp_window_late(struct smpp_window *w, struct smpp_flight *flight);
/** Takes any remembered one out and returns its item, NULL when none is left. */
void *smpp_window_forget(struct smpp_window *w);

#endif
