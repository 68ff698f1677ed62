/*
 * What is asked of messages that were sent, and data_sm in place of submit_sm.
 * SMPP 3.4, 4.5 and 4.7 to 4.10; docs/protocols/smpp.md.
 */
#include "link_fixture.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

#define ALLOWED "query: true\ncancel: true\nreplace: true\nsubmit_multi: true\n"

static const struct message original = {
	.direction = MESSAGE_OUT,
	.kind = MESSAGE_TEXT,
	.lane = LANE_CONFIRMATION,
	.address = {"sms:+8613800138000", 18},
	.text = {"old",                3 },
};
static const struct connector_target target = {
	.id = {"0A1b",               4 },
	.address = {"sms:+8613800138000", 18},
	.local = {"95500",              5 },
	.message = &original,
};

static struct told {
	unsigned count;
	int err;
	enum message_status status;
	char code[40];
} told;

static void on_answer(void *arg, const struct connector_answer *answer)
{
	struct told *t = arg;

	t->count++;
	t->err = answer->err;
	t->status = answer->status;
	snprintf(t->code, sizeof(t->code), "%s", answer->code ? answer->code : "");
}

static const struct connector_operations *ops(void)
{
	return host.ops->caps.operations;
}

static void open_allowed(const char *more)
{
	char text[512];

	memset(&told, 0, sizeof(told));
	snprintf(text, sizeof(text), ALLOWED "%s", more);
	open_bound(text);
}

START_TEST(nothing_is_asked_that_the_operator_does_not_allow)
{
	open_bound("");
	for (int what = OPERATION_QUERY; what <= OPERATION_MANY; what++)
		ck_assert(!ops()->can(host.self, (enum connector_operation)what));
	ck_assert_int_eq(ops()->query(host.self, &target, on_answer, &told), -ENOTSUP);
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), -ENOTSUP);
	ck_assert_int_eq(ops()->replace(host.self, &target, SPAN_LIT("new"), on_answer, &told),
	                 -ENOTSUP);
}
END_TEST

static const struct asked {
	uint8_t state;
	enum message_status status;
} asked[] = {
	{0,  STATUS_SENT       }, /* 5.0: scheduled */
	{1,  STATUS_SENT       },
        {2,  STATUS_DELIVERED  },
	{3,  STATUS_UNDELIVERED},
        {4,  STATUS_CANCELED   },
	{5,  STATUS_UNDELIVERED},
        {6,  STATUS_SENT       }, /* accepted is not the end */
	{7,  STATUS_SENT       },
        {8,  STATUS_UNDELIVERED},
	{9,  STATUS_UNDELIVERED}, /* 5.0: skipped */
	{77, STATUS_SENT       },
};

START_TEST(a_query_tells_where_the_message_is)
{
	const struct smpp_pdu *pdu;

	open_allowed("");
	smsc.message_state = asked[_i].state;
	ck_assert_int_eq(ops()->query(host.self, &target, on_answer, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.err, 0);
	ck_assert_int_eq(told.status, asked[_i].status);
	pdu = smsc_last(&smsc, SMPP_query_sm);
	ck_assert(span_is(pdu->u.query_sm.message_id, "0A1b")); /* as the SMSC wrote it */
	ck_assert(span_is(pdu->u.query_sm.source_addr, "95500"));
}
END_TEST

START_TEST(a_cancel_names_the_message_and_both_ends)
{
	const struct smpp_cancel_sm *sm;

	open_allowed("service_type: VMA\n");
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), 0);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.err, 0);
	sm = &smsc_last(&smsc, SMPP_cancel_sm)->u.cancel_sm;
	ck_assert(span_is(sm->service_type, "")); /* else it would be about all of that service */
	ck_assert(span_is(sm->message_id, "0A1b"));
	ck_assert(span_is(sm->source_addr, "95500"));
	ck_assert(span_is(sm->destination_addr, "8613800138000"));
}
END_TEST

START_TEST(a_refused_operation_says_why)
{
	open_allowed("");
	smsc.operation_status = SMPP_RCANCELFAIL;
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), 0);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.err, -EPERM);
	ck_assert_str_eq(told.code, "smpp.0x00000011");
}
END_TEST

START_TEST(a_replacement_is_written_in_the_alphabet_of_the_first)
{
	const struct smpp_replace_sm *sm;
	struct connector_target chinese = target;
	struct message first = original;

	open_allowed("");
	ck_assert_int_eq(ops()->replace(host.self, &target, SPAN_LIT("new @"), on_answer, &told),
	                 0);
	AWAIT(told.count == 1);
	sm = &smsc_last(&smsc, SMPP_replace_sm)->u.replace_sm;
	ck_assert(span_eq(sm->short_message, unit_hex("6e657720 00")));
	first.text = SPAN_LIT("旧");
	chinese.message = &first;
	ck_assert_int_eq(ops()->replace(host.self, &chinese, SPAN_LIT("new"), on_answer, &told), 0);
	AWAIT(told.count == 2);
	sm = &smsc_last(&smsc, SMPP_replace_sm)->u.replace_sm;
	ck_assert(span_eq(sm->short_message, unit_hex("006e00650077")));
	/* A GSM text cannot become a Chinese one: replace_sm has no data_coding. */
	ck_assert_int_eq(ops()->replace(host.self, &target, SPAN_LIT("新"), on_answer, &told),
	                 -EINVAL);
}
END_TEST

START_TEST(an_operation_names_our_end_with_its_extension)
{
	struct connector_target extended = target;

	open_allowed("");
	extended.extension = SPAN_LIT("12");
	ck_assert_int_eq(ops()->query(host.self, &extended, on_answer, &told), 0);
	ck_assert_int_eq(ops()->cancel(host.self, &extended, on_answer, &told), 0);
	AWAIT(told.count == 2);
	ck_assert(span_is(smsc_last(&smsc, SMPP_query_sm)->u.query_sm.source_addr, "9550012"));
	ck_assert(span_is(smsc_last(&smsc, SMPP_cancel_sm)->u.cancel_sm.source_addr, "9550012"));
}
END_TEST

/* The words that belong around a text, typography, alphabets: as the submit_sm of the same. */
static const struct replaced {
	const char *config, *first, *text;
	enum message_class message_class;
	int err;
} replaced[] = {
	{"",											 "old", "new {1}",           CLASS_NONE, 0      },
	{"",											 "old", "new",               CLASS_0,    0      },
	{"signature: {place: front, zh: \"【测】\", en: \"[T] \"}\n",                             "old", "new",               CLASS_NONE, 0      },
	{"signature: {place: behind, zh: \"【测】\", en: \"[T]\"}\n"
         "opt_out: {lanes: [confirmation], zh: \"，退订回T\", en: \" STOP to end\"}\n", "旧", "新",               CLASS_NONE, 0      },
	{"signature: {place: operator, zh: \"【测】\", en: \"[T]\"}\n",                           "旧", "新",               CLASS_NONE, 0      },
	{"transliterate: true\n",								    "old", "new – “one”", CLASS_NONE, 0      },
	{"latin1: true\n",									   "ê",  "ç",                CLASS_NONE, 0      },
	{"alphabet_out: packed\n",								   "old", "new",               CLASS_NONE, 0      },
	{"",											 "old", "新",               CLASS_NONE, -EINVAL},
	{"signature: {place: front, zh: \"【测】\", en: \"[T] \"}\n",                             "old", "新",               CLASS_NONE,
         -EINVAL																    },
};

START_TEST(a_replacement_is_what_submit_would_have_sent)
{
	const struct replaced *r = &replaced[_i];
	struct message first = original, second = original;
	struct connector_target t = target;
	int err;

	open_allowed(r->config);
	first.text = span_of(r->first);
	second.text = span_of(r->text);
	first.service.message_class = second.service.message_class = r->message_class;
	t.message = &first;
	ck_assert_int_eq(host_send_like(&host, &second), 0);
	AWAIT(host.result_count == 1);
	err = ops()->replace(host.self, &t, second.text, on_answer, &told);
	ck_assert_int_eq(err, r->err);
	if (err)
		return;
	AWAIT(told.count == 1);
	ck_assert(span_eq(smsc_last(&smsc, SMPP_replace_sm)->u.replace_sm.short_message,
	                  smsc_submit(&smsc, 0)->short_message));
}
END_TEST

START_TEST(what_was_octets_or_has_a_header_is_not_replaced_by_a_text)
{
	struct message first = original;
	struct connector_target t = target;

	open_allowed("");
	t.message = &first;
	first.options = SPAN_LIT("{\"sms\":{\"coding\":\"octets\",\"octets\":\"00ff\"}}");
	ck_assert_int_eq(ops()->replace(host.self, &t, SPAN_LIT("new"), on_answer, &told), -EINVAL);
	first.options = SPAN_LIT("{\"sms\":{\"udh\":\"0605040b8423f0\"}}");
	ck_assert_int_eq(ops()->replace(host.self, &t, SPAN_LIT("new"), on_answer, &told), -EINVAL);
	first.options = SPAN_NONE;
	ck_assert_int_eq(ops()->replace(host.self, &t, SPAN_LIT("new"), on_answer, &told), 0);
	AWAIT(told.count == 1);
}
END_TEST

START_TEST(a_replacement_that_its_signature_makes_two_parts_is_too_long)
{
	enum { SIGNATURE = 6 /* its brackets are two septets each */ };
	char text[161];
	struct span fits = {text, 160 - SIGNATURE}, more = {text, 161 - SIGNATURE};

	open_allowed("long_messages: payload\n"
	             "signature: {place: front, zh: \"【测】\", en: \"[T] \"}\n");
	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(ops()->replace(host.self, &target, more, on_answer, &told), -EMSGSIZE);
	ck_assert_int_eq(ops()->replace(host.self, &target, fits, on_answer, &told), 0);
	AWAIT(told.count == 1);
}
END_TEST

START_TEST(a_replacement_of_two_parts_is_too_long)
{
	char text[162];

	open_allowed("");
	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(
		ops()->replace(host.self, &target, (struct span){text, 161}, on_answer, &told),
		-EMSGSIZE);
	ck_assert_int_eq(
		ops()->replace(host.self, &target, (struct span){text, 160}, on_answer, &told), 0);
	AWAIT(told.count == 1);
}
END_TEST

START_TEST(an_operation_without_an_answer_is_told_once)
{
	open_allowed("response_timeout: 100 ms\n");
	smsc.hold = true;
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), 0);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.err, -ETIMEDOUT);
	host_pass(loop, 150);
	ck_assert_uint_eq(told.count, 1);
}
END_TEST

START_TEST(an_operation_whose_session_is_lost_is_told_once)
{
	open_allowed("");
	smsc.hold = true;
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), 0);
	AWAIT(smsc_last(&smsc, SMPP_cancel_sm));
	smsc_drop(&smsc);
	AWAIT(told.count == 1);
	ck_assert_int_eq(told.err, -ENOTCONN);
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), -ENOTCONN);
}
END_TEST

START_TEST(an_operation_that_the_channel_outlives_not_is_told_too)
{
	open_allowed("");
	smsc.hold = true;
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), 0);
	host_close(&host);
	memset(&host, 0, sizeof(host));
	ck_assert_uint_eq(told.count, 1);
	ck_assert_int_lt(told.err, 0);
}
END_TEST

START_TEST(operations_are_beside_the_window_and_few_at_once)
{
	unsigned begun = 0;

	open_allowed("window: 1\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	ck_assert_int_eq(host_send(&host, customer, "hello"), -EAGAIN);
	while (begun < 1000 && ops()->cancel(host.self, &target, on_answer, &told) == 0)
		begun++;
	ck_assert_uint_ge(begun, 8);
	ck_assert_uint_le(begun, 128);
	ck_assert_int_eq(ops()->cancel(host.self, &target, on_answer, &told), -EAGAIN);
	smsc_drop(&smsc);
	AWAIT(told.count == begun);
}
END_TEST

/* ---- data_sm ---- */

START_TEST(data_sm_carries_texts_where_the_channel_says_so)
{
	const struct smpp_data_sm *sm;
	struct span payload;
	uint32_t seconds;

	open_bound("submit: data_sm\nvalidity: 2 h\n");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_str_eq(host.results[0].id, "m1"); /* 5.0 and practice: an id in data_sm_resp */
	sm = &smsc_last(&smsc, SMPP_data_sm)->u.data_sm;
	ck_assert(span_is(sm->destination_addr, "8613800138000"));
	ck_assert_int_eq(smpp_tlv_find(sm->tlvs, SMPP_TLV_message_payload, &payload), 0);
	ck_assert(span_is(payload, "hello"));
	ck_assert_int_eq(smpp_tlv_uint(sm->tlvs, SMPP_TLV_qos_time_to_live, &seconds), 0);
	ck_assert_uint_eq(seconds, 7200);
	ck_assert_ptr_null(smsc_submit(&smsc, 0));
}
END_TEST

START_TEST(a_long_text_by_data_sm_is_parts_too)
{
	char text[401] = "";

	open_bound("submit: data_sm\n");
	memset(text, 'a', sizeof(text) - 1);
	ck_assert_int_eq(host_send(&host, customer, text), 0);
	AWAIT(host.result_count == 3);
	ck_assert_uint_eq(smsc_last(&smsc, SMPP_data_sm)->u.data_sm.esm_class, SMPP_ESM_CLASS_UDHI);
}
END_TEST

START_TEST(data_sm_has_the_windows_rules_and_fates)
{
	open_bound("submit: data_sm\nwindow: 1\nresponse_timeout: 100 ms\n");
	smsc.hold = true;
	ck_assert_int_eq(host_send(&host, customer, "1"), 0);
	ck_assert_int_eq(host_send(&host, customer, "2"), -EAGAIN);
	AWAIT(host.result_count == 1);
	ck_assert_int_eq(host.results[0].outcome, SEND_UNCERTAIN);
	smsc_release(&smsc, 0, false);
	AWAIT(host.result_count == 2);
	ck_assert_int_eq(host.results[1].outcome, SEND_OK);
}
END_TEST

START_TEST(without_optional_parameters_there_is_no_data_sm)
{
	smsc.no_version = true;
	open_bound("submit: data_sm\n");
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
	ck_assert_ptr_nonnull(smsc_submit(&smsc, 0));
}
END_TEST

int main(void)
{
	const TTest *const one[] = {
		nothing_is_asked_that_the_operator_does_not_allow,
		a_cancel_names_the_message_and_both_ends,
		a_refused_operation_says_why,
		a_replacement_is_written_in_the_alphabet_of_the_first,
		a_replacement_of_two_parts_is_too_long,
		a_replacement_that_its_signature_makes_two_parts_is_too_long,
		an_operation_names_our_end_with_its_extension,
		what_was_octets_or_has_a_header_is_not_replaced_by_a_text,
		an_operation_without_an_answer_is_told_once,
		an_operation_whose_session_is_lost_is_told_once,
		an_operation_that_the_channel_outlives_not_is_told_too,
		operations_are_beside_the_window_and_few_at_once,
	};
	const TTest *const rest[] = {
		data_sm_carries_texts_where_the_channel_says_so,
		a_long_text_by_data_sm_is_parts_too,
		data_sm_has_the_windows_rules_and_fates,
		without_optional_parameters_there_is_no_data_sm,
	};
	TCase *tc[] = {tcase_create("of one"), tcase_create("data_sm")};

	add_tests(tc[0], one, ARRAY_LEN(one));
	add_tests(tc[1], rest, ARRAY_LEN(rest));
	tcase_add_loop_test(tc[0], a_replacement_is_what_submit_would_have_sent, 0,
	                    ARRAY_LEN(replaced));
	tcase_add_loop_test(tc[0], a_query_tells_where_the_message_is, 0, ARRAY_LEN(asked));
	return unit_run("smpp operations", tc, ARRAY_LEN(tc));
}
