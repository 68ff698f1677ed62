/* A template is the same as JSON and as a sheet, and what is none is refused by its field. */
#include "template_json.h"
#include "unit.h"

#include <stdlib.h>

#define REST                                                                                  \
	"\"title\":{\"zh\":\"\\u7532\",\"en\":\"A\"},\"one_sms\":true,\"variables\":{\"n\":{" \
	"\"max\":4}}"

START_TEST(an_object_survives_being_a_sheet)
{
	static const char *const texts[] = {
		"{\"kind\":\"answer\",\"id\":\"card.lost\"," REST "}",
		"{\"kind\":\"handover\",\"id\":\"h\"," REST
		",\"samples\":{\"zh\":[\"1\",\"a: b\"]}}",
		"{\"kind\":\"settings\",\"id\":\"settings\",\"constants\":{\"bank\":\"x\"}}"};
	json_t *object = json_loads(texts[_i], 0, NULL), *again;
	struct json_fault fault;
	char name[EDITION_NAME_MAX + 1], *sheet = NULL;

	ck_assert_int_eq(template_sheet(object, &sheet, name, &fault), 0);
	ck_assert_str_eq(name, json_string_value(json_object_get(object, "id")));
	again = template_json(span_of(sheet));
	ck_assert_msg(json_equal(object, again), "%s", sheet);
	json_decref(object);
	json_decref(again);
	free(sheet);
}
END_TEST

static const struct row {
	const char *text, *code, *field;
} rows[] = {
	{"{}",					 "field_missing", "template.id"  },
	{"{\"id\":\"a b\",\"kind\":\"answer\"}",       "field_range",   "template.id"  },
	{"{\"id\":\"publish\",\"kind\":\"answer\"}",   "field_range",   "template.id"  },
	{"{\"id\":\".\",\"kind\":\"answer\"}",         "field_range",   "template.id"  },
	{"{\"id\":\"..\",\"kind\":\"answer\"}",        "field_range",   "template.id"  },
	{"{\"id\":\".htaccess\",\"kind\":\"answer\"}", "field_range",   "template.id"  },
	{"{\"id\":\"a..b\",\"kind\":\"answer\"}",      "field_range",   "template.id"  },
	{"{\"id\":\"settings\",\"kind\":\"answer\"}",  "field_range",   "template.id"  },
	{"{\"id\":\"a\",\"kind\":\"settings\"}",       "field_range",   "template.id"  },
	{"{\"id\":\"a\"}",			     "field_missing", "template.kind"},
	{"{\"id\":\"a\",\"kind\":\"joke\"}",           "field_range",   "template.kind"},
};

START_TEST(what_is_no_template_is_refused)
{
	json_t *object = json_loads(rows[_i].text, 0, NULL);
	struct json_fault fault = {0};
	char name[EDITION_NAME_MAX + 1], *sheet = NULL;

	ck_assert_int_eq(template_sheet(object, &sheet, name, &fault), -EBADMSG);
	ck_assert_str_eq(fault.code, rows[_i].code);
	ck_assert_str_eq(fault.field, rows[_i].field);
	ck_assert_ptr_null(sheet);
	json_decref(object);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("template_json");

	tcase_add_loop_test(tc, an_object_survives_being_a_sheet, 0, 3);
	tcase_add_loop_test(tc, what_is_no_template_is_refused, 0, (int)ARRAY_LEN(rows));
	return unit_run("template_json", &tc, 1);
}
