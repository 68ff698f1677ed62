/* HTTP requests out, against bare sockets of the test's that misbehave in each way. */
#include "http_client.h"

#include "home.h"
#include "io_test.h"
#include "net_public.h"
#include "stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS = 10000 };

/* What the far end does when a request has come; it counts them. */
static struct far {
	const char *answer; /* NULL: nothing */
	bool closes;
	unsigned requests, connections;
	char last[4096];
} far;

static struct io_loop *loop;
static struct io_listener *listener;
static struct http_client *client;
static char url[64];

struct peer {
	struct io_stream *s;
};

static void on_open(void *arg)
{
	(void)arg;
	far.connections++;
}

static void on_data(void *arg, struct span data)
{
	struct peer *p = arg;

	if (!span_starts(data, SPAN_LIT("GET ")) && !span_starts(data, SPAN_LIT("POST ")))
		return;
	far.requests++;
	snprintf(far.last, sizeof(far.last), "%.*s", SPAN_FMT(data));
	if (far.answer)
		ck_assert_int_eq(io_stream_write(p->s, span_of(far.answer)), 0);
	if (far.closes)
		io_stream_close(p->s);
}

static void on_close(void *arg, int err)
{
	(void)err;
	free(arg);
}

static const struct io_stream_ops peer_ops = {
	.name = "peer", .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void on_accept(void *arg, struct io_stream *s)
{
	struct peer *p = calloc(1, sizeof(*p));

	(void)arg;
	ck_assert_ptr_nonnull(p);
	p->s = s;
	io_stream_own(s, &peer_ops, p);
}

static void setup(void)
{
	const struct http_client_options options = {0};

	far = (struct far){0};
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, NULL, on_accept, NULL, &listener), 0);
	ck_assert_int_eq(http_client_create(loop, &options, &client), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/path?q=1", io_listener_port(listener));
}

static void teardown(void)
{
	http_client_destroy(&client);
	io_listener_close(&listener);
	io_idle(loop, 50); /* the far ends see theirs */
	io_loop_destroy(&loop);
}

struct heard {
	bool done;
	unsigned calls;
	int err, status;
	bool written;
	char type[64], body[256];
};

static void on_answer(void *arg, const struct http_client_answer *answer)
{
	struct heard *h = arg;

	h->done = true;
	h->calls++;
	h->err = answer->err;
	h->status = answer->status;
	h->written = answer->written;
	snprintf(h->type, sizeof(h->type), "%.*s", SPAN_FMT(answer->type));
	snprintf(h->body, sizeof(h->body), "%.*s", SPAN_FMT(answer->body));
}

static void begin(struct heard *h, const struct http_client_request *request)
{
	*h = (struct heard){0};
	ck_assert_int_eq(http_client_send(client, "test", request, on_answer, h), 0);
	ck_assert_msg(!h->done, "never from within the call");
}

static struct heard ask(const struct http_client_request *request)
{
	struct heard h;

	begin(&h, request);
	io_wait(loop, io_is_true, &h.done, WAIT_MS);
	ck_assert_uint_eq(h.calls, 1);
	return h;
}

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

START_TEST(asks_and_hears)
{
	const char *const headers[] = {"X-One: 1", "Content-Type: application/json", NULL};
	const struct http_client_request request = {
		.method = "POST", .url = url, .headers = headers, .body = SPAN_LIT("{\"a\":1}")};
	struct heard h;

	far.answer = OK;
	h = ask(&request);
	ck_assert_int_eq(h.err, 0);
	ck_assert_int_eq(h.status, 200);
	ck_assert(h.written);
	ck_assert_str_eq(h.type, "application/json");
	ck_assert_str_eq(h.body, "{}");
	ck_assert(strncmp(far.last, "POST /path?q=1 HTTP/1.1\r\n", 25) == 0);
	ck_assert_ptr_nonnull(strstr(far.last, "X-One: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(far.last, "Content-Length: 7\r\n"));
	ck_assert_ptr_nonnull(strstr(far.last, "\r\n\r\n{\"a\":1}"));
	ck_assert_ptr_null(strstr(far.last, "Expect:"));
	ask(&request);
	ck_assert_uint_eq(far.requests, 2);
	ck_assert_msg(far.connections == 1, "the connection is used again");
}
END_TEST

START_TEST(an_error_status_is_an_answer)
{
	const struct http_client_request request = {.method = "GET", .url = url};
	struct heard h;

	far.answer = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
	h = ask(&request);
	ck_assert_int_eq(h.err, 0);
	ck_assert_int_eq(h.status, 503);
	ck_assert_str_eq(h.body, "busy");
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	const struct http_client_request request = {.method = "GET", .url = url};
	struct heard h;

	far.answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
	h = ask(&request);
	ck_assert_int_eq(h.status, 302);
	io_idle(loop, 20);
	ck_assert_uint_eq(far.requests, 1);
}
END_TEST

START_TEST(refused_means_that_nothing_was_written)
{
	const struct http_client_request request = {
		.method = "POST", .url = url, .body = SPAN_LIT("x")};
	struct heard h;

	/* Nobody listens there; where somebody did, another process may by now. */
	snprintf(url, sizeof(url), "http://%s:%u/", home_address(), io_listener_port(listener));
	h = ask(&request);
	ck_assert_int_eq(h.err, -ECONNREFUSED);
	ck_assert(!h.written);
}
END_TEST

START_TEST(no_answer_in_time_may_have_been_carried_out)
{
	const struct http_client_request request = {
		.method = "POST", .url = url, .body = SPAN_LIT("x"), .timeout_ms = 200};
	struct heard h = ask(&request);

	ck_assert_int_eq(h.err, -ETIMEDOUT);
	ck_assert(h.written);
	ck_assert_uint_eq(far.requests, 1);
}
END_TEST

START_TEST(an_end_without_an_answer)
{
	const struct http_client_request request = {
		.method = "POST", .url = url, .body = SPAN_LIT("x")};
	struct heard h;

	far.closes = true;
	h = ask(&request);
	ck_assert_int_eq(h.err, -ECONNRESET);
	ck_assert(h.written);
}
END_TEST

START_TEST(what_is_not_a_get_is_never_sent_twice)
{
	const struct http_client_request post = {
		.method = "POST", .url = url, .body = SPAN_LIT("x")};
	struct heard h;

	far.answer = OK;
	ck_assert_int_eq(ask(&post).err, 0);
	far.answer = NULL;
	far.closes = true; /* on a connection that was used before: curl would try again */
	h = ask(&post);
	ck_assert_int_eq(h.err, -ECONNRESET);
	ck_assert(h.written);
	io_idle(loop, 50);
	ck_assert_uint_eq(far.requests, 2);
}
END_TEST

START_TEST(an_answer_that_is_too_large_is_cut_off)
{
	const struct http_client_request request = {.method = "GET", .url = url, .answer_max = 10};
	struct heard h;

	far.answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890";
	h = ask(&request);
	ck_assert_int_eq(h.err, -EMSGSIZE);
}
END_TEST

static const char *const inside[] = {
	"127.0.0.1",       "localhost",         "[::1]",       "[::ffff:127.0.0.1]",
	"0.0.0.0",         "2130706433",        "0x7f.1",      "[::127.0.0.1]",
	"10.1.2.3",        "172.16.0.1",        "192.168.1.1", "169.254.169.254",
	"100.64.0.1",      "[fc00::1]",         "[fe80::1]",   "224.0.0.1",
	"255.255.255.255", "[64:ff9b::7f00:1]",
};

START_TEST(only_public_peers_where_that_is_asked)
{
	struct http_client_request request = {
		.method = "GET", .public_only = true, .timeout_ms = 5000};
	char text[100];
	struct heard h;

	far.answer = OK;
	snprintf(text, sizeof(text), "http://%s:%u/", inside[_i], io_listener_port(listener));
	request.url = text;
	h = ask(&request);
	ck_assert_msg(h.err == -EPERM, "%s: %d", text, h.err);
	ck_assert(!h.written);
	ck_assert_uint_eq(far.connections, 0);
}
END_TEST

START_TEST(a_connection_of_somebody_else_is_no_way_inside)
{
	struct http_client_request request = {.method = "GET", .url = url};

	far.answer = OK;
	ck_assert_int_eq(ask(&request).err, 0); /* it stays open */
	request.public_only = true;
	ck_assert_int_eq(ask(&request).err, -EPERM);
	ck_assert_uint_eq(far.requests, 1);
}
END_TEST

static const char *const bad_urls[] = {
	"",        "not a url",          "file:///etc/passwd", "ftp://127.0.0.1/",
	"http://", "gopher://127.0.0.1/"};

START_TEST(other_schemes_and_bad_urls_are_refused)
{
	const struct http_client_request request = {
		.method = "GET", .url = bad_urls[_i], .timeout_ms = 3000};
	struct heard h = ask(&request);

	ck_assert_msg(h.err < 0, "%s", bad_urls[_i]);
	ck_assert(!h.written);
}
END_TEST

START_TEST(destroying_tells_what_is_under_way)
{
	const struct http_client_request request = {.method = "GET", .url = url};
	struct heard a, b;

	begin(&a, &request);
	begin(&b, &request);
	io_idle(loop, 30);
	http_client_destroy(&client);
	ck_assert_int_eq(a.err, -ECANCELED);
	ck_assert_int_eq(b.err, -ECANCELED);
	ck_assert_uint_eq(a.calls + b.calls, 2);
}
END_TEST

static const struct {
	const char *address;
	bool public;
} addresses[] = {
	{"8.8.8.8",              true },
	{"1.1.1.1",              true },
	{"172.15.255.255",       true },
	{"172.32.0.1",           true },
	{"100.63.255.255",       true },
	{"100.128.0.1",          true },
	{"223.255.255.255",      true },
	{"2606:4700::1111",      true },
	{"2001:4860:4860::8888", true },
	{"64:ff9b::808:808",     true },
	{"::ffff:8.8.8.8",       true },
	{"172.31.255.255",       false},
	{"100.127.255.255",      false},
	{"198.18.0.1",           false},
	{"198.19.255.255",       false},
	{"192.0.2.1",            false},
	{"203.0.113.9",          false},
	{"240.0.0.1",            false},
	{"::",		   false},
	{"::1",		  false},
	{"fd12::1",              false},
	{"fe80::1",              false},
	{"ff02::1",              false},
	{"2001:db8::1",          false},
	{"2001::1",              false},
	{"3fff::1",              false},
	{"2002:7f00:1::",        false},
	{"2002:a00:1::",         false},
	{"::ffff:10.0.0.1",      false},
};

START_TEST(public_addresses)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const char *text = addresses[_i].address;
	bool is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1;

	ck_assert(is_v4 || inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
	ck_assert_msg(net_is_public(is_v4 ? (const struct sockaddr *)&v4
	                                  : (const struct sockaddr *)&v6) == addresses[_i].public,
	              "%s", text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("http_client"), *addresses_tc = tcase_create("net_public");
	TCase *cases[] = {tc, addresses_tc};

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, asks_and_hears);
	tcase_add_test(tc, an_error_status_is_an_answer);
	tcase_add_test(tc, redirects_are_not_followed);
	tcase_add_test(tc, refused_means_that_nothing_was_written);
	tcase_add_test(tc, no_answer_in_time_may_have_been_carried_out);
	tcase_add_test(tc, an_end_without_an_answer);
	tcase_add_test(tc, what_is_not_a_get_is_never_sent_twice);
	tcase_add_test(tc, an_answer_that_is_too_large_is_cut_off);
	tcase_add_loop_test(tc, only_public_peers_where_that_is_asked, 0, ARRAY_LEN(inside));
	tcase_add_test(tc, a_connection_of_somebody_else_is_no_way_inside);
	tcase_add_loop_test(tc, other_schemes_and_bad_urls_are_refused, 0, ARRAY_LEN(bad_urls));
	tcase_add_test(tc, destroying_tells_what_is_under_way);
	tcase_add_loop_test(addresses_tc, public_addresses, 0, ARRAY_LEN(addresses));
	return unit_run("http_client", cases, ARRAY_LEN(cases));
}
