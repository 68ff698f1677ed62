/* The opening handshake of a WebSocket. Inside of websocket.c. */
#ifndef PH_WS_HANDSHAKE_H
#define PH_WS_HANDSHAKE_H

#include "buf.h"
#include "http_server.h"

/** Checks section 4.2.1; subprotocol must be offered, NULL: none is used. True: r was refused, and
 * is answered and gone. */
bool ws_handshake_refuse(struct http_request *r, const char *subprotocol) MUST_CHECK;
/** Writes the 101 for r, which was checked. -EINVAL: it was not; -EIO, -ENOMEM. */
int ws_handshake_accept(const struct http_request *r, const char *subprotocol,
                        struct buf *out) MUST_CHECK;

#endif
