/* TLS over streams, both ends ours, with certificates made here; and HTTPS by libcurl against it.
 */
#include "tls.h"

#include "buf.h"
#include "http_client.h"
#include "http_server.h"
#include "io_test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000, LARGE = 3 << 20 };

static char directory[] = "/tmp/posthouse-tls-XXXXXX";
static char cert_file[64], key_file[64], other_file[64];

struct end {
	struct io_stream *s;
	bool opened, closed;
	int err;
	struct buf in;
};

static struct io_loop *loop;
static struct io_listener *listener;
static struct io_tls *server_tls, *client_tls;
static struct end near, far;

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(extension);
	ck_assert_int_eq(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(cert ? PEM_write_X509(file, cert)
	                      : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
	                 1);
	ck_assert_int_eq(fclose(file), 0);
}

/* Signed by itself, so it is its own authority. */
static void make_certificate(const char *cert_path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name;

	ck_assert(key && cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
	                           0);
	X509_set_issuer_name(cert, name);
	add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	write_pem(cert_path, cert, NULL);
	if (key_path)
		write_pem(key_path, NULL, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void on_open(void *arg)
{
	((struct end *)arg)->opened = true;
}

static void on_data(void *arg, struct span data)
{
	buf_add(&((struct end *)arg)->in, data);
}

static void on_close(void *arg, int err)
{
	struct end *e = arg;

	e->closed = true;
	e->err = err;
	e->s = NULL;
}

static const struct io_stream_ops ops = {
	.name = "test", .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void on_accept(void *arg, struct io_stream *s)
{
	(void)arg;
	far.s = s;
	io_stream_own(s, &ops, &far);
}

static void make_contexts(void)
{
	const struct io_tls_options server = {.cert_file = cert_file, .key_file = key_file};
	const struct io_tls_options client = {.ca_file = cert_file};
	const char *why = NULL;

	ck_assert_msg(io_tls_server(&server, &server_tls, &why) == 0, "%s", why);
	ck_assert_msg(io_tls_client(&client, &client_tls, &why) == 0, "%s", why);
}

static void setup(void)
{
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", directory);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", directory);
	snprintf(other_file, sizeof(other_file), "%s/other.pem", directory);
	make_certificate(cert_file, key_file);
	make_certificate(other_file, NULL);
	make_contexts();
	near = far = (struct end){0};
	buf_init(&near.in, SIZE_MAX);
	buf_init(&far.in, SIZE_MAX);
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, server_tls, on_accept, NULL, &listener),
	                 0);
}

static void teardown(void)
{
	io_listener_close(&listener);
	if (near.s)
		io_stream_abort(near.s, 0);
	if (far.s)
		io_stream_abort(far.s, 0);
	io_loop_destroy(&loop);
	io_tls_free(&server_tls);
	io_tls_free(&client_tls);
	buf_fini(&near.in);
	buf_fini(&far.in);
	unlink(cert_file);
	unlink(key_file);
	unlink(other_file);
	rmdir(directory);
}

static void connect_to(const char *tls_name, struct io_tls *tls, uint64_t connect_ms)
{
	const struct io_stream_options options = {.host = "127.0.0.1",
	                                          .port = io_listener_port(listener),
	                                          .tls = tls,
	                                          .tls_name = tls_name,
	                                          .connect_ms = connect_ms,
	                                          .output_max = 2 * LARGE};

	ck_assert_int_eq(io_stream_connect(loop, &options, &ops, &near, &near.s), 0);
}

struct wanted {
	const struct buf *in;
	size_t len;
};

static bool has(const void *arg)
{
	const struct wanted *w = arg;

	return w->in->len >= w->len;
}

static void wait_for(const struct buf *in, size_t len)
{
	const struct wanted w = {in, len};

	io_wait(loop, has, &w, WAIT_MS);
}

static const char *const good_names[] = {NULL, "127.0.0.1", "localhost"};

START_TEST(says_both_ways_and_ends_in_order)
{
	connect_to(good_names[_i], client_tls, 0);
	io_wait(loop, io_is_true, &near.opened, WAIT_MS);
	ck_assert_int_eq(io_stream_write(near.s, SPAN_LIT("question")), 0);
	wait_for(&far.in, 8);
	ck_assert(span_is(buf_span(&far.in), "question"));
	ck_assert_int_eq(io_stream_write(far.s, SPAN_LIT("answer")), 0);
	io_stream_close(far.s);
	wait_for(&near.in, 6);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(near.err, 0);
	ck_assert_int_eq(far.err, 0);
}
END_TEST

START_TEST(much_goes_through_whole_with_pauses_between)
{
	char *text = malloc(LARGE);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)(i * 7 + i / 251);
	connect_to(NULL, client_tls, 0);
	io_wait(loop, io_is_true, &near.opened, WAIT_MS);
	io_wait(loop, io_is_true, &far.opened, WAIT_MS);
	io_stream_pause(far.s);
	ck_assert_int_eq(io_stream_write(near.s, (struct span){text, LARGE}), 0);
	io_idle(loop, 30);
	ck_assert_uint_eq(far.in.len, 0);
	io_stream_resume(far.s);
	io_idle(loop, 2);
	io_stream_pause(far.s);
	io_idle(loop, 5);
	io_stream_resume(far.s);
	wait_for(&far.in, LARGE);
	ck_assert(span_eq(buf_span(&far.in), (struct span){text, LARGE}));
	free(text);
}
END_TEST

START_TEST(a_certificate_with_another_name_is_refused)
{
	connect_to("bank.example", client_tls, 0);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -EPROTO);
	ck_assert(!near.opened);
}
END_TEST

START_TEST(a_certificate_of_somebody_else_is_refused)
{
	const struct io_tls_options options = {.ca_file = other_file};
	struct io_tls *tls;
	const char *why;

	ck_assert_int_eq(io_tls_client(&options, &tls, &why), 0);
	connect_to(NULL, tls, 0);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -EPROTO);
	io_tls_free(&tls);
}
END_TEST

START_TEST(insecure_checks_nothing)
{
	const struct io_tls_options options = {.insecure = true};
	struct io_tls *tls;
	const char *why;

	ck_assert_int_eq(io_tls_client(&options, &tls, &why), 0);
	connect_to("bank.example", tls, 0);
	io_wait(loop, io_is_true, &near.opened, WAIT_MS);
	io_tls_free(&tls);
}
END_TEST

START_TEST(garbage_for_a_handshake_ends_it)
{
	int fd = io_raw_connect(io_listener_port(listener));

	ck_assert_int_eq(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, -EPROTO);
	ck_assert(!far.opened);
	close(fd);
}
END_TEST

START_TEST(an_end_within_the_handshake)
{
	int fd = io_raw_connect(io_listener_port(listener));

	ck_assert_int_eq(send(fd, "\x16\x03\x01", 3, 0), 3);
	close(fd);
	io_wait(loop, io_is_true, &far.closed, WAIT_MS);
	ck_assert_int_eq(far.err, -ECONNRESET);
}
END_TEST

START_TEST(a_peer_that_does_not_answer_the_handshake)
{
	struct io_listener *plain;

	io_listener_close(&listener);
	ck_assert_int_eq(io_listen(loop, "127.0.0.1", 0, NULL, on_accept, NULL, &plain), 0);
	listener = plain;
	connect_to(NULL, client_tls, 200);
	io_wait(loop, io_is_true, &near.closed, WAIT_MS);
	ck_assert_int_eq(near.err, -ETIMEDOUT);
}
END_TEST

START_TEST(files_that_do_not_fit_are_said)
{
	const char *const none = "/nonexistent";
	const char *const wrong[][3] = {
		{NULL,       NULL,     NULL},
                {none,       key_file, NULL},
                {cert_file,  none,     NULL},
		{other_file, key_file, NULL},
                {cert_file,  key_file, none},
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct io_tls_options options = {
			.cert_file = wrong[i][0], .key_file = wrong[i][1], .ca_file = wrong[i][2]};
		struct io_tls *tls = NULL;
		const char *why = NULL;

		ck_assert_int_eq(io_tls_server(&options, &tls, &why), -EINVAL);
		ck_assert_ptr_nonnull(why);
		ck_assert_ptr_null(tls);
	}
}
END_TEST

static bool answered;
static int answer_err, answer_status;

static void on_hello(void *arg, struct http_request *r)
{
	(void)arg;
	http_respond(r, 200, "text/plain", SPAN_LIT("hello"));
}

static void on_answer(void *arg, const struct http_client_answer *answer)
{
	(void)arg;
	answered = true;
	answer_err = answer->err;
	answer_status = answer->status;
}

static void get_over_tls(const char *ca_file)
{
	const struct http_client_options options = {.ca_file = ca_file};
	struct http_client_request request = {.method = "GET"};
	struct http_server *server;
	struct http_client *client;
	uint16_t port;
	char url[64];

	answered = false;
	ck_assert_int_eq(http_server_create(loop, "test", NULL, &server), 0);
	ck_assert_int_eq(http_route(server, HTTP_M_GET, "/", on_hello, NULL), 0);
	ck_assert_int_eq(http_server_listen(server, "127.0.0.1:0", server_tls, &port), 0);
	ck_assert_int_eq(http_client_create(loop, &options, &client), 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", port);
	request.url = url;
	ck_assert_int_eq(http_client_send(client, "test", &request, on_answer, NULL), 0);
	io_wait(loop, io_is_true, &answered, WAIT_MS);
	http_client_destroy(&client);
	http_server_destroy(&server);
}

START_TEST(https_by_libcurl)
{
	get_over_tls(cert_file);
	ck_assert_int_eq(answer_err, 0);
	ck_assert_int_eq(answer_status, 200);
}
END_TEST

START_TEST(https_of_somebody_else_is_refused)
{
	get_over_tls(other_file);
	ck_assert_int_eq(answer_err, -EACCES);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("tls");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, says_both_ways_and_ends_in_order, 0, ARRAY_LEN(good_names));
	tcase_add_test(tc, much_goes_through_whole_with_pauses_between);
	tcase_add_test(tc, a_certificate_with_another_name_is_refused);
	tcase_add_test(tc, a_certificate_of_somebody_else_is_refused);
	tcase_add_test(tc, insecure_checks_nothing);
	tcase_add_test(tc, garbage_for_a_handshake_ends_it);
	tcase_add_test(tc, an_end_within_the_handshake);
	tcase_add_test(tc, a_peer_that_does_not_answer_the_handshake);
	tcase_add_test(tc, files_that_do_not_fit_are_said);
	tcase_add_test(tc, https_by_libcurl);
	tcase_add_test(tc, https_of_somebody_else_is_refused);
	return unit_run("tls", &tc, 1);
}
