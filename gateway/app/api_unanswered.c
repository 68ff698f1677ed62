/* GET and DELETE /v1/unanswered: what customers asked in vain, grouped by likeness, as drafts for
 * answers. */
#include "api_templates.h"

#include "cluster.h"
#include "lessons.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUESTIONS_MAX = 3000, GROUPS_MAX = 100, SHOWN_MAX = 20, IDS_MAX = 500 };

struct question {
	char *id, *text;
	json_t *shown;
};

/* The questions on their way through the pool. */
struct grouping {
	struct templates_call *call;
	struct question *at;
	size_t count;
	struct cluster_list groups;
};

static void grouping_free(struct grouping *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->at[i].id);
		free(g->at[i].text);
		json_decref(g->at[i].shown);
	}
	free(g->at);
	cluster_list_fini(&g->groups);
	free(g);
}

static int group_work(void *arg)
{
	const struct cluster_options options = {.least = 1, .most = GROUPS_MAX};
	struct grouping *g = arg;
	struct span *texts = calloc(g->count + 1, sizeof(*texts));
	int err = -ENOMEM;

	for (size_t i = 0; texts && i < g->count; i++)
		texts[i] = span_of(g->at[i].text);
	if (texts)
		err = cluster_texts(texts, g->count, &options, &g->groups);
	free(texts);
	return err;
}

/* Samples of an answer that is to be written: what was asked, each once, by language. */
static json_t *draft_json(const struct grouping *g, const struct cluster *c)
{
	json_t *zh = json_array(), *en = json_array();

	for (uint32_t i = 0; i < c->count; i++) {
		const struct question *q = &g->at[g->groups.member[c->first + i]];
		const char *lang = json_string_value(json_object_get(q->shown, "lang"));
		json_t *to = lang && strcmp(lang, "en") == 0 ? en : zh, *sample;
		bool there = false;
		size_t k;

		json_array_foreach(to, k, sample)
		{
			there = there || strcmp(json_string_value(sample), q->text) == 0;
		}
		if (!there && json_array_size(to) < SHOWN_MAX)
			json_array_append_new(to, json_string(q->text));
	}
	return json_pack("{s:s, s:{s:o, s:o}}", "kind", "answer", "samples", "zh", zh, "en", en);
}

static json_t *group_json(const struct grouping *g, const struct cluster *c)
{
	const struct question *named = &g->at[c->representative];
	json_t *shown = json_array(), *ids = json_array();

	for (uint32_t i = 0; i < c->count; i++) {
		const struct question *q = &g->at[g->groups.member[c->first + i]];

		json_array_append_new(ids, json_string(q->id));
		if (i < SHOWN_MAX)
			json_array_append(shown, q->shown);
	}
	return json_pack("{s:s, s:I, s:s, s:O?, s:o, s:o, s:o}", "id", named->id, "count",
	                 (json_int_t)c->count, "text", named->text, "nearest",
	                 json_object_get(named->shown, "nearest"), "questions", shown, "ids", ids,
	                 "draft", draft_json(g, c));
}

static void on_grouped(void *arg, int err)
{
	struct grouping *g = arg;
	struct templates_call *c = g->call;
	json_t *groups = json_array();

	for (size_t i = 0; !err && i < g->groups.count; i++)
		json_array_append_new(groups, group_json(g, &g->groups.at[i]));
	if (err) {
		json_decref(groups);
		templates_problem(c, 500, "internal", "out of memory", NULL);
	} else {
		templates_reply(c, 200,
		                json_pack("{s:I, s:o}", "questions", (json_int_t)g->count, "groups",
		                          groups),
		                NULL);
	}
	grouping_free(g);
}

static bool take_question(const redisReply *entry, struct question *out)
{
	const redisReply *f = redis_at(entry, 1);
	uint64_t seq = 0;

	*out = (struct question){.id = span_dup(redis_text_at(entry, 0)),
	                         .text = span_dup(redis_field(f, "t"))};
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

static void on_questions(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct grouping *g = err ? NULL : calloc(1, sizeof(*g));

	(void)why;
	if (g)
		g->at = calloc(reply->elements + 1, sizeof(*g->at));
	for (size_t i = 0; g && g->at && i < reply->elements; i++)
		g->count += take_question(reply->element[i], &g->at[g->count]);
	if (g)
		g->call = c;
	if (!g || !g->at ||
	    io_work_background(c->api->options.loop, "templates.group", group_work, on_grouped,
	                       g)) {
		if (g)
			grouping_free(g);
		templates_problem(c, 503, NULL, NULL, NULL);
	}
}

void api_get_unanswered(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);
	char most[16];
	struct span argv[] = {SPAN_LIT("XREVRANGE"), SPAN_LIT(LESSONS_ASKED), SPAN_LIT("+"),
	                      SPAN_LIT("-"),         SPAN_LIT("COUNT"),       SPAN_NONE};

	if (!c)
		return;
	snprintf(most, sizeof(most), "%d", QUESTIONS_MAX);
	argv[5] = span_of(most);
	if (redis_command(c->api->options.redis, ARRAY_LEN(argv), argv, on_questions, c))
		templates_problem(c, 503, NULL, NULL, NULL);
}

/* --- dealt with ------------------------------------------------------------------------------- */

static const struct json_field delete_fields[] = {
	{"ids", JSON_KIND_TEXTS, 0, true, 1, IDS_MAX},
        {0   }
};

static void on_deleted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;

	(void)why;
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else
		templates_reply(c, 200, json_pack("{s:I}", "removed", (json_int_t)redis_num(reply)),
		                NULL);
}

void api_delete_unanswered(void *arg, struct http_request *r)
{
	struct span argv[2 + IDS_MAX] = {SPAN_LIT("XDEL"), SPAN_LIT(LESSONS_ASKED)};
	json_t *ids = NULL, *id;
	struct templates_call *c = templates_call(arg, r, delete_fields, &ids);
	size_t i, size;

	if (!c)
		return;
	json_array_foreach(ids, i, id)
	{
		argv[2 + i] = (struct span){json_string_value(id), json_string_length(id)};
		size = strspn(argv[2 + i].ptr, "0123456789-");
		if (!size || size != argv[2 + i].len) {
			templates_problem(c, 422, "field_range", "must be ids of questions", "ids");
			return;
		}
	}
	if (redis_command(c->api->options.redis, 2 + (int)json_array_size(ids), argv, on_deleted,
	                  c))
		templates_problem(c, 503, NULL, NULL, NULL);
}
