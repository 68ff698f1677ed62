/*
 * The catalogue that all nodes answer from. Redis has the versions and says which one is published;
 * a node follows it, told by a hint and, since hints may be lost, by asking now and then. The files
 * of templates.directory are where it begins and one of the ways to change it: importing them
 * merges what changed in them with what was published meanwhile. docs/templates.md says what people
 * do with it, docs/decisions/0013 why it is so.
 *
 * Whatever reads files or trains runs on a thread of the pool; a catalogue with any fault changes
 * nothing. Orders are carried out one after the other.
 */
#ifndef PH_KNOWLEDGE_H
#define PH_KNOWLEDGE_H

#include "catalogue.h"
#include "edition.h"
#include "loop.h"
#include "redis.h"
#include "told.h"

struct knowledge;

extern const struct redis_library knowledge_library;

#define KNOWLEDGE_SLOT SPAN_LIT("{tpl}")

struct knowledge_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	const char *directory, *cache; /* of the configuration; cache may be NULL */
	/** A version was built and is in use from now on: takes the reference. NULL: nobody answers
	 * here. */
	void (*changed)(void *arg, struct catalogue *catalogue);
	void *arg;
};

int knowledge_create(const struct knowledge_options *options, struct knowledge **out) MUST_CHECK;
/** Not from within one of its own calls. Orders under way end untold. */
void knowledge_destroy(struct knowledge **knowledge);
/**
 * Redis is there for the first time; files is what the directory holds, in use until something else
 * is. done when the node may answer: it has what is published, or cannot have it, which was logged.
 */
void knowledge_start(struct knowledge *knowledge, struct catalogue *files, done_fn *done,
                     void *arg);
/** Imports the directory; what becomes of it is logged. */
void knowledge_import_files(struct knowledge *knowledge);
/** Something may have been published: looks. */
void knowledge_look(struct knowledge *knowledge);
/** The version in use; 0: the files, of which Redis does not know yet. */
uint64_t knowledge_version(const struct knowledge *knowledge);

enum knowledge_what {
	KNOWLEDGE_FOLLOW,   /* what Redis says is published; only by knowledge.c itself */
	KNOWLEDGE_SWEEP,    /* what nothing names goes from Redis; the same */
	KNOWLEDGE_FILES,    /* imports the directory */
	KNOWLEDGE_IMPORT,   /* imports files that were sent */
	KNOWLEDGE_PUBLISH,  /* drafts become the next version */
	KNOWLEDGE_VALIDATE, /* the same without doing it; files, where given, lie over the drafts */
	KNOWLEDGE_ROLLBACK, /* an old version becomes the next one */
	KNOWLEDGE_READ      /* a version (0: what is published) with its texts; changes nothing */
};

/* Something slow to be made of what was read, on a thread of the pool; arg is the order's. */
typedef int knowledge_work_fn(void *arg, uint64_t version, const struct edition *edition);

struct knowledge_order {
	enum knowledge_what what;
	struct span by, note; /* by: no blanks, as "api:crm" */
	uint64_t version;     /* of a rollback, or to be read */
	uint64_t expected;    /* version that must be the published one still; 0: any */
	const struct span *ids;
	size_t id_count;                    /* 0: all drafts */
	const struct span *hashes;          /* what each of these drafts must be; NULL: anything */
	const struct catalogue_file *files; /* copied */
	size_t file_count;
	bool whole;     /* of an import: the files are all there is, what they lack was removed */
	bool four_eyes; /* of a publication: none of the drafts is by the one who publishes */
	bool force;     /* where the files and what is published both changed, the files win */
	knowledge_work_fn *render; /* of reading; may be NULL */
};

struct knowledge_fault {
	char id[EDITION_NAME_MAX + 1]; /* of the template; empty where none is to blame */
	char file[EDITION_FILE_MAX + 1];
	unsigned line; /* in file, or where there is none, in the template's own text */
	char field[96];
	const char *text;
};

/* Everything is borrowed for the call. */
struct knowledge_result {
	int err;          /* without a code: nothing can be done now, Redis is away */
	const char *code; /* with err, for peers: template_invalid, template_conflict,
	                     version_unknown, draft_unknown, four_eyes,
	                     catalogue_full, busy, version_changed, template_changed */
	uint64_t version; /* that is published now */
	bool changed;     /* by this order */
	const struct knowledge_fault *faults; /* with template_invalid */
	size_t fault_count, faults_more;
	char *const *conflicts; /* ids that others changed too; with four_eyes, one's own drafts;
	                           with template_changed, drafts that were seen otherwise */
	size_t conflict_count;
	char *const *names; /* ids that differ from the version before */
	size_t name_count;
	const struct edition *edition; /* that was read */
};
typedef void knowledge_fn(void *arg, const struct knowledge_result *result);
/** fn is called once, perhaps before this returns; -ECANCELED at the end. -EBUSY: too many wait. */
int knowledge_do(struct knowledge *knowledge, const struct knowledge_order *order, knowledge_fn *fn,
                 void *arg) MUST_CHECK;

#endif
