/*
 * What is asked of the peer about a message that it took: where it is, to take it back, to put
 * another text in its place; and what the peer tells of a customer who can be reached again. The
 * peer's ids of a message are kept for it, where the channel's peer allows any of that, or where
 * the message carries options: reports name the id.
 *
 * Keys: ph:i:{P}:C-SEQ  hash  ch channel, to address, lo our end, ex its extension (where it has
 * one), sh 1 (where other customers' messages have the same id), then part -> the peer's id
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASKED_KEY_MAX = 96, ASKED_PARTS_MAX = 255 };

static struct span asked_key(struct span conversation, uint64_t seq, char *out, size_t size)
{
	int len = snprintf(out, size, "ph:i:%s:%.*s-%llu", router_part(conversation).ptr,
	                   SPAN_FMT(conversation), (unsigned long long)seq);

	return (struct span){out, len > 0 && (size_t)len < size ? (size_t)len : size - 1};
}

/* --- Keeping ids ------------------------------------------------------------------------------ */

static bool may_ask(const struct connector_host *host)
{
	const struct connector_operations *ops = host->ops->caps.operations;

	return ops &&
	       (ops->can(host->self, OPERATION_QUERY) || ops->can(host->self, OPERATION_CANCEL) ||
	        ops->can(host->self, OPERATION_REPLACE));
}

/* The bot's options say why it answered so, to nobody outside; and its answers are the hot path. */
static bool is_reported(const struct message *m)
{
	return m->options.len && !span_is(m->author, "bot");
}

void operations_note(struct connector_host *host, const struct message *m,
                     const struct send_result *result)
{
	struct router *r = host->router;
	char conversation[CONVERSATION_ID_LEN + 1], key[ASKED_KEY_MAX], part[8], ttl[24];
	struct span name;

	if (result->outcome != SEND_OK || !result->id.len || !r->up ||
	    !(may_ask(host) || is_reported(m)))
		return;
	router_conversation_id(m->address, conversation);
	name = asked_key(span_of(conversation), m->seq, key, sizeof(key));
	snprintf(part, sizeof(part), "%u", result->part);
	snprintf(ttl, sizeof(ttl), "%llu", 0ULL + RECEIPT_TTL_MS + m->validity_ms);
	struct span set[14] = {SPAN_LIT("HSET"), name,       SPAN_LIT("ch"), span_of(host->name),
	                       SPAN_LIT("to"),   m->address, SPAN_LIT("lo"), m->local,
	                       span_of(part),    result->id};
	int count = 10;
	const struct span expire[] = {SPAN_LIT("PEXPIRE"), name, span_of(ttl)};

	if (m->extension.len) {
		set[count++] = SPAN_LIT("ex");
		set[count++] = m->extension;
	}
	if (result->flags & SEND_SHARED_ID) {
		set[count++] = SPAN_LIT("sh");
		set[count++] = SPAN_LIT("1");
	}
	/* Lost, the peer cannot be asked of this message, which nothing rests on. */
	if (router_command(r, count, set, NULL, NULL) ||
	    router_command(r, ARRAY_LEN(expire), expire, NULL, NULL))
		log_debug(&host->log, EVENT("router.id_not_kept"), NUM("seq", m->seq));
}

struct id_call {
	router_id_fn *fn;
	void *arg;
};

static void on_id(void *arg, int err, const redisReply *reply, const char *why)
{
	struct id_call *call = arg;

	(void)why;
	call->fn(call->arg, err, err ? SPAN_NONE : redis_text(reply));
	free(call);
}

int router_peer_id(struct router *r, struct span conversation, uint64_t seq, router_id_fn *fn,
                   void *arg)
{
	struct id_call *call = malloc(sizeof(*call));
	char key[ASKED_KEY_MAX];
	const struct span argv[] = {SPAN_LIT("HGET"),
	                            asked_key(conversation, seq, key, sizeof(key)), SPAN_LIT("0")};
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct id_call){fn, arg};
	err = router_command(r, ARRAY_LEN(argv), argv, on_id, call);
	if (err)
		free(call);
	return err;
}

/* --- Asking ----------------------------------------------------------------------------------- */

struct asked_part {
	uint16_t part;
	struct span id;
};

/* One part after the other: of few messages, and the peer is in no hurry. */
struct ask_call {
	struct router *router;
	struct connector_host *host;
	enum connector_operation what;
	bool here;   /* another node asked this one to ask */
	bool shared; /* the id is of other customers' messages, too */
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	struct message *original; /* replace */
	char *text, *address, *local, *extension;
	char *ids; /* all of them, one behind the other */
	struct asked_part parts[ASKED_PARTS_MAX];
	size_t count, at;
	struct connector_answer answer; /* to the part that was asked last */
	char code[40], reason[120];
	struct router_asked told;
	router_asked_fn *fn;
	void *arg;
};

static void ask_end(struct ask_call *call, struct router_error error)
{
	call->told.error = error;
	call->told.code = span_of(call->code);
	call->fn(call->arg, &call->told);
	free(call->text);
	message_unref(&call->original);
	free(call->address);
	free(call->local);
	free(call->extension);
	free(call->ids);
	free(call);
}

static struct router_error ask_error(int err, const char *code, const char *detail)
{
	return (struct router_error){.err = err, .code = code, .detail = detail};
}

static struct router_error begin_error(int err)
{
	switch (err) {
	case -ENOTSUP:
		return ask_error(err, "not_supported", "the channel's peer has no such operation");
	case -EMSGSIZE:
		return ask_error(err, "too_long", "it must fit one part");
	case -EINVAL:
		return ask_error(err, "not_sendable", "it has no form in which the peer takes it");
	default:
		return ask_error(-EAGAIN, "unavailable", "the channel cannot ask now");
	}
}

static void ask_next(struct ask_call *call);

static void on_noted(void *arg, int err)
{
	struct ask_call *call = arg;

	if (err) {
		ask_end(call, router_redis_error(err));
		return;
	}
	call->at++;
	ask_next(call);
}

/* The status of the whole: delivered is only what all parts are. */
static void fold_status(struct ask_call *call, enum message_status status)
{
	if (call->at == 0)
		call->told.status = status;
	else if (status != call->told.status)
		call->told.status = STATUS_PARTIALLY_DELIVERED;
}

/* What the customer gets now stands in the log, beside what was sent first. */
static void note_replaced(struct ask_call *call)
{
	const struct connector_caps *caps = &call->host->ops->caps;
	struct message like = *call->original;
	struct message by = {.kind = MESSAGE_TEXT, .text = span_of(call->text)};
	int err;

	like.text = by.text;
	by.marks = MARK_REPLACED | (caps->marks ? caps->marks(call->host->self, &like) : 0);
	call->told.status = STATUS_SENT;
	err = replaced_note(call->router, span_of(call->conversation), call->seq, &by, on_noted,
	                    call);
	if (err)
		on_noted(call, err);
}

/* What the peer says is noted as if a receipt had said it. */
static void note_answer(struct ask_call *call)
{
	enum message_status status =
		call->what == OPERATION_CANCEL ? STATUS_CANCELED : call->answer.status;
	struct receipt receipt = {
		.id = call->parts[call->at].id,
		.address = span_of(call->address),
		.status = status,
		.code = call->code[0] ? call->code : NULL,
		.ts_ms = router_now(call->router),
	};

	if (call->what == OPERATION_REPLACE) {
		note_replaced(call);
		return;
	}
	fold_status(call, status);
	connector_receipt(call->host, &receipt, on_noted, call);
}

static void on_answer(void *arg, const struct connector_answer *answer)
{
	struct ask_call *call = arg;

	call->answer = *answer;
	snprintf(call->code, sizeof(call->code), "%s", answer->code ? answer->code : "");
	snprintf(call->reason, sizeof(call->reason), "%s", answer->reason ? answer->reason : "");
	if (!answer->err)
		note_answer(call);
	else if (answer->err == -EPERM)
		ask_end(call, ask_error(-EPERM, "peer_refused", call->reason));
	else
		ask_end(call, ask_error(answer->err, "peer_silent",
		                        "the peer did not answer; it may have been done"));
}

static int ask_part(struct ask_call *call)
{
	const struct connector_operations *ops = call->host->ops->caps.operations;
	void *self = call->host->self;
	struct connector_target target = {
		.id = call->parts[call->at].id,
		.address = span_of(call->address),
		.local = span_of(call->local),
		.extension = span_of(call->extension),
		.message = call->original,
	};

	if (!route_holds(call->host)) /* the fence of the lease holds for each request */
		return -ENOTCONN;
	switch (call->what) {
	case OPERATION_QUERY:
		return ops->query(self, &target, on_answer, call);
	case OPERATION_CANCEL:
		return ops->cancel(self, &target, on_answer, call);
	case OPERATION_REPLACE:
		if (call->count > 1)
			return -EMSGSIZE;
		return ops->replace(self, &target, span_of(call->text), on_answer, call);
	case OPERATION_MANY:
		break;
	}
	return -ENOTSUP;
}

static void ask_next(struct ask_call *call)
{
	int err;

	if (call->at == call->count) {
		ask_end(call, (struct router_error){0});
		return;
	}
	err = ask_part(call);
	if (err)
		ask_end(call, begin_error(err));
}

/* What another node's peer said; that node has noted it. */
static void on_far(void *arg, const struct router_asked *asked)
{
	struct ask_call *call = arg;

	call->told.status = asked->status;
	snprintf(call->code, sizeof(call->code), "%.*s", SPAN_FMT(asked->code));
	ask_end(call, asked->error);
}

static bool is_elsewhere(const struct ask_call *call)
{
	const struct connector_host *host = call->host;

	return !call->here && host->route.exclusive && !route_takes(host);
}

static void ask_elsewhere(struct ask_call *call)
{
	int err = far_ask(call->host, span_of(call->conversation), call->seq, call->what,
	                  span_of(call->text), on_far, call);

	if (err)
		ask_end(call, begin_error(err));
}

static void on_original(void *arg, const struct router_message *message)
{
	struct ask_call *call = arg;
	struct message like;

	if (message->error.err) {
		ask_end(call, message->error);
		return;
	}
	like = *message->event->message;
	if (message->first_text.len) /* in whose alphabet the next one must be, too */
		like.text = message->first_text;
	call->original = message_create(&like);
	if (call->original)
		ask_next(call);
	else
		ask_end(call, router_redis_error(-ENOMEM));
}

/* --- What is kept of the message
 * ------------------------------------------------------------------------------ */

static bool field_is(const redisReply *name, const char *what)
{
	return span_is(redis_text(name), what);
}

static size_t ids_size(const redisReply *reply)
{
	size_t size = 0;

	for (size_t i = 1; i < reply->elements; i += 2)
		size += redis_text_at(reply, i).len;
	return size;
}

/* Fields and values of the hash into the call. False: out of memory, or it is not whole. */
static bool read_kept(struct ask_call *call, const redisReply *reply)
{
	char *at = call->ids = malloc(ids_size(reply) + 1);

	for (size_t i = 0; at && i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i];
		struct span value = redis_text_at(reply, i + 1);
		uint64_t part;

		if (field_is(name, "ch")) {
			call->host = router_host(call->router, value);
		} else if (field_is(name, "to")) {
			call->address = span_dup(value);
		} else if (field_is(name, "lo")) {
			call->local = span_dup(value);
		} else if (field_is(name, "ex")) {
			call->extension = span_dup(value);
		} else if (field_is(name, "sh")) {
			call->shared = true;
		} else if (span_u64(redis_text(name), &part) == 0 &&
		           call->count < ASKED_PARTS_MAX) {
			memcpy(at, value.ptr, value.len);
			call->parts[call->count++] = (struct asked_part){
				(uint16_t)part, {at, value.len}
                        };
			at += value.len;
		}
	}
	return at && call->address && call->local && call->count;
}

static void on_kept(void *arg, int err, const redisReply *reply, const char *why)
{
	struct ask_call *call = arg;

	(void)why;
	if (err) {
		ask_end(call, router_redis_error(err));
	} else if (reply->elements == 0) {
		ask_end(call, ask_error(-ENOENT, "no_peer_id",
		                        "the peer has not taken it, or no id of it is kept"));
	} else if (!read_kept(call, reply)) {
		ask_end(call, router_redis_error(-ENOMEM));
	} else if (call->shared) { /* it might be answered, or done, for all of them */
		ask_end(call, ask_error(-ENOENT, "no_peer_id",
		                        "the peer gave one id to it and to others' messages"));
	} else if (!call->host || !call->host->ops->caps.operations ||
	           !call->host->ops->caps.operations->can(call->host->self, call->what)) {
		ask_end(call, begin_error(-ENOTSUP));
	} else if (is_elsewhere(call)) {
		ask_elsewhere(call);
	} else if (call->what != OPERATION_REPLACE) {
		ask_next(call);
	} else {
		err = router_message_get(call->router, span_of(call->conversation), call->seq,
		                         on_original, call);
		if (err)
			ask_end(call, router_redis_error(err));
	}
}

static int ask(struct router *r, struct span conversation, uint64_t seq,
               enum connector_operation what, bool here, struct span text, router_asked_fn *fn,
               void *arg)
{
	struct ask_call *call = calloc(1, sizeof(*call));
	struct span argv[2] = {SPAN_LIT("HGETALL")};
	char key[ASKED_KEY_MAX];
	int err = -ENOMEM;

	if (!call)
		return err;
	*call = (struct ask_call){.router = r,
	                          .what = what,
	                          .here = here,
	                          .seq = seq,
	                          .told = {.status = STATUS_SENT},
	                          .text = span_dup(text),
	                          .fn = fn,
	                          .arg = arg};
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	argv[1] = asked_key(conversation, seq, key, sizeof(key));
	if (call->text)
		err = router_command(r, ARRAY_LEN(argv), argv, on_kept, call);
	if (err) {
		free(call->text);
		free(call);
	}
	return err;
}

int router_ask(struct router *r, struct span conversation, uint64_t seq,
               enum connector_operation what, struct span text, router_asked_fn *fn, void *arg)
{
	return ask(r, conversation, seq, what, false, text, fn, arg);
}

int operations_ask_here(struct router *r, struct span conversation, uint64_t seq,
                        enum connector_operation what, struct span text, router_asked_fn *fn,
                        void *arg)
{
	return ask(r, conversation, seq, what, true, text, fn, arg);
}

/* --- Reachable again -------------------------------------------------------------------------- */

void connector_reachable(struct connector_host *host, struct span address)
{
	unsigned woken = outbound_wake(host, address);

	*metric_get(METRIC_COUNTER, "posthouse_reachable_total",
	            "customers that a peer said can be reached again", "channel", host->name) += 1;
	log_debug(&host->log, EVENT("router.reachable"), ADDR("customer", address),
	          NUM("woken", woken));
}
