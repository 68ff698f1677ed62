/* What login.c and login_attempt.c share. */
#ifndef PH_LOGIN_PRIVATE_H
#define PH_LOGIN_PRIVATE_H

#include "digest.h"
#include "login.h"
#include "reply.h"

#define LOGIN_COOKIE "posthouse_session"
#define LOGIN_SLOT SPAN_LIT("{desk}")

enum { LOGIN_BODY_MAX = 4096, LOGIN_NUMBER_SIZE = 24 };

struct login {
	struct login_options options;
	unsigned hashing; /* passwords at the pool or in its queue */
};

/** A number as decimal text, borrowed from out. */
struct span login_number(uint64_t value, char out[LOGIN_NUMBER_SIZE]);

/** POST /console/api/login. */
void login_post(void *login, struct http_request *r);

#endif
