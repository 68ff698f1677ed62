/* The executable posthouse: which command, which configuration, and what is said when it is wrong.
 */
#include "app.h"
#include "channel_command.h"
#include "command.h"
#include "dead_command.h"
#include "evaluate_command.h"
#include "list_command.h"
#include "log.h"
#include "match_command.h"
#include "route_command.h"
#include "templates_command.h"
#include "told.h"
#include "user_command.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENAS = 2 };

static const char usage[] =
	"usage: posthouse COMMAND FILE ...        FILE is the configuration\n"
	"\n"
	"  run FILE              run a node until SIGTERM; SIGHUP reads the templates again\n"
	"  check FILE            read configuration and templates, say every error, stop\n"
	"  user add FILE ID      make a user; the password is asked for, or read from stdin\n"
	"    --name NAME --role agent|editor|supervisor|marketer|administrator\n"
	"    --skills A,B --capacity N --lang zh|en\n"
	"  user passwd FILE ID   set a new password; log-ins with the old one end\n"
	"  user disable FILE ID  log-ins end, none is possible; enable FILE ID reverses it\n"
	"  user list FILE        who there is\n"
	"  channel status FILE [NAME]              what the channels do, on which node\n"
	"  channel start|drain|stop FILE NAME      orders to one, for all nodes\n"
	"  list show FILE                          numbers that are blocked or allowed\n"
	"  list block|allow|forget FILE NUMBER     NUMBER may end in \"*\"\n"
	"    --channel NAME --note TEXT; of forget --list block|allow\n"
	"  route FILE NUMBER     by which channel it would be written to now, and why\n"
	"    --class reply|confirmation|campaign|flash\n"
	"  dead-letters list FILE                  messages that finally failed\n"
	"    --channel C --code CODE --limit N\n"
	"  dead-letters replay|drop FILE ID ...    send them again, or forget them\n"
	"    --all, with the same, for many\n"
	"  templates list|versions FILE            what is published, and what was\n"
	"  templates show FILE ID\n"
	"  templates publish FILE [ID ...]         drafts come into use\n"
	"  templates rollback FILE N               an old version comes into use\n"
	"  templates import FILE [DIR]; export FILE DIR      from files, and to files\n"
	"    --note TEXT --force\n"
	"  match TEXT            what a customer's text would be answered, how surely, and why\n"
	"    --directory DIR | --config FILE       whose catalogue; else templates/content\n"
	"    --lang zh|en --json\n"
	"  evaluate TRAIN TEST   train on one file of \"label TAB text\" lines, measure on\n"
	"    --dev DEV           another, with thresholds chosen on a third; prints JSON\n"
	"  evaluate DIR TEST     measure a catalogue; --wrong says what it does wrong\n"
	"\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static struct app *make(const struct config *config, const char *path)
{
	struct told told = {0};
	struct yaml_errors errors = {.told = told_add, .arg = &told, .file = path};
	struct app *app = NULL;
	int err = app_create(config, &errors, &app);

	told_print(&told);
	told_fini(&told);
	return err ? NULL : app;
}

static int run(const char *path, bool check_only)
{
	struct config *config = command_config(path);
	struct app *app = NULL;
	int status = EXIT_FAILURE;

	if (config) {
		log_set_level((enum log_level)config->log.level);
		app = make(config, path);
	}
	if (app && check_only) {
		printf("%s is right\n", path);
		status = EXIT_SUCCESS;
	} else if (app) {
		status = app_run(app);
	} else {
		fprintf(stderr, "posthouse: %s cannot be used\n", path);
	}
	app_destroy(&app);
	config_destroy(&config);
	return status;
}

typedef int command_fn(const struct config *config, int argc, char **argv);

/* COMMAND SUBCOMMAND FILE ...: the command itself wants no file among its arguments. */
static int with_config(command_fn *command, int argc, char **argv)
{
	struct config *config = command_config(argv[2]);
	int status = EXIT_FAILURE;

	if (config) {
		memmove(argv + 2, argv + 3, (size_t)(argc - 2) * sizeof(*argv));
		status = command(config, argc - 1, argv);
	}
	config_destroy(&config);
	return status;
}

/* route FILE NUMBER: no subcommand. */
static int route(int argc, char **argv)
{
	struct config *config = command_config(argv[1]);
	int status = EXIT_FAILURE;

	if (config)
		status = route_command(config, argc - 1, argv + 1);
	config_destroy(&config);
	return status;
}

static const struct {
	const char *name;
	command_fn *fn;
} commands[] = {
	{"user",         user_command     },
	{"channel",      channel_command  },
	{"list",         list_command     },
	{"dead-letters", dead_command     },
	{"templates",    templates_command}
};

static int wrong_usage(void)
{
	fputs(usage, stderr);
	return COMMAND_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	mallopt(M_ARENA_MAX, ARENAS); /* the pool's threads rarely run: no heap for each of them */
	if (is_one_of(command, "-h", "--help")) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (is_one_of(command, "-V", "--version")) {
		puts("posthouse " PH_VERSION);
		return EXIT_SUCCESS;
	}
	if (is_one_of(command, "run", "check") && argc == 3)
		return run(argv[2], command[0] == 'c');
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(command, commands[i].name) == 0 && argc >= 4)
			return with_config(commands[i].fn, argc - 1, argv + 1);
	if (strcmp(command, "route") == 0 && argc >= 4)
		return route(argc - 1, argv + 1);
	if (strcmp(command, "match") == 0)
		return match_command(argc - 1, argv + 1);
	if (strcmp(command, "evaluate") == 0)
		return evaluate_command(argc - 1, argv + 1);
	return wrong_usage();
}
