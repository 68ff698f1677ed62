/*
 * POST and DELETE /v1/verifications: the house's own systems say that a customer proved who they
 * are, and that it is over. Who may say so may have the bank's secrets told to an address: the
 * scope is one of its own, the time is limited, and each word is noted in the conversation with the
 * key's name.
 */
#include "api_send.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECONDS_MAX = 2592000 };

struct posted_verification {
	struct span to, channel, how;
	uint64_t seconds;
};

static const struct json_field posted_fields[] = {
	{"to",				 JSON_KIND_TEXT, offsetof(struct posted_verification, to), true, 1, 200},
	{"channel", JSON_KIND_TEXT, offsetof(struct posted_verification, channel), false, 1, 32},
	{"how",				JSON_KIND_TEXT, offsetof(struct posted_verification, how), true, 1, 32},
	{"seconds",				 JSON_KIND_NUMBER, offsetof(struct posted_verification, seconds), true, 1,
         SECONDS_MAX},
	{0			   }
};

static const struct json_field ended_fields[] = {
	{"to",				 JSON_KIND_TEXT, offsetof(struct posted_verification, to), true, 1, 200},
	{"channel", JSON_KIND_TEXT, offsetof(struct posted_verification, channel), false, 1, 32},
	{"how",				JSON_KIND_TEXT, offsetof(struct posted_verification, how), false, 1, 32},
	{0				}
};

struct verify_call {
	struct http_request *request;
	uint64_t until_ms;
};

static void on_verified(void *arg, const struct router_error *error, struct span conversation,
                        bool changed)
{
	struct verify_call *call = arg;

	(void)changed;
	if (error->err)
		reply_router_error(call->request, error);
	else
		reply_json(call->request, 200,
		           json_pack("{s:s%, s:o}", "conversation", conversation.ptr,
		                     conversation.len, "until_ts",
		                     call->until_ms ? json_integer((json_int_t)call->until_ms)
		                                    : json_null()));
	free(call);
}

/* It stands in logs and lists, between blanks. */
static bool is_word(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') ||
		      (s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '_' || s.ptr[i] == '.' ||
		      s.ptr[i] == '-'))
			return false;
	return true;
}

/* 0, or why the router is not asked. */
static int tell(struct api *api, struct http_request *r, const struct router_verification *v)
{
	struct verify_call *call = malloc(sizeof(*call));
	int err = call ? 0 : -ENOMEM;

	if (!err) {
		*call = (struct verify_call){r, v->until_ms};
		err = router_verify(api->options.router, v, on_verified, call);
	}
	if (err)
		free(call);
	return err;
}

static void refuse(struct http_request *r, int err)
{
	if (err == -EINVAL)
		http_problem(r, 422, "address_invalid", "is no address of the channel", "to");
	else if (err == -ENOENT)
		http_problem(r, 422, "channel_unknown", "no channel has such addresses", "channel");
	else
		reply_unavailable(r);
}

/* The channel whose address it is; false: answered. */
static bool place(struct api *api, struct http_request *r, struct posted_verification *posted)
{
	struct sending like = {
		.api = api,
		.request = r,
		.send = {.address = posted->to, .channel = posted->channel}
        };

	if (!sending_place(&like))
		return false;
	posted->channel = like.send.channel;
	return true;
}

static void verify(struct api *api, struct http_request *r, const struct json_field *fields,
                   bool begins)
{
	const struct api_key *key = api_authorize(api, r, SCOPE_VERIFICATIONS);
	struct posted_verification posted = {.how = SPAN_LIT("ended")};
	uint64_t now = clock_wall_ms(io_loop_clock(api->options.loop));
	uint64_t longest_s = (uint64_t)api->options.config->desk.verified_longest_ms / 1000;
	struct router_verification v;
	json_t *body = NULL;
	char by[64];
	int err;

	if (!key || !reply_read(r, fields, &posted, &body))
		return;
	snprintf(by, sizeof(by), "api:%s", key->name);
	if (posted.seconds > longest_s) {
		http_problem(r, 422, "field_range", "is longer than desk.verified_longest allows",
		             "seconds");
	} else if (!is_word(posted.how)) {
		http_problem(r, 422, "field_range", "is a word of a-z, 0-9, _ . -", "how");
	} else if (place(api, r, &posted)) {
		v = (struct router_verification){.channel = posted.channel,
		                                 .address = posted.to,
		                                 .until_ms =
		                                         begins ? now + posted.seconds * 1000 : 0,
		                                 .how = posted.how,
		                                 .by = span_of(by)};
		err = tell(api, r, &v);
		if (err)
			refuse(r, err);
	}
	json_decref(body);
}

void api_post_verification(void *arg, struct http_request *r)
{
	verify(arg, r, posted_fields, true);
}

void api_delete_verification(void *arg, struct http_request *r)
{
	verify(arg, r, ended_fields, false);
}
