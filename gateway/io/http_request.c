/* What a request says: headers, parts of its path, its query, cookies; made when asked for. */
#include "http_internal.h"

#include <stdlib.h>

char *http_scrap(const struct http_request *r, size_t len)
{
	struct http_scrap *scrap = malloc(sizeof(*scrap) + len);

	if (!scrap)
		return NULL;
	scrap->next = r->scraps->first;
	scrap->len = len;
	r->scraps->first = scrap;
	return scrap->text;
}

static void free_scraps(struct http_scraps *scraps)
{
	struct http_scrap *scrap;

	while ((scrap = scraps->first)) {
		scraps->first = scrap->next;
		explicit_bzero(scrap->text, scrap->len);
		free(scrap);
	}
}

static struct http_request *request_take(struct http_server *server)
{
	struct http_request *r;

	if (server->spares)
		return server->spare[--server->spares];
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->server = server;
	r->scraps = &r->own_scraps;
	buf_init(&r->text, SIZE_MAX);
	buf_init(&r->body, SIZE_MAX);
	return r;
}

struct http_request *http_request_new(struct http_connection *c)
{
	struct http_request *r = request_take(c->server);

	if (!r)
		return NULL;
	r->connection = c;
	r->head.field_count = 0;
	r->head.is_head = r->head.is_1_0 = r->head.keep_alive = false;
	r->head.path = r->head.query = SPAN_NONE;
	r->chunks = (struct http_chunks){0};
	r->route = NULL;
	r->part_count = 0;
	r->body_max = r->left = 0;
	r->began_us = 0;
	r->refuse = 0;
	r->close = false;
	r->gone = NULL;
	c->server->live++;
	return r;
}

/* The memory goes to whoever borrows it next. */
static void wipe(struct buf *b)
{
	if (b->len)
		explicit_bzero(b->data, b->len);
}

/* Keys and passwords are in heads and bodies: nothing of a request outlives it. */
void http_request_free(struct http_request *r)
{
	struct http_server *server = r->server;

	free_scraps(r->scraps);
	wipe(&r->text);
	wipe(&r->body);
	io_buffer_return(server->loop, &r->text);
	io_buffer_return(server->loop, &r->body);
	if (server->spares < HTTP_REQUESTS_KEPT)
		server->spare[server->spares++] = r;
	else
		free(r);
	http_server_release(server);
}

enum http_method http_method(const struct http_request *r)
{
	return r->head.method;
}

struct span http_path(const struct http_request *r)
{
	return r->head.path;
}

struct span http_part(const struct http_request *r, unsigned i)
{
	return i < r->part_count ? r->parts[i] : SPAN_NONE;
}

struct span http_body(const struct http_request *r)
{
	return buf_span(&r->body);
}

/* The fields of a name after the i-th; field_count: there is none. */
static size_t next_field(const struct http_request *r, const char *name, size_t i)
{
	struct span wanted = span_of(name);

	while (i < r->head.field_count && !span_eq(http_field_name(&r->head, i), wanted))
		i++;
	return i;
}

static struct span join_fields(const struct http_request *r, const char *name, size_t len)
{
	char *text = http_scrap(r, len), *at = text;

	if (!text)
		return SPAN_NONE;
	for (size_t i = next_field(r, name, 0); i < r->head.field_count;
	     i = next_field(r, name, i + 1)) {
		struct span value = http_field_value(&r->head, i);

		if (at != text) {
			*at++ = ',';
			*at++ = ' ';
		}
		memcpy(at, value.ptr, value.len);
		at += value.len;
	}
	return (struct span){text, (size_t)(at - text)};
}

struct span http_header(const struct http_request *r, const char *name)
{
	size_t first = next_field(r, name, 0), len = 0;

	if (first == r->head.field_count)
		return SPAN_NONE;
	if (next_field(r, name, first + 1) == r->head.field_count)
		return http_field_value(&r->head, first);
	for (size_t i = first; i < r->head.field_count; i = next_field(r, name, i + 1))
		len += r->head.fields[i].value_len + 2;
	return join_fields(r, name, len);
}

/* True when encoded says name; false also when it is badly encoded, *err says that. */
static bool is_name(const struct http_request *r, struct span encoded, const char *name, int *err)
{
	char *text = http_scrap(r, encoded.len + 1);
	long len = text ? http_percent_decode(encoded, true, text) : -ENOMEM;

	if (len < 0)
		*err = (int)len;
	return len >= 0 && span_is((struct span){text, (size_t)len}, name);
}

static int decode_value(const struct http_request *r, struct span encoded, struct span *out)
{
	char *text = http_scrap(r, encoded.len + 1);
	long len = text ? http_percent_decode(encoded, true, text) : -ENOMEM;

	if (len < 0)
		return (int)len;
	*out = (struct span){text, (size_t)len};
	return 0;
}

int http_query(const struct http_request *r, const char *name, struct span *out)
{
	struct span rest = r->head.query, found = SPAN_NONE;
	int err = 0;

	while (rest.len && !err) {
		struct span value, pair = span_split(rest, '&', &rest);
		struct span key = span_split(pair, '=', &value);

		if (!is_name(r, key, name, &err))
			continue;
		if (found.ptr)
			return -EEXIST;
		found = value.ptr ? value : SPAN_LIT("");
	}
	if (err)
		return err;
	return found.ptr ? decode_value(r, found, out) : -ENOENT;
}

struct span http_query_text(const struct http_request *r)
{
	return r->head.query;
}

struct span http_cookie(const struct http_request *r, const char *name)
{
	for (size_t i = next_field(r, "cookie", 0); i < r->head.field_count;
	     i = next_field(r, "cookie", i + 1)) {
		struct span rest = http_field_value(&r->head, i);

		while (rest.len) {
			struct span value, pair = span_trim(span_split(rest, ';', &rest));

			if (span_is(span_split(pair, '=', &value), name))
				return value;
		}
	}
	return SPAN_NONE;
}

const char *http_peer(const struct http_request *r)
{
	struct span peer = span_of(r->connection ? io_stream_peer(r->connection->stream) : "gone");
	const char *colon = peer.ptr ? strrchr(peer.ptr, ':') : NULL;
	char *text = http_scrap(r, peer.len + 1);

	if (!text)
		return "unknown";
	if (colon)
		peer.len = (size_t)(colon - peer.ptr);
	if (peer.len > 2 && peer.ptr[0] == '[')
		peer = (struct span){peer.ptr + 1, peer.len - 2};
	memcpy(text, peer.ptr, peer.len);
	text[peer.len] = '\0';
	return text;
}

void http_on_gone(struct http_request *r, void (*fn)(void *arg), void *arg)
{
	r->gone = fn;
	r->gone_arg = arg;
}

bool http_peer_ended(const struct http_request *r)
{
	return !r->connection || r->connection->ended;
}
