/* The JSON of outbound messages that are not text. */
#include "wechat_data.h"

#include "utf8.h"

enum { FIRST_PRINTABLE = 0x20 };

json_t *wechat_data_read(struct span data)
{
	json_t *object = data.len ? json_loadb(data.ptr, data.len, 0, NULL) : json_object();

	if (object && !json_is_object(object)) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

const char *wechat_data_text(const json_t *data, const char *key)
{
	const char *text = json_string_value(json_object_get(data, key));

	return text ? text : "";
}

/* jansson writes control characters as \u00XX, which WeChat refuses or shows as it stands. */
json_t *wechat_data_string(struct span text)
{
	struct buf clean;
	json_t *string = NULL;
	uint32_t code;

	buf_init(&clean, text.len * 3 + 1);
	while (text.len) {
		if (utf8_next(&text, &code)) {
			text.ptr++;
			text.len--;
			code = UTF8_REPLACEMENT;
		}
		if (code >= FIRST_PRINTABLE || code == '\n' || code == '\t' || code == '\r')
			utf8_put(&clean, code);
	}
	if (buf_check(&clean) == 0)
		string = json_stringn(clean.len ? clean.data : "", clean.len);
	buf_fini(&clean);
	return string;
}
