/* The rest of the host's calls of connector.h: states, small shared values, readers, and what a
 * connector works with. */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

/* --- What a connector works with -----------------------------------------------------------------
 */

const char *connector_channel(const struct connector_host *host)
{
	return host->name;
}

const struct logger *connector_log(const struct connector_host *host)
{
	return &host->log;
}

struct io_loop *connector_loop(const struct connector_host *host)
{
	return host->router->loop;
}

struct http_server *connector_http(const struct connector_host *host)
{
	return host->router->options.http;
}

struct http_client *connector_http_client(const struct connector_host *host)
{
	return host->router->options.http_client;
}

uint64_t connector_drain_ms(const struct connector_host *host)
{
	return host->router->options.drain_ms;
}

int router_measure(struct router *r, struct span channel, const struct message *m,
                   struct connector_measure *out)
{
	struct connector_host *host = router_host(r, channel);

	if (!host)
		return -ENOENT;
	return host->ops->caps.measure ? host->ops->caps.measure(host->self, m, out) : -ENOTSUP;
}

struct span connector_signature(const struct connector_host *host, struct span lang)
{
	const struct catalogue *catalogue = host->router->catalogue;
	enum language language;

	if (!catalogue || language_parse(lang, &language))
		return SPAN_NONE;
	return catalogue_sms_signature(catalogue, language);
}

const char *connector_assets(const struct connector_host *host)
{
	return host->router->options.widget_assets;
}

bool connector_durable(const struct connector_host *host)
{
	return host->router->up;
}

void connector_on_durable(struct connector_host *host, void (*fn)(void *self, bool durable))
{
	host->on_durable = fn;
}

/* --- States
 * ---------------------------------------------------------------------------------------- */

static const char *const state_names[] = {"stopped",      "connecting", "up",           "send_only",
                                          "receive_only", "down",       "misconfigured"};

void connector_state(struct connector_host *host, enum channel_state state, const char *why)
{
	if (state == host->state && strcmp(host->why, why ? why : "") == 0)
		return;
	host->state = state;
	snprintf(host->why, sizeof(host->why), "%s", why ? why : "");
	health_on_state(host);
	*host->route.up = router_host_sends(host);
	if (state == CHANNEL_MISCONFIGURED)
		log_error(&host->log, EVENT("channel.state"), STR("state", state_names[state]),
		          STR("why", host->why));
	else
		log_info(&host->log, EVENT("channel.state"), STR("state", state_names[state]),
		         STR("why", host->why));
	if (router_host_sends(host))
		connector_ready(host);
	else
		outbound_give_back(host);
	route_on_state(host);
}

/* --- Small values that all nodes share
 * ---------------------------------------------------------------- */

struct value_call {
	struct connector_host *host;
	done_fn *done;
	load_fn *load;
	void *arg;
};

static struct value_call *value_call_create(struct connector_host *host, done_fn *done,
                                            load_fn *load, void *arg)
{
	struct value_call *call = host->router->up ? malloc(sizeof(*call)) : NULL;

	if (call)
		*call = (struct value_call){host, done, load, arg};
	return call;
}

static void value_end(struct value_call *call, int err, struct span value)
{
	if (call->done)
		call->done(call->arg, err);
	else
		call->load(call->arg, err, value);
	free(call);
}

static struct span value_key(const struct connector_host *host, struct span key, char *out,
                             size_t size)
{
	int len = snprintf(out, size, "ph:v:%s:%s:%.*s",
	                   router_partition(router_partition_hash(key)).ptr, host->name,
	                   SPAN_FMT(key));

	return (struct span){out, len > 0 && (size_t)len < size ? (size_t)len : size - 1};
}

static void on_value(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	value_end(arg, err ? -EAGAIN : 0, redis_text(reply));
}

/* SET ... NX answers OK to exactly one. */
static void on_locked(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	value_end(arg, err ? -EAGAIN : 0, redis_text(reply).len ? SPAN_LIT("1") : SPAN_NONE);
}

static void value_command(struct value_call *call, int argc, const struct span *argv, redis_fn *fn)
{
	if (router_command(call->host->router, argc, argv, fn, call))
		value_end(call, -EAGAIN, SPAN_NONE);
}

void connector_store(struct connector_host *host, struct span key, struct span value,
                     uint64_t ttl_ms, done_fn *done, void *arg)
{
	struct value_call *call = value_call_create(host, done, NULL, arg);
	char name[256], ttl[24];
	const struct span argv[] = {
		SPAN_LIT("SET"),
		value_key(host, key, name, sizeof(name)),
		value,
		SPAN_LIT("PX"),
		{ttl, (size_t)snprintf(ttl, sizeof(ttl), "%llu", (unsigned long long)ttl_ms)}
        };

	if (call)
		value_command(call, ARRAY_LEN(argv), argv, on_value);
	else
		done(arg, -EAGAIN);
}

void connector_load(struct connector_host *host, struct span key, load_fn *fn, void *arg)
{
	struct value_call *call = value_call_create(host, NULL, fn, arg);
	char name[256];
	const struct span argv[] = {SPAN_LIT("GET"), value_key(host, key, name, sizeof(name))};

	if (call)
		value_command(call, ARRAY_LEN(argv), argv, on_value);
	else
		fn(arg, -EAGAIN, SPAN_NONE);
}

void connector_lock(struct connector_host *host, struct span key, uint64_t ttl_ms, load_fn *fn,
                    void *arg)
{
	struct value_call *call = value_call_create(host, NULL, fn, arg);
	char name[256], ttl[24];
	const struct span argv[] = {
		SPAN_LIT("SET"),
		value_key(host, key, name, sizeof(name)),
		span_of(host->router->instance),
		SPAN_LIT("NX"),
		SPAN_LIT("PX"),
		{ttl, (size_t)snprintf(ttl, sizeof(ttl), "%llu", (unsigned long long)ttl_ms)}
        };

	if (call)
		value_command(call, ARRAY_LEN(argv), argv, on_locked);
	else
		fn(arg, -EAGAIN, SPAN_NONE);
}

/* --- Readers
 * -------------------------------------------------------------------------------------------- */

struct reader_call {
	log_fn *fn;
	void *arg;
};

static void on_reader_read(void *arg, const struct router_error *error,
                           const struct log_event *events, size_t count, bool more)
{
	struct reader_call *call = arg;

	call->fn(call->arg, error->err, events, count, more);
	free(call);
}

void connector_read(struct connector_host *host, struct span address, uint64_t since,
                    uint64_t before, unsigned limit, log_fn *fn, void *arg)
{
	struct reader_call *call = host->router->up ? malloc(sizeof(*call)) : NULL;
	char conversation[CONVERSATION_ID_LEN + 1];

	if (!call) {
		fn(arg, -EAGAIN, NULL, 0, false);
		return;
	}
	*call = (struct reader_call){fn, arg};
	router_conversation_id(address, conversation);
	if (router_read(host->router, span_of(conversation), since, before, limit, on_reader_read,
	                call)) {
		free(call);
		fn(arg, -EAGAIN, NULL, 0, false);
	}
}

static void on_here_hint(void *arg, struct span conversation, uint64_t seq)
{
	struct here *here = arg;

	(void)conversation;
	here->host->ops->caps.reader->reached(here->host->self, span_of(here->address), seq);
}

static void here_free(struct router *r, struct here *here)
{
	HASH_DEL(r->here, here);
	router_unwatch(r, &here->watch);
	free(here->address);
	free(here);
}

static void here_add(struct connector_host *host, const char *conversation, struct span address)
{
	struct router *r = host->router;
	struct here *here = calloc(1, sizeof(*here));

	if (!here)
		return;
	memcpy(here->conversation, conversation, sizeof(here->conversation));
	here->host = host;
	here->address = span_dup(address);
	if (!here->address ||
	    router_watch(r, span_of(here->conversation), on_here_hint, here, &here->watch)) {
		free(here->address);
		free(here);
		return;
	}
	HASH_ADD(hh, r->here, conversation, CONVERSATION_ID_LEN, here);
}

void connector_watch(struct connector_host *host, struct span address, bool is_here)
{
	char conversation[CONVERSATION_ID_LEN + 1];
	struct here *here = NULL;

	router_conversation_id(address, conversation);
	HASH_FIND(hh, host->router->here, conversation, CONVERSATION_ID_LEN, here);
	if (is_here && !here)
		here_add(host, conversation, address);
	else if (!is_here && here)
		here_free(host->router, here);
}

void connector_reached(struct connector_host *host, struct span address, uint64_t seq, bool seen)
{
	struct router *r = host->router;
	struct fcall_args *a = router_args(r);
	char conversation[CONVERSATION_ID_LEN + 1];

	router_conversation_id(address, conversation);
	args_add(a, span_of(conversation));
	args_num(a, router_now(r));
	args_num(a, seq);
	args_add(a, seen ? SPAN_LIT("r") : SPAN_LIT("d"));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	/* Lost: the next one says the same and more. */
	if (router_fcall(r, "ph2_reached", router_part(span_of(conversation)), NULL, NULL))
		return;
}

/* --- Typing and reading: hints, told to all nodes
 * ------------------------------------------------------------- */

void router_publish(struct router *r, struct span text)
{
	const struct span argv[] = {SPAN_LIT("PUBLISH"), SPAN_LIT(ROUTER_HINTS), text};

	/* A hint may be lost. */
	if (router_command(r, ARRAY_LEN(argv), argv, NULL, NULL))
		return;
}

static void publish_typing(struct router *r, char from, struct span conversation, bool on,
                           struct span name)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "T %.*s %c%d %.*s", SPAN_FMT(conversation), from, on,
	                   name.len > 100 ? 100 : (int)name.len, name.ptr ? name.ptr : "");

	router_publish(r, (struct span){text, (size_t)len});
}

void connector_typing(struct connector_host *host, struct span address, bool on)
{
	char conversation[CONVERSATION_ID_LEN + 1];

	router_conversation_id(address, conversation);
	publish_typing(host->router, 'c', span_of(conversation), on, SPAN_NONE);
}

void router_tell_read(struct router *r, struct span conversation, uint64_t seq)
{
	char text[96];
	int len = snprintf(text, sizeof(text), "R %.*s %llu", SPAN_FMT(conversation),
	                   (unsigned long long)seq);

	router_publish(r, (struct span){text, (size_t)len});
}

/* Channels that show it themselves are told by the node whose agent types. */
struct typing_call {
	struct router *router;
	bool on;
};

static void on_typing_summary(void *arg, const struct router_error *error,
                              const struct conversation_summary *s)
{
	struct typing_call *call = arg;
	struct connector_host *host = error->err ? NULL : router_host(call->router, s->channel);

	if (host && host->ops->caps.typing)
		host->ops->caps.typing(host->self, s->address, call->on);
	free(call);
}

static bool any_shows_typing(const struct router *r)
{
	const struct connector_host *h = r->hosts;

	while (h && !h->ops->caps.typing)
		h = h->next;
	return h != NULL;
}

void router_typing(struct router *r, struct span conversation, bool on, struct span name)
{
	struct typing_call *call = any_shows_typing(r) && r->up ? malloc(sizeof(*call)) : NULL;

	publish_typing(r, 'a', conversation, on, name);
	if (!call)
		return;
	*call = (struct typing_call){r, on};
	if (router_summary(r, conversation, on_typing_summary, call))
		free(call);
}
