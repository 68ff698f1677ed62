/* The inside of the HTTP server, shared by its files: connections, requests, routes. */
#ifndef PH_HTTP_INTERNAL_H
#define PH_HTTP_INTERNAL_H

#include "hash.h"
#include "http_parse.h"
#include "http_server.h"
#include "stream_internal.h"
#include "wheel.h"

enum { HTTP_PARTS_MAX = 8, HTTP_REQUESTS_KEPT = 64, HTTP_STATUS_END = 600 };

/* Whoever holds a connection of the server: an http_connection, or after an upgrade a websocket. */
struct http_member {
	struct http_member *next, **at;
	struct http_address *address; /* NULL: no limit an address */
	/** Ends it now; at the latest when its stream is closed it leaves the server. */
	void (*drop)(struct http_member *member);
	/** Ends it if it is idle, when the server drains; NULL: its owner sees to that. */
	void (*drain)(struct http_member *member);
};

/* How many connections there are from an address. */
struct http_address {
	struct in6_addr key;
	unsigned count;
	UT_hash_handle hh;
};

struct http_route {
	struct http_route *next;
	unsigned methods;
	size_t body_max; /* 0: the server's */
	http_handler *fn;
	void *arg;
	void (*free_arg)(void *arg); /* with the server; NULL: it is not the route's */
	bool tree;                   /* ends with "/" + "*" */
	char path[];                 /* without the star of a tree */
};

struct http_listening {
	struct http_listening *next;
	struct http_server *server;
	struct io_listener *listener;
};

struct http_server {
	struct io_loop *loop;
	const char *name;
	struct http_limits limits;
	struct http_route *routes; /* the most exact first */
	struct http_listening *listeners;
	struct http_member *members;
	struct http_address *addresses;
	unsigned count; /* connections */
	unsigned live;  /* connections and requests: what keeps it in memory */
	struct io_wheel *wheel;
	struct http_request *spare[HTTP_REQUESTS_KEPT];
	unsigned spares;
	bool draining;
	done_fn *drained;
	void *drained_arg;
	struct io_later tell_drained;
	time_t date_second;
	char date[40];
	uint64_t *connections_gauge, *responses[HTTP_STATUS_END];
	struct histogram *seconds;
};

enum http_state {
	HTTP_READS_HEAD,
	HTTP_READS_BODY,
	HTTP_ANSWERING, /* the handler has the request */
	HTTP_CLOSING
};

struct http_sent {
	struct http_sent *next;
	done_fn *fn;
	void *arg;
	struct io_later later; /* for an answer that goes nowhere */
};

struct http_connection {
	struct http_member member;
	struct io_wheel_entry deadline;
	struct http_server *server;
	struct io_stream *stream;
	struct http_request *request; /* whose body is read, or that is being answered */
	struct buf in;                /* octets that came and could not be used yet */
	size_t scanned;               /* of an incomplete head */
	size_t pending;               /* of the output, when its time was last looked at */
	struct io_later resume;
	struct http_sent *sent; /* who wants to know when what was written has left */
	uint16_t refuse;        /* the status for a connection that is one too many */
	enum http_state state : 8;
	bool processing : 1; /* its input is being worked through further up the stack */
	bool full : 1;       /* the peer reads too slowly for more answers */
	bool ended : 1;      /* the peer will send nothing more */
	bool began : 1;      /* some of a head is there, its time runs */
	bool upgraded : 1;
};

struct http_scrap {
	struct http_scrap *next;
	size_t len;
	char text[];
};

/* What is made of a request on the way lives as long as it does. */
struct http_scraps {
	struct http_scrap *first;
};

struct http_request {
	struct http_server *server;
	struct http_connection *connection; /* NULL: the peer went away */
	struct http_head head;
	struct buf text, body; /* what head is of; the whole body */
	struct http_chunks chunks;
	const struct http_route *route;
	struct span parts[HTTP_PARTS_MAX];
	unsigned part_count;
	struct http_scraps *scraps, own_scraps;
	size_t body_max;
	uint64_t left; /* of a body with a length */
	uint64_t began_us;
	int refuse;       /* a status that was decided before the body had come */
	unsigned allowed; /* methods, with 405 */
	bool close;       /* the connection ends with this answer */
	void (*gone)(void *arg);
	void *gone_arg;
};

/** Room for len octets that lasts as long as the request; NULL: out of memory. */
char *http_scrap(const struct http_request *r, size_t len);

/** A spare request or a new one, for c; NULL: out of memory. */
struct http_request *http_request_new(struct http_connection *c);
void http_request_free(struct http_request *r);

/** A connection for s, an accepted stream. */
void http_connection_accept(struct http_server *server, struct io_stream *s);
/** Its request is answered and gone; the next one may be read, or it ends. */
void http_connection_answered(struct http_connection *c, bool close);
/** Who waits for what was written is told. */
void http_sent_tell(struct http_sent **list, int err);

/** Counts the connection s for its address; false: there are too many of it. */
bool http_address_take(struct http_server *server, struct io_stream *s, struct http_member *member);
/** What is due in the server's wheel. */
void http_connection_deadline(struct io_wheel_entry *entry);

void http_member_add(struct http_server *server, struct http_member *member);
/** The connection is gone. */
void http_member_remove(struct http_server *server, struct http_member *member);
/** One thing less that keeps server in memory; it may be gone after it. */
void http_server_release(struct http_server *server);
/** b takes the place of a. */
void http_member_replace(struct http_member *a, struct http_member *b);

/** Finds the route, its parts and its limit, or sets r->refuse. */
void http_route_find(struct http_request *r);
/** Adds it: methods, body_max, fn, arg and free_arg are taken from route, path is its pattern. */
int http_route_add(struct http_server *server, const char *path,
                   const struct http_route *route) MUST_CHECK;
/** "GET, HEAD, POST" */
void http_methods_text(unsigned methods, char *out, size_t size);

/**
 * Answers 101 with the given lines (each with CRLF) and takes the stream for ops. member takes the
 * connection's place. r is gone. Octets that came behind the request are given to on_data soon.
 */
struct io_stream *http_upgrade(struct http_request *r, struct span lines,
                               struct http_member *member, const struct io_stream_ops *ops,
                               void *arg);

#endif
