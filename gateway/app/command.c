#include "command.h"

#include "registry.h"
#include "told.h"

#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct config *command_config(const char *path)
{
	struct told told = {0};
	struct yaml_errors errors = {.told = told_add, .arg = &told, .file = path};
	struct config *config = NULL;
	int err = config_load(path, registry_find, &errors, &config);

	if (err && !told.count)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	told_print(&told);
	told_fini(&told);
	return err ? NULL : config;
}

int command_fail(int status, const char *who, const char *what, const char *detail)
{
	fprintf(stderr, "posthouse %s: %s%s%s\n", who, what, detail ? ": " : "",
	        detail ? detail : "");
	return status;
}

const char *command_by(char out[COMMAND_BY_SIZE])
{
	const struct passwd *user = getpwuid(getuid());

	snprintf(out, COMMAND_BY_SIZE, "cli:%s", user ? user->pw_name : "?");
	return out;
}

const char *command_when(struct span ms, char out[COMMAND_WHEN_SIZE])
{
	struct tm local;
	uint64_t number;
	time_t at;

	out[0] = '\0';
	if (span_u64(ms, &number))
		return out;
	at = (time_t)(number / 1000);
	if (localtime_r(&at, &local))
		strftime(out, COMMAND_WHEN_SIZE, "%F %T", &local);
	return out;
}
