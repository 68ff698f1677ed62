/*
 * Training: the samples' features are weighed by how rare they are; from the weighed samples one
 * linear SVM an answer learns against the rest (matcher_train_solve.c). Most samples tell an answer
 * nothing, so each learns from its own, from those that lie near it (matcher_train_near.c) and from
 * a few of all others; that keeps the accuracy and makes the time linear in the samples. The
 * network beside it (matcher_network_train.c) learns from the same at the same time.
 */
#include "matcher.h"
#include "matcher_beside.h"
#include "matcher_train_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	float epsilon;    /* how far from the optimum it may stop */
	uint32_t nearest; /* to how many answers a sample is near */
} efforts[] = {
	[MODEL_EXACT] = {0.1F, NEAR_MAX},
          [MODEL_ROUGH] = {1.0F, 8       }
};

/* What is learned from the lesson at the same time: the model's two parts. */
struct trainer {
	struct lesson lesson;
	struct model_how how;
	struct model *m;
	struct network *network;
	int network_err;
};

/* --- the vocabulary ------------------------------------------------------------------------- */

static void mark_known(struct trainer *t, uint32_t *documents)
{
	for (size_t s = 0; s < t->lesson.count; s++)
		for (uint32_t f = 0; f < t->lesson.samples[s].count; f++)
			documents[t->lesson.samples[s].features[f].bucket]++;
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
	t->m->idf_unknown = weight_of_term(t->lesson.count, 0);
	t->m->idf = calloc((size_t)t->m->features + 1, sizeof(*t->m->idf));
	for (uint32_t b = 0; t->m->idf && b < FEATURE_BUCKETS; b++)
		if (documents[b])
			t->m->idf[next++] = weight_of_term(t->lesson.count, documents[b]);
	free(documents);
	return t->m->idf ? 0 : -ENOMEM;
}

static int weigh_samples(struct trainer *t)
{
	struct model_vector *v = malloc(sizeof(*v));
	struct lesson *l = &t->lesson;
	size_t total = 0, at = 0;

	for (size_t s = 0; s < l->count; s++)
		total += l->samples[s].count;
	l->features = t->m->features;
	l->begin = calloc(l->count + 1, sizeof(*l->begin));
	l->terms = calloc(total + 1, sizeof(*l->terms));
	if (!v || !l->begin || !l->terms) {
		free(v);
		return -ENOMEM;
	}
	for (size_t s = 0; s < l->count; s++) {
		model_weigh(t->m, l->samples[s].features, l->samples[s].count, v);
		memcpy(l->terms + at, v->at, v->count * sizeof(v->at[0]));
		at += v->count;
		l->begin[s + 1] = (uint32_t)at;
	}
	free(v);
	return 0;
}

/* --- the two parts ---------------------------------------------------------------------------- */

uint32_t train_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545F4914F6CDD1DU >> 32);
}

static int learn_lines(struct trainer *t)
{
	struct near_samples near = {NULL, NULL};
	int err = near_samples_find(&t->lesson, efforts[t->how.effort].nearest, &near);

	if (err == 0)
		err = train_solve(&t->lesson, &near, efforts[t->how.effort].epsilon, t->m);
	near_samples_fini(&near);
	return err;
}

static void *learn_network(void *arg)
{
	struct trainer *t = arg;
	const struct lesson *l = &t->lesson;
	uint32_t *answer = calloc(l->count, sizeof(*answer));
	const struct network_lesson lesson = {l->terms, l->begin,    answer,
	                                      l->count, l->features, l->answers};

	for (size_t s = 0; answer && s < l->count; s++)
		answer[s] = l->samples[s].answer;
	t->network_err = answer ? network_train(&lesson, &t->network) : -ENOMEM;
	free(answer);
	return NULL;
}

static int learn(struct trainer *t)
{
	struct matcher_beside network;
	int err;

	if (!t->how.network || !t->lesson.count || t->lesson.answers > NETWORK_ANSWERS_MAX)
		return learn_lines(t);
	matcher_beside_begin(&network, learn_network, t);
	err = learn_lines(t);
	matcher_beside_end(&network);
	t->m->network = t->network;
	return err < 0 ? err : t->network_err;
}

int model_train(const struct model_sample *samples, size_t count, uint32_t answers,
                struct model_how how, struct model **out)
{
	struct trainer t = {
		.lesson = {.samples = samples, .count = count, .answers = answers},
                  .how = how
        };
	int err;

	t.m = calloc(1, sizeof(*t.m));
	if (!t.m)
		return -ENOMEM;
	t.m->answers = answers;
	err = learn_vocabulary(&t);
	if (err == 0)
		err = weigh_samples(&t);
	if (err == 0)
		err = learn(&t);
	free(t.lesson.begin);
	free(t.lesson.terms);
	if (err < 0)
		model_destroy(&t.m);
	else
		*out = t.m;
	return err;
}
