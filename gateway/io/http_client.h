/* HTTP(S) requests out, by libcurl on the loop: certificates checked, no redirects, bounded
 * answers. */
#ifndef PH_HTTP_CLIENT_H
#define PH_HTTP_CLIENT_H

#include "loop.h"

struct http_client;

struct http_client_options {
	unsigned connections; /* open at once; 0: 64 */
	const char *ca_file;  /* NULL: the system's */
};

struct http_client_request {
	const char *method; /* "GET", "POST" */
	const char *url;
	const char *const *headers; /* "Name: value", ends with NULL; may be NULL */
	struct span body;
	uint64_t timeout_ms; /* for all of it; 0: 10 s */
	size_t answer_max;   /* octets of a body; 0: 1 MiB */
	bool public_only;    /* refuse loopback, private, link-local and multicast addresses,
	                        after the name was resolved */
};

struct http_client_answer {
	int err;      /* 0; -ENOENT no such name, -ECONNREFUSED, -EACCES certificate, -EPERM
	                 public_only, -ECONNRESET, -ETIMEDOUT, -EMSGSIZE answer_max, -EINVAL url */
	bool written; /* the request may have reached the peer; it is never sent twice, GET aside */
	int status;   /* with err 0 */
	struct span type, body; /* borrowed for the call */
};

int http_client_create(struct io_loop *loop, const struct http_client_options *options,
                       struct http_client **out) MUST_CHECK;
/** Ends what is under way with -ECANCELED, before it returns. */
void http_client_destroy(struct http_client **client);

/** name is a literal for the watchdog. What request points to is copied. fn is called once, later.
 */
typedef void http_client_fn(void *arg, const struct http_client_answer *answer);
int http_client_send(struct http_client *client, const char *name,
                     const struct http_client_request *request, http_client_fn *fn,
                     void *arg) MUST_CHECK;

#endif
