/* Reading the model: weighing a text's features and adding up their rows. */
#include "matcher_model.h"

#include <math.h>
#include <stdlib.h>

void model_destroy(struct model **m)
{
	if (!*m)
		return;
	free((*m)->idf);
	free((*m)->row);
	free((*m)->entry_answer);
	free((*m)->entry_weight);
	free((*m)->scale);
	free((*m)->bias);
	network_destroy(&(*m)->network);
	free(*m);
	*m = NULL;
}

uint32_t model_feature(const struct model *m, uint32_t bucket)
{
	uint64_t word = m->known[bucket / 64], bit = (uint64_t)1 << bucket % 64;

	if (!(word & bit))
		return MODEL_UNKNOWN;
	return m->rank[bucket / 64] + (uint32_t)__builtin_popcountll(word & (bit - 1));
}

/* Repeats are few and small: a logarithm is looked up. */
static float sublinear(unsigned times)
{
	static const float table[] = {0.0F, 1.0F, 1.6931472F, 2.0986123F, 2.3862944F};

	return times < ARRAY_LEN(table) ? table[times] : 1.0F + logf((float)times);
}

/* Makes the terms from first on a vector of length 1; false where they are all nothing. */
static bool to_length_one(struct model_vector *v, size_t first)
{
	float sum = 0.0F;

	for (size_t i = first; i < v->count; i++)
		sum += v->at[i].value * v->at[i].value;
	if (sum <= 0.0F)
		return false;
	sum = 1.0F / sqrtf(sum);
	for (size_t i = first; i < v->count; i++)
		v->at[i].value *= sum;
	return true;
}

void model_weigh(const struct model *m, const struct feature *features, size_t count,
                 struct model_vector *out)
{
	size_t i = 0;
	unsigned blocks = 0;
	float share;

	out->count = 0;
	while (i < count) {
		uint16_t block = features[i].block;
		size_t first = out->count;

		for (; i < count && features[i].block == block; i++) {
			uint32_t feature = model_feature(m, features[i].bucket);

			if (feature != MODEL_UNKNOWN)
				out->at[out->count++] = (struct model_term){
					feature, sublinear(features[i].times) * m->idf[feature]};
		}
		blocks += to_length_one(out, first);
	}
	share = blocks ? 1.0F / sqrtf((float)blocks) : 0.0F;
	for (i = 0; i < out->count; i++)
		out->at[i].value *= share;
}

static float network_part(float said)
{
	return NETWORK_SHARE * (said > NETWORK_LEAST ? said : NETWORK_LEAST);
}

static void add_network(const struct model *m, const struct model_vector *v, float *scores)
{
	float said[NETWORK_ANSWERS_MAX];

	network_score(m->network, v->at, v->count, said);
	for (uint32_t a = 0; a < m->answers; a++)
		scores[a] += network_part(said[a]);
}

float model_network_part(const struct model *m, const struct model_vector *v, uint32_t answer)
{
	float said[NETWORK_ANSWERS_MAX];

	if (!m->network)
		return 0.0F;
	network_score(m->network, v->at, v->count, said);
	return network_part(said[answer]);
}

void model_score(const struct model *m, const struct model_vector *v, float *scores)
{
	for (uint32_t a = 0; a < m->answers; a++)
		scores[a] = 0.0F;
	for (size_t i = 0; i < v->count; i++) {
		uint32_t end = m->row[v->at[i].feature + 1];
		float value = v->at[i].value;

		for (uint32_t e = m->row[v->at[i].feature]; e < end; e++)
			scores[m->entry_answer[e]] += value * (float)m->entry_weight[e];
	}
	for (uint32_t a = 0; a < m->answers; a++)
		scores[a] = scores[a] * m->scale[a] + m->bias[a];
	if (m->network)
		add_network(m, v, scores);
}

size_t model_size(const struct model *m)
{
	size_t entries = m->row[m->features];

	return sizeof(*m) + (m->network ? network_size(m->network) : 0) +
	       m->features * (sizeof(m->idf[0]) + sizeof(m->row[0])) +
	       entries * (sizeof(m->entry_answer[0]) + sizeof(m->entry_weight[0])) +
	       m->answers * (sizeof(m->scale[0]) + sizeof(m->bias[0]));
}
