/* Making a matcher: which answers the model tells apart, its samples, the training, the folds. */
#include "matcher_parts.h"

#include "matcher_beside.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the training needs and the matcher does not keep. */
struct prepared {
	const struct match_source *from;
	bool quick;
	uint32_t *model_of; /* the answer's number to the model's, or MODEL_UNKNOWN */
	struct match_sample *texts;
	struct model_sample *samples; /* of modelled answers only, as texts */
	size_t count;
	struct feature *pool;
	size_t used, room;
};

static atomic_bool given_up;

void matcher_give_up(void)
{
	atomic_store_explicit(&given_up, true, memory_order_relaxed);
}

bool matcher_is_given_up(void)
{
	return atomic_load_explicit(&given_up, memory_order_relaxed);
}

int matcher_alloc(const struct matcher_sizes *sizes, struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->answers = sizes->answers;
	m->modelled = sizes->modelled;
	m->calibration = calibration_default;
	m->exact_size = 16;
	while (m->exact_size < 2 * sizes->exacts)
		m->exact_size *= 2;
	m->exact = calloc(m->exact_size, sizeof(*m->exact));
	m->samples = calloc((size_t)m->answers + 1, sizeof(*m->samples));
	m->answer_of = calloc((size_t)m->modelled + 1, sizeof(*m->answer_of));
	m->handover = calloc((size_t)m->answers + 1, sizeof(*m->handover));
	m->cases = calloc(sizes->cases + 1, sizeof(*m->cases));
	if (!m->exact || !m->samples || !m->answer_of || !m->handover || !m->cases) {
		matcher_destroy(&m);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->exact_size; i++)
		m->exact[i].answer = EXACT_NONE;
	*out = m;
	return 0;
}

void matcher_destroy(struct matcher **m)
{
	if (!*m)
		return;
	model_destroy(&(*m)->model);
	free((*m)->samples);
	free((*m)->answer_of);
	free((*m)->handover);
	free((*m)->cases);
	free((*m)->exact);
	free(*m);
	*m = NULL;
}

/* --- which answers ---------------------------------------------------------------------------- */

static int count_samples(struct matcher *m, const struct match_source *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (from->samples[i].answer >= m->answers)
			return -EINVAL;
		m->samples[from->samples[i].answer]++;
	}
	for (uint32_t a = 0; from->handover && a < m->answers; a++)
		m->handover[a] = from->handover[a];
	return 0;
}

/* Takes answers with from least to most samples, in their order, while there is room. */
static uint32_t take_answers(struct matcher *m, struct prepared *p, uint32_t taken, uint32_t least,
                             uint32_t most)
{
	for (uint32_t a = 0; a < m->answers && taken < m->modelled; a++) {
		if (m->samples[a] < least || m->samples[a] > most)
			continue;
		p->model_of[a] = 0;
		taken++;
	}
	return taken;
}

/* All, while they fit; else those with enough samples before the others. */
static void choose_answers(struct matcher *m, struct prepared *p)
{
	uint32_t taken = 0, next = 0;

	for (uint32_t a = 0; a < m->answers; a++)
		p->model_of[a] = MODEL_UNKNOWN;
	if (m->modelled == m->answers)
		taken = take_answers(m, p, 0, 0, UINT32_MAX);
	else
		taken = take_answers(m, p, 0, MATCHER_SAMPLES_LEAST, UINT32_MAX);
	m->modelled = taken;
	for (uint32_t a = 0; a < m->answers; a++) {
		if (p->model_of[a] == MODEL_UNKNOWN)
			continue;
		m->answer_of[next] = a;
		p->model_of[a] = next++;
	}
}

/* --- their samples ---------------------------------------------------------------------------- */

static int pool_room(struct prepared *p, size_t more)
{
	size_t room = p->room ? p->room : 65536;
	struct feature *grown;

	while (room < p->used + more)
		room *= 2;
	if (room == p->room)
		return 0;
	grown = realloc(p->pool, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->pool = grown;
	p->room = room;
	return 0;
}

static int prepare_one(struct matcher *m, struct prepared *p, struct match_scratch *scratch,
                       const struct match_sample *from)
{
	struct features *f = &scratch->features;
	uint32_t number = p->model_of[from->answer];

	normal_read(from->text, &scratch->normal);
	if (scratch->normal.count && !scratch->normal.cut)
		matcher_exact_add(m, normal_hash(&scratch->normal), from->answer);
	if (number == MODEL_UNKNOWN)
		return 0;
	features_read(&scratch->normal, f);
	if (pool_room(p, f->count) < 0)
		return -ENOMEM;
	memcpy(p->pool + p->used, f->at, f->count * sizeof(f->at[0]));
	p->used += f->count;
	p->texts[p->count] = (struct match_sample){from->text, number};
	p->samples[p->count++] = (struct model_sample){number, (uint32_t)f->count, NULL};
	return 0;
}

/* The pool moves while it grows, so pointers into it are set at the end. */
static void point_into_pool(struct prepared *p)
{
	const struct feature *at = p->pool;

	for (size_t i = 0; i < p->count; i++) {
		p->samples[i].features = at;
		at += p->samples[i].count;
	}
}

static int prepare(struct matcher *m, struct prepared *p)
{
	struct match_scratch *scratch = match_scratch_create();
	const struct match_source *from = p->from;
	int err;

	p->model_of = calloc((size_t)m->answers + 1, sizeof(*p->model_of));
	p->texts = calloc(from->count + 1, sizeof(*p->texts));
	p->samples = calloc(from->count + 1, sizeof(*p->samples));
	err = scratch && p->model_of && p->texts && p->samples ? count_samples(m, from) : -ENOMEM;
	if (err == 0)
		choose_answers(m, p);
	for (size_t i = 0; err == 0 && i < from->count; i++)
		err = prepare_one(m, p, scratch, &from->samples[i]);
	if (err == 0)
		point_into_pool(p);
	match_scratch_destroy(&scratch);
	return err;
}

static void prepared_fini(struct prepared *p)
{
	free(p->model_of);
	free(p->texts);
	free(p->samples);
	free(p->pool);
}

/* --- the calibration -------------------------------------------------------------------------- */

/* Keeps at most CALIBRATION_CASES_MAX, evenly. */
static void keep_cases(struct matcher *m, const struct confidence_case *cases, size_t count)
{
	size_t each = (count + CALIBRATION_CASES_MAX - 1) / CALIBRATION_CASES_MAX;

	m->case_count = 0;
	for (size_t i = 0; i < count; i += each)
		m->cases[m->case_count++] = cases[i];
}

/*
 * The folds need nothing of the model that answers, nor it of them, so they run beside its training
 * on a thread of their own: what they find does not depend on when.
 */
struct folding {
	const struct prepared *p;
	uint32_t answers;
	bool *handover; /* by the model's numbers */
	struct confidence_case *cases;
	size_t count;
	int err;
	struct matcher_beside beside;
};

static void *run_folds(void *arg)
{
	struct folding *f = arg;

	const struct fold_source from = {f->p->texts, f->p->samples, f->p->count,
	                                 f->answers,  f->handover,   f->p->quick};

	f->err = confidence_folds(&from, f->cases, &f->count);
	return NULL;
}

static int folding_begin(struct folding *f, const struct matcher *m)
{
	f->answers = m->modelled;
	f->cases = calloc(2 * f->p->count + 1, sizeof(*f->cases));
	f->handover = calloc((size_t)m->modelled + 1, sizeof(*f->handover));
	if (!f->cases || !f->handover)
		return -ENOMEM;
	for (uint32_t a = 0; a < m->modelled; a++)
		f->handover[a] = m->handover[m->answer_of[a]];
	matcher_beside_begin(&f->beside, run_folds, f);
	return 0;
}

static int folding_end(struct folding *f)
{
	matcher_beside_end(&f->beside);
	return f->err;
}

/* It knows itself less well, so it is allowed half as many wrong answers. */
struct match_required match_required_quick(const struct match_required *required)
{
	struct match_required quick = *required;

	quick.answer = 0.5F + 0.5F * required->answer;
	return quick;
}

static struct match_required required_of(const struct prepared *p)
{
	const struct match_required *required =
		p->from->required ? p->from->required : &match_required_default;

	return p->quick ? match_required_quick(required) : *required;
}

static struct model_how how_to_train(const struct prepared *p)
{
	return (struct model_how){p->quick ? MODEL_ROUGH : MODEL_EXACT, !p->quick};
}

static int train_and_calibrate(struct matcher *m, const struct prepared *p)
{
	const struct match_required required = required_of(p);
	struct folding f = {.p = p};
	int err = folding_begin(&f, m), folded;

	if (err == 0) {
		err = model_train(p->samples, p->count, m->modelled, how_to_train(p), &m->model);
		folded = folding_end(&f);
		err = err < 0 ? err : folded;
	}
	if (err == 0)
		keep_cases(m, f.cases, f.count);
	free(f.cases);
	free(f.handover);
	return err < 0 ? err : calibration_fit(m->cases, m->case_count, &required, &m->calibration);
}

static int make(struct matcher *m, struct prepared *p)
{
	int err = prepare(m, p);

	if (err < 0)
		return err;
	if (p->count >= CALIBRATION_CASES_LEAST)
		return train_and_calibrate(m, p);
	return model_train(p->samples, p->count, m->modelled,
	                   (struct model_how){MODEL_EXACT, false}, &m->model);
}

static int create(const struct match_source *source, bool quick, struct matcher **out)
{
	struct matcher_sizes sizes = {source->answers, source->answers, source->count,
	                              2 * source->count};
	struct prepared p = {.from = source, .quick = quick};
	struct matcher *m = NULL;
	int err;

	if (source->answers > MATCHER_ANSWERS_MAX)
		return -EINVAL;
	if (sizes.modelled > MATCHER_MODELLED_MAX)
		sizes.modelled = MATCHER_MODELLED_MAX;
	if (sizes.cases > CALIBRATION_CASES_MAX)
		sizes.cases = CALIBRATION_CASES_MAX;
	err = matcher_alloc(&sizes, &m);
	if (err == 0)
		err = make(m, &p);
	prepared_fini(&p);
	if (err < 0)
		matcher_destroy(&m);
	else
		*out = m;
	return err;
}

int matcher_create(const struct match_source *source, struct matcher **out)
{
	return create(source, false, out);
}

int matcher_create_quick(const struct match_source *source, struct matcher **out)
{
	return create(source, true, out);
}
