/*
 * A version of the catalogue as a list: which sheet, by the hash of its text, stands for which
 * template, and the file it came from. Plain data, and what can be said of two or three lists: what
 * differs, what becomes of both people's changes. The texts themselves are elsewhere
 * (knowledge.lua) and here only where somebody has put them.
 */
#ifndef PH_EDITION_H
#define PH_EDITION_H

#include "buf.h"

enum {
	EDITION_HASH_LEN = 40, /* hex digits of a text's SHA-256 */
	EDITION_NAME_MAX = 64,
	EDITION_FILE_MAX = 200,
	EDITION_ENTRIES_MAX = 4200
};

struct edition_entry {
	char hash[EDITION_HASH_LEN + 1];
	char *name, *file;
	char *text;    /* owned; NULL: not here */
	unsigned line; /* in file, where it was just read from there; else 0 */
};

struct edition {
	struct edition_entry *at;
	size_t count, room;
	size_t *sorted; /* indexes by name; made when first asked, dropped by a change */
};

/** Appends a copy of e; the text is copied where there is one. -EINVAL: a name or hash that is
 * none; -E2BIG; -ENOMEM. */
int edition_add(struct edition *e, const struct edition_entry *entry) MUST_CHECK;
/** The entry of that name, or NULL; borrowed until e changes. */
struct edition_entry *edition_find(struct edition *e, const char *name);
void edition_remove(struct edition *e, const char *name);
/** Empties it, and may be used again. */
void edition_fini(struct edition *e);

/** The hash of a sheet's text. */
void edition_hash(struct span text, char out[EDITION_HASH_LEN + 1]);

/** Lines "HASH NAME FILE"; -EBADMSG: not what edition_write() wrote. Adds to out. */
int edition_read(struct span list, struct edition *out) MUST_CHECK;
void edition_write(const struct edition *e, struct buf *out);

/** fn once for each name whose sheet is not the same in both. */
void edition_diff(struct edition *before, struct edition *after,
                  void (*fn)(void *arg, const char *name), void *arg);

struct edition_merge {
	struct edition *base;   /* what both began with: the files as they were imported last */
	struct edition *theirs; /* the files now */
	struct edition *ours;   /* what is published */
	bool force;             /* where both changed, the files win */
	/** Told each name that both changed, in another way. May be NULL. */
	void (*conflict)(void *arg, const char *name);
	void *arg;
};
/**
 * The files' changes since base brought into what is published. A template that was changed on one
 * side only is as that side has it; one that both changed stays as it is published, and is told. In
 * the files' order, then what they do not have. Adds to out.
 */
int edition_merge(const struct edition_merge *merge, struct edition *out) MUST_CHECK;

#endif
