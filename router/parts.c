/*
 * Parts of long inbound messages, kept in Redis (redis/parts.lua) until all are there, for all
 * binds and nodes of a channel. Whoever keeps the last one gets the whole; what never becomes whole
 * is told after its time, on the heartbeat.
 */
#include "router_private.h"

#include <stdlib.h>

struct part_call {
	struct connector_host *host;
	struct span key; /* copied behind this struct */
	uint64_t unsure, since_ms;
	part_fn *fn;
	void *arg;
};

enum { PARTS_MAX = 255, PART_OCTETS_MAX = 255, REPLY_HEAD = 5 };

/* The reply of ph_part or an item of ph_parts_due, as message_parts; parts points into storage. */
static bool parts_decode(const redisReply *reply, struct span key, struct span *storage,
                         struct message_parts *out)
{
	uint64_t total = redis_num_at(reply, 2);

	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements < REPLY_HEAD ||
	    total > PARTS_MAX)
		return false;
	*out = (struct message_parts){
		.key = key,
		.meta = redis_text_at(reply, 0),
		.generation = redis_num_at(reply, 1),
		.total = (uint16_t)total,
		.present = (uint16_t)redis_num_at(reply, 3),
		.told = (uint16_t)redis_num_at(reply, 4),
		.parts = storage,
	};
	memset(storage, 0, sizeof(*storage) * PARTS_MAX);
	for (size_t i = REPLY_HEAD; i + 1 < reply->elements; i += 2) {
		uint64_t number = redis_num_at(reply, i);

		if (number >= 1 && number <= total)
			storage[number - 1] = redis_text_at(reply, i + 1);
	}
	return true;
}

static void on_part(void *arg, int err, const redisReply *reply, const char *why)
{
	struct part_call *call = arg;
	struct span storage[PARTS_MAX];
	struct message_parts parts;
	bool whole = !err && parts_decode(reply, call->key, storage, &parts);

	if (!err && span_is(redis_text_at(reply, 0), "full") && !whole)
		err = -ENOSPC;
	if (err && err != -ENOSPC)
		unsure_note(call->host, call->unsure, call->since_ms);
	else
		unsure_forget(call->host, call->unsure);
	if (err)
		log_warn(&call->host->log, EVENT("router.part_failed"), ERR(err), STR("why", why));
	call->fn(call->arg, err ? -EAGAIN : 0, whole ? &parts : NULL);
	free(call);
}

/* A generation that was set aside stays where its key is. */
static struct span partition_of_key(struct span key)
{
	struct span generation;

	return router_partition(router_partition_hash(span_split(key, '\x1f', &generation)));
}

static bool part_is_sane(const struct message_part *part)
{
	return part->total >= 2 && part->total <= PARTS_MAX && part->number >= 1 &&
	       part->number <= part->total && part->octets.len <= PART_OCTETS_MAX &&
	       part->key.len <= 256 && part->meta.len <= 1024;
}

/* Its name among what may come again. */
static uint64_t name_of(const struct message_part *part)
{
	const uint64_t of[] = {hash_octets(part->key.ptr, part->key.len),
	                       hash_octets(part->octets.ptr, part->octets.len), part->number};

	return hash_octets(of, sizeof(of));
}

void connector_part(struct connector_host *host, const struct message_part *part, part_fn *fn,
                    void *arg)
{
	struct router *r = host->router;
	struct fcall_args *a = router_args(r);
	struct part_call *call;
	uint64_t since_ms;

	if (!part_is_sane(part)) {
		fn(arg, -EMSGSIZE, NULL);
		return;
	}
	call = malloc(sizeof(*call) + part->key.len);
	if (!call) {
		fn(arg, -EAGAIN, NULL);
		return;
	}
	memcpy(call + 1, part->key.ptr, part->key.len);
	*call = (struct part_call){
		.host = host,
		.key = {(const char *)(call + 1), part->key.len},
		.unsure = name_of(part),
		.since_ms = router_now(r),
		.fn = fn,
		.arg = arg,
	};
	since_ms = unsure_since(host, call->unsure, call->since_ms);
	args_add(a, span_of(host->name));
	args_add(a, part->key);
	args_num(a, part->number);
	args_num(a, part->total);
	args_add(a, part->octets);
	args_add(a, part->meta);
	args_num(a, router_now(r));
	args_num(a, part->timeout_ms ? part->timeout_ms : PART_TIMEOUT_MS);
	args_num(a, PART_KEEP_MS);
	args_num(a, PART_KEEP_OPEN_MS);
	args_add(a, since_ms ? SPAN_LIT("unsure") : part->epoch);
	args_num(a, since_ms ? since_ms : part->resend_after_ms);
	args_num(a, PARTS_OPEN_MAX);
	if (router_fcall(r, "ph_part", partition_of_key(part->key), on_part, call)) {
		free(call);
		fn(arg, -EAGAIN, NULL);
	}
}

void connector_on_parts(struct connector_host *host,
                        void (*fn)(void *self, const struct message_parts *parts))
{
	host->on_parts = fn;
}

void connector_parts_done(struct connector_host *host, const struct message_parts *parts)
{
	struct fcall_args *a = router_args(host->router);

	args_add(a, span_of(host->name));
	args_add(a, parts->key);
	args_num(a, parts->generation);
	args_num(a, parts->present);
	args_num(a, PART_KEEP_MS);
	args_num(a, PART_MEND_MS);
	/* When this is lost the parts are told again, and known by their dup_key. */
	if (router_fcall(host->router, "ph_part_done", partition_of_key(parts->key), NULL, NULL))
		return;
}

/* One long message whose time is over; name is "CHANNEL KEY". */
static void part_due(struct router *r, struct span name, const redisReply *reply)
{
	struct span storage[PARTS_MAX];
	struct span key;
	struct connector_host *host = router_host(r, span_split(name, ' ', &key));
	struct message_parts parts;

	if (!host || !host->on_parts || !parts_decode(reply, key, storage, &parts))
		return;
	parts.timed_out = parts.present < parts.total;
	host->on_parts(host->self, &parts);
}

static void on_parts_due(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
	     i += 2)
		part_due(arg, redis_text_at(reply, i), reply->element[i + 1]);
}

void parts_due(struct router *r)
{
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++) {
		struct fcall_args *a = router_args(r);

		args_num(a, router_now(r));
		args_num(a, 20);
		args_num(a, PART_TIMEOUT_MS);
		if (router_fcall(r, "ph_parts_due", router_partition(p), on_parts_due, r))
			return;
	}
}
