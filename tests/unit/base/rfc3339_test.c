/* Points in time as RFC 3339 writes them; the examples of its 5.8, and what is not one. */
#include "rfc3339.h"
#include "unit.h"

static const struct vector {
	const char *text;
	int err;
	uint64_t ms;
} vectors[] = {
	{"1985-04-12T23:20:50.52Z",        0,        482196050520   },
	{"1996-12-19T16:39:57-08:00",      0,        851042397000   },
	{"1990-12-31T23:59:60Z",           0,        662688000000   },
	{"1990-12-31T15:59:60-08:00",      0,        662688000000   },
	{"1937-01-01T12:00:27.87+00:20",   -ERANGE,  0              },
	{"1970-01-01T00:00:00Z",           0,        0              },
	{"2000-02-29t12:00:00z",           0,        951825600000   },
	{"2024-02-29 00:00:00+08:00",      0,        1709136000000  },
	{"2026-03-01T09:00:00+08:00",      0,        1772326800000  },
	{"9999-12-31T23:59:59.999999999Z", 0,        253402300799999},
	{"2023-02-29T00:00:00Z",           -EBADMSG, 0              },
	{"1900-02-29T00:00:00Z",           -EBADMSG, 0              },
	{"2023-13-01T00:00:00Z",           -EBADMSG, 0              },
	{"2023-00-01T00:00:00Z",           -EBADMSG, 0              },
	{"2023-01-00T00:00:00Z",           -EBADMSG, 0              },
	{"2023-04-31T00:00:00Z",           -EBADMSG, 0              },
	{"2023-01-01T24:00:00Z",           -EBADMSG, 0              },
	{"2023-01-01T23:60:00Z",           -EBADMSG, 0              },
	{"2023-01-01T23:59:61Z",           -EBADMSG, 0              },
	{"2023-01-01T00:00:00",            -EBADMSG, 0              },
	{"2023-01-01T00:00:00+0800",       -EBADMSG, 0              },
	{"2023-01-01T00:00:00+24:00",      -EBADMSG, 0              },
	{"2023-01-01T00:00:00.Z",          -EBADMSG, 0              },
	{"2023-01-01T00:00:00Z ",          -EBADMSG, 0              },
	{"2023-1-01T00:00:00Z",            -EBADMSG, 0              },
	{"20230101T000000Z",               -EBADMSG, 0              },
	{"1772326800",                     -EBADMSG, 0              },
	{"",			       -EBADMSG, 0              },
};

START_TEST(a_time_is_read_or_refused)
{
	const struct vector *v = &vectors[_i];
	uint64_t ms = 0;

	ck_assert_msg(rfc3339_parse(span_of(v->text), &ms) == v->err, "%s", v->text);
	ck_assert_msg(ms == v->ms, "%s: %llu", v->text, (unsigned long long)ms);
}
END_TEST

START_TEST(a_time_cut_short_is_no_time)
{
	struct span whole = SPAN_LIT("2026-03-01T09:00:00+08:00");
	uint64_t ms;

	for (size_t len = 0; len < whole.len; len++)
		ck_assert_int_eq(rfc3339_parse((struct span){whole.ptr, len}, &ms), -EBADMSG);
}
END_TEST

static const struct {
	uint64_t ms;
	const char *seconds, *fine;
} times[] = {
	{0,	       "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
	{951825600050,    "2000-02-29T12:00:00Z", "2000-02-29T12:00:00.050Z"},
	{1772326800999,   "2026-03-01T01:00:00Z", "2026-03-01T01:00:00.999Z"},
	{253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"},
	{UINT64_MAX,      "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"},
};

START_TEST(a_time_is_written)
{
	char out[RFC3339_SIZE];

	ck_assert_str_eq(rfc3339_format(times[_i].ms, out), times[_i].seconds);
	ck_assert_str_eq(rfc3339_format_ms(times[_i].ms, out), times[_i].fine);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("rfc3339");

	tcase_add_loop_test(tc, a_time_is_read_or_refused, 0, ARRAY_LEN(vectors));
	tcase_add_test(tc, a_time_cut_short_is_no_time);
	tcase_add_loop_test(tc, a_time_is_written, 0, ARRAY_LEN(times));
	return unit_run("rfc3339", &tc, 1);
}
