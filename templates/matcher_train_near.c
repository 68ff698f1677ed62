/*
 * Which samples lie near an answer: each sample is near those whose centroids it is most like. They
 * are the ones that an answer might be mistaken for.
 */
#include "matcher_train_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
static void centroids_add(const struct lesson *l, struct centroids *c, uint32_t *fill, size_t s)
{
	uint32_t answer = l->samples[s].answer;

	for (uint32_t i = l->begin[s]; i < l->begin[s + 1]; i++) {
		uint32_t f = l->terms[i].feature;
		struct model_term *last = fill[f] ? &c->entry[c->row[f] + fill[f] - 1] : NULL;

		if (!last || last->feature != answer) {
			last = &c->entry[c->row[f] + fill[f]++];
			*last = (struct model_term){answer, 0.0F};
		}
		last->value += l->terms[i].value;
	}
}

/* 1 / length of each answer's centroid. */
static void centroids_lengths(const struct lesson *l, const struct centroids *c,
                              const uint32_t *fill, float *out)
{
	for (uint32_t f = 0; f < l->features; f++)
		for (uint32_t e = c->row[f]; e < c->row[f] + fill[f]; e++)
			out[c->entry[e].feature] += c->entry[e].value * c->entry[e].value;
	for (uint32_t a = 0; a < l->answers; a++)
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
static void score_centroids(const struct lesson *l, const struct centroids *c, const uint32_t *fill,
                            const float *length, size_t s, float *scores)
{
	memset(scores, 0, l->answers * sizeof(*scores));
	for (uint32_t i = l->begin[s]; i < l->begin[s + 1]; i++) {
		const struct model_term *e = c->entry + c->row[l->terms[i].feature];
		const struct model_term *end = e + fill[l->terms[i].feature];

		for (; e < end; e++)
			scores[e->feature] += l->terms[i].value * e->value;
	}
	for (uint32_t a = 0; a < l->answers; a++)
		scores[a] *= length[a];
}

/* Turns "the answers near each sample" into "the samples near each answer". */
static void invert_near(const struct lesson *l, const uint32_t (*near)[NEAR_MAX], uint32_t each,
                        struct near_samples *out)
{
	uint32_t *row = out->row;

	for (size_t s = 0; s < l->count; s++)
		for (uint32_t i = 0; i < each; i++)
			row[near[s][i] + 1]++;
	for (uint32_t a = 0; a < l->answers; a++)
		row[a + 1] += row[a];
	for (size_t s = l->count; s-- > 0;) /* backwards: each row fills from its end ... */
		for (uint32_t i = 0; i < each; i++)
			out->sample[--row[near[s][i] + 1]] = (uint32_t)s;
	memmove(row, row + 1, l->answers * sizeof(*row)); /* ... and row[a + 1] is now its begin */
	row[l->answers] = (uint32_t)l->count * each;
}

static int rank_centroids(const struct lesson *l, const struct centroids *c, const uint32_t *fill,
                          float *length, uint32_t nearest, struct near_samples *out)
{
	uint32_t(*near)[NEAR_MAX] = calloc(l->count + 1, sizeof(*near));
	float *scores = length + l->answers;
	uint32_t each = 0;

	if (!near)
		return -ENOMEM;
	for (size_t s = 0; s < l->count; s++) {
		score_centroids(l, c, fill, length, s, scores);
		each = keep_nearest(scores, l->answers, nearest, near[s]);
	}
	invert_near(l, (const uint32_t(*)[NEAR_MAX])near, each, out);
	free(near);
	return 0;
}

static void build_rows(const struct lesson *l, struct centroids *c)
{
	for (uint32_t i = 0; i < l->begin[l->count]; i++)
		c->row[l->terms[i].feature + 1]++;
	for (uint32_t f = 0; f < l->features; f++)
		c->row[f + 1] += c->row[f];
}

void near_samples_fini(struct near_samples *near)
{
	free(near->row);
	free(near->sample);
	*near = (struct near_samples){NULL, NULL};
}

int near_samples_find(const struct lesson *l, uint32_t nearest, struct near_samples *out)
{
	struct centroids c = {0};
	uint32_t *fill = calloc((size_t)l->features + 1, sizeof(*fill));
	float *length = calloc(2 * (size_t)l->answers + 1, sizeof(*length)); /* and the scores */
	struct near_samples near = {calloc((size_t)l->answers + 1, sizeof(*near.row)),
	                            calloc(l->count * NEAR_MAX + 1, sizeof(*near.sample))};
	int err = -ENOMEM;

	c.row = calloc((size_t)l->features + 2, sizeof(*c.row));
	c.entry = calloc(l->begin[l->count] + 1, sizeof(*c.entry));
	if (fill && length && near.row && near.sample && c.row && c.entry) {
		build_rows(l, &c);
		for (size_t s = 0; s < l->count; s++)
			centroids_add(l, &c, fill, s);
		centroids_lengths(l, &c, fill, length);
		err = rank_centroids(l, &c, fill, length, nearest, &near);
	}
	centroids_fini(&c);
	free(fill);
	free(length);
	if (err < 0)
		near_samples_fini(&near);
	else
		*out = near;
	return err;
}
