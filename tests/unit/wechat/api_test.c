/* The API's words: bodies, answers, error codes, cutting text. */
#include "wechat_api.h"

#include "unit.h"
#include "utf8.h"
#include "wechat_reply.h"

#include <stdio.h>
#include <stdlib.h>

#define SEND(type, content) "{\"touser\":\"oU\",\"msgtype\":\"" type "\",\"" type "\":" content "}"
#define TEXT_WANTED "{\"content\":\"您好\\n\\\"a\\\"\\\\ 😀\"}"
#define CLEAN_WANTED "{\"content\":\"a\177b\357\277\275\"}"
#define MEDIA "{\"media_id\":\"m\"}"
#define VIDEO "{\"media_id\":\"m\",\"thumb_media_id\":\"t\",\"title\":\"标题\"}"
#define VIDEO_WANTED                                                         \
	"{\"media_id\":\"m\",\"thumb_media_id\":\"t\",\"title\":\"标题\"," \
	"\"description\":\"\"}"
#define NEWS_WANTED                                                                     \
	"{\"articles\":[{\"title\":\"head\",\"description\":\"\",\"url\":\"http://u\"," \
	"\"picurl\":\"\"}]}"
#define MENU                                                                              \
	"{\"choices\":[{\"id\":\"1\",\"text\":\"是\"},{\"id\":\"2\",\"text\":\"否\"}]," \
	"\"tail\":\"谢谢\"}"
#define MENU_WANTED                                                                     \
	"{\"head_content\":\"满意吗\",\"list\":[{\"id\":\"1\",\"content\":\"是\"}," \
	"{\"id\":\"2\",\"content\":\"否\"}],\"tail_content\":\"谢谢\"}"

static const struct body {
	enum message_kind kind;
	const char *text, *data, *want;
} bodies[] = {
	{MESSAGE_TEXT,  "您好\n\"a\"\\ 😀", NULL,                     SEND("text",    TEXT_WANTED) },
	{MESSAGE_TEXT,  "a\001\177b\377",       NULL,                     SEND("text",    CLEAN_WANTED)},
	{MESSAGE_IMAGE, "",                     MEDIA,                    SEND("image",   MEDIA)       },
	{MESSAGE_VOICE, "",                     MEDIA,                    SEND("voice",   MEDIA)       },
	{MESSAGE_VIDEO, "",                     VIDEO,                    SEND("video",   VIDEO_WANTED)},
	{MESSAGE_LINK,  "head",                 "{\"url\":\"http://u\"}", SEND("news",    NEWS_WANTED) },
	{MESSAGE_MENU,  "满意吗",            MENU,                     SEND("msgmenu", MENU_WANTED) },
};

static int write_body(const struct body *row, const char *account, struct buf *out)
{
	buf_init(out, WECHAT_BODY_MAX);
	return wechat_api_send_body(&(struct wechat_outgoing){.openid = SPAN_LIT("oU"),
	                                                      .kind = row->kind,
	                                                      .text = span_of(row->text),
	                                                      .data = span_of(row->data),
	                                                      .kf_account = account},
	                            out);
}

START_TEST(a_message_is_raw_utf8_json)
{
	struct buf out;

	ck_assert_int_eq(write_body(&bodies[_i], NULL, &out), 0);
	ck_assert_msg(span_is(buf_span(&out), bodies[_i].want), "%.*s", (int)out.len, out.data);
	buf_u8(&out, 0);
	ck_assert_ptr_null(strstr(out.data, "\\u"));
	buf_fini(&out);
}
END_TEST

START_TEST(an_account_gives_its_name)
{
	struct buf out;

	ck_assert_int_eq(write_body(&bodies[2], "mei@bank", &out), 0);
	ck_assert(span_is(buf_span(&out),
	                  "{\"touser\":\"oU\",\"msgtype\":\"image\",\"image\":{\"media_id\":\"m\"},"
	                  "\"customservice\":{\"kf_account\":\"mei@bank\"}}"));
	buf_fini(&out);
}
END_TEST

static const struct body lacking[] = {
	{MESSAGE_TEXT,     "",  NULL,                  NULL},
	{MESSAGE_IMAGE,    "x", NULL,                  NULL},
	{MESSAGE_IMAGE,    "x", "{\"media_id\":\"\"}", NULL},
	{MESSAGE_IMAGE,    "x", "{\"media_id\":7}",    NULL},
	{MESSAGE_IMAGE,    "x", "nonsense",            NULL},
	{MESSAGE_LINK,     "x", "{\"title\":\"t\"}",   NULL},
	{MESSAGE_MENU,     "x", "{\"choices\":[]}",    NULL},
	{MESSAGE_MENU,     "x", "{\"choices\":{}}",    NULL},
	{MESSAGE_LOCATION, "x", "{}",                  NULL},
};

START_TEST(what_lacks_its_content_is_refused)
{
	struct buf out;

	ck_assert_int_eq(write_body(&lacking[_i], NULL, &out), -EINVAL);
	buf_fini(&out);
}
END_TEST

START_TEST(a_menu_as_text_has_links_that_answer)
{
	struct buf out;

	buf_init(&out, WECHAT_BODY_MAX);
	ck_assert_int_eq(wechat_api_menu_text(SPAN_LIT("满意吗"),
	                                      SPAN_LIT("{\"choices\":[{\"id\":\"1\",\"text\":\"是 "
	                                               "<b>\"}],\"tail\":\"谢谢\"}"),
	                                      &out),
	                 0);
	ck_assert_msg(
		span_is(buf_span(&out),
	                "满意吗\n<a href=\"weixin://bizmsgmenu?msgmenucontent=%E6%98%AF%20%3Cb%3E"
	                "&msgmenuid=1\">是 &lt;b&gt;</a>\n谢谢"),
		"%.*s", (int)out.len, out.data);
	buf_fini(&out);
}
END_TEST

START_TEST(the_token_is_asked_for_in_normal_mode)
{
	struct buf out;

	buf_init(&out, WECHAT_BODY_MAX);
	ck_assert_int_eq(wechat_api_token_body("wx1", "s\"", &out), 0);
	ck_assert(span_is(
		buf_span(&out),
		"{\"grant_type\":\"client_credential\",\"appid\":\"wx1\",\"secret\":\"s\\\"\","
		"\"force_refresh\":false}"));
	buf_fini(&out);
}
END_TEST

static const struct answer {
	const char *body;
	int err, errcode;
	const char *token;
} answers[] = {
	{"{\"errcode\":0,\"errmsg\":\"ok\"}",                                      0,        0,     ""      },
	{"{\"errcode\":45015,\"errmsg\":\"response out of time limit rid: 1-2\"}", 0,        45015, ""      },
	{"{\"errcode\":-1,\"errmsg\":\"system error\"}",                           0,        -1,    ""      },
	{"{\"access_token\":\"AB_c-9\",\"expires_in\":7200}",                      0,        0,     "AB_c-9"},
	{"{\"access_token\":\"A B\",\"expires_in\":7200}",                         -EBADMSG, 0,     ""      },
	{"{\"access_token\":\"A&b\",\"expires_in\":7200}",                         -EBADMSG, 0,     ""      },
	{"{\"access_token\":\"AB\"}",					      -EBADMSG, 0,     ""      },
	{"{\"access_token\":\"AB\",\"expires_in\":0}",                             -EBADMSG, 0,     ""      },
	{"{\"errcode\":99999999999}",					      0,        1,     ""      },
	{"{}",								     0,        0,     ""      },
	{"[]",								     -EBADMSG, 0,     ""      },
	{"",								       -EBADMSG, 0,     ""      },
	{"<html>",								 -EBADMSG, 0,     ""      },
};

START_TEST(an_answer_is_read)
{
	struct wechat_answer answer;

	ck_assert_msg(wechat_answer_read(span_of(answers[_i].body), &answer) == answers[_i].err,
	              "%s", answers[_i].body);
	ck_assert_int_eq(answer.errcode, answers[_i].errcode);
	ck_assert(answer.coded == (strstr(answers[_i].body, "errcode") != NULL));
	ck_assert_str_eq(answer.token, answers[_i].token);
}
END_TEST

START_TEST(a_token_of_512_characters_fits_and_no_more)
{
	struct wechat_answer answer;
	char body[700], token[600];

	for (size_t len = 512; len <= 513; len++) {
		memset(token, 'x', len);
		token[len] = '\0';
		snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"expires_in\":7200}",
		         token);
		ck_assert_int_eq(wechat_answer_read(span_of(body), &answer),
		                 len == 512 ? 0 : -EBADMSG);
	}
}
END_TEST

static const struct meaning {
	int errcode;
	enum wechat_do todo;
} meanings[] = {
	{0,     DO_NOTHING  },
        {-1,    DO_RETRY    },
        {40001, DO_TOKEN    },
        {40014, DO_TOKEN    },
	{42001, DO_TOKEN    },
        {41001, DO_TOKEN    },
        {40003, DO_ADDRESS  },
        {40007, DO_FAIL     },
	{40013, DO_CONFIGURE},
        {40125, DO_CONFIGURE},
        {40243, DO_CONFIGURE},
        {40033, DO_ALARM    },
	{47001, DO_ALARM    },
        {40164, DO_CONFIGURE},
        {40200, DO_TEXT     },
        {43004, DO_ADDRESS  },
	{43101, DO_ADDRESS  },
        {43116, DO_NOTHING  },
        {44002, DO_FAIL     },
        {44004, DO_FAIL     },
	{45002, DO_FAIL     },
        {45008, DO_FAIL     },
        {45001, DO_FAIL     },
        {45009, DO_WAIT_DAY },
	{45011, DO_WAIT     },
        {45015, DO_WINDOW   },
        {45047, DO_BUDGET   },
        {48001, DO_BARRED   },
	{48002, DO_ADDRESS  },
        {48004, DO_BARRED   },
        {50002, DO_ADDRESS  },
        {61450, DO_FAIL     },
	{61458, DO_FAIL     },
        {61459, DO_FAIL     },
        {61460, DO_FAIL     },
        {12345, DO_FAIL     },
	{-2,    DO_FAIL     },
};

START_TEST(every_code_has_its_consequence)
{
	ck_assert_msg(wechat_error_of(meanings[_i].errcode)->todo == meanings[_i].todo, "%d",
	              meanings[_i].errcode);
}
END_TEST

START_TEST(a_reason_keeps_the_rid_and_hides_secrets)
{
	struct wechat_answer answer;
	char reason[512], tiny[12];

	ck_assert_int_eq(
		wechat_answer_read(
			SPAN_LIT("{\"errcode\":40125,\"errmsg\":\"invalid s3cret rid: 66-77\"}"),
			&answer),
		0);
	wechat_answer_reason(&answer, "other", reason, sizeof(reason));
	ck_assert_str_eq(reason, "the secret is wrong (40125: invalid s3cret rid: 66-77)");
	wechat_answer_reason(&answer, "s3cret", reason, sizeof(reason));
	ck_assert_ptr_null(strstr(reason, "s3cret"));
	snprintf(answer.errmsg, sizeof(answer.errmsg), "中中中中中中中中");
	wechat_answer_reason(&answer, NULL, tiny, sizeof(tiny));
	ck_assert(utf8_valid(span_of(tiny)));
}
END_TEST

START_TEST(long_text_is_cut_at_characters_and_nothing_is_lost)
{
	struct buf text, joined;
	struct span rest;
	uint16_t parts = 0;

	buf_init(&text, 20000);
	buf_init(&joined, 20000);
	buf_str(&text, "a");
	for (unsigned i = 0; i < 2000; i++)
		buf_str(&text, i % 3 ? "中" : "😀");
	for (rest = buf_span(&text); rest.len; parts++) {
		struct span part = wechat_text_part(rest);

		ck_assert(part.len && part.len <= WECHAT_TEXT_MAX && utf8_valid(part));
		ck_assert(part.len > WECHAT_TEXT_MAX - 4 || part.len == rest.len);
		buf_add(&joined, part);
		rest = (struct span){rest.ptr + part.len, rest.len - part.len};
	}
	ck_assert_uint_eq(parts, wechat_text_parts(buf_span(&text)));
	ck_assert(span_eq(buf_span(&text), buf_span(&joined)));
	ck_assert_uint_eq(wechat_text_parts(SPAN_NONE), 1);
	ck_assert_uint_eq(wechat_text_parts(SPAN_LIT("x")), 1);
	buf_fini(&text);
	buf_fini(&joined);
}
END_TEST

START_TEST(text_that_is_no_utf8_ends_too)
{
	char octets[5000];

	memset(octets, 0x80, sizeof(octets));
	ck_assert_uint_ge(wechat_text_parts((struct span){octets, sizeof(octets)}), 3);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_loop_test(tc, a_message_is_raw_utf8_json, 0, ARRAY_LEN(bodies));
	tcase_add_test(tc, an_account_gives_its_name);
	tcase_add_loop_test(tc, what_lacks_its_content_is_refused, 0, ARRAY_LEN(lacking));
	tcase_add_test(tc, a_menu_as_text_has_links_that_answer);
	tcase_add_test(tc, the_token_is_asked_for_in_normal_mode);
	tcase_add_loop_test(tc, an_answer_is_read, 0, ARRAY_LEN(answers));
	tcase_add_test(tc, a_token_of_512_characters_fits_and_no_more);
	tcase_add_loop_test(tc, every_code_has_its_consequence, 0, ARRAY_LEN(meanings));
	tcase_add_test(tc, a_reason_keeps_the_rid_and_hides_secrets);
	tcase_add_test(tc, long_text_is_cut_at_characters_and_nothing_is_lost);
	tcase_add_test(tc, text_that_is_no_utf8_ends_too);
	return unit_run("wechat api", &tc, 1);
}
