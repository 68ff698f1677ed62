/*
 * The router's life: channels, the heartbeat that says this node lives, hints from other nodes,
 * start and drain. What time starts is asked for on the heartbeat: dead nodes' messages, parts
 * whose time is over, agents whose consoles are gone.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BOT_IDLE_MS = 1800000,
	AGENT_GRACE_MS = 60000,
	LOG_MAX = 10000,
	DRAIN_MS = 10000,
	ENTRY_MAX = 1 << 20
};
#define RETENTION_MS (UINT64_C(400) * 86400000)

extern const char router_conversation_lua[], router_parts_lua[], router_desk_lua[],
	router_channel_lua[];

const struct redis_library router_libraries[] = {
	{"posthouse_conversation_2", router_conversation_lua},
	{"posthouse_parts",          router_parts_lua       },
	{"posthouse_desk",           router_desk_lua        },
	{"posthouse_channel",        router_channel_lua     },
};
const size_t router_library_count = ARRAY_LEN(router_libraries);

/* --- What the other files use
 * --------------------------------------------------------------------- */

struct fcall_args *router_args(struct router *r)
{
	args_clear(&r->args);
	return &r->args;
}

int router_fcall(struct router *r, const char *function, struct span key, redis_fn *fn, void *arg)
{
	int err = -ENOTCONN;

	if (r->up)
		err = redis_fcall(r->redis, function, key, r->args.arg, r->args.count, fn, arg);
	args_clear(&r->args); /* also for who took it before somebody else called */
	return err;
}

int router_command(struct router *r, int argc, const struct span *argv, redis_fn *fn, void *arg)
{
	return r->up ? redis_command(r->redis, argc, argv, fn, arg) : -ENOTCONN;
}

struct router_error router_redis_error(int err)
{
	return (struct router_error){err, "unavailable",
	                             "the store cannot be reached now; try again"};
}

/* Refusals of the functions, with their words for a human. */
static const struct {
	const char *code, *detail;
	int err;
} refusals[] = {
	{"not_yours",            "the session is not assigned to you",           -EPERM   },
	{"session_taken",        "somebody else has the session",                -EBUSY   },
	{"session_closed",       "the session is over",                          -ENOENT  },
	{"conversation_unknown", "there is no such conversation",                -ENOENT  },
	{"message_unknown",      "there is no such message",                     -ENOENT  },
	{"channel_unknown",      "the conversation's channel is not configured", -ENOENT  },
	{"too_late",             "it is being sent, or was sent",                -EBUSY   },
	{"too_long",             "longer than the channel takes",                -EMSGSIZE},
	{"sender_unknown",       "this is none of the channel's own senders",    -EACCES  },
	{"recipient_blocked",    "the recipient is on the block list",           -EPERM   },
	{"list_full",            "the list has as many entries as it may",       -ENOSPC  },
	{"entry_unknown",        "there is no such entry",                       -ENOENT  },
	{"refused",              "refused",				      -EINVAL  },
};

struct router_error router_refused(struct span code)
{
	size_t last = ARRAY_LEN(refusals) - 1;

	for (size_t i = 0; i < last; i++)
		if (span_is(code, refusals[i].code))
			return (struct router_error){refusals[i].err, refusals[i].code,
			                             refusals[i].detail};
	return (struct router_error){refusals[last].err, refusals[last].code,
	                             refusals[last].detail};
}

struct connector_host *router_host(struct router *r, struct span channel)
{
	for (struct connector_host *h = r->hosts; h; h = h->next)
		if (span_is(channel, h->name))
			return h;
	return NULL;
}

struct connector_host *router_host_of_scheme(struct router *r, struct span scheme)
{
	for (struct connector_host *h = r->hosts; h; h = h->next)
		if (span_is(scheme, h->ops->caps.scheme))
			return h;
	return NULL;
}

bool router_host_sends(const struct connector_host *host)
{
	return host->state == CHANNEL_UP || host->state == CHANNEL_SEND_ONLY;
}

const char *router_how(const struct connector_host *host, bool at_once)
{
	if (host->ops->caps.reader)
		return "r";
	return at_once && router_host_is_free(host, LANE_REPLY) ? "c" : "l";
}

void router_pack_entry(struct router *r, struct buf *b, const struct message *m,
                       struct span author_name)
{
	buf_clear(&r->entry);
	log_encode_message(&r->entry, m, author_name);
	pack_text(b, buf_span(&r->entry));
}

void router_pack_who(struct buf *b, const struct message *m, struct span lang)
{
	const struct span parts[] = {m->address, m->channel, m->local, lang};
	size_t len = ARRAY_LEN(parts) - 1;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		len += parts[i].len;
	pack_text_of(b, len);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (i)
			buf_u8(b, '\n');
		for (size_t j = 0; j < parts[i].len; j++) /* no line feed of a peer's */
			buf_u8(b, parts[i].ptr[j] == '\n' ? ' ' : (uint8_t)parts[i].ptr[j]);
	}
}

void router_conversation_of(const struct message *m, char out[CONVERSATION_ID_LEN + 1])
{
	if (m->conversation.len != CONVERSATION_ID_LEN) {
		router_conversation_id(m->address, out);
		return;
	}
	memcpy(out, m->conversation.ptr, CONVERSATION_ID_LEN);
	out[CONVERSATION_ID_LEN] = '\0';
}

/* --- Hints
 * ------------------------------------------------------------------------------------------- */

/* "T C c1 name": the customer (c) or an agent (a) types (1) or stopped (0). */
static void on_typing_hint(struct router *r, struct span rest)
{
	struct span conversation = span_split(rest, ' ', &rest);
	struct span what = span_split(rest, ' ', &rest);
	struct here *here = NULL;
	bool on = what.len == 2 && what.ptr[1] == '1';

	if (what.len == 2 && what.ptr[0] == 'c') {
		if (r->listener.typing)
			r->listener.typing(r->listener.arg, conversation, on);
		return;
	}
	HASH_FIND(hh, r->here, conversation.ptr, conversation.len, here);
	if (here && here->host->ops->caps.reader->typing)
		here->host->ops->caps.reader->typing(here->host->self, span_of(here->address), on,
		                                     rest);
}

/* "R C seq": an agent has read what the customer said. */
static void on_read_hint(struct router *r, struct span conversation, struct span seq)
{
	struct here *here = NULL;
	uint64_t up_to;

	HASH_FIND(hh, r->here, conversation.ptr, conversation.len, here);
	if (here && here->host->ops->caps.reader->read && span_u64(seq, &up_to) == 0)
		here->host->ops->caps.reader->read(here->host->self, span_of(here->address), up_to);
}

static void on_hint(void *arg, struct span text)
{
	struct router *r = arg;
	struct span rest;
	struct span kind = span_split(text, ' ', &rest);
	struct span first = span_split(rest, ' ', &rest);
	uint64_t seq = 0;

	if (span_is(kind, "L")) {
		router_hint(r, first, span_u64(rest, &seq) ? 0 : seq);
	} else if (span_is(kind, "R")) {
		on_read_hint(r, first, rest);
	} else if (span_is(kind, "A")) {
		if (r->listener.assigned)
			r->listener.assigned(r->listener.arg, first, rest);
	} else if (span_is(kind, "Q")) {
		desk_changed(r);
		if (r->listener.queues)
			r->listener.queues(r->listener.arg);
	} else if (span_is(kind, "C")) {
		route_sync(r);
	} else if (span_is(kind, "B")) {
		if (span_u64(first, &seq) == 0)
			list_on_version(r, seq);
	} else if (span_is(kind, "S")) {
		status_on_ask(r, first);
	} else if (span_is(kind, "W")) {
		route_on_work(r, first, rest);
	} else if (span_is(kind, "O")) {
		near_on_hint(r, first, rest);
	} else if (span_is(kind, "T")) {
		on_typing_hint(r,
		               (struct span){first.ptr, (size_t)(text.ptr + text.len - first.ptr)});
	}
}

/* Hints may have been lost: everybody who watches looks again. */
static void on_hints_lost(void *arg)
{
	struct router *r = arg;
	struct watched *watched, *next;

	HASH_ITER(hh, r->watched, watched, next)
	router_hint(r, span_of(watched->conversation), 0);
	route_sync(r);
	if (r->listener.queues)
		r->listener.queues(r->listener.arg);
}

/* --- Heartbeat
 * ----------------------------------------------------------------------------------------- */

static void say_alive(struct router *r)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		struct fcall_args *a = router_args(r);

		args_add(a, span_of(r->node));
		args_add(a, span_of(r->instance));
		args_num(a, NODE_ALIVE_MS);
		if (router_fcall(r, "ph2_alive", router_partition(p), NULL, NULL))
			return;
	}
}

static bool is_drained(struct router *r)
{
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		if (h->state != CHANNEL_STOPPED || !outbound_idle(h))
			return false;
	return route_idle(r);
}

static void drained(struct router *r, int err)
{
	done_fn *done = r->drained;

	r->drained = NULL;
	if (done)
		done(r->drained_arg, err);
}

static void on_heartbeat(void *arg)
{
	struct router *r = arg;

	if (r->waited_for)
		r->waited_for--;
	if (!r->up)
		return;
	say_alive(r);
	for (struct connector_host *h = r->hosts; h; h = h->next)
		outcomes_retry(h);
	replaced_retry(r);
	route_tick(r);
	if (r->draining)
		return;
	in_hand_count(r);
	if (r->beats++ % 2 == 0 && clock_mono_ms(io_loop_clock(r->loop)) >= r->reap_after_ms)
		lanes_reap(r);
	lanes_due(r);
	parts_due(r);
	desk_sweep(r);
	desk_look(r);
}

void router_redis_state(struct router *r, bool up)
{
	if (r->up == up)
		return;
	r->up = up;
	/* While Redis was away no node could say that it lives: they get their time to. */
	if (up && r->was_up)
		r->reap_after_ms = clock_mono_ms(io_loop_clock(r->loop)) + NODE_ALIVE_MS;
	if (up)
		on_heartbeat(r);
	if (up && r->was_up)
		in_hand_compare(r);
	r->was_up = r->was_up || up;
	for (struct connector_host *h = r->hosts; h; h = h->next) {
		if (h->on_durable)
			h->on_durable(h->self, up);
		if (up)
			outbound_pump(h);
	}
	if (up)
		on_hints_lost(r);
	if (r->listener.durable)
		r->listener.durable(r->listener.arg, up);
}

/* --- Life
 * ------------------------------------------------------------------------------------------------
 */

static void defaults(struct router_options *o)
{
	o->bot_idle_ms = o->bot_idle_ms ? o->bot_idle_ms : BOT_IDLE_MS;
	o->agent_grace_ms = o->agent_grace_ms ? o->agent_grace_ms : AGENT_GRACE_MS;
	o->retention_ms = o->retention_ms ? o->retention_ms : RETENTION_MS;
	o->log_max = o->log_max ? o->log_max : LOG_MAX;
	o->drain_ms = o->drain_ms ? o->drain_ms : DRAIN_MS;
}

/* "node#time": this process, so that a node that starts again knows that its former self is dead.
 */
static int name_instance(struct router *r)
{
	char text[256];

	r->node = strdup(r->options.node);
	r->default_queue = strdup(r->options.default_queue ? r->options.default_queue : "general");
	snprintf(text, sizeof(text), "%s#%llu", r->options.node, (unsigned long long)router_now(r));
	r->instance = strdup(text);
	return r->node && r->default_queue && r->instance ? 0 : -ENOMEM;
}

int router_create(struct io_loop *loop, const struct logger *log,
                  const struct router_options *options, struct router **out)
{
	struct router *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->loop = loop;
	r->log = (struct logger){.parent = log};
	r->options = *options;
	defaults(&r->options);
	buf_init(&r->entry, ENTRY_MAX);
	r->scratch = match_scratch_create();
	r->memo = match_memo_create();
	err = r->scratch && r->memo ? name_instance(r) : -ENOMEM;
	if (!err)
		err = io_timer_create(loop, "router.heartbeat", on_heartbeat, r, &r->heartbeat);
	if (!err)
		err = batch_create(r, "ph2_receive", 0, inbound_common, r, &r->receives);
	if (!err)
		err = batch_create(r, "ph2_send", 0, send_common, r, &r->sends);
	if (!err)
		err = desk_outlook_init(r);
	if (!err)
		err = route_init(r);
	if (err) {
		router_destroy(&r);
		return err;
	}
	*out = r;
	return 0;
}

static void host_free(struct connector_host *host)
{
	if (host->self)
		host->ops->fini(host->self);
	route_channel_fini(host);
	outbound_fini(host);
	free(host->self);
	free(host->name);
	free(host);
}

void router_destroy(struct router **router)
{
	struct router *r = *router;

	if (!r)
		return;
	r->up = false; /* Redis may be gone, and connectors tell what they still have */
	batch_destroy(&r->receives);
	batch_destroy(&r->sends);
	far_fini(r);
	near_fini(r);
	replaced_fini(r);
	while (r->hosts) {
		struct connector_host *host = r->hosts;

		r->hosts = host->next;
		host_free(host);
	}
	io_timer_destroy(&r->heartbeat);
	desk_outlook_fini(r);
	route_fini(r);
	io_timer_destroy(&r->drain_timer);
	catalogue_unref(&r->catalogue);
	match_scratch_destroy(&r->scratch);
	match_memo_destroy(&r->memo);
	free(r->node);
	free(r->default_queue);
	free(r->instance);
	buf_fini(&r->entry);
	free(r);
	*router = NULL;
}

void router_set_redis(struct router *r, struct redis *redis)
{
	r->redis = redis;
	r->up = r->up && redis;
	if (redis && redis_subscribe(redis, ROUTER_HINTS, on_hint, on_hints_lost, r))
		log_error(&r->log, EVENT("router.no_hints"));
}

void router_set_catalogue(struct router *r, struct catalogue *catalogue)
{
	catalogue_unref(&r->catalogue);
	r->catalogue = catalogue;
	match_memo_clear(r->memo);
}

void router_on_unanswered(struct router *r, router_unanswered_fn *fn, void *arg)
{
	r->unanswered = fn;
	r->unanswered_arg = arg;
}

void router_listen(struct router *r, const struct router_listener *listener)
{
	r->listener = *listener;
}

bool router_durable(const struct router *r)
{
	return r->up;
}

/* --- Channels
 * ---------------------------------------------------------------------------------------------- */

static void count_register(struct connector_host *h)
{
	static const struct {
		size_t at;
		const char *name, *help;
	} table[] = {
		{offsetof(struct outlet_counters, received),    "posthouse_received_total",
	         "Messages received"					     },
		{offsetof(struct outlet_counters, repeated),    "posthouse_repeated_total",
	         "Second deliveries recognised"                                  },
		{offsetof(struct outlet_counters, answered),    "posthouse_answered_total",
	         "Answered from a template"                                      },
		{offsetof(struct outlet_counters, chosen),      "posthouse_chosen_total",
	         "Answered by a choice from a menu"                              },
		{offsetof(struct outlet_counters, menus),       "posthouse_menus_total",
	         "Menus of likely answers offered"                               },
		{offsetof(struct outlet_counters, asked),       "posthouse_asked_total",
	         "Asked for what an answer needs"                                },
		{offsetof(struct outlet_counters, returned),    "posthouse_returned_total",
	         "Back on the same matter within 24 hours of an automatic answer"},
		{offsetof(struct outlet_counters, handed_over), "posthouse_handed_over_total",
	         "Handed over to a person"                                       },
		{offsetof(struct outlet_counters, sent),        "posthouse_sent_total",
	         "Parts the peer took"					   },
		{offsetof(struct outlet_counters, refused),     "posthouse_refused_total",
	         "Messages the peer refused"                                     },
		{offsetof(struct outlet_counters, uncertain),   "posthouse_uncertain_total",
	         "Submits without an answer"                                     },
		{offsetof(struct outlet_counters, receipts),    "posthouse_receipts_total",
	         "Receipts matched"					      },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		*(uint64_t **)(void *)((char *)&h->count + table[i].at) = metric_get(
			METRIC_COUNTER, table[i].name, table[i].help, "channel", h->name);
	h->durable_us = metric_histogram("posthouse_receive_seconds",
	                                 "From receiving a message to acknowledging it", "channel",
	                                 h->name);
}

static void host_append(struct router *r, struct connector_host *host)
{
	struct connector_host **at = &r->hosts;

	while (*at)
		at = &(*at)->next;
	*at = host;
}

int router_channel_add(struct router *r, const struct router_channel *channel,
                       struct yaml_errors *errors)
{
	struct connector_host *h = calloc(1, sizeof(*h));
	const struct connector_ops *ops = channel->ops;
	int err;

	if (!h)
		return -ENOMEM;
	h->router = r;
	h->ops = ops;
	h->name = strdup(channel->name);
	h->log = (struct logger){.parent = &r->log, .key = "channel", .value = h->name};
	err = outbound_init(h);
	if (!err)
		h->self = calloc(1, ops->self_size ? ops->self_size : 1);
	if (!h->name || !h->self)
		err = -ENOMEM;
	if (!err) {
		count_register(h);
		route_channel_init(h, channel);
		err = ops->init(h->self, h, channel->cfg, errors, channel->line);
	}
	if (err) {
		host_free(h);
		return err;
	}
	host_append(r, h);
	return 0;
}

void router_start(struct router *r)
{
	r->started = true;
	io_timer_start(r->heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
	route_sync(r);
}

void router_channels(struct router *r,
                     void (*fn)(void *arg, const char *name, const struct connector_ops *ops,
                                enum channel_state state, const char *why),
                     void *arg)
{
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		fn(arg, h->name, h->ops, h->state, h->why);
}

/* --- Drain
 * ---------------------------------------------------------------------------------------------------
 */

enum {
	DRAIN_TICK_MS = 20,
	DRAIN_SPARE_MS = 1000 /* after the connectors' own drain time */
};

static void on_drain_tick(void *arg)
{
	struct router *r = arg;
	r->drained_ms += DRAIN_TICK_MS;
	if (!is_drained(r) && r->drained_ms < r->options.drain_ms + DRAIN_SPARE_MS)
		return;
	io_timer_stop(r->drain_timer);
	drained(r, is_drained(r) ? 0 : -ETIMEDOUT);
}

void router_drain(struct router *r, done_fn *done, void *arg)
{
	r->draining = true;
	r->drained = done;
	r->drained_arg = arg;
	route_stop_all(r);
	route_sync(r);
	if (io_timer_create(r->loop, "router.drain", on_drain_tick, r, &r->drain_timer)) {
		drained(r, -ENOMEM);
		return;
	}
	io_timer_start(r->drain_timer, 0, DRAIN_TICK_MS);
}
