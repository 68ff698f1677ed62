/* WeChat's platform as the peer of the suite. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>

#include "platform.h"

extern const struct connector_ops wechat_connector;

#define OPENID "oUser-1_x"

static struct platform platform;
static const struct platform_how safe = {.mode = "safe"};
static unsigned said;

static int probe_open(struct scene *s, char *yaml, size_t size)
{
	int err;

	setenv("WX_SECRET", PLATFORM_SECRET, 1);
	setenv("WX_TOKEN", PLATFORM_TOKEN, 1);
	setenv("WX_KEY", PLATFORM_KEY, 1);
	memset(&platform, 0, sizeof(platform));
	platform.door_port = s->http_port;
	s->peer = &platform;
	err = platform_open(&platform, s->loop);
	snprintf(yaml, size,
	         "appid: " PLATFORM_APPID "\nsecret: {env: WX_SECRET}\ntoken: {env: WX_TOKEN}\n"
	         "aes_key: {env: WX_KEY}\napi_base: %s\n",
	         platform.base);
	return err;
}

static void probe_close(struct scene *s)
{
	if (s->peer)
		platform_close(&platform);
	s->peer = NULL;
}

static void say(struct scene *s, const char *text)
{
	char xml[1024];

	(void)s;
	snprintf(xml, sizeof(xml),
	         "<xml><ToUserName>gh_1</ToUserName><FromUserName>" OPENID "</FromUserName>"
	         "<CreateTime>1409735668</CreateTime><MsgType>text</MsgType>"
	         "<Content><![CDATA[%s]]></Content><MsgId>%u</MsgId></xml>",
	         text, ++said);
	platform_push(&platform, &safe, xml);
}

static unsigned acknowledged(struct scene *s)
{
	(void)s;
	return platform.taken;
}

static unsigned put_off(struct scene *s)
{
	(void)s;
	return platform.put_off;
}

static unsigned heard(struct scene *s)
{
	(void)s;
	return (unsigned)platform_sends(&platform);
}

/* No token for anybody. */
static void refuse(struct scene *s, bool on)
{
	(void)s;
	platform.token_errcode = on ? -1 : 0;
}

static void mute(struct scene *s, bool on)
{
	(void)s;
	platform.hold = on;
	if (!on)
		platform_release(&platform, PLATFORM_KEPT);
}

static void drop(struct scene *s)
{
	(void)s;
	if (platform_drop(&platform))
		abort();
}

static const struct piece {
	struct platform_how how;
	const char *xml;
} pieces[] = {
	{{.mode = "safe"},				""								   },
	{{.mode = "safe"},				"hello"							      },
	{{.mode = "safe"},				"<xml><Content>"						     },
	{{.mode = "safe"},				"<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><Content>&a;</Content></xml>"},
	{{.mode = "safe"},				"<xml><MsgType>text</MsgType></xml>"                                 },
	{{.mode = "plain"},			       "<xml><MsgType>text</MsgType><FromUserName>o</FromUserName></xml>"   },
	{{.mode = "safe", .spoil_signature = true},       "<xml/>"							     },
	{{.mode = "safe", .spoil_msg_signature = true},   "<xml/>"                                                             },
	{{.mode = "safe", .appid = "wxffffffffffffffff"}, "<xml/>"                                                             },
	{{.mode = "safe", .extra = "&nonce=2"},           "<xml/>"							     },
};

static bool garbage(struct scene *s, unsigned i)
{
	(void)s;
	if (i >= ARRAY_LEN(pieces))
		return false;
	platform_push(&platform, &pieces[i].how, pieces[i].xml);
	return true;
}

const struct probe wechat_probe = {
	.ops = &wechat_connector,
	.pushes = true,
	.address = "wechat:" PLATFORM_APPID ":" OPENID,
	.raw_address = OPENID,
	.bad_address = "o x",
	.text_over = 4 * 2048 + 1,
	.more = "queue: 3\n",
	.window = 3,
	.open = probe_open,
	.close = probe_close,
	.say = say,
	.acknowledged = acknowledged,
	.put_off = put_off,
	.heard = heard,
	.refuse = refuse,
	.mute = mute,
	.drop = drop,
	.garbage = garbage,
};
const struct probe *const conformance_probe = &wechat_probe;
