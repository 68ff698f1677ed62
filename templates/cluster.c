/*
 * Leaders: each text joins the group whose middle it is most like, or begins one; then once more
 * over all, so that early texts may move to groups that came later. What a text is made of and
 * weighs is the matcher's: hashed words, letters and characters, by how rare they are among these
 * very texts. An inverted index over the middles keeps it from comparing everything with
 * everything, and a text whose terms too many others have keeps its strongest ones only.
 */
#include "cluster.h"

#include "matcher_features.h"

#include <math.h>
#include <stdlib.h>

#define LIKENESS 0.40F
#define LEAST 2
#define ROUNDS (CLUSTER_GOES / 2) /* each goes over the texts twice */
#define TERMS_MAX 256             /* of a text */
#define COMMON_ONE_IN 4           /* a term that more texts than this have groups nothing... */
#define COMMON_LEAST 50           /* ... where there are so many at all */
/* Texts made for it, long and each like thousands of others, would ask for sixty times as many. */
#define WORK_USUAL 100000000U
#define NO_GROUP UINT32_MAX

struct term {
	uint32_t bucket;
	float weight;
};

/* The terms of all texts, one behind the other. */
struct vectors {
	struct term *terms;
	size_t used, room;
	size_t *begin; /* count + 1 */
	size_t count;
	uint32_t *documents; /* of each bucket the texts that have it */
	size_t work;         /* products that one go may take */
};

/* A posting: a text, in the list of one of its terms. */
struct index {
	uint32_t *row; /* FEATURE_BUCKETS + 1 */
	uint32_t *text;
	float *weight;
};

struct grouping {
	struct vectors v;
	struct index index;
	float likeness;
	uint32_t *group;   /* of each text */
	uint32_t *leader;  /* of each group */
	uint32_t *size;    /* of each group */
	float *score;      /* of each text, 0 between two uses */
	uint32_t *touched; /* texts with a score */
	size_t touched_count, groups, products;
};

/* --- what a text is made of ------------------------------------------------------------------- */

static int vectors_room(struct vectors *v, size_t more)
{
	size_t room = v->room ? v->room : 16384;
	struct term *grown;

	while (room < v->used + more)
		room *= 2;
	if (room == v->room)
		return 0;
	grown = realloc(v->terms, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	v->terms = grown;
	v->room = room;
	return 0;
}

static int read_text(struct vectors *v, struct span text, struct normal *n, struct features *f)
{
	size_t count;

	normal_read(text, n);
	features_read(n, f);
	count = f->count < TERMS_MAX ? f->count : TERMS_MAX;
	if (vectors_room(v, count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		v->terms[v->used++] =
			(struct term){f->at[i].bucket, 1.0F + logf((float)f->at[i].times)};
		v->documents[f->at[i].bucket]++;
	}
	return 0;
}

static int read_texts(struct vectors *v, const struct span *texts, size_t count)
{
	struct normal *n = malloc(sizeof(*n));
	struct features *f = malloc(sizeof(*f));
	int err = n && f ? 0 : -ENOMEM;

	for (size_t i = 0; err == 0 && i < count; i++) {
		err = read_text(v, texts[i], n, f);
		v->begin[i + 1] = v->used;
	}
	free(n);
	free(f);
	return err;
}

/* A term that nearly all texts have would make them all alike. */
static float idf(const struct vectors *v, uint32_t bucket)
{
	float have = (float)v->documents[bucket], all = (float)v->count;

	if (v->count >= COMMON_LEAST && have * COMMON_ONE_IN > all)
		return 0.0F;
	return 1.0F + logf((1.0F + all) / (1.0F + have));
}

static int by_rarity(const void *a, const void *b)
{
	const struct term *x = a, *y = b;

	if (x->weight > y->weight || x->weight < y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

/* What it takes to find all that share a weighed term with a text. */
static size_t work_of(const struct vectors *v, size_t text)
{
	size_t work = 0;

	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++)
		work += v->terms[i].weight > 0.0F ? v->documents[v->terms[i].bucket] : 0;
	return work;
}

/*
 * Each text may take its share of all work: it keeps its strongest terms, which few others have.
 * The first always has room, and equal texts keep equal terms.
 */
static void limit_text(struct vectors *v, size_t text)
{
	size_t share = v->work / v->count, work = 0;
	struct term *terms = v->terms + v->begin[text];
	size_t count = v->begin[text + 1] - v->begin[text];

	if (work_of(v, text) <= share)
		return;
	qsort(terms, count, sizeof(*terms), by_rarity);
	for (size_t i = 0; i < count; i++) {
		work += v->documents[terms[i].bucket];
		if (work > share)
			terms[i].weight = 0.0F;
	}
}

static void weigh_text(struct vectors *v, size_t text)
{
	float sum = 0.0F;

	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++)
		v->terms[i].weight *= idf(v, v->terms[i].bucket);
	limit_text(v, text);
	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++)
		sum += v->terms[i].weight * v->terms[i].weight;
	sum = sum > 0.0F ? 1.0F / sqrtf(sum) : 0.0F;
	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++)
		v->terms[i].weight *= sum;
}

static int index_texts(const struct vectors *v, struct index *x)
{
	x->row = calloc((size_t)FEATURE_BUCKETS + 2, sizeof(*x->row));
	x->text = calloc(v->used + 1, sizeof(*x->text));
	x->weight = calloc(v->used + 1, sizeof(*x->weight));
	if (!x->row || !x->text || !x->weight)
		return -ENOMEM;
	for (size_t i = 0; i < v->used; i++)
		x->row[v->terms[i].bucket + 2] += v->terms[i].weight > 0.0F;
	for (uint32_t b = 0; b < FEATURE_BUCKETS; b++)
		x->row[b + 2] += x->row[b + 1];
	for (size_t t = 0; t < v->count; t++)
		for (size_t i = v->begin[t]; i < v->begin[t + 1]; i++) {
			uint32_t at;

			if (v->terms[i].weight <= 0.0F)
				continue;
			at = x->row[v->terms[i].bucket + 1]++;
			x->text[at] = (uint32_t)t;
			x->weight[at] = v->terms[i].weight;
		}
	return 0;
}

static int prepare(struct grouping *g, const struct span *texts, size_t count)
{
	struct vectors *v = &g->v;
	int err;

	v->count = count;
	v->begin = calloc(count + 1, sizeof(*v->begin));
	v->documents = calloc(FEATURE_BUCKETS, sizeof(*v->documents));
	g->group = calloc(count + 1, sizeof(*g->group));
	g->leader = calloc(count + 1, sizeof(*g->leader));
	g->size = calloc(count + 1, sizeof(*g->size));
	g->score = calloc(count + 1, sizeof(*g->score));
	g->touched = calloc(count + 1, sizeof(*g->touched));
	if (!v->begin || !v->documents || !g->group || !g->leader || !g->size || !g->score ||
	    !g->touched)
		return -ENOMEM;
	err = read_texts(v, texts, count);
	for (size_t t = 0; err == 0 && t < count; t++)
		weigh_text(v, t);
	return err < 0 ? err : index_texts(v, &g->index);
}

/* --- grouping --------------------------------------------------------------------------------- */

/* The likeness of a text to all others that share a term with it. */
static void score_text(struct grouping *g, size_t text)
{
	const struct vectors *v = &g->v;

	g->touched_count = 0;
	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++) {
		uint32_t from = g->index.row[v->terms[i].bucket];
		uint32_t end = g->index.row[v->terms[i].bucket + 1];

		if (v->terms[i].weight <= 0.0F)
			continue;
		g->products += end - from;
		for (; from < end; from++) {
			uint32_t other = g->index.text[from];

			if (g->score[other] <= 0.0F)
				g->touched[g->touched_count++] = other;
			g->score[other] += v->terms[i].weight * g->index.weight[from];
		}
	}
}

static void forget_scores(struct grouping *g)
{
	for (size_t i = 0; i < g->touched_count; i++)
		g->score[g->touched[i]] = 0.0F;
}

/* The leader most like a text, at least as like as is needed; the earlier of two. */
static uint32_t nearest_leader(struct grouping *g, size_t text)
{
	float best = g->likeness;
	uint32_t found = NO_GROUP;

	score_text(g, text);
	for (uint32_t k = 0; k < g->groups; k++) {
		float score = g->score[g->leader[k]];

		if (score > best || (found == NO_GROUP && score >= best)) {
			best = score;
			found = k;
		}
	}
	forget_scores(g);
	return found;
}

static bool is_empty(const struct vectors *v, size_t text)
{
	for (size_t i = v->begin[text]; i < v->begin[text + 1]; i++)
		if (v->terms[i].weight > 0.0F)
			return false;
	return true;
}

static void assign(struct grouping *g)
{
	memset(g->size, 0, g->v.count * sizeof(*g->size));
	for (size_t t = 0; t < g->v.count; t++) {
		uint32_t found = is_empty(&g->v, t) ? NO_GROUP : nearest_leader(g, t);

		if (found == NO_GROUP && !is_empty(&g->v, t)) {
			found = (uint32_t)g->groups++;
			g->leader[found] = (uint32_t)t;
		}
		g->group[t] = found;
		if (found != NO_GROUP)
			g->size[found]++;
	}
}

/* The member most like the others of its group leads it in the next round, and is shown. */
static int choose_leaders(struct grouping *g)
{
	float *most = calloc(g->groups + 1, sizeof(*most));

	if (!most)
		return -ENOMEM;
	for (size_t t = 0; t < g->v.count; t++) {
		float sum = 0.0F;

		if (g->group[t] == NO_GROUP)
			continue;
		score_text(g, t);
		for (size_t i = 0; i < g->touched_count; i++)
			if (g->group[g->touched[i]] == g->group[t])
				sum += g->score[g->touched[i]];
		forget_scores(g);
		if (sum > most[g->group[t]]) {
			most[g->group[t]] = sum;
			g->leader[g->group[t]] = (uint32_t)t;
		}
	}
	free(most);
	return 0;
}

/* Groups that nobody is in any more are gone before the next round. */
static void drop_empty(struct grouping *g)
{
	size_t kept = 0;

	for (size_t k = 0; k < g->groups; k++)
		if (g->size[k])
			g->leader[kept++] = g->leader[k];
	g->groups = kept;
}

static int group(struct grouping *g)
{
	int err = 0;

	for (int round = 0; err == 0 && round < ROUNDS; round++) {
		drop_empty(g);
		assign(g);
		err = choose_leaders(g);
	}
	return err;
}

/* --- what is told ----------------------------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
	const struct cluster *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

/* The groups that are large enough, largest first; .first is the first text until they are listed.
 */
static size_t select_groups(const struct grouping *g, size_t least, struct cluster *out,
                            uint32_t *place)
{
	size_t count = 0;

	for (size_t k = 0; k < g->groups; k++)
		place[k] = NO_GROUP;
	for (size_t t = 0; t < g->v.count; t++) {
		uint32_t k = g->group[t];

		if (k == NO_GROUP || g->size[k] < least || place[k] != NO_GROUP)
			continue;
		place[k] = 0;
		out[count++] = (struct cluster){g->leader[k], g->size[k], (uint32_t)t};
	}
	qsort(out, count, sizeof(*out), by_count);
	return count;
}

static void list_members(const struct grouping *g, struct cluster_list *out, uint32_t *place)
{
	uint32_t next = 0;

	for (size_t i = 0; i < g->groups; i++)
		place[i] = NO_GROUP;
	for (size_t i = 0; i < out->count; i++) {
		place[g->group[out->at[i].representative]] = (uint32_t)i;
		out->at[i].first = next;
		next += out->at[i].count;
		out->at[i].count = 0;
	}
	for (size_t t = 0; t < g->v.count; t++) {
		uint32_t at = g->group[t] == NO_GROUP ? NO_GROUP : place[g->group[t]];

		out->of_text[t] = at;
		if (at != NO_GROUP)
			out->member[out->at[at].first + out->at[at].count++] = (uint32_t)t;
	}
}

static int tell(const struct grouping *g, const struct cluster_options *options,
                struct cluster_list *out)
{
	size_t least = options->least ? options->least : LEAST;
	uint32_t *place = calloc(g->groups + 1, sizeof(*place));

	out->at = calloc(g->groups + 1, sizeof(*out->at));
	out->member = calloc(g->v.count + 1, sizeof(*out->member));
	out->of_text = calloc(g->v.count + 1, sizeof(*out->of_text));
	if (!place || !out->at || !out->member || !out->of_text) {
		free(place);
		return -ENOMEM;
	}
	out->count = select_groups(g, least, out->at, place);
	if (options->most && out->count > options->most)
		out->count = options->most;
	list_members(g, out, place);
	free(place);
	return 0;
}

static void grouping_fini(struct grouping *g)
{
	free(g->v.terms);
	free(g->v.begin);
	free(g->v.documents);
	free(g->index.row);
	free(g->index.text);
	free(g->index.weight);
	free(g->group);
	free(g->leader);
	free(g->size);
	free(g->score);
	free(g->touched);
}

int cluster_texts(const struct span *texts, size_t count, const struct cluster_options *options,
                  struct cluster_list *out)
{
	struct grouping g = {.likeness = options->likeness > 0.0F ? options->likeness : LIKENESS,
	                     .v.work = options->work ? options->work : WORK_USUAL};
	struct cluster_list list = {.looked_at = count};
	int err;

	if (!(options->likeness >= 0.0F && options->likeness <= 1.0F))
		return -EINVAL;
	if (count > CLUSTER_TEXTS_MAX) {
		list.looked_at = CLUSTER_TEXTS_MAX;
		list.left_out = count - CLUSTER_TEXTS_MAX;
	}
	err = prepare(&g, texts, list.looked_at);
	if (err == 0)
		err = group(&g);
	if (err == 0)
		err = tell(&g, options, &list);
	list.products = g.products;
	grouping_fini(&g);
	if (err < 0)
		cluster_list_fini(&list);
	else
		*out = list;
	return err;
}

void cluster_list_fini(struct cluster_list *list)
{
	free(list->at);
	free(list->member);
	free(list->of_text);
	*list = (struct cluster_list){0};
}
