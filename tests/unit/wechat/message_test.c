/* What pushes mean: messages with their kinds, keys and grants; receipts; notes. */
#include "wechat_message.h"

#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define APPID SPAN_LIT("wx0123456789abcdef")
#define NOW_MS UINT64_C(1348831865000)
#define SAID_MS UINT64_C(1348831860000)
#define HOURS_48 UINT64_C(172800000)
#define HEAD                                                                       \
	"<xml><ToUserName>gh_1</ToUserName><FromUserName>oUser-1_x</FromUserName>" \
	"<CreateTime>1348831860</CreateTime>"
#define EVENT_HEAD HEAD "<MsgType>event</MsgType>"

static int read_as(const char *xml, struct wechat_meant *out)
{
	struct wechat_push push;
	int err = wechat_push_parse(span_of(xml), WECHAT_PUSH_MAX, &push);

	ck_assert_msg(err == 0, "%s", xml);
	err = wechat_message_read(&push, APPID, SPAN_LIT("bank"), span_of(xml), NOW_MS, out);
	if (out->receipt.code || out->receipt.id.len) {
		/* borrowed from the push, which ends here */
		static char id[64];

		snprintf(id, sizeof(id), "%.*s", SPAN_FMT(out->receipt.id));
		out->receipt.id = span_of(id);
	}
	wechat_push_fini(&push);
	return err;
}

static const struct row {
	const char *xml;
	enum message_kind kind;
	const char *text, *key, *value; /* a member of its data; NULL: it has no data */
	uint32_t count;
	uint64_t ms;
} rows[] = {
	{HEAD "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId></xml>",                         MESSAGE_TEXT,
         "hi",																  NULL,              NULL,                         5, HOURS_48},
	{HEAD "<MsgType>text</MsgType><Content>yes</Content><bizmsgmenuid>101</bizmsgmenuid>"
              "<MsgId>1</MsgId></xml>",                                                            MESSAGE_TEXT,     "yes",            "menu_choice",     "101",                        3, 60000   },
	{HEAD "<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m</MediaId>"
              "<MsgId>1</MsgId></xml>",                                                            MESSAGE_IMAGE,    "[图片]",       "media_id",        "m",                          5, HOURS_48},
	{HEAD
         "<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format><MsgId>1</MsgId></xml>", MESSAGE_VOICE,    "[语音]",       "format",          "amr",                        5, HOURS_48},
	{HEAD "<MsgType>voice</MsgType><Recognition>查余额</Recognition><MsgId>1</MsgId></xml>",
         MESSAGE_VOICE,												       "查余额",      "recognition",     "查余额",                  5, HOURS_48},
	{HEAD "<MsgType>video</MsgType><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId></xml>",
         MESSAGE_VIDEO,												       "[视频]",       "thumb_media_id",  "t",                          5, HOURS_48},
	{HEAD "<MsgType>shortvideo</MsgType><MediaId>m</MediaId><MsgId>1</MsgId></xml>",
         MESSAGE_VIDEO,												       "[小视频]",    "type",            "shortvideo",                 5, HOURS_48},
	{HEAD
         "<MsgType>location</MsgType><Location_X>31.2</Location_X><Location_Y>121.4</Location_Y>"
         "<Label>世纪大道</Label><MsgId>1</MsgId></xml>",                                      MESSAGE_LOCATION, "世纪大道",   "latitude",        "31.2",                       5, HOURS_48},
	{HEAD "<MsgType>link</MsgType><Title>t</Title><Url>http://u</Url><MsgId>1</MsgId></xml>",
         MESSAGE_LINK,													"t",              "url",             "http://u",                   5, HOURS_48},
	{HEAD "<MsgType>miniprogrampage</MsgType><PagePath>p</PagePath><MsgId>1</MsgId></xml>",
         MESSAGE_LINK,													"[小程序]",    "page_path",       "p",                          5, HOURS_48},
	{HEAD "<MsgType>file</MsgType><Title>a.pdf</Title><FileTotalLen>9</FileTotalLen>"
              "<MsgId>1</MsgId></xml>",                                                            MESSAGE_FILE,     "a.pdf",          "file_size",       "9",                          5, HOURS_48},
	{HEAD "<MsgType>hologram</MsgType><MsgId>1</MsgId></xml>",                                          MESSAGE_TEXT,
         "[不支持的消息类型]",													  "type",            "hologram",                   5, HOURS_48},
	{EVENT_HEAD
         "<Event>subscribe</Event><EventKey>qrscene_7</EventKey><Ticket>T</Ticket></xml>",         MESSAGE_EVENT,    "[关注]",       "event_key",       "qrscene_7",                  3, 60000   },
	{EVENT_HEAD "<Event>unsubscribe</Event></xml>",                                                     MESSAGE_EVENT,    "[取消关注]", "event",
         "unsubscribe",																					  0, 0       },
	{EVENT_HEAD "<Event>SCAN</Event><EventKey>7</EventKey></xml>",                                      MESSAGE_EVENT,    "[扫码]",
         "event_key",																	      "7",                          3, 60000   },
	{EVENT_HEAD "<Event>LOCATION</Event><Latitude>23.1</Latitude></xml>",                               MESSAGE_EVENT,
         "[上报位置]",														      "at_latitude",     "23.1",                       0, 0       },
	{EVENT_HEAD "<Event>CLICK</Event><EventKey>BRANCH</EventKey></xml>",                                MESSAGE_EVENT,
         "BRANCH",															      "event",           "CLICK",                      3, 60000   },
	{EVENT_HEAD "<Event>VIEW</Event><EventKey>http://u</EventKey><MenuId>4</MenuId></xml>",
         MESSAGE_EVENT,												       "http://u",       "menu_id",         "4",                          0, 0       },
	{EVENT_HEAD "<Event>view_miniprogram</Event><EventKey>p</EventKey></xml>",                          MESSAGE_EVENT,
         "p",																   "event",           "view_miniprogram",           0, 0       },
	{EVENT_HEAD "<Event>scancode_push</Event><ScanCodeInfo><ScanResult>9</ScanResult>"
                    "</ScanCodeInfo></xml>",                                                       MESSAGE_EVENT,    "9",              "scan_result",     "9",                          3, 60000   },
	{EVENT_HEAD "<Event>scancode_waitmsg</Event></xml>",                                                MESSAGE_EVENT,    "[扫码]",       "event",
         "scancode_waitmsg",																				     3, 60000   },
	{EVENT_HEAD
         "<Event>pic_sysphoto</Event><EventKey>k</EventKey><SendPicsInfo><Count>1</Count>"
         "</SendPicsInfo></xml>",                                                                  MESSAGE_EVENT,    "k",              "picture_count",   "1",                          0, 0       },
	{EVENT_HEAD "<Event>pic_photo_or_album</Event></xml>",                                              MESSAGE_EVENT,    "[菜单]",       "event",
         "pic_photo_or_album",																				   0, 0       },
	{EVENT_HEAD "<Event>pic_weixin</Event></xml>",                                                      MESSAGE_EVENT,    "[菜单]",       "event",
         "pic_weixin",																					   0, 0       },
	{EVENT_HEAD "<Event>location_select</Event><SendLocationInfo><Label>L</Label>"
                    "</SendLocationInfo></xml>",                                                   MESSAGE_EVENT,    "L",              "chosen_label",    "L",                          0, 0       },
	{EVENT_HEAD "<Event>kf_create_session</Event><KfAccount>a@b</KfAccount></xml>",
         MESSAGE_EVENT,												       "a@b",            "kf_account",      "a@b",                        0, 0       },
	{EVENT_HEAD "<Event>kf_close_session</Event><CloseType>KF</CloseType></xml>",                       MESSAGE_EVENT,
         "[客服结束]",														      "close_type",      "KF",                         0, 0       },
	{EVENT_HEAD "<Event>kf_switch_session</Event><FromKfAccount>a</FromKfAccount>"
                    "<ToKfAccount>b</ToKfAccount></xml>",                                          MESSAGE_EVENT,    "b",              "from_kf_account", "a",                          0, 0       },
	{EVENT_HEAD "<Event>subscribe_msg_popup_event</Event></xml>",                                       MESSAGE_EVENT,    "[订阅通知]",
         "event",																		  "subscribe_msg_popup_event",  0, 0       },
	{EVENT_HEAD "<Event>subscribe_msg_change_event</Event></xml>",                                      MESSAGE_EVENT,    "[订阅通知]",
         "event",																		  "subscribe_msg_change_event", 0, 0       },
	{EVENT_HEAD "<Event>subscribe_msg_sent_event</Event></xml>",                                        MESSAGE_EVENT,    "[订阅通知]",
         "event",																		  "subscribe_msg_sent_event",   0, 0       },
	{EVENT_HEAD "<Event>user_info_modified</Event><OpenID>o</OpenID></xml>",                            MESSAGE_EVENT,
         "[资料变更]",														      "open_id",         "o",                          0, 0       },
	{EVENT_HEAD "<Event>user_authorization_revoke</Event><RevokeInfo>301</RevokeInfo></xml>",
         MESSAGE_EVENT,												       "[撤回授权]", "revoke_info",     "301",                        0, 0       },
	{EVENT_HEAD "<Event>subSCRIBE</Event></xml>",						       MESSAGE_EVENT,    "[事件]",       "event",           "subSCRIBE",
         0,																							 0       },
};

START_TEST(a_push_becomes_a_message)
{
	const struct row *row = &rows[_i];
	struct wechat_meant meant;
	json_t *data;

	ck_assert_msg(read_as(row->xml, &meant) == 0, "%s", row->xml);
	ck_assert_int_eq(meant.meaning, WECHAT_MESSAGE);
	ck_assert_int_eq(meant.message->kind, row->kind);
	ck_assert_msg(span_is(meant.message->text, row->text), "%.*s",
	              SPAN_FMT(meant.message->text));
	ck_assert_uint_eq(meant.message->grant_count, row->count);
	ck_assert_uint_eq(meant.message->grant_until_ms, row->count ? SAID_MS + row->ms : 0);
	ck_assert_uint_eq(meant.message->ts_ms, SAID_MS);
	ck_assert(span_is(meant.message->address, "wechat:wx0123456789abcdef:oUser-1_x"));
	ck_assert(span_is(meant.message->channel, "bank"));
	ck_assert(span_eq(meant.message->local, APPID));
	ck_assert(span_is(meant.message->author, "customer"));
	ck_assert(span_eq(meant.message->cid, meant.message->dup_key));
	ck_assert(meant.message->dup_epoch.len == 0);
	if (row->key) {
		data = json_loadb(meant.message->data.ptr, meant.message->data.len, 0, NULL);
		ck_assert_msg(data != NULL, "%s", row->xml);
		ck_assert_str_eq(json_string_value(json_object_get(data, row->key)), row->value);
		json_decref(data);
	} else {
		ck_assert_uint_eq(meant.message->data.len, 0);
	}
	message_unref(&meant.message);
}
END_TEST

static const struct key_pair {
	const char *what, *one, *other;
	bool same;
} pairs[] = {
	{"the same MsgId, whatever else",
         HEAD "<MsgType>text</MsgType><Content>a</Content><MsgId>9007199254740993</MsgId></xml>",
         HEAD "<MsgType>text</MsgType><Content>b</Content><MsgId>9007199254740993</MsgId></xml>",
         true											  },
	{"two MsgIds that are one as a double",
         HEAD "<MsgType>text</MsgType><Content>a</Content><MsgId>9007199254740993</MsgId></xml>",
         HEAD "<MsgType>text</MsgType><Content>a</Content><MsgId>9007199254740992</MsgId></xml>",
         false											 },
	{"an event twice",                      EVENT_HEAD "<Event>CLICK</Event><EventKey>A</EventKey></xml>",
         EVENT_HEAD "<Event>CLICK</Event><EventKey>A</EventKey></xml>",                           true },
	{"two events of one second",            EVENT_HEAD "<Event>CLICK</Event><EventKey>A</EventKey></xml>",
         EVENT_HEAD "<Event>CLICK</Event><EventKey>B</EventKey></xml>",                           false},
	{"follow and scan in one second",       EVENT_HEAD "<Event>subscribe</Event></xml>",
         EVENT_HEAD "<Event>SCAN</Event></xml>",						  false},
	{"parts do not run into each other",
         EVENT_HEAD "<Event>CLICK</Event><EventKey>A</EventKey></xml>",
         EVENT_HEAD "<Event>CLICKA</Event></xml>",                                                false},
	{"no MsgId, another text",              HEAD "<MsgType>text</MsgType><Content>a</Content></xml>",
         HEAD "<MsgType>text</MsgType><Content>b</Content></xml>",                                false},
	{"a MsgId that is none",
         HEAD "<MsgType>text</MsgType><MsgId>x</MsgId><Content>a</Content></xml>",
         HEAD "<MsgType>text</MsgType><MsgId>x</MsgId><Content>b</Content></xml>",                false},
};

START_TEST(a_second_delivery_is_known_by_its_key)
{
	const struct key_pair *row = &pairs[_i];
	struct wechat_meant one, other;

	ck_assert_int_eq(read_as(row->one, &one), 0);
	ck_assert_int_eq(read_as(row->other, &other), 0);
	ck_assert_msg(span_eq(one.message->dup_key, other.message->dup_key) == row->same, "%s",
	              row->what);
	message_unref(&one.message);
	message_unref(&other.message);
}
END_TEST

START_TEST(an_unknown_type_is_kept_with_its_text_and_told)
{
	struct wechat_meant meant;

	ck_assert_int_eq(read_as(HEAD "<MsgType>hologram</MsgType><Depth>3</Depth></xml>", &meant),
	                 0);
	ck_assert(!meant.known);
	ck_assert(memmem(meant.message->data.ptr, meant.message->data.len, "<Depth>3<", 9) != NULL);
	message_unref(&meant.message);
	ck_assert_int_eq(read_as(HEAD "<MsgType>text</MsgType><Content>a</Content></xml>", &meant),
	                 0);
	ck_assert(meant.known);
	message_unref(&meant.message);
}
END_TEST

static const struct end {
	const char *status;
	enum message_status want;
	const char *code;
} ends[] = {
	{"success",               STATUS_DELIVERED,   NULL                           },
	{"failed:user block",     STATUS_UNDELIVERED, "wechat.template.user_block"   },
	{"failed: system failed", STATUS_UNDELIVERED, "wechat.template.system_failed"},
	{"failed:freq limit",     STATUS_UNDELIVERED, "wechat.template.failed"       },
	{"failed",                STATUS_UNDELIVERED, "wechat.template.failed"       },
	{"later",                 STATUS_SENT,        "wechat.template.unclear"      },
};

START_TEST(the_end_of_a_template_job_is_a_receipt)
{
	const struct end *row = &ends[_i];
	struct wechat_meant meant;
	char xml[512];

	snprintf(xml, sizeof(xml),
	         EVENT_HEAD "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>3487542469355618313</MsgID>"
	                    "<Status>%s</Status></xml>",
	         row->status);
	ck_assert_int_eq(read_as(xml, &meant), 0);
	ck_assert_int_eq(meant.meaning, WECHAT_RECEIPT);
	ck_assert(span_is(meant.receipt.id, "3487542469355618313"));
	ck_assert(span_is(meant.receipt.address, "wechat:wx0123456789abcdef:oUser-1_x"));
	ck_assert_int_eq(meant.receipt.status, row->want);
	if (row->code)
		ck_assert_str_eq(meant.receipt.code, row->code);
	else
		ck_assert_ptr_null(meant.receipt.code);
	ck_assert_ptr_null(meant.message);
}
END_TEST

START_TEST(the_end_of_a_mass_job_is_only_a_note)
{
	struct wechat_meant meant;

	ck_assert_int_eq(read_as(EVENT_HEAD
	                         "<Event>MASSSENDJOBFINISH</Event><MsgID>1</MsgID></xml>",
	                         &meant),
	                 0);
	ck_assert_int_eq(meant.meaning, WECHAT_NOTE);
	ck_assert_ptr_null(meant.message);
}
END_TEST

static const char *const nobody[] = {
	"<xml></xml>",
	"<xml><FromUserName>o</FromUserName></xml>",
	"<xml><MsgType>text</MsgType></xml>",
	"<xml><FromUserName>o</FromUserName><MsgType></MsgType></xml>",
	"<xml><FromUserName>a b</FromUserName><MsgType>text</MsgType></xml>",
	"<xml><FromUserName>a:b</FromUserName><MsgType>text</MsgType></xml>",
	"<xml><FromUserName>o</FromUserName><MsgType>event</MsgType></xml>",
	EVENT_HEAD "<Event>TEMPLATESENDJOBFINISH</Event><Status>success</Status></xml>",
	"<xml><FromUserName>"
	"0123456789012345678901234567890123456789012345678901234567890123456789"
	"</FromUserName><MsgType>text</MsgType></xml>",
};

START_TEST(a_push_from_nobody_or_about_nothing_is_malformed)
{
	struct wechat_meant meant;

	ck_assert_msg(read_as(nobody[_i], &meant) == -EBADMSG, "%s", nobody[_i]);
	ck_assert_ptr_null(meant.message);
}
END_TEST

START_TEST(a_time_that_cannot_be_is_now)
{
	static const char *const times[] = {"",           "x",         "0", "99999999999999999999",
	                                    "1348000000", "1349831865"};
	struct wechat_meant meant;
	char xml[256];

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		snprintf(xml, sizeof(xml),
		         "<xml><FromUserName>o</FromUserName><CreateTime>%s</CreateTime>"
		         "<MsgType>text</MsgType></xml>",
		         times[i]);
		ck_assert_int_eq(read_as(xml, &meant), 0);
		ck_assert_msg(meant.message->ts_ms == NOW_MS, "%s", times[i]);
		message_unref(&meant.message);
	}
}
END_TEST

START_TEST(addresses_have_one_spelling)
{
	char out[WECHAT_ADDRESS_MAX];

	ck_assert_int_eq(wechat_address(APPID, SPAN_LIT("oA-_9"), out, sizeof(out)), 0);
	ck_assert_str_eq(out, "wechat:wx0123456789abcdef:oA-_9");
	ck_assert(span_is(wechat_address_openid(span_of(out), APPID), "oA-_9"));
	ck_assert(!wechat_address_openid(span_of(out), SPAN_LIT("wx1")).len);
	ck_assert(!wechat_address_openid(SPAN_LIT("sms:+86138"), APPID).len);
	ck_assert(!wechat_address_openid(SPAN_LIT("wechat:wx0123456789abcdef"), APPID).len);
	ck_assert(!wechat_address_openid(SPAN_LIT("wechat:wx0123456789abcdef:a b"), APPID).len);
	ck_assert_int_eq(wechat_address(APPID, SPAN_NONE, out, sizeof(out)), -EINVAL);
	ck_assert_int_eq(wechat_address(SPAN_LIT("wx:1"), SPAN_LIT("o"), out, sizeof(out)),
	                 -EINVAL);
	ck_assert_int_eq(wechat_address(APPID, SPAN_LIT("oA"), out, 10), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("message");

	tcase_add_loop_test(tc, a_push_becomes_a_message, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, a_second_delivery_is_known_by_its_key, 0, ARRAY_LEN(pairs));
	tcase_add_test(tc, an_unknown_type_is_kept_with_its_text_and_told);
	tcase_add_loop_test(tc, the_end_of_a_template_job_is_a_receipt, 0, ARRAY_LEN(ends));
	tcase_add_test(tc, the_end_of_a_mass_job_is_only_a_note);
	tcase_add_loop_test(tc, a_push_from_nobody_or_about_nothing_is_malformed, 0,
	                    ARRAY_LEN(nobody));
	tcase_add_test(tc, a_time_that_cannot_be_is_now);
	tcase_add_test(tc, addresses_have_one_spelling);
	return unit_run("wechat message", &tc, 1);
}
