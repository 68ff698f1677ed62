/* Ranges of addresses, and what lies in them. */
#include "net_range.h"
#include "unit.h"

static const struct {
	const char *range, *address;
	bool in;
} cases[] = {
	{"192.0.2.7",     "192.0.2.7",       true },
        {"192.0.2.7",     "192.0.2.8",       false},
	{"10.0.0.0/8",    "10.255.255.255",  true },
        {"10.0.0.0/8",    "11.0.0.0",        false},
	{"10.32.0.0/11",  "10.63.255.255",   true },
        {"10.32.0.0/11",  "10.64.0.0",       false},
	{"0.0.0.0/0",     "203.0.113.9",     true },
        {"0.0.0.0/0",     "2001:db8::1",     false},
	{"::/0",          "203.0.113.9",     true },
        {"2001:db8::/32", "2001:db8:1::7",   true },
	{"2001:db8::/32", "2001:db9::",      false},
        {"10.0.0.0/8",    "::ffff:10.1.2.3", true },
	{"10.0.0.0/8",    "unknown",         false},
};

START_TEST(an_address_lies_in_its_range)
{
	struct net_range range;

	ck_assert_int_eq(net_range_parse(cases[_i].range, &range), 0);
	ck_assert_msg(net_range_has(&range, cases[_i].address) == cases[_i].in, "%s in %s",
	              cases[_i].address, cases[_i].range);
}
END_TEST

static const char *const bad[] = {
	"",          "x",           "10.0.0.0/33", "10.0.0.1/8", "2001:db8::/129",
	"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0",     "2001:db8::1/32",
};

START_TEST(what_is_no_range_is_refused)
{
	struct net_range range;

	ck_assert_msg(net_range_parse(bad[_i], &range) == -EINVAL, "%s", bad[_i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("net_range");

	tcase_add_loop_test(tc, an_address_lies_in_its_range, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(tc, what_is_no_range_is_refused, 0, ARRAY_LEN(bad));
	return unit_run("net_range", &tc, 1);
}
