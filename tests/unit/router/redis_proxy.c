/* A relay of octets, which knows no more of Redis than the name of a function that is called. */
#include "redis_proxy.h"

#include "stream.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A connection: the node is near, Redis is far. */
struct relay {
	struct io_stream *near, *far;
	bool doomed; /* what Redis says next does not arrive */
};

static struct io_loop *loop;
static struct io_listener *listener;
static char far_path[128], address[32];
static const char *doomed_call;
static bool cuts, lost;

static void relay_end(struct relay *r)
{
	if (r->near)
		io_stream_abort(r->near, 0);
	if (r->far)
		io_stream_abort(r->far, 0);
	if (!r->near && !r->far)
		free(r);
}

static void on_far_open(void *arg)
{
	struct relay *r = arg;

	if (r->near)
		io_stream_resume(r->near);
}

static void on_far_data(void *arg, struct span data)
{
	struct relay *r = arg;

	if (!r->doomed) {
		/* -EPIPE: the node has closed it, and on_near_close() follows. */
		ck_assert_int_ne(io_stream_write(r->near, data), -EAGAIN);
		return;
	}
	lost = true;
	relay_end(r);
}

static void on_near_data(void *arg, struct span data)
{
	struct relay *r = arg;

	if (doomed_call && memmem(data.ptr, data.len, doomed_call, strlen(doomed_call))) {
		doomed_call = NULL;
		r->doomed = true;
		if (cuts) {
			on_far_data(r, SPAN_NONE);
			return;
		}
	}
	ck_assert_int_ne(io_stream_write(r->far, data), -EAGAIN);
}

static void on_near_close(void *arg, int err)
{
	struct relay *r = arg;

	(void)err;
	r->near = NULL;
	relay_end(r);
}

static void on_far_close(void *arg, int err)
{
	struct relay *r = arg;

	(void)err;
	r->far = NULL;
	relay_end(r);
}

static const struct io_stream_ops far_ops = {
	.name = "far", .on_open = on_far_open, .on_data = on_far_data, .on_close = on_far_close};

static void on_near_open(void *arg)
{
	struct relay *r = arg;
	const struct io_stream_options options = {.path = far_path};

	io_stream_pause(r->near);
	ck_assert_int_eq(io_stream_connect(loop, &options, &far_ops, r, &r->far), 0);
}

static const struct io_stream_ops near_ops = {.name = "near",
                                              .on_open = on_near_open,
                                              .on_data = on_near_data,
                                              .on_close = on_near_close};

static void on_accept(void *arg, struct io_stream *s)
{
	struct relay *r = calloc(1, sizeof(*r));

	(void)arg;
	ck_assert_ptr_nonnull(r);
	r->near = s;
	io_stream_own(s, &near_ops, r);
}

const char *redis_proxy_start(struct io_loop *on, const char *path)
{
	loop = on;
	snprintf(far_path, sizeof(far_path), "%s", path);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, NULL, on_accept, NULL, &listener), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", io_listener_port(listener));
	return address;
}

void redis_proxy_stop(void)
{
	io_listener_close(&listener);
}

static void doom(const char *function, bool before)
{
	doomed_call = function;
	cuts = before;
	lost = false;
}

void redis_proxy_lose(const char *function)
{
	doom(function, false);
}

void redis_proxy_cut(const char *function)
{
	doom(function, true);
}

bool redis_proxy_lost(void)
{
	return lost;
}
