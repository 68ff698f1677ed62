/*
 * WebSocket connections: their life on the stream that the HTTP server gave away. An idle one holds
 * this struct and its stream, no buffer and no timer.
 */
#include "websocket.h"

#include "http_internal.h"
#include "metrics.h"
#include "utf8.h"
#include "ws_frame.h"
#include "ws_handshake.h"

#include <stdlib.h>

enum {
	MESSAGE_MAX = 65536,
	OUTPUT_MAX = 262144,
	FRAGMENTS_MAX = 256,
	PINGS_PER_MIN = 120,
	PING_MS = 25000,
	PONG_MS = 10000,
	CLOSE_MS = 3000, /* the peer's time to answer a close frame */
	CLOSE_RATE = 4008,
	REASON_MAX = WS_CONTROL_MAX - 2,
	MINUTE_MS = 60000
};

struct websocket_place {
	struct http_server *server;
	struct websocket_options options;
	struct websocket_ops ops;
	void *arg;
	struct io_wheel *wheel;
	uint64_t *open_gauge;
};

enum websocket_state {
	WS_OPEN,
	WS_CLOSE_SENT, /* waits for the peer's */
	WS_OVER        /* the owner was told; only TCP is left to end */
};

/* What came while reading was paused. */
struct websocket_held {
	struct io_later later;
	struct buf in;
};

struct websocket {
	struct http_member member;
	struct io_wheel_entry deadline;
	struct websocket_place *place;
	struct io_stream *stream;
	void *data;
	struct buf message; /* of a message that did not come in one piece */
	struct websocket_held *held;
	uint64_t minute_ms;
	unsigned pings;
	uint16_t code; /* that on_close will get */
	enum websocket_state state : 8;
	bool paused : 1, pinged : 1;
	struct ws_decoder decoder;
};

/* The end for the owner; the stream may live on for a moment. */
static void tell_over(struct websocket *ws, uint16_t code)
{
	if (ws->state == WS_OVER)
		return;
	ws->state = WS_OVER;
	io_wheel_stop(ws->place->wheel, &ws->deadline);
	io_buffer_return(ws->stream->loop, &ws->message);
	--*ws->place->open_gauge;
	ws->place->ops.on_close(ws->data, ws, code);
}

static int send_frame(struct websocket *ws, enum ws_opcode opcode, struct span payload)
{
	struct buf *b = io_stream_output(ws->stream);
	int err;

	ws_encode_head(b, opcode, payload.len);
	buf_add(b, payload);
	err = io_stream_commit(ws->stream);
	return err == -EAGAIN ? 0 : err;
}

static void send_close(struct websocket *ws, uint16_t code, struct span reason)
{
	char payload[WS_CONTROL_MAX];
	size_t len = 0;
	int err;

	if (code != WS_NO_CODE) {
		reason = utf8_cut(reason, REASON_MAX);
		payload[0] = (char)(code >> 8);
		payload[1] = (char)code;
		if (reason.len)
			memcpy(payload + 2, reason.ptr, reason.len);
		len = 2 + reason.len;
	}
	err = send_frame(ws, WS_CLOSE, (struct span){payload, len});
	(void)err; /* it ends in any case */
}

/* The peer broke a rule: said, and over (7.1.7). */
static void fail(struct websocket *ws, uint16_t code, const char *reason)
{
	if (ws->state == WS_OPEN)
		send_close(ws, code, span_of(reason));
	else
		code = ws->code;
	io_stream_close(ws->stream);
	tell_over(ws, code);
}

static const char *reason_of(int code)
{
	switch (code) {
	case WS_UNSUPPORTED:
		return "text only";
	case WS_BAD_TEXT:
		return "not UTF-8";
	case WS_TOO_BIG:
		return "message too large";
	case WS_POLICY:
		return "too many fragments";
	default:
		return "protocol error";
	}
}

static void on_close_frame(struct websocket *ws, struct span payload)
{
	struct span reason;
	uint16_t code;
	int wrong = ws_close_parse(payload, &code, &reason);

	if (wrong) {
		fail(ws, (uint16_t)wrong, "malformed close");
		return;
	}
	if (ws->state == WS_OPEN) {
		send_close(ws, code, SPAN_NONE);
		ws->code = code;
	}
	/* The server closes TCP first (7.1.1); the stream waits a moment for the client's end. */
	io_stream_close(ws->stream);
	tell_over(ws, ws->code);
}

static bool too_many_pings(struct websocket *ws)
{
	uint64_t now = uv_now(io_loop_uv(ws->stream->loop));

	if (now - ws->minute_ms >= MINUTE_MS) {
		ws->minute_ms = now;
		ws->pings = 0;
	}
	return ++ws->pings > ws->place->options.pings_per_min;
}

static void on_control(struct websocket *ws, const struct ws_event *event)
{
	if (event->opcode == WS_CLOSE) {
		on_close_frame(ws, event->payload);
	} else if (event->opcode == WS_PING && ws->state == WS_OPEN) {
		if (too_many_pings(ws))
			fail(ws, CLOSE_RATE, "too many pings");
		else if (send_frame(ws, WS_PONG, event->payload))
			io_stream_abort(ws->stream, -EPIPE);
	}
}

/* One piece is the whole message most of the time, and then it is not copied. */
static void on_piece(struct websocket *ws, const struct ws_event *event)
{
	struct buf message;

	if (ws->state != WS_OPEN)
		return;
	if (event->what == WS_LAST_PIECE && !ws->message.len) {
		ws->place->ops.on_text(ws->data, ws, event->payload);
		return;
	}
	io_buffer_borrow(ws->stream->loop, &ws->message);
	buf_add(&ws->message, event->payload);
	if (buf_check(&ws->message)) {
		io_stream_abort(ws->stream, -ENOMEM);
		return;
	}
	if (event->what != WS_LAST_PIECE)
		return;
	message = ws->message;
	buf_init(&ws->message, SIZE_MAX);
	ws->place->ops.on_text(ws->data, ws, buf_span(&message));
	io_buffer_return(ws->stream->loop, &message);
}

/* Works through what came; what is left when the owner pauses is kept. */
static size_t decode(struct websocket *ws, char *at, size_t len)
{
	while (len && ws->state != WS_OVER && !ws->paused) {
		struct ws_event event;
		int code = ws_decode(&ws->decoder, &at, &len, &event);

		if (code)
			fail(ws, (uint16_t)code, reason_of(code));
		else if (event.what == WS_CONTROL)
			on_control(ws, &event);
		else if (event.what != WS_NOTHING)
			on_piece(ws, &event);
	}
	return ws->state == WS_OVER ? 0 : len;
}

static void free_held(struct websocket *ws)
{
	if (!ws->held)
		return;
	io_later_cancel(ws->stream->loop, &ws->held->later);
	buf_fini(&ws->held->in);
	free(ws->held);
	ws->held = NULL;
}

static void on_held(void *arg)
{
	struct websocket *ws = arg;
	struct buf *in = &ws->held->in;
	size_t left = decode(ws, in->data, in->len);

	if (left)
		buf_drop(in, in->len - left);
	else
		free_held(ws);
}

static void hold(struct websocket *ws, struct span rest)
{
	if (!ws->held) {
		ws->held = calloc(1, sizeof(*ws->held));
		if (!ws->held) {
			io_stream_abort(ws->stream, -ENOMEM);
			return;
		}
		buf_init(&ws->held->in, SIZE_MAX);
		ws->held->later.fn = on_held;
		ws->held->later.arg = ws;
	}
	buf_add(&ws->held->in, rest);
	if (buf_check(&ws->held->in))
		io_stream_abort(ws->stream, -ENOMEM);
}

static void on_data(void *arg, struct span data)
{
	struct websocket *ws = arg;
	/* The read buffer is the loop's, and ours for this call: unmasked where it lies. */
	char *at = io_read_memory(data);
	size_t left;

	if (ws->state == WS_OPEN) {
		ws->pinged = false;
		io_wheel_set(ws->place->wheel, &ws->deadline, ws->place->options.ping_ms);
	}
	if (ws->held) {
		hold(ws, data);
		return;
	}
	left = decode(ws, at, data.len);
	if (left)
		hold(ws, (struct span){data.ptr + data.len - left, left});
}

static void on_drain(void *arg)
{
	struct websocket *ws = arg;

	if (ws->state == WS_OPEN && ws->place->ops.on_drain)
		ws->place->ops.on_drain(ws->data, ws);
}

static void on_stream_close(void *arg, int err)
{
	struct websocket *ws = arg;

	(void)err;
	tell_over(ws, ws->state == WS_CLOSE_SENT ? ws->code : WS_ABNORMAL);
	free_held(ws);
	http_member_remove(ws->place->server, &ws->member);
	free(ws);
}

static const struct io_stream_ops stream_ops = {
	.name = "websocket", .on_data = on_data, .on_drain = on_drain, .on_close = on_stream_close};

static void drop(struct http_member *member)
{
	struct websocket *ws = CONTAINER_OF(member, struct websocket, member);

	io_stream_abort(ws->stream, 0);
	tell_over(ws, ws->state == WS_CLOSE_SENT ? ws->code : WS_ABNORMAL);
}

/* Silent for long: asked for life; asked already: gone. */
static void on_deadline(struct io_wheel_entry *entry)
{
	struct websocket *ws = CONTAINER_OF(entry, struct websocket, deadline);

	if (ws->state != WS_OPEN) {
		io_stream_close(ws->stream);
		tell_over(ws, ws->code);
	} else if (ws->paused) {
		io_wheel_set(ws->place->wheel, entry, ws->place->options.ping_ms);
	} else if (ws->pinged || send_frame(ws, WS_PING, SPAN_NONE)) {
		io_stream_abort(ws->stream, -ETIMEDOUT);
	} else {
		ws->pinged = true;
		io_wheel_set(ws->place->wheel, entry, ws->place->options.pong_ms);
	}
}

static struct websocket *websocket_new(struct websocket_place *place)
{
	struct websocket *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return NULL;
	ws->member.drop = drop;
	ws->place = place;
	ws->code = WS_ABNORMAL;
	buf_init(&ws->message, SIZE_MAX);
	ws_decoder_init(&ws->decoder, place->options.message_max, FRAGMENTS_MAX);
	return ws;
}

static void open_websocket(struct websocket_place *place, struct http_request *r,
                           struct websocket *ws, struct span lines)
{
	ws->stream = http_upgrade(r, lines, &ws->member, &stream_ops, ws);
	stream_limit(ws->stream, place->options.output_max);
	io_wheel_set(place->wheel, &ws->deadline, place->options.ping_ms);
	++*place->open_gauge;
	place->ops.on_open(ws->data, ws);
}

/* The handshake is in order: does the owner want it? lines is what it is answered with. */
static void offer(struct websocket_place *place, struct http_request *r, struct span lines)
{
	struct websocket *ws = websocket_new(place);
	int status = ws ? place->ops.on_request(place->arg, r, &ws->data) : 0;

	if (!ws) {
		http_problem(r, 503, "unavailable", "No memory.", NULL);
	} else if (status) {
		free(ws);
		http_problem(r, status, "refused", "This WebSocket is not for you.", NULL);
	} else {
		open_websocket(place, r, ws, lines);
	}
}

static void on_handshake(void *arg, struct http_request *r)
{
	struct websocket_place *place = arg;
	const char *subprotocol = place->options.subprotocol;
	struct buf lines;

	if (ws_handshake_refuse(r, subprotocol))
		return;
	buf_init(&lines, 4096);
	if (ws_handshake_accept(r, subprotocol, &lines))
		http_problem(r, 503, "unavailable", "No memory.", NULL);
	else
		offer(place, r, buf_span(&lines));
	buf_fini(&lines);
}

static void place_free(void *arg)
{
	struct websocket_place *place = arg;

	io_wheel_destroy(&place->wheel);
	free(place);
}

static struct websocket_place *place_new(struct http_server *server,
                                         const struct websocket_options *options)
{
	struct websocket_place *place = calloc(1, sizeof(*place));

	if (!place || io_wheel_create(server->loop, options->name, on_deadline, &place->wheel)) {
		free(place);
		return NULL;
	}
	place->server = server;
	place->options = *options;
	if (!options->message_max)
		place->options.message_max = MESSAGE_MAX;
	if (!options->output_max)
		place->options.output_max = OUTPUT_MAX;
	if (!options->pings_per_min)
		place->options.pings_per_min = PINGS_PER_MIN;
	if (!options->ping_ms)
		place->options.ping_ms = PING_MS;
	if (!options->pong_ms)
		place->options.pong_ms = PONG_MS;
	place->open_gauge = metric_get(METRIC_GAUGE, "posthouse_websockets", "Open WebSockets",
	                               "kind", options->name);
	return place;
}

int websocket_route(struct http_server *server, const char *path,
                    const struct websocket_options *options, const struct websocket_ops *ops,
                    void *arg)
{
	struct websocket_place *place = place_new(server, options);
	struct http_route route = {
		.methods = HTTP_M_GET, .fn = on_handshake, .arg = place, .free_arg = place_free};
	int err;

	if (!place)
		return -ENOMEM;
	place->ops = *ops;
	place->arg = arg;
	err = http_route_add(server, path, &route);
	if (err)
		place_free(place);
	return err;
}

int websocket_send(struct websocket *ws, struct span text)
{
	if (ws->state != WS_OPEN)
		return -EPIPE;
	if (stream_is_full(ws->stream, text.len))
		return -EAGAIN;
	return send_frame(ws, WS_TEXT, text);
}

void websocket_close(struct websocket *ws, uint16_t code, const char *reason)
{
	if (ws->state != WS_OPEN)
		return;
	send_close(ws, code, span_of(reason));
	ws->state = WS_CLOSE_SENT;
	ws->code = code;
	io_wheel_stop(ws->place->wheel, &ws->deadline);
	io_wheel_set(ws->place->wheel, &ws->deadline, CLOSE_MS);
	websocket_resume(ws); /* the peer's close frame must be seen */
}

void websocket_pause(struct websocket *ws)
{
	ws->paused = true;
	if (ws->state != WS_OVER)
		io_stream_pause(ws->stream);
}

void websocket_resume(struct websocket *ws)
{
	if (!ws->paused)
		return;
	ws->paused = false;
	if (ws->state == WS_OVER)
		return;
	io_stream_resume(ws->stream);
	if (ws->held)
		io_later(ws->stream->loop, &ws->held->later);
}
