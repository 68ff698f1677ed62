/*
 * The internal listener: is it alive, may it get traffic and why not, what has it counted. Never
 * on the public listener, and without secrets all the same.
 */
#include "app_private.h"
#include "metrics.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { METRICS_MAX = 4 << 20 };

static const char *const state_names[] = {
	[CHANNEL_STOPPED] = "stopped",
	[CHANNEL_CONNECTING] = "connecting",
	[CHANNEL_UP] = "up",
	[CHANNEL_SEND_ONLY] = "send_only",
	[CHANNEL_RECEIVE_ONLY] = "receive_only",
	[CHANNEL_DOWN] = "down",
	[CHANNEL_MISCONFIGURED] = "misconfigured",
};

static void get_health(void *arg, struct http_request *r)
{
	(void)arg;
	http_respond(r, 200, "text/plain", SPAN_LIT("ok\n"));
}

static void add_channel(void *arg, const char *name, const struct connector_ops *ops,
                        enum channel_state state, const char *why)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "name", name, "connector", ops->name, "state",
	                           state_names[state]);

	strict_json_set(object, "why", span_of(why));
	json_array_append_new(arg, object);
}

/* A channel that is down takes no node out of service: the others still work through it. */
static json_t *reasons_of(const struct app *app)
{
	json_t *reasons = json_array();
	char text[200];

	if (app->phase == APP_STARTING)
		json_array_append_new(reasons, json_string("starting"));
	if (app->phase == APP_DRAINING)
		json_array_append_new(reasons, json_string("draining"));
	if (!app->redis_up) {
		snprintf(text, sizeof(text), "redis: %s",
		         app->redis_why[0] ? app->redis_why : "not connected yet");
		json_array_append_new(reasons, strict_json_text(span_of(text)));
	} else if (!router_durable(app->router)) {
		json_array_append_new(reasons, json_string("the router is not ready"));
	}
	return reasons;
}

static void get_ready(void *arg, struct http_request *r)
{
	struct app *app = arg;
	json_t *channels = json_array(), *reasons = reasons_of(app);
	bool ready = json_array_size(reasons) == 0;

	router_channels(app->router, add_channel, channels);
	reply_json(r, ready ? 200 : 503,
	           json_pack("{s:b, s:o, s:s, s:s, s:o}", "ready", ready, "reasons", reasons,
	                     "node", app->config->node.name, "catalogue",
	                     catalogue_version(app->catalogue), "channels", channels));
}

static uint64_t resident_octets(void)
{
	char line[200] = "", *rest;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (!statm)
		return 0;
	if (!fgets(line, sizeof(line), statm))
		line[0] = '\0';
	fclose(statm);
	strtoull(line, &rest, 10); /* the whole; then what is resident */
	return strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void get_metrics(void *arg, struct http_request *r)
{
	struct app *app = arg;
	struct buf text;

	*metric_get(METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory", NULL, NULL) =
		resident_octets();
	*metric_get(METRIC_COUNTER, "posthouse_redis_fcalls_total", "Redis functions called", NULL,
	            NULL) = redis_fcalls(app->redis);
	buf_init(&text, METRICS_MAX);
	metrics_write(&text);
	http_respond(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&text));
	buf_fini(&text);
}

int app_health_create(struct app *app)
{
	int err = http_route(app->internal, HTTP_M_GET, "/healthz", get_health, app);

	if (!err)
		err = http_route(app->internal, HTTP_M_GET, "/readyz", get_ready, app);
	if (!err)
		err = http_route(app->internal, HTTP_M_GET, "/metrics", get_metrics, app);
	return err;
}
