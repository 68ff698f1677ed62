/* POST /v1/segments, and its answer's form. */
#include "segments.h"

#include "api_private.h"
#include "strict_json.h"
#include "utf8.h"

static json_t *character(uint32_t code)
{
	struct buf b;
	json_t *text;

	buf_init(&b, 8);
	utf8_put(&b, code);
	text = strict_json_text(buf_span(&b));
	buf_fini(&b);
	return text;
}

json_t *segments_json(const struct connector_measure *m, bool too_long)
{
	json_t *forced = json_array(), *changes = json_array();

	for (size_t i = 0; i < MEASURED_CHARACTERS && m->forced[i]; i++)
		json_array_append_new(forced, character(m->forced[i]));
	for (size_t i = 0; i < MEASURED_CHARACTERS && m->changes[i].to; i++)
		json_array_append_new(changes,
		                      json_pack("{s:o, s:s}", "from", character(m->changes[i].from),
		                                "to", m->changes[i].to));
	return json_pack("{s:s, s:i, s:I, s:b, s:o, s:o, s:o}", "alphabet", m->alphabet, "parts",
	                 (int)m->parts, "left", (json_int_t)m->left, "too_long", too_long, "text",
	                 strict_json_text(m->text), "forced", forced, "changes", changes);
}

struct posted_text {
	struct span text, channel, lane, lang;
	uint64_t message_class;
};

#define NOT_GIVEN UINT64_MAX

static const struct json_field fields[] = {
	{"text",		       JSON_KIND_TEXT, offsetof(struct posted_text, text), true, 1, API_TEXT_MAX},
	{"channel", JSON_KIND_TEXT, offsetof(struct posted_text, channel), false, 1, 32},
	{"lane",			JSON_KIND_TEXT, offsetof(struct posted_text, lane), false, 1, 20},
	{"lang",                JSON_KIND_TEXT, offsetof(struct posted_text, lang), false, 2, 2},
	{"class",		    JSON_KIND_NUMBER, offsetof(struct posted_text, message_class), false, 0, 3},
	{0}
};

/* The channel that is named, or the first that sends SMS. */
static struct span channel_of(const struct config *config, const struct posted_text *posted)
{
	const struct config_channel *first = config_channel_for(config, "sms");

	return posted->channel.len || !first ? posted->channel : span_of(first->name);
}

static bool read_message(struct http_request *r, const struct posted_text *posted,
                         struct message *out)
{
	*out = (struct message){
		.direction = MESSAGE_OUT, .text = posted->text, .lang = posted->lang};
	if (!api_read_lane(r, posted->lane, &out->lane))
		return false;
	if (posted->lang.len && !span_is(posted->lang, "zh") && !span_is(posted->lang, "en")) {
		http_problem(r, 422, "field_range", "must be zh or en", "lang");
		return false;
	}
	if (posted->message_class != NOT_GIVEN)
		out->service.message_class =
			(enum message_class)(CLASS_0 + (unsigned)posted->message_class);
	return true;
}

static void answer(const struct api *api, struct http_request *r, struct span channel,
                   const struct message *m)
{
	struct connector_measure measure = {0};
	int err = router_measure(api->options.router, channel, m, &measure);
	json_t *object;

	if (err && err != -EMSGSIZE) {
		if (err == -ENOMEM)
			reply_unavailable(r);
		else
			http_problem(r, 422, "channel_unknown",
			             "there is no such channel, or it does not send SMS",
			             "channel");
		return;
	}
	object = segments_json(&measure, err == -EMSGSIZE);
	strict_json_set(object, "channel", channel);
	reply_json(r, 200, object);
}

void api_post_segments(void *arg, struct http_request *r)
{
	const struct api *api = arg;
	struct posted_text posted = {.message_class = NOT_GIVEN};
	struct message m;
	json_t *body = NULL;

	if (!api_authorize(api, r, SCOPE_MESSAGES) || !reply_read(r, fields, &posted, &body))
		return;
	if (read_message(r, &posted, &m))
		answer(api, r, channel_of(api->options.config, &posted), &m);
	json_decref(body);
}
