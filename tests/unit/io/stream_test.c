/* Streams over real sockets: how they begin, how they end, and what is held back meanwhile. */
#include "stream.h"

#include "buf.h"
#include "home.h"
#include "io_test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

/* One end as the tests see it. */
struct end {
	struct io_stream *s;
	bool opened, ended, drained, closed, keep_open;
	unsigned closes, drains, writtens;
	int err;
	struct buf in;
};

static struct io_loop *loop;
static struct io_listener *listener;
static struct end near, far; /* near: what connects; far: what was accepted */
static const struct io_stream_ops *far_ops;

static void on_open(void *arg)
{
	((struct end *)arg)->opened = true;
}

static void on_data(void *arg, struct span data)
{
	buf_add(&((struct end *)arg)->in, data);
}

static void on_drain(void *arg)
{
	struct end *e = arg;

	e->drained = true;
	e->drains++;
}

static void on_written(void *arg)
{
	((struct end *)arg)->writtens++;
}

static void on_end(void *arg)
{
	((struct end *)arg)->ended = true;
}

static void on_close(void *arg, int err)
{
	struct end *e = arg;

	e->closed = true;
	e->closes++;
	e->err = err;
	e->s = NULL;
}

static const struct io_stream_ops ops = {.name = "test",
                                         .on_open = on_open,
                                         .on_data = on_data,
                                         .on_drain = on_drain,
                                         .on_written = on_written,
                                         .on_close = on_close};
static const struct io_stream_ops half_ops = {.name = "test",
                                              .on_open = on_open,
                                              .on_data = on_data,
                                              .on_end = on_end,
                                              .on_close = on_close};

static void on_accept(void *arg, struct io_stream *s)
{
	(void)arg;
	if (far.s || !far_ops)
		return;
	far.s = s;
	io_stream_own(s, far_ops, &far);
}

static void setup(void)
{
	near = far = (struct end){0};
	buf_init(&near.in, SIZE_MAX);
	buf_init(&far.in, SIZE_MAX);
	far_ops = &ops;
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, NULL, on_accept, NULL, &listener), 0);
	ck_assert_uint_ne(io_listener_port(listener), 0);
}

static void teardown(void)
{
	io_listener_close(&listener);
	if (near.s)
		io_stream_abort(near.s, 0);
	if (far.s)
		io_stream_abort(far.s, 0);
	io_loop_destroy(&loop);
	ck_assert_uint_le(near.closes, 1);
	ck_assert_uint_le(far.closes, 1);
	buf_fini(&near.in);
	buf_fini(&far.in);
}

static void connect_near(size_t output_max)
{
	const struct io_stream_options options = {
		.host = "127.0.0.1", .port = io_listener_port(listener), .output_max = output_max};

	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
	ck_assert(!near.opened);
	io_wait(loop, io_is_true, &near.opened, WAIT_MS);
	io_wait(loop, io_is_true, &far.opened, WAIT_MS);
}

/* A far end that is a bare socket of the test's. */
static int accept_raw(void)
{
	int fd = io_raw_connect(io_listener_port(listener));

	io_wait(loop, io_is_true, &far.opened, WAIT_MS);
	return fd;
}

struct wanted {
	const struct buf *in;
	size_t len;
};

static bool has(const void *arg)
{
	const struct wanted *w = arg;

	return w->in->len >= w->len;
}

static void wait_for(const struct buf *in, size_t len)
{
	const struct wanted w = {in, len};

	io_wait(loop, has, &w, WAIT_MS);
}

START_TEST(says_both_ways)
{
	connect_near(0);
	ck_assert_int_eq(io_stream_write(near.s, SPAN_LIT("question")), 0);
	wait_for(&far.in, 8);
	ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("answer")), 0);
	wait_for(&near.in, 6);
	ck_assert(span_is(buf_span(&far.in), "question"));
	ck_assert(span_is(buf_span(&near.in), "answer"));
	ck_assert(strncmp(io_stream_peer(near.s), "127.0.0.1:", 10) == 0);
	io_stream_close(near.s);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(near.err, 0);
	ck_assert_int_eq(far.err, 0);
}
END_TEST

START_TEST(refused_is_told_by_on_close)
{
	/* Nobody listens there; where somebody did, another process may by now. */
	struct io_stream_options options = {.host = home_address(),
	                                    .port = io_listener_port(listener)};

	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -ECONNREFUSED);
	ck_assert(!near.opened);
}
END_TEST

static bool near_is_decided(const void *arg)
{
	(void)arg;
	return near.opened || near.closed;
}

/* Dials; a stranger's program may have begun to listen there, but what we say comes back from
 * ourselves only. */
static bool refused(uint16_t port)
{
	const struct io_stream_options options = {.host = "127.0.0.1", .port = port};

	near.opened = near.closed = false;
	near.closes = 0;
	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
	io_wait(loop, near_is_decided, NULL, WAIT_MS);
	if (near.closed)
		return near.err == -ECONNREFUSED;
	ck_assert_int_eq(io_stream_write(near.s, SPAN_LIT("who is there?")), 0);
	io_idle(loop, 20);
	ck_assert_uint_eq(near.in.len, 0);
	if (near.s)
		io_stream_abort(near.s, 0);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	return false;
}

/* Linux tries every second port in turn for connections to one address, even ones first: about so
 * many dials to an even one meet it. */
START_TEST(is_never_connected_to_itself)
{
	uint16_t port = io_listener_port(listener) & 0xfffe;

	io_listener_close(&listener);
	for (int i = 0; i < 16000; i++)
		port = refused(port) ? port : port - 2;
}
END_TEST

START_TEST(a_unix_socket_that_is_not_there)
{
	const struct io_stream_options options = {.path = "/nonexistent/socket"};

	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -ENOENT);
}
END_TEST

START_TEST(aborted_while_it_connects)
{
	const struct io_stream_options options = {.host = "127.0.0.1",
	                                          .port = io_listener_port(listener)};

	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
	io_stream_abort(near.s, -ECANCELED);
	ck_assert(!near.closed);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -ECANCELED);
	ck_assert(!near.opened);
}
END_TEST

START_TEST(what_is_written_in_a_turn_leaves_in_one_write)
{
	struct pollfd fd = {.events = POLLIN};
	char got[64];

	fd.fd = accept_raw();
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("0123")), 0);
	buf_str(io_stream_output(far.s), "end");
	ck_assert_int_eq(io_stream_commit(far.s), 0);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ck_assert_uint_eq(io_stream_pending(far.s), 43);
	io_idle(loop, 10);
	ck_assert_int_eq(recv(fd.fd, got, sizeof(got), 0), 43);
	ck_assert_uint_eq(far.writtens, 1);
	ck_assert_uint_eq(io_stream_pending(far.s), 0);
	close(fd.fd);
}
END_TEST

static char block[65536];

START_TEST(a_full_output_says_so_and_tells_when_there_is_room)
{
	int fd = accept_raw(), err;
	size_t written = 0, got = 0;

	while (!(err = io_stream_write(far.s, (struct span){block, sizeof(block)}))) {
		written += sizeof(block);
		io_idle(loop, 1);
	}
	ck_assert_int_eq(err, -EAGAIN);
	written += sizeof(block); /* it was taken all the same */
	io_idle(loop, 20);
	ck_assert(!far.drained);
	while (got < written) {
		ssize_t len = recv(fd, block, sizeof(block), MSG_DONTWAIT);

		if (len > 0)
			got += (size_t)len;
		else
			io_idle(loop, 1);
	}
	io_wait(loop, io_is_true, &far.drained, WAIT_MS);
	ck_assert_uint_eq(far.drains, 1);
	close(fd);
}
END_TEST

START_TEST(who_goes_on_writing_is_cut_off)
{
	int fd = accept_raw(), err;

	for (unsigned i = 0; i < 10000; i++) {
		err = io_stream_write(far.s, (struct span){block, sizeof(block)});
		if (err == -EPIPE)
			break;
	}
	ck_assert_int_eq(err, -EPIPE);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, -ENOBUFS);
	close(fd);
}
END_TEST

START_TEST(closing_writes_what_is_pending_first)
{
	size_t len = 8 << 20, got = 0;
	char *text = calloc(1, len);
	int fd = accept_raw();

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(io_stream_write(far.s, (struct span){text, len}), -EAGAIN);
	io_stream_close(far.s);
	ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("more")), -EPIPE);
	buf_str(io_stream_output(far.s), "more"); /* takes nothing away from what is pending */
	ck_assert_int_eq(io_stream_commit(far.s), -EPIPE);
	while (got < len) {
		ssize_t part = recv(fd, block, sizeof(block), MSG_DONTWAIT);

		ck_assert_int_ne(part, 0);
		if (part > 0)
			got += (size_t)part;
		else
			io_idle(loop, 1);
	}
	io_idle(loop, 10);
	ck_assert_int_eq(recv(fd, block, sizeof(block), MSG_DONTWAIT), 0);
	ck_assert_msg(!far.closed, "it waits for the peer's end");
	close(fd);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, 0);
	free(text);
}
END_TEST

START_TEST(a_peer_that_does_not_end_is_not_waited_for_long)
{
	int fd = accept_raw();

	io_stream_close(far.s);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, 0);
	close(fd);
}
END_TEST

START_TEST(half_open_peers_may_still_be_answered)
{
	char got[16];
	int fd;

	far_ops = &half_ops;
	fd = accept_raw();
	ck_assert_int_eq(send(fd, "q", 1, 0), 1);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	io_wait(loop, io_is_true, &far.ended, WAIT_MS);
	ck_assert_uint_eq(far.in.len, 1);
	io_idle(loop, 20);
	ck_assert(!far.closed);
	ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("late")), 0);
	io_stream_close(far.s);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(recv(fd, got, sizeof(got), 0), 4);
	ck_assert_int_eq(far.err, 0);
	close(fd);
}
END_TEST

START_TEST(the_peer_s_end_closes_in_order)
{
	int fd = accept_raw();

	ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("bye")), 0);
	close(fd);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_msg(far.err == 0 || far.err == -EPIPE || far.err == -ECONNRESET, "%d", far.err);
}
END_TEST

START_TEST(a_reset_is_an_error)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd = accept_raw();

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, -ECONNRESET);
}
END_TEST

START_TEST(nothing_is_read_while_paused)
{
	connect_near(0);
	io_stream_pause(far.s);
	ck_assert_int_eq(io_stream_write(near.s, SPAN_LIT("held")), 0);
	io_idle(loop, 30);
	ck_assert_uint_eq(far.in.len, 0);
	io_stream_resume(far.s);
	wait_for(&far.in, 4);
}
END_TEST

static void abort_on_data(void *arg, struct span data)
{
	struct end *e = arg;

	buf_add(&e->in, data);
	io_stream_abort(e->s, -EBADMSG);
	ck_assert_int_eq(io_stream_write(e->s, SPAN_LIT("x")), -EPIPE);
	ck_assert(!e->closed);
}

START_TEST(aborting_within_a_callback)
{
	static const struct io_stream_ops abort_ops = {
		.name = "test", .on_open = on_open, .on_data = abort_on_data, .on_close = on_close};

	far_ops = &abort_ops;
	connect_near(0);
	ck_assert_int_eq(io_stream_write(near.s, SPAN_LIT("x")), 0);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, -EBADMSG);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
}
END_TEST

START_TEST(an_accepted_stream_that_nobody_takes_is_closed)
{
	char got;
	int fd;

	far_ops = NULL;
	fd = io_raw_connect(io_listener_port(listener));
	io_idle(loop, 30);
	ck_assert_int_le(recv(fd, &got, 1, MSG_DONTWAIT), 0);
	ck_assert_int_ne(errno, EAGAIN);
	close(fd);
}
END_TEST

START_TEST(a_port_in_use_is_refused)
{
	struct io_listener *second = NULL;

	ck_assert_int_eq(io_listen(loop, "127.0.0.1", io_listener_port(listener), NULL, on_accept,
	                           NULL, &second),
	                 -EADDRINUSE);
	ck_assert_int_eq(io_listen(loop, "not an address", 0, NULL, on_accept, NULL, &second),
	                 -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stream");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, says_both_ways);
	tcase_add_test(tc, refused_is_told_by_on_close);
	tcase_add_test(tc, is_never_connected_to_itself);
	tcase_add_test(tc, a_unix_socket_that_is_not_there);
	tcase_add_test(tc, aborted_while_it_connects);
	tcase_add_test(tc, what_is_written_in_a_turn_leaves_in_one_write);
	tcase_add_test(tc, a_full_output_says_so_and_tells_when_there_is_room);
	tcase_add_test(tc, who_goes_on_writing_is_cut_off);
	tcase_add_test(tc, closing_writes_what_is_pending_first);
	tcase_add_test(tc, a_peer_that_does_not_end_is_not_waited_for_long);
	tcase_add_test(tc, half_open_peers_may_still_be_answered);
	tcase_add_test(tc, the_peer_s_end_closes_in_order);
	tcase_add_test(tc, a_reset_is_an_error);
	tcase_add_test(tc, nothing_is_read_while_paused);
	tcase_add_test(tc, aborting_within_a_callback);
	tcase_add_test(tc, an_accepted_stream_that_nobody_takes_is_closed);
	tcase_add_test(tc, a_port_in_use_is_refused);
	return unit_run("stream", &tc, 1);
}
