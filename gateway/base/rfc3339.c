/* RFC 3339, 5.6: read by a cursor, checked against the calendar. */
#include "rfc3339.h"

#include "cursor.h"

#include <stdio.h>
#include <time.h>

#define LAST_MS UINT64_C(253402300799999) /* of the year 9999 */

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01; the year counts from March, so that a leap day ends it. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t in_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static void fail(struct cursor *c)
{
	c->bad = true;
}

/* Exactly count digits; anything else makes the cursor bad. */
static unsigned digits(struct cursor *c, unsigned count)
{
	unsigned value = 0;

	for (unsigned i = 0; i < count; i++) {
		uint8_t digit = cur_u8(c);

		if (digit < '0' || digit > '9')
			fail(c);
		value = value * 10 + (digit - (unsigned)'0');
	}
	return value;
}

static void sign(struct cursor *c, const char *allowed)
{
	uint8_t at = cur_u8(c);

	if (!at || !strchr(allowed, at))
		fail(c);
}

static uint8_t peek(const struct cursor *c)
{
	struct cursor ahead = *c;

	return cur_left(c) ? cur_u8(&ahead) : 0;
}

static int64_t fraction_ms(struct cursor *c)
{
	int64_t ms = 0, unit = 100;

	if (peek(c) != '.')
		return 0;
	cur_u8(c);
	ms = (int64_t)digits(c, 1) * unit;
	while (peek(c) >= '0' && peek(c) <= '9') {
		unit /= 10;
		ms += (int64_t)digits(c, 1) * unit;
	}
	return ms;
}

static int64_t offset_s(struct cursor *c)
{
	uint8_t at = cur_u8(c);
	unsigned hours, minutes;

	if (at == 'Z' || at == 'z')
		return 0;
	hours = digits(c, 2);
	sign(c, ":");
	minutes = digits(c, 2);
	if ((at != '+' && at != '-') || hours > 23 || minutes > 59)
		fail(c);
	return (at == '-' ? -60 : 60) * ((int64_t)hours * 60 + minutes);
}

static int64_t date_days(struct cursor *c)
{
	unsigned year = digits(c, 4), month, day;

	sign(c, "-");
	month = digits(c, 2);
	sign(c, "-");
	day = digits(c, 2);
	if (cur_check(c) || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) {
		fail(c);
		return 0;
	}
	return days_since_1970(year, month, day);
}

static int64_t time_s(struct cursor *c)
{
	unsigned hour = digits(c, 2), minute, second;

	sign(c, ":");
	minute = digits(c, 2);
	sign(c, ":");
	second = digits(c, 2);
	if (hour > 23 || minute > 59 || second > 60)
		fail(c);
	return ((int64_t)hour * 60 + minute) * 60 + second;
}

int rfc3339_parse(struct span text, uint64_t *out_ms)
{
	struct cursor c = cur_span(text);
	int64_t s = date_days(&c) * 24 * 3600, ms;

	sign(&c, "Tt ");
	s += time_s(&c);
	ms = fraction_ms(&c);
	s -= offset_s(&c);
	if (cur_check(&c) || cur_left(&c))
		return -EBADMSG;
	if (s < 0)
		return -ERANGE;
	*out_ms = (uint64_t)(s * 1000 + ms);
	return 0;
}

static void date_and_time(uint64_t ms, char out[RFC3339_SIZE])
{
	time_t seconds = (time_t)((ms < LAST_MS ? ms : LAST_MS) / 1000);
	struct tm utc;

	strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
}

const char *rfc3339_format(uint64_t ms, char out[RFC3339_SIZE])
{
	size_t len;

	date_and_time(ms, out);
	len = strlen(out);
	snprintf(out + len, RFC3339_SIZE - len, "Z");
	return out;
}

const char *rfc3339_format_ms(uint64_t ms, char out[RFC3339_SIZE])
{
	unsigned rest = (unsigned)((ms < LAST_MS ? ms : LAST_MS) % 1000);
	size_t len;

	date_and_time(ms, out);
	len = strlen(out);
	snprintf(out + len, RFC3339_SIZE - len, ".%03uZ", rest);
	return out;
}
