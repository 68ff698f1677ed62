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
	bool right, among_three;
};

struct fit {
	struct catalogue *c;
	struct match_scratch *scratch;
	struct confidence_case cases[CASES_MAX];
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
	f->cases[f->count].signals = got.signals;
	f->cases[f->count].right = is_wanted(label, got.best[0].answer->id);
	f->judged[f->count].right = f->cases[f->count].right;
	f->judged[f->count++].among_three = among_three;
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
	size_t right = 0, three = 0;

	qsort(f->judged, f->count, sizeof(f->judged[0]), by_confidence);
	printf("/* at least  answered  right   among three */\n");
	for (size_t i = 0; i < f->count; i++) {
		right += f->judged[i].right;
		three += f->judged[i].among_three;
		if ((i + 1) % 10 == 0 || i + 1 == f->count)
			printf("/* %.3f     %4zu     %.4f  %.4f */\n",
			       (double)f->judged[i].confidence, i + 1,
			       (double)right / (double)(i + 1), (double)three / (double)(i + 1));
	}
}

static int run(struct fit *f, const char *content, const char *questions)
{
	struct confidence fitted;

	if (catalogue_load(content, 0, on_told, NULL, &f->c) < 0 ||
	    read_questions(f, questions) < 0)
		return EXIT_FAILURE;
	if (confidence_fit(f->cases, f->count, &fitted) < 0) {
		fprintf(stderr, "nothing to fit: all right or all wrong\n");
		return EXIT_FAILURE;
	}
	printf("/* %zu questions */\n{{", f->count);
	for (size_t i = 0; i < CONFIDENCE_SIGNALS; i++)
		printf("%.4fF, ", (double)fitted.weight[i]);
	printf("}, %.4fF}\n", (double)fitted.bias);
	for (size_t i = 0; i < f->count; i++)
		f->judged[i].confidence = confidence_of(&fitted, &f->cases[i].signals);
	print_table(f);
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
