/* POST /v1/messages and POST /v1/calls: what the bodies say, checked before anything is done. */
#include "api_send.h"

#include "rfc3339.h"

#include <stdio.h>
#include <time.h>

#define NOT_GIVEN UINT64_MAX /* where 0 says something */

/* How long ahead a message may be ordered. */
#define AHEAD_MAX_MS (UINT64_C(90) * 24 * 3600 * 1000)

/* A message as it is posted. */
struct posted_message {
	struct span to, from, channel, text, template_id, lang, lane, send_at;
	json_t *variables;
	uint64_t validity_s, message_class, priority;
	bool receipt;
};

static const struct json_field message_fields[] = {
	{"to",			    JSON_KIND_TEXT, offsetof(struct posted_message, to), true, 1, 200},
	{"channel", JSON_KIND_TEXT, offsetof(struct posted_message, channel), false, 1, 32},
	{"text",			   JSON_KIND_TEXT, offsetof(struct posted_message, text), false, 1, API_TEXT_MAX},
	{"template",			    JSON_KIND_TEXT, offsetof(struct posted_message, template_id), false, 1, 64},
	{"variables",		       JSON_KIND_VALUES, offsetof(struct posted_message, variables), false, 0,
         API_VALUE_MAX},
	{"lang", JSON_KIND_TEXT, offsetof(struct posted_message, lang), false, 2, 2},
	{"lane",			  JSON_KIND_TEXT, offsetof(struct posted_message, lane), false, 1, 20},
	{"validity",			     JSON_KIND_NUMBER, offsetof(struct posted_message, validity_s), false, 1,
         7LL * 24 * 3600},
	{"from",			  JSON_KIND_TEXT, offsetof(struct posted_message, from), false, 1, 20},
	{"send_at", JSON_KIND_TEXT, offsetof(struct posted_message, send_at), false, 1, 40},
	{"class",			  JSON_KIND_NUMBER, offsetof(struct posted_message, message_class), false, 0, 3},
	{"priority",                   JSON_KIND_NUMBER, offsetof(struct posted_message, priority), false, 0,
         PRIORITY_MAX},
	{"receipt",		      JSON_KIND_BOOL, offsetof(struct posted_message, receipt), false, 0, 0},
	{0}
};

bool api_read_lane(struct http_request *r, struct span name, enum lane *out)
{
	if (!name.len) {
		*out = LANE_CONFIRMATION;
		return true;
	}
	for (int i = 0; i < LANE_COUNT; i++)
		if (span_is(name, lane_name((enum lane)i))) {
			*out = (enum lane)i;
			return true;
		}
	http_problem(r, 422, "field_range", "must be reply, confirmation or campaign", "lane");
	return false;
}

/* When it is to be delivered; a time that is over is now. */
static bool read_due(struct sending *s, struct span send_at)
{
	uint64_t now = clock_wall_ms(io_loop_clock(s->api->options.loop));

	if (!send_at.len)
		return true;
	if (rfc3339_parse(send_at, &s->send.due_ms)) {
		http_problem(s->request, 422, "field_range",
		             "must be a time as RFC 3339 writes it: 2026-03-01T09:00:00+08:00",
		             "send_at");
		return false;
	}
	if (s->send.due_ms > now + AHEAD_MAX_MS) {
		http_problem(s->request, 422, "field_range", "must be within 90 days", "send_at");
		return false;
	}
	return true;
}

static struct message_service read_service(const struct sending *s, const struct posted_message *m)
{
	struct message_service o = {0};

	if (m->message_class != NOT_GIVEN)
		o.message_class = (enum message_class)(CLASS_0 + m->message_class);
	if (m->priority != NOT_GIVEN)
		o.priority = (uint8_t)(1 + m->priority);
	if (json_object_get(s->body, "receipt"))
		o.receipt = m->receipt ? RECEIPT_WANTED : RECEIPT_UNWANTED;
	return o;
}

static bool one_content(struct http_request *r, const struct posted_message *m)
{
	if (!m->text.len == !m->template_id.len) {
		http_problem(r, 422, "field_missing", "either text or template must be given",
		             "text");
		return false;
	}
	if (m->text.len && m->variables) {
		http_problem(r, 422, "field_unknown", "variables belong to a template",
		             "variables");
		return false;
	}
	return true;
}

static void word_message(struct sending *s, const struct posted_message *m)
{
	s->order = (struct wording_order){
		.template_id = m->template_id, .lang = m->lang, .variables = m->variables};
	s->send.text = m->text;
	s->send.lang = m->lang;
}

static bool take_key(struct sending *s, const char *owner)
{
	struct span key = http_header(s->request, "idempotency-key");
	char id[256];

	if (!key.len)
		return true;
	if (key.len > 128) {
		http_problem(s->request, 400, "idempotency_key_invalid",
		             "Idempotency-Key is longer than 128 octets", NULL);
		return false;
	}
	snprintf(id, sizeof(id), "%s %.*s", owner, SPAN_FMT(key));
	s->conflict_code = "idempotency_conflict";
	sending_once(s, "message", span_of(id));
	return true;
}

static bool prepare_message(struct sending *s, const struct posted_message *m, const char *owner)
{
	s->send.address = m->to;
	s->send.channel = m->channel;
	s->send.local = m->from;
	s->send.service = read_service(s, m);
	s->send.validity_ms = m->validity_s * 1000;
	s->send.on_uncertain = UNCERTAIN_HOLD; /* no SMSC knows a repeated submit: never twice */
	snprintf(s->author, sizeof(s->author), "api:%s", owner);
	word_message(s, m);
	return one_content(s->request, m) && api_read_lane(s->request, m->lane, &s->send.lane) &&
	       read_due(s, m->send_at) && sending_place(s) && take_key(s, owner);
}

void api_post_message(void *arg, struct http_request *r)
{
	struct api *api = arg;
	const struct api_key *key = api_authorize(api, r, SCOPE_MESSAGES);
	struct posted_message m = {.message_class = NOT_GIVEN, .priority = NOT_GIVEN};
	json_t *body = NULL;
	struct sending *s;

	if (!key || !reply_read(r, message_fields, &m, &body))
		return;
	s = sending_create(api, r, body);
	if (!s)
		return;
	if (prepare_message(s, &m, key->name))
		sending_go(s);
	else
		sending_discard(&s);
}

/* A call that ended, as a telephone system posts it. */
struct posted_call {
	struct span call_id, caller, agent, disposition, lang;
	json_t *variables;
};

static const struct json_field call_fields[] = {
	{"call_id",		    JSON_KIND_TEXT, offsetof(struct posted_call, call_id), true, 1, API_ID_MAX},
	{"caller", JSON_KIND_TEXT, offsetof(struct posted_call, caller), true, 1, 40},
	{"agent",			JSON_KIND_TEXT, offsetof(struct posted_call, agent), false, 1, 120},
	{"disposition",                  JSON_KIND_TEXT, offsetof(struct posted_call, disposition), true, 1, 64},
	{"variables",                     JSON_KIND_VALUES, offsetof(struct posted_call, variables), false, 0,
         API_VALUE_MAX},
	{"lang", JSON_KIND_TEXT, offsetof(struct posted_call, lang), false, 2, 2},
	{0		       }
};

static void add_default(struct wording_order *order, const char *name, struct span value)
{
	if (value.len) /* absent is missing, not empty */
		order->defaults[order->default_count++] =
			(struct render_value){span_of(name), value};
}

static void word_call(struct sending *s, const struct posted_call *call,
                      const struct config_rule *rule)
{
	time_t now = (time_t)(clock_wall_ms(io_loop_clock(s->api->options.loop)) / 1000);
	struct wording_order *order = &s->order;
	struct tm local;

	localtime_r(&now, &local);
	strftime(s->date, sizeof(s->date), "%Y-%m-%d", &local);
	strftime(s->hour, sizeof(s->hour), "%H:%M", &local);
	*order = (struct wording_order){.template_id = span_of(rule->template_id),
	                                .lang = call->lang,
	                                .fallback_lang = s->api->options.config->calls.lang,
	                                .variables = call->variables};
	if (!order->lang.len)
		order->lang = span_of(rule->lang);
	add_default(order, "agent", call->agent);
	add_default(order, "call_id", call->call_id);
	add_default(order, "date", span_of(s->date));
	add_default(order, "time", span_of(s->hour));
}

static bool prepare_call(struct sending *s, const struct posted_call *call)
{
	const struct config *config = s->api->options.config;
	const struct config_rule *rule = config_rule_find(config, call->disposition);

	if (!rule) {
		http_problem(s->request, 422, "disposition_unknown",
		             "no rule says what follows this disposition", "disposition");
		return false;
	}
	s->call_id = call->call_id;
	s->conflict_code = "call_conflict";
	s->conflict_field = "call_id";
	s->send.address = call->caller;
	s->send.channel = span_of(config->calls.channel);
	s->send.lane = LANE_CONFIRMATION;
	s->send.on_uncertain = UNCERTAIN_HOLD;
	/* Whichever key posts it, a call id is one call: so one author for all. */
	snprintf(s->author, sizeof(s->author), "api:calls");
	if (!sending_place(s))
		return false;
	word_call(s, call, rule);
	sending_once(s, "call", call->call_id);
	return true;
}

void api_post_call(void *arg, struct http_request *r)
{
	struct api *api = arg;
	const struct api_key *key = api_authorize(api, r, SCOPE_CALLS);
	struct posted_call call = {0};
	json_t *body = NULL;
	struct sending *s;

	if (!key || !reply_read(r, call_fields, &call, &body))
		return;
	s = sending_create(api, r, body);
	if (!s)
		return;
	if (prepare_call(s, &call))
		sending_go(s);
	else
		sending_discard(&s);
}
