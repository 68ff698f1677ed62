/* jansson does the reading; this decides what is let in. */
#include "strict_json.h"

#include <stdarg.h>
#include <stdio.h>

int strict_json_fault(struct json_fault *fault, const char *code, const char *field,
                      const char *fmt, ...)
{
	va_list args;

	fault->code = code;
	snprintf(fault->field, sizeof(fault->field), "%s", field ? field : "");
	va_start(args, fmt);
	vsnprintf(fault->detail, sizeof(fault->detail), fmt, args);
	va_end(args);
	return -EBADMSG;
}

int strict_json_parse(struct span text, json_t **out, struct json_fault *fault)
{
	json_error_t error;
	json_t *value =
		json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);

	if (!value && json_error_code(&error) == json_error_invalid_utf8)
		return strict_json_fault(fault, "utf8_invalid", NULL, "line %d is not valid UTF-8",
		                         error.line);
	if (!value)
		return strict_json_fault(fault, "json_invalid", NULL, "line %d, column %d: %s",
		                         error.line, error.column, error.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return strict_json_fault(fault, "json_invalid", NULL, "an object is expected");
	}
	*out = value;
	return 0;
}

static int wrong_type(const struct json_field *f, const char *want, struct json_fault *fault)
{
	return strict_json_fault(fault, "field_type", f->key, "must be %s", want);
}

static int check_length(const struct json_field *f, const char *name, size_t len,
                        struct json_fault *fault)
{
	if (f->most && len > f->most)
		return strict_json_fault(fault, "field_too_long", name,
		                         "at most %llu octets of UTF-8",
		                         (unsigned long long)f->most);
	if (len < f->least)
		return strict_json_fault(fault, "field_too_short", name,
		                         "at least %llu octets of UTF-8",
		                         (unsigned long long)f->least);
	return 0;
}

static int bind_text(const struct json_field *f, json_t *value, void *at, struct json_fault *fault)
{
	struct span text = {json_string_value(value), json_string_length(value)};

	if (!json_is_string(value))
		return wrong_type(f, "a text", fault);
	if (check_length(f, f->key, text.len, fault))
		return -EBADMSG;
	*(struct span *)at = text;
	return 0;
}

static int bind_number(const struct json_field *f, json_t *value, void *at,
                       struct json_fault *fault)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return wrong_type(f, "a whole number", fault);
	if (number < 0 || (uint64_t)number < f->least || (f->most && (uint64_t)number > f->most))
		return strict_json_fault(fault, "field_range", f->key, "must be from %llu to %llu",
		                         (unsigned long long)f->least, (unsigned long long)f->most);
	*(uint64_t *)at = (uint64_t)number;
	return 0;
}

static int bind_bool(const struct json_field *f, json_t *value, void *at, struct json_fault *fault)
{
	if (!json_is_boolean(value))
		return wrong_type(f, "true or false", fault);
	*(bool *)at = json_is_true(value);
	return 0;
}

static int bind_object(const struct json_field *f, json_t *value, void *at,
                       struct json_fault *fault)
{
	if (!json_is_object(value))
		return wrong_type(f, "an object", fault);
	*(json_t **)at = value;
	return 0;
}

static int bind_values(const struct json_field *f, json_t *value, void *at,
                       struct json_fault *fault)
{
	char name[JSON_FAULT_FIELD];
	const char *key;
	json_t *text;

	if (bind_object(f, value, at, fault))
		return -EBADMSG;
	if (json_object_size(value) > JSON_VALUES_MAX)
		return strict_json_fault(fault, "field_range", f->key, "at most %d members",
		                         JSON_VALUES_MAX);
	json_object_foreach(value, key, text)
	{
		snprintf(name, sizeof(name), "%s.%.40s", f->key, key);
		if (!json_is_string(text))
			return strict_json_fault(fault, "field_type", name, "must be a text");
		if (check_length(f, name, json_string_length(text), fault))
			return -EBADMSG;
	}
	return 0;
}

static int bind_list(const struct json_field *f, json_t *value, void *at, struct json_fault *fault)
{
	bool texts = f->kind == JSON_KIND_TEXTS;
	json_t *one;
	size_t i;

	if (!json_is_array(value))
		return wrong_type(f, "a list", fault);
	if (json_array_size(value) < f->least || (f->most && json_array_size(value) > f->most))
		return strict_json_fault(fault, "field_range", f->key, "from %llu to %llu of them",
		                         (unsigned long long)f->least, (unsigned long long)f->most);
	json_array_foreach(value, i, one)
	{
		if (texts ? !json_is_string(one) : !json_is_object(one))
			return wrong_type(f, texts ? "a list of texts" : "a list of objects",
			                  fault);
	}
	*(json_t **)at = value;
	return 0;
}

static int (*const binders[])(const struct json_field *f, json_t *value, void *at,
                              struct json_fault *fault) = {
	[JSON_KIND_TEXT] = bind_text,     [JSON_KIND_NUMBER] = bind_number,
	[JSON_KIND_BOOL] = bind_bool,     [JSON_KIND_VALUES] = bind_values,
	[JSON_KIND_OBJECT] = bind_object, [JSON_KIND_TEXTS] = bind_list,
	[JSON_KIND_OBJECTS] = bind_list,
};

static int refuse_unknown(const struct json_field *fields, json_t *object, struct json_fault *fault)
{
	const struct json_field *f;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		for (f = fields; f->key && strcmp(f->key, key) != 0; f++)
			;
		if (!f->key)
			return strict_json_fault(fault, "field_unknown", key,
			                         "there is no such field");
	}
	return 0;
}

int strict_json_bind(const struct json_field *fields, json_t *object, void *out,
                     struct json_fault *fault)
{
	int err = refuse_unknown(fields, object, fault);

	for (const struct json_field *f = fields; !err && f->key; f++) {
		json_t *value = json_object_get(object, f->key);

		if (value)
			err = binders[f->kind](f, value, (char *)out + f->offset, fault);
		else if (f->required)
			err = strict_json_fault(fault, "field_missing", f->key, "is needed");
	}
	return err;
}

json_t *strict_json_text(struct span text)
{
	json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);

	return value ? value : json_null();
}

void strict_json_set(json_t *object, const char *key, struct span text)
{
	if (text.len)
		json_object_set_new(object, key, strict_json_text(text));
}

char *strict_json_dump(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text;
}
