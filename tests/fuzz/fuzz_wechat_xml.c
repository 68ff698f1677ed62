/*
 * Pushes, XML and JSON: whatever comes is refused, or gives fields that are text inside the
 * push's storage, without control characters.
 */
#include "wechat_push.h"

#include "utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_field(const char *base, const struct wechat_push_field *field)
{
	const struct span *s = (const struct span *)(const void *)(base + field->offset);

	if (!s->ptr)
		return;
	assert(utf8_valid(*s));
	for (size_t i = 0; i < s->len; i++)
		assert((unsigned char)s->ptr[i] >= 0x20 || strchr("\t\n\r", s->ptr[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wechat_push push;

	if (wechat_push_parse((struct span){(const char *)data, size}, WECHAT_PUSH_MAX, &push))
		return 0;
	for (size_t i = 0; i < wechat_push_field_count; i++)
		check_field((const char *)&push, &wechat_push_fields[i]);
	assert(push.item_count <= WECHAT_PUSH_ITEMS);
	for (size_t i = 0; i < push.item_count; i++)
		for (size_t j = 0; j < wechat_item_field_count; j++)
			check_field((const char *)&push.items[i], &wechat_item_fields[j]);
	wechat_push_fini(&push);
	return 0;
}
