/* Collects what is told, one "LINE text" an entry, so that a test can compare it. */
#ifndef PH_TOLD_H
#define PH_TOLD_H

#include "unit.h"
#include "yaml.h"

#include <stdio.h>

enum { TOLD_MAX = 32 };

struct told {
	struct yaml_errors errors;
	unsigned count;
	char text[TOLD_MAX][600];
};

static void told_one(void *arg, const char *file, unsigned line, const char *text)
{
	struct told *t = arg;

	ck_assert_str_eq(file, "test.yaml");
	ck_assert(t->count < TOLD_MAX);
	snprintf(t->text[t->count++], sizeof(t->text[0]), "%u %s", line, text);
}

static inline struct told *told_begin(struct told *t)
{
	memset(t, 0, sizeof(*t));
	t->errors = (struct yaml_errors){.told = told_one, .arg = t, .file = "test.yaml"};
	return t;
}

/* Exactly these were told, each beginning as given; ends with NULL. */
static inline void told_are(const struct told *t, const char *const *want)
{
	unsigned i = 0;

	for (; want[i]; i++)
		ck_assert_msg(i < t->count && strncmp(t->text[i], want[i], strlen(want[i])) == 0,
		              "error %u is \"%s\", not \"%s\"", i, i < t->count ? t->text[i] : "-",
		              want[i]);
	ck_assert_msg(i == t->count, "also told: %s", i < t->count ? t->text[i] : "");
	ck_assert_uint_eq(t->errors.count, t->count);
}

#endif
