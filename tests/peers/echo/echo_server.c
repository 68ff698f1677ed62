/*
 * A server of gateway/io with next to nothing behind it: what the tests of HTTP and WebSocket
 * conformance, and measurements, speak with. Prints the port it got, serves until SIGTERM.
 *
 *	GET  /hello          200 text
 *	POST /echo           200 with the body
 *	GET  /parts/:a/:b    200 "A|B"
 *	GET  /later          200 in a later turn of the loop
 *	     /ws             WebSocket: echoes; "close 4001 why" closes, "flood" sends until it is
 *full /chat           the same with subprotocol "test.v1", 1000 octets a message
 */
#include "buf.h"
#include "http_server.h"
#include "websocket.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct echo {
	struct io_loop *loop;
	struct http_server *server;
	uv_signal_t stop;
};

static void on_hello(void *arg, struct http_request *r)
{
	(void)arg;
	http_respond(r, 200, "text/plain", SPAN_LIT("hello\n"));
}

static void on_echo(void *arg, struct http_request *r)
{
	(void)arg;
	http_respond(r, 200, "application/octet-stream", http_body(r));
}

static void on_parts(void *arg, struct http_request *r)
{
	struct buf b;

	(void)arg;
	buf_init(&b, 4096);
	buf_add(&b, http_part(r, 0));
	buf_u8(&b, '|');
	buf_add(&b, http_part(r, 1));
	http_respond(r, 200, "text/plain", buf_span(&b));
	buf_fini(&b);
}

struct delayed {
	struct http_request *r;
	struct io_timer *timer;
};

static void answer_late(void *arg)
{
	struct delayed *d = arg;

	http_respond(d->r, 200, "text/plain", SPAN_LIT("later\n"));
	io_timer_destroy(&d->timer);
	free(d);
}

static void on_later(void *arg, struct http_request *r)
{
	struct echo *echo = arg;
	struct delayed *d = calloc(1, sizeof(*d));

	if (!d || io_timer_create(echo->loop, "later", answer_late, d, &d->timer)) {
		free(d);
		http_problem(r, 503, "unavailable", "No memory.", NULL);
		return;
	}
	d->r = r;
	io_timer_start(d->timer, 20, 0);
}

static int on_request(void *arg, const struct http_request *r, void **data)
{
	*data = arg;
	return span_is(http_header(r, "x-refuse"), "yes") ? 403 : 0;
}

static void on_open(void *data, struct websocket *ws)
{
	(void)data;
	(void)ws;
}

static void flood(struct websocket *ws)
{
	static char text[10000];
	unsigned sent = 0;
	char report[32];
	int err;

	memset(text, 'x', sizeof(text));
	while (!(err = websocket_send(ws, (struct span){text, sizeof(text)})) && sent < 100000)
		sent++;
	fprintf(stderr, "flood: %u taken, then %s\n", sent, err == -EAGAIN ? "EAGAIN" : "other");
	snprintf(report, sizeof(report), "%u", sent);
	err = websocket_send(ws, span_of(report));
	(void)err; /* full, as it should be */
}

static void on_text(void *data, struct websocket *ws, struct span text)
{
	int err = 0;

	(void)data;
	if (span_is(text, "close 4001 why"))
		websocket_close(ws, 4001, "why");
	else if (span_is(text, "flood"))
		flood(ws);
	else
		err = websocket_send(ws, text);
	if (err == -EAGAIN)
		websocket_close(ws, 4009, "reads too slowly");
}

static void on_drain(void *data, struct websocket *ws)
{
	int err = websocket_send(ws, SPAN_LIT("drained"));

	(void)data;
	(void)err;
}

static void on_close(void *data, struct websocket *ws, uint16_t code)
{
	(void)data;
	(void)ws;
	fprintf(stderr, "closed: %u\n", code);
}

static const struct websocket_ops ws_ops = {.on_request = on_request,
                                            .on_open = on_open,
                                            .on_text = on_text,
                                            .on_drain = on_drain,
                                            .on_close = on_close};

static int add_routes(struct echo *echo, uint64_t ping_ms)
{
	const struct websocket_options plain = {.name = "echo",
	                                        .message_max = 1 << 20,
	                                        .pings_per_min = 50,
	                                        .ping_ms = ping_ms,
	                                        .pong_ms = ping_ms};
	const struct websocket_options chat = {
		.name = "chat", .subprotocol = "test.v1", .message_max = 1000};
	int err = http_route(echo->server, HTTP_M_GET, "/hello", on_hello, echo);

	if (!err)
		err = http_route(echo->server, HTTP_M_POST, "/echo", on_echo, echo);
	if (!err)
		err = http_route(echo->server, HTTP_M_GET, "/parts/:a/:b", on_parts, echo);
	if (!err)
		err = http_route(echo->server, HTTP_M_GET, "/later", on_later, echo);
	if (!err)
		err = websocket_route(echo->server, "/ws", &plain, &ws_ops, echo);
	if (!err)
		err = websocket_route(echo->server, "/chat", &chat, &ws_ops, echo);
	return err;
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct echo *echo = handle->data;

	(void)number;
	uv_close((uv_handle_t *)handle, NULL);
	http_server_destroy(&echo->server);
	io_loop_stop(echo->loop);
}

/* Milliseconds from the environment, or 0 for the default. */
static uint64_t from_environment(const char *name)
{
	const char *value = getenv(name);
	uint64_t ms = 0;

	return value && span_u64(span_of(value), &ms) == 0 ? ms : 0;
}

int main(void)
{
	static struct echo echo;
	struct http_limits limits = {.head_ms = from_environment("ECHO_HEAD_MS"),
	                             .body_ms = from_environment("ECHO_BODY_MS"),
	                             .idle_ms = from_environment("ECHO_IDLE_MS"),
	                             .connections = (unsigned)from_environment("ECHO_CONNECTIONS")};
	uint16_t port;

	if (io_loop_create(NULL, &echo.loop) ||
	    http_server_create(echo.loop, "echo", &limits, &echo.server) ||
	    add_routes(&echo, from_environment("ECHO_PING_MS")) ||
	    http_server_listen(echo.server, "127.0.0.1:0", NULL, &port))
		return EXIT_FAILURE;
	uv_signal_init(io_loop_uv(echo.loop), &echo.stop);
	echo.stop.data = &echo;
	uv_signal_start(&echo.stop, on_signal, SIGTERM);
	printf("%u\n", port);
	fflush(stdout);
	io_loop_run(echo.loop);
	io_loop_destroy(&echo.loop);
	return EXIT_SUCCESS;
}
