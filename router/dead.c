/*
 * Dead letters: outbound messages that finally failed. Each partition keeps its own; a page is the
 * newest of all, so each is asked for a page of its own.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_MAX = 100, NAME_MAX_LEN = CONVERSATION_ID_LEN + 24, CURSOR_MAX = 24 + NAME_MAX_LEN };

/* A call to all partitions. Answers are kept until the last is there. */
struct dead_call {
	struct router *router;
	unsigned left;
	int err;
	unsigned limit;
	uint64_t until;           /* the cursor's: failed then, and after it in order */
	char after[NAME_MAX_LEN]; /* "C seq" */
	router_dead_fn *list;
	router_count_fn *count;
	void *arg;
	uint64_t total;
	struct dead_row *rows;
	size_t row_count, row_room;
};

/* A letter with what it is read from. */
struct dead_row {
	struct router_dead_letter letter;
	struct log_entry entry, said;
	char name[NAME_MAX_LEN]; /* "C seq" */
	char *text, *said_text;
};

/* Newest first; of one instant by name. */
static int compare(const void *a, const void *b)
{
	const struct dead_row *x = a, *y = b;

	if (x->letter.failed_ms != y->letter.failed_ms)
		return x->letter.failed_ms > y->letter.failed_ms ? -1 : 1;
	return strcmp(y->name, x->name);
}

static void row_read(struct dead_row *row, const redisReply *reply)
{
	struct router_dead_letter *l = &row->letter;
	struct span conversation = redis_text_at(reply, 0);

	l->seq = redis_num_at(reply, 1);
	l->failed_ms = redis_num_at(reply, 2);
	snprintf(row->name, sizeof(row->name), "%.*s %llu", SPAN_FMT(conversation),
	         (unsigned long long)l->seq);
	row->text = span_dup(redis_text_at(reply, 3));
	row->said_text = span_dup(redis_text_at(reply, 4));
}

/* Spans point into the row: only when it stays where it is. */
static void row_decode(struct dead_row *row)
{
	struct router_dead_letter *l = &row->letter;

	l->conversation = (struct span){row->name, strcspn(row->name, " ")};
	if (row->text && log_decode(l->seq, span_of(row->text), &row->entry) == 0)
		l->event = &row->entry.event;
	if (!row->said_text || log_decode(0, span_of(row->said_text), &row->said))
		return;
	l->code = row->said.event.code;
	l->reason = row->said.event.reason;
	l->attempts = row->said.event.attempts;
}

static int row_add(struct dead_call *call, const redisReply *reply)
{
	struct dead_row row = {0};

	if (call->row_count == call->row_room) {
		size_t room = call->row_room ? call->row_room * 2 : PAGE_MAX;
		struct dead_row *rows = realloc(call->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		call->rows = rows;
		call->row_room = room;
	}
	row_read(&row, reply);
	call->rows[call->row_count++] = row;
	return 0;
}

/* "FAILED_MS.CONVERSATION-SEQ" of the last one that was shown. */
static void write_cursor(const struct router_dead_letter *l, char *out, size_t size)
{
	snprintf(out, size, "%llu.%.*s-%llu", (unsigned long long)l->failed_ms,
	         SPAN_FMT(l->conversation), (unsigned long long)l->seq);
}

static void tell_page(struct dead_call *call, const struct router_error *error)
{
	struct router_dead_letter page[PAGE_MAX];
	size_t count = call->row_count < call->limit ? call->row_count : call->limit;
	char next[CURSOR_MAX] = "";

	if (call->row_count)
		qsort(call->rows, call->row_count, sizeof(*call->rows), compare);
	for (size_t i = 0; i < count; i++) {
		row_decode(&call->rows[i]);
		page[i] = call->rows[i].letter;
	}
	if (call->row_count > count && count)
		write_cursor(&call->rows[count - 1].letter, next, sizeof(next));
	call->list(call->arg, error, page, error->err ? 0 : count, next);
}

static void call_end(struct dead_call *call)
{
	struct router_error error = {0};

	if (--call->left)
		return;
	if (call->err)
		error = router_redis_error(call->err);
	if (call->list)
		tell_page(call, &error);
	else if (call->count)
		call->count(call->arg, &error, call->total);
	for (size_t i = 0; i < call->row_count; i++) {
		free(call->rows[i].text);
		free(call->rows[i].said_text);
	}
	free(call->rows);
	free(call);
}

static void on_partition(void *arg, int err, const redisReply *reply, const char *why)
{
	struct dead_call *call = arg;

	(void)why;
	if (err)
		call->err = err;
	else if (call->count)
		call->total += redis_num(reply);
	for (size_t i = 0; !err && call->list && i < reply->elements; i++)
		if (row_add(call, reply->element[i]))
			call->err = -ENOMEM;
	call_end(call);
}

static int ask_all(struct dead_call *call, const char *function, struct span channel)
{
	struct router *r = call->router;
	char until[24];
	int err = -ENOTCONN;

	snprintf(until, sizeof(until), "%llu", (unsigned long long)call->until);
	call->left = 1;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		struct fcall_args *a = router_args(r);

		args_add(a, channel);
		args_add(a, call->after[0] ? span_of(until) : SPAN_LIT("+inf"));
		args_add(a, span_of(call->after));
		args_num(a, call->limit + 1); /* whether there are more */
		err = router_fcall(r, function, router_partition(p), on_partition, call);
		if (err)
			break;
		call->left++;
	}
	if (err && call->left == 1) {
		free(call);
		return err;
	}
	if (err)
		call->err = err;
	call_end(call);
	return 0;
}

static int read_cursor(struct dead_call *call, struct span cursor)
{
	struct span name;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;

	if (!cursor.len)
		return 0;
	if (span_u64(span_split(cursor, '.', &name), &call->until) ||
	    router_message_id_parse(name, conversation, &seq))
		return -EINVAL;
	snprintf(call->after, sizeof(call->after), "%s %llu", conversation,
	         (unsigned long long)seq);
	return 0;
}

int router_dead_list(struct router *r, struct span channel, struct span cursor, unsigned limit,
                     router_dead_fn *fn, void *arg)
{
	struct dead_call *call = calloc(1, sizeof(*call));
	int err;

	if (!call)
		return -ENOMEM;
	call->router = r;
	call->limit = limit < 1 ? 1 : limit > PAGE_MAX ? PAGE_MAX : limit;
	call->list = fn;
	call->arg = arg;
	err = read_cursor(call, cursor);
	if (err) {
		free(call);
		return err;
	}
	return ask_all(call, "ph2_dead", channel);
}

int router_dead_count(struct router *r, struct span channel, router_count_fn *fn, void *arg)
{
	struct dead_call *call = calloc(1, sizeof(*call));

	if (!call)
		return -ENOMEM;
	call->router = r;
	call->count = fn;
	call->arg = arg;
	return ask_all(call, "ph2_dead_count", channel);
}

/* --- One letter ------------------------------------------------------------------------------ */

struct act_call {
	struct router *router;
	char *channel;
	char conversation[CONVERSATION_ID_LEN + 1];
	void (*fn)(void *arg, const struct router_error *error);
	void *arg;
};

/* "ok", the message's lane, or a refusal. */
static void on_act(void *arg, int err, const redisReply *reply, const char *why)
{
	struct act_call *call = arg;
	struct span answer = redis_text(reply), conversation = span_of(call->conversation);
	struct connector_host *host =
		call->channel ? router_host(call->router, span_of(call->channel)) : NULL;
	struct router_error error = {0};
	uint64_t lane;

	(void)why;
	if (err)
		error = router_redis_error(err);
	else if (span_is(answer, "message_unknown"))
		error = router_refused(answer);
	else if (host && span_u64(answer, &lane) == 0 && lane < LANE_COUNT)
		outbound_dirty(host, router_partition_of(conversation), (enum lane)lane);
	router_hint(call->router, conversation, 0);
	call->fn(call->arg, &error);
	free(call->channel);
	free(call);
}

int router_dead_do(struct router *r, struct span channel, struct span conversation, uint64_t seq,
                   enum router_dead_act act,
                   void (*fn)(void *arg, const struct router_error *error), void *arg)
{
	struct act_call *call = calloc(1, sizeof(*call));
	struct fcall_args *a = router_args(r);
	char id[300];
	int err;

	if (!call)
		return -ENOMEM;
	*call = (struct act_call){.router = r, .channel = span_dup(channel), .fn = fn, .arg = arg};
	snprintf(call->conversation, sizeof(call->conversation), "%.*s", SPAN_FMT(conversation));
	args_add(a, channel);
	args_add(a, conversation);
	args_num(a, seq);
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	snprintf(id, sizeof(id), "%s.%llu", r->instance, (unsigned long long)++r->acts);
	args_add(a, span_of(id));
	err = router_fcall(r, act == DEAD_REPLAY ? "ph2_replay" : "ph2_drop",
	                   router_part(conversation), on_act, call);
	if (err) {
		free(call->channel);
		free(call);
	}
	return err;
}
