/*
 * What a browser says: one JSON object a frame, into a struct. Unknown types and fields, wrong
 * types and what is out of bounds are refused with a stable code and the field's name. The frames
 * are listed in docs/protocols/webchat.md.
 */
#ifndef PH_WEBCHAT_FRAME_H
#define PH_WEBCHAT_FRAME_H

#include "strict_json.h"

enum webchat_type {
	WEBCHAT_HELLO,
	WEBCHAT_MSG,
	WEBCHAT_READ,
	WEBCHAT_TYPING,
	WEBCHAT_HISTORY,
	WEBCHAT_RENEW,
	WEBCHAT_PING,
	WEBCHAT_TYPES
};

enum {
	WEBCHAT_FRAME_MAX = 16384, /* octets */
	WEBCHAT_CID_MAX = 64,
	WEBCHAT_HISTORY_MAX = 100
};

struct webchat_frame {
	enum webchat_type type;
	struct span type_name;
	struct span token, lang; /* hello */
	struct span cid, text;   /* msg; text without blanks around it */
	uint64_t v, since;       /* hello */
	uint64_t seq;            /* read */
	uint64_t before, limit;  /* history */
	bool on;                 /* typing */
	json_t *json;            /* what the spans are borrowed from */
};

/**
 * Reads a frame; text_max is in characters. 0, then webchat_frame_fini(). -EBADMSG with the fault;
 * out->cid is set when it is one message's, and lasts until webchat_frame_fini(), which is called
 * after an error too.
 */
int webchat_frame_parse(struct span text, size_t text_max, struct webchat_frame *out,
                        struct json_fault *fault) MUST_CHECK;
void webchat_frame_fini(struct webchat_frame *frame);

#endif
