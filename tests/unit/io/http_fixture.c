#include "http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct io_loop *loop;
struct http_server *server;
uint16_t port;

void http_fixture_start(const struct http_limits *limits)
{
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(http_server_create(loop, "test", limits, &server), 0);
	ck_assert_int_eq(http_server_listen(server, "127.0.0.1:0", NULL, &port), 0);
}

void http_fixture_setup(void)
{
	http_fixture_start(NULL);
}

void http_fixture_teardown(void)
{
	http_server_destroy(&server);
	io_loop_destroy(&loop);
}

const char *ask_on(int fd, const char *text, const char *end)
{
	static char got[65536];
	size_t len = 0;

	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	for (unsigned i = 0; i < 2000; i++) {
		ssize_t part = recv(fd, got + len, sizeof(got) - len - 1, MSG_DONTWAIT);

		if (part > 0)
			len += (size_t)part;
		got[len] = '\0';
		if (part == 0 || (end && len && strstr(got, end)))
			return got;
		io_idle(loop, 1);
	}
	ck_abort_msg("no '%s' in '%s'", end, got);
	return NULL;
}

const char *ask(const char *line, const char *fields)
{
	char text[4096];
	int fd = io_raw_connect(port);
	const char *got;

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line,
	         fields);
	got = ask_on(fd, text, NULL);
	close(fd);
	return got;
}

int status_of(const char *answer)
{
	ck_assert_msg(strncmp(answer, "HTTP/1.1 ", 9) == 0, "%s", answer);
	return atoi(answer + 9);
}

const char *body_of(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");

	ck_assert_ptr_nonnull(body);
	return body + 4;
}
