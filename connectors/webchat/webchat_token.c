/* Signatures are OpenSSL's; what is signed is checked field by field. */
#include "webchat_token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>

enum {
	SIGNATURE_OCTETS = 32,
	SIGNATURE_CHARS = 43, /* in base64url */
	PAYLOAD_MAX = 176,    /* octets: version, channel, 20 digits, visitor, and blanks */
	RANDOM_OCTETS = 16,
	UNTIL_DIGITS_MAX = 12
};

/* --- base64url without padding (RFC 4648, 5) ------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode64(const uint8_t *octets, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)octets[i] << 16;
		size_t left = len - i;

		group |= left > 1 ? (uint32_t)octets[i + 1] << 8 : 0;
		group |= left > 2 ? octets[i + 2] : 0;
		out[n++] = alphabet[group >> 18];
		out[n++] = alphabet[group >> 12 & 63];
		if (left > 1)
			out[n++] = alphabet[group >> 6 & 63];
		if (left > 2)
			out[n++] = alphabet[group & 63];
	}
	out[n] = '\0';
	return n;
}

/* Exactly one spelling of the octets is taken: the bits left over at the end must be 0. */
static int decode64(struct span text, uint8_t *out, size_t size, size_t *len)
{
	uint32_t bits = 0;
	unsigned have = 0;

	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.ptr[i] ? strchr(alphabet, text.ptr[i]) : NULL;

		if (!at)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (*len == size)
			return -EBADMSG;
		out[(*len)++] = (uint8_t)(bits >> have);
		bits &= (1U << have) - 1;
	}
	return have < 6 && bits == 0 ? 0 : -EBADMSG;
}

/* --- Signatures ------------------------------------------------------------------------------ */

/* False: there is none, and nothing may be compared with it. */
static bool sign(struct span secret, struct span text, uint8_t out[SIGNATURE_OCTETS])
{
	unsigned len = SIGNATURE_OCTETS;

	return HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)text.ptr,
	            text.len, out, &len) != NULL;
}

static struct span as_span(const uint8_t *octets, size_t len)
{
	return (struct span){(const char *)octets, len};
}

/* --- Visitors -------------------------------------------------------------------------------- */

static bool is_plain(struct span s, size_t most)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len >= 1 && s.len <= most;
}

bool webchat_visitor_valid(struct span visitor)
{
	return is_plain(visitor, WEBCHAT_VISITOR_MAX) && visitor.len > 2 &&
	       (visitor.ptr[0] == 'a' || visitor.ptr[0] == 'u') && visitor.ptr[1] == '-';
}

int webchat_visitor_anonymous(char out[WEBCHAT_VISITOR_MAX + 1])
{
	uint8_t octets[RANDOM_OCTETS];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return -EIO;
	out[0] = 'a';
	out[1] = '-';
	encode64(octets, sizeof(octets), out + 2);
	return 0;
}

/* The time in front of a proof, 0 where there is none, and what then is signed. */
static int read_proof(struct span identity, struct span *proof, char signed_text[PAYLOAD_MAX],
                      uint64_t *until_s)
{
	struct span hex, until = span_split(*proof, '.', &hex);

	*until_s = 0;
	snprintf(signed_text, PAYLOAD_MAX, "%.*s", SPAN_FMT(identity));
	if (!hex.ptr)
		return 0;
	if (until.len > UNTIL_DIGITS_MAX || span_u64(until, until_s) || !*until_s)
		return -EACCES;
	snprintf(signed_text, PAYLOAD_MAX, "%.*s %.*s", SPAN_FMT(identity), SPAN_FMT(until));
	*proof = hex;
	return 0;
}

int webchat_visitor_identified(struct span secret, struct span identity, struct span proof,
                               char out[WEBCHAT_VISITOR_MAX + 1], uint64_t *until_s)
{
	char expected[2 * SIGNATURE_OCTETS + 1], signed_text[PAYLOAD_MAX];
	uint8_t signature[SIGNATURE_OCTETS];
	uint64_t until;

	if (!is_plain(identity, WEBCHAT_IDENTITY_MAX))
		return -EINVAL;
	if (read_proof(identity, &proof, signed_text, &until))
		return -EACCES;
	if (!sign(secret, span_of(signed_text), signature))
		return -EACCES;
	for (size_t i = 0; i < sizeof(signature); i++)
		snprintf(expected + 2 * i, 3, "%02x", signature[i]);
	if (!span_eq_secret(span_of(expected), proof))
		return -EACCES;
	snprintf(out, WEBCHAT_VISITOR_MAX + 1, "u-%.*s", SPAN_FMT(identity));
	*until_s = until;
	return 0;
}

/* --- Tokens ---------------------------------------------------------------------------------- */

int webchat_token_write(struct span secret, struct span channel, const struct webchat_token *token,
                        char out[WEBCHAT_TOKEN_MAX])
{
	uint8_t signature[SIGNATURE_OCTETS];
	char payload[PAYLOAD_MAX];
	size_t n;
	int len;

	if (!is_plain(channel, WEBCHAT_CHANNEL_MAX) ||
	    !webchat_visitor_valid(span_of(token->visitor)))
		return -EINVAL;
	len = snprintf(payload, sizeof(payload), "1 %.*s %llu %s", SPAN_FMT(channel),
	               (unsigned long long)token->expires_ms, token->visitor);
	if (!sign(secret, (struct span){payload, (size_t)len}, signature))
		return -EIO;
	n = encode64((const uint8_t *)payload, (size_t)len, out);
	out[n++] = '.';
	encode64(signature, sizeof(signature), out + n);
	return 0;
}

/* The payload is ours by its signature, but may be of another channel that shares the secret. */
static int read_payload(struct span payload, struct span channel, struct webchat_token *out)
{
	struct span rest;
	struct span version = span_split(payload, ' ', &rest);
	struct span whose = span_split(rest, ' ', &rest);
	struct span expires = span_split(rest, ' ', &rest);
	uint64_t expires_ms;

	if (!span_is(version, "1") || span_u64(expires, &expires_ms) ||
	    !webchat_visitor_valid(rest))
		return -EBADMSG;
	if (!span_eq(whose, channel))
		return -EACCES;
	out->expires_ms = expires_ms;
	snprintf(out->visitor, sizeof(out->visitor), "%.*s", SPAN_FMT(rest));
	return 0;
}

int webchat_token_read(struct span secret, struct span channel, struct span text,
                       struct webchat_token *out)
{
	uint8_t payload[PAYLOAD_MAX], expected[SIGNATURE_OCTETS], given[SIGNATURE_OCTETS];
	struct span signature, body = span_split(text, '.', &signature);
	size_t len, given_len;

	if (text.len >= WEBCHAT_TOKEN_MAX || signature.len != SIGNATURE_CHARS)
		return -EBADMSG;
	if (decode64(body, payload, sizeof(payload), &len) ||
	    decode64(signature, given, sizeof(given), &given_len))
		return -EBADMSG;
	if (!sign(secret, as_span(payload, len), expected) ||
	    !span_eq_secret(as_span(expected, sizeof(expected)), as_span(given, given_len)))
		return -EACCES;
	return read_payload(as_span(payload, len), channel, out);
}
