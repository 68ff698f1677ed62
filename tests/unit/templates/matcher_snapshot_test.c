/* A matcher written down and read again: the same matches, and nothing but what was written. */
#include "catalogue_cache.h"
#include "hash.h"
#include "matcher_calibration.h"
#include "matcher_snapshot.h"
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* SPAN_LIT makes a value, which may not stand in a constant. */
#define SPAN(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

enum { LOST, HOURS, LOAN, RARE, ANSWERS };
enum { HEAD_SIZE = 32, COUNTS_SIZE = 28 };

#define CONTENT PH_VECTORS "/../../templates/content"

static const struct match_sample samples[] = {
	{SPAN("我的银行卡丢了"),       LOST },
	{SPAN("卡丢了怎么挂失"),       LOST },
	{SPAN("I lost my card"),              LOST },
	{SPAN("block a stolen card"),         LOST },
	{SPAN("你们几点开门"),          HOURS},
	{SPAN("周末营业吗"),             HOURS},
	{SPAN("what are your opening hours"), HOURS},
	{SPAN("房贷利率是多少"),       LOAN },
	{SPAN("贷款利息怎么算"),       LOAN },
	{SPAN("interest rate for a loan"),    LOAN },
	{SPAN("保险箱出租"),             RARE },
};

static const struct match_source source = {samples, ARRAY_LEN(samples), ANSWERS, NULL, NULL};
static const struct match_source nothing = {0};

static uint64_t key;
static struct matcher *m;
static struct match_scratch *scratch;
static struct buf written;

static void setup(void)
{
	key = matcher_key(&source);
	ck_assert_int_eq(matcher_create(&source, &m), 0);
	scratch = match_scratch_create();
	ck_assert_ptr_nonnull(scratch);
	buf_init(&written, MATCHER_SNAPSHOT_MAX);
	matcher_write(m, key, &written);
	ck_assert_int_eq(buf_check(&written), 0);
}

static void teardown(void)
{
	buf_fini(&written);
	match_scratch_destroy(&scratch);
	matcher_destroy(&m);
}

static void assert_same_match(const struct matcher *a, const struct matcher *b, struct span text)
{
	struct match x, y;

	matcher_match(a, scratch, text, LANGUAGE_UNKNOWN, &x);
	matcher_match(b, scratch, text, LANGUAGE_UNKNOWN, &y);
	ck_assert_msg(memcmp(&x, &y, sizeof(x)) == 0, "%.*s", SPAN_FMT(text));
}

START_TEST(what_was_written_matches_as_before)
{
	static const char *const others[] = {
		"卡丢了", "is the branch open on sunday", "利率", "转人工", "weather", ""};
	struct matcher *again = NULL;

	ck_assert_int_eq(matcher_read(buf_span(&written), key, &again), 0);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		assert_same_match(m, again, samples[i].text);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_same_match(m, again, span_of(others[i]));
	matcher_destroy(&again);
}
END_TEST

START_TEST(what_was_read_is_written_as_before)
{
	struct matcher *again = NULL, *third = NULL;
	struct buf twice;

	buf_init(&twice, MATCHER_SNAPSHOT_MAX);
	ck_assert_int_eq(matcher_read(buf_span(&written), key, &again), 0);
	matcher_write(again, key, &twice);
	ck_assert_int_eq(buf_check(&twice), 0);
	ck_assert_uint_eq(twice.len, written.len);
	ck_assert_int_eq(matcher_read(buf_span(&twice), key, &third), 0);
	matcher_destroy(&again);
	matcher_destroy(&third);
	buf_fini(&twice);
}
END_TEST

START_TEST(a_matcher_without_samples_is_kept_too)
{
	uint64_t none = matcher_key(&nothing);
	struct matcher *empty = NULL, *again = NULL;
	struct buf octets;

	buf_init(&octets, MATCHER_SNAPSHOT_MAX);
	ck_assert_int_eq(matcher_create(&nothing, &empty), 0);
	matcher_write(empty, none, &octets);
	ck_assert_int_eq(matcher_read(buf_span(&octets), none, &again), 0);
	assert_same_match(empty, again, span_of("卡丢了"));
	matcher_destroy(&empty);
	matcher_destroy(&again);
	buf_fini(&octets);
}
END_TEST

/* From a copy of exactly that size, so that the sanitizer sees a read behind it. */
static int read_copy(const char *octets, size_t len, struct matcher **out)
{
	char *copy = malloc(len + !len);
	int err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, octets, len);
	err = matcher_read((struct span){copy, len}, key, out);
	free(copy);
	return err;
}

START_TEST(cut_at_any_length_it_is_refused)
{
	struct matcher *again = NULL;

	for (size_t len = 0; len < written.len; len++)
		ck_assert_int_eq(read_copy(written.data, len, &again), -EBADMSG);
	ck_assert_ptr_null(again);
}
END_TEST

/* Gives the first len octets the checksum that belongs to them. */
static void seal(size_t len)
{
	const uint64_t both[2] = {matcher_engine(), key};
	uint64_t sum = hash_keyed(both, written.data + HEAD_SIZE, len - HEAD_SIZE);

	for (size_t i = 0; i < 8; i++)
		written.data[HEAD_SIZE - 8 + i] = (char)(sum >> (56 - 8 * i));
}

START_TEST(cut_and_sealed_again_it_is_refused)
{
	struct matcher *again = NULL;

	for (size_t len = HEAD_SIZE; len < written.len; len += len < 256 ? 1 : 31) {
		seal(len);
		ck_assert_int_eq(read_copy(written.data, len, &again), -EBADMSG);
	}
	seal(written.len);
	ck_assert_int_eq(read_copy(written.data, written.len, &again), 0);
	matcher_destroy(&again);
}
END_TEST

START_TEST(other_counts_sealed_again_are_refused)
{
	struct matcher *again = NULL;

	for (size_t bit = 0; bit < COUNTS_SIZE * 8UL; bit++) {
		written.data[HEAD_SIZE + bit / 8] ^= (char)(1 << bit % 8);
		seal(written.len);
		ck_assert_int_eq(read_copy(written.data, written.len, &again), -EBADMSG);
		written.data[HEAD_SIZE + bit / 8] ^= (char)(1 << bit % 8);
	}
	ck_assert_ptr_null(again);
}
END_TEST

/* The last four octets are the answer of an exact text. */
START_TEST(an_answer_that_there_is_not_is_refused)
{
	struct matcher *again = NULL;

	written.data[written.len - 1] = ANSWERS;
	seal(written.len);
	ck_assert_int_eq(read_copy(written.data, written.len, &again), -EBADMSG);
	ck_assert_ptr_null(again);
}
END_TEST

START_TEST(a_weight_that_is_no_number_is_refused)
{
	struct matcher *again = NULL;

	memcpy(written.data + HEAD_SIZE + COUNTS_SIZE, "\x7f\xc0\0\0", 4); /* NaN */
	seal(written.len);
	ck_assert_int_eq(read_copy(written.data, written.len, &again), -EBADMSG);
	ck_assert_ptr_null(again);
}
END_TEST

START_TEST(with_octets_behind_it_is_refused)
{
	struct matcher *again = NULL;

	buf_u8(&written, 0);
	ck_assert_int_eq(read_copy(written.data, written.len, &again), -EBADMSG);
	ck_assert_ptr_null(again);
}
END_TEST

START_TEST(with_any_bit_changed_it_is_refused)
{
	struct matcher *again = NULL;

	for (size_t at = 0; at < written.len; at++) {
		written.data[at] ^= (char)(1 << at % 8);
		ck_assert_int_eq(matcher_read(buf_span(&written), key, &again), -EBADMSG);
		written.data[at] ^= (char)(1 << at % 8);
	}
	ck_assert_int_eq(matcher_read(buf_span(&written), key, &again), 0);
	matcher_destroy(&again);
}
END_TEST

static uint64_t key_of(const struct match_sample *from, size_t count, uint32_t answers)
{
	return matcher_key(&(struct match_source){from, count, answers, NULL, NULL});
}

START_TEST(the_key_changes_with_everything_that_is_learnt_from)
{
	struct match_sample other[ARRAY_LEN(samples)];
	struct matcher *again = NULL;

	memcpy(other, samples, sizeof(other));
	ck_assert(key_of(other, ARRAY_LEN(other), ANSWERS) == key);
	ck_assert(key_of(other, ARRAY_LEN(other), ANSWERS + 1) != key);
	ck_assert(key_of(other, ARRAY_LEN(other) - 1, ANSWERS) != key);
	other[3].answer = HOURS;
	ck_assert(key_of(other, ARRAY_LEN(other), ANSWERS) != key);
	other[3].answer = samples[3].answer;
	other[0].text.len--;
	ck_assert(key_of(other, ARRAY_LEN(other), ANSWERS) != key);
	ck_assert_int_eq(matcher_read(buf_span(&written), key + 1, &again), -EBADMSG);
}
END_TEST

/* --- the directory ---------------------------------------------------------------------------- */

static char dir[] = "/tmp/matcher-XXXXXX";

static void dir_setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setup();
}

/* The only file there, by its whole path; how many there are. */
static size_t list(char path[512])
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t count = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.') {
			count++;
			snprintf(path, 512, "%s/%s", dir, entry->d_name);
		}
	closedir(d);
	return count;
}

static void dir_teardown(void)
{
	char path[512];

	chmod(dir, 0700);
	while (list(path))
		ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	teardown();
}

static struct catalogue_cache take(size_t count)
{
	struct catalogue_cache use;
	struct matcher *got = NULL;

	ck_assert_int_eq(cache_matcher(dir,
	                               &(struct match_source){samples, count, ANSWERS, NULL, NULL},
	                               &use, &got),
	                 0);
	if (count == ARRAY_LEN(samples))
		assert_same_match(m, got, samples[0].text);
	matcher_destroy(&got);
	return use;
}

START_TEST(a_second_load_trains_nothing)
{
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_WRITTEN);
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_USED);
}
END_TEST

START_TEST(the_last_four_that_were_used_are_kept)
{
	char path[512];

	for (size_t less = 0; less < 4; less++)
		ck_assert_int_eq(take(ARRAY_LEN(samples) - less).use, CACHE_WRITTEN);
	ck_assert_uint_eq(list(path), 4);
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use,
	                 CACHE_USED); /* the oldest is now the newest */
	ck_assert_int_eq(take(ARRAY_LEN(samples) - 4).use, CACHE_WRITTEN);
	ck_assert_uint_eq(list(path), 4);
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_USED);
	ck_assert_int_eq(take(ARRAY_LEN(samples) - 1).use, CACHE_WRITTEN); /* it had to go */
}
END_TEST

START_TEST(a_damaged_file_is_told_and_replaced)
{
	struct catalogue_cache use;
	char path[512];

	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_WRITTEN);
	ck_assert_uint_eq(list(path), 1);
	ck_assert_int_eq(truncate(path, 1000), 0);
	use = take(ARRAY_LEN(samples));
	ck_assert_int_eq(use.use, CACHE_REPLACED);
	ck_assert_int_eq(use.err, -EBADMSG);
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_USED);
}
END_TEST

/* Enough samples for training them to take long: the few again and again. */
static void make_many(struct match_sample *many, size_t count)
{
	for (size_t i = 0; i < count; i++)
		many[i] = samples[i % ARRAY_LEN(samples)];
}

static bool take_quick(const struct match_source *from)
{
	struct catalogue_cache use;
	struct matcher *got = NULL;
	bool quick;

	ck_assert_int_eq(cache_matcher_quick(dir, from, &use, &quick, &got), 0);
	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(use.use, quick ? CACHE_LATER : CACHE_USED);
	matcher_destroy(&got);
	return quick;
}

START_TEST(what_was_trained_quickly_is_kept_until_there_is_a_whole_one)
{
	struct match_sample many[CALIBRATION_CASES_LEAST];
	const struct match_source from = {many, ARRAY_LEN(many), ANSWERS, NULL, NULL};
	struct catalogue_cache use;
	struct matcher *whole = NULL;
	char path[512];
	struct stat first, again;

	make_many(many, ARRAY_LEN(many));
	ck_assert(take_quick(&from));
	ck_assert_uint_eq(list(path), 1);
	ck_assert_int_eq(stat(path, &first), 0);
	ck_assert(take_quick(&from));
	ck_assert_uint_eq(list(path), 1);
	ck_assert_int_eq(stat(path, &again), 0);
	ck_assert_msg(first.st_ino == again.st_ino, "it was trained again");
	ck_assert_int_eq(cache_matcher(dir, &from, &use, &whole), 0);
	ck_assert_int_eq(use.use, CACHE_WRITTEN);
	matcher_destroy(&whole);
	ck_assert_uint_eq(list(path), 1);
	ck_assert(!take_quick(&from));
}
END_TEST

START_TEST(files_of_others_stay)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/notes.txt", dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert_int_eq(take(ARRAY_LEN(samples)).use, CACHE_WRITTEN);
	ck_assert_uint_eq(list(path), 2);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_costs_only_the_training)
{
	struct catalogue_cache use;
	struct matcher *got = NULL;

	ck_assert_int_eq(cache_matcher("/proc/no/such", &source, &use, &got), 0);
	ck_assert_int_eq(use.use, CACHE_FAILED);
	ck_assert_int_eq(use.err, -ENOENT);
	assert_same_match(m, got, samples[0].text);
	matcher_destroy(&got);
}
END_TEST

START_TEST(the_shipped_catalogue_matches_from_the_cache_as_trained)
{
	struct catalogue *trained = NULL, *kept = NULL;

	ck_assert_int_eq(catalogue_load(CONTENT, dir, 0, NULL, NULL, &trained), 0);
	ck_assert_int_eq(catalogue_cache(trained).use, CACHE_WRITTEN);
	ck_assert_int_eq(catalogue_load(CONTENT, dir, 0, NULL, NULL, &kept), 0);
	ck_assert_int_eq(catalogue_cache(kept).use, CACHE_USED);
	for (size_t i = 0; i < catalogue_count(trained); i++) {
		struct span title = catalogue_at(trained, i)->title[LANGUAGE_EN];
		struct match a, b;

		catalogue_match(trained, scratch, title, LANGUAGE_EN, &a);
		catalogue_match(kept, scratch, title, LANGUAGE_EN, &b);
		ck_assert_int_eq(a.zone, b.zone);
		ck_assert_uint_eq(a.count, b.count);
		ck_assert(memcmp(&a.signals, &b.signals, sizeof(a.signals)) == 0);
		for (size_t k = 0; k < a.count; k++)
			ck_assert_uint_eq(a.best[k].index, b.best[k].index);
	}
	catalogue_unref(&trained);
	catalogue_unref(&kept);
}
END_TEST

int main(void)
{
	TCase *octets = tcase_create("octets"), *kept = tcase_create("directory");
	TCase *const cases[] = {octets, kept};

	tcase_set_timeout(octets, 60);
	tcase_add_checked_fixture(octets, setup, teardown);
	tcase_add_test(octets, what_was_written_matches_as_before);
	tcase_add_test(octets, what_was_read_is_written_as_before);
	tcase_add_test(octets, a_matcher_without_samples_is_kept_too);
	tcase_add_test(octets, cut_at_any_length_it_is_refused);
	tcase_add_test(octets, cut_and_sealed_again_it_is_refused);
	tcase_add_test(octets, other_counts_sealed_again_are_refused);
	tcase_add_test(octets, an_answer_that_there_is_not_is_refused);
	tcase_add_test(octets, a_weight_that_is_no_number_is_refused);
	tcase_add_test(octets, with_octets_behind_it_is_refused);
	tcase_add_test(octets, with_any_bit_changed_it_is_refused);
	tcase_add_test(octets, the_key_changes_with_everything_that_is_learnt_from);
	tcase_set_timeout(kept, 60);
	tcase_add_checked_fixture(kept, dir_setup, dir_teardown);
	tcase_add_test(kept, a_second_load_trains_nothing);
	tcase_add_test(kept, the_last_four_that_were_used_are_kept);
	tcase_add_test(kept, a_damaged_file_is_told_and_replaced);
	tcase_add_test(kept, files_of_others_stay);
	tcase_add_test(kept, what_was_trained_quickly_is_kept_until_there_is_a_whole_one);
	tcase_add_test(kept, a_directory_that_cannot_be_made_costs_only_the_training);
	tcase_add_test(kept, the_shipped_catalogue_matches_from_the_cache_as_trained);
	return unit_run("matcher_snapshot", cases, ARRAY_LEN(cases));
}
