/*
 * Training the network: each sample is shown ten times with half of its features left out, and what
 * it should have said is carried back, with a pace of its own for each row (Adagrad over rows). The
 * order, what is left out and the first embeddings come from one seeded generator, and every sum is
 * made in one order: the same samples give the same network, bit for bit.
 */
#include "matcher_network.h"

#include "matcher.h"
#include "matcher_model.h"
#include "matcher_network_parts.h"

#include <math.h>
#include <stdlib.h>

#define EPOCHS 10
#define PACE 0.1F /* of the first step; the last is near none */
#define PACE_LEAST 0.001F
#define FIRST_SPREAD 0.1F /* of the first embeddings; small, so that the samples decide */
#define ERROR_LEAST 1e-3F /* of a probability: less is not carried back */
#define PACE_FLOOR 1e-6F

struct row {
	float unit[NETWORK_UNITS];
	float paced; /* mean square of all gradients so far */
};

struct trainer {
	const struct network_lesson *from;
	struct row *embedding, *output;
	float hidden_bias[NETWORK_UNITS], hidden_paced[NETWORK_UNITS];
	float *bias, *bias_paced, *chance; /* answers */
	struct model_term *shown;          /* of the sample at hand those that are not left out */
	size_t shown_count;
	uint32_t *order;
	float hidden[NETWORK_UNITS], error[NETWORK_UNITS];
	uint64_t random;
};

/* Four even ones together are nearly normal; its deviation is 1. */
static float next_normal(struct trainer *t)
{
	uint32_t bits = train_random(&t->random), sum = 0;

	for (unsigned i = 0; i < 4; i++)
		sum += bits >> 8 * i & 0xFF;
	return ((float)sum - 510.0F) / 147.8F;
}

static void first_weights(struct trainer *t)
{
	const float spread = sqrtf(2.0F / NETWORK_UNITS);

	t->random = 0x9E3779B97F4A7C15U;
	for (uint32_t f = 0; f < t->from->features; f++)
		for (size_t i = 0; i < NETWORK_UNITS; i++)
			t->embedding[f].unit[i] = FIRST_SPREAD * next_normal(t);
	for (uint32_t a = 0; a < t->from->answers; a++)
		for (size_t i = 0; i < NETWORK_UNITS; i++)
			t->output[a].unit[i] = spread * next_normal(t);
	for (size_t s = 0; s < t->from->count; s++)
		t->order[s] = (uint32_t)s;
}

static void shuffle(struct trainer *t)
{
	for (size_t i = 0; i + 1 < t->from->count; i++) {
		size_t j = i + train_random(&t->random) % (uint32_t)(t->from->count - i);
		uint32_t held = t->order[i];

		t->order[i] = t->order[j];
		t->order[j] = held;
	}
}

/* Half of them, so what is left counts double. */
static void show(struct trainer *t, uint32_t s)
{
	uint32_t bits = 0;

	t->shown_count = 0;
	for (uint32_t i = t->from->begin[s]; i < t->from->begin[s + 1]; i++) {
		if ((i - t->from->begin[s]) % 32 == 0)
			bits = train_random(&t->random);
		if (bits & 1)
			t->shown[t->shown_count++] = (struct model_term){
				t->from->terms[i].feature, 2.0F * t->from->terms[i].value};
		bits >>= 1;
	}
}

/* What it says of the sample; returns the sum that t->chance is to be divided by. */
static float forward(struct trainer *t)
{
	memcpy(t->hidden, t->hidden_bias, sizeof(t->hidden));
	for (size_t i = 0; i < t->shown_count; i++)
		units_add(t->hidden, t->embedding[t->shown[i].feature].unit, t->shown[i].value);
	units_cut(t->hidden);
	for (uint32_t a = 0; a < t->from->answers; a++)
		t->chance[a] = t->bias[a] + units_product(t->output[a].unit, t->hidden);
	return network_softmax(t->chance, t->from->answers);
}

static float paced(float *sum, float gradient, float pace)
{
	*sum += gradient * gradient;
	return pace * gradient / sqrtf(*sum);
}

/* Carries the errors of the answers back into t->error and mends the answers' rows. */
static void mend_output(struct trainer *t, uint32_t wanted, float sum, float pace)
{
	float square = units_product(t->hidden, t->hidden) / NETWORK_UNITS;

	memset(t->error, 0, sizeof(t->error));
	for (uint32_t a = 0; a < t->from->answers; a++) {
		float error = t->chance[a] / sum - (a == wanted ? 1.0F : 0.0F);
		struct row *row = &t->output[a];

		if (fabsf(error) < ERROR_LEAST)
			continue;
		units_add(t->error, row->unit, error);
		row->paced += error * error * square;
		units_add(row->unit, t->hidden, -pace * error / sqrtf(row->paced));
		t->bias[a] -= paced(&t->bias_paced[a], error, pace);
	}
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		t->error[i] = t->hidden[i] > 0.0F ? t->error[i] : 0.0F;
}

static void mend_embeddings(struct trainer *t, float pace)
{
	float square = units_product(t->error, t->error) / NETWORK_UNITS;

	for (size_t i = 0; i < NETWORK_UNITS; i++)
		t->hidden_bias[i] -= paced(&t->hidden_paced[i], t->error[i], pace);
	for (size_t i = 0; i < t->shown_count; i++) {
		struct row *row = &t->embedding[t->shown[i].feature];
		float value = t->shown[i].value;

		row->paced += value * value * square;
		units_add(row->unit, t->error, -pace * value / sqrtf(row->paced));
	}
}

static int learn(struct trainer *t)
{
	size_t steps = EPOCHS * t->from->count, step = 0;

	for (int epoch = 0; epoch < EPOCHS; epoch++) {
		shuffle(t);
		for (size_t i = 0; i < t->from->count; i++, step++) {
			float pace = PACE_LEAST + PACE * (1.0F - (float)step / (float)steps);
			uint32_t s = t->order[i];
			float sum;

			show(t, s);
			sum = forward(t);
			mend_output(t, t->from->answer[s], sum, pace);
			mend_embeddings(t, pace);
			if (step % 64 == 0 && matcher_is_given_up())
				return -ECANCELED;
		}
	}
	return 0;
}

/* --- the result --------------------------------------------------------------------------------
 */

static void keep_embedding(const struct row *row, int8_t *to, float *scale)
{
	float most = PACE_FLOOR;

	for (size_t i = 0; i < NETWORK_UNITS; i++)
		most = fabsf(row->unit[i]) > most ? fabsf(row->unit[i]) : most;
	*scale = most / 127.0F;
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		to[i] = (int8_t)lrintf(row->unit[i] / *scale);
}

static int keep(const struct trainer *t, struct network **out)
{
	struct network *n;
	int err = network_alloc(t->from->features, t->from->answers, &n);

	if (err < 0)
		return err;
	for (uint32_t f = 0; f < n->features; f++)
		keep_embedding(&t->embedding[f], n->embedding + (size_t)f * NETWORK_UNITS,
		               &n->scale[f]);
	memcpy(n->hidden, t->hidden_bias, sizeof(n->hidden));
	for (uint32_t a = 0; a < n->answers; a++)
		memcpy(n->output + (size_t)a * NETWORK_UNITS, t->output[a].unit,
		       sizeof(t->output[a].unit));
	memcpy(n->bias, t->bias, n->answers * sizeof(*n->bias));
	*out = n;
	return 0;
}

static size_t longest(const struct network_lesson *from)
{
	size_t most = 0;

	for (size_t s = 0; s < from->count; s++)
		if (from->begin[s + 1] - from->begin[s] > most)
			most = from->begin[s + 1] - from->begin[s];
	return most;
}

static void first_pace(struct trainer *t)
{
	for (uint32_t f = 0; f < t->from->features; f++)
		t->embedding[f].paced = PACE_FLOOR;
	for (uint32_t a = 0; a < t->from->answers; a++) {
		t->output[a].paced = PACE_FLOOR;
		t->bias_paced[a] = PACE_FLOOR;
	}
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		t->hidden_paced[i] = PACE_FLOOR;
}

static int trainer_init(struct trainer *t)
{
	const struct network_lesson *from = t->from;

	t->embedding = calloc((size_t)from->features + 1, sizeof(*t->embedding));
	t->output = calloc((size_t)from->answers + 1, sizeof(*t->output));
	t->bias = calloc((size_t)from->answers + 1, sizeof(*t->bias));
	t->bias_paced = calloc((size_t)from->answers + 1, sizeof(*t->bias_paced));
	t->chance = calloc((size_t)from->answers + 1, sizeof(*t->chance));
	t->shown = calloc(longest(from) + 1, sizeof(*t->shown));
	t->order = calloc(from->count + 1, sizeof(*t->order));
	if (!t->embedding || !t->output || !t->bias || !t->bias_paced || !t->chance || !t->shown ||
	    !t->order)
		return -ENOMEM;
	first_pace(t);
	first_weights(t);
	return 0;
}

static void trainer_fini(struct trainer *t)
{
	free(t->embedding);
	free(t->output);
	free(t->bias);
	free(t->bias_paced);
	free(t->chance);
	free(t->shown);
	free(t->order);
}

int network_train(const struct network_lesson *lesson, struct network **out)
{
	struct trainer t = {.from = lesson};
	int err = trainer_init(&t);

	if (err == 0)
		err = learn(&t);
	if (err == 0)
		err = keep(&t, out);
	trainer_fini(&t);
	return err;
}
