/* Lists of sheets: read, written, compared, merged. */
#include "edition.h"

#include "digest.h"

#include <assert.h>
#include <stdlib.h>

static bool is_hash(const char *hash)
{
	return strspn(hash, "0123456789abcdef") == EDITION_HASH_LEN && !hash[EDITION_HASH_LEN];
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= EDITION_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == len;
}

static bool is_file(const char *file)
{
	return strlen(file) <= EDITION_FILE_MAX && !strchr(file, '\n');
}

void edition_hash(struct span text, char out[EDITION_HASH_LEN + 1])
{
	char hex[DIGEST_HEX_SIZE];

	digest_sha256_hex(&text, 1, hex);
	memcpy(out, hex, EDITION_HASH_LEN);
	out[EDITION_HASH_LEN] = '\0';
}

static void forget_order(struct edition *e)
{
	free(e->sorted);
	e->sorted = NULL;
}

static int make_room(struct edition *e)
{
	size_t room = e->room ? e->room * 2 : 64;
	struct edition_entry *grown;

	if (e->count >= EDITION_ENTRIES_MAX)
		return -E2BIG;
	if (e->count < e->room)
		return 0;
	grown = realloc(e->at, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	e->at = grown;
	e->room = room;
	return 0;
}

static void entry_fini(struct edition_entry *entry)
{
	free(entry->name);
	free(entry->file);
	free(entry->text);
}

int edition_add(struct edition *e, const struct edition_entry *entry)
{
	struct edition_entry *to;
	int err;

	if (!is_hash(entry->hash) || !is_name(entry->name) || !is_file(entry->file))
		return -EINVAL;
	err = make_room(e);
	if (err)
		return err;
	forget_order(e);
	to = &e->at[e->count];
	*to = *entry;
	to->name = strdup(entry->name);
	to->file = strdup(entry->file);
	to->text = entry->text ? strdup(entry->text) : NULL;
	if (!to->name || !to->file || (entry->text && !to->text)) {
		entry_fini(to);
		return -ENOMEM;
	}
	e->count++;
	return 0;
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct edition *e = arg;

	return strcmp(e->at[*(const size_t *)a].name, e->at[*(const size_t *)b].name);
}

static bool sort(struct edition *e)
{
	if (e->sorted || !e->count)
		return e->count != 0;
	e->sorted = malloc(e->count * sizeof(*e->sorted));
	if (!e->sorted)
		return false;
	for (size_t i = 0; i < e->count; i++)
		e->sorted[i] = i;
	qsort_r(e->sorted, e->count, sizeof(*e->sorted), by_name, e);
	return true;
}

static struct edition_entry *find_sorted(struct edition *e, const char *name)
{
	size_t low = 0, high = e->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct edition_entry *entry = &e->at[e->sorted[middle]];
		int order = strcmp(name, entry->name);

		if (order == 0)
			return entry;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

struct edition_entry *edition_find(struct edition *e, const char *name)
{
	if (sort(e))
		return find_sorted(e, name);
	for (size_t i = 0; i < e->count; i++) /* out of memory, or empty */
		if (strcmp(e->at[i].name, name) == 0)
			return &e->at[i];
	return NULL;
}

void edition_remove(struct edition *e, const char *name)
{
	struct edition_entry *entry = edition_find(e, name);
	size_t index;

	if (!entry)
		return;
	index = (size_t)(entry - e->at);
	entry_fini(entry);
	memmove(entry, entry + 1, (e->count - index - 1) * sizeof(*entry));
	e->count--;
	forget_order(e);
}

void edition_fini(struct edition *e)
{
	for (size_t i = 0; i < e->count; i++)
		entry_fini(&e->at[i]);
	free(e->at);
	forget_order(e);
	*e = (struct edition){0};
}

/* --- as text ---------------------------------------------------------------------------------- */

static int read_line(struct span line, struct edition *out)
{
	struct edition_entry entry = {0};
	struct span rest, file;
	struct span hash = span_split(line, ' ', &rest);
	struct span name = span_split(rest, ' ', &file);
	int err;

	if (hash.len != EDITION_HASH_LEN)
		return -EBADMSG;
	memcpy(entry.hash, hash.ptr, hash.len);
	entry.name = span_dup(name);
	entry.file = span_dup(file);
	err = entry.name && entry.file ? edition_add(out, &entry) : -ENOMEM;
	entry_fini(&entry);
	return err == -EINVAL ? -EBADMSG : err;
}

int edition_read(struct span list, struct edition *out)
{
	int err = 0;

	while (list.len && !err) {
		struct span line = span_split(list, '\n', &list);

		err = read_line(line, out);
	}
	return err;
}

void edition_write(const struct edition *e, struct buf *out)
{
	for (size_t i = 0; i < e->count; i++)
		buf_printf(out, "%s %s %s\n", e->at[i].hash, e->at[i].name, e->at[i].file);
}

/* --- compared --------------------------------------------------------------------------------- */

static bool same(const struct edition_entry *a, const struct edition_entry *b)
{
	return a && b ? strcmp(a->hash, b->hash) == 0 : a == b;
}

void edition_diff(struct edition *before, struct edition *after,
                  void (*fn)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < after->count; i++)
		if (!same(edition_find(before, after->at[i].name), &after->at[i]))
			fn(arg, after->at[i].name);
	for (size_t i = 0; i < before->count; i++)
		if (!edition_find(after, before->at[i].name))
			fn(arg, before->at[i].name);
}

/* Of three states of one template (NULL: not there), the one to go on with. */
static const struct edition_entry *choose(const struct edition_merge *m, const char *name,
                                          const struct edition_entry *theirs,
                                          const struct edition_entry *ours)
{
	const struct edition_entry *base = edition_find(m->base, name);

	if (same(theirs, ours) || same(ours, base))
		return theirs;
	if (same(theirs, base))
		return ours;
	if (m->conflict)
		m->conflict(m->arg, name);
	return m->force ? theirs : ours;
}

static int merge_one(const struct edition_merge *m, const char *name,
                     const struct edition_entry *theirs, struct edition *out)
{
	const struct edition_entry *chosen = choose(m, name, theirs, edition_find(m->ours, name));

	return chosen ? edition_add(out, chosen) : 0;
}

int edition_merge(const struct edition_merge *m, struct edition *out)
{
	int err = 0;

	for (size_t i = 0; i < m->theirs->count && !err; i++)
		err = merge_one(m, m->theirs->at[i].name, &m->theirs->at[i], out);
	for (size_t i = 0; i < m->ours->count && !err; i++)
		if (!edition_find(m->theirs, m->ours->at[i].name))
			err = merge_one(m, m->ours->at[i].name, NULL, out);
	return err;
}
