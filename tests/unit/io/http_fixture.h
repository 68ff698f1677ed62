/* A server on a loop of its own, and a peer that asks it by a plain socket. */
#ifndef PH_HTTP_FIXTURE_H
#define PH_HTTP_FIXTURE_H

#include "http_server.h"
#include "io_test.h"

enum { WAIT_MS = 10000 };

extern struct io_loop *loop;
extern struct http_server *server;
extern uint16_t port;

void http_fixture_start(const struct http_limits *limits);
/** The fixture: started without limits of its own. */
void http_fixture_setup(void);
void http_fixture_teardown(void);

/**
 * Sends text and gives what has come when the answer's end is there, or the peer's (end NULL).
 * Lasts until the next.
 */
const char *ask_on(int fd, const char *text, const char *end);
/** Asks with more header fields, each with its end of line, and wants the connection closed. */
const char *ask(const char *line, const char *fields);
int status_of(const char *answer);
const char *body_of(const char *answer);

#endif
