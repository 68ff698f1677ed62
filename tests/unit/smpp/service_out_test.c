/*
 * What a message may ask for itself, what the channel puts around its text, and what a text would
 * take. docs/protocols/smpp.md.
 */
#include "link_fixture.h"
#include "smpp_address.h"
#include "smpp_udh.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

static const struct smpp_submit_sm *submit_like(const char *config, struct message like)
{
	open_bound(config);
	like.address = span_of(customer);
	ck_assert_int_eq(host_send_like(&host, &like), 0);
	AWAIT(smsc.submits == 1);
	return smsc_submit(&smsc, 0);
}

static const struct class_row {
	const char *config, *text;
	enum message_class message_class;
	uint8_t data_coding, subunit; /* subunit 0: not there */
} classes[] = {
	{"",				      "flash",    CLASS_0,    0x10, 0},
	{"",				      "闪信",   CLASS_0,    0x18, 0},
	{"",				      "sim",      CLASS_2,    0x12, 0},
	{"",				      "plain",    CLASS_NONE, 0x00, 0},
	{"message_class: control\n",              "flash",    CLASS_0,    0xF0, 0},
	{"message_class: control\n",              "te",       CLASS_3,    0xF3, 0},
	{"message_class: control\n",              "闪信",   CLASS_0,    0x18, 0},
	{"message_class: subunit\n",              "flash",    CLASS_0,    0x00, 1},
	{"message_class: subunit\n",              "闪信",   CLASS_1,    0x08, 2},
	{"message_class: subunit\ntlvs: never\n", "flash",    CLASS_0,    0x10, 0},
	{"latin1: true\n",                        "\xc3\xaf", CLASS_0,    0x18, 0},
	{"latin1: true\n",                        "\xc3\xaf", CLASS_NONE, 0x03, 0},
};

START_TEST(a_message_class_is_told_as_the_operator_reads_it)
{
	const struct class_row *row = &classes[_i];
	const struct smpp_submit_sm *sm = submit_like(
		row->config, (struct message){.text = span_of(row->text),
	                                      .service.message_class = row->message_class});
	uint32_t subunit = 0;

	ck_assert_uint_eq(sm->data_coding, row->data_coding);
	ck_assert_int_eq(smpp_tlv_uint(sm->tlvs, SMPP_TLV_dest_addr_subunit, &subunit),
	                 row->subunit ? 0 : -ENOENT);
	ck_assert_uint_eq(subunit, row->subunit);
}
END_TEST

static const struct service_row {
	const char *config;
	struct message_service service;
	uint8_t priority, registered;
} services[] = {
	{"",			  {.priority = 0},                 0, 1   },
	{"priority: 2\n",             {.priority = 0},                 2, 1   },
	{"priority: 2\n",             {.priority = 1 + 0},             0, 1   },
	{"",			  {.priority = 1 + 3},             3, 1   },
	{"",			  {.receipt = RECEIPT_UNWANTED},   0, 0   },
	{"registered_delivery: 0\n",  {.receipt = RECEIPT_WANTED},     0, 1   },
	{"registered_delivery: 0\n",  {.receipt = RECEIPT_BY_CHANNEL}, 0, 0   },
	{"registered_delivery: 18\n", {.receipt = RECEIPT_WANTED},     0, 0x12},
	{"registered_delivery: 16\n", {.receipt = RECEIPT_WANTED},     0, 0x11},
};

START_TEST(what_a_message_asks_for_goes_before_the_channels_way)
{
	const struct service_row *row = &services[_i];
	const struct smpp_submit_sm *sm = submit_like(
		row->config, (struct message){.text = SPAN_LIT("x"), .service = row->service});

	ck_assert_uint_eq(sm->priority_flag, row->priority);
	ck_assert_uint_eq(sm->registered_delivery, row->registered);
}
END_TEST

START_TEST(a_message_goes_from_the_sender_it_names)
{
	const struct smpp_submit_sm *sm = submit_like(
		"", (struct message){.text = SPAN_LIT("x"), .local = SPAN_LIT("9550012")});

	ck_assert(span_is(sm->source_addr, "9550012"));
}
END_TEST

START_TEST(the_smsc_holds_a_message_only_where_that_is_its_part)
{
	uint64_t due = clock_wall_ms(io_loop_clock(loop)) + UINT64_C(3) * 3600 * 1000;
	const struct smpp_submit_sm *sm = submit_like(
		"schedule: smsc\n",
		(struct message){.text = SPAN_LIT("x"), .due_ms = due, .validity_ms = 3600 * 1000});

	ck_assert_uint_eq(sm->schedule_delivery_time.len, 16);
	ck_assert_msg(memcmp(sm->schedule_delivery_time.ptr, "00000003000000", 8) == 0 ||
	                      memcmp(sm->schedule_delivery_time.ptr, "00000002595900", 12) == 0,
	              "%.16s", sm->schedule_delivery_time.ptr);
	/* The validity begins where the schedule ends. */
	ck_assert_msg(memcmp(sm->validity_period.ptr, "00000004", 8) == 0 ||
	                      memcmp(sm->validity_period.ptr, "0000000359", 10) == 0,
	              "%.16s", sm->validity_period.ptr);
}
END_TEST

START_TEST(times_are_absolute_where_the_smsc_takes_no_other)
{
	uint64_t due = clock_wall_ms(io_loop_clock(loop)) + UINT64_C(3) * 3600 * 1000;
	const struct smpp_submit_sm *sm = submit_like(
		"schedule: smsc\ntimes: absolute\nutc_quarters: 32\n",
		(struct message){.text = SPAN_LIT("x"), .due_ms = due, .validity_ms = 3600 * 1000});
	char at[17], until[17];

	smpp_time_absolute(due, 32, at);
	smpp_time_absolute(due + UINT64_C(3600) * 1000, 32, until);
	ck_assert(span_is(sm->schedule_delivery_time, at));
	ck_assert(span_is(sm->validity_period, until));
}
END_TEST

START_TEST(what_the_host_held_is_sent_without_a_schedule)
{
	uint64_t due = clock_wall_ms(io_loop_clock(loop)) + 3600 * 1000;
	const struct smpp_submit_sm *sm =
		submit_like("", (struct message){.text = SPAN_LIT("x"), .due_ms = due});

	ck_assert_uint_eq(sm->schedule_delivery_time.len, 0);
}
END_TEST

START_TEST(a_channel_says_which_senders_are_its_own_and_what_the_smsc_holds)
{
	const struct connector_caps *caps = &smpp_connector.caps;

	open_channel("schedule: smsc\n");
	ck_assert(caps->sender(host.self, SPAN_LIT("95500")));
	ck_assert(caps->sender(host.self, SPAN_LIT("9550012")));
	ck_assert(!caps->sender(host.self, SPAN_LIT("95501")));
	ck_assert(caps->schedules(host.self, 1000));
	ck_assert(!caps->schedules(host.self, SMPP_TIME_MAX_MS + 1));
}
END_TEST

/* ---- what the channel puts around a text ---- */

static const struct bearing {
	const char *config, *text, *lang;
	enum lane lane;
	uint8_t data_coding;
	const char *want;
} bearings[] = {
	{"",								 "hello",                "",   LANE_CAMPAIGN,     0, "hello"                    },
	{"signature: {place: front}\n",                                      "hello",                "",   LANE_REPLY,        0, "[Test] hello"             },
	{"signature: {place: front}\n",                                      "hello",                "zh", LANE_REPLY,        8, "【测试】hello"        },
	{"signature: {place: front}\n",                                      "您好",               "",   LANE_REPLY,        8, "【测试】您好"       },
	{"signature: {place: behind, en: \" -- Bank\"}\n",                   "hello",                "en", LANE_REPLY,        0,
         "hello -- Bank"																    },
	{"signature: {place: operator}\n",                                   "hello",                "",   LANE_REPLY,        0, "hello"                    },
	{"signature: {place: front, lanes: [campaign]}\n",                   "hello",                "",   LANE_REPLY,        0, "hello"                    },
	{"opt_out: {zh: \"，拒收请回复R\"}\n",                         "新品",               "",   LANE_CAMPAIGN,     8, "新品，拒收请回复R"},
	{"opt_out: {zh: \"，拒收请回复R\"}\n",                         "新品",               "",   LANE_CONFIRMATION, 8, "新品"                   },
	{"opt_out: {en: \". Reply R to stop\"}\n",                           "News",                 "",   LANE_CAMPAIGN,     0,
         "News. Reply R to stop"															    },
	{"",								 "It’s",               "",   LANE_REPLY,        8, "It’s"                   },
	{"transliterate: true\n",					    "It’s “fine”…", "",   LANE_REPLY,        0, "It's \"fine\"..."         },
	{"transliterate: true\n",					    "“好”",            "",   LANE_REPLY,        8, "“好”"                },
	{"transliterate: true\nsignature: {place: front, en: 【Bank】}\n", "It’s",               "",   LANE_REPLY,
         8,														      "【Bank】It’s"         },
};

START_TEST(a_channel_puts_its_words_around_a_text)
{
	const struct bearing *v = &bearings[_i];
	const struct smpp_submit_sm *sm =
		submit_like(v->config, (struct message){.text = span_of(v->text),
	                                                .lang = span_of(v->lang),
	                                                .lane = v->lane});
	struct buf text;

	buf_init(&text, 1024);
	ck_assert_uint_eq(sm->data_coding, v->data_coding);
	smpp_text_decode(smpp_alphabet_of(sm->data_coding, SMPP_GSM7), sm->short_message, 0, 0,
	                 &text);
	ck_assert_msg(span_is(buf_span(&text), v->want), "%.*s", SPAN_FMT(buf_span(&text)));
	buf_fini(&text);
}
END_TEST

START_TEST(what_a_text_takes_is_told_without_sending_it)
{
	const struct connector_caps *caps = &smpp_connector.caps;
	struct message m = {.text = SPAN_LIT("It’s “fine”…")};
	struct connector_measure measure = {0};

	open_channel("transliterate: true\nsignature: {place: front}\nparts_max: 2\n");
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), 0);
	ck_assert_str_eq(measure.alphabet, "gsm7");
	ck_assert_uint_eq(measure.parts, 1);
	ck_assert_uint_eq(measure.left, 160 - 9 - 14);
	ck_assert(span_is(measure.text, "[Test] It's \"fine\"..."));
	ck_assert_uint_eq(measure.changes[0].from, 0x2019);
	ck_assert_str_eq(measure.changes[3].to, "...");
	ck_assert_ptr_null(measure.changes[4].to);
	ck_assert_uint_eq(measure.forced[0], 0);
	ck_assert_uint_eq(caps->marks(host.self, &m), MARK_TRANSLITERATED);
	m.text = SPAN_LIT("您，您");
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), 0);
	ck_assert_str_eq(measure.alphabet, "ucs2");
	ck_assert_uint_eq(measure.left, 70 - 4 - 3);
	ck_assert_uint_eq(measure.forced[0], 0x3010);
	ck_assert_ptr_null(measure.changes[0].to);
	ck_assert_uint_eq(caps->marks(host.self, &m), 0);
	m.text = span_of(text_of(400));
	ck_assert_int_eq(caps->measure(host.self, &m, &measure), -EMSGSIZE);
	ck_assert_uint_eq(measure.parts, 3);
	ck_assert_uint_eq(smsc.submits, 0);
}
END_TEST

static const struct sender_row {
	const char *local;
	bool ours;
} senders[] = {
	{"95500",                 true },
	{"9550012",               true },
	{"95500123456789012345",  true },
	{"955001234567890123456", false},
	{"95500x",                false},
	{"9550",		  false},
	{"BANK",		  true },
	{"BANKER",                false},
	{"+8610",                 true },
	{"+861012",               false},
	{"",		      false},
};

START_TEST(a_sender_is_a_number_of_ours_or_one_with_an_extension)
{
	char bank[] = "BANK", code[] = "95500", number[] = "+8610";
	char *const codes[] = {bank, code, number, NULL};
	struct span local = span_of(senders[_i].local);

	ck_assert_msg(smpp_address_is_ours(local, codes) == senders[_i].ours, "%s",
	              senders[_i].local);
	ck_assert(!smpp_address_is_ours(local, NULL));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_message_goes_from_the_sender_it_names,
		the_smsc_holds_a_message_only_where_that_is_its_part,
		times_are_absolute_where_the_smsc_takes_no_other,
		what_the_host_held_is_sent_without_a_schedule,
		a_channel_says_which_senders_are_its_own_and_what_the_smsc_holds,
		what_a_text_takes_is_told_without_sending_it,
	};
	TCase *tc = tcase_create("asked");

	add_tests(tc, tests, ARRAY_LEN(tests));
	tcase_add_loop_test(tc, a_message_class_is_told_as_the_operator_reads_it, 0,
	                    ARRAY_LEN(classes));
	tcase_add_loop_test(tc, a_channel_puts_its_words_around_a_text, 0, ARRAY_LEN(bearings));
	tcase_add_loop_test(tc, a_sender_is_a_number_of_ours_or_one_with_an_extension, 0,
	                    ARRAY_LEN(senders));
	tcase_add_loop_test(tc, what_a_message_asks_for_goes_before_the_channels_way, 0,
	                    ARRAY_LEN(services));
	return unit_run("smpp service out", &tc, 1);
}
