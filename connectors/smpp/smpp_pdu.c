/*
 * The codec: smpp_pdu.def read five times, as decoders, encoders, blame, dump and masks. A new PDU
 * or field is a row there and nothing here. Sources: SMPP 3.4 Issue 1.2, 3.2 and 4.
 */
#include "smpp_pdu.h"

#include "log.h"
#include "smpp_tlv.h"

/* ---- lists ---- */

enum { DEST_ADDRESS = 1, DEST_LIST = 2, ADDRESS_MAX = 21 };

bool smpp_dest_next(struct cursor *c, struct smpp_dest *out)
{
	*out = (struct smpp_dest){.flag = cur_u8(c)};
	if (out->flag == DEST_ADDRESS) {
		out->ton = cur_u8(c);
		out->npi = cur_u8(c);
	} else if (out->flag != DEST_LIST) {
		c->bad = true;
	}
	out->address = cur_cstr(c, ADDRESS_MAX);
	return cur_check(c) == 0;
}

bool smpp_unsuccess_next(struct cursor *c, struct smpp_unsuccess *out)
{
	out->ton = cur_u8(c);
	out->npi = cur_u8(c);
	out->address = cur_cstr(c, ADDRESS_MAX);
	out->status = cur_u32(c);
	return cur_check(c) == 0;
}

static void put_cstr(struct buf *b, struct span s, size_t max)
{
	if (s.len >= max && !b->err)
		b->err = -EMSGSIZE;
	buf_cstr(b, s);
}

void smpp_dest_put(struct buf *b, const struct smpp_dest *dest)
{
	buf_u8(b, dest->flag);
	if (dest->flag == DEST_ADDRESS) {
		buf_u8(b, dest->ton);
		buf_u8(b, dest->npi);
	}
	put_cstr(b, dest->address, ADDRESS_MAX);
}

/* Walks a list to find where it ends: its entries have no length of their own. */
static struct smpp_list get_list(struct cursor *c, bool dests)
{
	struct smpp_list list = {.count = cur_u8(c)};
	struct cursor start = *c;
	struct smpp_unsuccess entry;
	struct smpp_dest dest;

	for (unsigned i = 0; i < list.count; i++)
		if (!(dests ? smpp_dest_next(c, &dest) : smpp_unsuccess_next(c, &entry)))
			return (struct smpp_list){0};
	list.octets = cur_octets(&start, cur_left(&start) - cur_left(c));
	return list;
}

static void put_list(struct buf *b, const struct smpp_list *list)
{
	buf_u8(b, list->count);
	buf_add(b, list->octets);
}

/* ---- decode ---- */

static bool empty_response(const struct cursor *c, uint32_t id)
{
	return (id & SMPP_RESP_BIT) && c->at == c->end && !c->bad;
}

#define CSTR(name, max, status) out->name = cur_cstr(c, max);
#define CADDR(name, max, status) out->name = cur_cstr(c, max);
#define CSECRET(name, max, status) out->name = cur_cstr(c, max);
#define U8(name) out->name = cur_u8(c);
#define U32(name) out->name = cur_u32(c);
#define SM(name) out->name = cur_octets(c, cur_u8(c));
#define DESTS(name) out->name = get_list(c, true);
#define UNSUCCESS(name) out->name = get_list(c, false);
#define PDU(name, id, section, fields)                                      \
	int smpp_##name##_decode(struct cursor *c, struct smpp_##name *out) \
	{                                                                   \
		if (empty_response(c, id)) {                                \
			*out = (struct smpp_##name){.tlvs = SPAN_NONE};     \
			return 0;                                           \
		}                                                           \
		fields out->tlvs = cur_rest(c);                             \
		return cur_check(c);                                        \
	}
#include "smpp_pdu.def"

/* ---- blame: which field a malformed body ends in; run only then ---- */

#define BLAME(read, status) \
	(void)(read);       \
	if (cur_check(&c))  \
		return SMPP_##status;
#define CSTR(name, max, status) BLAME(cur_cstr(&c, max), status)
#define CADDR(name, max, status) BLAME(cur_cstr(&c, max), status)
#define CSECRET(name, max, status) BLAME(cur_cstr(&c, max), status)
#define U8(name) BLAME(cur_u8(&c), RINVCMDLEN)
#define U32(name) BLAME(cur_u32(&c), RINVCMDLEN)
#define SM(name) BLAME(cur_octets(&c, cur_u8(&c)), RINVMSGLEN)
#define DESTS(name) BLAME(get_list(&c, true), RINVNUMDESTS)
#define UNSUCCESS(name) BLAME(get_list(&c, false), RINVCMDLEN)
#define PDU(name, id, section, fields)                                                 \
	static enum smpp_status blame_##name(struct cursor c)                          \
	{                                                                              \
		fields return cur_check(&c) ? SMPP_RINVCMDLEN : SMPP_RINVOPTPARSTREAM; \
	}
#include "smpp_pdu.def"
#undef BLAME

/* ---- encode ---- */

static void put_sm(struct buf *b, struct span sm)
{
	if (sm.len > SMPP_SM_MAX && !b->err)
		b->err = -EMSGSIZE;
	buf_u8(b, (uint8_t)sm.len);
	buf_add(b, sm);
}

#define CSTR(name, max, status) put_cstr(b, pdu->name, max);
#define CADDR(name, max, status) put_cstr(b, pdu->name, max);
#define CSECRET(name, max, status) put_cstr(b, pdu->name, max);
#define U8(name) buf_u8(b, pdu->name);
#define U32(name) buf_u32(b, pdu->name);
#define SM(name) put_sm(b, pdu->name);
#define DESTS(name) put_list(b, &pdu->name);
#define UNSUCCESS(name) put_list(b, &pdu->name);
#define PDU(name, id, section, fields)                                          \
	void smpp_##name##_encode(const struct smpp_##name *pdu, struct buf *b) \
	{                                                                       \
		fields buf_add(b, pdu->tlvs);                                   \
	}
#include "smpp_pdu.def"

/* ---- dump ---- */

static void dump_text(struct buf *out, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	buf_printf(out, " %s=", name);
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] > ' ' && value.ptr[i] < 0x7F && value.ptr[i] != '\\')
			buf_u8(out, (uint8_t)value.ptr[i]);
		else
			buf_printf(out, "\\x%02x", (uint8_t)value.ptr[i]);
}

static void dump_address(struct buf *out, const char *name, struct span value)
{
	char masked[128];

	if (value.len == 0)
		return;
	log_mask_address(value, masked, sizeof(masked));
	dump_text(out, name, span_of(masked));
}

static void dump_number(struct buf *out, const char *name, uint32_t value)
{
	if (value)
		buf_printf(out, " %s=0x%02x", name, value);
}

#define CSTR(name, max, status) dump_text(out, #name, pdu->name);
#define CADDR(name, max, status) dump_address(out, #name, pdu->name);
#define CSECRET(name, max, status) buf_str(out, " " #name "=***");
#define U8(name) dump_number(out, #name, pdu->name);
#define U32(name) dump_number(out, #name, pdu->name);
#define SM(name) buf_printf(out, " " #name "=[%zu]", pdu->name.len);
#define DESTS(name) buf_printf(out, " " #name "=[%u]", pdu->name.count);
#define UNSUCCESS(name) buf_printf(out, " " #name "=[%u]", pdu->name.count);
#define PDU(name, id, section, fields)                                          \
	static void dump_##name(const struct smpp_##name *pdu, struct buf *out) \
	{                                                                       \
		fields smpp_tlv_dump(pdu->tlvs, out);                           \
	}
#include "smpp_pdu.def"

/* ---- hex, with what must not be seen blotted out ---- */

/* Two characters an octet; secret lies inside frame. */
static void blot(char *hex, struct span frame, struct span secret)
{
	if (secret.len)
		memset(hex + 2 * (secret.ptr - frame.ptr), '*', 2 * secret.len);
}

static void blot_tlvs(char *hex, struct span frame, struct span tlvs)
{
	/* A vendor's TLV may hold user data, so only integers of the table's are shown. */
	struct cursor c = cur_span(tlvs);
	struct smpp_tlv tlv;

	while (smpp_tlv_next(&c, &tlv))
		if (tlv.value.len > sizeof(uint32_t))
			blot(hex, frame, tlv.value);
}

#define CSTR(name, max, status)
#define CADDR(name, max, status) blot(hex, frame, pdu->name);
#define CSECRET(name, max, status) blot(hex, frame, pdu->name);
#define U8(name)
#define U32(name)
#define SM(name) blot(hex, frame, pdu->name);
#define DESTS(name) blot(hex, frame, pdu->name.octets);
#define UNSUCCESS(name) blot(hex, frame, pdu->name.octets);
#define PDU(name, id, section, fields)                                                       \
	static void blot_##name(const struct smpp_##name *pdu, struct span frame, char *hex) \
	{                                                                                    \
		fields blot_tlvs(hex, frame, pdu->tlvs);                                     \
	}
#include "smpp_pdu.def"

/* ---- a whole PDU ---- */

static int decode_body(struct cursor *c, struct smpp_pdu *out)
{
	switch (out->command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return smpp_##name##_decode(c, &out->u.name);
#include "smpp_pdu.def"
	default:
		return -ENOSYS;
	}
}

static enum smpp_status blame_body(uint32_t command_id, struct cursor c)
{
	switch (command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return blame_##name(c);
#include "smpp_pdu.def"
	default:
		return SMPP_RINVCMDID;
	}
}

static struct span tlvs_of(const struct smpp_pdu *pdu)
{
	switch (pdu->command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return pdu->u.name.tlvs;
#include "smpp_pdu.def"
	default:
		return SPAN_NONE;
	}
}

int64_t smpp_frame(struct span data, size_t max, struct span *frame)
{
	struct cursor c = cur_span(data);
	uint32_t length;

	if (data.len < sizeof(length))
		return 0;
	length = cur_u32(&c);
	if (length < SMPP_HEADER || length > max)
		return -EBADMSG;
	if (data.len < length)
		return 0;
	*frame = (struct span){data.ptr, length};
	return length;
}

int smpp_pdu_decode(struct span frame, struct smpp_pdu *out, enum smpp_status *blame)
{
	struct cursor c = cur_span(frame), body;
	int err;

	cur_u32(&c);
	out->command_id = cur_u32(&c);
	out->command_status = cur_u32(&c);
	out->sequence_number = cur_u32(&c);
	out->frame = frame;
	out->trailing = 0;
	body = c;
	err = decode_body(&c, out);
	if (err == 0)
		err = smpp_tlv_check(tlvs_of(out), &out->trailing);
	if (err)
		*blame = blame_body(out->command_id, body);
	return err;
}

static int encode_body(const struct smpp_pdu *pdu, struct buf *b)
{
	switch (pdu->command_id) {
#define PDU(name, id, section, fields)                 \
	case id:                                       \
		smpp_##name##_encode(&pdu->u.name, b); \
		return buf_check(b);
#include "smpp_pdu.def"
	default:
		return -ENOSYS;
	}
}

int smpp_pdu_encode(const struct smpp_pdu *pdu, struct buf *b)
{
	size_t start = b->len;
	int err;

	buf_u32(b, 0);
	buf_u32(b, pdu->command_id);
	buf_u32(b, pdu->command_status);
	buf_u32(b, pdu->sequence_number);
	err = encode_body(pdu, b);
	if (err) {
		b->len = start;
		b->err = 0;
		return err;
	}
	buf_put_u32(b, start, (uint32_t)(b->len - start));
	return 0;
}

const char *smpp_command_name(uint32_t command_id)
{
	switch (command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return #name;
#include "smpp_pdu.def"
	default:
		return "unknown";
	}
}

bool smpp_command_known(uint32_t command_id)
{
	switch (command_id) {
#define PDU(name, id, section, fields) case id:
#include "smpp_pdu.def"
		return true;
	default:
		return false;
	}
}

void smpp_pdu_dump(const struct smpp_pdu *pdu, struct buf *out)
{
	buf_printf(out, "%s status=0x%x seq=%u", smpp_command_name(pdu->command_id),
	           pdu->command_status, pdu->sequence_number);
	switch (pdu->command_id) {
#define PDU(name, id, section, fields)          \
	case id:                                \
		dump_##name(&pdu->u.name, out); \
		break;
#include "smpp_pdu.def"
	default:
		break;
	}
}

void smpp_pdu_hex(const struct smpp_pdu *pdu, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	struct span frame = pdu->frame;
	char *hex = buf_room(out, 2 * frame.len);

	if (!hex)
		return;
	for (size_t i = 0; i < frame.len; i++) {
		hex[2 * i] = digits[(uint8_t)frame.ptr[i] >> 4];
		hex[2 * i + 1] = digits[(uint8_t)frame.ptr[i] & 0xF];
	}
	switch (pdu->command_id) {
#define PDU(name, id, section, fields)                 \
	case id:                                       \
		blot_##name(&pdu->u.name, frame, hex); \
		break;
#include "smpp_pdu.def"
	default:
		/* Of what we cannot read, only the header. */
		blot(hex, frame, (struct span){frame.ptr + SMPP_HEADER, frame.len - SMPP_HEADER});
		break;
	}
	buf_add_len(out, 2 * frame.len);
}
