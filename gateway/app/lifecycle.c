/* How a node stops, and how it gets a new catalogue: what signals do. */
#include "app_private.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

enum { LAST_MS = 2000 }; /* what a drain may take over its time before the node stops anyway */

void app_deadline(void *arg)
{
	struct app *app = arg;

	log_warn(&app->log, EVENT("node.drain_timeout"), NUM("parts", app->draining));
	io_loop_stop(app->loop);
}

static void on_drained(void *arg, int err)
{
	struct app *app = arg;

	(void)err;
	if (--app->draining)
		return;
	log_info(&app->log, EVENT("node.drained"));
	io_loop_stop(app->loop);
}

void app_drain(struct app *app)
{
	if (app->phase == APP_DRAINING) {
		io_loop_stop(app->loop);
		return;
	}
	app->phase = APP_DRAINING;
	log_info(&app->log, EVENT("node.drain"), NUM("at_most_ms", app->config->node.drain_ms));
	app->draining = 2;
	io_timer_start(app->deadline, (uint64_t)app->config->node.drain_ms + LAST_MS, 0);
	webhooks_stop(app->webhooks);
	console_drain(app->console);
	router_drain(app->router, on_drained, app);
	http_server_drain(app->public, on_drained, app);
}

void app_tell_cache(const struct app *app, const struct catalogue *c)
{
	struct catalogue_cache cache = catalogue_cache(c);

	if (cache.use == CACHE_REPLACED || cache.use == CACHE_FAILED)
		log_warn(&app->log, EVENT("templates.cache"),
		         STR("directory", app->config->templates.cache),
		         STR("matcher", catalogue_cache_name(cache.use)), ERR(cache.err));
	else
		log_info(&app->log, EVENT("templates.cache"),
		         STR("matcher", catalogue_cache_name(cache.use)));
}

/* A catalogue that nobody uses any more, and what its successor's training left: a millisecond or
 * two. */
static int forget_work(void *arg)
{
	struct catalogue *old = arg;

	catalogue_unref(&old);
	malloc_trim(0); /* training leaves more free memory than the node needs at rest */
	return 0;
}

static void forgotten(void *arg, int err)
{
	(void)arg;
	(void)err;
}

void app_catalogue_changed(void *arg, struct catalogue *catalogue)
{
	struct app *app = arg;
	struct catalogue *old = app->catalogue;

	app->catalogue = catalogue;
	app_tell_cache(app, catalogue);
	router_set_catalogue(app->router, catalogue_ref(catalogue));
	if (!catalogue_is_last(old) ||
	    io_work(app->loop, "templates.forget", forget_work, forgotten, old))
		catalogue_unref(&old);
	if (app->phase != APP_STARTING)
		lessons_refit(app->lessons);
	app_refine(app);
}

/* --- what a quick start left out ---------------------------------------------------------------
 */

struct refining {
	struct app *app;
	struct catalogue *catalogue;
	struct matcher *matcher;
	struct catalogue_cache use;
};

static int refine_work(void *arg)
{
	struct refining *r = arg;
	int err = catalogue_refine(r->catalogue, r->app->config->templates.cache, &r->use,
	                           &r->matcher);

	malloc_trim(0);
	return err;
}

/* The former matcher stays with its catalogue: another thread may be fitting it to corrections. */
static void refined(void *arg, int err)
{
	struct refining *r = arg;
	struct app *app = r->app;

	app->refining = false;
	if (app->phase != APP_RUNNING) {
		; /* nobody will ask it any more */
	} else if (err) {
		log_error(&app->log, EVENT("templates.refine_failed"), ERR(err));
	} else if (r->catalogue == app->catalogue) {
		catalogue_adopt(app->catalogue, r->use, &r->matcher);
		app_tell_cache(app, app->catalogue);
		app_catalogue_refitted(app);
		lessons_refit(app->lessons);
	} else {
		app_refine(app);
	}
	matcher_destroy(&r->matcher);
	catalogue_unref(&r->catalogue);
	free(r);
}

void app_refine(struct app *app)
{
	struct refining *r;

	if (app->phase != APP_RUNNING || app->refining || !catalogue_is_quick(app->catalogue))
		return;
	r = calloc(1, sizeof(*r));
	if (!r)
		return; /* the quick one goes on answering */
	*r = (struct refining){.app = app, .catalogue = catalogue_ref(app->catalogue)};
	app->refining = true;
	if (io_work_background(app->loop, "templates.refine", refine_work, refined, r) == 0)
		return;
	app->refining = false;
	catalogue_unref(&r->catalogue);
	free(r);
}

void app_catalogue_refitted(void *arg)
{
	struct app *app = arg;

	router_set_catalogue(app->router, catalogue_ref(app->catalogue));
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;

	log_info(&app->log, EVENT("node.signal"), STR("signal", sigabbrev_np(number)));
	if (number == SIGHUP) {
		knowledge_import_files(app->knowledge);
		router_load_numbers(app->router);
	} else {
		app_drain(app);
	}
}

int app_signals_start(struct app *app)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (; app->signal_count < ARRAY_LEN(numbers); app->signal_count++) {
		uv_signal_t *handle = &app->signals[app->signal_count];

		if (uv_signal_init(io_loop_uv(app->loop), handle))
			return -ENOMEM;
		handle->data = app;
		if (uv_signal_start(handle, on_signal, numbers[app->signal_count]))
			return -EINVAL;
	}
	return 0;
}

void app_signals_stop(struct app *app)
{
	for (size_t i = 0; i < app->signal_count; i++)
		uv_close((uv_handle_t *)&app->signals[i], NULL);
	app->signal_count = 0;
	/* A second one while the node tidies up would look like a crash. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
}
