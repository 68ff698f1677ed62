/* UTF-8 by RFC 3629, section 4. */
#include "utf8.h"

static const struct form {
	uint8_t mask, lead, tail;
	uint32_t least;
} forms[] = {
	{0x80, 0x00, 0, 0      },
	{0xE0, 0xC0, 1, 0x80   },
	{0xF0, 0xE0, 2, 0x800  },
	{0xF8, 0xF0, 3, 0x10000},
};

static bool is_surrogate(uint32_t code)
{
	return code >= 0xD800 && code <= 0xDFFF;
}

static const struct form *form_of(uint8_t lead)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if ((lead & forms[i].mask) == forms[i].lead)
			return &forms[i];
	return NULL;
}

int utf8_next(struct span *s, uint32_t *out)
{
	const uint8_t *at = (const uint8_t *)s->ptr;
	const struct form *form;
	uint32_t code;

	if (at[0] < 0x80) {
		s->ptr++;
		s->len--;
		*out = at[0];
		return 0;
	}
	form = form_of(at[0]);
	if (!form || s->len < 1U + form->tail)
		return -EBADMSG;
	code = at[0] & (uint8_t)~form->mask;
	for (unsigned i = 1; i <= form->tail; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return -EBADMSG;
		code = code << 6 | (at[i] & 0x3F);
	}
	if (code < form->least || code > 0x10FFFF || is_surrogate(code))
		return -EBADMSG;
	s->ptr += 1 + form->tail;
	s->len -= 1U + form->tail;
	*out = code;
	return 0;
}

void utf8_put(struct buf *b, uint32_t code)
{
	unsigned tail;

	if (code > 0x10FFFF || is_surrogate(code))
		code = UTF8_REPLACEMENT;
	tail = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	buf_u8(b, (uint8_t)(forms[tail].lead | code >> (6 * tail)));
	while (tail--)
		buf_u8(b, (uint8_t)(0x80 | (code >> (6 * tail) & 0x3F)));
}

bool utf8_valid(struct span s)
{
	uint32_t code;

	while (s.len)
		if (utf8_next(&s, &code))
			return false;
	return true;
}

size_t utf8_count(struct span s)
{
	size_t count = 0;
	uint32_t code;

	for (; s.len; count++)
		if (utf8_next(&s, &code)) {
			s.ptr++;
			s.len--;
		}
	return count;
}

struct span utf8_cut(struct span s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max && ((uint8_t)s.ptr[max] & 0xC0) == 0x80)
		max--;
	return (struct span){s.ptr, max};
}
