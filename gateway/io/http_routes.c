/* Routes: kept with the most exact first, so that the first one that fits is the one. */
#include "http_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* The next part of a path, without its slash; *rest begins with the slash after it. */
static struct span next_part(struct span path, struct span *rest)
{
	const char *slash;
	size_t len;

	if (path.len && path.ptr[0] == '/') {
		path.ptr++;
		path.len--;
	}
	slash = path.len ? memchr(path.ptr, '/', path.len) : NULL;
	len = slash ? (size_t)(slash - path.ptr) : path.len;
	*rest = (struct span){path.ptr + len, path.len - len};
	return (struct span){path.ptr, len};
}

static bool is_any(struct span part)
{
	return part.len > 1 && part.ptr[0] == ':';
}

static bool add_part(struct http_request *r, struct span encoded)
{
	char *text = http_scrap(r, encoded.len + 1);
	long len = text ? http_percent_decode(encoded, false, text) : -ENOMEM;

	if (len < 0 || r->part_count == HTTP_PARTS_MAX)
		return false;
	r->parts[r->part_count++] = (struct span){text, (size_t)len};
	return true;
}

/* Does route fit path? Its parts are noted on the way when note. */
static bool fits(const struct http_route *route, struct span path, struct http_request *note)
{
	struct span pattern = span_of(route->path), want, have;

	while (pattern.len && path.len) {
		if (route->tree && pattern.len == 1)
			return !note || add_part(note, (struct span){path.ptr + 1, path.len - 1});
		want = next_part(pattern, &pattern);
		have = next_part(path, &path);
		if (!is_any(want) && !span_eq(want, have))
			return false;
		if (is_any(want) && (!have.len || (note && !add_part(note, have))))
			return false;
	}
	return !pattern.len && !path.len;
}

static bool same_path(const struct http_route *a, const struct http_route *b)
{
	return a->tree == b->tree && strcmp(a->path, b->path) == 0;
}

void http_route_find(struct http_request *r)
{
	const struct http_route *first = r->server->routes, *route;

	r->body_max = r->server->limits.body_max;
	while (first && !fits(first, r->head.path, NULL))
		first = first->next;
	r->refuse = first ? 405 : 404;
	r->allowed = 0;
	for (route = first; route; route = route->next) {
		if (!same_path(route, first))
			continue;
		r->allowed |= route->methods;
		if (!(route->methods & r->head.method))
			continue;
		if (!fits(route, r->head.path, r)) {
			r->refuse = 404; /* a part that cannot be decoded */
			return;
		}
		r->route = route;
		r->refuse = 0;
		if (route->body_max)
			r->body_max = route->body_max;
		return;
	}
}

/* Negative: a is the more exact one. The first part that differs in kind decides. */
static int compare(const struct http_route *a, const struct http_route *b)
{
	struct span pa = span_of(a->path), pb = span_of(b->path);

	while (pa.len && pb.len) {
		bool tree_a = a->tree && pa.len == 1, tree_b = b->tree && pb.len == 1;
		bool any_a, any_b;

		if (tree_a != tree_b)
			return tree_a ? 1 : -1;
		any_a = is_any(next_part(pa, &pa));
		any_b = is_any(next_part(pb, &pb));
		if (any_a != any_b)
			return any_a ? 1 : -1;
	}
	return 0;
}

static struct http_route *route_new(const char *path, const struct http_route *like)
{
	size_t len = strlen(path);
	struct http_route *route = calloc(1, sizeof(*route) + len + 1);

	if (!route)
		return NULL;
	*route = *like;
	route->next = NULL;
	route->tree = len >= 2 && strcmp(path + len - 2, "/*") == 0;
	if (route->tree)
		len--;
	memcpy(route->path, path, len);
	route->path[len] = '\0'; /* path may begin in the padding that was copied from like */
	return route;
}

int http_route_add(struct http_server *server, const char *path, const struct http_route *like)
{
	struct http_route *route, **at = &server->routes;

	if (path[0] != '/')
		return -EINVAL;
	route = route_new(path, like);
	if (!route)
		return -ENOMEM;
	for (; *at && compare(*at, route) <= 0; at = &(*at)->next)
		if (same_path(*at, route) && ((*at)->methods & route->methods)) {
			free(route);
			return -EEXIST;
		}
	route->next = *at;
	*at = route;
	return 0;
}

int http_route_limited(struct http_server *server, unsigned methods, const char *path,
                       size_t body_max, http_handler *fn, void *arg)
{
	const struct http_route route = {
		.methods = methods, .body_max = body_max, .fn = fn, .arg = arg};

	return http_route_add(server, path, &route);
}

int http_route(struct http_server *server, unsigned methods, const char *path, http_handler *fn,
               void *arg)
{
	return http_route_limited(server, methods, path, 0, fn, arg);
}

void http_methods_text(unsigned methods, char *out, size_t size)
{
	static const struct {
		unsigned method;
		const char *text;
	} names[] = {
		{HTTP_M_GET,     "GET, HEAD"},
                {HTTP_M_POST,    "POST"     },
                {HTTP_M_PUT,     "PUT"      },
		{HTTP_M_DELETE,  "DELETE"   },
                {HTTP_M_OPTIONS, "OPTIONS"  },
                {HTTP_M_PATCH,   "PATCH"    },
	};
	int len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names) && (size_t)len < size; i++)
		if (methods & names[i].method)
			len += snprintf(out + len, size - (size_t)len, "%s%s", len ? ", " : "",
			                names[i].text);
}
