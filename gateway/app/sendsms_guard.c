/* A bounded table of failures; who fails under ever new names pushes out the oldest, never the
 * newest. */
#include "sendsms_guard.h"

#include "digest.h"
#include "hash.h"

#include <stdlib.h>

/* In the order in which they first failed, which is uthash's. */
struct failures {
	char key[DIGEST_HEX_SIZE]; /* of address and name: neither is kept */
	uint64_t since_ms;
	unsigned count;
	UT_hash_handle hh;
};

struct sendsms_guard {
	struct failures *all;
};

int sendsms_guard_create(struct sendsms_guard **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void forget(struct sendsms_guard *guard, struct failures *f)
{
	HASH_DEL(guard->all, f);
	free(f);
}

void sendsms_guard_destroy(struct sendsms_guard **guard)
{
	if (!*guard)
		return;
	while ((*guard)->all)
		forget(*guard, (*guard)->all);
	free(*guard);
	*guard = NULL;
}

static void key_of(const char *from, struct span name, char key[DIGEST_HEX_SIZE])
{
	const struct span parts[] = {span_of(from), SPAN_LIT(" "), name};

	digest_sha256_hex(parts, ARRAY_LEN(parts), key);
}

/* Those whose time is not over; the others are forgotten. */
static struct failures *find(struct sendsms_guard *guard, const char *key, uint64_t now_ms)
{
	struct failures *f = NULL;

	HASH_FIND_STR(guard->all, key, f);
	if (f && now_ms - f->since_ms >= SENDSMS_FAILURES_MS) {
		forget(guard, f);
		f = NULL;
	}
	return f;
}

bool sendsms_guard_open(struct sendsms_guard *guard, const char *from, struct span name,
                        uint64_t now_ms)
{
	char key[DIGEST_HEX_SIZE];
	const struct failures *f;

	key_of(from, name, key);
	f = find(guard, key, now_ms);
	return !f || f->count < SENDSMS_FAILURES_MAX;
}

void sendsms_guard_failed(struct sendsms_guard *guard, const char *from, struct span name,
                          uint64_t now_ms)
{
	char key[DIGEST_HEX_SIZE];
	struct failures *f;

	key_of(from, name, key);
	f = find(guard, key, now_ms);
	if (!f) {
		if (HASH_COUNT(guard->all) >= SENDSMS_GUARD_MAX)
			forget(guard, guard->all);
		f = calloc(1, sizeof(*f));
		if (!f)
			return;
		f->since_ms = now_ms;
		memcpy(f->key, key, sizeof(f->key));
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): uthash has its table in the first */
		HASH_ADD_STR(guard->all, key, f);
	}
	f->count++;
}

uint64_t sendsms_guard_pace(uint64_t *at_us, int64_t rate, size_t count, uint64_t now_us)
{
	const uint64_t second_us = 1000000;
	uint64_t begin = *at_us > now_us ? *at_us : now_us;

	if (rate <= 0)
		return 0;
	if (begin >= now_us + second_us)
		return (begin - now_us - second_us) / 1000 + 1;
	*at_us = begin + count * second_us / (uint64_t)rate;
	return 0;
}
