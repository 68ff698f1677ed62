/* Hashing words, letters and characters into buckets; then a radix sort to count them. */
#include "matcher_features.h"

#include "utf8.h"

#define LETTERS_LEAST 3
#define LETTERS_MOST 5
#define CHARACTERS_MOST 3
#define WORD_CODES_MAX 48

/*
 * Keys are a block above a bucket: 20 bits, sorted in three passes. Few keys are the rule, so small
 * tables that are quickly cleared beat fewer passes.
 */
#define KEY_DIGIT 7
#define KEY_DIGITS (1U << KEY_DIGIT)

struct keys {
	uint32_t at[FEATURES_MAX];
	size_t count;
	struct feature_origin *origins; /* beside at, or NULL */
};

/* FNV-1a with a seed for each block, so that "app" the word and "app" the letters differ. */
static uint32_t hash_seed(enum feature_block block)
{
	return 0x811c9dc5U ^ ((uint32_t)block + 1) * 0x9E3779B9U;
}

static uint32_t hash_octet(uint32_t hash, uint8_t octet)
{
	return (hash ^ octet) * 0x01000193U;
}

static uint32_t hash_term(uint32_t hash, struct span term)
{
	for (size_t i = 0; i < term.len; i++)
		hash = hash_octet(hash, (uint8_t)term.ptr[i]);
	return hash_octet(hash, 0x1F);
}

/* FNV's low bits are its best, but a finaliser makes all of them good (MurmurHash3's). */
static uint32_t hash_bucket(uint32_t hash)
{
	hash = (hash ^ hash >> 16) * 0x85ebca6bU;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
	return (hash ^ hash >> 16) >> (32 - FEATURE_BITS);
}

static void put_key(struct keys *k, enum feature_block block, uint32_t hash,
                    struct feature_origin origin)
{
	if (k->count == FEATURES_MAX)
		return;
	k->at[k->count] = (uint32_t)block << FEATURE_BITS | hash_bucket(hash);
	if (k->origins) {
		origin.bucket = hash_bucket(hash);
		origin.block = (uint16_t)block;
		k->origins[k->count] = origin;
	}
	k->count++;
}

static struct feature_origin of_tokens(size_t token, size_t tokens)
{
	return (struct feature_origin){.token = (uint16_t)token, .tokens = (uint8_t)tokens};
}

static bool is_character(const struct normal *n, size_t i)
{
	return n->tokens[i].kind == TOKEN_CHARACTER;
}

static void read_words(const struct normal *n, struct keys *k)
{
	for (size_t i = 0; i < n->count; i++) {
		uint32_t hash;

		if (is_character(n, i))
			continue;
		hash = hash_term(hash_seed(BLOCK_WORDS), normal_term(n, i));
		put_key(k, BLOCK_WORDS, hash, of_tokens(i, 1));
		if (i + 1 < n->count && !is_character(n, i + 1))
			put_key(k, BLOCK_WORDS, hash_term(hash, normal_term(n, i + 1)),
			        of_tokens(i, 2));
	}
}

/* The code points of " word ": those at either end tell beginnings and ends of words apart. */
static size_t padded_codes(struct span word, uint32_t *out)
{
	size_t count = 0;

	out[count++] = ' ';
	while (word.len && count < WORD_CODES_MAX - 1 && utf8_next(&word, &out[count]) == 0)
		count++;
	out[count++] = ' ';
	return count;
}

static void read_letters_of(const struct normal *n, size_t token, struct keys *k)
{
	uint32_t codes[WORD_CODES_MAX];
	size_t count = padded_codes(normal_token(n, token), codes);

	for (size_t from = 0; from + LETTERS_LEAST <= count; from++) {
		uint32_t hash = hash_seed(BLOCK_LETTERS);

		for (size_t len = 1; len <= LETTERS_MOST && from + len <= count; len++) {
			hash = hash_octet(hash, (uint8_t)codes[from + len - 1]);
			hash = hash_octet(hash, (uint8_t)(codes[from + len - 1] >> 8));
			if (len >= LETTERS_LEAST)
				put_key(k, BLOCK_LETTERS, hash,
				        (struct feature_origin){.token = (uint16_t)token,
				                                .from = (uint8_t)from,
				                                .len = (uint8_t)len});
		}
	}
}

static void read_letters(const struct normal *n, struct keys *k)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->tokens[i].kind == TOKEN_WORD)
			read_letters_of(n, i, k);
}

static void read_characters(const struct normal *n, struct keys *k)
{
	for (size_t from = 0; from < n->count; from++) {
		uint32_t hash = hash_seed(BLOCK_CHARACTERS);
		bool any = false;

		for (size_t len = 1; len <= CHARACTERS_MOST && from + len <= n->count; len++) {
			any = any || is_character(n, from + len - 1);
			hash = hash_term(hash, normal_term(n, from + len - 1));
			if (any)
				put_key(k, BLOCK_CHARACTERS, hash, of_tokens(from, len));
		}
	}
}

static void sort_pass(const uint32_t *from, uint32_t *to, size_t count, unsigned shift)
{
	uint32_t place[KEY_DIGITS] = {0};
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		place[from[i] >> shift & (KEY_DIGITS - 1)]++;
	for (size_t i = 0; i < KEY_DIGITS; i++) {
		uint32_t here = place[i];

		place[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[place[from[i] >> shift & (KEY_DIGITS - 1)]++] = from[i];
}

static void count_keys(const struct keys *k, struct features *out)
{
	out->count = 0;
	for (size_t i = 0; i < k->count; i++) {
		if (i && k->at[i] == k->at[i - 1]) {
			out->at[out->count - 1].times++;
			continue;
		}
		out->at[out->count++] = (struct feature){
			.bucket = k->at[i] & (FEATURE_BUCKETS - 1),
			.block = (uint16_t)(k->at[i] >> FEATURE_BITS),
			.times = 1,
		};
	}
}

static void read_all(const struct normal *n, struct keys *k, struct feature_origin *origins)
{
	k->count = 0;
	k->origins = origins;
	read_words(n, k);
	read_characters(n, k);
	read_letters(n, k);
}

void features_read(const struct normal *n, struct features *out)
{
	struct keys keys, other;

	read_all(n, &keys, NULL);
	sort_pass(keys.at, other.at, keys.count, 0);
	sort_pass(other.at, keys.at, keys.count, KEY_DIGIT);
	sort_pass(keys.at, other.at, keys.count, 2 * KEY_DIGIT);
	other.count = keys.count;
	count_keys(&other, out);
}

uint32_t features_token(const struct normal *n, size_t index)
{
	enum feature_block block = is_character(n, index) ? BLOCK_CHARACTERS : BLOCK_WORDS;

	return hash_bucket(hash_term(hash_seed(block), normal_term(n, index)));
}

uint32_t features_pair(const struct normal *n, size_t index)
{
	uint32_t hash = hash_seed(BLOCK_CHARACTERS);

	if (index + 1 >= n->count || !is_character(n, index) || !is_character(n, index + 1))
		return FEATURE_BUCKETS;
	hash = hash_term(hash, normal_term(n, index));
	return hash_bucket(hash_term(hash, normal_term(n, index + 1)));
}

size_t features_origins(const struct normal *n, struct feature_origin *out)
{
	struct keys keys;

	read_all(n, &keys, out);
	return keys.count;
}

void feature_origin_text(const struct normal *n, const struct feature_origin *o, struct buf *out)
{
	uint32_t codes[WORD_CODES_MAX];

	if (o->len) {
		padded_codes(normal_token(n, o->token), codes);
		for (size_t i = o->from; i < (size_t)o->from + o->len; i++)
			utf8_put(out, codes[i] == ' ' ? '_' : codes[i]);
		return;
	}
	for (size_t i = o->token; i < (size_t)o->token + o->tokens; i++) {
		if (i > o->token && !(is_character(n, i) && is_character(n, i - 1)))
			buf_str(out, " ");
		buf_add(out, normal_term(n, i));
	}
}
