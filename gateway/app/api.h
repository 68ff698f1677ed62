/*
 * The HTTP API /v1: messages, calls, conversations, for programs with a key. openapi.yaml describes
 * it; docs/protocols/api.md tells it in words.
 */
#ifndef PH_API_H
#define PH_API_H

#include "catalogue.h"
#include "config.h"
#include "http_server.h"
#include "knowledge.h"
#include "login.h"
#include "redis.h"
#include "router.h"

struct api;

struct api_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	struct router *router;
	struct http_server *server;
	const struct config *config;
	struct catalogue *const *catalogue; /* the one in use now */
	struct knowledge *knowledge;
	struct login *login; /* who people are */
};

/** Makes the routes. options is copied, but for what it points to. */
int api_create(const struct api_options *options, struct api **out) MUST_CHECK;
/** After the server's end, the router's and Redis'. */
void api_destroy(struct api **api);

#endif
