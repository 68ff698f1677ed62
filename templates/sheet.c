/* Writing YAML in one way only, so that equal content has equal octets; and finding a line's field.
 */
#include "sheet.h"

#include "utf8.h"
#include "yaml.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 16, INDENT = 2, NUMBER_DIGITS = 15 };

/* --- writing ---------------------------------------------------------------------------------- */

/* Words that YAML takes for something else than a text. */
static bool is_special(struct span s)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no",
	                                    "on",   "off",   "y",    "n"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(s, words[i]))
			return true;
	return false;
}

/* An id, a key, a type: read as a text by everybody without quotes. */
static bool is_word(struct span s)
{
	if (!s.len || s.len > 64 || s.ptr[0] < 'a' || s.ptr[0] > 'z' || is_special(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_.", s.ptr[i]) || !s.ptr[i])
			return false;
	return true;
}

static bool is_number(struct span s)
{
	if (!s.len || s.len > NUMBER_DIGITS || (s.len > 1 && s.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return true;
}

/* What YAML would not read back as it is: controls, and what it takes for a line's end. */
static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
	       c == 0xFFFE || c == 0xFFFF;
}

static void write_quoted(struct buf *b, struct span s)
{
	uint32_t c;

	buf_str(b, "\"");
	while (s.len && utf8_next(&s, &c) == 0) {
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", (char)c);
		else if (c == '\n')
			buf_str(b, "\\n");
		else if (must_escape(c))
			buf_printf(b, "\\u%04X", c);
		else
			utf8_put(b, c);
	}
	buf_str(b, "\"");
}

static void write_scalar(struct buf *b, const struct yaml_node *n)
{
	bool bare = n->plain &&
	            (span_is(n->text, "true") || span_is(n->text, "false") || is_number(n->text));

	if (bare || is_word(n->text))
		buf_add(b, n->text);
	else
		write_quoted(b, n->text);
}

static void write_key(struct buf *b, struct span key)
{
	if (is_word(key))
		buf_add(b, key);
	else
		write_quoted(b, key);
	buf_str(b, ":");
}

static void write_children(struct buf *b, const struct yaml_node *n, unsigned depth,
                           bool inline_first);

/* What stands behind "key:" or "-": on the same line, or indented below. */
static void write_value(struct buf *b, const struct yaml_node *n, unsigned depth)
{
	if (n->kind == YAML_SCALAR) {
		buf_str(b, " ");
		write_scalar(b, n);
		buf_str(b, "\n");
	} else if (!n->first || depth > DEPTH_MAX) {
		buf_str(b, n->kind == YAML_MAPPING ? " {}\n" : " []\n");
	} else {
		buf_str(b, "\n");
		write_children(b, n, depth, false);
	}
}

static void write_indent(struct buf *b, unsigned depth)
{
	for (unsigned i = 0; i < depth * INDENT; i++)
		buf_str(b, " ");
}

static void write_item(struct buf *b, const struct yaml_node *n, unsigned depth)
{
	buf_str(b, "-");
	if (n->kind == YAML_MAPPING && n->first) {
		buf_str(b, " ");
		write_children(b, n, depth + 1, true);
	} else {
		write_value(b, n, depth + 1);
	}
}

static void write_children(struct buf *b, const struct yaml_node *n, unsigned depth,
                           bool inline_first)
{
	for (const struct yaml_node *child = n->first; child; child = child->next) {
		if (!inline_first || child != n->first)
			write_indent(b, depth);
		if (n->kind == YAML_SEQUENCE) {
			write_item(b, child, depth);
		} else {
			write_key(b, child->key);
			write_value(b, child, depth + 1);
		}
	}
}

/* --- taking apart ----------------------------------------------------------------------------- */

struct splitter {
	struct buf text;
	sheet_fn *fn;
	void *arg;
};

static int give(struct splitter *s, struct span name, unsigned line)
{
	int err = buf_check(&s->text);
	struct sheet sheet = {.name = name, .text = buf_span(&s->text), .line = line};

	return err ? err : s->fn(s->arg, &sheet);
}

static int split_section(struct splitter *s, const struct yaml_node *section)
{
	int err = 0;

	for (const struct yaml_node *n = section->first; n && !err; n = n->next) {
		const struct yaml_node *id = yaml_get(n, "id");

		buf_clear(&s->text);
		write_key(&s->text, section->key);
		buf_str(&s->text, "\n");
		write_indent(&s->text, 1);
		write_item(&s->text, n, 1);
		err = give(s, id && id->kind == YAML_SCALAR ? id->text : SPAN_NONE, n->line);
	}
	return err;
}

static int split_node(struct splitter *s, const struct yaml_node *n)
{
	if (n->kind == YAML_SEQUENCE)
		return split_section(s, n);
	buf_clear(&s->text);
	write_key(&s->text, n->key);
	write_value(&s->text, n, 1);
	return give(s, span_is(n->key, SHEET_SETTINGS) ? n->key : SPAN_NONE, n->line);
}

int sheet_split(const struct catalogue_file *file, catalogue_told_fn *told, void *told_arg,
                sheet_fn *fn, void *arg)
{
	struct yaml_errors errors = {.told = told, .arg = told_arg, .file = file->name};
	struct splitter s = {.fn = fn, .arg = arg};
	const struct yaml_node *root;
	struct yaml_doc *doc = NULL;
	int err = yaml_parse(file->text, &errors, &doc);

	if (err)
		return err;
	buf_init(&s.text, SHEET_TEXT_MAX);
	root = yaml_root(doc);
	if (!root || root->kind != YAML_MAPPING) {
		yaml_error(&errors, root ? root->line : 0, "must be a mapping");
		err = -EINVAL;
	}
	for (const struct yaml_node *n = err ? NULL : root->first; n && !err; n = n->next)
		err = split_node(&s, n);
	buf_fini(&s.text);
	yaml_doc_free(&doc);
	return err;
}

/* --- putting together ------------------------------------------------------------------------- */

struct span sheet_section(struct span text)
{
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;

	return colon ? (struct span){text.ptr, (size_t)(colon - text.ptr)} : SPAN_NONE;
}

static struct span after_header(struct span text)
{
	struct span rest;

	span_split(text, '\n', &rest);
	return rest;
}

static bool came_before(const struct span *texts, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (span_eq(sheet_section(texts[i]), sheet_section(texts[at])))
			return true;
	return false;
}

static void join_section(const struct span *texts, size_t first, size_t count, struct buf *out)
{
	struct span section = sheet_section(texts[first]);

	if (out->len)
		buf_str(out, "\n");
	buf_add(out, texts[first]);
	for (size_t i = first + 1; i < count; i++)
		if (span_eq(sheet_section(texts[i]), section)) {
			buf_str(out, "\n");
			buf_add(out, after_header(texts[i]));
		}
}

void sheet_join(const struct span *texts, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		if (!came_before(texts, i))
			join_section(texts, i, count, out);
}

/* --- a line's field --------------------------------------------------------------------------- */

/* The last child that begins at or before the line; NULL: none. */
static const struct yaml_node *child_at(const struct yaml_node *n, unsigned line, size_t *index)
{
	const struct yaml_node *found = NULL;
	size_t i = 0;

	for (const struct yaml_node *child = n->first; child; child = child->next, i++)
		if (child->line <= line) {
			found = child;
			*index = i;
		}
	return found;
}

static void path_add(char *out, const struct yaml_node *in, const struct yaml_node *child, size_t i)
{
	size_t len = strlen(out), room = SHEET_FIELD_SIZE - len;

	if (in->kind == YAML_SEQUENCE)
		snprintf(out + len, room, "[%zu]", i);
	else
		snprintf(out + len, room, "%s%.*s", len ? "." : "", SPAN_FMT(child->key));
}

/* The template itself, or the settings. */
static const struct yaml_node *subject_of(const struct yaml_node *root)
{
	const struct yaml_node *n = root && root->kind == YAML_MAPPING ? root->first : NULL;

	return n && n->kind == YAML_SEQUENCE ? n->first : n;
}

static struct span quoted_word(const char *fault)
{
	const char *end = fault[0] == '"' ? strchr(fault + 1, '"') : NULL;

	return end ? (struct span){fault + 1, (size_t)(end - fault - 1)} : SPAN_NONE;
}

void sheet_field(struct span text, unsigned line, const char *fault, char out[SHEET_FIELD_SIZE])
{
	struct yaml_errors errors = {0};
	struct span word = quoted_word(fault);
	const struct yaml_node *n, *child;
	struct yaml_doc *doc = NULL;
	size_t i = 0;

	out[0] = '\0';
	if (yaml_parse(text, &errors, &doc))
		return;
	n = subject_of(yaml_root(doc));
	if (n && n->kind == YAML_MAPPING && word.len && word.len < SHEET_FIELD_SIZE) {
		snprintf(out, SHEET_FIELD_SIZE, "%.*s", SPAN_FMT(word));
		if (yaml_get(n, out))
			n = NULL;
		else
			out[0] = '\0';
	}
	for (; n && line && n->kind != YAML_SCALAR; n = child) {
		child = child_at(n, line, &i);
		if (!child)
			break;
		path_add(out, n, child, i);
	}
	yaml_doc_free(&doc);
}
