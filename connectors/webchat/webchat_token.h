/*
 * Visitor tokens: who a browser is to a channel, signed, so that any node can tell without asking.
 * "base64url(payload).base64url(HMAC-SHA256(secret, payload))", both without padding; the payload
 * is "1 CHANNEL EXPIRES_MS VISITOR". And the proof by which a site says who its own visitor is.
 */
#ifndef PH_WEBCHAT_TOKEN_H
#define PH_WEBCHAT_TOKEN_H

#include "span.h"

enum {
	WEBCHAT_VISITOR_MAX = 102,  /* octets: "u-" and an identity */
	WEBCHAT_IDENTITY_MAX = 100, /* printable ASCII without blanks */
	WEBCHAT_PROOF_MAX = 77,     /* octets: a time of 12 digits, a point, 64 of hex */
	WEBCHAT_TOKEN_MAX = 320,    /* octets with the NUL: the longest channel, visitor and time */
	WEBCHAT_CHANNEL_MAX = 32
};

/* What a token says. */
struct webchat_token {
	char visitor[WEBCHAT_VISITOR_MAX + 1];
	uint64_t expires_ms; /* since 1970 */
};

/** Writes a token, NUL-terminated. -EINVAL: a channel or visitor that does not fit into one; -EIO:
 * it cannot be signed. */
int webchat_token_write(struct span secret, struct span channel, const struct webchat_token *token,
                        char out[WEBCHAT_TOKEN_MAX]) MUST_CHECK;

/**
 * Reads a token of this channel that was signed with secret; whether it has ended is for the
 * caller to say. -EBADMSG: not one, -EACCES: signed by somebody else or for another channel. The
 * time it takes says nothing of where a signature differs.
 */
int webchat_token_read(struct span secret, struct span channel, struct span text,
                       struct webchat_token *out) MUST_CHECK;

/** A new visitor whom nobody knows: "a-" and 128 random bits. -EIO: no randomness. */
int webchat_visitor_anonymous(char out[WEBCHAT_VISITOR_MAX + 1]) MUST_CHECK;

/**
 * A visitor whom the site knows: "u-IDENTITY". proof is the hex of HMAC-SHA256(secret, identity),
 * or "UNTIL.HEX" with the hex of HMAC-SHA256(secret, identity " " UNTIL): that they have logged in,
 * and until when (s since 1970) that is to hold; *until_s is 0 without it. -EINVAL: an identity
 * that cannot be one; -EACCES: the proof is another one's.
 */
int webchat_visitor_identified(struct span secret, struct span identity, struct span proof,
                               char out[WEBCHAT_VISITOR_MAX + 1], uint64_t *until_s) MUST_CHECK;

/** Is this how a visitor is spelled? */
bool webchat_visitor_valid(struct span visitor);

#endif
