/* Answers and problems. */
#include "reply.h"

#include <stdlib.h>

enum { HEADERS_MAX = 8 };

static const struct http_header_out never_stored = {"Cache-Control", "no-store"};

void reply_json_with(struct http_request *r, int status, json_t *object,
                     const struct http_header_out *headers, size_t count)
{
	struct http_header_out all[HEADERS_MAX] = {never_stored};
	char *text = strict_json_dump(object);

	for (size_t i = 0; i < count && i + 1 < HEADERS_MAX; i++)
		all[i + 1] = headers[i];
	if (text)
		http_respond_with(r, status, "application/json", span_of(text), all, count + 1,
		                  NULL, NULL);
	else
		http_problem(r, 500, "internal", "out of memory", NULL);
	free(text);
}

void reply_json(struct http_request *r, int status, json_t *object)
{
	reply_json_with(r, status, object, NULL, 0);
}

/* The few statuses that come with headers of their own; http_problem() names the others. */
static const char *title_of(int status)
{
	switch (status) {
	case 401:
		return "Unauthorized";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Error";
	}
}

void reply_problem_with(struct http_request *r, int status, const char *code, const char *detail,
                        const char *field, const struct http_header_out *headers, size_t count)
{
	json_t *problem =
		json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
	                  title_of(status), "status", status, "code", code, "detail", detail);
	char *text;

	if (problem && field)
		json_object_set_new(problem, "field", json_string(field));
	text = strict_json_dump(problem);
	http_respond_with(r, status, "application/problem+json", span_of(text ? text : "{}"),
	                  headers, count, NULL, NULL);
	free(text);
}

void reply_fault(struct http_request *r, const struct json_fault *fault)
{
	bool whole = !fault->field[0];

	http_problem(r, whole ? 400 : 422, fault->code, fault->detail, whole ? NULL : fault->field);
}

void reply_unavailable(struct http_request *r)
{
	const struct http_header_out later = {"Retry-After", "2"};

	reply_problem_with(r, 503, "unavailable",
	                   "nothing can be made durable now; the same request may be sent again",
	                   NULL, &later, 1);
}

void reply_unauthorized(struct http_request *r, const char *code, const char *detail)
{
	const struct http_header_out ask = {"WWW-Authenticate", "Bearer"};

	reply_problem_with(r, 401, code, detail, NULL, &ask, 1);
}

static const struct {
	const char *code;
	int status;
	const char *field;
} statuses[] = {
	{"conversation_unknown", 404, NULL     },
	{"message_unknown",      404, NULL     },
	{"channel_unknown",      422, "channel"},
	{"address_invalid",      422, "to"     },
	{"too_long",             422, "text"   },
	{"sender_unknown",       422, "from"   },
	{"recipient_blocked",    422, "to"     },
	{"list_full",            409, NULL     },
	{"entry_unknown",        404, NULL     },
	{"reply_window",         409, NULL     },
	{"too_late",             409, NULL     },
	{"no_peer_id",           409, NULL     },
	{"not_supported",        409, NULL     },
	{"peer_refused",         409, NULL     },
	{"peer_silent",          504, NULL     },
	{"not_sendable",         422, "text"   },
	{"not_yours",            409, NULL     },
	{"closed",               409, NULL     },
};

void reply_router_error(struct http_request *r, const struct router_error *error)
{
	const char *code = error->code ? error->code : "internal";

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (strcmp(code, statuses[i].code) == 0) {
			http_problem(r, statuses[i].status, code,
			             error->detail ? error->detail : code, statuses[i].field);
			return;
		}
	if (error->err == -ENOTCONN || error->err == -ETIMEDOUT || error->err == -EAGAIN) {
		reply_unavailable(r);
		return;
	}
	http_problem(r, error->err == -ENOENT ? 404 : 500, code,
	             error->detail ? error->detail : "it cannot be done", NULL);
}

static bool is_json(struct span type)
{
	struct span parameters;

	type = span_trim(span_split(type, ';', &parameters));
	return type.len == 16 && strncasecmp(type.ptr, "application/json", 16) == 0;
}

bool reply_read(struct http_request *r, const struct json_field *fields, void *out, json_t **object)
{
	struct json_fault fault = {0};

	if (!is_json(http_header(r, "content-type"))) {
		http_problem(r, 415, "media_type", "the body must be application/json", NULL);
		return false;
	}
	if (strict_json_parse(http_body(r), object, &fault)) {
		reply_fault(r, &fault);
		return false;
	}
	if (strict_json_bind(fields, *object, out, &fault)) {
		reply_fault(r, &fault);
		json_decref(*object);
		*object = NULL;
		return false;
	}
	return true;
}
