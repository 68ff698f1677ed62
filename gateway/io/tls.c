/* TLS contexts: what is trusted and what is shown. Sessions over streams are in stream_tls.c. */
#include "tls_internal.h"

#include <openssl/err.h>
#include <stdlib.h>

/* The owner of a key file's name and passphrase is the operator: never ask on a terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static int context_new(const SSL_METHOD *method, struct io_tls **out, const char **why)
{
	struct io_tls *tls = calloc(1, sizeof(*tls));

	if (tls)
		tls->ctx = SSL_CTX_new(method);
	if (!tls || !tls->ctx) {
		free(tls);
		*why = "out of memory";
		return -ENOMEM;
	}
	SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(tls->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_default_passwd_cb(tls->ctx, no_passphrase);
	*out = tls;
	return 0;
}

static const char *load_trust(SSL_CTX *ctx, const char *ca_file, bool system)
{
	if (ca_file && SSL_CTX_load_verify_locations(ctx, ca_file, NULL) != 1)
		return "the file of trusted certificates cannot be read";
	if (!ca_file && system && SSL_CTX_set_default_verify_paths(ctx) != 1)
		return "the system's trusted certificates cannot be read";
	return NULL;
}

static const char *load_identity(SSL_CTX *ctx, const char *cert_file, const char *key_file)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		return "the certificate cannot be read";
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		return "the private key cannot be read";
	if (SSL_CTX_check_private_key(ctx) != 1)
		return "the private key does not belong to the certificate";
	return NULL;
}

static int conclude(struct io_tls *tls, const char *error, struct io_tls **out, const char **why)
{
	ERR_clear_error();
	if (error) {
		*why = error;
		io_tls_free(&tls);
		return -EINVAL;
	}
	*out = tls;
	return 0;
}

int io_tls_client(const struct io_tls_options *options, struct io_tls **out, const char **why)
{
	struct io_tls *tls;
	const char *error;
	int err = context_new(TLS_client_method(), &tls, why);

	if (err)
		return err;
	tls->insecure = options->insecure;
	SSL_CTX_set_verify(tls->ctx, tls->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	error = load_trust(tls->ctx, options->ca_file, true);
	if (!error && options->cert_file)
		error = load_identity(tls->ctx, options->cert_file, options->key_file);
	return conclude(tls, error, out, why);
}

int io_tls_server(const struct io_tls_options *options, struct io_tls **out, const char **why)
{
	struct io_tls *tls;
	const char *error;
	int err = context_new(TLS_server_method(), &tls, why);

	if (err)
		return err;
	error = options->cert_file && options->key_file
	                ? load_identity(tls->ctx, options->cert_file, options->key_file)
	                : "a server needs a certificate and its key";
	if (!error)
		error = load_trust(tls->ctx, options->ca_file, false);
	if (!error && options->ca_file)
		SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		                   NULL);
	return conclude(tls, error, out, why);
}

void io_tls_free(struct io_tls **tls)
{
	if (!*tls)
		return;
	SSL_CTX_free((*tls)->ctx); /* sessions hold references of their own */
	free(*tls);
	*tls = NULL;
}
