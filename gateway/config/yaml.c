/*
 * Reads YAML by libyaml's events into a tree. What makes YAML surprising (aliases, tags, several
 * documents, keys that are not text) is refused; every such place is told, and only a syntax
 * error, after which libyaml cannot go on, ends the reading.
 */
#include "yaml.h"

#include "file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum { TEXT_MAX = 4 << 20, DEPTH_MAX = 16, ERROR_MAX = 512 };

/* Everything of a document is in blocks of one chain, so that it is freed and wiped in one go. */
struct block {
	struct block *next;
	size_t size;
	max_align_t octets[];
};

struct yaml_doc {
	struct block *blocks;
	struct yaml_node *root;
};

/* An open sequence or mapping. */
struct level {
	struct yaml_node *node, *last;
	struct span key; /* the key whose value comes next */
	bool has_key;
};

struct reader {
	struct yaml_doc *doc;
	struct yaml_errors *errors;
	struct level levels[DEPTH_MAX];
	unsigned depth, documents;
	int err; /* -EINVAL, -ENOMEM: cannot go on */
};

void yaml_error(struct yaml_errors *errors, unsigned line, const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	errors->count++;
	if (errors->told)
		errors->told(errors->arg, errors->file, line, text);
}

static void *take(struct reader *r, size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (!b) {
		r->err = -ENOMEM;
		return NULL;
	}
	b->size = size;
	b->next = r->doc->blocks;
	r->doc->blocks = b;
	return b->octets;
}

static struct span copy_text(struct reader *r, const yaml_char_t *text, size_t len)
{
	char *copy = take(r, len + 1);

	if (!copy)
		return SPAN_NONE;
	memcpy(copy, text, len);
	return (struct span){copy, len};
}

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

/* Hangs a node under the level that is open, or makes it the root. */
static struct yaml_node *add_node(struct reader *r, const yaml_event_t *event, enum yaml_kind kind)
{
	struct level *up = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct yaml_node *node = take(r, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->line = line_of(event);
	if (!up) {
		r->doc->root = node;
		return node;
	}
	node->key = up->key;
	up->has_key = false;
	if (up->last)
		up->last->next = node;
	else
		up->node->first = node;
	up->last = node;
	return node;
}

static bool wants_key(const struct reader *r)
{
	const struct level *up = r->depth ? &r->levels[r->depth - 1] : NULL;

	return up && up->node->kind == YAML_MAPPING && !up->has_key;
}

static void refuse_extras(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
	if (anchor)
		yaml_error(r->errors, line_of(event), "anchors (&) are not allowed");
	if (tag)
		yaml_error(r->errors, line_of(event), "tags (!) are not allowed");
}

static void on_scalar(struct reader *r, const yaml_event_t *event)
{
	const yaml_char_t *text = event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct yaml_node *node;

	refuse_extras(r, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (memchr(text, 0, len))
		yaml_error(r->errors, line_of(event), "a NUL is not allowed in a text");
	if (wants_key(r)) {
		r->levels[r->depth - 1].key = copy_text(r, text, len);
		r->levels[r->depth - 1].has_key = true;
		return;
	}
	node = add_node(r, event, YAML_SCALAR);
	if (!node)
		return;
	node->text = copy_text(r, text, len);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static void on_open(struct reader *r, const yaml_event_t *event, enum yaml_kind kind)
{
	struct yaml_node *node;

	if (wants_key(r)) {
		yaml_error(r->errors, line_of(event), "a key must be a text");
		r->err = -EINVAL;
		return;
	}
	if (r->depth == DEPTH_MAX) {
		yaml_error(r->errors, line_of(event), "nested deeper than %d levels", DEPTH_MAX);
		r->err = -EINVAL;
		return;
	}
	node = add_node(r, event, kind);
	if (node)
		r->levels[r->depth++] = (struct level){.node = node};
}

static int by_key_then_line(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	size_t shorter = (*x)->key.len < (*y)->key.len ? (*x)->key.len : (*y)->key.len;
	int order = memcmp((*x)->key.ptr, (*y)->key.ptr, shorter);

	if (order)
		return order;
	if ((*x)->key.len != (*y)->key.len)
		return (*x)->key.len < (*y)->key.len ? -1 : 1;
	return ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

/* Sorted, so that a hostile mapping of a million keys costs no square. */
static void refuse_duplicates(struct reader *r, const struct yaml_node *mapping)
{
	const struct yaml_node **sorted;
	size_t count = 0, i = 0;

	assert(mapping);
	for (const struct yaml_node *n = mapping->first; n; n = n->next)
		count++;
	sorted = calloc(count + 1, sizeof(const struct yaml_node *));
	if (!sorted) {
		r->err = -ENOMEM;
		return;
	}
	for (const struct yaml_node *n = mapping->first; n; n = n->next)
		sorted[i++] = n;
	qsort(sorted, count, sizeof(const struct yaml_node *), by_key_then_line);
	for (i = 1; i < count; i++)
		if (span_eq(sorted[i]->key, sorted[i - 1]->key))
			yaml_error(r->errors, sorted[i]->line,
			           "\"%.60s\" was already given in line %u", sorted[i]->key.ptr,
			           sorted[i - 1]->line);
	free(sorted);
}

static void on_mapping_end(struct reader *r)
{
	refuse_duplicates(r, r->levels[--r->depth].node);
}

static void on_document(struct reader *r, const yaml_event_t *event)
{
	if (++r->documents == 1)
		return;
	yaml_error(r->errors, line_of(event), "a second document begins here; only one is read");
	r->err = -EINVAL;
}

static void on_alias(struct reader *r, const yaml_event_t *event)
{
	yaml_error(r->errors, line_of(event), "aliases (*) are not allowed");
	r->err = -EINVAL;
}

static void on_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_document(r, event);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, event);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(r, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse_extras(r, event, event->data.sequence_start.anchor,
		              event->data.sequence_start.tag);
		on_open(r, event, YAML_SEQUENCE);
		break;
	case YAML_MAPPING_START_EVENT:
		refuse_extras(r, event, event->data.mapping_start.anchor,
		              event->data.mapping_start.tag);
		on_open(r, event, YAML_MAPPING);
		break;
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		break;
	case YAML_MAPPING_END_EVENT:
		on_mapping_end(r);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* libyaml tells where it was (mark) only for syntax; for octets it tells an offset. */
static void tell_syntax(struct reader *r, const yaml_parser_t *parser, struct span text)
{
	unsigned line = (unsigned)parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR) {
		r->err = -ENOMEM;
		return;
	}
	r->err = -EINVAL;
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset && i < text.len; i++)
			line += text.ptr[i] == '\n';
	}
	yaml_error(r->errors, line, "%s%s%s", parser->context ? parser->context : "",
	           parser->context ? ": " : "",
	           parser->problem ? parser->problem : "cannot be read");
}

static void read_events(struct reader *r, struct span text)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;

	if (!yaml_parser_initialize(&parser)) {
		r->err = -ENOMEM;
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
	                             text.len);
	while (!end && !r->err) {
		if (!yaml_parser_parse(&parser, &event)) {
			tell_syntax(r, &parser, text);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		on_event(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

int yaml_parse(struct span text, struct yaml_errors *errors, struct yaml_doc **out)
{
	struct reader r = {.errors = errors};
	unsigned before = errors->count;

	if (text.len > TEXT_MAX) {
		yaml_error(errors, 0, "larger than %d octets", TEXT_MAX);
		return -EINVAL;
	}
	r.doc = calloc(1, sizeof(*r.doc));
	if (!r.doc)
		return -ENOMEM;
	read_events(&r, text);
	if (!r.err && !r.doc->root)
		yaml_error(errors, 0, "there is nothing in it");
	if (!r.err && errors->count != before)
		r.err = -EINVAL;
	if (r.err)
		yaml_doc_free(&r.doc);
	else
		*out = r.doc;
	return r.err;
}

int yaml_load(const char *path, struct yaml_errors *errors, struct yaml_doc **out)
{
	struct span text = SPAN_NONE;
	char *octets = NULL;
	int err = file_read(path, TEXT_MAX, &octets, &text.len);

	if (err) {
		yaml_error(errors, 0, "cannot be read: %s", strerror(-err));
		return err;
	}
	assert(octets);
	text.ptr = octets;
	err = yaml_parse(text, errors, out);
	explicit_bzero(octets, text.len);
	free(octets);
	return err;
}

void yaml_doc_free(struct yaml_doc **doc)
{
	struct block *next;

	if (!*doc)
		return;
	for (struct block *b = (*doc)->blocks; b; b = next) {
		next = b->next;
		explicit_bzero(b->octets, b->size);
		free(b);
	}
	free(*doc);
	*doc = NULL;
}

const struct yaml_node *yaml_root(const struct yaml_doc *doc)
{
	return doc->root;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *n = mapping->kind == YAML_MAPPING ? mapping->first : NULL;

	while (n && !span_is(n->key, key))
		n = n->next;
	return n;
}
