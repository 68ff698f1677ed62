/*
 * Names in Redis: how a conversation's id and partition follow from its address, and which
 * partition keeps what has no conversation. The keys themselves are listed in
 * redis/conversation/head.lua.
 */
#ifndef PH_ROUTER_KEYS_H
#define PH_ROUTER_KEYS_H

#include "router.h"

/** The control plane's slot. */
#define ROUTER_DESK SPAN_LIT("{desk}")
/** The slot of accounts: leases, what people want of channels, lists (redis/channel.lua). */
#define ROUTER_CONTROL SPAN_LIT("{ctl}")
/** Where hints between nodes go (pub/sub). */
#define ROUTER_HINTS "ph:hint"

/** "{0}" ... "{3}": static. */
struct span router_partition(unsigned index);
/** The partition of a conversation's id. */
unsigned router_partition_of(struct span conversation);
/** The partition of anything else: spread by its octets. */
unsigned router_partition_hash(struct span anything);
/** ph:KIND:PARTITION:ID, the key of one of a conversation's values; borrowed from out. */
struct span router_conversation_key(char kind, struct span conversation, char *out, size_t size);

enum { ROUTER_WORD_MAX = 12 };
/** A word of 11 letters and digits that stands for anything; empty for nothing. Kept in out. */
struct span router_word(struct span anything, char out[ROUTER_WORD_MAX]);

enum {
	ROUTER_ID_FORM_MAX =
		132, /* 64 octets in hex, and more than 40 digits of a 128 bit number */
	ROUTER_ID_FORMS = 3
};
/**
 * The forms in which a peer may write its id of a message later: the normal one first (upper case
 * without leading zeros; binary in hex), then decimal read as hex and hex read as decimal. Returns
 * how many.
 */
unsigned router_id_forms(struct span id, char out[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX]);

#endif
