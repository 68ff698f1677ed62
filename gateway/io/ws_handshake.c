/*
 * The opening handshake of RFC 6455, section 4.2: what a request must say, and the answer to it.
 */
#include "ws_handshake.h"

#include "http_internal.h"

#include <openssl/evp.h>

static bool is_key(struct span key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	if (!key.ptr || key.len != 24 || key.ptr[22] != '=' || key.ptr[23] != '=')
		return false;
	for (size_t i = 0; i < 22; i++)
		if (!key.ptr[i] || !strchr(digits, key.ptr[i]))
			return false;
	return true;
}

/* What a header holds when it is there once. */
static struct span single(const struct http_request *r, const char *name)
{
	struct span found = SPAN_NONE;
	unsigned count = 0;

	for (size_t i = 0; i < r->head.field_count; i++)
		if (span_is(http_field_name(&r->head, i), name)) {
			found = http_field_value(&r->head, i);
			count++;
		}
	return count == 1 ? found : SPAN_NONE;
}

static bool offers(const struct http_request *r, const char *subprotocol)
{
	struct span rest = http_header(r, "sec-websocket-protocol");

	while (rest.len)
		if (span_is(span_trim(span_split(rest, ',', &rest)), subprotocol))
			return true;
	return false;
}

static void refuse_version(struct http_request *r)
{
	static const struct http_header_out headers[] = {
		{"Upgrade",               "websocket"},
		{"Connection",            "Upgrade"  },
		{"Sec-WebSocket-Version", "13"       },
	};

	http_problem_with(r, 426, "websocket_required", "A WebSocket of version 13 is spoken here.",
	                  NULL, headers, ARRAY_LEN(headers));
}

bool ws_handshake_refuse(struct http_request *r, const char *subprotocol)
{
	if (r->head.is_1_0 || !http_has_token(&r->head, "upgrade", "websocket") ||
	    !http_has_token(&r->head, "connection", "upgrade") ||
	    !span_is(single(r, "sec-websocket-version"), "13"))
		refuse_version(r);
	else if (!is_key(single(r, "sec-websocket-key")) || r->body.len || r->head.is_head)
		http_problem(r, 400, "bad_handshake", "The WebSocket handshake is malformed.",
		             "Sec-WebSocket-Key");
	else if (subprotocol && !offers(r, subprotocol))
		http_problem(r, 400, "subprotocol_required", subprotocol, "Sec-WebSocket-Protocol");
	else if (r->server->draining)
		http_problem(r, 503, "draining", "This node stops.", NULL);
	else
		return false;
	return true;
}

static int accept_key(struct span key, char out[32])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char text[24 + sizeof(guid)], digest[EVP_MAX_MD_SIZE];

	if (!is_key(key))
		return -EINVAL;
	memcpy(text, key.ptr, 24);
	memcpy(text + 24, guid, sizeof(guid));
	if (EVP_Digest(text, 24 + sizeof(guid) - 1, digest, NULL, EVP_sha1(), NULL) != 1)
		return -EIO;
	EVP_EncodeBlock((unsigned char *)out, digest, 20);
	return 0;
}

static void write_lines(struct buf *b, const char *subprotocol, const char *accept)
{
	buf_str(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	           "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
	buf_str(b, accept);
	if (subprotocol) {
		buf_str(b, "\r\nSec-WebSocket-Protocol: ");
		buf_str(b, subprotocol);
	}
	buf_str(b, "\r\n\r\n");
}

int ws_handshake_accept(const struct http_request *r, const char *subprotocol, struct buf *out)
{
	char accept[32];
	int err = accept_key(single(r, "sec-websocket-key"), accept);

	if (err)
		return err;
	write_lines(out, subprotocol, accept);
	return buf_check(out);
}
