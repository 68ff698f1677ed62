/*
 * Reads a push in JSON: an account may be set so, and the names are those of XML. Numbers become
 * the text they were written as: a MsgId has 64 bits, which a double does not hold.
 */
#include "wechat_push.h"

#include <jansson.h>
#include <stdio.h>

enum { NUMBER_OCTETS = 32, FIRST_PRINTABLE = 0x20 };

struct reader {
	struct wechat_push *push;
	char *next, *end;
};

/* Escapes may bring in the control characters that were dropped from the raw text. */
static int keep(struct reader *r, struct span *place, struct span text)
{
	char *start = r->next;

	if (!place)
		return 0;
	if (text.len > (size_t)(r->end - r->next))
		return -EMSGSIZE;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= FIRST_PRINTABLE || c == '\t' || c == '\n' || c == '\r')
			*r->next++ = text.ptr[i];
	}
	*place = (struct span){start, (size_t)(r->next - start)};
	return 0;
}

static int read_scalar(struct reader *r, struct wechat_item *item, const char *path, json_t *value)
{
	struct span *place = wechat_push_place(r->push, item, path);
	char number[NUMBER_OCTETS];

	if (json_is_string(value))
		return keep(r, place,
		            (struct span){json_string_value(value), json_string_length(value)});
	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		         json_integer_value(value));
	else if (json_is_real(value))
		snprintf(number, sizeof(number), "%.10g", json_real_value(value));
	else
		return 0; /* true, false and null say nothing that we know */
	return keep(r, place, span_of(number));
}

static int read_object(struct reader *r, struct wechat_item *item, const char *path, json_t *object,
                       unsigned depth);

/* A list of items; one alone may come without its brackets. */
static int read_items(struct reader *r, json_t *value, unsigned depth)
{
	json_t *element = value;
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	struct wechat_item *item;
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		if (json_is_array(value))
			element = json_array_get(value, i);
		if (!json_is_object(element))
			continue;
		item = wechat_push_item(r->push);
		if (!item)
			break;
		err = read_object(r, item, "", element, depth + 1);
	}
	return err;
}

static bool is_list(const char *key)
{
	return strcmp(key, "item") == 0 || strcmp(key, "List") == 0 || strcmp(key, "PicList") == 0;
}

static int read_value(struct reader *r, struct wechat_item *item, const char *path, const char *key,
                      json_t *value, unsigned depth)
{
	if (!item && is_list(key)) {
		/* {"PicList": {"item": [...]}} as well as {"PicList": [...]} */
		if (json_is_object(value) && json_object_get(value, "item"))
			value = json_object_get(value, "item");
		return read_items(r, value, depth);
	}
	if (json_is_object(value))
		return read_object(r, item, path, value, depth + 1);
	return json_is_array(value) ? 0 : read_scalar(r, item, path, value);
}

static int read_object(struct reader *r, struct wechat_item *item, const char *path, json_t *object,
                       unsigned depth)
{
	char below[WECHAT_PUSH_PATH];
	void *at;
	int err = 0;

	if (depth > WECHAT_PUSH_DEPTH)
		return -EMSGSIZE;
	for (at = json_object_iter(object); at && !err; at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);
		int len = snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "", key);

		if (len >= 0 && (size_t)len < sizeof(below))
			err = read_value(r, item, below, key, json_object_iter_value(at), depth);
	}
	return err;
}

int wechat_push_json(struct span text, struct wechat_push *push)
{
	struct reader r = {.push = push, .next = push->storage, .end = push->storage + text.len};
	json_error_t why;
	json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	int err;

	if (!root && json_error_code(&why) == json_error_out_of_memory)
		return -ENOMEM;
	if (!root)
		return json_error_code(&why) == json_error_stack_overflow ? -EMSGSIZE : -EBADMSG;
	err = json_is_object(root) ? read_object(&r, NULL, "", root, 1) : -EBADMSG;
	json_decref(root);
	return err;
}
