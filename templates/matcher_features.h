/*
 * Features of a text, hashed: words and pairs of words; characters 3 to 5 inside a word; runs of
 * 1 to 3 tokens with a Chinese character among them. Each of the three is a block of its own, so
 * that a long word does not drown the words around it. No allocation.
 */
#ifndef PH_MATCHER_FEATURES_H
#define PH_MATCHER_FEATURES_H

#include "buf.h"
#include "matcher_normal.h"

#define FEATURE_BITS 18
#define FEATURE_BUCKETS ((uint32_t)1 << FEATURE_BITS)
#define FEATURES_MAX 4096

enum feature_block { BLOCK_WORDS, BLOCK_LETTERS, BLOCK_CHARACTERS, BLOCK_COUNT };

struct feature {
	uint32_t bucket; /* below FEATURE_BUCKETS */
	uint16_t block;
	uint16_t times; /* how often it occurs in the text */
};

struct features {
	size_t count;
	struct feature at[FEATURES_MAX]; /* ascending by block, then bucket; each once */
};

/** The features of a normalised text; those past FEATURES_MAX are left out. */
void features_read(const struct normal *n, struct features *out);

/* Where a feature comes from: for explaining what a hash stood for. */
struct feature_origin {
	uint32_t bucket;
	uint16_t block;
	uint16_t token;    /* the first, or the one the letters are of */
	uint8_t tokens;    /* how many, where it is made of tokens */
	uint8_t from, len; /* of " word ", where it is made of letters; else len is 0 */
};

/**
 * The features of a text with their origins, unsorted and each as often as it occurs; out has room
 * for FEATURES_MAX. Returns how many.
 */
size_t features_origins(const struct normal *n, struct feature_origin *out);

/** What the feature looks like: "lost card", "丢了", "_car" (a word's end or beginning is _). */
void feature_origin_text(const struct normal *n, const struct feature_origin *o, struct buf *out);

/** The bucket of a single token as a feature by itself, to ask whether a model knows it. */
uint32_t features_token(const struct normal *n, size_t index);

/** The bucket of a token with the next one, or FEATURE_BUCKETS unless both are characters. */
uint32_t features_pair(const struct normal *n, size_t index);

#endif
