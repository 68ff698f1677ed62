/*
 * SMPP inside TLS: a channel binds only to the SMSC that it means, and says what is wrong else. The
 * certificates are made here. docs/protocols/smpp.md.
 */
#include "home.h"
#include "link_fixture.h"
#include "tls_internal.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DAY_S = 86400 };

static char directory[] = "/tmp/posthouse-smpp-tls-XXXXXX";
static const char *const files[] = {"ca.pem",    "ca.key",    "smsc.pem",    "smsc.key",
                                    "other.pem", "other.key", "expired.pem", "expired.key",
                                    "esme.pem",  "esme.key",  "stray.pem",   "stray.key"};

static const char *path(const char *name)
{
	static char ring[8][128];
	static unsigned at;
	char *out = ring[at++ % ARRAY_LEN(ring)];

	snprintf(out, sizeof(ring[0]), "%s/%s", directory, name);
	return out;
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(extension);
	ck_assert_int_eq(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void write_pem(const char *name, X509 *cert, EVP_PKEY *key)
{
	FILE *file = fopen(path(name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(cert ? PEM_write_X509(file, cert)
	                      : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
	                 1);
	ck_assert_int_eq(fclose(file), 0);
}

struct authority {
	X509 *cert;
	EVP_PKEY *key;
};

/* A certificate of name that ends end_s from now; ca NULL: it is its own authority. */
static struct authority issue(const char *name, const char *alternatives, long end_s,
                              const struct authority *ca)
{
	struct authority a = {X509_new(), EVP_EC_gen("P-256")};
	X509_NAME *subject = X509_get_subject_name(a.cert);

	X509_set_version(a.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(a.cert), 1 + end_s);
	X509_gmtime_adj(X509_getm_notBefore(a.cert), -30 * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(a.cert), end_s);
	X509_set_pubkey(a.cert, a.key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
	                           0);
	X509_set_issuer_name(a.cert, ca ? X509_get_subject_name(ca->cert) : subject);
	if (!ca)
		add_extension(a.cert, a.cert, NID_basic_constraints, "critical,CA:TRUE");
	if (alternatives)
		add_extension(a.cert, ca->cert, NID_subject_alt_name, alternatives);
	ck_assert_int_gt(X509_sign(a.cert, ca ? ca->key : a.key, EVP_sha256()), 0);
	return a;
}

static void keep(const char *cert, const char *key, struct authority *a)
{
	write_pem(cert, a->cert, NULL);
	write_pem(key, NULL, a->key);
}

static void drop(struct authority *a)
{
	X509_free(a->cert);
	EVP_PKEY_free(a->key);
}

static void make(const char *cert, const char *key, const char *name, const char *alternatives,
                 long end_s, const struct authority *ca)
{
	struct authority a = issue(name, alternatives, end_s, ca);

	keep(cert, key, &a);
	drop(&a);
}

static void make_certificates(void)
{
	struct authority ca = issue("Operator CA", NULL, 30 * DAY_S, NULL);
	char named[64], address[32];

	keep("ca.pem", "ca.key", &ca);
	snprintf(address, sizeof(address), "IP:%s", home_address());
	snprintf(named, sizeof(named), "DNS:smsc.operator.example,%s", address);
	make("smsc.pem", "smsc.key", "smsc", named, DAY_S, &ca);
	make("other.pem", "other.key", "other", "DNS:other.example", DAY_S, &ca);
	make("expired.pem", "expired.key", "smsc", address, -DAY_S, &ca);
	make("esme.pem", "esme.key", "posthouse", NULL, DAY_S, &ca);
	make("stray.pem", "stray.key", "stray", NULL, DAY_S, NULL);
	drop(&ca);
}

static void set_up(void)
{
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	make_certificates();
	fixture_set_up();
	smsc_close(&smsc);
	memset(&smsc, 0, sizeof(smsc));
}

static void tear_down(void)
{
	fixture_tear_down();
	io_tls_free(&smsc.tls);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(path(files[i]));
	rmdir(directory);
}

/* The SMSC shows a certificate; ca: whose it demands of us, NULL: none. */
static void smsc_shows(const char *cert, const char *key, const char *ca)
{
	const struct io_tls_options options = {
		.cert_file = path(cert), .key_file = path(key), .ca_file = ca ? path(ca) : NULL};
	const char *why = NULL;

	ck_assert_msg(io_tls_server(&options, &smsc.tls, &why) == 0, "%s", why);
	ck_assert_int_eq(smsc_open(&smsc, loop), 0);
}

static void open_trusting(const char *ca, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "tls: true\nca_file: %s\n%s", path(ca), more);
	open_channel(text);
}

static void assert_misconfigured(const char *why)
{
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	ck_assert_msg(strstr(host.why, why), "%s", host.why);
	host_pass(loop, 300);
	ck_assert_uint_eq(smsc.binds,
	                  0); /* no password went to a stranger, nor goes it again soon */
	ck_assert_uint_eq(smsc.accepted, 1);
}

START_TEST(it_binds_to_the_smsc_whose_certificate_is_right)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	open_trusting("ca.pem", "");
	AWAIT(host.state == CHANNEL_UP);
	deliver_text("inside");
	AWAIT(smsc.delivered == 1);
	ck_assert_int_eq(host_send(&host, "sms:+8613800138000", "hello"), 0);
	AWAIT(host.result_count == 1);
}
END_TEST

START_TEST(the_name_to_expect_may_be_another_than_the_host)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	open_trusting("ca.pem", "tls_name: smsc.operator.example\n");
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(a_certificate_of_another_name_is_refused)
{
	smsc_shows("other.pem", "other.key", NULL);
	open_trusting("ca.pem", "");
	assert_misconfigured("IP address mismatch");
}
END_TEST

START_TEST(a_certificate_of_another_host_name_is_refused)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	open_trusting("ca.pem", "tls_name: smsc.elsewhere.example\n");
	assert_misconfigured("hostname mismatch");
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
	smsc_shows("expired.pem", "expired.key", NULL);
	open_trusting("ca.pem", "");
	assert_misconfigured("expired");
}
END_TEST

START_TEST(a_certificate_of_an_unknown_issuer_is_refused)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	open_trusting("stray.pem", "");
	assert_misconfigured("issuer");
}
END_TEST

static char asked_name[64];

static int on_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)arg;
	snprintf(asked_name, sizeof(asked_name), "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

START_TEST(the_name_is_said_in_the_hello)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	SSL_CTX_set_tlsext_servername_callback(smsc.tls->ctx, on_name);
	open_trusting("ca.pem", "tls_name: smsc.operator.example\n");
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_str_eq(asked_name, "smsc.operator.example");
}
END_TEST

START_TEST(the_smsc_may_demand_our_certificate)
{
	char more[300];

	smsc_shows("smsc.pem", "smsc.key", "ca.pem");
	snprintf(more, sizeof(more), "cert_file: %s\nkey_file: %s\n", path("esme.pem"),
	         path("esme.key"));
	open_trusting("ca.pem", more);
	AWAIT(host.state == CHANNEL_UP);
}
END_TEST

START_TEST(without_the_certificate_that_it_demands_there_is_no_bind)
{
	smsc_shows("smsc.pem", "smsc.key", "ca.pem");
	open_trusting("ca.pem", "");
	AWAIT(host.state == CHANNEL_MISCONFIGURED || host.state == CHANNEL_DOWN);
	ck_assert_uint_eq(smsc.binds, 0);
}
END_TEST

START_TEST(a_certificate_of_ours_that_it_does_not_know_is_no_use)
{
	char more[300];

	smsc_shows("smsc.pem", "smsc.key", "ca.pem");
	snprintf(more, sizeof(more), "cert_file: %s\nkey_file: %s\n", path("stray.pem"),
	         path("stray.key"));
	open_trusting("ca.pem", more);
	AWAIT(host.state == CHANNEL_MISCONFIGURED || host.state == CHANNEL_DOWN);
	ck_assert_uint_eq(smsc.binds, 0);
}
END_TEST

/* A port that speaks anything but TLS. */
static void on_plain(void *arg)
{
	(void)arg;
}

static void on_plain_data(void *arg, struct span data)
{
	(void)data;
	(void)io_stream_write(*(struct io_stream **)arg, SPAN_LIT("220 mail.example ESMTP\r\n"));
}

static void on_plain_close(void *arg, int err)
{
	(void)err;
	*(struct io_stream **)arg = NULL;
}

static const struct io_stream_ops plain_ops = {.name = "test.plain",
                                               .on_open = on_plain,
                                               .on_data = on_plain_data,
                                               .on_close = on_plain_close};

static void accept_plain(void *arg, struct io_stream *s)
{
	*(struct io_stream **)arg = s;
	io_stream_own(s, &plain_ops, arg);
}

/* Accepts and then neither reads nor says anything, as a stopped process does. */
static void accept_mute(void *arg, struct io_stream *s)
{
	accept_plain(arg, s);
	io_stream_pause(s);
}

START_TEST(a_port_that_speaks_no_tls_is_told_as_that)
{
	static struct io_stream *stream;
	struct io_listener *listener;

	ck_assert_int_eq(io_listen(loop, home_address(), 0, NULL, accept_plain, &stream, &listener),
	                 0);
	smsc.port = io_listener_port(listener);
	open_trusting("ca.pem", "");
	AWAIT(host.state == CHANNEL_MISCONFIGURED);
	ck_assert_msg(strstr(host.why, "version") || strstr(host.why, "packet"), "%s", host.why);
	io_listener_close(&listener);
	AWAIT(!stream);
}
END_TEST

START_TEST(an_smsc_that_only_listens_is_given_up_in_time)
{
	struct io_listener *listener;
	static struct io_stream *stream;

	ck_assert_int_eq(io_listen(loop, home_address(), 0, NULL, accept_mute, &stream, &listener),
	                 0);
	smsc.port = io_listener_port(listener);
	open_channel("bind_timeout: 200 ms\n");
	AWAIT(stream);
	AWAIT(host.state == CHANNEL_DOWN);
	io_listener_close(&listener);
	host_close(&host);
	memset(&host, 0, sizeof(host));
	io_stream_resume(stream);
	AWAIT(!stream);
}
END_TEST

START_TEST(garbage_inside_a_session_ends_it_and_it_comes_back)
{
	smsc_shows("smsc.pem", "smsc.key", NULL);
	open_trusting("ca.pem", "");
	AWAIT(host.state == CHANNEL_UP);
	smsc_raw(smsc_receiver(&smsc), SPAN_LIT("\xff\xff\xff\xff garbage"));
	AWAIT(smsc.binds == 2 && host.state == CHANNEL_UP);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		it_binds_to_the_smsc_whose_certificate_is_right,
		the_name_to_expect_may_be_another_than_the_host,
		a_certificate_of_another_name_is_refused,
		a_certificate_of_another_host_name_is_refused,
		an_expired_certificate_is_refused,
		a_certificate_of_an_unknown_issuer_is_refused,
		the_name_is_said_in_the_hello,
		the_smsc_may_demand_our_certificate,
		without_the_certificate_that_it_demands_there_is_no_bind,
		a_certificate_of_ours_that_it_does_not_know_is_no_use,
		a_port_that_speaks_no_tls_is_told_as_that,
		an_smsc_that_only_listens_is_given_up_in_time,
		garbage_inside_a_session_ends_it_and_it_comes_back,
	};
	TCase *tc = tcase_create("tls");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 20);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	return unit_run("smpp tls", &tc, 1);
}
