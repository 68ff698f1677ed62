/* Thin over OpenSSL. A digest that fails is a broken installation: nothing can go on safely. */
#include "digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHA256_SIZE = 32 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(sha256);
}

/* Kept, since a digest by its name is looked up each time, which costs more than a short text's
 * digest. */
static const EVP_MD *sha256_algorithm(void)
{
	static pthread_once_t fetched = PTHREAD_ONCE_INIT;

	must(pthread_once(&fetched, fetch_sha256) == 0);
	return sha256;
}

void digest_hex(struct span octets, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < octets.len; i++) {
		*out++ = digits[(unsigned char)octets.ptr[i] >> 4];
		*out++ = digits[(unsigned char)octets.ptr[i] & 0xF];
	}
	*out = '\0';
}

void digest_sha256_hex(const struct span *parts, size_t count, char out[DIGEST_HEX_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sum[SHA256_SIZE];

	must(ctx && EVP_DigestInit_ex(ctx, sha256_algorithm(), NULL));
	for (size_t i = 0; i < count; i++)
		must(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len));
	must(EVP_DigestFinal_ex(ctx, sum, NULL));
	EVP_MD_CTX_free(ctx);
	digest_hex((struct span){(char *)sum, sizeof(sum)}, out);
}

void digest_hmac_hex(struct span key, const struct span *parts, size_t count,
                     char out[DIGEST_HEX_SIZE])
{
	char name[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
	                       OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	unsigned char sum[SHA256_SIZE];
	size_t len = 0;

	must(ctx && EVP_MAC_init(ctx, (const unsigned char *)key.ptr, key.len, params));
	for (size_t i = 0; i < count; i++)
		must(EVP_MAC_update(ctx, (const unsigned char *)parts[i].ptr, parts[i].len));
	must(EVP_MAC_final(ctx, sum, &len, sizeof(sum)) && len == sizeof(sum));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	digest_hex((struct span){(char *)sum, sizeof(sum)}, out);
}

void digest_random(void *out, size_t len)
{
	must(len <= INT32_MAX && RAND_bytes(out, (int)len) == 1);
}

void digest_unique(char out[DIGEST_UNIQUE_SIZE])
{
	static char process[33];
	static uint64_t count;
	unsigned char drawn[16];

	if (!count) {
		digest_random(drawn, sizeof(drawn));
		digest_hex((struct span){(char *)drawn, sizeof(drawn)}, process);
	}
	snprintf(out, DIGEST_UNIQUE_SIZE, "%s-%llx", process, (unsigned long long)++count);
}

void digest_token(char out[DIGEST_TOKEN_SIZE])
{
	unsigned char octets[33] = {0}; /* one more, so that base64 needs no padding */
	char text[DIGEST_TOKEN_SIZE + 1];

	digest_random(octets, 32);
	must(EVP_EncodeBlock((unsigned char *)text, octets, sizeof(octets)) == DIGEST_TOKEN_SIZE);
	for (int i = 0; i < DIGEST_TOKEN_SIZE - 1; i++)
		out[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	out[DIGEST_TOKEN_SIZE - 1] = '\0';
}
