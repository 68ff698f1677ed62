/*
 * /cgi-bin/sendsms: the HTTP interface of kannel's smsbox, for scripts that were made for it. Off
 * unless the configuration has users for it. docs/protocols/sendsms.md.
 */
#ifndef PH_SENDSMS_H
#define PH_SENDSMS_H

#include "config.h"
#include "http_server.h"
#include "router.h"

struct sendsms;

struct sendsms_options {
	struct io_loop *loop;
	const struct logger *log;
	struct router *router;
	struct http_server *server;
	const struct config *config;
};

/** Makes the route where there are users. options is copied, but for what it points to. */
int sendsms_create(const struct sendsms_options *options, struct sendsms **out) MUST_CHECK;
/** After the server's end and the router's. Accepts NULL inside and sets it NULL. */
void sendsms_destroy(struct sendsms **sendsms);

#endif
