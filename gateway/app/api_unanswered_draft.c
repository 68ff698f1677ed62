/*
 * POST /v1/unanswered/:group/draft: one step from what customers asked in vain to the draft of a
 * new answer, or of more samples for one that there is. Title and wording are for people to write;
 * until then the draft cannot be published, and the validation says what is missing.
 */
#include "template_json.h"
#include "unanswered.h"

#include <stdio.h>
#include <stdlib.h>

struct posted_draft {
	struct span id, into;
};

static const struct json_field draft_fields[] = {
	{"id",			  JSON_KIND_TEXT, offsetof(struct posted_draft, id), false, 1, EDITION_NAME_MAX},
	{"into", JSON_KIND_TEXT, offsetof(struct posted_draft, into), false, 1, EDITION_NAME_MAX},
	{0		       }
};

/* --- keeping it ------------------------------------------------------------------------------- */

static void refuse(struct templates_call *c, struct span said)
{
	if (span_is(said, "full"))
		templates_problem(c, 409, "drafts_full", "publish or discard some drafts first",
		                  NULL);
	else if (c->into)
		templates_problem(c, 409, "template_changed", "it was changed meanwhile: try again",
		                  NULL);
	else
		templates_problem(c, 409, "template_exists", "the id is in use", "id");
}

static void on_kept(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct span said = redis_text_at(reply, 0);
	bool again = span_is(said, "again");
	char id[EDITION_NAME_MAX + 1];

	(void)why;
	memcpy(id, c->name, sizeof(id));
	if (err)
		templates_problem(c, 503, NULL, NULL, NULL);
	else if (!again && !span_is(said, "ok"))
		refuse(c, said);
	else
		templates_reply(c, again ? 200 : 201,
		                json_pack("{s:s, s:s, s:I, s:b, s:o}", "id", id, "hash", c->hash,
		                          "questions", (json_int_t)c->id_count, "repeated", again,
		                          "template", template_json(span_of(c->sheet))),
		                id);
}

static void keep(struct templates_call *c)
{
	enum { FIXED = 7 };
	struct span *args = calloc(FIXED + c->id_count, sizeof(*args));

	if (!args) {
		templates_problem(c, 500, "internal", "out of memory", NULL);
		return;
	}
	args[0] = span_of(c->name);
	args[1] = span_of(c->expected);
	args[2] = span_of(c->hash);
	args[3] = span_of(c->sheet);
	args[4] = SPAN_LIT("api.yaml");
	args[5] = span_of(c->who.by);
	args[6] = templates_own(c);
	for (size_t i = 0; i < c->id_count; i++)
		args[FIXED + i] = c->ids[i];
	templates_fcall(c, "ph_templates_draft", args, FIXED + c->id_count, on_kept);
	free(args);
}

/* Takes the object's reference. */
static void keep_object(struct templates_call *c, json_t *object, const char *expected)
{
	struct json_fault fault = {0};
	char name[EDITION_NAME_MAX + 1];
	int err;

	c->expected = strdup(expected);
	err = object && c->expected ? template_sheet(object, &c->sheet, name, &fault) : -ENOMEM;
	json_decref(object);
	if (err == -ENOMEM) {
		templates_problem(c, 500, "internal", "out of memory", NULL);
	} else if (err) {
		templates_problem(c, 422, fault.code, fault.detail, fault.field);
	} else {
		edition_hash(span_of(c->sheet), c->hash);
		keep(c);
	}
}

/* --- a new answer ----------------------------------------------------------------------------- */

static json_t *new_answer(const char *id, const struct unanswered_question *named, json_t *samples)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:O}", "kind", "answer", "id", id,
	                 "title", "zh", named->english ? "" : named->text, "en",
	                 named->english ? named->text : "", "text", "zh", "", "en", "", "samples",
	                 samples);
}

/* --- more samples ----------------------------------------------------------------------------- */

static bool has_text(const json_t *list, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static void add_language(json_t *to, json_t *from, const char *language)
{
	json_t *list = json_object_get(to, language), *sample;
	size_t i;

	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(to, language, list);
	}
	json_array_foreach(json_object_get(from, language), i, sample)
	{
		if (json_array_size(list) < CATALOGUE_SAMPLES_MAX &&
		    !has_text(list, json_string_value(sample)))
			json_array_append(list, sample);
	}
}

static void add_samples(json_t *template, json_t *from)
{
	json_t *to = json_object_get(template, "samples");

	if (!json_is_object(to)) {
		to = json_object();
		json_object_set_new(template, "samples", to);
	}
	add_language(to, from, "zh");
	add_language(to, from, "en");
}

static bool takes_samples(const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	return kind && (strcmp(kind, "answer") == 0 || strcmp(kind, "handover") == 0);
}

/* {now, "HASH FILE", text, draft record, draft text}: what is being edited, else what is published.
 */
static void on_template(void *arg, int err, const redisReply *reply, const char *why)
{
	struct templates_call *c = arg;
	struct span draft = redis_text_at(reply, 3), text = redis_text_at(reply, 4), rest;
	char seen[EDITION_HASH_LEN + 1];
	json_t *object;

	(void)why;
	if (err) {
		templates_problem(c, 503, NULL, NULL, NULL);
		return;
	}
	if (draft.len) {
		span_split(draft, ' ', &rest);
		draft = span_split(rest, ' ', &rest);
	} else {
		draft = span_split(redis_text_at(reply, 1), ' ', &rest);
		text = redis_text_at(reply, 2);
	}
	object = text.len ? template_json(text) : NULL;
	if (!takes_samples(object)) {
		json_decref(object);
		templates_problem(c, 404, "template_unknown", "there is no such answer", "into");
		return;
	}
	add_samples(object, c->samples);
	snprintf(seen, sizeof(seen), "%.*s", SPAN_FMT(draft));
	keep_object(c, object, seen);
}

/* --- the group -------------------------------------------------------------------------------- */

/* Its ids and samples, kept beyond the grouping. False: out of memory. */
static bool take_group(struct templates_call *c, const struct unanswered *u,
                       const struct cluster *group)
{
	c->question_ids = json_array();
	c->samples = unanswered_samples(u, group);
	c->ids = calloc(group->count + 1, sizeof(*c->ids));
	for (uint32_t i = 0; c->ids && i < group->count; i++) {
		json_t *id = json_string(unanswered_member(u, group, i)->id);

		if (json_array_append_new(c->question_ids, id))
			return false;
		c->ids[c->id_count++] =
			(struct span){json_string_value(id), json_string_length(id)};
	}
	return c->ids && c->samples;
}

static void on_grouped(struct unanswered *u, int err)
{
	struct templates_call *c = u->call;
	const struct cluster *group = err ? NULL : unanswered_find(u, http_part(c->request, 0));
	const struct unanswered_question *named = group ? &u->at[group->representative] : NULL;
	struct span name = span_of(c->name);

	if (err || (group && !take_group(c, u, group)))
		templates_problem(c, 500, "internal", "out of memory", NULL);
	else if (!group)
		templates_problem(c, 404, "group_unknown", "no group has that question (any more)",
		                  NULL);
	else if (c->into)
		templates_fcall(c, "ph_templates_get", &name, 1, on_template);
	else
		keep_object(c, new_answer(c->name, named, c->samples), "-");
	unanswered_free(u);
}

static void go(struct templates_call *c)
{
	unanswered_read(c, on_grouped);
}

/* Of a group "1700000000000-0" that nobody named: "asked.1700000000000_0". */
static void name_it(struct templates_call *c, const struct posted_draft *posted)
{
	struct span group = http_part(c->request, 0), name = c->into ? posted->into : posted->id;

	if (name.len)
		snprintf(c->name, sizeof(c->name), "%.*s", SPAN_FMT(name));
	else
		snprintf(c->name, sizeof(c->name), "asked.%.*s", SPAN_FMT(group));
	for (char *at = c->name; !name.len && (at = strchr(at, '-'));)
		*at = '_';
}

void api_post_unanswered_draft(void *arg, struct http_request *r)
{
	struct posted_draft posted = {.id = SPAN_NONE};
	struct templates_call *c = templates_call(arg, r, draft_fields, &posted);
	const char *why;

	if (!c)
		return;
	c->into = posted.into.len > 0;
	name_it(c, &posted);
	why = catalogue_id_refuse(span_of(c->name));
	if (posted.id.len && posted.into.len)
		templates_problem(c, 422, "field_range", "a new id, or into which, not both",
		                  "into");
	else if (why)
		templates_problem(c, 422, "field_range", why, c->into ? "into" : "id");
	else
		templates_once(c, go);
}
