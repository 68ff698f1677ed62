/* The one place with pointer arithmetic over received octets. */
#include "cursor.h"

struct cursor cur_open(const void *data, size_t size)
{
	const uint8_t *at = data;

	return (struct cursor){.at = at, .end = at ? at + size : at};
}

struct cursor cur_span(struct span s)
{
	return cur_open(s.ptr, s.len);
}

size_t cur_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->at);
}

/* The next len octets, or NULL and a bad cursor. */
static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->bad || (size_t)(c->end - c->at) < len) {
		c->bad = true;
		return NULL;
	}
	c->at += len;
	return at;
}

static uint64_t number(struct cursor *c, size_t octets)
{
	const uint8_t *at = take(c, octets);
	uint64_t value = 0;

	for (size_t i = 0; at && i < octets; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t cur_u8(struct cursor *c)
{
	return (uint8_t)number(c, 1);
}

uint16_t cur_u16(struct cursor *c)
{
	return (uint16_t)number(c, 2);
}

uint32_t cur_u32(struct cursor *c)
{
	return (uint32_t)number(c, 4);
}

uint64_t cur_u64(struct cursor *c)
{
	return number(c, 8);
}

struct span cur_octets(struct cursor *c, size_t len)
{
	const uint8_t *at = take(c, len);

	return at ? (struct span){(const char *)at, len} : SPAN_NONE;
}

struct span cur_cstr(struct cursor *c, size_t max)
{
	size_t left = cur_left(c);
	size_t room = left < max ? left : max;
	const uint8_t *nul = room ? memchr(c->at, 0, room) : NULL;
	struct span s;

	if (!nul) {
		c->bad = true;
		return SPAN_NONE;
	}
	s = (struct span){(const char *)c->at, (size_t)(nul - c->at)};
	c->at = nul + 1;
	return s;
}

struct cursor cur_sub(struct cursor *c, size_t len)
{
	const uint8_t *at = take(c, len);

	if (!at)
		return (struct cursor){.bad = true};
	return cur_open(at, len);
}

struct span cur_rest(struct cursor *c)
{
	return cur_octets(c, cur_left(c));
}

int cur_check(const struct cursor *c)
{
	return c->bad ? -EBADMSG : 0;
}
