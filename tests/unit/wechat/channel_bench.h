/* What the tests of a whole WeChat channel share: a platform, a host, a channel between them. */
#ifndef PH_WECHAT_CHANNEL_BENCH_H
#define PH_WECHAT_CHANNEL_BENCH_H

#include "host.h"
#include "platform.h"
#include "unit.h"

extern const struct connector_ops wechat_connector;

#define OPENID "oUser-1_x"
#define ADDRESS "wechat:" PLATFORM_APPID ":" OPENID
#define PUSH(rest)                                                                     \
	"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[" OPENID \
	"]]></FromUserName><CreateTime>1409735668</CreateTime>" rest "</xml>"
#define TEXT(content, id)                                                    \
	PUSH("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" content \
	     "]]></Content><MsgId>" id "</MsgId>")

extern struct io_loop *loop;
extern struct platform platform;
extern struct connector_host host;
extern struct buf bench_log; /* every line that was logged */
extern const struct platform_how safe;

/** Fixture: a platform and a host without a channel. */
void bench_set_up(void);
void bench_tear_down(void);
/** Opens and starts the channel with more lines of configuration. */
void bench_open(const char *more);
/** The same, and waits until it is up. */
void bench_open_up(const char *more);
/** Pushes the message and waits for the answer. */
const struct platform_try *bench_push(const struct platform_how *how, const char *xml);
/** Sends a text to a user; what send() answered. */
int bench_send(const char *openid, const char *text);
/** What WeChat answers next, after what was ordered before; 0 is success. */
void bench_order_errcode(int errcode);
/** How often it was asked for a token. */
size_t bench_tokens_asked(void);
/** The passive reply in an answer, opened with key (NULL: the current one); lasts until the next.
 */
struct wechat_push;
void bench_open_reply(const struct platform_try *t, const char *key, struct wechat_push *out);

#define UNTIL(name, condition)                                                      \
	static bool name(void *arg)                                                 \
	{                                                                           \
		(void)arg;                                                          \
		return condition;                                                   \
	}                                                                           \
	static void await_##name(void)                                              \
	{                                                                           \
		ck_assert_msg(host_until(loop, name, NULL, 8000), "%s: no", #name); \
	}

#endif
