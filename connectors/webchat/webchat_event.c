/* The log as a browser sees it: messages of both sides, without what is internal. */
#include "webchat_private.h"

static const char *author_type(const struct message *m)
{
	if (m->direction == MESSAGE_IN)
		return "customer";
	return span_starts(m->author, SPAN_LIT("agent:")) ? "agent" : "bot";
}

static json_t *author_json(const struct log_event *event)
{
	json_t *author = json_pack("{s:s}", "type", author_type(event->message));

	if (event->message->direction == MESSAGE_OUT)
		strict_json_set(author, "name", event->author_name);
	return author;
}

/* The choices of a menu stand in its data as texts. */
static void set_options(json_t *out, const struct message *m)
{
	json_t *data = json_loadb(m->data.ptr ? m->data.ptr : "", m->data.len, 0, NULL);
	json_t *options = json_array(), *option;
	size_t i;

	json_array_foreach(json_object_get(data, "options"), i, option)
	{
		if (json_is_string(option))
			json_array_append(options, option);
	}
	if (json_array_size(options))
		json_object_set(out, "options", options);
	json_decref(options);
	json_decref(data);
}

json_t *webchat_event_json(const struct log_event *event)
{
	const struct message *m = event->message;
	json_t *out;

	if (event->type != LOG_MESSAGE || m->kind == MESSAGE_EVENT)
		return NULL;
	out = json_pack("{s:I, s:I, s:s, s:s, s:o, s:o}", "seq", (json_int_t)event->seq, "ts",
	                (json_int_t)event->ts_ms, "type", "message", "direction",
	                m->direction == MESSAGE_IN ? "in" : "out", "text",
	                strict_json_text(m->text), "author", author_json(event));
	if (m->direction == MESSAGE_IN)
		strict_json_set(out, "cid", m->cid);
	if (m->kind == MESSAGE_MENU)
		set_options(out, m);
	return out;
}

void webchat_standing_set(json_t *frame, const struct log_event *event)
{
	static const char *const states[SESSION_STATES] = {
		[SESSION_NONE] = "bot",      [SESSION_BOT] = "bot",
		[SESSION_QUEUED] = "queued", [SESSION_ASSIGNED] = "assigned",
		[SESSION_WRAPUP] = "closed", [SESSION_CLOSED] = "closed",
	};
	enum session_state state = event ? event->state : SESSION_NONE;

	json_object_set_new(frame, "state", json_string(states[state]));
	if (state == SESSION_ASSIGNED)
		json_object_set_new(
			frame, "agent",
			json_pack("{s:o}", "name", strict_json_text(event->agent_name)));
}
