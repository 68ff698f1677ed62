/*
 * The WebSocket decoder: fed whole, and octet by octet, it must say the same; and what it takes as
 * text is UTF-8.
 */
#include "utf8.h"
#include "ws_frame.h"

#include <assert.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 2048, FRAGMENTS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages and control frames one behind the other, each behind its kind. */
static int decode(const uint8_t *data, size_t size, size_t step, struct buf *heard)
{
	struct ws_decoder d;
	struct buf message;
	char *copy = malloc(size + 1);
	int code = 0;

	assert(copy);
	memcpy(copy, data, size);
	buf_init(&message, MESSAGE_MAX);
	ws_decoder_init(&d, MESSAGE_MAX, FRAGMENTS_MAX);
	for (size_t done = 0; done < size && !code;) {
		char *at = copy + done;
		size_t have = size - done < step ? size - done : step, len = have;
		struct ws_event e;

		code = ws_decode(&d, &at, &len, &e);
		assert(code || len < have || e.what != WS_NOTHING);
		done += have - len;
		if (code)
			break;
		if (e.what == WS_PIECE || e.what == WS_LAST_PIECE)
			buf_add(&message, e.payload);
		if (e.what == WS_LAST_PIECE) {
			assert(utf8_valid(buf_span(&message)));
			buf_u8(heard, 'm');
			buf_add(heard, buf_span(&message));
			buf_clear(&message);
		}
		if (e.what == WS_CONTROL) {
			assert(e.payload.len <= WS_CONTROL_MAX);
			buf_u8(heard, (uint8_t)e.opcode);
			buf_add(heard, e.payload);
		}
	}
	assert(buf_check(&message) == 0);
	buf_fini(&message);
	free(copy);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, single;
	int code;

	buf_init(&whole, SIZE_MAX);
	buf_init(&single, SIZE_MAX);
	code = decode(data, size, SIZE_MAX, &whole);
	assert(decode(data, size, 1, &single) == code);
	assert(span_eq(buf_span(&whole), buf_span(&single)));
	assert(code == 0 || ws_code_valid((uint16_t)code));
	buf_fini(&whole);
	buf_fini(&single);
	return 0;
}
