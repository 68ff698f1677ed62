/*
 * A connection of the HTTP server: one request at a time, in the order in which they came. The
 * common case, a whole request in one read, is parsed where it was read and answered in the same
 * turn; only what is incomplete is kept.
 */
#include "http_internal.h"

#include <assert.h>
#include <stdlib.h>

enum { OVER_LIMIT_ANSWERED = 64 };

static const struct io_stream_ops connection_ops;

void http_sent_tell(struct http_sent **list, int err)
{
	struct http_sent *sent = *list, *next;

	for (*list = NULL; sent; sent = next) {
		next = sent->next;
		sent->fn(sent->arg, err);
		free(sent);
	}
}

/* What its users still wait for ends here; c itself lives until its stream is closed. */
static void leave(struct http_connection *c)
{
	struct http_request *r = c->request;

	io_wheel_stop(c->server->wheel, &c->deadline);
	io_later_cancel(c->server->loop, &c->resume);
	io_buffer_return(c->server->loop, &c->in);
	http_sent_tell(&c->sent, -EPIPE);
	c->request = NULL;
	if (!r)
		return;
	r->connection = NULL;
	if (c->state != HTTP_ANSWERING)
		http_request_free(r);
	else if (r->gone)
		r->gone(r->gone_arg);
}

static void forget(struct http_connection *c)
{
	http_member_remove(c->server, &c->member);
	free(c);
}

static void on_close(void *arg, int err)
{
	struct http_connection *c = arg;

	(void)err;
	leave(c);
	forget(c);
}

static void drop(struct http_member *member)
{
	struct http_connection *c = CONTAINER_OF(member, struct http_connection, member);

	leave(c);
	c->state = HTTP_CLOSING;
	io_stream_abort(c->stream, 0);
}

static void close_now(struct http_connection *c)
{
	c->state = HTTP_CLOSING;
	io_wheel_stop(c->server->wheel, &c->deadline);
	io_stream_close(c->stream);
}

static void drain(struct http_member *member)
{
	struct http_connection *c = CONTAINER_OF(member, struct http_connection, member);

	if (c->state == HTTP_READS_HEAD && !c->in.len && !c->processing)
		close_now(c);
}

/* An error that is not a handler's: answered, and the connection ends with it. */
static void refuse(struct http_connection *c, int status, const char *code, const char *why)
{
	static const struct http_header_out retry = {"Retry-After", "1"};
	struct http_request *r = c->request ? c->request : http_request_new(c);

	if (!r) {
		close_now(c);
		return;
	}
	c->request = r;
	c->state = HTTP_ANSWERING;
	r->close = true;
	http_problem_with(r, status, code, why, NULL, &retry, status == 503);
}

static const struct refusal {
	int status;
	const char *code, *why;
} refusals[] = {
	{400, "bad_request",           "The request is malformed."          },
	{404, "not_found",             "There is nothing here."             },
	{413, "body_too_large",        "The body is larger than allowed."   },
	{414, "target_too_long",       "The request's target is too long."  },
	{417, "expectation_unknown",   "This expectation is not known."     },
	{431, "head_too_large",        "The head is larger than allowed."   },
	{501, "not_implemented",       "This method or coding is not known."},
	{503, "unavailable",           "Too many connections or no memory." },
	{505, "version_not_supported", "HTTP/1.1 is spoken here."           },
};

static void refuse_status(struct http_connection *c, int status, const char *why)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].status == status) {
			refuse(c, status, refusals[i].code, why ? why : refusals[i].why);
			return;
		}
	refuse(c, 500, "internal", "This should not happen.");
}

static void refuse_route(struct http_request *r)
{
	struct http_header_out allow = {.name = "Allow"};
	char methods[64];

	if (r->refuse != 405) {
		http_problem(r, 404, "not_found", "There is nothing here.", NULL);
		return;
	}
	http_methods_text(r->allowed, methods, sizeof(methods));
	allow.value = methods;
	http_problem_with(r, 405, "method_not_allowed", "This method is not known here.", NULL,
	                  &allow, 1);
}

static void dispatch(struct http_connection *c)
{
	struct http_request *r = c->request;
	const struct http_route *route = r->route;
	struct io_loop *loop = c->server->loop;
	uint64_t entered = io_enter(loop);

	io_wheel_stop(c->server->wheel, &c->deadline);
	c->state = HTTP_ANSWERING;
	r->began_us = clock_mono_us(io_loop_clock(loop));
	if (r->refuse)
		refuse_route(r);
	else
		route->fn(route->arg, r); /* r may be gone */
	io_leave(loop, route ? route->path : "http", entered);
}

static void send_continue(struct http_connection *c)
{
	int err = io_stream_write(c->stream, SPAN_LIT("HTTP/1.1 100 Continue\r\n\r\n"));

	(void)err; /* what is wrong with the stream shows when the answer is written */
}

/* The head is understood: what follows it, and is it wanted? */
static void begin_body(struct http_connection *c, bool more_is_there)
{
	struct http_request *r = c->request;
	const struct http_head *head = &r->head;

	if (!head->chunked && !head->length) {
		dispatch(c);
		return;
	}
	if (head->length > r->body_max) {
		refuse_status(c, 413, NULL);
		return;
	}
	if (head->expects_continue && r->refuse) {
		r->close = true; /* the body may come or not: nobody can tell what is next */
		dispatch(c);
		return;
	}
	if (head->expects_continue && !more_is_there)
		send_continue(c);
	r->left = head->length;
	c->state = HTTP_READS_BODY;
	io_wheel_stop(c->server->wheel, &c->deadline);
	io_wheel_set(c->server->wheel, &c->deadline, c->server->limits.body_ms);
}

static void head_incomplete(struct http_connection *c, struct span in)
{
	size_t max = c->server->limits.head_max;

	if (in.len > max) {
		refuse_status(c, memchr(in.ptr, '\n', in.len) ? 431 : 414, NULL);
	} else if (c->ended) {
		close_now(c);
	} else if (in.len && !c->began) {
		c->began = true;
		io_wheel_stop(c->server->wheel, &c->deadline);
		io_wheel_set(c->server->wheel, &c->deadline, c->server->limits.head_ms);
	}
}

static void parse_head(struct http_connection *c, struct span text)
{
	struct http_request *r = http_request_new(c);
	const char *why = NULL;
	int status;

	if (!r) {
		refuse_status(c, 503, NULL);
		return;
	}
	c->request = r;
	io_buffer_borrow(c->server->loop, &r->text);
	buf_add(&r->text, text);
	status = buf_check(&r->text) ? 503
	                             : http_head_parse(r->text.data, r->text.len, &r->head, &why);
	if (status) {
		refuse_status(c, status, why);
		return;
	}
	r->close = !r->head.keep_alive;
	http_route_find(r);
}

/* True: there may be more to do with what is left of in. */
static bool read_head(struct http_connection *c, struct span *in)
{
	struct span text;
	long len;

	while (!c->scanned && in->len >= 2 && memcmp(in->ptr, "\r\n", 2) == 0) {
		in->ptr += 2; /* RFC 9112, 2.2: old clients end a body with one too many */
		in->len -= 2;
	}
	len = http_head_end(*in, &c->scanned);
	if (len < 0) {
		refuse_status(c, 400, "A line ends without CR.");
		return false;
	}
	if (len == 0) {
		head_incomplete(c, *in);
		return false;
	}
	c->scanned = 0;
	c->began = false;
	text = (struct span){in->ptr, (size_t)len};
	in->ptr += len;
	in->len -= (size_t)len;
	if (text.len > c->server->limits.head_max) {
		refuse_status(c, 431, NULL);
		return false;
	}
	parse_head(c, text);
	if (c->state == HTTP_READS_HEAD)
		begin_body(c, in->len > 0);
	return true;
}

static void take_body(struct http_request *r, struct span piece)
{
	if (r->refuse || !piece.len)
		return; /* read over, so that the connection can go on */
	io_buffer_borrow(r->server->loop, &r->body);
	buf_add(&r->body, piece);
}

/* 0, or a status. Sets *done at the end of the body. */
static int read_chunks(struct http_request *r, struct span *in, bool *done)
{
	struct span piece;

	do {
		int err = http_chunks_next(&r->chunks, in, &piece);

		if (err)
			return 400;
		r->left += piece.len;
		if (r->left > r->body_max)
			return 413;
		take_body(r, piece);
	} while (piece.len);
	*done = http_chunks_done(&r->chunks);
	return 0;
}

static bool read_body(struct http_connection *c, struct span *in)
{
	struct http_request *r = c->request;
	bool done = false;
	int status = 0;

	if (r->head.chunked) {
		status = read_chunks(r, in, &done);
	} else {
		struct span piece = {in->ptr, r->left < in->len ? (size_t)r->left : in->len};

		take_body(r, piece);
		in->ptr += piece.len;
		in->len -= piece.len;
		r->left -= piece.len;
		done = !r->left;
	}
	if (!status && buf_check(&r->body))
		status = 503;
	if (status)
		refuse_status(c, status, NULL);
	else if (done)
		dispatch(c);
	else if (c->ended)
		close_now(c);
	return !status && done;
}

static bool step(struct http_connection *c, struct span *in)
{
	if (c->full || c->upgraded)
		return false;
	if (c->state == HTTP_READS_HEAD)
		return read_head(c, in);
	return c->state == HTTP_READS_BODY && read_body(c, in);
}

/* Another owns the stream now: what came behind the request is its first input. */
static void hand_over(struct http_connection *c, struct span rest)
{
	struct io_stream *s = c->stream;
	struct io_loop *loop = s->loop;
	struct buf in = c->in;

	free(c);
	stream_deliver(s, rest);
	io_buffer_return(loop, &in);
}

/* Keeps what could not be used; rest may be part of what is kept already. */
static void keep(struct http_connection *c, struct span rest)
{
	if (c->in.len) {
		if (!rest.len) /* it was a request's, who wipes its own copy */
			explicit_bzero(c->in.data, c->in.len);
		buf_drop(&c->in, c->in.len - rest.len);
	} else if (rest.len) {
		io_buffer_borrow(c->server->loop, &c->in);
		buf_add(&c->in, rest);
	}
	if (!c->in.len)
		io_buffer_return(c->server->loop, &c->in);
	else if (c->state == HTTP_ANSWERING || c->full)
		io_stream_pause(c->stream);
}

static void process(struct http_connection *c, struct span in)
{
	c->processing = true;
	while (step(c, &in))
		continue;
	c->processing = false;
	if (c->upgraded)
		hand_over(c, in);
	else if (c->state == HTTP_CLOSING)
		io_buffer_return(c->server->loop, &c->in);
	else
		keep(c, in);
}

static void on_data(void *arg, struct span data)
{
	struct http_connection *c = arg;

	if (!c->in.len) {
		process(c, data);
		return;
	}
	buf_add(&c->in, data);
	if (buf_check(&c->in))
		io_stream_abort(c->stream, -ENOMEM);
	else
		process(c, buf_span(&c->in));
}

static void on_resume(void *arg)
{
	struct http_connection *c = arg;

	if (c->state == HTTP_CLOSING || c->full)
		return;
	io_stream_resume(c->stream);
	if (c->in.len || c->ended)
		process(c, buf_span(&c->in));
}

void http_connection_answered(struct http_connection *c, bool close)
{
	c->request = NULL;
	if (close) {
		close_now(c);
		return;
	}
	c->state = HTTP_READS_HEAD;
	io_wheel_set(c->server->wheel, &c->deadline, c->server->limits.idle_ms);
	if (!c->processing && (c->in.len || c->ended))
		io_later(c->server->loop, &c->resume);
}

static void on_open(void *arg)
{
	struct http_connection *c = arg;

	if (c->refuse)
		refuse_status(c, c->refuse, NULL);
}

static void on_drain(void *arg)
{
	struct http_connection *c = arg;

	c->full = false;
	io_later(c->server->loop, &c->resume);
}

static void on_written(void *arg)
{
	struct http_connection *c = arg;

	http_sent_tell(&c->sent, 0);
}

static void on_end(void *arg)
{
	struct http_connection *c = arg;

	c->ended = true;
	if (c->state == HTTP_READS_BODY || (c->state == HTTP_READS_HEAD && !c->in.len && !c->full))
		close_now(c);
	else
		io_later(c->server->loop, &c->resume);
}

/* Its time is over between two requests: it is idle, or still reads an answer, or does not. */
static void idle_over(struct http_connection *c)
{
	size_t pending = io_stream_pending(c->stream);

	if (!pending) {
		close_now(c);
	} else if (pending == c->pending) {
		io_stream_abort(c->stream, -ETIMEDOUT);
	} else {
		c->pending = pending;
		io_wheel_set(c->server->wheel, &c->deadline, c->server->limits.idle_ms);
	}
}

void http_connection_deadline(struct io_wheel_entry *entry)
{
	struct http_connection *c = CONTAINER_OF(entry, struct http_connection, deadline);

	if (c->state == HTTP_READS_BODY || c->began)
		refuse(c, 408, "request_timeout", "The request did not come in time.");
	else
		idle_over(c);
}

static const struct io_stream_ops connection_ops = {
	.name = "http",
	.on_open = on_open,
	.on_data = on_data,
	.on_drain = on_drain,
	.on_written = on_written,
	.on_end = on_end,
	.on_close = on_close,
};

void http_connection_accept(struct http_server *server, struct io_stream *s)
{
	unsigned max = server->limits.connections;
	struct http_connection *c;

	if (server->draining || server->count >= max + OVER_LIMIT_ANSWERED)
		return; /* without an owner it is closed */
	c = calloc(1, sizeof(*c));
	if (!c)
		return;
	c->server = server;
	c->stream = s;
	c->member.drop = drop;
	c->member.drain = drain;
	c->resume.fn = on_resume;
	c->resume.arg = c;
	buf_init(&c->in, SIZE_MAX);
	if (server->count >= max || !http_address_take(server, s, &c->member))
		c->refuse = 503;
	http_member_add(server, &c->member);
	io_wheel_set(server->wheel, &c->deadline, server->limits.head_ms);
	io_stream_own(s, &connection_ops, c);
}

struct io_stream *http_upgrade(struct http_request *r, struct span lines,
                               struct http_member *member, const struct io_stream_ops *ops,
                               void *arg)
{
	struct http_connection *c = r->connection;
	struct io_stream *s = c->stream;

	assert(c->processing && c->state == HTTP_ANSWERING);
	io_wheel_stop(c->server->wheel, &c->deadline);
	io_later_cancel(c->server->loop, &c->resume);
	http_sent_tell(&c->sent, 0);
	http_member_replace(&c->member, member);
	c->upgraded = true;
	c->request = NULL;
	http_request_free(r);
	io_stream_own(s, ops, arg);
	if (io_stream_write(s, lines) == -EPIPE)
		io_stream_abort(s, -EPIPE);
	return s;
}
