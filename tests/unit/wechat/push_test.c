/* Pushes in XML and JSON: what is read from them, and what is refused. */
#include "wechat_push.h"

#include "unit.h"

#include <stdlib.h>

#define HEAD                                                                                     \
	"<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oABC]]></FromUserName>" \
	"<CreateTime>1348831860</CreateTime>"

/* 130 octets */
#define TEN "abcdefghij"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static int parse(const char *text, struct wechat_push *push)
{
	return wechat_push_parse(span_of(text), WECHAT_PUSH_MAX, push);
}

static const struct read {
	const char *what, *text;
	size_t field;
	const char *value;
} reads[] = {
#define AT(field) offsetof(struct wechat_push, field)
	{"text",
                                                             "<xml>" HEAD "<MsgType>text</MsgType><Content><![CDATA[this is a test]]></Content>"
         "<MsgId>1234567890123456</MsgId></xml>",                                                                                                                                                  AT(content),        "this is a test"     },
	{"from",					       "<xml>" HEAD "</xml>",							  AT(from_user_name), "oABC"               },
	{"a MsgId past 2^53 stays as it is written",
                                                             "<xml><MsgId>9223372036854775809</MsgId></xml>",										      AT(msg_id),         "9223372036854775809"},
	{"MsgId and MsgID are two fields",                     "<xml><MsgID>7</MsgID><MsgId>8</MsgId></xml>",
                                                             AT(job_id),																	       "7"                  },
	{"CDATA sections are joined, with text between",
                                                             "<xml><Content><![CDATA[a]]>b<![CDATA[c]]>&amp;<![CDATA[<d>]]></Content></xml>",
                                                             AT(content),																	      "abc&<d>"            },
	{"]]> split over two sections",                        "<xml><Content><![CDATA[]]]]><![CDATA[>]]></Content></xml>",
                                                             AT(content),																	      "]]>"                },
	{"the first of two wins",                              "<xml><Content>one</Content><Content>two</Content></xml>",
                                                             AT(content),																	      "one"                },
	{"an empty first one too",                             "<xml><EventKey/><EventKey>two</EventKey></xml>",                               AT(event_key),
                                                             ""																					     },
	{"the five entities and character references",
                                                             "<xml><Content>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;</Content></xml>",                                                               AT(content),
                                                             "<>&\"'A\xe4\xb8\xad"																			  },
	{"blanks of the content stay",                         "<xml><Content> a\n b </Content></xml>",                                        AT(content),
                                                             " a\n b "																				      },
	{"control characters are dropped",
                                                             "<xml><Content><![CDATA[a\x01\x08"
         "b\x1b]]></Content></xml>",                                                                                                                                                               AT(content),        "ab"                 },
	{"U+FFFF is replaced",				 "<xml><Content>a\xef\xbf\xbf</Content></xml>",                                  AT(content),
                                                             "a\xef\xbf\xbd"																				},
	{"bad UTF-8 is replaced",                              "<xml><Content>a\xff\xc0z</Content></xml>",                                     AT(content),
                                                             "a\xef\xbf\xbd\xef\xbf\xbdz"																		   },
	{"an emoji of four octets",                            "<xml><Content>\xf0\x9f\x98\x80</Content></xml>",                               AT(content),
                                                             "\xf0\x9f\x98\x80"																			     },
	{"unknown elements are skipped, with what is in them",
                                                             "<xml><New><Content>no</Content></New><Content>yes</Content></xml>",                                                                  AT(content),        "yes"                },
	{"attributes, comments and instructions mean nothing",
                                                             "<?xml version=\"1.0\"?><xml a=\"b\"><!-- c --><Content x=\"y\">a<!-- d -->b<?p "
         "q?></Content></xml>",                                                                                                                                                                    AT(content),        "ab"                 },
	{"another namespace's Content is not ours",
                                                             "<xml xmlns:a=\"urn:a\"><a:Content>no</a:Content></xml>",									     AT(content),        NULL                 },
	{"what it says of its encoding is ignored",
                                                             "<?xml version=\"1.0\" encoding=\"GBK\"?><xml><Content>\xe4\xb8\xad</Content></xml>",
                                                             AT(content),																	      "\xe4\xb8\xad"       },
	{"image",					      "<xml><PicUrl><![CDATA[http://mmbiz/0]]></PicUrl><MediaId>m1</MediaId></xml>",
                                                             AT(pic_url),																	      "http://mmbiz/0"     },
	{"voice",
                                                             "<xml><MediaId>m</MediaId><Format>amr</Format><Recognition>ni hao</Recognition>"
         "<MediaId16K>m16</MediaId16K></xml>",                                                                                                                                                     AT(media_id_16k),   "m16"                },
	{"video",					      "<xml><ThumbMediaId>t</ThumbMediaId></xml>",                                    AT(thumb_media_id), "t"                  },
	{"location",					   "<xml><Location_X>23.134521</Location_X><Location_Y>113.35</Location_Y></xml>",
                                                             AT(latitude),																	     "23.134521"          },
	{"link",					       "<xml><Title>t</Title><Description>d</Description><Url>u</Url></xml>",          AT(url),
                                                             "u"																					    },
	{"menu message",				       "<xml><Content>yes</Content><bizmsgmenuid>101</bizmsgmenuid></xml>",
                                                             AT(menu_choice),																	  "101"                },
	{"scan of a code by the menu",
                                                             "<xml><ScanCodeInfo><ScanType>qrcode</ScanType>"
         "<ScanResult>1</ScanResult></ScanCodeInfo></xml>",                                                                                                                                        AT(scan_result),    "1"                  },
	{"album: what stands after the list",
                                                             "<xml><SendPicsInfo><PicList><item><PicMd5Sum>x"
         "</PicMd5Sum></item></PicList><Count>1</Count></SendPicsInfo></xml>",                                                                                                                     AT(picture_count),  "1"                  },
	{"place by the menu is not the place of a message",
                                                             "<xml><SendLocationInfo><Location_X>23"
         "</Location_X></SendLocationInfo></xml>",                                                                                                                                                 AT(latitude),       NULL                 },
	{"place by the menu",
                                                             "<xml><SendLocationInfo><Location_X>23</Location_X><Poiname>P"
         "</Poiname></SendLocationInfo></xml>",                                                                                                                                                    AT(chosen_place),   "P"                  },
	{"template job",
                                                             "<xml><MsgID>3487542469355618313</MsgID><Status>failed: system failed"
         "</Status></xml>",                                                                                                                                                                        AT(job_id),         "3487542469355618313"},
	{"envelope",					   "<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[abc=]]></Encrypt></xml>",
                                                             AT(encrypt),																	      "abc="               },
	{"eight elements deep, and what stands behind",
                                                             "<xml><a><a><a><a><a><a><a/></a></a></a></a></a></a><Content>x</Content></xml>",
                                                             AT(content),																	      "x"                  },
	{"names longer than any of ours, inside an item",
                                                             "<xml><A><item><" LONG "><PicMd5Sum>x</PicMd5Sum></" LONG
         "></item></A><Content>x</Content></xml>",                                                                                                                                                 AT(content),        "x"                  },
	{"JSON",					       " {\"ToUserName\":\"gh\",\"Content\":\"\\u4e2d \\ud83d\\ude00\"}",              AT(content),
                                                             "\xe4\xb8\xad \xf0\x9f\x98\x80"																		},
	{"JSON numbers of 63 bits",                            "{\"MsgId\":9223372036854775807}",                                              AT(msg_id),
                                                             "9223372036854775807"																			  },
	{"JSON inside",					"{\"ScanCodeInfo\":{\"ScanType\":\"qrcode\"}}",                                 AT(scan_type),      "qrcode"             },
	{"JSON control characters by escapes",                 "{\"Content\":\"a\\u0001\\tb\"}",                                               AT(content),
                                                             "a\tb"																					 },
	{"JSON values that are no text",                       "{\"Content\":null,\"Title\":true,\"Url\":[1]}",
                                                             AT(content),																	      NULL                 },
};

START_TEST(a_field_is_read)
{
	const struct read *row = &reads[_i];
	struct wechat_push push;
	const struct span *got;

	ck_assert_msg(parse(row->text, &push) == 0, "%s", row->what);
	got = (const struct span *)(const void *)((const char *)&push + row->field);
	if (row->value)
		ck_assert_msg(got->ptr && span_is(*got, row->value), "%s: '%.*s'", row->what,
		              SPAN_FMT(*got));
	else
		ck_assert_msg(!got->ptr, "%s", row->what);
	wechat_push_fini(&push);
}
END_TEST

#define ENTITIES                                                                \
	"<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">" \
	"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"

static const struct refusal {
	const char *what, *text;
	int want;
} refusals[] = {
	{"empty",			      "",								 -EBADMSG },
	{"blank",			      " \n ",							     -EBADMSG },
	{"no XML",			     "success",							  -EBADMSG },
	{"HTML",			       "<html><body/></html>",					     -EBADMSG },
	{"cut",				"<xml><Content>a",						  -EBADMSG },
	{"cut in a section",                   "<xml><Content><![CDATA[a</Content></xml>",                         -EBADMSG },
	{"something behind",                   "<xml/>x",							  -EBADMSG },
	{"a second root",                      "<xml/><xml/>",						     -EBADMSG },
	{"crossed elements",                   "<xml><a><b></a></b></xml>",                                        -EBADMSG },
	{"a bare ampersand",                   "<xml><Content>a & b</Content></xml>",                              -EBADMSG },
	{"an entity that nobody declared",     "<xml><Content>&nope;</Content></xml>",                             -EBADMSG },
	{"a reference to a control character", "<xml><Content>&#1;</Content></xml>",                               -EBADMSG },
	{"a document type",                    "<!DOCTYPE xml><xml/>",                                             -EPERM   },
	{"a document type after a comment",    "<!-- c --><!DOCTYPE xml []><xml/>",                                -EPERM   },
	{"a document type with a system name",
         "<!DOCTYPE xml SYSTEM \"http://127.0.0.1:9/x.dtd\"><xml/>",                                               -EPERM   },
	{"an external entity",
         "<!DOCTYPE xml [<!ENTITY x SYSTEM "
         "\"file:///etc/passwd\">]><xml><Content>&x;</Content></xml>",                                             -EPERM   },
	{"an entity bomb",
         "<!DOCTYPE xml [" ENTITIES "]><xml><Content>&c;&c;&c;&c;</Content></xml>",                                -EPERM   },
	{"a parameter entity",
         "<!DOCTYPE xml [<!ENTITY % x SYSTEM \"http://127.0.0.1:9/\"> %x;]><xml/>",                                -EPERM   },
	{"nine elements deep",                 "<xml><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></xml>",
         -EMSGSIZE													  },
	{"JSON cut",			   "{\"Content\":\"a\"",					       -EBADMSG },
	{"JSON with something behind",         "{} {}",							    -EBADMSG },
	{"JSON with a key twice",              "{\"Content\":\"a\",\"Content\":\"b\"}",                            -EBADMSG },
	{"JSON with NUL",                      "{\"Content\":\"a\\u0000b\"}",                                      -EBADMSG },
	{"JSON with half an emoji",            "{\"Content\":\"\\ud83d\"}",                                        -EBADMSG },
	{"JSON numbers past 64 bits",          "{\"MsgId\":99999999999999999999}",                                 -EBADMSG },
	{"JSON nested too deep",
         "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",                                     -EMSGSIZE},
};

START_TEST(a_bad_push_is_refused)
{
	const struct refusal *row = &refusals[_i];
	struct wechat_push push;
	int err = parse(row->text, &push);

	ck_assert_msg(err == row->want, "%s: %d", row->what, err);
}
END_TEST

START_TEST(a_push_is_bounded)
{
	char *text = malloc(WECHAT_PUSH_MAX + 2);
	struct wechat_push push;

	memset(text, ' ', WECHAT_PUSH_MAX + 1);
	memcpy(text, "<xml></xml>", 11);
	ck_assert_int_eq(
		wechat_push_parse((struct span){text, WECHAT_PUSH_MAX}, WECHAT_PUSH_MAX, &push), 0);
	wechat_push_fini(&push);
	ck_assert_int_eq(
		wechat_push_parse((struct span){text, WECHAT_PUSH_MAX + 1}, WECHAT_PUSH_MAX, &push),
		-EMSGSIZE);
	/* As many open elements as fit: stopped by depth, not by memory or the stack. */
	for (size_t i = 0; i + 3 <= WECHAT_PUSH_MAX; i += 3)
		memcpy(text + i, "<a>", 3);
	memcpy(text, "<xml>", 5);
	text[5] = ' ';
	ck_assert_int_ne(
		wechat_push_parse((struct span){text, WECHAT_PUSH_MAX}, WECHAT_PUSH_MAX, &push), 0);
	memset(text, '[', WECHAT_PUSH_MAX);
	memcpy(text, "{\"a\":", 5);
	ck_assert_int_eq(
		wechat_push_parse((struct span){text, WECHAT_PUSH_MAX}, WECHAT_PUSH_MAX, &push),
		-EMSGSIZE);
	free(text);
}
END_TEST

static const char *const consents[] = {
	"<xml><SubscribeMsgPopupEvent><List><TemplateId>A</TemplateId><SubscribeStatusString>accept"
	"</SubscribeStatusString><PopupScene>2</PopupScene></List><List><TemplateId>B</TemplateId>"
	"<SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgPopupEvent></"
	"xml>",
	"{\"List\":[{\"TemplateId\":\"A\",\"SubscribeStatusString\":\"accept\",\"PopupScene\":"
	"\"2\"},"
	"{\"TemplateId\":\"B\",\"SubscribeStatusString\":\"reject\"}]}",
};

START_TEST(the_items_of_a_list_are_kept_apart)
{
	struct wechat_push push;

	ck_assert_int_eq(parse(consents[_i], &push), 0);
	ck_assert_uint_eq(push.item_count, 2);
	ck_assert(span_is(push.items[0].template_id, "A"));
	ck_assert(span_is(push.items[0].answer, "accept"));
	ck_assert(span_is(push.items[0].scene, "2"));
	ck_assert(span_is(push.items[1].template_id, "B"));
	ck_assert(span_is(push.items[1].answer, "reject"));
	ck_assert(!push.items[1].scene.ptr);
	wechat_push_fini(&push);
}
END_TEST

START_TEST(one_item_of_json_may_come_without_brackets)
{
	struct wechat_push push;

	ck_assert_int_eq(parse("{\"List\":{\"TemplateId\":\"A\"}}", &push), 0);
	ck_assert_uint_eq(push.item_count, 1);
	ck_assert(span_is(push.items[0].template_id, "A"));
	wechat_push_fini(&push);
}
END_TEST

START_TEST(more_items_than_are_kept_are_dropped)
{
	struct wechat_push push;
	struct buf text;

	buf_init(&text, WECHAT_PUSH_MAX);
	buf_str(&text, "<xml><SendPicsInfo><PicList>");
	for (unsigned i = 0; i < WECHAT_PUSH_ITEMS + 5; i++)
		buf_printf(&text, "<item><PicMd5Sum>%u</PicMd5Sum></item>", i);
	buf_str(&text, "</PicList><Count>21</Count></SendPicsInfo></xml>");
	ck_assert_int_eq(wechat_push_parse(buf_span(&text), WECHAT_PUSH_MAX, &push), 0);
	ck_assert_uint_eq(push.item_count, WECHAT_PUSH_ITEMS);
	ck_assert(span_is(push.items[WECHAT_PUSH_ITEMS - 1].picture_md5, "15"));
	ck_assert(span_is(push.picture_count, "21"));
	wechat_push_fini(&push);
	buf_fini(&text);
}
END_TEST

START_TEST(a_push_cut_anywhere_is_refused)
{
	struct span whole = span_of(consents[0]);
	struct wechat_push push;

	for (size_t len = 0; len < whole.len; len++)
		ck_assert_int_eq(
			wechat_push_parse((struct span){whole.ptr, len}, WECHAT_PUSH_MAX, &push),
			-EBADMSG);
}
END_TEST

START_TEST(replaced_octets_are_told)
{
	struct wechat_push push;

	ck_assert_int_eq(parse("<xml><Content>\xff</Content></xml>", &push), 0);
	ck_assert(push.lossy);
	wechat_push_fini(&push);
	ck_assert_int_eq(parse("<xml><Content>\x02</Content></xml>", &push), 0);
	ck_assert(!push.lossy);
	wechat_push_fini(&push);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("push");

	tcase_add_loop_test(tc, a_field_is_read, 0, ARRAY_LEN(reads));
	tcase_add_loop_test(tc, a_bad_push_is_refused, 0, ARRAY_LEN(refusals));
	tcase_add_test(tc, a_push_is_bounded);
	tcase_add_loop_test(tc, the_items_of_a_list_are_kept_apart, 0, ARRAY_LEN(consents));
	tcase_add_test(tc, one_item_of_json_may_come_without_brackets);
	tcase_add_test(tc, more_items_than_are_kept_are_dropped);
	tcase_add_test(tc, a_push_cut_anywhere_is_refused);
	tcase_add_test(tc, replaced_octets_are_told);
	return unit_run("wechat push", &tc, 1);
}
