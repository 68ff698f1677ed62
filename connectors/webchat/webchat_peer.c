/*
 * A socket: what a browser's tab says, and what is said to it. Acknowledges last: a message gets
 * its `ack` when the host says that it is durable, and not before.
 */
#include "webchat_private.h"

#include <stdio.h>
#include <stdlib.h>

/* A message on its way to being durable. */
struct submit {
	struct webchat_peer *peer;
	struct message *message;
};

/* --- Saying ---------------------------------------------------------------------------------- */

void webchat_close(struct webchat_peer *peer, uint16_t code, const char *reason)
{
	if (!peer->ws || peer->closing)
		return;
	peer->closing = true;
	websocket_close(peer->ws, code, reason);
}

void webchat_say(struct webchat_peer *peer, json_t *frame)
{
	char *text = strict_json_dump(frame);
	int err = -EPIPE;

	if (text && peer->ws && !peer->closing)
		err = websocket_send(peer->ws, span_of(text));
	free(text);
	/* The log has it: who reads again later continues there. */
	if (err == -EAGAIN)
		webchat_close(peer, WEBCHAT_CLOSE_SLOW, "reads too slowly");
}

void webchat_say_service(struct webchat_peer *peer, bool durable)
{
	peer->told_away = !durable;
	webchat_say(peer, json_pack("{s:s, s:s}", "type", "service", "state",
	                            durable ? "ok" : "reconnecting"));
}

/* Each at another moment, so that they do not return all at once. */
void webchat_say_bye(struct webchat_peer *peer)
{
	json_int_t ms = WEBCHAT_BYE_MS + (json_int_t)arc4random_uniform(WEBCHAT_BYE_SPREAD_MS);

	webchat_say(peer, json_pack("{s:s, s:I}", "type", "bye", "retry_after_ms", ms));
}

static void say_error(struct webchat_peer *peer, const char *code, const char *detail,
                      struct span cid, uint64_t retry_ms)
{
	json_t *frame =
		json_pack("{s:s, s:s, s:s}", "type", "error", "code", code, "detail", detail);

	strict_json_set(frame, "cid", cid);
	if (retry_ms)
		json_object_set_new(frame, "retry_after_ms", json_integer((json_int_t)retry_ms));
	webchat_say(peer, frame);
}

static void say_fault(struct webchat_peer *peer, const struct json_fault *fault, struct span cid)
{
	json_t *frame = json_pack("{s:s, s:s, s:s}", "type", "error", "code", fault->code, "detail",
	                          fault->detail);

	strict_json_set(frame, "field", span_of(fault->field));
	strict_json_set(frame, "cid", cid);
	webchat_say(peer, frame);
}

/* --- hello, renew ---------------------------------------------------------------------------- */

static int admit(struct webchat_peer *peer, const struct webchat_token *token)
{
	struct webchat *chat = peer->chat;
	struct webchat_visitor *visitor = webchat_visitor_get(chat, token->visitor);

	if (!visitor)
		return -ENOMEM;
	if (chat->cfg->per_visitor && visitor->peer_count >= (uint64_t)chat->cfg->per_visitor)
		return -EUSERS;
	webchat_visitor_join(visitor, peer);
	peer->until_ms = token->expires_ms;
	return 0;
}

static void on_hello(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	struct webchat *chat = peer->chat;
	struct webchat_token token;
	int err;

	if (frame->v != 1) {
		webchat_close(peer, WEBCHAT_CLOSE_NOT_UNDERSTOOD, "version");
		return;
	}
	err = webchat_token_read(span_of(chat->cfg->token_secret), chat->channel, frame->token,
	                         &token);
	if (err || token.expires_ms <= webchat_wall_ms(chat)) {
		webchat_close(peer, WEBCHAT_CLOSE_TOKEN, err ? "token refused" : "token ended");
		return;
	}
	if (admit(peer, &token)) {
		webchat_close(peer, WEBCHAT_CLOSE_TOO_MANY, "too many sockets of one visitor");
		return;
	}
	peer->since = frame->since;
	if (span_is(frame->lang, "zh") || span_is(frame->lang, "en"))
		snprintf(peer->lang, sizeof(peer->lang), "%.*s", SPAN_FMT(frame->lang));
	webchat_open(peer);
}

void webchat_peer_renew(struct webchat_peer *peer)
{
	struct webchat *chat = peer->chat;
	struct webchat_token token = {.expires_ms = webchat_wall_ms(chat) +
	                                            (uint64_t)chat->cfg->token_ttl_ms};
	char text[WEBCHAT_TOKEN_MAX];

	snprintf(token.visitor, sizeof(token.visitor), "%s",
	         peer->visitor->address + strlen("web:"));
	if (webchat_token_write(span_of(chat->cfg->token_secret), chat->channel, &token, text))
		return;
	peer->until_ms = token.expires_ms;
	webchat_say(peer, json_pack("{s:s, s:s, s:I}", "type", "token", "token", text, "expires_ts",
	                            (json_int_t)token.expires_ms));
}

/* --- msg ------------------------------------------------------------------------------------- */

static void on_durable(void *arg, int err)
{
	struct submit *submit = arg;
	struct webchat_peer *peer = submit->peer;
	const struct message *m = submit->message;

	peer->chat->in_flight--;
	if (err)
		say_error(peer, "unavailable", "it could not be kept just now", m->cid,
		          WEBCHAT_RETRY_MS);
	else
		webchat_say(peer, json_pack("{s:s, s:o, s:I, s:I}", "type", "ack", "cid",
		                            strict_json_text(m->cid), "seq", (json_int_t)m->seq,
		                            "ts", (json_int_t)m->ts_ms));
	message_unref(&submit->message);
	webchat_peer_unref(peer);
	free(submit);
}

static struct message *message_of(const struct webchat_peer *peer,
                                  const struct webchat_frame *frame)
{
	char dup_key[WEBCHAT_CID_MAX + 3];
	struct message like = {
		.direction = MESSAGE_IN,
		.kind = MESSAGE_TEXT,
		.ts_ms = webchat_wall_ms(peer->chat),
		.address = webchat_visitor_address(peer->visitor),
		.channel = peer->chat->channel,
		.text = frame->text,
		.author = SPAN_LIT("customer"),
		.cid = frame->cid,
		.lang = span_of(peer->lang),
	};

	snprintf(dup_key, sizeof(dup_key), "w:%.*s", SPAN_FMT(frame->cid));
	like.dup_key = span_of(dup_key);
	return message_create(&like);
}

static void submit(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	struct submit *s = malloc(sizeof(*s));
	struct message *m = s ? message_of(peer, frame) : NULL;

	if (!m) {
		free(s);
		say_error(peer, "unavailable", "out of memory", frame->cid, WEBCHAT_RETRY_MS);
		return;
	}
	*s = (struct submit){peer, message_ref(m)};
	webchat_peer_ref(peer);
	peer->chat->in_flight++;
	++*peer->chat->messages_count;
	connector_received(peer->chat->host, &m, on_durable, s);
}

static void on_msg(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	struct webchat *chat = peer->chat;
	uint64_t wait_ms;

	if (!connector_durable(chat->host)) {
		webchat_say_service(peer, false);
		return;
	}
	wait_ms = webchat_bucket_take(&peer->visitor->messages, (unsigned)chat->cfg->rate,
	                              WEBCHAT_RATE_MS, 1, webchat_mono_ms(chat));
	if (wait_ms)
		say_error(peer, "too_many", "too many messages", frame->cid, wait_ms);
	else
		submit(peer, frame);
}

/* --- The other frames ------------------------------------------------------------------------ */

static void on_read(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	struct webchat_visitor *visitor = peer->visitor;
	uint64_t seq = frame->seq < peer->shown ? frame->seq : peer->shown;

	if (seq <= visitor->seen || !connector_durable(peer->chat->host))
		return;
	visitor->seen = seq;
	connector_reached(peer->chat->host, webchat_visitor_address(visitor), seq, true);
}

static void on_typing(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	connector_typing(peer->chat->host, webchat_visitor_address(peer->visitor), frame->on);
}

static void on_history(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	webchat_history(peer, frame->before, (unsigned)frame->limit);
}

static void on_renew(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	(void)frame;
	webchat_peer_renew(peer);
}

static void on_ping(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	(void)frame;
	webchat_say(peer, json_pack("{s:s, s:I}", "type", "pong", "ts",
	                            (json_int_t)webchat_wall_ms(peer->chat)));
}

/* Who may say what, and what it costs of the socket's share. */
static const struct {
	enum webchat_stage least;
	unsigned cost;
	void (*act)(struct webchat_peer *peer, const struct webchat_frame *frame);
} acts[WEBCHAT_TYPES] = {
	[WEBCHAT_HELLO] = {WEBCHAT_GREETING, 1,  on_hello  },
	[WEBCHAT_MSG] = {WEBCHAT_OPENING,  1,  on_msg    },
	[WEBCHAT_READ] = {WEBCHAT_READY,    1,  on_read   },
	[WEBCHAT_TYPING] = {WEBCHAT_READY,    1,  on_typing },
	[WEBCHAT_HISTORY] = {WEBCHAT_READY,    10, on_history},
	[WEBCHAT_RENEW] = {WEBCHAT_OPENING,  10, on_renew  },
	[WEBCHAT_PING] = {WEBCHAT_OPENING,  1,  on_ping   },
};

static void act(struct webchat_peer *peer, const struct webchat_frame *frame)
{
	unsigned cost = acts[frame->type].cost;

	if (webchat_bucket_take(&peer->frames, WEBCHAT_FRAMES_PER_RATE, WEBCHAT_RATE_MS, cost,
	                        webchat_mono_ms(peer->chat)))
		webchat_close(peer, WEBCHAT_CLOSE_TOO_MANY, "too many frames");
	else if (peer->stage < acts[frame->type].least ||
	         (frame->type == WEBCHAT_HELLO) != (peer->stage == WEBCHAT_GREETING))
		webchat_close(peer, WEBCHAT_CLOSE_NOT_UNDERSTOOD, "not now");
	else
		acts[frame->type].act(peer, frame);
}

/* What cannot be read at all ends the socket; a bad field is told, for a while. */
static void refuse(struct webchat_peer *peer, const struct json_fault *fault, struct span cid)
{
	bool unreadable = !fault->field[0] || strcmp(fault->code, "type_unknown") == 0;

	++*peer->chat->refused_count;
	if (unreadable || peer->stage == WEBCHAT_GREETING || ++peer->faults > WEBCHAT_FAULTS_MAX)
		webchat_close(peer, WEBCHAT_CLOSE_NOT_UNDERSTOOD, fault->code);
	else
		say_fault(peer, fault, cid);
}

static void on_text(void *data, struct websocket *ws, struct span text)
{
	struct webchat_peer *peer = data;
	struct json_fault fault = {0};
	struct webchat_frame frame;

	(void)ws;
	if (peer->closing || !peer->chat->host)
		return;
	if (webchat_frame_parse(text, (size_t)peer->chat->cfg->text_max, &frame, &fault))
		refuse(peer, &fault, frame.cid);
	else
		act(peer, &frame);
	webchat_frame_fini(&frame);
}

/* --- Life ------------------------------------------------------------------------------------ */

void webchat_peer_ref(struct webchat_peer *peer)
{
	peer->refs++;
}

void webchat_peer_unref(struct webchat_peer *peer)
{
	if (--peer->refs)
		return;
	webchat_unref(peer->chat);
	free(peer);
}

static int on_request(void *arg, const struct http_request *r, void **data)
{
	struct webchat *chat = arg;
	struct webchat_address *from;
	struct webchat_peer *peer;

	if (!chat->host || chat->stopping)
		return 503;
	from = webchat_address_get(chat, http_peer(r));
	if (!from)
		return 503;
	if (chat->cfg->per_address && from->sockets >= (uint64_t)chat->cfg->per_address) {
		++*chat->refused_count;
		return 429;
	}
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return 503;
	peer->refs = 1;
	peer->chat = chat;
	webchat_ref(chat);
	peer->from = from;
	from->sockets++;
	peer->origin_refused = !webchat_origin_allowed(chat, http_header(r, "origin"));
	peer->until_ms = webchat_mono_ms(chat) + WEBCHAT_HELLO_MS;
	webchat_bucket_init(&peer->frames, WEBCHAT_FRAMES_PER_RATE, webchat_mono_ms(chat));
	*data = peer;
	return 0;
}

static void on_open(void *data, struct websocket *ws)
{
	struct webchat_peer *peer = data;
	struct webchat *chat = peer->chat;

	peer->ws = ws;
	DL_APPEND(chat->greeting, peer);
	*chat->sockets_gauge = ++chat->sockets;
	if (!peer->origin_refused)
		return;
	/* A close code is all that a page's script gets to see of a refusal. */
	++*chat->refused_count;
	webchat_close(peer, WEBCHAT_CLOSE_ORIGIN, "origin");
}

static void on_close(void *data, struct websocket *ws, uint16_t code)
{
	struct webchat_peer *peer = data;
	struct webchat *chat = peer->chat;

	(void)ws;
	peer->ws = NULL;
	if (chat->host) {
		log_debug(chat->log, EVENT("webchat.closed"), NUM("code", code));
		if (peer->visitor)
			webchat_visitor_leave(peer);
		else
			DL_DELETE(chat->greeting, peer);
		peer->from->sockets--;
		*chat->sockets_gauge = --chat->sockets;
	}
	webchat_peer_unref(peer);
}

const struct websocket_ops webchat_websocket_ops = {
	.on_request = on_request,
	.on_open = on_open,
	.on_text = on_text,
	.on_close = on_close,
};
