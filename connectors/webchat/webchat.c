/*
 * The connector: configuration, start and stop, and the one timer on which everything hangs that
 * time brings (hello deadlines, ends of tokens, what was shown, the drain), however many sockets
 * there are. Pings are the WebSocket server's own.
 */
#include "webchat.h"

#include "webchat_private.h"

#include <stdlib.h>

enum {
	SWEEP_TICKS = 60,
	HURRY_MS = 20, /* between turns when all are to be told something */
	AT_ONCE = 200  /* sockets told in one turn */
};

/* What the host keeps for us; the chat itself lives until its last late answer. */
struct webchat_self {
	struct webchat *chat; /* first: webchat_reader relies on it */
};

#define AT(member) offsetof(struct webchat_config, member)

/* clang-format off */
static const struct config_field fields[] = {
	{"origins", CONFIG_STRINGS, AT(origins), .required = true, .least = 8, .most = 200,
	 .help = "pages that may chat, as https://bank.example, without a path"},
	{"token_secret", CONFIG_SECRET, AT(token_secret), .required = true, .least = 16, .most = 256,
	 .help = "signs the visitors' tokens; the same on all nodes"},
	{"identity_secret", CONFIG_SECRET, AT(identity_secret), .least = 16, .most = 256,
	 .help = "shared with the site, which proves by it who its visitors are"},
	{"token_ttl", CONFIG_DURATION_MS, AT(token_ttl_ms), .fallback = "1 h", .least = 2000,
	 .most = 86400000, .help = "how long a token is good"},
	{"verified_longest", CONFIG_DURATION_MS, AT(verified_longest_ms), .fallback = "1 h",
	 .least = 1000, .most = 43200000,
	 .help = "a page's word that its visitor has logged in is good for at most so long"},
	{"text_max", CONFIG_INT, AT(text_max), .fallback = "2000", .least = 1, .most = 4000,
	 .help = "characters of one message"},
	{"messages_per_10s", CONFIG_INT, AT(rate), .fallback = "20", .least = 1, .most = 10000,
	 .help = "messages of one visitor in 10 s, and at once"},
	{"connections_per_visitor", CONFIG_INT, AT(per_visitor), .fallback = "20", .most = 1000,
	 .help = "tabs of one visitor; 0: no limit"},
	{"connections_per_address", CONFIG_INT, AT(per_address), .fallback = "500", .most = 20000,
	 .help = "sockets of one address; 0, behind a proxy: no limit"},
	{"tokens_per_minute", CONFIG_INT, AT(tokens), .fallback = "600", .most = 1000000,
	 .help = "tokens for one address; 0, behind a proxy: no limit"},
	{0},
};
/* clang-format on */

void webchat_ref(struct webchat *chat)
{
	chat->refs++;
}

void webchat_unref(struct webchat *chat)
{
	if (--chat->refs == 0)
		free(chat);
}

uint64_t webchat_mono_ms(const struct webchat *chat)
{
	return clock_mono_ms(chat->clock);
}

uint64_t webchat_wall_ms(const struct webchat *chat)
{
	return clock_wall_ms(chat->clock);
}

/* --- What time brings ------------------------------------------------------------------------- */

/* Those who do not say hello; the oldest come first. */
static void expire_greetings(struct webchat *chat)
{
	struct webchat_peer *peer, *next;
	uint64_t now = webchat_mono_ms(chat);

	DL_FOREACH_SAFE(chat->greeting, peer, next)
	{
		if (peer->until_ms > now)
			return;
		webchat_close(peer, WEBCHAT_CLOSE_NO_HELLO, "no hello");
	}
}

static void look_after(struct webchat *chat, struct webchat_peer *peer, bool reopen)
{
	uint64_t half = (uint64_t)chat->cfg->token_ttl_ms / 2;
	uint64_t ahead = half < WEBCHAT_RENEW_MS ? half : WEBCHAT_RENEW_MS;

	if (peer->closing)
		return;
	if (webchat_wall_ms(chat) + ahead >= peer->until_ms)
		webchat_peer_renew(peer);
	if (reopen && peer->stage == WEBCHAT_OPENING)
		webchat_open(peer);
}

static void look_after_all(struct webchat *chat)
{
	struct webchat_visitor *visitor, *next;
	bool reopen = chat->reopen && connector_durable(chat->host);
	struct webchat_peer *peer;

	if (reopen)
		chat->reopen = false;
	HASH_ITER(hh, chat->visitors, visitor, next)
	{
		webchat_confirm(visitor);
		DL_FOREACH(visitor->peers, peer)
		look_after(chat, peer, reopen);
	}
}

/* Does act to those of whom it says so, at most this many: what all are told takes several turns of
 * the loop. True: there may be more. */
static bool to_some(struct webchat *chat, bool (*act)(struct webchat_peer *peer))
{
	struct webchat_visitor *visitor, *next;
	struct webchat_peer *peer;
	unsigned done = 0;

	DL_FOREACH(chat->greeting, peer)
	done += act(peer);
	HASH_ITER(hh, chat->visitors, visitor, next)
	{
		DL_FOREACH(visitor->peers, peer)
		done += act(peer);
		if (done >= AT_ONCE)
			return true;
	}
	return false;
}

static bool send_away(struct webchat_peer *peer)
{
	if (peer->closing)
		return false;
	webchat_say_bye(peer);
	webchat_close(peer, WEBCHAT_CLOSE_RESTART, "the node stops");
	return true;
}

static bool cut_off(struct webchat_peer *peer)
{
	webchat_close(peer, WEBCHAT_CLOSE_GOING, "the node stops");
	return false;
}

/* A socket without its log is opened again; that tells all there is to tell. */
static bool tell_service(struct webchat_peer *peer)
{
	bool durable = connector_durable(peer->chat->host);

	if (peer->closing || peer->stage == WEBCHAT_GREETING || peer->told_away == !durable)
		return false;
	if (durable && peer->stage == WEBCHAT_OPENING) {
		peer->told_away = false;
		webchat_open(peer);
	} else {
		webchat_say_service(peer, durable);
	}
	return true;
}

static void stopped(struct webchat *chat)
{
	io_timer_stop(chat->tick);
	if (!chat->stopped)
		connector_state(chat->host, CHANNEL_STOPPED, NULL);
	chat->stopped = true;
}

/* First what is under way becomes durable and is acknowledged, then the sockets close. */
static void drain_step(struct webchat *chat)
{
	bool late = webchat_mono_ms(chat) >= chat->drain_until_ms;

	if (chat->in_flight && !late)
		return;
	if (to_some(chat, send_away) || (chat->sockets && !late))
		return;
	stopped(chat);
}

static void on_tick(void *arg)
{
	struct webchat *chat = arg;

	if (chat->stopping) {
		drain_step(chat);
		return;
	}
	if (to_some(chat, tell_service))
		io_timer_start(chat->tick, HURRY_MS, WEBCHAT_TICK_MS);
	expire_greetings(chat);
	look_after_all(chat);
	if (++chat->ticks % SWEEP_TICKS == 0)
		webchat_addresses_sweep(chat, false);
}

static void on_durable(void *self, bool durable)
{
	struct webchat *chat = ((struct webchat_self *)self)->chat;

	(void)durable; /* as it is when they are told */
	if (!chat->stopping)
		io_timer_start(chat->tick, 0, WEBCHAT_TICK_MS);
}

/* --- The six functions --------------------------------------------------------------------------
 */

/* "https://bank.example:8443": a scheme and a host, as browsers write an Origin. */
static bool is_origin(struct span origin)
{
	struct span rest;

	if (span_starts(origin, SPAN_LIT("https://")))
		rest = (struct span){origin.ptr + 8, origin.len - 8};
	else if (span_starts(origin, SPAN_LIT("http://")))
		rest = (struct span){origin.ptr + 7, origin.len - 7};
	else
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] <= ' ' || rest.ptr[i] > '~' || strchr("/?#@*", rest.ptr[i]))
			return false;
	return rest.len > 0;
}

static int check_config(const struct webchat_config *cfg, struct yaml_errors *errors, unsigned line)
{
	int err = 0;

	for (char **origin = cfg->origins; origin && *origin; origin++) {
		if (is_origin(span_of(*origin)))
			continue;
		err = -EINVAL;
		if (errors)
			yaml_error(errors, line,
			           "origins: \"%s\" is not a scheme and a host, as "
			           "https://bank.example",
			           *origin);
	}
	return err;
}

static void count_register(struct webchat *chat)
{
	const char *channel = chat->channel.ptr;

	chat->sockets_gauge = metric_get(METRIC_GAUGE, "posthouse_webchat_sockets",
	                                 "Open sockets of web chats", "channel", channel);
	chat->visitors_gauge = metric_get(METRIC_GAUGE, "posthouse_webchat_visitors",
	                                  "Visitors with an open socket", "channel", channel);
	chat->refused_count =
		metric_get(METRIC_COUNTER, "posthouse_webchat_refused_total",
	                   "Requests, sockets and frames refused", "channel", channel);
	chat->messages_count = metric_get(METRIC_COUNTER, "posthouse_webchat_messages_total",
	                                  "Messages from browsers", "channel", channel);
}

static int init(void *self, struct connector_host *host, const void *cfg,
                struct yaml_errors *errors, unsigned line)
{
	struct webchat *chat;
	int err = check_config(cfg, errors, line);

	if (err)
		return err;
	chat = calloc(1, sizeof(*chat));
	if (!chat)
		return -ENOMEM;
	((struct webchat_self *)self)->chat = chat;
	chat->refs = 1;
	chat->host = host;
	chat->cfg = cfg;
	chat->log = connector_log(host);
	chat->channel = span_of(connector_channel(host));
	chat->clock = io_loop_clock(connector_loop(host));
	count_register(chat);
	connector_on_durable(host, on_durable);
	err = io_timer_create(connector_loop(host), "webchat.tick", on_tick, chat, &chat->tick);
	return err ? err : webchat_http_routes(chat);
}

static int start(void *self)
{
	struct webchat *chat = ((struct webchat_self *)self)->chat;

	io_timer_start(chat->tick, WEBCHAT_TICK_MS, WEBCHAT_TICK_MS);
	connector_state(chat->host, CHANNEL_UP, NULL);
	return 0;
}

/* Nothing is ever pushed: browsers read the log. */
static int send_message(void *self, struct message **msg)
{
	(void)self;
	(void)msg;
	return -ENOTSUP;
}

static int address(const void *self, struct span raw, char *out, size_t size)
{
	struct span visitor = raw, scheme = SPAN_LIT("web:");

	(void)self;
	if (span_starts(raw, scheme))
		visitor = (struct span){raw.ptr + scheme.len, raw.len - scheme.len};
	if (!webchat_visitor_valid(visitor) || scheme.len + visitor.len >= size)
		return -EINVAL;
	memcpy(out, scheme.ptr, scheme.len);
	memcpy(out + scheme.len, visitor.ptr, visitor.len);
	out[scheme.len + visitor.len] = '\0';
	return 0;
}

static void stop(void *self, enum stop_mode mode)
{
	struct webchat *chat = ((struct webchat_self *)self)->chat;

	if (mode == STOP_NOW) {
		chat->stopping = true;
		to_some(chat, cut_off);
		stopped(chat);
		return;
	}
	if (chat->stopping)
		return;
	chat->stopping = true;
	chat->drain_until_ms = webchat_mono_ms(chat) + connector_drain_ms(chat->host);
	io_timer_start(chat->tick, 0, HURRY_MS);
}

/* What is open or under way ends later, and finds that there is no host any more. */
static void fini(void *self)
{
	struct webchat *chat = ((struct webchat_self *)self)->chat;
	struct webchat_visitor *visitor, *next_visitor;
	struct webchat_peer *peer, *next;

	if (!chat)
		return;
	io_timer_destroy(&chat->tick);
	HASH_ITER(hh, chat->visitors, visitor, next_visitor)
	{
		DL_FOREACH_SAFE(visitor->peers, peer, next)
		peer->visitor = NULL;
		visitor->peers = NULL;
		HASH_DEL(chat->visitors, visitor); /* NOLINT(clang-analyzer-unix.Malloc): uthash has
		                                      its head elsewhere by now */
		if (!visitor->reading)
			free(visitor);
	}
	chat->greeting = NULL;
	webchat_addresses_sweep(chat, true);
	chat->host = NULL;
	((struct webchat_self *)self)->chat = NULL;
	webchat_unref(chat);
}

const struct connector_ops webchat_connector = {
	.name = "webchat",
	.caps =
		{
                       .kinds = 1U << MESSAGE_TEXT | 1U << MESSAGE_MENU | 1U << MESSAGE_LINK,
                       .text_max = 8000,
                       .receipts = true,
                       .scheme = "web",
                       .reader = &webchat_reader,
		       },
	.self_size = sizeof(struct webchat_self),
	.config_size = sizeof(struct webchat_config),
	.config = fields,
	.init = init,
	.start = start,
	.send = send_message,
	.address = address,
	.stop = stop,
	.fini = fini,
};
