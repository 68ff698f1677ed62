/* The queue of orders, and following what Redis says is published. */
#include "knowledge_private.h"

#include "metrics.h"
#include "strict_json.h"

#include <stdio.h>
#include <stdlib.h>

extern const char knowledge_lua[];

const struct redis_library knowledge_library = {"posthouse_knowledge", knowledge_lua};

static void unref_many(struct knowledge *k, unsigned refs)
{
	k->refs -= refs;
	if (k->refs == 0)
		free(k);
}

static void unref(struct knowledge *k)
{
	unref_many(k, 1);
}

static void next_job(struct knowledge *k)
{
	if (k->jobs && !k->dead)
		job_begin(k->jobs);
}

static void tell(struct job *job, int err, const char *code)
{
	bool own = code && strcmp(code, "four_eyes") == 0;
	const struct names *conflicts = own ? &job->own : &job->conflicts;
	bool only_looks = job->what == KNOWLEDGE_VALIDATE || job->what == KNOWLEDGE_READ;
	const struct knowledge_result result = {
		.err = err,
		.code = code,
		.version = only_looks || err ? job->base : job->k->version,
		.changed = !err && !only_looks && job->k->version != job->base,
		.edition = &job->want,
		.faults = job->faults,
		.fault_count = job->fault_count,
		.faults_more = job->told.count + job->told.lost - job->fault_count,
		.conflicts = conflicts->at,
		.conflict_count = conflicts->count,
		.names = job->names.at,
		.name_count = job->names.count,
	};

	job->fn(job->arg, &result);
}

static int free_job(void *job)
{
	job_free(job);
	return 0;
}

static void on_freed(void *arg, int err)
{
	(void)arg;
	(void)err;
}

/* It may hold two catalogues and every text of a third. Not in the background: what it frees is the
 * loop's memory, and who has a lock of that should not wait for a core. */
static void discard(struct job *job)
{
	if (job->k->dead ||
	    io_work(job->k->options.loop, "templates.free", free_job, on_freed, job))
		job_free(job);
}

void job_end(struct job *job, int err, const char *code)
{
	struct knowledge *k = job->k;

	k->jobs = job->next;
	if (!k->jobs)
		k->jobs_end = &k->jobs;
	k->job_count--;
	tell(job, k->dead ? -ECANCELED : err, code);
	discard(job);
	next_job(k);
	if (k->look_again && !k->jobs && !k->dead)
		knowledge_look(k);
	unref(k);
}

/* --- orders ----------------------------------------------------------------------------------- */

/* NULL: no memory, or none to be copied. */
static struct span *copy_spans(const struct span *from, size_t count, size_t *copied)
{
	struct span *to = calloc(count + 1, sizeof(*to));

	for (; to && from && *copied < count; ++*copied) {
		char *copy = span_dup(from[*copied]);

		if (!copy)
			break;
		to[*copied] = (struct span){copy, from[*copied].len};
	}
	return to;
}

static bool copy_ids(struct job *job, const struct knowledge_order *o)
{
	job->ids = copy_spans(o->ids, o->id_count, &job->id_count);
	job->hashes = copy_spans(o->hashes, o->id_count, &job->hash_count);
	return job->ids && job->hashes && job->id_count == o->id_count &&
	       (!o->hashes || job->hash_count == o->id_count);
}

static bool copy_files(struct job *job, const struct knowledge_order *o)
{
	job->files = calloc(o->file_count + 1, sizeof(*job->files));
	for (; job->files && job->file_count < o->file_count; job->file_count++) {
		const struct catalogue_file *from = &o->files[job->file_count];
		struct catalogue_file *to = &job->files[job->file_count];

		to->name = strdup(from->name);
		to->text = (struct span){span_dup(from->text), from->text.len};
		if (!to->name || !to->text.ptr) {
			job->file_count++;
			return false;
		}
	}
	return job->files != NULL;
}

int knowledge_do(struct knowledge *k, const struct knowledge_order *o, knowledge_fn *fn, void *arg)
{
	struct job *job;

	if (k->job_count >= JOBS_MAX)
		return -EBUSY;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->k = k;
	job->what = o->what;
	job->version = o->version;
	job->expected = o->expected;
	job->whole = o->whole || o->what == KNOWLEDGE_FILES;
	job->force = o->force;
	job->four_eyes = o->four_eyes;
	job->quick = k->started != NULL;
	job->render = o->render;
	job->fn = fn;
	job->arg = arg;
	snprintf(job->by, sizeof(job->by), "%.*s", SPAN_FMT(o->by));
	snprintf(job->note, sizeof(job->note), "%.*s", SPAN_FMT(o->note));
	if (!copy_ids(job, o) || !copy_files(job, o)) {
		job_free(job);
		return -ENOMEM;
	}
	k->refs++;
	*k->jobs_end = job;
	k->jobs_end = &job->next;
	if (k->job_count++ == 0)
		job_begin(job);
	return 0;
}

/* --- following -------------------------------------------------------------------------------- */

static void count_version(const struct knowledge *k)
{
	*metric_get(METRIC_GAUGE, "posthouse_templates_version",
	            "Version of the catalogue in use; 0: files that Redis does not know", NULL,
	            NULL) = k->version;
	*metric_get(METRIC_GAUGE, "posthouse_templates_refused",
	            "Published version that this node cannot use; 0: none", NULL, NULL) = k->failed;
}

static void log_faults(const struct knowledge *k, const struct knowledge_result *r)
{
	for (size_t i = 0; i < r->fault_count; i++)
		log_error(k->options.log, EVENT("templates.refused"),
		          STR("file", r->faults[i].file), STR("template", r->faults[i].id),
		          NUM("line", r->faults[i].line), STR("text", r->faults[i].text));
}

static void started(struct knowledge *k)
{
	done_fn *fn = k->started;

	k->started = NULL;
	count_version(k);
	if (fn)
		fn(k->started_arg, 0);
}

static void on_followed(void *arg, const struct knowledge_result *r)
{
	struct knowledge *k = arg;
	const struct logger *log = k->options.log;

	if (k->dead)
		return;
	log_faults(k, r);
	if (!r->err) {
		k->failed = 0;
		log_info(log, EVENT("templates.loaded"), NUM("version", r->version));
	} else {
		if (r->err == -EINVAL)
			k->failed = r->version;
		else if (r->err == -ENOENT) /* nor will it ever be there */
			k->failed = k->wanted;
		log_error(log, EVENT("templates.kept"), NUM("version", k->version), ERR(r->err));
	}
	started(k);
}

static void follow(struct knowledge *k, uint64_t version)
{
	const struct knowledge_order order = {.what = KNOWLEDGE_FOLLOW};

	k->wanted = version;
	if (knowledge_do(k, &order, on_followed, k))
		started(k); /* it is looked again soon */
}

static void on_imported(void *arg, const struct knowledge_result *r)
{
	struct knowledge *k = arg;
	const struct logger *log = k->options.log;

	if (k->dead)
		return;
	log_faults(k, r);
	for (size_t i = 0; i < r->conflict_count; i++)
		log_warn(log, EVENT("templates.conflict"), STR("template", r->conflicts[i]),
		         STR("kept", "published"));
	if (r->err)
		log_error(log, EVENT("templates.kept"), NUM("version", k->version), ERR(r->err));
	else
		log_info(log, EVENT("templates.imported"), NUM("version", r->version),
		         NUM("changed", r->name_count), NUM("conflicts", r->conflict_count));
	started(k);
}

void knowledge_import_files(struct knowledge *k)
{
	const struct knowledge_order order = {.what = KNOWLEDGE_FILES, .by = SPAN_LIT("files")};

	if (knowledge_do(k, &order, on_imported, k)) {
		log_error(k->options.log, EVENT("templates.import_busy"));
		started(k);
	}
}

static void on_look(void *arg, int err, const redisReply *reply, const char *why)
{
	struct knowledge *k = arg;
	uint64_t version = 0;

	(void)why;
	k->looking = false;
	if (!err && !k->dead && reply->type == REDIS_REPLY_STRING &&
	    !span_u64((struct span){reply->str, reply->len}, &version) && version != k->version &&
	    version != k->failed) {
		if (k->job_count == 0)
			follow(k, version);
		else
			k->look_again = true; /* an order under way may publish it itself */
	}
	count_version(k);
	unref(k);
}

void knowledge_look(struct knowledge *k)
{
	const struct span argv[] = {SPAN_LIT("GET"), SPAN_LIT("ph:{tpl}:now")};

	if (k->looking || k->started || !redis_up(k->options.redis) ||
	    redis_command(k->options.redis, ARRAY_LEN(argv), argv, on_look, k))
		return;
	k->looking = true;
	k->look_again = false;
	k->refs++;
}

static void on_hint(void *arg, struct span message)
{
	(void)message;
	knowledge_look(arg);
}

static void on_swept(void *arg, const struct knowledge_result *result)
{
	(void)arg;
	(void)result;
}

void knowledge_sweep_soon(struct knowledge *k)
{
	const struct knowledge_order order = {.what = KNOWLEDGE_SWEEP};

	if (knowledge_do(k, &order, on_swept, k))
		log_debug(k->options.log, EVENT("templates.unswept"));
}

/* --- starting --------------------------------------------------------------------------------- */

/* The files of this node: what Redis knows of them. */
struct start {
	struct knowledge *k;
	struct catalogue *files;
};

static bool is_pure(struct span about)
{
	json_t *object = json_loadb(about.ptr, about.len, 0, NULL);
	bool pure = json_is_true(json_object_get(object, "pure"));

	json_decref(object);
	return pure;
}

/* Nothing was published since these very files: no need to build them again. */
static void adopt(struct knowledge *k, struct catalogue *files, uint64_t version, struct span root)
{
	char name[CATALOGUE_VERSION_SIZE], hash[EDITION_HASH_LEN + 1];

	edition_hash(root, hash);
	snprintf(name, sizeof(name), "%llu %.16s", (unsigned long long)version, hash);
	catalogue_set_version(files, name);
	k->version = version;
	started(k);
}

/* Files that Redis has never seen. Where it has nothing at all they are right already: no customer
 * waits for that. */
static void import_unknown(struct knowledge *k, uint64_t version)
{
	if (!version)
		started(k);
	knowledge_import_files(k);
}

static void on_known(void *arg, int err, const redisReply *reply, const char *why)
{
	struct start *s = arg;
	struct knowledge *k = s->k;
	uint64_t version = 0, became = 0;

	(void)why;
	if (!err && reply->type == REDIS_REPLY_ARRAY && reply->elements == 4) {
		version = redis_num_at(reply, 0);
		if (span_u64(redis_text_at(reply, 3), &became))
			became = 0;
	}
	if (k->dead)
		;
	else if (err)
		started(k); /* Redis went again; it is looked when it is back */
	else if (!became)
		import_unknown(k, version);
	else if (became == version && is_pure(redis_text_at(reply, 2)))
		adopt(k, s->files, version, redis_text_at(reply, 1));
	else
		follow(k, version);
	catalogue_unref(&s->files);
	free(s);
	unref(k);
}

void knowledge_start(struct knowledge *k, struct catalogue *files, done_fn *done, void *arg)
{
	struct start *s = malloc(sizeof(*s));
	struct span fingerprint = span_of(catalogue_version(files));

	k->started = done;
	k->started_arg = arg;
	io_timer_start(k->timer, LOOK_MS, LOOK_MS);
	fingerprint.len = fingerprint.len < FINGERPRINT_LEN ? fingerprint.len : FINGERPRINT_LEN;
	if (s)
		*s = (struct start){k, catalogue_ref(files)};
	if (!s || redis_fcall(k->options.redis, "ph_templates_now", KNOWLEDGE_SLOT, &fingerprint, 1,
	                      on_known, s)) {
		if (s)
			catalogue_unref(&s->files);
		free(s);
		started(k);
		return;
	}
	k->refs++;
}

uint64_t knowledge_version(const struct knowledge *k)
{
	return k->version;
}

static void on_lost(void *arg)
{
	knowledge_look(arg);
}

static void on_timer(void *arg)
{
	knowledge_look(arg);
}

int knowledge_create(const struct knowledge_options *options, struct knowledge **out)
{
	struct knowledge *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->options = *options;
	k->refs = 1;
	k->jobs_end = &k->jobs;
	err = io_timer_create(options->loop, "templates.look", on_timer, k, &k->timer);
	if (!err && options->changed)
		err = redis_subscribe(options->redis, "ph:templates", on_hint, on_lost, k);
	if (err)
		knowledge_destroy(&k);
	else
		*out = k;
	return err;
}

void knowledge_destroy(struct knowledge **knowledge)
{
	struct knowledge *k = *knowledge;
	struct job *rest = NULL;
	unsigned refs = 1;

	if (!k)
		return;
	*knowledge = NULL;
	k->dead = true;
	io_timer_destroy(&k->timer);
	if (k->jobs) { /* the first may be with a thread: it ends itself */
		rest = k->jobs->next;
		k->jobs->next = NULL;
		k->jobs_end = &k->jobs->next;
	}
	while (rest) {
		struct job *waiting = rest;

		rest = waiting->next;
		k->job_count--;
		tell(waiting, -ECANCELED, NULL);
		job_free(waiting);
		refs++;
	}
	unref_many(k, refs);
}
