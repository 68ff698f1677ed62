/* Optional parameters by table. */
#include "smpp_tlv.h"

#include "log.h"

enum { TLV_HEADER = 4, DUMP_MAX = 64 };

enum kind { KIND_U8, KIND_U16, KIND_U32, KIND_CSTR, KIND_OCTETS, KIND_ADDR, KIND_SM };

static const struct row {
	const char *name;
	uint16_t tag, least, most;
	enum kind kind;
} rows[] = {
/* clang-format off */
#define TLV(name, tag, kind, least, most) {#name, tag, least, most, KIND_##kind},
/* clang-format on */
#include "smpp_tlv.def"
};

static const struct row *find(uint16_t tag)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].tag == tag)
			return &rows[i];
	return NULL;
}

bool smpp_tlv_next(struct cursor *c, struct smpp_tlv *out)
{
	if (cur_left(c) < TLV_HEADER)
		return false;
	out->tag = cur_u16(c);
	out->value = cur_octets(c, cur_u16(c));
	return cur_check(c) == 0;
}

int smpp_tlv_check(struct span tlvs, size_t *trailing)
{
	struct cursor c = cur_span(tlvs);
	struct smpp_tlv tlv;

	while (smpp_tlv_next(&c, &tlv))
		;
	*trailing = cur_left(&c);
	return cur_check(&c);
}

int smpp_tlv_find(struct span tlvs, uint16_t tag, struct span *out)
{
	struct cursor c = cur_span(tlvs);
	struct smpp_tlv tlv;

	while (smpp_tlv_next(&c, &tlv))
		if (tlv.tag == tag) {
			*out = tlv.value;
			return 0;
		}
	return -ENOENT;
}

/* A number of at most four octets. */
static uint32_t number(struct span value)
{
	uint32_t n = 0;

	for (size_t i = 0; i < value.len; i++)
		n = n << 8 | (uint8_t)value.ptr[i];
	return n;
}

int smpp_tlv_uint(struct span tlvs, uint16_t tag, uint32_t *out)
{
	const struct row *row = find(tag);
	struct span value;

	if (smpp_tlv_find(tlvs, tag, &value) || value.len == 0)
		return -ENOENT;
	if (value.len > sizeof(*out) || (row && value.len != row->most))
		return -EBADMSG;
	*out = number(value);
	return 0;
}

int smpp_tlv_cstr(struct span tlvs, uint16_t tag, struct span *out)
{
	struct span value;
	const char *nul;

	if (smpp_tlv_find(tlvs, tag, &value) || value.len == 0)
		return -ENOENT;
	nul = memchr(value.ptr, 0, value.len);
	if (nul)
		value.len = (size_t)(nul - value.ptr);
	if (value.len == 0)
		return -ENOENT;
	*out = value;
	return 0;
}

void smpp_tlv_put_uint(struct buf *b, uint16_t tag, uint32_t value)
{
	const struct row *row = find(tag);
	uint16_t width = row && row->most < sizeof(value) ? row->most : sizeof(value);

	buf_u16(b, tag);
	buf_u16(b, width);
	for (unsigned i = width; i--;)
		buf_u8(b, (uint8_t)(value >> (8 * i)));
}

void smpp_tlv_put(struct buf *b, uint16_t tag, struct span value)
{
	if (value.len > UINT16_MAX) {
		b->err = -EMSGSIZE;
		return;
	}
	buf_u16(b, tag);
	buf_u16(b, (uint16_t)value.len);
	buf_add(b, value);
}

static void dump_hex(struct span value, struct buf *out)
{
	for (size_t i = 0; i < value.len && i < DUMP_MAX; i++)
		buf_printf(out, "%02x", (uint8_t)value.ptr[i]);
}

static void dump_one(const struct row *row, struct span value, struct buf *out)
{
	char masked[128];

	if (row->kind == KIND_SM) {
		buf_printf(out, "[%zu]", value.len);
	} else if (row->kind == KIND_ADDR) {
		log_mask_address(value, masked, sizeof(masked));
		buf_str(out, masked);
	} else if (value.len <= sizeof(uint32_t) && row->kind <= KIND_U32) {
		buf_printf(out, "%u", number(value));
	} else {
		dump_hex(value, out);
	}
}

void smpp_tlv_dump(struct span tlvs, struct buf *out)
{
	struct cursor c = cur_span(tlvs);
	struct smpp_tlv tlv;

	while (smpp_tlv_next(&c, &tlv)) {
		const struct row *row = find(tlv.tag);

		if (row) {
			buf_printf(out, " %s=", row->name);
			dump_one(row, tlv.value, out);
		} else {
			/* A vendor's own may hold anything, user data too. */
			buf_printf(out, " tlv_%04x=[%zu]", tlv.tag, tlv.value.len);
		}
	}
}
