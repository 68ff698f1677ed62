/* Saying something in a conversation, and taking it back. */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

struct send_call {
	struct router *router;
	struct connector_host *host;
	char conversation[CONVERSATION_ID_LEN + 1];
	struct message *message;
	router_sent_fn *fn;
	void *arg;
};

/* It is in this node's hands already: no other waited for the channel. */
static void send_now(struct send_call *call, uint64_t seq, struct span our_end)
{
	char code[ROUTER_CODE_SIZE];
	struct message like = *call->message;
	struct message *m;

	like.seq = seq;
	like.conversation = span_of(call->conversation);
	code_our_end(call->host, our_end, &like, code);
	m = message_create(&like);
	if (m)
		outbound_send(call->host, &m);
}

/* "n SEQ TS LETTER OUR_END", "d SEQ TS LETTER", "r CODE". */
static void on_sent(void *arg, int err, const redisReply *reply, const char *why)
{
	struct send_call *call = arg;
	struct router_sent sent = {.conversation = span_of(call->conversation)};
	struct span rest = redis_text(reply);
	struct span what = span_split(rest, ' ', &rest), letter;

	if (err) {
		log_warn(&call->host->log, EVENT("router.send_failed"), ERR(err), STR("why", why));
		sent.error = router_redis_error(err);
	} else if (span_is(what, "r")) {
		sent.error = router_refused(rest);
	} else {
		sent.repeated = span_is(what, "d");
		sent.seq = next_num(&rest);
		sent.ts_ms = next_num(&rest);
		letter = span_split(rest, ' ', &rest);
		sent.status = letter.len ? log_status_of(letter.ptr[0]) : STATUS_QUEUED;
		if (sent.status == STATUS_SENDING && !sent.repeated)
			send_now(call, sent.seq, rest);
		else if (sent.status == STATUS_QUEUED)
			outbound_dirty(call->host, router_partition_of(span_of(call->conversation)),
			               call->message->lane);
		router_hint(call->router, span_of(call->conversation), sent.seq);
	}
	call->fn(call->arg, &sent);
	message_unref(&call->message);
	free(call);
}

static bool is_ours(const struct connector_host *host, struct span local)
{
	return host->ops->caps.sender && host->ops->caps.sender(host->self, local);
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
		*host = with_sender(
			route_choose(*host, span_of(address),
		                     route_class_of(send->lane, send->service.message_class)),
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

void send_common(void *arg, struct buf *b)
{
	const struct router *r = arg;

	pack_array(b, 5);
	pack_num(b, router_now(r));
	pack_text(b, span_of(r->instance));
	pack_num(b, r->options.retention_ms / 1000);
	pack_num(b, r->options.log_max);
	pack_num(b, r->options.outbox);
}

/* What is due by now, or by a channel whose peer holds it, is not held here. */
static enum message_status status_now(const struct connector_host *host, uint64_t delay_ms)
{
	const struct connector_caps *caps = &host->ops->caps;

	if (delay_ms && !(caps->schedules && caps->schedules(host->self, delay_ms)))
		return STATUS_SCHEDULED;
	return caps->reader ? STATUS_SENT : STATUS_QUEUED;
}

static struct message *message_of(struct router *r, const struct connector_host *host,
                                  const struct router_send *send, struct span address)
{
	uint64_t now = router_now(r), due_ms = send->due_ms > now ? send->due_ms : 0;
	struct message like = {
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_TEXT,
		.lane = send->lane,
		.on_uncertain = send->on_uncertain,
		.status = status_now(host, due_ms ? due_ms - now : 0),
		.ts_ms = now,
		.address = address,
		.channel = span_of(host->name),
		.local = send->local,
		.options = send->options,
		.text = send->text,
		.author = send->author,
		.cid = send->cid,
		.template_id = send->template_id,
		.lang = send->lang,
		.validity_ms = send->validity_ms,
		.due_ms = due_ms,
		.service = send->service,
	};

	if (host->ops->caps.marks)
		like.marks = host->ops->caps.marks(host->self, &like);
	return message_create(&like);
}

/* The order is documented with send_one() in outbound.lua. */
static void pack_send(const struct send_call *call, const struct router_send *send, struct buf *b)
{
	const struct connector_host *host = call->host;
	const struct message *m = call->message;
	bool scheduled = m->status == STATUS_SCHEDULED;
	bool at_once = !scheduled && router_host_is_free(host, m->lane);
	char dup_key[200], word[ROUTER_WORD_MAX];

	snprintf(dup_key, sizeof(dup_key), "o:%.*s:%.*s", SPAN_FMT(m->author), SPAN_FMT(m->cid));
	pack_array(b, 12);
	pack_text(b, span_of(call->conversation));
	pack_text(b, m->cid.len ? router_word(span_of(dup_key), word) : SPAN_NONE);
	pack_num(b, send->remember_ms ? send->remember_ms : DUPLICATE_TTL_MS);
	router_pack_who(b, m, SPAN_NONE);
	pack_text(b, m->channel);
	pack_text(b, span_of(router_how(host, at_once)));
	pack_num(b, host->ops->caps.replies_limited);
	pack_num(b, m->on_uncertain == UNCERTAIN_HOLD);
	pack_num(b, m->lane);
	pack_text(b, send->agent_only ? agent_of(send->author) : SPAN_NONE);
	pack_num(b, scheduled ? m->due_ms : 0);
	router_pack_entry(call->router, b, m, send->author_name);
}

/* Whether the channel takes it at all. */
static int check(const struct connector_host *host, const struct router_send *send,
                 struct span address)
{
	size_t max = host->ops->caps.text_max;

	if (max && send->text.len > max)
		return -EMSGSIZE;
	if (send->local.len && !is_ours(host, send->local))
		return -EACCES;
	if (list_refuses(host->router, span_of(host->name), address)) {
		++*host->route.refused_listed;
		return -EPERM;
	}
	return 0;
}

static int send_to(struct router *r, struct connector_host *host, const struct router_send *send,
                   struct span address, router_sent_fn *fn, void *arg)
{
	struct send_call *call;
	unsigned partition;
	int err = check(host, send, address);

	if (err)
		return err;
	if (send->lane < LANE_CAMPAIGN)
		outbound_waited_for(r);
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct send_call){.router = r, .host = host, .fn = fn, .arg = arg};
	router_conversation_id(address, call->conversation);
	partition = router_partition_of(span_of(call->conversation));
	call->message = message_of(r, host, send, address);
	err = -ENOMEM;
	if (call->message) {
		pack_send(call, send, batch_item(r->sends, partition));
		err = batch_add(r->sends, partition, on_sent, call);
	}
	if (err) {
		message_unref(&call->message);
		free(call);
	}
	return err;
}

/* What check() says, in words. */
static struct router_error error_of(int err)
{
	switch (err) {
	case -EMSGSIZE:
		return router_refused(SPAN_LIT("too_long"));
	case -EACCES:
		return router_refused(SPAN_LIT("sender_unknown"));
	case -EPERM:
		return router_refused(SPAN_LIT("recipient_blocked"));
	default:
		return router_redis_error(err);
	}
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
	host = with_sender(
		route_reply(host, summary->address,
	                    route_class_of(call->send.lane, call->send.service.message_class)),
		call->send.local);
	err = send_to(call->router, host, &call->send, summary->address, call->fn, call->arg);
	if (err)
		reply_failed(call, error_of(err));
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
	return send_to(r, host, send, span_of(address), fn, arg);
}

/* --- Taking back ----------------------------------------------------------------------------- */

struct cancel_call {
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	void (*fn)(void *arg, const struct router_error *error);
	void *arg;
};

static void on_canceled(void *arg, int err, const redisReply *reply, const char *why)
{
	struct cancel_call *call = arg;
	struct span answer = redis_text(reply);
	struct router_error error = {0};

	(void)why;
	if (err)
		error = router_redis_error(err);
	else if (!span_is(answer, "ok"))
		error = router_refused(answer);
	router_hint(call->router, span_of(call->conversation), 0);
	call->fn(call->arg, &error);
	free(call);
}

int router_cancel(struct router *r, struct span conversation, uint64_t seq,
                  void (*fn)(void *arg, const struct router_error *error), void *arg)
{
	struct cancel_call *call = calloc(1, sizeof(*call));
	struct fcall_args *a = router_args(r);
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct cancel_call){.router = r, .fn = fn, .arg = arg};
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	args_add(a, conversation);
	args_num(a, seq);
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	err = router_fcall(r, "ph2_cancel", router_part(conversation), on_canceled, call);
	if (err)
		free(call);
	return err;
}
