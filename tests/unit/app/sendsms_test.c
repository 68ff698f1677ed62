/* What a request to /cgi-bin/sendsms says: names, encodings, checks in kannel's words, and who is
 * let in. */
#include "sendsms_guard.h"
#include "sendsms_order.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const char denied[] = "Number(s) has/have been denied by white- and/or black-lists.";
static const char misformed[] = "Charset or body misformed, rejected";

static const char *order(const char *query, struct sendsms_fields *fields,
                         struct sendsms_order *out)
{
	const struct sendsms_defaults defaults = {.from = SPAN_LIT("95500")};

	*fields = (struct sendsms_fields){0};
	ck_assert_int_eq(sendsms_fields_form(fields, span_of(query), SENDSMS_FIELDS, NULL), 0);
	return sendsms_order_read(fields, &defaults, out);
}

static void done(struct sendsms_fields *fields, struct sendsms_order *o)
{
	sendsms_order_fini(o);
	sendsms_fields_fini(fields);
}

START_TEST(the_first_of_a_name_holds_and_a_name_before_its_alias)
{
	struct sendsms_fields f = {0};
	bool seen = false;

	ck_assert_int_eq(sendsms_fields_form(&f,
	                                     SPAN_LIT("pass=old&user=b&text=a%20b+c%zz%4&text=x"
	                                              "&username=a&dlrmask=7&nothing=1&password"),
	                                     SENDSMS_FIELDS, &seen),
	                 0);
	ck_assert(span_is(f.value[SENDSMS_USERNAME], "a"));
	ck_assert(span_is(f.value[SENDSMS_PASSWORD], ""));
	ck_assert_ptr_nonnull(f.value[SENDSMS_PASSWORD].ptr);
	ck_assert(span_is(f.value[SENDSMS_TEXT], "a b c%zz%4"));
	ck_assert_int_eq(sendsms_fields_number(&f, SENDSMS_DLR_MASK), 7);
	ck_assert_int_eq(sendsms_fields_number(&f, SENDSMS_CODING), SENDSMS_UNSET);
	ck_assert_ptr_null(f.value[SENDSMS_FROM].ptr);
	ck_assert(!seen);
	sendsms_fields_fini(&f);
}
END_TEST

START_TEST(a_password_that_may_not_be_there_is_seen_and_left_out)
{
	struct sendsms_fields f = {0};
	bool seen = false;

	ck_assert_int_eq(
		sendsms_fields_form(&f, SPAN_LIT("username=a&p%61ss=x"), SENDSMS_PASSWORD, &seen),
		0);
	ck_assert(seen);
	ck_assert_ptr_null(f.value[SENDSMS_PASSWORD].ptr);
	sendsms_fields_fini(&f);
}
END_TEST

static struct span a_header(const void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "x-kannel-udh") == 0)
		return SPAN_LIT(" 0605040B8423F0 ");
	if (strcmp(name, "x-kannel-to") == 0)
		return SPAN_LIT("");
	return strcmp(name, "x-kannel-coding") == 0 ? SPAN_LIT("1") : SPAN_NONE;
}

START_TEST(headers_say_the_same)
{
	struct sendsms_fields f = {0};

	ck_assert_int_eq(sendsms_fields_headers(&f, a_header, NULL), 0);
	ck_assert(span_eq(f.value[SENDSMS_UDH], SPAN_LIT("\x06\x05\x04\x0b\x84\x23\xf0")));
	ck_assert_ptr_nonnull(f.value[SENDSMS_TO].ptr);
	ck_assert_uint_eq(f.value[SENDSMS_TO].len, 0);
	ck_assert_ptr_null(f.value[SENDSMS_FROM].ptr);
	ck_assert_int_eq(sendsms_fields_number(&f, SENDSMS_CODING), 1);
	sendsms_fields_fini(&f);
}
END_TEST

/* Those that the story compares with kannel's are not repeated. */
static const struct refusal {
	const char *query, *why; /* NULL: taken */
} refusals[] = {
	{"to=123&text=hi",                        NULL					   },
	{"to=123",				NULL					   },
	{"to=%2B-&text=hi",                       denied					 },
	{"to=++&text=hi",                         denied					 },
	{"to=123&text=%E9",                       misformed				      },
	{"to=123&charset=ISO-2022-CN-EXT&text=a", misformed                                      },
	{"to=123&charset=UTF-8//IGNORE&text=%E9", misformed                                      },
	{"to=123&coding=2&text=%4E%2D%D8%00",     misformed                                      },
	{"to=123&coding=2&text=%4E",              misformed                                      },
	{"to=123&mclass=99999999999",             "MClass field misformed, rejected"             },
	{"to=123&dlr-url=http://a%0D%0AHost:x",   "DLR-URL field misformed, rejected"            },
	{"to=123&dlr-url=http://",                "DLR-URL field misformed, rejected"            },
	{"to=123&account=%FF",                    "Account field misformed or too long, rejected"},
	{"to=123&binfo=%FF",                      "Field misformed or too long, rejected"        },
	{"to=123&from=%FF",                       "Field misformed or too long, rejected"        },
	{"to=12%003&text=hi",                     denied					 },
	{"to=123&charset=UTF-8%00x&text=a",       misformed                                      },
	{"to=123&meta-data=a%00b",                "Field misformed or too long, rejected"        },
	{"to=123&udh=%00",                        NULL					   },
};

START_TEST(a_request_is_refused_in_words)
{
	struct sendsms_fields f;
	struct sendsms_order o;
	const char *why = order(refusals[_i].query, &f, &o);

	if (refusals[_i].why)
		ck_assert_pstr_eq(why, refusals[_i].why);
	else
		ck_assert_ptr_null(why);
	done(&f, &o);
}
END_TEST

START_TEST(texts_come_in_many_charsets)
{
	static const char *const queries[] = {
		"to=1&text=%E4%B8%AD%C3%A9",
		"to=1&charset=GBK&text=%D6%D0%A8%A6",
		"to=1&charset=utf-16le&text=%2D%4E%E9%00",
		"to=1&coding=2&text=%4E%2D%00%E9",
	};

	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		struct sendsms_fields f;
		struct sendsms_order o;

		ck_assert_ptr_null(order(queries[i], &f, &o));
		ck_assert_msg(span_is(o.text, "中é"), "%s", queries[i]);
		done(&f, &o);
	}
}
END_TEST

START_TEST(receivers_are_taken_once_each_up_to_a_bound)
{
	struct sendsms_fields f;
	struct sendsms_order o;
	struct buf many;

	ck_assert_ptr_null(order("to=%2B8613+x+139-1+%2B8613&text=hi", &f, &o));
	ck_assert_uint_eq(o.to_count, 2);
	ck_assert(span_is(o.to[1], "139-1"));
	done(&f, &o);
	buf_init(&many, 1 << 16);
	buf_str(&many, "to=");
	for (int i = 0; i <= SENDSMS_RECEIVERS_MAX; i++)
		buf_printf(&many, "+%d", 1000 + i);
	buf_u8(&many, 0);
	ck_assert_str_eq(order(many.data, &f, &o), "Too many receivers, rejected");
	done(&f, &o);
	buf_fini(&many);
}
END_TEST

START_TEST(what_travels_with_a_message_is_read_back)
{
	struct sendsms_fields f;
	struct sendsms_order o;
	struct sendsms_report report;
	struct sms_options sms;
	struct buf memory;
	char *text;
	int err;

	ck_assert_ptr_null(
		order("to=123&coding=1&text=%00%FF&udh=%01%02&pid=64&binfo=bi&account=acc"
	              "&meta-data=%3Fsmpp%3Fa%3Db&dlr-mask=95&dlr-url=http://x/%25d",
	              &f, &o));
	text = sendsms_order_options(&o, o.to[0], "shop", SPAN_LIT("sms-main"), &err);
	ck_assert_ptr_nonnull(text);
	ck_assert(sendsms_report_read(span_of(text), &report));
	ck_assert(span_is(report.url, "http://x/%d"));
	ck_assert(span_is(report.user, "shop"));
	ck_assert(span_is(report.to, "123"));
	ck_assert(span_is(report.from, "95500"));
	ck_assert(span_is(report.smsc, "sms-main"));
	ck_assert(span_is(report.account, "acc"));
	ck_assert(span_is(report.meta, "?smpp?a=b"));
	ck_assert_uint_eq(report.mask, 95 & 63);
	sendsms_report_fini(&report);
	buf_init(&memory, 4096);
	ck_assert_int_eq(sms_options_read(span_of(text), &sms, &memory), 0);
	ck_assert_int_eq(sms.coding, SMS_CODING_OCTETS);
	ck_assert(span_eq(sms.octets, (struct span){"\0\xff", 2}));
	ck_assert(span_is(sms.udh, "\x01\x02"));
	ck_assert(span_is(sms.service_type, "bi"));
	ck_assert_int_eq(sms.protocol_id, 64);
	ck_assert_int_eq(sms.message_waiting, SMS_OPTION_NONE);
	buf_fini(&memory);
	free(text);
	done(&f, &o);
}
END_TEST

START_TEST(a_plain_message_travels_without_options)
{
	struct sendsms_fields f;
	struct sendsms_order o;
	int err = -1;

	ck_assert_ptr_null(order("to=123&text=hi&dlr-mask=31", &f, &o)); /* and no dlr-url */
	ck_assert_ptr_null(sendsms_order_options(&o, o.to[0], "shop", SPAN_LIT("c"), &err));
	ck_assert_int_eq(err, 0);
	done(&f, &o);
}
END_TEST

static const char *const broken[] = {
	"{",
	"[]",
	"{\"sms\":1}",
	"{\"sms\":{\"udh\":\"0\"}}",
	"{\"sms\":{\"udh\":\"0g\"}}",
	"{\"sms\":{\"udh\":7}}",
	"{\"sms\":{\"coding\":\"morse\"}}",
	"{\"sms\":{\"coding\":1}}",
	"{\"sms\":{\"protocol_id\":256}}",
	"{\"sms\":{\"protocol_id\":\"1\"}}",
};

START_TEST(broken_options_are_an_error)
{
	struct sms_options sms;
	struct buf memory;

	buf_init(&memory, 4096);
	ck_assert_int_eq(sms_options_read(span_of(broken[_i]), &sms, &memory), -EBADMSG);
	buf_fini(&memory);
}
END_TEST

START_TEST(too_many_wrong_passwords_close_the_door_for_a_while)
{
	struct sendsms_guard *guard = NULL;

	ck_assert_int_eq(sendsms_guard_create(&guard), 0);
	for (int i = 0; i < SENDSMS_FAILURES_MAX; i++) {
		ck_assert(sendsms_guard_open(guard, "192.0.2.1", SPAN_LIT("shop"), 1000));
		sendsms_guard_failed(guard, "192.0.2.1", SPAN_LIT("shop"), 1000);
	}
	ck_assert(!sendsms_guard_open(guard, "192.0.2.1", SPAN_LIT("shop"), 1001));
	ck_assert(sendsms_guard_open(guard, "192.0.2.2", SPAN_LIT("shop"), 1001));
	ck_assert(sendsms_guard_open(guard, "192.0.2.1", SPAN_LIT("other"), 1001));
	/* Ever new names push out the oldest, and the table stays bounded. */
	for (int i = 0; i <= SENDSMS_GUARD_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		sendsms_guard_failed(guard, "192.0.2.9", span_of(name), 1002);
	}
	ck_assert(sendsms_guard_open(guard, "192.0.2.1", SPAN_LIT("shop"),
	                             1000 + SENDSMS_FAILURES_MS));
	sendsms_guard_destroy(&guard);
	ck_assert_ptr_null(guard);
}
END_TEST

START_TEST(a_rate_lets_a_second_of_it_through_at_once)
{
	uint64_t at = 0, now = 5000000;
	int taken = 0;

	while (!sendsms_guard_pace(&at, 10, 1, now))
		taken++;
	ck_assert_int_eq(taken, 10);
	ck_assert_uint_le(sendsms_guard_pace(&at, 10, 1, now), 101);
	ck_assert_uint_eq(sendsms_guard_pace(&at, 10, 1, now + 101000), 0);
	ck_assert_uint_eq(sendsms_guard_pace(&at, 0, 1000, now), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sendsms");

	tcase_add_test(tc, the_first_of_a_name_holds_and_a_name_before_its_alias);
	tcase_add_test(tc, a_password_that_may_not_be_there_is_seen_and_left_out);
	tcase_add_test(tc, headers_say_the_same);
	tcase_add_loop_test(tc, a_request_is_refused_in_words, 0, ARRAY_LEN(refusals));
	tcase_add_test(tc, texts_come_in_many_charsets);
	tcase_add_test(tc, receivers_are_taken_once_each_up_to_a_bound);
	tcase_add_test(tc, what_travels_with_a_message_is_read_back);
	tcase_add_test(tc, a_plain_message_travels_without_options);
	tcase_add_loop_test(tc, broken_options_are_an_error, 0, ARRAY_LEN(broken));
	tcase_add_test(tc, too_many_wrong_passwords_close_the_door_for_a_while);
	tcase_add_test(tc, a_rate_lets_a_second_of_it_through_at_once);
	return unit_run("sendsms", &tc, 1);
}
