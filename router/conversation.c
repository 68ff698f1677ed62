/* Reading a conversation, saying something in it, and telling who watches that it moved. */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	READ_MAX = 500,
	STATUS_LOOK_AHEAD = 500 /* events after a message in which its last status is looked for */
};

/* --- Sending --------------------------------------------------------------------------------- */

struct send_call {
	struct router *router;
	struct connector_host *host;
	char conversation[CONVERSATION_ID_LEN + 1];
	enum lane lane;
	router_sent_fn *fn;
	void *arg;
};

static enum message_status status_of_letter(struct span letter)
{
	static const char letters[] = "qgnspdrufc";
	static const enum message_status statuses[] = {
		STATUS_QUEUED,
		STATUS_SENDING,
		STATUS_UNKNOWN,
		STATUS_SENT,
		STATUS_PARTIALLY_DELIVERED,
		STATUS_DELIVERED,
		STATUS_READ,
		STATUS_UNDELIVERED,
		STATUS_FAILED,
		STATUS_CANCELED,
	};
	const char *at = letter.len ? memchr(letters, letter.ptr[0], sizeof(letters) - 1) : NULL;

	return at ? statuses[at - letters] : STATUS_QUEUED;
}

static void on_sent(void *arg, int err, const redisReply *reply, const char *why)
{
	struct send_call *call = arg;
	struct router_sent sent = {.conversation = span_of(call->conversation)};
	struct span what = reply_span(reply_at(reply, 0));

	if (err) {
		log_warn(&call->host->log, EVENT("router.send_failed"), ERR(err), STR("why", why));
		sent.error = router_redis_error(err);
	} else if (span_is(what, "refused")) {
		sent.error = router_refused(reply_span(reply_at(reply, 1)));
	} else {
		sent.repeated = span_is(what, "dup");
		sent.seq = reply_num(reply_at(reply, 1));
		sent.ts_ms = reply_num(reply_at(reply, 2));
		sent.status = status_of_letter(reply_span(reply_at(reply, 3)));
		outbound_dirty(call->host, router_partition_of(span_of(call->conversation)),
		               call->lane);
		router_hint(call->router, span_of(call->conversation), sent.seq);
	}
	call->fn(call->arg, &sent);
	free(call);
}

static bool is_ours(const struct connector_host *host, struct span local)
{
	return host->ops->caps.sender && host->ops->caps.sender(host->self, local);
}

static enum route_class class_of(const struct router_send *send)
{
	static const enum route_class by_lane[LANE_COUNT] = {
		[LANE_REPLY] = ROUTE_REPLY,
		[LANE_CONFIRMATION] = ROUTE_CONFIRMATION,
		[LANE_CAMPAIGN] = ROUTE_CAMPAIGN,
	};

	return send->service.message_class == CLASS_0 ? ROUTE_FLASH : by_lane[send->lane];
}

/* A message that names its sender goes by a channel that has it. */
static struct connector_host *with_sender(struct connector_host *host, struct span local)
{
	if (!local.len || is_ours(host, local))
		return host;
	for (struct connector_host *h = host->router->hosts; h; h = h->next)
		if (strcmp(h->ops->caps.scheme, host->ops->caps.scheme) == 0 && is_ours(h, local))
			return h;
	return host;
}

/* Where it goes: the channel and the one spelling of the address. */
static int find_way(struct router *r, const struct router_send *send, struct connector_host **host,
                    char *address, size_t size)
{
	int err;

	*host = send->channel.len ? router_host(r, send->channel)
	                          : router_host_of_scheme(r, address_scheme(send->address));
	if (!*host)
		return -ENOENT;
	err = (*host)->ops->address((*host)->self, send->address, address, size);
	if (!err && (send->any_channel || !send->channel.len))
		*host = with_sender(route_choose(*host, span_of(address), class_of(send)),
		                    send->local);
	return err;
}

/* The author of an agent's message without its "agent:". */
static struct span agent_of(struct span author)
{
	struct span prefix = SPAN_LIT("agent:");

	if (!span_starts(author, prefix))
		return SPAN_NONE;
	return (struct span){author.ptr + prefix.len, author.len - prefix.len};
}

/* What is due by now, or by a channel whose peer holds it, is not held here. */
static enum message_status status_now(const struct connector_host *host, uint64_t delay_ms)
{
	const struct connector_caps *caps = &host->ops->caps;

	if (delay_ms && !(caps->schedules && caps->schedules(host->self, delay_ms)))
		return STATUS_SCHEDULED;
	return caps->reader ? STATUS_SENT : STATUS_QUEUED;
}

static void send_args(struct router *r, const struct send_call *call,
                      const struct router_send *send, struct span address, struct span dup_key)
{
	const struct connector_host *host = call->host;
	uint64_t now = router_now(r), due_ms = send->due_ms > now ? send->due_ms : 0;
	struct fcall_args *a = router_args(r);
	struct message m = {
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_TEXT,
		.lane = send->lane,
		.on_uncertain = send->on_uncertain,
		.status = status_now(host, due_ms ? due_ms - now : 0),
		.ts_ms = now,
		.channel = span_of(host->name),
		.local = send->local,
		.text = send->text,
		.options = send->options,
		.author = send->author,
		.cid = send->cid,
		.template_id = send->template_id,
		.lang = send->lang,
		.validity_ms = send->validity_ms,
		.due_ms = due_ms,
		.service = send->service,
	};

	args_add(a, span_of(call->conversation));
	args_num(a, m.ts_ms);
	args_add(a, address);
	args_add(a, m.channel);
	args_add(a, m.local);
	args_add(a, dup_key);
	args_num(a, send->remember_ms ? send->remember_ms : DUPLICATE_TTL_MS);
	args_add(a, span_of(router_how(host, false)));
	args_add(a, span_of(r->instance));
	args_num(a, host->ops->caps.replies_limited);
	args_num(a, m.on_uncertain == UNCERTAIN_HOLD);
	args_num(a, m.lane);
	args_add(a, send->agent_only ? agent_of(send->author) : SPAN_NONE);
	args_num(a, r->options.retention_ms / 1000);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_add(a, utf8_cut(m.text, LAST_TEXT_MAX));
	log_encode_message(a, &m, send->author_name);
}

static int send_to(struct router *r, struct connector_host *host, const struct router_send *send,
                   struct span address, router_sent_fn *fn, void *arg)
{
	struct send_call *call;
	char dup_key[160];
	int err;

	if (send->local.len && !is_ours(host, send->local))
		return -EACCES;
	if (list_refuses(r, span_of(host->name), address)) {
		++*host->route.refused_listed;
		return -EPERM;
	}
	call = malloc(sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct send_call){
		.router = r, .host = host, .lane = send->lane, .fn = fn, .arg = arg};
	router_conversation_id(address, call->conversation);
	snprintf(dup_key, sizeof(dup_key), "o:%.*s:%.*s", SPAN_FMT(send->author),
	         SPAN_FMT(send->cid));
	send_args(r, call, send, address, send->cid.len ? span_of(dup_key) : SPAN_NONE);
	err = router_fcall(r, "ph_send", router_part(span_of(call->conversation)), on_sent, call);
	if (err)
		free(call);
	return err;
}

/* An agent writes to a conversation: its last channel and address are asked for first. */
struct reply_call {
	struct router *router;
	struct router_send send; /* its spans point behind this struct */
	router_sent_fn *fn;
	void *arg;
	char text[];
};

static void reply_failed(struct reply_call *call, struct router_error error)
{
	const struct router_sent sent = {.error = error, .conversation = call->send.conversation};

	call->fn(call->arg, &sent);
	free(call);
}

static void on_reply_summary(void *arg, const struct router_error *error,
                             const struct conversation_summary *summary)
{
	struct reply_call *call = arg;
	struct connector_host *host =
		error->err ? NULL : router_host(call->router, summary->channel);
	int err;

	if (error->err || !host) {
		reply_failed(call,
		             error->err ? *error : router_refused(SPAN_LIT("channel_unknown")));
		return;
	}
	host = with_sender(route_reply(host, summary->address, class_of(&call->send)),
	                   call->send.local);
	err = send_to(call->router, host, &call->send, summary->address, call->fn, call->arg);
	if (err == -EACCES)
		reply_failed(call, router_refused(SPAN_LIT("sender_unknown")));
	else if (err == -EPERM)
		reply_failed(call, router_refused(SPAN_LIT("recipient_blocked")));
	else if (err)
		reply_failed(call, router_redis_error(err));
	else
		free(call);
}

static const size_t send_spans[] = {
	offsetof(struct router_send, conversation), offsetof(struct router_send, text),
	offsetof(struct router_send, template_id),  offsetof(struct router_send, lang),
	offsetof(struct router_send, author),       offsetof(struct router_send, author_name),
	offsetof(struct router_send, cid),          offsetof(struct router_send, local),
	offsetof(struct router_send, options),
};

/* A copy of send that owns its spans. */
static struct reply_call *reply_call_create(struct router *r, const struct router_send *send)
{
	size_t size = 0, at = 0;
	struct reply_call *call;

	for (size_t i = 0; i < ARRAY_LEN(send_spans); i++)
		size += ((const struct span *)(const void *)((const char *)send + send_spans[i]))
		                ->len;
	call = malloc(sizeof(*call) + size);
	if (!call)
		return NULL;
	call->router = r;
	call->send = *send;
	for (size_t i = 0; i < ARRAY_LEN(send_spans); i++) {
		struct span *s = (struct span *)(void *)((char *)&call->send + send_spans[i]);

		if (s->len)
			memcpy(call->text + at, s->ptr, s->len);
		s->ptr = call->text + at;
		at += s->len;
	}
	return call;
}

static int send_reply_to(struct router *r, const struct router_send *send, router_sent_fn *fn,
                         void *arg)
{
	struct reply_call *call = reply_call_create(r, send);
	int err;

	if (!call)
		return -ENOMEM;
	call->fn = fn;
	call->arg = arg;
	err = router_summary(r, call->send.conversation, on_reply_summary, call);
	if (err)
		free(call);
	return err;
}

int router_find(struct router *r, const struct router_send *send, char out[CONVERSATION_ID_LEN + 1])
{
	struct connector_host *host;
	char address[160];
	int err = find_way(r, send, &host, address, sizeof(address));

	if (!err)
		router_conversation_id(span_of(address), out);
	return err;
}

int router_send(struct router *r, const struct router_send *send, router_sent_fn *fn, void *arg)
{
	struct connector_host *host;
	char address[160];
	int err;

	if (send->conversation.len)
		return send_reply_to(r, send, fn, arg);
	err = find_way(r, send, &host, address, sizeof(address));
	if (err)
		return err;
	if (host->ops->caps.text_max && send->text.len > host->ops->caps.text_max)
		return -EMSGSIZE;
	return send_to(r, host, send, span_of(address), fn, arg);
}

/* --- Reading -----------------------------------------------------------------------------------
 */

struct read_call {
	unsigned limit;
	bool backward;
	router_read_fn *fn;
	void *arg;
};

/* Decodes count entries of reply into log order; what cannot be read is left out. */
static size_t decode_all(const struct read_call *call, const redisReply *reply, size_t count,
                         struct log_entry *entries, struct log_event *events)
{
	size_t out = 0;

	for (size_t i = 0; i < count; i++) {
		if (log_decode(reply->element[call->backward ? count - 1 - i : i], &entries[out]))
			continue;
		events[out] = entries[out].event;
		out++;
	}
	return out;
}

static void on_read(void *arg, int err, const redisReply *reply, const char *why)
{
	struct read_call *call = arg;
	size_t count = err || reply->type != REDIS_REPLY_ARRAY ? 0 : reply->elements;
	bool more = count > call->limit;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};
	struct log_entry *entries = NULL;
	struct log_event *events = NULL;

	(void)why;
	if (more)
		count = call->limit;
	if (count) {
		entries = malloc(count * sizeof(*entries));
		events = malloc(count * sizeof(*events));
	}
	if (count && (!entries || !events)) {
		error = router_redis_error(-ENOMEM);
		count = 0;
	}
	count = count ? decode_all(call, reply, count, entries, events) : 0;
	call->fn(call->arg, &error, events, count, more);
	free(entries);
	free(events);
	free(call);
}

int router_read(struct router *r, struct span conversation, uint64_t since, uint64_t before,
                unsigned limit, router_read_fn *fn, void *arg)
{
	struct read_call *call = malloc(sizeof(*call));
	char key[64], from[24], count[16];
	struct span argv[6];
	int err;

	if (!call)
		return -ENOMEM;
	if (limit > READ_MAX)
		limit = READ_MAX;
	*call = (struct read_call){limit, before > 0, fn, arg};
	if (before == UINT64_MAX)
		snprintf(from, sizeof(from), "+");
	else
		snprintf(from, sizeof(from), "%llu",
		         (unsigned long long)(before ? before - 1 : since + 1));
	snprintf(count, sizeof(count), "%u", limit + 1);
	argv[0] = before ? SPAN_LIT("XREVRANGE") : SPAN_LIT("XRANGE");
	argv[1] = router_conversation_key('l', conversation, key, sizeof(key));
	argv[2] = span_of(from);
	argv[3] = before ? SPAN_LIT("-") : SPAN_LIT("+");
	argv[4] = SPAN_LIT("COUNT");
	argv[5] = span_of(count);
	err = redis_command(r->redis, ARRAY_LEN(argv), argv, on_read, call);
	if (err)
		free(call);
	return err;
}

/*
 * A message as its log shows it, and the state that ph:o has for it where that is newer: that it
 * was sent is written into the log only where somebody looks.
 */
struct message_call {
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	enum message_status open; /* STATUS_COUNT: ph:o does not know it */
	router_message_fn *fn;
	void *arg;
};

static void message_failed(struct message_call *call, struct router_error error)
{
	const struct router_message out = {.error = error};

	call->fn(call->arg, &out);
	free(call);
}

static void fold_status(struct router_message *out, uint64_t seq, const struct log_event *event)
{
	if (event->type != LOG_STATUS || event->of != seq)
		return;
	out->status = event->status;
	out->status_ts_ms = event->ts_ms;
	out->code = event->code;
	out->reason = event->reason;
}

/* What completes the message takes its place; the time stays that of its first word. */
static void fold_edit(const struct log_event *edit, uint64_t seq, struct message *message)
{
	const struct message *m = edit->message;

	if (edit->type != LOG_EDIT || edit->of != seq)
		return;
	message->kind = m->kind;
	message->text = m->text;
	message->data = m->data;
	message->marks = m->marks;
}

static void on_message_read(void *arg, const struct router_error *error,
                            const struct log_event *events, size_t count, bool more)
{
	struct message_call *call = arg;
	struct router_message out = {0};
	struct log_event event;
	struct message message;

	(void)more;
	if (error->err || !count || events[0].seq != call->seq || events[0].type != LOG_MESSAGE) {
		message_failed(call,
		               error->err ? *error : router_refused(SPAN_LIT("message_unknown")));
		return;
	}
	message = *events[0].message;
	event = events[0];
	event.message = &message;
	out.event = &event;
	out.status = message.status;
	out.status_ts_ms = events[0].ts_ms;
	for (size_t i = 1; i < count; i++) {
		fold_status(&out, call->seq, &events[i]);
		fold_edit(&events[i], call->seq, &message);
	}
	if (call->open == STATUS_SENT && out.status <= STATUS_SENT)
		out.status = call->open;
	call->fn(call->arg, &out);
	free(call);
}

/* Every part was sent; of the other states the log knows. */
static bool is_sent(struct span letters)
{
	for (size_t i = 0; i < letters.len; i++)
		if (letters.ptr[i] != 's')
			return false;
	return letters.len > 0;
}

static void on_message_open(void *arg, int err, const redisReply *reply, const char *why)
{
	struct message_call *call = arg;
	struct span letters = reply_span(reply);

	(void)why;
	if (is_sent(letters))
		call->open = STATUS_SENT;
	if (!err)
		err = router_read(call->router, span_of(call->conversation), call->seq - 1, 0,
		                  STATUS_LOOK_AHEAD, on_message_read, call);
	if (err)
		message_failed(call, router_redis_error(err));
}

int router_message_get(struct router *r, struct span conversation, uint64_t seq,
                       router_message_fn *fn, void *arg)
{
	struct message_call *call = calloc(1, sizeof(*call));
	char key[64], field[24];
	struct span argv[3] = {SPAN_LIT("HGET")};
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct message_call){
		.router = r, .seq = seq, .open = STATUS_COUNT, .fn = fn, .arg = arg};
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	snprintf(field, sizeof(field), "%llu", (unsigned long long)seq);
	argv[1] = router_conversation_key('o', conversation, key, sizeof(key));
	argv[2] = span_of(field);
	err = redis_command(r->redis, ARRAY_LEN(argv), argv, on_message_open, call);
	if (err)
		free(call);
	return err;
}

/* --- Summary -----------------------------------------------------------------------------------
 */

struct summary_call {
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	router_summary_fn *fn;
	void *arg;
};

/* The grants of ph:c as they stand. */
struct ledger {
	uint64_t long_left, long_until, short_left, short_until;
};

/* What field of ph:c goes where: a span, or a number. */
static const struct summary_field {
	const char *name;
	size_t span_at, num_at; /* one of them, 1-based offsets: 0 is none */
} summary_fields[] = {
#define TEXT(n, m)                                                 \
	{                                                          \
		n, offsetof(struct conversation_summary, m) + 1, 0 \
	}
#define NUMBER(n, m)                                               \
	{                                                          \
		n, 0, offsetof(struct conversation_summary, m) + 1 \
	}
	TEXT("ad", address),     TEXT("ch", channel),
	TEXT("ag", agent),       TEXT("qu", queue),
	TEXT("sid", session),    TEXT("lg", lang),
	TEXT("lx", last_text),   NUMBER("wait", waiting_since_ms),
	NUMBER("seq", seq),      NUMBER("rs", read_seq),
	NUMBER("un", unread),    NUMBER("t0", first_ms),
	NUMBER("last", last_ms), NUMBER("n", messages),
#undef TEXT
#undef NUMBER
};

static void read_ledger(struct ledger *l, struct span name, uint64_t value)
{
	if (span_is(name, "gn"))
		l->long_left = value;
	else if (span_is(name, "gu"))
		l->long_until = value;
	else if (span_is(name, "hn"))
		l->short_left = value;
	else if (span_is(name, "hu"))
		l->short_until = value;
}

static void summary_field(struct conversation_summary *s, struct ledger *ledger, struct span name,
                          const redisReply *value)
{
	read_ledger(ledger, name, reply_num(value));
	if (span_is(name, "sst") && session_state_parse(reply_span(value), &s->state))
		s->state = SESSION_NONE;
	if (span_is(name, "ld"))
		s->last_in = span_is(reply_span(value), "i");
	for (size_t i = 0; i < ARRAY_LEN(summary_fields); i++) {
		const struct summary_field *f = &summary_fields[i];

		if (!span_is(name, f->name))
			continue;
		if (f->span_at)
			*(struct span *)(void *)((char *)s + f->span_at - 1) = reply_span(value);
		else
			*(uint64_t *)(void *)((char *)s + f->num_at - 1) = reply_num(value);
	}
}

static void summary_ledger(struct router *r, struct conversation_summary *s, const struct ledger *l)
{
	struct connector_host *host = router_host(r, s->channel);
	uint64_t now = router_now(r);
	bool brief = l->short_left && l->short_until > now;

	s->limited = host && host->ops->caps.replies_limited;
	if (!s->limited)
		return;
	s->replies_left = (uint32_t)(l->long_until > now ? l->long_left : 0) +
	                  (uint32_t)(brief ? l->short_left : 0);
	s->replies_until_ms = l->long_until > now && l->long_left ? l->long_until
	                      : brief                             ? l->short_until
	                                                          : 0;
}

static void on_summary(void *arg, int err, const redisReply *reply, const char *why)
{
	struct summary_call *call = arg;
	struct conversation_summary s = {.conversation = span_of(call->conversation)};
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};
	struct ledger ledger = {0};

	(void)why;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
	     i += 2)
		summary_field(&s, &ledger, reply_span(reply->element[i]), reply->element[i + 1]);
	if (!err && !s.seq)
		error = router_refused(SPAN_LIT("conversation_unknown"));
	s.scheme = address_scheme(s.address);
	summary_ledger(call->router, &s, &ledger);
	call->fn(call->arg, &error, &s);
	free(call);
}

int router_summary(struct router *r, struct span conversation, router_summary_fn *fn, void *arg)
{
	struct summary_call *call = calloc(1, sizeof(*call));
	char key[64];
	struct span argv[2] = {SPAN_LIT("HGETALL")};
	int err;

	if (!call)
		return -ENOMEM;
	if (conversation.len > CONVERSATION_ID_LEN)
		conversation.len = CONVERSATION_ID_LEN;
	call->router = r;
	if (conversation.len)
		memcpy(call->conversation, conversation.ptr, conversation.len);
	call->fn = fn;
	call->arg = arg;
	argv[1] = router_conversation_key('c', conversation, key, sizeof(key));
	err = redis_command(r->redis, ARRAY_LEN(argv), argv, on_summary, call);
	if (err)
		free(call);
	return err;
}

void router_mark_read(struct router *r, struct span conversation, uint64_t seq)
{
	struct fcall_args *a = router_args(r);

	args_add(a, conversation);
	args_num(a, seq);
	/* Not acknowledged: when it is lost the unread count is wrong until the next one. */
	if (router_fcall(r, "ph_mark_read", router_part(conversation), NULL, NULL))
		return;
	router_tell_read(r, conversation, seq);
}

/* --- Watching ----------------------------------------------------------------------------------
 */

int router_watch(struct router *r, struct span conversation, router_watch_fn *fn, void *arg,
                 struct router_watch **out)
{
	struct router_watch *w = calloc(1, sizeof(*w));
	struct watched *watched = NULL;

	if (!w)
		return -ENOMEM;
	if (conversation.len != CONVERSATION_ID_LEN) {
		free(w);
		return -EINVAL;
	}
	HASH_FIND(hh, r->watched, conversation.ptr, CONVERSATION_ID_LEN, watched);
	if (!watched && !(watched = calloc(1, sizeof(*watched)))) {
		free(w);
		return -ENOMEM;
	}
	if (!watched->conversation[0]) {
		memcpy(watched->conversation, conversation.ptr, CONVERSATION_ID_LEN);
		HASH_ADD(hh, r->watched, conversation, CONVERSATION_ID_LEN, watched);
	}
	*w = (struct router_watch){
		.next = watched->first, .watched = watched, .fn = fn, .arg = arg};
	watched->first = w;
	*out = w;
	return 0;
}

/* Frees the watches that died while they were told, and the conversation nobody watches. */
static void watched_sweep(struct router *r, struct watched *watched)
{
	struct router_watch **at = &watched->first;

	if (watched->telling)
		return;
	while (*at) {
		struct router_watch *w = *at;

		if (!w->dead) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
	if (watched->first)
		return;
	HASH_DEL(r->watched, watched);
	free(watched);
}

void router_unwatch(struct router *r, struct router_watch **watch)
{
	if (!*watch)
		return;
	(*watch)->dead = true;
	watched_sweep(r, (*watch)->watched);
	*watch = NULL;
}

void router_hint(struct router *r, struct span conversation, uint64_t seq)
{
	struct watched *watched = NULL;

	HASH_FIND(hh, r->watched, conversation.ptr, conversation.len, watched);
	if (!watched)
		return;
	watched->telling++;
	for (struct router_watch *w = watched->first; w; w = w->next)
		if (!w->dead)
			w->fn(w->arg, span_of(watched->conversation), seq);
	watched->telling--;
	watched_sweep(r, watched);
}
