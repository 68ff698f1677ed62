/*
 * WebSocket server (RFC 6455), on routes of an http_server. What the peer does against the
 * protocol closes its connection with the code that section 7.4 says; text is checked UTF-8.
 */
#ifndef PH_WEBSOCKET_H
#define PH_WEBSOCKET_H

#include "http_server.h"

struct websocket;

struct websocket_options {
	const char *name;        /* for metrics and the watchdog */
	const char *subprotocol; /* must be offered by the client; NULL: none is used */
	size_t message_max;      /* octets of a message; over it: 1009; 0: 64 KiB */
	/* Octets that may wait for a slow reader; over it websocket_send() says -EAGAIN; 0: 256
	 * KiB. */
	size_t output_max;
	unsigned pings_per_min; /* of the peer; over it: 4008; 0: 120 */
	uint64_t ping_ms;       /* our ping to a silent peer; 0: 25 s */
	uint64_t pong_ms;       /* its time to answer, else the connection is dropped; 0: 10 s */
};

struct websocket_ops {
	/**
	 * May this request be upgraded? 0, or an HTTP status to refuse with. What is put in *data
	 * becomes the connection's; headers and peer are to be looked at here.
	 */
	int (*on_request)(void *arg, const struct http_request *r, void **data);
	void (*on_open)(void *data, struct websocket *ws);
	/** A whole text message; borrowed. Binary messages close with 1003. */
	void (*on_text)(void *data, struct websocket *ws, struct span text);
	/** The output drained after -EAGAIN. May be NULL. */
	void (*on_drain)(void *data, struct websocket *ws);
	/** The end, however it came; ws is gone after it. Always follows on_open. 1006: without a
	 * close. */
	void (*on_close)(void *data, struct websocket *ws, uint16_t code);
};

int websocket_route(struct http_server *server, const char *path,
                    const struct websocket_options *options, const struct websocket_ops *ops,
                    void *arg) MUST_CHECK;

/** Copies text. -EAGAIN: not taken, over output_max, on_drain will tell; -EPIPE: closing. */
int websocket_send(struct websocket *ws, struct span text) MUST_CHECK;
/** Sends a close frame, waits a bounded time for the peer's, then closes TCP. reason ≤ 123 octets.
 */
void websocket_close(struct websocket *ws, uint16_t code, const char *reason);
/** Stops and continues reading. */
void websocket_pause(struct websocket *ws);
void websocket_resume(struct websocket *ws);

#endif
