/* What the files that carry out an order share. */
#ifndef PH_KNOWLEDGE_PRIVATE_H
#define PH_KNOWLEDGE_PRIVATE_H

#include "digest.h"
#include "edition_pages.h"
#include "knowledge.h"

enum {
	JOBS_MAX = 16,
	TRIES_MAX = 5,       /* somebody else published meanwhile */
	PAGE_BATCH = 4,      /* pages asked for at once: no callback may take long */
	FETCH_BATCH = 64,    /* sheets asked for at once */
	STORE_BATCH = 32,    /* sheets sent at once */
	STORE_SIZE = 262144, /* octets sent at once, but for the last of them */
	LINES_BATCH = 256,   /* lines sent at once */
	VERSIONS_KEPT = 100, /* what came before is forgotten */
	NAMES_MAX = 200,     /* conflicts and changes that are told by name */
	FAULTS_MAX = 200,    /* that are told */
	LOOK_MS = 5000,      /* a hint may be lost */
	BY_MAX = 64,
	NOTE_MAX = 400,
	FINGERPRINT_LEN = 16,
	ROOT_MAX = EDITION_PAGES_MAX * (EDITION_HASH_LEN + 1)
};

/* Names without repeats of their own: the one who adds knows. */
struct names {
	char *at[NAMES_MAX];
	size_t count;
};

/* A draft, as it was when the order was staged. */
struct draft {
	char *name, *file;
	char base[EDITION_HASH_LEN + 1], hash[EDITION_HASH_LEN + 1]; /* "-": nothing */
	char by[BY_MAX];
	bool taken; /* it goes along */
};

/* A version that is read, page by page. */
struct loading {
	struct edition *to;
	struct edition_pages pages;
	size_t at;
};

/* What is published if all goes well: made by job_plan(). */
struct plan {
	struct edition_pages pages;
	struct edition_pages fresh, fresh_import; /* that Redis may not have */
	size_t *sheets, sheet_count;              /* of theirs, the same */
	struct buf root, import, changes, drafts; /* as ph_templates_publish() takes them */
	size_t change_count;
	bool anew; /* the table of names is made anew, beside the one that is: changes is empty */
	bool same; /* as what is published */
};

struct sweep;

struct job {
	struct job *next;
	struct knowledge *k;
	enum knowledge_what what;
	char by[BY_MAX], note[NOTE_MAX];
	uint64_t version;
	uint64_t expected; /* to be published when it is staged; 0: whatever is */
	struct span *ids, *hashes;
	size_t id_count, hash_count;
	struct catalogue_file *files;
	size_t file_count;
	bool whole, force, four_eyes;
	bool quick; /* the node waits for it before it answers: the catalogue may be refined later
	             */
	knowledge_work_fn *render;
	knowledge_fn *fn;
	void *arg;
	/* of reading */
	struct edition theirs;   /* with their texts */
	struct catalogue *built; /* from the files as they are */
	char fingerprint[FINGERPRINT_LEN + 1];
	/* of staging: what is published, what was imported last, what would be */
	uint64_t base;
	struct loading loads[2];
	size_t load_count;
	struct edition now, imported, want;
	char root_hash[EDITION_HASH_LEN + 1]; /* of want */
	struct draft *drafts;
	size_t draft_count, taken_count;
	struct names conflicts, names, own, authors; /* own: drafts of who publishes them */
	struct plan plan;
	unsigned tries;
	/* of building and storing */
	size_t at; /* how far fetching or storing has come */
	char token[DIGEST_UNIQUE_SIZE];
	uint64_t now_ms;
	bool pure; /* want is what the files say, and nothing else */
	struct told told;
	struct knowledge_fault *faults;
	size_t fault_count;
	struct catalogue *catalogue;
	struct sweep *sweep;
};

struct knowledge {
	struct knowledge_options options;
	struct job *jobs, **jobs_end; /* the first is under way */
	size_t job_count;
	struct io_timer *timer;
	uint64_t version, failed; /* in use; could not be built, or is not kept */
	uint64_t wanted;          /* that was published when it was followed last */
	bool looking, look_again; /* when no order is under way any more */
	bool dead;
	unsigned refs;
	done_fn *started;
	void *started_arg;
};

/* knowledge_job.c */
/** Carries out the first of k->jobs, from its beginning. */
void job_begin(struct job *job);
/** Begins again with what is published now, which has changed; not for ever. */
void job_again(struct job *job);
/** Takes what was built into use as that version. */
void job_use(struct job *job, uint64_t version);
/** ph_templates_...; where that cannot be, the job is over. */
void job_call(struct job *job, const char *function, const struct span *args, size_t count,
              redis_fn *fn);
/** The same of another command. */
void job_command(struct job *job, int argc, const struct span *argv, redis_fn *fn);
/** Off the loop, and not a matter of milliseconds. */
void job_free(struct job *job);

/* knowledge.c */
/** The job is over: tells, frees, and lets the next one begin. */
void job_end(struct job *job, int err, const char *code);
/** A version is in use: what nothing names any more may go. */
void knowledge_sweep_soon(struct knowledge *k);

/* knowledge_read.c: on a thread of the pool */
/** Files to theirs, and a catalogue of their own. arg is the job. */
int job_read(void *arg);
/** want to a catalogue. arg is the job. */
int job_build(void *arg);

/* knowledge_plan.c: on a thread of the pool */
/** Works out want and plan of what was staged. arg is the job. */
int job_plan(void *arg);
void plan_fini(struct plan *plan);

/* knowledge_store.c */
/** Stores what the plan needs, then publishes. */
void job_store(struct job *job);

/* knowledge_sweep.c */
void job_sweep(struct job *job);
void sweep_free(struct sweep **sweep);

void names_add(void *names, const char *name);

#endif
