/* Visitor tokens and the proof of an identity. */
#include "webchat_token.h"

#include "unit.h"

#include <dlfcn.h>
#include <openssl/hmac.h>
#include <stdio.h>

static const struct span secret = {"0123456789abcdef", 16};
static const struct span channel = {"bank-web", 8};

/* "1 bank-web 1700000000000 a-visitor", signed by secret; computed by Python's hmac module. */
static const char known[] = "MSBiYW5rLXdlYiAxNzAwMDAwMDAwMDAwIGEtdmlzaXRvcg"
			    ".M9lotZm3gbZgexUtlY2cLZFnu9cpQvV1VrR9x6wDZNI";

static void write_known(char out[WEBCHAT_TOKEN_MAX])
{
	const struct webchat_token token = {"a-visitor", 1700000000000};

	ck_assert_int_eq(webchat_token_write(secret, channel, &token, out), 0);
}

START_TEST(a_token_is_spelled_as_another_implementation_spells_it)
{
	char text[WEBCHAT_TOKEN_MAX];

	write_known(text);
	ck_assert_str_eq(text, known);
}
END_TEST

START_TEST(a_token_says_what_was_written_into_it)
{
	struct webchat_token token;

	ck_assert_int_eq(webchat_token_read(secret, channel, span_of(known), &token), 0);
	ck_assert_str_eq(token.visitor, "a-visitor");
	ck_assert_uint_eq(token.expires_ms, 1700000000000);
}
END_TEST

START_TEST(a_token_with_any_octet_changed_is_refused)
{
	char text[sizeof(known)];
	struct webchat_token token;

	for (size_t i = 0; i < sizeof(known) - 1; i++) {
		memcpy(text, known, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		ck_assert_msg(webchat_token_read(secret, channel, span_of(text), &token) < 0,
		              "octet %zu", i);
	}
}
END_TEST

START_TEST(a_token_cut_anywhere_is_refused)
{
	struct webchat_token token;

	for (size_t len = 0; len < sizeof(known) - 1; len++)
		ck_assert_int_lt(
			webchat_token_read(secret, channel, (struct span){known, len}, &token), 0);
}
END_TEST

START_TEST(a_token_is_good_for_one_channel_and_one_secret_only)
{
	struct webchat_token token;

	ck_assert_int_eq(webchat_token_read(secret, SPAN_LIT("other-web"), span_of(known), &token),
	                 -EACCES);
	ck_assert_int_eq(
		webchat_token_read(SPAN_LIT("another secret.."), channel, span_of(known), &token),
		-EACCES);
}
END_TEST

/* What only a holder of the secret could make, and is still not one. */
static const struct {
	const char *channel, *visitor;
} unfit[] = {
	{"",				       "a-visitor"},
	{"a channel",			      "a-visitor"},
	{"a-channel-whose-name-is-far-too-long-1", "a-visitor"},
	{"bank-web",			       ""         },
	{"bank-web",			       "visitor"  },
	{"bank-web",			       "a-"       },
	{"bank-web",			       "a-b c"    },
	{"bank-web",			       "a-\x01"   },
};

START_TEST(what_does_not_fit_into_a_token_is_not_written)
{
	struct webchat_token token = {.expires_ms = 1};
	char out[WEBCHAT_TOKEN_MAX];

	snprintf(token.visitor, sizeof(token.visitor), "%s", unfit[_i].visitor);
	ck_assert_int_eq(webchat_token_write(secret, span_of(unfit[_i].channel), &token, out),
	                 -EINVAL);
}
END_TEST

START_TEST(the_longest_channel_visitor_and_time_fit_into_a_token)
{
	char visitor[WEBCHAT_VISITOR_MAX + 1], name[WEBCHAT_CHANNEL_MAX + 1];
	struct webchat_token token = {.expires_ms = UINT64_MAX}, back;
	char out[WEBCHAT_TOKEN_MAX];

	memset(name, 'c', sizeof(name));
	name[WEBCHAT_CHANNEL_MAX] = '\0';
	memset(visitor, 'v', sizeof(visitor));
	memcpy(visitor, "u-", 2);
	visitor[WEBCHAT_VISITOR_MAX] = '\0';
	memcpy(token.visitor, visitor, sizeof(visitor));
	ck_assert_int_eq(webchat_token_write(secret, span_of(name), &token, out), 0);
	ck_assert_uint_lt(strlen(out), WEBCHAT_TOKEN_MAX);
	ck_assert_int_eq(webchat_token_read(secret, span_of(name), span_of(out), &back), 0);
	ck_assert_str_eq(back.visitor, visitor);
	ck_assert_uint_eq(back.expires_ms, UINT64_MAX);
}
END_TEST

START_TEST(anonymous_visitors_differ)
{
	char one[WEBCHAT_VISITOR_MAX + 1], two[WEBCHAT_VISITOR_MAX + 1];

	ck_assert_int_eq(webchat_visitor_anonymous(one), 0);
	ck_assert_int_eq(webchat_visitor_anonymous(two), 0);
	ck_assert_str_ne(one, two);
	ck_assert(webchat_visitor_valid(span_of(one)));
	ck_assert_int_eq(one[0], 'a');
}
END_TEST

/* HMAC-SHA256 of "customer-17" by secret, computed by Python's hmac module. */
static const char proof[] = "a9e5664233e6c9d02a693a72274f0a496cbd762d919bec64be06b44b15dbd748";

/* The same of "customer-17 1763800000". */
static const char timed[] = "1763800000."
			    "5d1c35cde36ac22c88fe2ec1aa4f93399f31a2ebd8ed0315f464c2ad32431a95";

START_TEST(a_proof_with_a_time_says_until_when)
{
	char visitor[WEBCHAT_VISITOR_MAX + 1], wrong[100];
	struct span identity = SPAN_LIT("customer-17");
	uint64_t until = 1;

	ck_assert_int_eq(
		webchat_visitor_identified(secret, identity, span_of(timed), visitor, &until), 0);
	ck_assert_uint_eq(until, 1763800000);
	ck_assert_str_eq(visitor, "u-customer-17");
	for (size_t i = 0; i < sizeof(timed) - 1; i++) {
		memcpy(wrong, timed, sizeof(timed));
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		ck_assert_int_eq(webchat_visitor_identified(secret, identity, span_of(wrong),
		                                            visitor, &until),
		                 -EACCES);
	}
	ck_assert_int_eq(
		webchat_visitor_identified(secret, identity, span_of(proof), visitor, &until), 0);
	ck_assert_uint_eq(until, 0);
}
END_TEST

/* A time that is none, with a signature that is somebody's. */
static const char *const untimed[] = {".",   "0.",   "-1.",           "+1.",
                                      " 1.", "1e9.", "1763800000.5.", "9999999999999."};

START_TEST(a_proof_whose_time_is_none_is_refused)
{
	char visitor[WEBCHAT_VISITOR_MAX + 1], text[120];
	uint64_t until;

	snprintf(text, sizeof(text), "%s%s", untimed[_i], proof);
	ck_assert_int_eq(webchat_visitor_identified(secret, SPAN_LIT("customer-17"), span_of(text),
	                                            visitor, &until),
	                 -EACCES);
}
END_TEST

START_TEST(an_identity_is_taken_with_its_proof_only)
{
	uint64_t until;
	char visitor[WEBCHAT_VISITOR_MAX + 1], wrong[sizeof(proof)];
	struct span identity = SPAN_LIT("customer-17");

	ck_assert_int_eq(
		webchat_visitor_identified(secret, identity, span_of(proof), visitor, &until), 0);
	ck_assert_str_eq(visitor, "u-customer-17");
	for (size_t i = 0; i < sizeof(proof) - 1; i++) {
		memcpy(wrong, proof, sizeof(wrong));
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		ck_assert_int_eq(webchat_visitor_identified(secret, identity, span_of(wrong),
		                                            visitor, &until),
		                 -EACCES);
	}
	ck_assert_int_eq(webchat_visitor_identified(secret, SPAN_LIT("customer-18"), span_of(proof),
	                                            visitor, &until),
	                 -EACCES);
	ck_assert_int_eq(webchat_visitor_identified(secret, identity, SPAN_NONE, visitor, &until),
	                 -EACCES);
}
END_TEST

/* OpenSSL's, which a test can have fail: for want of memory, or of a provider. */
static bool hmac_fails;

unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len, const unsigned char *data,
                    size_t data_len, unsigned char *out, unsigned *out_len)
{
	__typeof__(&HMAC) real;

	*(void **)&real = dlsym(RTLD_NEXT, "HMAC");
	return hmac_fails ? NULL : real(md, key, key_len, data, data_len, out, out_len);
}

START_TEST(what_cannot_be_signed_is_taken_for_no_signature)
{
	static const char zeros[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	char visitor[WEBCHAT_VISITOR_MAX + 1],
		text[WEBCHAT_TOKEN_MAX] = "MSBiYW5rLXdlYiAxNzAwMDAwMDAwMDAwIGEtdmlzaXRvcg."
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct webchat_token token = {"a-visitor", 1700000000000};
	uint64_t until;

	hmac_fails = true;
	ck_assert_int_eq(webchat_visitor_identified(secret, SPAN_LIT("customer-17"), span_of(zeros),
	                                            visitor, &until),
	                 -EACCES);
	ck_assert_int_eq(webchat_token_read(secret, channel, span_of(text), &token), -EACCES);
	ck_assert_int_eq(webchat_token_write(secret, channel, &token, text), -EIO);
}
END_TEST

START_TEST(an_identity_is_printable_ascii_without_blanks)
{
	static const char *const bad[] = {"", "two words", "caf\xc3\xa9", "new\nline"};
	char visitor[WEBCHAT_VISITOR_MAX + 1];
	uint64_t until;

	ck_assert_int_eq(webchat_visitor_identified(secret, span_of(bad[_i]), span_of(proof),
	                                            visitor, &until),
	                 -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("token");

	tcase_add_test(tc, a_token_is_spelled_as_another_implementation_spells_it);
	tcase_add_test(tc, a_token_says_what_was_written_into_it);
	tcase_add_test(tc, a_token_with_any_octet_changed_is_refused);
	tcase_add_test(tc, a_token_cut_anywhere_is_refused);
	tcase_add_test(tc, a_token_is_good_for_one_channel_and_one_secret_only);
	tcase_add_loop_test(tc, what_does_not_fit_into_a_token_is_not_written, 0, ARRAY_LEN(unfit));
	tcase_add_test(tc, the_longest_channel_visitor_and_time_fit_into_a_token);
	tcase_add_test(tc, anonymous_visitors_differ);
	tcase_add_test(tc, a_proof_with_a_time_says_until_when);
	tcase_add_loop_test(tc, a_proof_whose_time_is_none_is_refused, 0, (int)ARRAY_LEN(untimed));
	tcase_add_test(tc, an_identity_is_taken_with_its_proof_only);
	tcase_add_test(tc, what_cannot_be_signed_is_taken_for_no_signature);
	tcase_add_loop_test(tc, an_identity_is_printable_ascii_without_blanks, 0, 4);
	return unit_run("webchat_token", &tc, 1);
}
