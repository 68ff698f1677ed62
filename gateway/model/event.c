/* Names of a session's states, and of what customers do next. */
#include "event.h"

static const char *const state_names[SESSION_STATES] = {
	"none", "bot", "queued", "assigned", "wrapup", "closed",
};

const char *log_after_name(char letter)
{
	switch (letter) {
	case 'c':
		return "chose";
	case 'v':
		return "value";
	case 't':
		return "thanks";
	case 'd':
		return "dropped";
	case 'p':
		return "person";
	case 's':
		return "same";
	case 'n':
		return "silent";
	case 'o':
		return "other";
	default:
		return NULL;
	}
}

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
