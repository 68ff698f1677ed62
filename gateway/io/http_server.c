/* The HTTP server as a whole: listeners, who is connected, limits, and its end. */
#include "http_internal.h"

#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>

static const struct http_limits defaults = {
	.head_max = 16384,
	.body_max = 1 << 20,
	.head_ms = 10000,
	.body_ms = 30000,
	.idle_ms = 75000,
	.connections = 18000,
};

static void set_limits(struct http_limits *out, const struct http_limits *in)
{
	*out = defaults;
	if (!in)
		return;
	if (in->head_max)
		out->head_max = in->head_max;
	if (in->body_max)
		out->body_max = in->body_max;
	if (in->head_ms)
		out->head_ms = in->head_ms;
	if (in->body_ms)
		out->body_ms = in->body_ms;
	if (in->idle_ms)
		out->idle_ms = in->idle_ms;
	if (in->connections)
		out->connections = in->connections;
	out->per_address = in->per_address;
}

static void on_drained(void *arg)
{
	struct http_server *server = arg;
	done_fn *done = server->drained;

	server->drained = NULL;
	if (done)
		done(server->drained_arg, 0);
}

int http_server_create(struct io_loop *loop, const char *name, const struct http_limits *limits,
                       struct http_server **out)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->loop = loop;
	server->name = name;
	server->tell_drained.fn = on_drained;
	server->tell_drained.arg = server;
	set_limits(&server->limits, limits);
	server->connections_gauge =
		metric_get(METRIC_GAUGE, "posthouse_http_connections",
	                   "Open connections to our listeners", "listener", name);
	server->seconds = metric_histogram("posthouse_http_seconds",
	                                   "From a whole request to its answer", "listener", name);
	err = io_wheel_create(loop, name, http_connection_deadline, &server->wheel);
	if (err) {
		free(server);
		return err;
	}
	server->live = 1;
	*out = server;
	return 0;
}

static void free_server(struct http_server *server)
{
	struct http_route *route;

	io_later_cancel(server->loop, &server->tell_drained);
	io_wheel_destroy(&server->wheel);
	while ((route = server->routes)) {
		server->routes = route->next;
		if (route->free_arg)
			route->free_arg(route->arg);
		free(route);
	}
	while (server->spares)
		free(server->spare[--server->spares]);
	free(server);
}

void http_server_release(struct http_server *server)
{
	if (--server->live == 0)
		free_server(server);
}

static void close_listeners(struct http_server *server)
{
	struct http_listening *l;

	while ((l = server->listeners)) {
		server->listeners = l->next;
		io_listener_close(&l->listener);
		free(l);
	}
}

void http_server_destroy(struct http_server **at)
{
	struct http_server *server = *at;

	if (!server)
		return;
	*at = NULL;
	server->draining = true;
	close_listeners(server);
	for (struct http_member *m = server->members; m; m = m->next)
		m->drop(m);
	http_server_release(server);
}

static void on_accept(void *arg, struct io_stream *s)
{
	http_connection_accept(((struct http_listening *)arg)->server, s);
}

/* "127.0.0.1:7080", "[::1]:0", ":7080" (all addresses). */
static int parse_address(const char *address, char *host, size_t size, uint16_t *port)
{
	const char *colon = strrchr(address, ':');
	struct span name = {address, colon ? (size_t)(colon - address) : 0};
	uint64_t number;

	if (!colon || span_u64(span_of(colon + 1), &number) || number > UINT16_MAX)
		return -EINVAL;
	if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
		name = (struct span){name.ptr + 1, name.len - 2};
	else if (!name.len)
		name = SPAN_LIT("::");
	if (name.len >= size)
		return -EINVAL;
	memcpy(host, name.ptr, name.len);
	host[name.len] = '\0';
	*port = (uint16_t)number;
	return 0;
}

int http_server_listen(struct http_server *server, const char *address, struct io_tls *tls,
                       uint16_t *port)
{
	struct http_listening *l;
	char host[INET6_ADDRSTRLEN];
	uint16_t number;
	int err = parse_address(address, host, sizeof(host), &number);

	if (err)
		return err;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->server = server;
	err = io_listen(server->loop, host, number, tls, on_accept, l, &l->listener);
	if (err == -EAFNOSUPPORT && strcmp(host, "::") == 0) /* a machine without IPv6 */
		err = io_listen(server->loop, "0.0.0.0", number, tls, on_accept, l, &l->listener);
	if (err) {
		free(l);
		return err;
	}
	l->next = server->listeners;
	server->listeners = l;
	if (port)
		*port = io_listener_port(l->listener);
	return 0;
}

static void check_drained(struct http_server *server)
{
	if (server->draining && server->drained && !server->count)
		io_later(server->loop, &server->tell_drained);
}

void http_server_drain(struct http_server *server, done_fn *done, void *arg)
{
	server->draining = true;
	server->drained = done;
	server->drained_arg = arg;
	close_listeners(server);
	for (struct http_member *m = server->members; m; m = m->next)
		if (m->drain)
			m->drain(m);
	check_drained(server);
}

void http_member_add(struct http_server *server, struct http_member *member)
{
	member->next = server->members;
	member->at = &server->members;
	if (member->next)
		member->next->at = &member->next;
	server->members = member;
	server->count++;
	server->live++;
	++*server->connections_gauge;
}

void http_member_remove(struct http_server *server, struct http_member *member)
{
	*member->at = member->next;
	if (member->next)
		member->next->at = member->at;
	if (member->address && --member->address->count == 0) {
		HASH_DEL(server->addresses, member->address);
		free(member->address);
	}
	server->count--;
	--*server->connections_gauge;
	check_drained(server);
	http_server_release(server);
}

void http_member_replace(struct http_member *a, struct http_member *b)
{
	b->next = a->next;
	b->at = a->at;
	b->address = a->address;
	*b->at = b;
	if (b->next)
		b->next->at = &b->next;
}

/* IPv4 as the IPv6 address that is mapped to it. */
static int address_key(struct io_stream *s, struct in6_addr *out)
{
	struct sockaddr_storage peer;
	int len = sizeof(peer);
	int err = uv_tcp_getpeername(&s->uv.tcp, (struct sockaddr *)&peer, &len);

	if (err)
		return err;
	if (peer.ss_family == AF_INET6) {
		*out = ((const struct sockaddr_in6 *)&peer)->sin6_addr;
		return 0;
	}
	memset(out, 0, sizeof(*out));
	memset(out->s6_addr + 10, 0xFF, 2);
	memcpy(out->s6_addr + 12, &((const struct sockaddr_in *)&peer)->sin_addr, 4);
	return 0;
}

bool http_address_take(struct http_server *server, struct io_stream *s, struct http_member *member)
{
	struct http_address *address;
	struct in6_addr key;

	if (!server->limits.per_address || address_key(s, &key))
		return true;
	HASH_FIND(hh, server->addresses, &key, sizeof(key), address);
	if (!address) {
		address = calloc(1, sizeof(*address));
		if (!address)
			return false;
		address->key = key;
		HASH_ADD(hh, server->addresses, key, sizeof(key), address);
	} else if (address->count >= server->limits.per_address) {
		return false;
	}
	address->count++;
	member->address = address;
	return true;
}
