/*
 * WeChat's signatures and AES envelope by OpenSSL's EVP. The envelope is AES-256-CBC with the
 * key's first half as IV over: 16 random octets, length of the message (4, big-endian), message,
 * appid, and a pad as PKCS#7 makes it for blocks of 32. Some peers pad to 16: any pad of 1..32 is
 * taken, 32 is sent. Nobody learns from an answer which check failed: the signature covers the
 * ciphertext and is verified before, so there is no padding oracle to ask.
 */
#include "wechat_crypto.h"

#include "cursor.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum {
	AES_BLOCK = 16,
	PAD_BLOCK = 32,
	HEAD_OCTETS = WECHAT_SALT_OCTETS + 4,
	SHA1_OCTETS = 20,
	BASE64_GROUP = 4, /* characters that stand for BASE64_OCTETS octets */
	BASE64_OCTETS = 3
};

static bool is_base64(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		          (c >= '0' && c <= '9') || c == '+' || c == '/';

		if (!ok)
			return false;
	}
	return true;
}

int wechat_key_parse(struct span text, struct wechat_key *out)
{
	unsigned char padded[WECHAT_AES_KEY_CHARS + 1];
	unsigned char octets[WECHAT_AES_KEY_OCTETS + 1];
	int len;

	if (text.len != WECHAT_AES_KEY_CHARS || !is_base64(text))
		return -EINVAL;
	memcpy(padded, text.ptr, text.len);
	padded[WECHAT_AES_KEY_CHARS] = '=';
	/* It counts the octet of the "=" too, and does not mind stray bits before it. */
	len = EVP_DecodeBlock(octets, padded, (int)sizeof(padded));
	if (len == (int)sizeof(octets))
		memcpy(out->octets, octets, sizeof(out->octets));
	OPENSSL_cleanse(padded, sizeof(padded));
	OPENSSL_cleanse(octets, sizeof(octets));
	return len == (int)sizeof(octets) ? 0 : -EINVAL;
}

void wechat_key_wipe(struct wechat_key *key)
{
	OPENSSL_cleanse(key->octets, sizeof(key->octets));
}

static bool comes_before(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	return order ? order < 0 : a.len < b.len;
}

static void sort(struct span *parts, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct span moved = parts[i];
		size_t at = i;

		for (; at && comes_before(moved, parts[at - 1]); at--)
			parts[at] = parts[at - 1];
		parts[at] = moved;
	}
}

static void to_hex(const uint8_t *octets, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 0xF];
	}
	out[2 * count] = '\0';
}

int wechat_sign(const struct span *parts, size_t count, char out[WECHAT_SIGNATURE_CHARS + 1])
{
	struct span sorted[WECHAT_SIGNED_PARTS];
	uint8_t digest[SHA1_OCTETS];
	EVP_MD_CTX *sha;
	bool ok;

	if (count > WECHAT_SIGNED_PARTS)
		return -EINVAL;
	sha = EVP_MD_CTX_new();
	if (!sha)
		return -ENOMEM;
	memcpy(sorted, parts, count * sizeof(*parts));
	sort(sorted, count);
	ok = EVP_DigestInit_ex(sha, EVP_sha1(), NULL) == 1;
	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(sha, sorted[i].ptr, sorted[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(sha, digest, NULL) == 1;
	EVP_MD_CTX_free(sha);
	if (ok)
		to_hex(digest, sizeof(digest), out);
	return ok ? 0 : -ENOMEM;
}

bool wechat_signed(struct span signature, const struct span *parts, size_t count)
{
	char expected[WECHAT_SIGNATURE_CHARS + 1];

	return wechat_sign(parts, count, expected) == 0 &&
	       span_eq_secret(signature, (struct span){expected, WECHAT_SIGNATURE_CHARS});
}

/* The octets of base64 text, in room. EVP_DecodeBlock takes "=" and blanks in odd places: not here.
 */
static int decode(struct span text, struct buf *room, char **octets, size_t *count)
{
	size_t pads = 0;
	char *to;
	int len;

	text = span_trim(text);
	if (!text.len || text.len % BASE64_GROUP)
		return -EBADMSG;
	while (pads < 2 && text.ptr[text.len - 1 - pads] == '=')
		pads++;
	if (!is_base64((struct span){text.ptr, text.len - pads}))
		return -EBADMSG;
	to = buf_room(room, text.len / BASE64_GROUP * BASE64_OCTETS);
	if (!to)
		return buf_check(room);
	len = EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)text.ptr, (int)text.len);
	if (len < (int)pads)
		return -EBADMSG;
	*octets = to;
	*count = (size_t)len - pads;
	return 0;
}

/* One pass of AES-256-CBC without OpenSSL's own padding, in place; len is whole blocks. */
static int crypt_blocks(const struct wechat_key *key, bool encrypt, char *octets, size_t len)
{
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
	unsigned char *at = (unsigned char *)octets;
	int done = 0, rest = 0;
	bool ok;

	if (!aes)
		return -ENOMEM;
	ok = EVP_CipherInit_ex(aes, EVP_aes_256_cbc(), NULL, key->octets, key->octets, encrypt) ==
	             1 &&
	     EVP_CIPHER_CTX_set_padding(aes, 0) == 1 &&
	     EVP_CipherUpdate(aes, at, &done, at, (int)len) == 1 &&
	     EVP_CipherFinal_ex(aes, at + done, &rest) == 1 && (size_t)done + (size_t)rest == len;
	EVP_CIPHER_CTX_free(aes);
	return ok ? 0 : -EBADMSG;
}

/* The message inside opened octets, once the pad, the length and the appid hold. */
static int unpack(struct span opened, struct span appid, struct span *out)
{
	uint8_t pad = (uint8_t)opened.ptr[opened.len - 1];
	struct cursor c;
	struct span message;

	if (pad < 1 || pad > PAD_BLOCK || pad > opened.len)
		return -EBADMSG;
	for (size_t i = opened.len - pad; i < opened.len; i++)
		if ((uint8_t)opened.ptr[i] != pad)
			return -EBADMSG;
	c = cur_open(opened.ptr, opened.len - pad);
	cur_octets(&c, WECHAT_SALT_OCTETS);
	message = cur_octets(&c, cur_u32(&c));
	if (cur_check(&c))
		return -EBADMSG;
	if (!span_eq_secret(cur_rest(&c), appid))
		return -EACCES;
	*out = message;
	return 0;
}

int wechat_open(const struct wechat_key *key, struct span appid, struct span sealed,
                struct buf *room, struct span *out)
{
	char *octets = NULL;
	size_t len = 0;
	int err = decode(sealed, room, &octets, &len);

	if (err)
		return err;
	if (!len || len % AES_BLOCK)
		return -EBADMSG;
	err = crypt_blocks(key, false, octets, len);
	if (!err)
		err = unpack((struct span){octets, len}, appid, out);
	return err;
}

static void pack(struct span appid, const uint8_t *salt, struct span message, struct buf *out)
{
	size_t len = HEAD_OCTETS + message.len + appid.len;
	size_t pad = PAD_BLOCK - len % PAD_BLOCK;

	buf_add(out, (struct span){(const char *)salt, WECHAT_SALT_OCTETS});
	buf_u32(out, (uint32_t)message.len);
	buf_add(out, message);
	buf_add(out, appid);
	for (size_t i = 0; i < pad; i++)
		buf_u8(out, (uint8_t)pad);
}

int wechat_seal(const struct wechat_key *key, struct span appid,
                const uint8_t salt[WECHAT_SALT_OCTETS], struct span message, struct buf *out)
{
	struct buf plain;
	char *to;
	int err;

	buf_init(&plain, HEAD_OCTETS + message.len + appid.len + PAD_BLOCK);
	pack(appid, salt, message, &plain);
	err = buf_check(&plain);
	if (!err)
		err = crypt_blocks(key, true, plain.data, plain.len);
	if (!err) {
		/* EVP_EncodeBlock ends with a NUL that is not part of the text. */
		to = buf_room(out,
		              (plain.len + BASE64_OCTETS - 1) / BASE64_OCTETS * BASE64_GROUP + 1);
		if (to)
			buf_add_len(out, (size_t)EVP_EncodeBlock((unsigned char *)to,
			                                         (unsigned char *)plain.data,
			                                         (int)plain.len));
		err = buf_check(out);
	}
	buf_fini(&plain);
	return err;
}
