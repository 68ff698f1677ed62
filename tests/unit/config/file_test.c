/* Whole files: a plain one, one that is too large, one that comes in pieces, one that is not there.
 */
#include "file.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 10 };

static char directory[] = "/tmp/posthouse-file-XXXXXX";
static char path[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/f", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static const struct {
	const char *text, *want;
} files[] = {
	{"",	     ""           },
	{"0123456789",   "0123456789" },
	{"0123456789ab", "0123456789a"},
};

START_TEST(a_file_is_read_up_to_one_octet_over_the_limit)
{
	char *text = NULL;
	size_t len = 0;

	write_file(files[_i].text);
	ck_assert_int_eq(file_read(path, MOST, &text, &len), 0);
	ck_assert(span_is((struct span){text, len}, files[_i].want));
	free(text);
}
END_TEST

START_TEST(what_cannot_be_read_says_why)
{
	char *text = NULL;
	size_t len = 7;

	ck_assert_int_eq(file_read(path, MOST, &text, &len), -ENOENT);
	ck_assert_int_eq(file_read(directory, MOST, &text, &len), -EISDIR);
	ck_assert_ptr_null(text);
}
END_TEST

/* A secret may come through a pipe; in packets, each read() gets no more than one write() gave. */
START_TEST(what_comes_in_pieces_is_read_whole)
{
	char *text = NULL;
	size_t len = 0;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_DIRECT), 0);
	for (const char *c = "pieces"; *c; c++)
		ck_assert_int_eq(write(ends[1], c, 1), 1);
	close(ends[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	ck_assert_int_eq(file_read(path, MOST, &text, &len), 0);
	ck_assert(span_is((struct span){text, len}, "pieces"));
	close(ends[0]);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_file_is_read_up_to_one_octet_over_the_limit, 0, ARRAY_LEN(files));
	tcase_add_test(tc, what_cannot_be_read_says_why);
	tcase_add_test(tc, what_comes_in_pieces_is_read_whole);
	return unit_run("file", &tc, 1);
}
