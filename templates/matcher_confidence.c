/* Signals, the logistic over them and its fit. */
#include "matcher_confidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARPNESS 3.0F /* of the softmax over scores */
#define FOLDS 5
#define PARAMETERS (CONFIDENCE_SIGNALS + 1)
#define RIDGE 1e-4 /* a case: keeps signals that say the same from growing against each other */
#define NEWTON_ROUNDS 30

/* Printed by fit_confidence for templates/content and tests/vectors/questions-dev.tsv. */
const struct confidence confidence_default = {
	{-0.5785F, 6.4533F, -1.1077F, -6.7499F, 5.0073F, 1.4326F, 0.1428F},
	-6.5566F,
};
const struct confidence confidence_menu_default = {
	{3.2353F, 2.8255F, -0.7709F, -6.4208F, 4.5999F, 2.2640F, -1.2818F},
	-5.4440F,
};

/*
 * From its tables: of what is above answer the best was right in 98 of 100, of what is above menu
 * the right one was among the three in 94.
 */
const struct match_zones match_zones_default = {.answer = 0.91F, .menu = 0.50F};

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

/* Gradient and Hessian of the log loss over all cases, with the ridge. */
static void slopes(const struct confidence_case *cases, size_t count, const double w[PARAMETERS],
                   double hessian[PARAMETERS][PARAMETERS], double gradient[PARAMETERS])
{
	double row[PARAMETERS];

	memset(hessian, 0, sizeof(double) * PARAMETERS * PARAMETERS);
	for (size_t i = 0; i < PARAMETERS; i++) {
		gradient[i] = -RIDGE * (double)count * w[i];
		hessian[i][i] = RIDGE * (double)count;
	}
	for (size_t c = 0; c < count; c++) {
		double sum = 0.0, p;

		to_row(&cases[c].signals, row);
		for (size_t i = 0; i < PARAMETERS; i++)
			sum += row[i] * w[i];
		p = 1.0 / (1.0 + exp(-sum));
		for (size_t i = 0; i < PARAMETERS; i++) {
			gradient[i] += row[i] * ((cases[c].right ? 1.0 : 0.0) - p);
			for (size_t k = 0; k < PARAMETERS; k++)
				hessian[i][k] += row[i] * row[k] * p * (1.0 - p);
		}
	}
}

static bool both_kinds(const struct confidence_case *cases, size_t count)
{
	size_t right = 0;

	for (size_t i = 0; i < count; i++)
		right += cases[i].right;
	return right > 0 && right < count;
}

int confidence_fit(const struct confidence_case *cases, size_t count, struct confidence *out)
{
	double w[PARAMETERS] = {0}, step[PARAMETERS], hessian[PARAMETERS][PARAMETERS];

	if (!both_kinds(cases, count))
		return -EINVAL;
	for (int round = 0; round < NEWTON_ROUNDS; round++) {
		double most = 0.0;

		slopes(cases, count, w, hessian, step);
		if (!solve(hessian, step))
			return -EINVAL;
		for (size_t i = 0; i < PARAMETERS; i++) {
			w[i] += step[i];
			most = fmax(most, fabs(step[i]));
		}
		if (most < 1e-6)
			break;
	}
	for (size_t i = 0; i < CONFIDENCE_SIGNALS; i++)
		out->weight[i] = (float)w[i];
	out->bias = (float)w[CONFIDENCE_SIGNALS];
	return 0;
}

/* --- folds ------------------------------------------------------------------------------------ */

struct folds {
	const struct match_sample *texts;
	const struct model_sample *samples;
	size_t count;
	uint32_t answers;
	struct model_sample *kept;
	float *scores;
	struct normal *normal;
	struct model_vector *vector;
	struct confidence_case *cases;
	size_t found;
};

/* Whole answers leave by their number, mixed so that neighbours in a file do not leave together. */
static bool answer_left_out(uint32_t answer, unsigned fold)
{
	return answer * 2654435761U >> 16 & 0xFFFF ? (answer * 2654435761U >> 16) % FOLDS == fold
	                                           : fold == 0;
}

static bool left_out(const struct folds *f, size_t s, unsigned fold)
{
	return answer_left_out(f->samples[s].answer, fold) || s % FOLDS == fold;
}

static void judge(struct folds *f, const struct model *m, size_t s, bool covered)
{
	struct confidence_case *c = &f->cases[f->found++];
	uint32_t best = 0;

	normal_read(f->texts[s].text, f->normal);
	model_weigh(m, f->samples[s].features, f->samples[s].count, f->vector);
	model_score(m, f->vector, f->scores);
	for (uint32_t a = 1; a < f->answers; a++)
		if (f->scores[a] > f->scores[best])
			best = a;
	confidence_signals(m, f->normal, f->scores, &c->signals);
	c->right = covered && best == f->samples[s].answer;
}

static int run_fold(struct folds *f, unsigned fold)
{
	struct model *m = NULL;
	size_t kept = 0;
	int err;

	for (size_t s = 0; s < f->count; s++)
		if (!left_out(f, s, fold))
			f->kept[kept++] = f->samples[s];
	err = model_train(f->kept, kept, f->answers, &m);
	if (err < 0)
		return err;
	for (size_t s = 0; s < f->count; s++)
		if (left_out(f, s, fold))
			judge(f, m, s, !answer_left_out(f->samples[s].answer, fold));
	model_destroy(&m);
	return 0;
}

int confidence_folds(const struct match_sample *texts, const struct model_sample *samples,
                     size_t count, uint32_t answers, struct confidence_case *cases, size_t *out)
{
	struct folds f = {texts, samples, count, answers, NULL, NULL, NULL, NULL, cases, 0};
	int err = -ENOMEM;

	f.kept = calloc(count + 1, sizeof(*f.kept));
	f.scores = calloc((size_t)answers + 1, sizeof(*f.scores));
	f.normal = malloc(sizeof(*f.normal));
	f.vector = malloc(sizeof(*f.vector));
	if (f.kept && f.scores && f.normal && f.vector) {
		err = 0;
		for (unsigned fold = 0; err == 0 && fold < FOLDS; fold++)
			err = run_fold(&f, fold);
	}
	free(f.kept);
	free(f.scores);
	free(f.normal);
	free(f.vector);
	if (err == 0)
		*out = f.found;
	return err;
}
