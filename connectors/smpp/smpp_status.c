/* command_status by table. */
#include "smpp_status.h"

enum { VENDOR_DELAY_MS = 1000, VENDOR_TRIES = 1 };

static const struct row {
	const char *name, *text;
	struct smpp_policy policy;
} rows[] = {
/* clang-format off */
#define STATUS(name, value, text, action, delay_ms, tries) \
	{"ESME_" #name, text, {value, SMPP_ACTION_##action, delay_ms, tries}},
/* clang-format on */
#include "smpp_status.def"
};

const char *const smpp_action_names[] = {"ok",      "fail",     "bad_address", "fail_over", "retry",
                                         "limited", "throttle", "rebind",      NULL};

static const struct row *find(uint32_t status)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].policy.status == status)
			return &rows[i];
	return NULL;
}

struct smpp_policy smpp_status_policy(uint32_t status, const struct smpp_policy *own, size_t count)
{
	const struct row *row = find(status);

	for (size_t i = 0; i < count; i++)
		if (own[i].status == status)
			return own[i];
	if (row)
		return row->policy;
	return (struct smpp_policy){status, SMPP_ACTION_LIMITED, VENDOR_DELAY_MS, VENDOR_TRIES};
}

const char *smpp_status_name(uint32_t status)
{
	const struct row *row = find(status);

	return row ? row->name : "vendor status";
}

const char *smpp_status_text(uint32_t status)
{
	const struct row *row = find(status);

	return row ? row->text : "a status of the operator's own";
}
