/*
 * Which messages this node has in hand. Redis says it too (ph:f), but an answer that is lost on its
 * way leaves messages there that this node never saw: taken from a lane or appended as replies, and
 * nobody would ever send them while the node lives. So both are compared, after Redis was away and,
 * since what was asked over a lost connection may be carried out long after, from time to time by
 * number. What only Redis knows goes back to its lane. It was never sent, so it is not marked.
 */
#include "router_private.h"

#include <stdlib.h>

static bool key_of(struct in_hand_key *out, struct span conversation, uint64_t seq)
{
	if (conversation.len != sizeof(out->conversation))
		return false;
	*out = (struct in_hand_key){.seq = seq};
	memcpy(out->conversation, conversation.ptr, sizeof(out->conversation));
	return true;
}

static struct in_hand *find(struct connector_host *host, struct span conversation, uint64_t seq)
{
	struct in_hand *found = NULL;
	struct in_hand_key key;

	if (key_of(&key, conversation, seq))
		HASH_FIND(hh, host->in_hand, &key, sizeof(key), found);
	return found;
}

struct in_hand *in_hand_of(struct connector_host *host, const struct message *m)
{
	struct in_hand *it = find(host, m->conversation, m->seq);

	return it && it->claim == m->claim ? it : NULL;
}

int in_hand_add(struct connector_host *host, const struct message *m)
{
	struct in_hand *it = find(host, m->conversation, m->seq);

	if (it) {
		it->taken = it->given_back = false;
		it->claim = m->claim;
		return 0;
	}
	it = calloc(1, sizeof(*it));
	if (!it || !key_of(&it->key, m->conversation, m->seq)) {
		free(it);
		return -ENOMEM;
	}
	it->claim = m->claim;
	HASH_ADD(hh, host->in_hand, key, sizeof(it->key), it);
	host->in_hand_of[router_partition_of(m->conversation)]++;
	return 0;
}

void in_hand_remove(struct connector_host *host, struct span conversation, uint64_t seq,
                    uint64_t claim)
{
	struct in_hand *it = find(host, conversation, seq);

	if (!it || it->claim != claim)
		return;
	HASH_DEL(host->in_hand, it);
	host->in_hand_of[router_partition_of(conversation)]--;
	free(it);
}

void in_hand_fini(struct connector_host *host)
{
	struct in_hand *it, *next;

	HASH_ITER(hh, host->in_hand, it, next)
	{
		HASH_DEL(host->in_hand, it); /* NOLINT(clang-analyzer-unix.Malloc): uthash has its
		                                head elsewhere by now */
		free(it);
	}
}

/* {channel, conversation, seq, lane, claim}: Redis says that it is ours. */
static void compare(struct router *r, const redisReply *row)
{
	struct connector_host *host = router_host(r, redis_text_at(row, 0));
	uint64_t lane = redis_num_at(row, 3);
	const struct claimed claimed = {.conversation = redis_text_at(row, 1),
	                                .seq = redis_num_at(row, 2),
	                                .claim = redis_num_at(row, 4),
	                                .lane = (enum lane)lane};
	const struct in_hand *it = host ? find(host, claimed.conversation, claimed.seq) : NULL;

	if (host && lane < LANE_COUNT && !(it && it->claim == claimed.claim))
		outcome_of_unknown(host, &claimed, 'b', "");
}

static void on_mine(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)why;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		compare(arg, reply->element[i]);
}

static int ask_mine(struct router *r, unsigned partition)
{
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(r->instance));
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		args_add(a, span_of(h->name));
	return router_fcall(r, "ph2_mine", router_partition(partition), on_mine, r);
}

void in_hand_compare(struct router *r)
{
	/* Should one be lost: Redis was away again. */
	for (unsigned p = 0; p < ROUTER_PARTITIONS; p++)
		if (ask_mine(r, p))
			return;
}

struct count_call {
	struct router *router;
	unsigned partition;
};

static bool counts_differ(const struct count_call *call, const redisReply *reply)
{
	size_t i = 0;

	for (const struct connector_host *h = call->router->hosts; h; h = h->next)
		if (redis_num_at(reply, i++) != h->in_hand_of[call->partition])
			return true;
	return false;
}

/* One link carries all calls of a partition, in order: what was asked for before has been answered
 * or lost when this is, so what Redis counted then is what is known here by now. Other nodes of the
 * channel make it differ, too, which costs a closer look. */
static void on_counted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct count_call *call = arg;

	(void)why;
	if (!err && counts_differ(call, reply) && ask_mine(call->router, call->partition))
		log_debug(&call->router->log, EVENT("router.not_compared"));
	free(call);
}

void in_hand_count(struct router *r)
{
	struct count_call *call = malloc(sizeof(*call));
	struct fcall_args *a = router_args(r);

	if (!call)
		return;
	*call = (struct count_call){r, r->beats % ROUTER_PARTITIONS};
	for (const struct connector_host *h = r->hosts; h; h = h->next)
		args_add(a, span_of(h->name));
	if (router_fcall(r, "ph2_held", router_partition(call->partition), on_counted, call))
		free(call);
}
