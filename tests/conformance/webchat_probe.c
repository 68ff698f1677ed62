/*
 * A browser's tab, in as few octets as it takes: the handshake, hello and a message leave in one
 * segment, masked with a key of zeros (RFC 6455, 5.3), and acknowledgements are counted in what
 * comes back.
 */
#include "conformance.h"

#include "buf.h"
#include "home.h"
#include "stream.h"
#include "webchat.h"
#include "webchat_token.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_FRAME = 0x81, MASKED = 0x80, SHORT_MAX = 125, OUT_MAX = 4096 };

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char address[] = "web:u-mei";

static struct browser {
	struct io_stream *stream;
	struct buf out, in;
	unsigned acknowledged, put_off, cids;
} browser;

/* ---- what comes back ---- */

static unsigned count(struct span in, const char *what)
{
	size_t len = strlen(what);
	unsigned n = 0;

	for (size_t i = 0; i + len <= in.len; i++)
		n += memcmp(in.ptr + i, what, len) == 0;
	return n;
}

/* A connection's octets are looked at as a whole: a frame may come in pieces. */
static unsigned counted(unsigned before, const char *what)
{
	return before + count(buf_span(&browser.in), what);
}

static void on_open(void *arg)
{
	(void)arg;
	if (io_stream_write(browser.stream, buf_span(&browser.out)))
		return;
	buf_clear(&browser.out);
}

static void on_data(void *arg, struct span data)
{
	(void)arg;
	buf_add(&browser.in, data);
}

/* There is one at a time: a new one is opened when the last is gone. */
static void on_close(void *arg, int err)
{
	(void)arg;
	(void)err;
	browser.stream = NULL;
}

static const struct io_stream_ops stream_ops = {
	.name = "browser", .on_open = on_open, .on_data = on_data, .on_close = on_close};

/* ---- what it says ---- */

static void frame(const char *text)
{
	size_t len = strlen(text);

	buf_u8(&browser.out, TEXT_FRAME);
	if (len <= SHORT_MAX) {
		buf_u8(&browser.out, (uint8_t)(MASKED | len));
	} else {
		buf_u8(&browser.out, MASKED | (SHORT_MAX + 1));
		buf_u16(&browser.out, (uint16_t)len);
	}
	buf_u32(&browser.out, 0);
	buf_str(&browser.out, text);
}

static void hello(struct scene *s)
{
	const struct webchat_token who = {"u-mei", UINT64_C(4102444800000)}; /* the year 2100 */
	char token[WEBCHAT_TOKEN_MAX] = "", text[WEBCHAT_TOKEN_MAX + 64];

	if (webchat_token_write(span_of(secret), span_of(s->host.name), &who, token))
		return;
	buf_printf(&browser.out,
	           "GET /webchat/%s/ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n"
	           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: posthouse.webchat.v1\r\n"
	           "Origin: http://site.example\r\n\r\n",
	           s->host.name);
	snprintf(text, sizeof(text), "{\"type\":\"hello\",\"v\":1,\"token\":\"%s\",\"since\":0}",
	         token);
	frame(text);
}

static void forget(void)
{
	browser.acknowledged = counted(browser.acknowledged, "\"type\":\"ack\"");
	browser.put_off = counted(browser.put_off, "\"unavailable\"");
	buf_clear(&browser.in);
	buf_clear(&browser.out);
}

/* Says one more frame, over a new connection where there is none. */
static void say_frame(struct scene *s, const char *text)
{
	const struct io_stream_options to = {.host = home_address(), .port = s->http_port};

	if (browser.stream) {
		frame(text);
		on_open(NULL);
		return;
	}
	forget();
	hello(s);
	frame(text);
	if (io_stream_connect(s->loop, &to, &stream_ops, NULL, &browser.stream))
		browser.stream = NULL;
}

static void say(struct scene *s, const char *text)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"type\":\"msg\",\"cid\":\"c%u\",\"text\":\"%s\"}",
	         ++browser.cids, text);
	say_frame(s, json);
}

static void drop(struct scene *s)
{
	if (browser.stream)
		io_stream_abort(browser.stream, 0);
	while (browser.stream)
		host_pass(s->loop, 1);
}

/* Each ends the connection, or is told; the next thing said comes over a new one. */
static bool garbage(struct scene *s, unsigned i)
{
	static const char *const pieces[] = {
		"{",
		"[]",
		"{\"type\":\"shout\"}",
		"{\"type\":\"msg\",\"cid\":\"x\",\"text\":5}",
		"{\"type\":\"msg\",\"cid\":\"x\",\"text\":\"hi\",\"html\":true}",
		"{\"type\":\"hello\",\"v\":1,\"token\":\"x\",\"since\":0}",
		"\xff\xfe",
	};

	if (i >= ARRAY_LEN(pieces))
		return false;
	say_frame(s, pieces[i]);
	host_pass(s->loop, 50);
	drop(s);
	return true;
}

/* ---- the probe ---- */

static int probe_open(struct scene *s, char *yaml, size_t size)
{
	(void)s;
	browser = (struct browser){0};
	buf_init(&browser.out, OUT_MAX);
	buf_init(&browser.in, 1 << 20);
	setenv("CONFORMANCE_SECRET", secret, 1);
	snprintf(yaml, size,
	         "origins: [\"http://site.example\"]\ntoken_secret: {env: CONFORMANCE_SECRET}\n");
	return 0;
}

static void probe_close(struct scene *s)
{
	drop(s);
	buf_fini(&browser.out);
	buf_fini(&browser.in);
}

static unsigned acknowledged(struct scene *s)
{
	(void)s;
	return counted(browser.acknowledged, "\"type\":\"ack\"");
}

static unsigned put_off(struct scene *s)
{
	(void)s;
	return counted(browser.put_off, "\"unavailable\"");
}

const struct probe webchat_probe = {
	.ops = &webchat_connector,
	.address = address,
	.raw_address = "u-mei",
	.bad_address = "web:mei",
	.open = probe_open,
	.close = probe_close,
	.say = say,
	.acknowledged = acknowledged,
	.put_off = put_off,
	.drop = drop,
	.garbage = garbage,
};
const struct probe *const conformance_probe = &webchat_probe;
