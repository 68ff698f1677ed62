/* What is read out of a reply, as Redis writes it on the wire. */
#include "redis_reply.h"
#include "unit.h"

static redisReply *parsed(const char *wire)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	ck_assert_int_eq(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
	ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
	redisReaderFree(reader);
	ck_assert_ptr_nonnull(reply);
	return reply;
}

static const struct {
	const char *wire, *text;
	uint64_t num;
} values[] = {
	{"$2\r\nhi\r\n",  "hi",  0 },
        {"+OK\r\n",       "OK",  0 },
        {"$2\r\n17\r\n",  "17",  17},
	{":17\r\n",       "",    17},
        {":-1\r\n",       "",    0 },
        {"$-1\r\n",       "",    0 },
	{"-ERR no\r\n",   "",    0 },
        {"*0\r\n",        "",    0 },
        {"$3\r\n17x\r\n", "17x", 0 },
	{"$0\r\n\r\n",    "",    0 },
};

START_TEST(a_value_of_another_type_is_empty_or_0)
{
	redisReply *r = parsed(values[_i].wire);

	ck_assert_msg(span_is(redis_text(r), values[_i].text), "%s", values[_i].wire);
	ck_assert_msg(redis_num(r) == values[_i].num, "%s", values[_i].wire);
	ck_assert_ptr_null(redis_at(r, 0));
	ck_assert_uint_eq(redis_text_at(r, 0).len, 0);
	ck_assert_uint_eq(redis_field(r, "hi").len, 0);
	freeReplyObject(r);
}
END_TEST

START_TEST(nothing_is_empty_too)
{
	ck_assert_uint_eq(redis_text(NULL).len, 0);
	ck_assert_uint_eq(redis_num(NULL), 0);
	ck_assert_ptr_null(redis_at(NULL, 0));
	ck_assert_uint_eq(redis_field(NULL, "t").len, 0);
}
END_TEST

START_TEST(elements_are_read_up_to_the_last)
{
	redisReply *r = parsed("*3\r\n$1\r\na\r\n:5\r\n*1\r\n$1\r\nb\r\n");

	ck_assert(span_is(redis_text_at(r, 0), "a"));
	ck_assert_uint_eq(redis_num_at(r, 1), 5);
	ck_assert(span_is(redis_text_at(redis_at(r, 2), 0), "b"));
	ck_assert_ptr_null(redis_at(r, 3));
	freeReplyObject(r);
}
END_TEST

START_TEST(a_field_is_found_among_the_names_and_not_among_the_values)
{
	redisReply *r = parsed("*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n");

	ck_assert(span_is(redis_field(r, "a"), "b"));
	ck_assert(span_is(redis_field(r, "b"), "c"));
	ck_assert_uint_eq(redis_field(r, "c").len, 0);
	ck_assert_msg(redis_field(r, "d").len == 0, "a name without a value");
	freeReplyObject(r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("redis_reply");

	tcase_add_loop_test(tc, a_value_of_another_type_is_empty_or_0, 0, ARRAY_LEN(values));
	tcase_add_test(tc, nothing_is_empty_too);
	tcase_add_test(tc, elements_are_read_up_to_the_last);
	tcase_add_test(tc, a_field_is_found_among_the_names_and_not_among_the_values);
	return unit_run("redis_reply", &tc, 1);
}
