/* Ids: conversations from addresses, messages, and the forms in which peers write theirs. */
#include "router_keys.h"
#include "unit.h"

START_TEST(a_conversation_follows_from_its_address_alone)
{
	char a[CONVERSATION_ID_LEN + 1], b[CONVERSATION_ID_LEN + 1];

	router_conversation_id(SPAN_LIT("sms:+8613800138000"), a);
	router_conversation_id(SPAN_LIT("sms:+8613800138000"), b);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(strlen(a), CONVERSATION_ID_LEN);
	router_conversation_id(SPAN_LIT("sms:+8613800138001"), b);
	ck_assert_str_ne(a, b);
}
END_TEST

static const struct {
	const char *text;
	int err;
	uint64_t seq;
} ids[] = {
	{"0123456789abcdef0123456789abcdef-12", 0,       12},
	{"0123456789abcdef0123456789abcdef-0",  -EINVAL, 0 },
	{"0123456789abcdef0123456789abcdef-",   -EINVAL, 0 },
	{"0123456789abcdef0123456789abcdef",    -EINVAL, 0 },
	{"0123456789ABCDEF0123456789abcdef-1",  -EINVAL, 0 },
	{"0123456789abcdef0123456789abcde-1",   -EINVAL, 0 },
	{"0123456789abcdef0123456789abcdef-1 ", -EINVAL, 0 },
	{"",				    -EINVAL, 0 },
};

START_TEST(a_message_id_is_a_conversation_and_a_number)
{
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq = 0;

	ck_assert_int_eq(router_message_id_parse(span_of(ids[_i].text), conversation, &seq),
	                 ids[_i].err);
	ck_assert_uint_eq(seq, ids[_i].seq);
}
END_TEST

static const struct {
	const char *what, *id, *forms[ROUTER_ID_FORMS];
} forms[] = {
	{"hex in the response, decimal in the receipt", "1a",       {"1A", "26"}                                                            },
	{"leading zeros",			       "0000123",  {"123", "7B", "291"}                                                    },
	{"more than 64 bits",
         "FFFFFFFFFFFFFFFFFF",                                      {"FFFFFFFFFFFFFFFFFF", "4722366482869645213695"}                        },
	{"16 digits, the most of a word",
         "FFFFFFFFFFFFFFFF",                                        {"FFFFFFFFFFFFFFFF", "18446744073709551615"}                            },
	{"20 digits, which may be a word or not",
         "18446744073709551615",                                    {"18446744073709551615", "FFFFFFFFFFFFFFFF", "114598615266301018707477"}},
	{"19 digits",
         "9999999999999999999",                                     {"9999999999999999999", "8AC7230489E7FFFF", "45334718235548594051481"}  },
	{"a UUID is a name",                            "c0ffee-1", {"C0FFEE-1"}							    },
	{"zero",					"0",        {"0"}								   },
	{"binary",				      "\001\377", {"01ff"}								},
};

START_TEST(a_peers_id_is_found_in_every_form)
{
	char out[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX];
	unsigned count = router_id_forms(span_of(forms[_i].id), out);
	unsigned want = 0;

	for (unsigned i = 0; i < ROUTER_ID_FORMS && forms[_i].forms[i]; i++, want++) {
		bool found = false;

		for (unsigned j = 0; j < count; j++)
			found = found || strcmp(out[j], forms[_i].forms[i]) == 0;
		ck_assert_msg(found, "%s: %s", forms[_i].what, forms[_i].forms[i]);
	}
	ck_assert_msg(strcmp(out[0], forms[_i].forms[0]) == 0, "%s", forms[_i].what);
	ck_assert_uint_ge(count, want);
}
END_TEST

START_TEST(an_id_of_any_length_stays_within_its_form)
{
	char long_id[400], out[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX];

	memset(long_id, 0xFF, sizeof(long_id));
	router_id_forms((struct span){long_id, sizeof(long_id)}, out);
	ck_assert_uint_lt(strlen(out[0]), ROUTER_ID_FORM_MAX);
	router_id_forms(SPAN_NONE, out);
	ck_assert_str_eq(out[0], "");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("keys");

	tcase_add_test(tc, a_conversation_follows_from_its_address_alone);
	tcase_add_loop_test(tc, a_message_id_is_a_conversation_and_a_number, 0, ARRAY_LEN(ids));
	tcase_add_loop_test(tc, a_peers_id_is_found_in_every_form, 0, ARRAY_LEN(forms));
	tcase_add_test(tc, an_id_of_any_length_stays_within_its_form);
	return unit_run("router_keys", &tc, 1);
}
