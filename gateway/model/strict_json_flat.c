/*
 * Most bodies are an object of a few plain texts and numbers in the order of somebody's template.
 * Such a one is bound as it stands, without the tree that jansson would make of it. All else (an
 * escape, a list, whatever is wrong) is left to strict_json_parse(), which knows how to say what is
 * wrong: so this one may only be stricter, never more lenient. tests/fuzz/fuzz_strict_json.c holds
 * it to that.
 */
#include "strict_json.h"
#include "utf8.h"

enum { FIELDS_MAX = 64, DIGITS_MAX = 18 };

struct flat {
	const char *at, *end;
	const struct json_field *fields;
	char *out;
	uint64_t seen; /* a bit for each row */
};

static char next_char(struct flat *f)
{
	while (f->at < f->end &&
	       (*f->at == ' ' || *f->at == '\t' || *f->at == '\n' || *f->at == '\r'))
		f->at++;
	return f->at < f->end ? *f->at : '\0';
}

static bool take(struct flat *f, char c)
{
	if (next_char(f) != c)
		return false;
	f->at++;
	return true;
}

/* A text without an escape. */
static bool read_text(struct flat *f, struct span *out)
{
	const char *from;
	bool ascii = true;

	if (!take(f, '"'))
		return false;
	for (from = f->at; f->at < f->end && *f->at != '"'; f->at++) {
		unsigned char c = (unsigned char)*f->at;

		if (c < ' ' || c == '\\')
			return false;
		ascii = ascii && c < 0x80;
	}
	if (f->at == f->end)
		return false;
	*out = (struct span){from, (size_t)(f->at++ - from)};
	return ascii || utf8_valid(*out);
}

static bool bind_text(struct flat *f, const struct json_field *field)
{
	struct span text;

	if (!read_text(f, &text) || text.len < field->least ||
	    (field->most && text.len > field->most))
		return false;
	memcpy(f->out + field->offset, &text, sizeof(text));
	return true;
}

static bool bind_number(struct flat *f, const struct json_field *field)
{
	const char *from = (next_char(f), f->at);
	uint64_t n = 0;

	for (; f->at < f->end && *f->at >= '0' && *f->at <= '9'; f->at++)
		n = n * 10 + (uint64_t)(*f->at - '0');
	if (f->at == from || f->at - from > DIGITS_MAX || (*from == '0' && f->at - from > 1))
		return false;
	if (n < field->least || (field->most && n > field->most))
		return false;
	memcpy(f->out + field->offset, &n, sizeof(n));
	return true;
}

static bool bind_value(struct flat *f, const struct json_field *field)
{
	switch (field->kind) {
	case JSON_KIND_TEXT:
		return bind_text(f, field);
	case JSON_KIND_NUMBER:
		return bind_number(f, field);
	case JSON_KIND_BOOL: /* who asks for one asks the tree whether it was given */
	case JSON_KIND_VALUES:
	case JSON_KIND_OBJECT:
	case JSON_KIND_TEXTS:
	case JSON_KIND_OBJECTS:
		break;
	}
	return false;
}

static bool bind_member(struct flat *f)
{
	struct span key;
	unsigned i = 0;

	if (!read_text(f, &key) || !take(f, ':'))
		return false;
	while (f->fields[i].key && !span_is(key, f->fields[i].key))
		i++;
	if (!f->fields[i].key || i >= FIELDS_MAX || f->seen >> i & 1)
		return false;
	f->seen |= UINT64_C(1) << i;
	return bind_value(f, &f->fields[i]);
}

static bool nothing_is_missing(const struct flat *f)
{
	for (unsigned i = 0; f->fields[i].key; i++)
		if (f->fields[i].required && (i >= FIELDS_MAX || !(f->seen >> i & 1)))
			return false;
	return true;
}

bool strict_json_flat(const struct json_field *fields, struct span text, void *out)
{
	struct flat f = {text.ptr, text.ptr + text.len, fields, out, 0};

	if (!text.len || !take(&f, '{'))
		return false;
	if (next_char(&f) != '}')
		do {
			if (!bind_member(&f))
				return false;
		} while (take(&f, ','));
	return take(&f, '}') && next_char(&f) == '\0' && f.at == f.end && nothing_is_missing(&f);
}
