/* What reaches a log: never a text, a secret or a whole address. */
#include "log.h"
#include "unit.h"

static char line[8192];

static void keep(void *arg, struct span text)
{
	(void)arg;
	ck_assert_uint_lt(text.len, sizeof(line));
	memcpy(line, text.ptr, text.len);
	line[text.len] = '\0';
}

START_TEST(redacts_by_the_type_of_the_field)
{
	static const struct logger root = {.key = "node", .value = "n1"};
	const struct logger log = {.parent = &root, .key = "channel", .value = "op1"};

	log_set_sink(keep, NULL);
	log_info(&log, EVENT("smpp.submit"), NUM("seq", 42),
	         ADDR("to", SPAN_LIT("sms:+8613800138000")),
	         BODY("text", SPAN_LIT("my PIN is 1234")), SECRET("password"));
	ck_assert_ptr_nonnull(strstr(line,
	                             " level=info node=n1 channel=op1 event=smpp.submit seq=42 "
	                             "to=sms:+86***00 text.len=14 password=***\n"));
	ck_assert_ptr_null(strstr(line, "1234"));
	ck_assert_ptr_null(strstr(line, "13800138000"));
}
END_TEST

START_TEST(escapes_what_a_peer_sent)
{
	log_set_sink(keep, NULL);
	log_warn(NULL, EVENT("x"), SPAN("why", SPAN_LIT("a\nlevel=error \"b\"\x7f")), ERR(-EPROTO));
	ck_assert_ptr_nonnull(
		strstr(line, "why=\"a\\x0alevel=error \\\"b\\\"\\x7f\" err=EPROTO\n"));
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_ends)
{
	char text[500];
	struct span s = {text, sizeof(text)};

	memset(text, 1, sizeof(text));
	log_set_sink(keep, NULL);
	log_info(NULL, EVENT("x"), SPAN("a", s), SPAN("b", s), SPAN("c", s), SPAN("d", s),
	         SPAN("e", s), SPAN("f", s), SPAN("g", s), SPAN("h", s));
	ck_assert_uint_le(strlen(line), 4096);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
}
END_TEST

START_TEST(nothing_under_the_level_is_written)
{
	line[0] = '\0';
	log_set_sink(keep, NULL);
	log_debug(NULL, EVENT("x"));
	ck_assert_str_eq(line, "");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("log");

	tcase_add_test(tc, redacts_by_the_type_of_the_field);
	tcase_add_test(tc, escapes_what_a_peer_sent);
	tcase_add_test(tc, a_long_line_is_cut_and_still_ends);
	tcase_add_test(tc, nothing_under_the_level_is_written);
	return unit_run("log", &tc, 1);
}
