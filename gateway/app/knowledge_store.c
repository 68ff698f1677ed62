/*
 * The last half of an order: what Redis may not have is stored in small steps, sheets first, then
 * the pages that name them, then, where much differs, the table of names; the publication itself
 * only names what is there.
 */
#include "knowledge_private.h"

#include "strict_json.h"

#include <stdio.h>
#include <stdlib.h>

static void store_pages(struct job *job);
static void store_index(struct job *job);
static void publish(struct job *job);

/* --- sheets ----------------------------------------------------------------------------------- */

static void store_sheets(struct job *job);

static void on_sheets(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply;
	(void)why;
	if (err)
		job_end(arg, err, NULL);
	else
		store_sheets(arg);
}

static void store_sheets(struct job *job)
{
	struct span args[2 * STORE_BATCH];
	size_t count = 0, size = 0;

	for (; job->at < job->plan.sheet_count && count < ARRAY_LEN(args) && size < STORE_SIZE;
	     job->at++) {
		const struct edition_entry *e = &job->theirs.at[job->plan.sheets[job->at]];

		args[count++] = span_of(e->hash);
		args[count++] = span_of(e->text);
		size += args[count - 1].len;
	}
	if (count) {
		job_call(job, "ph_templates_sheets", args, count, on_sheets);
		return;
	}
	job->at = 0;
	store_pages(job);
}

void job_store(struct job *job)
{
	job->at = 0;
	store_sheets(job);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void on_pages(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	if (err)
		job_end(job, err, NULL);
	else if (!reply->integer) /* swept: they belonged to what is forgotten */
		job_again(job);
	else
		store_pages(job);
}

/* The page at a place in those of what is wanted, then in those of the files. */
static const struct edition_page *page_at(const struct job *job, size_t at,
                                          const struct edition **e)
{
	const struct plan *p = &job->plan;

	*e = at < p->fresh.count ? &job->want : &job->theirs;
	if (at < p->fresh.count)
		return &p->fresh.at[at];
	at -= p->fresh.count;
	return at < p->fresh_import.count ? &p->fresh_import.at[at] : NULL;
}

static void store_pages(struct job *job)
{
	struct buf text[PAGE_BATCH];
	struct span args[2 * PAGE_BATCH];
	const struct edition_page *page;
	const struct edition *e;
	size_t count = 0, lines = 0;

	while (count < PAGE_BATCH && lines < LINES_BATCH && (page = page_at(job, job->at, &e))) {
		buf_init(&text[count], EDITION_PAGE_TEXT_MAX);
		edition_page_write(e, page, &text[count]);
		args[2 * count] = span_of(page->hash);
		args[2 * count + 1] = buf_span(&text[count]);
		lines += page->count;
		job->at++;
		count++;
	}
	if (count) {
		job_call(job, "ph_templates_pages", args, 2 * count, on_pages);
	} else {
		job->at = 0;
		store_index(job);
	}
	for (size_t i = 0; i < count; i++)
		buf_fini(&text[i]);
}

/* --- names ------------------------------------------------------------------------------------ */

static void on_index(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply;
	(void)why;
	if (err)
		job_end(arg, err, NULL);
	else
		store_index(arg);
}

/* What differs goes with the publication, unless the table is made anew: all of it goes before. */
static void store_index(struct job *job)
{
	struct edition_page lines = {.first = job->at};
	struct span args[2];
	struct buf text;

	if (!job->plan.anew || job->at >= job->want.count) {
		publish(job);
		return;
	}
	if (!job->at)
		digest_unique(job->token);
	lines.count = job->want.count - job->at;
	if (lines.count > LINES_BATCH)
		lines.count = LINES_BATCH;
	buf_init(&text, EDITION_PAGE_TEXT_MAX);
	edition_page_write(&job->want, &lines, &text);
	job->at += lines.count;
	args[0] = span_of(job->token);
	args[1] = buf_span(&text);
	job_call(job, "ph_templates_index", args, ARRAY_LEN(args), on_index);
	buf_fini(&text);
}

/* --- publishing ------------------------------------------------------------------------------- */

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
		[KNOWLEDGE_FOLLOW] = "",           [KNOWLEDGE_SWEEP] = "",
		[KNOWLEDGE_FILES] = "files",       [KNOWLEDGE_IMPORT] = "import",
		[KNOWLEDGE_PUBLISH] = "publish",   [KNOWLEDGE_VALIDATE] = "",
		[KNOWLEDGE_ROLLBACK] = "rollback", [KNOWLEDGE_READ] = ""};

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

static void on_published(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	if (err) {
		job_end(job, err, NULL);
	} else if (!span_is(redis_text_at(reply, 0), "ok")) { /* moved, or lost */
		job_again(job);
	} else {
		job_use(job, redis_num_at(reply, 1));
		job_end(job, 0, NULL);
	}
}

static struct span print(char *out, size_t size, uint64_t number)
{
	snprintf(out, size, "%llu", (unsigned long long)number);
	return span_of(out);
}

/* Of the table of names that is to be; "-": none is in it. */
static const char *token_of(const struct job *job)
{
	if (!job->plan.anew)
		return "";
	return job->want.count ? job->token : "-";
}

static void publish(struct job *job)
{
	const struct plan *p = &job->plan;
	char base[24], keep[24], *text = about(job);
	const struct span args[] = {print(base, sizeof(base), job->base),
	                            buf_span(&p->root),
	                            span_of(text ? text : ""),
	                            print(keep, sizeof(keep), VERSIONS_KEPT),
	                            span_of(job->fingerprint),
	                            buf_span(&p->import),
	                            span_of(token_of(job)),
	                            buf_span(&p->changes),
	                            buf_span(&p->drafts)};

	if (text)
		job_call(job, "ph_templates_publish", args, ARRAY_LEN(args), on_published);
	else
		job_end(job, -ENOMEM, NULL);
	free(text);
}
