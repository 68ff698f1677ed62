/*
 * A version as Redis keeps it. Its lines are cut into pages, each kept once by the hash of its
 * text, however many versions have it; the root of the version names its pages in their order.
 * Where a page ends is told by the names in it, so one change makes one new page and not all those
 * behind it: a hundred versions cost little more than one, and no step handles more than a page or
 * a root.
 */
#ifndef PH_EDITION_PAGES_H
#define PH_EDITION_PAGES_H

#include "edition.h"

enum {
	EDITION_PAGE_LINES_LEAST = 32, /* but the last */
	EDITION_PAGE_LINES = 128,      /* more than the least, on average */
	EDITION_PAGE_LINES_MAX = 512,
	EDITION_PAGE_TEXT_MAX = EDITION_PAGE_LINES_MAX *
	                        (EDITION_HASH_LEN + EDITION_NAME_MAX + EDITION_FILE_MAX + 3),
	EDITION_PAGES_MAX = EDITION_ENTRIES_MAX / EDITION_PAGE_LINES_LEAST + 1
};

struct edition_page {
	char hash[EDITION_HASH_LEN + 1];
	size_t first, count; /* entries; 0 of a root that was read */
};

struct edition_pages {
	struct edition_page *at;
	size_t count, room;
};

/** Cuts e into pages. Adds to out. -ENOMEM. */
int edition_pages_make(const struct edition *e, struct edition_pages *out) MUST_CHECK;
/** The lines of one page, "HASH NAME FILE"; appends. */
void edition_page_write(const struct edition *e, const struct edition_page *page, struct buf *out);
/** Adds the entries of a page to out; -EBADMSG: not what edition_page_write() wrote. */
int edition_page_read(struct span text, struct edition *out) MUST_CHECK;

/** The names of pages, a line each; appends. */
void edition_root_write(const struct edition_pages *pages, struct buf *out);
/** Adds to out; -EBADMSG: not what edition_root_write() wrote. */
int edition_root_read(struct span root, struct edition_pages *out) MUST_CHECK;

/** Drops from pages those that others have too. */
int edition_pages_without(struct edition_pages *pages,
                          const struct edition_pages *others) MUST_CHECK;
/** Empties it, and may be used again. */
void edition_pages_fini(struct edition_pages *pages);

#endif
