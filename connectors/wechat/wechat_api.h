/*
 * The words of WeChat's server API: request bodies, answers, and what its error codes mean. No
 * I/O: the sender asks, this writes and reads.
 */
#ifndef PH_WECHAT_API_H
#define PH_WECHAT_API_H

#include "buf.h"
#include "message.h"

enum {
	WECHAT_TOKEN_MAX = 512, /* characters of an access_token: getStableAccessToken */
	WECHAT_ERRMSG_MAX = 256,
	WECHAT_BODY_MAX = 64 * 1024
};

enum wechat_do {
	DO_NOTHING,   /* it is done */
	DO_RETRY,     /* again soon, a few times */
	DO_TOKEN,     /* get another token, then again once */
	DO_ADDRESS,   /* this user cannot be reached */
	DO_CONFIGURE, /* a human must act: the whole account stands still */
	DO_ALARM,     /* fails, and a human must know */
	DO_BARRED,    /* the same; a menu goes by another way, for an hour all of them do */
	DO_TEXT,      /* say it as text */
	DO_FAIL,
	DO_WAIT,     /* slow down, nothing is lost */
	DO_WAIT_DAY, /* the same, until midnight in Beijing */
	DO_WINDOW,
	DO_BUDGET
};

struct wechat_error {
	int first, last;
	enum wechat_do todo;
	const char *reason;
};
/** What a code means; never NULL: what is not listed fails. */
const struct wechat_error *wechat_error_of(int errcode);

struct wechat_answer {
	int errcode;
	bool coded;                     /* it has an errcode; answers with a token have none */
	char errmsg[WECHAT_ERRMSG_MAX]; /* with the rid that Tencent's support wants */
	char token[WECHAT_TOKEN_MAX + 1];
	uint64_t expires_s;
};
/** Reads any answer. -EBADMSG: not a JSON object, or a token that is none. The token is secret. */
int wechat_answer_read(struct span body, struct wechat_answer *out) MUST_CHECK;
/** For a human: the table's reason and what WeChat said, without any secret in it. */
void wechat_answer_reason(const struct wechat_answer *answer, const char *secret, char *out,
                          size_t size);

/** The body of stable_token, in normal mode. */
int wechat_api_token_body(const char *appid, const char *secret, struct buf *out) MUST_CHECK;

struct wechat_outgoing {
	struct span openid;
	enum message_kind kind;
	struct span text;       /* the part to send now; a menu's head */
	struct span data;       /* as wechat_data.h says */
	const char *kf_account; /* whose name is shown; NULL: the account's */
};
/** Appends the body of custom/send, raw UTF-8. -EINVAL: its data lacks what the kind needs. */
int wechat_api_send_body(const struct wechat_outgoing *o, struct buf *out) MUST_CHECK;
/** Appends what a menu says as text, with links that answer as its choices do. */
int wechat_api_menu_text(struct span text, struct span data, struct buf *out) MUST_CHECK;
/** The same with numbered lines, which are typed. */
int wechat_api_menu_lines(struct span text, struct span data, struct buf *out) MUST_CHECK;
/** The same message as such a text, with all else that it has. NULL: no memory. */
struct message *wechat_api_menu_as_lines(const struct message *menu);
int wechat_api_typing_body(struct span openid, bool on, struct buf *out) MUST_CHECK;

/** The prefix of text that fits one message: at most WECHAT_TEXT_MAX octets, no character cut. */
struct span wechat_text_part(struct span text);
/** How many messages text makes; 1 for an empty one. */
uint16_t wechat_text_parts(struct span text);

#endif
