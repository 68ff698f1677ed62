/*
 * One try to log in: throttle, the user's record, scrypt on the pool, the token. A name that
 * nobody has costs the same time and gives the same answer as a wrong password.
 */
#include "login_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	HASHING_MAX =
		16, /* over it the node says that it is busy: each takes 32 MiB while it runs */
	WINDOW_MS = 15 * 60 * 1000,
	PAIR_MAX = 8,
	USER_MAX = 100,
	ADDRESS_MAX = 60
};

struct attempt {
	struct login *login;
	struct http_request *request;
	char id[USER_ID_MAX + 1];
	char address[64];
	char password[PASSWORD_MOST + 1];
	bool found;
	bool secure;
	struct user user;
	char token[DIGEST_TOKEN_SIZE];
	uint64_t expires_ms;
};

/* As it was posted. */
struct credentials {
	struct span user, password;
};

static const struct json_field fields[] = {
	{"user",		       JSON_KIND_TEXT, offsetof(struct credentials, user), true, 1, 64},
	{"password", JSON_KIND_TEXT, offsetof(struct credentials, password), true, 1,
         PASSWORD_MOST},
	{0		       }
};

static void attempt_free(struct attempt *a)
{
	explicit_bzero(a, sizeof(*a));
	free(a);
}

static void unavailable(struct attempt *a)
{
	reply_unavailable(a->request);
	attempt_free(a);
}

static void refuse(struct attempt *a)
{
	log_warn(a->login->options.log, EVENT("login.failed"), STR("user", a->id),
	         STR("from", a->address));
	reply_unauthorized(a->request, "login_failed", "the name or the password is wrong");
	attempt_free(a);
}

static void throttled(struct attempt *a, uint64_t wait_ms)
{
	char seconds[LOGIN_NUMBER_SIZE];
	const struct http_header_out later = {"Retry-After", seconds};

	login_number(wait_ms / 1000 + 1, seconds);
	log_warn(a->login->options.log, EVENT("login.throttled"), STR("user", a->id),
	         STR("from", a->address), NUM("wait_ms", wait_ms));
	reply_problem_with(a->request, 429, "login_throttled", "too many failed log-ins; wait",
	                   NULL, &later, 1);
	attempt_free(a);
}

static void succeed(struct attempt *a)
{
	char cookie[256];
	const struct http_header_out set = {"Set-Cookie", cookie};
	json_t *answer;

	snprintf(cookie, sizeof(cookie),
	         LOGIN_COOKIE "=%s; Path=/console; HttpOnly; SameSite=Strict%s; Max-Age=%llu",
	         a->token, a->secure ? "; Secure" : "",
	         (unsigned long long)(a->login->options.login_ms / 1000));
	if (!a->user.capacity)
		a->user.capacity = a->login->options.capacity;
	answer = json_pack("{s:o, s:s, s:I}", "user", user_public(&a->user), "token", a->token,
	                   "expires_ts", (json_int_t)a->expires_ms);
	log_info(a->login->options.log, EVENT("login.ok"), STR("user", a->id),
	         STR("from", a->address));
	reply_json_with(a->request, 200, answer, &set, 1);
	explicit_bzero(cookie, sizeof(cookie));
	attempt_free(a);
}

static void on_kept(void *arg, int err, const redisReply *reply, const char *why)
{
	struct attempt *a = arg;

	(void)reply;
	(void)why;
	if (err)
		unavailable(a);
	else
		succeed(a);
}

static void keep_token(struct attempt *a)
{
	const struct login_options *o = &a->login->options;
	char hash[DIGEST_HEX_SIZE], generation[17], expires[LOGIN_NUMBER_SIZE];
	char ttl[LOGIN_NUMBER_SIZE];
	struct span token, args[6];

	digest_token(a->token);
	token = span_of(a->token);
	digest_sha256_hex(&token, 1, hash);
	user_generation(&a->user, generation);
	a->expires_ms = clock_wall_ms(io_loop_clock(o->loop)) + o->login_ms;
	args[0] = span_of(a->id);
	args[1] = span_of(a->address);
	args[2] = span_of(hash);
	args[3] = span_of(generation);
	args[4] = login_number(a->expires_ms, expires);
	args[5] = login_number(o->login_ms, ttl);
	if (redis_fcall(o->redis, "ph_login_done", LOGIN_SLOT, args, ARRAY_LEN(args), on_kept, a))
		unavailable(a);
}

/* On a thread of the pool: touches nothing but the attempt. */
static int verify(void *arg)
{
	struct attempt *a = arg;
	int err = password_verify(span_of(a->password),
	                          a->found ? a->user.password : password_nobody());

	explicit_bzero(a->password, sizeof(a->password));
	return err;
}

static void on_verified(void *arg, int err)
{
	struct attempt *a = arg;

	a->login->hashing--;
	if (err == -ENOMEM || err == -ECANCELED)
		unavailable(a);
	else if (err || !a->found || a->user.disabled)
		refuse(a);
	else
		keep_token(a);
}

static void on_record(void *arg, int err, const redisReply *reply, const char *why)
{
	struct attempt *a = arg;

	(void)why;
	if (err || a->login->hashing >= HASHING_MAX) {
		unavailable(a);
		return;
	}
	a->found = reply->type == REDIS_REPLY_STRING &&
	           !user_decode(span_of(a->id), (struct span){reply->str, reply->len}, &a->user);
	a->login->hashing++;
	if (io_work(a->login->options.loop, "login.scrypt", verify, on_verified, a)) {
		a->login->hashing--;
		unavailable(a);
	}
}

static void on_try(void *arg, int err, const redisReply *reply, const char *why)
{
	struct attempt *a = arg;
	const struct span argv[] = {SPAN_LIT("HGET"), SPAN_LIT(USER_KEY), span_of(a->id)};

	(void)why;
	if (!err && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
		throttled(a, (uint64_t)reply->integer);
	else if (err || redis_command(a->login->options.redis, ARRAY_LEN(argv), argv, on_record, a))
		unavailable(a);
}

static void begin(struct attempt *a)
{
	char window[LOGIN_NUMBER_SIZE], pair[LOGIN_NUMBER_SIZE], user[LOGIN_NUMBER_SIZE];
	char address[LOGIN_NUMBER_SIZE];
	const struct span args[] = {
		span_of(a->id),
		span_of(a->address),
		login_number(WINDOW_MS, window),
		login_number(PAIR_MAX, pair),
		login_number(USER_MAX, user),
		login_number(ADDRESS_MAX, address),
	};

	if (redis_fcall(a->login->options.redis, "ph_login_try", LOGIN_SLOT, args, ARRAY_LEN(args),
	                on_try, a))
		unavailable(a);
}

/* A copy of what the request says, which wipes its own. */
static void wipe_text(json_t *text)
{
	char *at = (char *)(uintptr_t)json_string_value(text);

	if (at)
		explicit_bzero(at, json_string_length(text));
}

void login_post(void *arg, struct http_request *r)
{
	struct login *login = arg;
	struct credentials c = {0};
	json_t *object = NULL;
	struct attempt *a;

	if (!login_origin_ok(login, r)) {
		http_problem(r, 403, "origin_refused", "this origin may not log in", NULL);
		return;
	}
	if (!reply_read(r, fields, &c, &object))
		return;
	a = calloc(1, sizeof(*a));
	if (!a || !user_id_valid(c.user)) {
		reply_unauthorized(r, "login_failed", "the name or the password is wrong");
		free(a);
	} else {
		a->login = login;
		a->request = r;
		a->secure = login->options.secure ||
		            span_is(http_header(r, "x-forwarded-proto"), "https");
		snprintf(a->id, sizeof(a->id), "%.*s", SPAN_FMT(c.user));
		snprintf(a->address, sizeof(a->address), "%s", http_peer(r));
		snprintf(a->password, sizeof(a->password), "%.*s", SPAN_FMT(c.password));
		begin(a);
	}
	wipe_text(json_object_get(object, "password"));
	json_decref(object);
}
