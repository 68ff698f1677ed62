/* The HTTP server from its user's side: routes, what a request says, and who is told what when. */
#include "buf.h"
#include "http_fixture.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void say_name(void *arg, struct http_request *r)
{
	http_respond(r, 200, "text/plain", span_of(arg));
}

static void route(unsigned methods, const char *path, const char *name)
{
	static char names[32][32];
	static unsigned next;
	char *kept = names[next++ % ARRAY_LEN(names)];

	snprintf(kept, sizeof(names[0]), "%s", name);
	ck_assert_int_eq(http_route(server, methods, path, say_name, kept), 0);
}

static const struct {
	const char *line;
	int status;
	const char *body; /* NULL: not looked at */
} asked[] = {
	{"GET /",           200, "root"       },
	{"GET /a",          200, "a"          },
	{"GET /a?x=y",      200, "a"          },
	{"POST /a",         200, "post a"     },
	{"PUT /a",          405, NULL         },
	{"GET /a/b",        200, "a, any"     },
	{"GET /a/lit",      200, "a, literal" },
	{"DELETE /a/lit",   405, NULL         },
	{"GET /a/b/c",      200, "any, any, c"},
	{"GET /z/b/c",      200, "any, any, c"},
	{"GET /tree/",      200, "tree"       },
	{"GET /tree/x/y/z", 200, "tree"       },
	{"GET /tree/leaf",  200, "leaf"       },
	{"POST /tree/leaf", 405, NULL         },
	{"GET /tree",       404, NULL         },
	{"GET /a/",         404, NULL         },
	{"GET //a",         404, NULL         },
	{"GET /nowhere",    404, NULL         },
	{"OPTIONS *",       404, NULL         },
};

START_TEST(the_most_exact_route_wins)
{
	const char *got;

	route(HTTP_M_GET, "/tree/*", "tree");
	route(HTTP_M_GET, "/:x/:y/c", "any, any, c");
	route(HTTP_M_GET, "/a/:y", "a, any");
	route(HTTP_M_GET, "/a/lit", "a, literal");
	route(HTTP_M_GET, "/a", "a");
	route(HTTP_M_POST, "/a", "post a");
	route(HTTP_M_GET, "/tree/leaf", "leaf");
	route(HTTP_M_GET, "/", "root");
	got = ask(asked[_i].line, "");
	ck_assert_msg(status_of(got) == asked[_i].status, "%s: %s", asked[_i].line, got);
	if (asked[_i].body)
		ck_assert_str_eq(body_of(got), asked[_i].body);
}
END_TEST

START_TEST(the_same_route_twice_is_refused)
{
	route(HTTP_M_GET | HTTP_M_POST, "/a/:x", "a");
	ck_assert_int_eq(http_route(server, HTTP_M_POST, "/a/:x", say_name, NULL), -EEXIST);
	ck_assert_int_eq(http_route(server, HTTP_M_GET, "no slash", say_name, NULL), -EINVAL);
}
END_TEST

static void say_all(void *arg, struct http_request *r)
{
	struct span one = SPAN_NONE, two = SPAN_NONE;
	int first = http_query(r, "one", &one), second = http_query(r, "two", &two);
	struct buf b;

	(void)arg;
	buf_init(&b, 4096);
	buf_printf(&b, "path=%.*s part=%.*s|%.*s ", SPAN_FMT(http_path(r)),
	           SPAN_FMT(http_part(r, 0)), SPAN_FMT(http_part(r, 1)));
	buf_printf(&b, "one=%d,%.*s two=%d,%.*s ", first, SPAN_FMT(one), second, SPAN_FMT(two));
	buf_printf(&b, "x-list=%.*s none=%.*s ", SPAN_FMT(http_header(r, "x-list")),
	           SPAN_FMT(http_header(r, "none")));
	buf_printf(&b, "cookie=%.*s peer=%s body=%.*s", SPAN_FMT(http_cookie(r, "sid")),
	           http_peer(r), SPAN_FMT(http_body(r)));
	http_respond(r, 200, "text/plain", buf_span(&b));
	buf_fini(&b);
}

START_TEST(what_a_request_says)
{
	const char *got;

	ck_assert_int_eq(http_route(server, HTTP_M_POST, "/p/:a/*", say_all, NULL), 0);
	got = ask("POST /p/%41%2f/x/y%20z?one=a%26+b&Two=3&two=&three",
	          "X-List: 1\r\nCookie: a=b; sid=s1; sid2=x\r\nx-list: 2, 3\r\n");
	ck_assert_str_eq(body_of(got), "path=/p/%41%2f/x/y%20z part=A/|x/y z one=0,a& b two=0, "
	                               "x-list=1, 2, 3 none= cookie=s1 peer=127.0.0.1 body=");
	got = ask("POST /p/a/?one=1&one=2&two=%zz", "");
	ck_assert_ptr_nonnull(strstr(got, "one=-17, two=-74, "));
}
END_TEST

static struct http_request *held;
static bool is_held, gone, was_sent;
static int sent_err;
static unsigned sents;

static void hold(void *arg, struct http_request *r)
{
	(void)arg;
	held = r;
	is_held = true;
}

static void on_gone(void *arg)
{
	(void)arg;
	gone = true;
}

static void on_sent(void *arg, int err)
{
	(void)arg;
	was_sent = true;
	sent_err = err;
	sents++;
}

static int hold_one(void)
{
	int fd = io_raw_connect(port);

	is_held = gone = was_sent = false;
	sents = 0;
	ck_assert_int_eq(http_route(server, HTTP_M_GET, "/hold", hold, NULL), 0);
	ck_assert_int_eq(send(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n", 31, 0), 31);
	io_wait(loop, io_is_true, &is_held, WAIT_MS);
	http_on_gone(held, on_gone, NULL);
	return fd;
}

static const char *body_at;

static void keeps_its_place(void *arg, struct http_request *r)
{
	(void)arg;
	body_at = http_body(r).ptr;
	http_respond(r, 200, NULL, SPAN_NONE);
}

/* The second request borrows the same memory: what the first one left there would be seen in it. */
START_TEST(nothing_of_a_body_outlives_its_request)
{
	const char *first;

	ck_assert_int_eq(http_route(server, HTTP_M_POST, "/p", keeps_its_place, NULL), 0);
	ask("POST /p", "Content-Length: 24\r\n\r\nusername=a&password=hush");
	first = body_at;
	ask("POST /p", "Content-Length: 1\r\n\r\nx");
	ck_assert_ptr_eq(body_at, first);
	for (size_t i = 1; i < 24; i++)
		ck_assert_int_eq(body_at[i], 0);
}
END_TEST

START_TEST(who_answers_is_told_when_it_has_left)
{
	int fd = hold_one();

	http_respond_with(held, 200, "text/plain", SPAN_LIT("x"), NULL, 0, on_sent, NULL);
	ck_assert_msg(!was_sent, "not from within the call");
	io_wait(loop, io_is_true, &was_sent, WAIT_MS);
	ck_assert_int_eq(sent_err, 0);
	ck_assert_uint_eq(sents, 1);
	ck_assert(!gone);
	close(fd);
}
END_TEST

START_TEST(who_waits_is_told_that_the_peer_went_away)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd = hold_one();

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	io_wait(loop, io_is_true, &gone, WAIT_MS);
	http_respond_with(held, 200, "text/plain", SPAN_LIT("x"), NULL, 0, on_sent, NULL);
	io_wait(loop, io_is_true, &was_sent, WAIT_MS);
	ck_assert_int_eq(sent_err, -EPIPE);
	ck_assert_uint_eq(sents, 1);
}
END_TEST

START_TEST(a_request_outlives_its_server)
{
	int fd = hold_one();

	http_server_destroy(&server);
	ck_assert_msg(gone, "told before it returns");
	io_idle(loop, 20);
	ck_assert_int_eq(http_method(held), HTTP_M_GET);
	http_respond(held, 200, "text/plain", SPAN_LIT("x"));
	close(fd);
}
END_TEST

static bool drained;

static void on_drained(void *arg, int err)
{
	(void)arg;
	drained = err == 0;
}

START_TEST(draining_ends_what_is_idle_and_waits_for_the_rest)
{
	int idle, busy = hold_one();
	char got[4096];
	ssize_t len;

	route(HTTP_M_GET, "/", "x");
	idle = io_raw_connect(port);
	ask_on(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\nx");
	drained = false;
	http_server_drain(server, on_drained, NULL);
	io_idle(loop, 30);
	ck_assert_int_eq(recv(idle, got, sizeof(got), MSG_DONTWAIT), 0);
	close(idle);
	ck_assert(!drained);
	http_respond(held, 200, "text/plain", SPAN_LIT("late"));
	io_idle(loop, 30);
	len = recv(busy, got, sizeof(got) - 1, MSG_DONTWAIT);
	ck_assert_int_gt(len, 0);
	got[len] = '\0';
	ck_assert_ptr_nonnull(strstr(got, "Connection: close\r\n"));
	ck_assert_str_eq(body_of(got), "late");
	close(busy);
	io_wait(loop, io_is_true, &drained, WAIT_MS);
}
END_TEST

START_TEST(draining_with_nobody_there_is_done_soon)
{
	drained = false;
	http_server_drain(server, on_drained, NULL);
	ck_assert(!drained);
	io_wait(loop, io_is_true, &drained, WAIT_MS);
}
END_TEST

START_TEST(an_address_has_its_own_limit)
{
	const struct http_limits limits = {.per_address = 2};
	int fd[2];

	http_fixture_teardown();
	http_fixture_start(&limits);
	route(HTTP_M_GET, "/", "x");
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = io_raw_connect(port);
		ask_on(fd[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\nx");
	}
	ck_assert_int_eq(status_of(ask("GET /", "")), 503);
	close(fd[0]);
	io_idle(loop, 20);
	ck_assert_int_eq(status_of(ask("GET /", "")), 200);
	close(fd[1]);
}
END_TEST

START_TEST(a_route_may_take_more_or_less_than_the_others)
{
	ck_assert_int_eq(http_route_limited(server, HTTP_M_POST, "/small", 3, say_all, NULL), 0);
	ck_assert_int_eq(http_route_limited(server, HTTP_M_POST, "/large", 2 << 20, say_all, NULL),
	                 0);
	ck_assert_int_eq(status_of(ask("POST /small", "Content-Length: 4\r\n")), 413);
	ck_assert_int_eq(status_of(ask("POST /large", "Content-Length: 2097153\r\n")), 413);
}
END_TEST

static void problem(void *arg, struct http_request *r)
{
	const struct http_header_out headers[] = {
		{"Retry-After", "7"}
        };

	(void)arg;
	http_problem_with(r, 429, "too_many", "Say \"please\"\n\xff", "a\\b", headers, 1);
}

START_TEST(problems_are_json_whatever_is_in_them)
{
	const char *got;

	ck_assert_int_eq(http_route(server, HTTP_M_GET, "/", problem, NULL), 0);
	got = ask("GET /", "");
	ck_assert_int_eq(status_of(got), 429);
	ck_assert_ptr_nonnull(strstr(got, "Retry-After: 7\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "Content-Type: application/problem+json\r\n"));
	ck_assert_str_eq(
		body_of(got),
		"{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
		"\"code\":\"too_many\",\"detail\":\"Say \\\"please\\\"\\u000a\xef\xbf\xbd\","
		"\"field\":\"a\\\\b\"}");
}
END_TEST

static const char *const bad_addresses[] = {"127.0.0.1",   "127.0.0.1:", "127.0.0.1:65536",
                                            "localhost:0", "[::1:0",     ""};

START_TEST(bad_listen_addresses_are_refused)
{
	ck_assert_int_eq(http_server_listen(server, bad_addresses[_i], NULL, NULL), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("http_server");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, http_fixture_setup, http_fixture_teardown);
	tcase_add_loop_test(tc, the_most_exact_route_wins, 0, ARRAY_LEN(asked));
	tcase_add_test(tc, the_same_route_twice_is_refused);
	tcase_add_test(tc, what_a_request_says);
	tcase_add_test(tc, nothing_of_a_body_outlives_its_request);
	tcase_add_test(tc, who_answers_is_told_when_it_has_left);
	tcase_add_test(tc, who_waits_is_told_that_the_peer_went_away);
	tcase_add_test(tc, a_request_outlives_its_server);
	tcase_add_test(tc, draining_ends_what_is_idle_and_waits_for_the_rest);
	tcase_add_test(tc, draining_with_nobody_there_is_done_soon);
	tcase_add_test(tc, an_address_has_its_own_limit);
	tcase_add_test(tc, a_route_may_take_more_or_less_than_the_others);
	tcase_add_test(tc, problems_are_json_whatever_is_in_them);
	tcase_add_loop_test(tc, bad_listen_addresses_are_refused, 0, ARRAY_LEN(bad_addresses));
	return unit_run("http_server", &tc, 1);
}
