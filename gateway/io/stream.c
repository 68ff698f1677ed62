/*
 * The life of a stream: reading into the loop's shared buffer, gathering what is written in a turn
 * into one write, and the ways to end. How streams come to be is in stream_connect.c and
 * listener.c. An idle stream holds no buffer at all.
 */
#include "stream_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	OUTPUT_MAX = 1 << 20,
	OUTPUT_HARD = 4, /* times output_max: who goes on writing after -EAGAIN is cut off */
	FLUSH_MS = 5000,
	LINGER_MS = 2000
};

/* A write that the kernel did not take at once; the rest waits in libuv. */
struct stream_flight {
	uv_write_t req;
	struct io_stream *s;
	struct buf data;
};

static void flush(void *arg);

static bool can_write(const struct io_stream *s)
{
	return s->state == STREAM_OPEN || s->state == STREAM_FLUSHING ||
	       s->state == STREAM_HANDSHAKE;
}

int stream_new(struct io_loop *loop, bool is_pipe, struct io_stream **out)
{
	struct io_stream *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->is_pipe = is_pipe;
	s->output_max = OUTPUT_MAX;
	s->flush.fn = flush;
	s->flush.arg = s;
	buf_init(&s->out, SIZE_MAX);
	err = is_pipe ? uv_pipe_init(io_loop_uv(loop), &s->uv.pipe, 0)
	              : uv_tcp_init(io_loop_uv(loop), &s->uv.tcp);
	if (err) {
		free(s);
		return err;
	}
	s->uv.handle.data = s;
	*out = s;
	return 0;
}

static const char *name_of(const struct io_stream *s)
{
	return s->ops ? s->ops->name : "stream";
}

static void call(struct io_stream *s, void (*fn)(void *arg))
{
	struct io_loop *loop = s->loop;
	const char *name = name_of(s);
	uint64_t entered = io_enter(loop);

	fn(s->arg);
	io_leave(loop, name, entered);
}

void stream_gone(struct io_stream *s)
{
	const char *name = name_of(s);
	struct io_loop *loop = s->loop;
	uint64_t entered = io_enter(loop);

	if (s->ops)
		s->ops->on_close(s->arg, s->err);
	io_leave(loop, name, entered);
	free(s->peer);
	free(s);
}

static void on_closed(uv_handle_t *handle)
{
	stream_gone(handle->data);
}

/* The one way to the end; reset: what is in the kernel's buffers goes too. */
static void finish(struct io_stream *s, int err, bool reset)
{
	if (s->state == STREAM_CLOSED)
		return;
	s->state = STREAM_CLOSED;
	s->err = err;
	io_later_cancel(s->loop, &s->flush);
	io_timer_destroy(&s->timer);
	stream_connecting_free(s);
	stream_tls_free(s);
	io_buffer_return(s->loop, &s->out);
	if (uv_is_closing(&s->uv.handle))
		return; /* between two addresses: on_close comes from there */
	if (!reset || s->is_pipe || uv_tcp_close_reset(&s->uv.tcp, on_closed))
		uv_close(&s->uv.handle, on_closed);
}

void stream_fail(struct io_stream *s, int err)
{
	finish(s, err, false);
}

void io_stream_abort(struct io_stream *s, int err)
{
	finish(s, err, true);
}

static void on_timeout(void *arg)
{
	struct io_stream *s = arg;

	if (s->state == STREAM_LINGERING)
		finish(s, s->err, false);
	else
		finish(s, -ETIMEDOUT, true);
}

int stream_timer(struct io_stream *s, uint64_t ms)
{
	if (!s->timer) {
		int err = io_timer_create(s->loop, "stream.timeout", on_timeout, s, &s->timer);

		if (err)
			return err;
	}
	io_timer_start(s->timer, ms, 0);
	return 0;
}

void stream_deliver(struct io_stream *s, struct span data)
{
	uint64_t entered;
	const char *name;
	struct io_loop *loop;

	if (s->state != STREAM_OPEN || !data.len)
		return; /* closing: what the peer still says is of no interest */
	loop = s->loop;
	name = name_of(s);
	entered = io_enter(loop);
	s->ops->on_data(s->arg, data);
	io_leave(loop, name, entered);
}

void stream_ended(struct io_stream *s)
{
	if (s->eof)
		return;
	s->eof = true;
	uv_read_stop(&s->uv.stream);
	if (s->state == STREAM_LINGERING)
		finish(s, s->err, false);
	else if (s->state == STREAM_HANDSHAKE)
		finish(s, -ECONNRESET, false);
	else if (s->state == STREAM_OPEN && s->ops->on_end)
		call(s, s->ops->on_end);
	else
		io_stream_close(s);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct io_stream *s = handle->data;

	(void)size;
	*out = uv_buf_init(io_read_buffer(s->loop), IO_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *in)
{
	struct io_stream *s = stream->data;

	if (s->state == STREAM_CLOSED || len == 0)
		return;
	if (len == UV_EOF)
		stream_ended(s);
	else if (len < 0)
		finish(s, s->state == STREAM_LINGERING ? s->err : (int)len, false);
	else if (s->tls)
		stream_tls_feed(s, (struct span){in->base, (size_t)len});
	else
		stream_deliver(s, (struct span){in->base, (size_t)len});
}

static void start_reading(struct io_stream *s)
{
	int err;

	if (s->eof)
		return;
	err = uv_read_start(&s->uv.stream, on_alloc, on_read);
	if (err && err != UV_EALREADY)
		finish(s, err, false);
}

void stream_connected(struct io_stream *s, struct io_tls *tls, bool server, const char *name)
{
	int err;

	stream_connecting_free(s);
	if (!tls) {
		io_timer_destroy(&s->timer);
		stream_open(s);
		return;
	}
	s->state = STREAM_HANDSHAKE;
	err = stream_tls_create(s, tls, server, name);
	if (err) {
		finish(s, err, false);
		return;
	}
	start_reading(s);
	stream_tls_feed(s, SPAN_NONE); /* a client speaks first */
}

void stream_open(struct io_stream *s)
{
	s->state = STREAM_OPEN;
	call(s, s->ops->on_open);
	if (s->state == STREAM_OPEN && !s->paused)
		start_reading(s);
}

size_t io_stream_pending(const struct io_stream *s)
{
	return s->out.len + uv_stream_get_write_queue_size(&s->uv.stream);
}

static void tell_drained(struct io_stream *s)
{
	if (!s->told_full || s->state != STREAM_OPEN || io_stream_pending(s) >= s->output_max / 4)
		return;
	s->told_full = false;
	if (s->ops->on_drain)
		call(s, s->ops->on_drain);
}

/* Everything is with the kernel. */
static void flushed(struct io_stream *s)
{
	uv_os_fd_t fd;

	if (s->state != STREAM_HANDSHAKE && s->ops->on_written)
		call(s, s->ops->on_written);
	if (s->state != STREAM_FLUSHING) {
		tell_drained(s);
		return;
	}
	if (s->eof || uv_fileno(&s->uv.handle, &fd) || shutdown(fd, SHUT_WR) ||
	    stream_timer(s, LINGER_MS)) {
		finish(s, s->err, false);
		return;
	}
	s->state = STREAM_LINGERING;
	start_reading(s);
}

static void on_written(uv_write_t *req, int status)
{
	struct stream_flight *flight = req->data;
	struct io_stream *s = flight->s;

	s->flight = NULL;
	buf_fini(&flight->data);
	free(flight);
	if (s->state == STREAM_CLOSED)
		return;
	if (status < 0)
		finish(s, status, false);
	else
		flush(s);
}

/* What the kernel did not take waits in libuv; takes the memory of b. */
static int fly(struct io_stream *s, struct buf *b, size_t written)
{
	struct stream_flight *flight = calloc(1, sizeof(*flight));
	uv_buf_t rest;
	int err;

	if (!flight)
		return -ENOMEM;
	flight->req.data = flight;
	flight->s = s;
	flight->data = *b;
	buf_init(b, b->limit);
	rest = uv_buf_init(flight->data.data + written, (unsigned)(flight->data.len - written));
	err = uv_write(&flight->req, &s->uv.stream, &rest, 1, on_written);
	if (err) {
		buf_fini(&flight->data);
		free(flight);
		return err;
	}
	s->flight = flight;
	return 0;
}

/* 0: all of b is with the kernel or with libuv. */
static int write_out(struct io_stream *s, struct buf *b)
{
	uv_buf_t data = uv_buf_init(b->data, (unsigned)b->len);
	int written = b->len ? uv_try_write(&s->uv.stream, &data, 1) : 0;

	if (written == UV_EAGAIN)
		written = 0;
	if (written < 0)
		return written;
	if ((size_t)written < b->len)
		return fly(s, b, (size_t)written);
	io_buffer_return(s->loop, b);
	return 0;
}

static void flush(void *arg)
{
	struct io_stream *s = arg;
	struct buf *b = &s->out;
	int err = 0;

	if (s->tls && !s->paused)
		stream_tls_feed(s, SPAN_NONE); /* what was held back by a pause */
	if (s->flight || !can_write(s))
		return;
	if (s->tls) {
		err = stream_tls_seal(s);
		b = stream_tls_wire(s);
	}
	if (!err)
		err = write_out(s, b);
	if (err)
		finish(s, err, false);
	else if (!s->flight)
		flushed(s);
	else
		tell_drained(s);
}

struct buf *io_stream_output(struct io_stream *s)
{
	/* What is closing still writes what it holds: nothing may come behind it. */
	if (s->state != STREAM_OPEN)
		return io_waste_buffer(s->loop);
	io_buffer_borrow(s->loop, &s->out);
	return &s->out;
}

int io_stream_commit(struct io_stream *s)
{
	size_t pending;

	if (s->state != STREAM_OPEN) {
		buf_fini(io_waste_buffer(s->loop));
		return -EPIPE;
	}
	io_later(s->loop, &s->flush);
	pending = io_stream_pending(s);
	/* One answer may be of any size; what comes on top of a full output may not. */
	if (s->out.err || (s->told_full && pending / OUTPUT_HARD > s->output_max)) {
		finish(s, -ENOBUFS, true);
		return -EPIPE;
	}
	if (pending <= s->output_max)
		return 0;
	s->told_full = true;
	return -EAGAIN;
}

int io_stream_write(struct io_stream *s, struct span data)
{
	if (s->state != STREAM_OPEN)
		return -EPIPE;
	buf_add(io_stream_output(s), data);
	return io_stream_commit(s);
}

void stream_limit(struct io_stream *s, size_t output_max)
{
	s->output_max = output_max;
}

bool stream_is_full(struct io_stream *s, size_t len)
{
	size_t pending = io_stream_pending(s);

	/* Into an empty output fits one of any size. */
	if (!pending || pending + len <= s->output_max)
		return false;
	s->told_full = true;
	return true;
}

void io_stream_pause(struct io_stream *s)
{
	s->paused = true;
	if (s->state == STREAM_OPEN)
		uv_read_stop(&s->uv.stream);
}

void io_stream_resume(struct io_stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	if (s->state != STREAM_OPEN)
		return;
	start_reading(s);
	if (s->tls)
		io_later(s->loop, &s->flush); /* it may hold content that was read already */
}

void io_stream_close(struct io_stream *s)
{
	if (s->state == STREAM_CONNECTING || s->state == STREAM_HANDSHAKE) {
		finish(s, 0, false);
		return;
	}
	if (s->state != STREAM_OPEN)
		return;
	if (s->tls)
		stream_tls_end(s);
	s->state = STREAM_FLUSHING;
	if (stream_timer(s, FLUSH_MS)) {
		finish(s, -ENOMEM, false);
		return;
	}
	start_reading(s); /* to see the peer's end; what it says is dropped */
	io_later(s->loop, &s->flush);
}

static void peer_text(const struct io_stream *s, char *out, size_t size)
{
	struct sockaddr_storage peer;
	int len = sizeof(peer);
	char host[INET6_ADDRSTRLEN] = "";

	snprintf(out, size, "%s", s->is_pipe ? "unix" : "unknown");
	if (s->is_pipe || uv_tcp_getpeername(&s->uv.tcp, (struct sockaddr *)&peer, &len))
		return;
	if (uv_ip_name((const struct sockaddr *)&peer, host, sizeof(host)))
		return;
	/* Who came by IPv4 to a socket of both is still who came by IPv4. */
	if (peer.ss_family == AF_INET6 && strncmp(host, "::ffff:", 7) == 0)
		snprintf(out, size, "%s:%u", host + 7,
		         ntohs(((const struct sockaddr_in6 *)&peer)->sin6_port));
	else if (peer.ss_family == AF_INET6)
		snprintf(out, size, "[%s]:%u", host,
		         ntohs(((const struct sockaddr_in6 *)&peer)->sin6_port));
	else
		snprintf(out, size, "%s:%u", host,
		         ntohs(((const struct sockaddr_in *)&peer)->sin_port));
}

const char *io_stream_peer(struct io_stream *s)
{
	char text[INET6_ADDRSTRLEN + 16];

	if (!s->peer) {
		peer_text(s, text, sizeof(text));
		s->peer = strdup(text);
	}
	return s->peer ? s->peer : "unknown";
}

const char *io_stream_tls_why(const struct io_stream *s)
{
	return s->why;
}

void io_stream_own(struct io_stream *s, const struct io_stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}
