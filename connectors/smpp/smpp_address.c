/* Numbers and times. */
#include "smpp_address.h"

#include <stdio.h>
#include <time.h>

#include "smpp_gsm7.h"
#include "smpp_pdu.h"

const char *const smpp_dest_format_names[] = {"international", "plus",     "zeros",
                                              "national",      "received", NULL};

enum {
	SHORT_CODE_MAX = 6,
	E164_MAX = 15,
	NATIONAL_LEAST = 5,
	NAME_MAX_OCTETS = 64,
	LOCAL_MAX = 20,
	NAME_SEPTETS_MAX = 11
};

static const struct span scheme = {"sms:", 4};

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

static struct span from(struct span s, size_t n)
{
	return (struct span){s.ptr + n, s.len - n};
}

/* Drops what people and databases put between digits; -EINVAL when it does not fit. */
static int squeeze(struct span raw, char *out, size_t size, struct span *squeezed)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] && strchr(" -()./", raw.ptr[i]))
			continue;
		if (len == size)
			return -EINVAL;
		out[len++] = raw.ptr[i];
	}
	*squeezed = (struct span){out, len};
	return 0;
}

static int put(struct span prefix, struct span digits, size_t most, char *out, size_t size)
{
	if (digits.len == 0 || digits.len + prefix.len > most || !all_digits(digits))
		return -EINVAL;
	return snprintf(out, size, "sms:+%.*s%.*s", SPAN_FMT(prefix), SPAN_FMT(digits)) < (int)size
	               ? 0
	               : -EINVAL;
}

/* A number without a sign of its country. */
static int put_bare(struct span s, unsigned ton, struct span country, char *out, size_t size)
{
	if (ton == SMPP_TON_INTERNATIONAL)
		return put(SPAN_NONE, s, E164_MAX, out, size);
	if (ton == SMPP_TON_NETWORK_SPECIFIC || ton == SMPP_TON_ABBREVIATED ||
	    s.len <= SHORT_CODE_MAX)
		return snprintf(out, size, "sms:%.*s", SPAN_FMT(s)) < (int)size ? 0 : -EINVAL;
	if (country.len == 0)
		return -EINVAL;
	if (ton != SMPP_TON_NATIONAL && span_starts(s, country) &&
	    s.len >= country.len + NATIONAL_LEAST)
		return put(SPAN_NONE, s, E164_MAX, out, size);
	/* The trunk prefix is not dialled behind a country code. */
	if (*s.ptr == '0')
		s = from(s, 1);
	return put(country, s, E164_MAX, out, size);
}

static int put_name(struct span s, char *out, size_t size)
{
	/* A plus is a number's: no name may look like one. */
	if (s.len > NAME_MAX_OCTETS || s.len == 0 || *s.ptr == '+')
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.ptr[i] < ' ' || s.ptr[i] == 0x7F)
			return -EINVAL;
	return snprintf(out, size, "sms:%.*s", SPAN_FMT(s)) < (int)size ? 0 : -EINVAL;
}

int smpp_address_canonical(struct span raw, unsigned ton, struct span country, char *out,
                           size_t size)
{
	char digits[SMPP_ADDRESS_SIZE];
	struct span s;

	if (span_starts(raw, scheme))
		raw = from(raw, scheme.len);
	raw = span_trim(raw);
	if (squeeze(raw, digits, sizeof(digits), &s) || s.len == 0)
		return -EINVAL;
	if (*s.ptr == '+')
		return put(SPAN_NONE, from(s, 1), E164_MAX, out, size);
	if (!all_digits(s) || ton == SMPP_TON_ALPHANUMERIC)
		return put_name(raw, out, size);
	if (s.len > SHORT_CODE_MAX && span_starts(s, SPAN_LIT("00")))
		return put(SPAN_NONE, from(s, 2), E164_MAX, out, size);
	return put_bare(s, ton, country, out, size);
}

static int copy_number(struct smpp_number *out, unsigned ton, unsigned npi, const char *prefix,
                       struct span digits)
{
	int len = snprintf(out->digits, sizeof(out->digits), "%s%.*s", prefix, SPAN_FMT(digits));

	if (len < 0 || (size_t)len >= sizeof(out->digits))
		return -EINVAL;
	out->ton = (uint8_t)ton;
	out->npi = (uint8_t)npi;
	return 0;
}

int smpp_address_dest(struct span address, enum smpp_dest_format format, struct span country,
                      struct smpp_number *out)
{
	struct span s;

	if (!span_starts(address, scheme) || address.len == scheme.len)
		return -EINVAL;
	s = from(address, scheme.len);
	if (*s.ptr != '+') {
		/* A short code may be written to; a name may not. */
		if (!all_digits(s))
			return -EINVAL;
		return copy_number(out, SMPP_TON_NETWORK_SPECIFIC, SMPP_NPI_ISDN, "", s);
	}
	s = from(s, 1);
	if (!all_digits(s))
		return -EINVAL;
	if (format == SMPP_DEST_NATIONAL && country.len && span_starts(s, country))
		return copy_number(out, SMPP_TON_NATIONAL, SMPP_NPI_ISDN, "", from(s, country.len));
	if (format == SMPP_DEST_NATIONAL || format == SMPP_DEST_ZEROS)
		return copy_number(out, SMPP_TON_UNKNOWN, SMPP_NPI_ISDN, "00", s);
	return copy_number(out, SMPP_TON_INTERNATIONAL, SMPP_NPI_ISDN,
	                   format == SMPP_DEST_PLUS ? "+" : "", s);
}

/* An alphanumeric address has 11 septets (23.040, 9.1.2.5); its octets here are ASCII. */
static bool is_sendable_name(struct span name)
{
	size_t septets = 0;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = (uint8_t)name.ptr[i];
		unsigned width = c < 0x80 && c >= ' ' ? smpp_gsm7_width(c) : 0;

		if (!width)
			return false;
		septets += width;
	}
	return septets <= NAME_SEPTETS_MAX;
}

int smpp_address_source(struct span local, struct smpp_number *out)
{
	if (local.len == 0)
		return copy_number(out, SMPP_TON_UNKNOWN, SMPP_NPI_UNKNOWN, "", local);
	if (*local.ptr == '+')
		return copy_number(out, SMPP_TON_INTERNATIONAL, SMPP_NPI_ISDN, "", from(local, 1));
	if (!all_digits(local))
		return is_sendable_name(local) ? copy_number(out, SMPP_TON_ALPHANUMERIC,
		                                             SMPP_NPI_UNKNOWN, "", local)
		                               : -EINVAL;
	/* A short code with an extension may be as long as a number: it bears no plus. */
	return copy_number(out, SMPP_TON_NETWORK_SPECIFIC, SMPP_NPI_UNKNOWN, "", local);
}

struct span smpp_address_extension(struct span local, char *const *codes)
{
	size_t longest = 0;

	for (; codes && *codes; codes++) {
		struct span code = span_of(*codes);

		if (code.len > longest && all_digits(code) && span_starts(local, code))
			longest = code.len;
	}
	if (!longest || !all_digits(local) || local.len > LOCAL_MAX)
		return SPAN_NONE;
	return from(local, longest);
}

bool smpp_address_is_ours(struct span local, char *const *codes)
{
	for (; codes && *codes; codes++) {
		struct span code = span_of(*codes);

		if (span_eq(local, code))
			return true;
		if (local.len <= LOCAL_MAX && all_digits(code) && all_digits(local) &&
		    span_starts(local, code))
			return true;
	}
	return false;
}

void smpp_time_absolute(uint64_t wall_ms, int quarters, char out[17])
{
	enum { QUARTER = 900 };
	time_t s = (time_t)((wall_ms + 999) / 1000) + (time_t)quarters * QUARTER;
	unsigned offset = (unsigned)(quarters < 0 ? -quarters : quarters);
	struct tm t;

	gmtime_r(&s, &t);
	snprintf(out, 17, "%02u%02u%02u%02u%02u%02u0%02u%c", (unsigned)t.tm_year % 100,
	         ((unsigned)t.tm_mon + 1) % 100, (unsigned)t.tm_mday % 100,
	         (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100,
	         offset % 100, quarters < 0 ? '-' : '+');
}

void smpp_time_relative(uint64_t ms, char out[17])
{
	enum { DAY = 86400 };
	uint64_t s = ((ms < SMPP_TIME_MAX_MS ? ms : SMPP_TIME_MAX_MS) + 999) / 1000;

	/* Months are not used: nobody agrees on their length.  */
	snprintf(out, 17, "0000%02u%02u%02u%02u000R", (unsigned)(s / DAY),
	         (unsigned)(s % DAY / 3600), (unsigned)(s % 3600 / 60), (unsigned)(s % 60));
}
