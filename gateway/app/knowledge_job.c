/*
 * The steps of an order: read (pool), stage (what is published, what is drafted), load those lists
 * page by page, plan (pool: what would be published), fetch the sheets, build (pool), store and
 * publish (knowledge_store.c). When somebody else published meanwhile it is staged again.
 */
#include "knowledge_private.h"

#include <stdio.h>
#include <stdlib.h>

void names_add(void *names, const char *name)
{
	struct names *n = names;

	if (n->count < NAMES_MAX && (n->at[n->count] = strdup(name)))
		n->count++;
}

static void names_fini(struct names *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->at[i]);
		n->at[i] = NULL;
	}
	n->count = 0;
}

static void forget_drafts(struct job *job)
{
	for (size_t i = 0; i < job->draft_count; i++) {
		free(job->drafts[i].name);
		free(job->drafts[i].file);
	}
	free(job->drafts);
	job->drafts = NULL;
	job->draft_count = job->taken_count = 0;
}

static void forget_stage(struct job *job)
{
	for (size_t i = 0; i < job->load_count; i++)
		edition_pages_fini(&job->loads[i].pages);
	job->load_count = 0;
	edition_fini(&job->now);
	edition_fini(&job->imported);
	edition_fini(&job->want);
	forget_drafts(job);
	plan_fini(&job->plan);
	names_fini(&job->conflicts);
	names_fini(&job->own);
	names_fini(&job->authors);
	names_fini(&job->names);
	catalogue_unref(&job->catalogue);
	job->at = 0;
	job->pure = false;
}

void job_free(struct job *job)
{
	forget_stage(job);
	catalogue_unref(&job->built);
	edition_fini(&job->theirs);
	for (size_t i = 0; i < job->id_count; i++)
		free((char *)(uintptr_t)job->ids[i].ptr);
	for (size_t i = 0; i < job->hash_count; i++)
		free((char *)(uintptr_t)job->hashes[i].ptr);
	for (size_t i = 0; i < job->file_count; i++) {
		free((char *)(uintptr_t)job->files[i].name);
		free((char *)(uintptr_t)job->files[i].text.ptr);
	}
	free(job->ids);
	free(job->hashes);
	free(job->files);
	free(job->faults);
	told_fini(&job->told);
	sweep_free(&job->sweep);
	free(job);
}

static void stage(struct job *job);
static void load(struct job *job);
static void fetch(struct job *job);

void job_call(struct job *job, const char *function, const struct span *args, size_t count,
              redis_fn *fn)
{
	int err =
		redis_fcall(job->k->options.redis, function, KNOWLEDGE_SLOT, args, count, fn, job);

	if (err)
		job_end(job, err, NULL);
}

void job_command(struct job *job, int argc, const struct span *argv, redis_fn *fn)
{
	int err = redis_command(job->k->options.redis, argc, argv, fn, job);

	if (err)
		job_end(job, err, NULL);
}

static void work(struct job *job, int (*fn)(void *arg), done_fn *done)
{
	struct io_loop *loop = job->k->options.loop;
	int err;

	job->now_ms = clock_wall_ms(io_loop_clock(loop));
	if (job->quick) /* nobody is answered yet who could be kept waiting */
		err = io_work(loop, "templates.work", fn, done, job);
	else
		err = io_work_background(loop, "templates.work", fn, done, job);
	if (err)
		job_end(job, -ENOMEM, NULL);
}

void job_again(struct job *job)
{
	if (++job->tries < TRIES_MAX)
		stage(job);
	else
		job_end(job, -EBUSY, "busy");
}

static const char *code_of(int err)
{
	return err == -EINVAL ? "template_invalid" : err == -E2BIG ? "catalogue_full" : NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void on_job_read(void *arg, int err)
{
	struct job *job = arg;

	if (err)
		job_end(job, err, code_of(err));
	else
		stage(job);
}

void job_begin(struct job *job)
{
	if (job->what == KNOWLEDGE_SWEEP)
		job_sweep(job);
	else if (job->what == KNOWLEDGE_FILES || job->file_count)
		work(job, job_read, on_job_read);
	else
		stage(job);
}

/* --- building --------------------------------------------------------------------------------- */

/* The name that answers are recorded with. */
static void name_version(const struct job *job, uint64_t version)
{
	char name[CATALOGUE_VERSION_SIZE];

	snprintf(name, sizeof(name), "%llu %.16s", (unsigned long long)version, job->root_hash);
	catalogue_set_version(job->catalogue, name);
}

void job_use(struct job *job, uint64_t version)
{
	struct knowledge *k = job->k;

	if (version == k->version)
		return;
	if (!k->options.changed) {
		k->version = version;
		return;
	}
	if (!job->catalogue && job->built && job->pure) {
		job->catalogue = job->built;
		job->built = NULL;
	}
	if (!job->catalogue)
		return; /* nothing was built, since nothing changed: it is followed as any other */
	k->version = version;
	name_version(job, version);
	k->options.changed(k->options.arg, job->catalogue);
	job->catalogue = NULL;
	knowledge_sweep_soon(k);
}

static void built(struct job *job)
{
	if (job->what == KNOWLEDGE_FOLLOW)
		job_use(job, job->base);
	if (job->what == KNOWLEDGE_FOLLOW || job->what == KNOWLEDGE_VALIDATE)
		job_end(job, 0, NULL);
	else
		job_store(job);
}

static void on_job_built(void *arg, int err)
{
	struct job *job = arg;

	if (err)
		job_end(job, err, err == -EINVAL ? "template_invalid" : NULL);
	else
		built(job);
}

static int render(void *arg)
{
	struct job *job = arg;

	return job->render(job->arg, job->base, &job->want);
}

static void on_rendered(void *arg, int err)
{
	job_end(arg, err, NULL);
}

static void fetched(struct job *job)
{
	if (job->what != KNOWLEDGE_READ)
		work(job, job_build, on_job_built);
	else if (job->render)
		work(job, render, on_rendered);
	else
		job_end(job, 0, NULL);
}

/* --- fetching --------------------------------------------------------------------------------- */

static void on_fetched(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	size_t given = 0;

	(void)why;
	for (size_t i = job->at; !err && i < job->want.count && redis_at(reply, given); i++) {
		struct edition_entry *entry = &job->want.at[i];
		struct span text;

		if (entry->text)
			continue;
		text = redis_text_at(reply, given++);
		err = text.len ? edition_set_text(&job->want, entry, text)
		               : -ESTALE; /* published and swept meanwhile */
		job->at = i + 1;
	}
	if (err == -ESTALE)
		job_again(job);
	else if (err)
		job_end(job, err, NULL);
	else
		fetch(job);
}

static void fetch(struct job *job)
{
	struct span argv[2 + FETCH_BATCH] = {SPAN_LIT("HMGET"), SPAN_LIT("ph:{tpl}:sheet")};
	int count = 2;

	for (size_t i = job->at; i < job->want.count && count < (int)ARRAY_LEN(argv); i++)
		if (!job->want.at[i].text)
			argv[count++] = span_of(job->want.at[i].hash);
	if (count == 2)
		fetched(job);
	else
		job_command(job, count, argv, on_fetched);
}

/* --- planning --------------------------------------------------------------------------------- */

static const struct draft *draft_of(const struct job *job, struct span name)
{
	for (size_t d = 0; d < job->draft_count; d++)
		if (span_is(name, job->drafts[d].name))
			return &job->drafts[d];
	return NULL;
}

/* An id that was asked for and of which there is no draft. */
static bool asked_in_vain(const struct job *job)
{
	for (size_t i = 0; i < job->id_count; i++)
		if (!draft_of(job, job->ids[i]))
			return true;
	return false;
}

/* Drafts that are not what whoever publishes them has seen: told as conflicts. */
static bool seen_otherwise(struct job *job)
{
	bool otherwise = false;

	for (size_t i = 0; i < job->hash_count; i++) {
		const struct draft *d = draft_of(job, job->ids[i]);

		if (d && !span_is(job->hashes[i], d->hash)) {
			if (!otherwise)
				names_fini(&job->conflicts);
			otherwise = true;
			names_add(&job->conflicts, d->name);
		}
	}
	return otherwise;
}

static void on_planned(void *arg, int err)
{
	struct job *job = arg;
	bool publishes = job->what == KNOWLEDGE_PUBLISH;

	if (err)
		job_end(job, err, err == -E2BIG ? "catalogue_full" : NULL);
	else if (publishes && (asked_in_vain(job) || !job->taken_count))
		job_end(job, -ENOENT, "draft_unknown");
	else if (publishes && seen_otherwise(job))
		job_end(job, -ESTALE, "template_changed");
	else if (publishes && job->four_eyes && job->own.count)
		job_end(job, -EPERM, "four_eyes");
	else if (publishes && job->conflicts.count && !job->force)
		job_end(job, -EEXIST, "template_conflict");
	else if ((job->pure && job->built) || (job->whole && job->base && job->plan.same))
		built(job); /* it is there, or nothing changed: that the files were imported is
		               noted */
	else
		fetch(job);
}

static void loaded(struct job *job)
{
	job->at = 0;
	if (job->what == KNOWLEDGE_FOLLOW || job->what == KNOWLEDGE_READ)
		fetch(job);
	else
		work(job, job_plan, on_planned);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* to will be what the root names. */
static int load_later(struct job *job, struct edition *to, struct span root)
{
	struct loading *l = &job->loads[job->load_count++];

	*l = (struct loading){.to = to};
	return edition_root_read(root, &l->pages);
}

static struct loading *next_load(struct job *job)
{
	for (size_t i = 0; i < job->load_count; i++)
		if (job->loads[i].at < job->loads[i].pages.count)
			return &job->loads[i];
	return NULL;
}

static void on_pages(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	struct loading *l = next_load(job);

	(void)why;
	for (size_t i = 0; l && !err && redis_at(reply, i); i++, l->at++) {
		struct span page = redis_text_at(reply, i);

		err = page.len ? edition_page_read(page, l->to) : -ESTALE;
	}
	if (err == -ESTALE)
		job_again(job);
	else if (err)
		job_end(job, err, NULL);
	else
		load(job);
}

static void load(struct job *job)
{
	struct span argv[2 + PAGE_BATCH] = {SPAN_LIT("HMGET"), SPAN_LIT("ph:{tpl}:page")};
	const struct loading *l = next_load(job);
	int count = 2;

	if (!l) {
		loaded(job);
		return;
	}
	for (size_t i = l->at; i < l->pages.count && count < (int)ARRAY_LEN(argv); i++)
		argv[count++] = span_of(l->pages.at[i].hash);
	job_command(job, count, argv, on_pages);
}

/* --- staging ---------------------------------------------------------------------------------- */

/* "BASE HASH MS BY FILE" */
static int take_draft(struct job *job, struct span name, struct span record)
{
	struct draft *d = &job->drafts[job->draft_count];
	struct span rest, ms, by;
	struct span base = span_split(record, ' ', &rest), hash = span_split(rest, ' ', &rest);

	ms = span_split(rest, ' ', &rest);
	by = span_split(rest, ' ', &rest);
	if (!ms.len || !by.len || !base.len || base.len > EDITION_HASH_LEN || !hash.len ||
	    hash.len > EDITION_HASH_LEN)
		return -EBADMSG;
	*d = (struct draft){.name = span_dup(name), .file = span_dup(rest)};
	memcpy(d->base, base.ptr, base.len);
	memcpy(d->hash, hash.ptr, hash.len);
	snprintf(d->by, sizeof(d->by), "%.*s", SPAN_FMT(by));
	job->draft_count++;
	return d->name && d->file ? 0 : -ENOMEM;
}

static int take_drafts(struct job *job, const redisReply *all)
{
	size_t count = all && all->type == REDIS_REPLY_ARRAY ? all->elements : 0;
	int err = 0;

	job->drafts = calloc(count / 2 + 1, sizeof(*job->drafts));
	if (!job->drafts)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < count && !err; i += 2)
		err = take_draft(job, redis_text_at(all, i), redis_text_at(all, i + 1));
	return err;
}

/* A version as it was. */
static void on_version(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	bool there = !err && redis_at(reply, 0);

	(void)why;
	if (there) {
		if (job->what != KNOWLEDGE_ROLLBACK)
			job->base = redis_num_at(reply, 0);
		edition_hash(redis_text_at(reply, 1), job->root_hash);
		err = load_later(job, &job->want, redis_text_at(reply, 1));
	}
	if (err)
		job_end(job, err, NULL);
	else if (!there)
		job_end(job, -ENOENT, "version_unknown");
	else
		load(job);
}

static void read_version(struct job *job)
{
	char number[24];
	const struct span arg = {number, (size_t)snprintf(number, sizeof(number), "%llu",
	                                                  (unsigned long long)job->version)};

	job_call(job, "ph_templates_version", &arg, 1, on_version);
}

/* What is published while it is being built is not to be undone unseen: it is not staged again. */
static void go_back(struct job *job)
{
	job->expected = job->base;
	read_version(job);
}

static void on_staged(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	const redisReply *root = redis_at(reply, 1);
	bool back = job->what == KNOWLEDGE_ROLLBACK;
	bool there = root && root->type == REDIS_REPLY_STRING; /* may be empty */

	(void)why;
	if (!err) {
		job->base = redis_num_at(reply, 0);
		err = load_later(job, &job->now, redis_text(root));
	}
	if (!err && job->base && !there && !job->whole)
		err = -EBADMSG; /* a version without its root: only files can be built on that */
	if (!err && there && job->whole) /* what is not known to have been there was not removed */
		err = load_later(job, &job->imported, redis_text_at(reply, 2));
	if (!err && !back)
		err = take_drafts(job, redis_at(reply, 3));
	if (err)
		job_end(job, err, NULL);
	else if (job->expected && job->base != job->expected)
		job_end(job, -ESTALE, "version_changed");
	else if (!job->base && !job->whole && !back) /* drafts alone are no catalogue */
		job_end(job, -E2BIG, "catalogue_full");
	else if (back)
		go_back(job);
	else
		load(job);
}

static void stage(struct job *job)
{
	forget_stage(job);
	if (job->what == KNOWLEDGE_FOLLOW || job->what == KNOWLEDGE_READ)
		read_version(job);
	else
		job_call(job, "ph_templates_stage", NULL, 0, on_staged);
}
