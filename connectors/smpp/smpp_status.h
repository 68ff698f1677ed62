/*
 * command_status: names, and what follows when a submit gets one. The table is data
 * (smpp_status.def); a channel's configuration overrides rows of it.
 */
#ifndef PH_SMPP_STATUS_H
#define PH_SMPP_STATUS_H

#include "base.h"

enum smpp_status {
#define STATUS(name, value, text, action, delay_ms, tries) SMPP_##name = (value),
#include "smpp_status.def"
};

enum smpp_action {
	SMPP_ACTION_OK,
	SMPP_ACTION_FAIL,
	SMPP_ACTION_BAD_ADDRESS,
	SMPP_ACTION_FAIL_OVER,
	SMPP_ACTION_RETRY,
	SMPP_ACTION_LIMITED,
	SMPP_ACTION_THROTTLE,
	SMPP_ACTION_REBIND
};

/** The configuration's words for enum smpp_action, in its order; ends with NULL. */
extern const char *const smpp_action_names[];

struct smpp_policy {
	uint32_t status;
	enum smpp_action action;
	uint32_t delay_ms, tries;
};

/** What to do with a submit that got status: first from own, then the standard's, else one more
 * try and then failed, as befits a vendor's code. */
struct smpp_policy smpp_status_policy(uint32_t status, const struct smpp_policy *own, size_t count);

/** "ESME_RTHROTTLED", or "vendor status" for what no table knows. */
const char *smpp_status_name(uint32_t status);
/** For a human, in English. */
const char *smpp_status_text(uint32_t status);

#endif
