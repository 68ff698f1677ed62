/*
 * What an order would publish, worked out on a thread of the pool from what was staged: the new
 * list, what differs, and the pages that Redis may not have. The loop does not touch the job
 * meanwhile.
 */
#include "knowledge_private.h"

#include <stdlib.h>

void plan_fini(struct plan *plan)
{
	edition_pages_fini(&plan->pages);
	edition_pages_fini(&plan->fresh);
	edition_pages_fini(&plan->fresh_import);
	free(plan->sheets);
	buf_fini(&plan->root);
	buf_fini(&plan->import);
	buf_fini(&plan->changes);
	buf_fini(&plan->drafts);
	*plan = (struct plan){0};
}

/* --- drafts ----------------------------------------------------------------------------------- */

static bool is_chosen(const struct job *job, const char *name)
{
	for (size_t i = 0; i < job->id_count; i++)
		if (span_is(job->ids[i], name))
			return true;
	return job->id_count == 0;
}

static void note_author(struct job *job, const struct draft *d)
{
	bool known = false;

	for (size_t i = 0; i < job->authors.count; i++)
		known = known || strcmp(job->authors.at[i], d->by) == 0;
	if (!known)
		names_add(&job->authors, d->by);
	if (strcmp(d->by, job->by) == 0)
		names_add(&job->own, d->name);
}

/* Another sheet in an entry's place; text may be NULL. */
static int replace(struct edition *e, struct edition_entry *entry, const char *hash,
                   const char *text)
{
	memcpy(entry->hash, hash, sizeof(entry->hash));
	entry->text = NULL;
	return text ? edition_set_text(e, entry, span_of(text)) : 0;
}

/* One draft laid over what would be published. */
static int apply_draft(struct job *job, struct draft *d)
{
	struct edition_entry *is = edition_find(&job->want, d->name);
	struct edition_entry entry = {.name = d->name, .file = d->file};
	const char *hash = is ? is->hash : "-";

	d->taken = true;
	job->taken_count++;
	note_author(job, d);
	buf_printf(&job->plan.drafts, "%s %s \n", d->hash, d->name);
	if (strcmp(d->base, hash) != 0 && strcmp(d->hash, hash) != 0)
		names_add(&job->conflicts, d->name);
	if (strcmp(d->hash, "-") == 0) {
		edition_remove(&job->want, d->name);
		return 0;
	}
	if (is)
		return replace(&job->want, is, d->hash, NULL);
	memcpy(entry.hash, d->hash, sizeof(entry.hash));
	return edition_add(&job->want, &entry);
}

static int apply_drafts(struct job *job)
{
	int err = 0;

	for (size_t i = 0; i < job->draft_count && !err; i++)
		if (is_chosen(job, job->drafts[i].name))
			err = apply_draft(job, &job->drafts[i]);
	return err;
}

/* --- the list --------------------------------------------------------------------------------- */

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
		const struct edition_entry *theirs = &job->theirs.at[i];
		struct edition_entry *is = edition_find(&job->want, theirs->name);

		err = is ? replace(&job->want, is, theirs->hash, theirs->text)
		         : edition_add(&job->want, theirs);
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

static int work_out(struct job *job)
{
	int err = 0;

	if (job->what == KNOWLEDGE_ROLLBACK) /* it is read already */
		return 0;
	if (job->whole)
		return merge_files(job);
	err = copy_edition(&job->now, &job->want);
	if (!err && (job->what == KNOWLEDGE_PUBLISH || job->what == KNOWLEDGE_VALIDATE))
		err = apply_drafts(job);
	if (!err && job->file_count)
		err = lay_over(job);
	edition_pack(&job->want);
	return err;
}

/* --- what publishing it takes ----------------------------------------------------------------- */

/* The sheets of files that what is published has not; drafts and old versions are in Redis. */
static int find_sheets(struct job *job)
{
	job->plan.sheets = calloc(job->theirs.count + 1, sizeof(*job->plan.sheets));
	if (!job->plan.sheets)
		return -ENOMEM;
	for (size_t i = 0; i < job->theirs.count; i++) {
		const struct edition_entry *is = edition_find(&job->now, job->theirs.at[i].name);

		if (!is || strcmp(is->hash, job->theirs.at[i].hash) != 0)
			job->plan.sheets[job->plan.sheet_count++] = i;
	}
	return 0;
}

static int find_pages(struct job *job)
{
	struct plan *p = &job->plan;
	int err = edition_pages_make(&job->want, &p->pages);

	if (!err)
		err = edition_pages_make(&job->want, &p->fresh);
	if (!err && job->whole)
		err = edition_pages_make(&job->theirs, &p->fresh_import);
	if (!err)
		edition_root_write(&p->pages, &p->root);
	if (!err)
		edition_root_write(&p->fresh_import, &p->import);
	for (size_t i = 0; i < job->load_count && !err; i++) {
		if (job->loads[i].to == &job->now)
			err = edition_pages_without(&p->fresh, &job->loads[i].pages);
		if (!err)
			err = edition_pages_without(&p->fresh_import, &job->loads[i].pages);
	}
	return err ? err : buf_check(&p->root);
}

static bool same_line(const struct edition_entry *a, const struct edition_entry *b)
{
	return a && strcmp(a->hash, b->hash) == 0 && strcmp(a->file, b->file) == 0;
}

/* One more line of changes, unless they will not be sent. */
static void change(struct plan *p, const char *hash, const char *name, const char *file)
{
	p->anew = p->anew || ++p->change_count > LINES_BATCH;
	if (!p->anew)
		buf_printf(&p->changes, "%s %s %s\n", hash, name, file);
}

static void find_changes(struct job *job)
{
	struct plan *p = &job->plan;

	p->anew = !job->now.count; /* nobody knows what is in a table whose version is not there */
	for (size_t i = 0; i < job->want.count; i++) {
		const struct edition_entry *e = &job->want.at[i];

		if (!same_line(edition_find(&job->now, e->name), e))
			change(p, e->hash, e->name, e->file);
	}
	for (size_t i = 0; i < job->now.count; i++)
		if (!edition_find(&job->want, job->now.at[i].name))
			change(p, "-", job->now.at[i].name, "");
	if (p->anew)
		buf_clear(&p->changes);
}

static void begin(struct plan *p)
{
	buf_init(&p->root, ROOT_MAX);
	buf_init(&p->import, ROOT_MAX);
	buf_init(&p->changes, EDITION_PAGE_TEXT_MAX);
	buf_init(&p->drafts, (size_t)1 << 20);
}

int job_plan(void *arg)
{
	struct job *job = arg;
	struct plan *p = &job->plan;
	int err;

	begin(p);
	err = work_out(job);
	if (err)
		return err;
	edition_diff(&job->now, &job->want, names_add, &job->names);
	p->same = equal(&job->now, &job->want);
	if (job->what == KNOWLEDGE_VALIDATE)
		return 0;
	find_changes(job);
	err = find_sheets(job);
	if (!err)
		err = find_pages(job);
	if (!err)
		edition_hash(buf_span(&p->root), job->root_hash);
	if (!err)
		err = buf_check(&p->import);
	if (!err)
		err = buf_check(&p->changes);
	return err ? err : buf_check(&p->drafts);
}
