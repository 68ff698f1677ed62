/*
 * Reads the files, trains, asks every question, prints what evaluation.c makes of it. The
 * confidence is refitted on --dev as on agents' corrections, and thresholds are chosen there; the
 * test file decides nothing. Without --dev both come from leaving samples of the training out.
 */
#include "evaluate_command.h"

#include "command.h"
#include "evaluate_catalogue.h"
#include "evaluation.h"
#include "file.h"
#include "matcher_calibration.h"
#include "told.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { ROUNDS = 3 };

#define DEV_WEIGHT 5.0F /* what one asked question is worth against samples left out */

/* One file and what became of its questions. */
struct set {
	const char *path;
	char *octets;
	struct labelled_set questions;
	struct judgement *judged;
	size_t unknown; /* in scope, with a label that was not trained */
};

struct evaluator {
	struct set train, test, dev; /* dev.path NULL: none */
	struct label_list labels;
	struct matcher *matcher;
	struct match_scratch *scratch;
	struct evaluation_thresholds thresholds;
	bool wrong;        /* say what a catalogue did wrong */
	uint64_t *took_ns; /* of each test question the quickest of ROUNDS */
	double train_s;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool read_set(struct set *s)
{
	struct told told = {0};
	struct span file = SPAN_NONE;
	int err = file_read(s->path, LABELLED_FILE_MAX, &s->octets, &file.len);

	file.ptr = s->octets;
	if (err == 0)
		err = labelled_read(file, s->path, told_add, &told, &s->questions);
	if (err && !told.count)
		fprintf(stderr, "%s: %s\n", s->path, strerror(-err));
	told_print(&told);
	told_fini(&told);
	return err == 0;
}

static void set_fini(struct set *s)
{
	labelled_fini(&s->questions);
	free(s->judged);
	free(s->octets);
}

/* --- training --------------------------------------------------------------------------------- */

static int train_from(struct evaluator *e, struct match_sample *samples, bool *handover)
{
	const struct labelled_set *set = &e->train.questions;
	struct match_source source = {samples, set->count, e->labels.count, handover, NULL};
	uint64_t began = now_ns();
	int err;

	for (size_t i = 0; i < set->count; i++)
		samples[i] = (struct match_sample){set->rows[i].text,
		                                   label_list_find(&e->labels, set->rows[i].label)};
	for (uint32_t i = 0; i < e->labels.count; i++)
		handover[i] = span_is(e->labels.at[i], LABEL_OUT_OF_SCOPE);
	err = matcher_create(&source, &e->matcher);
	e->train_s = (double)(now_ns() - began) / 1e9;
	return err;
}

static int train(struct evaluator *e)
{
	struct match_sample *samples;
	bool *handover;
	int err = label_list_make(&e->train.questions, &e->labels);

	if (err == -E2BIG)
		fprintf(stderr, "%s: more than %d labels\n", e->train.path, MATCHER_MODELLED_MAX);
	if (err < 0)
		return err;
	samples = calloc(e->train.questions.count, sizeof(*samples));
	handover = calloc((size_t)e->labels.count + 1, sizeof(*handover));
	e->scratch = match_scratch_create();
	err = samples && handover && e->scratch ? train_from(e, samples, handover) : -ENOMEM;
	free(samples);
	free(handover);
	return err;
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct judgement ask(struct evaluator *e, struct set *s, const struct labelled *row)
{
	bool in_scope = !span_is(row->label, LABEL_OUT_OF_SCOPE);
	uint32_t want = label_list_find(&e->labels, row->label);
	struct match match;

	matcher_match(e->matcher, e->scratch, row->text, LANGUAGE_UNKNOWN, &match);
	s->unknown += in_scope && want == MATCH_INDEX_NONE;
	return judgement_of(&match, want, in_scope);
}

static int judge(struct evaluator *e, struct set *s)
{
	free(s->judged);
	s->unknown = 0;
	s->judged = calloc(s->questions.count, sizeof(*s->judged));
	if (!s->judged)
		return -ENOMEM;
	for (size_t i = 0; i < s->questions.count; i++)
		s->judged[i] = ask(e, s, &s->questions.rows[i]);
	return 0;
}

static int measure_times(struct evaluator *e)
{
	const struct labelled_set *set = &e->test.questions;
	struct match match;

	e->took_ns = calloc(set->count, sizeof(*e->took_ns));
	if (!e->took_ns)
		return -ENOMEM;
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < set->count; i++) {
			uint64_t began = now_ns(), took;

			matcher_match(e->matcher, e->scratch, set->rows[i].text, LANGUAGE_UNKNOWN,
			              &match);
			took = now_ns() - began;
			if (!round || took < e->took_ns[i])
				e->took_ns[i] = took;
		}
	return 0;
}

/* --- thresholds ------------------------------------------------------------------------------- */

/* Each question of dev as an agent's correction. */
static int refit_on_dev(struct evaluator *e)
{
	const struct labelled_set *set = &e->dev.questions;
	size_t count = set->count < CORRECTIONS_MAX ? set->count : CORRECTIONS_MAX;
	struct match_correction *said = calloc(count, sizeof(*said));
	struct calibration fitted;
	int err = said ? 0 : -ENOMEM;

	for (size_t i = 0; err == 0 && i < count; i++)
		said[i] = (struct match_correction){set->rows[i].text,
		                                    label_list_find(&e->labels, set->rows[i].label),
		                                    DEV_WEIGHT};
	if (err == 0)
		err = matcher_recalibrate(e->matcher, said, count, &match_required_default,
		                          &fitted);
	if (err == 0)
		matcher_calibrate(e->matcher, &fitted);
	free(said);
	return err;
}

static int zone_for(struct evaluator *e, float precision, float *out)
{
	struct match_required required = match_required_default;
	struct calibration fitted;
	int err;

	required.answer = precision;
	err = matcher_recalibrate(e->matcher, NULL, 0, &required, &fitted);
	if (err == 0)
		*out = fitted.zones.answer;
	return err;
}

static int choose(struct evaluator *e)
{
	int err;

	if (!e->dev.path) {
		e->thresholds.scope = matcher_calibration(e->matcher)->zones.menu;
		err = zone_for(e, 0.95F, &e->thresholds.at_95);
		return err < 0 ? err : zone_for(e, 0.98F, &e->thresholds.at_98);
	}
	err = refit_on_dev(e);
	if (err == 0)
		err = judge(e, &e->dev);
	return err < 0 ? err
	               : evaluation_choose(e->dev.judged, e->dev.questions.count, &e->thresholds);
}

/* --- saying it -------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double percentile_us(const struct evaluator *e, size_t percent)
{
	size_t at = (e->test.questions.count - 1) * percent / 100;

	return (double)e->took_ns[at] / 1000.0;
}

/* Four digits are what the sets can tell; JSON with more looks surer than it is. */
static double rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", value);
	return strtod(text, NULL);
}

static void put(json_t *to, const char *name, double value)
{
	json_object_set_new(to, name, json_real(rounded(value)));
}

static void put_coverage(json_t *to, int percent, const struct evaluation_coverage *c)
{
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{"coverage_at",          c->answered   },
		{"coverage_in_scope_at", c->in_scope   },
		{"precision_at",         c->precision  },
		{"oos_handed_over_at",   c->handed_over},
	};
	char name[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof(name), "%s_%d", rows[i].name, percent);
		put(to, name, rows[i].value);
	}
}

/* The same with the best threshold for this very set: apart from those, which were chosen before.
 */
static void put_curve(json_t *to, const struct evaluator *e)
{
	static const struct {
		const char *name;
		double precision;
	} rows[] = {
		{"coverage_curve_95", 0.95},
		{"coverage_curve_98", 0.98},
	};
	double covered;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (evaluation_curve(e->test.judged, e->test.questions.count, rows[i].precision,
		                     &covered) == 0)
			put(to, rows[i].name, covered);
}

static json_t *to_json(struct evaluator *e)
{
	struct evaluation got;
	json_t *out = json_object();

	evaluation_measure(e->test.judged, e->test.questions.count, &e->thresholds, &got);
	qsort(e->took_ns, got.questions, sizeof(*e->took_ns), by_size);
	json_object_set_new(out, "samples", json_integer((json_int_t)e->train.questions.count));
	json_object_set_new(out, "labels", json_integer(e->labels.count));
	json_object_set_new(out, "questions", json_integer((json_int_t)got.questions));
	json_object_set_new(out, "questions_in_scope", json_integer((json_int_t)got.in_scope));
	json_object_set_new(out, "unknown_labels", json_integer((json_int_t)e->test.unknown));
	put(out, "top1", got.top1);
	put(out, "top3", got.top3);
	put(out, "in_scope_accuracy", got.in_scope_accuracy);
	put(out, "oos_recall", got.oos_recall);
	put_coverage(out, 95, &got.at_95);
	put_coverage(out, 98, &got.at_98);
	put_curve(out, e);
	json_object_set_new(out, "thresholds_from", json_string(e->dev.path ? "dev" : "folds"));
	put(out, "threshold", (double)e->thresholds.scope);
	put(out, "threshold_95", (double)e->thresholds.at_95);
	put(out, "threshold_98", (double)e->thresholds.at_98);
	put(out, "p50_us", percentile_us(e, 50));
	put(out, "p99_us", percentile_us(e, 99));
	json_object_set_new(out, "model_bytes", json_integer((json_int_t)matcher_size(e->matcher)));
	put(out, "train_s", e->train_s);
	return out;
}

static void print(struct evaluator *e)
{
	json_t *out = to_json(e);

	if (e->test.unknown)
		fprintf(stderr,
		        "%s: %zu questions have a label that %s does not; they count as wrong\n",
		        e->test.path, e->test.unknown, e->train.path);
	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(out);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int evaluate(struct evaluator *e)
{
	int err;

	if (is_directory(e->train.path))
		return read_set(&e->test)
		               ? evaluate_catalogue(e->train.path, &e->test.questions, e->wrong)
		               : EXIT_FAILURE;
	if (!read_set(&e->train) || !read_set(&e->test) || (e->dev.path && !read_set(&e->dev)))
		return EXIT_FAILURE;
	err = train(e);
	if (err == 0)
		err = choose(e);
	if (err == 0)
		err = judge(e, &e->test);
	if (err == 0)
		err = measure_times(e);
	if (err == 0)
		print(e);
	else if (err != -E2BIG)
		fprintf(stderr, "posthouse evaluate: %s\n", strerror(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void evaluator_fini(struct evaluator *e)
{
	matcher_destroy(&e->matcher);
	match_scratch_destroy(&e->scratch);
	label_list_fini(&e->labels);
	set_fini(&e->train);
	set_fini(&e->test);
	set_fini(&e->dev);
	free(e->took_ns);
}

/* False: not TRAIN TEST [--dev DEV], the option anywhere. */
static bool read_arguments(int argc, char **argv, struct evaluator *e)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dev") == 0 && i + 1 < argc && !e->dev.path)
			e->dev.path = argv[++i];
		else if (strcmp(argv[i], "--wrong") == 0)
			e->wrong = true;
		else if (argv[i][0] == '-' || e->test.path)
			return false;
		else if (!e->train.path)
			e->train.path = argv[i];
		else
			e->test.path = argv[i];
	}
	return e->test.path != NULL;
}

int evaluate_command(int argc, char **argv)
{
	struct evaluator e = {0};
	int status;

	if (!read_arguments(argc, argv, &e)) {
		fputs("usage: posthouse evaluate TRAIN.tsv TEST.tsv [--dev DEV.tsv]\n"
		      "       posthouse evaluate CATALOGUE_DIRECTORY QUESTIONS.tsv [--wrong]\n",
		      stderr);
		return COMMAND_USAGE;
	}
	status = evaluate(&e);
	evaluator_fini(&e);
	return status;
}
