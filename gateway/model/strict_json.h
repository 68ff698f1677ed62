/*
 * JSON from outside into a struct, by a table: unknown and repeated keys, wrong types, bad UTF-8
 * and values out of bounds are refused with a stable code and the field's name.
 */
#ifndef PH_STRICT_JSON_H
#define PH_STRICT_JSON_H

#include "span.h"

#include <jansson.h>

enum json_kind {
	JSON_KIND_TEXT,   /* struct span, borrowed from the object; least and most in octets */
	JSON_KIND_NUMBER, /* uint64_t, between least and most */
	JSON_KIND_BOOL,   /* bool */
	JSON_KIND_VALUES, /* json_t *, borrowed: an object of at most VALUES_MAX texts, each of at
	                     most most octets */
	JSON_KIND_OBJECT, /* json_t *, borrowed: any object */
	JSON_KIND_TEXTS,  /* json_t *, borrowed: a list of texts, from least to most of them */
	JSON_KIND_OBJECTS /* json_t *, borrowed: a list of objects, from least to most of them */
};

enum { JSON_VALUES_MAX = 32, JSON_FAULT_FIELD = 80, JSON_FAULT_DETAIL = 160 };

struct json_field {
	const char *key;
	enum json_kind kind;
	size_t offset;
	bool required;
	uint64_t least, most; /* most 0: no bound */
};

/* What is wrong with it. */
struct json_fault {
	const char *code; /* json_invalid, utf8_invalid, field_unknown, field_missing, field_type,
	                     field_too_long, field_too_short, field_range */
	char field[JSON_FAULT_FIELD]; /* empty: the whole */
	char detail[JSON_FAULT_DETAIL];
};

/** Reads one object; *out is for json_decref(). -EBADMSG with the fault. */
int strict_json_parse(struct span text, json_t **out, struct json_fault *fault) MUST_CHECK;
/** Binds an object by a table that ends with {0}; what it does not have stays in out as it was.
 * -EBADMSG. */
int strict_json_bind(const struct json_field *fields, json_t *object, void *out,
                     struct json_fault *fault) MUST_CHECK;
/** Fills a fault; returns -EBADMSG. field NULL: the whole. */
int strict_json_fault(struct json_fault *fault, const char *code, const char *field,
                      const char *fmt, ...) PRINTF_LIKE(4, 5);

/** A JSON string from octets that are valid UTF-8; null where out of memory or not valid. */
json_t *strict_json_text(struct span text);
/** Sets a member to a text; an empty one is left out. */
void strict_json_set(json_t *object, const char *key, struct span text);
/** The object as text on the heap, and its reference dropped; NULL when out of memory. */
char *strict_json_dump(json_t *object);

#endif
