/* GET and DELETE /v1/unanswered: what customers asked in vain, grouped by likeness, as drafts for
 * answers. */
#include "lessons.h"
#include "unanswered.h"

enum { IDS_MAX = 500 };

/* Templates whose drafts have questions of the group. */
static json_t *drafted_json(const struct unanswered *u, const struct cluster *group)
{
	json_t *names = json_array(), *name;
	size_t k;

	for (uint32_t i = 0; i < group->count; i++) {
		const char *inside = unanswered_member(u, group, i)->inside;
		bool known = false;

		json_array_foreach(names, k, name)
		{
			known = known || (inside && strcmp(json_string_value(name), inside) == 0);
		}
		if (inside && !known)
			json_array_append_new(names, json_string(inside));
	}
	return names;
}

static json_t *group_json(const struct unanswered *u, const struct cluster *group)
{
	const struct unanswered_question *named = &u->at[group->representative];
	json_t *shown = json_array(), *ids = json_array();

	for (uint32_t i = 0; i < group->count; i++) {
		const struct unanswered_question *q = unanswered_member(u, group, i);

		json_array_append_new(ids, json_string(q->id));
		if (i < UNANSWERED_SAMPLES)
			json_array_append(shown, q->shown);
	}
	return json_pack("{s:s, s:I, s:s, s:O?, s:o, s:o, s:o, s:{s:s, s:o}}", "id", named->id,
	                 "count", (json_int_t)group->count, "text", named->text, "nearest",
	                 json_object_get(named->shown, "nearest"), "questions", shown, "ids", ids,
	                 "drafted", drafted_json(u, group), "draft", "kind", "answer", "samples",
	                 unanswered_samples(u, group));
}

static void on_grouped(struct unanswered *u, int err)
{
	json_t *groups = json_array();

	for (size_t i = 0; !err && i < u->groups.count; i++)
		json_array_append_new(groups, group_json(u, &u->groups.at[i]));
	if (err) {
		json_decref(groups);
		templates_problem(u->call, 500, "internal", "out of memory", NULL);
	} else {
		templates_reply(u->call, 200,
		                json_pack("{s:I, s:o}", "questions", (json_int_t)u->count, "groups",
		                          groups),
		                NULL);
	}
	unanswered_free(u);
}

void api_get_unanswered(void *arg, struct http_request *r)
{
	struct templates_call *c = templates_call(arg, r, NULL, NULL);

	if (c)
		unanswered_read(c, on_grouped);
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
