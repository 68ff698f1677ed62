/*
 * Bodies in chunks (RFC 9112, 7.1). One octet, one step: every CR and LF must stand where it
 * belongs, since a lenient reader here is the other half of a request smuggler's pair.
 */
#include "http_parse.h"

enum { OVERHEAD_MAX = 4096, DIGITS_MAX = 15 };

static int size_step(struct http_chunks *c, char octet)
{
	int digit = http_hex(octet);

	if (digit >= 0) {
		c->left = c->left << 4 | (unsigned)digit;
		return ++c->digits > DIGITS_MAX ? -EBADMSG : 0;
	}
	if (!c->digits)
		return -EBADMSG;
	if (octet == '\r')
		c->state = HTTP_CHUNK_SIZE_LF;
	else if (octet == ';')
		c->state = HTTP_CHUNK_EXTENSION;
	else
		return -EBADMSG;
	return 0;
}

/* Extensions and trailers are read over, but they are text and they have an end. */
static int skip_step(struct http_chunks *c, char octet, enum http_chunk_state at_cr)
{
	if (octet == '\r') {
		c->state = at_cr;
		return 0;
	}
	if (((unsigned char)octet < ' ' && octet != '\t') || octet == 0x7F)
		return -EBADMSG;
	return ++c->overhead > OVERHEAD_MAX ? -EMSGSIZE : 0;
}

static int expect(struct http_chunks *c, char octet, char wanted, enum http_chunk_state then)
{
	if (octet != wanted)
		return -EBADMSG;
	c->state = then;
	return 0;
}

static int step(struct http_chunks *c, char octet)
{
	switch (c->state) {
	case HTTP_CHUNK_SIZE:
		return size_step(c, octet);
	case HTTP_CHUNK_EXTENSION:
		return skip_step(c, octet, HTTP_CHUNK_SIZE_LF);
	case HTTP_CHUNK_SIZE_LF:
		c->digits = 0;
		return expect(c, octet, '\n', c->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER_START);
	case HTTP_CHUNK_DATA_CR:
		return expect(c, octet, '\r', HTTP_CHUNK_DATA_LF);
	case HTTP_CHUNK_DATA_LF:
		return expect(c, octet, '\n', HTTP_CHUNK_SIZE);
	case HTTP_CHUNK_TRAILER_START:
		if (octet == '\r')
			return expect(c, octet, '\r', HTTP_CHUNK_END_LF);
		c->state = HTTP_CHUNK_TRAILER;
		return skip_step(c, octet, HTTP_CHUNK_TRAILER_LF);
	case HTTP_CHUNK_TRAILER:
		return skip_step(c, octet, HTTP_CHUNK_TRAILER_LF);
	case HTTP_CHUNK_TRAILER_LF:
		return expect(c, octet, '\n', HTTP_CHUNK_TRAILER_START);
	case HTTP_CHUNK_END_LF:
		return expect(c, octet, '\n', HTTP_CHUNK_DONE);
	case HTTP_CHUNK_DATA:
	case HTTP_CHUNK_DONE:
		break;
	}
	return -EPROTO;
}

int http_chunks_next(struct http_chunks *c, struct span *in, struct span *out)
{
	*out = SPAN_NONE;
	while (in->len && c->state != HTTP_CHUNK_DONE) {
		int err;

		if (c->state == HTTP_CHUNK_DATA) {
			*out = (struct span){in->ptr,
			                     c->left < in->len ? (size_t)c->left : in->len};
			c->left -= out->len;
			if (!c->left)
				c->state = HTTP_CHUNK_DATA_CR;
			in->ptr += out->len;
			in->len -= out->len;
			return 0;
		}
		err = step(c, in->ptr[0]);
		if (err)
			return err;
		in->ptr++;
		in->len--;
	}
	return 0;
}
