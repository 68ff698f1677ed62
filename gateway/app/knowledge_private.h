/* What the files that carry out an order share. */
#ifndef PH_KNOWLEDGE_PRIVATE_H
#define PH_KNOWLEDGE_PRIVATE_H

#include "knowledge.h"

enum {
	JOBS_MAX = 16,
	TRIES_MAX = 5,       /* somebody else published meanwhile */
	FETCH_BATCH = 64,    /* sheets asked for at once: no callback may take long */
	STORE_BATCH = 32,    /* sheets sent at once */
	VERSIONS_KEPT = 100, /* what came before is forgotten */
	NAMES_MAX = 200,     /* conflicts and changes that are told by name */
	FAULTS_MAX = 200,    /* that are told */
	LOOK_MS = 5000,      /* a hint may be lost */
	BY_MAX = 64,
	NOTE_MAX = 400,
	FINGERPRINT_LEN = 16,
	LIST_MAX = 4200 * (EDITION_HASH_LEN + EDITION_NAME_MAX + EDITION_FILE_MAX + 3)
};

/* Names without repeats of their own: the one who adds knows. */
struct names {
	char *at[NAMES_MAX];
	size_t count;
};

/* A draft that goes along. */
struct draft {
	char *name;
	char base[EDITION_HASH_LEN + 1], hash[EDITION_HASH_LEN + 1]; /* "-": nothing */
};

struct job {
	struct job *next;
	struct knowledge *k;
	enum knowledge_what what;
	char by[BY_MAX], note[NOTE_MAX];
	uint64_t version;
	struct span *ids;
	size_t id_count;
	struct catalogue_file *files;
	size_t file_count;
	bool whole, force, four_eyes;
	bool too_many; /* the files hold more than Redis keeps versions of */
	knowledge_fn *fn;
	void *arg;
	/* of reading */
	struct edition theirs;   /* with their texts */
	struct catalogue *built; /* from the files as they are */
	char fingerprint[FINGERPRINT_LEN + 1];
	/* of staging: what is published, what was imported last, what would be */
	uint64_t base;
	char *base_list;
	struct edition now, imported, want;
	struct draft *drafts;
	size_t draft_count;
	struct names conflicts, names, own, authors; /* own: drafts of who publishes them */
	unsigned tries;
	/* of building */
	size_t at; /* of want or theirs: how far fetching or storing has come */
	uint64_t now_ms;
	bool pure; /* want is what the files say, and nothing else */
	struct told told;
	struct knowledge_fault *faults;
	size_t fault_count;
	struct catalogue *catalogue;
};

struct knowledge {
	struct knowledge_options options;
	struct job *jobs, **jobs_end; /* the first is under way */
	size_t job_count;
	struct io_timer *timer;
	uint64_t version, failed;        /* in use; could not be built */
	bool published;                  /* something was when it started */
	char files[FINGERPRINT_LEN + 1]; /* of the directory that is in use while version is 0 */
	bool looking, dead;
	unsigned refs;
	done_fn *started;
	void *started_arg;
};

/* knowledge_job.c */
/** Carries out the first of k->jobs, from its beginning. */
void job_begin(struct job *job);
void job_free(struct job *job);
/** The job is over: tells, frees, and lets the next one begin. */
void job_end(struct job *job, int err, const char *code);

/* knowledge_read.c: on a thread of the pool */
/** Files to theirs, and a catalogue of their own. arg is the job. */
int job_read(void *arg);
/** want to a catalogue. arg is the job. */
int job_build(void *arg);

void names_add(void *names, const char *name);

#endif
