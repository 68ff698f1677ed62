/*
 * The steps of an order: read (pool), stage (what is published, what is drafted), work out the new
 * list, fetch the sheets, build (pool), store new sheets, publish. When somebody else published
 * meanwhile it is staged again.
 */
#include "knowledge_private.h"

#include "digest.h"
#include "strict_json.h"

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

static void forget_stage(struct job *job)
{
	free(job->base_list);
	job->base_list = NULL;
	edition_fini(&job->now);
	edition_fini(&job->imported);
	edition_fini(&job->want);
	for (size_t i = 0; i < job->draft_count; i++)
		free(job->drafts[i].name);
	free(job->drafts);
	job->drafts = NULL;
	job->draft_count = 0;
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
	for (size_t i = 0; i < job->file_count; i++) {
		free((char *)(uintptr_t)job->files[i].name);
		free((char *)(uintptr_t)job->files[i].text.ptr);
	}
	free(job->ids);
	free(job->files);
	free(job->faults);
	told_fini(&job->told);
	free(job);
}

static void stage(struct job *job);
static void fetch(struct job *job);
static void store(struct job *job);

static void call(struct job *job, const char *function, const struct span *args, size_t count,
                 redis_fn *fn)
{
	int err =
		redis_fcall(job->k->options.redis, function, KNOWLEDGE_SLOT, args, count, fn, job);

	if (err)
		job_end(job, err, NULL);
}

static void work(struct job *job, int (*fn)(void *arg), done_fn *done)
{
	job->now_ms = clock_wall_ms(io_loop_clock(job->k->options.loop));
	if (io_work_background(job->k->options.loop, "templates.work", fn, done, job))
		job_end(job, -ENOMEM, NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const char *code_of(int err)
{
	return err == -EINVAL ? "template_invalid" : err == -E2BIG ? "catalogue_full" : NULL;
}

/* Files with more templates than Redis keeps versions of are used as they are, each node its own;
 * but where a version is published, all nodes go on with that. */
static void use_files_alone(struct job *job)
{
	struct knowledge *k = job->k;
	bool same = strcmp(k->files, job->fingerprint) == 0;

	if (k->version || k->published || !k->options.changed) {
		job_end(job, -E2BIG, "catalogue_full");
		return;
	}
	log_warn(k->options.log, EVENT("templates.files_alone"),
	         NUM("at_most", EDITION_ENTRIES_MAX));
	memcpy(k->files, job->fingerprint, sizeof(k->files));
	if (!same && job->built) {
		k->options.changed(k->options.arg, job->built);
		job->built = NULL;
	}
	job_end(job, 0, NULL);
}

static void on_job_read(void *arg, int err)
{
	struct job *job = arg;

	if (err)
		job_end(job, err, code_of(err));
	else if (job->too_many)
		use_files_alone(job);
	else
		stage(job);
}

void job_begin(struct job *job)
{
	if (job->what == KNOWLEDGE_FILES || job->file_count)
		work(job, job_read, on_job_read);
	else
		stage(job);
}

/* --- building, storing, publishing ------------------------------------------------------------ */

static json_t *names_json(const struct names *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->count; i++)
		json_array_append_new(list, json_string(n->at[i]));
	return list;
}

static const char *origin_of(const struct job *job)
{
	static const char *const names[] = {
		[KNOWLEDGE_FOLLOW] = "",       [KNOWLEDGE_FILES] = "files",
		[KNOWLEDGE_IMPORT] = "import", [KNOWLEDGE_PUBLISH] = "publish",
		[KNOWLEDGE_VALIDATE] = "",     [KNOWLEDGE_ROLLBACK] = "rollback",
		[KNOWLEDGE_READ] = ""};

	return names[job->what];
}

/* Who, when, from what: kept with the version. */
static char *about(const struct job *job)
{
	json_t *object = json_pack(
		"{s:s, s:I, s:s, s:I, s:I, s:b, s:o, s:o, s:o}", "by", job->by, "ts",
		(json_int_t)job->now_ms, "origin", origin_of(job), "from",
		(json_int_t)(job->what == KNOWLEDGE_ROLLBACK ? job->version : job->base), "count",
		(json_int_t)job->want.count, "pure", job->pure, "changed", names_json(&job->names),
		"authors", names_json(&job->authors), "conflicts", names_json(&job->conflicts));

	strict_json_set(object, "note", span_of(job->note));
	return strict_json_dump(object);
}

/* The name that answers are recorded with. */
static void name_version(struct catalogue *c, uint64_t version, const struct edition *e)
{
	char name[CATALOGUE_VERSION_SIZE], hash[EDITION_HASH_LEN + 1];
	struct buf list;

	buf_init(&list, LIST_MAX);
	edition_write(e, &list);
	edition_hash(buf_span(&list), hash);
	snprintf(name, sizeof(name), "%llu %.16s", (unsigned long long)version, hash);
	catalogue_set_version(c, name);
	buf_fini(&list);
}

/* Takes what was built into use. */
static void use(struct job *job, uint64_t version)
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
	name_version(job->catalogue, version, &job->want);
	k->options.changed(k->options.arg, job->catalogue);
	job->catalogue = NULL;
}

static void on_published(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	struct span said = redis_text_at(reply, 0);

	(void)why;
	if (err) {
		job_end(job, err, NULL);
	} else if (!span_is(said, "ok")) { /* moved, or lost */
		if (++job->tries < TRIES_MAX)
			stage(job);
		else
			job_end(job, -EBUSY, "busy");
	} else {
		use(job, redis_num_at(reply, 1));
		job_end(job, 0, NULL);
	}
}

static void publish(struct job *job)
{
	struct span *args = calloc(6 + 2 * job->draft_count, sizeof(*args));
	struct buf list, theirs;
	char base[24], keep[24], *text = about(job);
	size_t count = 0;

	buf_init(&list, LIST_MAX);
	buf_init(&theirs, LIST_MAX);
	edition_write(&job->want, &list);
	edition_write(&job->theirs, &theirs);
	snprintf(base, sizeof(base), "%llu", (unsigned long long)job->base);
	snprintf(keep, sizeof(keep), "%d", VERSIONS_KEPT);
	if (args && text && !buf_check(&list) && !buf_check(&theirs)) {
		args[count++] = span_of(base);
		args[count++] = buf_span(&list);
		args[count++] = span_of(text);
		args[count++] = span_of(keep);
		args[count++] = span_of(job->fingerprint);
		args[count++] = buf_span(&theirs);
		for (size_t i = 0; i < job->draft_count; i++) {
			args[count++] = span_of(job->drafts[i].name);
			args[count++] = span_of(job->drafts[i].hash);
		}
		call(job, "ph_templates_publish", args, count, on_published);
	} else {
		job_end(job, -ENOMEM, NULL);
	}
	buf_fini(&list);
	buf_fini(&theirs);
	free(text);
	free(args);
}

static void on_stored(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply;
	(void)why;
	if (err)
		job_end(arg, err, NULL);
	else
		store(arg);
}

/* The sheets of files, which Redis may not have; drafts and old versions are there. */
static void store(struct job *job)
{
	struct span args[2 * STORE_BATCH];
	size_t count = 0;

	for (; job->at < job->theirs.count && count < ARRAY_LEN(args); job->at++) {
		const struct edition_entry *mine = &job->theirs.at[job->at];
		const struct edition_entry *wanted = edition_find(&job->want, mine->name);

		if (!wanted || strcmp(wanted->hash, mine->hash) != 0)
			continue;
		args[count++] = span_of(mine->hash);
		args[count++] = span_of(mine->text);
	}
	if (count)
		call(job, "ph_templates_sheets", args, count, on_stored);
	else
		publish(job);
}

static void built(struct job *job)
{
	if (job->what != KNOWLEDGE_FOLLOW)
		edition_diff(&job->now, &job->want, names_add, &job->names);
	if (job->what == KNOWLEDGE_FOLLOW) {
		use(job, job->base);
		job_end(job, 0, NULL);
	} else if (job->what == KNOWLEDGE_VALIDATE) {
		job_end(job, 0, NULL);
	} else {
		job->at = 0;
		store(job);
	}
}

static void on_job_built(void *arg, int err)
{
	struct job *job = arg;

	if (err)
		job_end(job, err, err == -EINVAL ? "template_invalid" : NULL);
	else
		built(job);
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
		entry->text = text.len ? span_dup(text) : NULL;
		if (!entry->text)
			err = text.len ? -ENOMEM : -ESTALE; /* published and pruned meanwhile */
		job->at = i + 1;
	}
	if (err == -ESTALE && ++job->tries < TRIES_MAX)
		stage(job);
	else if (err)
		job_end(job, err, err == -ESTALE ? "busy" : NULL);
	else
		fetch(job);
}

static void fetch(struct job *job)
{
	struct span argv[2 + FETCH_BATCH] = {SPAN_LIT("HMGET"), SPAN_LIT("ph:{tpl}:sheet")};
	int count = 2, err;

	for (size_t i = job->at; i < job->want.count && count < (int)ARRAY_LEN(argv); i++)
		if (!job->want.at[i].text)
			argv[count++] = span_of(job->want.at[i].hash);
	if (count == 2 && job->what == KNOWLEDGE_READ) {
		job_end(job, 0, NULL);
		return;
	}
	if (count == 2) {
		work(job, job_build, on_job_built);
		return;
	}
	err = redis_command(job->k->options.redis, count, argv, on_fetched, job);
	if (err)
		job_end(job, err, NULL);
}

/* --- staging ---------------------------------------------------------------------------------- */

static bool is_chosen(const struct job *job, const char *name)
{
	for (size_t i = 0; i < job->id_count; i++)
		if (span_is(job->ids[i], name))
			return true;
	return job->id_count == 0;
}

static void note_author(struct job *job, const char *name, struct span by)
{
	char text[BY_MAX];
	bool known = false;

	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(by));
	for (size_t i = 0; i < job->authors.count; i++)
		known = known || strcmp(job->authors.at[i], text) == 0;
	if (!known)
		names_add(&job->authors, text);
	if (strcmp(text, job->by) == 0)
		names_add(&job->own, name);
}

/* "BASE HASH MS BY FILE" of one template laid over what would be published. */
static int apply_draft(struct job *job, struct span name, struct span record)
{
	struct span rest, ms, by;
	struct span base = span_split(record, ' ', &rest), hash = span_split(rest, ' ', &rest);
	struct edition_entry entry = {.name = span_dup(name)}, *is;
	struct draft *d = &job->drafts[job->draft_count];
	int err = 0;

	ms = span_split(rest, ' ', &rest);
	by = span_split(rest, ' ', &rest);
	if (!ms.len || !by.len || !base.len || base.len > EDITION_HASH_LEN || !hash.len ||
	    hash.len > EDITION_HASH_LEN || !entry.name) {
		free(entry.name);
		return -EBADMSG;
	}
	*d = (struct draft){.name = entry.name};
	memcpy(d->base, base.ptr, base.len);
	memcpy(d->hash, hash.ptr, hash.len);
	job->draft_count++;
	note_author(job, d->name, by);
	is = edition_find(&job->want, d->name);
	if (strcmp(d->base, is ? is->hash : "-") != 0 && strcmp(d->hash, is ? is->hash : "-") != 0)
		names_add(&job->conflicts, d->name);
	if (strcmp(d->hash, "-") == 0) {
		edition_remove(&job->want, d->name);
	} else if (is) {
		memcpy(is->hash, d->hash, sizeof(is->hash));
		free(is->text);
		is->text = NULL;
	} else {
		entry.file = span_dup(rest);
		memcpy(entry.hash, d->hash, sizeof(entry.hash));
		err = entry.file ? edition_add(&job->want, &entry) : -ENOMEM;
		free(entry.file);
	}
	return err;
}

static int apply_drafts(struct job *job, const redisReply *all)
{
	size_t count = all && all->type == REDIS_REPLY_ARRAY ? all->elements : 0;
	int err = 0;

	job->drafts = calloc(count / 2 + 1, sizeof(*job->drafts));
	if (!job->drafts)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < count && !err; i += 2) {
		struct span name = redis_text_at(all, i);
		char text[EDITION_NAME_MAX + 1];

		snprintf(text, sizeof(text), "%.*s", SPAN_FMT(name));
		if (is_chosen(job, text))
			err = apply_draft(job, name, redis_text_at(all, i + 1));
	}
	return err;
}

static int copy_edition(const struct edition *from, struct edition *to)
{
	int err = 0;

	for (size_t i = 0; i < from->count && !err; i++)
		err = edition_add(to, &from->at[i]);
	return err;
}

/* Files that are some, not all: over what would be published. */
static int lay_over(struct job *job)
{
	int err = 0;

	for (size_t i = 0; i < job->theirs.count && !err; i++) {
		struct edition_entry *is = edition_find(&job->want, job->theirs.at[i].name);

		if (!is) {
			err = edition_add(&job->want, &job->theirs.at[i]);
			continue;
		}
		memcpy(is->hash, job->theirs.at[i].hash, sizeof(is->hash));
		free(is->text);
		is->text = strdup(job->theirs.at[i].text);
		err = is->text ? 0 : -ENOMEM;
	}
	return err;
}

static bool equal(const struct edition *a, const struct edition *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->at[i].hash, b->at[i].hash) == 0 &&
		       strcmp(a->at[i].name, b->at[i].name) == 0;
	return same;
}

static void count_one(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
}

static int merge_files(struct job *job)
{
	const struct edition_merge merge = {.base = &job->imported,
	                                    .theirs = &job->theirs,
	                                    .ours = &job->now,
	                                    .force = job->force,
	                                    .conflict = names_add,
	                                    .arg = &job->conflicts};
	int err = edition_merge(&merge, &job->want);
	size_t differing = 0;

	edition_diff(&job->now, &job->want, count_one, &differing);
	if (!err && !differing) { /* at most another order, which is not worth a version */
		edition_fini(&job->want);
		err = copy_edition(&job->now, &job->want);
	}
	job->pure = !err && equal(&job->want, &job->theirs);
	return err;
}

/* What would be published. */
static int work_out(struct job *job, const redisReply *reply)
{
	int err = edition_read(redis_text_at(reply, 2), &job->imported);

	if (!err && job->whole)
		return merge_files(job);
	if (!err)
		err = copy_edition(&job->now, &job->want);
	if (!err && (job->what == KNOWLEDGE_PUBLISH || job->what == KNOWLEDGE_VALIDATE))
		err = apply_drafts(job, redis_at(reply, 3));
	if (!err && job->file_count)
		err = lay_over(job);
	return err;
}

/* An id that was asked for and of which there is no draft. */
static bool asked_in_vain(const struct job *job)
{
	for (size_t i = 0; i < job->id_count; i++) {
		bool found = false;

		for (size_t d = 0; d < job->draft_count; d++)
			found = found || span_is(job->ids[i], job->drafts[d].name);
		if (!found)
			return true;
	}
	return false;
}

static void on_staged(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	if (!err) {
		job->base = redis_num_at(reply, 0);
		err = edition_read(redis_text_at(reply, 1), &job->now);
	}
	if (!err)
		err = work_out(job, reply);
	if (err)
		job_end(job, err, err == -E2BIG ? "catalogue_full" : NULL);
	else if (!job->base && !job->whole) /* drafts alone are no catalogue */
		job_end(job, -E2BIG, "catalogue_full");
	else if (job->what == KNOWLEDGE_PUBLISH && (asked_in_vain(job) || !job->draft_count))
		job_end(job, -ENOENT, "draft_unknown");
	else if (job->what == KNOWLEDGE_PUBLISH && job->four_eyes && job->own.count)
		job_end(job, -EPERM, "four_eyes");
	else if (job->what == KNOWLEDGE_PUBLISH && job->conflicts.count && !job->force)
		job_end(job, -EEXIST, "template_conflict");
	else if ((job->pure && job->built) ||
	         (job->whole && job->base && equal(&job->now, &job->want)))
		built(job); /* it is there, or nothing changed: that the files were imported is
		               noted */
	else
		fetch(job);
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
		err = edition_read(redis_text_at(reply, 1), &job->want);
	}
	if (err)
		job_end(job, err, NULL);
	else if (!there)
		job_end(job, -ENOENT, "version_unknown");
	else
		fetch(job);
}

static void read_version(struct job *job)
{
	char number[24];
	const struct span arg = {number, (size_t)snprintf(number, sizeof(number), "%llu",
	                                                  (unsigned long long)job->version)};

	call(job, "ph_templates_version", &arg, 1, on_version);
}

/* A rollback replaces what is published now, whatever it is. */
static void on_rollback_base(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	if (!err) {
		job->base = redis_num_at(reply, 0);
		err = edition_read(redis_text_at(reply, 1), &job->now);
	}
	if (err)
		job_end(job, err, NULL);
	else
		read_version(job);
}

static void stage(struct job *job)
{
	forget_stage(job);
	if (job->what == KNOWLEDGE_FOLLOW || job->what == KNOWLEDGE_READ)
		read_version(job);
	else
		call(job, "ph_templates_stage", NULL, 0,
		     job->what == KNOWLEDGE_ROLLBACK ? on_rollback_base : on_staged);
}
