/* WeChat's side of the wire, for tests. */
#include "platform.h"

#include "home.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BODY_MAX = 512 * 1024,
	QUERY_MAX = 1024,
	WAIT_MS = 10000,
	HTTP_OK = 200,
	HTTP_UNAVAILABLE = 503
};

#define TIMESTAMP "1409735669"
#define NONCE "1320562132"
#define SALT "0123456789abcdef"

/* --- the API -------------------------------------------------------------------------------- */

static void copy(char *out, size_t size, struct span s)
{
	size_t len = s.len < size - 1 ? s.len : size - 1;

	if (len)
		memcpy(out, s.ptr, len);
	out[len] = '\0';
}

static void note(struct platform *p, const struct http_request *r)
{
	struct platform_call *call = &p->calls[p->call_count % PLATFORM_KEPT];
	struct span token = SPAN_NONE;

	p->call_count++;
	copy(call->path, sizeof(call->path), http_path(r));
	if (http_query(r, "access_token", &token) == 0)
		copy(call->token, sizeof(call->token), token);
	copy(call->body, sizeof(call->body), http_body(r));
}

static void answer(struct http_request *r, const char *json)
{
	http_respond(r, HTTP_OK, "application/json", span_of(json));
}

static void answer_code(struct http_request *r, int errcode)
{
	char json[128];

	snprintf(json, sizeof(json), "{\"errcode\":%d,\"errmsg\":\"said so rid: 1-2-3\"}", errcode);
	answer(r, json);
}

static void on_token(void *arg, struct http_request *r)
{
	struct platform *p = arg;
	char json[128];

	note(p, r);
	if (p->token_errcode) {
		answer_code(r, p->token_errcode);
		return;
	}
	if (!p->same_token || !p->tokens)
		p->tokens++;
	snprintf(json, sizeof(json), "{\"access_token\":\"TOKEN%u\",\"expires_in\":%u}", p->tokens,
	         p->expires_s);
	answer(r, json);
}

static void answer_send(struct platform *p, struct http_request *r)
{
	const char *odd = p->odd;
	int errcode = 0;

	p->odd = NULL;
	if (odd) {
		answer(r, odd);
		return;
	}
	if (p->errcode_count) {
		errcode = p->errcodes[0];
		p->errcode_count--;
		memmove(p->errcodes, p->errcodes + 1, p->errcode_count * sizeof(p->errcodes[0]));
	}
	answer_code(r, errcode);
}

static void on_send(void *arg, struct http_request *r)
{
	struct platform *p = arg;

	note(p, r);
	if (p->hold && p->held_count < PLATFORM_KEPT)
		p->held[p->held_count++] = r;
	else
		answer_send(p, r);
}

static void on_typing(void *arg, struct http_request *r)
{
	note(arg, r);
	answer_code(r, 0);
}

void platform_release(struct platform *p, size_t count)
{
	for (; count && p->held_count; count--) {
		answer_send(p, p->held[0]);
		p->held_count--;
		memmove(p->held, p->held + 1, p->held_count * sizeof(p->held[0]));
	}
}

static bool is_send(const struct platform_call *call)
{
	return strcmp(call->path, "/cgi-bin/message/custom/send") == 0;
}

size_t platform_sends(const struct platform *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->call_count && i < PLATFORM_KEPT; i++)
		count += is_send(&p->calls[i]);
	return count;
}

const struct platform_call *platform_sent(const struct platform *p, size_t index)
{
	for (size_t i = 0; i < p->call_count && i < PLATFORM_KEPT; i++)
		if (is_send(&p->calls[i]) && !index--)
			return &p->calls[i];
	return NULL;
}

static int open_api(struct platform *p)
{
	char address[32];
	int err = http_server_create(p->loop, "test.api", &(struct http_limits){0}, &p->api);

	snprintf(address, sizeof(address), "%s:%u", home_address(), p->api_port);
	if (!err)
		err = http_route(p->api, HTTP_M_POST, "/cgi-bin/stable_token", on_token, p);
	if (!err)
		err = http_route(p->api, HTTP_M_POST, "/cgi-bin/message/custom/send", on_send, p);
	if (!err)
		err = http_route(p->api, HTTP_M_POST, "/cgi-bin/message/custom/typing", on_typing,
		                 p);
	return err ? err : http_server_listen(p->api, address, NULL, &p->api_port);
}

static int open_door(struct platform *p)
{
	int err = http_server_create(p->loop, "test.door", &(struct http_limits){0}, &p->door);
	char address[32];

	snprintf(address, sizeof(address), "%s:0", home_address());
	return err ? err : http_server_listen(p->door, address, NULL, &p->door_port);
}

static int open_client(struct platform *p)
{
	return http_client_create(p->loop, &(struct http_client_options){0}, &p->client);
}

int platform_open(struct platform *p, struct io_loop *loop)
{
	int err;

	p->loop = loop;
	p->expires_s = p->expires_s ? p->expires_s : 7200;
	err = open_api(p);
	if (!err && !p->door_port)
		err = open_door(p);
	if (!err)
		err = open_client(p);
	snprintf(p->base, sizeof(p->base), "http://%s:%u", home_address(), p->api_port);
	return err;
}

int platform_drop(struct platform *p)
{
	int err;

	http_client_destroy(&p->client);
	platform_api_down(p);
	err = open_api(p);
	return err ? err : open_client(p);
}

void platform_api_down(struct platform *p)
{
	http_server_destroy(&p->api);
	platform_release(p, p->held_count); /* every request wants its answer */
}

void platform_close(struct platform *p)
{
	if (p->client)
		http_client_destroy(&p->client);
	if (p->door)
		http_server_destroy(&p->door);
	if (p->api)
		platform_api_down(p);
}

/* --- callbacks ------------------------------------------------------------------------------ */

static void on_answer(void *arg, const struct http_client_answer *a)
{
	struct platform_try *t = arg;
	struct platform *p = t->platform;

	t->over = true;
	t->err = a->err;
	t->status = a->status;
	p->taken += a->status == HTTP_OK;
	p->put_off += a->status == HTTP_UNAVAILABLE;
	copy(t->type, sizeof(t->type), a->type);
	copy(t->body, sizeof(t->body), a->body);
}

size_t platform_request(struct platform *p, const char *method, const char *query, struct span body,
                        uint64_t timeout_ms)
{
	struct platform_try *t = &p->tries[p->try_count % PLATFORM_TRIES];
	static const char *const headers[] = {"Content-Type: text/xml", NULL};
	char url[QUERY_MAX + 64];

	*t = (struct platform_try){.platform = p};
	snprintf(url, sizeof(url), "http://%s:%u/wechat/test?%s", home_address(), p->door_port,
	         query);
	t->err = !p->client
	                 ? -ENOTCONN
	                 : http_client_send(p->client, "test.callback",
	                                    &(struct http_client_request){.method = method,
	                                                                  .url = url,
	                                                                  .headers = headers,
	                                                                  .body = body,
	                                                                  .timeout_ms = timeout_ms},
	                                    on_answer, t);
	t->over = t->err != 0;
	return p->try_count++;
}

static const char *pick(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static void sign(const struct span *parts, size_t count, bool spoil,
                 char out[WECHAT_SIGNATURE_CHARS + 1])
{
	out[0] = '\0';
	if (wechat_sign(parts, count, out) == 0 && spoil)
		out[0] = out[0] == 'a' ? 'b' : 'a';
}

/* Short of memory, as a test may want it, the request is a broken one. */
static void put_sealed(const struct platform_how *how, const char *xml, struct buf *sealed)
{
	struct wechat_key key;

	if (wechat_key_parse(span_of(pick(how->key, PLATFORM_KEY)), &key) ||
	    wechat_seal(&key, span_of(pick(how->appid, PLATFORM_APPID)), (const uint8_t *)SALT,
	                span_of(xml), sealed))
		buf_clear(sealed);
}

/* Compatible mode has the plain message and Encrypt inside the same root. */
static void put_body(const struct platform_how *how, const char *xml, struct span sealed,
                     struct buf *body)
{
	const char *plain = pick(how->outer, xml);
	bool safe = strcmp(how->mode, "safe") == 0;

	if (strcmp(how->mode, "plain") == 0) {
		buf_str(body, xml);
		return;
	}
	if (safe)
		buf_str(body, "<xml><ToUserName>gh_1</ToUserName>");
	else
		buf_add(body, (struct span){plain, strlen(plain) - strlen("</xml>")});
	buf_printf(body, "<Encrypt><![CDATA[%.*s]]></Encrypt></xml>", SPAN_FMT(sealed));
}

size_t platform_push(struct platform *p, const struct platform_how *how, const char *xml)
{
	struct span parts[WECHAT_SIGNED_PARTS] = {span_of(pick(how->token, PLATFORM_TOKEN)),
	                                          SPAN_LIT(TIMESTAMP), SPAN_LIT(NONCE)};
	char signature[WECHAT_SIGNATURE_CHARS + 1], query[QUERY_MAX];
	struct buf sealed, body;
	size_t index;
	int len;

	buf_init(&sealed, BODY_MAX);
	buf_init(&body, BODY_MAX);
	sign(parts, WECHAT_SIGNED_PARTS - 1, how->spoil_signature, signature);
	len = snprintf(query, sizeof(query), "signature=%s&timestamp=" TIMESTAMP "&nonce=" NONCE,
	               signature);
	if (strcmp(how->mode, "plain") != 0) {
		put_sealed(how, xml, &sealed);
		parts[WECHAT_SIGNED_PARTS - 1] = buf_span(&sealed);
		sign(parts, WECHAT_SIGNED_PARTS, how->spoil_msg_signature, signature);
		len += snprintf(query + len, sizeof(query) - (size_t)len,
		                "&encrypt_type=aes&msg_signature=%s", signature);
	}
	snprintf(query + len, sizeof(query) - (size_t)len, "&openid=oUser%s", pick(how->extra, ""));
	put_body(how, xml, buf_span(&sealed), &body);
	index = platform_request(p, "POST", query, buf_span(&body), WAIT_MS);
	buf_fini(&body);
	buf_fini(&sealed);
	return index;
}

const char *platform_verification(const char *echostr)
{
	static char query[QUERY_MAX];
	const struct span parts[] = {SPAN_LIT(PLATFORM_TOKEN), SPAN_LIT(TIMESTAMP),
	                             SPAN_LIT(NONCE)};
	char signature[WECHAT_SIGNATURE_CHARS + 1];

	sign(parts, ARRAY_LEN(parts), false, signature);
	snprintf(query, sizeof(query),
	         "signature=%s&timestamp=" TIMESTAMP "&nonce=" NONCE "&echostr=%s", signature,
	         echostr);
	return query;
}

static bool is_over(void *arg)
{
	return ((const struct platform_try *)arg)->over;
}

const struct platform_try *platform_wait(struct platform *p, size_t index)
{
	struct platform_try *t = &p->tries[index % PLATFORM_TRIES];

	host_until(p->loop, is_over, t, WAIT_MS);
	return t;
}
