/* The only place of the library that reads files: a directory's *.yaml, bounded, by name. */
#include "catalogue_parts.h"
#include "file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct catalogue_shelf {
	char *names[CATALOGUE_FILES_MAX];
	struct catalogue_file files[CATALOGUE_FILES_MAX];
	size_t count;
	bool too_many;
	struct yaml_errors errors;
};

static bool is_ours(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".yaml") == 0;
}

static int list_names(struct catalogue_shelf *s, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	int err = 0;

	if (!d)
		return -errno;
	while (err == 0 && (entry = readdir(d)) != NULL) {
		if (!is_ours(entry->d_name))
			continue;
		if (s->count == CATALOGUE_FILES_MAX) {
			s->too_many = true;
			break;
		}
		s->names[s->count] = strdup(entry->d_name);
		if (s->names[s->count++] == NULL)
			err = -ENOMEM;
	}
	closedir(d);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The excess of a file that is too large is told by catalogue_build(). */
static int read_file(const char *path, struct catalogue_file *f)
{
	char *text = NULL, *shrunk;
	int err = file_read(path, CATALOGUE_FILE_SIZE_MAX, &text, &f->text.len);

	if (err)
		return err;
	shrunk = realloc(text, f->text.len + 1);
	f->text.ptr = shrunk ? shrunk : text;
	return 0;
}

static int read_files(struct catalogue_shelf *s, const char *dir)
{
	for (size_t i = 0; i < s->count; i++) {
		char path[4096];
		int err = -ENAMETOOLONG;

		s->files[i].name = s->names[i];
		s->errors.file = s->names[i];
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, s->names[i]) < sizeof(path))
			err = read_file(path, &s->files[i]);
		if (err == -ENOMEM)
			return err;
		if (err < 0)
			yaml_error(&s->errors, 0, "cannot be read: %s", strerror(-err));
	}
	return s->errors.count ? -EINVAL : 0;
}

static int read_shelf(struct catalogue_shelf *s, const char *dir)
{
	int err = list_names(s, dir);

	s->errors.file = dir;
	if (err < 0 && err != -ENOMEM)
		yaml_error(&s->errors, 0, "cannot be read: %s", strerror(-err));
	if (err < 0)
		return err;
	if (s->too_many)
		yaml_error(&s->errors, 0, "more than %d files", CATALOGUE_FILES_MAX);
	if (s->count == 0)
		yaml_error(&s->errors, 0, "there is no *.yaml file in it");
	if (s->errors.count)
		return -EINVAL;
	qsort(s->names, s->count, sizeof(s->names[0]), by_name);
	return read_files(s, dir);
}

void catalogue_shelf_destroy(struct catalogue_shelf **shelf)
{
	struct catalogue_shelf *s = *shelf;

	for (size_t i = 0; s && i < s->count; i++) {
		free(s->names[i]);
		free((char *)(uintptr_t)s->files[i].text.ptr);
	}
	free(s);
	*shelf = NULL;
}

int catalogue_shelf_read(const char *dir, catalogue_told_fn *told, void *arg,
                         struct catalogue_shelf **out)
{
	struct catalogue_shelf *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->errors = (struct yaml_errors){.told = told, .arg = arg};
	err = read_shelf(s, dir);
	if (err)
		catalogue_shelf_destroy(&s);
	else
		*out = s;
	return err;
}

const struct catalogue_file *catalogue_shelf_files(const struct catalogue_shelf *s, size_t *count)
{
	*count = s->count;
	return s->files;
}

static int load(const char *dir, const char *cache, bool quick, uint64_t now_ms,
                catalogue_told_fn *told, void *arg, struct catalogue **out)
{
	struct catalogue_shelf *s = NULL;
	int err = catalogue_shelf_read(dir, told, arg, &s);

	if (err)
		return err;
	err = catalogue_make_how(s->files, s->count, cache, quick, now_ms, told, arg, out);
	catalogue_shelf_destroy(&s);
	return err;
}

int catalogue_load(const char *dir, const char *cache, uint64_t now_ms, catalogue_told_fn *told,
                   void *arg, struct catalogue **out)
{
	return load(dir, cache, false, now_ms, told, arg, out);
}

int catalogue_load_quick(const char *dir, const char *cache, uint64_t now_ms,
                         catalogue_told_fn *told, void *arg, struct catalogue **out)
{
	return load(dir, cache, true, now_ms, told, arg, out);
}
