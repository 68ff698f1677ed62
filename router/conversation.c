/* Reading a conversation, and telling who watches that it moved. */
#include "router_private.h"

#include <stdlib.h>

enum { READ_MAX = 500 };

/* --- Reading -----------------------------------------------------------------------------------
 */

struct read_call {
	unsigned limit;
	bool backward;
	router_read_fn *fn;
	void *arg;
};

/* Decodes count entries, from index first of reply, the first of which has number seq; what cannot
 * be read is left out. */
static size_t decode_all(const redisReply *reply, size_t first, size_t count, uint64_t seq,
                         struct log_entry *entries, struct log_event *events)
{
	size_t out = 0;

	for (size_t i = 0; i < count; i++) {
		if (log_decode(seq + i, redis_text_at(reply, first + i), &entries[out]))
			continue;
		events[out] = entries[out].event;
		out++;
	}
	return out;
}

/* {number of the first, entry, ...}: one more than asked for where there are more, at the far end.
 */
static void on_read(void *arg, int err, const redisReply *reply, const char *why)
{
	struct read_call *call = arg;
	size_t count = err || reply->type != REDIS_REPLY_ARRAY || !reply->elements
	                       ? 0
	                       : reply->elements - 1;
	bool more = count > call->limit;
	size_t skip = more && call->backward ? 1 : 0;
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
	if (count)
		count = decode_all(reply, 1 + skip, count, redis_num_at(reply, 0) + skip, entries,
		                   events);
	call->fn(call->arg, &error, events, count, more);
	free(entries);
	free(events);
	free(call);
}

int router_read(struct router *r, struct span conversation, uint64_t since, uint64_t before,
                unsigned limit, router_read_fn *fn, void *arg)
{
	struct read_call *call = malloc(sizeof(*call));
	struct fcall_args *a = router_args(r);
	int err;

	if (!call)
		return -ENOMEM;
	if (limit > READ_MAX)
		limit = READ_MAX;
	*call = (struct read_call){limit, before > 0, fn, arg};
	args_add(a, conversation);
	args_num(a, since);
	args_num(a, before);
	args_num(a, limit);
	err = router_fcall(r, "ph2_read", router_part(conversation), on_read, call);
	if (err)
		free(call);
	return err;
}

/* A message as its log shows it, and the state that Redis has for it: that it was sent is written
 * into the log only where somebody looks. */
struct message_call {
	struct router *router;
	uint64_t seq;
	router_message_fn *fn;
	void *arg;
};

/* What completes the message takes its place; the time stays that of its first word. */
static void fold_edit(struct message *m, struct span text)
{
	struct log_entry edit;

	if (!text.len || log_decode(0, text, &edit) || edit.event.type != LOG_EDIT)
		return;
	m->kind = edit.message.kind;
	m->text = edit.message.text;
	m->data = edit.message.data;
	m->marks = edit.message.marks;
}

/* Nothing was written: that no receipt came is only seen when somebody looks. */
static void look_for_receipt(const struct message_call *call, const struct message *m,
                             struct router_message *out)
{
	const struct connector_host *host = router_host(call->router, m->channel);

	if (out->status != STATUS_SENT || m->direction != MESSAGE_OUT || !host ||
	    !receipts_overdue(host, m, router_now(call->router)))
		return;
	out->status = STATUS_UNKNOWN;
	out->code = SPAN_LIT("no_receipt");
	out->reason = SPAN_LIT("the channel took it, and never said what became of it");
}

/* {entry, letter, the last that was said of it, what completes it}, or {}. */
static void read_message(const struct message_call *call, const redisReply *reply,
                         struct log_entry *entry, struct log_entry *said,
                         struct router_message *out)
{
	struct span letter = redis_text_at(reply, 1);
	struct span last = redis_text_at(reply, 2), first;

	if (log_decode(call->seq, redis_text_at(reply, 0), entry) || !letter.len) {
		out->error = router_refused(SPAN_LIT("message_unknown"));
		return;
	}
	first = entry->message.text;
	fold_edit(&entry->message, redis_text_at(reply, 3));
	if (entry->message.marks & MARK_REPLACED)
		out->first_text = first;
	out->event = &entry->event;
	out->status = log_status_of(letter.ptr[0]);
	out->status_ts_ms = entry->event.ts_ms;
	out->marks = entry->message.marks;
	out->letters = redis_text_at(reply, 4);
	if (!last.len || log_decode(0, last, said))
		return;
	out->status_ts_ms = said->event.ts_ms;
	out->marks |= said->event.marks;
	out->attempts = said->event.attempts;
	if (said->event.status != out->status)
		return;
	out->code = said->event.code;
	out->reason = said->event.reason;
}

static void on_message(void *arg, int err, const redisReply *reply, const char *why)
{
	struct message_call *call = arg;
	struct router_message out = {0};
	struct log_entry entry, said;

	(void)why;
	if (err)
		out.error = router_redis_error(err);
	else
		read_message(call, reply, &entry, &said, &out);
	if (out.event)
		look_for_receipt(call, &entry.message, &out);
	call->fn(call->arg, &out);
	free(call);
}

int router_message_get(struct router *r, struct span conversation, uint64_t seq,
                       router_message_fn *fn, void *arg)
{
	struct message_call *call = malloc(sizeof(*call));
	struct fcall_args *a = router_args(r);
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct message_call){r, seq, fn, arg};
	args_add(a, conversation);
	args_num(a, seq);
	err = router_fcall(r, "ph2_message", router_part(conversation), on_message, call);
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

/* The grants of a conversation as they stand. */
struct ledger {
	uint64_t long_left, long_until, short_left, short_until;
};

/* What field of its head goes where: a span, or a number. */
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
	TEXT("ad", address),
	TEXT("ch", channel),
	TEXT("ag", agent),
	TEXT("qu", queue),
	TEXT("sid", session),
	TEXT("lg", lang),
	NUMBER("wait", waiting_since_ms),
	NUMBER("seq", seq),
	NUMBER("rs", read_seq),
	NUMBER("un", unread),
	NUMBER("t0", first_ms),
	NUMBER("last", last_ms),
	NUMBER("n", messages),
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

/* The last message, in short. */
static void summary_last(struct conversation_summary *s, struct span text)
{
	struct log_entry entry;

	if (log_decode(0, text, &entry) || !entry.event.message)
		return;
	s->last_text = utf8_cut(entry.message.text, LAST_TEXT_MAX);
}

/* "UNTIL HOW BY", or empty. */
static void summary_verified(struct conversation_summary *s, struct span text)
{
	s->verified_until_ms = next_num(&text);
	s->verified_how = span_split(text, ' ', &s->verified_by);
}

static void summary_field(struct conversation_summary *s, struct ledger *ledger, struct span name,
                          const redisReply *value)
{
	read_ledger(ledger, name, redis_num(value));
	if (span_is(name, "sst") && session_state_parse(redis_text(value), &s->state))
		s->state = SESSION_NONE;
	if (span_is(name, "li"))
		s->last_in = redis_num(value) != 0;
	if (span_is(name, "le"))
		summary_last(s, redis_text(value));
	if (span_is(name, "vf"))
		summary_verified(s, redis_text(value));
	for (size_t i = 0; i < ARRAY_LEN(summary_fields); i++) {
		const struct summary_field *f = &summary_fields[i];

		if (!span_is(name, f->name))
			continue;
		if (f->span_at)
			*(struct span *)(void *)((char *)s + f->span_at - 1) = redis_text(value);
		else
			*(uint64_t *)(void *)((char *)s + f->num_at - 1) = redis_num(value);
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
		summary_field(&s, &ledger, redis_text_at(reply, i), reply->element[i + 1]);
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
	struct fcall_args *a = router_args(r);
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
	args_add(a, conversation);
	err = router_fcall(r, "ph2_conversation", router_part(conversation), on_summary, call);
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
	if (router_fcall(r, "ph2_mark_read", router_part(conversation), NULL, NULL))
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
