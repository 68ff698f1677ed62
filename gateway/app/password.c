/* scrypt over OpenSSL, and the text form of its result. */
#include "password.h"

#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>

enum {
	SALT_SIZE = 16,
	HASH_SIZE = 32,
	LOG_N = 15,
	BLOCK = 8,
	PARALLEL = 1,
	LOG_N_MOST = 20,
	FACTOR_MOST = 16
};

struct stored {
	unsigned log_n, block, parallel;
	char salt[SALT_SIZE], hash[HASH_SIZE];
};

static int derive(struct span password, const struct stored *s, char out[HASH_SIZE])
{
	uint64_t n = (uint64_t)1 << s->log_n;
	uint64_t memory = 128 * n * s->block + (uint64_t)128 * s->block * s->parallel + (1 << 20);

	if (!EVP_PBE_scrypt(password.ptr ? password.ptr : "", password.len,
	                    (const unsigned char *)s->salt, SALT_SIZE, n, s->block, s->parallel,
	                    memory, (unsigned char *)out, HASH_SIZE))
		return -ENOMEM;
	return 0;
}

int password_hash(struct span password, char out[PASSWORD_STORED_SIZE])
{
	struct stored s = {.log_n = LOG_N, .block = BLOCK, .parallel = PARALLEL};
	char salt[2 * SALT_SIZE + 1], hash[2 * HASH_SIZE + 1];
	int err;

	digest_random(s.salt, SALT_SIZE);
	err = derive(password, &s, s.hash);
	if (err)
		return err;
	digest_hex((struct span){s.salt, SALT_SIZE}, salt);
	digest_hex((struct span){s.hash, HASH_SIZE}, hash);
	snprintf(out, PASSWORD_STORED_SIZE, "scrypt:%d:%d:%d:%s:%s", LOG_N, BLOCK, PARALLEL, salt,
	         hash);
	return 0;
}

static int read_number(struct span *rest, unsigned most, unsigned *out)
{
	uint64_t value;

	if (span_u64(span_split(*rest, ':', rest), &value) || value == 0 || value > most)
		return -EBADMSG;
	*out = (unsigned)value;
	return 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex(struct span *rest, char *out, size_t size)
{
	struct span hex = span_split(*rest, ':', rest);

	if (hex.len != 2 * size)
		return -EBADMSG;
	for (size_t i = 0; i < size; i++) {
		int high = digit_of(hex.ptr[2 * i]), low = digit_of(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i] = (char)(high << 4 | low);
	}
	return 0;
}

static int read_stored(const char *text, struct stored *out)
{
	struct span rest = span_of(text);

	if (!span_is(span_split(rest, ':', &rest), "scrypt") ||
	    read_number(&rest, LOG_N_MOST, &out->log_n) ||
	    read_number(&rest, FACTOR_MOST, &out->block) ||
	    read_number(&rest, FACTOR_MOST, &out->parallel) ||
	    read_hex(&rest, out->salt, SALT_SIZE) || read_hex(&rest, out->hash, HASH_SIZE) ||
	    rest.ptr)
		return -EBADMSG;
	return 0;
}

int password_verify(struct span password, const char *stored)
{
	struct stored s = {0};
	char hash[HASH_SIZE];
	int err = read_stored(stored, &s);

	if (!err)
		err = derive(password, &s, hash);
	if (!err &&
	    !span_eq_secret((struct span){hash, HASH_SIZE}, (struct span){s.hash, HASH_SIZE}))
		err = -EACCES;
	return err;
}

const char *password_nobody(void)
{
	return "scrypt:15:8:1:00000000000000000000000000000000:"
	       "0000000000000000000000000000000000000000000000000000000000000000";
}
