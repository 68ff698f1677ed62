/* How ids and partitions follow from what peers call things. */
#include "router_keys.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ID_TEXT_MAX = 64,  /* octets of a peer's id */
	NUMBER_DIGITS = 40 /* a number of more digits is a name, not a number */
};

static const char digits[] = "0123456789abcdef";

struct span router_partition(unsigned index)
{
	static const char names[ROUTER_PARTITIONS][4] = {"{0}", "{1}", "{2}", "{3}"};

	return (struct span){names[index % ROUTER_PARTITIONS], 3};
}

unsigned router_partition_of(struct span conversation)
{
	const char *at = conversation.len ? strchr(digits, conversation.ptr[0]) : NULL;

	return at ? (unsigned)(at - digits) % ROUTER_PARTITIONS : 0;
}

unsigned router_partition_hash(struct span anything)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < anything.len; i++)
		hash = (hash ^ (unsigned char)anything.ptr[i]) * 16777619U;
	return (hash ^ hash >> 16) % ROUTER_PARTITIONS;
}

/* 64 bits: two keys of one conversation do not meet by chance. */
struct span router_word(struct span anything, char out[ROUTER_WORD_MAX])
{
	static const char letters[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
	uint64_t hash = 14695981039346656037U; /* FNV-1a */

	if (!anything.len)
		return SPAN_NONE;
	for (size_t i = 0; i < anything.len; i++)
		hash = (hash ^ (unsigned char)anything.ptr[i]) * 1099511628211U;
	for (unsigned i = 0; i < ROUTER_WORD_MAX - 1; i++) {
		out[i] = letters[hash & 63];
		hash >>= 6;
	}
	return (struct span){out, ROUTER_WORD_MAX - 1};
}

struct span router_conversation_key(char kind, struct span conversation, char *out, size_t size)
{
	struct span partition = router_partition(router_partition_of(conversation));
	size_t len = sizeof("ph:c:{0}:") - 1 + conversation.len;

	if (len >= size)
		return (struct span){out, 0};
	memcpy(out, "ph:c:", 5);
	out[3] = kind;
	memcpy(out + 5, partition.ptr, partition.len);
	out[5 + partition.len] = ':';
	memcpy(out + len - conversation.len, conversation.ptr, conversation.len);
	out[len] = '\0';
	return (struct span){out, len};
}

/* OpenSSL looks its algorithm up by name in each SHA256(), which costs ten times the hash. */
static void sha256(struct span octets, unsigned char out[SHA256_DIGEST_LENGTH])
{
	static EVP_MD *algorithm;
	static EVP_MD_CTX *ctx;

	if (!ctx) {
		algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
		ctx = EVP_MD_CTX_new();
	}
	/* It fails where OpenSSL is broken or memory is out: nothing can be found without ids. */
	if (!algorithm || !ctx || EVP_DigestInit_ex(ctx, algorithm, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, octets.ptr, octets.len) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
}

void router_conversation_id(struct span address, char out[CONVERSATION_ID_LEN + 1])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	sha256(address, hash);
	for (unsigned i = 0; i < CONVERSATION_ID_LEN; i++)
		out[i] = digits[hash[i / 2] >> (i % 2 ? 0 : 4) & 0xF];
	out[CONVERSATION_ID_LEN] = '\0';
}

static bool is_conversation_id(struct span id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!memchr(digits, id.ptr[i], sizeof(digits) - 1))
			return false;
	return id.len == CONVERSATION_ID_LEN;
}

int router_message_id_parse(struct span id, char conversation[CONVERSATION_ID_LEN + 1],
                            uint64_t *seq)
{
	struct span rest;
	struct span name = span_split(id, '-', &rest);
	uint64_t value;

	if (!is_conversation_id(name) || span_u64(rest, &value) || value == 0)
		return -EINVAL;
	memcpy(conversation, name.ptr, name.len);
	conversation[name.len] = '\0';
	*seq = value;
	return 0;
}

void router_outbox_key(unsigned partition, char out[ROUTER_OUTBOX_KEY_LEN])
{
	snprintf(out, ROUTER_OUTBOX_KEY_LEN, "ph:w:%s", router_partition(partition).ptr);
}

/* Upper case without leading zeros, or hex where it is not printable. */
static void normal_form(struct span id, char *out)
{
	bool printable = true;
	size_t len = 0;

	for (size_t i = 0; i < id.len; i++)
		printable = printable && isgraph((unsigned char)id.ptr[i]);
	while (printable && id.len > 1 && id.ptr[0] == '0') {
		id.ptr++;
		id.len--;
	}
	if (id.len > ID_TEXT_MAX)
		id.len = ID_TEXT_MAX;
	for (size_t i = 0; i < id.len; i++) {
		unsigned char c = (unsigned char)id.ptr[i];

		if (printable) {
			out[len++] = (char)toupper(c);
			continue;
		}
		out[len++] = digits[c >> 4];
		out[len++] = digits[c & 0xF];
	}
	out[len] = '\0';
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void write_number(uint64_t n, unsigned base, char *out)
{
	char back[21];
	size_t len = 0;

	do
		back[len++] = "0123456789ABCDEF"[n % base];
	while ((n /= base));
	for (size_t i = 0; i < len; i++)
		out[i] = back[len - 1 - i];
	out[len] = '\0';
}

/* other_base() of what fits a word, as most ids do. */
static bool other_base_of_word(const char *text, bool from_hex, char *out)
{
	unsigned base = from_hex ? 16 : 10;
	uint64_t n = 0;

	for (; *text; text++) {
		int digit = digit_of(*text);

		if (digit < 0 || digit >= (int)base)
			return false;
		n = n * base + (unsigned)digit;
	}
	write_number(n, 26 - base, out);
	return true;
}

/* The same number in the other base; false when text is none. */
static bool other_base(const char *text, bool from_hex, char *out)
{
	BIGNUM *number = NULL;
	size_t len = strlen(text);
	char *converted = NULL;
	int used;

	if (len == 0 || len > NUMBER_DIGITS)
		return false;
	if (len <= (from_hex ? 16 : 19))
		return other_base_of_word(text, from_hex, out);
	used = from_hex ? BN_hex2bn(&number, text) : BN_dec2bn(&number, text);
	if (used > 0 && (size_t)used == len && text[0] != '-')
		converted = from_hex ? BN_bn2dec(number) : BN_bn2hex(number);
	if (converted)
		normal_form(span_of(converted), out);
	OPENSSL_free(converted);
	BN_free(number);
	return converted != NULL;
}

unsigned router_id_forms(struct span id, char out[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX])
{
	unsigned count = 1;

	normal_form(id, out[0]);
	for (int from_hex = 0; from_hex <= 1; from_hex++)
		if (other_base(out[0], from_hex, out[count]) && strcmp(out[0], out[count]) != 0)
			count++;
	return count;
}
