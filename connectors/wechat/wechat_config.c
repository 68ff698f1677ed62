/* What the section of an Official Account says. */
#include "wechat_config.h"

#define AT(field) offsetof(struct wechat_config, field)

static const char *const modes[] = {"plain", "compatible", "safe", NULL};
static const char *const menus[] = {"buttons", "lines", NULL};

const struct config_field wechat_config_fields[] = {
	{"appid",					CONFIG_STRING, AT(appid), .required = true, .least = 1, .most = 32,
         .help = "the account's appid"},
	{"secret",				     CONFIG_SECRET, AT(secret), .required = true, .least = 1, .most = 128,
         .help = "the account's AppSecret, for its API"},
	{"token",				    CONFIG_SECRET, AT(token), .required = true, .least = 3, .most = 32,
         .help = "the token that signs callbacks"},
	{"aes_key",                  CONFIG_SECRET, AT(aes_key),
         .help = "the EncodingAESKey, 43 characters; needed unless mode is plain"},
	{"previous_aes_key",				       CONFIG_SECRET, AT(previous_aes_key),
         .help = "the EncodingAESKey before the last change, while WeChat may still use it"},
	{"mode",				    CONFIG_ENUM, AT(mode), .fallback = "safe", .choices = modes,
         .help = "how WeChat writes its callbacks; others are refused"},
	{"api_base",				    CONFIG_STRING, AT(api_base), .fallback = "https://api.weixin.qq.com",
         .least = 1, .most = 256, .help = "where the API is, without a slash at its end"},
	{"kf_account", CONFIG_STRING, AT(kf_account), .most = 64,
         .help = "the customer-service account whose name users see; empty: the account's own"},
	{"menus",					CONFIG_ENUM, AT(menus), .fallback = "buttons", .choices = menus,
         .help = "buttons: msgmenu by the customer-service API; lines: numbered, within the "
                 "callback, for "
                 "accounts without that API"},
	{"api_timeout",				     CONFIG_DURATION_MS, AT(api_timeout_ms), .fallback = "10 s", .least = 500,
         .most = 60000, .help = "time for one API request"},
	{"answer_within",				    CONFIG_DURATION_MS, AT(answer_ms), .fallback = "4500 ms", .least = 100,
         .most = 4900,
         .help = "time until a callback that is not durable yet is answered with 503; WeChat waits "
                 "5 s"},
	{"timestamp_slack",       CONFIG_DURATION_MS, AT(timestamp_slack_ms), .fallback = "0 s",
         .most = 86400000,
         .help = "callbacks whose timestamp is further off are refused; 0 s: any, for clocks that "
                 "nobody watches"},
	{"queue",				      CONFIG_INT, AT(queue), .fallback = "1000", .least = 1, .most = 100000,
         .help = "messages taken for the API and not yet settled"},
	{"in_flight",				   CONFIG_INT, AT(in_flight), .fallback = "32", .least = 1, .most = 256,
         .help = "API requests at once, each for another user"},
	{0					     },
};
