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

#define SAMPLES_LEAST 3 /* below, an answer is offered but never sent by itself */

/*
 * The confidence compares an answer with many others. With only a few there is hardly anything an
 * unrelated text could be like instead, so the model is sure of nonsense: then only the very
 * sentence is answered, and a menu needs most of the text to be known.
 */
#define ANSWERS_TO_JUDGE 20
#define KNOWN_FOR_MENU 0.6F

struct match_scratch {
	struct normal normal;
	struct features features;
	struct model_vector vector;
	float scores[MATCHER_ANSWERS_MAX];
};

/* The features of all samples, for the training only. */
struct prepared {
	struct model_sample *samples;
	struct feature *pool;
	size_t used, room;
};

const char *match_zone_name(enum match_zone zone)
{
	static const char *const names[] = {
		[MATCH_HUMAN] = "human", [MATCH_MENU] = "menu", [MATCH_ANSWER] = "answer"};

	return names[zone];
}

struct match_scratch *match_scratch_create(void)
{
	return malloc(sizeof(struct match_scratch));
}

void match_scratch_destroy(struct match_scratch **scratch)
{
	free(*scratch);
	*scratch = NULL;
}

void matcher_destroy(struct matcher **m)
{
	if (!*m)
		return;
	model_destroy(&(*m)->model);
	free((*m)->samples);
	free((*m)->exact);
	free(*m);
	*m = NULL;
}

/* --- making one ------------------------------------------------------------------------------- */

static int pool_room(struct prepared *p, size_t more)
{
	size_t room = p->room ? p->room : 65536;
	struct feature *grown;

	while (room < p->used + more)
		room *= 2;
	if (room == p->room)
		return 0;
	grown = realloc(p->pool, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->pool = grown;
	p->room = room;
	return 0;
}

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

static int prepare_one(struct matcher *m, struct prepared *p, struct match_scratch *scratch,
                       const struct match_sample *from, size_t index)
{
	struct features *f = &scratch->features;

	if (from->answer >= m->answers)
		return -EINVAL;
	normal_read(from->text, &scratch->normal);
	features_read(&scratch->normal, f);
	if (pool_room(p, f->count) < 0)
		return -ENOMEM;
	memcpy(p->pool + p->used, f->at, f->count * sizeof(f->at[0]));
	p->used += f->count;
	p->samples[index] = (struct model_sample){from->answer, (uint32_t)f->count, NULL};
	m->samples[from->answer]++;
	if (scratch->normal.count && !scratch->normal.cut)
		matcher_exact_add(m, normal_hash(&scratch->normal), from->answer);
	return 0;
}

/* The pool moves while it grows, so pointers into it are set at the end. */
static void point_into_pool(struct prepared *p, size_t count)
{
	const struct feature *at = p->pool;

	for (size_t i = 0; i < count; i++) {
		p->samples[i].features = at;
		at += p->samples[i].count;
	}
}

static int prepare(struct matcher *m, const struct match_sample *samples, size_t count,
                   struct prepared *p)
{
	struct match_scratch *scratch = match_scratch_create();
	int err = 0;

	p->samples = calloc(count + 1, sizeof(*p->samples));
	if (!scratch || !p->samples)
		err = -ENOMEM;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = prepare_one(m, p, scratch, &samples[i], i);
	if (err == 0)
		point_into_pool(p, count);
	match_scratch_destroy(&scratch);
	return err;
}

static int tables_init(struct matcher *m, size_t exacts)
{
	m->exact_size = 16;
	while (m->exact_size < 2 * exacts)
		m->exact_size *= 2;
	m->exact = calloc(m->exact_size, sizeof(*m->exact));
	m->samples = calloc((size_t)m->answers + 1, sizeof(*m->samples));
	if (!m->exact || !m->samples)
		return -ENOMEM;
	for (size_t i = 0; i < m->exact_size; i++)
		m->exact[i].answer = EXACT_NONE;
	return 0;
}

int matcher_alloc(uint32_t answers, size_t exacts, struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->answers = answers;
	m->confidence = confidence_default;
	m->menu_confidence = confidence_menu_default;
	m->zones = match_zones_default;
	err = tables_init(m, exacts);
	if (err < 0)
		matcher_destroy(&m);
	else
		*out = m;
	return err;
}

int matcher_create(const struct match_sample *samples, size_t count, uint32_t answers,
                   struct matcher **out)
{
	struct matcher *m = NULL;
	struct prepared p = {0};
	int err;

	if (answers > MATCHER_ANSWERS_MAX)
		return -EINVAL;
	err = matcher_alloc(answers, count, &m);
	if (err == 0)
		err = prepare(m, samples, count, &p);
	if (err == 0)
		err = model_train(p.samples, count, answers, &m->model);
	free(p.samples);
	free(p.pool);
	if (err < 0)
		matcher_destroy(&m);
	else
		*out = m;
	return err;
}

/* --- asking it -------------------------------------------------------------------------------- */

static void insert_hit(struct match *out, uint32_t index, float score)
{
	size_t at = out->count < MATCH_BEST ? out->count++ : MATCH_BEST - 1;

	for (; at > 0 && out->best[at - 1].score < score; at--)
		out->best[at] = out->best[at - 1];
	out->best[at] = (struct match_hit){NULL, index, score};
}

static void keep_best(const float *scores, uint32_t count, struct match *out)
{
	for (uint32_t a = 0; a < count; a++)
		if (out->count < MATCH_BEST || scores[a] > out->best[MATCH_BEST - 1].score)
			insert_hit(out, a, scores[a]);
}

/* Puts the answer that has the very sentence in front of what the model thinks. */
static void put_exact(struct match *out, uint32_t answer)
{
	size_t at = 0;

	while (at < out->count && out->best[at].index != answer)
		at++;
	if (at == out->count)
		at = out->count < MATCH_BEST ? out->count++ : MATCH_BEST - 1;
	memmove(&out->best[1], &out->best[0], at * sizeof(out->best[0]));
	out->best[0] = (struct match_hit){NULL, answer, 1.0F};
	out->exact = true;
	out->confidence = 1.0F;
	out->menu_confidence = 1.0F;
}

static bool may_offer(const struct matcher *m, const struct match *match)
{
	return match->exact || m->answers >= ANSWERS_TO_JUDGE ||
	       match->signals.known >= KNOWN_FOR_MENU;
}

static bool may_send(const struct matcher *m, const struct match *match)
{
	return !match->cut && m->samples[match->best[0].index] >= SAMPLES_LEAST &&
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
	if (!match->count || !has_word(n) || !may_offer(m, match))
		return MATCH_HUMAN;
	if (match->confidence >= m->zones.answer && may_send(m, match))
		return MATCH_ANSWER;
	return match->menu_confidence >= m->zones.menu ? MATCH_MENU : MATCH_HUMAN;
}

static void score(const struct matcher *m, struct match_scratch *s, struct match *out)
{
	struct exact *exact = exact_slot(m, normal_hash(&s->normal));

	features_read(&s->normal, &s->features);
	model_weigh(m->model, s->features.at, s->features.count, &s->vector);
	if (s->vector.count && m->answers) {
		model_score(m->model, &s->vector, s->scores);
		keep_best(s->scores, m->answers, out);
		confidence_signals(m->model, &s->normal, s->scores, &out->signals);
		out->confidence = confidence_of(&m->confidence, &out->signals);
		out->menu_confidence = confidence_of(&m->menu_confidence, &out->signals);
	}
	if (exact->answer != EXACT_NONE && !out->cut)
		put_exact(out, exact->answer);
	out->zone = zone_of(m, &s->normal, out);
}

void matcher_match(const struct matcher *m, struct match_scratch *scratch, struct span text,
                   enum language hint, struct match *out)
{
	memset(out, 0, sizeof(*out));
	out->language = language_detect(text);
	if (out->language == LANGUAGE_UNKNOWN)
		out->language = hint;
	normal_read(text, &scratch->normal);
	out->cut = scratch->normal.cut;
	out->intent = scratch->normal.count ? MATCH_QUESTION : MATCH_NOTHING;
	if (out->intent == MATCH_NOTHING)
		return;
	score(m, scratch, out);
	if (!intent_wants_human(&scratch->normal))
		return;
	out->intent = MATCH_WANTS_HUMAN;
	out->zone = MATCH_HUMAN;
}

size_t matcher_size(const struct matcher *m)
{
	return sizeof(*m) + model_size(m->model) + m->exact_size * sizeof(*m->exact) +
	       m->answers * sizeof(*m->samples);
}
