/*
 * A TCP or unix connection, with TLS where asked for. What is written in one turn of the loop
 * leaves in one write; both directions are bounded. Every stream ends with exactly one on_close,
 * after which it is gone; it never comes from within a call of the owner's.
 */
#ifndef PH_STREAM_H
#define PH_STREAM_H

#include "loop.h"

struct io_stream;
struct io_tls; /* a context, shared by streams: see tls.h */

struct io_stream_ops {
	const char *name; /* for the watchdog */
	/** Connected (TLS included). Accepted streams begin here too. */
	void (*on_open)(void *arg);
	/** Octets came; borrowed for the call. The stream may be closed within. */
	void (*on_data)(void *arg, struct span data);
	/** The output fell under a quarter of its limit after io_stream_write() said -EAGAIN. May
	 * be NULL. */
	void (*on_drain)(void *arg);
	/** All that was written is with the kernel. May be NULL. */
	void (*on_written)(void *arg);
	/** The peer will say nothing more, but may still read. NULL: the stream is then closed. */
	void (*on_end)(void *arg);
	/** The end: 0 by us, or by the peer in order; else a negative errno. The stream is freed
	 * after it. */
	void (*on_close)(void *arg, int err);
};

struct io_stream_options {
	const char *path; /* of a unix socket; NULL: TCP to host and port */
	const char *host; /* name or address; resolved off the loop, addresses tried in turn */
	uint16_t port;
	struct io_tls *tls;   /* NULL: plain */
	const char *tls_name; /* the name that the certificate must bear; NULL: host */
	uint64_t connect_ms;  /* time for all of it; 0: 10 s */
	size_t output_max;    /* octets that may wait to be written; 0: 1 MiB */
};

int io_stream_connect(struct io_loop *loop, const struct io_stream_options *options,
                      const struct io_stream_ops *ops, void *arg,
                      struct io_stream **out) MUST_CHECK;
/**
 * Copies data to the output. -EAGAIN: taken, but over the limit: stop until on_drain (who goes on
 * to four times the limit is cut off with -ENOBUFS). -EPIPE: not taken, not open or closing.
 */
int io_stream_write(struct io_stream *s, struct span data);
/** The output itself, to add to without a copy; then io_stream_commit(), which answers as
 * io_stream_write() does. Both in one go: nothing else of the stream in between. */
struct buf *io_stream_output(struct io_stream *s);
int io_stream_commit(struct io_stream *s);
size_t io_stream_pending(const struct io_stream *s);
/** Stops and continues reading: back-pressure. */
void io_stream_pause(struct io_stream *s);
void io_stream_resume(struct io_stream *s);
/** Writes what is pending (for at most 5 s), says so to the peer and waits a moment for its end,
 * so that no reset takes from it what was written. on_data is not called any more. */
void io_stream_close(struct io_stream *s);
/** Closes at once with a reset of what is pending; on_close(arg, err) comes in a later turn. */
void io_stream_abort(struct io_stream *s, int err);
/** "127.0.0.1:41234", "[::1]:41234" or "unix"; lives as long as the stream. */
const char *io_stream_peer(struct io_stream *s);
/** Why TLS failed, for a human, static; NULL: it did not. Still to be asked within on_close. */
const char *io_stream_tls_why(const struct io_stream *s);
/** Changes the owner of an accepted stream. */
void io_stream_own(struct io_stream *s, const struct io_stream_ops *ops, void *arg);

struct io_listener;
/** on_accept gets a stream without owner and calls io_stream_own() on it, or io_stream_abort();
 * on_open comes after it (after the TLS handshake, for which the peer has 10 s). */
typedef void io_accept_fn(void *arg, struct io_stream *s);
/** Port 0: the system's choice. tls NULL: plain. -EADDRINUSE and the like. */
int io_listen(struct io_loop *loop, const char *host, uint16_t port, struct io_tls *tls,
              io_accept_fn *on_accept, void *arg, struct io_listener **out) MUST_CHECK;
uint16_t io_listener_port(const struct io_listener *l);
void io_listener_close(struct io_listener **l);

#endif
