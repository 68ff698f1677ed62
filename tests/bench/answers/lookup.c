/*
 * Entries as catalogues have them: a Chinese or an English sentence of words that are common or
 * rare as words are (Zipf). Questions are entries with some words left out and letters swapped. The
 * generator is seeded: every run asks the same.
 */
#include "answers.h"
#include "buf.h"
#include "search.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUESTIONS = 5000, CHARACTERS = 3000, WORDS = 20000, TEXT_MAX = 160, HITS = 10 };

static uint64_t state = 88172645463325252U;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* Small numbers often, large ones rarely. */
static uint32_t draw_rank(uint32_t below)
{
	double u = ((double)draw(1U << 30) + 1.0) / (double)(1U << 30);
	double rank = pow((double)below, u) - 1.0;

	return (uint32_t)rank < below ? (uint32_t)rank : below - 1;
}

/* A word of its own for each number, of syllables. */
static void put_word(struct buf *out, uint32_t number)
{
	static const char *const syllables[] = {"ba", "ce", "di", "fo", "gu", "la", "me", "ni",
	                                        "po", "ru", "sa", "te", "vi", "wo", "xu", "za"};

	for (unsigned i = 0; i < 2 || number; i++, number /= 16)
		buf_str(out, syllables[number % 16]);
}

static void make_entry(struct buf *out)
{
	bool chinese = draw(2) == 0;
	uint32_t length = chinese ? 8 + draw(10) : 4 + draw(6);

	buf_clear(out);
	for (uint32_t i = 0; i < length; i++) {
		if (chinese) {
			utf8_put(out, 0x4E00 + draw_rank(CHARACTERS) * 5);
			continue;
		}
		buf_str(out, i ? " " : "");
		put_word(out, draw_rank(WORDS));
	}
}

/* Leaves out what lies before a random place and swaps two letters. */
static struct span ask_like(struct span entry, char *room)
{
	size_t from = entry.len ? draw((uint32_t)entry.len / 3 + 1) : 0, at;

	while (from < entry.len && ((uint8_t)entry.ptr[from] & 0xC0) == 0x80)
		from++;
	entry = (struct span){entry.ptr + from, entry.len - from};
	memcpy(room, entry.ptr, entry.len);
	at = entry.len > 4 ? draw((uint32_t)entry.len - 2) : 0;
	if (entry.len > 4 && room[at] > ' ' && room[at + 1] > ' ') {
		char held = room[at];

		room[at] = room[at + 1];
		room[at + 1] = held;
	}
	return (struct span){room, entry.len};
}

struct lookup {
	char *pool;
	struct search_text *texts;
	uint64_t *took;
	struct search *s;
	struct search_scratch *scratch;
};

static int make_entries(struct lookup *l, uint32_t entries)
{
	struct buf text;

	l->pool = calloc(entries, TEXT_MAX);
	l->texts = calloc(entries, sizeof(*l->texts));
	l->took = calloc(QUESTIONS, sizeof(*l->took));
	l->scratch = search_scratch_create();
	if (!l->pool || !l->texts || !l->took || !l->scratch)
		return -ENOMEM;
	buf_init(&text, TEXT_MAX);
	for (uint32_t i = 0; i < entries; i++) {
		make_entry(&text);
		memcpy(l->pool + (size_t)i * TEXT_MAX, text.data, text.len);
		l->texts[i] = (struct search_text){
			{l->pool + (size_t)i * TEXT_MAX, text.len},
                        i
                };
	}
	buf_fini(&text);
	return 0;
}

/* How many of the entries that were meant came first. */
static size_t ask_all(struct lookup *l, uint32_t entries)
{
	struct search_hit hits[HITS];
	char room[TEXT_MAX];
	size_t found = 0;

	for (size_t i = 0; i < QUESTIONS; i++) {
		uint32_t meant = draw(entries);
		struct span asked = ask_like(l->texts[meant].text, room);
		uint64_t began = bench_now_ns();
		size_t count = search_find(l->s, l->scratch, asked, NULL, hits, HITS);

		l->took[i] = bench_now_ns() - began;
		found += count && hits[0].entry == meant;
	}
	return found;
}

static int measure(struct lookup *l, uint32_t entries)
{
	uint64_t began = bench_now_ns(), built;
	int err = search_create(l->texts, entries, entries, &l->s);
	size_t found;

	if (err < 0)
		return err;
	built = bench_now_ns() - began;
	found = ask_all(l, entries);
	printf("{\"search_entries\": %u, \"search_build_s\": %.3f, \"search_bytes\": %zu, "
	       "\"search_p50_ms\": %.3f, \"search_p99_ms\": %.3f, \"search_found_first\": %.3f}\n",
	       entries, (double)built / 1e9, search_size(l->s),
	       (double)bench_percentile(l->took, QUESTIONS, 50) / 1e6,
	       (double)bench_percentile(l->took, QUESTIONS, 99) / 1e6, (double)found / QUESTIONS);
	return 0;
}

static void lookup_fini(struct lookup *l)
{
	search_destroy(&l->s);
	search_scratch_destroy(&l->scratch);
	free(l->pool);
	free(l->texts);
	free(l->took);
}

int bench_lookup(uint32_t entries)
{
	static struct lookup l; /* one run a process */
	int err = -EINVAL;

	if (entries && entries <= SEARCH_ENTRIES_MAX)
		err = make_entries(&l, entries);
	if (err == 0)
		err = measure(&l, entries);
	lookup_fini(&l);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
