/*
 * Learning one answer against the rest, L2 loss, by dual coordinate descent with shrinking (Hsieh
 * et al., ICML 2008, algorithm 3): from its own samples, those near it and a few of all others.
 *
 * The only randomness is which others and the order of the steps, from a generator seeded by the
 * answer's number: the same samples give the same model, bit for bit.
 */
#include "matcher.h"
#include "matcher_train_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST 2.0F
#define EPOCHS_MAX 200
#define OTHERS_ONE_IN 20   /* of the remaining samples, ... */
#define OTHERS_ABOUT 200   /* ... or fewer, so that they are no more than that */
#define WEIGHT_LEAST 0.05F /* smaller weights are dropped */
#define WEIGHT_STEPS 127.0F

/* A sample as one answer's problem sees it. */
struct member {
	uint32_t begin, end; /* its terms */
	float label, alpha, gain;
};

/*
 * One answer against the rest, copied together: the chosen samples and the features they have,
 * numbered anew, stay in the first caches while thousands of steps go over them.
 */
struct problem {
	struct member *members; /* as many as samples at most */
	struct model_term *terms;
	uint32_t *active; /* members, those that still move in front */
	size_t count;

	uint32_t *local;   /* of each feature of the model its number here, if feature[] agrees */
	uint32_t *feature; /* the way back */
	float *w;
	uint32_t features;
	float bias;
};

/* What all answers' problems found, in their order. */
struct found {
	uint32_t *feature;
	uint16_t *answer;
	int8_t *weight;
	size_t count, room;
};

struct solver {
	const struct lesson *lesson;
	const struct near_samples *near;
	float epsilon;
	float *gain; /* of a step along each sample: 1 / its squared length */
	struct model *m;
	struct problem p;
	struct found found;
};

/* --- one answer's problem --------------------------------------------------------------------- */

/* The number of a feature in this problem; a new one starts at weight 0. */
static uint32_t local_feature(struct problem *p, uint32_t feature)
{
	uint32_t at = p->local[feature];

	if (at < p->features && p->feature[at] == feature)
		return at;
	at = p->features++;
	p->local[feature] = at;
	p->feature[at] = feature;
	p->w[at] = 0.0F;
	return at;
}

static void add_member(struct solver *v, size_t s, bool own)
{
	struct problem *p = &v->p;
	const struct model_term *from = v->lesson->terms + v->lesson->begin[s],
				*end = v->lesson->terms + v->lesson->begin[s + 1];
	uint32_t at = p->count ? p->members[p->count - 1].end : 0;
	struct model_term *to = p->terms + at;

	for (; from < end; from++)
		*to++ = (struct model_term){local_feature(p, from->feature), from->value};
	p->members[p->count] = (struct member){at, (uint32_t)(to - p->terms), own ? 1.0F : -1.0F,
	                                       0.0F, v->gain[s]};
	p->active[p->count] = (uint32_t)p->count;
	p->count++;
}

/* Those far away tell little, and of many samples they would be most. */
static uint32_t others_one_in(const struct solver *v)
{
	size_t one_in = v->lesson->count / OTHERS_ABOUT;

	return one_in > OTHERS_ONE_IN ? (uint32_t)one_in : OTHERS_ONE_IN;
}

static void choose_samples(struct solver *v, uint32_t answer, uint64_t *random)
{
	const uint32_t one_in = others_one_in(v);
	const uint32_t *near = v->near->sample + v->near->row[answer];
	const uint32_t *end = v->near->sample + v->near->row[answer + 1];

	v->p.count = 0;
	v->p.features = 0;
	v->p.bias = 0.0F;
	for (size_t s = 0; s < v->lesson->count; s++) {
		bool own = v->lesson->samples[s].answer == answer,
		     is_near = near < end && *near == s;

		near += is_near;
		if (own || is_near || train_random(random) % one_in == 0)
			add_member(v, s, own);
	}
}

/* --- one answer ------------------------------------------------------------------------------ */

/* Four sums at once: one would wait for each addition before it begins the next. */
static float product(const struct problem *p, const struct member *m)
{
	const struct model_term *x = p->terms + m->begin, *end = p->terms + m->end;
	const float *w = p->w;
	float a = p->bias, b = 0.0F, c = 0.0F, d = 0.0F;

	for (; end - x >= 4; x += 4) {
		a += w[x[0].feature] * x[0].value;
		b += w[x[1].feature] * x[1].value;
		c += w[x[2].feature] * x[2].value;
		d += w[x[3].feature] * x[3].value;
	}
	for (; x < end; x++)
		a += w[x->feature] * x->value;
	return (a + b) + (c + d);
}

static void add_sample(struct problem *p, const struct member *m, float step)
{
	for (uint32_t i = m->begin; i < m->end; i++)
		p->w[p->terms[i].feature] += step * p->terms[i].value;
	p->bias += step;
}

static void shuffle(uint32_t *at, size_t count, uint64_t *random)
{
	for (size_t i = 0; i + 1 < count; i++) {
		size_t j = i + train_random(random) % (uint32_t)(count - i);
		uint32_t held = at[i];

		at[i] = at[j];
		at[j] = held;
	}
}

/* The bounds of the projected gradient in an epoch; they tell what to shrink and when to stop. */
struct bounds {
	float most, least;
};

/* One step of the dual. False: the sample lies so far outside that it may rest (shrinking). */
static bool step(struct problem *p, struct member *m, float shrink_above, struct bounds *b)
{
	float alpha = m->alpha;
	float gradient = m->label * product(p, m) - 1.0F + alpha / (2.0F * COST);
	float projected = alpha > 0.0F || gradient < 0.0F ? gradient : 0.0F;

	if (alpha <= 0.0F && gradient > shrink_above)
		return false;
	b->most = projected > b->most ? projected : b->most;
	b->least = projected < b->least ? projected : b->least;
	if (fabsf(projected) > 1e-6F) {
		float next = alpha - gradient * m->gain;

		m->alpha = next > 0.0F ? next : 0.0F;
		add_sample(p, m, (m->alpha - alpha) * m->label);
	}
	return true;
}

static size_t epoch(struct problem *p, size_t active, float shrink_above, struct bounds *b)
{
	for (size_t i = 0; i < active; i++) {
		uint32_t held = p->active[i];

		if (step(p, &p->members[held], shrink_above, b))
			continue;
		p->active[i] = p->active[--active];
		p->active[active] = held;
		i--;
	}
	return active;
}

static void solve(struct solver *v, uint32_t answer)
{
	uint64_t random = 0x9E3779B97F4A7C15U ^ answer;
	struct problem *p = &v->p;
	float shrink_above = HUGE_VALF;
	size_t active;

	choose_samples(v, answer, &random);
	active = p->count;
	for (int round = 0; round < EPOCHS_MAX; round++) {
		struct bounds b = {-HUGE_VALF, HUGE_VALF};

		shuffle(p->active, active, &random);
		active = epoch(p, active, shrink_above, &b);
		if (b.most - b.least <= v->epsilon || active == 0) {
			if (active == p->count)
				break;
			active = p->count; /* all may speak once more before it is over */
			shrink_above = HUGE_VALF;
			continue;
		}
		shrink_above = b.most > 0.0F ? b.most : HUGE_VALF;
	}
}

/* --- the sparse result ------------------------------------------------------------------------ */

static int found_grow(struct found *f)
{
	size_t room = f->room ? 2 * f->room : 65536;
	uint32_t *feature = realloc(f->feature, room * sizeof(*feature));
	uint16_t *answer;
	int8_t *weight;

	if (feature)
		f->feature = feature;
	answer = feature ? realloc(f->answer, room * sizeof(*answer)) : NULL;
	if (answer)
		f->answer = answer;
	weight = answer ? realloc(f->weight, room * sizeof(*weight)) : NULL;
	if (!weight)
		return -ENOMEM;
	f->weight = weight;
	f->room = room;
	return 0;
}

static int keep_weights(struct solver *v, uint32_t answer)
{
	const struct problem *p = &v->p;
	struct found *found = &v->found;
	float most = WEIGHT_LEAST;

	for (uint32_t f = 0; f < p->features; f++)
		most = fabsf(p->w[f]) > most ? fabsf(p->w[f]) : most;
	v->m->scale[answer] = most / WEIGHT_STEPS;
	v->m->bias[answer] = p->bias;
	for (uint32_t f = 0; f < p->features; f++) {
		if (fabsf(p->w[f]) < WEIGHT_LEAST)
			continue;
		if (found->count == found->room && found_grow(found) < 0)
			return -ENOMEM;
		found->feature[found->count] = p->feature[f];
		found->answer[found->count] = (uint16_t)answer;
		found->weight[found->count++] = (int8_t)lrintf(p->w[f] / v->m->scale[answer]);
	}
	return 0;
}

static int rows_from_found(const struct found *found, struct model *m)
{
	uint32_t *next;

	m->row = calloc((size_t)m->features + 1, sizeof(*m->row));
	m->entry_answer = calloc(found->count + 1, sizeof(*m->entry_answer));
	m->entry_weight = calloc(found->count + 1, sizeof(*m->entry_weight));
	next = calloc((size_t)m->features + 1, sizeof(*next));
	if (!m->row || !m->entry_answer || !m->entry_weight || !next) {
		free(next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < found->count; i++)
		m->row[found->feature[i] + 1]++;
	for (uint32_t f = 0; f < m->features; f++)
		m->row[f + 1] += m->row[f];
	memcpy(next, m->row, m->features * sizeof(*next));
	for (size_t i = 0; i < found->count; i++) {
		uint32_t at = next[found->feature[i]]++;

		m->entry_answer[at] = found->answer[i];
		m->entry_weight[at] = found->weight[i];
	}
	free(next);
	return 0;
}

/* --- all answers ------------------------------------------------------------------------------ */

static int problem_init(struct problem *p, size_t samples, size_t terms, size_t features)
{
	p->members = calloc(samples + 1, sizeof(*p->members));
	p->active = calloc(samples + 1, sizeof(*p->active));
	p->terms = calloc(terms + 1, sizeof(*p->terms));
	p->local = calloc(features + 1, sizeof(*p->local));
	p->feature = calloc(features + 1, sizeof(*p->feature));
	p->w = calloc(features + 1, sizeof(*p->w));
	return p->members && p->active && p->terms && p->local && p->feature && p->w ? 0 : -ENOMEM;
}

static void problem_fini(struct problem *p)
{
	free(p->members);
	free(p->active);
	free(p->terms);
	free(p->local);
	free(p->feature);
	free(p->w);
}

static int solver_init(struct solver *v)
{
	const struct lesson *l = v->lesson;

	v->m->scale = calloc((size_t)l->answers + 1, sizeof(*v->m->scale));
	v->m->bias = calloc((size_t)l->answers + 1, sizeof(*v->m->bias));
	v->gain = calloc(l->count + 1, sizeof(*v->gain));
	if (!v->m->scale || !v->m->bias || !v->gain ||
	    problem_init(&v->p, l->count, l->begin[l->count], l->features) < 0)
		return -ENOMEM;
	for (size_t s = 0; s < l->count; s++) {
		float q = 1.0F + 1.0F / (2.0F * COST); /* the bias feature and the loss */

		for (uint32_t i = l->begin[s]; i < l->begin[s + 1]; i++)
			q += l->terms[i].value * l->terms[i].value;
		v->gain[s] = 1.0F / q;
	}
	return 0;
}

static void solver_fini(struct solver *v)
{
	problem_fini(&v->p);
	free(v->gain);
	free(v->found.feature);
	free(v->found.answer);
	free(v->found.weight);
}

int train_solve(const struct lesson *lesson, const struct near_samples *near, float epsilon,
                struct model *m)
{
	struct solver v = {.lesson = lesson, .near = near, .epsilon = epsilon, .m = m};
	int err = solver_init(&v);

	for (uint32_t a = 0; err == 0 && lesson->count && a < lesson->answers; a++) {
		solve(&v, a);
		err = matcher_is_given_up() ? -ECANCELED : keep_weights(&v, a);
	}
	if (err == 0)
		err = rows_from_found(&v.found, m);
	solver_fini(&v);
	return err;
}
