/*
 * Binds a mapping to a struct by a table. Each type is a row that knows how to read and how to
 * free itself; the walk over the fields is the same for all.
 */
#include "secret.h"
#include "yaml.h"

#include <stdio.h>
#include <stdlib.h>

enum { KNOWN_MAX = 300, SHOWN = 60 };

struct binding {
	const struct config_field *field;
	const struct yaml_node *node; /* the value */
	struct yaml_errors *errors;
	void *at;
};

static int bind_fields(const struct config_field *fields, const struct yaml_node *mapping,
                       struct yaml_errors *errors, bool demand, void *out);

static int wrong(const struct binding *b, const char *want)
{
	yaml_error(b->errors, b->node->line, "\"%s\" must be %s", b->field->key, want);
	return -EINVAL;
}

/* Both 0 is any number that is not negative; most under least is no upper bound. */
static int check_range(const struct binding *b, int64_t value, const char *unit)
{
	const struct config_field *f = b->field;
	bool bounded = f->most >= f->least && f->most != 0;

	if (f->least < 0 && f->most == 0)
		bounded = true;
	if (value >= f->least && (!bounded || value <= f->most))
		return 0;
	if (bounded)
		yaml_error(b->errors, b->node->line, "\"%s\" must be from %lld to %lld%s", f->key,
		           (long long)f->least, (long long)f->most, unit);
	else
		yaml_error(b->errors, b->node->line, "\"%s\" must be at least %lld%s", f->key,
		           (long long)f->least, unit);
	return -EINVAL;
}

static bool is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (!node->text.len || span_is(node->text, "~") || span_is(node->text, "null"));
}

static int bind_string(const struct binding *b)
{
	char **out = b->at;

	if (b->node->kind != YAML_SCALAR)
		return wrong(b, "a text");
	if (check_range(b, (int64_t)b->node->text.len, " octets long"))
		return -EINVAL;
	*out = span_dup(b->node->text);
	return *out ? 0 : -ENOMEM;
}

static int read_int(struct span text, int64_t *out)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t value;

	if (negative)
		text = (struct span){text.ptr + 1, text.len - 1};
	if (span_u64(text, &value) || value > INT64_MAX)
		return -EINVAL;
	*out = negative ? -(int64_t)value : (int64_t)value;
	return 0;
}

static int bind_int(const struct binding *b)
{
	int64_t value;

	if (b->node->kind != YAML_SCALAR || !b->node->plain || read_int(b->node->text, &value))
		return wrong(b, "a whole number");
	if (check_range(b, value, ""))
		return -EINVAL;
	*(int64_t *)b->at = value;
	return 0;
}

static int bind_bool(const struct binding *b)
{
	bool on = span_is(b->node->text, "true");

	if (b->node->kind != YAML_SCALAR || !b->node->plain ||
	    !(on || span_is(b->node->text, "false")))
		return wrong(b, "true or false");
	*(bool *)b->at = on;
	return 0;
}

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{"ms",  1		    },
	{"s",   1000                 },
	{"min", 60LL * 1000          },
	{"h",   60LL * 60 * 1000     },
	{"d",   24LL * 60 * 60 * 1000},
};

int config_duration_ms(struct span text, int64_t *out)
{
	size_t digits = 0;
	struct span unit;
	uint64_t value;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	if (span_u64((struct span){text.ptr, digits}, &value))
		return -EINVAL;
	unit = span_trim((struct span){text.ptr + digits, text.len - digits});
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!span_is(unit, units[i].name))
			continue;
		if (value > (uint64_t)(INT64_MAX / units[i].ms))
			return -EINVAL;
		*out = (int64_t)value * units[i].ms;
		return 0;
	}
	return -EINVAL;
}

static int bind_duration(const struct binding *b)
{
	int64_t value;

	if (b->node->kind != YAML_SCALAR || config_duration_ms(b->node->text, &value))
		return wrong(b, "a duration such as \"500 ms\", \"30 s\", \"10 min\", \"48 h\" or "
		                "\"7 d\"");
	if (check_range(b, value, " ms"))
		return -EINVAL;
	*(int64_t *)b->at = value;
	return 0;
}

static void list_names(char *out, size_t size, const char *name)
{
	size_t len = strlen(out);

	if (len + 8 < size)
		snprintf(out + len, size - len, "%s%s", len ? ", " : "", name);
}

static int bind_enum(const struct binding *b)
{
	const char *const *choices = b->field->choices;
	char known[KNOWN_MAX] = "";

	for (int i = 0; choices[i]; i++) {
		if (b->node->kind == YAML_SCALAR && span_is(b->node->text, choices[i])) {
			*(int *)b->at = i;
			return 0;
		}
		list_names(known, sizeof(known), choices[i]);
	}
	yaml_error(b->errors, b->node->line, "\"%s\" must be one of: %s", b->field->key, known);
	return -EINVAL;
}

static size_t count_children(const struct yaml_node *node)
{
	size_t count = 0;

	for (const struct yaml_node *n = node->first; n; n = n->next)
		count++;
	return count;
}

static int bind_strings(const struct binding *b)
{
	struct binding item = *b;
	int err = 0;
	char **out;

	if (b->node->kind != YAML_SEQUENCE)
		return wrong(b, "a list of texts");
	out = calloc(count_children(b->node) + 1, sizeof(char *));
	if (!out)
		return -ENOMEM;
	*(char ***)b->at = out;
	for (item.node = b->node->first; item.node; item.node = item.node->next) {
		int bad = is_null(item.node) ? wrong(&item, "a list of texts, none of them empty")
		                             : (item.at = out, bind_string(&item));

		if (bad)
			err = bad;
		else
			out++; /* no holes: NULL ends the list */
	}
	return err;
}

static int bind_secret(const struct binding *b)
{
	char **out = b->at;
	int err = secret_read(b->node, b->errors, out);

	if (!err && check_range(b, (int64_t)strlen(*out), " octets long"))
		err = -EINVAL;
	return err;
}

static int bind_map(const struct binding *b)
{
	if (b->node->kind != YAML_MAPPING)
		return wrong(b, "a mapping");
	return bind_fields(b->field->sub, b->node, b->errors, true, b->at);
}

static int bind_item(const struct binding *b, const struct yaml_node *node, void *out)
{
	if (node->kind != YAML_MAPPING) {
		yaml_error(b->errors, node->line, "each item of \"%s\" must be a mapping",
		           b->field->key);
		return -EINVAL;
	}
	return bind_fields(b->field->sub, node, b->errors, true, out);
}

static int bind_list(const struct binding *b)
{
	struct config_list *list = b->at;
	size_t count = count_children(b->node);
	int err = 0;

	if (b->node->kind != YAML_SEQUENCE)
		return wrong(b, "a list");
	if (check_range(b, (int64_t)count, " items"))
		return -EINVAL;
	list->items = calloc(count + 1, b->field->item_size);
	if (!list->items)
		return -ENOMEM;
	for (const struct yaml_node *n = b->node->first; n; n = n->next) {
		void *item = (char *)list->items + list->count++ * b->field->item_size;
		int bad = bind_item(b, n, item);

		if (bad)
			err = bad;
	}
	return err;
}

static int bind_node(const struct binding *b)
{
	*(const struct yaml_node **)b->at = b->node;
	return 0;
}

static void free_string(const struct config_field *f, void *at)
{
	char **text = at;

	(void)f;
	free(*text);
	*text = NULL;
}

static void free_strings(const struct config_field *f, void *at)
{
	char ***texts = at;

	(void)f;
	for (char **t = *texts; t && *t; t++)
		free(*t);
	free(*texts);
	*texts = NULL;
}

static void free_secret(const struct config_field *f, void *at)
{
	(void)f;
	secret_free(at);
}

static void free_map(const struct config_field *f, void *at)
{
	config_free(f->sub, at);
}

static void free_list(const struct config_field *f, void *at)
{
	struct config_list *list = at;

	for (size_t i = 0; i < list->count; i++)
		config_free(f->sub, (char *)list->items + i * f->item_size);
	free(list->items);
	*list = (struct config_list){0};
}

static const struct type {
	int (*bind)(const struct binding *b);
	void (*free)(const struct config_field *f, void *at); /* NULL: nothing to free */
	bool structured; /* a fallback is YAML, not a scalar's text */
} types[] = {
	[CONFIG_STRING] = {bind_string,   free_string,  false},
	[CONFIG_INT] = {bind_int,      NULL,         false},
	[CONFIG_BOOL] = {bind_bool,     NULL,         false},
	[CONFIG_DURATION_MS] = {bind_duration, NULL,         false},
	[CONFIG_ENUM] = {bind_enum,     NULL,         false},
	[CONFIG_STRINGS] = {bind_strings,  free_strings, true },
	[CONFIG_SECRET] = {bind_secret,   free_secret,  true },
	[CONFIG_MAP] = {bind_map,      free_map,     true },
	[CONFIG_LIST] = {bind_list,     free_list,    true },
	[CONFIG_NODE] = {bind_node,     NULL,         true },
};

static int bind_structured_fallback(struct binding *b)
{
	struct yaml_doc *doc = NULL;
	int err = yaml_parse(span_of(b->field->fallback), b->errors, &doc);

	if (err)
		return err;
	b->node = yaml_root(doc);
	err = types[b->field->type].bind(b);
	yaml_doc_free(&doc);
	return err;
}

/* What is not given: the fallback, or zero; a mapping is bound all the same, for its fallbacks. */
static int bind_missing(struct binding *b, unsigned line, bool demand)
{
	const struct config_field *f = b->field;
	struct yaml_node scalar = {.kind = YAML_SCALAR, .line = line, .plain = true};

	if (f->required && demand) {
		yaml_error(b->errors, line, "\"%s\" is missing: %s", f->key,
		           f->help ? f->help : "it is needed");
		return -EINVAL;
	}
	if (f->type == CONFIG_MAP)
		return bind_fields(f->sub, NULL, b->errors, false, b->at);
	if (!f->fallback)
		return 0;
	if (types[f->type].structured)
		return bind_structured_fallback(b);
	scalar.text = span_of(f->fallback);
	b->node = &scalar;
	return types[f->type].bind(b);
}

static int bind_field(struct binding *b, unsigned line, bool demand)
{
	if (!b->node)
		return bind_missing(b, line, demand);
	if (is_null(b->node)) {
		yaml_error(b->errors, b->node->line, "\"%s\" has no value", b->field->key);
		return -EINVAL;
	}
	return types[b->field->type].bind(b);
}

static bool is_known(const struct config_field *fields, struct span key)
{
	for (const struct config_field *f = fields; f->key; f++)
		if (span_is(key, f->key))
			return true;
	return false;
}

static int refuse_unknown(const struct config_field *fields, const struct yaml_node *mapping,
                          struct yaml_errors *errors)
{
	char known[KNOWN_MAX] = "";
	int err = 0;

	for (const struct config_field *f = fields; f->key; f++)
		list_names(known, sizeof(known), f->key);
	for (const struct yaml_node *n = mapping->first; n; n = n->next) {
		if (is_known(fields, n->key))
			continue;
		yaml_error(errors, n->line, "unknown key \"%.*s\"; known here: %s",
		           n->key.len > SHOWN ? SHOWN : (int)n->key.len, n->key.ptr, known);
		err = -EINVAL;
	}
	return err;
}

/* demand: a missing required field is an error; not so in a mapping that itself was left out. */
static int bind_fields(const struct config_field *fields, const struct yaml_node *mapping,
                       struct yaml_errors *errors, bool demand, void *out)
{
	int err = mapping ? refuse_unknown(fields, mapping, errors) : 0;

	for (const struct config_field *f = fields; f->key; f++) {
		struct binding b = {.field = f,
		                    .node = mapping ? yaml_get(mapping, f->key) : NULL,
		                    .errors = errors,
		                    .at = (char *)out + f->offset};
		int bad = bind_field(&b, mapping ? mapping->line : 0, demand);

		if (bad)
			err = bad;
	}
	return err;
}

int config_bind(const struct config_field *fields, const struct yaml_node *mapping,
                struct yaml_errors *errors, void *out)
{
	int err;

	if (mapping && mapping->kind != YAML_MAPPING) {
		yaml_error(errors, mapping->line, "must be a mapping of keys to values");
		return -EINVAL;
	}
	err = bind_fields(fields, mapping, errors, true, out);
	if (err == -ENOMEM)
		yaml_error(errors, 0, "out of memory");
	return err ? -EINVAL : 0;
}

void config_free(const struct config_field *fields, void *out)
{
	for (const struct config_field *f = fields; f->key; f++)
		if (types[f->type].free)
			types[f->type].free(f, (char *)out + f->offset);
}
