/* Random tokens, SHA-256 and HMAC in hex: thin over OpenSSL. */
#ifndef PH_DIGEST_H
#define PH_DIGEST_H

#include "span.h"

enum {
	DIGEST_HEX_SIZE = 65,    /* 64 digits of SHA-256 and a NUL */
	DIGEST_UNIQUE_SIZE = 50, /* 32 digits of the process, "-", up to 16 of the count, a NUL */
	DIGEST_TOKEN_SIZE = 44   /* 256 random bits in base64url without padding, and a NUL */
};

/** SHA-256 of the parts, one after the other, in lower-case hex. */
void digest_sha256_hex(const struct span *parts, size_t count, char out[DIGEST_HEX_SIZE]);
/** HMAC-SHA-256 of the parts, one after the other, in lower-case hex. */
void digest_hmac_hex(struct span key, const struct span *parts, size_t count,
                     char out[DIGEST_HEX_SIZE]);
/** Octets in lower-case hex; out has room for 2 * octets.len + 1. */
void digest_hex(struct span octets, char *out);
/** 256 bits from the system's generator. */
void digest_token(char out[DIGEST_TOKEN_SIZE]);
/** A name that no process gives twice. It can be guessed from another: no secret. Of the loop only.
 */
void digest_unique(char out[DIGEST_UNIQUE_SIZE]);
/** Octets from the system's generator. */
void digest_random(void *out, size_t len);

#endif
