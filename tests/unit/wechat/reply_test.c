/* Passive replies: their XML, and their envelope. */
#include "wechat_reply.h"

#include "unit.h"
#include "wechat_push.h"

#include <stdlib.h>

#define NOW_MS UINT64_C(1409735669123)

static struct message text_of(const char *text)
{
	return (struct message){.kind = MESSAGE_TEXT, .text = span_of(text)};
}

static struct buf written(const struct message *m)
{
	struct buf out;

	buf_init(&out, WECHAT_REPLY_MAX);
	ck_assert_int_eq(wechat_reply_write(m, SPAN_LIT("oUser"), SPAN_LIT("gh_1"), NOW_MS, &out),
	                 0);
	return out;
}

static const struct row {
	enum message_kind kind;
	const char *text, *data, *want;
} rows[] = {
	{MESSAGE_TEXT,  "hi",   NULL,
         "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content>"                  },
	{MESSAGE_IMAGE, "",     "{\"media_id\":\"m\"}",
         "<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[m]]></MediaId></Image>"   },
	{MESSAGE_VOICE, "",     "{\"media_id\":\"m\"}",
         "<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[m]]></MediaId></Voice>"   },
	{MESSAGE_VIDEO, "",     "{\"media_id\":\"m\",\"title\":\"t\"}",
         "<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[m]]></"
         "MediaId><Title><![CDATA[t]]>"
         "</Title><Description><![CDATA[]]></Description></Video>"                               },
	{MESSAGE_LINK,  "head", "{\"url\":\"http://u\",\"pic_url\":\"http://p\"}",
         "<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount><Articles><item>"
         "<Title><![CDATA[head]]></Title><Description><![CDATA[]]></Description>"
         "<PicUrl><![CDATA[http://p]]></PicUrl><Url><![CDATA[http://u]]></Url></item></Articles>"},
};

START_TEST(a_reply_is_written_by_its_kind)
{
	const struct row *row = &rows[_i];
	struct message m = {
		.kind = row->kind, .text = span_of(row->text), .data = span_of(row->data)};
	struct buf out = written(&m), want;

	buf_init(&want, WECHAT_REPLY_MAX);
	buf_printf(&want,
	           "<xml><ToUserName><![CDATA[oUser]]></ToUserName><FromUserName><![CDATA[gh_1]]>"
	           "</FromUserName><CreateTime>1409735669</CreateTime>%s</xml>",
	           row->want);
	ck_assert_msg(span_eq(buf_span(&out), buf_span(&want)), "%.*s", (int)out.len, out.data);
	buf_fini(&want);
	buf_fini(&out);
}
END_TEST

static const struct refusal {
	const char *what;
	enum message_kind kind;
	const char *text, *data;
} refusals[] = {
	{"no text",                   MESSAGE_TEXT,     "",  NULL                            },
	{"no media",                  MESSAGE_IMAGE,    "x", "{}"                            },
	{"no data",                   MESSAGE_VOICE,    "x", NULL                            },
	{"broken data",               MESSAGE_VIDEO,    "x", "{\"media_id\":"                },
	{"data that is no object",    MESSAGE_VIDEO,    "x", "[1]"                           },
	{"no address",                MESSAGE_LINK,     "x", "{\"title\":\"t\"}"             },
	{"a menu is no passive type", MESSAGE_MENU,     "x", "{\"choices\":[{\"id\":\"1\"}]}"},
	{"a place neither",           MESSAGE_LOCATION, "x", NULL                            },
};

START_TEST(what_no_passive_reply_says_is_refused)
{
	const struct refusal *row = &refusals[_i];
	struct message m = {
		.kind = row->kind, .text = span_of(row->text), .data = span_of(row->data)};
	struct buf out;

	buf_init(&out, WECHAT_REPLY_MAX);
	ck_assert_msg(wechat_reply_write(&m, SPAN_LIT("o"), SPAN_LIT("g"), NOW_MS, &out) ==
	                      -ENOTSUP,
	              "%s", row->what);
	buf_fini(&out);
}
END_TEST

START_TEST(text_is_bounded_in_octets)
{
	struct buf long_text, out;
	struct message m = {.kind = MESSAGE_TEXT};

	buf_init(&long_text, 3000);
	for (unsigned i = 0; i < 683; i++)
		buf_str(&long_text, "中");
	buf_init(&out, WECHAT_REPLY_MAX);
	m.text = (struct span){long_text.data, 2046}; /* 682 characters */
	ck_assert_int_eq(wechat_reply_write(&m, SPAN_LIT("o"), SPAN_LIT("g"), NOW_MS, &out), 0);
	m.text = buf_span(&long_text); /* 2049 octets */
	ck_assert_int_eq(wechat_reply_write(&m, SPAN_LIT("o"), SPAN_LIT("g"), NOW_MS, &out),
	                 -EMSGSIZE);
	buf_fini(&out);
	buf_fini(&long_text);
}
END_TEST

static const struct words {
	const char *text, *read;
} words[] = {
	{"]]>",				  "]]>"				 },
	{"a]]>b]]]>c",			   "a]]>b]]]>c"                          },
	{"]]]]>>",			       "]]]]>>"			      },
	{"]",				    "]"				   },
	{"]]",				   "]]"				  },
	{"<xml>&amp;</xml>",                     "<xml>&amp;</xml>"                    },
	{"]]><MsgType>image</MsgType><![CDATA[", "]]><MsgType>image</MsgType><![CDATA["},
	{"a\x01\x1b"
         "b\tc\nd",                     "ab\tc\nd"			    },
	{"\xff",				 "\xef\xbf\xbd"                        },
	{"\xf0\x9f\x98\x80",                     "\xf0\x9f\x98\x80"                    },
};

START_TEST(any_text_arrives_as_it_was_said)
{
	struct message m = text_of(words[_i].text);
	struct buf out = written(&m);
	struct wechat_push push;

	ck_assert_int_eq(wechat_push_parse(buf_span(&out), WECHAT_PUSH_MAX, &push), 0);
	ck_assert_msg(span_is(push.content, words[_i].read), "%s: %.*s", words[_i].text,
	              SPAN_FMT(push.content));
	ck_assert(span_is(push.msg_type, "text"));
	wechat_push_fini(&push);
	buf_fini(&out);
}
END_TEST

START_TEST(a_sealed_reply_is_signed_and_opens)
{
	static const uint8_t random[WECHAT_SEALING_RANDOM] = "0123456789abcdef\x01";
	struct wechat_key key;
	struct wechat_sealing sealing = {.key = &key,
	                                 .appid = SPAN_LIT("wx0123456789abcdef"),
	                                 .token = SPAN_LIT("t0ken"),
	                                 .now_ms = NOW_MS,
	                                 .random = random};
	struct buf out, room;
	struct wechat_push push;
	struct span inner;

	ck_assert_int_eq(
		wechat_key_parse(SPAN_LIT("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"), &key), 0);
	buf_init(&out, WECHAT_REPLY_MAX);
	buf_init(&room, WECHAT_REPLY_MAX);
	ck_assert_int_eq(wechat_reply_seal(&sealing, SPAN_LIT("<xml/>"), &out), 0);
	ck_assert_int_eq(wechat_push_parse(buf_span(&out), WECHAT_PUSH_MAX, &push), 0);
	ck_assert(strstr(out.data, "<TimeStamp>1409735669</TimeStamp>") != NULL);
	ck_assert(strstr(out.data, "<Nonce><![CDATA[1]]></Nonce>") != NULL);
	{
		const struct span parts[] = {sealing.token, SPAN_LIT("1409735669"), SPAN_LIT("1"),
		                             push.encrypt};
		const char *at = strstr(out.data, "<MsgSignature><![CDATA[");

		ck_assert_ptr_nonnull(at);
		at += sizeof("<MsgSignature><![CDATA[") - 1;
		ck_assert(wechat_signed((struct span){at, WECHAT_SIGNATURE_CHARS}, parts,
		                        ARRAY_LEN(parts)));
	}
	ck_assert_int_eq(wechat_open(&key, sealing.appid, push.encrypt, &room, &inner), 0);
	ck_assert(span_is(inner, "<xml/>"));
	wechat_push_fini(&push);
	buf_fini(&room);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, a_reply_is_written_by_its_kind, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, what_no_passive_reply_says_is_refused, 0, ARRAY_LEN(refusals));
	tcase_add_test(tc, text_is_bounded_in_octets);
	tcase_add_loop_test(tc, any_text_arrives_as_it_was_said, 0, ARRAY_LEN(words));
	tcase_add_test(tc, a_sealed_reply_is_signed_and_opens);
	return unit_run("wechat reply", &tc, 1);
}
