/* CloudEvents 1.0.2, JSON format. */
#include "webhook_event.h"

#include "digest.h"
#include "rfc3339.h"

#include <stdio.h>

const char *webhook_event_type(const struct log_event *e)
{
	if (e->type == LOG_STATUS)
		return "message.status";
	if (e->type == LOG_EDIT)
		return "message.edited";
	if (e->type == LOG_MESSAGE && e->message->direction == MESSAGE_IN)
		return "message.received";
	return NULL;
}

static json_t *status_data(struct span conversation, struct span address, const struct log_event *e)
{
	char id[EVENT_ID_SIZE];
	json_t *data = json_object();

	json_object_set_new(data, "message", strict_json_text(event_id(conversation, e->of, id)));
	json_object_set_new(data, "conversation", strict_json_text(conversation));
	strict_json_set(data, "address", address);
	json_object_set_new(data, "seq", json_integer((json_int_t)e->seq));
	json_object_set_new(data, "ts", json_integer((json_int_t)e->ts_ms));
	json_object_set_new(data, "status", json_string(message_status_name(e->status)));
	strict_json_set(data, "code", e->code);
	strict_json_set(data, "reason", e->reason);
	if (e->parts.len)
		json_object_set_new(data, "parts", event_parts_json(e->parts));
	return data;
}

static json_t *message_data(struct span conversation, struct span address,
                            const struct log_event *e)
{
	json_t *data = event_json(conversation, e);

	json_object_del(data, "type");
	json_object_set_new(data, "conversation", strict_json_text(conversation));
	strict_json_set(data, "address", address);
	return data;
}

/* What completes an earlier message names it. */
static json_t *edit_data(struct span conversation, struct span address, const struct log_event *e)
{
	json_t *data = message_data(conversation, address, e);
	char id[EVENT_ID_SIZE];

	json_object_del(data, "of");
	json_object_set_new(data, "message", strict_json_text(event_id(conversation, e->of, id)));
	return data;
}

static json_t *event_data(struct span conversation, struct span address, const struct log_event *e)
{
	if (e->type == LOG_STATUS)
		return status_data(conversation, address, e);
	if (e->type == LOG_EDIT)
		return edit_data(conversation, address, e);
	return message_data(conversation, address, e);
}

char *webhook_event_text(struct span conversation, struct span address, const struct log_event *e,
                         const char *type)
{
	json_t *object = json_object();
	char id[EVENT_ID_SIZE], time[RFC3339_SIZE];

	json_object_set_new(object, "specversion", json_string("1.0"));
	json_object_set_new(object, "id", strict_json_text(event_id(conversation, e->seq, id)));
	json_object_set_new(object, "source", json_string("/posthouse"));
	json_object_set_new(object, "type", json_string(type));
	json_object_set_new(object, "subject", strict_json_text(conversation));
	json_object_set_new(object, "time", json_string(rfc3339_format_ms(e->ts_ms, time)));
	json_object_set_new(object, "datacontenttype", json_string("application/json"));
	json_object_set_new(object, "data", event_data(conversation, address, e));
	return strict_json_dump(object);
}

void webhook_sign(struct span secret, struct span timestamp, struct span body,
                  char out[WEBHOOK_SIGNATURE_SIZE])
{
	const struct span parts[] = {timestamp, SPAN_LIT("."), body};
	char hex[DIGEST_HEX_SIZE];

	digest_hmac_hex(secret, parts, ARRAY_LEN(parts), hex);
	snprintf(out, WEBHOOK_SIGNATURE_SIZE, "sha256=%s", hex);
}

uint64_t webhook_delay_ms(unsigned failures)
{
	static const uint64_t delays[] = {1000, 5000, 15000, 60000, 300000, 600000};
	size_t i = failures ? failures - 1 : 0;

	return delays[i < ARRAY_LEN(delays) ? i : ARRAY_LEN(delays) - 1];
}
