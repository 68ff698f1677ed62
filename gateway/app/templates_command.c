/*
 * A command with a loop of its own that serves nobody: it orders as the API does, and the nodes
 * follow what it published within a moment.
 */
#include "templates_command.h"

#include "command.h"
#include "edition_files.h"
#include "knowledge.h"
#include "rfc3339.h"
#include "sheet.h"
#include "strict_json.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REDIS_MS = 5000, WAIT_MS = 120000 };

#define WHO "templates"

struct sub;

struct command {
	const struct config *config;
	struct io_loop *loop;
	struct redis *redis;
	struct knowledge *knowledge;
	struct io_timer *patience;
	const struct sub *sub;
	const char *note, *directory;
	bool force, begun;
	char **rest;
	size_t rest_count;
	int status;
};

static void finish(struct command *c, int status)
{
	c->status = status;
	io_loop_stop(c->loop);
}

static void fail(struct command *c, int status, const char *what, const char *detail)
{
	finish(c, command_fail(status, WHO, what, detail));
}

/* --- what came of it -------------------------------------------------------------------------- */

static void tell_faults(const struct knowledge_result *r)
{
	for (size_t i = 0; i < r->fault_count; i++) {
		const struct knowledge_fault *f = &r->faults[i];

		fprintf(stderr, "%s%s%s:%u: %s%s%s\n", f->file, f->file[0] && f->id[0] ? " " : "",
		        f->id, f->line, f->field, f->field[0] ? ": " : "", f->text);
	}
	if (r->faults_more)
		fprintf(stderr, "and %zu more\n", r->faults_more);
}

static bool failed(struct command *c, const struct knowledge_result *r)
{
	tell_faults(r);
	for (size_t i = 0; i < r->conflict_count; i++)
		fprintf(stderr, "%s: changed by others too%s\n", r->conflicts[i],
		        r->err ? "" : "; what is published stays");
	if (!r->err)
		return false;
	fail(c, r->code ? COMMAND_STATE : EXIT_FAILURE,
	     r->code ? r->code : "Redis cannot be reached", NULL);
	return true;
}

static void on_done(void *arg, const struct knowledge_result *r)
{
	struct command *c = arg;

	if (failed(c, r))
		return;
	printf("version %llu%s\n", (unsigned long long)r->version,
	       r->changed ? "" : ", nothing changed");
	for (size_t i = 0; r->changed && i < r->name_count; i++)
		printf("  %s\n", r->names[i]);
	finish(c, EXIT_SUCCESS);
}

static void on_list(void *arg, const struct knowledge_result *r)
{
	struct command *c = arg;

	if (failed(c, r))
		return;
	for (size_t i = 0; i < r->edition->count; i++) {
		const struct edition_entry *e = &r->edition->at[i];
		struct span section = sheet_section(span_of(e->text));

		printf("%s\t%.*s\t%s\n", e->name, SPAN_FMT(section), e->file);
	}
	finish(c, EXIT_SUCCESS);
}

static void on_show(void *arg, const struct knowledge_result *r)
{
	struct command *c = arg;

	if (failed(c, r))
		return;
	for (size_t i = 0; i < r->edition->count; i++)
		if (strcmp(r->edition->at[i].name, c->rest[0]) == 0) {
			fputs(r->edition->at[i].text, stdout);
			finish(c, EXIT_SUCCESS);
			return;
		}
	fail(c, COMMAND_STATE, "there is no such template", c->rest[0]);
}

static int write_file(void *arg, const char *name, struct span text)
{
	const int *dir = arg;
	int err = 0;
	int fd = edition_file_named(span_of(name))
	                 ? openat(*dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	                          0644)
	                 : -1;

	if (fd < 0)
		return -EINVAL;
	if (write(fd, text.ptr, text.len) != (ssize_t)text.len)
		err = -EIO;
	if (close(fd))
		err = -EIO;
	return err;
}

static void on_export(void *arg, const struct knowledge_result *r)
{
	struct command *c = arg;
	int dir, err = 0;

	if (failed(c, r))
		return;
	if (mkdir(c->rest[0], 0755) && errno != EEXIST)
		err = -errno;
	dir = err ? -1 : open(c->rest[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && !err)
		err = -errno;
	if (!err)
		err = edition_files(r->edition, CATALOGUE_FILE_SIZE_MAX, write_file, &dir);
	if (dir >= 0)
		close(dir);
	if (err) {
		fail(c, EXIT_FAILURE, c->rest[0], strerror(-err));
		return;
	}
	printf("version %llu\n", (unsigned long long)r->version);
	finish(c, EXIT_SUCCESS);
}

static void show_version(const char *number, const char *about, long long now)
{
	json_t *a = json_loads(about, 0, NULL);
	uint64_t ms = (uint64_t)json_integer_value(json_object_get(a, "ts"));
	const char *by = json_string_value(json_object_get(a, "by"));
	const char *note = json_string_value(json_object_get(a, "note"));
	const char *origin = json_string_value(json_object_get(a, "origin"));
	char when[RFC3339_SIZE];

	printf("%s%s\t%s\t%s\t%s\t%zu changed\t%s\n", number,
	       strtoll(number, NULL, 10) == now ? "*" : "", rfc3339_format(ms, when), by ? by : "",
	       origin ? origin : "", json_array_size(json_object_get(a, "changed")),
	       note ? note : "");
	json_decref(a);
}

static void on_versions(void *arg, int err, const redisReply *reply, const char *why)
{
	struct command *c = arg;

	if (err) {
		fail(c, EXIT_FAILURE, "Redis says", why);
		return;
	}
	for (size_t i = 1; i + 1 < reply->elements; i += 2)
		show_version(reply->element[i]->str, reply->element[i + 1]->str,
		             reply->element[0]->integer);
	finish(c, EXIT_SUCCESS);
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct sub {
	const char *name;
	enum knowledge_what what;
	knowledge_fn *fn;
	size_t least, most; /* arguments */
} subs[] = {
	{"list",     KNOWLEDGE_READ,     on_list,   0, 0   },
	{"show",     KNOWLEDGE_READ,     on_show,   1, 1   },
	{"versions", KNOWLEDGE_READ,     NULL,      0, 0   },
	{"publish",  KNOWLEDGE_PUBLISH,  on_done,   0, 1000},
	{"rollback", KNOWLEDGE_ROLLBACK, on_done,   1, 1   },
	{"import",   KNOWLEDGE_FILES,    on_done,   0, 1   },
	{"export",   KNOWLEDGE_READ,     on_export, 1, 1   },
};

static const struct sub *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(subs); i++)
		if (strcmp(subs[i].name, name) == 0)
			return &subs[i];
	return NULL;
}

static void begin(struct command *c)
{
	const struct sub *sub = c->sub;
	struct span ids[1000];
	struct knowledge_order o = {.what = sub->what,
	                            .note = span_of(c->note),
	                            .force = c->force,
	                            .four_eyes = c->config->templates.four_eyes};
	char by[COMMAND_BY_SIZE];
	int err;

	o.by = span_of(command_by(by));
	for (size_t i = 0; i < c->rest_count && i < ARRAY_LEN(ids); i++)
		ids[i] = span_of(c->rest[i]);
	if (sub->what == KNOWLEDGE_PUBLISH) {
		o.ids = ids;
		o.id_count = c->rest_count;
	}
	if (sub->what == KNOWLEDGE_ROLLBACK)
		o.version = strtoull(c->rest[0], NULL, 10);
	if (sub->fn)
		err = knowledge_do(c->knowledge, &o, sub->fn, c);
	else
		err = redis_fcall(c->redis, "ph_templates_versions", KNOWLEDGE_SLOT, NULL, 0,
		                  on_versions, c);
	if (err)
		fail(c, EXIT_FAILURE, "it cannot be done now", strerror(-err));
}

static void on_redis(void *arg, bool up, const char *why)
{
	struct command *c = arg;

	(void)why;
	if (!up || c->begun)
		return;
	c->begun = true;
	begin(c);
}

static void on_patience(void *arg)
{
	struct command *c = arg;

	fail(c, EXIT_FAILURE, c->begun ? "it took too long" : "Redis cannot be reached", NULL);
}

static int make(struct command *c)
{
	static const struct logger log = {0};
	const struct redis_options redis = {.address = c->config->redis.address,
	                                    .username = c->config->redis.username,
	                                    .password = c->config->redis.password,
	                                    .database = c->config->redis.database,
	                                    .libraries = &knowledge_library,
	                                    .library_count = 1};
	struct knowledge_options options = {.log = &log, .directory = c->directory};
	int err = io_loop_create(&log, &c->loop);

	if (!err)
		err = io_timer_create(c->loop, "templates.patience", on_patience, c, &c->patience);
	if (!err)
		err = redis_create(c->loop, &log, &redis, on_redis, c, &c->redis);
	options.loop = c->loop;
	options.redis = c->redis;
	return err ? err : knowledge_create(&options, &c->knowledge);
}

static void unmake(struct command *c)
{
	if (c->loop)
		io_loop_finish(c->loop);
	io_timer_destroy(&c->patience);
	knowledge_destroy(&c->knowledge);
	redis_destroy(&c->redis);
	io_loop_destroy(&c->loop);
}

static bool take_options(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{"note",  required_argument, NULL, 'n'},
		{"force", no_argument,       NULL, 'f'},
		{NULL,    0,                 NULL, 0  },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			c->note = optarg;
		else if (option == 'f')
			c->force = true;
		else
			return false;
	}
	c->rest = argv + optind;
	c->rest_count = (size_t)(argc - optind);
	return true;
}

int templates_command(const struct config *config, int argc, char **argv)
{
	struct command c = {.config = config, .directory = config->templates.directory};
	const struct sub *sub = argc > 1 ? find(argv[1]) : NULL;
	int err;

	if (!sub)
		return command_fail(
			COMMAND_USAGE, WHO,
			"list, show, versions, publish, rollback, import or export is expected",
			NULL);
	if (!take_options(&c, argc - 1, argv + 1) || c.rest_count < sub->least ||
	    c.rest_count > sub->most)
		return command_fail(COMMAND_USAGE, WHO, sub->name, "wrong arguments");
	c.sub = sub;
	if (sub->what == KNOWLEDGE_FILES && c.rest_count)
		c.directory = c.rest[0];
	log_set_level(LOG_ERROR);
	err = make(&c);
	if (err) {
		c.status = command_fail(EXIT_FAILURE, WHO, "it cannot be done", strerror(-err));
	} else {
		io_timer_start(c.patience, WAIT_MS, 0);
		io_loop_run(c.loop);
	}
	unmake(&c);
	return c.status;
}
