/* Names of a session's states. */
#include "event.h"

static const char *const state_names[SESSION_STATES] = {
	"none", "bot", "queued", "assigned", "wrapup", "closed",
};

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

int session_state_parse(struct span name, enum session_state *out)
{
	for (int i = 0; i < SESSION_STATES; i++)
		if (span_is(name, state_names[i])) {
			*out = (enum session_state)i;
			return 0;
		}
	return -EINVAL;
}
