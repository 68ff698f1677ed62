/* WebSockets from their owner's side: who hears of an end, when, and how often. */
#include "http_fixture.h"
#include "websocket.h"

#include <unistd.h>

static unsigned opens, closes;
static bool drained;
static uint16_t close_code;

static int on_request(void *arg, const struct http_request *r, void **data)
{
	(void)r;
	*data = arg;
	return 0;
}

static void on_open(void *data, struct websocket *ws)
{
	(void)data;
	(void)ws;
	opens++;
}

static void on_text(void *data, struct websocket *ws, struct span text)
{
	(void)data;
	ck_assert_int_eq(websocket_send(ws, text), 0);
	websocket_close(ws, 4000, "enough");
	ck_assert_int_eq(websocket_send(ws, text), -EPIPE);
}

static void on_close(void *data, struct websocket *ws, uint16_t code)
{
	(void)data;
	(void)ws;
	closes++;
	close_code = code;
}

static const struct websocket_ops ws_ops = {
	.on_request = on_request, .on_open = on_open, .on_text = on_text, .on_close = on_close};

#define UPGRADE                                                                        \
	"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static int open_websocket(void)
{
	const struct websocket_options options = {.name = "test"};
	int fd = io_raw_connect(port);

	opens = closes = 0;
	ck_assert_int_eq(websocket_route(server, "/ws", &options, &ws_ops, NULL), 0);
	ck_assert_int_eq(status_of(ask_on(fd, UPGRADE, "\r\n\r\n")), 101);
	ck_assert_uint_eq(opens, 1);
	return fd;
}

START_TEST(the_owner_of_a_websocket_hears_of_its_end_once)
{
	int fd = open_websocket();
	const char *got = ask_on(fd, "\x81\x82\x01\x01\x01\x01`c", "enough");

	ck_assert_str_eq(got, "\x81\x02"
	                      "ab\x88\x08\x0f\xa0"
	                      "enough");
	ck_assert_uint_eq(closes, 0);
	ask_on(fd, "\x88\x82\x01\x01\x01\x01\x0e\xa1", NULL);
	ck_assert_uint_eq(closes, 1);
	ck_assert_uint_eq(close_code, 4000);
	close(fd);
	io_idle(loop, 20);
	ck_assert_uint_eq(closes, 1);
}
END_TEST

START_TEST(the_server_s_end_is_told_before_it_returns)
{
	int fd = open_websocket();

	http_server_destroy(&server);
	ck_assert_uint_eq(closes, 1);
	ck_assert_uint_eq(close_code, 1006);
	io_idle(loop, 20);
	ck_assert_uint_eq(closes, 1);
	close(fd);
}
END_TEST

static void on_drained(void *arg, int err)
{
	(void)arg;
	drained = err == 0;
}

START_TEST(a_draining_server_opens_no_websocket_and_waits_for_those_open)
{
	int fd = open_websocket();

	drained = false;
	http_server_drain(server, on_drained, NULL);
	io_idle(loop, 30);
	ck_assert(!drained);
	close(fd);
	io_wait(loop, io_is_true, &drained, WAIT_MS);
	ck_assert_uint_eq(closes, 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("websocket");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, http_fixture_setup, http_fixture_teardown);
	tcase_add_test(tc, the_owner_of_a_websocket_hears_of_its_end_once);
	tcase_add_test(tc, the_server_s_end_is_told_before_it_returns);
	tcase_add_test(tc, a_draining_server_opens_no_websocket_and_waits_for_those_open);
	return unit_run("websocket", &tc, 1);
}
