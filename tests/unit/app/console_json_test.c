/* What frames of the console carry: titles that show no number, sessions out of a log, codes. */
#include "console_json.h"
#include "unit.h"

#include <stdlib.h>

static const struct {
	const char *address, *title;
} titles[] = {
	{"sms:+8613800138000",                          "+86 138****8000"},
	{"sms:+4917012345678",                          "+491****678"    },
	{"sms:95500",				   "****"           },
	{"sms:+861",				    "+86 ****"       },
	{"wechat:wx0123456789abcdef:oABCD1234efgh5678", "oABC****5678"   },
	{"wechat:wx:o",				 "****"           },
	{"web:visitor-0123456789",                      "#visito****"    },
};

START_TEST(a_title_never_shows_the_address)
{
	char out[80];

	ck_assert(span_is(console_title(span_of(titles[_i].address), out, sizeof(out)),
	                  titles[_i].title));
}
END_TEST

/* A span that may stand in a constant. */
#define TEXT(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const struct conversation_summary sample = {
	.conversation = TEXT("0123456789abcdef0123456789abcdef"),
	.channel = TEXT("sms-main"),
	.address = TEXT("sms:+8613800138000"),
	.scheme = TEXT("sms"),
	.state = SESSION_QUEUED,
	.queue = TEXT("general"),
	.waiting_since_ms = 1700000000000,
	.seq = 4,
	.read_seq = 1,
	.unread = 2,
	.last_text = TEXT("你好"),
	.last_in = true,
};

START_TEST(a_summary_has_what_the_protocol_says)
{
	char *text = strict_json_dump(console_summary_json(&sample));
	json_t *object = json_loads(text, 0, NULL);

	ck_assert_ptr_null(strstr(text, "13800138000"));
	ck_assert_str_eq(json_string_value(json_object_get(object, "state")), "queued");
	ck_assert_str_eq(json_string_value(json_object_get(object, "connector")), "sms");
	ck_assert_int_eq(json_integer_value(json_object_get(object, "unread")), 2);
	ck_assert(json_is_null(json_object_get(object, "reply")));
	ck_assert_ptr_null(json_object_get(object, "agent"));
	json_decref(object);
	free(text);
}
END_TEST

START_TEST(a_limited_channel_says_how_many_replies_are_left)
{
	struct conversation_summary s = sample;
	json_t *object, *reply;

	s.limited = true;
	s.replies_left = 3;
	s.replies_until_ms = 1700000000000;
	object = console_summary_json(&s);
	reply = json_object_get(object, "reply");
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "left")), 3);
	json_decref(object);
}
END_TEST

START_TEST(sessions_are_folded_out_of_the_log)
{
	const struct log_event events[] = {
		{.seq = 1,
	         .ts_ms = 10,
	         .type = LOG_SESSION,
	         .session = SPAN_LIT("1"),
	         .state = SESSION_BOT					    },
		{.seq = 2,
	         .ts_ms = 20,
	         .type = LOG_SESSION,
	         .session = SPAN_LIT("1"),
	         .state = SESSION_ASSIGNED,
	         .agent = SPAN_LIT("mei")},
		{.seq = 3,           .ts_ms = 30,          .type = LOG_STATUS},
		{.seq = 4,
	         .ts_ms = 40,
	         .type = LOG_SESSION,
	         .session = SPAN_LIT("1"),
	         .state = SESSION_CLOSED,
	         .disposition = SPAN_LIT("solved")},
		{.seq = 5,
	         .ts_ms = 50,
	         .type = LOG_SESSION,
	         .session = SPAN_LIT("2"),
	         .state = SESSION_QUEUED                               },
	};
	json_t *list = console_sessions_json(events, ARRAY_LEN(events));
	json_t *first = json_array_get(list, 0);

	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(first, "opened_ts")), 10);
	ck_assert_int_eq(json_integer_value(json_object_get(first, "closed_ts")), 40);
	ck_assert_str_eq(json_string_value(json_object_get(first, "agent")), "mei");
	ck_assert_str_eq(json_string_value(json_object_get(first, "disposition")), "solved");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 1), "state")),
	                 "queued");
	json_decref(list);
}
END_TEST

static const struct {
	struct router_error error;
	const char *code;
} codes[] = {
	{{-ENOTCONN, "unavailable", NULL},        "unavailable"},
	{{-ETIMEDOUT, NULL, NULL},                "unavailable"},
	{{-ENOENT, "conversation_unknown", NULL}, "not_found"  },
	{{-EPROTO, "session_taken", NULL},        "not_waiting"},
	{{-EPROTO, "not_yours", NULL},            "not_yours"  },
	{{-EPROTO, "session_closed", NULL},       "closed"     },
	{{-EPROTO, "something_new", NULL},        "invalid"    },
};

START_TEST(what_the_router_says_has_a_code_of_the_protocol)
{
	ck_assert_str_eq(console_code(&codes[_i].error), codes[_i].code);
}
END_TEST

static const char catalogue_yaml[] =
	"canned:\n"
	"  - id: canned.hello\n"
	"    shortcut: hello\n"
	"    title: {zh: 你好, en: Hello}\n"
	"    variables:\n"
	"      agent: {type: name, example: Mei, about: who}\n"
	"    text: {zh: \"我是{{agent}}。\", en: \"This is {{agent}}.\"}\n";

START_TEST(canned_replies_keep_their_variables_as_written)
{
	const struct catalogue_file file = {"canned.yaml", span_of(catalogue_yaml)};
	struct catalogue *catalogue = NULL;
	json_t *list, *text;

	ck_assert_int_eq(catalogue_build(&file, 1, 0, NULL, NULL, &catalogue), 0);
	list = console_canned_json(catalogue);
	ck_assert_uint_eq(json_array_size(list), 1);
	text = json_object_get(json_array_get(list, 0), "text");
	ck_assert_str_eq(json_string_value(json_object_get(text, "zh")), "我是{{agent}}。");
	ck_assert_str_eq(json_string_value(json_object_get(text, "en")), "This is {{agent}}.");
	json_decref(list);
	catalogue_unref(&catalogue);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("console_json");

	tcase_add_loop_test(tc, a_title_never_shows_the_address, 0, ARRAY_LEN(titles));
	tcase_add_test(tc, a_summary_has_what_the_protocol_says);
	tcase_add_test(tc, a_limited_channel_says_how_many_replies_are_left);
	tcase_add_test(tc, sessions_are_folded_out_of_the_log);
	tcase_add_loop_test(tc, what_the_router_says_has_a_code_of_the_protocol, 0,
	                    ARRAY_LEN(codes));
	tcase_add_test(tc, canned_replies_keep_their_variables_as_written);
	return unit_run("console_json", &tc, 1);
}
