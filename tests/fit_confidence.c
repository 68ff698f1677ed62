/*
 * Fits the confidence of the matcher on questions that somebody has labelled, and prints what goes
 * into templates/matcher_confidence.c, with a table to choose the zones by:
 *
 *	fit_confidence templates/content tests/vectors/questions-dev.tsv
 *
 * Only what the model itself has to decide counts: exact hits, words for a human and handovers are
 * settled before the confidence is asked.
 */
#include "catalogue.h"
#include "matcher_confidence.h"

#include <stdio.h>
#include <stdlib.h>

#define CASES_MAX 20000

struct judged {
	float confidence;
	bool right;
};

struct fit {
	struct catalogue *c;
	struct match_scratch *scratch;
	struct confidence_case best[CASES_MAX]; /* right: the best one is */
	struct confidence_case menu[CASES_MAX]; /* right: one of the best three is */
	struct judged judged[CASES_MAX];
	size_t count;
};

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

/* "a|b": one of several answers would do. */
static bool is_wanted(struct span label, struct span id)
{
	while (label.len)
		if (span_eq(span_split(label, '|', &label), id))
			return true;
	return false;
}

static void ask(struct fit *f, struct span label, struct span text)
{
	struct match got;
	bool among_three = false;

	catalogue_match(f->c, f->scratch, text, LANGUAGE_UNKNOWN, &got);
	if (got.intent != MATCH_QUESTION || got.exact || got.handover || !got.count ||
	    f->count == CASES_MAX)
		return;
	for (size_t i = 0; i < got.count && i < 3; i++)
		among_three = among_three || is_wanted(label, got.best[i].answer->id);
	f->best[f->count] =
		(struct confidence_case){got.signals, is_wanted(label, got.best[0].answer->id)};
	f->menu[f->count++] = (struct confidence_case){got.signals, among_three};
}

static int read_questions(struct fit *f, const char *path)
{
	char line[8192];
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), in)) {
		struct span text, label = span_split(span_trim(span_of(line)), '\t', &text);

		if (label.len && label.ptr[0] != '#')
			ask(f, label, text);
	}
	fclose(in);
	return 0;
}

static int by_confidence(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;

	return (x->confidence < y->confidence) - (x->confidence > y->confidence);
}

static void print_table(struct fit *f)
{
	size_t right = 0;

	qsort(f->judged, f->count, sizeof(f->judged[0]), by_confidence);
	printf("/* at least  questions  right */\n");
	for (size_t i = 0; i < f->count; i++) {
		right += f->judged[i].right;
		if ((i + 1) % 10 == 0 || i + 1 == f->count)
			printf("/* %.3f     %4zu       %.4f */\n", (double)f->judged[i].confidence,
			       i + 1, (double)right / (double)(i + 1));
	}
}

static int fit_one(struct fit *f, const char *name, const struct confidence_case *cases)
{
	struct confidence fitted;

	if (confidence_fit(cases, f->count, &fitted) < 0) {
		fprintf(stderr, "%s: nothing to fit: all right or all wrong\n", name);
		return -1;
	}
	printf("/* %s, %zu questions */\n{{", name, f->count);
	for (size_t i = 0; i < CONFIDENCE_SIGNALS; i++)
		printf("%s%.4fF", i ? ", " : "", (double)fitted.weight[i]);
	printf("}, %.4fF}\n", (double)fitted.bias);
	for (size_t i = 0; i < f->count; i++)
		f->judged[i] =
			(struct judged){confidence_of(&fitted, &cases[i].signals), cases[i].right};
	print_table(f);
	return 0;
}

static int run(struct fit *f, const char *content, const char *questions)
{
	if (catalogue_load(content, NULL, 0, on_told, NULL, &f->c) < 0 ||
	    read_questions(f, questions) < 0)
		return EXIT_FAILURE;
	if (fit_one(f, "confidence_default", f->best) < 0 ||
	    fit_one(f, "confidence_menu_default", f->menu) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct fit *f = argc == 3 ? calloc(1, sizeof(*f)) : NULL;
	int status;

	if (!f) {
		fprintf(stderr, "usage: %s CONTENT QUESTIONS\n", argv[0]);
		return EXIT_FAILURE;
	}
	f->scratch = match_scratch_create();
	status = f->scratch ? run(f, argv[1], argv[2]) : EXIT_FAILURE;
	match_scratch_destroy(&f->scratch);
	catalogue_unref(&f->c);
	free(f);
	return status;
}
