/*
 * A text as the matcher sees it: tokens in lower case and half width, traditional characters made
 * simplified, numbers, amounts, cards, dates and links known as such. Two texts that a reader
 * would call the same question give the same tokens.
 */
#ifndef PH_MATCHER_NORMAL_H
#define PH_MATCHER_NORMAL_H

#include "span.h"

enum token_kind {
	TOKEN_WORD,      /* letters and digits, beginning with a letter */
	TOKEN_CHARACTER, /* one Chinese, Japanese or Korean character */
	TOKEN_NUMBER,
	TOKEN_AMOUNT,
	TOKEN_CARD, /* 12 to 19 digits */
	TOKEN_DATE,
	TOKEN_LINK, /* URL or mail address */
	TOKEN_KINDS
};

struct token {
	uint16_t at, len; /* octets of normal.text */
	enum token_kind kind;
};

#define NORMAL_TEXT_SIZE 3072
#define NORMAL_TOKENS_MAX 256

struct normal {
	char text[NORMAL_TEXT_SIZE]; /* folded; the tokens lie in it, without what separates them */
	size_t len;
	struct token tokens[NORMAL_TOKENS_MAX];
	size_t count;
	bool cut; /* there was more text or tokens than fit */
};

/**
 * Fills out from any octets; what is not UTF-8 separates words. A greeting before the matter is
 * dropped.
 */
void normal_read(struct span text, struct normal *out);

/** The folded octets of a token, borrowed from n. */
struct span normal_token(const struct normal *n, size_t index);

/** The token's folded octets for words and characters, "#number", "#amount"... for the others. */
struct span normal_term(const struct normal *n, size_t index);

/** A hash of all terms in order: equal for texts that are equal after normalising. */
uint64_t normal_hash(const struct normal *n);

/**
 * A hash of the set of terms without the words that carry no meaning of their own: equal for texts
 * that differ in order, politeness, particles and the plural only. 0 where nothing is left.
 */
uint64_t normal_gist(const struct normal *n);

#endif
