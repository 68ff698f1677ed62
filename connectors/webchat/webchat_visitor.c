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
	OPENING_LIMIT = 128,   /* steps at once: a page, as a rule; ... */
	DEEPER_LIMIT = 500,    /* ... then in larger strides */
	OPENING_READS = 20,    /* as much as a log holds */
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
	if (!visitor->hh.tbl) {
		free(visitor);
		return NULL;
	}
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

/* Adds the messages after a seq; returns the last of ours, or 0. */
static uint64_t batch_events(struct batch *b, const struct log_event *events, size_t count,
                             uint64_t after)
{
	uint64_t ours = 0;

	for (size_t i = 0; i < count; i++) {
		json_t *event = events[i].seq > after ? webchat_event_json(&events[i]) : NULL;

		if (!event)
			continue;
		if (events[i].message->direction == MESSAGE_OUT)
			ours = events[i].seq;
		batch_add(b, event, events[i].message->text.len);
	}
	return ours;
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

/* The log is read backwards until what was missed, or a page, is there, and the session's state. */
struct opening {
	struct webchat_peer *peer;
	json_t *ready;
	json_t *events; /* the newest first */
	uint64_t since; /* 0: the newest page */
	uint64_t newest, before, ours;
	unsigned steps, reads;
	bool enough, standing; /* what is still looked for */
	bool reset, older;
};

static void opening_free(struct opening *o)
{
	o->peer->opening = false;
	webchat_peer_unref(o->peer);
	json_decref(o->ready);
	json_decref(o->events);
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

static json_t *ready_json(const struct webchat_peer *peer)
{
	const struct webchat_config *cfg = peer->chat->cfg;

	return json_pack("{s:s, s:s, s:I, s:{s:I, s:I}}", "type", "ready", "visitor",
	                 peer->visitor->address + strlen("web:"), "expires_ts",
	                 (json_int_t)peer->until_ms, "limits", "text_max",
	                 (json_int_t)cfg->text_max, "rate_per_10s", (json_int_t)cfg->rate);
}

static void opening_say_events(struct opening *o)
{
	struct batch b = {json_array(), json_array(), 0, o->since ? -1 : o->older};

	for (size_t i = json_array_size(o->events); i--;) {
		json_t *event = json_array_get(o->events, i);

		batch_add(&b, json_incref(event),
		          json_string_length(json_object_get(event, "text")));
	}
	batch_end(&b);
	say_all(o->peer, b.frames);
	json_decref(b.frames);
}

static void opening_done(struct opening *o)
{
	struct webchat_peer *peer = o->peer;

	if (!json_object_get(o->ready, "state"))
		webchat_standing_set(o->ready, NULL);
	json_object_set_new(o->ready, "seq", json_integer((json_int_t)o->newest));
	webchat_say(peer, json_incref(o->ready));
	if (o->reset)
		webchat_say(peer, json_pack("{s:s, s:I}", "type", "reset", "before",
		                            (json_int_t)o->newest + 1));
	opening_say_events(o);
	peer->shown = o->newest;
	peer->stage = WEBCHAT_READY;
	if (o->ours > peer->visitor->delivered)
		peer->visitor->delivered = o->ours;
	/* What the page has already: the node that gave it may have died before it said so. */
	if (o->since > peer->visitor->delivered)
		peer->visitor->delivered = o->since;
	opening_free(o);
	pull(peer->visitor, peer->visitor->hinted);
}

/* Who missed too much gets what one gets who has nothing. */
static void opening_give_up(struct opening *o)
{
	o->since = 0;
	o->reset = true;
	while (json_array_size(o->events) > WEBCHAT_PAGE) {
		json_array_remove(o->events, json_array_size(o->events) - 1);
		o->older = o->enough = true;
	}
}

static void opening_take(struct opening *o, const struct log_event *event)
{
	json_t *shown;

	if (!o->standing && event->type == LOG_SESSION) {
		webchat_standing_set(o->ready, event);
		o->standing = true;
	}
	if (!o->enough && o->since && event->seq <= o->since)
		o->enough = true;
	if (!o->enough && o->since && ++o->steps > WEBCHAT_MISSED_MAX)
		opening_give_up(o);
	shown = o->enough ? NULL : webchat_event_json(event);
	if (!shown)
		return;
	if (!o->since && json_array_size(o->events) == WEBCHAT_PAGE) {
		o->older = o->enough = true;
		json_decref(shown);
		return;
	}
	if (!o->ours && event->message->direction == MESSAGE_OUT)
		o->ours = event->seq;
	json_array_append_new(o->events, shown);
}

static void opening_read(struct opening *o);

static void on_page(void *arg, int err, const struct log_event *events, size_t count, bool more)
{
	struct opening *o = arg;

	if (err || opening_is_over(o)) {
		opening_failed(o);
		return;
	}
	if (!o->reads++) {
		o->newest = count ? events[count - 1].seq : 0;
		if (o->since > o->newest) /* of a log that is no more */
			opening_give_up(o);
	}
	o->before = count ? events[0].seq : 0;
	while (count)
		opening_take(o, &events[--count]);
	if (more && o->before && o->reads < OPENING_READS && !(o->enough && o->standing))
		opening_read(o);
	else
		opening_done(o);
}

static void opening_read(struct opening *o)
{
	connector_read(o->peer->chat->host, webchat_visitor_address(o->peer->visitor), 0, o->before,
	               o->reads ? DEEPER_LIMIT : OPENING_LIMIT, on_page, o);
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
	*o = (struct opening){.peer = peer,
	                      .ready = ready_json(peer),
	                      .events = json_array(),
	                      .since = peer->since,
	                      .before = UINT64_MAX};
	webchat_peer_ref(peer);
	peer->opening = true;
	opening_read(o);
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
	uint64_t ours = batch_events(&b, events, count, peer->shown);
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

static void read_by_agent(void *self, struct span address, uint64_t seq)
{
	struct webchat_visitor *visitor = visitor_of(*(struct webchat **)self, address);
	struct webchat_peer *peer;

	if (!visitor)
		return;
	DL_FOREACH(visitor->peers, peer)
	if (peer->stage == WEBCHAT_READY)
		webchat_say(peer, json_pack("{s:s, s:I}", "type", "read", "seq", (json_int_t)seq));
}

const struct connector_reader webchat_reader = {
	.reached = reached, .typing = typing, .read = read_by_agent};
