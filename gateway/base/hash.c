/* SipHash-1-3 (Aumasson, Bernstein): one round a word, three at the end. */
#include "hash.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* Up to eight octets, the first one lowest. */
static uint64_t read_word(const uint8_t *at, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)at[i] << (8 * i);
	return word;
}

uint64_t hash_keyed(const uint64_t key[2], const void *octets, size_t len)
{
	struct sip s = {
		key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
	const uint8_t *at = octets;
	size_t left = len;

	for (; left >= 8; at += 8, left -= 8)
		sip_word(&s, read_word(at, 8));
	sip_word(&s, read_word(at, left) | (uint64_t)len << 56);
	s.v2 ^= 0xFF;
	for (unsigned i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash_octets(const void *octets, size_t len)
{
	static uint64_t key[2];
	static bool drawn;

	if (!drawn) {
		int err = getentropy(key, sizeof(key));

		assert(!err); /* it cannot fail for so few octets */
		drawn = !err;
	}
	return hash_keyed(key, octets, len);
}
