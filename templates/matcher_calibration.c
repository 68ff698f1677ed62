/* Fitting the two logistics and finding the zones; the same again with what agents corrected. */
#include "matcher_calibration.h"

#include "matcher_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct match_required match_required_default = {
	.answer = 0.98F, .menu = 0.80F, .out_of_scope = 0.05F, .in_scope = 0.90F};

/* Fitted on the demonstration catalogue and tests/vectors/questions-dev.tsv. */
const struct calibration calibration_default = {
	.answer = {{-0.5785F, 6.4533F, -1.1077F, -6.7499F, 5.0073F, 1.4326F, 0.1428F}, -6.5566F     },
	.menu = {{3.2353F, 2.8255F, -0.7709F, -6.4208F, 4.5999F, 2.2640F, -1.2818F}, -5.4440F     },
	.zones = {.answer = 0.91F,						    .menu = 0.50F},
};

/* What is above a threshold must weigh this many cases at least: fewer are an accident. */
#define WEIGHT_TO_TRUST 20.0

struct judged {
	float confidence, weight;
	bool right;
};

static int by_confidence(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;

	return (x->confidence < y->confidence) - (x->confidence > y->confidence);
}

/* How many of the cases there are of each kind, and what each then weighs. */
struct kinds {
	double right, wrong, uncovered;
};

static float weight_of(const struct confidence_case *c, const struct kinds *weights)
{
	return (float)(!c->covered ? weights->uncovered
	               : c->right  ? weights->right
	                           : weights->wrong);
}

/*
 * Makes the wrong ones weigh no more than in_scope allows, the uncovered ones what out_of_scope
 * says.
 */
static void weigh(struct confidence_case *cases, size_t count,
                  const struct match_required *required)
{
	struct kinds n = {0.0, 0.0, 0.0}, weights = {1.0, 1.0, 1.0};
	double covered;

	for (size_t i = 0; i < count; i++) {
		n.uncovered += !cases[i].covered;
		n.right += cases[i].covered && cases[i].right;
		n.wrong += cases[i].covered && !cases[i].right;
	}
	covered = n.right + n.wrong;
	if (n.wrong > covered * (1.0 - (double)required->in_scope))
		weights.wrong = n.right / n.wrong * (1.0 - (double)required->in_scope) /
		                (double)required->in_scope;
	covered = n.right + n.wrong * weights.wrong;
	if (n.uncovered > 0.0)
		weights.uncovered = covered / n.uncovered * (double)required->out_of_scope /
		                    (1.0 - (double)required->out_of_scope);
	for (size_t i = 0; i < count; i++)
		cases[i].weight = weight_of(&cases[i], &weights);
}

/* The lowest confidence from which on the share that is right is what is required; 1 for none. */
static float lowest(struct judged *judged, size_t count, float required)
{
	double all = 0.0, right = 0.0;
	float found = 1.0F;

	qsort(judged, count, sizeof(*judged), by_confidence);
	for (size_t i = 0; i < count; i++) {
		all += judged[i].weight;
		right += judged[i].right ? judged[i].weight : 0.0F;
		if (i + 1 < count && judged[i + 1].confidence >= judged[i].confidence)
			continue;
		if (all >= WEIGHT_TO_TRUST && right >= all * required)
			found = judged[i].confidence;
	}
	return found;
}

static float find_zone(const struct confidence_case *cases, size_t count,
                       const struct confidence *fit, enum confidence_of_what what, float required,
                       struct judged *judged)
{
	for (size_t i = 0; i < count; i++)
		judged[i] = (struct judged){confidence_of(fit, &cases[i].signals), cases[i].weight,
		                            confidence_holds(&cases[i], what)};
	return lowest(judged, count, required);
}

/* The cases are weighed already. */
static int fit(const struct confidence_case *cases, size_t count,
               const struct match_required *required, struct calibration *out)
{
	struct calibration c = {.fitted = true};
	struct judged *judged;

	*out = calibration_default;
	if (count < CALIBRATION_CASES_LEAST ||
	    confidence_fit(cases, count, CONFIDENCE_RIGHT, &c.answer) < 0 ||
	    confidence_fit(cases, count, CONFIDENCE_AMONG, &c.menu) < 0)
		return 0;
	judged = calloc(count, sizeof(*judged));
	if (!judged)
		return -ENOMEM;
	c.zones.answer =
		find_zone(cases, count, &c.answer, CONFIDENCE_RIGHT, required->answer, judged);
	c.zones.menu = find_zone(cases, count, &c.menu, CONFIDENCE_AMONG, required->menu, judged);
	free(judged);
	*out = c;
	return 0;
}

int calibration_fit(struct confidence_case *cases, size_t count,
                    const struct match_required *required, struct calibration *out)
{
	weigh(cases, count, required);
	return fit(cases, count, required, out);
}

/* --- corrections ------------------------------------------------------------------------------ */

/* False: nothing to learn from, since no confidence would be asked: an exact hit, a handover. */
static bool to_case(const struct matcher *m, struct match_scratch *scratch,
                    const struct match_correction *from, struct confidence_case *out)
{
	struct match got;

	matcher_match(m, scratch, from->text, LANGUAGE_UNKNOWN, &got);
	if (got.intent != MATCH_QUESTION || got.exact || got.handover_index != MATCH_INDEX_NONE ||
	    !got.count)
		return false;
	*out = (struct confidence_case){.signals = got.signals, .weight = from->weight};
	out->covered = from->answer != MATCH_INDEX_NONE && !m->handover[from->answer];
	out->right = out->covered && got.best[0].index == from->answer;
	for (size_t i = 0; out->covered && i < got.count && i < 3; i++)
		out->among = out->among || got.best[i].index == from->answer;
	return true;
}

static bool is_sound(const struct matcher *m, const struct match_correction *c)
{
	return isfinite(c->weight) && c->weight > 0.0F &&
	       (c->answer < m->answers || c->answer == MATCH_INDEX_NONE);
}

static int add_corrections(const struct matcher *m, const struct match_correction *corrections,
                           size_t count, struct confidence_case *cases, size_t *found)
{
	struct match_scratch *scratch = match_scratch_create();

	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		*found += to_case(m, scratch, &corrections[i], &cases[*found]);
	match_scratch_destroy(&scratch);
	return 0;
}

int matcher_recalibrate(const struct matcher *m, const struct match_correction *corrections,
                        size_t count, const struct match_required *required,
                        struct calibration *out)
{
	struct confidence_case *cases;
	size_t found = m->case_count;
	int err;

	if (count > CORRECTIONS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!is_sound(m, &corrections[i]))
			return -EINVAL;
	cases = calloc(found + count + 1, sizeof(*cases));
	if (!cases)
		return -ENOMEM;
	if (found)
		memcpy(cases, m->cases, found * sizeof(*cases));
	weigh(cases, found, required);
	err = add_corrections(m, corrections, count, cases, &found);
	if (err == 0)
		err = fit(cases, found, required, out);
	free(cases);
	return err;
}

void matcher_calibrate(struct matcher *m, const struct calibration *calibration)
{
	m->calibration = *calibration;
}

const struct calibration *matcher_calibration(const struct matcher *m)
{
	return &m->calibration;
}
