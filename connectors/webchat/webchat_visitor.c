/*
 * Who is here, and reading the log for them. A hint says only that the conversation has moved: what
 * browsers are told is read from the log from where they are, in its order, so that a lost hint
 * costs a moment and never a message.
 */
#include "webchat_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	READ_LIMIT = 100,      /* steps at once, of what is new */
	DEEPER_LIMIT = 500,    /* steps at once, in search of the session's state */
	DEEPER_MAX = 20,       /* times; as much as a log holds */
	FRAME_TEXT = 32 * 1024 /* octets of text after which events go into another frame */
};

/* --- The table ------------------------------------------------------------------------------- */

struct span webchat_visitor_address(const struct webchat_visitor *visitor)
{
	return (struct span){visitor->address, visitor->address_len};
}

struct webchat_visitor *webchat_visitor_get(struct webchat *chat, const char *name)
{
	char address[WEBCHAT_VISITOR_MAX + 5];
	struct webchat_visitor *visitor = NULL;
	size_t len = (size_t)snprintf(address, sizeof(address), "web:%s", name);

	HASH_FIND(hh, chat->visitors, address, len, visitor);
	if (visitor)
		return visitor;
	visitor = calloc(1, sizeof(*visitor) + len + 1);
	if (!visitor)
		return NULL;
	visitor->chat = chat;
	visitor->address_len = len;
	memcpy(visitor->address, address, len + 1);
	webchat_bucket_init(&visitor->messages, (unsigned)chat->cfg->rate, webchat_mono_ms(chat));
	HASH_ADD_KEYPTR(hh, chat->visitors, visitor->address, len, visitor);
	++*chat->visitors_gauge;
	return visitor;
}

/* A read that is under way frees it when it ends. */
static void visitor_free(struct webchat_visitor *visitor)
{
	if (visitor->peers || visitor->reading)
		return;
	if (visitor->chat->host) {
		HASH_DELETE(hh, visitor->chat->visitors, visitor);
		--*visitor->chat->visitors_gauge;
	}
	free(visitor);
}

void webchat_visitor_join(struct webchat_visitor *visitor, struct webchat_peer *peer)
{
	struct webchat *chat = visitor->chat;

	DL_DELETE(chat->greeting, peer);
	if (!visitor->peers)
		connector_watch(chat->host, webchat_visitor_address(visitor), true);
	DL_APPEND(visitor->peers, peer);
	visitor->peer_count++;
	peer->visitor = visitor;
	peer->stage = WEBCHAT_OPENING;
}

void webchat_visitor_leave(struct webchat_peer *peer)
{
	struct webchat_visitor *visitor = peer->visitor;

	peer->visitor = NULL;
	DL_DELETE(visitor->peers, peer);
	if (--visitor->peer_count)
		return;
	webchat_confirm(visitor);
	connector_watch(visitor->chat->host, webchat_visitor_address(visitor), false);
	visitor_free(visitor);
}

void webchat_confirm(struct webchat_visitor *visitor)
{
	struct connector_host *host = visitor->chat->host;

	if (visitor->delivered <= visitor->confirmed || !connector_durable(host))
		return;
	visitor->confirmed = visitor->delivered;
	if (visitor->confirmed > visitor->seen)
		connector_reached(host, webchat_visitor_address(visitor), visitor->confirmed,
		                  false);
}

/* --- Events as frames ------------------------------------------------------------------------ */

/* Frames under construction: events, in as many frames as their size asks for. */
struct batch {
	json_t *frames, *events;
	size_t octets;
	int more; /* -1: not said */
};

static void batch_close(struct batch *b)
{
	json_t *frame;

	if (!json_array_size(b->events))
		return;
	frame = json_pack("{s:s, s:O}", "type", "events", "events", b->events);
	if (b->more >= 0)
		json_object_set_new(frame, "more", json_boolean(b->more));
	b->more = -1; /* older ones exist or not before the first of all */
	json_array_append_new(b->frames, frame);
	json_decref(b->events);
	b->events = json_array();
	b->octets = 0;
}

static void batch_add(struct batch *b, json_t *event, size_t octets)
{
	json_array_append_new(b->events, event);
	b->octets += octets;
	if (b->octets > FRAME_TEXT)
		batch_close(b);
}

static void batch_end(struct batch *b)
{
	batch_close(b);
	json_decref(b->events);
}

/* Adds the messages after a seq, but for the first skip of them; returns the last of ours, or 0. */
static uint64_t batch_events(struct batch *b, const struct log_event *events, size_t count,
                             uint64_t after, size_t skip)
{
	uint64_t ours = 0;

	for (size_t i = 0; i < count; i++) {
		json_t *event = events[i].seq > after ? webchat_event_json(&events[i]) : NULL;

		if (event && skip) {
			skip--;
			json_decref(event);
		} else if (event) {
			if (events[i].message->direction == MESSAGE_OUT)
				ours = events[i].seq;
			batch_add(b, event, events[i].message->text.len);
		}
	}
	return ours;
}

static bool is_shown(const struct log_event *event)
{
	return event->type == LOG_MESSAGE && event->message->kind != MESSAGE_EVENT;
}

static const struct log_event *last_session(const struct log_event *events, size_t count)
{
	while (count--)
		if (events[count].type == LOG_SESSION)
			return &events[count];
	return NULL;
}

static void say_all(struct webchat_peer *peer, json_t *frames)
{
	json_t *frame;
	size_t i;

	json_array_foreach(frames, i, frame) webchat_say(peer, json_incref(frame));
}

/* --- Opening: what a browser has missed --------------------------------------------------------
 */

struct opening {
	struct webchat_peer *peer;
	json_t *frames; /* to be said when the state is known; the first is `ready` */
	uint64_t newest, ours;
	uint64_t before;
	unsigned deeper;
};

static void opening_free(struct opening *o)
{
	o->peer->opening = false;
	webchat_peer_unref(o->peer);
	json_decref(o->frames);
	free(o);
}

static bool opening_is_over(const struct opening *o)
{
	return !o->peer->chat->host || !o->peer->visitor || o->peer->closing;
}

/* It is tried again on a tick, or when the store is back. */
static void opening_failed(struct opening *o)
{
	if (!opening_is_over(o)) {
		o->peer->chat->reopen = true;
		webchat_say_service(o->peer, false);
	}
	opening_free(o);
}

static void pull(struct webchat_visitor *visitor, uint64_t seq);

static void opening_done(struct opening *o, const struct log_event *session)
{
	struct webchat_peer *peer = o->peer;
	struct webchat_visitor *visitor = peer->visitor;

	webchat_standing_set(json_array_get(o->frames, 0), session);
	peer->shown = o->newest;
	peer->stage = WEBCHAT_READY;
	if (o->ours > visitor->delivered)
		visitor->delivered = o->ours;
	say_all(peer, o->frames);
	opening_free(o);
	if (peer->visitor)
		pull(peer->visitor, peer->visitor->hinted);
}

static void look_deeper(struct opening *o);

static void on_deeper(void *arg, int err, const struct log_event *events, size_t count, bool more)
{
	struct opening *o = arg;
	const struct log_event *session;

	if (err || opening_is_over(o)) {
		opening_failed(o);
		return;
	}
	session = last_session(events, count);
	if (!session && more && count && ++o->deeper < DEEPER_MAX) {
		o->before = events[0].seq;
		look_deeper(o);
	} else {
		opening_done(o, session);
	}
}

static void look_deeper(struct opening *o)
{
	connector_read(o->peer->chat->host, webchat_visitor_address(o->peer->visitor), 0, o->before,
	               DEEPER_LIMIT, on_deeper, o);
}

static json_t *ready_json(const struct webchat_peer *peer, uint64_t newest)
{
	const struct webchat_config *cfg = peer->chat->cfg;

	return json_pack("{s:s, s:s, s:I, s:I, s:{s:I, s:I}}", "type", "ready", "visitor",
	                 peer->visitor->address + strlen("web:"), "seq", (json_int_t)newest,
	                 "expires_ts", (json_int_t)peer->until_ms, "limits", "text_max",
	                 (json_int_t)cfg->text_max, "rate_per_10s", (json_int_t)cfg->rate);
}

/* The newest page, for who has nothing or missed too much. */
static void opening_page(struct opening *o, const struct log_event *events, size_t count, bool more)
{
	struct batch b = {o->frames, json_array(), 0, more};
	size_t shown = 0, skip;

	for (size_t i = 0; i < count; i++)
		shown += is_shown(&events[i]);
	skip = shown > WEBCHAT_PAGE ? shown - WEBCHAT_PAGE : 0;
	b.more = more || skip;
	o->ours = batch_events(&b, events, count, 0, skip);
	batch_end(&b);
}

static void opening_missed(struct opening *o, const struct log_event *events, size_t count)
{
	struct batch b = {o->frames, json_array(), 0, -1};

	o->ours = batch_events(&b, events, count, o->peer->since, 0);
	batch_end(&b);
}

static void on_page(void *arg, int err, const struct log_event *events, size_t count, bool more)
{
	struct opening *o = arg;
	uint64_t since = o->peer->since;
	const struct log_event *session;

	if (err || opening_is_over(o)) {
		opening_failed(o);
		return;
	}
	o->newest = count ? events[count - 1].seq : 0;
	json_array_append_new(o->frames, ready_json(o->peer, o->newest));
	if (since && since <= o->newest && (!more || events[0].seq <= since + 1)) {
		opening_missed(o, events, count);
	} else {
		if (since)
			json_array_append_new(o->frames,
			                      json_pack("{s:s, s:I}", "type", "reset", "before",
			                                (json_int_t)o->newest + 1));
		opening_page(o, events, count, more);
	}
	session = last_session(events, count);
	if (session || !more || !count) {
		opening_done(o, session);
		return;
	}
	o->before = events[0].seq;
	look_deeper(o);
}

void webchat_open(struct webchat_peer *peer)
{
	struct webchat *chat = peer->chat;
	struct opening *o;

	if (peer->opening || peer->closing)
		return;
	o = connector_durable(chat->host) ? calloc(1, sizeof(*o)) : NULL;
	if (!o) {
		chat->reopen = true;
		webchat_say_service(peer, false);
		return;
	}
	*o = (struct opening){.peer = peer, .frames = json_array()};
	webchat_peer_ref(peer);
	peer->opening = true;
	connector_read(chat->host, webchat_visitor_address(peer->visitor), 0, UINT64_MAX,
	               WEBCHAT_MISSED_MAX, on_page, o);
}

/* --- What is new -------------------------------------------------------------------------------
 */

/* From where the log must be read for those who are ready; UINT64_MAX: nobody is. */
static uint64_t least_shown(const struct webchat_visitor *visitor)
{
	const struct webchat_peer *peer;
	uint64_t least = UINT64_MAX;

	DL_FOREACH(visitor->peers, peer)
	if (peer->stage == WEBCHAT_READY && !peer->closing && peer->shown < least)
		least = peer->shown;
	return least;
}

static void push(struct webchat_peer *peer, const struct log_event *events, size_t count)
{
	struct batch b = {json_array(), json_array(), 0, -1};
	const struct log_event *session = last_session(events, count);
	uint64_t ours = batch_events(&b, events, count, peer->shown, 0);
	json_t *state;

	batch_end(&b);
	if (session && session->seq > peer->shown) {
		state = json_pack("{s:s}", "type", "state");
		webchat_standing_set(state, session);
		json_array_append_new(b.frames, state);
	}
	peer->shown = events[count - 1].seq;
	if (ours > peer->visitor->delivered)
		peer->visitor->delivered = ours;
	say_all(peer, b.frames);
	json_decref(b.frames);
}

static void push_to_all(struct webchat_visitor *visitor, const struct log_event *events,
                        size_t count)
{
	struct webchat_peer *peer;

	if (!count)
		return;
	DL_FOREACH(visitor->peers, peer)
	if (peer->stage == WEBCHAT_READY && peer->shown < events[count - 1].seq)
		push(peer, events, count);
}

static void on_news(void *arg, int err, const struct log_event *events, size_t count, bool more)
{
	struct webchat_visitor *visitor = arg;
	struct webchat *chat = visitor->chat;
	bool again = visitor->again || more;

	visitor->reading = visitor->again = false;
	if (!chat->host || !visitor->peers) {
		visitor_free(visitor);
	} else if (!err) {
		push_to_all(visitor, events, count);
		if (again)
			pull(visitor, 0);
	}
	webchat_unref(chat);
}

/* The log may have got to seq; 0: read it anyway. */
static void pull(struct webchat_visitor *visitor, uint64_t seq)
{
	struct webchat *chat = visitor->chat;
	uint64_t least = least_shown(visitor);

	if (least == UINT64_MAX || (seq && seq <= least))
		return;
	if (visitor->reading) {
		visitor->again = true;
		return;
	}
	visitor->reading = true;
	webchat_ref(chat);
	connector_read(chat->host, webchat_visitor_address(visitor), least, 0, READ_LIMIT, on_news,
	               visitor);
}

/* --- Older messages ----------------------------------------------------------------------------
 */

/* Steps that are not shown lie between messages, so a page may take several reads. */
struct history {
	struct webchat_peer *peer;
	json_t *events; /* the newest of those older ones first */
	uint64_t before;
	unsigned limit;
};

static void history_end(struct history *h)
{
	webchat_peer_unref(h->peer);
	json_decref(h->events);
	free(h);
}

static void history_say(struct history *h, bool more)
{
	json_t *ordered = json_array();

	for (size_t i = json_array_size(h->events); i--;)
		json_array_append(ordered, json_array_get(h->events, i));
	webchat_say(h->peer, json_pack("{s:s, s:o, s:b}", "type", "events", "events", ordered,
	                               "more", more));
}

static void history_read(struct history *h);

static void on_older(void *arg, int err, const struct log_event *events, size_t count, bool more)
{
	struct history *h = arg;
	struct webchat_peer *peer = h->peer;

	if (err || !peer->chat->host || !peer->visitor) {
		if (err && peer->chat->host && peer->visitor)
			webchat_say_service(peer, false);
		history_end(h);
		return;
	}
	while (count && json_array_size(h->events) < h->limit) {
		json_t *event = webchat_event_json(&events[--count]);

		h->before = events[count].seq;
		if (event)
			json_array_append_new(h->events, event);
	}
	more = more || count;
	if (more && json_array_size(h->events) < h->limit) {
		history_read(h);
		return;
	}
	history_say(h, more);
	history_end(h);
}

static void history_read(struct history *h)
{
	connector_read(h->peer->chat->host, webchat_visitor_address(h->peer->visitor), 0, h->before,
	               2 * h->limit, on_older, h);
}

void webchat_history(struct webchat_peer *peer, uint64_t before, unsigned limit)
{
	struct history *h = malloc(sizeof(*h));

	if (!h) {
		webchat_say_service(peer, false);
		return;
	}
	*h = (struct history){peer, json_array(), before, limit};
	webchat_peer_ref(peer);
	history_read(h);
}

/* --- What the host tells ------------------------------------------------------------------------
 */

static struct webchat_visitor *visitor_of(struct webchat *chat, struct span address)
{
	struct webchat_visitor *visitor = NULL;

	HASH_FIND(hh, chat->visitors, address.ptr, address.len, visitor);
	return visitor;
}

static void reached(void *self, struct span address, uint64_t seq)
{
	struct webchat_visitor *visitor = visitor_of(*(struct webchat **)self, address);

	if (!visitor)
		return;
	if (seq > visitor->hinted)
		visitor->hinted = seq;
	pull(visitor, seq);
}

static void typing(void *self, struct span address, bool on, struct span name)
{
	struct webchat_visitor *visitor = visitor_of(*(struct webchat **)self, address);
	struct webchat_peer *peer;

	if (!visitor)
		return;
	DL_FOREACH(visitor->peers, peer)
	{
		json_t *frame = json_pack("{s:s, s:b}", "type", "typing", "on", on);

		strict_json_set(frame, "name", name);
		if (peer->stage == WEBCHAT_READY)
			webchat_say(peer, json_incref(frame));
		json_decref(frame);
	}
}

const struct connector_reader webchat_reader = {.reached = reached, .typing = typing};
