/*
 * HTTP/1.1 server: listeners, routes, limits. A request is handed over whole (headers and body
 * within limits) and answered whole, in one write, at once or later. RFC 9110, 9112.
 */
#ifndef PH_HTTP_SERVER_H
#define PH_HTTP_SERVER_H

#include "http_method.h"
#include "stream.h"

struct http_server;
struct http_request;

struct http_limits {
	size_t head_max;      /* octets of request line and headers; 0: 16 KiB */
	size_t body_max;      /* octets of a body; 0: 1 MiB */
	uint64_t head_ms;     /* time for the head; 0: 10 s */
	uint64_t body_ms;     /* time for the body; 0: 30 s */
	uint64_t idle_ms;     /* keep-alive; 0: 75 s */
	unsigned connections; /* open at once; 0: 18000 */
	unsigned per_address; /* open at once from one address; 0: no limit */
};

/** name is a literal for metrics and the watchdog. HEAD is answered as GET without its body. */
int http_server_create(struct io_loop *loop, const char *name, const struct http_limits *limits,
                       struct http_server **out) MUST_CHECK;
/** Closes listeners and connections at once, and tells whoever waits for them before it returns. */
void http_server_destroy(struct http_server **server);
/** address: "127.0.0.1:7080", "[::1]:0", ":7080". port gets the real one; tls NULL: plain. */
int http_server_listen(struct http_server *server, const char *address, struct io_tls *tls,
                       uint16_t *port) MUST_CHECK;
/** Takes no new connections, answers what is open with Connection: close; done when none is left.
 */
void http_server_drain(struct http_server *server, done_fn *done, void *arg);

/**
 * Security headers are the route's business; X-Content-Type-Options: nosniff is always sent.
 * The owner must answer each request exactly once, in this call or later. A route's path has
 * parts that stand for anything, "/v1/messages/:id", and may end in "/" + "*" for a whole tree. The
 * most exact route wins. A known path with another method gets 405 with Allow.
 */
typedef void http_handler(void *arg, struct http_request *request);
int http_route(struct http_server *server, unsigned methods, const char *path, http_handler *fn,
               void *arg) MUST_CHECK;
/** A route of its own for larger or smaller bodies than the server's limit. */
int http_route_limited(struct http_server *server, unsigned methods, const char *path,
                       size_t body_max, http_handler *fn, void *arg) MUST_CHECK;

/* What a request says; spans are borrowed until it is answered. */
enum http_method http_method(const struct http_request *r);
struct span http_path(const struct http_request *r); /* as it came, without the query */
/** The i-th ":part" of the route, percent-decoded; for a tree, the rest of the path last. */
struct span http_part(const struct http_request *r, unsigned i);
/** A header by its lower-case name; several are joined with ", ". Empty where there is none. */
struct span http_header(const struct http_request *r, const char *name);
/** A query parameter, decoded. 0, -ENOENT, -EEXIST when it is repeated, -EBADMSG when badly
 * encoded. */
int http_query(const struct http_request *r, const char *name, struct span *out) MUST_CHECK;
/** The whole query as it came, without its question mark. */
struct span http_query_text(const struct http_request *r);
struct span http_body(const struct http_request *r);
/** The peer's address without port. */
const char *http_peer(const struct http_request *r);
/** A cookie's value, or empty. */
struct span http_cookie(const struct http_request *r, const char *name);

/** The peer went away: fn(arg) once; the request still wants its answer, which goes nowhere. */
void http_on_gone(struct http_request *r, void (*fn)(void *arg), void *arg);
/** The peer has ended its side. It may still read an answer; one that speaks no more after a single
 * request, as WeChat's platform, has hung up. */
bool http_peer_ended(const struct http_request *r);

struct http_header_out {
	const char *name, *value; /* no line ends: refused by assert */
};
/**
 * Answers; r is gone after it. type NULL: no body. sent, where given, is told when the answer has
 * left for the kernel (0) or never will (-EPIPE).
 */
void http_respond(struct http_request *r, int status, const char *type, struct span body);
void http_respond_with(struct http_request *r, int status, const char *type, struct span body,
                       const struct http_header_out *headers, size_t count, done_fn *sent,
                       void *arg);
/** application/problem+json (RFC 9457) with a stable code; field names what is to blame or is NULL.
 */
void http_problem(struct http_request *r, int status, const char *code, const char *detail,
                  const char *field);

/** The same with headers, as Retry-After. */
void http_problem_with(struct http_request *r, int status, const char *code, const char *detail,
                       const char *field, const struct http_header_out *headers, size_t count);

/**
 * Serves the files of a directory, read into memory now, under prefix ("/console/"), with ETag,
 * gzip where it helps, and the extra headers on each; "index.html" for the prefix itself.
 */
int http_static(struct http_server *server, const char *prefix, const char *directory,
                const struct http_header_out *headers, size_t count) MUST_CHECK;

#endif
