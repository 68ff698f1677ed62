/* Versions cut into pages and put together again. */
#include "edition_pages.h"

#include <stdlib.h>

static int add(struct edition_pages *pages, const struct edition_page *page)
{
	if (pages->count >= EDITION_PAGES_MAX)
		return -EBADMSG;
	if (pages->count == pages->room) {
		size_t room = pages->room ? pages->room * 2 : 16;
		struct edition_page *grown;

		grown = realloc(pages->at, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		pages->at = grown;
		pages->room = room;
	}
	pages->at[pages->count++] = *page;
	return 0;
}

void edition_pages_fini(struct edition_pages *pages)
{
	free(pages->at);
	*pages = (struct edition_pages){0};
}

/* --- pages ------------------------------------------------------------------------------------ */

static bool ends_page(const struct edition_entry *entry, size_t lines)
{
	return (lines >= EDITION_PAGE_LINES_LEAST &&
	        edition_name_hash(entry->name) % EDITION_PAGE_LINES == 0) ||
	       lines >= EDITION_PAGE_LINES_MAX;
}

void edition_page_write(const struct edition *e, const struct edition_page *page, struct buf *out)
{
	for (size_t i = page->first; i < page->first + page->count; i++) {
		const struct edition_entry *entry = &e->at[i];

		buf_str(out, entry->hash);
		buf_u8(out, ' ');
		buf_str(out, entry->name);
		buf_u8(out, ' ');
		buf_str(out, entry->file);
		buf_u8(out, '\n');
	}
}

int edition_pages_make(const struct edition *e, struct edition_pages *out)
{
	struct edition_page page = {.first = 0};
	struct buf text;
	int err = 0;

	buf_init(&text, EDITION_PAGE_TEXT_MAX);
	for (size_t i = 0; i < e->count && !err; i++) {
		page.count++;
		if (!ends_page(&e->at[i], page.count) && i + 1 < e->count)
			continue;
		buf_clear(&text);
		edition_page_write(e, &page, &text);
		err = buf_check(&text);
		if (err)
			break;
		edition_hash(buf_span(&text), page.hash);
		err = add(out, &page);
		page = (struct edition_page){.first = i + 1};
	}
	buf_fini(&text);
	return err;
}

/* Borrows from copy, which it cuts. */
static int read_line(char *copy, struct edition *out)
{
	struct edition_entry entry = {.line = 0};
	char *name = strchr(copy, ' '), *file = name ? strchr(name + 1, ' ') : NULL;

	if (!file || name - copy != EDITION_HASH_LEN)
		return -EBADMSG;
	memcpy(entry.hash, copy, EDITION_HASH_LEN);
	*file = '\0';
	entry.name = name + 1;
	entry.file = file + 1;
	return edition_add(out, &entry);
}

int edition_page_read(struct span text, struct edition *out)
{
	char *copy = text.len ? span_dup(text) : NULL;
	char *line = copy, *end;
	int err = 0;

	if (!text.len || text.ptr[text.len - 1] != '\n')
		err = -EBADMSG;
	else if (!copy)
		err = -ENOMEM;
	if (!err && memchr(copy, '\0', text.len))
		err = -EBADMSG;
	for (; !err && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		err = read_line(line, out);
	}
	free(copy);
	return err == -EINVAL ? -EBADMSG : err;
}

/* --- roots ------------------------------------------------------------------------------------ */

void edition_root_write(const struct edition_pages *pages, struct buf *out)
{
	for (size_t i = 0; i < pages->count; i++) {
		buf_str(out, pages->at[i].hash);
		buf_u8(out, '\n');
	}
}

int edition_root_read(struct span root, struct edition_pages *out)
{
	int err = 0;

	while (root.len && !err) {
		struct span line = span_split(root, '\n', &root);
		struct edition_page page = {.first = 0};

		if (line.len != EDITION_HASH_LEN)
			return -EBADMSG;
		memcpy(page.hash, line.ptr, line.len);
		err = strspn(page.hash, "0123456789abcdef") == EDITION_HASH_LEN ? add(out, &page)
		                                                                : -EBADMSG;
	}
	return err;
}

static int by_hash(const void *a, const void *b)
{
	const struct edition_page *const *x = a, *const *y = b;

	return strcmp((*x)->hash, (*y)->hash);
}

int edition_pages_without(struct edition_pages *pages, const struct edition_pages *others)
{
	const struct edition_page **sorted = calloc(others->count + 1, sizeof(void *));
	size_t kept = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < others->count; i++)
		sorted[i] = &others->at[i];
	qsort(sorted, others->count, sizeof(void *), by_hash);
	for (size_t i = 0; i < pages->count; i++) {
		const struct edition_page *page = &pages->at[i];

		if (!bsearch(&page, sorted, others->count, sizeof(void *), by_hash))
			pages->at[kept++] = *page;
	}
	pages->count = kept;
	free(sorted);
	return 0;
}
