/*
 * What a peer was told to bring again because no answer of Redis came. It may be kept all the same:
 * then what comes again is not another message, though it comes over the same connection, over
 * which the same text twice otherwise is two. So it is remembered here until it came again, with
 * when it came first: only what Redis has since then is it. Of several that are all the same each
 * is remembered under the name that it came by, for Redis may have kept some of them and not
 * others.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	UNSURE_MAX = 4096,
	UNSURE_SAME_MAX = 8,
	UNSURE_MS = 600000 /* a peer brings it again within 10 minutes */
};

/* uthash has its table in the first entry, and the analyzer cannot know that no entry freed is it.
 */
/* NOLINTBEGIN(clang-analyzer-unix.Malloc) */

struct unsure {
	UT_hash_handle hh;
	uint64_t key;
	uint64_t noted_ms; /* the first of them */
	size_t count;
	struct unsure_try tries[UNSURE_SAME_MAX]; /* the oldest first */
};

static struct unsure *find(const struct connector_host *host, uint64_t key)
{
	struct unsure *found = NULL;

	HASH_FIND(hh, host->unsure, &key, sizeof(key), found);
	return found;
}

static void drop(struct connector_host *host, struct unsure *it)
{
	HASH_DEL(host->unsure, it);
	free(it);
}

static bool is_over(const struct unsure *it, uint64_t now)
{
	return now >= it->noted_ms + UNSURE_MS;
}

/* They stand in the order in which they were noted. */
static void make_room(struct connector_host *host, uint64_t now)
{
	while (host->unsure &&
	       (is_over(host->unsure, now) || HASH_COUNT(host->unsure) >= UNSURE_MAX))
		drop(host, host->unsure);
}

static struct unsure *find_or_add(struct connector_host *host, uint64_t key, uint64_t now)
{
	struct unsure *it = find(host, key);

	if (it && !is_over(it, now))
		return it;
	make_room(host, now); /* what is over goes */
	it = calloc(1, sizeof(*it));
	if (!it)
		return NULL;
	*it = (struct unsure){.key = key, .noted_ms = now};
	HASH_ADD(hh, host->unsure, key, sizeof(it->key), it);
	return it;
}

void unsure_note(struct connector_host *host, uint64_t key, uint64_t since_ms)
{
	struct unsure *it = find_or_add(host, key, router_now(host->router));

	if (!it || it->count)
		return; /* since the first try */
	it->tries[it->count++] = (struct unsure_try){.since_ms = since_ms};
}

void unsure_add(struct connector_host *host, uint64_t key, uint64_t since_ms, struct span cid)
{
	struct unsure *it = find_or_add(host, key, router_now(host->router));
	struct unsure_try *one;

	if (!it || it->count == UNSURE_SAME_MAX)
		return;
	one = &it->tries[it->count++];
	*one = (struct unsure_try){.since_ms = since_ms};
	if (cid.len < sizeof(one->cid))
		snprintf(one->cid, sizeof(one->cid), "%.*s", SPAN_FMT(cid));
}

void unsure_put_back(struct connector_host *host, uint64_t key, const struct unsure_try *one)
{
	struct unsure *it = find_or_add(host, key, router_now(host->router));

	if (!it || it->count == UNSURE_SAME_MAX)
		return;
	memmove(it->tries + 1, it->tries, it->count * sizeof(*one));
	it->tries[0] = *one;
	it->count++;
}

bool unsure_take(struct connector_host *host, uint64_t key, uint64_t now_ms, struct unsure_try *out)
{
	struct unsure *it = find(host, key);

	if (!it || is_over(it, now_ms))
		return false;
	*out = it->tries[0];
	it->count--;
	memmove(it->tries, it->tries + 1, it->count * sizeof(*out));
	if (!it->count)
		drop(host, it);
	return true;
}

uint64_t unsure_since(const struct connector_host *host, uint64_t key, uint64_t now_ms)
{
	const struct unsure *it = find(host, key);

	return it && !is_over(it, now_ms) ? it->tries[0].since_ms : 0;
}

void unsure_forget(struct connector_host *host, uint64_t key)
{
	struct unsure *it = find(host, key);

	if (it)
		drop(host, it);
}

void unsure_fini(struct connector_host *host)
{
	while (host->unsure)
		drop(host, host->unsure);
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */
