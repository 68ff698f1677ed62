/* Small questions about borrowed octets. */
#include "span.h"

#include <stdlib.h>

bool span_starts(struct span a, struct span prefix)
{
	return a.len >= prefix.len && span_eq((struct span){a.ptr, prefix.len}, prefix);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_trim(struct span a)
{
	while (a.len && is_space(a.ptr[0])) {
		a.ptr++;
		a.len--;
	}
	while (a.len && is_space(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

struct span span_split(struct span a, char sep, struct span *rest)
{
	const char *at = a.len ? memchr(a.ptr, sep, a.len) : NULL;
	size_t len = at ? (size_t)(at - a.ptr) : a.len;

	*rest = at ? (struct span){at + 1, a.len - len - 1} : SPAN_NONE;
	return (struct span){a.ptr, len};
}

int span_u64(struct span a, uint64_t *out)
{
	uint64_t value = 0;

	if (!a.len)
		return -EINVAL;
	for (size_t i = 0; i < a.len; i++) {
		unsigned digit = (unsigned)(a.ptr[i] - '0');

		if (digit > 9)
			return -EINVAL;
		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

char *span_dup(struct span a)
{
	char *copy = malloc(a.len + 1);

	if (!copy)
		return NULL;
	if (a.len)
		memcpy(copy, a.ptr, a.len);
	copy[a.len] = '\0';
	return copy;
}

bool span_eq_secret(struct span a, struct span b)
{
	unsigned char different = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++)
		different |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
	return !different;
}
