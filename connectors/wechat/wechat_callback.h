/* The URL that WeChat calls: who may speak there, in which mode, and what is said. */
#ifndef PH_WECHAT_CALLBACK_H
#define PH_WECHAT_CALLBACK_H

#include "wechat_config.h"
#include "wechat_turn.h"

enum { WECHAT_KEYS = 2 }; /* the current EncodingAESKey and the one before */

struct wechat_callback {
	struct connector_host *host;
	struct wechat_turns *turns;
	enum wechat_mode mode;
	struct span appid, token, channel;
	struct wechat_key keys[WECHAT_KEYS];
	size_t key_count;
	uint64_t timestamp_slack_ms;
	bool stopping; /* everything is answered 503: another node takes it */
	struct log_throttle refusals;
};

/** Adds the route /wechat/CHANNEL; callback must outlive the server. */
int wechat_callback_route(struct wechat_callback *callback) MUST_CHECK;

#endif
