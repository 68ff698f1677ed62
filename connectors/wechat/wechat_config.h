/* The section of one Official Account. */
#ifndef PH_WECHAT_CONFIG_H
#define PH_WECHAT_CONFIG_H

#include "yaml.h"

/* How the platform writes its callbacks; pinned, so that nobody can choose a weaker one. */
enum wechat_mode { WECHAT_PLAIN, WECHAT_COMPATIBLE, WECHAT_SAFE };

/* How a menu is said. */
enum wechat_menus { WECHAT_MENUS_BUTTONS, WECHAT_MENUS_LINES };

struct wechat_config {
	char *appid, *secret, *token, *aes_key, *previous_aes_key;
	int mode;  /* enum wechat_mode */
	int menus; /* enum wechat_menus */
	char *api_base, *kf_account;
	int64_t api_timeout_ms, answer_ms, timestamp_slack_ms;
	int64_t queue, in_flight;
};

extern const struct config_field wechat_config_fields[];

#endif
