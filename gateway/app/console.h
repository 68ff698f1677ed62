/*
 * The console's WebSocket, /console/ws: docs/protocols/console.md. What is pushed is read from the
 * conversations' logs; hints only say when to read.
 */
#ifndef PH_CONSOLE_H
#define PH_CONSOLE_H

#include "catalogue.h"
#include "config.h"
#include "lessons.h"
#include "login.h"
#include "redis.h"
#include "router.h"

struct console;

struct console_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	struct router *router;
	struct login *login;
	struct http_server *server;
	const struct config *config;
	struct catalogue *const *catalogue; /* the one in use now */
	struct lessons *lessons;
};

/** Makes the route and listens to the router. options is copied, but for what it points to. */
int console_create(const struct console_options *options, struct console **out) MUST_CHECK;
/** Says bye to every console: come back later, to another node. */
void console_drain(struct console *console);
/** After the server's end and Redis'. Accepts NULL inside and sets it NULL. */
void console_destroy(struct console **console);

#endif
