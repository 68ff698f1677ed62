/* msgpack, as github.com/msgpack/msgpack/blob/master/spec.md says it. */
#include "pack.h"

#include <assert.h>

enum {
	FIXARRAY = 0x90,
	FIXARRAY_MAX = 15,
	ARRAY_16 = 0xdc,
	FIXINT_MAX = 127,
	UINT_8 = 0xcc,
	UINT_16 = 0xcd,
	UINT_32 = 0xce,
	UINT_64 = 0xcf,
	FIXSTR = 0xa0,
	FIXSTR_MAX = 31,
	STR_8 = 0xd9,
	STR_16 = 0xda,
	STR_32 = 0xdb
};

void pack_array(struct buf *b, size_t n)
{
	assert(n <= UINT16_MAX);
	if (n <= FIXARRAY_MAX) {
		buf_u8(b, (uint8_t)(FIXARRAY | n));
		return;
	}
	buf_u8(b, ARRAY_16);
	buf_u16(b, (uint16_t)n);
}

void pack_num(struct buf *b, uint64_t n)
{
	if (n <= FIXINT_MAX) {
		buf_u8(b, (uint8_t)n);
	} else if (n <= UINT8_MAX) {
		buf_u8(b, UINT_8);
		buf_u8(b, (uint8_t)n);
	} else if (n <= UINT16_MAX) {
		buf_u8(b, UINT_16);
		buf_u16(b, (uint16_t)n);
	} else if (n <= UINT32_MAX) {
		buf_u8(b, UINT_32);
		buf_u32(b, (uint32_t)n);
	} else {
		buf_u8(b, UINT_64);
		buf_u64(b, n);
	}
}

void pack_text_of(struct buf *b, size_t len)
{
	assert(len <= UINT32_MAX);
	if (len <= FIXSTR_MAX) {
		buf_u8(b, (uint8_t)(FIXSTR | len));
	} else if (len <= UINT8_MAX) {
		buf_u8(b, STR_8);
		buf_u8(b, (uint8_t)len);
	} else if (len <= UINT16_MAX) {
		buf_u8(b, STR_16);
		buf_u16(b, (uint16_t)len);
	} else {
		buf_u8(b, STR_32);
		buf_u32(b, (uint32_t)len);
	}
}

void pack_text(struct buf *b, struct span s)
{
	pack_text_of(b, s.len);
	buf_add(b, s);
}
