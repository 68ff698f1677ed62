/*
 * Reads a push in XML by libxml2's SAX interface: no tree is built, so nothing that a document
 * says can grow. A document type is refused when it begins, so there are no entities to expand but
 * the five of XML; the network is off; what the document says of its encoding is ignored, since
 * the platform sends UTF-8 and only that was checked. Source: XML 1.0; docs/protocols/wechat.md.
 */
#include "wechat_push.h"

#include <libxml/parser.h>
#include <stdio.h>

struct reader {
	struct wechat_push *push;
	xmlParserCtxtPtr parser;
	struct wechat_item *item; /* the list item that we are in */
	unsigned item_depth;      /* where it began; 0: in none */
	unsigned depth;
	bool closed;                         /* the root's end was seen */
	char path[WECHAT_PUSH_PATH];         /* of the open elements, below the root */
	size_t marks[WECHAT_PUSH_DEPTH + 1]; /* its length at each depth */
	struct span *place;                  /* of the innermost open element */
	unsigned place_depth;
	char *next; /* where the next text goes in the push's storage */
	int err;
};

static void stop(struct reader *r, int err)
{
	if (!r->err)
		r->err = err;
	xmlStopParser(r->parser);
}

/* Lists: <item> of an album, <List> of consents. */
static bool begins_item(const struct reader *r, const char *name)
{
	return !r->item_depth && r->depth > 1 &&
	       (strcmp(name, "item") == 0 || strcmp(name, "List") == 0);
}

/* False where the path gets longer than that of any field. */
static bool push_name(struct reader *r, const char *name)
{
	size_t len = r->marks[r->depth - 1];
	int more = snprintf(r->path + len, sizeof(r->path) - len, "%s%s", len ? "/" : "", name);
	bool fits = more >= 0 && (size_t)more < sizeof(r->path) - len;

	if (!fits)
		r->path[len] = '\0';
	r->marks[r->depth] = strlen(r->path);
	return fits;
}

static void enter(struct reader *r, const char *name)
{
	const char *path = r->path;

	if (!push_name(r, name))
		return;
	if (begins_item(r, name)) {
		r->item_depth = r->depth;
		r->item = wechat_push_item(r->push);
		return;
	}
	if (r->item_depth && !r->item)
		return;
	if (r->item) /* fields of an item are known by what stands below it */
		path += r->marks[r->item_depth] + 1;
	r->place = wechat_push_place(r->push, r->item, path);
	r->place_depth = r->depth;
	if (r->place)
		*r->place = (struct span){r->next, 0};
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces_count, const xmlChar **namespaces, int attributes_count,
                     int defaulted, const xmlChar **attributes)
{
	struct reader *r = arg;

	(void)uri, (void)namespaces_count, (void)namespaces, (void)attributes_count;
	(void)defaulted, (void)attributes;
	if (r->err)
		return;
	r->place = NULL; /* a known element with elements inside has no text of its own */
	if (r->depth == WECHAT_PUSH_DEPTH) {
		stop(r, -EMSGSIZE);
		return;
	}
	r->depth++;
	/* A colon is in no name of ours: what stands in another namespace is not ours. */
	if (r->depth > 1)
		enter(r, prefix ? ":" : (const char *)name);
	else if (strcmp((const char *)name, "xml") != 0)
		stop(r, -EBADMSG);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = arg;

	(void)name, (void)prefix, (void)uri;
	if (r->err)
		return;
	r->place = NULL;
	if (r->depth == r->item_depth) {
		r->item_depth = 0;
		r->item = NULL;
	}
	r->depth--;
	r->path[r->marks[r->depth]] = '\0';
	r->closed = !r->depth;
}

/* Text and CDATA sections alike, in as many pieces as the parser likes: joined. */
static void on_text(void *arg, const xmlChar *text, int len)
{
	struct reader *r = arg;

	if (r->err || !r->place || r->place_depth != r->depth)
		return;
	memcpy(r->next, text, (size_t)len);
	r->next += len;
	r->place->len += (size_t)len;
}

static void on_document_type(void *arg, const xmlChar *name, const xmlChar *external,
                             const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	stop(arg, -EPERM);
}

/* Without these two libxml2 looks into a document that was never built. */
static xmlEntityPtr on_entity(void *arg, const xmlChar *name)
{
	(void)arg;
	return xmlGetPredefinedEntity(name);
}

static void on_reference(void *arg, const xmlChar *name)
{
	(void)name;
	stop(arg, -EBADMSG);
}

static void set_handlers(xmlSAXHandler *sax)
{
	*sax = (xmlSAXHandler){
		.initialized = XML_SAX2_MAGIC,
		.internalSubset = on_document_type,
		.externalSubset = on_document_type,
		.getEntity = on_entity,
		.reference = on_reference,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text,
	};
}

int wechat_push_xml(struct span text, struct wechat_push *push)
{
	struct reader r = {.push = push, .next = push->storage};
	const int options =
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC;
	int wrong;

	r.parser = xmlNewParserCtxt();
	if (!r.parser)
		return -ENOMEM;
	set_handlers(r.parser->sax);
	r.parser->userData = &r;
	xmlFreeDoc(xmlCtxtReadMemory(r.parser, text.ptr, (int)text.len, NULL, "UTF-8", options));
	wrong = r.parser->errNo;
	if (!r.err && (!r.parser->wellFormed || !r.closed))
		r.err = wrong == XML_ERR_NO_MEMORY ? -ENOMEM : -EBADMSG;
	xmlFreeParserCtxt(r.parser);
	return r.err;
}
