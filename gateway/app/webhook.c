/* Whom to tell, and who tells: the lease, the ticks, the beginning and the end. */
#include "webhook_private.h"

#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 250, LEASE_MS = 15000, LEASE_RENEW_MS = 5000, ALARM_MS = 60000 };

extern const char webhook_lua[];
const struct redis_library webhook_library = {"posthouse_webhook", webhook_lua};

static void on_tick(void *arg)
{
	struct webhooks *w = arg;

	if (!w->ours || w->stopped || !redis_up(w->options.redis))
		return;
	webhook_outbox_read(w);
	for (size_t i = 0; i < w->count; i++)
		webhook_deliver(&w->hooks[i]);
}

static void on_lease(void *arg, int err, const redisReply *reply, const char *why)
{
	struct webhooks *w = arg;
	bool ours = !err && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;

	(void)why;
	if (w->stopped || ours == w->ours)
		return;
	w->ours = ours;
	log_info(w->options.log, EVENT(ours ? "webhook.teller" : "webhook.not_teller"));
	for (size_t i = 0; i < w->count; i++) {
		if (ours)
			webhook_more(&w->hooks[i]);
		else
			webhook_forget(&w->hooks[i]);
	}
}

static int ask(struct webhooks *w, const char *function, redis_fn *fn)
{
	struct span args[] = {span_of(w->options.config->node.name), SPAN_NONE};
	char ttl[24];

	snprintf(ttl, sizeof(ttl), "%d", LEASE_MS);
	args[1] = span_of(ttl);
	return redis_fcall(w->options.redis, function, SPAN_LIT("{hooks}"), args, ARRAY_LEN(args),
	                   fn, w);
}

static void on_lease_due(void *arg)
{
	struct webhooks *w = arg;
	int err = ask(w, "ph_webhook_lease", on_lease);

	if (err)
		on_lease(w, err, NULL, NULL);
}

static struct webhook_target target_of_hook(const struct config_webhook *c)
{
	struct webhook_target t = {.url = c->url,
	                           .secret = c->secret,
	                           .events = c->events,
	                           .allow_private = c->allow_private,
	                           .timeout_ms = (uint64_t)c->timeout_ms,
	                           .give_up_ms = (uint64_t)c->give_up_ms,
	                           .keep = c->keep,
	                           .window = WEBHOOK_WINDOW,
	                           .at_once = WEBHOOK_AT_ONCE};

	snprintf(t.name, sizeof(t.name), "%s", c->name);
	return t;
}

/* A colon is in no webhook's name. */
static struct webhook_target target_of_user(const struct config *c,
                                            const struct config_sendsms_user *user)
{
	struct webhook_target t = {.user = user->name,
	                           .allow_private = c->sendsms.allow_private,
	                           .timeout_ms = (uint64_t)c->sendsms.timeout_ms,
	                           .give_up_ms = (uint64_t)c->sendsms.give_up_ms,
	                           .keep = c->sendsms.keep,
	                           .window = WEBHOOK_REPORTS_WINDOW,
	                           .at_once = WEBHOOK_REPORTS_AT_ONCE};

	snprintf(t.name, sizeof(t.name), "sendsms:%s", user->name);
	return t;
}

static void hook_add(struct webhooks *w, struct webhook_target target)
{
	struct webhook *hook = &w->hooks[w->count++];

	hook->all = w;
	hook->target = target;
	snprintf(hook->key, sizeof(hook->key), "ph:hook:%s", hook->target.name);
	hook->delivered = metric_get(METRIC_COUNTER, "posthouse_webhook_delivered_total",
	                             "Events that a webhook took", "webhook", hook->target.name);
	hook->failed =
		metric_get(METRIC_COUNTER, "posthouse_webhook_failed_total",
	                   "Tries that a webhook did not take", "webhook", hook->target.name);
	hook->dropped = metric_get(METRIC_COUNTER, "posthouse_webhook_dropped_total",
	                           "Events given up: too old, too many, or impossible to tell",
	                           "webhook", hook->target.name);
	w->reports |= target.user != NULL;
}

static int add_all(struct webhooks *w)
{
	const struct config *c = w->options.config;
	const struct config_webhook *hooks = c->webhooks.items;
	const struct config_sendsms_user *users = c->sendsms.users.items;

	w->hooks = calloc(c->webhooks.count + c->sendsms.users.count + 1, sizeof(*w->hooks));
	if (!w->hooks)
		return -ENOMEM;
	for (size_t i = 0; i < c->webhooks.count; i++)
		hook_add(w, target_of_hook(&hooks[i]));
	for (size_t i = 0; i < c->sendsms.users.count; i++)
		hook_add(w, target_of_user(c, &users[i]));
	return 0;
}

void webhook_lost(struct webhook *hook, uint64_t count)
{
	const struct webhook_options *o = &hook->all->options;
	uint64_t suppressed;

	*hook->dropped += count;
	if (log_throttle_pass(&hook->alarm, clock_mono_ms(io_loop_clock(o->loop)), ALARM_MS,
	                      &suppressed))
		log_error(o->log, EVENT("webhook.dropped"), STR("webhook", hook->target.name),
		          NUM("count", count), NUM("total", *hook->dropped),
		          NUM("suppressed", suppressed));
}

int webhooks_create(const struct webhook_options *options, struct webhooks **out)
{
	struct webhooks *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->options = *options;
	err = add_all(w);
	if (!err)
		err = io_timer_create(options->loop, "webhook.tick", on_tick, w, &w->timer);
	if (!err)
		err = io_timer_create(options->loop, "webhook.lease", on_lease_due, w, &w->lease);
	if (err)
		webhooks_destroy(&w);
	else
		*out = w;
	return err;
}

void webhooks_start(struct webhooks *w)
{
	if (!w->count)
		return;
	io_timer_start(w->lease, 0, LEASE_RENEW_MS);
	io_timer_start(w->timer, TICK_MS, TICK_MS);
}

void webhooks_stop(struct webhooks *w)
{
	int err;

	if (!w || w->stopped)
		return;
	w->stopped = true;
	io_timer_stop(w->timer);
	io_timer_stop(w->lease);
	err = w->ours ? ask(w, "ph_webhook_release", NULL) : 0;
	(void)err; /* the lease ends by itself */
}

void webhooks_destroy(struct webhooks **webhooks)
{
	struct webhooks *w = *webhooks;

	if (!w)
		return;
	io_timer_destroy(&w->timer);
	io_timer_destroy(&w->lease);
	for (size_t i = 0; i < w->count; i++)
		webhook_forget(&w->hooks[i]);
	free(w->hooks);
	free(w);
	*webhooks = NULL;
}
