/*
 * Callbacks that wait for their answer. A turn is one message and all tries of WeChat to deliver
 * it: a try that overlaps the first waits with it, and all get the same answer. The host may give
 * a reply before it says that the message is durable; then that is the answer, else "success".
 */
#ifndef PH_WECHAT_TURN_H
#define PH_WECHAT_TURN_H

#include "connector.h"
#include "http_server.h"
#include "wechat_crypto.h"
#include "wechat_message.h"
#include "wechat_sender.h"

struct wechat_turns;

struct wechat_turns_options {
	struct connector_host *host;
	struct wechat_sender *sender; /* takes replies that missed their turn */
	struct span appid, token;
	uint64_t answer_ms;          /* after which a try is answered 503: WeChat waits 5 s */
	void (*on_empty)(void *arg); /* after wechat_turns_stop(): none is left */
	void *arg;
};

/* One request, verified. */
struct wechat_try {
	struct http_request *request;
	const struct wechat_key *key; /* that opened it and seals the answer; NULL: plain */
	bool json;                    /* takes no XML reply */
	struct span account;          /* gh_..., whom the user wrote to */
};

int wechat_turns_create(const struct wechat_turns_options *options,
                        struct wechat_turns **out) MUST_CHECK;
/** Requests that wait are answered 503. Accepts NULL inside. */
void wechat_turns_destroy(struct wechat_turns **turns);

/** Hands the message up (taken) or the receipt, and answers the request, later. */
void wechat_turns_begin(struct wechat_turns *turns, const struct wechat_try *try,
                        struct wechat_meant *meant);
/**
 * Takes *m when it answers a message whose request still waits, can be said passively, and would
 * overtake nothing. False: send it by the API.
 */
bool wechat_turns_reply(struct wechat_turns *turns, struct message **m);

/**
 * The menu, which answers a message whose request still waits, has gone by the API instead: the
 * request is not answered before it is known what became of that, or WeChat would wait no more.
 */
void wechat_turns_await(struct wechat_turns *turns, struct message *menu);
/** The API has no right to send it: true when it is said as lines within the callback. */
bool wechat_turns_rescue(struct wechat_turns *turns, const struct message *menu);
/** It is known what became of it. */
void wechat_turns_over(struct wechat_turns *turns, const struct message *menu);

/** New ones are refused from now on by the caller; on_empty when those that wait have their answer.
 */
void wechat_turns_stop(struct wechat_turns *turns);
bool wechat_turns_empty(const struct wechat_turns *turns);

/** What WeChat takes for "got it", and what makes it try again. */
void wechat_answer_success(struct http_request *request);
void wechat_answer_later(struct http_request *request);

#endif
