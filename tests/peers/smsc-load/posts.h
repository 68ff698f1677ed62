/*
 * An HTTP client that posts messages over kept-alive connections, one request at a time on each,
 * and times each from its request to its submit_sm at the simulated SMSC.
 */
#ifndef PH_LOAD_POSTS_H
#define PH_LOAD_POSTS_H

#include "loop.h"
#include "samples.h"

struct posts;

struct posts_options {
	const char *host;
	uint16_t port;         /* 0: nothing is posted */
	const char *request;   /* its first line and headers, with \n: "POST /v1/messages" ... */
	const char *body;      /* in both, {number} and {channel} are filled in; NULL: none */
	const char *channel;   /* {channel} is this and two digits, from 00 */
	unsigned channels;     /* in turn */
	uint64_t first_number; /* each post goes to a number of its own */
	unsigned count;        /* at most */
	unsigned connections;
	unsigned rate;  /* a second; 0: as fast as they are answered */
	unsigned ahead; /* accepted and not yet submitted at most; 0: no limit */
};

struct posts_counts {
	uint64_t posted, accepted, refused, settled, broken;
	uint64_t doubled; /* submitted more than once */
};

int posts_open(struct io_loop *loop, const struct posts_options *options,
               struct posts **out) MUST_CHECK;
/** Posts until then (us of the loop's clock); called again it goes on where it was. */
void posts_begin(struct posts *p, uint64_t until_us);
/** To be called each millisecond. */
void posts_tick(struct posts *p);
/** A submit_sm came; false: to none of its numbers. */
bool posts_settled(struct posts *p, uint64_t number);
/** All that was posted is answered, and submitted. */
bool posts_done(const struct posts *p);
/** Nothing is on its way to or from the server, and no more will be. */
bool posts_quiet(const struct posts *p);
const struct posts_counts *posts_counts(const struct posts *p);
/** From the first post to the last acceptance, and to the last submit. */
double posts_accepted_s(const struct posts *p);
double posts_settled_s(const struct posts *p);
/** From post to submit_sm, and to the HTTP answer. */
struct samples *posts_submit_times(struct posts *p);
struct samples *posts_answer_times(struct posts *p);
void posts_close(struct posts **p);

#endif
