/* The inside of a stream, shared by its life (stream.c), how it comes to be (stream_connect.c,
 * listener.c) and TLS (stream_tls.c). */
#ifndef PH_STREAM_INTERNAL_H
#define PH_STREAM_INTERNAL_H

#include "loop_internal.h"
#include "stream.h"

enum stream_state {
	STREAM_CONNECTING,
	STREAM_HANDSHAKE, /* TLS */
	STREAM_OPEN,
	STREAM_FLUSHING,  /* closing: writes what is pending */
	STREAM_LINGERING, /* our end is sent; waits for the peer's, so that no reset eats our data
	                   */
	STREAM_CLOSED     /* waits for libuv to let go */
};

struct stream_connecting;
struct stream_flight;
struct stream_tls;

struct io_stream {
	struct io_loop *loop;
	const struct io_stream_ops *ops;
	void *arg;
	struct buf out;               /* what was written in this turn */
	struct stream_flight *flight; /* what the kernel did not take at once */
	struct stream_tls *tls;
	struct stream_connecting *connecting;
	struct io_timer *timer; /* connecting and closing only */
	struct io_later flush;
	size_t output_max;
	char *peer;      /* made when asked for */
	const char *why; /* of a failed TLS session; static */
	int err;
	enum stream_state state : 8;
	bool paused : 1, told_full : 1, eof : 1, is_pipe : 1;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
};

/** A stream whose handle is initialised and not yet connected to anything. */
int stream_new(struct io_loop *loop, bool is_pipe, struct io_stream **out) MUST_CHECK;
/** The socket is there: TLS first where asked for, then on_open. name: see io_tls. */
void stream_connected(struct io_stream *s, struct io_tls *tls, bool server, const char *name);
/** The stream may now be used: reads begin. */
void stream_open(struct io_stream *s);
/** Gives octets to the owner; they are the content, without TLS. */
void stream_deliver(struct io_stream *s, struct span data);
/** The peer will send nothing more. */
void stream_ended(struct io_stream *s);
/** Ends it now with err. */
void stream_fail(struct io_stream *s, int err);
/** Its handle is closed: tells the owner and frees s. */
void stream_gone(struct io_stream *s);
/** (Re)starts its one timer. -ENOMEM. */
int stream_timer(struct io_stream *s, uint64_t ms) MUST_CHECK;

/** Another limit for its output. */
void stream_limit(struct io_stream *s, size_t output_max);
/** Would len octets more be too much? Then on_drain will tell when there is room. */
bool stream_is_full(struct io_stream *s, size_t len);

/** Drops what connecting holds; the stream is about to be closed or is open. */
void stream_connecting_free(struct io_stream *s);

/** A TLS session over s. name: what the peer's certificate must bear; for servers unused. */
int stream_tls_create(struct io_stream *s, struct io_tls *tls, bool server,
                      const char *name) MUST_CHECK;
void stream_tls_free(struct io_stream *s);
/** Begins or continues the handshake with what came, then delivers content. Errors end s. */
void stream_tls_feed(struct io_stream *s, struct span wire);
/** Turns s->out into what goes on the wire. -EPROTO, -ENOMEM. */
int stream_tls_seal(struct io_stream *s) MUST_CHECK;
/** Where sealed octets wait. */
struct buf *stream_tls_wire(struct io_stream *s);
/** Adds the close_notify to what is to be written. */
void stream_tls_end(struct io_stream *s);

#endif
