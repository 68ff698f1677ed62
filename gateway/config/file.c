#include "file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int read_all(int fd, char *text, size_t room, size_t *len)
{
	ssize_t got;

	for (*len = 0; *len < room; *len += (size_t)got) {
		got = read(fd, text + *len, room - *len);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return -errno;
		else if (got == 0)
			break;
	}
	return 0;
}

int file_read(const char *path, size_t most, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = fd < 0 ? NULL : malloc(most + 1);
	int err = fd < 0 ? -errno : text ? 0 : -ENOMEM;

	if (!err)
		err = read_all(fd, text, most + 1, len);
	if (fd >= 0)
		close(fd);
	if (err)
		free(text);
	else
		*out = text;
	return err;
}
