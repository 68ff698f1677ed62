/* What is written into the log is read back the same. */
#include "log_codec.h"
#include "unit.h"

/* The fields of a, as the reply of XRANGE would hold them. */
static const redisReply *as_reply(const struct fcall_args *a, redisReply *list)
{
	static redisReply items[64];
	static redisReply *at[64];

	for (size_t i = 0; i < a->count; i++) {
		items[i] = (redisReply){.type = REDIS_REPLY_STRING,
		                        .len = a->arg[i].len,
		                        .str = (char *)(uintptr_t)a->arg[i].ptr};
		at[i] = &items[i];
	}
	*list = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = a->count, .element = at};
	return list;
}

START_TEST(a_message_survives_the_log)
{
	static struct fcall_args args;
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
	redisReply list;

	args_init(&args);
	log_encode_message(&args, &m, SPAN_LIT("Mei Lin"));
	ck_assert_int_eq(log_decode_fields(7, as_reply(&args, &list), &entry), 0);
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
	args_fini(&args);
}
END_TEST

START_TEST(what_is_not_asked_for_takes_no_room)
{
	static struct fcall_args args;
	const struct message m = {.direction = MESSAGE_OUT, .ts_ms = 1, .text = SPAN_LIT("x")};
	struct span blob;

	args_init(&args);
	log_encode_message(&args, &m, SPAN_NONE);
	ck_assert_uint_eq(args.count, 12); /* t d ts st uc b */
	blob = args.arg[args.count - 1];
	ck_assert_msg(span_is(blob, "k 4:textx 1:x"), "%.*s", SPAN_FMT(blob));
	args_fini(&args);
}
END_TEST

START_TEST(a_broken_entry_is_an_error_not_a_message)
{
	static struct fcall_args args;
	struct log_entry entry;
	redisReply list;

	args_init(&args);
	args_add(&args, SPAN_LIT("t"));
	args_add(&args, SPAN_LIT("m"));
	args_add(&args, SPAN_LIT("k"));
	args_add(&args, SPAN_LIT("pigeon"));
	ck_assert_int_eq(log_decode_fields(1, as_reply(&args, &list), &entry), -EBADMSG);
	args.count = 3;
	ck_assert_int_eq(log_decode_fields(1, as_reply(&args, &list), &entry), -EBADMSG);
	ck_assert_int_eq(log_decode_fields(1, NULL, &entry), -EBADMSG);
}
END_TEST

static const char *const broken_blobs[] = {"k",
                                           "k ",
                                           "k 4",
                                           "k 5:text",
                                           "k x:text",
                                           "k 4:text by",
                                           "k 99999999999999999999:x",
                                           "cl 1:5",
                                           "pr 1:5",
                                           "rc 1:3",
                                           "cl 1:x"};

START_TEST(a_broken_blob_is_an_error)
{
	static struct fcall_args args;
	struct log_entry entry;
	redisReply list;

	args_init(&args);
	args_add(&args, SPAN_LIT("t"));
	args_add(&args, SPAN_LIT("m"));
	args_add(&args, SPAN_LIT("b"));
	args_add(&args, span_of(broken_blobs[_i]));
	ck_assert_int_eq(log_decode_fields(1, as_reply(&args, &list), &entry), -EBADMSG);
}
END_TEST

START_TEST(a_field_of_a_newer_node_is_passed_over)
{
	static struct fcall_args args;
	struct log_entry entry;
	redisReply list;

	args_init(&args);
	args_add(&args, SPAN_LIT("t"));
	args_add(&args, SPAN_LIT("z"));
	args_add(&args, SPAN_LIT("st"));
	args_add(&args, SPAN_LIT("assigned"));
	args_add(&args, SPAN_LIT("zz"));
	args_add(&args, SPAN_LIT("new"));
	ck_assert_int_eq(log_decode_fields(3, as_reply(&args, &list), &entry), 0);
	ck_assert_int_eq(entry.event.state, SESSION_ASSIGNED);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("log_codec");

	tcase_add_test(tc, a_message_survives_the_log);
	tcase_add_test(tc, what_is_not_asked_for_takes_no_room);
	tcase_add_test(tc, a_broken_entry_is_an_error_not_a_message);
	tcase_add_loop_test(tc, a_broken_blob_is_an_error, 0, ARRAY_LEN(broken_blobs));
	tcase_add_test(tc, a_field_of_a_newer_node_is_passed_over);
	return unit_run("log_codec", &tc, 1);
}
