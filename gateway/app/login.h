/*
 * Log-ins of the console: POST /console/api/login and logout, GET /console/api/me, and who a token
 * belongs to. A token is 256 random bits; only its SHA-256 is kept, in Redis, so that every node
 * knows it and a copy of the database opens nothing. docs/protocols/console.md.
 */
#ifndef PH_LOGIN_H
#define PH_LOGIN_H

#include "http_server.h"
#include "redis.h"
#include "user.h"

struct login;

struct login_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	struct http_server *server;
	uint64_t login_ms;          /* ends after so long without use */
	unsigned capacity;          /* of a user who has none of their own */
	const char *const *origins; /* besides the listener's own; ends with NULL, or NULL */
	bool secure;                /* the cookie travels over TLS only */
};

/** Library of Redis functions that redis_create() must load. */
extern const struct redis_library login_library;

/** Makes the routes. options is copied, but for what it points to. */
int login_create(const struct login_options *options, struct login **out) MUST_CHECK;
/** After the server's end and Redis'. */
void login_destroy(struct login **login);

/* Where a request says who it is. */
struct login_token {
	char hash[65]; /* empty: it does not say */
	bool cookie;   /* by the cookie, which a browser sends by itself */
};

/** Finds the bearer token or the cookie of a request. */
void login_token_of(const struct http_request *r, struct login_token *out);
/** Whether a browser's page of another site sends this: only ours and the configured ones may. */
bool login_origin_ok(const struct login *login, const struct http_request *r);

/** err 0: user, borrowed; -EACCES: nobody (any more); -ENOTCONN, -ETIMEDOUT: Redis is away. */
typedef void login_fn(void *arg, int err, const struct user *user, uint64_t expires_ms);
/** Who the hash of a token belongs to; renew makes it last again. fn is called once, later. */
int login_check(struct login *login, const char *hash, bool renew, login_fn *fn,
                void *arg) MUST_CHECK;

#endif
