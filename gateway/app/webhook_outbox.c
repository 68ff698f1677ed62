/*
 * From the router's outboxes to the webhooks' streams. An entry leaves its outbox only after every
 * webhook that wants it has it, so a node that dies between makes a repeat, with the same id, and
 * never a gap.
 */
#include "webhook_private.h"

#include <stdio.h>
#include <stdlib.h>

/* The entries of one partition that are being told. */
struct webhook_batch {
	struct webhooks *all;
	unsigned partition;
	char key[ROUTER_OUTBOX_KEY_LEN];
	unsigned open; /* entries not yet done, and one for the loop that makes them */
};

/* One webhook's share of an entry. */
struct share {
	struct webhook_entry *entry;
	struct webhook *hook;
};

static void batch_close(struct webhook_batch *b)
{
	if (--b->open)
		return;
	b->all->reading &= ~(1U << b->partition);
	free(b);
}

void webhook_entry_close(struct webhook_entry *e)
{
	struct webhooks *w = e->batch->all;
	const struct span argv[] = {SPAN_LIT("XDEL"), span_of(e->batch->key),
	                            span_of(e->stream_id)};
	int err = 0;

	if (--e->open)
		return;
	if (!e->failed)
		err = redis_command(w->options.redis, ARRAY_LEN(argv), argv, NULL, NULL);
	(void)err; /* it is told again, with the same id */
	batch_close(e->batch);
	free(e);
}

static void on_added(void *arg, int err, const redisReply *reply, const char *why)
{
	struct share *s = arg;

	(void)reply;
	(void)why;
	if (err)
		s->entry->failed = true;
	else
		webhook_more(s->hook);
	webhook_entry_close(s->entry);
	free(s);
}

static void on_trimmed(void *arg, int err, const redisReply *reply, const char *why)
{
	uint64_t dropped = redis_num(reply);

	(void)why;
	if (!err && dropped)
		webhook_lost(arg, dropped);
}

struct webhooks *webhook_entry_of(const struct webhook_entry *e)
{
	return e->batch->all;
}

/* What the stream has over its bound is dropped. */
static void trim(struct webhook *hook)
{
	char keep[24];
	struct span argv[] = {SPAN_LIT("XTRIM"), span_of(hook->key), SPAN_LIT("MAXLEN"), SPAN_NONE};
	int err;

	snprintf(keep, sizeof(keep), "%lld", (long long)hook->target.keep);
	argv[3] = span_of(keep);
	err = redis_command(hook->all->options.redis, ARRAY_LEN(argv), argv, on_trimmed, hook);
	(void)err; /* the next one trims */
}

void webhook_entry_add(struct webhook_entry *e, struct webhook *hook, struct span content)
{
	const struct span argv[] = {SPAN_LIT("XADD"), span_of(hook->key), SPAN_LIT("*"),
	                            hook->target.user ? SPAN_LIT("u") : SPAN_LIT("b"), content};
	struct share *s = malloc(sizeof(*s));

	if (!s) {
		e->failed = true;
		return;
	}
	*s = (struct share){e, hook};
	if (redis_command(hook->all->options.redis, ARRAY_LEN(argv), argv, on_added, s)) {
		free(s);
		e->failed = true;
		return;
	}
	e->open++;
	trim(hook);
}

static bool wants(const struct webhook *hook, const char *type)
{
	for (char *const *t = hook->target.events; t && *t; t++)
		if (strcmp(*t, type) == 0)
			return true;
	return false;
}

/* An event that cannot be told, now or later, must not hold up the others. */
static void give_out(struct webhook_entry *e, const struct log_event *event)
{
	struct webhooks *w = e->batch->all;
	const char *type = webhook_event_type(event);
	char *body = type ? webhook_event_text(span_of(e->conversation), span_of(e->address), event,
	                                       type)
	                  : NULL;

	for (size_t i = 0; type && i < w->count; i++) {
		if (!wants(&w->hooks[i], type))
			continue;
		if (body)
			webhook_entry_add(e, &w->hooks[i], span_of(body));
		else
			webhook_lost(&w->hooks[i], 1);
	}
	free(body);
	if (w->reports && event->type == LOG_STATUS)
		webhook_report(e, event);
}

/* What Redis refuses now it refuses always; what it could not do it may do later. */
static bool may_be_read_later(int err)
{
	return err != -ENOENT && err != -EIO;
}

/* Nobody can read it: told to nobody, and it must not hold up the others. */
static void read_failed(struct webhook_entry *e, int err)
{
	struct webhooks *w = e->batch->all;

	e->failed = may_be_read_later(err);
	for (size_t i = 0; err == -EIO && i < w->count; i++)
		if (!w->hooks[i].target.user)
			webhook_lost(&w->hooks[i], 1);
}

static void on_event(void *arg, const struct router_error *error, const struct log_event *events,
                     size_t count, bool more)
{
	struct webhook_entry *e = arg;

	(void)more;
	if (error && error->err)
		read_failed(e, error->err);
	else if (count && events[0].seq == e->seq)
		give_out(e,
		         &events[0]); /* else the log is shorter than the outbox: nothing to tell */
	webhook_entry_close(e);
}

static void on_summary(void *arg, const struct router_error *error,
                       const struct conversation_summary *summary)
{
	struct webhook_entry *e = arg;

	if (error && error->err) {
		read_failed(e, error->err);
		webhook_entry_close(e);
		return;
	}
	snprintf(e->address, sizeof(e->address), "%.*s", SPAN_FMT(summary->address));
	if (router_read(e->batch->all->options.router, span_of(e->conversation), e->seq - 1, 0, 1,
	                on_event, e)) {
		e->failed = true;
		webhook_entry_close(e);
	}
}

/* False: not an entry of the outbox. */
static bool entry_read(struct webhook_entry *e, const redisReply *row)
{
	struct span id = redis_text_at(row, 0);
	const redisReply *fields = redis_at(row, 1);
	struct span conversation = redis_field(fields, "c");

	snprintf(e->stream_id, sizeof(e->stream_id), "%.*s", SPAN_FMT(id));
	snprintf(e->conversation, sizeof(e->conversation), "%.*s", SPAN_FMT(conversation));
	return conversation.len == CONVERSATION_ID_LEN &&
	       span_u64(redis_field(fields, "s"), &e->seq) == 0 && e->seq > 0;
}

static void entry_open(struct webhook_batch *b, const redisReply *row)
{
	struct webhook_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return;
	e->batch = b;
	e->open = 1;
	b->open++;
	if (!entry_read(e, row))
		webhook_entry_close(e); /* removed: nobody could ever tell it */
	else if (router_summary(b->all->options.router, span_of(e->conversation), on_summary, e)) {
		e->failed = true;
		webhook_entry_close(e);
	}
}

static void on_entries(void *arg, int err, const redisReply *reply, const char *why)
{
	struct webhook_batch *b = arg;

	(void)why;
	for (size_t i = 0; !err && !b->all->stopped && i < reply->elements; i++)
		entry_open(b, reply->element[i]);
	batch_close(b);
}

static void read_partition(struct webhooks *w, unsigned partition)
{
	struct webhook_batch *b = calloc(1, sizeof(*b));
	struct span argv[] = {SPAN_LIT("XRANGE"), SPAN_NONE,         SPAN_LIT("-"),
	                      SPAN_LIT("+"),      SPAN_LIT("COUNT"), SPAN_LIT("64")};

	if (!b)
		return;
	*b = (struct webhook_batch){.all = w, .partition = partition, .open = 1};
	router_outbox_key(partition, b->key);
	argv[1] = span_of(b->key);
	w->reading |= 1U << partition;
	if (redis_command(w->options.redis, ARRAY_LEN(argv), argv, on_entries, b))
		batch_close(b);
}

void webhook_outbox_read(struct webhooks *w)
{
	for (unsigned i = 0; i < ROUTER_PARTITIONS; i++)
		if (!(w->reading & 1U << i))
			read_partition(w, i);
}
