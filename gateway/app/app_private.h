/* What the files that make up a node share. */
#ifndef PH_APP_PRIVATE_H
#define PH_APP_PRIVATE_H

#include "api.h"
#include "app.h"
#include "catalogue.h"
#include "console.h"
#include "dead_watch.h"
#include "http_client.h"
#include "knowledge.h"
#include "lessons.h"
#include "login.h"
#include "redis.h"
#include "router.h"
#include "sendsms.h"
#include "tls.h"
#include "webhook.h"

enum app_phase { APP_STARTING, APP_RUNNING, APP_DRAINING };

struct app {
	const struct config *config;
	struct logger log;
	struct io_loop *loop;
	struct redis *redis;
	struct io_tls *tls;
	struct http_server *public, *internal;
	struct http_client *http_client;
	struct router *router;
	struct catalogue *catalogue;
	struct knowledge *knowledge;
	struct lessons *lessons;
	struct login *login;
	struct api *api;
	struct console *console;
	struct sendsms *sendsms;
	struct dead_watch *dead_watch;
	struct webhooks *webhooks;
	struct io_timer *deadline;
	uv_signal_t signals[3];
	size_t signal_count;
	enum app_phase phase;
	unsigned draining; /* parts that have not said that they are done */
	uint16_t public_port, internal_port;
	bool redis_up, learning, refining;
	char redis_why[160];
	uint64_t started_us;
	int status; /* for exit() */
};

/** /healthz, /readyz and /metrics on the internal listener. */
int app_health_create(struct app *app) MUST_CHECK;
/** SIGTERM and SIGINT drain (twice: stop at once), SIGHUP imports the catalogue's files and reads
 * the routes' numbers again. */
int app_signals_start(struct app *app) MUST_CHECK;
void app_signals_stop(struct app *app);
/** The catalogue is in use from now on; takes the reference. arg is the app. */
void app_catalogue_changed(void *arg, struct catalogue *catalogue);
/** It judges otherwise now: what was matched before is forgotten. arg is the app. */
void app_catalogue_refitted(void *arg);
/** Where the catalogue in use was trained quickly: does the rest beside the loop, once in service.
 */
void app_refine(struct app *app);
/** Logs how the cache served the load of c; a warning when it did not. */
void app_tell_cache(const struct app *app, const struct catalogue *c);
/** Stops taking work, finishes what is under way within the drain time, then ends the loop. */
void app_drain(struct app *app);
/** The drain took too long: ends the loop. arg is the app. */
void app_deadline(void *arg);

#endif
