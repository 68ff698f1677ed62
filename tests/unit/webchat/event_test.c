/* The log's steps as a browser sees them. */
#include "webchat_private.h"

#include "unit.h"

#include <stdlib.h>

static struct message said(enum message_direction direction, const char *author)
{
	return (struct message){
		.direction = direction,
		.text = SPAN_LIT("hello"),
		.author = span_of(author),
		.cid = SPAN_LIT("c"),
	};
}

static void shows(const struct log_event *event, const char *json)
{
	char *text = strict_json_dump(webchat_event_json(event));

	ck_assert_str_eq(text, json);
	free(text);
}

START_TEST(the_visitors_message_bears_its_cid)
{
	struct message m = said(MESSAGE_IN, "customer");

	shows(&(struct log_event){.seq = 2, .ts_ms = 9, .message = &m},
	      "{\"seq\":2,\"ts\":9,\"type\":\"message\",\"direction\":\"in\",\"text\":\"hello\","
	      "\"author\":{\"type\":\"customer\"},\"cid\":\"c\"}");
}
END_TEST

START_TEST(an_agent_is_shown_by_name_and_not_by_log_in)
{
	struct message m = said(MESSAGE_OUT, "agent:mei.lin");

	shows(
		&(struct log_event){
			.seq = 2, .ts_ms = 9, .message = &m, .author_name = SPAN_LIT("Mei")},
		"{\"seq\":2,\"ts\":9,\"type\":\"message\",\"direction\":\"out\",\"text\":\"hello\","
		"\"author\":{\"type\":\"agent\",\"name\":\"Mei\"}}");
}
END_TEST

START_TEST(programs_are_the_bot)
{
	struct message m = said(MESSAGE_OUT, "api:cti");

	shows(&(struct log_event){.seq = 2, .ts_ms = 9, .message = &m},
	      "{\"seq\":2,\"ts\":9,\"type\":\"message\",\"direction\":\"out\",\"text\":\"hello\","
	      "\"author\":{\"type\":\"bot\"}}");
}
END_TEST

START_TEST(a_menu_shows_its_choices_and_survives_bad_data)
{
	struct message m = said(MESSAGE_OUT, "bot");
	json_t *event;

	m.kind = MESSAGE_MENU;
	m.data = SPAN_LIT("{\"options\":[\"One\",2,\"Two\"]}");
	event = webchat_event_json(&(struct log_event){.seq = 1, .message = &m});
	ck_assert_uint_eq(json_array_size(json_object_get(event, "options")), 2);
	json_decref(event);
	m.data = SPAN_LIT("{\"options\"");
	event = webchat_event_json(&(struct log_event){.seq = 1, .message = &m});
	ck_assert_ptr_null(json_object_get(event, "options"));
	json_decref(event);
}
END_TEST

START_TEST(what_is_internal_is_left_out)
{
	struct message m = said(MESSAGE_IN, "customer");

	m.kind = MESSAGE_EVENT;
	ck_assert_ptr_null(webchat_event_json(&(struct log_event){.seq = 1, .message = &m}));
	ck_assert_ptr_null(webchat_event_json(&(struct log_event){.seq = 1, .type = LOG_STATUS}));
	ck_assert_ptr_null(webchat_event_json(&(struct log_event){.seq = 1, .type = LOG_SESSION}));
}
END_TEST

static const struct {
	enum session_state state;
	const char *json;
} standings[] = {
	{SESSION_NONE,     "{\"state\":\"bot\"}"                                  },
	{SESSION_BOT,      "{\"state\":\"bot\"}"                                  },
	{SESSION_QUEUED,   "{\"state\":\"queued\"}"                               },
	{SESSION_ASSIGNED, "{\"state\":\"assigned\",\"agent\":{\"name\":\"Mei\"}}"},
	{SESSION_WRAPUP,   "{\"state\":\"closed\"}"                               },
	{SESSION_CLOSED,   "{\"state\":\"closed\"}"                               },
};

START_TEST(every_state_of_the_session_has_its_word)
{
	const struct log_event event = {
		.type = LOG_SESSION, .state = standings[_i].state, .agent_name = SPAN_LIT("Mei")};
	json_t *frame = json_object();
	char *text;

	webchat_standing_set(frame, &event);
	text = strict_json_dump(frame);
	ck_assert_str_eq(text, standings[_i].json);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("event");

	tcase_add_test(tc, the_visitors_message_bears_its_cid);
	tcase_add_test(tc, an_agent_is_shown_by_name_and_not_by_log_in);
	tcase_add_test(tc, programs_are_the_bot);
	tcase_add_test(tc, a_menu_shows_its_choices_and_survives_bad_data);
	tcase_add_test(tc, what_is_internal_is_left_out);
	tcase_add_loop_test(tc, every_state_of_the_session_has_its_word, 0, ARRAY_LEN(standings));
	return unit_run("webchat_event", &tc, 1);
}
