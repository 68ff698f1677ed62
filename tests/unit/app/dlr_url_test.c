/* Reports as kannel 1.4.5 makes them: what stands here was recorded from it
 * (docs/protocols/sendsms.md). */
#include "dlr_url.h"
#include "unit.h"

#include <stdlib.h>

static struct dlr_report a_report(void)
{
	return (struct dlr_report){
		.type = DLR_DELIVERED,
		.answer = SPAN_LIT("id:439072408 sub:001 stat:DELIVRD text:!\"#&'()*,-./;<=>?"),
		.to = SPAN_LIT("0086139"),
		.from = SPAN_LIT("95500"),
		.id = SPAN_LIT("c-1"),
		.foreign_id = SPAN_LIT("439072408"),
		.smsc = SPAN_LIT("sms-main"),
		.service = SPAN_LIT("shop"),
		.account = SPAN_LIT("a b"),
		.binfo = SPAN_LIT("bi"),
		.meta = SPAN_LIT("?smpp?a=b&c=%20d&?orig_msg?dlr_mask=31&"),
		.ts_ms = 1795324569123,
	};
}

static const struct {
	const char *pattern, *url;
} fillings[] = {
	{"http://x/?d=%d&p=%p&P=%P&q=%q&Q=%Q",
         "http://x/?d=1&p=0086139&P=95500&q=%2B86139&Q=95500"									    },
	{"%A",
         "id%3A439072408+sub%3A001+stat%3ADELIVRD+text%3A!%22%23%26'()*%2C-.%2F%3B%3C%3D%3E%3F"                                          },
	{"%k|%s|%S|%r",
         "id%3A439072408|sub%3A001|stat:DELIVRD|text%3A!%22%23%26'()*%2C-.%2F%3B%3C%3D%3E%3F"                                            },
	{"%k|%r",
         "id%3A439072408|sub%3A001+stat%3ADELIVRD+text%3A!%22%23%26'()*%2C-.%2F%3B%3C%3D%3E%3F"                                          },
	{"%c|%C|%m|%M|%O|%u|%f|%v|%V",                                    "-1|UTF-8|-1|-1|00||||"                                        },
	{"%F|%i|%I|%n|%o|%B",					     "439072408|sms-main|c-1|shop|a+b|bi"                           },
	{"%t|%T",							 "2026-11-22+05:16:09|1795324569"                               },
	{"%D",							    "%3Fsmpp%3Fa%3Db%26c%3D%2520d%26%3Forig_msg%3Fdlr_mask%3D31%26"},
	{"%#smpp#a#|%#smpp#c#|%#orig_msg#dlr_mask#|%#none#a#|%#smpp#z#|", "b|+d|31|||"                                                   },
	{"%#smpp|",						       "%#smpp|"						      },
	{"%#smpp#a",						      "%#smpp#a"						     },
	{"%%|%x|%",						       "%|%x|%"						       },
	{"a b\x7f",						       "a%20b%7F"						     },
	{"%R",							    "%25R"							 },
	{"",							      ""							     },
};

START_TEST(escapes_are_replaced)
{
	const struct dlr_report r = a_report();
	struct buf out;

	buf_init(&out, 4096);
	dlr_url_fill(span_of(fillings[_i].pattern), &r, &out);
	ck_assert_int_eq(buf_check(&out), 0);
	buf_u8(&out, 0);
	ck_assert_str_eq(out.data, fillings[_i].url);
	buf_fini(&out);
}
END_TEST

START_TEST(hexadecimal_is_of_every_octet)
{
	struct dlr_report r = a_report();
	struct buf out;

	r.answer = SPAN_LIT("ACK/");
	buf_init(&out, 64);
	dlr_url_fill(SPAN_LIT("%e"), &r, &out);
	ck_assert(span_is(buf_span(&out), "41434B2F"));
	buf_fini(&out);
}
END_TEST

static const struct {
	enum message_status status;
	const char *code, *reason;
	unsigned type;
	const char *answer;
} states[] = {
	{STATUS_SENT,                "",                     "",                            DLR_ACCEPTED,    "ACK/"        },
	{STATUS_SENT,                "smpp.dlr.ENROUTE",     "",                            DLR_BUFFERED,
         "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:ENROUTE err:000 "
         "text:"													   },
	{STATUS_DELIVERED,           "smpp.dlr.000",         "",                            DLR_DELIVERED,
         "id:7 sub:001 dlvrd:001 submit date:2611220516 done date:2611220517 stat:DELIVRD err:000 "
         "text:"													   },
	{STATUS_READ,                "",                     "",                            DLR_DELIVERED,
         "id:7 sub:001 dlvrd:001 submit date:2611220516 done date:2611220517 stat:DELIVRD err:000 "
         "text:"													   },
	{STATUS_UNDELIVERED,         "smpp.dlr.069",         "",                            DLR_UNDELIVERED,
         "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:UNDELIV err:069 "
         "text:"													   },
	{STATUS_UNDELIVERED,         "smpp.dlr.EXPIRED",     "",                            DLR_UNDELIVERED,
         "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:EXPIRED err:000 "
         "text:"													   },
	{STATUS_UNDELIVERED,         "smpp.dlr.REJECTD.069", "",                            DLR_UNDELIVERED,
         "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:REJECTD err:069 "
         "text:"													   },
	{STATUS_FAILED,              "smpp.0x0000000b",      "Invalid Destination Address", DLR_REJECTED,
         "NACK/0x0000000b/Invalid Destination Address"								     },
	{STATUS_FAILED,              "expired",              "",                            DLR_REJECTED,    "NACK/expired"},
	{STATUS_CANCELED,            "",                     "",                            DLR_REJECTED,    "NACK/"       },
	{STATUS_PARTIALLY_DELIVERED, "smpp.dlr.069",         "",                            DLR_UNDELIVERED,
         "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:UNDELIV err:069 "
         "text:"													   },
	{STATUS_PARTIALLY_DELIVERED, "smpp.0x0000000b",      "Invalid Destination Address",
         DLR_UNDELIVERED,                                                                                    "id:7 sub:001 dlvrd:000 submit date:2611220516 done date:2611220517 stat:UNDELIV err:000 "
         "text:"										  },
	{STATUS_PARTIALLY_DELIVERED, "",                     "",                            0,               NULL          },
	{STATUS_QUEUED,              "",                     "",                            0,               NULL          },
	{STATUS_UNKNOWN,             "",                     "",                            0,               NULL          },
};

START_TEST(a_status_makes_a_report_in_kannels_words)
{
	const struct log_event e = {.type = LOG_STATUS,
	                            .status = states[_i].status,
	                            .code = span_of(states[_i].code),
	                            .reason = span_of(states[_i].reason),
	                            .ts_ms = 1795324620000};
	char answer[DLR_ANSWER_MAX];

	ck_assert_uint_eq(dlr_type_of(&e), states[_i].type);
	if (!states[_i].answer)
		return;
	dlr_answer((enum dlr_type)states[_i].type, &e, SPAN_LIT("7"), 1795324569000, answer);
	ck_assert_str_eq(answer, states[_i].answer);
}
END_TEST

START_TEST(only_a_web_address_is_called)
{
	static const char *const good[] = {"http://x", "HTTPS://x/%d?a=b c", "http://[::1]:80/"};
	static const char *const bad[] = {
		"", "x", "ftp://x/", "http://", "file:///etc", "http://a\r\nb", "http://\xff"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(dlr_url_valid(span_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!dlr_url_valid(span_of(bad[i])), "%s", bad[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dlr_url");

	tcase_add_loop_test(tc, escapes_are_replaced, 0, ARRAY_LEN(fillings));
	tcase_add_test(tc, hexadecimal_is_of_every_octet);
	tcase_add_loop_test(tc, a_status_makes_a_report_in_kannels_words, 0, ARRAY_LEN(states));
	tcase_add_test(tc, only_a_web_address_is_called);
	return unit_run("dlr_url", &tc, 1);
}
