/* Heads and chunked bodies of RFC 9112: what is taken, and what is refused with which status. */
#include "http_parse.h"

#include "buf.h"
#include "unit.h"

#include <stdlib.h>

#define HOST "Host: a.example\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST

static const struct vector {
	const char *what, *text;
	int status;
} vectors[] = {
	{"plain",			   GET HOST "\r\n",							 0  },
	{"absolute form",                   "GET http://a.example/x?y HTTP/1.1\r\n" HOST "\r\n",                     0  },
	{"OPTIONS *",		       "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",                                    0  },
	{"1.0 without Host",                "GET / HTTP/1.0\r\n\r\n",                                                0  },
	{"1.2 is read as 1.1",              "GET / HTTP/1.2\r\n" HOST "\r\n",                                        0  },
	{"empty value",                     GET HOST "X:\r\n\r\n",						   0  },
	{"8-bit value",                     GET HOST "X: \xe4\r\n\r\n",                                              0  },
	{"chunked in capitals",             POST "Transfer-Encoding: Chunked\r\n\r\n",                               0  },
	{"no Host",			 GET "\r\n",							      400},
	{"two Hosts",		       GET HOST HOST "\r\n",						    400},
	{"blank in Host",                   GET "Host: a b\r\n\r\n",                                                 400},
	{"slash in Host",                   GET "Host: a/b\r\n\r\n",                                                 400},
	{"HTTP/2.0",			"GET / HTTP/2.0\r\n" HOST "\r\n",                                        505},
	{"the preface of HTTP/2",           "PRI * HTTP/2.0\r\n\r\n",                                                505},
	{"no version",                      "GET /\r\n" HOST "\r\n",						 400},
	{"lower-case version",              "GET / http/1.1\r\n" HOST "\r\n",                                        400},
	{"two blanks",                      "GET  / HTTP/1.1\r\n" HOST "\r\n",                                       400},
	{"tab for a blank",                 "GET\t/ HTTP/1.1\r\n" HOST "\r\n",                                       400},
	{"trailing blank",                  "GET / HTTP/1.1 \r\n" HOST "\r\n",                                       400},
	{"empty line is all",               "\r\n\r\n",							      400},
	{"unknown method",                  "BREW / HTTP/1.1\r\n" HOST "\r\n",                                       501},
	{"CONNECT",			 "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n",                                  501},
	{"method in lower case",            "get / HTTP/1.1\r\n" HOST "\r\n",                                        501},
	{"method with a bracket",           "G[T / HTTP/1.1\r\n" HOST "\r\n",                                        400},
	{"target without slash",            "GET x HTTP/1.1\r\n" HOST "\r\n",                                        400},
	{"target with a fragment",          "GET /#x HTTP/1.1\r\n" HOST "\r\n",                                      400},
	{"8-bit target",                    "GET /\xe4 HTTP/1.1\r\n" HOST "\r\n",                                    400},
	{"control in the target",           "GET /\x01 HTTP/1.1\r\n" HOST "\r\n",                                    400},
	{"CR within a line",                "GET /\rx HTTP/1.1\r\n" HOST "\r\n",                                     400},
	{"blank before the colon",          POST "Content-Length : 3\r\n\r\n",                                       400},
	{"tab before the colon",            POST "Content-Length\t: 3\r\n\r\n",                                      400},
	{"no colon",			GET HOST "X\r\n\r\n",						    400},
	{"no name",			 GET HOST ": x\r\n\r\n",						  400},
	{"folded line (5.2)",               GET HOST "X: a\r\n b\r\n\r\n",                                           400},
	{"first field begins with a blank", GET " " HOST "\r\n",                                                     400},
	{"CR in a value",                   GET HOST "X: a\rb\r\n\r\n",                                              400},
	{"DEL in a value",                  GET HOST "X: a\x7f\r\n\r\n",                                             400},
	{"two equal lengths (6.3)",         POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",                   400},
	{"a list of lengths",               POST "Content-Length: 3, 3\r\n\r\n",                                     400},
	{"length with a sign",              POST "Content-Length: +3\r\n\r\n",                                       400},
	{"length in hex",                   POST "Content-Length: 0x3\r\n\r\n",                                      400},
	{"empty length",                    POST "Content-Length:\r\n\r\n",                                          400},
	{"length past 64 bits",             POST "Content-Length: 18446744073709551616\r\n\r\n",                     400},
	{"length and coding (6.1)",         POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         400													    },
	{"two codings",                     POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         400													    },
	{"chunked is not the last one",     POST "Transfer-Encoding: chunked, identity\r\n\r\n",                     501},
	{"xchunked",			POST "Transfer-Encoding: xchunked\r\n\r\n",                              501},
	{"empty coding",                    POST "Transfer-Encoding:\r\n\r\n",                                       501},
	{"coding in 1.0",                   "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",                 400},
	{"unknown expectation",             POST "Expect: tea\r\n\r\n",                                              417},
};

START_TEST(heads)
{
	const struct vector *v = &vectors[_i];
	char *text = strdup(v->text);
	size_t scanned = 0, len = strlen(text);
	struct http_head head;
	const char *why = NULL;
	int status;

	ck_assert_int_eq(http_head_end((struct span){text, len}, &scanned),
	                 strcmp(v->text, "\r\n\r\n") == 0 ? 4 : (long)len);
	status = http_head_parse(text, len, &head, &why);
	ck_assert_msg(status == v->status, "%s: %d, not %d (%s)", v->what, status, v->status, why);
	ck_assert_msg(!status || why, "%s: says why", v->what);
	free(text);
}
END_TEST

START_TEST(a_head_s_parts)
{
	char text[] = "PUT http://h:1/a%20b?x=1&y HTTP/1.1\r\nHOST: h:1\r\nX-One:  a, B \r\n"
		      "Connection: foo\r\nconnection: Bar , CLOSE\r\nContent-Length: 12\r\n"
		      "Expect: 100-Continue\r\n\r\n";
	struct http_head head;
	const char *why;

	ck_assert_int_eq(http_head_parse(text, sizeof(text) - 1, &head, &why), 0);
	ck_assert_int_eq(head.method, HTTP_M_PUT);
	ck_assert(span_is(head.path, "/a%20b"));
	ck_assert(span_is(head.query, "x=1&y"));
	ck_assert(head.has_length && head.length == 12 && !head.chunked);
	ck_assert(head.expects_continue && !head.keep_alive && !head.is_1_0);
	ck_assert(span_is(http_field_name(&head, 1), "x-one"));
	ck_assert(span_is(http_field_value(&head, 1), "a, B"));
	ck_assert(http_has_token(&head, "connection", "bar"));
	ck_assert(http_has_token(&head, "x-one", "b"));
	ck_assert(!http_has_token(&head, "connection", "ba"));
}
END_TEST

START_TEST(a_hundred_fields_are_enough)
{
	struct buf b;
	struct http_head head;
	const char *why;

	buf_init(&b, 1 << 16);
	buf_str(&b, GET HOST);
	for (unsigned i = 1; i < HTTP_FIELDS_MAX; i++)
		buf_printf(&b, "x%u: y\r\n", i);
	buf_str(&b, "\r\n");
	ck_assert_int_eq(http_head_parse(b.data, b.len, &head, &why), 0);
	buf_clear(&b);
	buf_str(&b, GET HOST);
	for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_printf(&b, "x%u: y\r\n", i);
	buf_str(&b, "\r\n");
	ck_assert_int_eq(http_head_parse(b.data, b.len, &head, &why), 431);
	buf_fini(&b);
}
END_TEST

START_TEST(the_end_of_a_head)
{
	const char *text = GET HOST "\r\nbody\n";
	size_t len = strlen(GET HOST "\r\n"), scanned = 0;

	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(http_head_end((struct span){text, i}, &scanned), 0);
	ck_assert_int_eq(http_head_end((struct span){text, len + 5}, &scanned), (long)len);
	scanned = 0;
	ck_assert_int_eq(http_head_end(SPAN_LIT("GET / HTTP/1.1\n"), &scanned), -EBADMSG);
	scanned = 0;
	ck_assert_int_eq(http_head_end(SPAN_LIT("\n"), &scanned), -EBADMSG);
	scanned = 0;
	ck_assert_int_eq(http_head_end(SPAN_LIT(GET HOST "\n"), &scanned), -EBADMSG);
}
END_TEST

static const struct chunks {
	const char *what, *text, *body;
	int err;
	size_t rest; /* octets behind the body */
} bodies[] = {
	{"two chunks",                  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",    "abcde", 0,        0},
	{"what follows is not taken",   "1\r\na\r\n0\r\n\r\nGET ",             "a",     0,        4},
	{"extension",                   "1;x=\"y\"\r\na\r\n0;z\r\n\r\n",       "a",     0,        0},
	{"trailers",                    "1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n", "a",     0,        0},
	{"hex in both cases, zeros",
         "00aA\r\n"
         "0123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789"
         "01234567890123456789012345678901234567890123456789"
         "\r\n0\r\n\r\n",                                                      NULL,    0,        0},
	{"no size",		     "\r\na\r\n",                           NULL,    -EBADMSG, 0},
	{"size is not hex",             "g\r\n",                               NULL,    -EBADMSG, 0},
	{"sign",			"+1\r\na\r\n",                         NULL,    -EBADMSG, 0},
	{"0x",			  "0x1\r\na\r\n",                        NULL,    -EBADMSG, 0},
	{"blank before the size's end", "1 \r\na\r\n",                         NULL,    -EBADMSG, 0},
	{"16 digits",                   "0000000000000001\r\n",                NULL,    -EBADMSG, 0},
	{"size ends in LF",             "1\na\r\n",                            NULL,    -EBADMSG, 0},
	{"size ends in CR and not LF",  "1\rXa\r\n",                           NULL,    -EBADMSG, 0},
	{"data without CRLF behind it", "1\r\naXX0\r\n\r\n",                   NULL,    -EBADMSG, 0},
	{"data ends in LF",             "1\r\na\n0\r\n\r\n",                   NULL,    -EBADMSG, 0},
	{"LF in an extension",          "1;x\n\r\na\r\n",                      NULL,    -EBADMSG, 0},
	{"trailer ends in LF",          "0\r\nA: b\n\r\n",                     NULL,    -EBADMSG, 0},
	{"end without LF",              "0\r\n\rX",                            NULL,    -EBADMSG, 0},
};

static int read_body(const char *text, size_t step, struct buf *body, size_t *rest)
{
	struct http_chunks c = {0};
	size_t len = strlen(text);

	for (size_t at = 0; at < len && !http_chunks_done(&c);) {
		size_t have = len - at < step ? len - at : step;
		struct span in = {text + at, have}, piece;

		do {
			int err = http_chunks_next(&c, &in, &piece);

			if (err)
				return err;
			buf_add(body, piece);
		} while (piece.len);
		at += have - in.len;
		*rest = len - at;
	}
	return http_chunks_done(&c) ? 0 : -EAGAIN;
}

START_TEST(chunked_bodies_however_they_are_cut)
{
	const struct chunks *v = &bodies[_i];

	for (size_t step = strlen(v->text); step; step--) {
		struct buf body;
		size_t rest = 0;
		int err;

		buf_init(&body, 1 << 16);
		err = read_body(v->text, step, &body, &rest);
		ck_assert_msg(err == v->err, "%s by %zu: %d", v->what, step, err);
		if (v->body)
			ck_assert_msg(span_is(buf_span(&body), v->body), "%s", v->what);
		ck_assert_msg(err || rest == v->rest, "%s: rest %zu", v->what, rest);
		buf_fini(&body);
	}
}
END_TEST

START_TEST(endless_trailers_have_an_end)
{
	static char text[10000] = "0\r\n";
	struct http_chunks c = {0};
	struct span in = {text, sizeof(text)}, piece;

	memset(text + 3, 'a', sizeof(text) - 3);
	ck_assert_int_eq(http_chunks_next(&c, &in, &piece), -EMSGSIZE);
}
END_TEST

static const struct {
	const char *in, *out;
	bool plus;
} encoded[] = {
	{"a%20b+c",   "a b+c",        false},
	{"a%20b+c",   "a b c",        true },
	{"%e4%BD%a0", "\xe4\xbd\xa0", false},
	{"%",         NULL,           false},
	{"%4",        NULL,           false},
	{"%4g",       NULL,           false},
	{"a%2",       NULL,           false},
	{"",          "",             false},
};

START_TEST(percent_decoding)
{
	char out[64];
	long len = http_percent_decode(span_of(encoded[_i].in), encoded[_i].plus, out);

	if (!encoded[_i].out) {
		ck_assert_int_eq(len, -EBADMSG);
		return;
	}
	ck_assert_int_ge(len, 0);
	ck_assert(span_is((struct span){out, (size_t)len}, encoded[_i].out));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("http_parse");

	tcase_add_loop_test(tc, heads, 0, ARRAY_LEN(vectors));
	tcase_add_test(tc, a_head_s_parts);
	tcase_add_test(tc, a_hundred_fields_are_enough);
	tcase_add_test(tc, the_end_of_a_head);
	tcase_add_loop_test(tc, chunked_bodies_however_they_are_cut, 0, ARRAY_LEN(bodies));
	tcase_add_test(tc, endless_trailers_have_an_end);
	tcase_add_loop_test(tc, percent_decoding, 0, ARRAY_LEN(encoded));
	return unit_run("http_parse", &tc, 1);
}
