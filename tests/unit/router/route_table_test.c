/* Which rule, which account and why; and the file of numbers. */
#include "route_table.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- Rules and accounts ------------------------------------------------------------------------
 */

/* Tables bind to what may be written to. */
static char t_campaign[] = "campaign", t_a[] = "a", t_b[] = "b", t_c[] = "c", t_d[] = "d",
	    t__86[] = "+86", t__86138[] = "+86138", t_cucc[] = "cucc";
static char *campaign_only[] = {t_campaign, NULL};
static struct router_target a_and_b[] = {
	{t_a, 3},
        {t_b, 1}
};
static struct router_target b_alone[] = {
	{t_b, 1}
};
static struct router_target c_then_d[] = {
	{t_c, 1},
        {t_d, 0}
};
static struct router_target bulk[] = {
	{t_d, 1}
};
static struct router_rule rules[] = {
	{.to = {a_and_b, 2}       },
	{		.prefix = t__86,       .to = {b_alone, 1}},
	{		.prefix = t__86138,      .to = {c_then_d, 2}},
	{		.prefix = t__86138, .classes = campaign_only, .to = {bulk, 1}},
	{ .carrier = t_cucc,         .to = {bulk, 1}},
};
static const struct router_routes routes = {
	.rules = {rules, ARRAY_LEN(rules)}
};

/* "a" is as the first letter says, "b" as the second ... */
static enum route_health fares(void *arg, const char *channel)
{
	const char *letters = arg;

	return health_parse((struct span){&letters[channel[0] - 'a'], 1});
}

static struct route_decision decide(const char *address, enum route_class class, const char *last,
                                    const char *letters)
{
	struct route_decision d;
	char copy[8];

	snprintf(copy, sizeof(copy), "%s", letters);
	route_decide(&routes, NULL, span_of(address), class, last, fares, copy, &d);
	return d;
}

static const char *chosen(const struct route_decision *d)
{
	return d->count ? d->candidates[d->chosen].channel : "";
}

static const struct {
	const char *what, *address;
	enum route_class class;
	const char *letters, *want;
} rows[] = {
	{"the longest prefix decides",          "sms:+8613800138000", ROUTE_REPLY,    "uuuu", "c"},
	{"a shorter one where none is longer",  "sms:+8613900138000", ROUTE_REPLY,    "uuuu", "b"},
	{"a named class before any class",      "sms:+8613800138000", ROUTE_CAMPAIGN, "uuuu", "d"},
	{"down: who stands by",                 "sms:+8613800138000", ROUTE_REPLY,    "uudu", "d"},
	{"throttled: who stands by",            "sms:+8613800138000", ROUTE_REPLY,    "uutu", "d"},
	{"failing: who stands by",              "sms:+8613800138000", ROUTE_REPLY,    "uufu", "d"},
	{"all down: it waits for the first",    "sms:+8613800138000", ROUTE_REPLY,    "uudd", "c"},
	{"throttled is better than down",       "sms:+8613800138000", ROUTE_REPLY,    "uudt", "d"},
	{"only one account: that, as it fares", "sms:+8613900138000", ROUTE_REPLY,    "uduu", "b"},
};

START_TEST(a_rule_and_its_accounts)
{
	struct route_decision d = decide(rows[_i].address, rows[_i].class, NULL, rows[_i].letters);

	ck_assert_msg(strcmp(chosen(&d), rows[_i].want) == 0, "%s: %s", rows[_i].what, chosen(&d));
}
END_TEST

static unsigned count_of(const char *channel, const char *letters)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 4000; i++) {
		struct route_decision d;
		char address[40];

		snprintf(address, sizeof(address), "sms:+4917%08u", i * 7919);
		d = decide(address, ROUTE_REPLY, NULL, letters);
		count += strcmp(chosen(&d), channel) == 0;
	}
	return count;
}

START_TEST(weights_are_shares_of_the_customers)
{
	unsigned a = count_of("a", "uuuu");

	ck_assert_uint_gt(a, 4000 * 72 / 100);
	ck_assert_uint_lt(a, 4000 * 78 / 100);
	ck_assert_uint_eq(count_of("b", "uuuu"), 4000 - a);
	ck_assert_uint_eq(count_of("b", "duuu"), 4000);
}
END_TEST

START_TEST(a_customer_keeps_the_account_and_comes_back_to_it)
{
	for (unsigned i = 0; i < 200; i++) {
		struct route_decision before, while_down, after;
		char address[40];

		snprintf(address, sizeof(address), "sms:+4917%08u", i * 104729);
		before = decide(address, ROUTE_REPLY, NULL, "uuuu");
		while_down = decide(address, ROUTE_REPLY, NULL,
		                    strcmp(chosen(&before), "a") == 0 ? "duuu" : "uduu");
		after = decide(address, ROUTE_REPLY, NULL, "uuuu");
		ck_assert_str_ne(chosen(&before), chosen(&while_down));
		ck_assert_str_eq(chosen(&before), chosen(&after));
	}
}
END_TEST

START_TEST(by_which_a_customer_was_written_to_last_stays_while_it_is_up)
{
	struct route_decision d = decide("sms:+8613800138000", ROUTE_REPLY, "d", "uuuu");

	ck_assert_str_eq(chosen(&d), "d");
	d = decide("sms:+8613800138000", ROUTE_REPLY, "d", "uuut");
	ck_assert_str_eq(chosen(&d), "c");
}
END_TEST

START_TEST(no_rule_is_an_answer_too)
{
	static const struct router_routes none;
	struct route_decision d;
	char letters[] = "uuuu";

	route_decide(&none, NULL, SPAN_LIT("sms:+8613800138000"), ROUTE_REPLY, NULL, fares, letters,
	             &d);
	ck_assert_ptr_null(d.rule);
	ck_assert_uint_eq(d.count, 0);
}
END_TEST

/* --- Numbers ------------------------------------------------------------------------------------
 */

struct told {
	unsigned count;
	unsigned long line[8];
	char text[8][160];
};

static void tell(void *arg, unsigned long line, const char *text)
{
	struct told *told = arg;

	if (told->count < ARRAY_LEN(told->line)) {
		told->line[told->count] = line;
		snprintf(told->text[told->count], sizeof(told->text[0]), "%s", text);
	}
	told->count++;
}

static struct route_numbers *load(const char *text, struct told *told)
{
	char path[] = "/tmp/posthouse-numbers-XXXXXX";
	struct route_numbers *n = NULL;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ck_assert_int_eq(route_numbers_load(path, tell, told, &n), 0);
	unlink(path);
	return n;
}

static const char numbers_text[] = "# prefixes first\n"
				   "86138,cmcc\n"
				   "+86130 , cucc\r\n"
				   "\n"
				   "8613800138000,ctcc\n"
				   "86,other\n";

static const struct {
	const char *number, *carrier;
} carriers[] = {
	{"+8613800138000",        "ctcc" }, /* carried away to another */
	{"+8613800138001",        "cmcc" },
	{"+8613099990000",        "cucc" },
	{"+8615000000000",        "other"},
	{"+4917000000",           ""     },
	{"+86",		   "other"},
	{"+8",		    ""     },
	{"",		      ""     },
	{"+86138001380001234567", "ctcc" }, /* longer than any number: its beginning */
	{"BANK",		  ""     },
};

START_TEST(the_longest_entry_a_number_begins_with_names_its_operator)
{
	struct told told = {0};
	struct route_numbers *n = load(numbers_text, &told);

	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(route_numbers_count(n), 4);
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++) {
		struct span carrier = route_numbers_find(n, span_of(carriers[i].number));

		ck_assert_msg(span_is(carrier, carriers[i].carrier), "%s: %.*s", carriers[i].number,
		              SPAN_FMT(carrier));
	}
	route_numbers_free(&n);
	ck_assert_ptr_null(n);
}
END_TEST

START_TEST(the_operator_decides_where_a_rule_names_it)
{
	struct told told = {0};
	struct route_numbers *n = load("49170,cucc\n", &told);
	struct route_decision d;
	char letters[] = "uuuu";

	route_decide(&routes, n, SPAN_LIT("sms:+4917000"), ROUTE_REPLY, NULL, fares, letters, &d);
	ck_assert_str_eq(chosen(&d), "d");
	ck_assert(span_is(d.carrier, "cucc"));
	route_decide(&routes, n, SPAN_LIT("sms:+4917200"), ROUTE_REPLY, NULL, fares, letters, &d);
	ck_assert_str_ne(chosen(&d), "d");
	route_numbers_free(&n);
}
END_TEST

START_TEST(bad_lines_are_named_and_left_out)
{
	struct told told = {0};
	struct route_numbers *n = load("number,operator\n"
	                               "86138,cmcc\n"
	                               "86139\n"
	                               "1234567890123456,cmcc\n"
	                               "86137,\n"
	                               "86136,aname-that-is-far-too-long-for-an-operator\n"
	                               "86138,cucc\n"
	                               "86138,cmcc\n",
	                               &told);

	ck_assert_uint_eq(told.count, 6);
	ck_assert_uint_eq(told.line[0], 1);
	ck_assert_uint_eq(told.line[1], 3);
	ck_assert_uint_eq(told.line[2], 4);
	ck_assert_uint_eq(told.line[3], 5);
	ck_assert_uint_eq(told.line[4], 6);
	ck_assert_ptr_nonnull(strstr(told.text[5], "both cmcc and cucc"));
	ck_assert_uint_eq(route_numbers_count(n), 1);
	ck_assert_uint_eq(route_numbers_bad(n), 6);
	ck_assert(span_is(route_numbers_find(n, SPAN_LIT("+86138")), "cmcc"));
	route_numbers_free(&n);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_told)
{
	struct route_numbers *n = NULL;

	ck_assert_int_eq(route_numbers_load("/nowhere/at/all", NULL, NULL, &n), -ENOENT);
	ck_assert_ptr_null(n);
}
END_TEST

START_TEST(a_million_numbers_in_any_order_are_found)
{
	enum { COUNT = 1000000 };
	char path[] = "/tmp/posthouse-numbers-XXXXXX";
	struct route_numbers *n = NULL;
	FILE *file = fdopen(mkstemp(path), "w");

	ck_assert_ptr_nonnull(file);
	for (uint64_t i = 0; i < COUNT; i++) /* 7919 and COUNT have no common factor */
		fprintf(file, "+86138%08llu,op%llu\n", (unsigned long long)(i * 7919 % COUNT),
		        (unsigned long long)(i * 7919 % COUNT % 5));
	fclose(file);
	ck_assert_int_eq(route_numbers_load(path, NULL, NULL, &n), 0);
	unlink(path);
	ck_assert_uint_eq(route_numbers_count(n), COUNT);
	for (unsigned i = 0; i < COUNT; i += 997) {
		char number[24], want[8];

		snprintf(number, sizeof(number), "+86138%08u", i);
		snprintf(want, sizeof(want), "op%u", i % 5);
		ck_assert(span_is(route_numbers_find(n, span_of(number)), want));
	}
	ck_assert_uint_eq(route_numbers_find(n, SPAN_LIT("+8613801000000")).len, 0);
	route_numbers_free(&n);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("route table");
	TCase *cases[1] = {tc};

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_rule_and_its_accounts, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, weights_are_shares_of_the_customers);
	tcase_add_test(tc, a_customer_keeps_the_account_and_comes_back_to_it);
	tcase_add_test(tc, by_which_a_customer_was_written_to_last_stays_while_it_is_up);
	tcase_add_test(tc, no_rule_is_an_answer_too);
	tcase_add_test(tc, the_longest_entry_a_number_begins_with_names_its_operator);
	tcase_add_test(tc, the_operator_decides_where_a_rule_names_it);
	tcase_add_test(tc, bad_lines_are_named_and_left_out);
	tcase_add_test(tc, a_file_that_is_not_there_is_told);
	tcase_add_test(tc, a_million_numbers_in_any_order_are_found);
	return unit_run("route table", cases, 1);
}
