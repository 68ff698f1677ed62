/*
 * A template's wording with its variables filled in: text in, text out. Nothing is escaped, since
 * the connector knows what its wire needs; a value is inserted as it is and never read again, so
 * that "{{code}}" in a customer's name stays what it is.
 */
#ifndef PH_RENDER_H
#define PH_RENDER_H

#include "buf.h"
#include "language.h"

struct template;

/* Where the text will be read; a template may have a wording of its own for each. */
enum medium { MEDIUM_ANY, MEDIUM_SMS, MEDIUM_WECHAT, MEDIUM_WEB, MEDIUM_COUNT };

/** The medium of an address's scheme or a connector's name: "sms", "wechat", "web"; else
 * MEDIUM_ANY.
 */
enum medium medium_of(struct span name);

struct render_value {
	struct span name, value;
};

struct render_order {
	enum language language; /* LANGUAGE_UNKNOWN: the catalogue's first language */
	enum medium medium;
	const struct render_value *values; /* names the template does not have are ignored */
	size_t count;
};

/**
 * Appends the wording for the medium, or the general one where there is none, to out, whose limit
 * is respected. *culprit is then untouched or borrowed from t: the variable that is to blame.
 * -ENOENT: *culprit has no value. -EINVAL: its value is not of its type, not valid UTF-8, or
 * longer than the template allows. -ENODATA: a handover has no wording. -EMSGSIZE, -ENOMEM: out.
 * After an error out holds what it held before.
 */
int template_render(const struct template *t, const struct render_order *order, struct buf *out,
                    struct span *culprit) MUST_CHECK;

/**
 * Appends the wording as its author wrote it, each variable as "{{name}}": for agents, who fill it
 * in. -ENODATA: none for the language and medium.
 */
int template_source(const struct template *t, enum language language, enum medium medium,
                    struct buf *out) MUST_CHECK;

/* How a text travels as SMS: 160 septets of GSM 03.38 or 70 units of UCS-2 in a single one. */
struct render_sms {
	bool ucs2;
	size_t units;    /* septets, or UTF-16 units */
	bool single;     /* fits one SMS */
	uint32_t forced; /* the first code point GSM 03.38 lacks; 0: none */
};

/** Measures text, which must be valid UTF-8, for one SMS. */
struct render_sms render_sms_measure(struct span text);

#endif
