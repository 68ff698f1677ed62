/* The keyed hash, against SipHash-1-3 as other implementations compute it. */
#include "hash.h"

#include "unit.h"

/* Octets 0, 1, 2 ... of each length: hash(bytes(range(n))) of CPython 3.11 with PYTHONHASHSEED=1,
 * which gives this key. */
static const struct {
	size_t len;
	uint64_t want;
} vectors[] = {
	{1,  UINT64_C(0xecd3e5afcecda4b9)},
        {7,  UINT64_C(0xfd15e78052a69ddf)},
	{8,  UINT64_C(0xc0b5739e7e28dd01)},
        {9,  UINT64_C(0x208a1a5a0cbbf778)},
	{15, UINT64_C(0xfa87985f39e97a53)},
        {16, UINT64_C(0x12e9d283f9f37002)},
	{31, UINT64_C(0xb8c17103f21d8810)},
};

START_TEST(is_the_hash_that_others_compute)
{
	const uint64_t key[2] = {UINT64_C(0xaed66ce184be2329), UINT64_C(0xebe9bbf1f1499052)};
	uint8_t octets[32];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	ck_assert_uint_eq(hash_keyed(key, octets, vectors[_i].len), vectors[_i].want);
}
END_TEST

START_TEST(depends_on_key_and_on_every_octet)
{
	const uint64_t one[2] = {1, 2}, two[2] = {1, 3};
	char text[64] = {0};

	for (size_t len = 0; len < sizeof(text); len++) {
		uint64_t plain = hash_keyed(one, text, len);

		ck_assert_uint_ne(plain, hash_keyed(two, text, len));
		ck_assert_uint_ne(plain, hash_keyed(one, text, len + 1));
		for (size_t i = 0; i < len; i++) {
			text[i] = 1;
			ck_assert_uint_ne(plain, hash_keyed(one, text, len));
			text[i] = 0;
		}
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("hash");

	tcase_add_loop_test(tc, is_the_hash_that_others_compute, 0, ARRAY_LEN(vectors));
	tcase_add_test(tc, depends_on_key_and_on_every_octet);
	return unit_run("hash", &tc, 1);
}
