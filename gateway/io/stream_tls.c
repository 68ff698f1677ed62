/*
 * TLS over a stream: OpenSSL works on memory, so that what it writes leaves with the rest of the
 * turn and nothing of it ever touches a socket.
 */
#include "stream_internal.h"
#include "tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct stream_tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	struct buf wire;
};

static bool is_address(const char *name)
{
	unsigned char octets[16];

	return uv_inet_pton(AF_INET, name, octets) == 0 ||
	       uv_inet_pton(AF_INET6, name, octets) == 0;
}

static int expect_name(SSL *ssl, const char *name)
{
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : -EINVAL;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* SSL_set_tlsext_host_name() without the cast that clang refuses. */
	if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
	             (void *)(uintptr_t)name) != 1)
		return -EINVAL;
	return SSL_set1_host(ssl, name) == 1 ? 0 : -EINVAL;
}

static int session_init(struct stream_tls *t, struct io_tls *tls, bool server, const char *name)
{
	t->ssl = SSL_new(tls->ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out) {
		SSL_free(t->ssl);
		BIO_free(t->in);
		BIO_free(t->out);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	if (server) {
		SSL_set_accept_state(t->ssl);
		return 0;
	}
	SSL_set_connect_state(t->ssl);
	return expect_name(t->ssl, name);
}

int stream_tls_create(struct io_stream *s, struct io_tls *tls, bool server, const char *name)
{
	struct stream_tls *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	buf_init(&t->wire, SIZE_MAX);
	err = session_init(t, tls, server, name);
	if (err == -ENOMEM) {
		free(t);
		return err;
	}
	s->tls = t; /* from here stream_tls_free() ends it */
	return err;
}

void stream_tls_free(struct io_stream *s)
{
	if (!s->tls)
		return;
	SSL_free(s->tls->ssl);
	io_buffer_return(s->loop, &s->tls->wire);
	free(s->tls);
	s->tls = NULL;
}

struct buf *stream_tls_wire(struct io_stream *s)
{
	return &s->tls->wire;
}

/* What OpenSSL wants on the wire goes there at the end of the turn. */
static int collect(struct io_stream *s)
{
	struct stream_tls *t = s->tls;
	size_t len = BIO_ctrl_pending(t->out);
	char *at;

	if (!len)
		return 0;
	io_buffer_borrow(s->loop, &t->wire);
	at = buf_room(&t->wire, len);
	if (!at)
		return -ENOMEM;
	if (BIO_read(t->out, at, (int)len) != (int)len)
		return -EPROTO;
	buf_add_len(&t->wire, len);
	io_later(s->loop, &s->flush);
	return 0;
}

/* Says why, once: the error queue or the verification knows, nobody above does. */
static void tell_error(struct io_stream *s)
{
	long verify = SSL_get_verify_result(s->tls->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (verify != X509_V_OK)
		reason = X509_verify_cert_error_string(verify);
	s->why = reason ? reason : "unknown";
	log_info(io_loop_log(s->loop), EVENT("tls.failed"), STR("peer", io_stream_peer(s)),
	         STR("reason", s->why));
}

/* The alert that says why goes out as far as the kernel takes it. */
static void broken(struct io_stream *s)
{
	struct buf *wire = &s->tls->wire;

	tell_error(s);
	ERR_clear_error();
	if (collect(s) == 0 && wire->len && !s->flight) {
		uv_buf_t alert = uv_buf_init(wire->data, (unsigned)wire->len);
		int written = uv_try_write(&s->uv.stream, &alert, 1);

		(void)written; /* it ends here either way */
	}
	stream_fail(s, -EPROTO);
}

/* True when the handshake is done. */
static bool handshake(struct io_stream *s)
{
	int result = SSL_do_handshake(s->tls->ssl);

	if (result == 1) {
		io_timer_destroy(&s->timer);
		if (collect(s))
			stream_fail(s, -ENOMEM);
		else
			stream_open(s);
		return s->state == STREAM_OPEN;
	}
	if (SSL_get_error(s->tls->ssl, result) != SSL_ERROR_WANT_READ)
		broken(s);
	else if (collect(s))
		stream_fail(s, -ENOMEM);
	return false;
}

static void deliver(struct io_stream *s)
{
	char *plain = io_plain_buffer(s->loop);
	int len = 1;

	while (len > 0 && s->state == STREAM_OPEN && !s->paused) {
		ERR_clear_error();
		len = SSL_read(s->tls->ssl, plain, IO_READ_SIZE);
		if (len > 0)
			stream_deliver(s, (struct span){plain, (size_t)len});
	}
	if (len > 0)
		return;
	switch (SSL_get_error(s->tls->ssl, len)) {
	case SSL_ERROR_WANT_READ:
		if (collect(s)) /* key updates are answered */
			stream_fail(s, -ENOMEM);
		break;
	case SSL_ERROR_ZERO_RETURN:
		stream_ended(s);
		break;
	default:
		broken(s);
	}
}

void stream_tls_feed(struct io_stream *s, struct span wire)
{
	if (s->state != STREAM_OPEN && s->state != STREAM_HANDSHAKE)
		return;
	if (wire.len && BIO_write(s->tls->in, wire.ptr, (int)wire.len) != (int)wire.len) {
		stream_fail(s, -ENOMEM);
		return;
	}
	ERR_clear_error();
	if (s->state == STREAM_OPEN || handshake(s))
		deliver(s);
}

int stream_tls_seal(struct io_stream *s)
{
	struct buf *out = &s->out;
	size_t done = 0, written;

	if (s->state == STREAM_HANDSHAKE)
		return collect(s);
	ERR_clear_error();
	while (done < out->len) {
		if (SSL_write_ex(s->tls->ssl, out->data + done, out->len - done, &written) != 1)
			return -EPROTO;
		done += written;
	}
	io_buffer_return(s->loop, out);
	return collect(s);
}

void stream_tls_end(struct io_stream *s)
{
	if (stream_tls_seal(s) == 0)
		SSL_shutdown(s->tls->ssl);
	ERR_clear_error();
	if (collect(s))
		log_debug(io_loop_log(s->loop), EVENT("tls.no_close_notify"));
}
