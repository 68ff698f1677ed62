/*
 * The checks of kannel 1.4.5's sendsms, one after the other, with its words: scripts compare them.
 * What ours refuses beyond them says so in words of the same kind.
 */
#include "sendsms_order.h"

#include "dlr_url.h"
#include "utf8.h"

#include <ctype.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
	MINUTE_MS = 60000,
	ACCOUNT_MAX = 64,
	URL_MAX = 2000,
	NOTE_MAX = 1000,
	NUMBER_MAX = 64,
	SERVICE_TYPE_MAX = 5
};

#define MASK_ALL 63U

static const char denied[] = "Number(s) has/have been denied by white- and/or black-lists.";
static const char bad_text[] = "Charset or body misformed, rejected";

/* Not the NUL at the end of the list, as strchr() has it. */
static bool is_one_of(const char *list, char c)
{
	return c && strchr(list, c);
}

/* --- Receivers ------------------------------------------------------------------------------ */

/* What kannel takes for a number, unless it is told otherwise. */
static bool is_number(struct span s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits += isdigit((unsigned char)s.ptr[i]) != 0;
		if (!isdigit((unsigned char)s.ptr[i]) && !is_one_of("+-", s.ptr[i]))
			return false;
	}
	return digits && s.len <= NUMBER_MAX;
}

static bool has_receiver(const struct sendsms_order *order, struct span to)
{
	for (size_t i = 0; i < order->to_count; i++)
		if (span_eq(order->to[i], to))
			return true;
	return false;
}

static const char *read_receivers(const struct sendsms_fields *fields, struct sendsms_order *order)
{
	struct span rest = fields->value[SENDSMS_TO];

	while (rest.len) {
		struct span to = span_split(rest, ' ', &rest);

		if (!is_number(to) || has_receiver(order, to))
			continue;
		if (order->to_count == SENDSMS_RECEIVERS_MAX)
			return "Too many receivers, rejected";
		order->to[order->to_count++] = to;
	}
	return order->to_count ? NULL : denied;
}

static const char *check_receivers(const struct sendsms_fields *fields, bool body)
{
	if (!fields->value[SENDSMS_TO].ptr)
		return body ? "Missing receiver(s) number(s), rejected"
		            : "Missing receiver number, rejected";
	if (!fields->value[SENDSMS_TO].len)
		return "Empty receiver number not allowed, rejected";
	return NULL;
}

/* --- Numbers -------------------------------------------------------------------------------- */

/* In the order in which kannel looks at them; each may be SENDSMS_UNSET. */
static const struct {
	enum sendsms_field field;
	int most; /* 0: none */
	const char *refusal;
} numbers[] = {
	{SENDSMS_DLR_MASK, 0,   "DLR-Mask field misformed, rejected"},
	{SENDSMS_MCLASS,   3,   "MClass field misformed, rejected"  },
	{SENDSMS_PID,      255, "PID field misformed, rejected"     },
	{SENDSMS_RPI,      2,   "RPI field misformed, rejected"     },
	{SENDSMS_ALT_DCS,  1,   "Alt-DCS field misformed, rejected" },
	{SENDSMS_MWI,      7,   "MWI field misformed, rejected"     },
	{SENDSMS_CODING,   2,   "Coding field misformed, rejected"  },
	{SENDSMS_COMPRESS, 1,   "Compress field misformed, rejected"},
	{SENDSMS_VALIDITY, 0,   "Validity field misformed, rejected"},
	{SENDSMS_DEFERRED, 0,   "Deferred field misformed, rejected"},
	{SENDSMS_PRIORITY, 3,   "Priority field misformed, rejected"},
};

static const char *check_numbers(const struct sendsms_fields *fields)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int value = sendsms_fields_number(fields, numbers[i].field);

		if (value < SENDSMS_UNSET || (numbers[i].most && value > numbers[i].most))
			return numbers[i].refusal;
	}
	return NULL;
}

/* A length of time in minutes; 0: none. */
static uint64_t minutes_ms(const struct sendsms_fields *fields, enum sendsms_field field)
{
	int minutes = sendsms_fields_number(fields, field);

	return minutes > 0 ? (uint64_t)minutes * MINUTE_MS : 0;
}

static void read_numbers(const struct sendsms_fields *f, struct sendsms_order *order)
{
	int mask = sendsms_fields_number(f, SENDSMS_DLR_MASK);
	int rpi = sendsms_fields_number(f, SENDSMS_RPI);

	order->dlr_mask = mask > 0 && f->value[SENDSMS_DLR_URL].len ? (unsigned)mask & MASK_ALL : 0;
	order->mclass = sendsms_fields_number(f, SENDSMS_MCLASS);
	order->priority = sendsms_fields_number(f, SENDSMS_PRIORITY);
	order->validity_ms = minutes_ms(f, SENDSMS_VALIDITY);
	order->deferred_ms = minutes_ms(f, SENDSMS_DEFERRED);
	order->sms.message_waiting = sendsms_fields_number(f, SENDSMS_MWI);
	order->sms.protocol_id = sendsms_fields_number(f, SENDSMS_PID);
	order->sms.compressed = sendsms_fields_number(f, SENDSMS_COMPRESS);
	order->sms.class_coding = sendsms_fields_number(f, SENDSMS_ALT_DCS);
	order->sms.reply_path = rpi > 0 ? 1 : rpi;
	if (order->dlr_mask & DLR_BUFFERED)
		order->sms.intermediate = 1;
}

/* --- Texts beside the text ------------------------------------------------------------------ */

static const char *check_account(struct span account)
{
	if (account.len > ACCOUNT_MAX || !utf8_valid(account))
		return "Account field misformed or too long, rejected";
	for (size_t i = 0; i < account.len; i++)
		if (strchr("[]\n\r", account.ptr[i]))
			return "Account field misformed or too long, rejected";
	return NULL;
}

static const char *check_url(struct span url)
{
	if (url.len && (url.len > URL_MAX || !dlr_url_valid(url)))
		return "DLR-URL field misformed, rejected";
	return NULL;
}

static const char *check_notes(const struct sendsms_fields *fields)
{
	static const enum sendsms_field notes[] = {SENDSMS_BINFO, SENDSMS_META_DATA, SENDSMS_SMSC,
	                                           SENDSMS_FROM};

	for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
		struct span note = fields->value[notes[i]];

		/* They travel as JSON, which has no NUL for who reads it. */
		if (note.len > NOTE_MAX || !utf8_valid(note) ||
		    (note.len && memchr(note.ptr, 0, note.len)))
			return "Field misformed or too long, rejected";
	}
	return NULL;
}

static const char *check_header(struct span udh)
{
	if (!udh.len)
		return NULL;
	if (udh.len != (size_t)(uint8_t)udh.ptr[0] + 1)
		return "UDH field misformed, rejected";
	if (udh.len > SMS_USER_DATA_MAX)
		return "UDH field is too long, rejected";
	return NULL;
}

static const char *read_sender(const struct sendsms_fields *fields, struct span fallback,
                               struct sendsms_order *order)
{
	order->from = fields->value[SENDSMS_FROM];
	if (!order->from.len)
		order->from = fallback;
	return order->from.len ? NULL : "Sender missing and no global set, rejected";
}

/* --- The text ------------------------------------------------------------------------------- */

/* What texts for phones are written in. A name from outside chooses a module that iconv loads, and
 * not all of those are looked after. */
static const char *const charsets[] = {
	"UTF-8",     "UTF-16", "UCS-2",    "US-ASCII", "ASCII", "ISO-8859-", "ISO8859-",
	"LATIN",     "CP12",   "WINDOWS-", "GB",       "CP936", "BIG5",      "EUC-",
	"SHIFT_JIS", "SJIS",   "KOI8-",    "CP8",      "CP949", "MACINTOSH", "TIS-620",
};

static bool is_charset(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && !is_one_of("-_", name.ptr[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		if (name.len >= strlen(charsets[i]) &&
		    strncasecmp(name.ptr, charsets[i], strlen(charsets[i])) == 0)
			return true;
	return false;
}

/* All of it or nothing; out has limits of its own. */
static bool convert(iconv_t how, struct span in, struct buf *out)
{
	/* iconv takes its input as char ** and does not write to it. */
	char *from = (char *)(uintptr_t)in.ptr;
	size_t left = in.len, room = 4 * in.len + 16;
	char *at = buf_room(out, room), *to = at;

	if (!at || iconv(how, &from, &left, &to, &room) == (size_t)-1 ||
	    iconv(how, NULL, NULL, &to, &room) == (size_t)-1)
		return false;
	buf_add_len(out, (size_t)(to - at));
	return true;
}

static bool to_utf8(struct span charset, struct span in, struct buf *out)
{
	char name[64];
	iconv_t how;
	bool done;

	if (!is_charset(charset) || charset.len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", SPAN_FMT(charset));
	how = iconv_open("UTF-8", name);
	if (how == (iconv_t)-1)
		return false;
	done = convert(how, in, out);
	iconv_close(how);
	return done;
}

static const char *read_text(const struct sendsms_fields *fields, struct sendsms_order *order)
{
	struct span charset = fields->value[SENDSMS_CHARSET], text = fields->value[SENDSMS_TEXT];

	if (!charset.len)
		charset = order->sms.coding == SMS_CODING_UCS2 ? SPAN_LIT("UTF-16BE")
		                                               : SPAN_LIT("UTF-8");
	if (text.len > SENDSMS_TEXT_MAX || (text.len && !to_utf8(charset, text, &order->memory)))
		return bad_text;
	order->text = buf_span(&order->memory);
	return order->text.len > SENDSMS_TEXT_MAX || !utf8_valid(order->text) ? bad_text : NULL;
}

/* What stands in lists and logs for octets that are no text. */
static const char *read_octets(struct span octets, struct sendsms_order *order)
{
	if (octets.len > SENDSMS_TEXT_MAX)
		return bad_text;
	order->sms.octets = octets;
	buf_printf(&order->memory, "[binary SMS 二进制短信: %zu]", octets.len);
	order->text = buf_span(&order->memory);
	return NULL;
}

static const char *read_content(const struct sendsms_fields *fields, bool octets,
                                struct sendsms_order *order)
{
	static const enum sms_coding codings[] = {SMS_CODING_TEXT, SMS_CODING_OCTETS,
	                                          SMS_CODING_UCS2};
	int coding = sendsms_fields_number(fields, SENDSMS_CODING);
	const char *why;

	if (coding == SENDSMS_UNSET)
		coding = octets || order->sms.udh.len ? 1 : 0;
	order->sms.coding = codings[coding];
	why = coding == 1 ? read_octets(fields->value[SENDSMS_TEXT], order)
	                  : read_text(fields, order);
	return !why && buf_check(&order->memory) ? bad_text : why;
}

/* --- The whole ------------------------------------------------------------------------------ */

const char *sendsms_order_read(const struct sendsms_fields *fields,
                               const struct sendsms_defaults *defaults, struct sendsms_order *order)
{
	const char *why = check_receivers(fields, defaults->body);

	*order = (struct sendsms_order){.smsc = fields->value[SENDSMS_SMSC],
	                                .dlr_url = fields->value[SENDSMS_DLR_URL],
	                                .account = fields->value[SENDSMS_ACCOUNT],
	                                .binfo = fields->value[SENDSMS_BINFO],
	                                .meta = fields->value[SENDSMS_META_DATA]};
	sms_options_init(&order->sms);
	buf_init(&order->memory, 4 * (size_t)SENDSMS_TEXT_MAX + 64);
	order->sms.udh = fields->value[SENDSMS_UDH];
	if (!why)
		why = check_header(order->sms.udh);
	if (!why)
		why = read_receivers(fields, order);
	if (!why)
		why = read_sender(fields, defaults->from, order);
	if (!why)
		why = check_account(order->account);
	if (!why)
		why = check_url(order->dlr_url);
	if (!why)
		why = check_numbers(fields);
	if (!why)
		why = check_notes(fields);
	if (why)
		return why;
	read_numbers(fields, order);
	/* Where kannel puts it; what does not fit there is for the reports alone. */
	if (order->binfo.len <= SERVICE_TYPE_MAX)
		order->sms.service_type = order->binfo;
	return read_content(fields, defaults->octets, order);
}

void sendsms_order_fini(struct sendsms_order *order)
{
	buf_fini(&order->memory);
}

static const struct {
	const char *name;
	size_t order, report;
} told[] = {
	{"url",     offsetof(struct sendsms_order, dlr_url), offsetof(struct sendsms_report, url)    },
	{"account", offsetof(struct sendsms_order, account),
         offsetof(struct sendsms_report,						     account)},
	{"binfo",   offsetof(struct sendsms_order, binfo),   offsetof(struct sendsms_report, binfo)  },
	{"meta",    offsetof(struct sendsms_order, meta),    offsetof(struct sendsms_report, meta)   },
	{"from",    offsetof(struct sendsms_order, from),    offsetof(struct sendsms_report, from)   },
};

static json_t *report_json(const struct sendsms_order *order, struct span to, const char *user,
                           struct span channel)
{
	json_t *object = json_pack("{s:s, s:i}", "user", user, "mask", (int)order->dlr_mask);

	if (!object)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		strict_json_set(
			object, told[i].name,
			*(const struct span *)(const void *)((const char *)order + told[i].order));
	strict_json_set(object, "to", to);
	strict_json_set(object, "smsc", channel);
	return object;
}

char *sendsms_order_options(const struct sendsms_order *order, struct span to, const char *user,
                            struct span channel, int *err)
{
	json_t *object = json_object(), *sms = sms_options_json(&order->sms, err);

	if (!object)
		*err = -ENOMEM;
	if (sms)
		json_object_set_new(object, "sms", sms);
	if (order->dlr_mask && !*err &&
	    json_object_set_new(object, "dlr", report_json(order, to, user, channel)))
		*err = -ENOMEM;
	if (*err || !json_object_size(object)) {
		json_decref(object);
		return NULL;
	}
	return strict_json_dump(object);
}

static struct span text_of(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	return (struct span){json_string_value(member), json_string_length(member)};
}

bool sendsms_report_read(struct span options, struct sendsms_report *out)
{
	const json_t *dlr;

	*out = (struct sendsms_report){0};
	if (!options.len)
		return false;
	out->options = json_loadb(options.ptr, options.len, JSON_REJECT_DUPLICATES, NULL);
	dlr = json_object_get(out->options, "dlr");
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		*(struct span *)(void *)((char *)out + told[i].report) = text_of(dlr, told[i].name);
	out->user = text_of(dlr, "user");
	out->to = text_of(dlr, "to");
	out->smsc = text_of(dlr, "smsc");
	out->mask = (unsigned)json_integer_value(json_object_get(dlr, "mask"));
	return out->url.len && out->user.len && out->mask;
}

void sendsms_report_fini(struct sendsms_report *report)
{
	json_decref(report->options);
	*report = (struct sendsms_report){0};
}
