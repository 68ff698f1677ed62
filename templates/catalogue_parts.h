/*
 * What the files of the catalogue share and nobody else sees: its memory, compiled wordings, and
 * the state of a load.
 */
#ifndef PH_CATALOGUE_PARTS_H
#define PH_CATALOGUE_PARTS_H

#include "catalogue.h"
#include "search.h"

#include "yaml.h"

/* --- memory: everything of a snapshot lives and dies together ----------------------------------
 */

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

/** Zeroed memory that lasts as long as the arena; NULL when out of memory. */
void *arena_take(struct arena *a, size_t size);
/** A copy with a NUL behind it; SPAN_NONE when out of memory. */
struct span arena_copy(struct arena *a, struct span text);
void arena_fini(struct arena *a);

/* --- wordings --------------------------------------------------------------------------------- */

/* Literal text, then the variable that follows it; NULL after the last. */
struct piece {
	struct span literal;
	const struct template_variable *variable;
};

struct wording {
	const struct piece *pieces;
	size_t count;
};

/* A name that every wording may use, with a value for each language. */
struct constant {
	struct span name;
	struct span value[LANGUAGE_COUNT];
};

/** What a wording of one language may refer to. */
struct wording_names {
	const struct template_variable *variables;
	size_t variable_count;
	const struct constant *constants;
	size_t constant_count;
	enum language language;
};

/**
 * Compiles "text {{name}} text": constants are filled in, variables are referred to. -EINVAL with
 * *why a sentence and *culprit the name it is about (may be empty); -ENOMEM.
 */
int wording_compile(struct arena *a, struct span text, const struct wording_names *names,
                    const struct wording **out, const char **why, struct span *culprit) MUST_CHECK;

/** Whether it has the variable. */
bool wording_uses(const struct wording *w, const struct template_variable *v);

/** The longest text it can become, as far as an SMS is concerned. */
int wording_longest(const struct wording *w, enum language language, struct buf *out) MUST_CHECK;

/* --- the snapshot ----------------------------------------------------------------------------- */

struct catalogue {
	int refs;
	struct arena arena;
	struct template **templates; /* in the order of the files */
	size_t count;
	const struct template **by_id;   /* sorted */
	const struct template **matched; /* answers and handovers, as the matcher numbers them */
	uint32_t matched_count;
	struct matcher *matcher;
	struct matcher *former; /* a quick one that was refined, or NULL */
	bool quick;
	struct search *search;             /* over templates, as they are numbered there */
	uint64_t *of_kind[TEMPLATE_KINDS]; /* a bit a template, for the search */
	uint64_t *few;                     /* answers with too few samples to learn from */
	uint32_t few_count;
	struct catalogue_cache cache;
	struct span signature[LANGUAGE_COUNT];
	struct match_required required;
	char version[CATALOGUE_VERSION_SIZE];
};

/** catalogue_make(), quickly where that is wanted. */
int catalogue_make_how(const struct catalogue_file *files, size_t count, const char *cache,
                       bool quick, uint64_t now_ms, catalogue_told_fn *told, void *arg,
                       struct catalogue **out) MUST_CHECK;

/** Indexes all templates but handovers for the search. -ENOMEM. */
int catalogue_index_search(struct catalogue *c) MUST_CHECK;

/** Adds what the search finds among answers with few samples to a match that is not sure. */
void catalogue_add_few(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                       struct match *out);

/* --- a load ------------------------------------------------------------------------------------
 */

/* A template with where it stands, so that errors found later know their line. */
struct entry {
	struct template *t;
	const char *file;
	unsigned line;
	const struct yaml_node *node;
};

struct load {
	struct catalogue *c;
	const char *cache; /* directory, or NULL */
	bool quick;
	struct yaml_errors errors;
	struct constant *constants;
	size_t constant_count;
	struct entry *entries;
	size_t entry_count;
	bool settings_seen;
	int err; /* -ENOMEM */
};

/** Reads the settings of a file, if it has any; before any template is read. */
void read_settings(struct load *l, const struct yaml_node *root);
/** Reads the templates of a file. */
void read_templates(struct load *l, const struct yaml_node *root);

/** What can only be said of all templates together: ids, follow-ups, samples, lengths. */
void check_catalogue(struct load *l);

#endif
