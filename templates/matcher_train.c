/*
 * Training: one linear SVM an answer against the rest, L2 loss, by dual coordinate descent with
 * shrinking (Hsieh et al., ICML 2008, algorithm 3). Most samples tell an answer nothing, so each
 * learns from its own, from those that lie near it (its centroid is among their nearest) and from
 * a few of all others; that keeps the accuracy and makes the time linear in the samples.
 *
 * The only randomness is the order of the steps, from a generator seeded by the answer's number:
 * the same samples give the same model, bit for bit.
 */
#include "matcher.h"
#include "matcher_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST 2.0F
#define EPOCHS_MAX 200
#define NEAR_MAX 20        /* nearest centroids of a sample that take it as a hard negative */
#define OTHERS_ONE_IN 20   /* of the remaining samples, ... */
#define OTHERS_ABOUT 200   /* ... or fewer, so that they are no more than that */
#define WEIGHT_LEAST 0.05F /* smaller weights are dropped */
#define WEIGHT_STEPS 127.0F

static const struct effort {
	float epsilon;    /* how far from the optimum it may stop */
	uint32_t nearest; /* how many of NEAR_MAX */
} efforts[] = {
	[MODEL_EXACT] = {0.1F, NEAR_MAX},
          [MODEL_ROUGH] = {1.0F, 8       }
};

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

struct trainer {
	const struct model_sample *samples;
	size_t count;
	struct effort effort;
	struct model *m;
	uint32_t *begin; /* count + 1: where each sample's terms begin */
	struct model_term *terms;
	float *gain;           /* of a step along each sample: 1 / its squared length */
	uint32_t *near_row;    /* answers + 1: where each answer's begin in near_sample */
	uint32_t *near_sample; /* those whose nearest centroids include the answer's, ascending */
	struct problem p;

	/* what all answers' problems found, in their order */
	uint32_t *found_feature;
	uint16_t *found_answer;
	int8_t *found_weight;
	size_t found, found_room;
};

/* --- the vocabulary ------------------------------------------------------------------------- */

static void mark_known(struct trainer *t, uint32_t *documents)
{
	for (size_t s = 0; s < t->count; s++)
		for (uint32_t f = 0; f < t->samples[s].count; f++)
			documents[t->samples[s].features[f].bucket]++;
	for (uint32_t b = 0; b < FEATURE_BUCKETS; b++)
		if (documents[b])
			t->m->known[b / 64] |= (uint64_t)1 << b % 64;
	for (size_t i = 0; i < MODEL_WORDS; i++) {
		t->m->rank[i] = t->m->features;
		t->m->features += (uint32_t)__builtin_popcountll(t->m->known[i]);
	}
}

/* The root of what is usual: a rare word weighs more, but not so much that it drowns the others. */
static float weight_of_term(size_t samples, uint32_t with_it)
{
	return sqrtf(1.0F + logf((1.0F + (float)samples) / (1.0F + (float)with_it)));
}

static int learn_vocabulary(struct trainer *t)
{
	uint32_t *documents = calloc(FEATURE_BUCKETS, sizeof(*documents));
	uint32_t next = 0;

	if (!documents)
		return -ENOMEM;
	mark_known(t, documents);
	t->m->idf_unknown = weight_of_term(t->count, 0);
	t->m->idf = calloc((size_t)t->m->features + 1, sizeof(*t->m->idf));
	for (uint32_t b = 0; t->m->idf && b < FEATURE_BUCKETS; b++)
		if (documents[b])
			t->m->idf[next++] = weight_of_term(t->count, documents[b]);
	free(documents);
	return t->m->idf ? 0 : -ENOMEM;
}

static int weigh_samples(struct trainer *t)
{
	struct model_vector *v = malloc(sizeof(*v));
	size_t total = 0, at = 0;

	for (size_t s = 0; s < t->count; s++)
		total += t->samples[s].count;
	t->begin = calloc(t->count + 1, sizeof(*t->begin));
	t->terms = calloc(total + 1, sizeof(*t->terms));
	if (!v || !t->begin || !t->terms) {
		free(v);
		return -ENOMEM;
	}
	for (size_t s = 0; s < t->count; s++) {
		model_weigh(t->m, t->samples[s].features, t->samples[s].count, v);
		memcpy(t->terms + at, v->at, v->count * sizeof(v->at[0]));
		at += v->count;
		t->begin[s + 1] = (uint32_t)at;
	}
	free(v);
	return 0;
}

/* --- which samples an answer learns from ------------------------------------------------------ */

/* All centroids by feature: a row of (answer, weight) each, like the model itself. */
struct centroids {
	uint32_t *row;
	struct model_term *entry; /* .feature is the answer here */
};

static void centroids_fini(struct centroids *c)
{
	free(c->row);
	free(c->entry);
}

/* Adds the terms of sample s to the rows. Samples come by answer, so a row's last entry tells. */
static void centroids_add(const struct trainer *t, struct centroids *c, uint32_t *fill, size_t s)
{
	uint32_t answer = t->samples[s].answer;

	for (uint32_t i = t->begin[s]; i < t->begin[s + 1]; i++) {
		uint32_t f = t->terms[i].feature;
		struct model_term *last = fill[f] ? &c->entry[c->row[f] + fill[f] - 1] : NULL;

		if (!last || last->feature != answer) {
			last = &c->entry[c->row[f] + fill[f]++];
			*last = (struct model_term){answer, 0.0F};
		}
		last->value += t->terms[i].value;
	}
}

/* 1 / length of each answer's centroid. */
static void centroids_lengths(const struct trainer *t, const struct centroids *c,
                              const uint32_t *fill, float *out)
{
	for (uint32_t f = 0; f < t->m->features; f++)
		for (uint32_t e = c->row[f]; e < c->row[f] + fill[f]; e++)
			out[c->entry[e].feature] += c->entry[e].value * c->entry[e].value;
	for (uint32_t a = 0; a < t->m->answers; a++)
		out[a] = out[a] > 0.0F ? 1.0F / sqrtf(out[a]) : 0.0F;
}

/* The best of scores into near, best first; returns how many. Ties stay with the lower answer. */
static uint32_t keep_nearest(const float *scores, uint32_t answers, uint32_t most,
                             uint32_t near[NEAR_MAX])
{
	uint32_t kept = 0;

	for (uint32_t a = 0; a < answers; a++) {
		uint32_t at = kept;

		if (kept == most && scores[near[most - 1]] >= scores[a])
			continue;
		if (kept == most)
			at--;
		else
			kept++;
		for (; at > 0 && scores[near[at - 1]] < scores[a]; at--)
			near[at] = near[at - 1];
		near[at] = a;
	}
	return kept;
}

/* Scores every centroid for a sample; those of length 1 / length[a] count as of length 1. */
static void score_centroids(const struct trainer *t, const struct centroids *c,
                            const uint32_t *fill, const float *length, size_t s, float *scores)
{
	memset(scores, 0, t->m->answers * sizeof(*scores));
	for (uint32_t i = t->begin[s]; i < t->begin[s + 1]; i++) {
		const struct model_term *e = c->entry + c->row[t->terms[i].feature];
		const struct model_term *end = e + fill[t->terms[i].feature];

		for (; e < end; e++)
			scores[e->feature] += t->terms[i].value * e->value;
	}
	for (uint32_t a = 0; a < t->m->answers; a++)
		scores[a] *= length[a];
}

/* Turns "the answers near each sample" into "the samples near each answer". */
static void invert_near(struct trainer *t, const uint32_t (*near)[NEAR_MAX], uint32_t each)
{
	uint32_t *row = t->near_row;

	for (size_t s = 0; s < t->count; s++)
		for (uint32_t i = 0; i < each; i++)
			row[near[s][i] + 1]++;
	for (uint32_t a = 0; a < t->m->answers; a++)
		row[a + 1] += row[a];
	for (size_t s = t->count; s-- > 0;) /* backwards: each row fills from its end ... */
		for (uint32_t i = 0; i < each; i++)
			t->near_sample[--row[near[s][i] + 1]] = (uint32_t)s;
	memmove(row, row + 1,
	        t->m->answers * sizeof(*row)); /* ... and row[a + 1] is now its begin */
	row[t->m->answers] = (uint32_t)t->count * each;
}

static int rank_centroids(struct trainer *t, const struct centroids *c, const uint32_t *fill,
                          const float *length, float *scores)
{
	uint32_t(*near)[NEAR_MAX] = calloc(t->count + 1, sizeof(*near));
	uint32_t each = 0;

	t->near_row = calloc((size_t)t->m->answers + 1, sizeof(*t->near_row));
	t->near_sample = calloc(t->count * NEAR_MAX + 1, sizeof(*t->near_sample));
	if (!near || !t->near_row || !t->near_sample) {
		free(near);
		return -ENOMEM;
	}
	for (size_t s = 0; s < t->count; s++) {
		score_centroids(t, c, fill, length, s, scores);
		each = keep_nearest(scores, t->m->answers, t->effort.nearest, near[s]);
	}
	invert_near(t, (const uint32_t(*)[NEAR_MAX])near, each);
	free(near);
	return 0;
}

static void build_rows(const struct trainer *t, struct centroids *c)
{
	for (uint32_t i = 0; i < t->begin[t->count]; i++)
		c->row[t->terms[i].feature + 1]++;
	for (uint32_t f = 0; f < t->m->features; f++)
		c->row[f + 1] += c->row[f];
}

static int find_near(struct trainer *t)
{
	struct centroids c = {0};
	uint32_t *fill = calloc((size_t)t->m->features + 1, sizeof(*fill));
	float *length = calloc(2 * (size_t)t->m->answers + 1, sizeof(*length));
	int err = -ENOMEM;

	c.row = calloc((size_t)t->m->features + 2, sizeof(*c.row));
	c.entry = calloc(t->begin[t->count] + 1, sizeof(*c.entry));
	if (fill && length && c.row && c.entry) {
		build_rows(t, &c);
		for (size_t s = 0; s < t->count; s++)
			centroids_add(t, &c, fill, s);
		centroids_lengths(t, &c, fill, length);
		err = rank_centroids(t, &c, fill, length, length + t->m->answers);
	}
	centroids_fini(&c);
	free(fill);
	free(length);
	return err;
}

uint32_t train_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545F4914F6CDD1DU >> 32);
}

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

static void add_member(struct trainer *t, size_t s, bool own)
{
	struct problem *p = &t->p;
	const struct model_term *from = t->terms + t->begin[s], *end = t->terms + t->begin[s + 1];
	uint32_t at = p->count ? p->members[p->count - 1].end : 0;
	struct model_term *to = p->terms + at;

	for (; from < end; from++)
		*to++ = (struct model_term){local_feature(p, from->feature), from->value};
	p->members[p->count] = (struct member){at, (uint32_t)(to - p->terms), own ? 1.0F : -1.0F,
	                                       0.0F, t->gain[s]};
	p->active[p->count] = (uint32_t)p->count;
	p->count++;
}

/* Those far away tell little, and of many samples they would be most. */
static uint32_t others_one_in(const struct trainer *t)
{
	size_t one_in = t->count / OTHERS_ABOUT;

	return one_in > OTHERS_ONE_IN ? (uint32_t)one_in : OTHERS_ONE_IN;
}

static void choose_samples(struct trainer *t, uint32_t answer, uint64_t *random)
{
	const uint32_t one_in = others_one_in(t);
	const uint32_t *near = t->near_sample + t->near_row[answer];
	const uint32_t *end = t->near_sample + t->near_row[answer + 1];

	t->p.count = 0;
	t->p.features = 0;
	t->p.bias = 0.0F;
	for (size_t s = 0; s < t->count; s++) {
		bool own = t->samples[s].answer == answer, is_near = near < end && *near == s;

		near += is_near;
		if (own || is_near || train_random(random) % one_in == 0)
			add_member(t, s, own);
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

static void solve(struct trainer *t, uint32_t answer)
{
	uint64_t random = 0x9E3779B97F4A7C15U ^ answer;
	struct problem *p = &t->p;
	float shrink_above = HUGE_VALF;
	size_t active;

	choose_samples(t, answer, &random);
	active = p->count;
	for (int round = 0; round < EPOCHS_MAX; round++) {
		struct bounds b = {-HUGE_VALF, HUGE_VALF};

		shuffle(p->active, active, &random);
		active = epoch(p, active, shrink_above, &b);
		if (b.most - b.least <= t->effort.epsilon || active == 0) {
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

static int found_grow(struct trainer *t)
{
	size_t room = t->found_room ? 2 * t->found_room : 65536;
	uint32_t *feature = realloc(t->found_feature, room * sizeof(*feature));
	uint16_t *answer;
	int8_t *weight;

	if (feature)
		t->found_feature = feature;
	answer = feature ? realloc(t->found_answer, room * sizeof(*answer)) : NULL;
	if (answer)
		t->found_answer = answer;
	weight = answer ? realloc(t->found_weight, room * sizeof(*weight)) : NULL;
	if (!weight)
		return -ENOMEM;
	t->found_weight = weight;
	t->found_room = room;
	return 0;
}

static int keep_weights(struct trainer *t, uint32_t answer)
{
	const struct problem *p = &t->p;
	float most = WEIGHT_LEAST;

	for (uint32_t f = 0; f < p->features; f++)
		most = fabsf(p->w[f]) > most ? fabsf(p->w[f]) : most;
	t->m->scale[answer] = most / WEIGHT_STEPS;
	t->m->bias[answer] = p->bias;
	for (uint32_t f = 0; f < p->features; f++) {
		if (fabsf(p->w[f]) < WEIGHT_LEAST)
			continue;
		if (t->found == t->found_room && found_grow(t) < 0)
			return -ENOMEM;
		t->found_feature[t->found] = p->feature[f];
		t->found_answer[t->found] = (uint16_t)answer;
		t->found_weight[t->found++] = (int8_t)lrintf(p->w[f] / t->m->scale[answer]);
	}
	return 0;
}

static int rows_from_found(struct trainer *t)
{
	struct model *m = t->m;
	uint32_t *next;

	m->row = calloc((size_t)m->features + 1, sizeof(*m->row));
	m->entry_answer = calloc(t->found + 1, sizeof(*m->entry_answer));
	m->entry_weight = calloc(t->found + 1, sizeof(*m->entry_weight));
	next = calloc((size_t)m->features + 1, sizeof(*next));
	if (!m->row || !m->entry_answer || !m->entry_weight || !next) {
		free(next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < t->found; i++)
		m->row[t->found_feature[i] + 1]++;
	for (uint32_t f = 0; f < m->features; f++)
		m->row[f + 1] += m->row[f];
	memcpy(next, m->row, m->features * sizeof(*next));
	for (size_t i = 0; i < t->found; i++) {
		uint32_t at = next[t->found_feature[i]]++;

		m->entry_answer[at] = t->found_answer[i];
		m->entry_weight[at] = t->found_weight[i];
	}
	free(next);
	return 0;
}

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

static int solver_init(struct trainer *t)
{
	t->m->scale = calloc((size_t)t->m->answers + 1, sizeof(*t->m->scale));
	t->m->bias = calloc((size_t)t->m->answers + 1, sizeof(*t->m->bias));
	t->gain = calloc(t->count + 1, sizeof(*t->gain));
	if (!t->m->scale || !t->m->bias || !t->gain ||
	    problem_init(&t->p, t->count, t->begin[t->count], t->m->features) < 0)
		return -ENOMEM;
	for (size_t s = 0; s < t->count; s++) {
		float q = 1.0F + 1.0F / (2.0F * COST); /* the bias feature and the loss */

		for (uint32_t i = t->begin[s]; i < t->begin[s + 1]; i++)
			q += t->terms[i].value * t->terms[i].value;
		t->gain[s] = 1.0F / q;
	}
	return 0;
}

static int train(struct trainer *t)
{
	int err = learn_vocabulary(t);

	if (err == 0)
		err = weigh_samples(t);
	if (err == 0)
		err = find_near(t);
	if (err == 0)
		err = solver_init(t);
	for (uint32_t a = 0; err == 0 && t->count && a < t->m->answers; a++) {
		solve(t, a);
		err = matcher_is_given_up() ? -ECANCELED : keep_weights(t, a);
	}
	return err < 0 ? err : rows_from_found(t);
}

static int train_network(struct trainer *t)
{
	uint32_t *answer = calloc(t->count, sizeof(*answer));
	struct network_lesson lesson = {t->terms, t->begin,       answer,
	                                t->count, t->m->features, t->m->answers};
	int err;

	if (!answer)
		return -ENOMEM;
	for (size_t s = 0; s < t->count; s++)
		answer[s] = t->samples[s].answer;
	err = network_train(&lesson, &t->m->network);
	free(answer);
	return err;
}

static void trainer_fini(struct trainer *t)
{
	free(t->begin);
	free(t->terms);
	free(t->near_row);
	free(t->near_sample);
	free(t->gain);
	problem_fini(&t->p);
	free(t->found_feature);
	free(t->found_answer);
	free(t->found_weight);
}

int model_train(const struct model_sample *samples, size_t count, uint32_t answers,
                struct model_how how, struct model **out)
{
	struct trainer t = {.samples = samples, .count = count, .effort = efforts[how.effort]};
	int err;

	t.m = calloc(1, sizeof(*t.m));
	if (!t.m)
		return -ENOMEM;
	t.m->answers = answers;
	err = train(&t);
	if (err == 0 && how.network && count && answers <= NETWORK_ANSWERS_MAX)
		err = train_network(&t);
	trainer_fini(&t);
	if (err < 0)
		model_destroy(&t.m);
	else
		*out = t.m;
	return err;
}
