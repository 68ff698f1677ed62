/* The inside of a TLS context, for the sessions that are made from it. */
#ifndef PH_TLS_INTERNAL_H
#define PH_TLS_INTERNAL_H

#include "tls.h"

#include <openssl/ssl.h>

struct io_tls {
	SSL_CTX *ctx;
	bool insecure;
};

#endif
