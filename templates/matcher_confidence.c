/* Signals, the logistic over them and its fit. */
#include "matcher_confidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARPNESS 3.0F /* of the softmax over scores */
#define PARAMETERS (CONFIDENCE_SIGNALS + 1)
#define RIDGE 1e-4 /* a case: keeps signals that say the same from growing against each other */
#define NEWTON_ROUNDS 30

struct top_two {
	float first, second;
};

static struct top_two best_two(const float *scores, uint32_t count)
{
	struct top_two best = {-HUGE_VALF, -HUGE_VALF};

	for (uint32_t i = 0; i < count; i++) {
		if (scores[i] > best.first)
			best = (struct top_two){scores[i], best.first};
		else if (scores[i] > best.second)
			best.second = scores[i];
	}
	if (count < 2)
		best.second = -1.0F;
	return best;
}

struct known {
	float known, all;
};

static void weigh_known(const struct model *m, uint32_t bucket, struct known *k)
{
	uint32_t feature = model_feature(m, bucket);
	float weight = feature == MODEL_UNKNOWN ? m->idf_unknown : m->idf[feature];

	k->all += weight;
	k->known += feature == MODEL_UNKNOWN ? 0.0F : weight;
}

/*
 * By weight, not by number: of "I lost my dog" three words of four are known, but the one that
 * matters is not. A single character says little, so pairs of characters count as well.
 */
static float share_known(const struct model *m, const struct normal *n)
{
	struct known k = {0.0F, 0.0F};

	for (size_t i = 0; i < n->count; i++) {
		uint32_t pair = features_pair(n, i);

		weigh_known(m, features_token(n, i), &k);
		if (pair < FEATURE_BUCKETS)
			weigh_known(m, pair, &k);
	}
	return k.all > 0.0F ? k.known / k.all : 0.0F;
}

void confidence_signals(const struct model *m, const struct normal *n, const float *scores,
                        struct match_signals *out)
{
	struct top_two best = best_two(scores, m->answers);
	float sum = 0.0F, weighed = 0.0F;

	/*
	 * With e = exp(3 (score - top)): entropy = log(sum) - sum(e log e) / sum; as a share of
	 * what it can be at most, so that a growing catalogue does not change what it says.
	 */
	for (uint32_t a = 0; a < m->answers; a++) {
		float x = SHARPNESS * (scores[a] - best.first), e = expf(x);

		sum += e;
		weighed += e * x;
	}
	out->top = best.first;
	out->margin = best.first - best.second;
	out->entropy =
		m->answers > 1 ? (logf(sum) - weighed / sum) / logf((float)m->answers) : 0.0F;
	out->peak = 1.0F / sum;
	out->known = share_known(m, n);
	out->length = logf(1.0F + (float)n->count);
	out->top_known = best.first * out->known;
}

static void to_row(const struct match_signals *s, double row[PARAMETERS])
{
	const double values[PARAMETERS] = {s->top,   s->margin, s->entropy,   s->peak,
	                                   s->known, s->length, s->top_known, 1.0};

	memcpy(row, values, sizeof(values));
}

float confidence_of(const struct confidence *c, const struct match_signals *s)
{
	double row[PARAMETERS], sum = c->bias;

	to_row(s, row);
	for (size_t i = 0; i < CONFIDENCE_SIGNALS; i++)
		sum += row[i] * c->weight[i];
	return (float)(1.0 / (1.0 + exp(-sum)));
}

/* Solves a x = b by elimination with pivoting; a and b are destroyed, x replaces b. */
static bool solve(double a[PARAMETERS][PARAMETERS], double b[PARAMETERS])
{
	for (size_t i = 0; i < PARAMETERS; i++) {
		size_t pivot = i;

		for (size_t r = i + 1; r < PARAMETERS; r++)
			if (fabs(a[r][i]) > fabs(a[pivot][i]))
				pivot = r;
		if (fabs(a[pivot][i]) < 1e-12)
			return false;
		for (size_t k = 0; k < PARAMETERS; k++) {
			double held = a[i][k];

			a[i][k] = a[pivot][k];
			a[pivot][k] = held;
		}
		double held = b[i];
		b[i] = b[pivot];
		b[pivot] = held;
		for (size_t r = 0; r < PARAMETERS; r++) {
			double share = r == i ? 0.0 : a[r][i] / a[i][i];

			for (size_t k = i; k < PARAMETERS; k++)
				a[r][k] -= share * a[i][k];
			b[r] -= share * b[i];
		}
	}
	for (size_t i = 0; i < PARAMETERS; i++)
		b[i] /= a[i][i];
	return true;
}

bool confidence_holds(const struct confidence_case *c, enum confidence_of_what what)
{
	return what == CONFIDENCE_RIGHT ? c->right : c->among;
}

/* What Newton's method asks for: gradient and Hessian of the log loss over all cases. */
struct slopes {
	double hessian[PARAMETERS][PARAMETERS], gradient[PARAMETERS];
};

static void slopes_add(struct slopes *s, const struct confidence_case *c, bool holds,
                       const double w[PARAMETERS])
{
	double row[PARAMETERS], sum = 0.0, p;

	to_row(&c->signals, row);
	for (size_t i = 0; i < PARAMETERS; i++)
		sum += row[i] * w[i];
	p = 1.0 / (1.0 + exp(-sum));
	for (size_t i = 0; i < PARAMETERS; i++) {
		s->gradient[i] += c->weight * row[i] * ((holds ? 1.0 : 0.0) - p);
		for (size_t k = 0; k < PARAMETERS; k++)
			s->hessian[i][k] += c->weight * row[i] * row[k] * p * (1.0 - p);
	}
}

static void slopes_of(const struct confidence_case *cases, size_t count,
                      enum confidence_of_what what, const double w[PARAMETERS], struct slopes *out)
{
	double weight = 0.0;

	memset(out, 0, sizeof(*out));
	for (size_t c = 0; c < count; c++) {
		slopes_add(out, &cases[c], confidence_holds(&cases[c], what), w);
		weight += cases[c].weight;
	}
	for (size_t i = 0; i < PARAMETERS; i++) {
		out->gradient[i] -= RIDGE * weight * w[i];
		out->hessian[i][i] += RIDGE * weight;
	}
}

static bool both_kinds(const struct confidence_case *cases, size_t count,
                       enum confidence_of_what what)
{
	size_t holding = 0;

	for (size_t i = 0; i < count; i++)
		holding += confidence_holds(&cases[i], what);
	return holding > 0 && holding < count;
}

int confidence_fit(const struct confidence_case *cases, size_t count, enum confidence_of_what what,
                   struct confidence *out)
{
	double w[PARAMETERS] = {0};
	struct slopes s;

	if (!both_kinds(cases, count, what))
		return -EINVAL;
	for (int round = 0; round < NEWTON_ROUNDS; round++) {
		double most = 0.0;

		slopes_of(cases, count, what, w, &s);
		if (!solve(s.hessian, s.gradient))
			return -EINVAL;
		for (size_t i = 0; i < PARAMETERS; i++) {
			w[i] += s.gradient[i];
			most = fmax(most, fabs(s.gradient[i]));
		}
		if (most < 1e-6)
			break;
	}
	for (size_t i = 0; i < CONFIDENCE_SIGNALS; i++)
		out->weight[i] = (float)w[i];
	out->bias = (float)w[CONFIDENCE_SIGNALS];
	return 0;
}
