/*
 * One connection to Redis. hiredis parses replies (redisReader); the socket, the order of what is
 * under way, deadlines and reconnecting are ours, because hiredis 0.14 resolves names on the loop,
 * knows no time-outs, and its adapter says nothing of an error that poll reports.
 */
#include "redis_link.h"

#include "buf.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	RETRY_MIN_MS = 50,
	RETRY_MAX_MS = 2000,
	CONNECT_MS = 5000,
	OUTPUT_MAX = 64 << 20,
	PENDING_MIN = 64 /* power of two */
};

struct pending {
	redis_fn *fn;
	void *arg;
	uint64_t sent_us;
};

struct redis_link {
	const struct redis_link_config *config;
	const struct redis_link_ops *ops;
	void *arg;
	struct io_stream *stream; /* NULL: waits to try again */
	redisReader *reader;
	struct pending *pending; /* a ring in order of sending */
	size_t head, count, size;
	struct io_timer *retry;
	uint64_t retry_ms, heard_us;
	bool ready, destroying;
	char why[160];
};

static void connect_now(void *arg);

static uint64_t now_us(const struct redis_link *link)
{
	return clock_mono_us(io_loop_clock(link->config->loop));
}

static int pending_grow(struct redis_link *link)
{
	size_t size = link->size ? link->size * 2 : PENDING_MIN;
	struct pending *ring = calloc(size, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (size_t i = 0; i < link->count; i++)
		ring[i] = link->pending[(link->head + i) & (link->size - 1)];
	free(link->pending);
	link->pending = ring;
	link->size = size;
	link->head = 0;
	return 0;
}

static struct pending pending_pop(struct redis_link *link)
{
	struct pending first = link->pending[link->head];

	link->head = (link->head + 1) & (link->size - 1);
	link->count--;
	return first;
}

static void add_length(struct buf *b, char mark, size_t n)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10));
	text[--at] = mark;
	buf_add(b, (struct span){text + at, sizeof(text) - at});
}

static int encode(struct redis_link *link, int argc, const struct span *argv)
{
	struct buf *b = io_stream_output(link->stream);
	int err;

	add_length(b, '*', (size_t)argc);
	for (int i = 0; i < argc; i++) {
		add_length(b, '$', argv[i].len);
		buf_add(b, argv[i]);
		buf_add(b, SPAN_LIT("\r\n"));
	}
	err = io_stream_commit(link->stream);
	return err == -EAGAIN ? 0 : err ? -ENOTCONN : 0;
}

/* Also before the link is ready: logging in is commands too. */
static int send_command(struct redis_link *link, int argc, const struct span *argv, redis_fn *fn,
                        void *arg)
{
	int err;

	if (link->count == link->size && (err = pending_grow(link)))
		return err;
	err = encode(link, argc, argv);
	if (err)
		return err;
	link->pending[(link->head + link->count++) & (link->size - 1)] =
		(struct pending){fn, arg, now_us(link)};
	return 0;
}

/* The back-off grows with each failure in a row; the jitter keeps nodes from coming at once. */
static void retry_later(struct redis_link *link)
{
	uint64_t base = link->retry_ms;

	link->retry_ms = base * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : base * 2;
	io_timer_start(link->retry, base / 2 + arc4random_uniform((uint32_t)base / 2 + 1), 0);
}

static void set_why(struct redis_link *link, const char *what, const char *detail)
{
	if (!link->why[0])
		snprintf(link->why, sizeof(link->why), "%s%s%s", what, detail ? ": " : "",
		         detail ? detail : "");
}

/* Everything under way is told, after ops knows that it is down: what is tried from there fails. */
static void lose(struct redis_link *link, int err, const char *why)
{
	struct redis_link lost = *link;

	redisReaderFree(link->reader);
	link->reader = NULL;
	link->ready = false;
	link->pending = NULL;
	link->head = link->count = link->size = 0;
	link->ops->on_down(link->arg, why);
	while (lost.count) {
		struct pending p = pending_pop(&lost);

		if (p.fn)
			p.fn(p.arg, err, NULL, why);
	}
	free(lost.pending);
}

static void on_close(void *arg, int err)
{
	struct redis_link *link = arg;

	link->stream = NULL;
	if (link->destroying) {
		redisReaderFree(link->reader);
		free(link->pending);
		free(link);
		return;
	}
	set_why(link, err ? uv_strerror(err) : "closed by Redis", NULL);
	retry_later(link);
	lose(link, -ETIMEDOUT, link->why);
}

static void abort_link(struct redis_link *link, int err, const char *what, const char *detail)
{
	set_why(link, what, detail);
	io_stream_abort(link->stream, err);
}

static void answer(struct redis_link *link, const redisReply *reply)
{
	struct pending p = pending_pop(link);
	const char *why = reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
	int err = why ? -EIO : 0;
	uint64_t now = now_us(link);

	link->heard_us = now;
	if (link->ready)
		link->ops->on_reply(link->arg, reply, now - p.sent_us, &err);
	if (p.fn)
		p.fn(p.arg, err, reply, why);
}

static void on_reply(struct redis_link *link, const redisReply *reply)
{
	if (link->ops->on_push && link->ops->on_push(link->arg, reply))
		link->heard_us = now_us(link);
	else if (link->count)
		answer(link, reply);
	else
		abort_link(link, -EPROTO, "an answer that nobody asked for", NULL);
}

static void on_data(void *arg, struct span data)
{
	struct redis_link *link = arg;
	struct io_stream *stream = link->stream;
	void *reply = NULL;

	if (redisReaderFeed(link->reader, data.ptr, data.len) != REDIS_OK) {
		abort_link(link, -EPROTO, "not Redis", link->reader->errstr);
		return;
	}
	while (link->stream == stream && !link->why[0]) {
		if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
			abort_link(link, -EPROTO, "not Redis", link->reader->errstr);
			return;
		}
		if (!reply)
			return;
		on_reply(link, reply);
		freeReplyObject(reply);
	}
}

static void on_login(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis_link *link = arg;

	(void)reply;
	if (err && link->stream)
		abort_link(link, -EACCES, "refused", why);
}

static void on_first_pong(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis_link *link = arg;

	(void)reply;
	if (err) {
		if (link->stream)
			abort_link(link, -EACCES, "refused", why); /* LOADING is told here */
		return;
	}
	if (link->why[0])
		return; /* logging in failed */
	link->ready = true;
	link->retry_ms = RETRY_MIN_MS;
	link->ops->on_ready(link->arg);
}

static int log_in(struct redis_link *link)
{
	const struct redis_link_config *c = link->config;
	struct span auth[3] = {SPAN_LIT("AUTH"), span_of(c->username), span_of(c->password)};
	char number[24];
	int err = 0;

	snprintf(number, sizeof(number), "%lld", (long long)c->database);
	if (c->password && !c->username) {
		auth[1] = auth[2];
		err = send_command(link, 2, auth, on_login, link);
	} else if (c->password) {
		err = send_command(link, 3, auth, on_login, link);
	}
	if (!err && c->database)
		err = send_command(link, 2, (struct span[]){SPAN_LIT("SELECT"), span_of(number)},
		                   on_login, link);
	if (!err)
		err = send_command(link, 1, &SPAN_LIT("PING"), on_first_pong, link);
	return err;
}

static void on_open(void *arg)
{
	struct redis_link *link = arg;
	int err;

	link->heard_us = now_us(link);
	link->reader = redisReaderCreate();
	err = link->reader ? log_in(link) : -ENOMEM;
	if (err)
		abort_link(link, err, uv_strerror(err), NULL);
}

static const struct io_stream_ops stream_ops = {
	.name = "redis", .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void connect_now(void *arg)
{
	struct redis_link *link = arg;
	const struct io_stream_options options = {
		.path = link->config->path,
		.host = link->config->host,
		.port = link->config->port,
		.connect_ms = CONNECT_MS,
		.output_max = OUTPUT_MAX,
	};
	int err;

	link->why[0] = '\0';
	err = io_stream_connect(link->config->loop, &options, &stream_ops, link, &link->stream);
	if (!err)
		return;
	link->stream = NULL;
	set_why(link, uv_strerror(err), NULL);
	retry_later(link);
	link->ops->on_down(link->arg, link->why);
}

int redis_link_create(const struct redis_link_config *config, const struct redis_link_ops *ops,
                      void *arg, struct redis_link **out)
{
	struct redis_link *link = calloc(1, sizeof(*link));
	int err;

	if (!link)
		return -ENOMEM;
	*link = (struct redis_link){
		.config = config, .ops = ops, .arg = arg, .retry_ms = RETRY_MIN_MS};
	err = io_timer_create(config->loop, "redis.retry", connect_now, link, &link->retry);
	if (err) {
		free(link);
		return err;
	}
	io_timer_start(link->retry, 0, 0);
	*out = link;
	return 0;
}

void redis_link_destroy(struct redis_link **at)
{
	struct redis_link *link = *at;

	if (!link)
		return;
	*at = NULL;
	link->ready = false;
	link->destroying = true;
	io_timer_destroy(&link->retry);
	while (link->count) {
		struct pending p = pending_pop(link);

		if (p.fn)
			p.fn(p.arg, -ECANCELED, NULL, "shutting down");
	}
	if (link->stream)
		io_stream_abort(link->stream, 0); /* on_close frees */
	else
		free(link);
}

bool redis_link_ready(const struct redis_link *link)
{
	return link->ready;
}

size_t redis_link_outstanding(const struct redis_link *link)
{
	return link->count;
}

int redis_link_send(struct redis_link *link, int argc, const struct span *argv, redis_fn *fn,
                    void *arg)
{
	return link->ready ? send_command(link, argc, argv, fn, arg) : -ENOTCONN;
}

int redis_link_push(struct redis_link *link, int argc, const struct span *argv)
{
	return link->ready ? encode(link, argc, argv) : -ENOTCONN;
}

void redis_link_tick(struct redis_link *link)
{
	uint64_t now = now_us(link), limit = link->config->timeout_ms * 1000;

	if (!link->stream || !link->reader || link->why[0])
		return;
	if (link->count && now - link->pending[link->head].sent_us > limit)
		abort_link(link, -ETIMEDOUT, "no answer in time", NULL);
	else if (link->ready && !link->count && now - link->heard_us > limit &&
	         send_command(link, 1, &SPAN_LIT("PING"), NULL, NULL))
		abort_link(link, -ENOMEM, "out of memory", NULL);
}
