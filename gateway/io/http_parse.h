/*
 * The wire of HTTP/1.1 requests (RFC 9112), strict where two parsers could disagree on where a
 * request ends: that is what request smuggling lives on. Uses base only.
 */
#ifndef PH_HTTP_PARSE_H
#define PH_HTTP_PARSE_H

#include "http_method.h"
#include "span.h"

enum { HTTP_FIELDS_MAX = 100 };

/* A header field, as offsets into the head. */
struct http_field {
	uint32_t name, value, value_len;
	uint16_t name_len;
};

struct http_head {
	const char *text; /* what the offsets and spans are of */
	enum http_method method;
	bool is_head; /* method says GET: the answer goes without its body */
	bool is_1_0, keep_alive, chunked, has_length, expects_continue, has_query;
	uint64_t length;
	struct span path, query;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
};

/**
 * Where the head ends: octets up to and with the empty line, 0 when it is not all there, -EBADMSG
 * for a line end without CR. *scanned is where to go on, 0 at first: no octet is looked at twice.
 */
long http_head_end(struct span in, size_t *scanned) MUST_CHECK;

/**
 * Parses a whole head, which out borrows; names of fields are turned to lower case in place.
 * 0, or the status to refuse it with (400, 417, 431, 501, 505), *why for a human.
 */
int http_head_parse(char *text, size_t len, struct http_head *out, const char **why) MUST_CHECK;

struct span http_field_name(const struct http_head *head, size_t i);
struct span http_field_value(const struct http_head *head, size_t i);
/** Is token (lower case) in the comma-separated lists of all fields of that name? */
bool http_has_token(const struct http_head *head, const char *name, const char *token);

/** Decodes %XX into out, which has room for in.len; the length or -EBADMSG. plus: "+" is a blank.
 */
long http_percent_decode(struct span in, bool plus, char *out) MUST_CHECK;

/** The value of a hexadecimal digit, or -1. */
int http_hex(char c);

/* A body in chunks, as it comes. */
enum http_chunk_state {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_SIZE_LF,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_DATA_CR,
	HTTP_CHUNK_DATA_LF,
	HTTP_CHUNK_TRAILER_START,
	HTTP_CHUNK_TRAILER,
	HTTP_CHUNK_TRAILER_LF,
	HTTP_CHUNK_END_LF,
	HTTP_CHUNK_DONE
};

struct http_chunks {
	enum http_chunk_state state;
	unsigned digits;
	uint64_t left;     /* of this chunk */
	uint32_t overhead; /* octets of extensions and trailers so far */
};

/**
 * Takes octets from the front of *in until there is a piece of body (*out, borrowed from in), or
 * until in is empty or the body at its end (*out is empty then). Start with a zeroed struct.
 * -EBADMSG; -EMSGSIZE: extensions and trailers of more than 4 KiB.
 */
int http_chunks_next(struct http_chunks *c, struct span *in, struct span *out) MUST_CHECK;
/** The whole body was taken; what is left of in is not part of it. */
static inline bool http_chunks_done(const struct http_chunks *c)
{
	return c->state == HTTP_CHUNK_DONE;
}

#endif
