/* JSON from outside: any octets are bound by the table or refused with a code; what was bound is
 * within its bounds and is valid UTF-8. */
#include "strict_json.h"
#include "utf8.h"

#include <assert.h>
#include <stdint.h>

struct frame {
	struct span type, cid, text;
	uint64_t since;
	bool on;
	json_t *variables, *any;
};

static const struct json_field fields[] = {
	{"type",		 JSON_KIND_TEXT, offsetof(struct frame, type), true, 1, 20},
	{"cid", JSON_KIND_TEXT, offsetof(struct frame, cid), false, 1, 64},
	{"text",		  JSON_KIND_TEXT, offsetof(struct frame, text), false, 0, 8000},
	{"since",		    JSON_KIND_NUMBER, offsetof(struct frame, since), false, 1, 1000},
	{"on",		  JSON_KIND_BOOL, offsetof(struct frame, on), false, 0, 0},
	{"variables", JSON_KIND_VALUES, offsetof(struct frame, variables), false, 0, 1000},
	{"any",		 JSON_KIND_OBJECT, offsetof(struct frame, any), false, 0, 0},
	{0		   }
};

static void check_frame(const struct frame *f)
{
	assert(f->type.len >= 1 && f->type.len <= 20 && f->cid.len <= 64 && f->text.len <= 8000);
	assert(f->since <= 1000);
	assert(utf8_valid(f->type) && utf8_valid(f->cid) && utf8_valid(f->text));
	assert(!f->variables || json_object_size(f->variables) <= JSON_VALUES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_fault fault = {0};
	struct frame frame = {0};
	json_t *object = NULL;
	int err = strict_json_parse((struct span){(const char *)data, size}, &object, &fault);

	if (!err)
		err = strict_json_bind(fields, object, &frame, &fault);
	if (err)
		assert(fault.code && fault.detail[0]);
	else
		check_frame(&frame);
	json_decref(object);
	return 0;
}
