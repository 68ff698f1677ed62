/* Gathered calls: one under way for each partition, and more when there is much to do. */
#include "batch.h"

#include "router_private.h"

#include <stdlib.h>

enum {
	ITEMS_MAX = 64,     /* of a call: Redis does nothing else meanwhile */
	ITEMS_ENOUGH = 32,  /* to be worth another call beside one that is under way */
	CALLS_MAX = 4,      /* of a partition, under way at once */
	WAITING_MAX = 4096, /* of a partition */
	OCTETS_MAX = 64 << 20
};

struct item {
	redis_fn *fn;
	void *arg;
	size_t end; /* in the queue's octets */
};

/* A call under way; its items follow. */
struct batch_call {
	struct queue *queue;
	size_t count;
	struct item items[];
};

struct queue {
	struct batch *batch;
	unsigned partition;
	struct buf octets;
	struct item *items; /* that wait */
	size_t count, room;
	unsigned calls; /* under way */
};

struct batch {
	struct router *router;
	const char *function;
	uint64_t gather_ms;
	batch_common_fn *common;
	void *arg;
	struct io_timer *timer;
	struct io_later later;
	struct buf head;
	bool closing;
	struct queue queues[ROUTER_PARTITIONS];
};

static void on_gathered(void *arg)
{
	batch_flush(arg);
}

int batch_create(struct router *router, const char *function, uint64_t gather_ms,
                 batch_common_fn *common, void *arg, struct batch **out)
{
	struct batch *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->router = router;
	b->function = function;
	b->gather_ms = gather_ms;
	b->common = common;
	b->arg = arg;
	b->later = (struct io_later){.fn = on_gathered, .arg = b};
	buf_init(&b->head, 4096);
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		b->queues[p].batch = b;
		b->queues[p].partition = p;
		buf_init(&b->queues[p].octets, OCTETS_MAX);
	}
	err = io_timer_create(router->loop, function, on_gathered, b, &b->timer);
	if (err) {
		batch_destroy(&b);
		return err;
	}
	*out = b;
	return 0;
}

/* Takes the first count items out of the queue. */
static void forget(struct queue *q, size_t count)
{
	size_t end = count ? q->items[count - 1].end : 0;

	for (size_t i = count; i < q->count; i++) {
		q->items[i - count] = q->items[i];
		q->items[i - count].end -= end;
	}
	q->count -= count;
	buf_drop(&q->octets, end);
}

static void fail_waiting(struct queue *q, int err, const char *why)
{
	while (q->count) {
		struct item first = q->items[0];

		forget(q, 1);
		if (first.fn)
			first.fn(first.arg, err, NULL, why);
	}
}

static int call_next(struct queue *q, const char **why);

/* What waits hears that it failed after what is under way: they are told in their order. */
static void fail_all(struct queue *q, int err, const char *why)
{
	if (!q->calls)
		fail_waiting(q, err, why);
}

/* Each item hears of its own; "e" is one that the function could not carry out. */
static void tell(const struct item *item, size_t i, int err, const redisReply *reply,
                 const char *why)
{
	const redisReply *own = err ? reply : redis_at(reply, i);

	if (!item->fn)
		return;
	if (!err && (!own || span_is(redis_text(own), "e")))
		item->fn(item->arg, -EIO, NULL, "failed in the function");
	else
		item->fn(item->arg, err, own, why);
}

static void on_answer(void *arg, int err, const redisReply *reply, const char *why)
{
	struct batch_call *call = arg;
	struct queue *q = call->queue;
	const char *why_next = why;
	int err_next = err;

	q->calls--;
	if (!err) /* first: Redis need not wait for what we do with its answer */
		err_next = call_next(q, &why_next);
	for (size_t i = 0; i < call->count; i++)
		tell(&call->items[i], i, err, reply, why);
	free(call);
	if (err_next)
		fail_all(q, err_next, why_next);
}

static void call_args(struct queue *q, size_t count)
{
	struct batch *b = q->batch;
	struct fcall_args *a = router_args(b->router);
	size_t at = 0;

	buf_clear(&b->head);
	b->common(b->arg, &b->head);
	args_add(a, buf_span(&b->head));
	for (size_t i = 0; i < count; i++) {
		args_add(a, (struct span){q->octets.data + at, q->items[i].end - at});
		at = q->items[i].end;
	}
}

/* Calls of a partition are carried out in their order, over one link. */
static bool may_call(const struct queue *q)
{
	size_t enough = q->calls ? ITEMS_ENOUGH : 1;

	return q->count >= enough && q->calls < CALLS_MAX && !q->batch->closing;
}

/* Nothing is taken out of the queue on an error. */
static int call_next(struct queue *q, const char **why)
{
	size_t count = q->count < ITEMS_MAX ? q->count : ITEMS_MAX;
	struct batch_call *call;
	int err;

	if (!may_call(q))
		return 0;
	call = malloc(sizeof(*call) + count * sizeof(call->items[0]));
	if (!call) {
		*why = "out of memory";
		return -ENOMEM;
	}
	call->queue = q;
	call->count = count;
	memcpy(call->items, q->items, count * sizeof(call->items[0]));
	call_args(q, count);
	err = router_fcall(q->batch->router, q->batch->function, router_partition(q->partition),
	                   on_answer, call);
	if (err) {
		free(call);
		*why = "Redis cannot be reached";
		return err;
	}
	q->calls++;
	forget(q, count);
	return 0;
}

static void flush(struct queue *q)
{
	const char *why = NULL;
	int err = call_next(q, &why);

	if (err)
		fail_all(q, err, why);
}

void batch_flush(struct batch *b)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		flush(&b->queues[p]);
}

struct buf *batch_item(struct batch *b, unsigned partition)
{
	return &b->queues[partition].octets;
}

static int room_for_one(struct queue *q)
{
	size_t room = q->room ? q->room * 2 : ITEMS_MAX;
	struct item *items;

	if (q->count < q->room)
		return 0;
	if (q->count >= WAITING_MAX)
		return -EAGAIN;
	items = realloc(q->items, room * sizeof(*items));
	if (!items)
		return -ENOMEM;
	q->items = items;
	q->room = room;
	return 0;
}

int batch_add(struct batch *b, unsigned partition, redis_fn *fn, void *arg)
{
	struct queue *q = &b->queues[partition];
	int err = b->router->up ? buf_check(&q->octets) : -ENOTCONN;

	if (!err)
		err = room_for_one(q);
	if (err) {
		q->octets.len = q->count ? q->items[q->count - 1].end : 0;
		q->octets.err = 0;
		return err;
	}
	q->items[q->count++] = (struct item){fn, arg, q->octets.len};
	if (!may_call(q))
		return 0;
	if (!b->gather_ms)
		io_later(b->router->loop, &b->later);
	else if (!io_timer_active(b->timer))
		io_timer_start(b->timer, b->gather_ms, 0);
	return 0;
}

void batch_destroy(struct batch **at)
{
	struct batch *b = *at;

	if (!b)
		return;
	*at = NULL;
	b->closing = true;
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		fail_waiting(&b->queues[p], -ECANCELED, "shutting down");
		buf_fini(&b->queues[p].octets);
		free(b->queues[p].items);
	}
	buf_fini(&b->head);
	io_later_cancel(b->router->loop, &b->later);
	io_timer_destroy(&b->timer);
	free(b);
}
