/* A channel on the bench. */
#include "channel_bench.h"

#include "wechat_push.h"

#include <stdio.h>
#include <stdlib.h>

struct io_loop *loop;
struct platform platform;
struct connector_host host;
struct buf bench_log;
const struct platform_how safe = {.mode = "safe"};

static struct buf opened; /* the last reply */

static void keep_line(void *arg, struct span line)
{
	(void)arg;
	buf_add(&bench_log, line);
	buf_u8(&bench_log, 0); /* a string, whenever it is looked at */
	bench_log.len -= bench_log.len > 0;
}

void bench_set_up(void)
{
	setenv("WX_SECRET", PLATFORM_SECRET, 1);
	setenv("WX_TOKEN", PLATFORM_TOKEN, 1);
	setenv("WX_KEY", PLATFORM_KEY, 1);
	buf_init(&bench_log, 1 << 20);
	buf_init(&opened, 1 << 20);
	log_set_level(LOG_DEBUG);
	log_set_sink(keep_line, NULL);
	memset(&platform, 0, sizeof(platform));
	memset(&host, 0, sizeof(host));
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(platform_open(&platform, loop), 0);
	host.http = platform.door;
	host.http_client = platform.client;
}

void bench_tear_down(void)
{
	/* As in the node: the channel goes first, then what it spoke through. */
	host_close(&host);
	platform_close(&platform);
	host_pass(loop, 20);
	io_loop_destroy(&loop);
	log_set_sink(NULL, NULL);
	buf_fini(&bench_log);
	buf_fini(&opened);
}

void bench_open(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
	         "appid: " PLATFORM_APPID "\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\n"
	         "aes_key: {env: WX_KEY}\napi_base: %s\n%s",
	         platform.base, more);
	ck_assert_int_eq(host_open(&host, &wechat_connector, yaml, loop), 0);
	ck_assert_int_eq(host.ops->start(host.self), 0);
}

static bool is_up(void *arg)
{
	(void)arg;
	return host.state == CHANNEL_UP;
}

void bench_open_up(const char *more)
{
	bench_open(more);
	ck_assert_msg(host_until(loop, is_up, NULL, 5000), "not up: %s", host.why);
}

const struct platform_try *bench_push(const struct platform_how *how, const char *xml)
{
	return platform_wait(&platform, platform_push(&platform, how, xml));
}

int bench_send(const char *openid, const char *text)
{
	char address[128];

	snprintf(address, sizeof(address), "wechat:" PLATFORM_APPID ":%s", openid);
	return host_send(&host, address, text);
}

void bench_open_reply(const struct platform_try *t, const char *key_text, struct wechat_push *out)
{
	struct wechat_push outer;
	struct wechat_key key;
	struct span xml;

	ck_assert_int_eq(t->status, 200);
	ck_assert_msg(wechat_push_parse(span_of(t->body), WECHAT_PUSH_MAX, &outer) == 0, "%s",
	              t->body);
	ck_assert_msg(outer.encrypt.len != 0, "not sealed: %s", t->body);
	ck_assert_int_eq(wechat_key_parse(span_of(key_text ? key_text : PLATFORM_KEY), &key), 0);
	buf_clear(&opened);
	ck_assert_int_eq(wechat_open(&key, SPAN_LIT(PLATFORM_APPID), outer.encrypt, &opened, &xml),
	                 0);
	ck_assert_int_eq(wechat_push_parse(xml, WECHAT_PUSH_MAX, out), 0);
	wechat_push_fini(&outer);
}

void bench_order_errcode(int errcode)
{
	platform.errcodes[platform.errcode_count++] = errcode;
}

size_t bench_tokens_asked(void)
{
	size_t count = 0;

	for (size_t i = 0; i < platform.call_count; i++)
		count += strcmp(platform.calls[i].path, "/cgi-bin/stable_token") == 0;
	return count;
}
