/*
 * What no version, no draft and no import names goes from Redis: pages first, then sheets, in small
 * steps. Whatever is stored meanwhile ends it (ph_templates_drop), and so does any order that
 * waits: the next version begins it anew.
 */
#include "knowledge_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOT_BATCH = 4, MARKS_FIRST = 4096 };

/* The first 16 digits of hashes that something names. One that is taken for another stays. */
struct marks {
	uint64_t *at;
	size_t count, size;
};

struct sweep_page {
	char hash[EDITION_HASH_LEN + 1];
};

struct sweep_root {
	char number[24];
};

struct sweep {
	struct marks marks;
	struct sweep_page *pages; /* that are named, each once */
	struct sweep_root *roots; /* of all versions */
	size_t page_count, root_count;
	size_t at; /* how far reading roots, then pages, has come */
	char writes[24], cursor[24];
	bool sheets; /* the pages are done */
	size_t dropped;
};

void sweep_free(struct sweep **sweep)
{
	struct sweep *s = *sweep;

	if (!s)
		return;
	*sweep = NULL;
	free(s->pages);
	free(s->marks.at);
	free(s->roots);
	free(s);
}

/* --- marks ------------------------------------------------------------------------------------ */

static uint64_t mark_of(const char *hash)
{
	char digits[17];

	snprintf(digits, sizeof(digits), "%.16s", hash);
	return strtoull(digits, NULL, 16) | 1; /* 0 is a free slot */
}

static uint64_t *slot_of(const struct marks *m, uint64_t mark)
{
	size_t at = (size_t)(mark >> 1) & (m->size - 1);

	while (m->at[at] && m->at[at] != mark)
		at = (at + 1) & (m->size - 1);
	return &m->at[at];
}

static int grow(struct marks *m)
{
	struct marks more = {.size = m->size ? m->size * 2 : MARKS_FIRST, .count = m->count};

	more.at = calloc(more.size, sizeof(*more.at));
	if (!more.at)
		return -ENOMEM;
	for (size_t i = 0; i < m->size; i++)
		if (m->at[i])
			*slot_of(&more, m->at[i]) = m->at[i];
	free(m->at);
	*m = more;
	return 0;
}

static bool is_marked(const struct marks *m, const char *hash)
{
	return m->size && *slot_of(m, mark_of(hash));
}

static int mark(struct marks *m, const char *hash)
{
	int err = m->count * 2 >= m->size ? grow(m) : 0;
	uint64_t *slot;

	if (err)
		return err;
	slot = slot_of(m, mark_of(hash));
	if (!*slot) {
		*slot = mark_of(hash);
		m->count++;
	}
	return 0;
}

/* --- what is named ---------------------------------------------------------------------------- */

static void scan(struct job *job);
static void read_pages(struct job *job);
static void read_roots(struct job *job);

/* Whether somebody waits, who comes first. */
static bool gives_way(struct job *job)
{
	if (!job->next)
		return false;
	job_end(job, -ECANCELED, NULL);
	return true;
}

static int name_page(struct sweep *s, struct span line)
{
	struct sweep_page *grown, page;

	if (line.len != EDITION_HASH_LEN)
		return -EBADMSG;
	snprintf(page.hash, sizeof(page.hash), "%.*s", SPAN_FMT(line));
	if (is_marked(&s->marks, page.hash))
		return 0;
	if (s->page_count % 256 == 0) {
		grown = realloc(s->pages, (s->page_count + 256) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->pages = grown;
	}
	s->pages[s->page_count++] = page;
	return mark(&s->marks, page.hash);
}

static int name_pages(struct sweep *s, struct span root)
{
	int err = 0;

	while (root.len && !err) {
		struct span line = span_split(root, '\n', &root);

		err = name_page(s, line);
	}
	return err;
}

static int name_sheets(struct sweep *s, struct span page)
{
	int err = 0;

	while (page.len && !err) {
		struct span line = span_split(page, '\n', &page);
		char hash[EDITION_HASH_LEN + 1];

		snprintf(hash, sizeof(hash), "%.*s", SPAN_FMT(line));
		err = mark(&s->marks, hash);
	}
	return err;
}

static void on_pages(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	struct sweep *s = job->sweep;

	(void)why;
	for (size_t i = 0; !err && redis_at(reply, i); i++, s->at++) {
		struct span page = redis_text_at(reply, i);

		err = page.len ? name_sheets(s, page) : -ESTALE;
	}
	if (err)
		job_end(job, err, NULL);
	else if (!gives_way(job))
		read_pages(job);
}

static void read_pages(struct job *job)
{
	struct span argv[2 + PAGE_BATCH] = {SPAN_LIT("HMGET"), SPAN_LIT("ph:{tpl}:page")};
	struct sweep *s = job->sweep;
	int count = 2;

	for (size_t i = s->at; i < s->page_count && count < (int)ARRAY_LEN(argv); i++)
		argv[count++] = span_of(s->pages[i].hash);
	if (count == 2)
		scan(job);
	else
		job_command(job, count, argv, on_pages);
}

static void on_roots(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	for (size_t i = 0; !err && redis_at(reply, i); i++)
		err = name_pages(job->sweep, redis_text_at(reply, i)); /* one that just went is
		                                                          empty */
	if (err)
		job_end(job, err, NULL);
	else if (!gives_way(job))
		read_roots(job);
}

static void read_roots(struct job *job)
{
	struct span argv[1 + ROOT_BATCH] = {SPAN_LIT("MGET")};
	struct sweep *s = job->sweep;
	char keys[ROOT_BATCH][48];
	int count = 0;

	for (; s->at < s->root_count && count < ROOT_BATCH; s->at++, count++) {
		snprintf(keys[count], sizeof(keys[count]), "ph:{tpl}:root:%s",
		         s->roots[s->at].number);
		argv[1 + count] = span_of(keys[count]);
	}
	if (count) {
		job_command(job, 1 + count, argv, on_roots);
		return;
	}
	s->at = 0;
	read_pages(job);
}

/* --- what is there ---------------------------------------------------------------------------- */

static struct span which(const struct sweep *s)
{
	return s->sheets ? SPAN_LIT("sheet") : SPAN_LIT("page");
}

static void scanned(struct job *job)
{
	struct sweep *s = job->sweep;
	bool over = strcmp(s->cursor, "0") == 0;

	if (over && s->sheets) {
		log_debug(job->k->options.log, EVENT("templates.swept"),
		          NUM("dropped", s->dropped));
		job_end(job, 0, NULL);
	} else if (!gives_way(job)) {
		s->sheets = s->sheets || over;
		scan(job);
	}
}

static void on_dropped(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;

	(void)why;
	if (err || reply->integer < 0) { /* something was stored meanwhile */
		job_end(job, err ? err : -ESTALE, NULL);
		return;
	}
	job->sweep->dropped += (size_t)reply->integer;
	scanned(job);
}

static void on_scanned(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	struct sweep *s = job->sweep;
	struct span args[700];
	size_t count = 2;

	(void)why;
	if (err) {
		job_end(job, err, NULL);
		return;
	}
	snprintf(s->cursor, sizeof(s->cursor), "%.*s", SPAN_FMT(redis_text_at(reply, 0)));
	args[0] = span_of(s->writes);
	args[1] = which(s);
	for (size_t i = 1; redis_at(reply, i) && count < ARRAY_LEN(args); i++) {
		struct span hash = redis_text_at(reply, i);

		if (!is_marked(&s->marks, hash.ptr))
			args[count++] = hash;
	}
	if (count > 2)
		job_call(job, "ph_templates_drop", args, count, on_dropped);
	else
		scanned(job);
}

static void scan(struct job *job)
{
	const struct span args[] = {which(job->sweep), span_of(job->sweep->cursor)};

	job_call(job, "ph_templates_scan", args, ARRAY_LEN(args), on_scanned);
}

/* --- beginning -------------------------------------------------------------------------------- */

static int take_roots(struct sweep *s, const redisReply *versions)
{
	size_t count = versions ? versions->elements : 0;

	s->roots = calloc(count + 1, sizeof(*s->roots));
	for (; s->roots && s->root_count < count; s->root_count++)
		snprintf(s->roots[s->root_count].number, sizeof(s->roots[0].number), "%.*s",
		         SPAN_FMT(redis_text_at(versions, s->root_count)));
	return s->roots ? 0 : -ENOMEM;
}

static int take_drafts(struct sweep *s, const redisReply *hashes)
{
	int err = 0;

	for (size_t i = 0; !err && redis_at(hashes, i); i++)
		err = name_sheets(s, redis_text_at(hashes, i));
	return err;
}

static void on_begun(void *arg, int err, const redisReply *reply, const char *why)
{
	struct job *job = arg;
	struct sweep *s = job->sweep;

	(void)why;
	if (err || reply->type != REDIS_REPLY_ARRAY) { /* another node sweeps */
		job_end(job, err, NULL);
		return;
	}
	snprintf(s->writes, sizeof(s->writes), "%llu", (unsigned long long)redis_num_at(reply, 0));
	err = name_pages(s, redis_text_at(reply, 1));
	if (!err)
		err = take_roots(s, redis_at(reply, 2));
	if (!err)
		err = take_drafts(s, redis_at(reply, 3));
	if (err)
		job_end(job, err, NULL);
	else
		read_roots(job);
}

void job_sweep(struct job *job)
{
	job->sweep = calloc(1, sizeof(*job->sweep));
	if (!job->sweep) {
		job_end(job, -ENOMEM, NULL);
		return;
	}
	snprintf(job->sweep->cursor, sizeof(job->sweep->cursor), "0");
	job_call(job, "ph_templates_sweep", NULL, 0, on_begun);
}
