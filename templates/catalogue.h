/*
 * The catalogue of templates: an immutable snapshot of a directory of YAML files, with the matcher
 * that was trained from its sample questions. A reload makes a new snapshot beside the old one and
 * the caller swaps them; a directory with any error makes none, so a broken file never replaces
 * what works. docs/templates.md describes the files.
 *
 * Reading needs no lock: nothing changes after the load. References are counted by the loop's
 * thread alone; loading may be done on another thread and handed over.
 */
#ifndef PH_CATALOGUE_H
#define PH_CATALOGUE_H

#include "language.h"
#include "matcher.h"
#include "render.h"

enum template_kind {
	TEMPLATE_ANSWER,       /* answers a customer's question: has samples */
	TEMPLATE_NOTIFICATION, /* sent by campaign or API; marketing ones carry the opt-out words */
	TEMPLATE_CONFIRMATION, /* follows a call or an act: "call." + disposition by convention */
	TEMPLATE_CANNED,       /* inserted by an agent with "/" */
	TEMPLATE_SYSTEM,       /* what the bot itself says: welcome, handover, menu */
	TEMPLATE_HANDOVER,     /* samples of what only a person should answer; no wording */
	TEMPLATE_KINDS
};

enum variable_type {
	VARIABLE_TEXT,
	VARIABLE_NAME,
	VARIABLE_AMOUNT, /* 1,234.00: digits, comma, point, minus */
	VARIABLE_NUMBER, /* digits */
	VARIABLE_CODE,   /* letters and digits, - allowed */
	VARIABLE_TAIL,   /* the last four digits of a card */
	VARIABLE_DATE,   /* 2026-11-22 */
	VARIABLE_TIME,   /* 18:30 */
	VARIABLE_PHONE,  /* digits, leading + allowed, - allowed */
	VARIABLE_LINK,   /* printable ASCII without spaces */
	VARIABLE_TYPES
};

struct template_variable {
	struct span name;
	enum variable_type type;
	size_t max;          /* code points a value may have */
	struct span example; /* valid for the type; what previews show */
	struct span about;   /* one sentence for whoever fills it; may be empty */
};

struct wording; /* compiled, render.c reads it */

struct template
{
	enum template_kind kind;
	uint32_t index;                    /* the matcher's number for it, or MATCH_INDEX_NONE */
	struct span id;                    /* card.lost; unique in the catalogue */
	struct span title[LANGUAGE_COUNT]; /* for agents and menus */
	struct span shortcut;              /* canned: what stands after "/"; else empty */
	bool needs_verified;               /* only to a customer who proved who they are */
	bool one_sms;                      /* every SMS wording was checked to fit one */
	bool marketing;                    /* needs consent; carries the opt-out words */
	bool suggest_only;                 /* for menus and agents: never sent by itself */
	const struct template_variable *variables;
	size_t variable_count;
	const struct template *const *follow_up; /* answers to offer next */
	size_t follow_up_count;
	const struct span *samples[LANGUAGE_COUNT]; /* as written, for agents' search */
	size_t sample_count[LANGUAGE_COUNT];
	enum language first_language; /* of the catalogue: when none is known */
	const struct wording *wording[MEDIUM_COUNT][LANGUAGE_COUNT]; /* NULL in handovers */
};

#define CATALOGUE_FILES_MAX 256
#define CATALOGUE_FILE_SIZE_MAX ((size_t)1 << 20)
#define CATALOGUE_TEMPLATES_MAX 131072
#define CATALOGUE_SAMPLES_MAX 64 /* a language */
#define CATALOGUE_SAMPLE_SIZE_MAX 400
#define CATALOGUE_WORDING_SIZE_MAX 4000
#define CATALOGUE_VARIABLES_MAX 16
#define CATALOGUE_SAMPLES_LEAST 3 /* a language, unless suggest_only */
#define CATALOGUE_FOLLOW_UP_MAX 8
#define CATALOGUE_ID_SIZE_MAX 64
#define CATALOGUE_VERSION_SIZE 48

struct catalogue;

/** Told once an error: the file as the directory names it, its line (0: all of it), one sentence.
 */
typedef void catalogue_told_fn(void *arg, const char *file, unsigned line, const char *text);

/* What a load had from the directory of trained matchers. */
enum catalogue_cache_use {
	CACHE_OFF,   /* none was given */
	CACHE_USED,  /* nothing was trained */
	CACHE_LATER, /* trained quickly, now or by a start before: catalogue_refine() does the rest
	              */
	CACHE_WRITTEN,  /* trained and kept for the next load */
	CACHE_REPLACED, /* the same, and the file that was there could not be used: err says why */
	CACHE_FAILED    /* trained, not kept: err says why */
};

struct catalogue_cache {
	enum catalogue_cache_use use;
	int err;
};

/**
 * Reads every *.yaml of dir in the order of their names, checks all, trains the matcher; now_ms
 * (since 1970) goes into the version. cache: a directory, made when it is not there, in which the
 * trained matcher is kept, so that the next load of the same samples need not train; NULL for none.
 * Reads files and computes for up to hundreds of milliseconds: not on the loop but at start. Every
 * error is told (told may be NULL). -EINVAL after at least one; -ENOENT, -EACCES... for dir;
 * -ENOMEM. A fault of the cache is none of the load: catalogue_cache() tells it.
 */
int catalogue_load(const char *dir, const char *cache, uint64_t now_ms, catalogue_told_fn *told,
                   void *arg, struct catalogue **out) MUST_CHECK;

/**
 * The same for a start that cannot wait: where the cache has nothing the matcher is trained quickly
 * (matcher_create_quick()) and kept until there is a whole one; catalogue_is_quick() then asks for
 * catalogue_refine().
 */
int catalogue_load_quick(const char *dir, const char *cache, uint64_t now_ms,
                         catalogue_told_fn *told, void *arg, struct catalogue **out) MUST_CHECK;

/** Whether its matcher is a quick one still. */
bool catalogue_is_quick(const struct catalogue *c);

/**
 * Trains what a quick load left out, or reads it from the cache. Computes for a second or so and
 * changes nothing in c, so it may run beside queries, off the loop. -ENOMEM.
 */
int catalogue_refine(const struct catalogue *c, const char *cache, struct catalogue_cache *use,
                     struct matcher **out) MUST_CHECK;

/**
 * Takes the matcher of catalogue_refine() into use: on the thread that asks c, between two
 * questions. The former one lives on with c, since others may be reading it.
 */
void catalogue_adopt(struct catalogue *c, struct catalogue_cache use, struct matcher **matcher);

/* A file that is already in memory, for catalogue_build(). */
struct catalogue_file {
	const char *name; /* for errors */
	struct span text;
};

/** The same from memory: no file is read. */
int catalogue_build(const struct catalogue_file *files, size_t count, uint64_t now_ms,
                    catalogue_told_fn *told, void *arg, struct catalogue **out) MUST_CHECK;

/** The same with a cache, see catalogue_load(). */
int catalogue_make(const struct catalogue_file *files, size_t count, const char *cache,
                   uint64_t now_ms, catalogue_told_fn *told, void *arg,
                   struct catalogue **out) MUST_CHECK;

/** The same for a start that cannot wait, see catalogue_load_quick(). */
int catalogue_make_quick(const struct catalogue_file *files, size_t count, const char *cache,
                         uint64_t now_ms, catalogue_told_fn *told, void *arg,
                         struct catalogue **out) MUST_CHECK;

/* The files of a directory in memory, in the order of their names. */
struct catalogue_shelf;

/** Reads them, and nothing of what they say. Errors as catalogue_load(). */
int catalogue_shelf_read(const char *dir, catalogue_told_fn *told, void *arg,
                         struct catalogue_shelf **out) MUST_CHECK;
/** Borrowed until the shelf's end. */
const struct catalogue_file *catalogue_shelf_files(const struct catalogue_shelf *shelf,
                                                   size_t *count);
/** Accepts NULL inside and sets it NULL. */
void catalogue_shelf_destroy(struct catalogue_shelf **shelf);

struct catalogue *catalogue_ref(struct catalogue *c);
/** Nobody else has one: another thread may drop the last, which takes a moment. */
bool catalogue_is_last(const struct catalogue *c);
/** Drops a reference and sets *c NULL; accepts NULL. Templates of c are gone with the last. */
void catalogue_unref(struct catalogue **c);

/** Hash of the content and time of the load: "6f3a90c1d2e4b758 2026-11-22T02:30:00Z". */
const char *catalogue_version(const struct catalogue *c);
/** Gives it another name ("12 6f3a90c1d2e4b758"), cut at CATALOGUE_VERSION_SIZE; before anybody
 * else has it. */
void catalogue_set_version(struct catalogue *c, const char *version);

/** How the cache served the load. */
struct catalogue_cache catalogue_cache(const struct catalogue *c);
/** "off", "used", "written"... */
const char *catalogue_cache_name(enum catalogue_cache_use use);

/** NULL: no such id. Borrowed from c, as are all templates. */
const struct template *catalogue_find(const struct catalogue *c, struct span id);

/** All templates in the order of the files, for lists and canned replies. */
size_t catalogue_count(const struct catalogue *c);
const struct template *catalogue_at(const struct catalogue *c, size_t index);

/** What stands before an SMS of the bank in that language; may be empty. one_sms has counted it. */
struct span catalogue_sms_signature(const struct catalogue *c, enum language language);

/**
 * What a customer's text asks for. hint: the language they are known to write, LANGUAGE_UNKNOWN
 * for none; it decides out->language where the text does not. Any octets are allowed. Where the
 * text is most like a handover's samples, out->handover is that and the zone MATCH_HUMAN; best
 * holds answers only. Answers with fewer than MATCHER_SAMPLES_LEAST samples are searched for, not
 * learned: what a text is much like is offered in a menu, the rest of them to the agent. Takes
 * microseconds and allocates nothing; scratch is the caller's and is used by one call at a time.
 */
void catalogue_match(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                     enum language hint, struct match *out);

struct catalogue_found {
	const struct template *t;
	float score; /* higher is better, comparable within one search only */
	float share; /* of what was asked how much the template has, 0 to 1 */
};

#define CATALOGUE_FOUND_MAX 50

/**
 * Looks through titles, samples and wordings of all templates but handovers: for agents. kind:
 * TEMPLATE_KINDS for any. Chinese by character, slips of the pen forgiven; under a millisecond
 * whatever the catalogue's size. Best first; returns how many. room at most CATALOGUE_FOUND_MAX.
 */
size_t catalogue_search(const struct catalogue *c, struct match_scratch *scratch, struct span text,
                        enum template_kind kind, struct catalogue_found *out, size_t room);

/** Octets that matcher and search hold. */
size_t catalogue_engine_size(const struct catalogue *c);

/** What its settings require of answers and menus, a quick one more strictly: for refitting it. */
struct match_required catalogue_required(const struct catalogue *c);

/** What the catalogue's questions are judged by, for tools that explain or calibrate it. */
struct matcher *catalogue_matcher(const struct catalogue *c);
/** The template behind an index of a match or the matcher; NULL: none. */
const struct template *catalogue_matched(const struct catalogue *c, uint32_t index);

/**
 * Why no template may be called that, or NULL: ids stand in paths and names of files, so "..", dots
 * at an end and words that are paths of the API are none.
 */
const char *catalogue_id_refuse(struct span id);

/** "answer", "notification"... */
const char *template_kind_name(enum template_kind kind);
const char *variable_type_name(enum variable_type type);

/** Whether value is of the type and at most max code points: the reason, or NULL when it is. */
const char *variable_refuse(const struct template_variable *v, struct span value);

#endif
