/*
 * stable_token, kept for all nodes. One step at a time: look into the store; if what is there does
 * not serve, one node gets the lock and asks WeChat, the others look again until it is there. That
 * is courtesy, not correctness: stable_token gives every caller the same token, so a node whose
 * store is away asks too. Source: docs/protocols/wechat.md; getStableAccessToken.
 */
#include "wechat_access.h"

#include "http_client.h"
#include "loop.h"
#include "wechat_api.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LOCK_MS = 15000, /* longer than one request may take */
	POLL_MS = 300,   /* between looks while another node asks */
	POLLS_MOST = 40,
	SPARE_MS = 5000,   /* a token that ends sooner is not begun with */
	RENEW_MS = 240000, /* before the end; the platform makes a new one from 300 s on */
	RENEW_SHARE = 30,  /* of the life, where that is less */
	RENEW_SOONEST_MS = 1000,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MOST_MS = 60000,
	MISCONFIGURED_MS = 300000,
	SECOND_MS = 1000,
	VALUE_MAX = WECHAT_TOKEN_MAX + 32,
	WHY_MAX = 512,
	URL_MAX = 1024
};
#define KEY_TOKEN SPAN_LIT("access_token")
#define KEY_LOCK SPAN_LIT("access_token.lock")

enum step { STEP_NONE, STEP_LOADING, STEP_LOCKING, STEP_POLLING, STEP_ASKING };

struct waiter {
	struct waiter *next;
	wechat_access_fn *fn;
	void *arg;
};

struct wechat_access {
	struct wechat_access_options o;
	unsigned calls; /* under way; the last one to come back frees what is gone */
	bool gone;      /* its owner is: answers are for nobody */
	enum step step;
	bool usable; /* there is a token, and nothing says that it is of no use */
	unsigned polls, failures;
	char token[WECHAT_TOKEN_MAX + 1], refused[WECHAT_TOKEN_MAX + 1];
	uint64_t ends_ms;       /* of the token, wall clock */
	uint64_t locked_ms;     /* until then the lock is ours */
	struct io_timer *timer; /* by step: look again; else renew or try again */
	struct waiter *waiters;
};

static void begin(struct wechat_access *a);
static void on_load(void *arg, int err, struct span value);

static uint64_t wall_ms(const struct wechat_access *a)
{
	return clock_wall_ms(io_loop_clock(connector_loop(a->o.host)));
}

static const struct logger *log_of(const struct wechat_access *a)
{
	return connector_log(a->o.host);
}

static void wipe(struct wechat_access *a)
{
	OPENSSL_cleanse(a->token, sizeof(a->token));
	OPENSSL_cleanse(a->refused, sizeof(a->refused));
	free(a);
}

/* A call comes back: false when its answer is for nobody any more. */
static bool comes_back(struct wechat_access *a)
{
	a->calls--;
	if (!a->gone)
		return true;
	if (!a->calls)
		wipe(a);
	return false;
}

static void tell_waiters(struct wechat_access *a, int err)
{
	struct waiter *all = a->waiters;

	a->waiters = NULL;
	while (all) {
		struct waiter *w = all;

		all = w->next;
		w->fn(w->arg, err, err ? NULL : a->token);
		free(w);
	}
}

/* --- outcomes ------------------------------------------------------------------------------- */

static bool holds(const struct wechat_access *a)
{
	return a->token[0] && wall_ms(a) < a->ends_ms;
}

static uint64_t renew_in(const struct wechat_access *a)
{
	uint64_t now = wall_ms(a);
	uint64_t rest = a->ends_ms > now ? a->ends_ms - now : 0;
	uint64_t before = rest / RENEW_SHARE < RENEW_MS ? rest / RENEW_SHARE : RENEW_MS;

	return rest - before > RENEW_SOONEST_MS ? rest - before : RENEW_SOONEST_MS;
}

static void succeed(struct wechat_access *a)
{
	bool was = a->usable;

	a->step = STEP_NONE;
	a->failures = 0;
	a->usable = true;
	io_timer_start(a->timer, renew_in(a), 0);
	if (!was)
		a->o.on_state(a->o.arg, CHANNEL_UP, NULL);
	tell_waiters(a, 0);
}

static void suspend(struct wechat_access *a, uint64_t ms, enum channel_state state, const char *why)
{
	a->step = STEP_NONE;
	a->usable = false;
	io_timer_start(a->timer, ms, 0);
	a->o.on_state(a->o.arg, state, why);
	tell_waiters(a, -EAGAIN);
}

/* A renewal that failed does no harm while the old token lives. */
static void fail(struct wechat_access *a, enum channel_state state, const char *why)
{
	uint64_t ms = state == CHANNEL_MISCONFIGURED ? MISCONFIGURED_MS : BACKOFF_FIRST_MS;

	for (unsigned i = 0; i < a->failures && ms < BACKOFF_MOST_MS; i++)
		ms *= 2;
	a->failures++;
	log_warn(log_of(a), EVENT("wechat.token_failed"), STR("why", why), NUM("retry_ms", ms));
	if (!a->usable || !holds(a)) {
		suspend(a, ms, state, why);
		return;
	}
	a->step = STEP_NONE;
	io_timer_start(a->timer, ms, 0);
	tell_waiters(a, 0);
}

/* --- asking WeChat -------------------------------------------------------------------------- */

static void on_stored(void *arg, int err)
{
	struct wechat_access *a = arg;

	if (comes_back(a) && err) /* each node then asks for itself: the same token comes */
		log_warn(log_of(a), EVENT("wechat.token_not_shared"), ERR(err));
}

static void store(struct wechat_access *a, uint64_t ttl_ms)
{
	char value[VALUE_MAX];
	int len = snprintf(value, sizeof(value), "%" PRIu64 " %s", a->ends_ms, a->token);

	a->calls++;
	connector_store(a->o.host, KEY_TOKEN, (struct span){value, (size_t)len}, ttl_ms, on_stored,
	                a);
	OPENSSL_cleanse(value, sizeof(value));
}

static void read_answer(struct wechat_access *a, struct wechat_answer *answer)
{
	const struct wechat_error *error = wechat_error_of(answer->errcode);
	char why[WHY_MAX];

	if (answer->errcode || !answer->token[0]) {
		/* 40001 here is not about a token: the secret is wrong. */
		bool ours = error->todo == DO_CONFIGURE || error->todo == DO_TOKEN;

		wechat_answer_reason(answer, a->o.secret, why, sizeof(why));
		fail(a, ours ? CHANNEL_MISCONFIGURED : CHANNEL_RECEIVE_ONLY, why);
		return;
	}
	memcpy(a->token, answer->token, sizeof(a->token));
	a->ends_ms = wall_ms(a) + answer->expires_s * SECOND_MS;
	log_info(log_of(a), EVENT("wechat.token"), SECRET("token"),
	         NUM("expires_s", answer->expires_s));
	store(a, answer->expires_s * SECOND_MS);
	succeed(a);
}

static void on_answer(void *arg, const struct http_client_answer *http)
{
	struct wechat_access *a = arg;
	struct wechat_answer answer;
	char why[WHY_MAX];

	if (!comes_back(a))
		return;
	if (http->err) {
		snprintf(why, sizeof(why), "the API cannot be reached: %s", strerror(-http->err));
		fail(a, CHANNEL_RECEIVE_ONLY, why);
	} else if (wechat_answer_read(http->body, &answer)) {
		snprintf(why, sizeof(why), "the API's answer is not WeChat's (HTTP %d)",
		         http->status);
		fail(a, CHANNEL_RECEIVE_ONLY, why);
	} else {
		read_answer(a, &answer);
	}
	OPENSSL_cleanse(&answer, sizeof(answer));
}

static int post(struct wechat_access *a, struct span body)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	char url[URL_MAX];
	int len = snprintf(url, sizeof(url), "%s/cgi-bin/stable_token", a->o.api_base);

	if (len < 0 || (size_t)len >= sizeof(url))
		return -EINVAL;
	return http_client_send(connector_http_client(a->o.host), "wechat.token",
	                        &(struct http_client_request){.method = "POST",
	                                                      .url = url,
	                                                      .headers = headers,
	                                                      .body = body,
	                                                      .timeout_ms = a->o.timeout_ms,
	                                                      .answer_max = WECHAT_BODY_MAX},
	                        on_answer, a);
}

static void ask(struct wechat_access *a)
{
	struct buf body;
	int err;

	a->step = STEP_ASKING;
	a->calls++;
	buf_init(&body, WECHAT_BODY_MAX);
	err = wechat_api_token_body(a->o.appid, a->o.secret, &body);
	if (!err)
		err = post(a, buf_span(&body));
	OPENSSL_cleanse(body.data, body.len);
	buf_fini(&body);
	if (err && comes_back(a))
		fail(a, CHANNEL_RECEIVE_ONLY, strerror(-err));
}

/* --- the store ------------------------------------------------------------------------------ */

/* Takes what another node left, when it serves: not the refused one, and newer than ours. */
static bool adopt(struct wechat_access *a, struct span value)
{
	struct span token;
	struct span ends = span_split(value, ' ', &token);
	uint64_t ends_ms;

	if (!token.len || token.len > WECHAT_TOKEN_MAX || span_u64(ends, &ends_ms) ||
	    ends_ms < wall_ms(a) + SPARE_MS || span_is(token, a->refused) ||
	    (a->token[0] && ends_ms <= a->ends_ms))
		return false;
	memcpy(a->token, token.ptr, token.len);
	a->token[token.len] = '\0';
	a->ends_ms = ends_ms;
	return true;
}

static void on_lock(void *arg, int err, struct span value)
{
	struct wechat_access *a = arg;

	if (!comes_back(a))
		return;
	if (!err && value.len)
		a->locked_ms = wall_ms(a) + LOCK_MS;
	if (err || value.len || ++a->polls > POLLS_MOST) {
		ask(a);
		return;
	}
	a->step = STEP_POLLING;
	io_timer_start(a->timer, POLL_MS, 0);
}

static void on_load(void *arg, int err, struct span value)
{
	struct wechat_access *a = arg;

	if (!comes_back(a))
		return;
	if (!err && adopt(a, value)) {
		succeed(a);
		return;
	}
	if (wall_ms(a) < a->locked_ms) {
		ask(a);
		return;
	}
	a->step = STEP_LOCKING;
	a->calls++;
	connector_lock(a->o.host, KEY_LOCK, LOCK_MS, on_lock, a);
}

static void load(struct wechat_access *a)
{
	a->step = STEP_LOADING;
	a->calls++;
	connector_load(a->o.host, KEY_TOKEN, on_load, a);
}

static void begin(struct wechat_access *a)
{
	a->polls = 0;
	load(a);
}

static void on_timer(void *arg)
{
	struct wechat_access *a = arg;

	if (a->step == STEP_POLLING)
		load(a);
	else if (a->step == STEP_NONE)
		begin(a);
}

/* --- for the sender ------------------------------------------------------------------------- */

int wechat_access_create(const struct wechat_access_options *options, struct wechat_access **out)
{
	struct wechat_access *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->o = *options;
	err = io_timer_create(connector_loop(options->host), "wechat.token", on_timer, a,
	                      &a->timer);
	if (err) {
		free(a);
		return err;
	}
	*out = a;
	return 0;
}

void wechat_access_start(struct wechat_access *a)
{
	if (a->step == STEP_NONE)
		begin(a);
}

void wechat_access_destroy(struct wechat_access **a)
{
	if (!*a)
		return;
	(*a)->gone = true;
	io_timer_destroy(&(*a)->timer);
	tell_waiters(*a, -ECANCELED);
	if (!(*a)->calls)
		wipe(*a);
	*a = NULL;
}

/* A token for this moment, or NULL. */
static const char *at_hand(const struct wechat_access *a)
{
	return a->usable && holds(a) ? a->token : NULL;
}

void wechat_access_get(struct wechat_access *a, wechat_access_fn *fn, void *arg)
{
	const char *token = at_hand(a);
	/* Not usable and no step under way: the timer decides when the next try is. */
	bool comes = a->usable || a->step != STEP_NONE;
	struct waiter *w = token || !comes ? NULL : malloc(sizeof(*w));

	if (!w) {
		fn(arg, token ? 0 : -EAGAIN, token);
		return;
	}
	*w = (struct waiter){a->waiters, fn, arg};
	a->waiters = w;
	if (a->step == STEP_NONE)
		begin(a);
}

void wechat_access_now(struct wechat_access *a, wechat_access_fn *fn, void *arg)
{
	const char *token = at_hand(a);

	fn(arg, token ? 0 : -EAGAIN, token);
}

void wechat_access_refused(struct wechat_access *a, const char *token)
{
	if (strcmp(token, a->token) != 0)
		return; /* another one has come since */
	memcpy(a->refused, a->token, sizeof(a->refused));
	OPENSSL_cleanse(a->token, sizeof(a->token));
	log_warn(log_of(a), EVENT("wechat.token_refused"));
}

void wechat_access_suspend(struct wechat_access *a, uint64_t ms, enum channel_state state,
                           const char *why)
{
	/* A step that is under way ends it: what it brings is newer than what we know. */
	if (a->step == STEP_NONE)
		suspend(a, ms, state, why);
}

bool wechat_access_usable(const struct wechat_access *a)
{
	return a->usable;
}
