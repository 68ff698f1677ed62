/*
 * Matching: normalise, ask for a human, look for the very sentence, else score all answers and say
 * how sure that is. Everything a query needs lies in the scratch.
 */
#include "matcher.h"

#include "matcher_intent.h"
#include "matcher_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The confidence compares an answer with many others. With only a few there is hardly anything an
 * unrelated text could be like instead, so the model is sure of nonsense: then only the very
 * sentence is answered, and a menu needs most of the text to be known.
 */
#define ANSWERS_TO_JUDGE 20
#define KNOWN_FOR_MENU 0.6F

const char *match_zone_name(enum match_zone zone)
{
	static const char *const names[] = {
		[MATCH_HUMAN] = "human", [MATCH_MENU] = "menu", [MATCH_ANSWER] = "answer"};

	return names[zone];
}

struct match_scratch *match_scratch_create(void)
{
	struct match_scratch *scratch = malloc(sizeof(*scratch));

	if (!scratch)
		return NULL;
	scratch->search = search_scratch_create();
	if (!scratch->search)
		match_scratch_destroy(&scratch);
	return scratch;
}

void match_scratch_destroy(struct match_scratch **scratch)
{
	if (*scratch)
		search_scratch_destroy(&(*scratch)->search);
	free(*scratch);
	*scratch = NULL;
}

/* --- the very sentence --------------------------------------------------------------------------
 */

static struct exact *exact_slot(const struct matcher *m, uint64_t hash)
{
	size_t at = (size_t)(hash * 0x9E3779B97F4A7C15U >> 32) & (m->exact_size - 1);

	while (m->exact[at].answer != EXACT_NONE && m->exact[at].hash != hash)
		at = (at + 1) & (m->exact_size - 1);
	return &m->exact[at];
}

void matcher_exact_add(struct matcher *m, uint64_t hash, uint32_t answer)
{
	struct exact *slot = exact_slot(m, hash);

	if (slot->answer == EXACT_NONE)
		*slot = (struct exact){hash, answer};
}

/* --- asking it -------------------------------------------------------------------------------- */

static void insert_hit(struct match *out, uint32_t index, float score)
{
	size_t at = out->count < MATCH_BEST ? out->count++ : MATCH_BEST - 1;

	for (; at > 0 && out->best[at - 1].score < score; at--)
		out->best[at] = out->best[at - 1];
	out->best[at] = (struct match_hit){NULL, index, score};
}

/* The best answers, and the handover where that is better than all of them. */
static void keep_best(const struct matcher *m, const float *scores, struct match *out)
{
	float handover = -HUGE_VALF;

	for (uint32_t i = 0; i < m->modelled; i++) {
		uint32_t a = m->answer_of[i];

		if (!m->handover[a]) {
			if (out->count < MATCH_BEST || scores[i] > out->best[MATCH_BEST - 1].score)
				insert_hit(out, a, scores[i]);
		} else if (scores[i] > handover) {
			handover = scores[i];
			out->handover_index = a;
		}
	}
	if (out->count && handover <= out->best[0].score)
		out->handover_index = MATCH_INDEX_NONE;
}

/* Puts the answer that has the very sentence in front of what the model thinks. */
static void put_exact(const struct matcher *m, struct match *out, uint32_t answer)
{
	size_t at = 0;

	out->exact = true;
	out->confidence = 1.0F;
	out->menu_confidence = 1.0F;
	out->handover_index = m->handover[answer] ? answer : MATCH_INDEX_NONE;
	if (m->handover[answer])
		return;
	while (at < out->count && out->best[at].index != answer)
		at++;
	if (at == out->count)
		at = out->count < MATCH_BEST ? out->count++ : MATCH_BEST - 1;
	memmove(&out->best[1], &out->best[0], at * sizeof(out->best[0]));
	out->best[0] = (struct match_hit){NULL, answer, 1.0F};
}

static bool may_offer(const struct matcher *m, const struct match *match)
{
	return match->exact || m->answers >= ANSWERS_TO_JUDGE ||
	       match->signals.known >= KNOWN_FOR_MENU;
}

static bool may_send(const struct matcher *m, const struct match *match)
{
	return !match->cut && m->samples[match->best[0].index] >= MATCHER_SAMPLES_LEAST &&
	       (match->exact || m->answers >= ANSWERS_TO_JUDGE);
}

/* Digits, dates and links alone ask for nothing: "1", a card's number. */
static bool has_word(const struct normal *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->tokens[i].kind == TOKEN_WORD || n->tokens[i].kind == TOKEN_CHARACTER)
			return true;
	return false;
}

static enum match_zone zone_of(const struct matcher *m, const struct normal *n,
                               const struct match *match)
{
	const struct match_zones *zones = &m->calibration.zones;

	if (match->handover_index != MATCH_INDEX_NONE || !match->count || !has_word(n) ||
	    !may_offer(m, match))
		return MATCH_HUMAN;
	if (match->confidence >= zones->answer && may_send(m, match))
		return MATCH_ANSWER;
	return match->menu_confidence >= zones->menu ? MATCH_MENU : MATCH_HUMAN;
}

bool matcher_score(const struct matcher *m, struct match_scratch *s, struct match *out)
{
	features_read(&s->normal, &s->features);
	model_weigh(m->model, s->features.at, s->features.count, &s->vector);
	if (!s->vector.count || !m->modelled)
		return false;
	model_score(m->model, &s->vector, s->scores);
	keep_best(m, s->scores, out);
	confidence_signals(m->model, &s->normal, s->scores, &out->signals);
	return true;
}

static void judge(const struct matcher *m, struct match_scratch *s, struct match *out)
{
	const struct exact *exact = exact_slot(m, normal_hash(&s->normal));

	if (matcher_score(m, s, out)) {
		out->confidence = confidence_of(&m->calibration.answer, &out->signals);
		out->menu_confidence = confidence_of(&m->calibration.menu, &out->signals);
	}
	if (exact->answer != EXACT_NONE && !out->cut)
		put_exact(m, out, exact->answer);
	out->zone = zone_of(m, &s->normal, out);
}

void matcher_match(const struct matcher *m, struct match_scratch *scratch, struct span text,
                   enum language hint, struct match *out)
{
	memset(out, 0, sizeof(*out));
	out->handover_index = MATCH_INDEX_NONE;
	out->language = language_detect(text);
	if (out->language == LANGUAGE_UNKNOWN)
		out->language = hint;
	normal_read(text, &scratch->normal);
	out->cut = scratch->normal.cut;
	out->intent = scratch->normal.count ? MATCH_QUESTION : MATCH_NOTHING;
	if (out->intent == MATCH_NOTHING)
		return;
	judge(m, scratch, out);
	if (!intent_wants_human(&scratch->normal) && !intent_ends_with_human(text))
		return;
	out->intent = MATCH_WANTS_HUMAN;
	out->zone = MATCH_HUMAN;
}

size_t matcher_size(const struct matcher *m)
{
	return sizeof(*m) + model_size(m->model) + m->exact_size * sizeof(*m->exact) +
	       m->answers * (sizeof(*m->samples) + sizeof(*m->handover)) +
	       m->modelled * sizeof(*m->answer_of) + m->case_count * sizeof(*m->cases);
}
