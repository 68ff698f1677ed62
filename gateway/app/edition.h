/*
 * A version of the catalogue as a list: which sheet, by the hash of its text, stands for which
 * template, and the file it came from. Plain data, and what can be said of two or three lists: what
 * differs, what becomes of both people's changes. The texts themselves are elsewhere
 * (knowledge.lua) and here only where somebody has put them. How a list is written is in
 * edition_pages.h.
 */
#ifndef PH_EDITION_H
#define PH_EDITION_H

#include "buf.h"

enum {
	EDITION_HASH_LEN = 40, /* hex digits of a text's SHA-256 */
	EDITION_NAME_MAX = 64,
	EDITION_FILE_MAX = 200,
	EDITION_ENTRIES_MAX = 131073 /* as many templates as a catalogue may have, and settings */
};

struct edition_entry {
	char hash[EDITION_HASH_LEN + 1];
	const char *name, *file; /* borrowed from the edition */
	const char *text;        /* the same; NULL: not here */
	unsigned line;           /* in file, where it was just read from there; else 0 */
	bool gone;               /* removed, until edition_pack() */
};

struct edition_block;

struct edition {
	struct edition_entry *at;
	size_t count, room;
	uint32_t *index; /* by name; made when first asked */
	size_t index_size;
	struct edition_block *blocks; /* the texts: freed together, however many there are */
};

/** Appends a copy of e; the text is copied where there is one. -EINVAL: a name or hash that is
 * none; -E2BIG; -ENOMEM. */
int edition_add(struct edition *e, const struct edition_entry *entry) MUST_CHECK;
/** Gives an entry of e a copy of text. -ENOMEM. */
int edition_set_text(struct edition *e, struct edition_entry *entry, struct span text) MUST_CHECK;
/** The entry of that name, the first if there are more, or NULL; borrowed until e changes. */
struct edition_entry *edition_find(struct edition *e, const char *name);
/** It is found no more; edition_pack() closes the gaps, before anybody goes through the entries. */
void edition_remove(struct edition *e, const char *name);
void edition_pack(struct edition *e);
/** Empties it, and may be used again. */
void edition_fini(struct edition *e);

/** The hash of a sheet's text. */
void edition_hash(struct span text, char out[EDITION_HASH_LEN + 1]);
/** FNV-1a of a name: the same everywhere and for ever. */
uint32_t edition_name_hash(const char *name);

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
