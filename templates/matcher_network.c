/* Reading the network: a sum of embeddings, what is below zero cut off, a product an answer. */
#include "matcher_network.h"

#include "matcher_model.h"
#include "matcher_network_parts.h"

#include <math.h>
#include <stdlib.h>

int network_alloc(uint32_t features, uint32_t answers, struct network **out)
{
	struct network *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->features = features;
	n->answers = answers;
	n->embedding = calloc((size_t)features + 1, NETWORK_UNITS * sizeof(*n->embedding));
	n->scale = calloc((size_t)features + 1, sizeof(*n->scale));
	n->output = calloc((size_t)answers + 1, NETWORK_UNITS * sizeof(*n->output));
	n->bias = calloc((size_t)answers + 1, sizeof(*n->bias));
	if (!n->embedding || !n->scale || !n->output || !n->bias) {
		network_destroy(&n);
		return -ENOMEM;
	}
	*out = n;
	return 0;
}

void network_destroy(struct network **n)
{
	if (!*n)
		return;
	free((*n)->embedding);
	free((*n)->scale);
	free((*n)->output);
	free((*n)->bias);
	free(*n);
	*n = NULL;
}

size_t network_size(const struct network *n)
{
	return sizeof(*n) +
	       n->features * (NETWORK_UNITS * sizeof(n->embedding[0]) + sizeof(n->scale[0])) +
	       n->answers * (NETWORK_UNITS * sizeof(n->output[0]) + sizeof(n->bias[0]));
}

/* --- arithmetic --------------------------------------------------------------------------------
 */

float units_product(const float *restrict a, const float *restrict b)
{
	float sum[LANES] = {0};

	for (size_t i = 0; i < NETWORK_UNITS; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			sum[l] += a[i + l] * b[i + l];
	return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

void units_add(float *restrict to, const float *restrict from, float times)
{
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		to[i] += times * from[i];
}

void units_cut(float *units)
{
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		units[i] = units[i] > 0.0F ? units[i] : 0.0F;
}

/*
 * e^x for x at most 0, to seven digits: 2^whole by the exponent's bits, the rest by a polynomial
 * (Taylor's, of half a power at most). The library's function differs between processors in the
 * last bit, and a model must not.
 */
float network_exp(float x)
{
	float power = (x > -80.0F ? x : -80.0F) * 1.44269504F; /* what is no number as well */
	int32_t whole = (int32_t)(power - 0.5F);
	float y = (power - (float)whole) * 0.693147181F;
	float part = 1.0F +
	             y * (1.0F + y * (0.5F + y * (0.166666667F +
	                                          y * (0.0416666667F + y * (0.00833333333F +
	                                                                    y * 0.00138888889F)))));
	uint32_t bits = (uint32_t)(whole + 127) << 23;
	float scale;

	memcpy(&scale, &bits, sizeof(scale));
	return part * scale;
}

float network_softmax(float *values, size_t count)
{
	float most = values[0], sum = 0.0F;

	for (size_t i = 1; i < count; i++)
		most = values[i] > most ? values[i] : most;
	for (size_t i = 0; i < count; i++) {
		values[i] = network_exp(values[i] - most);
		sum += values[i];
	}
	return sum;
}

/* --- asking it ---------------------------------------------------------------------------------
 */

static void add_embedding(float *restrict hidden, const int8_t *restrict from, float times)
{
	for (size_t i = 0; i < NETWORK_UNITS; i++)
		hidden[i] += times * (float)from[i];
}

void network_score(const struct network *n, const struct model_term *terms, size_t count,
                   float *out)
{
	float hidden[NETWORK_UNITS], most = -HUGE_VALF, sum = 0.0F;

	memcpy(hidden, n->hidden, sizeof(hidden));
	for (size_t i = 0; i < count; i++)
		add_embedding(hidden, n->embedding + (size_t)terms[i].feature * NETWORK_UNITS,
		              terms[i].value * n->scale[terms[i].feature]);
	units_cut(hidden);
	for (uint32_t a = 0; a < n->answers; a++) {
		out[a] = n->bias[a] + units_product(n->output + (size_t)a * NETWORK_UNITS, hidden);
		most = out[a] > most ? out[a] : most;
	}
	for (uint32_t a = 0; a < n->answers; a++)
		sum += network_exp(out[a] - most);
	sum = logf(sum) + most;
	for (uint32_t a = 0; a < n->answers; a++)
		out[a] -= sum;
}
