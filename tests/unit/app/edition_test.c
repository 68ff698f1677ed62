/* Lists of sheets survive being written, and three-way merging keeps everybody's work. */
#include "edition.h"
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

START_TEST(a_list_written_is_read_again)
{
	struct edition e = make("a1 b2"), again = {0};
	struct buf text, twice;

	buf_init(&text, 10000);
	buf_init(&twice, 10000);
	edition_write(&e, &text);
	ck_assert_int_eq(edition_read(buf_span(&text), &again), 0);
	edition_write(&again, &twice);
	ck_assert(text.len && span_eq(buf_span(&text), buf_span(&twice)));
	for (size_t cut = 1; cut < 42; cut++) { /* the first entry, cut anywhere */
		edition_fini(&again);
		ck_assert_int_eq(edition_read((struct span){text.data, cut}, &again), -EBADMSG);
	}
	buf_fini(&text);
	buf_fini(&twice);
	edition_fini(&e);
	edition_fini(&again);
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
	tcase_add_test(tc, a_list_written_is_read_again);
	tcase_add_test(tc, a_diff_names_what_differs);
	tcase_add_loop_test(tc, what_would_break_a_list_is_refused, 0, 5);
	return unit_run("edition", &tc, 1);
}
