/*
 * Asks the catalogue one question and shows all that the decision was made of: zone, confidence and
 * what it is compared with, the three best, and of each the features that speak for and against it.
 */
#include "match_command.h"

#include "command.h"
#include "matcher_calibration.h"
#include "matcher_explain.h"
#include "mood.h"
#include "strict_json.h"
#include "told.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 3, INPUT_MAX = 65536 };

#define DIRECTORY_DEFAULT "templates/content"

struct asked {
	const char *directory, *config;
	struct span text;
	enum language language;
	bool json;
};

struct shown {
	const struct asked *asked;
	struct catalogue *c;
	struct match_scratch *scratch;
	struct match match;
	struct match_explanation why[SHOWN];
	size_t count;
	bool unhappy;
};

/* --- loading ---------------------------------------------------------------------------------- */

struct catalogue *match_command_load(const char *directory)
{
	struct catalogue *c = NULL;
	struct told told = {0};
	int err = catalogue_load(directory, NULL, 0, told_add, &told, &c);

	if (err && !told.count)
		fprintf(stderr, "%s: %s\n", directory, strerror(-err));
	told_print(&told);
	told_fini(&told);
	return c;
}

/* --directory, else what --config says, else the demonstration catalogue of a source tree. */
static struct catalogue *load(const struct asked *asked)
{
	struct config *config = NULL;
	struct catalogue *c = NULL;

	if (asked->directory || !asked->config)
		return match_command_load(asked->directory ? asked->directory : DIRECTORY_DEFAULT);
	config = command_config(asked->config);
	if (config && config->templates.directory)
		c = match_command_load(config->templates.directory);
	else if (config)
		fprintf(stderr, "%s: there is no templates.directory in it\n", asked->config);
	config_destroy(&config);
	return c;
}

/* --- text ------------------------------------------------------------------------------------- */

static const char *intent_name(enum match_intent intent)
{
	static const char *const names[] = {[MATCH_NOTHING] = "nothing",
	                                    [MATCH_QUESTION] = "question",
	                                    [MATCH_WANTS_HUMAN] = "wants_human"};

	return names[intent];
}

static enum language title_language(const struct shown *s)
{
	return s->match.language < LANGUAGE_COUNT ? s->match.language : LANGUAGE_ZH;
}

static void print_reasons(const char *what, const struct match_reason *reasons, size_t count)
{
	if (!count)
		return;
	printf("      %-8s", what);
	for (size_t i = 0; i < count; i++)
		printf("%s%s %+.3f", i ? ", " : "", reasons[i].text, (double)reasons[i].weight);
	putchar('\n');
}

static void print_best(const struct shown *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct match_hit *hit = &s->match.best[i];
		const struct match_explanation *why = &s->why[i];
		struct span title = hit->answer->title[title_language(s)];

		printf("  %zu   %-24s %+.3f  %.*s\n", i + 1, hit->answer->id.ptr,
		       (double)hit->score, SPAN_FMT(title));
		if (!why->modelled)
			printf("      fewer than %d samples: found by search\n",
			       MATCHER_SAMPLES_LEAST);
		else
			printf("      together %+.3f by all words as they stand together, %+.3f "
			       "before any\n",
			       (double)why->network, (double)why->bias);
		print_reasons("for", why->speaks_for, why->for_count);
		print_reasons("against", why->against, why->against_count);
	}
}

/* What the bot would do with it, for those who write answers. One line is no menu. */
static const char *consequence(const struct shown *s)
{
	const struct match *m = &s->match;

	if (!m->count)
		return "a person answers";
	if (s->unhappy || m->zone == MATCH_HUMAN || (m->zone == MATCH_MENU && m->count == 1))
		return "a person answers, and sees these as suggestions";
	if (m->zone == MATCH_MENU)
		return "these are offered to choose from";
	if (m->best[0].answer->needs_verified)
		return "the first is sent to a verified customer, a person answers others";
	return "the first is sent";
}

static void print_text(const struct shown *s)
{
	const struct match *m = &s->match;
	const struct calibration *c = matcher_calibration(catalogue_matcher(s->c));

	printf("zone        %s%s: %s\n", match_zone_name(m->zone),
	       m->exact ? " (a sample, word for word)" : "", consequence(s));
	printf("intent      %s%s\n", intent_name(m->intent), s->unhappy ? ", unhappy" : "");
	printf("confidence  %.3f that the first is right (answered from %.3f), %.3f that it is "
	       "among three (offered from %.3f)\n",
	       (double)m->confidence, (double)c->zones.answer, (double)m->menu_confidence,
	       (double)c->zones.menu);
	printf("language    %s\n",
	       m->language < LANGUAGE_COUNT ? language_name(m->language) : "unknown");
	if (m->handover)
		printf("handover    %s\n", m->handover->id.ptr);
	if (m->cut)
		printf("cut         longer than the matcher reads: never answered by itself\n");
	print_best(s);
	printf("catalogue   %s, %s\n", catalogue_version(s->c),
	       c->fitted ? "calibrated on its own samples" : "with the general calibration");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *reasons_json(const struct match_reason *reasons, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:o, s:f}", "feature",
		                                      strict_json_text(span_of(reasons[i].text)),
		                                      "weight", (double)reasons[i].weight));
	return list;
}

static json_t *best_json(const struct shown *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++) {
		const struct match_hit *hit = &s->match.best[i];
		const struct match_explanation *why = &s->why[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:f, s:b, s:f, s:f, s:o, s:o}", "id",
		                        strict_json_text(hit->answer->id), "title",
		                        strict_json_text(hit->answer->title[title_language(s)]),
		                        "score", (double)hit->score, "learned", why->modelled,
		                        "bias", (double)why->bias, "network", (double)why->network,
		                        "for", reasons_json(why->speaks_for, why->for_count),
		                        "against", reasons_json(why->against, why->against_count)));
	}
	return list;
}

static json_t *signals_json(const struct match_signals *s)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "top", (double)s->top, "margin",
	                 (double)s->margin, "entropy", (double)s->entropy, "peak", (double)s->peak,
	                 "known", (double)s->known, "length", (double)s->length, "top_known",
	                 (double)s->top_known);
}

static void print_json(const struct shown *s)
{
	const struct match *m = &s->match;
	const struct calibration *c = matcher_calibration(catalogue_matcher(s->c));
	json_t *out = json_pack(
		"{s:s, s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:{s:f, s:f, s:b}, s:o, s:o, s:s}",
		"zone", match_zone_name(m->zone), "intent", intent_name(m->intent), "language",
		language_name(m->language), "exact", m->exact, "cut", m->cut, "unhappy", s->unhappy,
		"confidence", (double)m->confidence, "menu_confidence", (double)m->menu_confidence,
		"zones", "answer", (double)c->zones.answer, "menu", (double)c->zones.menu, "fitted",
		c->fitted, "best", best_json(s), "signals", signals_json(&m->signals), "catalogue",
		catalogue_version(s->c));

	if (m->handover)
		json_object_set_new(out, "handover", strict_json_text(m->handover->id));
	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
	putchar('\n');
	json_decref(out);
}

/* --- the command ------------------------------------------------------------------------------ */

static int explain(struct shown *s)
{
	struct span text = s->asked->text;
	int err = 0;

	catalogue_match(s->c, s->scratch, text, s->asked->language, &s->match);
	s->unhappy = mood_is_unhappy(text);
	s->count = s->match.count < SHOWN ? s->match.count : SHOWN;
	for (size_t i = 0; err == 0 && i < s->count; i++)
		err = matcher_explain(catalogue_matcher(s->c), s->scratch, text,
		                      s->match.best[i].index, &s->why[i]);
	return err;
}

static int show(const struct asked *asked)
{
	struct shown *s = calloc(1, sizeof(*s));
	int status = EXIT_FAILURE;

	if (!s)
		return EXIT_FAILURE;
	s->asked = asked;
	s->c = load(asked);
	s->scratch = match_scratch_create();
	if (s->c && s->scratch && explain(s) == 0) {
		if (asked->json)
			print_json(s);
		else
			print_text(s);
		status = EXIT_SUCCESS;
	}
	match_scratch_destroy(&s->scratch);
	catalogue_unref(&s->c);
	free(s);
	return status;
}

static bool take_option(int argc, char **argv, int *i, struct asked *asked)
{
	const char *value = *i + 1 < argc ? argv[*i + 1] : NULL;

	if (strcmp(argv[*i], "--json") == 0) {
		asked->json = true;
		return true;
	}
	++*i;
	if (value && strcmp(argv[*i - 1], "--directory") == 0)
		asked->directory = value;
	else if (value && strcmp(argv[*i - 1], "--config") == 0)
		asked->config = value;
	else if (!value || strcmp(argv[*i - 1], "--lang") != 0 ||
	         language_parse(span_of(value), &asked->language) < 0)
		return false;
	return true;
}

/* "-" is standard input: of it no more than 64 KiB, which is far beyond what is answered. */
static bool take_text(const char *argument, bool options, struct span *out)
{
	static char input[INPUT_MAX];

	if (!options || strcmp(argument, "-") != 0) {
		*out = span_of(argument);
		return true;
	}
	*out = (struct span){input, fread(input, 1, sizeof(input), stdin)};
	return !ferror(stdin);
}

/* "--" ends the options: a customer's text may begin with a dash, or be one. */
static bool read_arguments(int argc, char **argv, struct asked *asked)
{
	bool options = true, given = false;

	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(argc, argv, &i, asked))
				return false;
		} else if (given || !take_text(argv[i], options, &asked->text)) {
			return false;
		} else {
			given = true;
		}
	}
	return given;
}

int match_command(int argc, char **argv)
{
	struct asked asked = {.language = LANGUAGE_UNKNOWN};

	if (!read_arguments(argc, argv, &asked)) {
		fputs("usage: posthouse match [--directory DIR | --config FILE] [--lang zh|en] "
		      "[--json] [--] TEXT\n"
		      "TEXT is - to read it from standard input\n",
		      stderr);
		return COMMAND_USAGE;
	}
	return show(&asked);
}
