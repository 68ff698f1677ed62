/*
 * Reading what Redis answers. A peer's words are input: what is not there, or is of another type
 * than asked for, is empty, 0 or NULL, and all that is given is borrowed from the reply.
 */
#ifndef PH_REDIS_REPLY_H
#define PH_REDIS_REPLY_H

#include "span.h"

#include <hiredis/hiredis.h>

/** A string, or a status such as "OK"; else empty. NULL is taken for nothing, here and below. */
struct span redis_text(const redisReply *r);
/** An integer above 0, or a string that is one; else 0. */
uint64_t redis_num(const redisReply *r);
/** The i-th element of an array, or NULL. */
const redisReply *redis_at(const redisReply *r, size_t i);
/** redis_text() and redis_num() of that element. */
struct span redis_text_at(const redisReply *r, size_t i);
uint64_t redis_num_at(const redisReply *r, size_t i);
/** In a list of names and values, one after the other, the text of name's value; else empty. */
struct span redis_field(const redisReply *r, const char *name);

#endif
