/*
 * From YAML to templates: one table says which keys each kind of template has; what stands under
 * them is read here and every fault is told with its line. What needs more than one template to
 * be seen is catalogue_check.c's.
 */
#include "catalogue_parts.h"
#include "utf8.h"

#include <stdlib.h>

#define KIND(k) (1U << (k))
#define ALL_KINDS (KIND(TEMPLATE_KINDS) - 1)
#define MATCHED (KIND(TEMPLATE_ANSWER) | KIND(TEMPLATE_HANDOVER))
#define WORDED (ALL_KINDS & ~KIND(TEMPLATE_HANDOVER))

static const struct section {
	const char *key;
	enum template_kind kind;
} sections[] = {
	{"answers",       TEMPLATE_ANSWER      },
	{"notifications", TEMPLATE_NOTIFICATION},
	{"confirmations", TEMPLATE_CONFIRMATION},
	{"canned",        TEMPLATE_CANNED      },
	{"system",        TEMPLATE_SYSTEM      },
	{"handovers",     TEMPLATE_HANDOVER    },
};

static const struct key {
	const char *name;
	unsigned kinds, required;
} keys[] = {
	{"id",           ALL_KINDS,                   ALL_KINDS            },
	{"title",        ALL_KINDS,                   ALL_KINDS            },
	{"text",         WORDED,                      WORDED               },
	{"sms",          WORDED,                      0                    },
	{"wechat",       WORDED,                      0                    },
	{"web",          WORDED,                      0                    },
	{"variables",    WORDED,                      0                    },
	{"one_sms",      WORDED,                      0                    },
	{"needs",        KIND(TEMPLATE_ANSWER),       0                    },
	{"follow_up",    KIND(TEMPLATE_ANSWER),       0                    },
	{"suggest_only", KIND(TEMPLATE_ANSWER),       0                    },
	{"samples",      MATCHED,                     MATCHED              },
	{"shortcut",     KIND(TEMPLATE_CANNED),       KIND(TEMPLATE_CANNED)},
	{"marketing",    KIND(TEMPLATE_NOTIFICATION), 0                    },
};

/* Code points a value may have where the template does not say. */
static const size_t default_max[VARIABLE_TYPES] = {
	[VARIABLE_TEXT] = 40,  [VARIABLE_NAME] = 20, [VARIABLE_AMOUNT] = 16, [VARIABLE_NUMBER] = 10,
	[VARIABLE_CODE] = 20,  [VARIABLE_TAIL] = 4,  [VARIABLE_DATE] = 10,   [VARIABLE_TIME] = 5,
	[VARIABLE_PHONE] = 20, [VARIABLE_LINK] = 60};

static struct span copy(struct load *l, struct span text)
{
	struct span s = arena_copy(&l->c->arena, text);

	if (!s.ptr)
		l->err = -ENOMEM;
	return s;
}

static void *take(struct load *l, size_t size)
{
	void *p = arena_take(&l->c->arena, size);

	if (!p)
		l->err = -ENOMEM;
	return p;
}

static bool is_kind(struct load *l, const struct yaml_node *n, enum yaml_kind kind)
{
	static const char *const names[] = {"a text", "a list", "a mapping"};

	if (n->kind == kind)
		return true;
	yaml_error(&l->errors, n->line, "\"%.60s\" must be %s", n->key.ptr ? n->key.ptr : "this",
	           names[kind]);
	return false;
}

static size_t count_children(const struct yaml_node *n)
{
	size_t count = 0;

	for (const struct yaml_node *child = n->first; child; child = child->next)
		count++;
	return count;
}

static bool read_bool(struct load *l, const struct yaml_node *n)
{
	if (n->kind == YAML_SCALAR && n->plain && span_is(n->text, "true"))
		return true;
	if (n->kind != YAML_SCALAR || !n->plain || !span_is(n->text, "false"))
		yaml_error(&l->errors, n->line, "\"%.60s\" must be true or false", n->key.ptr);
	return false;
}

/* A text of one language: not empty, not longer than max octets. */
static struct span read_text(struct load *l, const struct yaml_node *n, size_t max)
{
	if (!is_kind(l, n, YAML_SCALAR))
		return SPAN_NONE;
	if (!span_trim(n->text).len)
		yaml_error(&l->errors, n->line, "\"%.60s\" is empty", n->key.ptr ? n->key.ptr : "");
	else if (n->text.len > max)
		yaml_error(&l->errors, n->line, "longer than %zu octets", max);
	else
		return copy(l, span_trim(n->text));
	return SPAN_NONE;
}

static bool has_control(struct span s, const char *but)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == 0x7F || (c < ' ' && !(c && strchr(but, c))))
			return true;
	}
	return false;
}

/* A text that customers or agents read, without what a phone rings at or a menu breaks at; but says
 * which of the control characters may be in it. */
static struct span read_shown(struct load *l, const struct yaml_node *n, size_t max,
                              const char *but)
{
	struct span text = read_text(l, n, max);

	if (has_control(text, but))
		yaml_error(&l->errors, n->line, "\"%.60s\" has a control character%s",
		           n->key.ptr ? n->key.ptr : "", *but ? "" : " or a line end");
	return text;
}

static const struct yaml_node *child_of(const struct yaml_node *n, enum language language)
{
	return yaml_get(n, language_name(language));
}

/* A mapping with languages only; all of them when required. False: not even a mapping. */
static bool check_languages(struct load *l, const struct yaml_node *n, bool required)
{
	enum language ignored;

	if (!is_kind(l, n, YAML_MAPPING))
		return false;
	for (const struct yaml_node *child = n->first; child; child = child->next)
		if (child->key.len != 2 || language_parse(child->key, &ignored) < 0)
			yaml_error(&l->errors, child->line, "\"%.60s\" is no language: zh, en",
			           child->key.ptr);
	for (unsigned i = 0; required && i < LANGUAGE_COUNT; i++)
		if (!child_of(n, (enum language)i))
			yaml_error(&l->errors, n->line, "\"%.60s\" has no %s", n->key.ptr,
			           language_name((enum language)i));
	return true;
}

static void read_languages(struct load *l, const struct yaml_node *n, size_t max,
                           struct span out[LANGUAGE_COUNT])
{
	if (!check_languages(l, n, true))
		return;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		const struct yaml_node *text = child_of(n, (enum language)i);

		if (text)
			out[i] = read_shown(l, text, max, "");
	}
}

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.ptr[i] >= 'a' && s.ptr[i] <= 'z') &&
		    !(s.ptr[i] >= '0' && s.ptr[i] <= '9') && s.ptr[i] != '_')
			return false;
	return s.len > 0 && s.len <= CATALOGUE_ID_SIZE_MAX;
}

/* --- settings ----------------------------------------------------------------------------------
 */

static void read_constants(struct load *l, const struct yaml_node *n)
{
	size_t count = count_children(n);

	if (!is_kind(l, n, YAML_MAPPING))
		return;
	l->constants = take(l, (count + 1) * sizeof(*l->constants));
	for (const struct yaml_node *child = n->first; l->constants && child; child = child->next) {
		struct constant *c = &l->constants[l->constant_count++];

		c->name = copy(l, child->key);
		if (!is_name(child->key))
			yaml_error(&l->errors, child->line, "\"%.60s\" is no name: a-z, 0-9 and _",
			           child->key.ptr);
		read_languages(l, child, 200, c->value);
	}
}

/* Each a share; the limits keep out what would answer everything, or nothing for ever. */
static const struct required_field {
	const char *name;
	size_t offset;
	double least, most;
} required_fields[] = {
	{"answer",       offsetof(struct match_required, answer),       0.5, 0.999},
	{"menu",         offsetof(struct match_required, menu),         0.3, 0.999},
	{"out_of_scope", offsetof(struct match_required, out_of_scope), 0.0, 0.9  },
	{"in_scope",     offsetof(struct match_required, in_scope),     0.5, 0.999},
};

static void read_share(struct load *l, const struct yaml_node *n, const struct required_field *f)
{
	char *end = NULL;
	double value = n->kind == YAML_SCALAR ? strtod(n->text.ptr, &end) : -1.0;
	float share = (float)value;

	if (!end || end == n->text.ptr || *end || !(value >= f->least && value <= f->most)) {
		yaml_error(&l->errors, n->line, "\"%s\" must be a share from %.3g to %.3g", f->name,
		           f->least, f->most);
		return;
	}
	memcpy((char *)&l->c->required + f->offset, &share, sizeof(share));
}

static void read_required(struct load *l, const struct yaml_node *n)
{
	if (!is_kind(l, n, YAML_MAPPING))
		return;
	for (const struct yaml_node *child = n->first; child; child = child->next) {
		size_t i = 0;

		while (i < ARRAY_LEN(required_fields) &&
		       !span_is(child->key, required_fields[i].name))
			i++;
		if (i < ARRAY_LEN(required_fields))
			read_share(l, child, &required_fields[i]);
		else
			yaml_error(&l->errors, child->line, "\"%.60s\" is not known here",
			           child->key.ptr);
	}
}

void read_settings(struct load *l, const struct yaml_node *root)
{
	const struct yaml_node *settings = yaml_get(root, "settings");

	if (!settings || !is_kind(l, settings, YAML_MAPPING))
		return;
	if (l->settings_seen)
		yaml_error(&l->errors, settings->line,
		           "settings were already given in another file");
	l->settings_seen = true;
	for (const struct yaml_node *n = settings->first; n; n = n->next) {
		if (span_is(n->key, "constants"))
			read_constants(l, n);
		else if (span_is(n->key, "sms_signature"))
			read_languages(l, n, 60, l->c->signature);
		else if (span_is(n->key, "required"))
			read_required(l, n);
		else
			yaml_error(&l->errors, n->line, "\"%.60s\" is not known here", n->key.ptr);
	}
}

/* --- variables ---------------------------------------------------------------------------------
 */

static enum variable_type read_type(struct load *l, const struct yaml_node *n)
{
	for (unsigned i = 0; n && n->kind == YAML_SCALAR && i < VARIABLE_TYPES; i++)
		if (span_is(n->text, variable_type_name((enum variable_type)i)))
			return (enum variable_type)i;
	if (n)
		yaml_error(&l->errors, n->line, "no such type of variable");
	return VARIABLE_TEXT;
}

static size_t read_max(struct load *l, const struct yaml_node *n, enum variable_type type)
{
	uint64_t max;

	if (!n)
		return default_max[type];
	if (n->kind == YAML_SCALAR && span_u64(n->text, &max) == 0 && max >= 1 && max <= 500)
		return (size_t)max;
	yaml_error(&l->errors, n->line, "\"max\" must be a number from 1 to 500");
	return default_max[type];
}

static void refuse_unknown_keys(struct load *l, const struct yaml_node *n, const char *const *known)
{
	for (const struct yaml_node *child = n->first; child; child = child->next) {
		const char *const *k = known;

		while (*k && !span_is(child->key, *k))
			k++;
		if (!*k)
			yaml_error(&l->errors, child->line, "\"%.60s\" is not known here",
			           child->key.ptr);
	}
}

static void read_variable(struct load *l, const struct yaml_node *n, struct template_variable *v)
{
	static const char *const known[] = {"type", "max", "example", "about", NULL};
	const struct yaml_node *type = yaml_get(n, "type"), *example = yaml_get(n, "example"),
			       *about = yaml_get(n, "about");
	const char *why;

	v->name = copy(l, n->key);
	if (!is_name(n->key))
		yaml_error(&l->errors, n->line, "\"%.60s\" is no name: a-z, 0-9 and _", n->key.ptr);
	if (!is_kind(l, n, YAML_MAPPING))
		return;
	refuse_unknown_keys(l, n, known);
	if (!type || !example)
		yaml_error(&l->errors, n->line, "variable \"%.60s\" needs a type and an example",
		           n->key.ptr);
	v->type = read_type(l, type);
	v->max = read_max(l, yaml_get(n, "max"), v->type);
	if (about)
		v->about = read_shown(l, about, CATALOGUE_SAMPLE_SIZE_MAX, "");
	if (!example)
		return;
	v->example = read_text(l, example, CATALOGUE_SAMPLE_SIZE_MAX);
	why = v->example.len ? variable_refuse(v, v->example) : NULL;
	if (why)
		yaml_error(&l->errors, example->line, "the example of \"%.60s\" %s", n->key.ptr,
		           why);
}

static void read_variables(struct load *l, const struct yaml_node *n, struct template *t)
{
	size_t count = count_children(n), i = 0;
	struct template_variable *variables;

	if (!is_kind(l, n, YAML_MAPPING))
		return;
	if (count > CATALOGUE_VARIABLES_MAX) {
		yaml_error(&l->errors, n->line, "more than %d variables", CATALOGUE_VARIABLES_MAX);
		return;
	}
	variables = take(l, (count + 1) * sizeof(*variables));
	if (!variables)
		return;
	for (const struct yaml_node *child = n->first; child; child = child->next)
		read_variable(l, child, &variables[i++]);
	t->variables = variables;
	t->variable_count = count;
}

/* --- wordings ----------------------------------------------------------------------------------
 */

static void read_wording(struct load *l, const struct yaml_node *n, struct template *t,
                         enum medium medium, enum language language)
{
	struct wording_names names = {t->variables, t->variable_count, l->constants,
	                              l->constant_count, language};
	struct span text = read_shown(l, n, CATALOGUE_WORDING_SIZE_MAX, "\t\n\r");
	struct span culprit = SPAN_NONE;
	const char *why = NULL;
	int err;

	if (!text.len)
		return;
	err = wording_compile(&l->c->arena, text, &names, &t->wording[medium][language], &why,
	                      &culprit);
	if (err == -ENOMEM)
		l->err = err;
	else if (err < 0 && culprit.len)
		yaml_error(&l->errors, n->line, "{{%.*s}} %s", SPAN_FMT(culprit), why);
	else if (err < 0)
		yaml_error(&l->errors, n->line, "the %s wording %s", language_name(language), why);
}

static void read_wordings(struct load *l, const struct yaml_node *n, struct template *t)
{
	enum medium medium = medium_of(n->key); /* "text" is the general one */

	if (!check_languages(l, n, medium == MEDIUM_ANY))
		return;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		const struct yaml_node *text = child_of(n, (enum language)i);

		if (text)
			read_wording(l, text, t, medium, (enum language)i);
	}
}

/* --- one template ------------------------------------------------------------------------------
 */

static void read_samples_of(struct load *l, const struct yaml_node *n, struct template *t,
                            enum language language)
{
	size_t count = count_children(n), i = 0;
	struct span *samples;

	if (!is_kind(l, n, YAML_SEQUENCE))
		return;
	if (count > CATALOGUE_SAMPLES_MAX) {
		yaml_error(&l->errors, n->line, "more than %d samples", CATALOGUE_SAMPLES_MAX);
		return;
	}
	samples = take(l, (count + 1) * sizeof(*samples));
	if (!samples)
		return;
	for (const struct yaml_node *child = n->first; child; child = child->next)
		samples[i++] = read_text(l, child, CATALOGUE_SAMPLE_SIZE_MAX);
	t->samples[language] = samples;
	t->sample_count[language] = count;
}

static void read_samples(struct load *l, const struct yaml_node *n, struct template *t)
{
	if (!check_languages(l, n, !t->suggest_only))
		return;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		const struct yaml_node *samples = child_of(n, (enum language)i);

		if (!samples)
			continue;
		read_samples_of(l, samples, t, (enum language)i);
		if (t->sample_count[i] < CATALOGUE_SAMPLES_LEAST && !t->suggest_only)
			yaml_error(&l->errors, samples->line,
			           "fewer than %d %s samples; add some or say suggest_only: true",
			           CATALOGUE_SAMPLES_LEAST, language_name((enum language)i));
	}
}

static void read_id(struct load *l, const struct yaml_node *n, struct template *t)
{
	const char *why;

	t->id = read_text(l, n, CATALOGUE_ID_SIZE_MAX);
	why = t->id.len ? catalogue_id_refuse(t->id) : NULL;
	if (why)
		yaml_error(&l->errors, n->line, "\"%.64s\" is no id: %s", t->id.ptr, why);
}

static void read_shortcut(struct load *l, const struct yaml_node *n, struct template *t)
{
	t->shortcut = read_shown(l, n, 24, "");
	if (t->shortcut.len && !is_name(t->shortcut))
		yaml_error(&l->errors, n->line, "\"%.24s\" is no shortcut: a-z, 0-9 and _",
		           t->shortcut.ptr);
}

static void read_needs(struct load *l, const struct yaml_node *n, struct template *t)
{
	t->needs_verified = n->kind == YAML_SCALAR && span_is(n->text, "verified");
	if (!t->needs_verified)
		yaml_error(&l->errors, n->line, "\"needs\" knows only verified");
}

/* Samples and wordings look at the flags and the variables, so these come before them. */
static void read_first_keys(struct load *l, const struct yaml_node *n, struct template *t)
{
	for (; n; n = n->next) {
		if (span_is(n->key, "id"))
			read_id(l, n, t);
		else if (span_is(n->key, "title"))
			read_languages(l, n, 120, t->title);
		else if (span_is(n->key, "variables"))
			read_variables(l, n, t);
		else if (span_is(n->key, "one_sms"))
			t->one_sms = read_bool(l, n);
		else if (span_is(n->key, "suggest_only"))
			t->suggest_only = read_bool(l, n);
		else if (span_is(n->key, "marketing"))
			t->marketing = read_bool(l, n);
		else if (span_is(n->key, "needs"))
			read_needs(l, n, t);
		else if (span_is(n->key, "shortcut"))
			read_shortcut(l, n, t);
	}
}

static void read_later_keys(struct load *l, const struct yaml_node *n, struct template *t)
{
	for (; n; n = n->next) {
		if (span_is(n->key, "samples"))
			read_samples(l, n, t);
		else if (span_is(n->key, "text") || medium_of(n->key) != MEDIUM_ANY)
			read_wordings(l, n, t);
	}
}

static void check_keys(struct load *l, const struct yaml_node *n, enum template_kind kind)
{
	for (const struct yaml_node *child = n->first; child; child = child->next) {
		size_t k = 0;

		while (k < ARRAY_LEN(keys) && !span_is(child->key, keys[k].name))
			k++;
		if (k == ARRAY_LEN(keys) || !(keys[k].kinds & KIND(kind)))
			yaml_error(&l->errors, child->line, "\"%.60s\" is not known in %s",
			           child->key.ptr, sections[kind].key);
	}
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		if ((keys[k].required & KIND(kind)) && !yaml_get(n, keys[k].name))
			yaml_error(&l->errors, n->line, "there is no \"%s\"", keys[k].name);
}

static void read_template(struct load *l, const struct yaml_node *n, enum template_kind kind)
{
	struct template *t;

	if (!is_kind(l, n, YAML_MAPPING))
		return;
	check_keys(l, n, kind);
	t = take(l, sizeof(*t));
	if (!t)
		return;
	t->kind = kind;
	t->first_language = LANGUAGE_ZH;
	read_first_keys(l, n->first, t);
	read_later_keys(l, n->first, t);
	l->entries[l->entry_count++] = (struct entry){t, l->errors.file, n->line, n};
}

static void read_section(struct load *l, const struct yaml_node *n, enum template_kind kind)
{
	size_t count = l->entry_count + count_children(n);
	struct entry *grown;

	if (!is_kind(l, n, YAML_SEQUENCE))
		return;
	if (count > CATALOGUE_TEMPLATES_MAX) {
		yaml_error(&l->errors, n->line, "more than %d templates", CATALOGUE_TEMPLATES_MAX);
		return;
	}
	grown = realloc(l->entries, (count + 1) * sizeof(*grown));
	if (!grown) {
		l->err = -ENOMEM;
		return;
	}
	l->entries = grown;
	for (const struct yaml_node *child = n->first; child; child = child->next)
		read_template(l, child, kind);
}

void read_templates(struct load *l, const struct yaml_node *root)
{
	if (!is_kind(l, root, YAML_MAPPING))
		return;
	for (const struct yaml_node *n = root->first; n; n = n->next) {
		size_t s = 0;

		while (s < ARRAY_LEN(sections) && !span_is(n->key, sections[s].key))
			s++;
		if (s < ARRAY_LEN(sections))
			read_section(l, n, sections[s].kind);
		else if (!span_is(n->key, "settings"))
			yaml_error(&l->errors, n->line,
			           "\"%.60s\" is none of answers, notifications, confirmations, "
			           "canned, system, handovers, settings",
			           n->key.ptr);
	}
}
