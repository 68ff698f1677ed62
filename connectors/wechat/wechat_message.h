/* What a push means to the rest: a message, a receipt, or nothing that anybody waits for. */
#ifndef PH_WECHAT_MESSAGE_H
#define PH_WECHAT_MESSAGE_H

#include "connector.h"
#include "wechat_push.h"

enum {
	WECHAT_OPENID_MAX = 64, /* octets; 28 in the field */
	WECHAT_APPID_MAX = 32,  /* octets; 18 in the field */
	WECHAT_ADDRESS_MAX = sizeof("wechat:") + WECHAT_APPID_MAX + 1 + WECHAT_OPENID_MAX
};

/** "wechat:APPID:OPENID", NUL-terminated. -EINVAL: either has characters that ids do not have. */
int wechat_address(struct span appid, struct span openid, char *out, size_t size) MUST_CHECK;
/** The openid of a canonical address, borrowed from it; empty where it is not one of ours. */
struct span wechat_address_openid(struct span address, struct span appid);

enum wechat_meaning {
	WECHAT_MESSAGE, /* something said or done: for the conversation */
	WECHAT_RECEIPT, /* what became of a template message */
	WECHAT_NOTE     /* about no customer in particular: logged */
};

struct wechat_meant {
	enum wechat_meaning meaning;
	bool known;              /* false: no such type is documented; kept with its raw text */
	struct message *message; /* WECHAT_MESSAGE; the caller's */
	struct receipt receipt;  /* WECHAT_RECEIPT; spans borrowed from the push and from address */
	char address[WECHAT_ADDRESS_MAX];
};

/**
 * raw is the push's text, kept with what is unknown; now_ms stands for a CreateTime that cannot
 * be. -EBADMSG: no user, or a type that says nothing. -ENOMEM.
 */
int wechat_message_read(const struct wechat_push *push, struct span appid, struct span channel,
                        struct span raw, uint64_t now_ms, struct wechat_meant *out) MUST_CHECK;

#endif
