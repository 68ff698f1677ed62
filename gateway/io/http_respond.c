/* Answers: one write each, head and body together; and problems as RFC 9457 has them. */
#include "http_internal.h"

#include "metrics.h"
#include "utf8.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct reason {
	int status;
	const char *text;
} reasons[] = {
	{101, "Switching Protocols"            },
	{200, "OK"			     },
	{201, "Created"			},
	{202, "Accepted"                       },
	{204, "No Content"                     },
	{301, "Moved Permanently"              },
	{302, "Found"			  },
	{303, "See Other"                      },
	{304, "Not Modified"                   },
	{307, "Temporary Redirect"             },
	{308, "Permanent Redirect"             },
	{400, "Bad Request"                    },
	{401, "Unauthorized"                   },
	{403, "Forbidden"                      },
	{404, "Not Found"                      },
	{405, "Method Not Allowed"             },
	{406, "Not Acceptable"                 },
	{408, "Request Timeout"                },
	{409, "Conflict"                       },
	{410, "Gone"			   },
	{412, "Precondition Failed"            },
	{413, "Content Too Large"              },
	{414, "URI Too Long"                   },
	{415, "Unsupported Media Type"         },
	{417, "Expectation Failed"             },
	{422, "Unprocessable Content"          },
	{426, "Upgrade Required"               },
	{428, "Precondition Required"          },
	{429, "Too Many Requests"              },
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"          },
	{501, "Not Implemented"                },
	{502, "Bad Gateway"                    },
	{503, "Service Unavailable"            },
	{504, "Gateway Timeout"                },
	{505, "HTTP Version Not Supported"     },
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unknown";
}

static void add_number(struct buf *b, size_t n)
{
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10));
	buf_add(b, (struct span){text + at, sizeof(text) - at});
}

/* RFC 9110, 5.6.7; made once a second. Not by strftime, which speaks the locale's language. */
static const char *date_of(struct http_server *server)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)(clock_wall_ms(io_loop_clock(server->loop)) / 1000);
	struct tm utc;

	if (now == server->date_second)
		return server->date;
	server->date_second = now;
	gmtime_r(&now, &utc);
	snprintf(server->date, sizeof(server->date), "%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
	         days + 3 * (size_t)utc.tm_wday, utc.tm_mday, months + 3 * (size_t)utc.tm_mon,
	         1900 + utc.tm_year, utc.tm_hour, utc.tm_min, utc.tm_sec);
	return server->date;
}

static bool is_field_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' && *s != '\t')
			return false;
	return true;
}

static void add_field(struct buf *b, const char *name, const char *value)
{
	assert(is_field_text(name) && is_field_text(value));
	buf_str(b, name);
	buf_add(b, SPAN_LIT(": "));
	if (is_field_text(value)) /* a line end would be the start of somebody else's header */
		buf_str(b, value);
	buf_add(b, SPAN_LIT("\r\n"));
}

static void add_status_line(struct buf *b, int status)
{
	buf_add(b, SPAN_LIT("HTTP/1.1 "));
	add_number(b, (size_t)status);
	buf_u8(b, ' ');
	buf_str(b, reason_of(status));
	buf_add(b, SPAN_LIT("\r\n"));
}

static bool has_length(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static void add_connection(struct buf *b, const struct http_request *r)
{
	if (r->close)
		buf_add(b, SPAN_LIT("Connection: close\r\n"));
	else if (r->head.is_1_0)
		buf_add(b, SPAN_LIT("Connection: keep-alive\r\n"));
}

struct answer {
	int status;
	const char *type;
	struct span body;
	const struct http_header_out *headers;
	size_t count;
};

static void write_answer(struct buf *b, const struct http_request *r, const struct answer *a)
{
	add_status_line(b, a->status);
	add_field(b, "Date", date_of(r->server));
	if (a->type)
		add_field(b, "Content-Type", a->type);
	if (has_length(a->status)) {
		buf_add(b, SPAN_LIT("Content-Length: "));
		add_number(b, a->type ? a->body.len : 0);
		buf_add(b, SPAN_LIT("\r\n"));
	}
	buf_add(b, SPAN_LIT("X-Content-Type-Options: nosniff\r\n"));
	add_connection(b, r);
	for (size_t i = 0; i < a->count; i++)
		add_field(b, a->headers[i].name, a->headers[i].value);
	buf_add(b, SPAN_LIT("\r\n"));
	if (a->type && !r->head.is_head && has_length(a->status))
		buf_add(b, a->body);
}

static void count_answer(struct http_request *r, int status)
{
	struct http_server *server = r->server;
	char text[8];

	if (!server->responses[status]) {
		snprintf(text, sizeof(text), "%d", status);
		server->responses[status] =
			metric_get(METRIC_COUNTER, "posthouse_http_responses_total",
		                   "Answers to HTTP requests", "status", text);
	}
	++*server->responses[status];
	if (r->began_us)
		histogram_add_us(server->seconds,
		                 clock_mono_us(io_loop_clock(server->loop)) - r->began_us);
}

static void tell_lost(void *arg)
{
	struct http_sent *sent = arg;

	http_sent_tell(&sent, -EPIPE);
}

/* Whoever wants to know when it left waits at the connection; or hears soon that it never will. */
static void remember_sent(struct http_request *r, bool lost, done_fn *fn, void *arg)
{
	struct http_sent *sent = fn ? calloc(1, sizeof(*sent)) : NULL;

	if (!fn)
		return;
	if (!sent) {
		fn(arg, -ENOMEM);
		return;
	}
	sent->fn = fn;
	sent->arg = arg;
	if (lost) {
		sent->later.fn = tell_lost;
		sent->later.arg = sent;
		io_later(r->server->loop, &sent->later);
		return;
	}
	sent->next = r->connection->sent;
	r->connection->sent = sent;
}

void http_respond_with(struct http_request *r, int status, const char *type, struct span body,
                       const struct http_header_out *headers, size_t count, done_fn *sent,
                       void *arg)
{
	const struct answer answer = {status, type, body, headers, count};
	struct http_connection *c = r->connection;
	int err = -EPIPE;
	bool close;

	assert(status >= 200 && status < HTTP_STATUS_END);
	count_answer(r, status);
	if (r->server->draining)
		r->close = true;
	close = r->close;
	if (c) {
		write_answer(io_stream_output(c->stream), r, &answer);
		err = io_stream_commit(c->stream);
		c->full = err == -EAGAIN;
	}
	remember_sent(r, err == -EPIPE, sent, arg);
	http_request_free(r);
	if (c)
		http_connection_answered(c, close);
}

void http_respond(struct http_request *r, int status, const char *type, struct span body)
{
	http_respond_with(r, status, type, body, NULL, 0, NULL, NULL);
}

static void add_string(struct buf *b, struct span s)
{
	buf_u8(b, '"');
	while (s.len) {
		uint32_t code;

		if (utf8_next(&s, &code)) {
			code = UTF8_REPLACEMENT;
			s.ptr++;
			s.len--;
		}
		if (code == '"' || code == '\\')
			buf_u8(b, '\\');
		if (code < ' ')
			buf_printf(b, "\\u%04x", (unsigned)code);
		else
			utf8_put(b, code);
	}
	buf_u8(b, '"');
}

static void add_member(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", name);
	add_string(b, span_of(value));
}

void http_problem_with(struct http_request *r, int status, const char *code, const char *detail,
                       const char *field, const struct http_header_out *headers, size_t count)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_printf(&b, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d",
	           reason_of(status), status);
	add_member(&b, "code", code);
	add_member(&b, "detail", detail);
	add_member(&b, "field", field);
	buf_u8(&b, '}');
	http_respond_with(r, status, "application/problem+json",
	                  buf_check(&b) ? SPAN_LIT("{}") : buf_span(&b), headers, count, NULL,
	                  NULL);
	buf_fini(&b);
}

void http_problem(struct http_request *r, int status, const char *code, const char *detail,
                  const char *field)
{
	http_problem_with(r, status, code, detail, field, NULL, 0);
}
