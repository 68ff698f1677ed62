/* Information elements, in any order. */
#include "smpp_udh.h"

#include "cursor.h"

enum {
	IE_CONCAT_8 = 0x00,
	IE_PORT_8 = 0x04,
	IE_PORT_16 = 0x05,
	IE_CONCAT_16 = 0x08,
	IE_SINGLE_SHIFT = 0x24,
	IE_LOCKING_SHIFT = 0x25
};

static void concat_element(struct cursor *ie, unsigned width, struct smpp_concat *out)
{
	struct smpp_concat c = {.width = (uint8_t)width};

	c.ref = width == 8 ? cur_u8(ie) : cur_u16(ie);
	c.total = cur_u8(ie);
	c.number = cur_u8(ie);
	if (cur_check(ie) == 0 && c.number > 0 && c.number <= c.total)
		*out = c;
}

static void element(uint8_t id, struct cursor *ie, struct smpp_udh *out)
{
	switch (id) {
	case IE_CONCAT_8:
		concat_element(ie, 8, &out->concat);
		break;
	case IE_CONCAT_16:
		concat_element(ie, 16, &out->concat);
		break;
	case IE_PORT_8:
		out->dest_port = cur_u8(ie);
		break;
	case IE_PORT_16:
		out->dest_port = cur_u16(ie);
		break;
	case IE_SINGLE_SHIFT:
		out->single = cur_u8(ie);
		break;
	case IE_LOCKING_SHIFT:
		out->locking = cur_u8(ie);
		break;
	default:
		break;
	}
}

int smpp_udh_parse(struct span user_data, struct smpp_udh *out)
{
	struct cursor c = cur_span(user_data);
	uint8_t length = cur_u8(&c);
	struct cursor header = cur_sub(&c, length);
	struct smpp_udh udh = {.size = 1U + length};

	*out = (struct smpp_udh){.text = user_data};
	if (cur_check(&c))
		return -EBADMSG;
	while (cur_left(&header)) {
		uint8_t id = cur_u8(&header);
		struct cursor ie = cur_sub(&header, cur_u8(&header));

		if (cur_check(&header))
			return -EBADMSG;
		element(id, &ie, &udh);
	}
	udh.text = cur_rest(&c);
	*out = udh;
	return 0;
}

size_t smpp_udh_size(unsigned width)
{
	return width == 8 ? 6 : 7;
}

void smpp_udh_put(struct buf *b, const struct smpp_concat *concat)
{
	bool wide = concat->width == 16;

	buf_u8(b, wide ? 6 : 5);
	buf_u8(b, wide ? IE_CONCAT_16 : IE_CONCAT_8);
	buf_u8(b, wide ? 4 : 3);
	if (wide)
		buf_u16(b, concat->ref);
	else
		buf_u8(b, (uint8_t)concat->ref);
	buf_u8(b, concat->total);
	buf_u8(b, concat->number);
}
