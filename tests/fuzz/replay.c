/* Runs a fuzz target over the files of its corpus, each whole and cut at every length up to 512
 * octets: what a build without libFuzzer runs as a unit test. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, CUTS = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* On the heap and of exactly this size, so that a sanitizer sees a read past the end. */
static void run_one(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int run_file(int dir, const char *name)
{
	static uint8_t data[FILE_MAX];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, data, sizeof(data));

	if (fd >= 0)
		close(fd);
	if (len < 0) {
		perror(name);
		return -1;
	}
	for (size_t cut = 0; cut < (size_t)len && cut < CUTS; cut++)
		run_one(data, cut);
	run_one(data, (size_t)len);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned files = 0, failed = 0;

	if (!dir) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return EXIT_FAILURE;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		files++;
		failed += run_file(dirfd(dir), entry->d_name) != 0;
	}
	closedir(dir);
	printf("%u files, each cut at every length\n", files);
	return files && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
