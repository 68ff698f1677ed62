/*
 * The frames of RFC 6455 as a server reads and writes them: masked in, unmasked out, no extension.
 * Uses base only. What a peer does wrong is told as the close code that section 7.4 gives it.
 */
#ifndef PH_WS_FRAME_H
#define PH_WS_FRAME_H

#include "buf.h"

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xA
};

enum ws_code {
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_UNSUPPORTED = 1003,
	WS_NO_CODE = 1005,  /* never on the wire: a close frame without one */
	WS_ABNORMAL = 1006, /* never on the wire: no close frame at all */
	WS_BAD_TEXT = 1007,
	WS_POLICY = 1008,
	WS_TOO_BIG = 1009
};

enum { WS_CONTROL_MAX = 125, WS_HEAD_MAX = 14 };

/* UTF-8 as it comes: what the next octet must be. */
struct ws_utf8 {
	uint8_t left, low, high;
};

struct ws_decoder {
	size_t message_max, message_len;
	uint64_t left; /* of the frame's payload */
	unsigned fragments_max, fragments;
	struct ws_utf8 utf8;
	uint8_t head[WS_HEAD_MAX], head_len;
	uint8_t mask[4], mask_at;
	uint8_t opcode, control_len;
	bool fin, in_message, in_payload;
	char control[WS_CONTROL_MAX];
};

enum ws_what {
	WS_NOTHING,    /* more octets are needed */
	WS_PIECE,      /* the next piece of a text message */
	WS_LAST_PIECE, /* its last one; may be empty */
	WS_CONTROL     /* a whole control frame */
};

struct ws_event {
	enum ws_what what;
	enum ws_opcode opcode; /* of a control frame */
	struct span payload;   /* borrowed from the input or the decoder until the next call */
};

/** message_max octets and fragments_max frames for one message. */
void ws_decoder_init(struct ws_decoder *d, size_t message_max, unsigned fragments_max);
/**
 * Takes octets from *at, unmasking them in place, until there is something to tell or *len is 0.
 * 0, or the code to close with: the decoder is of no use any more then. Text that cannot become
 * UTF-8 is told at its first wrong octet.
 */
int ws_decode(struct ws_decoder *d, char **at, size_t *len, struct ws_event *out) MUST_CHECK;

/** Adds the head of an unfragmented frame with len octets of payload. */
void ws_encode_head(struct buf *b, enum ws_opcode opcode, size_t len);

/** What a close frame says; code WS_NO_CODE when it is empty. 0, or the code to close with. */
int ws_close_parse(struct span payload, uint16_t *code, struct span *reason) MUST_CHECK;
/** May code be sent in a close frame? */
bool ws_code_valid(uint16_t code);

#endif
