/*
 * Building the index. Every text is cut into terms; each entry's terms are counted and put down as
 * (term, entry, times), in the order of the entries, so that one counting sort by term makes the
 * rows, ascending by entry.
 */
#include "search_parts.h"

#include <stdlib.h>

#define K1 1.2F
#define B 0.5F /* how much a long entry is held against it */
#define ENTRY_TERMS_MAX 16384
#define TEXT_TERMS_MAX ((size_t)2 * NORMAL_TOKENS_MAX)

#define HASH_SEED 0xcbf29ce484222325U
#define HASH_PRIME 0x100000001b3U

struct pair {
	uint32_t term, posting;
};

struct builder {
	struct search *s;
	struct normal normal;
	struct search_term terms[TEXT_TERMS_MAX];
	uint32_t of_entry[ENTRY_TERMS_MAX];
	size_t of_entry_count;
	struct pair *pairs;
	size_t pair_count, pair_room;
	size_t term_room, text_room, word_room, text_len;
	double length; /* of all entries together */
};

/* --- terms ------------------------------------------------------------------------------------ */

static uint64_t hash_span(uint64_t hash, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (uint8_t)s.ptr[i]) * HASH_PRIME;
	return (hash ^ 0x1F) * HASH_PRIME;
}

uint64_t search_word_hash(struct span word)
{
	return hash_span(HASH_SEED ^ SEARCH_WORD, word);
}

static bool is_character(const struct normal *n, size_t i)
{
	return i < n->count && n->tokens[i].kind == TOKEN_CHARACTER;
}

/* Numbers, dates and the like stay what they are here: an agent may look for "95500". */
static void put_term(struct search_term *out, size_t *count, size_t room, uint64_t hash,
                     enum search_kind kind)
{
	if (*count < room)
		out[(*count)++] = (struct search_term){hash, kind};
}

size_t search_terms(const struct normal *n, struct search_term *out, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct span token = normal_token(n, i);

		if (!is_character(n, i)) {
			put_term(out, &count, room, search_word_hash(token), SEARCH_WORD);
			continue;
		}
		put_term(out, &count, room, hash_span(HASH_SEED ^ SEARCH_CHARACTER, token),
		         SEARCH_CHARACTER);
		if (is_character(n, i + 1))
			put_term(out, &count, room,
			         hash_span(hash_span(HASH_SEED ^ SEARCH_PAIR, token),
			                   normal_token(n, i + 1)),
			         SEARCH_PAIR);
	}
	return count;
}

static size_t slot_of(const struct search *s, uint64_t hash)
{
	size_t at = (size_t)(hash * 0x9E3779B97F4A7C15U >> 32) & (s->slots - 1);

	while (s->slot[at] != SEARCH_NONE && s->hash[s->slot[at]] != hash)
		at = (at + 1) & (s->slots - 1);
	return at;
}

uint32_t search_term_find(const struct search *s, uint64_t hash)
{
	return s->slots ? s->slot[slot_of(s, hash)] : SEARCH_NONE;
}

static int grow_slots(struct search *s)
{
	size_t slots = s->slots ? 2 * s->slots : 1024;
	uint32_t *slot = malloc(slots * sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	free(s->slot);
	s->slot = slot;
	s->slots = slots;
	for (size_t i = 0; i < slots; i++)
		slot[i] = SEARCH_NONE;
	for (uint32_t t = 0; t < s->terms; t++)
		slot[slot_of(s, s->hash[t])] = t;
	return 0;
}

/* Doubles *at, an array of size each, when count has reached *room. */
static int grow(void *at, size_t *room, size_t count, size_t size)
{
	void **array = at;
	size_t more = *room ? 2 * *room : 1024;
	void *grown;

	if (count < *room)
		return 0;
	grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

static int keep_word(struct builder *b, uint32_t term, struct span word)
{
	struct search *s = b->s;

	if (!word.len || word.len > SEARCH_WORD_MAX)
		return 0;
	while (b->text_len + word.len > b->text_room)
		if (grow(&s->text, &b->text_room, b->text_room, 1) < 0)
			return -ENOMEM;
	if (s->words == b->word_room) {
		size_t room = b->word_room;

		if (grow(&s->word_term, &room, s->words, sizeof(*s->word_term)) < 0 ||
		    grow(&s->word_at, &b->word_room, s->words, sizeof(*s->word_at)) < 0)
			return -ENOMEM;
	}
	memcpy(s->text + b->text_len, word.ptr, word.len);
	s->word_at[s->words] = (uint32_t)b->text_len;
	s->word_term[s->words++] = term;
	b->text_len += word.len;
	return 0;
}

/* The number of a term, a new one where there is none. */
static int number_of(struct builder *b, const struct search_term *term, struct span word,
                     uint32_t *out)
{
	struct search *s = b->s;
	size_t at;

	if (2 * (size_t)s->terms >= s->slots && grow_slots(s) < 0)
		return -ENOMEM;
	at = slot_of(s, term->hash);
	*out = s->slot[at];
	if (*out != SEARCH_NONE)
		return 0;
	if (grow(&s->hash, &b->term_room, s->terms, sizeof(*s->hash)) < 0)
		return -ENOMEM;
	s->hash[s->terms] = term->hash;
	s->slot[at] = *out = s->terms++;
	return keep_word(b, *out, word);
}

/* --- entries ---------------------------------------------------------------------------------- */

static int add_text(struct builder *b, struct span text)
{
	size_t count, token = 0;
	int err = 0;

	normal_read(text, &b->normal);
	count = search_terms(&b->normal, b->terms, TEXT_TERMS_MAX);
	for (size_t i = 0; err == 0 && i < count; i++) {
		struct span word = SPAN_NONE;
		uint32_t number;

		if (b->terms[i].kind == SEARCH_PAIR)
			; /* belongs to the character before it */
		else if (b->normal.tokens[token++].kind == TOKEN_WORD)
			word = normal_token(&b->normal, token - 1);
		err = number_of(b, &b->terms[i], word, &number);
		if (err == 0 && b->of_entry_count < ENTRY_TERMS_MAX)
			b->of_entry[b->of_entry_count++] = number;
	}
	return err;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int add_pair(struct builder *b, uint32_t term, uint32_t entry, uint32_t times)
{
	const uint32_t most = (1U << SEARCH_TIMES_BITS) - 1;

	if (grow(&b->pairs, &b->pair_room, b->pair_count, sizeof(*b->pairs)) < 0)
		return -ENOMEM;
	b->pairs[b->pair_count++] =
		(struct pair){term, entry << SEARCH_TIMES_BITS | (times < most ? times : most)};
	return 0;
}

/* The terms of one entry are together: counts them and begins the next. */
static int end_entry(struct builder *b, uint32_t entry)
{
	size_t count = b->of_entry_count;
	int err = 0;

	qsort(b->of_entry, count, sizeof(b->of_entry[0]), by_number);
	for (size_t i = 0, next; err == 0 && i < count; i = next) {
		for (next = i + 1; next < count && b->of_entry[next] == b->of_entry[i]; next++)
			;
		err = add_pair(b, b->of_entry[i], entry, (uint32_t)(next - i));
	}
	b->s->norm[entry] = (float)count;
	b->length += (double)count;
	b->of_entry_count = 0;
	return err;
}

static int add_all(struct builder *b, const struct search_text *texts, size_t count)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		if (texts[i].entry >= b->s->entries || (i && texts[i].entry < texts[i - 1].entry))
			return -EINVAL;
		err = add_text(b, texts[i].text);
		if (err == 0 && (i + 1 == count || texts[i + 1].entry != texts[i].entry))
			err = end_entry(b, texts[i].entry);
	}
	return err;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int sort_pairs(struct builder *b)
{
	struct search *s = b->s;

	s->row = calloc((size_t)s->terms + 2, sizeof(*s->row));
	s->posting = calloc(b->pair_count + 1, sizeof(*s->posting));
	if (!s->row || !s->posting)
		return -ENOMEM;
	for (size_t i = 0; i < b->pair_count; i++)
		s->row[b->pairs[i].term + 2]++;
	for (uint32_t t = 0; t < s->terms; t++)
		s->row[t + 2] += s->row[t + 1];
	for (size_t i = 0; i < b->pair_count; i++) /* row[t + 1] runs from begin to end of t */
		s->posting[s->row[b->pairs[i].term + 1]++] = b->pairs[i].posting;
	return 0;
}

static void set_norms(struct builder *b)
{
	struct search *s = b->s;
	float mean = s->entries ? (float)(b->length / s->entries) : 1.0F;

	for (uint32_t e = 0; e < s->entries; e++)
		s->norm[e] = K1 * (1.0F - B + B * s->norm[e] / (mean > 0.0F ? mean : 1.0F));
}

static int index_words(struct builder *b)
{
	struct search *s = b->s;
	uint32_t grams[SEARCH_GRAMS_MAX];

	s->gram_row = calloc(SEARCH_GRAMS + 2, sizeof(*s->gram_row));
	s->gram_word = calloc(b->text_len + s->words + 1, sizeof(*s->gram_word));
	if (!s->gram_row || !s->gram_word || keep_word(b, SEARCH_NONE, SPAN_LIT(".")) < 0)
		return -ENOMEM;
	s->words--; /* the last one only closes the row before it */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t w = 0; w < s->words; w++) {
			size_t count =
				search_grams((struct span){s->text + s->word_at[w],
			                                   s->word_at[w + 1] - s->word_at[w]},
			                     grams);

			for (size_t g = 0; g < count; g++) {
				if (pass)
					s->gram_word[s->gram_row[grams[g] + 1]++] = w;
				else
					s->gram_row[grams[g] + 2]++;
			}
		}
		for (uint32_t g = 0; !pass && g < SEARCH_GRAMS; g++)
			s->gram_row[g + 2] += s->gram_row[g + 1];
	}
	return 0;
}

static int build(struct builder *b, const struct search_text *texts, size_t count, uint32_t entries)
{
	int err;

	b->s = calloc(1, sizeof(*b->s));
	if (!b->s)
		return -ENOMEM;
	b->s->entries = entries;
	b->s->norm = calloc((size_t)entries + 1, sizeof(*b->s->norm));
	err = b->s->norm ? add_all(b, texts, count) : -ENOMEM;
	if (err == 0)
		err = sort_pairs(b);
	if (err == 0)
		err = index_words(b);
	if (err == 0)
		set_norms(b);
	return err;
}

int search_create(const struct search_text *texts, size_t count, uint32_t entries,
                  struct search **out)
{
	struct builder *b;
	int err;

	if (entries > SEARCH_ENTRIES_MAX)
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	err = build(b, texts, count, entries);
	if (err < 0)
		search_destroy(&b->s);
	else
		*out = b->s;
	free(b->pairs);
	free(b);
	return err;
}

void search_destroy(struct search **s)
{
	if (!*s)
		return;
	free((*s)->hash);
	free((*s)->slot);
	free((*s)->row);
	free((*s)->posting);
	free((*s)->norm);
	free((*s)->text);
	free((*s)->word_at);
	free((*s)->word_term);
	free((*s)->gram_row);
	free((*s)->gram_word);
	free(*s);
	*s = NULL;
}

size_t search_size(const struct search *s)
{
	size_t words = s->words ? s->word_at[s->words] : 0;

	return sizeof(*s) + s->terms * (sizeof(*s->hash) + sizeof(*s->row)) +
	       s->slots * sizeof(*s->slot) + s->row[s->terms] * sizeof(*s->posting) +
	       s->entries * sizeof(*s->norm) + words +
	       s->words * (sizeof(*s->word_at) + sizeof(*s->word_term)) +
	       SEARCH_GRAMS * sizeof(*s->gram_row) +
	       s->gram_row[SEARCH_GRAMS] * sizeof(*s->gram_word);
}
