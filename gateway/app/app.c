/* Makes the parts in the order in which they need each other, and frees them in the reverse one. */
#include "app_private.h"
#include "told.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { LIBRARIES_MAX = 12, OWN_LIBRARIES = 3 };

#define CONTENT_SECURITY                                                                    \
	"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " \
	"object-src 'none'"

/* On every file of the console. */
static const struct http_header_out console_headers[] = {
	{"Content-Security-Policy",    CONTENT_SECURITY},
	{"X-Content-Type-Options",     "nosniff"       },
	{"X-Frame-Options",            "DENY"          },
	{"Referrer-Policy",            "no-referrer"   },
	{"Cross-Origin-Opener-Policy", "same-origin"   },
};

/* One step of making a node. It tells what is wrong, or leaves an errno to be told. */
typedef int make_fn(struct app *app, struct yaml_errors *errors);

static int make_loop(struct app *app, struct yaml_errors *errors)
{
	(void)errors;
	return io_loop_create(&app->log, &app->loop);
}

static int make_catalogue(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	const struct config_rule *rules = c->calls.rules.items;
	unsigned before = errors->count;
	struct told told = {0};
	int err = catalogue_load_quick(c->templates.directory, c->templates.cache,
	                               clock_wall_ms(&clock_system), told_add, &told,
	                               &app->catalogue);

	for (size_t i = 0; i < told.count; i++) {
		const char *config_file = errors->file;
		char file[2 * TOLD_FILE_MAX];

		snprintf(file, sizeof(file), "%s/%s", c->templates.directory, told.errors[i].file);
		errors->file = file;
		yaml_error(errors, told.errors[i].line, "%s", told.errors[i].text);
		errors->file = config_file;
	}
	if (err && !told.count)
		yaml_error(errors, 0, "the templates in \"%s\" cannot be read: %s",
		           c->templates.directory, strerror(-err));
	told_fini(&told);
	if (!err)
		app_tell_cache(app, app->catalogue);
	for (size_t i = 0; !err && i < c->calls.rules.count; i++)
		if (!catalogue_find(app->catalogue, span_of(rules[i].template_id)))
			yaml_error(errors, rules[i].line, "there is no template \"%.60s\"",
			           rules[i].template_id);
	return err || errors->count != before ? -EINVAL : 0;
}

static int make_tls(struct app *app, struct yaml_errors *errors)
{
	const struct io_tls_options options = {.cert_file = app->config->listen.tls_cert,
	                                       .key_file = app->config->listen.tls_key};
	const char *why = NULL;
	int err = options.cert_file ? io_tls_server(&options, &app->tls, &why) : 0;

	if (err)
		yaml_error(errors, 0, "TLS of the public listener: %s", why ? why : strerror(-err));
	return err;
}

static int make_servers(struct app *app, struct yaml_errors *errors)
{
	const struct http_limits limits = {0};
	int err = http_server_create(app->loop, "public", &limits, &app->public);

	(void)errors;
	if (!err)
		err = http_server_create(app->loop, "internal", &limits, &app->internal);
	if (!err)
		err = http_client_create(app->loop, &(struct http_client_options){0},
		                         &app->http_client);
	return err;
}

/* "127.0.0.1:0" with the port that the system gave. */
static void real_address(const char *configured, uint16_t port, char *out, size_t size)
{
	const char *colon = strrchr(configured, ':');

	snprintf(out, size, "%.*s:%u", colon ? (int)(colon - configured) : 0, configured, port);
}

/* Whoever started the node reads this line: where it listens, and that it takes traffic. */
static void tell_ready(struct app *app)
{
	uint64_t took_ms = (clock_mono_us(&clock_system) - app->started_us) / 1000;
	char public[128], internal[128];

	real_address(app->config->listen.public, app->public_port, public, sizeof(public));
	real_address(app->config->listen.internal, app->internal_port, internal, sizeof(internal));
	printf("{\"ready\":true,\"public\":\"%s\",\"internal\":\"%s\",\"ready_ms\":%llu}\n", public,
	       internal, (unsigned long long)took_ms);
	fflush(stdout);
	log_info(&app->log, EVENT("node.ready"), NUM("took_ms", took_ms),
	         STR("templates", catalogue_version(app->catalogue)));
}

/* Redis is there for the first time: the channels may open. */
static void enter_service(struct app *app)
{
	router_start(app->router);
	webhooks_start(app->webhooks);
	dead_watch_start(app->dead_watch);
	app->phase = APP_RUNNING;
	malloc_trim(0); /* training the matcher leaves more free memory than is needed at rest */
	lessons_refit(app->lessons);
	tell_ready(app);
	app_refine(app);
}

/* The node has what is published, or cannot have it: the files do. */
static void on_learned(void *arg, int err)
{
	struct app *app = arg;

	(void)err;
	app->learning = false;
	if (app->redis_up && app->phase == APP_STARTING)
		enter_service(app);
}

static void on_redis(void *arg, bool up, const char *why)
{
	struct app *app = arg;

	app->redis_up = up;
	snprintf(app->redis_why, sizeof(app->redis_why), "%s", up || !why ? "" : why);
	if (up)
		log_info(&app->log, EVENT("redis.up"));
	else
		log_error(&app->log, EVENT("redis.down"), STR("why", why ? why : ""));
	router_redis_state(app->router, up);
	if (up && app->phase == APP_STARTING && !app->learning) {
		app->learning = true;
		knowledge_start(app->knowledge, app->catalogue, on_learned, app);
	}
}

static int make_redis(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	struct redis_library libraries[LIBRARIES_MAX];
	struct redis_options options = {.address = c->redis.address,
	                                .username = c->redis.username,
	                                .password = c->redis.password,
	                                .database = c->redis.database,
	                                .connections = (unsigned)c->redis.connections,
	                                .timeout_ms = (uint64_t)c->redis.timeout_ms,
	                                .libraries = libraries};
	int err;

	for (size_t i = 0; i < router_library_count && i < LIBRARIES_MAX - OWN_LIBRARIES; i++)
		libraries[options.library_count++] = router_libraries[i];
	libraries[options.library_count++] = login_library;
	libraries[options.library_count++] = webhook_library;
	libraries[options.library_count++] = knowledge_library;
	err = redis_create(app->loop, &app->log, &options, on_redis, app, &app->redis);
	if (err)
		yaml_error(errors, 0, "Redis at \"%.100s\": %s", c->redis.address, strerror(-err));
	else
		router_set_redis(app->router, app->redis);
	return err;
}

static void on_unanswered(void *arg, const struct router_unanswered *unanswered)
{
	lessons_asked(arg, unanswered);
}

static int make_knowledge(struct app *app, struct yaml_errors *errors)
{
	const struct knowledge_options options = {.loop = app->loop,
	                                          .log = &app->log,
	                                          .redis = app->redis,
	                                          .directory = app->config->templates.directory,
	                                          .cache = app->config->templates.cache,
	                                          .changed = app_catalogue_changed,
	                                          .arg = app};

	const struct lessons_options lessons = {.loop = app->loop,
	                                        .log = &app->log,
	                                        .redis = app->redis,
	                                        .keep_ms = (uint64_t)app->config->templates.keep_ms,
	                                        .catalogue = &app->catalogue,
	                                        .refitted = app_catalogue_refitted,
	                                        .arg = app};
	int err = knowledge_create(&options, &app->knowledge);

	(void)errors;
	if (!err)
		err = lessons_create(&lessons, &app->lessons);
	if (!err)
		router_on_unanswered(app->router, on_unanswered, app->lessons);
	return err;
}

static int make_router(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	const struct router_options options = {
		.node = c->node.name,
		.default_queue = c->desk.default_queue,
		.bot_idle_ms = (uint64_t)c->desk.bot_idle_ms,
		.opens_min = c->desk.opens_min,
		.closes_min = c->desk.closes_min,
		.agent_grace_ms = (uint64_t)c->desk.grace_ms,
		.drain_ms = (uint64_t)c->node.drain_ms,
		.http = app->public,
		.http_client = app->http_client,
		.widget_assets = c->assets.widget,
		.outbox = c->webhooks.count > 0 || c->sendsms.users.count > 0,
	};
	int err = router_create(app->loop, &app->log, &options, &app->router);

	(void)errors;
	if (!err)
		router_set_catalogue(app->router, catalogue_ref(app->catalogue));
	return err;
}

static int make_channels(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	unsigned before = errors->count;
	int err = 0;

	for (size_t i = 0; i < c->channel_count; i++) {
		const struct config_channel *channel = &c->channels[i];
		const struct router_channel add = {.name = channel->name,
		                                   .ops = channel->ops,
		                                   .cfg = channel->cfg,
		                                   .all_nodes = channel->nodes == CONFIG_NODES_ALL,
		                                   .codes = &channel->codes,
		                                   .line = channel->line};
		int bad = router_channel_add(app->router, &add, errors);

		if (bad && errors->count == before)
			yaml_error(errors, channel->line, "the channel \"%s\" cannot be made: %s",
			           channel->name, strerror(-bad));
		before = errors->count;
		if (bad)
			err = bad;
	}
	return err;
}

static int make_routes(struct app *app, struct yaml_errors *errors)
{
	return router_set_routes(app->router, &app->config->routes, errors);
}

static int make_interfaces(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	const struct login_options login = {.loop = app->loop,
	                                    .log = &app->log,
	                                    .redis = app->redis,
	                                    .server = app->public,
	                                    .login_ms = (uint64_t)c->desk.login_ms,
	                                    .capacity = (unsigned)c->desk.capacity,
	                                    .origins = (const char *const *)c->desk.origins,
	                                    .secure = app->tls != NULL};
	struct api_options api = {.loop = app->loop,
	                          .log = &app->log,
	                          .redis = app->redis,
	                          .router = app->router,
	                          .server = app->public,
	                          .config = c,
	                          .catalogue = &app->catalogue,
	                          .knowledge = app->knowledge};
	const struct sendsms_options sendsms = {.loop = app->loop,
	                                        .log = &app->log,
	                                        .router = app->router,
	                                        .server = app->public,
	                                        .config = c};
	int err = login_create(&login, &app->login);

	(void)errors;
	api.login = app->login;
	if (!err)
		err = api_create(&api, &app->api);
	if (!err)
		err = sendsms_create(&sendsms, &app->sendsms);
	if (!err)
		err = dead_watch_create(app->loop, app->router, c, &app->dead_watch);
	if (!err)
		err = app_health_create(app);
	return err;
}

static int make_console(struct app *app, struct yaml_errors *errors)
{
	const struct config *c = app->config;
	const struct console_options options = {.loop = app->loop,
	                                        .log = &app->log,
	                                        .redis = app->redis,
	                                        .router = app->router,
	                                        .login = app->login,
	                                        .server = app->public,
	                                        .config = c,
	                                        .catalogue = &app->catalogue,
	                                        .lessons = app->lessons};
	int err = console_create(&options, &app->console);

	if (!err && c->assets.console) {
		err = http_static(app->public, "/console/", c->assets.console, console_headers,
		                  ARRAY_LEN(console_headers));
		if (err)
			yaml_error(errors, 0, "the console's files in \"%.200s\": %s",
			           c->assets.console, strerror(-err));
	}
	return err;
}

static int make_webhooks(struct app *app, struct yaml_errors *errors)
{
	const struct webhook_options options = {.loop = app->loop,
	                                        .log = &app->log,
	                                        .redis = app->redis,
	                                        .router = app->router,
	                                        .client = app->http_client,
	                                        .config = app->config};

	(void)errors;
	return webhooks_create(&options, &app->webhooks);
}

static make_fn *const steps[] = {
	make_catalogue, make_loop,  make_tls,       make_servers,    make_router,  make_channels,
	make_routes,    make_redis, make_knowledge, make_interfaces, make_console, make_webhooks,
};

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int app_create(const struct config *config, struct yaml_errors *errors, struct app **out)
{
	struct app *app = calloc(1, sizeof(*app));
	int err = 0;

	if (!app)
		return -ENOMEM;
	app->config = config;
	app->log = (struct logger){.key = "node", .value = config->node.name};
	app->started_us = clock_mono_us(&clock_system);
	for (size_t i = 0; i < ARRAY_LEN(steps) && !err; i++) {
		unsigned before = errors->count;

		err = steps[i](app, errors);
		if (err && errors->count == before)
			yaml_error(errors, 0, "the node cannot be made: %s", strerror(-err));
	}
	if (err)
		app_destroy(&app);
	else
		*out = app;
	return err;
}

static int listen_on(struct app *app, struct http_server *server, const char *name,
                     const char *address, struct io_tls *tls, uint16_t *port)
{
	int err = http_server_listen(server, address, tls, port);

	if (err)
		log_error(&app->log, EVENT("node.listen_failed"), STR("listener", name),
		          STR("address", address), ERR(err));
	else
		log_info(&app->log, EVENT("node.listen"), STR("listener", name),
		         STR("address", address), NUM("port", *port));
	return err;
}

static int begin(struct app *app)
{
	const struct config *c = app->config;
	int err = io_timer_create(app->loop, "node.deadline", app_deadline, app, &app->deadline);

	if (!err)
		err = app_signals_start(app);
	if (!err)
		err = listen_on(app, app->internal, "internal", c->listen.internal, NULL,
		                &app->internal_port);
	if (!err)
		err = listen_on(app, app->public, "public", c->listen.public, app->tls,
		                &app->public_port);
	if (err)
		return err;
	return 0;
}

int app_run(struct app *app)
{
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	if (begin(app))
		return EXIT_FAILURE;
	io_loop_run(app->loop);
	log_info(&app->log, EVENT("node.stop"));
	return EXIT_SUCCESS;
}

void app_destroy(struct app **app)
{
	struct app *a = *app;

	if (!a)
		return;
	app_signals_stop(a);
	io_timer_destroy(&a->deadline);
	http_server_destroy(&a->public);
	http_server_destroy(&a->internal);
	/* A password being checked, a catalogue being read: what they are for is still here. */
	matcher_give_up();
	if (a->loop)
		io_loop_finish(a->loop);
	http_client_destroy(&a->http_client);
	lessons_destroy(&a->lessons);
	knowledge_destroy(&a->knowledge);
	if (a->router)
		router_set_redis(a->router, NULL);
	redis_destroy(&a->redis);
	webhooks_destroy(&a->webhooks);
	console_destroy(&a->console);
	dead_watch_destroy(&a->dead_watch);
	sendsms_destroy(&a->sendsms);
	api_destroy(&a->api);
	login_destroy(&a->login);
	router_destroy(&a->router);
	catalogue_unref(&a->catalogue);
	io_tls_free(&a->tls);
	io_loop_destroy(&a->loop);
	free(a);
	*app = NULL;
}
