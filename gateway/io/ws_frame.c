/* Frames of RFC 6455; sections in comments are its. */
#include "ws_frame.h"

#include "utf8.h"

enum {
	FIN = 0x80,
	RSV = 0x70,
	OPCODE = 0x0F,
	MASKED = 0x80,
	LENGTH = 0x7F,
	LENGTH_16 = 126,
	LENGTH_64 = 127,
	CONTROL = 0x08
};

void ws_decoder_init(struct ws_decoder *d, size_t message_max, unsigned fragments_max)
{
	*d = (struct ws_decoder){.message_max = message_max, .fragments_max = fragments_max};
}

/* What may follow each lead octet (Unicode, table 3-7); *left 0xFF: it is none. */
static struct ws_utf8 utf8_lead(uint8_t octet)
{
	if (octet < 0x80)
		return (struct ws_utf8){0, 0, 0};
	if (octet < 0xC2 || octet > 0xF4)
		return (struct ws_utf8){0xFF, 0, 0};
	if (octet < 0xE0)
		return (struct ws_utf8){1, 0x80, 0xBF};
	if (octet < 0xF0)
		return (struct ws_utf8){2, octet == 0xE0 ? 0xA0 : 0x80,
		                        octet == 0xED ? 0x9F : 0xBF};
	return (struct ws_utf8){3, octet == 0xF0 ? 0x90 : 0x80, octet == 0xF4 ? 0x8F : 0xBF};
}

static size_t ascii_run(const char *at, size_t len)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, at + i, 8);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < len && !(at[i] & 0x80))
		i++;
	return i;
}

static bool utf8_feed(struct ws_utf8 *u, const char *at, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint8_t octet;

		if (!u->left) {
			i += ascii_run(at + i, len - i);
			if (i == len)
				return true;
			*u = utf8_lead((uint8_t)at[i++]);
			if (u->left == 0xFF)
				return false;
			continue;
		}
		octet = (uint8_t)at[i++];
		if (octet < u->low || octet > u->high)
			return false;
		*u = (struct ws_utf8){(uint8_t)(u->left - 1), 0x80, 0xBF};
	}
	return true;
}

static size_t head_size(const struct ws_decoder *d)
{
	size_t length = d->head[1] & LENGTH;

	if (d->head_len < 2)
		return 2;
	return 2 + (length == LENGTH_64 ? 8U : length == LENGTH_16 ? 2U : 0U) + sizeof(d->mask);
}

/* The first two octets say whether there is any sense in the rest (5.2, 5.4, 5.5). */
static int check_start(const struct ws_decoder *d)
{
	uint8_t opcode = d->head[0] & OPCODE, length = d->head[1] & LENGTH;
	bool fin = d->head[0] & FIN;

	if (d->head[0] & RSV || !(d->head[1] & MASKED))
		return WS_PROTOCOL_ERROR;
	if (opcode & CONTROL)
		return opcode > WS_PONG || !fin || length > WS_CONTROL_MAX ? WS_PROTOCOL_ERROR : 0;
	if (opcode > WS_BINARY || d->in_message != (opcode == WS_CONTINUATION))
		return WS_PROTOCOL_ERROR;
	return opcode == WS_BINARY ? WS_UNSUPPORTED : 0;
}

static uint64_t frame_length(const struct ws_decoder *d)
{
	uint8_t length = d->head[1] & LENGTH;
	unsigned octets = length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
	uint64_t value = 0;

	/* That it should have been shorter is tolerated: no two readings of it are possible. */
	for (unsigned i = 0; i < octets; i++)
		value = value << 8 | d->head[2 + i];
	return octets ? value : length;
}

/* A message begins or goes on: is it within what is allowed? */
static int check_message(struct ws_decoder *d)
{
	if (!d->in_message) {
		d->in_message = true;
		d->message_len = 0;
		d->fragments = 0;
		d->utf8 = (struct ws_utf8){0, 0, 0};
	}
	if (d->left > d->message_max - d->message_len)
		return WS_TOO_BIG;
	return ++d->fragments > d->fragments_max ? WS_POLICY : 0;
}

static int head_complete(struct ws_decoder *d)
{
	uint8_t length = d->head[1] & LENGTH;

	d->opcode = d->head[0] & OPCODE;
	d->fin = d->head[0] & FIN;
	d->left = frame_length(d);
	if (d->left >> 63)
		return WS_PROTOCOL_ERROR;
	memcpy(d->mask, d->head + 2 + (length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0), 4);
	d->mask_at = 0;
	d->head_len = 0;
	d->control_len = 0;
	d->in_payload = true;
	return d->opcode & CONTROL ? 0 : check_message(d);
}

/* True once the head is all there. */
static int read_head(struct ws_decoder *d, char **at, size_t *len)
{
	while (*len) {
		int code;

		d->head[d->head_len++] = (uint8_t) * (*at)++;
		--*len;
		if (d->head_len == 2 && (code = check_start(d)))
			return code;
		if (d->head_len == head_size(d))
			return head_complete(d);
	}
	return 0;
}

static void unmask(struct ws_decoder *d, char *at, size_t len)
{
	uint64_t wide;
	uint8_t turned[8];
	size_t i = 0;

	for (unsigned k = 0; k < 8; k++)
		turned[k] = d->mask[(d->mask_at + k) % 4];
	memcpy(&wide, turned, 8);
	for (; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, at + i, 8);
		word ^= wide;
		memcpy(at + i, &word, 8);
	}
	for (; i < len; i++)
		at[i] = (char)(at[i] ^ (char)turned[i % 8]);
	d->mask_at = (uint8_t)((d->mask_at + len) % 4);
}

static void read_control(struct ws_decoder *d, struct span piece, struct ws_event *out)
{
	memcpy(d->control + d->control_len, piece.ptr, piece.len);
	d->control_len = (uint8_t)(d->control_len + piece.len);
	if (d->left)
		return;
	d->in_payload = false;
	out->what = WS_CONTROL;
	out->opcode = d->opcode;
	out->payload = (struct span){d->control, d->control_len};
}

static int read_text(struct ws_decoder *d, struct span piece, struct ws_event *out)
{
	d->message_len += piece.len;
	if (!utf8_feed(&d->utf8, piece.ptr, piece.len))
		return WS_BAD_TEXT;
	out->what = WS_PIECE;
	out->payload = piece;
	if (d->left)
		return 0;
	d->in_payload = false;
	if (!d->fin)
		return 0;
	if (d->utf8.left)
		return WS_BAD_TEXT;
	d->in_message = false;
	out->what = WS_LAST_PIECE;
	return 0;
}

int ws_decode(struct ws_decoder *d, char **at, size_t *len, struct ws_event *out)
{
	struct span piece;
	int code = 0;

	*out = (struct ws_event){.what = WS_NOTHING};
	if (!d->in_payload)
		code = read_head(d, at, len);
	if (code || !d->in_payload || (!*len && d->left))
		return code;
	piece = (struct span){*at, d->left < *len ? (size_t)d->left : *len};
	unmask(d, *at, piece.len);
	d->left -= piece.len;
	*at += piece.len;
	*len -= piece.len;
	if (!(d->opcode & CONTROL))
		return read_text(d, piece, out);
	read_control(d, piece, out);
	return 0;
}

void ws_encode_head(struct buf *b, enum ws_opcode opcode, size_t len)
{
	buf_u8(b, (uint8_t)(FIN | opcode));
	if (len <= WS_CONTROL_MAX) {
		buf_u8(b, (uint8_t)len);
	} else if (len <= UINT16_MAX) {
		buf_u8(b, LENGTH_16);
		buf_u16(b, (uint16_t)len);
	} else {
		buf_u8(b, LENGTH_64);
		buf_u64(b, len);
	}
}

/* 7.4.1, and the codes that were registered since. */
bool ws_code_valid(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

int ws_close_parse(struct span payload, uint16_t *code, struct span *reason)
{
	uint16_t value;

	if (!payload.len) {
		*code = WS_NO_CODE;
		*reason = SPAN_NONE;
		return 0;
	}
	if (payload.len == 1)
		return WS_PROTOCOL_ERROR;
	value = (uint16_t)((uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1]);
	if (!ws_code_valid(value))
		return WS_PROTOCOL_ERROR;
	payload = (struct span){payload.ptr + 2, payload.len - 2};
	if (!utf8_valid(payload))
		return WS_BAD_TEXT;
	*code = value;
	*reason = payload;
	return 0;
}
