/* Everything as IPv6: an IPv4 address is the same one as its mapped form. */
#include "net_range.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 128, MAPPED_BITS = 96, TEXT_MAX = 64 };

static bool read_address(const char *text, uint8_t octets[16], bool *is_4)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

	*is_4 = inet_pton(AF_INET, text, octets + sizeof(mapped)) == 1;
	if (*is_4)
		memcpy(octets, mapped, sizeof(mapped));
	return *is_4 || inet_pton(AF_INET6, text, octets) == 1;
}

/* Whether the first bits of a and b are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 && (!rest || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static bool read_bits(const char *text, unsigned most, unsigned *out)
{
	char *end = NULL;
	unsigned long bits = strtoul(text, &end, 10);

	*out = (unsigned)bits;
	return *text >= '0' && *text <= '9' && !*end && bits <= most;
}

int net_range_parse(const char *text, struct net_range *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct net_range range = {.bits = BITS};
	uint8_t clean[16] = {0};
	char address[TEXT_MAX];
	bool is_4;

	if (len >= sizeof(address))
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)len, text);
	if (!read_address(address, range.octets, &is_4))
		return -EINVAL;
	if (slash && !read_bits(slash + 1, is_4 ? BITS - MAPPED_BITS : BITS, &range.bits))
		return -EINVAL;
	if (slash && is_4)
		range.bits += MAPPED_BITS;
	for (unsigned i = 0; i < range.bits; i++)
		clean[i / 8] |= range.octets[i / 8] & (uint8_t)(0x80U >> i % 8);
	if (memcmp(clean, range.octets, sizeof(clean)) != 0)
		return -EINVAL;
	*out = range;
	return 0;
}

bool net_range_has(const struct net_range *range, const char *address)
{
	uint8_t octets[16];
	bool is_4;

	return read_address(address, octets, &is_4) &&
	       same_bits(range->octets, octets, range->bits);
}
