/* The sender's inside, shared by its three files: lanes, requests, outcomes. */
#ifndef PH_WECHAT_OUTCOME_H
#define PH_WECHAT_OUTCOME_H

#include "loop.h"
#include "wechat_lane.h"

enum {
	WECHAT_SOON_MS = 5000, /* when what could not be begun may be tried again */
	WECHAT_CODE_MAX = 40,
	WECHAT_REASON_MAX = 512
};

struct wechat_sender {
	struct wechat_sender_options o;
	int refs; /* the owner's, and one for each request under way */
	bool gone, stopping, abandoned;
	struct wechat_lane *lanes;
	struct wechat_lane *ready; /* lanes that may send */
	size_t jobs;
	unsigned in_flight;
	bool full;                /* somebody was told so, and waits for connector_ready() */
	bool no_menu;             /* this account may not send menus: do not ask again */
	uint64_t barred_until_ms; /* it has no right to this API at all; on the loop's clock */
	uint64_t slow_ms;
	struct io_timer *slow; /* runs while all stand still */
	struct io_later later;
};

/* One request under way. */
struct wechat_call {
	struct wechat_sender *sender;
	struct wechat_lane *lane;
	char token[WECHAT_TOKEN_MAX + 1];
	struct wechat_answer answer;
	char code[WECHAT_CODE_MAX], reason[WECHAT_REASON_MAX];
};

/** The part under way is settled; goes on with the next one. */
void wechat_outcome_part(struct wechat_lane *lane, const struct send_result *result);
/** This part and all that follow are refused: half a message more helps nobody. */
void wechat_outcome_refuse(struct wechat_lane *lane, unsigned flags, const char *code,
                           const char *reason);
/** All of a lane goes back to the host, in order, but for a message that is half sent. */
void wechat_outcome_give_back(struct wechat_lane *lane, uint64_t ms, const char *code,
                              const char *reason);

/** Does what WeChat's answer asks for. */
void wechat_outcome_errcode(struct wechat_call *c);
/** Nothing was written. */
void wechat_outcome_unreachable(struct wechat_call *c);
/** Slow down. */
void wechat_outcome_wait(struct wechat_call *c);
/** The message's own words, or a menu's choices as links; the caller frees. NULL: none. */
char *wechat_outcome_words(const struct message *m);

#endif
