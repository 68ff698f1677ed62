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

/* --- texts ------------------------------------------------------------------------------------ */

/* Names, files and texts of an edition, one after another. */
struct edition_block {
	struct edition_block *next;
	size_t used, size;
	char data[];
};

enum { BLOCK_SIZE = 256 * 1024 };

/* A copy with a NUL, which lives as long as e; NULL: no memory. */
static const char *keep(struct edition *e, struct span text)
{
	struct edition_block *b = e->blocks;
	char *out;

	if (!b || b->size - b->used <= text.len) {
		size_t size = text.len < BLOCK_SIZE / 2 ? BLOCK_SIZE : text.len + 1;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct edition_block){e->blocks, 0, size};
		e->blocks = b;
	}
	out = b->data + b->used;
	if (text.len)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	b->used += text.len + 1;
	return out;
}

/* --- found by name ---------------------------------------------------------------------------- */

uint32_t edition_name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static void forget_index(struct edition *e)
{
	free(e->index);
	e->index = NULL;
	e->index_size = 0;
}

/* The slot that has the name, or the free one where it belongs. Slots hold 1 + the entry's place.
 */
static uint32_t *slot_of(const struct edition *e, const char *name)
{
	size_t at = edition_name_hash(name) & (e->index_size - 1);

	while (e->index[at] && strcmp(e->at[e->index[at] - 1].name, name) != 0)
		at = (at + 1) & (e->index_size - 1);
	return &e->index[at];
}

static void put_in_index(const struct edition *e, size_t place)
{
	uint32_t *slot = slot_of(e, e->at[place].name);

	if (!*slot || e->at[*slot - 1].gone)
		*slot = (uint32_t)place + 1;
}

static bool make_index(struct edition *e)
{
	size_t size = 128;

	if (e->index && e->count * 2 <= e->index_size)
		return true;
	forget_index(e);
	while (size < e->count * 4)
		size *= 2;
	e->index = calloc(size, sizeof(*e->index));
	if (!e->index)
		return false;
	e->index_size = size;
	for (size_t i = 0; i < e->count; i++)
		put_in_index(e, i);
	return true;
}

struct edition_entry *edition_find(struct edition *e, const char *name)
{
	struct edition_entry *found = NULL;

	if (make_index(e)) {
		uint32_t slot = *slot_of(e, name);

		found = slot ? &e->at[slot - 1] : NULL;
		return found && !found->gone ? found : NULL;
	}
	for (size_t i = 0; i < e->count && !found; i++) /* out of memory */
		if (!e->at[i].gone && strcmp(e->at[i].name, name) == 0)
			found = &e->at[i];
	return found;
}

/* --- changed ---------------------------------------------------------------------------------- */

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

int edition_add(struct edition *e, const struct edition_entry *entry)
{
	struct edition_entry *to;
	int err;

	if (!is_hash(entry->hash) || !is_name(entry->name) || !is_file(entry->file))
		return -EINVAL;
	err = make_room(e);
	if (err)
		return err;
	to = &e->at[e->count];
	*to = *entry;
	to->gone = false;
	to->name = keep(e, span_of(entry->name));
	to->file = keep(e, span_of(entry->file));
	to->text = entry->text ? keep(e, span_of(entry->text)) : NULL;
	if (!to->name || !to->file || (entry->text && !to->text))
		return -ENOMEM;
	e->count++;
	if (e->index && e->count * 2 <= e->index_size)
		put_in_index(e, e->count - 1);
	else
		forget_index(e);
	return 0;
}

int edition_set_text(struct edition *e, struct edition_entry *entry, struct span text)
{
	entry->text = keep(e, text);
	return entry->text ? 0 : -ENOMEM;
}

void edition_remove(struct edition *e, const char *name)
{
	struct edition_entry *entry = edition_find(e, name);

	if (entry)
		entry->gone = true;
}

void edition_pack(struct edition *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->count; i++)
		if (!e->at[i].gone)
			e->at[kept++] = e->at[i];
	if (kept < e->count)
		forget_index(e);
	e->count = kept;
}

void edition_fini(struct edition *e)
{
	while (e->blocks) {
		struct edition_block *b = e->blocks;

		e->blocks = b->next;
		free(b);
	}
	free(e->at);
	forget_index(e);
	*e = (struct edition){0};
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
