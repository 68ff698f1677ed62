/* Compiling "text {{name}} text" into pieces, once, when the catalogue is loaded. */
#include "catalogue_parts.h"

#define PIECES_MAX 64

struct compiler {
	struct arena *arena;
	const struct wording_names *names;
	struct piece pieces[PIECES_MAX];
	size_t count;
	struct buf literal; /* of the piece that is open */
	const char *why;
	struct span culprit;
};

static const struct template_variable *find_variable(const struct wording_names *n,
                                                     struct span name)
{
	for (size_t i = 0; i < n->variable_count; i++)
		if (span_eq(n->variables[i].name, name))
			return &n->variables[i];
	return NULL;
}

static const struct constant *find_constant(const struct wording_names *n, struct span name)
{
	for (size_t i = 0; i < n->constant_count; i++)
		if (span_eq(n->constants[i].name, name))
			return &n->constants[i];
	return NULL;
}

/* Closes the piece that is open: its literal and the variable behind it (NULL at the end). */
static int close_piece(struct compiler *c, const struct template_variable *v)
{
	struct piece *p;

	if (c->count == PIECES_MAX) {
		c->why = "too many variables in one wording";
		return -EINVAL;
	}
	p = &c->pieces[c->count++];
	p->variable = v;
	p->literal = arena_copy(c->arena, buf_span(&c->literal));
	buf_clear(&c->literal);
	return p->literal.ptr ? 0 : -ENOMEM;
}

static int put_name(struct compiler *c, struct span name)
{
	const struct template_variable *v = find_variable(c->names, name);
	const struct constant *constant = find_constant(c->names, name);

	if (v)
		return close_piece(c, v);
	if (constant) {
		buf_add(&c->literal, constant->value[c->names->language]);
		return 0;
	}
	c->why = "is neither a variable of this template nor a constant of the settings";
	c->culprit = name;
	return -EINVAL;
}

/* Where mark begins in text from at on, or text.len. */
static size_t find_mark(struct span text, size_t at, const char *mark)
{
	for (; at + 1 < text.len; at++)
		if (text.ptr[at] == mark[0] && text.ptr[at + 1] == mark[1])
			return at;
	return text.len;
}

static int put_literal(struct compiler *c, struct span literal)
{
	if (find_mark(literal, 0, "}}") < literal.len) {
		c->why = "has }} without {{";
		return -EINVAL;
	}
	buf_add(&c->literal, literal);
	return 0;
}

static int compile(struct compiler *c, struct span text)
{
	size_t at = 0;
	int err = 0;

	while (err == 0 && at < text.len) {
		size_t open = find_mark(text, at, "{{"), end;

		err = put_literal(c, (struct span){text.ptr + at, open - at});
		if (err < 0 || open == text.len)
			break;
		end = find_mark(text, open + 2, "}}");
		if (end == text.len) {
			c->why = "has {{ without }}";
			return -EINVAL;
		}
		err = put_name(c, span_trim((struct span){text.ptr + open + 2, end - open - 2}));
		at = end + 2;
	}
	if (err == 0)
		err = buf_check(&c->literal);
	return err < 0 ? err : close_piece(c, NULL);
}

static int keep(struct compiler *c, const struct wording **out)
{
	struct wording *w = arena_take(c->arena, sizeof(*w));
	struct piece *pieces = arena_take(c->arena, c->count * sizeof(*pieces));

	if (!w || !pieces)
		return -ENOMEM;
	memcpy(pieces, c->pieces, c->count * sizeof(*pieces));
	*w = (struct wording){pieces, c->count};
	*out = w;
	return 0;
}

int wording_compile(struct arena *a, struct span text, const struct wording_names *names,
                    const struct wording **out, const char **why, struct span *culprit)
{
	struct compiler c = {.arena = a, .names = names, .culprit = SPAN_NONE};
	int err;

	buf_init(&c.literal, (size_t)4 * CATALOGUE_WORDING_SIZE_MAX);
	err = compile(&c, text);
	buf_fini(&c.literal);
	if (err == 0)
		return keep(&c, out);
	*why = c.why ? c.why : "is too long";
	*culprit = c.culprit;
	return err == -EMSGSIZE ? -EINVAL : err;
}

bool wording_uses(const struct wording *w, const struct template_variable *v)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->pieces[i].variable == v)
			return true;
	return false;
}

static bool may_be_chinese(const struct template_variable *v, enum language language)
{
	return language == LANGUAGE_ZH && (v->type == VARIABLE_TEXT || v->type == VARIABLE_NAME);
}

int wording_longest(const struct wording *w, enum language language, struct buf *out)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct template_variable *v = w->pieces[i].variable;

		buf_add(out, w->pieces[i].literal);
		for (size_t n = 0; v && n < v->max; n++)
			buf_str(out, may_be_chinese(v, language) ? "国" : "0");
	}
	return buf_check(out);
}
