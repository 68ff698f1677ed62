/*
 * The customer-service API: messages out, one in flight for each user and in order, bounded. What
 * becomes of each is told to the host; WeChat's error codes decide by a table.
 */
#ifndef PH_WECHAT_SENDER_H
#define PH_WECHAT_SENDER_H

#include "connector.h"
#include "wechat_access.h"

struct wechat_sender;

struct wechat_sender_options {
	struct connector_host *host;
	struct wechat_access *access;
	const char *secret;                /* never to be told to anybody */
	const char *api_base, *kf_account; /* borrowed for its life; the second may be NULL */
	uint64_t timeout_ms;
	size_t queue_max;   /* messages taken and not yet settled */
	unsigned in_flight; /* requests at once, of different users */
	/* Menus that the API refuses because the account has no right to it: true, and it is told
	 * to the host by whoever says it as lines. */
	bool (*rescue)(void *arg, const struct message *menu);
	/* It is known what became of a menu, or it went back to the host. */
	void (*on_menu_over)(void *arg, const struct message *menu);
	void (*on_empty)(void *arg); /* after wechat_sender_stop(): nothing is left */
	void *arg;
};

int wechat_sender_create(const struct wechat_sender_options *options,
                         struct wechat_sender **out) MUST_CHECK;
/** Drops what it has without a word to the host; destroy its access first. Accepts NULL inside. */
void wechat_sender_destroy(struct wechat_sender **s);

/** Takes *m on 0. -EAGAIN: full; connector_ready() follows. */
int wechat_sender_send(struct wechat_sender *s, struct span openid, struct message **m) MUST_CHECK;
/** True when nothing for this user waits or is under way: a passive reply would not overtake. */
bool wechat_sender_clear(const struct wechat_sender *s, struct span openid);

/** A passive reply to this user is on its way: what comes after it waits. -ENOMEM. */
int wechat_sender_hold(struct wechat_sender *s, struct span openid) MUST_CHECK;
/** It has arrived, or (*m) it never will and is sent first of all; *m is taken. */
void wechat_sender_release(struct wechat_sender *s, struct span openid, struct message **m);

/** Shows or ends "typing"; never waits, and nobody learns whether it worked. */
void wechat_sender_typing(struct wechat_sender *s, struct span openid, bool on);

/** The account has no right to this API: WeChat has said so (48001, 48004), within the last hour.
 */
bool wechat_sender_barred(const struct wechat_sender *s);
/** There is a token again: goes on with what waits. */
void wechat_sender_wake(struct wechat_sender *s);
/** Takes nothing more, finishes what it has; then on_empty. */
void wechat_sender_stop(struct wechat_sender *s);
/** The time is over: what was not begun goes back to the host, what was written is uncertain. */
void wechat_sender_abandon(struct wechat_sender *s);
bool wechat_sender_empty(const struct wechat_sender *s);

#endif
