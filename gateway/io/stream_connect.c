/*
 * How an outgoing stream comes to be: the name is resolved on the pool, its addresses are tried in
 * turn under one deadline, then TLS. A failure is told by on_close, as any other end.
 */
#include "stream_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 10000 };

struct stream_connecting {
	struct io_stream *s; /* NULL: it was given up; only libuv still holds this */
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	struct addrinfo *list, *at;
	struct io_tls *tls;
	bool resolving, trying; /* what libuv is at */
	char port[8];
	char name[]; /* for the certificate */
};

static void try_address(struct stream_connecting *c);

static void release(struct stream_connecting *c)
{
	if (c->s || c->resolving || c->trying)
		return;
	uv_freeaddrinfo(c->list);
	free(c);
}

void stream_connecting_free(struct io_stream *s)
{
	struct stream_connecting *c = s->connecting;

	if (!c)
		return;
	s->connecting = NULL;
	c->s = NULL;
	if (c->resolving)
		uv_cancel((uv_req_t *)&c->resolve); /* where it still can; else we wait */
	release(c);
}

/* The handle of a failed attempt is gone; the next address needs a new one. */
static void on_attempt_closed(uv_handle_t *handle)
{
	struct io_stream *s = handle->data;
	int err;

	if (s->state == STREAM_CLOSED) {
		stream_gone(s);
		return;
	}
	err = uv_tcp_init(io_loop_uv(s->loop), &s->uv.tcp);
	s->uv.handle.data = s;
	if (err)
		stream_fail(s, err);
	else
		try_address(s->connecting);
}

static void attempt_failed(struct stream_connecting *c, int err)
{
	if (!c->at || !c->at->ai_next) {
		stream_fail(c->s, err);
		return;
	}
	c->at = c->at->ai_next;
	uv_close(&c->s->uv.handle, on_attempt_closed);
}

/* Where nobody listens on a port that the system also gives to connections, it may give it to ours,
 * and TCP joins the two ends of one socket (RFC 9293 3.5, simultaneous open). We would be our own
 * peer, and keep the port from the one that we wait for. */
static bool is_to_itself(const struct io_stream *s, const struct addrinfo *at)
{
	struct sockaddr_storage local = {0};
	int len = sizeof(local);

	return at && uv_tcp_getsockname(&s->uv.tcp, (struct sockaddr *)&local, &len) == 0 &&
	       (size_t)len == at->ai_addrlen && memcmp(&local, at->ai_addr, at->ai_addrlen) == 0;
}

static void on_connect(uv_connect_t *req, int status)
{
	struct stream_connecting *c = req->data;
	struct io_stream *s = c->s;
	struct io_tls *tls = c->tls;
	char name[256];

	c->trying = false;
	if (s && status == 0 && is_to_itself(s, c->at))
		status = -ECONNREFUSED;
	if (!s) {
		release(c);
	} else if (status == 0) {
		snprintf(name, sizeof(name), "%s", c->name);
		stream_connected(s, tls, false, name);
	} else if (!uv_is_closing(&s->uv.handle)) {
		attempt_failed(c, status);
	}
}

static void try_address(struct stream_connecting *c)
{
	struct io_stream *s = c->s;
	int err = uv_tcp_connect(&c->connect, &s->uv.tcp, c->at->ai_addr, on_connect);

	c->connect.data = c;
	if (err) {
		attempt_failed(c, err);
		return;
	}
	c->trying = true;
	/* Small PDUs must not wait for each other's acknowledgement; a dead peer must show. */
	uv_tcp_nodelay(&s->uv.tcp, 1);
	uv_tcp_keepalive(&s->uv.tcp, 1, 60);
}

/* The resolver's errors have no errno of their own. */
static int resolve_error(int status)
{
	return status == UV_EAI_MEMORY       ? -ENOMEM
	       : status <= UV_EAI_ADDRFAMILY ? -EHOSTUNREACH
	                                     : status;
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct stream_connecting *c = req->data;

	c->resolving = false;
	c->list = list;
	if (!c->s) {
		release(c);
	} else if (status) {
		stream_fail(c->s, resolve_error(status));
	} else {
		c->at = list;
		try_address(c);
	}
}

static int resolve(struct io_loop *loop, struct stream_connecting *c, const char *host)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	int err;

	c->resolve.data = c;
	err = uv_getaddrinfo(io_loop_uv(loop), &c->resolve, on_resolved, host, c->port, &hints);
	c->resolving = err == 0;
	return err;
}

static int begin(struct io_stream *s, const struct io_stream_options *options)
{
	struct stream_connecting *c = s->connecting;

	c->connect.data = c;
	if (!options->path)
		return resolve(s->loop, c, options->host);
	uv_pipe_connect(&c->connect, &s->uv.pipe, options->path, on_connect);
	c->trying = true;
	return 0;
}

static struct stream_connecting *connecting_new(struct io_stream *s,
                                                const struct io_stream_options *options)
{
	const char *name = options->tls_name ? options->tls_name : options->host;
	struct stream_connecting *c;

	if (!name)
		name = "";
	c = calloc(1, sizeof(*c) + strlen(name) + 1);
	if (!c)
		return NULL;
	c->s = s;
	c->tls = options->tls;
	memcpy(c->name, name, strlen(name) + 1);
	snprintf(c->port, sizeof(c->port), "%u", options->port);
	return c;
}

static void forget(uv_handle_t *handle)
{
	free(handle->data);
}

int io_stream_connect(struct io_loop *loop, const struct io_stream_options *options,
                      const struct io_stream_ops *ops, void *arg, struct io_stream **out)
{
	struct io_stream *s;
	int err = stream_new(loop, options->path != NULL, &s);

	if (err)
		return err;
	io_stream_own(s, ops, arg);
	if (options->output_max)
		s->output_max = options->output_max;
	s->connecting = connecting_new(s, options);
	if (!s->connecting)
		err = -ENOMEM;
	if (!err)
		err = stream_timer(s, options->connect_ms ? options->connect_ms : CONNECT_MS);
	if (!err)
		err = begin(s, options);
	if (err) {
		io_timer_destroy(&s->timer);
		stream_connecting_free(s);
		uv_close(&s->uv.handle, forget);
		return err;
	}
	*out = s;
	return 0;
}
