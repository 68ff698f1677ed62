/* Between sheets and JSON. JSON is YAML, so that a sheet is made of an object by the one who makes
 * sheets of files. */
#include "template_json.h"

#include "sheet.h"
#include "yaml.h"

#include <stdlib.h>

static const struct {
	const char *kind, *section;
} kinds[] = {
	{"answer",       "answers"      },
	{"notification", "notifications"},
	{"confirmation", "confirmations"},
	{"canned",       "canned"       },
	{"system",       "system"       },
	{"handover",     "handovers"    },
};

/* --- sheet to object -------------------------------------------------------------------------- */

static json_t *node_json(const struct yaml_node *n);

static json_t *scalar_json(const struct yaml_node *n)
{
	uint64_t number;

	if (n->plain && (span_is(n->text, "true") || span_is(n->text, "false")))
		return json_boolean(n->text.len == 4);
	if (n->plain && !span_u64(n->text, &number) && number <= INT32_MAX)
		return json_integer((json_int_t)number);
	return strict_json_text(n->text);
}

static json_t *node_json(const struct yaml_node *n)
{
	json_t *out;

	if (n->kind == YAML_SCALAR)
		return scalar_json(n);
	out = n->kind == YAML_MAPPING ? json_object() : json_array();
	for (const struct yaml_node *child = n->first; child; child = child->next)
		if (n->kind == YAML_MAPPING)
			json_object_set_new(out, child->key.ptr, node_json(child));
		else
			json_array_append_new(out, node_json(child));
	return out;
}

static const char *kind_of(struct span section)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (span_is(section, kinds[i].section))
			return kinds[i].kind;
	return SHEET_SETTINGS;
}

json_t *template_json(struct span sheet)
{
	struct yaml_errors errors = {0};
	const struct yaml_node *n;
	struct yaml_doc *doc = NULL;
	json_t *out = NULL;

	if (yaml_parse(sheet, &errors, &doc))
		return NULL;
	n = yaml_root(doc);
	n = n && n->kind == YAML_MAPPING ? n->first : NULL;
	if (n && n->kind == YAML_SEQUENCE)
		n = n->first;
	if (n && n->kind == YAML_MAPPING) {
		out = node_json(n);
		json_object_set_new(out, "kind", json_string(kind_of(sheet_section(sheet))));
		if (span_is(sheet_section(sheet), SHEET_SETTINGS))
			json_object_set_new(out, "id", json_string(SHEET_SETTINGS));
	}
	yaml_doc_free(&doc);
	return out;
}

/* --- object to sheet -------------------------------------------------------------------------- */

/* {"answers": [{...}]}, without kind. */
static json_t *wrap(json_t *object, const char *kind)
{
	json_t *copy = json_copy(object);

	json_object_del(copy, "kind");
	if (strcmp(kind, SHEET_SETTINGS) == 0) {
		json_object_del(copy, "id");
		return json_pack("{s:o}", SHEET_SETTINGS, copy);
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return json_pack("{s:[o]}", kinds[i].section, copy);
	json_decref(copy);
	return NULL;
}

struct written {
	char *text;
	struct json_fault *fault;
};

static int keep(void *arg, const struct sheet *sheet)
{
	struct written *w = arg;

	w->text = span_dup(sheet->text);
	return w->text ? 0 : -ENOMEM;
}

static void on_told(void *arg, const char *file, unsigned line, const char *text)
{
	struct written *w = arg;

	(void)file;
	(void)line;
	strict_json_fault(w->fault, "template_unreadable", "template", "%.120s", text);
}

static int write(json_t *wrapped, struct written *w)
{
	char *dumped = json_dumps(wrapped, 0);
	const struct catalogue_file file = {"template", span_of(dumped)};
	int err = dumped ? sheet_split(&file, on_told, w, keep, w) : -ENOMEM;

	free(dumped);
	if (err == -EMSGSIZE)
		strict_json_fault(w->fault, "field_too_long", "template", "larger than %zu octets",
		                  SHEET_TEXT_MAX);
	return err && err != -ENOMEM ? -EBADMSG : err;
}

int template_sheet(json_t *object, char **out, char name[EDITION_NAME_MAX + 1],
                   struct json_fault *fault)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const json_t *named = json_object_get(object, "id");
	const char *id = json_string_value(named);
	bool settings = kind && strcmp(kind, SHEET_SETTINGS) == 0;
	struct written w = {.fault = fault};
	const char *why = NULL;
	json_t *wrapped;
	int err;

	if (!id)
		return strict_json_fault(fault, "field_missing", "template.id", "is missing");
	if (!settings)
		why = catalogue_id_refuse((struct span){id, json_string_length(named)});
	else if (strcmp(id, SHEET_SETTINGS) != 0)
		why = "the id of settings is settings";
	if (why)
		return strict_json_fault(fault, "field_range", "template.id", "%s", why);
	wrapped = kind ? wrap(object, kind) : NULL;
	if (!wrapped)
		return strict_json_fault(
			fault, kind ? "field_range" : "field_missing", "template.kind",
			"must be answer, notification, confirmation, canned, system, handover or "
			"settings");
	err = write(wrapped, &w);
	json_decref(wrapped);
	if (err) {
		free(w.text);
		return err;
	}
	memcpy(name, id, strlen(id) + 1);
	*out = w.text;
	return 0;
}
