/*
 * The account's access token, and with it whether the API can be used at all. One token serves all
 * nodes: it is kept in the host's store, one node renews it before its end, and whoever finds it
 * refused gets another, once. The token is shown to nobody but the sender.
 */
#ifndef PH_WECHAT_ACCESS_H
#define PH_WECHAT_ACCESS_H

#include "connector.h"

struct wechat_access;

struct wechat_access_options {
	struct connector_host *host;
	const char *appid, *secret, *api_base; /* borrowed for its life */
	uint64_t timeout_ms;                   /* of one request */
	/** UP: there is a token. RECEIVE_ONLY: not now. MISCONFIGURED: a human must act. */
	void (*on_state)(void *arg, enum channel_state state, const char *why);
	void *arg;
};

/** Opens nothing. -ENOMEM. */
int wechat_access_create(const struct wechat_access_options *options,
                         struct wechat_access **out) MUST_CHECK;
/** Gets a token, and from then on keeps one. */
void wechat_access_start(struct wechat_access *a);
/** Whoever waits is told -ECANCELED. Accepts NULL inside. */
void wechat_access_destroy(struct wechat_access **a);

/** err 0: token is borrowed for the call. -EAGAIN: there is none now; on_state has said why. */
typedef void wechat_access_fn(void *arg, int err, const char *token);
/** fn once: at once where a token is at hand. */
void wechat_access_get(struct wechat_access *a, wechat_access_fn *fn, void *arg);
/** fn at once, within this call, with -EAGAIN where no token is at hand. */
void wechat_access_now(struct wechat_access *a, wechat_access_fn *fn, void *arg);
/** This token was refused. The next one to ask gets another, if that one is still ours. */
void wechat_access_refused(struct wechat_access *a, const char *token);
/** The API cannot be used for ms; says state and why, then tries again. */
void wechat_access_suspend(struct wechat_access *a, uint64_t ms, enum channel_state state,
                           const char *why);
/** True when send() may take messages for the API. */
bool wechat_access_usable(const struct wechat_access *a);

#endif
