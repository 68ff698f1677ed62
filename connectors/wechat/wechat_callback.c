/*
 * Verifies each request before anything of it is believed: signature over token, timestamp and
 * nonce; in the encrypted modes msg_signature over the ciphertext, and the appid inside. The mode
 * is the configured one, so that nobody gets a plain message past safe mode; in compatible mode
 * what stands beside the ciphertext is not even looked at. Source: docs/protocols/wechat.md.
 */
#include "wechat_callback.h"

#include "loop.h"
#include "metrics.h"

#include <stdio.h>

enum {
	ENVELOPE_MAX =
		4 * WECHAT_PUSH_MAX, /* compatible mode: the message, and it again in base64 */
	PATH_MAX_OCTETS = 160,
	THROTTLE_MS = 10000,
	SECOND_MS = 1000,
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_FORBIDDEN = 403,
	HTTP_TOO_LARGE = 413
};

/* Why a request was not believed: in the log and the metrics, not in the answer. */
static const struct refusal {
	int err, status;
	const char *what;
} refusals[] = {
	{-EINVAL,   HTTP_BAD_REQUEST, "parameters"}, /* missing, repeated, badly encoded */
	{-EPROTO,   HTTP_FORBIDDEN,   "mode"      }, /* not the configured one */
	{-EACCES,   HTTP_FORBIDDEN,   "signature" }, /* or the appid inside */
	{-ESTALE,   HTTP_FORBIDDEN,   "timestamp" },
        {-EPERM,    HTTP_BAD_REQUEST, "doctype"   },
	{-EMSGSIZE, HTTP_TOO_LARGE,   "size"      },
        {-EBADMSG,  HTTP_BAD_REQUEST, "malformed" },
};

enum parameter {
	SIGNATURE,
	TIMESTAMP,
	NONCE,
	MSG_SIGNATURE,
	ENCRYPT_TYPE,
	OPENID,
	ECHOSTR,
	PARAMETERS
};
static const char *const names[PARAMETERS] = {
	"signature", "timestamp", "nonce", "msg_signature", "encrypt_type", "openid", "echostr"};

struct query {
	struct span of[PARAMETERS];
};

static uint64_t wall_ms(const struct wechat_callback *c)
{
	return clock_wall_ms(io_loop_clock(connector_loop(c->host)));
}

static void refuse(struct wechat_callback *c, struct http_request *request, int err)
{
	const struct refusal *r = refusals;
	uint64_t suppressed;

	while (r->err != err && r < &refusals[ARRAY_LEN(refusals) - 1])
		r++;
	++*metric_get(METRIC_COUNTER, "posthouse_wechat_refused_total",
	              "Callbacks that were not believed, by why", "why", r->what);
	if (log_throttle_pass(&c->refusals, wall_ms(c), THROTTLE_MS, &suppressed))
		log_warn(connector_log(c->host), EVENT("wechat.callback_refused"),
		         STR("why", r->what), STR("peer", http_peer(request)),
		         NUM("suppressed", suppressed));
	http_respond(request, r->status, "text/plain", SPAN_NONE);
}

/* --- what a request proves ------------------------------------------------------------------ */

static int read_query(const struct http_request *request, struct query *q)
{
	for (size_t i = 0; i < PARAMETERS; i++) {
		int err = http_query(request, names[i], &q->of[i]);

		if (err == -ENOENT)
			q->of[i] = SPAN_NONE;
		else if (err)
			return -EINVAL;
	}
	return q->of[SIGNATURE].len && q->of[TIMESTAMP].len && q->of[NONCE].len ? 0 : -EINVAL;
}

static int check_timestamp(const struct wechat_callback *c, struct span timestamp)
{
	uint64_t now = wall_ms(c), seconds, then;

	if (!c->timestamp_slack_ms)
		return 0;
	if (span_u64(timestamp, &seconds) || seconds > UINT64_MAX / SECOND_MS)
		return -ESTALE;
	then = seconds * SECOND_MS;
	return (now > then ? now - then : then - now) > c->timestamp_slack_ms ? -ESTALE : 0;
}

static int check_signature(const struct wechat_callback *c, const struct query *q)
{
	const struct span parts[] = {c->token, q->of[TIMESTAMP], q->of[NONCE]};

	return wechat_signed(q->of[SIGNATURE], parts, ARRAY_LEN(parts))
	               ? check_timestamp(c, q->of[TIMESTAMP])
	               : -EACCES;
}

static int check_mode(const struct wechat_callback *c, const struct query *q)
{
	struct span type = q->of[ENCRYPT_TYPE];
	bool sealed = span_is(type, "aes");

	if (type.len && !sealed && !span_is(type, "raw"))
		return -EINVAL;
	if (sealed != (c->mode != WECHAT_PLAIN))
		return -EPROTO;
	return sealed && !q->of[MSG_SIGNATURE].len ? -EINVAL : 0;
}

/* --- what it says --------------------------------------------------------------------------- */

/* A verified request: the message in clear, and what its answer needs. */
struct opened {
	struct span text;
	const struct wechat_key *key;
	struct buf room;
	struct wechat_push push;
};

/* With whichever key opens it. A wrong key looks like a broken message, seldom like a wrong appid.
 */
static int open_envelope(const struct wechat_callback *c, struct span sealed, struct opened *o)
{
	int first = 0, err = 0;

	for (size_t i = 0; i < c->key_count; i++) {
		buf_clear(&o->room);
		err = wechat_open(&c->keys[i], c->appid, sealed, &o->room, &o->text);
		if (!err) {
			o->key = &c->keys[i];
			return 0;
		}
		first = i ? first : err;
	}
	return first;
}

static int open_sealed(const struct wechat_callback *c, const struct query *q, struct span body,
                       struct opened *o)
{
	struct wechat_push outer;
	int err = wechat_push_parse(body, ENVELOPE_MAX, &outer);

	if (err)
		return err;
	const struct span parts[] = {c->token, q->of[TIMESTAMP], q->of[NONCE], outer.encrypt};

	if (!outer.encrypt.len)
		err = -EPROTO; /* plain text where only ciphertext counts */
	else if (!wechat_signed(q->of[MSG_SIGNATURE], parts, ARRAY_LEN(parts)))
		err = -EACCES;
	else
		err = open_envelope(c, outer.encrypt, o);
	wechat_push_fini(&outer);
	return err;
}

static int open_request(const struct wechat_callback *c, const struct http_request *request,
                        struct opened *o)
{
	struct query q;
	int err = read_query(request, &q);

	if (!err)
		err = check_mode(c, &q);
	if (!err)
		err = check_signature(c, &q);
	o->text = http_body(request);
	if (!err && c->mode != WECHAT_PLAIN)
		err = open_sealed(c, &q, o->text, o);
	return err ? err : wechat_push_parse(o->text, WECHAT_PUSH_MAX, &o->push);
}

static void log_unknown(const struct wechat_callback *c, const struct opened *o)
{
	log_info(connector_log(c->host), EVENT("wechat.unknown_type"),
	         SPAN("type", o->push.msg_type), SPAN("name", o->push.event));
}

static void hand_up(struct wechat_callback *c, struct http_request *request, const struct opened *o)
{
	struct wechat_try try = {.request = request,
	                         .key = o->key,
	                         .json = o->push.json,
	                         .account = o->push.to_user_name};
	struct wechat_meant meant;
	int err = wechat_message_read(&o->push, c->appid, c->channel, o->text, wall_ms(c), &meant);

	if (err == -ENOMEM) {
		wechat_answer_later(request);
	} else if (err) {
		refuse(c, request, err);
	} else if (meant.meaning == WECHAT_NOTE) {
		log_info(connector_log(c->host), EVENT("wechat.note"), SPAN("name", o->push.event),
		         SPAN("status", o->push.status), SPAN("sent", o->push.sent_count));
		wechat_answer_success(request);
	} else {
		if (!meant.known)
			log_unknown(c, o);
		wechat_turns_begin(c->turns, &try, &meant);
	}
}

static void on_post(void *arg, struct http_request *request)
{
	struct wechat_callback *c = arg;
	struct opened o = {0};
	int err;

	if (c->stopping) {
		wechat_answer_later(request);
		return;
	}
	buf_init(&o.room, ENVELOPE_MAX);
	err = open_request(c, request, &o);
	if (err == -ENOMEM) {
		wechat_answer_later(request);
	} else if (err) {
		refuse(c, request, err);
	} else {
		hand_up(c, request, &o);
		wechat_push_fini(&o.push);
	}
	buf_fini(&o.room);
}

/* The set-up page of an account asks for its own words back. As plain text: they are not ours. */
static void on_get(void *arg, struct http_request *request)
{
	static const struct http_header_out headers[] = {
		{"X-Content-Type-Options", "nosniff"}
        };
	struct wechat_callback *c = arg;
	struct query q;
	int err = read_query(request, &q);

	if (!err && !q.of[ECHOSTR].len)
		err = -EINVAL;
	if (!err)
		err = check_signature(c, &q);
	if (err)
		refuse(c, request, err);
	else
		http_respond_with(request, HTTP_OK, "text/plain", q.of[ECHOSTR], headers,
		                  ARRAY_LEN(headers), NULL, NULL);
}

int wechat_callback_route(struct wechat_callback *callback)
{
	struct http_server *server = connector_http(callback->host);
	char path[PATH_MAX_OCTETS];
	int len = snprintf(path, sizeof(path), "/wechat/%.*s", SPAN_FMT(callback->channel));
	int err;

	if (len < 0 || (size_t)len >= sizeof(path))
		return -EINVAL;
	err = http_route(server, HTTP_M_GET, path, on_get, callback);
	if (err)
		return err;
	return http_route_limited(server, HTTP_M_POST, path, ENVELOPE_MAX, on_post, callback);
}
