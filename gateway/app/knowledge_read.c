/*
 * The slow half of an order, on a thread of the pool: reading files, taking them apart, checking
 * and training. The loop does not touch the job meanwhile.
 */
#include "knowledge_private.h"

#include "sheet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is being taken apart. */
struct taking {
	struct job *job;
	const char *file;
};

static int take_sheet(void *arg, const struct sheet *sheet)
{
	const struct taking *t = arg;
	struct edition_entry entry = {.line = sheet->line};
	char name[EDITION_NAME_MAX + 1], file[EDITION_FILE_MAX + 1];
	char line[200], *text;
	int err;

	snprintf(name, sizeof(name), "%.*s", SPAN_FMT(sheet->name));
	snprintf(file, sizeof(file), "%s", t->file);
	edition_hash(sheet->text, entry.hash);
	entry.name = name;
	entry.file = file;
	text = span_dup(sheet->text);
	if (!text)
		return -ENOMEM;
	entry.text = text;
	err = sheet->name.len <= EDITION_NAME_MAX ? edition_add(&t->job->theirs, &entry) : -EINVAL;
	free(text);
	if (err == -EINVAL) {
		snprintf(line, sizeof(line), "\"id\" is missing, or none: a-z, 0-9, _ and .");
		told_add(&t->job->told, t->file, sheet->line, line);
	}
	return err;
}

static int take_apart(struct job *job, const struct catalogue_file *files, size_t count)
{
	int err = 0;

	assert(files || !count);
	for (size_t i = 0; i < count && !err; i++) {
		struct taking t = {job, files[i].name};

		err = sheet_split(&files[i], told_add, &job->told, take_sheet, &t);
	}
	return err;
}

/* The template that stands in a line of a file. */
static const struct edition_entry *entry_in_file(const struct edition *e, const char *file,
                                                 unsigned line)
{
	const struct edition_entry *found = NULL;

	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->at[i].file, file) == 0 && e->at[i].line <= line)
			found = &e->at[i];
	return found;
}

/* An error of a file as it was written: which template it is in, and which field. */
static void place_in_file(const struct job *job, const struct told_error *e,
                          struct knowledge_fault *f)
{
	const struct edition_entry *entry = entry_in_file(&job->theirs, e->file, e->line);

	snprintf(f->file, sizeof(f->file), "%.*s", (int)sizeof(f->file) - 1, e->file);
	f->line = e->line;
	if (!entry)
		return;
	snprintf(f->id, sizeof(f->id), "%s", entry->name);
	sheet_field(span_of(entry->text), 0, e->text, f->field);
}

/* An error of a sheet, whose file is its name. */
static void place_in_sheet(struct job *job, const struct told_error *e, struct knowledge_fault *f)
{
	const struct edition_entry *entry = edition_find(&job->want, e->file);

	snprintf(f->id, sizeof(f->id), "%.*s", (int)sizeof(f->id) - 1, e->file);
	f->line = e->line;
	if (entry && entry->text)
		sheet_field(span_of(entry->text), e->line, e->text, f->field);
}

static bool is_posted(const struct job *job, const char *file)
{
	for (size_t i = 0; i < job->file_count; i++)
		if (strcmp(job->files[i].name, file) == 0)
			return true;
	return false;
}

/* The faults that were told, each of a file as it was written or of a sheet. */
static void place_all(struct job *job, bool in_files)
{
	size_t count = job->told.count < FAULTS_MAX ? job->told.count : FAULTS_MAX;

	free(job->faults);
	job->fault_count = 0;
	job->faults = calloc(count + 1, sizeof(*job->faults));
	for (size_t i = 0; job->faults && i < count; i++) {
		struct knowledge_fault *f = &job->faults[job->fault_count++];

		f->text = job->told.errors[i].text;
		if (in_files ||
		    (job->what == KNOWLEDGE_IMPORT && is_posted(job, job->told.errors[i].file)))
			place_in_file(job, &job->told.errors[i], f);
		else
			place_in_sheet(job, &job->told.errors[i], f);
	}
}

static int make(struct job *job, const struct catalogue_file *files, size_t count,
                struct catalogue **out)
{
	return (job->quick ? catalogue_make_quick : catalogue_make)(
		files, count, job->k->options.cache, job->now_ms, told_add, &job->told, out);
}

/* A whole catalogue is checked as its authors wrote it, so that faults have their files and lines.
 */
static int build_files(struct job *job, const struct catalogue_file *files, size_t count)
{
	int err = make(job, files, count, &job->built);

	if (!err)
		snprintf(job->fingerprint, sizeof(job->fingerprint), "%.*s", FINGERPRINT_LEN,
		         catalogue_version(job->built));
	return err;
}

int job_read(void *arg)
{
	struct job *job = arg;
	const struct catalogue_file *files = job->files;
	struct catalogue_shelf *shelf = NULL;
	size_t count = job->file_count;
	int err = 0;

	if (job->what == KNOWLEDGE_FILES) {
		err = catalogue_shelf_read(job->k->options.directory, told_add, &job->told, &shelf);
		files = shelf ? catalogue_shelf_files(shelf, &count) : NULL;
	}
	if (!err)
		err = take_apart(job, files, count);
	if (!err && job->whole)
		err = build_files(job, files, count);
	if (err == -EINVAL || job->told.count)
		place_all(job, true);
	catalogue_shelf_destroy(&shelf);
	return err;
}

/* What would be, with the templates that were posted in their own files. */
static size_t with_posted(struct job *job, struct catalogue_file *out)
{
	size_t count = 0;

	for (size_t i = 0; i < job->want.count; i++) {
		const struct edition_entry *e = &job->want.at[i];

		if (!edition_find(&job->theirs, e->name))
			out[count++] = (struct catalogue_file){e->name, span_of(e->text)};
	}
	for (size_t i = 0; i < job->file_count; i++)
		out[count++] = job->files[i];
	return count;
}

/* Some files for what is published were wrong: told once more, by the lines their author wrote. */
static void tell_posted(struct job *job)
{
	struct catalogue_file *files =
		calloc(job->want.count + job->file_count + 1, sizeof(*files));
	struct told sheets = job->told;
	struct catalogue *none = NULL;

	if (!files)
		return;
	job->told = (struct told){.errors = NULL};
	if (catalogue_make(files, with_posted(job, files), NULL, job->now_ms, told_add, &job->told,
	                   &none) == -EINVAL &&
	    job->told.count) {
		told_fini(&sheets);
	} else {
		told_fini(&job->told);
		job->told = sheets;
	}
	catalogue_unref(&none);
	free(files);
}

int job_build(void *arg)
{
	struct job *job = arg;
	struct edition *e = &job->want;
	struct catalogue_file *files = calloc(e->count + 1, sizeof(*files));
	int err = -ENOMEM;

	for (size_t i = 0; files && i < e->count; i++)
		files[i] = (struct catalogue_file){e->at[i].name, span_of(e->at[i].text)};
	if (files)
		err = make(job, files, e->count, &job->catalogue);
	if (err == -EINVAL && job->what == KNOWLEDGE_IMPORT && !job->whole)
		tell_posted(job);
	if (err == -EINVAL)
		place_all(job, false);
	free(files);
	return err;
}
