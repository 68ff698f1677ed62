/* Choosing a wording, filling it in, and measuring it for SMS. */
#include "render.h"

#include "catalogue_parts.h"
#include "utf8.h"

#define SMS_SEPTETS 160
#define SMS_UCS2_UNITS 70

static const char *const media[] = {"", "sms", "wechat", "web"};

enum medium medium_of(struct span name)
{
	for (unsigned i = MEDIUM_SMS; i < MEDIUM_COUNT; i++)
		if (span_is(name, media[i]))
			return (enum medium)i;
	return span_is(name, "webchat") ? MEDIUM_WEB : MEDIUM_ANY;
}

static const struct wording *choose(const struct template *t, const struct render_order *order)
{
	enum language language =
		order->language < LANGUAGE_COUNT ? order->language : t->first_language;
	const struct wording *w = t->wording[order->medium][language];

	return w ? w : t->wording[MEDIUM_ANY][language];
}

static const struct render_value *value_of(const struct render_order *order, struct span name)
{
	for (size_t i = 0; i < order->count; i++)
		if (span_eq(order->values[i].name, name))
			return &order->values[i];
	return NULL;
}

static int put_variable(const struct template_variable *v, const struct render_order *order,
                        struct buf *out, struct span *culprit)
{
	const struct render_value *value = value_of(order, v->name);

	if (value && !variable_refuse(v, value->value)) {
		buf_add(out, value->value);
		return 0;
	}
	*culprit = v->name;
	return value ? -EINVAL : -ENOENT;
}

int template_render(const struct template *t, const struct render_order *order, struct buf *out,
                    struct span *culprit)
{
	const struct wording *w = choose(t, order);
	size_t before = out->len;
	int err = w ? 0 : -ENODATA;

	for (size_t i = 0; err == 0 && i < w->count; i++) {
		buf_add(out, w->pieces[i].literal);
		if (w->pieces[i].variable)
			err = put_variable(w->pieces[i].variable, order, out, culprit);
	}
	if (err == 0)
		err = buf_check(out);
	if (err < 0)
		out->len = before;
	return err;
}

int template_source(const struct template *t, enum language language, enum medium medium,
                    struct buf *out)
{
	const struct render_order order = {.language = language, .medium = medium};
	const struct wording *w = choose(t, &order);

	if (!w)
		return -ENODATA;
	for (size_t i = 0; i < w->count; i++) {
		buf_add(out, w->pieces[i].literal);
		if (w->pieces[i].variable)
			buf_printf(out, "{{%.*s}}", SPAN_FMT(w->pieces[i].variable->name));
	}
	return buf_check(out);
}

/* --- variables ----------------------------------------------------------------------------------
 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, with these signs among them; signs alone are none. */
static bool all_of(struct span s, const char *also)
{
	bool any = false;

	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]) && !(s.ptr[i] && strchr(also, s.ptr[i])))
			return false;
		any |= is_digit(s.ptr[i]);
	}
	return any;
}

/* The value by a pattern: 9 stands for a digit, everything else for itself. */
static bool like(struct span s, const char *pattern)
{
	for (size_t i = 0; i < s.len; i++)
		if (pattern[i] == '9' ? !is_digit(s.ptr[i]) : s.ptr[i] != pattern[i])
			return false;
	return s.len == strlen(pattern);
}

static unsigned two_digits(struct span s, size_t at)
{
	return (unsigned)(s.ptr[at] - '0') * 10 + (unsigned)(s.ptr[at + 1] - '0');
}

/* One that the calendar has: 2026-02-30 is none. */
static bool is_date(struct span s)
{
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day;
	bool leap;

	if (!like(s, "9999-99-99"))
		return false;
	year = two_digits(s, 0) * 100 + two_digits(s, 2);
	month = two_digits(s, 5);
	day = two_digits(s, 8);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
	       (month != 2 || day < 29 || leap);
}

static bool is_time(struct span s)
{
	return like(s, "99:99") && two_digits(s, 3) < 60 &&
	       two_digits(s, 0) * 60 + two_digits(s, 3) <= 24 * 60;
}

static bool is_code(struct span s)
{
	bool any = false;

	for (size_t i = 0; i < s.len; i++) {
		char lower = (char)(s.ptr[i] | 0x20);

		if (!is_digit(s.ptr[i]) && !(lower >= 'a' && lower <= 'z') && s.ptr[i] != '-')
			return false;
		any |= s.ptr[i] != '-';
	}
	return any;
}

static bool is_link(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0;
}

/* Text of one line: what a variable holds must not add lines or controls to a wording. */
static bool is_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7F)
			return false;
	return true;
}

static bool is_phone(struct span s)
{
	if (s.len && s.ptr[0] == '+')
		s = (struct span){s.ptr + 1, s.len - 1};
	return all_of(s, "-");
}

static const char *refuse_type(enum variable_type type, struct span value)
{
	switch (type) {
	case VARIABLE_AMOUNT:
		return all_of(value, ",.-") ? NULL : "is not an amount like 1,234.00";
	case VARIABLE_NUMBER:
		return all_of(value, "") ? NULL : "is not a number of digits only";
	case VARIABLE_CODE:
		return is_code(value) ? NULL : "is not letters, digits and - only";
	case VARIABLE_TAIL:
		return like(value, "9999") ? NULL : "is not four digits";
	case VARIABLE_DATE:
		return is_date(value) ? NULL : "is not a date like 2026-11-22";
	case VARIABLE_TIME:
		return is_time(value) ? NULL : "is not a time like 18:30";
	case VARIABLE_PHONE:
		return is_phone(value) ? NULL : "is not a phone number";
	case VARIABLE_LINK:
		return is_link(value) ? NULL : "is not a link of printable ASCII";
	case VARIABLE_TEXT:
	case VARIABLE_NAME:
	case VARIABLE_TYPES:
		break;
	}
	return value.len ? NULL : "is empty";
}

const char *variable_refuse(const struct template_variable *v, struct span value)
{
	if (!utf8_valid(value))
		return "is not valid UTF-8";
	if (!is_line(value))
		return "has control characters or line ends";
	if (utf8_count(value) > v->max)
		return "is too long";
	return refuse_type(v->type, value);
}

const char *variable_type_name(enum variable_type type)
{
	static const char *const names[VARIABLE_TYPES] = {"text",  "name", "amount", "number",
	                                                  "code",  "tail", "date",   "time",
	                                                  "phone", "link"};

	return names[type];
}

/* --- SMS -----------------------------------------------------------------------------------------
 */

/* GSM 03.38 6.2.1: the basic set beyond what it shares with ASCII, and the extension table. */
static const uint32_t gsm_beyond_ascii[] = {
	0xA3,  0xA5,  0xE8,  0xE9,  0xF9,  0xEC,  0xF2,  0xC7,  0xD8,  0xF8, 0xC5, 0xE5, 0x394,
	0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, 0xC6, 0xE6, 0xDF, 0xC9,
	0xA4,  0xA1,  0xC4,  0xD6,  0xD1,  0xDC,  0xA7,  0xBF,  0xE4,  0xF6, 0xF1, 0xFC, 0xE0};

static unsigned gsm_septets(uint32_t code)
{
	if (code == 0x20AC || (code < 0x80 && code && strchr("^{}\\[~]|\f", (int)code)))
		return 2;
	if (code == '\n' || code == '\r')
		return 1;
	if (code >= ' ' && code < 0x7F)
		return code != '`';
	for (size_t i = 0; i < ARRAY_LEN(gsm_beyond_ascii); i++)
		if (gsm_beyond_ascii[i] == code)
			return 1;
	return 0;
}

struct render_sms render_sms_measure(struct span text)
{
	struct render_sms sms = {0};
	size_t septets = 0, units = 0;
	uint32_t code;

	while (text.len && utf8_next(&text, &code) == 0) {
		unsigned here = gsm_septets(code);

		if (!here && !sms.forced)
			sms.forced = code;
		septets += here;
		units += code > 0xFFFF ? 2 : 1;
	}
	sms.ucs2 = sms.forced != 0;
	sms.units = sms.ucs2 ? units : septets;
	sms.single = sms.units <= (sms.ucs2 ? SMS_UCS2_UNITS : SMS_SEPTETS);
	return sms;
}
