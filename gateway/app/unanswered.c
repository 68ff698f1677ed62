/* From Redis to groups. The words are customers': masked when they were kept, never in a log. */
#include "unanswered.h"

#include "lessons.h"
#include "matcher_normal.h"

#include <stdio.h>
#include <stdlib.h>

void unanswered_free(struct unanswered *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->at[i].id);
		free(u->at[i].text);
		free(u->at[i].inside);
		json_decref(u->at[i].shown);
	}
	free(u->at);
	cluster_list_fini(&u->groups);
	free(u);
}

const struct unanswered_question *unanswered_member(const struct unanswered *u,
                                                    const struct cluster *group, uint32_t i)
{
	return &u->at[u->groups.member[group->first + i]];
}

const struct cluster *unanswered_find(const struct unanswered *u, struct span id)
{
	for (size_t g = 0; g < u->groups.count; g++)
		for (uint32_t i = 0; i < u->groups.at[g].count; i++)
			if (span_is(id, unanswered_member(u, &u->groups.at[g], i)->id))
				return &u->groups.at[g];
	return NULL;
}

/* Whether a like one stands in the group before the i-th. */
static bool is_repeat(const struct unanswered *u, const struct cluster *group, uint32_t i)
{
	const struct unanswered_question *q = unanswered_member(u, group, i);

	for (uint32_t k = 0; k < i; k++) {
		const struct unanswered_question *before = unanswered_member(u, group, k);

		if (q->hash == before->hash)
			return true;
	}
	return false;
}

json_t *unanswered_samples(const struct unanswered *u, const struct cluster *group)
{
	json_t *zh = json_array(), *en = json_array();

	for (uint32_t i = 0; i < group->count; i++) {
		const struct unanswered_question *q = unanswered_member(u, group, i);
		json_t *to = q->english ? en : zh;

		if (strlen(q->text) <= CATALOGUE_SAMPLE_SIZE_MAX &&
		    json_array_size(to) < UNANSWERED_SAMPLES && !is_repeat(u, group, i))
			json_array_append_new(to, json_string(q->text));
	}
	return json_pack("{s:o, s:o}", "zh", zh, "en", en);
}

/* --- grouping --------------------------------------------------------------------------------- */

static int take_hashes(struct unanswered *u)
{
	struct normal *normal = malloc(sizeof(*normal));

	if (!normal)
		return -ENOMEM;
	for (size_t i = 0; i < u->count; i++) {
		normal_read(span_of(u->at[i].text), normal);
		u->at[i].hash = normal_hash(normal);
	}
	free(normal);
	return 0;
}

static int group_work(void *arg)
{
	const struct cluster_options options = {.least = 1, .most = UNANSWERED_GROUPS};
	struct unanswered *u = arg;
	struct span *texts = calloc(u->count + 1, sizeof(*texts));
	int err = -ENOMEM;

	for (size_t i = 0; texts && i < u->count; i++)
		texts[i] = span_of(u->at[i].text);
	if (texts)
		err = cluster_texts(texts, u->count, &options, &u->groups);
	free(texts);
	return err ? err : take_hashes(u);
}

static void on_grouped(void *arg, int err)
{
	struct unanswered *u = arg;

	u->done(u, err);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool take_question(const redisReply *entry, struct unanswered_question *out)
{
	const redisReply *f = redis_at(entry, 1);
	uint64_t seq = 0;

	*out = (struct unanswered_question){.id = span_dup(redis_text_at(entry, 0)),
	                                    .text = span_dup(redis_field(f, "t")),
	                                    .english = span_is(redis_field(f, "l"), "en")};
	if (!out->id || !out->text || span_u64(redis_field(f, "s"), &seq)) {
		free(out->id);
		free(out->text);
		return false;
	}
	out->shown = json_pack("{s:s, s:s, s:I, s:I}", "id", out->id, "text", out->text, "ts",
	                       (json_int_t)strtoll(out->id, NULL, 10), "seq", (json_int_t)seq);
	strict_json_set(out->shown, "lang", redis_field(f, "l"));
	strict_json_set(out->shown, "conversation", redis_field(f, "c"));
	strict_json_set(out->shown, "channel", redis_field(f, "h"));
	strict_json_set(out->shown, "address", redis_field(f, "a"));
	strict_json_set(out->shown, "nearest", redis_field(f, "n"));
	return true;
}

/* A question's id and the template whose draft it is in, as they lie in the reply. */
struct mark {
	const char *id, *name;
};

static int by_id(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* {id, NAME, id, NAME...} in any order: sorted by id, to be looked up; the caller frees. */
static struct mark *marks_of(const redisReply *pairs)
{
	size_t count = pairs->elements / 2;
	struct mark *marks = malloc((count + 1) * sizeof(*marks));

	if (!marks)
		return NULL;
	for (size_t i = 0; i < count; i++)
		marks[i] =
			(struct mark){pairs->element[2 * i]->str, pairs->element[2 * i + 1]->str};
	qsort(marks, count, sizeof(*marks), by_id);
	return marks;
}

static int note_drafts(struct unanswered *u, const redisReply *pairs)
{
	struct mark *marks = marks_of(pairs);

	if (!marks)
		return -ENOMEM;
	for (size_t i = 0; i < u->count; i++) {
		const struct mark wanted = {.id = u->at[i].id};
		const struct mark *found =
			bsearch(&wanted, marks, pairs->elements / 2, sizeof(wanted), by_id);

		if (found)
			u->at[i].inside = strdup(found->name);
	}
	free(marks);
	return 0;
}

static void on_questions(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	bool right = !err && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
	const redisReply *entries = right ? reply->element[0] : NULL;
	struct unanswered *u = entries ? calloc(1, sizeof(*u)) : NULL;

	(void)why;
	if (u)
		u->at = calloc(entries->elements + 1, sizeof(*u->at));
	for (size_t i = 0; u && u->at && i < entries->elements; i++)
		u->count += take_question(entries->element[i], &u->at[u->count]);
	if (u && u->at) {
		u->call = c;
		u->done = c->unanswered;
		if (!note_drafts(u, reply->element[1]) &&
		    !io_work_background(c->api->options.loop, "templates.group", group_work,
		                        on_grouped, u))
			return;
	}
	if (u)
		unanswered_free(u);
	templates_problem(c, 503, NULL, NULL, NULL);
}

void unanswered_read(struct templates_call *c, void (*done)(struct unanswered *u, int err))
{
	char most[16];
	struct span arg = {most, (size_t)snprintf(most, sizeof(most), "%d", UNANSWERED_MOST)};

	c->unanswered = done;
	templates_fcall(c, "ph_templates_asked", &arg, 1, on_questions);
}
