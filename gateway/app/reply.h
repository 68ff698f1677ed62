/*
 * Answers of the HTTP interfaces: JSON, and problems (RFC 9457) with a stable code. What every
 * handler shares.
 */
#ifndef PH_REPLY_H
#define PH_REPLY_H

#include "http_server.h"
#include "router.h"
#include "strict_json.h"

enum { RETRY_SECONDS = 2 };

/** Answers with an object, whose reference is dropped; NULL (out of memory) is a 500. */
void reply_json(struct http_request *r, int status, json_t *object);
void reply_json_with(struct http_request *r, int status, json_t *object,
                     const struct http_header_out *headers, size_t count);
/** A problem with headers of its own; field may be NULL. */
void reply_problem_with(struct http_request *r, int status, const char *code, const char *detail,
                        const char *field, const struct http_header_out *headers, size_t count);
/** 400 for JSON that cannot be read, 422 for a field. */
void reply_fault(struct http_request *r, const struct json_fault *fault);
/** 503 "unavailable" with Retry-After: nothing durable can be done now. */
void reply_unavailable(struct http_request *r);
/** 401 "not_logged_in" or "key_invalid" with WWW-Authenticate. */
void reply_unauthorized(struct http_request *r, const char *code, const char *detail);
/** What the router said, by its code; field is given to those that blame one. */
void reply_router_error(struct http_request *r, const struct router_error *error);

/** Reads the body as one JSON object and binds it; answers itself and says false when it is bad.
 * *object is for json_decref(), out borrows from it. */
bool reply_read(struct http_request *r, const struct json_field *fields, void *out,
                json_t **object) MUST_CHECK;

#endif
