/* TLS contexts (OpenSSL 3): what a client checks and shows, what a server shows. TLS 1.2 and later.
 */
#ifndef PH_TLS_H
#define PH_TLS_H

#include "base.h"

struct io_tls;

struct io_tls_options {
	const char *ca_file;   /* trusted; NULL: the system's for clients, none for servers */
	const char *cert_file; /* PEM chain; needed by servers */
	const char *key_file;
	bool insecure; /* clients: do not check the peer; for tests only */
};

/** why: for a human, static. -EINVAL. */
int io_tls_client(const struct io_tls_options *options, struct io_tls **out,
                  const char **why) MUST_CHECK;
int io_tls_server(const struct io_tls_options *options, struct io_tls **out,
                  const char **why) MUST_CHECK;
void io_tls_free(struct io_tls **tls);

#endif
