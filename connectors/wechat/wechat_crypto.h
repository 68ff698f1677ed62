/*
 * The two seals of WeChat's message push: SHA-1 signatures over sorted strings, and the AES
 * envelope of the compatible and safe modes. Octets in, octets out; it knows no XML and no HTTP.
 * Source: developers.weixin.qq.com, "Message encryption" (push/encryption).
 */
#ifndef PH_WECHAT_CRYPTO_H
#define PH_WECHAT_CRYPTO_H

#include "buf.h"

enum {
	WECHAT_AES_KEY_CHARS = 43,  /* an EncodingAESKey as the platform shows it */
	WECHAT_AES_KEY_OCTETS = 32, /* what it stands for */
	WECHAT_SIGNATURE_CHARS = 40,
	WECHAT_SALT_OCTETS = 16, /* random, in front of every sealed message */
	WECHAT_SIGNED_PARTS = 4  /* token, timestamp, nonce and, where there is one, Encrypt */
};

struct wechat_key {
	uint8_t octets[WECHAT_AES_KEY_OCTETS];
};

/**
 * An EncodingAESKey: 43 characters of base64. The low bits of the last one carry nothing and may
 * be set. -EINVAL.
 */
int wechat_key_parse(struct span text, struct wechat_key *out) MUST_CHECK;
/** Overwrites it. */
void wechat_key_wipe(struct wechat_key *key);

/**
 * Hex SHA-1 of the parts, sorted as octets and joined; at most WECHAT_SIGNED_PARTS. out gets a
 * NUL too. -ENOMEM.
 */
int wechat_sign(const struct span *parts, size_t count,
                char out[WECHAT_SIGNATURE_CHARS + 1]) MUST_CHECK;
/** True when signature is theirs; the time it takes says nothing of where it differs. */
bool wechat_signed(struct span signature, const struct span *parts, size_t count);

/**
 * Opens what stands in Encrypt (base64). Verify msg_signature first. The message is borrowed from
 * room. -EBADMSG: not base64, not whole blocks, a pad other than 1..32, a length that does not fit
 * (the wrong key looks so too). -EACCES: sealed for another appid. -EMSGSIZE, -ENOMEM: room.
 */
int wechat_open(const struct wechat_key *key, struct span appid, struct span sealed,
                struct buf *room, struct span *out) MUST_CHECK;

/** Appends message sealed for appid, in base64, to out. salt must be random and used once. */
int wechat_seal(const struct wechat_key *key, struct span appid,
                const uint8_t salt[WECHAT_SALT_OCTETS], struct span message,
                struct buf *out) MUST_CHECK;

#endif
