/* CloudEvents as they leave: their members, their signature, and how long a failure waits. */
#include "unit.h"
#include "webhook_event.h"

#include <stdlib.h>

#define CONVERSATION SPAN_LIT("0123456789abcdef0123456789abcdef")
#define ADDRESS SPAN_LIT("sms:+8613800138000")

static const char *text_at(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

START_TEST(what_completes_a_message_names_it)
{
	const struct message m = {.direction = MESSAGE_IN, .text = SPAN_LIT("all of it")};
	const struct log_event edit = {
		.seq = 9, .ts_ms = 1000, .type = LOG_EDIT, .of = 7, .message = &m};
	char *text;
	json_t *root;

	ck_assert_str_eq(webhook_event_type(&edit), "message.edited");
	text = webhook_event_text(SPAN_LIT("c0"), SPAN_LIT("sms:+86138"), &edit, "message.edited");
	root = json_loads(text, 0, NULL);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_object_get(root, "data"), "message")),
		"c0-7");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "data"), "text")),
	                 "all of it");
	json_decref(root);
	free(text);
}
END_TEST

START_TEST(a_received_message_is_a_cloud_event)
{
	struct message m = {.direction = MESSAGE_IN,
	                    .kind = MESSAGE_TEXT,
	                    .channel = SPAN_LIT("sms-main"),
	                    .author = SPAN_LIT("customer"),
	                    .text = SPAN_LIT("你好")};
	struct log_event e = {.seq = 7, .ts_ms = 1700000000123, .type = LOG_MESSAGE, .message = &m};
	char *text = webhook_event_text(CONVERSATION, ADDRESS, &e, webhook_event_type(&e));
	json_t *object = json_loads(text, 0, NULL), *data = json_object_get(object, "data");

	ck_assert_str_eq(text_at(object, "specversion"), "1.0");
	ck_assert_str_eq(text_at(object, "type"), "message.received");
	ck_assert_str_eq(text_at(object, "id"), "0123456789abcdef0123456789abcdef-7");
	ck_assert_str_eq(text_at(object, "subject"), "0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(text_at(object, "time"), "2023-11-14T22:13:20.123Z");
	ck_assert_str_eq(text_at(data, "text"), "你好");
	ck_assert_str_eq(text_at(data, "address"), "sms:+8613800138000");
	ck_assert_str_eq(text_at(data, "id"), "0123456789abcdef0123456789abcdef-7");
	json_decref(object);
	free(text);
}
END_TEST

START_TEST(a_status_names_the_message_that_it_is_of)
{
	struct log_event e = {.seq = 9,
	                      .type = LOG_STATUS,
	                      .of = 8,
	                      .status = STATUS_UNDELIVERED,
	                      .code = SPAN_LIT("smpp.dlr.001")};
	char *text = webhook_event_text(CONVERSATION, ADDRESS, &e, webhook_event_type(&e));
	json_t *object = json_loads(text, 0, NULL), *data = json_object_get(object, "data");

	ck_assert_str_eq(text_at(object, "type"), "message.status");
	ck_assert_str_eq(text_at(object, "id"), "0123456789abcdef0123456789abcdef-9");
	ck_assert_str_eq(text_at(data, "message"), "0123456789abcdef0123456789abcdef-8");
	ck_assert_str_eq(text_at(data, "status"), "undelivered");
	ck_assert_str_eq(text_at(data, "code"), "smpp.dlr.001");
	json_decref(object);
	free(text);
}
END_TEST

START_TEST(what_we_send_and_sessions_are_no_events)
{
	struct message m = {.direction = MESSAGE_OUT};
	struct log_event out = {.type = LOG_MESSAGE, .message = &m};
	struct log_event session = {.type = LOG_SESSION};

	ck_assert_ptr_null(webhook_event_type(&out));
	ck_assert_ptr_null(webhook_event_type(&session));
}
END_TEST

/* openssl dgst -sha256 -hmac "0123456789abcdef" of `1700000000.{"a":1}` */
START_TEST(the_signature_covers_time_and_body)
{
	char signature[WEBHOOK_SIGNATURE_SIZE];

	webhook_sign(SPAN_LIT("0123456789abcdef"), SPAN_LIT("1700000000"), SPAN_LIT("{\"a\":1}"),
	             signature);
	ck_assert_str_eq(signature,
	                 "sha256=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23");
}
END_TEST

START_TEST(delays_grow_and_end_at_ten_minutes)
{
	for (unsigned n = 1; n < 20; n++)
		ck_assert_uint_ge(webhook_delay_ms(n + 1), webhook_delay_ms(n));
	ck_assert_uint_eq(webhook_delay_ms(1), 1000);
	ck_assert_uint_eq(webhook_delay_ms(100), 600000);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("webhook_event");

	tcase_add_test(tc, a_received_message_is_a_cloud_event);
	tcase_add_test(tc, a_status_names_the_message_that_it_is_of);
	tcase_add_test(tc, what_we_send_and_sessions_are_no_events);
	tcase_add_test(tc, the_signature_covers_time_and_body);
	tcase_add_test(tc, what_completes_a_message_names_it);
	tcase_add_test(tc, delays_grow_and_end_at_ten_minutes);
	return unit_run("webhook_event", &tc, 1);
}
