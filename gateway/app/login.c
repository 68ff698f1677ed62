/*
 * Who a token belongs to, and the routes about oneself; login_attempt.c is the way to a token.
 */
#include "login_private.h"

#include <stdio.h>
#include <stdlib.h>

extern const char login_lua[];
const struct redis_library login_library = {"posthouse_login", login_lua};

struct span login_number(uint64_t value, char out[LOGIN_NUMBER_SIZE])
{
	int len = snprintf(out, LOGIN_NUMBER_SIZE, "%llu", (unsigned long long)value);

	return (struct span){out, (size_t)len};
}

static struct span bearer(const struct http_request *r)
{
	struct span rest;
	struct span scheme = span_split(http_header(r, "authorization"), ' ', &rest);

	if (scheme.len != 6 || strncasecmp(scheme.ptr, "Bearer", 6) != 0)
		return SPAN_NONE;
	return span_trim(rest);
}

void login_token_of(const struct http_request *r, struct login_token *out)
{
	struct span token = bearer(r);

	*out = (struct login_token){0};
	if (!token.len) {
		token = http_cookie(r, LOGIN_COOKIE);
		out->cookie = true;
	}
	if (token.len)
		digest_sha256_hex(&token, 1, out->hash);
}

bool login_origin_ok(const struct login *login, const struct http_request *r)
{
	struct span origin = http_header(r, "origin"), host = http_header(r, "host");
	const char *const *allowed = login->options.origins;
	struct span site;

	if (!origin.len)
		return true;
	if (span_starts(origin, SPAN_LIT("http://")))
		site = (struct span){origin.ptr + 7, origin.len - 7};
	else if (span_starts(origin, SPAN_LIT("https://")))
		site = (struct span){origin.ptr + 8, origin.len - 8};
	else
		return false;
	if (host.len && span_eq(site, host))
		return true;
	for (; allowed && *allowed; allowed++)
		if (span_is(origin, *allowed))
			return true;
	return false;
}

struct checking {
	struct login *login;
	login_fn *fn;
	void *arg;
};

/* A token is void when its user is gone, disabled, or has another password since. */
static int read_check(const struct login *login, const redisReply *reply, struct user *user,
                      uint64_t *expires_ms)
{
	char generation[17];

	if (user_decode(redis_text_at(reply, 0), redis_text_at(reply, 3), user) ||
	    span_u64(redis_text_at(reply, 2), expires_ms))
		return -EACCES;
	user_generation(user, generation);
	if (user->disabled || !span_is(redis_text_at(reply, 1), generation))
		return -EACCES;
	if (!user->capacity)
		user->capacity = login->options.capacity;
	return 0;
}

static void on_check(void *arg, int err, const redisReply *reply, const char *why)
{
	struct checking *c = arg;
	struct user user = {0};
	uint64_t expires_ms = 0;

	(void)why;
	if (!err)
		err = read_check(c->login, reply, &user, &expires_ms);
	c->fn(c->arg, err, err ? NULL : &user, expires_ms);
	free(c);
}

int login_check(struct login *login, const char *hash, bool renew, login_fn *fn, void *arg)
{
	char now[LOGIN_NUMBER_SIZE], ttl[LOGIN_NUMBER_SIZE];
	const struct span args[] = {
		span_of(hash),
		login_number(clock_wall_ms(io_loop_clock(login->options.loop)), now),
		login_number(login->options.login_ms, ttl),
		renew ? SPAN_LIT("1") : SPAN_LIT("0"),
	};
	struct checking *c = malloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct checking){login, fn, arg};
	err = redis_fcall(login->options.redis, "ph_login_check", LOGIN_SLOT, args, ARRAY_LEN(args),
	                  on_check, c);
	if (err)
		free(c);
	return err;
}

static void on_me(void *arg, int err, const struct user *user, uint64_t expires_ms)
{
	struct http_request *r = arg;

	if (err == -EACCES)
		reply_unauthorized(r, "not_logged_in", "log in first");
	else if (err)
		reply_unavailable(r);
	else
		reply_json(r, 200,
		           json_pack("{s:o, s:I}", "user", user_public(user), "expires_ts",
		                     (json_int_t)expires_ms));
}

static void get_me(void *arg, struct http_request *r)
{
	struct login *login = arg;
	struct login_token token;

	login_token_of(r, &token);
	if (!token.hash[0])
		reply_unauthorized(r, "not_logged_in", "log in first");
	else if (login_check(login, token.hash, true, on_me, r))
		reply_unavailable(r);
}

static void on_logout(void *arg, int err, const redisReply *reply, const char *why)
{
	const struct http_header_out forget = {
		"Set-Cookie",
		LOGIN_COOKIE "=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0"};
	struct http_request *r = arg;

	(void)reply;
	(void)why;
	if (err)
		reply_unavailable(r);
	else
		http_respond_with(r, 204, NULL, SPAN_NONE, &forget, 1, NULL, NULL);
}

static void post_logout(void *arg, struct http_request *r)
{
	struct login *login = arg;
	struct login_token token;
	char key[sizeof(token.hash) + 32];
	struct span argv[] = {SPAN_LIT("DEL"), SPAN_NONE};

	if (!login_origin_ok(login, r)) {
		http_problem(r, 403, "origin_refused", "this origin may not log out", NULL);
		return;
	}
	login_token_of(r, &token);
	snprintf(key, sizeof(key), "ph:{desk}:login:%s", token.hash);
	argv[1] = span_of(key);
	if (redis_command(login->options.redis, 2, argv, on_logout, r))
		reply_unavailable(r);
}

int login_create(const struct login_options *options, struct login **out)
{
	struct login *login = calloc(1, sizeof(*login));
	int err;

	if (!login)
		return -ENOMEM;
	login->options = *options;
	err = http_route_limited(options->server, HTTP_M_POST, "/console/api/login", LOGIN_BODY_MAX,
	                         login_post, login);
	if (!err)
		err = http_route_limited(options->server, HTTP_M_POST, "/console/api/logout",
		                         LOGIN_BODY_MAX, post_logout, login);
	if (!err)
		err = http_route(options->server, HTTP_M_GET, "/console/api/me", get_me, login);
	if (err)
		login_destroy(&login);
	else
		*out = login;
	return err;
}

void login_destroy(struct login **login)
{
	free(*login);
	*login = NULL;
}
