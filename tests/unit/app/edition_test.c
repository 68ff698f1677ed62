/* Lists of sheets survive being written, and three-way merging keeps everybody's work. */
#include "edition_files.h"
#include "edition_pages.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* "a1 b2": a template a whose text is "1", a template b whose text is "2". */
static struct edition make(const char *text)
{
	struct edition e = {0};

	for (; *text; text += text[2] ? 3 : 2) {
		char name[] = {text[0], '\0'}, file[] = "f.yaml";
		struct edition_entry entry = {.name = name, .file = file};

		edition_hash((struct span){text + 1, 1}, entry.hash);
		entry.line = (unsigned)text[1];
		ck_assert_int_eq(edition_add(&e, &entry), 0);
	}
	return e;
}

static void show(const struct edition *e, char out[64])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < e->count; i++)
		len += (size_t)snprintf(out + len, 64 - len, "%s%s%c", i ? " " : "", e->at[i].name,
		                        (char)e->at[i].line);
}

static void note(void *arg, const char *name)
{
	strcat(arg, name);
}

static const struct row {
	const char *what, *base, *theirs, *ours, *want, *conflicts, *forced;
} rows[] = {
	{"the first import",                   "",      "a1 b1", "",         "a1 b1",    "",  "a1 b1"   },
	{"files changed one",                  "a1 b1", "a2 b1", "a1 b1",    "a2 b1",    "",  "a2 b1"   },
	{"the API changed one",                "a1 b1", "a1 b1", "a1 b2",    "a1 b2",    "",  "a1 b2"   },
	{"each changed another",               "a1 b1", "a2 b1", "a1 b2",    "a2 b2",    "",  "a2 b2"   },
	{"both changed the same alike",        "a1",    "a2",    "a2",       "a2",       "",  "a2"      },
	{"both changed the same",              "a1",    "a2",    "a3",       "a3",       "a", "a2"      },
	{"files added one",                    "a1",    "a1 c1", "a1",       "a1 c1",    "",  "a1 c1"   },
	{"the API added one",                  "a1",    "a1",    "a1 c1",    "a1 c1",    "",  "a1 c1"   },
	{"both added one of the same name",    "a1",    "a1 c1", "a1 c2",    "a1 c2",    "c", "a1 c1"   },
	{"files removed one",                  "a1 b1", "a1",    "a1 b1",    "a1",       "",  "a1"      },
	{"the API removed one",                "a1 b1", "a1 b1", "a1",       "a1",       "",  "a1"      },
	{"the API removed what files changed", "a1 b1", "a1 b2", "a1",       "a1",       "b", "a1 b2"   },
	{"files removed what the API changed", "a1 b1", "a1",    "a1 b2",    "a1 b2",    "b", "a1"      },
	{"the order is the files'",            "a1 b1", "b1 a1", "a1 b1 c1", "b1 a1 c1", "",  "b1 a1 c1"},
};

START_TEST(what_both_did_is_kept)
{
	const struct row *r = &rows[_i];

	for (int force = 0; force < 2; force++) {
		struct edition base = make(r->base), theirs = make(r->theirs), ours = make(r->ours);
		struct edition out = {0};
		char conflicts[64] = "", got[64];
		struct edition_merge m = {&base, &theirs, &ours, force != 0, note, conflicts};

		ck_assert_int_eq(edition_merge(&m, &out), 0);
		show(&out, got);
		ck_assert_msg(strcmp(got, force ? r->forced : r->want) == 0, "%s: %s", r->what,
		              got);
		ck_assert_msg(strcmp(conflicts, r->conflicts) == 0, "%s: %s", r->what, conflicts);
		edition_fini(&base);
		edition_fini(&theirs);
		edition_fini(&ours);
		edition_fini(&out);
	}
}
END_TEST

/* count templates "t0", "t1"... each with the text of its name, but for one that is left out. */
static struct edition make_many(int count, int without)
{
	struct edition e = {0};

	for (int i = 0; i < count; i++) {
		char name[16];
		struct edition_entry entry = {.name = name, .file = "f.yaml"};

		snprintf(name, sizeof(name), "t%d", i);
		edition_hash(span_of(name), entry.hash);
		if (i != without)
			ck_assert_int_eq(edition_add(&e, &entry), 0);
	}
	return e;
}

static void cut_up(const struct edition *e, struct edition_pages *pages)
{
	*pages = (struct edition_pages){0};
	ck_assert_int_eq(edition_pages_make(e, pages), 0);
}

START_TEST(a_version_cut_into_pages_is_put_together_again)
{
	struct edition e = make_many(5000, -1), again = {0};
	struct edition_pages pages, read = {0};
	struct buf root;

	cut_up(&e, &pages);
	buf_init(&root, 1 << 20);
	edition_root_write(&pages, &root);
	ck_assert_int_eq(edition_root_read(buf_span(&root), &read), 0);
	ck_assert_uint_eq(read.count, pages.count);
	for (size_t i = 0; i < pages.count; i++) {
		struct buf text;
		char hash[EDITION_HASH_LEN + 1];

		buf_init(&text, EDITION_PAGE_TEXT_MAX);
		edition_page_write(&e, &pages.at[i], &text);
		edition_hash(buf_span(&text), hash);
		ck_assert_str_eq(hash, read.at[i].hash);
		ck_assert_uint_le(pages.at[i].count, EDITION_PAGE_LINES_MAX);
		ck_assert_int_eq(edition_page_read(buf_span(&text), &again), 0);
		buf_fini(&text);
	}
	ck_assert_uint_eq(again.count, e.count);
	for (size_t i = 0; i < e.count; i++)
		ck_assert_str_eq(again.at[i].name, e.at[i].name);
	buf_fini(&root);
	edition_pages_fini(&pages);
	edition_pages_fini(&read);
	edition_fini(&e);
	edition_fini(&again);
}
END_TEST

START_TEST(one_change_makes_few_new_pages)
{
	struct edition before = make_many(20000, -1), after = make_many(20000, 7777);
	struct edition_pages old, new;

	cut_up(&before, &old);
	cut_up(&after, &new);
	ck_assert_uint_gt(new.count, 60);
	ck_assert_int_eq(edition_pages_without(&new, &old), 0);
	ck_assert_uint_ge(new.count, 1);
	ck_assert_uint_le(new.count, 8);
	edition_pages_fini(&old);
	edition_pages_fini(&new);
	edition_fini(&before);
	edition_fini(&after);
}
END_TEST

#define HASH "0123456789abcdef0123456789abcdef01234567"

static const struct {
	const char *text;
	int want;
} pages[] = {
	{HASH " a f\n",               0       },
	{HASH " a \n",                0       },
	{HASH " a f\n" HASH " b f\n", 0       },
	{"",			  -EBADMSG},
	{"\n",			-EBADMSG},
	{HASH " a f",                 -EBADMSG},
	{HASH " a\n",                 -EBADMSG},
	{HASH "\n",                   -EBADMSG},
	{HASH "0 a f\n",              -EBADMSG},
	{"x" HASH " a f\n",           -EBADMSG},
	{HASH " A f\n",               -EBADMSG},
};

START_TEST(a_page_that_is_none_is_refused)
{
	struct edition e = {0};

	ck_assert_int_eq(edition_page_read(span_of(pages[_i].text), &e), pages[_i].want);
	edition_fini(&e);
}
END_TEST

START_TEST(a_page_with_a_nul_is_refused)
{
	struct edition e = {0};

	ck_assert_int_eq(edition_page_read(SPAN_LIT(HASH " a f\n\0\n"), &e), -EBADMSG);
	edition_fini(&e);
}
END_TEST

static const struct {
	const char *text;
	int want;
} roots[] = {
	{"",	       0       },
	{HASH "\n",        0       },
	{HASH "\n" HASH,   0       },
	{HASH " a f\n",    -EBADMSG},
	{"\n",             -EBADMSG},
	{"X" HASH "\n",    -EBADMSG},
	{HASH "\n\n" HASH, -EBADMSG},
};

START_TEST(a_root_that_is_none_is_refused)
{
	struct edition_pages read = {0};

	ck_assert_int_eq(edition_root_read(span_of(roots[_i].text), &read), roots[_i].want);
	edition_pages_fini(&read);
}
END_TEST

/* "NAME:LENGTH " of each file. */
static int note_file(void *arg, const char *name, struct span text)
{
	char *out = arg;
	size_t len = strlen(out);

	ck_assert_uint_le(text.len, 460);
	snprintf(out + len, 256 - len, "%s:%zu ", name, text.len / 100);
	return 0;
}

START_TEST(a_file_that_is_too_large_comes_in_parts)
{
	static const char *const files[] = {"a.yaml", "b", "a.2.yaml", "a.yaml", "a.yaml"};
	struct edition e = {0};
	char told[256] = "";

	for (int i = 0; i < 5; i++) {
		char name[] = {(char)('a' + i), '\0'}, text[256];
		struct edition_entry entry = {.name = name, .file = files[i], .text = text};

		snprintf(text, sizeof(text), "answers:\n  - id: %s\n    note: %0180d\n", name, 0);
		edition_hash(span_of(text), entry.hash);
		ck_assert_int_eq(edition_add(&e, &entry), 0);
	}
	ck_assert_int_eq(edition_files(&e, 460, note_file, told), 0);
	ck_assert_str_eq(told, "a.yaml:4 a.3.yaml:2 b:2 a.2.yaml:2 ");
	ck_assert_int_eq(edition_files(&e, 100, note_file, told), -EMSGSIZE);
	edition_fini(&e);
}
END_TEST

START_TEST(a_diff_names_what_differs)
{
	struct edition before = make("a1 b1 c1"), after = make("a1 c2 d1");
	char names[64] = "";

	edition_diff(&before, &after, note, names);
	ck_assert_str_eq(names, "cdb");
	edition_remove(&after, "c");
	ck_assert_ptr_null(edition_find(&after, "c"));
	ck_assert_ptr_nonnull(edition_find(&after, "d"));
	edition_pack(&after);
	ck_assert_uint_eq(after.count, 2);
	ck_assert_str_eq(after.at[1].name, "d");
	ck_assert_ptr_eq(edition_find(&after, "d"), &after.at[1]);
	edition_fini(&before);
	edition_fini(&after);
}
END_TEST

START_TEST(what_would_break_a_list_is_refused)
{
	static const char *const names[] = {"", "A", "a b", "a\nb", "a/b"};
	char name[16], file[] = "f";
	struct edition_entry entry = {.name = name, .file = file};
	struct edition e = {0};

	snprintf(name, sizeof(name), "%s", names[_i]);
	edition_hash(SPAN_LIT("x"), entry.hash);
	ck_assert_int_eq(edition_add(&e, &entry), -EINVAL);
	edition_fini(&e);
}
END_TEST

START_TEST(has_a_limit)
{
	struct edition e = {0};
	char name[16], file[] = "f.yaml";
	struct edition_entry entry = {.name = name, .file = file};

	edition_hash(SPAN_LIT("x"), entry.hash);
	for (int i = 0; i < EDITION_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		ck_assert_int_eq(edition_add(&e, &entry), 0);
	}
	ck_assert_int_eq(edition_add(&e, &entry), -E2BIG);
	edition_fini(&e);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("edition");

	tcase_add_loop_test(tc, what_both_did_is_kept, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tc, has_a_limit);
	tcase_add_test(tc, a_version_cut_into_pages_is_put_together_again);
	tcase_add_test(tc, one_change_makes_few_new_pages);
	tcase_add_loop_test(tc, a_page_that_is_none_is_refused, 0, (int)ARRAY_LEN(pages));
	tcase_add_test(tc, a_page_with_a_nul_is_refused);
	tcase_add_loop_test(tc, a_root_that_is_none_is_refused, 0, (int)ARRAY_LEN(roots));
	tcase_add_test(tc, a_file_that_is_too_large_comes_in_parts);
	tcase_add_test(tc, a_diff_names_what_differs);
	tcase_add_loop_test(tc, what_would_break_a_list_is_refused, 0, 5);
	return unit_run("edition", &tc, 1);
}
