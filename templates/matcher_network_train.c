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

/* An answer whose chance was wrong: by how much, and how far its weights go because of that. */
struct mistake {
	uint32_t answer;
	float error, step;
};

struct trainer {
	const struct network_lesson *from;
	size_t stride;
	float *embedding;       /* features × NETWORK_UNITS */
	float *embedding_paced; /* features: mean square of all gradients so far */
	float hidden_bias[NETWORK_UNITS], hidden_paced[NETWORK_UNITS];
	float *output;                                    /* NETWORK_UNITS × stride */
	float *output_paced, *bias, *bias_paced, *chance; /* stride */
	struct mistake *mistakes;
	size_t mistake_count;
	struct model_term *shown; /* of the sample at hand those that are not left out */
	size_t shown_count;
	uint32_t *order;
	float hidden[NETWORK_UNITS], error[NETWORK_UNITS];
	struct units_active active; /* of hidden */
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
	for (size_t f = 0; f < t->from->features; f++)
		for (size_t i = 0; i < NETWORK_UNITS; i++)
			t->embedding[f * NETWORK_UNITS + i] = FIRST_SPREAD * next_normal(t);
	for (uint32_t a = 0; a < t->from->answers; a++)
		for (size_t i = 0; i < NETWORK_UNITS; i++)
			t->output[i * t->stride + a] = spread * next_normal(t);
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

static float *embedding_of(struct trainer *t, const struct model_term *term)
{
	return t->embedding + (size_t)term->feature * NETWORK_UNITS;
}

/* Half of them, so what is left counts double. */
static void show(struct trainer *t, uint32_t s)
{
	const struct model_term *from = t->from->terms + t->from->begin[s];
	uint32_t count = t->from->begin[s + 1] - t->from->begin[s], bits = 0;

	t->shown_count = 0;
	for (uint32_t i = 0; i < count; i++, bits >>= 1) {
		if (i % 32 == 0)
			bits = train_random(&t->random);
		t->shown[t->shown_count] =
			(struct model_term){from[i].feature, 2.0F * from[i].value};
		t->shown_count += bits & 1; /* no branch: it would be guessed wrong half the time */
	}
}

/* What it says of the sample; returns the sum that t->chance is to be divided by. */
static float forward(struct trainer *t)
{
	float most;

	memcpy(t->hidden, t->hidden_bias, sizeof(t->hidden));
	for (size_t i = 0; i < t->shown_count; i++)
		units_add(t->hidden, embedding_of(t, &t->shown[i]), t->shown[i].value);
	units_cut(t->hidden, &t->active);
	network_sums(t->output, t->bias, t->stride, t->hidden, &t->active, t->chance);
	return network_softmax(t->chance, t->stride, &most);
}

static float paced(float *sum, float gradient, float pace)
{
	*sum += gradient * gradient;
	return pace * gradient / sqrtf(*sum);
}

/* Which answers' chances are wrong enough to be mended. */
static void find_mistakes(struct trainer *t, uint32_t wanted, float sum)
{
	t->mistake_count = 0;
	t->chance[wanted] -= sum;
	for (uint32_t a = 0; a < t->from->answers; a++) {
		t->mistakes[t->mistake_count] =
			(struct mistake){.answer = a, .error = t->chance[a]};
		t->mistake_count += fabsf(t->chance[a]) >= ERROR_LEAST * sum;
	}
	for (size_t i = 0; i < t->mistake_count; i++)
		t->mistakes[i].error /= sum;
}

/* Carries the errors back into one unit and mends what it says. */
static float mend_unit(struct trainer *t, float *row, float unit)
{
	float back = 0.0F;

	for (size_t i = 0; i < t->mistake_count; i++) {
		const struct mistake *m = &t->mistakes[i];

		back += row[m->answer] * m->error;
		row[m->answer] -= m->step * unit;
	}
	return back;
}

/* A unit that is cut off neither spoke nor hears what was wrong. */
static void mend_output(struct trainer *t, float pace)
{
	float square = units_product(t->hidden, t->hidden) / NETWORK_UNITS;

	for (size_t i = 0; i < t->mistake_count; i++) {
		struct mistake *m = &t->mistakes[i];

		t->output_paced[m->answer] += m->error * m->error * square;
		m->step = pace * m->error / sqrtf(t->output_paced[m->answer]);
		t->bias[m->answer] -= paced(&t->bias_paced[m->answer], m->error, pace);
	}
	memset(t->error, 0, sizeof(t->error));
	for (size_t i = 0; i < t->active.count; i++) {
		size_t unit = t->active.at[i];

		t->error[unit] = mend_unit(t, t->output + unit * t->stride, t->hidden[unit]);
	}
}

static void mend_embeddings(struct trainer *t, float pace)
{
	float square = units_product(t->error, t->error) / NETWORK_UNITS;

	for (size_t i = 0; i < NETWORK_UNITS; i++)
		t->hidden_bias[i] -= paced(&t->hidden_paced[i], t->error[i], pace);
	for (size_t i = 0; i < t->shown_count; i++) {
		float value = t->shown[i].value, *so_far = &t->embedding_paced[t->shown[i].feature];

		*so_far += value * value * square;
		units_add(embedding_of(t, &t->shown[i]), t->error, -pace * value / sqrtf(*so_far));
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

			show(t, s);
			find_mistakes(t, t->from->answer[s], forward(t));
			mend_output(t, pace);
			mend_embeddings(t, pace);
			if (step % 64 == 0 && matcher_is_given_up())
				return -ECANCELED;
		}
	}
	return 0;
}

/* --- the result --------------------------------------------------------------------------------
 */

static void keep_embedding(const float *unit, int8_t *to, float *scale)
{
	float most = PACE_FLOOR;

	for (size_t i = 0; i < NETWORK_UNITS; i++)
		most = fabsf(unit[i]) > most ? fabsf(unit[i]) : most;
	*scale = most / 127.0F;
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		to[i] = (int8_t)lrintf(unit[i] / *scale);
}

static int keep(const struct trainer *t, struct network **out)
{
	struct network *n;
	int err = network_alloc(t->from->features, t->from->answers, &n);

	if (err < 0)
		return err;
	for (uint32_t f = 0; f < n->features; f++)
		keep_embedding(t->embedding + (size_t)f * NETWORK_UNITS,
		               n->embedding + (size_t)f * NETWORK_UNITS, &n->scale[f]);
	memcpy(n->hidden, t->hidden_bias, sizeof(n->hidden));
	memcpy(n->output, t->output, NETWORK_UNITS * n->stride * sizeof(*n->output));
	memcpy(n->bias, t->bias, n->stride * sizeof(*n->bias));
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
		t->embedding_paced[f] = PACE_FLOOR;
	for (size_t a = 0; a < t->stride; a++) {
		t->output_paced[a] = PACE_FLOOR;
		t->bias_paced[a] = PACE_FLOOR;
		t->bias[a] = a < t->from->answers ? 0.0F : -HUGE_VALF;
	}
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		t->hidden_paced[i] = PACE_FLOOR;
}

static int trainer_init(struct trainer *t)
{
	const struct network_lesson *from = t->from;

	t->stride = network_stride(from->answers);
	t->embedding = calloc((size_t)from->features + 1, NETWORK_UNITS * sizeof(*t->embedding));
	t->embedding_paced = calloc((size_t)from->features + 1, sizeof(*t->embedding_paced));
	t->output = calloc(t->stride + 1, NETWORK_UNITS * sizeof(*t->output));
	t->output_paced = calloc(t->stride + 1, sizeof(*t->output_paced));
	t->bias = calloc(t->stride + 1, sizeof(*t->bias));
	t->bias_paced = calloc(t->stride + 1, sizeof(*t->bias_paced));
	t->chance = calloc(t->stride + 1, sizeof(*t->chance));
	t->mistakes = calloc(t->stride + 1, sizeof(*t->mistakes));
	t->shown = calloc(longest(from) + 1, sizeof(*t->shown));
	t->order = calloc(from->count + 1, sizeof(*t->order));
	if (!t->embedding || !t->embedding_paced || !t->output || !t->output_paced || !t->bias ||
	    !t->bias_paced || !t->chance || !t->mistakes || !t->shown || !t->order)
		return -ENOMEM;
	first_pace(t);
	first_weights(t);
	return 0;
}

static void trainer_fini(struct trainer *t)
{
	free(t->embedding);
	free(t->embedding_paced);
	free(t->output);
	free(t->output_paced);
	free(t->bias);
	free(t->bias_paced);
	free(t->chance);
	free(t->mistakes);
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
