/*
 * WeChat's platform for one account, in the test's own loop: it calls the channel's URL as the
 * platform does, and answers the API with what the test ordered. It seals with the connector's
 * codec, which has vectors of its own; tests/peers/wechat is the one by a third party's code.
 */
#ifndef PH_TEST_PLATFORM_H
#define PH_TEST_PLATFORM_H

#include "http_client.h"
#include "http_server.h"
#include "wechat_crypto.h"

#define PLATFORM_APPID "wx0123456789abcdef"
#define PLATFORM_TOKEN "posthouse"
#define PLATFORM_KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define PLATFORM_SECRET "0123456789abcdef0123456789abcdef"

enum { PLATFORM_KEPT = 64, PLATFORM_TRIES = 16 };

/* A request to the API, as it came. */
struct platform_call {
	char path[64], token[600], body[8192];
};

/* What became of a callback. */
struct platform_try {
	struct platform *platform;
	bool over;
	int err, status;
	char type[64], body[16384];
};

struct platform {
	struct io_loop *loop;
	struct http_server *door; /* the channel's own listener */
	struct http_server *api;
	struct http_client *client;
	uint16_t door_port, api_port;
	char base[64]; /* of the API */

	/* What the API answers. */
	int errcodes[PLATFORM_TRIES]; /* of the next sends, in order; then 0 */
	size_t errcode_count;
	int token_errcode;
	const char *odd; /* what sends are answered instead, once; NULL: as ordered */
	bool hold;       /* answers to sends wait for platform_release() */
	unsigned tokens; /* given out; the current one is "TOKEN<tokens>" */
	bool same_token; /* gives the same one again */
	unsigned expires_s;

	/* What it was asked. */
	struct platform_call calls[PLATFORM_KEPT];
	size_t call_count;
	struct http_request *held[PLATFORM_KEPT];
	size_t held_count;

	struct platform_try tries[PLATFORM_TRIES];
	size_t try_count;
	unsigned taken, put_off; /* callbacks answered 200, and 503 */
};

/** Listens on loopback, ports of the system's choice; no door where door_port is set already. */
int platform_open(struct platform *p, struct io_loop *loop) MUST_CHECK;
void platform_close(struct platform *p);
/** The API's listener is gone: connections are refused. */
void platform_api_down(struct platform *p);
/** Every connection ends at once, those of the callbacks too; then all is as it was. */
int platform_drop(struct platform *p) MUST_CHECK;
/** Answers what was held, the first count of them. */
void platform_release(struct platform *p, size_t count);
/** Sends of messages among the calls, and the i-th of them. */
size_t platform_sends(const struct platform *p);
const struct platform_call *platform_sent(const struct platform *p, size_t i);

/* How a callback is written. */
struct platform_how {
	const char *mode;  /* "plain", "compatible", "safe" */
	const char *key;   /* NULL: PLATFORM_KEY */
	const char *appid; /* inside; NULL: PLATFORM_APPID */
	const char *token; /* that signs; NULL: PLATFORM_TOKEN */
	const char *outer; /* compatible: the plain copy; NULL: the same */
	const char *extra; /* more of the query, "&a=b" */
	bool spoil_signature, spoil_msg_signature;
};
/** Starts a callback with the message xml ("<xml>...</xml>"); an index into tries. */
size_t platform_push(struct platform *p, const struct platform_how *how, const char *xml);
/** Starts any request to the channel's URL. */
size_t platform_request(struct platform *p, const char *method, const char *query, struct span body,
                        uint64_t timeout_ms);
/** The query of a verification with this echostr, signed; lasts until the next call. */
const char *platform_verification(const char *echostr);
/** Runs the loop until the try is over. */
const struct platform_try *platform_wait(struct platform *p, size_t index);

#endif
