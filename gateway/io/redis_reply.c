#include "redis_reply.h"

struct span redis_text(const redisReply *r)
{
	if (!r || (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS))
		return SPAN_NONE;
	return (struct span){r->str, r->len};
}

uint64_t redis_num(const redisReply *r)
{
	uint64_t value = 0;

	if (r && r->type == REDIS_REPLY_INTEGER)
		return r->integer > 0 ? (uint64_t)r->integer : 0;
	return span_u64(redis_text(r), &value) ? 0 : value;
}

const redisReply *redis_at(const redisReply *r, size_t i)
{
	return r && r->type == REDIS_REPLY_ARRAY && i < r->elements ? r->element[i] : NULL;
}

struct span redis_text_at(const redisReply *r, size_t i)
{
	return redis_text(redis_at(r, i));
}

uint64_t redis_num_at(const redisReply *r, size_t i)
{
	return redis_num(redis_at(r, i));
}

struct span redis_field(const redisReply *r, const char *name)
{
	const redisReply *key;

	for (size_t i = 0; (key = redis_at(r, i)); i += 2)
		if (span_is(redis_text(key), name))
			return redis_text_at(r, i + 1);
	return SPAN_NONE;
}
