/* Listening sockets: each accepted connection becomes a stream for the listener's owner. */
#include "stream_internal.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BACKLOG = 4096, HANDSHAKE_MS = 10000, COMPLAIN_MS = 10000 };

struct io_listener {
	uv_tcp_t tcp;
	struct io_loop *loop;
	struct io_tls *tls;
	io_accept_fn *on_accept;
	void *arg;
	uint16_t port;
	struct log_throttle throttle;
};

static void complain(struct io_listener *l, int err)
{
	uint64_t held_back;

	if (log_throttle_pass(&l->throttle, clock_mono_ms(io_loop_clock(l->loop)), COMPLAIN_MS,
	                      &held_back))
		log_warn(io_loop_log(l->loop), EVENT("io.accept"), NUM("port", l->port), ERR(err),
		         NUM("held_back", held_back));
}

static int accept_one(struct io_listener *l, struct io_stream **out)
{
	struct io_stream *s;
	int err = stream_new(l->loop, false, &s);

	if (err)
		return err;
	err = uv_accept((uv_stream_t *)&l->tcp, &s->uv.stream);
	if (!err && l->tls)
		err = stream_timer(s, HANDSHAKE_MS);
	if (err) {
		io_stream_abort(s, err);
		return err;
	}
	*out = s;
	return 0;
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct io_listener *l = stream->data;
	uint64_t entered = io_enter(l->loop);
	struct io_stream *s = NULL;
	int err = status ? status : accept_one(l, &s);

	if (err) {
		complain(l, err);
	} else {
		l->on_accept(l->arg, s);
		if (!s->ops)
			io_stream_abort(s, 0); /* nobody wants it */
		else if (s->state != STREAM_CLOSED)
			stream_connected(s, l->tls, true, NULL);
	}
	io_leave(l->loop, "io.accept", entered);
}

/* Set once here: on Linux an accepted socket inherits these. */
static int set_options(uv_tcp_t *tcp)
{
	const int one = 1, idle_s = 60, probe_s = 10;
	uv_os_fd_t fd;
	int err = uv_fileno((uv_handle_t *)tcp, &fd);

	if (err)
		return err;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof(probe_s)))
		return -errno;
	return 0;
}

static int real_port(struct io_listener *l)
{
	struct sockaddr_storage name;
	int len = sizeof(name);
	int err = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&name, &len);

	if (err)
		return err;
	l->port = ntohs(name.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&name)->sin6_port
	                                           : ((const struct sockaddr_in *)&name)->sin_port);
	return 0;
}

static int bind_and_listen(struct io_listener *l, const char *host, uint16_t port)
{
	struct sockaddr_storage name;
	int err = uv_ip4_addr(host, port, (struct sockaddr_in *)&name);

	if (err)
		err = uv_ip6_addr(host, port, (struct sockaddr_in6 *)&name);
	if (!err)
		err = uv_tcp_bind(&l->tcp, (const struct sockaddr *)&name, 0);
	if (!err)
		err = set_options(&l->tcp);
	if (!err)
		err = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	return err ? err : real_port(l);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int io_listen(struct io_loop *loop, const char *host, uint16_t port, struct io_tls *tls,
              io_accept_fn *on_accept, void *arg, struct io_listener **out)
{
	struct io_listener *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	*l = (struct io_listener){.loop = loop, .tls = tls, .on_accept = on_accept, .arg = arg};
	err = uv_tcp_init(io_loop_uv(loop), &l->tcp);
	if (err) {
		free(l);
		return err;
	}
	l->tcp.data = l;
	err = bind_and_listen(l, host, port);
	if (err) {
		uv_close((uv_handle_t *)&l->tcp, on_closed);
		return err;
	}
	*out = l;
	return 0;
}

uint16_t io_listener_port(const struct io_listener *l)
{
	return l->port;
}

void io_listener_close(struct io_listener **l)
{
	if (!*l)
		return;
	uv_close((uv_handle_t *)&(*l)->tcp, on_closed);
	*l = NULL;
}
