/*
 * Heads of requests. A head is parsed when all of it is there, so the parser runs straight through
 * and needs no states; where lines end was checked on the way (http_head_end).
 */
#include "http_parse.h"

#include <strings.h>

/* RFC 9110, 5.6.2: tchar, in lower case. 0: not part of a token. */
static unsigned char token_char(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (unsigned char)c;
	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c | 0x20);
	return c && strchr(others, c) ? (unsigned char)c : 0;
}

long http_head_end(struct span in, size_t *scanned)
{
	size_t at = *scanned;

	while (at < in.len) {
		const char *lf = memchr(in.ptr + at, '\n', in.len - at);
		size_t i;

		if (!lf)
			break;
		i = (size_t)(lf - in.ptr);
		if (i == 0 || in.ptr[i - 1] != '\r')
			return -EBADMSG;
		if (i >= 3 && in.ptr[i - 2] == '\n')
			return (long)i + 1;
		at = i + 1;
	}
	*scanned = in.len;
	return 0;
}

struct span http_field_name(const struct http_head *head, size_t i)
{
	return (struct span){head->text + head->fields[i].name, head->fields[i].name_len};
}

struct span http_field_value(const struct http_head *head, size_t i)
{
	return (struct span){head->text + head->fields[i].value, head->fields[i].value_len};
}

static bool same_token(struct span a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

bool http_has_token(const struct http_head *head, const char *name, const char *token)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct span rest = http_field_value(head, i);

		if (!span_is(http_field_name(head, i), name))
			continue;
		while (rest.len)
			if (same_token(span_trim(span_split(rest, ',', &rest)), token))
				return true;
	}
	return false;
}

static const struct method {
	const char *name;
	enum http_method method;
} methods[] = {
	{"GET",     HTTP_M_GET    },
        {"HEAD",    HTTP_M_GET    },
        {"POST",    HTTP_M_POST   },
	{"PUT",     HTTP_M_PUT    },
        {"DELETE",  HTTP_M_DELETE },
        {"OPTIONS", HTTP_M_OPTIONS},
	{"PATCH",   HTTP_M_PATCH  },
};

static int parse_method(struct span name, struct http_head *out)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (!span_is(name, methods[i].name))
			continue;
		out->method = methods[i].method;
		out->is_head = name.ptr[0] == 'H';
		return 0;
	}
	for (size_t i = 0; i < name.len; i++)
		if (!token_char(name.ptr[i]))
			return 400;
	return name.len ? 501 : 400;
}

/* Absolute form is for proxies, but servers must take it (RFC 9112, 3.2.2). */
static struct span without_authority(struct span target)
{
	const char *schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t len = strlen(schemes[i]);
		const char *slash;

		if (target.len <= len || strncasecmp(target.ptr, schemes[i], len) != 0)
			continue;
		slash = memchr(target.ptr + len, '/', target.len - len);
		if (!slash || slash == target.ptr + len)
			return SPAN_NONE;
		return (struct span){slash, target.len - (size_t)(slash - target.ptr)};
	}
	return target;
}

static int parse_target(struct span target, struct http_head *out)
{
	struct span query;

	for (size_t i = 0; i < target.len; i++)
		if (target.ptr[i] <= ' ' || target.ptr[i] > '~' || target.ptr[i] == '#')
			return 400;
	if (out->method == HTTP_M_OPTIONS && span_is(target, "*")) {
		out->path = target;
		return 0;
	}
	target = without_authority(target);
	if (!target.len || target.ptr[0] != '/')
		return 400;
	out->path = span_split(target, '?', &query);
	out->has_query = query.ptr != NULL;
	out->query = query;
	return 0;
}

static int parse_version(struct span version, struct http_head *out)
{
	if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || version.ptr[6] != '.' ||
	    version.ptr[5] < '0' || version.ptr[5] > '9' || version.ptr[7] < '0' ||
	    version.ptr[7] > '9')
		return 400;
	if (version.ptr[5] != '1')
		return 505;
	out->is_1_0 = version.ptr[7] == '0';
	return 0;
}

static int parse_request_line(struct span line, struct http_head *out, const char **why)
{
	struct span rest, target, version;
	struct span method = span_split(line, ' ', &rest);
	int status;

	target = span_split(rest, ' ', &version);
	*why = "the request line is not one of HTTP/1.1";
	status = parse_version(version, out);
	if (status)
		return status;
	*why = "the method is not known";
	status = parse_method(method, out);
	if (status)
		return status;
	*why = "the request's target is malformed";
	return parse_target(target, out);
}

static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F)
			return false;
	return true;
}

static int parse_field(char *line, size_t len, struct http_head *out, const char **why)
{
	struct http_field *field = &out->fields[out->field_count];
	struct span value;
	size_t i = 0;

	*why = "more than 100 header fields";
	if (out->field_count == HTTP_FIELDS_MAX)
		return 431;
	*why = "a header field is malformed";
	for (unsigned char c; i < len && (c = token_char(line[i])); i++)
		line[i] = (char)c;
	/* No blank before the colon, no folded line: others read those differently. */
	if (i == 0 || i == len || line[i] != ':' || i > UINT16_MAX)
		return 400;
	value = span_trim((struct span){line + i + 1, len - i - 1});
	if (!is_value(value))
		return 400;
	field->name = (uint32_t)(line - out->text);
	field->name_len = (uint16_t)i;
	field->value = (uint32_t)(value.ptr - out->text);
	field->value_len = (uint32_t)value.len;
	out->field_count++;
	return 0;
}

/* The fields that decide where the request ends; each may be there once (RFC 9112, 6.3). */
struct framing {
	struct span length, coding, host, expect;
	unsigned lengths, codings, hosts;
};

static void find_framing(const struct http_head *head, struct framing *out)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct span name = http_field_name(head, i);
		struct span value = http_field_value(head, i);

		if (span_is(name, "content-length")) {
			out->length = value;
			out->lengths++;
		} else if (span_is(name, "transfer-encoding")) {
			out->coding = value;
			out->codings++;
		} else if (span_is(name, "host")) {
			out->host = value;
			out->hosts++;
		} else if (span_is(name, "expect")) {
			out->expect = value;
		}
	}
}

static bool is_host(struct span host)
{
	static const char others[] = "-._~!$&'()*+,;=:[]%";

	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(others, c))))
			return false;
	}
	return true;
}

static int check_length(const struct framing *f, struct http_head *out, const char **why)
{
	*why = "more than one length";
	if (f->lengths > 1 || f->codings > 1 || (f->lengths && f->codings))
		return 400;
	if (f->codings) {
		*why = "only the transfer coding chunked is known";
		out->chunked = same_token(f->coding, "chunked");
		return out->is_1_0 ? 400 : out->chunked ? 0 : 501;
	}
	*why = "the content length is not a number";
	out->has_length = f->lengths == 1;
	return out->has_length && span_u64(f->length, &out->length) ? 400 : 0;
}

static int check_framing(struct http_head *out, const char **why)
{
	struct framing f = {0};
	int status;

	find_framing(out, &f);
	status = check_length(&f, out, why);
	if (status)
		return status;
	*why = "one Host field is needed";
	if (f.hosts > 1 || (!f.hosts && !out->is_1_0) || !is_host(f.host))
		return 400;
	*why = "this expectation is not known";
	out->expects_continue = !out->is_1_0 && same_token(f.expect, "100-continue");
	return f.expect.len && !out->is_1_0 && !out->expects_continue ? 417 : 0;
}

int http_head_parse(char *text, size_t len, struct http_head *out, const char **why)
{
	char *at = text, *end = text + len - 2; /* without the empty line */
	bool first = true;

	out->text = text;
	out->is_head = out->is_1_0 = out->chunked = out->has_length = false;
	out->expects_continue = out->has_query = false;
	out->length = 0;
	out->field_count = 0;
	while (at < end) {
		char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)(lf - at) - 1;
		int status = first ? parse_request_line((struct span){at, size}, out, why)
		                   : parse_field(at, size, out, why);

		if (status)
			return status;
		first = false;
		at = lf + 1;
	}
	out->keep_alive = out->is_1_0 ? http_has_token(out, "connection", "keep-alive")
	                              : !http_has_token(out, "connection", "close");
	return check_framing(out, why);
}

int http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long http_percent_decode(struct span in, bool plus, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == '%') {
			int high = i + 2 < in.len ? http_hex(in.ptr[i + 1]) : -1;
			int low = i + 2 < in.len ? http_hex(in.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		out[len++] = c;
	}
	return (long)len;
}
