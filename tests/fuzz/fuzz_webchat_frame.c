/*
 * Frames of a browser: whatever comes is refused with a stable code, or what was read is within
 * its bounds, and written as a frame again it is read as the same one.
 */
#include "webchat_frame.h"

#include "utf8.h"

#include <assert.h>
#include <stdlib.h>

enum { TEXT_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct webchat_frame *f)
{
	assert(f->type < WEBCHAT_TYPES);
	assert(utf8_valid(f->text) && utf8_count(f->text) <= TEXT_MAX);
	assert(f->cid.len <= WEBCHAT_CID_MAX && f->limit <= WEBCHAT_HISTORY_MAX);
	assert(f->type != WEBCHAT_MSG || (f->text.len && f->cid.len));
	assert(f->since < UINT64_C(1) << 53 && f->seq < UINT64_C(1) << 53);
}

static void check_again(const struct webchat_frame *f)
{
	char *text = strict_json_dump(json_incref(f->json));
	struct webchat_frame again;
	struct json_fault fault;

	assert(text && webchat_frame_parse(span_of(text), TEXT_MAX, &again, &fault) == 0);
	assert(again.type == f->type && span_eq(again.text, f->text) && span_eq(again.cid, f->cid));
	assert(again.seq == f->seq && again.before == f->before && again.on == f->on);
	webchat_frame_fini(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_fault fault = {0};
	struct webchat_frame frame;

	if (webchat_frame_parse((struct span){(const char *)data, size}, TEXT_MAX, &frame,
	                        &fault)) {
		assert(fault.code && fault.code[0]);
	} else {
		check(&frame);
		check_again(&frame);
	}
	webchat_frame_fini(&frame);
	return 0;
}
