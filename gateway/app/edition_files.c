/* Sheets put together as the files they came from. */
#include "edition_files.h"

#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>

bool edition_file_named(struct span name)
{
	const struct span end = SPAN_LIT(".yaml");

	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7F || name.ptr[i] == '/')
			return false;
	return name.len > end.len && name.ptr[0] != '.' &&
	       memcmp(name.ptr + name.len - end.len, end.ptr, end.len) == 0;
}

struct file {
	const char *name;
	size_t count, first; /* of its sheets in texts */
};

struct gathering {
	const struct edition *e;
	struct file *files;
	size_t file_count;
	struct span *texts; /* by file, in their order */
	size_t most;
	edition_file_fn *fn;
	void *arg;
};

/* Neighbours mostly come from the same file, and files are few. */
static size_t file_of(struct gathering *g, const char *name, size_t likely)
{
	if (likely < g->file_count && strcmp(g->files[likely].name, name) == 0)
		return likely;
	for (size_t i = 0; i < g->file_count; i++)
		if (strcmp(g->files[i].name, name) == 0)
			return i;
	g->files[g->file_count] = (struct file){.name = name};
	return g->file_count++;
}

static int gather(struct gathering *g)
{
	size_t *of = calloc(g->e->count + 1, sizeof(*of)), first = 0;

	g->files = calloc(g->e->count + 1, sizeof(*g->files));
	g->texts = calloc(g->e->count + 1, sizeof(*g->texts));
	if (!of || !g->files || !g->texts) {
		free(of);
		return -ENOMEM;
	}
	for (size_t i = 0; i < g->e->count; i++) {
		of[i] = file_of(g, g->e->at[i].file, i ? of[i - 1] : 0);
		g->files[of[i]].count++;
	}
	for (size_t f = 0; f < g->file_count; f++) {
		g->files[f].first = first;
		first += g->files[f].count;
		g->files[f].count = 0;
	}
	for (size_t i = 0; i < g->e->count; i++) {
		struct file *f = &g->files[of[i]];

		g->texts[f->first + f->count++] = span_of(g->e->at[i].text);
	}
	free(of);
	return 0;
}

static bool is_taken(const struct gathering *g, const char *name)
{
	for (size_t i = 0; i < g->file_count; i++)
		if (strcmp(g->files[i].name, name) == 0)
			return true;
	return false;
}

/* "api.2.yaml"; what another file is called is left out. */
static void name_part(const struct gathering *g, const char *name, unsigned *number,
                      char out[EDITION_FILE_MAX + 16])
{
	const char *end = strrchr(name, '.');
	int stem = end ? (int)(end - name) : (int)strlen(name);

	do {
		++*number;
		snprintf(out, EDITION_FILE_MAX + 16, "%.*s.%u%s", stem, name, *number,
		         end ? end : "");
	} while (is_taken(g, out));
}

/* How many of the sheets go together, and at least one. */
static size_t fitting(const struct span *texts, size_t count, size_t most)
{
	size_t size = 0, fit = 0;

	most -= most / 16; /* for what stands between them */
	while (fit < count && (fit == 0 || size + texts[fit].len <= most))
		size += texts[fit++].len;
	return fit;
}

static int write_file(const struct gathering *g, const struct file *file)
{
	char part[EDITION_FILE_MAX + 16];
	const char *name = file->name;
	unsigned number = 1;
	size_t done = 0;
	int err = 0;

	while (done < file->count && !err) {
		const struct span *texts = &g->texts[file->first + done];
		size_t count = fitting(texts, file->count - done, g->most);
		struct buf text;

		buf_init(&text, g->most);
		sheet_join(texts, count, &text);
		err = buf_check(&text);
		if (!err)
			err = g->fn(g->arg, name, buf_span(&text));
		buf_fini(&text);
		done += count;
		if (done < file->count) {
			name_part(g, file->name, &number, part);
			name = part;
		}
	}
	return err;
}

int edition_files(const struct edition *e, size_t most, edition_file_fn *fn, void *arg)
{
	struct gathering g = {.e = e, .most = most, .fn = fn, .arg = arg};
	int err = gather(&g);

	for (size_t i = 0; i < g.file_count && !err; i++)
		err = write_file(&g, &g.files[i]);
	free(g.files);
	free(g.texts);
	return err;
}
