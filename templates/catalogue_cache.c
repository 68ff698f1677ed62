/* Reading, writing and tidying the directory of kept matchers. */
#include "catalogue_cache.h"

#include "matcher_calibration.h"
#include "matcher_snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_SIZE 64
#define ENDING ".matcher"
#define ENDING_NEW ".matcher.new" /* being written */
#define KEPT_MAX 4
#define NEW_LASTS_S 3600 /* whoever wrote it is dead by then */

const char *catalogue_cache_name(enum catalogue_cache_use use)
{
	static const char *const names[] = {[CACHE_OFF] = "off",
	                                    [CACHE_USED] = "used",
	                                    [CACHE_LATER] = "trained quickly, to be refined",
	                                    [CACHE_WRITTEN] = "written",
	                                    [CACHE_REPLACED] = "damaged, replaced",
	                                    [CACHE_FAILED] = "not written"};

	return names[use];
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_whole(int fd, char *octets, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t got = read(fd, octets + at, size - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EBADMSG; /* shorter than it was a moment ago */
		at += (size_t)got;
	}
	return 0;
}

static int read_open(int fd, uint64_t key, struct matcher **out)
{
	struct stat st;
	char *octets;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > MATCHER_SNAPSHOT_MAX)
		return -EBADMSG;
	octets = malloc((size_t)st.st_size + 1);
	if (!octets)
		return -ENOMEM;
	err = read_whole(fd, octets, (size_t)st.st_size);
	if (err == 0)
		err = matcher_read((struct span){octets, (size_t)st.st_size}, key, out);
	free(octets);
	return err;
}

static int read_kept(int dir, const char *name, uint64_t key, struct matcher **out)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 ? -errno : read_open(fd, key, out);

	if (fd >= 0)
		close(fd);
	return err;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_whole(int fd, struct span octets)
{
	for (size_t at = 0; at < octets.len;) {
		ssize_t put = write(fd, octets.ptr + at, octets.len - at);

		if (put < 0 && errno != EINTR)
			return -errno;
		at += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

/* Not synced: a file that power loss left half written is found out by its checksum. */
static int write_file(int dir, const char *name, struct span octets)
{
	char fresh[NAME_SIZE + 32];
	int fd, err;

	snprintf(fresh, sizeof(fresh), "%s.%ld" ENDING_NEW, name, (long)getpid());
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	err = write_whole(fd, octets);
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err == 0 && renameat(dir, fresh, dir, name) < 0)
		err = -errno;
	if (err < 0)
		unlinkat(dir, fresh, 0);
	return err;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && strcmp(name + len - tail, ending) == 0;
}

/* The matchers of former catalogues that are kept, newest first: a node reads its files before it
 * hears what is published, and people go back to what was yesterday. */
struct kept {
	char names[KEPT_MAX + 1][NAME_SIZE]; /* one to move into */
	struct timespec since[KEPT_MAX + 1];
	size_t count;
};

static bool is_newer(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Puts it in its place; whoever falls out at the end is removed. */
static void keep_or_remove(int dir, struct kept *k, const char *name, struct timespec since)
{
	size_t at = k->count;

	while (at && is_newer(since, k->since[at - 1]))
		at--;
	if (at == KEPT_MAX) {
		unlinkat(dir, name, 0);
		return;
	}
	if (k->count == KEPT_MAX)
		unlinkat(dir, k->names[--k->count], 0);
	memmove(k->names[at + 1], k->names[at], (k->count - at) * sizeof(k->names[0]));
	memmove(&k->since[at + 1], &k->since[at], (k->count - at) * sizeof(k->since[0]));
	snprintf(k->names[at], sizeof(k->names[at]), "%s", name);
	k->since[at] = since;
	k->count++;
}

static void look_at(int dir, struct kept *k, const char *name)
{
	struct stat st;

	if ((!ends_with(name, ENDING) && !ends_with(name, ENDING_NEW)) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (ends_with(name, ENDING) && strlen(name) < NAME_SIZE)
		keep_or_remove(dir, k, name, st.st_mtim);
	else if (ends_with(name, ENDING_NEW) && st.st_mtime < time(NULL) - NEW_LASTS_S)
		unlinkat(dir, name, 0);
}

/* Matchers of long ago; what cannot be removed is only in the way. */
static void remove_old(int dir)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;
	struct kept k = {.count = 0};

	if (!d && again >= 0)
		close(again);
	while (d && (entry = readdir(d)) != NULL)
		look_at(dir, &k, entry->d_name);
	if (d)
		closedir(d);
}

static int keep(int dir, const char *name, uint64_t key, const struct matcher *m)
{
	struct buf octets;
	int err;

	buf_init(&octets, MATCHER_SNAPSHOT_MAX);
	matcher_write(m, key, &octets);
	err = buf_check(&octets);
	if (err == 0)
		err = write_file(dir, name, buf_span(&octets));
	if (err == 0)
		remove_old(dir);
	buf_fini(&octets);
	return err;
}

/* --- both ------------------------------------------------------------------------------------- */

static int open_directory(const char *path)
{
	int dir;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

/* read_err says why there was nothing to read. */
static struct catalogue_cache after_training(int read_err, int write_err)
{
	if (write_err < 0)
		return (struct catalogue_cache){CACHE_FAILED, write_err};
	if (read_err == -ENOENT)
		return (struct catalogue_cache){CACHE_WRITTEN, 0};
	return (struct catalogue_cache){CACHE_REPLACED, read_err};
}

/* quick: of one that is in use until the whole one is learned. */
static void name_of(uint64_t key, bool quick, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%016" PRIx64 "-%016" PRIx64 "%s" ENDING, key, matcher_engine(),
	         quick ? ".quick" : "");
}

/* What is kept under the name, which then was used last. */
static int take_kept(int dir, const char *name, uint64_t key, struct matcher **out)
{
	int err = read_kept(dir, name, key, out);

	if (err == 0)
		(void)utimensat(dir, name, NULL, 0);
	return err;
}

/* A whole one was learned: its forerunner would only push others out. */
static int keep_whole(int dir, uint64_t key, const struct matcher *m)
{
	char name[NAME_SIZE];

	name_of(key, true, name);
	unlinkat(dir, name, 0);
	name_of(key, false, name);
	return keep(dir, name, key, m);
}

int cache_matcher(const char *path, const struct match_source *source, struct catalogue_cache *use,
                  struct matcher **out)
{
	uint64_t key = path ? matcher_key(source) : 0;
	int dir = path ? open_directory(path) : -ENOENT, read_err, err;
	char name[NAME_SIZE];

	*use = (struct catalogue_cache){path ? CACHE_FAILED : CACHE_OFF, path ? dir : 0};
	if (dir < 0)
		return matcher_create(source, out);
	name_of(key, false, name);
	read_err = take_kept(dir, name, key, out);
	*use = (struct catalogue_cache){CACHE_USED, 0};
	err = read_err < 0 ? matcher_create(source, out) : 0;
	if (read_err < 0 && err == 0)
		*use = after_training(read_err, keep_whole(dir, key, *out));
	close(dir);
	return err;
}

/* From the directory, else trained and, where that can be, put there; what cannot be is told when
 * the whole one is. */
static int quick_matcher(int dir, uint64_t key, const struct match_source *source,
                         struct matcher **out)
{
	char name[NAME_SIZE];
	int err;

	name_of(key, true, name);
	if (dir >= 0 && take_kept(dir, name, key, out) == 0)
		return 0;
	err = matcher_create_quick(source, out);
	if (err == 0 && dir >= 0)
		(void)keep(dir, name, key, *out);
	return err;
}

int cache_matcher_quick(const char *path, const struct match_source *source,
                        struct catalogue_cache *use, bool *quick, struct matcher **out)
{
	uint64_t key = path ? matcher_key(source) : 0;
	int dir, err;
	char name[NAME_SIZE];

	*quick = false;
	if (source->count < CALIBRATION_CASES_LEAST) /* nothing that would take long */
		return cache_matcher(path, source, use, out);
	dir = path ? open_directory(path) : -ENOENT;
	name_of(key, false, name);
	*use = (struct catalogue_cache){CACHE_USED, 0};
	err = dir >= 0 ? take_kept(dir, name, key, out) : -ENOENT;
	if (err < 0) {
		*quick = true;
		*use = (struct catalogue_cache){CACHE_LATER, 0};
		err = quick_matcher(dir, key, source, out);
	}
	if (dir >= 0)
		close(dir);
	return err;
}
