/*
 * An entry is one number: its digits, filled up with zeros to fifteen (E.164), in the upper 52
 * bits, how many there were in the next 4, the operator in the last 8. Sorted, so that a prefix of
 * each length is found by halving.
 */
#include "route_numbers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 15, LENGTH_BITS = 4, OPERATOR_BITS = 8, FIRST_ROOM = 4096 };

static const size_t entries_max = 1000000000;

struct route_numbers {
	uint64_t *entries;
	size_t count, room, bad;
	unsigned lengths; /* 1 << digits of an entry */
	unsigned operators;
	char names[ROUTE_OPERATORS_MAX][ROUTE_OPERATOR_NAME_MAX + 1];
};

/* --- Entries ---------------------------------------------------------------------------------- */

static uint64_t entry_key(struct span digits)
{
	uint64_t value = 0;

	for (size_t i = 0; i < DIGITS_MAX; i++)
		value = value * 10 + (i < digits.len ? (uint64_t)(digits.ptr[i] - '0') : 0);
	return (value << LENGTH_BITS | digits.len) << OPERATOR_BITS;
}

static struct span digits_of(struct span number)
{
	if (number.len && number.ptr[0] == '+')
		number = (struct span){number.ptr + 1, number.len - 1};
	return number;
}

static bool all_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isdigit((unsigned char)text.ptr[i]))
			return false;
	return text.len > 0;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The first entry that is not less than key. */
static size_t lower_bound(const struct route_numbers *n, uint64_t key)
{
	size_t from = 0, to = n->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (n->entries[middle] < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct span route_numbers_find(const struct route_numbers *n, struct span number)
{
	struct span digits = digits_of(number);

	if (!n || !all_digits(digits))
		return SPAN_NONE;
	if (digits.len > DIGITS_MAX)
		digits.len = DIGITS_MAX;
	for (; digits.len; digits.len--) {
		uint64_t key;
		size_t at;

		if (!(n->lengths >> digits.len & 1))
			continue;
		key = entry_key(digits);
		at = lower_bound(n, key);
		if (at < n->count && n->entries[at] >> OPERATOR_BITS == key >> OPERATOR_BITS)
			return span_of(n->names[n->entries[at] & ((1U << OPERATOR_BITS) - 1)]);
	}
	return SPAN_NONE;
}

size_t route_numbers_count(const struct route_numbers *n)
{
	return n ? n->count : 0;
}

size_t route_numbers_bad(const struct route_numbers *n)
{
	return n ? n->bad : 0;
}

/* --- Reading -----------------------------------------------------------------------------------
 */

struct reading {
	struct route_numbers *numbers;
	route_numbers_told_fn *told;
	void *arg;
	unsigned long line;
};

static void complain(struct reading *r, const char *text)
{
	if (r->told && r->numbers->bad < ROUTE_NUMBERS_TOLD_MAX)
		r->told(r->arg, r->line, text);
	r->numbers->bad++;
}

/* The operator's place among the names, or -1: there are too many. */
static int operator_index(struct route_numbers *n, struct span name)
{
	for (unsigned i = 0; i < n->operators; i++)
		if (span_is(name, n->names[i]))
			return (int)i;
	if (n->operators == ROUTE_OPERATORS_MAX)
		return -1;
	memcpy(n->names[n->operators], name.ptr, name.len);
	return (int)n->operators++;
}

static int append(struct route_numbers *n, uint64_t entry)
{
	if (n->count == n->room) {
		size_t room = n->room ? n->room + n->room / 4 : FIRST_ROOM;
		uint64_t *entries =
			room <= entries_max ? realloc(n->entries, room * sizeof(*entries)) : NULL;

		if (!entries)
			return room <= entries_max ? -ENOMEM : -E2BIG;
		n->entries = entries;
		n->room = room;
	}
	n->entries[n->count++] = entry;
	return 0;
}

static int read_line(struct reading *r, struct span line)
{
	struct span rest;
	struct span digits = digits_of(span_trim(span_split(line, ',', &rest)));
	struct span name = span_trim(rest);
	int index;

	r->line++;
	line = span_trim(line);
	if (!line.len || line.ptr[0] == '#')
		return 0;
	if (!all_digits(digits) || digits.len > DIGITS_MAX) {
		complain(r, "does not begin with a number of 1 to 15 digits and a comma");
		return 0;
	}
	if (!name.len || name.len > ROUTE_OPERATOR_NAME_MAX) {
		complain(r, "has no operator of 1 to 32 octets behind its comma");
		return 0;
	}
	index = operator_index(r->numbers, name);
	if (index < 0) {
		complain(r, "names the 256th operator; there may be 255");
		return 0;
	}
	r->numbers->lengths |= 1U << digits.len;
	return append(r->numbers, entry_key(digits) | (uint64_t)index);
}

static bool is_sorted(const struct route_numbers *n)
{
	for (size_t i = 1; i < n->count; i++)
		if (n->entries[i - 1] > n->entries[i])
			return false;
	return true;
}

/* A number given to two operators has no right answer: which one is told, and the first named
 * stays. */
static void drop_repeated(struct reading *r)
{
	struct route_numbers *n = r->numbers;
	size_t kept = 0;

	r->line = 0;
	for (size_t i = 0; i < n->count; i++) {
		uint64_t e = n->entries[i], last = kept ? n->entries[kept - 1] : 0;

		if (kept && e >> OPERATOR_BITS == last >> OPERATOR_BITS) {
			char text[160];

			if (e == last)
				continue;
			snprintf(text, sizeof(text),
			         "a number of %u digits is given to both %s and %s: %s is taken",
			         (unsigned)(e >> OPERATOR_BITS & 0xF), n->names[last & 0xFF],
			         n->names[e & 0xFF], n->names[last & 0xFF]);
			complain(r, text);
			continue;
		}
		n->entries[kept++] = e;
	}
	n->count = kept;
}

static void settle(struct reading *r)
{
	struct route_numbers *n = r->numbers;
	uint64_t *fitting;

	if (!n->entries)
		return;
	if (!is_sorted(n))
		qsort(n->entries, n->count, sizeof(*n->entries), by_value);
	drop_repeated(r);
	if (!n->count)
		return;
	fitting = realloc(n->entries, n->count * sizeof(*n->entries));
	if (fitting)
		n->entries = fitting;
}

static int read_file(struct reading *r, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, file)) >= 0)
		err = read_line(r, (struct span){line, (size_t)len});
	free(line);
	return err ? err : ferror(file) ? -EIO : 0;
}

int route_numbers_load(const char *path, route_numbers_told_fn *told, void *arg,
                       struct route_numbers **out)
{
	struct reading r = {.told = told, .arg = arg};
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return -errno;
	r.numbers = calloc(1, sizeof(*r.numbers));
	err = r.numbers ? read_file(&r, file) : -ENOMEM;
	fclose(file);
	if (err) {
		route_numbers_free(&r.numbers);
		return err;
	}
	settle(&r);
	*out = r.numbers;
	return 0;
}

void route_numbers_free(struct route_numbers **numbers)
{
	if (*numbers)
		free((*numbers)->entries);
	free(*numbers);
	*numbers = NULL;
}
