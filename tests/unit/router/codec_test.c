/* What is written into the log is read back the same. */
#include "log_codec.h"
#include "unit.h"

START_TEST(a_message_survives_the_log)
{
	struct buf text;
	const struct message m = {
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_MENU,
		.lane = LANE_CAMPAIGN,
		.status = STATUS_QUEUED,
		.on_uncertain = UNCERTAIN_HOLD,
		.marks = MARK_INCOMPLETE | MARK_LOSSY,
		.ts_ms = 1700000000123,
		.channel = SPAN_LIT("sms-main"),
		.text = SPAN_LIT("你好\n\"x\""),
		.data = SPAN_LIT("{\"a\":1}"),
		.author = SPAN_LIT("agent:mei"),
		.cid = SPAN_LIT("c1"),
		.template_id = SPAN_LIT("card.lost"),
		.lang = SPAN_LIT("zh"),
		.reply_to = SPAN_LIT("in-1"),
		.options = SPAN_LIT("{\"sms\":{\"mclass\":0}}"),
		.validity_ms = 60000,
		.due_ms = 1700000009999,
		.local = SPAN_LIT("9550012"),
		.service = {CLASS_0, RECEIPT_UNWANTED, 1 + 3},
	};
	struct log_entry entry;

	buf_init(&text, 10000);
	log_encode_message(&text, &m, SPAN_LIT("Mei Lin"));
	ck_assert_int_eq(log_decode(7, buf_span(&text), &entry), 0);
	ck_assert_int_eq(entry.event.type, LOG_MESSAGE);
	ck_assert_uint_eq(entry.event.seq, 7);
	ck_assert(span_is(entry.event.author_name, "Mei Lin"));
	ck_assert_int_eq(entry.message.kind, m.kind);
	ck_assert_int_eq(entry.message.direction, m.direction);
	ck_assert_int_eq(entry.message.lane, m.lane);
	ck_assert_int_eq(entry.message.status, m.status);
	ck_assert_int_eq(entry.message.on_uncertain, m.on_uncertain);
	ck_assert_uint_eq(entry.message.marks, m.marks);
	ck_assert_uint_eq(entry.message.ts_ms, m.ts_ms);
	ck_assert_uint_eq(entry.message.validity_ms, m.validity_ms);
	ck_assert_uint_eq(entry.message.due_ms, m.due_ms);
	ck_assert_int_eq(entry.message.service.message_class, CLASS_0);
	ck_assert_int_eq(entry.message.service.receipt, RECEIPT_UNWANTED);
	ck_assert_int_eq(entry.message.service.priority, 1 + 3);
	ck_assert(span_eq(entry.message.local, m.local));
	ck_assert(span_eq(entry.message.text, m.text));
	ck_assert(span_eq(entry.message.data, m.data));
	ck_assert(span_eq(entry.message.cid, m.cid));
	ck_assert(span_eq(entry.message.reply_to, m.reply_to));
	ck_assert(span_eq(entry.message.options, m.options));
	buf_fini(&text);
}
END_TEST

START_TEST(what_is_not_asked_for_takes_no_room)
{
	const struct message m = {.direction = MESSAGE_OUT, .ts_ms = 1, .text = SPAN_LIT("x")};
	struct buf text;

	buf_init(&text, 1000);
	log_encode_message(&text, &m, SPAN_NONE);
	ck_assert_msg(span_is(buf_span(&text), "moa00 1 0  x 1:x"), "%.*s",
	              SPAN_FMT(buf_span(&text)));
	buf_fini(&text);
}
END_TEST

static const char *const broken[] = {
	"moq00 1 0+ ch ",
	"moq00 1 0+x ch ",
	"moq00 1 0 ch cl 1:5",
	"moq00 1 0 ch pr 1:5",
	"moq00 1 0 ch rc 1:3",
	"moq00 1 0 ch cl 1:x",
	"",
	"m",
	"moq00",
	"moq00 ",
	"moq00 1",
	"moq00 x 0 ch ",
	"moq00 1 x ch ",
	"mo?00 1 0 ch ",
	"moq09 1 0 ch ",
	"moq0 1 0 ch ",
	"moq00 1 0 ch k 6:pigeon",
	"moq00 1 0 ch x",
	"moq00 1 0 ch x ",
	"moq00 1 0 ch x 5:text",
	"moq00 1 0 ch x x:text",
	"moq00 1 0 ch x 4:text by",
	"moq00 1 0 ch x 99999999999999999999:x",
	"moq00 1 0 ch mk 1:x",
	"s",
	"s 1 2 ",
	"s? 1 2 ",
	"ss 1 x ",
	"ss 1 2 cd 3:x",
	"z 1 st 6:pigeon",
	"y 1 ",
};

START_TEST(a_broken_entry_is_an_error_not_a_message)
{
	struct log_entry entry;

	ck_assert_msg(log_decode(1, span_of(broken[_i]), &entry) == -EBADMSG, "%s", broken[_i]);
}
END_TEST

START_TEST(a_field_of_a_newer_node_is_passed_over)
{
	struct log_entry entry;

	ck_assert_int_eq(log_decode(3, SPAN_LIT("z 5 st 8:assignedzz 3:new"), &entry), 0);
	ck_assert_int_eq(entry.event.state, SESSION_ASSIGNED);
	ck_assert_uint_eq(entry.event.ts_ms, 5);
}
END_TEST

START_TEST(what_became_of_a_message_is_read)
{
	struct log_entry entry;

	ck_assert_int_eq(log_decode(4,
	                            SPAN_LIT("sf 5 2 cd 3:bad"
	                                     "at 1:3"),
	                            &entry),
	                 0);
	ck_assert_int_eq(entry.event.type, LOG_STATUS);
	ck_assert_int_eq(entry.event.status, STATUS_FAILED);
	ck_assert_uint_eq(entry.event.of, 2);
	ck_assert_uint_eq(entry.event.attempts, 3);
	ck_assert(span_is(entry.event.code, "bad"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("log_codec");

	tcase_add_test(tc, a_message_survives_the_log);
	tcase_add_test(tc, what_is_not_asked_for_takes_no_room);
	tcase_add_loop_test(tc, a_broken_entry_is_an_error_not_a_message, 0, ARRAY_LEN(broken));
	tcase_add_test(tc, what_became_of_a_message_is_read);
	tcase_add_test(tc, a_field_of_a_newer_node_is_passed_over);
	return unit_run("log_codec", &tc, 1);
}
