/* A growing buffer with a limit. */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

void buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->limit);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

static int grow(struct buf *b, size_t need)
{
	size_t size = b->size ? b->size : SMALLEST;
	char *data;

	while (size < need)
		size *= 2;
	data = realloc(b->data, size);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->size = size;
	return 0;
}

char *buf_room(struct buf *b, size_t len)
{
	if (b->err)
		return NULL;
	if (len > b->limit || b->len > b->limit - len)
		b->err = -EMSGSIZE;
	else if (b->len + len > b->size)
		b->err = grow(b, b->len + len);
	return b->err ? NULL : b->data + b->len;
}

void buf_add_len(struct buf *b, size_t len)
{
	assert(b->len + len <= b->size);
	b->len += len;
}

void buf_add(struct buf *b, struct span s)
{
	char *at = s.len ? buf_room(b, s.len) : NULL;

	if (!at)
		return;
	memcpy(at, s.ptr, s.len);
	b->len += s.len;
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, span_of(s));
}

static void add_number(struct buf *b, uint64_t v, unsigned octets)
{
	char *at = buf_room(b, octets);

	if (!at)
		return;
	for (unsigned i = 0; i < octets; i++)
		at[i] = (char)(v >> (8 * (octets - 1 - i)));
	b->len += octets;
}

/* Written for each character of a text: where there is room it asks nobody. */
void buf_u8(struct buf *b, uint8_t v)
{
	bool fits = !b->err && b->len < b->size && b->len < b->limit;
	char *at = fits ? b->data + b->len : buf_room(b, 1);

	if (!at)
		return;
	*at = (char)v;
	b->len++;
}

void buf_u16(struct buf *b, uint16_t v)
{
	add_number(b, v, 2);
}

void buf_u32(struct buf *b, uint32_t v)
{
	add_number(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
	add_number(b, v, 8);
}

void buf_cstr(struct buf *b, struct span s)
{
	buf_add(b, s);
	buf_u8(b, 0);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int len;
	char *at;

	size_t most = b->size < b->limit ? b->size : b->limit;
	size_t room = !b->err && b->len < most ? most - b->len : 0;

	/* Where there is room, as mostly, it is written at once. */
	va_start(args, fmt);
	len = vsnprintf(room ? b->data + b->len : NULL, room, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < room) {
		b->len += (size_t)len;
		return;
	}
	if (len < 0 || !(at = buf_room(b, (size_t)len + 1)))
		return;
	va_start(args, fmt);
	vsnprintf(at, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_put_u32(struct buf *b, size_t at, uint32_t v)
{
	if (b->err)
		return;
	assert(at + 4 <= b->len);
	for (unsigned i = 0; i < 4; i++)
		b->data[at + i] = (char)(v >> (8 * (3 - i)));
}

void buf_drop(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	if (b->len)
		memmove(b->data, b->data + len, b->len);
}

struct span buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

int buf_check(const struct buf *b)
{
	return b->err;
}
