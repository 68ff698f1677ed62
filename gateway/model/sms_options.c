/* Octets are written in hexadecimal: JSON knows none. */
#include "sms_options.h"

#include <stdlib.h>

static const char *const codings[] = {NULL, "default", "octets", "ucs2"};

static const struct {
	const char *name;
	size_t offset;
	int most;
} numbers[] = {
	{"message_waiting", offsetof(struct sms_options, message_waiting), 7  },
	{"protocol_id",     offsetof(struct sms_options, protocol_id),     255},
	{"compressed",      offsetof(struct sms_options, compressed),      1  },
	{"class_coding",    offsetof(struct sms_options, class_coding),    1  },
	{"reply_path",      offsetof(struct sms_options, reply_path),      1  },
	{"intermediate",    offsetof(struct sms_options, intermediate),    1  },
};

static const struct {
	const char *name;
	size_t offset;
	size_t most;
	bool hex;
} texts[] = {
	{"udh",          offsetof(struct sms_options, udh),          SMS_USER_DATA_MAX, true },
	{"octets",       offsetof(struct sms_options, octets),       SMS_OCTETS_MAX,    true },
	{"service_type", offsetof(struct sms_options, service_type), 64,                false},
};

static int *number_at(struct sms_options *o, size_t i)
{
	return (int *)(void *)((char *)o + numbers[i].offset);
}

static struct span *text_at(struct sms_options *o, size_t i)
{
	return (struct span *)(void *)((char *)o + texts[i].offset);
}

void sms_options_init(struct sms_options *o)
{
	*o = (struct sms_options){0};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		*number_at(o, i) = SMS_OPTION_NONE;
}

static json_t *hex_json(struct span octets)
{
	struct buf b;
	json_t *text;

	buf_init(&b, 2 * (size_t)SMS_OCTETS_MAX + 1);
	for (size_t i = 0; i < octets.len; i++)
		buf_printf(&b, "%02x", (unsigned)(uint8_t)octets.ptr[i]);
	text = buf_check(&b) ? NULL : json_stringn(b.data, b.len);
	buf_fini(&b);
	return text;
}

json_t *sms_options_json(const struct sms_options *options, int *err)
{
	struct sms_options o = *options;
	json_t *object = json_object();
	int failed = object ? 0 : -1;

	*err = 0;
	if (o.coding != SMS_CODING_TEXT)
		failed |= json_object_set_new(object, "coding", json_string(codings[o.coding]));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct span s = *text_at(&o, i);

		if (s.len)
			failed |= json_object_set_new(object, texts[i].name,
			                              texts[i].hex ? hex_json(s)
			                                           : strict_json_text(s));
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (*number_at(&o, i) != SMS_OPTION_NONE)
			failed |= json_object_set_new(object, numbers[i].name,
			                              json_integer(*number_at(&o, i)));
	if (failed)
		*err = -ENOMEM;
	if (failed || !json_object_size(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_hex(struct span text, struct buf *memory)
{
	if (text.len % 2)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i += 2) {
		int high = hex_digit(text.ptr[i]), low = hex_digit(text.ptr[i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		buf_u8(memory, (uint8_t)(high << 4 | low));
	}
	return buf_check(memory);
}

/* Where each text stands in memory is kept as an offset until all of them are there: memory moves.
 */
static int read_texts(const json_t *object, struct sms_options *out, struct buf *memory)
{
	size_t at[ARRAY_LEN(texts)];
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++) {
		const json_t *member = json_object_get(object, texts[i].name);
		struct span text = {json_string_value(member), json_string_length(member)};

		at[i] = memory->len;
		if (member && !json_is_string(member))
			err = -EBADMSG;
		else if (texts[i].hex)
			err = read_hex(text, memory);
		else
			buf_add(memory, text);
		text_at(out, i)->len = memory->len - at[i];
		if (text_at(out, i)->len > texts[i].most)
			err = -EBADMSG;
	}
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++)
		text_at(out, i)->ptr = memory->data ? memory->data + at[i] : NULL;
	return err ? err : buf_check(memory);
}

static int read_numbers(const json_t *object, struct sms_options *out)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const json_t *member = json_object_get(object, numbers[i].name);
		json_int_t value = json_integer_value(member);

		if (!member)
			continue;
		if (!json_is_integer(member) || value < 0 || value > numbers[i].most)
			return -EBADMSG;
		*number_at(out, i) = (int)value;
	}
	return 0;
}

static int read_coding(const json_t *object, struct sms_options *out)
{
	const char *name = json_string_value(json_object_get(object, "coding"));

	if (!name)
		return json_object_get(object, "coding") ? -EBADMSG : 0;
	for (size_t i = 1; i < ARRAY_LEN(codings); i++)
		if (strcmp(name, codings[i]) == 0) {
			out->coding = (enum sms_coding)i;
			return 0;
		}
	return -EBADMSG;
}

int sms_options_read(struct span options, struct sms_options *out, struct buf *memory)
{
	json_t *whole, *object;
	int err;

	sms_options_init(out);
	buf_clear(memory);
	if (!options.len)
		return 0;
	whole = json_loadb(options.ptr, options.len, JSON_REJECT_DUPLICATES, NULL);
	object = json_object_get(whole, "sms");
	err = json_is_object(whole) && (!object || json_is_object(object)) ? 0 : -EBADMSG;
	if (!err && object)
		err = read_coding(object, out);
	if (!err && object)
		err = read_numbers(object, out);
	if (!err && object)
		err = read_texts(object, out, memory);
	json_decref(whole);
	return err;
}
