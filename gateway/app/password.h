/*
 * Passwords by scrypt (RFC 7914). What is stored carries its parameters, "scrypt:15:8:1:SALT:HASH",
 * so that they can grow. Both functions take tens of milliseconds and 32 MiB: never on the loop.
 */
#ifndef PH_PASSWORD_H
#define PH_PASSWORD_H

#include "span.h"

enum {
	PASSWORD_STORED_SIZE = 128,
	PASSWORD_LEAST = 8, /* octets of a new one */
	PASSWORD_MOST = 200
};

/** Hashes with a fresh salt. -ENOMEM. */
int password_hash(struct span password, char out[PASSWORD_STORED_SIZE]) MUST_CHECK;
/** 0, -EACCES when it is another, -EBADMSG when stored is no such text, -ENOMEM. */
int password_verify(struct span password, const char *stored) MUST_CHECK;
/** A hash that no password has: verifying against it takes as long as against a real one. */
const char *password_nobody(void);

#endif
