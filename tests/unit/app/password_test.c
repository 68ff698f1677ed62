/* Digests against published vectors; passwords there and back. */
#include "digest.h"
#include "password.h"
#include "unit.h"

START_TEST(sha256_of_fips_180_4)
{
	struct span parts[] = {SPAN_LIT("a"), SPAN_LIT("bc")};
	char hex[DIGEST_HEX_SIZE];

	digest_sha256_hex(parts, 2, hex);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

/* RFC 4231, 4.3 */
START_TEST(hmac_of_rfc_4231)
{
	struct span parts[] = {SPAN_LIT("what do ya want "), SPAN_LIT("for nothing?")};
	char hex[DIGEST_HEX_SIZE];

	digest_hmac_hex(SPAN_LIT("Jefe"), parts, 2, hex);
	ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
END_TEST

START_TEST(a_unique_name_is_given_once)
{
	char a[DIGEST_UNIQUE_SIZE], b[DIGEST_UNIQUE_SIZE];

	digest_unique(a);
	digest_unique(b);
	ck_assert_str_ne(a, b);
	ck_assert_uint_eq(strspn(a, "0123456789abcdef"), 32);
	ck_assert_int_eq(strncmp(a, b, 33), 0);
}
END_TEST

START_TEST(tokens_are_long_url_safe_and_never_the_same)
{
	char a[DIGEST_TOKEN_SIZE], b[DIGEST_TOKEN_SIZE];

	digest_token(a);
	digest_token(b);
	ck_assert_uint_eq(strlen(a), 43);
	ck_assert_uint_eq(
		strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(a_password_verifies_against_its_own_hash_only)
{
	char stored[PASSWORD_STORED_SIZE], again[PASSWORD_STORED_SIZE];

	ck_assert_int_eq(password_hash(SPAN_LIT("correct horse"), stored), 0);
	ck_assert_int_eq(password_hash(SPAN_LIT("correct horse"), again), 0);
	ck_assert_str_ne(stored, again); /* each has a salt of its own */
	ck_assert_int_eq(password_verify(SPAN_LIT("correct horse"), stored), 0);
	ck_assert_int_eq(password_verify(SPAN_LIT("correct horsf"), stored), -EACCES);
	ck_assert_int_eq(password_verify(SPAN_NONE, stored), -EACCES);
	ck_assert_int_eq(password_verify(SPAN_LIT("x"), password_nobody()), -EACCES);
}
END_TEST

static const char *const broken[] = {
	"",
	"plain",
	"scrypt:15:8:1:00:00",
	"scrypt:99:8:1:00000000000000000000000000000000:"
	"0000000000000000000000000000000000000000000000000000000000000000",
	"scrypt:15:8:1:0000000000000000000000000000000g:"
	"0000000000000000000000000000000000000000000000000000000000000000",
	"scrypt:15:8:1:00000000000000000000000000000000:"
	"0000000000000000000000000000000000000000000000000000000000000000:",
};

START_TEST(refuses_a_stored_text_that_is_none)
{
	ck_assert_int_eq(password_verify(SPAN_LIT("x"), broken[_i]), -EBADMSG);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("password");

	tcase_add_test(tc, sha256_of_fips_180_4);
	tcase_add_test(tc, hmac_of_rfc_4231);
	tcase_add_test(tc, a_unique_name_is_given_once);
	tcase_add_test(tc, tokens_are_long_url_safe_and_never_the_same);
	tcase_add_test(tc, a_password_verifies_against_its_own_hash_only);
	tcase_add_loop_test(tc, refuses_a_stored_text_that_is_none, 0, ARRAY_LEN(broken));
	return unit_run("password", &tc, 1);
}
