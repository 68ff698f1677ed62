/* Leaving answers and sentences out, five times: how right a model is on what it has not seen. */
#include "matcher_confidence.h"

#include <stdlib.h>
#include <string.h>

#define FOLDS CONFIDENCE_FOLDS
#define CASES_ENOUGH 3000 /* for eight weights and two limits; then no further fold is run */
#define CASES_QUICK 1200  /* the same for a matcher that is replaced in a moment */

struct folds {
	const struct fold_source *from;
	uint8_t *of_sample; /* the fold that leaves each out */
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
	return (answer * 2654435761U >> 16) % FOLDS == fold;
}

static bool left_out(const struct folds *f, size_t s, unsigned fold)
{
	return answer_left_out(f->from->samples[s].answer, fold) || f->of_sample[s] == fold;
}

/* The fold of an answer's first sentence, so that small answers do not all lack the same ones. */
static uint8_t first_fold(struct span text, struct normal *room)
{
	normal_read(text, room);
	return (uint8_t)((normal_hash(room) * 0x9E3779B97F4A7C15U >> 32) % FOLDS);
}

int confidence_deal(const struct fold_source *from, uint8_t *out)
{
	uint8_t *next = malloc((size_t)from->answers + 1);
	struct normal *room = malloc(sizeof(*room));

	if (!next || !room) {
		free(next);
		free(room);
		return -ENOMEM;
	}
	memset(next, FOLDS, from->answers);
	for (size_t s = 0; s < from->count; s++) {
		uint8_t *fold = &next[from->samples[s].answer];

		if (*fold == FOLDS)
			*fold = first_fold(from->texts[s].text, room);
		out[s] = *fold;
		*fold = (uint8_t)((*fold + 1) % FOLDS);
	}
	free(next);
	free(room);
	return 0;
}

/* The best three answers of all scores, handovers left out. */
static bool is_among_three(const struct folds *f, uint32_t answer)
{
	size_t better = 0;

	for (uint32_t a = 0; a < f->from->answers && better < 3; a++)
		if (!(f->from->handover && f->from->handover[a]))
			better += f->scores[a] > f->scores[answer] ||
			          (!(f->scores[a] < f->scores[answer]) && a < answer);
	return better < 3;
}

static void judge(struct folds *f, const struct model *m, size_t s, bool covered)
{
	uint32_t best = 0, own = f->from->samples[s].answer;
	struct confidence_case *c = &f->cases[f->found];

	model_weigh(m, f->from->samples[s].features, f->from->samples[s].count, f->vector);
	model_score(m, f->vector, f->scores);
	for (uint32_t a = 1; a < f->from->answers; a++)
		if (f->scores[a] > f->scores[best])
			best = a;
	if (!f->vector->count || (f->from->handover && f->from->handover[best]))
		return;
	normal_read(f->from->texts[s].text, f->normal);
	confidence_signals(m, f->normal, f->scores, &c->signals);
	covered = covered && !(f->from->handover && f->from->handover[own]);
	c->covered = covered;
	c->right = covered && best == own;
	c->among = covered && is_among_three(f, own);
	c->weight = 1.0F;
	f->found++;
}

static int run_fold(struct folds *f, unsigned fold)
{
	struct model *m = NULL;
	size_t kept = 0;
	int err;

	for (size_t s = 0; s < f->from->count; s++)
		if (!left_out(f, s, fold))
			f->kept[kept++] = f->from->samples[s];
	err = model_train(f->kept, kept, f->from->answers,
	                  (struct model_how){MODEL_ROUGH, !f->from->quick}, &m);
	if (err < 0)
		return err;
	for (size_t s = 0; s < f->from->count; s++)
		if (left_out(f, s, fold))
			judge(f, m, s, !answer_left_out(f->from->samples[s].answer, fold));
	model_destroy(&m);
	return 0;
}

int confidence_folds(const struct fold_source *from, struct confidence_case *cases, size_t *out)
{
	struct folds f = {.from = from, .cases = cases};
	size_t enough = from->quick ? CASES_QUICK : CASES_ENOUGH;
	int err = -ENOMEM;

	f.kept = calloc(from->count + 1, sizeof(*f.kept));
	f.scores = calloc((size_t)from->answers + 1, sizeof(*f.scores));
	f.normal = malloc(sizeof(*f.normal));
	f.vector = malloc(sizeof(*f.vector));
	f.of_sample = calloc(from->count + 1, sizeof(*f.of_sample));
	if (f.kept && f.scores && f.normal && f.vector && f.of_sample) {
		err = confidence_deal(from, f.of_sample);
		for (unsigned fold = 0; err == 0 && fold < FOLDS && f.found < enough; fold++)
			err = run_fold(&f, fold);
	}
	free(f.kept);
	free(f.scores);
	free(f.normal);
	free(f.vector);
	free(f.of_sample);
	if (err == 0)
		*out = f.found;
	return err;
}
