/* Claim the id, append and queue, keep what came of it, answer: each step may be repeated. */
#include "api_send.h"

#include <stdio.h>
#include <stdlib.h>

enum { VALUES_MAX = JSON_VALUES_MAX + 8 };

struct sending *sending_create(struct api *api, struct http_request *r, json_t *body)
{
	struct sending *s = calloc(1, sizeof(*s));

	if (!s) {
		json_decref(body);
		reply_unavailable(r);
		return NULL;
	}
	s->api = api;
	s->request = r;
	s->body = body;
	buf_init(&s->text, API_TEXT_MAX);
	return s;
}

void sending_discard(struct sending **s)
{
	json_decref((*s)->body);
	buf_fini(&(*s)->text);
	free(*s);
	*s = NULL;
}

/* A channel takes names as senders ("BANK"), but nobody can be texted by a name. */
static bool is_phone_number(struct span address)
{
	size_t digits = 0;

	for (size_t i = 0; i < address.len; i++) {
		if (address.ptr[i] >= '0' && address.ptr[i] <= '9')
			digits++;
		else if (!strchr("+-. ()", address.ptr[i]))
			return false;
	}
	return digits >= 3;
}

static bool check_address(struct sending *s, bool sms)
{
	struct span rest = s->send.address;

	if (span_starts(rest, SPAN_LIT("sms:"))) {
		rest = (struct span){rest.ptr + 4, rest.len - 4};
		sms = true;
	}
	if (!sms || is_phone_number(rest))
		return true;
	http_problem(s->request, 422, "address_invalid", "this is no phone number",
	             s->call_id.len ? "caller" : "to");
	return false;
}

bool sending_place(struct sending *s)
{
	const struct config *config = s->api->options.config;
	const struct config_channel *channel;

	if (s->send.channel.len) {
		channel = config_channel_find(config, s->send.channel);
		if (channel)
			return check_address(s, strcmp(channel->ops->caps.scheme, "sms") == 0);
		http_problem(s->request, 422, "channel_unknown", "there is no such channel",
		             "channel");
		return false;
	}
	if (memchr(s->send.address.ptr, ':', s->send.address.len))
		return check_address(s, false); /* canonical: the router finds the channel */
	channel = config_channel_for(config, "sms");
	if (!channel) {
		http_problem(s->request, 422, "channel_unknown",
		             "no channel sends SMS: name one, or write the address with its scheme",
		             "channel");
		return false;
	}
	s->send.channel = span_of(channel->name);
	s->send.any_channel = true;
	return check_address(s, true);
}

static enum medium medium_for(const struct sending *s)
{
	const struct config_channel *channel =
		config_channel_find(s->api->options.config, s->send.channel);
	struct span rest;

	if (channel)
		return medium_of(span_of(channel->ops->caps.scheme));
	return medium_of(span_split(s->send.address, ':', &rest));
}

static size_t gather_values(const struct wording_order *order,
                            struct render_value values[VALUES_MAX])
{
	const char *key;
	json_t *value;
	size_t count = 0;

	json_object_foreach(order->variables, key, value)
	{
		if (count < VALUES_MAX)
			values[count++] = (struct render_value){
				span_of(key),
				{json_string_value(value), json_string_length(value)}
                        };
	}
	for (size_t i = 0; i < order->default_count && count < VALUES_MAX; i++)
		if (!order->variables ||
		    !json_object_getn(order->variables, order->defaults[i].name.ptr,
		                      order->defaults[i].name.len))
			values[count++] = order->defaults[i];
	return count;
}

static void tell_render(struct sending *s, int err, struct span culprit)
{
	char field[JSON_FAULT_FIELD];

	snprintf(field, sizeof(field), "variables.%.*s", SPAN_FMT(culprit));
	if (err == -ENOENT)
		http_problem(s->request, 422, "variable_missing",
		             "the template needs this variable", field);
	else if (err == -EINVAL)
		http_problem(s->request, 422, "variable_invalid",
		             "the value is not of the variable's type, or too long", field);
	else
		http_problem(s->request, 422, "too_long", "the text would be too long", "template");
}

/* False: answered, with what is wrong. */
static bool render(struct sending *s)
{
	const struct wording_order *order = &s->order;
	const struct template *t = catalogue_find(*s->api->options.catalogue, order->template_id);
	struct render_value values[VALUES_MAX];
	struct render_order how = {.language = LANGUAGE_UNKNOWN,
	                           .medium = medium_for(s),
	                           .values = values,
	                           .count = gather_values(order, values)};
	struct span culprit = SPAN_NONE;
	int err;

	if (!t) {
		http_problem(s->request, 422, "template_unknown", "there is no such template",
		             "template");
		return false;
	}
	if (order->lang.len && language_parse(order->lang, &how.language)) {
		http_problem(s->request, 422, "field_range", "must be zh or en", "lang");
		return false;
	}
	err = template_render(t, &how, &s->text, &culprit);
	if (err) {
		tell_render(s, err, culprit);
		return false;
	}
	s->send.text = buf_span(&s->text);
	s->send.template_id = order->template_id;
	s->send.lang = span_of(language_name(how.language));
	return true;
}

void sending_once(struct sending *s, const char *kind, struct span id)
{
	char *canonical = json_dumps(s->body, JSON_COMPACT | JSON_SORT_KEYS);
	const struct span parts[] = {span_of(kind), SPAN_LIT(":"), id};

	once_init(&s->once, kind, id, span_of(canonical),
	          (uint64_t)s->api->options.config->api.remember_ms);
	digest_sha256_hex(parts, ARRAY_LEN(parts), s->cid);
	s->cid[32] = '\0'; /* 128 bits are enough to be unique */
	s->once_used = true;
	free(canonical);
}

static void answer(struct sending *s, struct span id, enum message_status status, bool repeated)
{
	struct span seq;
	struct span conversation = span_split(id, '-', &seq);
	json_t *object = json_object();

	strict_json_set(object, "call_id", s->call_id);
	strict_json_set(object, s->call_id.len ? "message_id" : "id", id);
	strict_json_set(object, "conversation", conversation);
	json_object_set_new(object, "status", json_string(message_status_name(status)));
	json_object_set_new(object, "repeated", json_boolean(repeated));
	strict_json_set(object, "template", s->send.template_id);
	reply_json(s->request, 202, object);
	sending_discard(&s);
}

static void on_sent(void *arg, const struct router_sent *sent)
{
	struct sending *s = arg;
	const struct router_error *e = &sent->error;
	char id[EVENT_ID_SIZE];

	if (e->err) {
		/* Redis away: it may have been done, and the claim lets the repeat find out. */
		if (s->claimed && e->err != -ENOTCONN && e->err != -ETIMEDOUT && e->err != -EAGAIN)
			once_release(s->api->options.redis, &s->once);
		reply_router_error(s->request, e);
		sending_discard(&s);
		return;
	}
	event_id(sent->conversation, sent->seq, id);
	if (s->once_used)
		once_settle(s->api->options.redis, &s->once, span_of(id));
	log_info(s->api->options.log, EVENT("api.sent"), STR("author", s->author), STR("id", id),
	         NUM("repeated", sent->repeated));
	answer(s, span_of(id), sent->status, sent->repeated);
}

static void refuse_now(struct sending *s, int err)
{
	if (s->claimed && (err == -EINVAL || err == -ENOENT || err == -EMSGSIZE || err == -EACCES ||
	                   err == -EPERM))
		once_release(s->api->options.redis, &s->once);
	if (err == -EINVAL)
		http_problem(s->request, 422, "address_invalid",
		             "this is no address of the channel", s->call_id.len ? "caller" : "to");
	else if (err == -ENOENT)
		http_problem(s->request, 422, "channel_unknown", "no channel reaches this address",
		             "channel");
	else if (err == -EACCES)
		http_problem(s->request, 422, "sender_unknown",
		             "this is none of the channel's own numbers, nor one with an extension",
		             "from");
	else if (err == -EPERM)
		http_problem(s->request, 422, "recipient_blocked",
		             "the recipient is on the block list",
		             s->call_id.len ? "caller" : "to");
	else if (err == -EMSGSIZE)
		http_problem(s->request, 422, "too_long", "longer than the channel can send",
		             "text");
	else
		reply_unavailable(s->request);
	sending_discard(&s);
}

static void send_now(struct sending *s)
{
	int err;

	s->send.author = span_of(s->author);
	s->send.cid = span_of(s->cid);
	s->send.remember_ms = (uint64_t)s->api->options.config->api.remember_ms;
	err = router_send(s->api->options.router, &s->send, on_sent, s);
	if (err)
		refuse_now(s, err);
}

/* It was done before: tell how it stands now. */
static void on_known(void *arg, const struct router_message *message)
{
	struct sending *s = arg;

	if (message->error.err) {
		reply_router_error(s->request, &message->error);
		sending_discard(&s);
		return;
	}
	answer(s, span_of(s->known), message->status, true);
}

static void tell_known(struct sending *s, struct span result)
{
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	int err = router_message_id_parse(result, conversation, &seq);

	if (err) {
		send_now(s);
		return;
	}
	snprintf(s->known, sizeof(s->known), "%.*s", SPAN_FMT(result));
	if (router_message_get(s->api->options.router, span_of(conversation), seq, on_known, s)) {
		reply_unavailable(s->request);
		sending_discard(&s);
	}
}

static void on_claim(void *arg, int err, struct span result)
{
	struct sending *s = arg;

	s->claimed = !err;
	if (err == -EEXIST) {
		http_problem(s->request, 409, s->conflict_code,
		             "this id came with another body before", s->conflict_field);
		sending_discard(&s);
	} else if (err) {
		reply_unavailable(s->request);
		sending_discard(&s);
	} else if (result.len) {
		tell_known(s, result);
	} else {
		send_now(s);
	}
}

static void claim(struct sending *s)
{
	if (!s->once_used) {
		digest_unique(s->cid);
		send_now(s);
	} else if (once_claim(s->api->options.redis, &s->once, on_claim, s)) {
		reply_unavailable(s->request);
		sending_discard(&s);
	}
}

static void word(struct sending *s)
{
	if (render(s))
		claim(s);
	else
		sending_discard(&s);
}

static void on_conversation(void *arg, const struct router_error *error,
                            const struct conversation_summary *summary)
{
	struct sending *s = arg;
	enum language language;

	if (error && error->err && error->err != -ENOENT) {
		reply_router_error(s->request, error);
		sending_discard(&s);
		return;
	}
	s->order.lang = span_of(s->order.fallback_lang);
	if (!(error && error->err) && !language_parse(summary->lang, &language)) {
		snprintf(s->lang, sizeof(s->lang), "%s", language_name(language));
		s->order.lang = span_of(s->lang);
	}
	word(s);
}

/* What the customer writes in decides, where nobody said. */
static void ask_language(struct sending *s)
{
	char conversation[CONVERSATION_ID_LEN + 1];
	int err = router_find(s->api->options.router, &s->send, conversation);

	if (!err &&
	    router_summary(s->api->options.router, span_of(conversation), on_conversation, s))
		err = -ENOTCONN;
	if (err)
		refuse_now(s, err);
}

void sending_go(struct sending *s)
{
	if (!s->order.template_id.len)
		claim(s);
	else if (!s->order.lang.len)
		ask_language(s);
	else
		word(s);
}
