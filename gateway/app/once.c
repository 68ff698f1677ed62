/* One key an id: "FINGERPRINT" while it is claimed, "FINGERPRINT RESULT" when it is settled. */
#include "once.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct claim {
	char fingerprint[DIGEST_HEX_SIZE];
	once_fn *fn;
	void *arg;
};

void once_init(struct once *once, const char *kind, struct span id, struct span body,
               uint64_t ttl_ms)
{
	char hex[DIGEST_HEX_SIZE];

	digest_sha256_hex(&id, 1, hex);
	snprintf(once->key, sizeof(once->key), "ph:once:%s:%.40s", kind, hex);
	digest_sha256_hex(&body, 1, once->fingerprint);
	once->ttl_ms = ttl_ms;
}

static void on_claim(void *arg, int err, const redisReply *reply, const char *why)
{
	struct claim *c = arg;
	struct span fingerprint, result = SPAN_NONE;

	(void)why;
	if (!err && reply->type == REDIS_REPLY_STRING) {
		fingerprint = span_split((struct span){reply->str, reply->len}, ' ', &result);
		if (!span_is(fingerprint, c->fingerprint))
			err = -EEXIST;
	}
	c->fn(c->arg, err, err ? SPAN_NONE : result);
	free(c);
}

int once_claim(struct redis *redis, const struct once *once, once_fn *fn, void *arg)
{
	char ttl[24];
	struct span argv[] = {SPAN_LIT("SET"), span_of(once->key), span_of(once->fingerprint),
	                      SPAN_LIT("NX"),  SPAN_LIT("GET"),    SPAN_LIT("PX"),
	                      SPAN_NONE};
	struct claim *c = malloc(sizeof(*c));
	int err;

	assert(once);
	if (!c)
		return -ENOMEM;
	*c = (struct claim){.fn = fn, .arg = arg};
	memcpy(c->fingerprint, once->fingerprint, sizeof(c->fingerprint));
	snprintf(ttl, sizeof(ttl), "%llu", (unsigned long long)once->ttl_ms);
	argv[6] = span_of(ttl);
	err = redis_command(redis, ARRAY_LEN(argv), argv, on_claim, c);
	if (err)
		free(c);
	return err;
}

void once_settle(struct redis *redis, const struct once *once, struct span result)
{
	char value[DIGEST_HEX_SIZE + 128];
	struct span argv[] = {SPAN_LIT("SET"), span_of(once->key), SPAN_NONE, SPAN_LIT("XX"),
	                      SPAN_LIT("KEEPTTL")};
	int err;

	snprintf(value, sizeof(value), "%s %.*s", once->fingerprint, SPAN_FMT(result));
	argv[2] = span_of(value);
	err = redis_command(redis, ARRAY_LEN(argv), argv, NULL, NULL);
	(void)err; /* a repeat then does the work again */
}

void once_release(struct redis *redis, const struct once *once)
{
	const struct span argv[] = {SPAN_LIT("DEL"), span_of(once->key)};
	int err = redis_command(redis, ARRAY_LEN(argv), argv, NULL, NULL);

	(void)err; /* it expires */
}
