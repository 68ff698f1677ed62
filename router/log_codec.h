/*
 * The entries of a conversation's log: how messages and events are written as fields of a Redis
 * stream entry and read back. Short field names, since there are many entries:
 *
 *   t  m message, s status, z session, e edit      ts  ms since 1970
 *   m: d i in, o out; st status when appended; uc 1 hold; vm validity ms; du not before; b all
 * else, which no function reads: "NAME LENGTH:VALUE" one after the other: k kind; x text; j data;
 * by author; bn its name; ch channel; lo our end; id cid; tp template; lg language; rt reply_to; op
 * options; mk marks; ln lane; cl 1 + message class; pr 1 + priority; rc 1 receipt wanted, 2
 * unwanted s: of seq; st status; cd code; rs reason; mk marks z: sid; st state; ag agent; an its
 * name; qu queue; di disposition; no note; by
 */
#ifndef PH_LOG_CODEC_H
#define PH_LOG_CODEC_H

#include "buf.h"
#include "event.h"
#include "redis.h"

/* Arguments of a function call under construction: spans, and storage for the numbers among them.
 */
enum {
	FCALL_ARGS_MAX = 640, /* what redis_fcall() takes is more */
	FCALL_NUMBERS_MAX = 400,
	FCALL_BLOBS_MAX = 2 /* messages encoded in one call */
};
struct fcall_args {
	size_t count, numbers;
	struct span arg[FCALL_ARGS_MAX];
	char number[FCALL_NUMBERS_MAX][21];
	size_t blobs;
	struct buf blob[FCALL_BLOBS_MAX];
};
void args_init(struct fcall_args *a);
/** Empties it for the next call; its memory stays. */
void args_clear(struct fcall_args *a);
void args_fini(struct fcall_args *a);
void args_add(struct fcall_args *a, struct span s);
void args_num(struct fcall_args *a, uint64_t n);
/** Places num later: a number whose value is not known yet. Returns its index for args_set_num().
 */
size_t args_slot(struct fcall_args *a);
void args_set_num(struct fcall_args *a, size_t slot, uint64_t n);

/** Adds the fields of a message, name of the author beside it. */
void log_encode_message(struct fcall_args *a, const struct message *m, struct span author_name);

/** Adds the fields of an edit: what is to stand in place of an earlier message. Its "of" is added
 * by who knows it. */
void log_encode_edit(struct fcall_args *a, const struct message *m);

/* An event that owns what it shows. */
struct log_entry {
	struct log_event event;
	struct message message;
};
/** Reads {id, [field, value ...]} of XRANGE; spans are borrowed from reply. -EBADMSG. */
int log_decode(const redisReply *reply, struct log_entry *out) MUST_CHECK;
/** The same from the flat field list alone. */
int log_decode_fields(uint64_t seq, const redisReply *fields, struct log_entry *out) MUST_CHECK;

/* Reading replies: what is not there or of another type is empty or 0. */
struct span reply_span(const redisReply *r);
uint64_t reply_num(const redisReply *r);
/** The i-th element of an array, or NULL. */
const redisReply *reply_at(const redisReply *r, size_t i);

#endif
