/*
 * The entries of a conversation's log: how messages and events are written as one text each and
 * read back. What Redis' functions look at stands in front, parted by spaces (see
 * redis/conversation/head.lua):
 *
 *   m  "m" direction (i o) letter of the status when appended, 1 hold, lane; ts; validity ms
 *      and, where it is due later than ts, "+" and by how much; channel
 *   s  "s" letter of the status; ts; seq of the message
 *   z  "z"; ts
 *   k  "k"; ts
 *   e  "e"; ts; seq of the message that is completed; revision. The rest is as of an m
 *
 * then all else, "NAME LENGTH:VALUE" one after the other, under short names, since there are many:
 *
 *   m  k kind; x text; j data; by author; bn its name; lo our end; id cid; tp template;
 *      lg language; rt reply_to; op options; mk marks; cl message class; pr priority; rc receipt;
 *      af seq and letter: what it is to what the bot said before (see receive.lua, follow())
 *   s  cd code; rs reason; mk marks; at attempts; ca the call that replayed it;
 *      pt letters of its parts, where they differ
 *   k  un until when; ho how; by
 *   z  sid; st state; ag agent; an its name; qu queue; di disposition; no note; by
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
	FCALL_NUMBERS_MAX = 400
};
struct fcall_args {
	size_t count, numbers;
	struct span arg[FCALL_ARGS_MAX];
	char number[FCALL_NUMBERS_MAX][21];
};
/** Empties it for the next call. */
void args_clear(struct fcall_args *a);
void args_add(struct fcall_args *a, struct span s);
void args_num(struct fcall_args *a, uint64_t n);

/** Appends a message's entry to b, the name of its author beside it. */
void log_encode_message(struct buf *b, const struct message *m, struct span author_name);
/** Only what stands behind the front: an edit's, whose front Redis makes. */
void log_encode_fields(struct buf *b, const struct message *m, struct span author_name);
/** The letter of a status in entries and answers, and back: STATUS_COUNT when it is none. */
char log_status_letter(enum message_status status);
enum message_status log_status_of(char letter);

/* An event that owns what it shows. */
struct log_entry {
	struct log_event event;
	struct message message;
};
/** Reads an entry; spans are borrowed from it. -EBADMSG. */
int log_decode(uint64_t seq, struct span entry, struct log_entry *out) MUST_CHECK;

#endif
