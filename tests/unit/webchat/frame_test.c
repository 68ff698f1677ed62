/* What a browser says; docs/protocols/webchat.md lists the frames. */
#include "webchat_frame.h"

#include "unit.h"

enum { TEXT_MAX = 10 };

static const struct {
	const char *what, *text, *code, *field; /* code NULL: it is taken */
} frames[] = {
	{"hello",			  "{\"type\":\"hello\",\"v\":1,\"token\":\"t\",\"since\":0,\"lang\":\"zh\"}", NULL,
         NULL																   },
	{"hello without a language",       "{\"type\":\"hello\",\"v\":1,\"token\":\"t\",\"since\":7}",
         NULL,															    NULL  },
	{"msg",			    "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\"hi\"}",                         NULL,              NULL  },
	{"read",			   "{\"type\":\"read\",\"seq\":3}",                                            NULL,              NULL  },
	{"typing",			 "{\"type\":\"typing\",\"on\":false}",                                       NULL,              NULL  },
	{"history",			"{\"type\":\"history\",\"before\":9,\"limit\":100}",                        NULL,              NULL  },
	{"renew",			  "{\"type\":\"renew\"}",						     NULL,              NULL  },
	{"ping",			   "{\"type\":\"ping\"}",						      NULL,              NULL  },
	{"nothing",			"",									 "json_invalid",    ""    },
	{"no JSON",			"{",									"json_invalid",    ""    },
	{"no object",		      "[]",								       "json_invalid",    ""    },
	{"a key twice",                    "{\"type\":\"ping\",\"type\":\"ping\"}",                                    "json_invalid",    ""    },
	{"something after it",             "{\"type\":\"ping\"} x",                                                    "json_invalid",    ""    },
	{"bad UTF-8",		      "{\"type\":\"\xc3\"}",						      "utf8_invalid",    ""    },
	{"a NUL in a text",                "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\"a\\u0000b\"}",
         "json_invalid",														  ""    },
	{"no type",			"{}",								       "type_unknown",    "type"},
	{"a type that is a number",        "{\"type\":1}",							     "type_unknown",    "type"},
	{"an unknown type",                "{\"type\":\"shout\"}",						     "type_unknown",    "type"},
	{"an unknown field",               "{\"type\":\"ping\",\"loud\":true}",                                        "field_unknown",   "loud"},
	{"a field of another type",        "{\"type\":\"ping\",\"seq\":1}",                                            "field_unknown",   "seq" },
	{"a missing field",                "{\"type\":\"msg\",\"cid\":\"c\"}",                                         "field_missing",   "text"},
	{"a number for a text",            "{\"type\":\"msg\",\"cid\":\"c\",\"text\":5}",                              "field_type",
         "text"																 },
	{"a text for a number",            "{\"type\":\"read\",\"seq\":\"5\"}",                                        "field_type",      "seq" },
	{"a fraction",                     "{\"type\":\"read\",\"seq\":1.5}",                                          "field_type",      "seq" },
	{"a number for true",              "{\"type\":\"typing\",\"on\":1}",                                           "field_type",      "on"  },
	{"a seq of 0",                     "{\"type\":\"read\",\"seq\":0}",                                            "field_range",     "seq" },
	{"a negative seq",                 "{\"type\":\"read\",\"seq\":-1}",                                           "field_range",     "seq" },
	{"a seq past 2^53",                "{\"type\":\"read\",\"seq\":9007199254740992}",                             "field_range",     "seq" },
	{"too long a page",                "{\"type\":\"history\",\"before\":9,\"limit\":101}",                        "field_range",
         "limit"																},
	{"an empty cid",                   "{\"type\":\"msg\",\"cid\":\"\",\"text\":\"hi\"}",                          "field_too_short",
         "cid"																  },
	{"a blank in a cid",               "{\"type\":\"msg\",\"cid\":\"a b\",\"text\":\"hi\"}",                       "field_invalid",
         "cid"																  },
	{"nothing but blanks",             "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\" \\n \"}",
         "field_too_short",													       "text"},
	{"ten characters of three octets",
         "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\"\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00"
         "\u4e00\u4e00\u4e00\"}",                                                                                      NULL,              NULL  },
	{"eleven characters",              "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\"12345678901\"}",
         "field_too_long",														"text"},
	{"an object for a text",           "{\"type\":\"msg\",\"cid\":{},\"text\":\"hi\"}",                            "field_type",
         "cid"																  },
};

START_TEST(a_frame_is_taken_or_refused_with_its_reason)
{
	struct json_fault fault = {0};
	struct webchat_frame frame;
	int err = webchat_frame_parse(span_of(frames[_i].text), TEXT_MAX, &frame, &fault);

	ck_assert_msg(!err == !frames[_i].code, "%s: %s %s", frames[_i].what, err ? fault.code : "",
	              fault.detail);
	if (err) {
		ck_assert_int_eq(err, -EBADMSG);
		ck_assert_msg(strcmp(fault.code, frames[_i].code) == 0, "%s: %s", frames[_i].what,
		              fault.code);
		ck_assert_str_eq(fault.field, frames[_i].field);
	}
	webchat_frame_fini(&frame);
}
END_TEST

START_TEST(a_message_loses_the_blanks_around_it)
{
	struct json_fault fault;
	struct webchat_frame frame;

	ck_assert_int_eq(
		webchat_frame_parse(
			SPAN_LIT("{\"type\":\"msg\",\"cid\":\"c-1\",\"text\":\" \\n hi \\t\"}"),
			TEXT_MAX, &frame, &fault),
		0);
	ck_assert(span_is(frame.text, "hi"));
	ck_assert(span_is(frame.cid, "c-1"));
	webchat_frame_fini(&frame);
}
END_TEST

START_TEST(an_error_tells_which_message_is_meant)
{
	struct json_fault fault;
	struct webchat_frame frame;

	ck_assert_int_eq(webchat_frame_parse(SPAN_LIT("{\"type\":\"msg\",\"cid\":\"c-1\"}"),
	                                     TEXT_MAX, &frame, &fault),
	                 -EBADMSG);
	ck_assert(span_is(frame.cid, "c-1"));
	webchat_frame_fini(&frame);
}
END_TEST

START_TEST(a_frame_cut_anywhere_is_refused)
{
	static const char whole[] = "{\"type\":\"msg\",\"cid\":\"c\",\"text\":\"\u4e00\"}";
	struct json_fault fault;
	struct webchat_frame frame;

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		ck_assert_int_eq(
			webchat_frame_parse((struct span){whole, len}, TEXT_MAX, &frame, &fault),
			-EBADMSG);
		webchat_frame_fini(&frame);
	}
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	static char deep[WEBCHAT_FRAME_MAX];
	struct json_fault fault;
	struct webchat_frame frame;

	memset(deep, '[', sizeof(deep));
	ck_assert_int_eq(
		webchat_frame_parse((struct span){deep, sizeof(deep)}, TEXT_MAX, &frame, &fault),
		-EBADMSG);
	webchat_frame_fini(&frame);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("frame");

	tcase_add_loop_test(tc, a_frame_is_taken_or_refused_with_its_reason, 0, ARRAY_LEN(frames));
	tcase_add_test(tc, a_message_loses_the_blanks_around_it);
	tcase_add_test(tc, an_error_tells_which_message_is_meant);
	tcase_add_test(tc, a_frame_cut_anywhere_is_refused);
	tcase_add_test(tc, deep_nesting_is_refused);
	return unit_run("webchat_frame", &tc, 1);
}
