/*
 * What every connector must pass, and how a connector's probe plays its peer. A new connector adds
 * NAME_probe.c with one `const struct probe NAME_probe`; the suite is run with it as
 * conformance_NAME. What a probe cannot do stays NULL, and the tests that need it are left out.
 */
#ifndef PH_CONFORMANCE_H
#define PH_CONFORMANCE_H

#include "host.h"

/* The scene: one loop, one host with one channel, one peer, an HTTP server for callbacks. */
struct scene {
	struct io_loop *loop;
	struct connector_host host;
	uint16_t http_port; /* of host.http */
	void *peer;         /* the probe's */
};

struct probe {
	const struct connector_ops *ops;
	bool pushes;         /* messages go out by send(); false: the far end reads the log */
	const char *address; /* the customer whom the peer plays, canonical */
	const char *raw_address, *bad_address; /* the same in another spelling, and what is none */
	size_t text_over; /* letters of a text that is too long; 0: there is no such length */
	const char *more; /* further lines of the section for the test of a full window */
	size_t window;    /* with them, messages that fit; 0: send() never says -EAGAIN */

	/** Makes the peer, listening where it must, and writes the channel's section. */
	int (*open)(struct scene *s, char *yaml, size_t size);
	void (*close)(struct scene *s);

	/** The customer says text; counted as acknowledged, or as put off, when it is answered. */
	void (*say)(struct scene *s, const char *text);
	unsigned (*acknowledged)(struct scene *s), (*put_off)(struct scene *s);
	/** Messages of ours that the peer got. */
	unsigned (*heard)(struct scene *s);

	/** It lets nobody in, or does again. */
	void (*refuse)(struct scene *s, bool on);
	/** It takes what is sent and answers nothing, or answers again, also what it kept. */
	void (*mute)(struct scene *s, bool on);
	/** Ends every connection at once. */
	void (*drop)(struct scene *s);
	/** Sends the i-th piece of garbage; false: there is none. */
	bool (*garbage)(struct scene *s, unsigned i);
};

extern const struct probe *const conformance_probe;

#endif
