/*
 * The table of fields, and what comes before either reader: limits, and cleaning. WeChat passes on
 * what users type, control characters and broken emoji too, and neither XML nor JSON may hold
 * those; refusing the push would lose the message, so they are dropped or replaced here.
 */
#include "wechat_push.h"

#include "utf8.h"

#include <stdlib.h>

#define KEPT(field, path) {#field, path, offsetof(struct wechat_push, field), false},
#define SHOWN(field, path) {#field, path, offsetof(struct wechat_push, field), true},
#define ITEM(field, path)
const struct wechat_push_field wechat_push_fields[] = {
#include "wechat_push.def"
};
#undef ITEM
#undef SHOWN
#undef KEPT
const size_t wechat_push_field_count = ARRAY_LEN(wechat_push_fields);

#define KEPT(field, path)
#define SHOWN(field, path)
#define ITEM(field, path) {#field, path, offsetof(struct wechat_item, field), true},
const struct wechat_push_field wechat_item_fields[] = {
#include "wechat_push.def"
};
#undef ITEM
#undef SHOWN
#undef KEPT
const size_t wechat_item_field_count = ARRAY_LEN(wechat_item_fields);

enum {
	UTF8_MOST = 3, /* octets of U+FFFD, which may stand for one bad octet */
	FIRST_PRINTABLE = 0x20,
	NONCHARACTER_FFFE = 0xFFFE,
	NONCHARACTER_FFFF = 0xFFFF
};

static struct span *find(const struct wechat_push_field *fields, size_t count, void *base,
                         const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].path, path) == 0)
			return (struct span *)(void *)((char *)base + fields[i].offset);
	return NULL;
}

struct span *wechat_push_place(struct wechat_push *push, struct wechat_item *item, const char *path)
{
	struct span *place = item ? find(wechat_item_fields, wechat_item_field_count, item, path)
	                          : find(wechat_push_fields, wechat_push_field_count, push, path);

	return place && !place->ptr ? place : NULL; /* the first of two wins */
}

struct wechat_item *wechat_push_item(struct wechat_push *push)
{
	return push->item_count < WECHAT_PUSH_ITEMS ? &push->items[push->item_count++] : NULL;
}

static bool is_blank(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r';
}

/* Drops control characters; what is not a character of XML 1.0 becomes U+FFFD. */
static void clean(struct span text, struct buf *out, bool *lossy)
{
	uint32_t code;

	while (text.len) {
		if (utf8_next(&text, &code)) {
			text.ptr++;
			text.len--;
			code = UTF8_REPLACEMENT;
			*lossy = true;
		}
		if (code == NONCHARACTER_FFFE || code == NONCHARACTER_FFFF)
			code = UTF8_REPLACEMENT;
		if (code >= FIRST_PRINTABLE || is_blank(code))
			utf8_put(out, code);
	}
}

static int parse_clean(struct span text, struct wechat_push *push)
{
	text = span_trim(text);
	push->json = text.len && text.ptr[0] == '{';
	/* Neither reader ever writes more than it reads. */
	push->storage = malloc(text.len + 1);
	if (!push->storage)
		return -ENOMEM;
	return push->json ? wechat_push_json(text, push) : wechat_push_xml(text, push);
}

int wechat_push_parse(struct span text, size_t max, struct wechat_push *out)
{
	struct wechat_push push = {0};
	struct buf cleaned;
	int err;

	if (text.len > max)
		return -EMSGSIZE;
	buf_init(&cleaned, max * UTF8_MOST);
	clean(text, &cleaned, &push.lossy);
	err = buf_check(&cleaned);
	if (!err)
		err = parse_clean(buf_span(&cleaned), &push);
	buf_fini(&cleaned);
	if (err)
		wechat_push_fini(&push);
	else
		*out = push;
	return err;
}

void wechat_push_fini(struct wechat_push *push)
{
	free(push->storage);
	push->storage = NULL;
}
