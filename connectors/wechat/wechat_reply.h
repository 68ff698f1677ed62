/* Passive replies: the answer to a callback as XML, sealed where the account's mode seals. */
#ifndef PH_WECHAT_REPLY_H
#define PH_WECHAT_REPLY_H

#include "message.h"
#include "wechat_crypto.h"

enum {
	WECHAT_TEXT_MAX = 2048, /* octets of text in one message, either way of sending */
	WECHAT_REPLY_MAX = 64 * 1024,
	WECHAT_SEALED_MAX = 2 * WECHAT_REPLY_MAX /* in base64, with its envelope */
};

/**
 * Appends m as the reply from account (gh_...) to openid. -ENOTSUP: no passive reply says this, or
 * its data lacks what it needs. -EMSGSIZE: text over WECHAT_TEXT_MAX. -ENOMEM.
 */
int wechat_reply_write(const struct message *m, struct span openid, struct span account,
                       uint64_t now_ms, struct buf *out) MUST_CHECK;

struct wechat_sealing {
	const struct wechat_key *key; /* the one that opened the request */
	struct span appid, token;
	uint64_t now_ms;
	const uint8_t *random; /* WECHAT_SEALING_RANDOM octets, never used before */
};
enum { WECHAT_SEALING_RANDOM = WECHAT_SALT_OCTETS + 8 };

/** Appends the envelope with its own timestamp, nonce and signature. */
int wechat_reply_seal(const struct wechat_sealing *sealing, struct span xml,
                      struct buf *out) MUST_CHECK;

#endif
