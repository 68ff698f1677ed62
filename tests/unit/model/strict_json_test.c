/* JSON from outside: what is let in, and with which code and field the rest is refused. */
#include "strict_json.h"
#include "unit.h"

struct sample {
	struct span to, text;
	uint64_t count;
	bool on;
	json_t *values;
};

static const struct json_field fields[] = {
	{"to",		    JSON_KIND_TEXT, offsetof(struct sample, to), true, 1, 8},
	{"text", JSON_KIND_TEXT, offsetof(struct sample, text), false, 0, 12},
	{"count",		   JSON_KIND_NUMBER, offsetof(struct sample, count), false, 1, 9},
	{"on",		      JSON_KIND_BOOL, offsetof(struct sample, on), false, 0, 0},
	{"values",                  JSON_KIND_VALUES, offsetof(struct sample, values), false, 0, 5},
	{0}
};

static int bind(const char *text, struct sample *out, json_t **object, struct json_fault *fault)
{
	int err = strict_json_parse(span_of(text), object, fault);

	memset(out, 0, sizeof(*out));
	return err ? err : strict_json_bind(fields, *object, out, fault);
}

START_TEST(binds_every_kind)
{
	struct json_fault fault;
	struct sample s;
	json_t *object = NULL;

	ck_assert_int_eq(bind("{\"to\":\"a\",\"text\":\"你好\",\"count\":9,\"on\":true,"
	                      "\"values\":{\"k\":\"v\"}}",
	                      &s, &object, &fault),
	                 0);
	ck_assert(span_is(s.to, "a") && span_is(s.text, "你好") && s.count == 9 && s.on);
	ck_assert_str_eq(json_string_value(json_object_get(s.values, "k")), "v");
	json_decref(object);
}
END_TEST

static const struct refused {
	const char *text, *code, *field;
} refused[] = {
	{"",					     "json_invalid",    ""        },
	{"[]",					   "json_invalid",    ""        },
	{"{\"to\":\"a\"",				"json_invalid",    ""        },
	{"{\"to\":\"a\"} x",			     "json_invalid",    ""        },
	{"{\"to\":\"a\",\"to\":\"b\"}",                  "json_invalid",    ""        },
	{"{\"to\":\"\\u0000\"}",                         "json_invalid",    ""        },
	{"{\"to\":\"\\ud800\"}",                         "json_invalid",    ""        },
	{"{\"to\":\"\xff\"}",                            "utf8_invalid",    ""        },
	{"{}",					   "field_missing",   "to"      },
	{"{\"to\":null}",				"field_type",      "to"      },
	{"{\"to\":1}",				   "field_type",      "to"      },
	{"{\"to\":\"\"}",				"field_too_short", "to"      },
	{"{\"to\":\"123456789\"}",                       "field_too_long",  "to"      },
	{"{\"to\":\"a\",\"form\":1}",                    "field_unknown",   "form"    },
	{"{\"to\":\"a\",\"count\":0}",                   "field_range",     "count"   },
	{"{\"to\":\"a\",\"count\":10}",                  "field_range",     "count"   },
	{"{\"to\":\"a\",\"count\":-1}",                  "field_range",     "count"   },
	{"{\"to\":\"a\",\"count\":1.0}",                 "field_type",      "count"   },
	{"{\"to\":\"a\",\"on\":\"true\"}",               "field_type",      "on"      },
	{"{\"to\":\"a\",\"values\":[]}",                 "field_type",      "values"  },
	{"{\"to\":\"a\",\"values\":{\"k\":1}}",          "field_type",      "values.k"},
	{"{\"to\":\"a\",\"values\":{\"k\":\"123456\"}}", "field_too_long",  "values.k"},
};

START_TEST(refuses_with_code_and_field)
{
	const struct refused *r = &refused[_i];
	struct json_fault fault = {0};
	struct sample s;
	json_t *object = NULL;

	ck_assert_msg(bind(r->text, &s, &object, &fault) == -EBADMSG, "%s", r->text);
	ck_assert_str_eq(fault.code, r->code);
	ck_assert_str_eq(fault.field, r->field);
	ck_assert_uint_gt(strlen(fault.detail), 0);
	json_decref(object);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("strict_json");

	tcase_add_test(tc, binds_every_kind);
	tcase_add_loop_test(tc, refuses_with_code_and_field, 0, ARRAY_LEN(refused));
	return unit_run("strict_json", &tc, 1);
}
