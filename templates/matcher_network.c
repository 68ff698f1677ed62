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
	n->stride = network_stride(answers);
	n->embedding = calloc((size_t)features + 1, NETWORK_UNITS * sizeof(*n->embedding));
	n->scale = calloc((size_t)features + 1, sizeof(*n->scale));
	n->output = calloc(n->stride + 1, NETWORK_UNITS * sizeof(*n->output));
	n->bias = calloc(n->stride + 1, sizeof(*n->bias));
	if (!n->embedding || !n->scale || !n->output || !n->bias) {
		network_destroy(&n);
		return -ENOMEM;
	}
	for (size_t a = answers; a < n->stride; a++)
		n->bias[a] = -HUGE_VALF;
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
	       n->stride * (NETWORK_UNITS * sizeof(n->output[0]) + sizeof(n->bias[0]));
}

/* --- arithmetic --------------------------------------------------------------------------------
 */

/* Four floats; they need no alignment and may lie in any array of floats. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(LANES * sizeof(float))));

static float sum_of(const lanes *l)
{
	return ((*l)[0] + (*l)[1]) + ((*l)[2] + (*l)[3]);
}

/* Of each lane a where the mask is set, else b. */
static lanes choose(lane_bits mask, lanes a, lanes b)
{
	return (lanes)(((lane_bits)a & mask) | ((lane_bits)b & ~mask));
}

float units_product(const float *a, const float *b)
{
	const lanes *x = (const lanes *)a, *y = (const lanes *)b;
	lanes even = {0.0F}, odd = {0.0F};

	for (size_t i = 0; i < NETWORK_UNITS / LANES; i += 2) {
		even += x[i] * y[i];
		odd += x[i + 1] * y[i + 1];
	}
	even += odd;
	return sum_of(&even);
}

void units_add(float *to, const float *from, float times)
{
	const lanes *x = (const lanes *)from;
	lanes *sum = (lanes *)to;

	for (size_t i = 0; i < NETWORK_UNITS / LANES; i++)
		sum[i] += times * x[i];
}

void units_cut(float *units, struct units_active *out)
{
	out->count = 0;
	for (size_t i = 0; i < NETWORK_UNITS; i++) {
		units[i] = units[i] > 0.0F ? units[i] : 0.0F;
		out->at[out->count] = (uint8_t)i;
		out->count += units[i] > 0.0F;
	}
}

size_t network_stride(uint32_t answers)
{
	return ((size_t)answers + LANES - 1) / LANES * LANES;
}

/* Four rows in one go over out, which is written once instead of four times. */
static void add_rows(float *out, const float *const row[4], const float times[4], size_t stride)
{
	const lanes *p = (const lanes *)row[0], *q = (const lanes *)row[1],
		    *r = (const lanes *)row[2], *s = (const lanes *)row[3];
	lanes *sum = (lanes *)out;

	for (size_t a = 0; a < stride / LANES; a++)
		sum[a] = ((sum[a] + times[0] * p[a]) + times[1] * q[a]) +
		         (times[2] * r[a] + times[3] * s[a]);
}

void network_sums(const float *output, const float *bias, size_t stride, const float *hidden,
                  const struct units_active *active, float *out)
{
	memcpy(out, bias, stride * sizeof(*out));
	for (size_t i = 0; i < active->count; i += 4) {
		const float *row[4];
		float times[4];

		for (size_t k = 0; k < 4;
		     k++) { /* the first again, zero times, for what is not there */
			size_t unit = active->at[i + k < active->count ? i + k : 0];

			row[k] = output + unit * stride;
			times[k] = i + k < active->count ? hidden[unit] : 0.0F;
		}
		add_rows(out, row, times, stride);
	}
}

#define EXPONENT_ONE (1 << 23) /* a float's bits, one power higher */

/*
 * e^x for x at most 0, to seven digits: 2^whole by the exponent's bits, the rest by a polynomial
 * (Taylor's, of half a power at most). The library's function differs between processors in the
 * last bit, and a model must not.
 */
static lanes exponential(lanes x)
{
	const lanes lowest = {-80.0F, -80.0F, -80.0F, -80.0F};
	lanes power = choose(x > lowest, x, lowest) * 1.44269504F; /* what is no number as well */
	lane_bits whole = __builtin_convertvector(power - 0.5F, lane_bits);
	lanes y = (power - __builtin_convertvector(whole, lanes)) * 0.693147181F;
	lanes part = 1.0F +
	             y * (1.0F + y * (0.5F + y * (0.166666667F +
	                                          y * (0.0416666667F + y * (0.00833333333F +
	                                                                    y * 0.00138888889F)))));

	return part * (lanes)((whole + 127) * EXPONENT_ONE);
}

static float highest(const float *values, size_t stride)
{
	const lanes *x = (const lanes *)values;
	lanes most = x[0];
	float of_all;

	for (size_t a = 1; a < stride / LANES; a++)
		most = choose(x[a] > most, x[a], most);
	of_all = most[0];
	for (size_t l = 1; l < LANES; l++)
		of_all = most[l] > of_all ? most[l] : of_all;
	return of_all;
}

float network_softmax(float *values, size_t stride, float *most)
{
	lanes *x = (lanes *)values, sum = {0.0F};

	*most = highest(values, stride);
	for (size_t a = 0; a < stride / LANES; a++) {
		x[a] = exponential(x[a] - *most);
		sum += x[a];
	}
	return sum_of(&sum);
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
	float hidden[NETWORK_UNITS], said[NETWORK_ANSWERS_MAX], chance[NETWORK_ANSWERS_MAX], most,
		sum;
	struct units_active active;

	memcpy(hidden, n->hidden, sizeof(hidden));
	for (size_t i = 0; i < count; i++)
		add_embedding(hidden, n->embedding + (size_t)terms[i].feature * NETWORK_UNITS,
		              terms[i].value * n->scale[terms[i].feature]);
	units_cut(hidden, &active);
	network_sums(n->output, n->bias, n->stride, hidden, &active, said);
	memcpy(chance, said, n->stride * sizeof(*chance));
	sum = network_softmax(chance, n->stride, &most);
	sum = logf(sum) + most;
	for (uint32_t a = 0; a < n->answers; a++)
		out[a] = said[a] - sum;
}
