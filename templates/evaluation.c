/* Labelled questions, thresholds and shares. */
#include "evaluation.h"

#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
	const char *name;
	catalogue_told_fn *told;
	void *arg;
	size_t faults;
	struct labelled_set set;
	size_t room;
};

static void tell(struct reading *r, unsigned line, const char *text)
{
	r->faults++;
	if (r->told)
		r->told(r->arg, r->name, line, text);
}

static const char *fault_of(struct span line, const struct labelled *row)
{
	if (!memchr(line.ptr, '\t', line.len))
		return "there is no tab between a label and a text";
	if (!row->label.len)
		return "there is no label before the tab";
	if (!row->text.len)
		return "there is no text behind the tab";
	if (row->text.len > LABELLED_TEXT_MAX)
		return "the text is longer than 64 KB";
	if (!utf8_valid(line))
		return "it is not valid UTF-8";
	return NULL;
}

static int add_row(struct reading *r, struct labelled row)
{
	size_t room = r->room ? 2 * r->room : 1024;
	struct labelled *grown;

	if (r->set.count == r->room) {
		grown = realloc(r->set.rows, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->set.rows = grown;
		r->room = room;
	}
	r->set.rows[r->set.count++] = row;
	return 0;
}

static int read_line(struct reading *r, struct span line, unsigned number)
{
	struct labelled row;
	const char *fault;

	if (!span_trim(line).len || span_starts(line, SPAN_LIT("# ")))
		return 0;
	row.label = span_trim(span_split(line, '\t', &row.text));
	row.text = span_trim(row.text);
	fault = fault_of(line, &row);
	if (fault) {
		tell(r, number, fault);
		return 0;
	}
	return add_row(r, row);
}

static int read_lines(struct reading *r, struct span file)
{
	const struct span mark = SPAN_LIT("\xEF\xBB\xBF");
	int err = 0;

	if (span_starts(file, mark))
		file = (struct span){file.ptr + mark.len, file.len - mark.len};
	for (unsigned number = 1; err == 0 && file.len; number++) {
		struct span line = span_split(file, '\n', &file);

		if (r->set.count == LABELLED_ROWS_MAX) {
			tell(r, number, "more than 1,000,000 questions");
			return 0;
		}
		err = read_line(r, line, number);
	}
	return err;
}

int labelled_read(struct span file, const char *name, catalogue_told_fn *told, void *arg,
                  struct labelled_set *out)
{
	struct reading r = {.name = name, .told = told, .arg = arg};
	int err = 0;

	if (file.len > LABELLED_FILE_MAX)
		tell(&r, 0, "the file is larger than 64 MB");
	else
		err = read_lines(&r, file);
	if (err == 0 && !r.faults && !r.set.count)
		tell(&r, 0, "there is no question in it");
	if (err == 0 && r.faults)
		err = -EINVAL;
	if (err < 0)
		labelled_fini(&r.set);
	else
		*out = r.set;
	return err;
}

void labelled_fini(struct labelled_set *set)
{
	free(set->rows);
	*set = (struct labelled_set){NULL, 0};
}

/* --- labels ----------------------------------------------------------------------------------- */

static int by_octets(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t shorter = x->len < y->len ? x->len : y->len;
	int order = shorter ? memcmp(x->ptr, y->ptr, shorter) : 0;

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

int label_list_make(const struct labelled_set *set, struct label_list *out)
{
	struct span *all = calloc(set->count + 1, sizeof(*all));
	size_t kept = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < set->count; i++)
		all[i] = set->rows[i].label;
	qsort(all, set->count, sizeof(*all), by_octets);
	for (size_t i = 0; i < set->count; i++)
		if (!i || !span_eq(all[i], all[i - 1]))
			all[kept++] = all[i];
	if (kept > MATCHER_MODELLED_MAX) {
		free(all);
		return -E2BIG;
	}
	*out = (struct label_list){all, (uint32_t)kept};
	return 0;
}

uint32_t label_list_find(const struct label_list *labels, struct span label)
{
	const struct span *found =
		labels->count ? bsearch(&label, labels->at, labels->count, sizeof(label), by_octets)
			      : NULL;

	return found ? (uint32_t)(found - labels->at) : MATCH_INDEX_NONE;
}

void label_list_fini(struct label_list *labels)
{
	free(labels->at);
	*labels = (struct label_list){NULL, 0};
}

/* --- judging ---------------------------------------------------------------------------------- */

struct judgement judgement_of(const struct match *match, uint32_t want, bool in_scope)
{
	struct judgement j = {.in_scope = in_scope};

	if (match->handover_index == MATCH_INDEX_NONE && match->count)
		j.confidence = match->confidence;
	if (!in_scope || want == MATCH_INDEX_NONE)
		return j;
	j.right = match->count && match->best[0].index == want;
	for (size_t i = 0; i < match->count && i < 3; i++)
		j.among_three = j.among_three || match->best[i].index == want;
	return j;
}

static int by_confidence(const void *a, const void *b)
{
	const struct judgement *x = a, *y = b;

	return (x->confidence < y->confidence) - (x->confidence > y->confidence);
}

/* What a question out of scope counts, so that they are as many as they may be in service. */
static double weight_out_of_scope(const struct judgement *judged, size_t count)
{
	double out = 0.0, wanted;

	for (size_t i = 0; i < count; i++)
		out += !judged[i].in_scope;
	wanted = ((double)count - out) * (double)EVALUATION_OUT_OF_SCOPE /
	         (1.0 - (double)EVALUATION_OUT_OF_SCOPE);
	return out > 0.0 && out < wanted ? wanted / out : 1.0;
}

/* Where one threshold stands, everything of the same confidence is on the same side. */
static bool ends_run(const struct judgement *sorted, size_t count, size_t i)
{
	return i + 1 == count || sorted[i + 1].confidence < sorted[i].confidence;
}

/* What a threshold must keep to: a share of right ones, and of those out of scope. */
struct wanted {
	double precision, out_of_scope_answered;
};

static float threshold_for(const struct judgement *sorted, size_t count,
                           const struct wanted *wanted)
{
	double weight = weight_out_of_scope(sorted, count), all = 0.0, right = 0.0;
	size_t outside = 0, answered = 0;
	float found = 2.0F;

	for (size_t i = 0; i < count; i++)
		outside += !sorted[i].in_scope;
	for (size_t i = 0; i < count && sorted[i].confidence > 0.0F; i++) {
		all += sorted[i].in_scope ? 1.0 : weight;
		right += sorted[i].right;
		answered += !sorted[i].in_scope;
		if (ends_run(sorted, count, i) && right >= wanted->precision * all &&
		    (double)answered <= wanted->out_of_scope_answered * (double)outside)
			found = sorted[i].confidence;
	}
	return found;
}

/* As high as it may be without losing more than it may of what is answered rightly. */
static float threshold_for_scope(const struct judgement *sorted, size_t count)
{
	double in_scope = 0.0, lost = 0.0;
	float found = 0.0F;

	for (size_t i = 0; i < count; i++)
		in_scope += sorted[i].in_scope;
	for (size_t i = count; i-- > 0;) {
		found = sorted[i].confidence;
		lost += sorted[i].right && sorted[i].confidence > 0.0F;
		if (lost > in_scope * (double)EVALUATION_SCOPE_LOSS)
			break;
	}
	return found;
}

int evaluation_choose(const struct judgement *judged, size_t count,
                      struct evaluation_thresholds *out)
{
	struct judgement *sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	if (count)
		memcpy(sorted, judged, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_confidence);
	out->scope = threshold_for_scope(sorted, count);
	out->at_95 = threshold_for(sorted, count, &(struct wanted){0.95, 1.0});
	out->at_98 = threshold_for(
		sorted, count, &(struct wanted){0.98, (double)EVALUATION_OUT_OF_SCOPE_ANSWERED});
	free(sorted);
	return 0;
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

static bool is_answered(const struct judgement *j, float threshold)
{
	return j->confidence > 0.0F && j->confidence >= threshold;
}

static struct evaluation_coverage cover(const struct judgement *judged, size_t count,
                                        float threshold)
{
	size_t answered = 0, right = 0, in_scope = 0, outside = 0, handed_over = 0;

	for (size_t i = 0; i < count; i++) {
		bool sent = is_answered(&judged[i], threshold);

		answered += sent;
		right += sent && judged[i].right;
		in_scope += sent && judged[i].in_scope;
		outside += !judged[i].in_scope;
		handed_over += !judged[i].in_scope && !sent;
	}
	return (struct evaluation_coverage){share(answered, count),
	                                    share(in_scope, count - outside),
	                                    share(right, answered), share(handed_over, outside)};
}

void evaluation_measure(const struct judgement *judged, size_t count,
                        const struct evaluation_thresholds *thresholds, struct evaluation *out)
{
	size_t in_scope = 0, top1 = 0, top3 = 0, kept = 0, refused = 0;

	for (size_t i = 0; i < count; i++) {
		bool above = is_answered(&judged[i], thresholds->scope);

		in_scope += judged[i].in_scope;
		top1 += judged[i].right;
		top3 += judged[i].among_three;
		kept += judged[i].right && above;
		refused += !judged[i].in_scope && !above;
	}
	*out = (struct evaluation){
		.questions = count,
		.in_scope = in_scope,
		.top1 = share(top1, in_scope),
		.top3 = share(top3, in_scope),
		.in_scope_accuracy = share(kept, in_scope),
		.oos_recall = share(refused, count - in_scope),
		.at_95 = cover(judged, count, thresholds->at_95),
		.at_98 = cover(judged, count, thresholds->at_98),
	};
}

int evaluation_curve(const struct judgement *judged, size_t count, double precision, double *out)
{
	struct judgement *sorted = calloc(count + 1, sizeof(*sorted));
	size_t right = 0, most = 0;

	if (!sorted)
		return -ENOMEM;
	if (count)
		memcpy(sorted, judged, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_confidence);
	for (size_t i = 0; i < count && sorted[i].confidence > 0.0F; i++) {
		right += sorted[i].right;
		if (ends_run(sorted, count, i) && (double)right >= precision * (double)(i + 1))
			most = i + 1;
	}
	free(sorted);
	*out = share(most, count);
	return 0;
}
