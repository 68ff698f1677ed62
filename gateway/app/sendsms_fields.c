/* Names, decoding, and memory that is wiped: a password is among them. */
#include "sendsms_fields.h"

#include "http_parse.h"

#include <stdlib.h>

enum { NUMBER_MAX = 1000000 };

static const struct {
	const char *name, *alias;
	const char *header; /* NULL: none says it */
} names[SENDSMS_FIELDS] = {
	[SENDSMS_USERNAME] = {"username",  "user",    "x-kannel-username" },
	[SENDSMS_PASSWORD] = {"password",  "pass",    "x-kannel-password" },
	[SENDSMS_FROM] = {"from",      NULL,      "x-kannel-from"     },
	[SENDSMS_TO] = {"to",        NULL,      "x-kannel-to"       },
	[SENDSMS_TEXT] = {"text",      NULL,      NULL                },
	[SENDSMS_CHARSET] = {"charset",   NULL,      NULL                },
	[SENDSMS_UDH] = {"udh",       NULL,      "x-kannel-udh"      },
	[SENDSMS_SMSC] = {"smsc",      NULL,      "x-kannel-smsc"     },
	[SENDSMS_MCLASS] = {"mclass",    NULL,      "x-kannel-mclass"   },
	[SENDSMS_MWI] = {"mwi",       NULL,      "x-kannel-mwi"      },
	[SENDSMS_CODING] = {"coding",    NULL,      "x-kannel-coding"   },
	[SENDSMS_COMPRESS] = {"compress",  NULL,      "x-kannel-compress" },
	[SENDSMS_VALIDITY] = {"validity",  NULL,      "x-kannel-validity" },
	[SENDSMS_DEFERRED] = {"deferred",  NULL,      "x-kannel-deferred" },
	[SENDSMS_DLR_MASK] = {"dlr-mask",  "dlrmask", "x-kannel-dlr-mask" },
	[SENDSMS_DLR_URL] = {"dlr-url",   "dlrurl",  "x-kannel-dlr-url"  },
	[SENDSMS_ACCOUNT] = {"account",   NULL,      "x-kannel-account"  },
	[SENDSMS_PID] = {"pid",       NULL,      "x-kannel-pid"      },
	[SENDSMS_ALT_DCS] = {"alt-dcs",   NULL,      "x-kannel-alt-dcs"  },
	[SENDSMS_RPI] = {"rpi",       NULL,      "x-kannel-rpi"      },
	[SENDSMS_BINFO] = {"binfo",     NULL,      "x-kannel-binfo"    },
	[SENDSMS_PRIORITY] = {"priority",  NULL,      "x-kannel-priority" },
	[SENDSMS_META_DATA] = {"meta-data", NULL,      "x-kannel-meta-data"},
};

/* Two hexadecimal digits; false: they are not. */
static bool from_digits(const char *digits, char *out)
{
	int high = http_hex(digits[0]), low = http_hex(digits[1]);

	if (high < 0 || low < 0)
		return false;
	*out = (char)((unsigned)high << 4 | (unsigned)low);
	return true;
}

/* Into at, which has room for in.len and a NUL; what is not %XX stays. */
static struct span decode(struct span in, char *at)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		bool escape = in.ptr[i] == '%' && i + 2 < in.len;

		if (escape && from_digits(in.ptr + i + 1, &at[len]))
			i += 2;
		else if (in.ptr[i] == '+')
			at[len] = ' ';
		else
			at[len] = in.ptr[i];
		len++;
	}
	at[len] = '\0';
	return (struct span){at, len};
}

/* Memory of a source, owned by fields. */
static int take_memory(struct sendsms_fields *fields, size_t size, char **out)
{
	size_t i = 0;

	while (i < SENDSMS_SOURCES_MAX && fields->memory[i].text)
		i++;
	if (i == SENDSMS_SOURCES_MAX)
		return -E2BIG;
	fields->memory[i].text = malloc(size);
	if (!fields->memory[i].text)
		return -ENOMEM;
	fields->memory[i].size = size;
	*out = fields->memory[i].text;
	return 0;
}

/* SENDSMS_FIELDS: no such name. A name before its alias. */
static enum sendsms_field field_of(struct span name, bool alias)
{
	for (int i = 0; i < SENDSMS_FIELDS; i++) {
		const char *known = alias ? names[i].alias : names[i].name;

		if (known && span_is(name, known))
			return (enum sendsms_field)i;
	}
	return SENDSMS_FIELDS;
}

/* One pass over the pairs, for names or for aliases; returns where free memory begins. */
static char *add_pairs(struct sendsms_fields *fields, struct span text, bool alias,
                       enum sendsms_field without, bool *seen, char *at)
{
	while (text.len) {
		struct span value, pair = span_split(text, '&', &text);
		struct span name = decode(span_split(pair, '=', &value), at);
		enum sendsms_field field = field_of(name, alias);

		if (field == SENDSMS_FIELDS)
			continue;
		if (field == without) {
			*seen = true;
			continue;
		}
		if (fields->value[field].ptr)
			continue;
		fields->value[field] = decode(value, at);
		at += fields->value[field].len + 1;
	}
	return at;
}

int sendsms_fields_form(struct sendsms_fields *fields, struct span text, enum sendsms_field without,
                        bool *seen)
{
	bool nobody_asks = false;
	char *at = NULL;
	int err = 0;

	if (!text.len)
		return 0;
	/* Each value once, with its NUL where "=" or "&" stood, and room to decode a name into. */
	err = take_memory(fields, 2 * text.len + SENDSMS_FIELDS + 1, &at);
	if (err)
		return err;
	if (!seen)
		seen = &nobody_asks;
	at = add_pairs(fields, text, false, without, seen, at);
	add_pairs(fields, text, true, without, seen, at);
	return 0;
}

/* In place; false: not hexadecimal. */
static bool from_hex(struct span *value, char *at)
{
	if (value->len % 2)
		return false;
	for (size_t i = 0; i < value->len; i += 2)
		if (!from_digits(value->ptr + i, &at[i / 2]))
			return false;
	at[value->len / 2] = '\0';
	*value = (struct span){at, value->len / 2};
	return true;
}

static struct span copy_header(enum sendsms_field field, struct span value, char *at)
{
	if (field == SENDSMS_UDH) {
		struct span octets = value;

		return from_hex(&octets, at) ? octets : decode(value, at);
	}
	if (value.len)
		memcpy(at, value.ptr, value.len);
	at[value.len] = '\0';
	return (struct span){at, value.len};
}

int sendsms_fields_headers(struct sendsms_fields *fields, sendsms_header_fn *header,
                           const void *arg)
{
	struct span found[SENDSMS_FIELDS] = {0};
	size_t size = SENDSMS_FIELDS;
	char *at = NULL;
	int err;

	for (int i = 0; i < SENDSMS_FIELDS; i++) {
		if (!names[i].header)
			continue;
		found[i] = header(arg, names[i].header);
		if (found[i].ptr)
			found[i] = span_trim(found[i]);
		size += found[i].len;
	}
	err = take_memory(fields, size, &at);
	for (int i = 0; !err && i < SENDSMS_FIELDS; i++) {
		if (!found[i].ptr || fields->value[i].ptr)
			continue;
		fields->value[i] = copy_header((enum sendsms_field)i, found[i], at);
		at += fields->value[i].len + 1;
	}
	return err;
}

int sendsms_fields_number(const struct sendsms_fields *fields, enum sendsms_field field)
{
	struct span value = fields->value[field];
	char *end = NULL;
	long number;

	if (!value.ptr)
		return SENDSMS_UNSET;
	number = strtol(value.ptr, &end, 10);
	if (end == value.ptr)
		return SENDSMS_UNSET;
	if (number > NUMBER_MAX)
		return NUMBER_MAX;
	return number < -NUMBER_MAX ? -NUMBER_MAX : (int)number;
}

void sendsms_fields_fini(struct sendsms_fields *fields)
{
	for (size_t i = 0; i < SENDSMS_SOURCES_MAX; i++) {
		if (fields->memory[i].text)
			explicit_bzero(fields->memory[i].text, fields->memory[i].size);
		free(fields->memory[i].text);
	}
	*fields = (struct sendsms_fields){0};
}
