/*
 * Training: one linear SVM an answer against the rest, L2 loss, by dual coordinate descent with
 * shrinking (Hsieh et al., ICML 2008, algorithm 3). Most samples tell an answer nothing, so each
 * learns from its own, from those that lie near it (its centroid is among their nearest) and from
 * a few of all others; that keeps the accuracy and makes the time linear in the samples.
 *
 * The only randomness is the order of the steps, from a generator seeded by the answer's number:
 * the same samples give the same model, bit for bit.
 */
#include "matcher_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST 1.0F
#define EPSILON 0.1F
#define EPOCHS_MAX 200
#define NEAR_MAX 20        /* nearest centroids of a sample that take it as a hard negative */
#define OTHERS_ONE_IN 20   /* of the remaining samples */
#define WEIGHT_LEAST 0.05F /* smaller weights are dropped */
#define WEIGHT_STEPS 127.0F

struct trainer {
	const struct model_sample *samples;
	size_t count;
	struct model *m;
	uint32_t *begin; /* count + 1: where each sample's terms begin */
	struct model_term *terms;
	uint32_t (*near)[NEAR_MAX]; /* answers whose centroids are nearest to each sample */
	uint32_t near_count;

	/* one answer's problem */
	float *w; /* m->features */
	uint32_t *active;
	float *alpha, *gain;
	float bias;

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

static int learn_vocabulary(struct trainer *t)
{
	uint32_t *documents = calloc(FEATURE_BUCKETS, sizeof(*documents));
	uint32_t next = 0;

	if (!documents)
		return -ENOMEM;
	mark_known(t, documents);
	t->m->idf_unknown = 1.0F + logf(1.0F + (float)t->count);
	t->m->idf = calloc((size_t)t->m->features + 1, sizeof(*t->m->idf));
	for (uint32_t b = 0; t->m->idf && b < FEATURE_BUCKETS; b++)
		if (documents[b])
			t->m->idf[next++] = 1.0F + logf((1.0F + (float)t->count) /
			                                (1.0F + (float)documents[b]));
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

/* The NEAR_MAX best of scores, in any order; near is sorted by an insertion as they come. */
static void keep_nearest(const struct trainer *t, const float *scores, uint32_t *near)
{
	uint32_t kept = 0;

	for (uint32_t a = 0; a < t->m->answers; a++) {
		uint32_t at = kept < t->near_count ? kept++ : kept;

		if (at == t->near_count && scores[near[at - 1]] >= scores[a])
			continue;
		if (at == t->near_count)
			at--;
		for (; at > 0 && scores[near[at - 1]] < scores[a]; at--)
			near[at] = near[at - 1];
		near[at] = a;
	}
}

static void rank_centroids(struct trainer *t, const struct centroids *c, const uint32_t *fill,
                           const float *length, float *scores)
{
	for (size_t s = 0; s < t->count; s++) {
		memset(scores, 0, t->m->answers * sizeof(*scores));
		for (uint32_t i = t->begin[s]; i < t->begin[s + 1]; i++) {
			uint32_t f = t->terms[i].feature;

			for (uint32_t e = c->row[f]; e < c->row[f] + fill[f]; e++)
				scores[c->entry[e].feature] +=
					t->terms[i].value * c->entry[e].value;
		}
		for (uint32_t a = 0; a < t->m->answers; a++)
			scores[a] *= length[a];
		keep_nearest(t, scores, t->near[s]);
	}
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

	t->near_count = t->m->answers < NEAR_MAX ? t->m->answers : NEAR_MAX;
	t->near = calloc(t->count + 1, sizeof(*t->near));
	c.row = calloc((size_t)t->m->features + 2, sizeof(*c.row));
	c.entry = calloc(t->begin[t->count] + 1, sizeof(*c.entry));
	if (fill && length && t->near && c.row && c.entry) {
		build_rows(t, &c);
		for (size_t s = 0; s < t->count; s++)
			centroids_add(t, &c, fill, s);
		centroids_lengths(t, &c, fill, length);
		rank_centroids(t, &c, fill, length, length + t->m->answers);
		err = 0;
	}
	centroids_fini(&c);
	free(fill);
	free(length);
	return err;
}

/* xorshift64*: small, seeded, the same everywhere. */
static uint32_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545F4914F6CDD1DU >> 32);
}

static bool is_near(const struct trainer *t, size_t sample, uint32_t answer)
{
	for (uint32_t i = 0; i < t->near_count; i++)
		if (t->near[sample][i] == answer)
			return true;
	return false;
}

static size_t choose_samples(struct trainer *t, uint32_t answer, uint64_t *random)
{
	size_t count = 0;

	for (size_t s = 0; s < t->count; s++)
		if (t->samples[s].answer == answer || is_near(t, s, answer) ||
		    next_random(random) % OTHERS_ONE_IN == 0)
			t->active[count++] = (uint32_t)s;
	return count;
}

/* --- one answer ------------------------------------------------------------------------------ */

/* Four sums at once: one would wait for each addition before it begins the next. */
static float product(const struct trainer *t, uint32_t s)
{
	const struct model_term *x = t->terms + t->begin[s], *end = t->terms + t->begin[s + 1];
	float sum[4] = {t->bias, 0.0F, 0.0F, 0.0F};

	for (; end - x >= 4; x += 4)
		for (unsigned i = 0; i < 4; i++)
			sum[i] += t->w[x[i].feature] * x[i].value;
	for (; x < end; x++)
		sum[0] += t->w[x->feature] * x->value;
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void add_sample(struct trainer *t, uint32_t s, float step)
{
	for (uint32_t i = t->begin[s]; i < t->begin[s + 1]; i++)
		t->w[t->terms[i].feature] += step * t->terms[i].value;
	t->bias += step;
}

static void shuffle(uint32_t *at, size_t count, uint64_t *random)
{
	for (size_t i = 0; i + 1 < count; i++) {
		size_t j = i + next_random(random) % (count - i);
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
static bool step(struct trainer *t, uint32_t s, float label, float shrink_above, struct bounds *b)
{
	float alpha = t->alpha[s];
	float gradient = label * product(t, s) - 1.0F + alpha / (2.0F * COST);
	float projected = alpha > 0.0F || gradient < 0.0F ? gradient : 0.0F;

	if (alpha <= 0.0F && gradient > shrink_above)
		return false;
	b->most = projected > b->most ? projected : b->most;
	b->least = projected < b->least ? projected : b->least;
	if (fabsf(projected) > 1e-6F) {
		float next = alpha - gradient * t->gain[s];

		t->alpha[s] = next > 0.0F ? next : 0.0F;
		add_sample(t, s, (t->alpha[s] - alpha) * label);
	}
	return true;
}

static size_t epoch(struct trainer *t, uint32_t answer, size_t active, float shrink_above,
                    struct bounds *b)
{
	for (size_t i = 0; i < active; i++) {
		uint32_t s = t->active[i];

		if (step(t, s, t->samples[s].answer == answer ? 1.0F : -1.0F, shrink_above, b))
			continue;
		t->active[i] = t->active[--active];
		t->active[active] = s;
		i--;
	}
	return active;
}

static void solve(struct trainer *t, uint32_t answer)
{
	uint64_t random = 0x9E3779B97F4A7C15U ^ answer;
	size_t count = choose_samples(t, answer, &random), active = count;
	float shrink_above = HUGE_VALF;

	memset(t->w, 0, t->m->features * sizeof(*t->w));
	memset(t->alpha, 0, t->count * sizeof(*t->alpha));
	t->bias = 0.0F;
	for (int round = 0; round < EPOCHS_MAX; round++) {
		struct bounds b = {-HUGE_VALF, HUGE_VALF};

		shuffle(t->active, active, &random);
		active = epoch(t, answer, active, shrink_above, &b);
		if (b.most - b.least <= EPSILON || active == 0) {
			if (active == count)
				break;
			active = count; /* all may speak once more before it is over */
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
	float most = WEIGHT_LEAST;

	for (uint32_t f = 0; f < t->m->features; f++)
		most = fabsf(t->w[f]) > most ? fabsf(t->w[f]) : most;
	t->m->scale[answer] = most / WEIGHT_STEPS;
	t->m->bias[answer] = t->bias;
	for (uint32_t f = 0; f < t->m->features; f++) {
		if (fabsf(t->w[f]) < WEIGHT_LEAST)
			continue;
		if (t->found == t->found_room && found_grow(t) < 0)
			return -ENOMEM;
		t->found_feature[t->found] = f;
		t->found_answer[t->found] = (uint16_t)answer;
		t->found_weight[t->found++] = (int8_t)lrintf(t->w[f] / t->m->scale[answer]);
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

static int solver_init(struct trainer *t)
{
	t->m->scale = calloc((size_t)t->m->answers + 1, sizeof(*t->m->scale));
	t->m->bias = calloc((size_t)t->m->answers + 1, sizeof(*t->m->bias));
	t->w = calloc((size_t)t->m->features + 1, sizeof(*t->w));
	t->active = calloc(t->count + 1, sizeof(*t->active));
	t->alpha = calloc(t->count + 1, sizeof(*t->alpha));
	t->gain = calloc(t->count + 1, sizeof(*t->gain));
	if (!t->m->scale || !t->m->bias || !t->w || !t->active || !t->alpha || !t->gain)
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
		err = keep_weights(t, a);
	}
	return err < 0 ? err : rows_from_found(t);
}

static void trainer_fini(struct trainer *t)
{
	free(t->begin);
	free(t->terms);
	free(t->near);
	free(t->w);
	free(t->active);
	free(t->alpha);
	free(t->gain);
	free(t->found_feature);
	free(t->found_answer);
	free(t->found_weight);
}

int model_train(const struct model_sample *samples, size_t count, uint32_t answers,
                struct model **out)
{
	struct trainer t = {.samples = samples, .count = count};
	int err;

	t.m = calloc(1, sizeof(*t.m));
	if (!t.m)
		return -ENOMEM;
	t.m->answers = answers;
	err = train(&t);
	trainer_fini(&t);
	if (err < 0)
		model_destroy(&t.m);
	else
		*out = t.m;
	return err;
}
