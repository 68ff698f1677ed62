/* Search: Chinese by character, slips of the pen, the whole of it in bounded time and memory. */
#include "search.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LOST, HOURS, LOAN, SAFE, HOTLINE, ENTRIES };

static const struct search_text texts[] = {
	{{"银行卡丢了怎么挂失", 27},         LOST   },
        {{"I lost my card, block it", 24},            LOST   },
	{{"你们周末几点开门", 24},            HOURS  },
        {{"opening hours of the branch", 27},         HOURS  },
	{{"房贷利率是多少", 21},               LOAN   },
        {{"interest rate of a mortgage", 27},         LOAN   },
	{{"保险箱出租", 15},                     SAFE   },
        {{"rent a safe deposit box", 23},             SAFE   },
	{{"客服热线95500", 17},                   HOTLINE},
        {{"our hotline is 95500, day and night", 35}, HOTLINE},
};

static struct search *s;
static struct search_scratch *scratch;

static void setup(void)
{
	ck_assert_int_eq(search_create(texts, ARRAY_LEN(texts), ENTRIES, &s), 0);
	scratch = search_scratch_create();
	ck_assert_ptr_nonnull(scratch);
}

static void teardown(void)
{
	search_destroy(&s);
	search_scratch_destroy(&scratch);
	ck_assert_ptr_null(s);
}

static const struct {
	const char *asked;
	uint32_t entry;
} found[] = {
	{"挂失",            LOST   },
        {"銀行卡",         LOST   },
	{"lost card",         LOST   },
        {"lsot crad",         LOST   },
	{"bloc",              LOST   },
        {"门",               HOURS  },
	{"周末开不开",   HOURS  },
        {"openning hours",    HOURS  },
	{"利率",            LOAN   },
        {"房货利率",      LOAN   },
	{"mortage",           LOAN   },
        {"mortgages intrest", LOAN   },
	{"safe",              SAFE   },
        {"保险柜出租",   SAFE   },
	{"95500",             HOTLINE},
        {"请问热线",      HOTLINE},
	{"HOTLINE!!",         HOTLINE},
};

START_TEST(the_entry_that_was_meant_is_found_first)
{
	struct search_hit hits[ENTRIES];
	size_t count = search_find(s, scratch, span_of(found[_i].asked), NULL, hits, ENTRIES);

	ck_assert_msg(count >= 1, "%s", found[_i].asked);
	ck_assert_msg(hits[0].entry == found[_i].entry, "%s: %u", found[_i].asked, hits[0].entry);
	ck_assert(hits[0].share > 0.0F && hits[0].share <= 1.0F);
	for (size_t i = 1; i < count; i++)
		ck_assert_float_le(hits[i].score, hits[i - 1].score);
}
END_TEST

static const char *const not_found[] = {
	"", " ", "!!", "\xF0\x9F\x98\x80", "zebra quagga", "象", "\xFF\xFE\x80"};

START_TEST(what_is_nowhere_is_not_found)
{
	struct search_hit hits[ENTRIES];

	ck_assert_uint_eq(search_find(s, scratch, span_of(not_found[_i]), NULL, hits, ENTRIES), 0);
}
END_TEST

START_TEST(only_what_may_be_found_is)
{
	const uint64_t only[] = {1U << SAFE | 1U << HOURS};
	struct search_hit hits[ENTRIES];
	size_t count = search_find(s, scratch, SPAN_LIT("lost card safe box"), only, hits, ENTRIES);

	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(hits[0].entry, SAFE);
	ck_assert_float_lt(hits[0].share, 0.9F);
}
END_TEST

START_TEST(a_query_leaves_nothing_behind)
{
	struct search_hit first[ENTRIES], again[ENTRIES];
	size_t count = search_find(s, scratch, SPAN_LIT("card"), NULL, first, ENTRIES), other;

	search_find(s, scratch, SPAN_LIT("branch 利率 safe"), NULL, again, ENTRIES);
	other = search_find(s, scratch, SPAN_LIT("card"), NULL, again, ENTRIES);
	ck_assert_uint_eq(count, other);
	ck_assert_mem_eq(first, again, count * sizeof(first[0]));
}
END_TEST

START_TEST(texts_out_of_range_or_order_are_refused)
{
	const struct search_text beyond[] =
		{
			{{"a", 1}, 2}
        },
				 back[] = {{{"a", 1}, 1}, {{"b", 1}, 0}};
	struct search *none = NULL;

	ck_assert_int_eq(search_create(beyond, 1, 2, &none), -EINVAL);
	ck_assert_int_eq(search_create(back, 2, 2, &none), -EINVAL);
	ck_assert_int_eq(search_create(NULL, 0, SEARCH_ENTRIES_MAX + 1, &none), -EINVAL);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(an_index_of_nothing_finds_nothing)
{
	struct search *empty = NULL;
	struct search_hit hit;

	ck_assert_int_eq(search_create(NULL, 0, 0, &empty), 0);
	ck_assert_uint_eq(search_find(empty, scratch, SPAN_LIT("card 卡"), NULL, &hit, 1), 0);
	search_destroy(&empty);
}
END_TEST

/* Entries of common and rare words by a fixed pattern; the last word is the entry's own. */
static struct search *make_large(uint32_t entries)
{
	struct search_text *many = calloc(entries, sizeof(*many));
	char(*pool)[80] = calloc(entries, sizeof(*pool));
	struct search *large = NULL;

	ck_assert(many && pool);
	for (uint32_t i = 0; i < entries; i++) {
		int len = snprintf(pool[i], sizeof(pool[i]), "the card of branch%u 的卡%u号 own%u",
		                   i % 1000, i % 7, i);

		many[i] = (struct search_text){
			{pool[i], (size_t)len},
                        i
                };
	}
	ck_assert_int_eq(search_create(many, entries, entries, &large), 0);
	free(many);
	free(pool);
	return large;
}

START_TEST(a_hundred_thousand_entries_are_searched_in_bounded_time_and_memory)
{
	struct search *large = make_large(100000);
	struct search_hit hits[10];
	struct timespec began, ended;
	double ms;

	ck_assert_uint_le(search_size(large), (size_t)32 << 20);
	ck_assert_uint_ge(
		search_find(large, scratch, SPAN_LIT("the card of own77777"), NULL, hits, 10), 1);
	ck_assert_uint_eq(hits[0].entry, 77777);
	ck_assert_uint_ge(search_find(large, scratch, SPAN_LIT("the card"), NULL, hits, 10), 10);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	for (int i = 0; i < 100; i++)
		search_find(large, scratch, SPAN_LIT("the card of brnach77 的卡 own4242x"), NULL,
		            hits, 10);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	ms = (double)(ended.tv_sec - began.tv_sec) * 10 +
	     (double)(ended.tv_nsec - began.tv_nsec) / 1e8;
	printf("100,000 entries: %.3f ms a query, %zu octets\n", ms, search_size(large));
	ck_assert_double_le(ms, 20.0); /* far above what it takes: the machine may be busy */
	search_destroy(&large);
}
END_TEST

START_TEST(a_text_of_64_kb_is_searched_for)
{
	size_t len = 65536;
	char *text = malloc(len);
	struct search_hit hits[ENTRIES];

	for (size_t i = 0; i < len; i++)
		text[i] = "lost card \n"[i % 11];
	ck_assert_uint_ge(search_find(s, scratch, (struct span){text, len}, NULL, hits, ENTRIES),
	                  1);
	ck_assert_uint_eq(hits[0].entry, LOST);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("search");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_entry_that_was_meant_is_found_first, 0, (int)ARRAY_LEN(found));
	tcase_add_loop_test(tc, what_is_nowhere_is_not_found, 0, (int)ARRAY_LEN(not_found));
	tcase_add_test(tc, only_what_may_be_found_is);
	tcase_add_test(tc, a_query_leaves_nothing_behind);
	tcase_add_test(tc, texts_out_of_range_or_order_are_refused);
	tcase_add_test(tc, an_index_of_nothing_finds_nothing);
	tcase_add_test(tc, a_hundred_thousand_entries_are_searched_in_bounded_time_and_memory);
	tcase_add_test(tc, a_text_of_64_kb_is_searched_for);
	return unit_run("search", &tc, 1);
}
