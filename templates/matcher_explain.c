/* The score of one answer taken apart into the features it is the sum of. */
#include "matcher_explain.h"

#include "matcher_parts.h"
#include "utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The model's number of an answer, or MODEL_UNKNOWN. */
static uint32_t modelled_as(const struct matcher *m, uint32_t answer)
{
	for (uint32_t i = 0; i < m->modelled; i++)
		if (m->answer_of[i] == answer)
			return i;
	return MODEL_UNKNOWN;
}

static float weight_of(const struct model *m, uint32_t feature, uint32_t number)
{
	for (uint32_t e = m->row[feature]; e < m->row[feature + 1]; e++)
		if (m->entry_answer[e] == number)
			return (float)m->entry_weight[e] * m->scale[number];
	return 0.0F;
}

/* Keeps the strongest in their order. */
static void keep(struct match_reason *reasons, size_t *count, const struct match_reason *r)
{
	size_t at = *count;

	if (at == MATCH_REASONS_MAX && fabsf(reasons[--at].weight) >= fabsf(r->weight))
		return;
	if (*count < MATCH_REASONS_MAX)
		++*count;
	for (; at > 0 && fabsf(reasons[at - 1].weight) < fabsf(r->weight); at--)
		reasons[at] = reasons[at - 1];
	reasons[at] = *r;
}

static const struct feature_origin *origin_of(const struct feature_origin *origins, size_t count,
                                              const struct feature *f)
{
	size_t i = 0;

	while (i + 1 < count && (origins[i].bucket != f->bucket || origins[i].block != f->block))
		i++;
	return &origins[i];
}

static void name_reason(const struct normal *n, const struct feature_origin *origin,
                        struct match_reason *out)
{
	struct buf text;
	struct span cut;

	buf_init(&text, NORMAL_TEXT_SIZE);
	feature_origin_text(n, origin, &text);
	cut = utf8_cut(buf_span(&text), MATCH_REASON_SIZE - 1);
	if (cut.len)
		memcpy(out->text, cut.ptr, cut.len);
	out->text[cut.len] = 0;
	buf_fini(&text);
}

/* The vector has the known features of scratch->features, in their order. */
static void take_apart(const struct matcher *m, struct match_scratch *s, uint32_t number,
                       const struct feature_origin *origins, size_t count,
                       struct match_explanation *out)
{
	size_t term = 0;

	for (size_t i = 0; i < s->features.count; i++) {
		const struct feature *f = &s->features.at[i];
		uint32_t feature = model_feature(m->model, f->bucket);
		struct match_reason r;

		if (feature == MODEL_UNKNOWN) {
			out->unknown++;
			continue;
		}
		r.weight = s->vector.at[term++].value * weight_of(m->model, feature, number);
		if (fabsf(r.weight) < 1e-6F)
			continue;
		name_reason(&s->normal, origin_of(origins, count, f), &r);
		if (r.weight > 0.0F)
			keep(out->speaks_for, &out->for_count, &r);
		else
			keep(out->against, &out->against_count, &r);
	}
}

int matcher_explain(const struct matcher *m, struct match_scratch *scratch, struct span text,
                    uint32_t answer, struct match_explanation *out)
{
	uint32_t number = modelled_as(m, answer);
	struct feature_origin *origins = calloc(FEATURES_MAX, sizeof(*origins));
	struct match match = {.handover_index = MATCH_INDEX_NONE};

	if (!origins)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	out->modelled = number != MODEL_UNKNOWN;
	normal_read(text, &scratch->normal);
	if (out->modelled && matcher_score(m, scratch, &match)) {
		out->score = scratch->scores[number];
		out->bias = m->model->bias[number];
		out->network = model_network_part(m->model, &scratch->vector, number);
		take_apart(m, scratch, number, origins, features_origins(&scratch->normal, origins),
		           out);
	}
	free(origins);
	return 0;
}
