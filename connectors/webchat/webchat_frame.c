/* Each type has its table of fields; what a table cannot say is checked after it. */
#include "webchat_frame.h"

#include "utf8.h"
#include "webchat_token.h"

/* Numbers pass through a browser's doubles. */
#define SEQ_MAX ((UINT64_C(1) << 53) - 1)

#define TEXT(key, member, least, most)                                                             \
	{                                                                                          \
		key, JSON_KIND_TEXT, offsetof(struct webchat_frame, member), true, (least), (most) \
	}
#define NUMBER(key, member, least, most)                                                      \
	{                                                                                     \
		key, JSON_KIND_NUMBER, offsetof(struct webchat_frame, member), true, (least), \
			(most)                                                                \
	}
#define TYPE TEXT("type", type_name, 1, 0)

static const struct json_field hello_fields[] = {
	TYPE,
	NUMBER("v", v, 0, SEQ_MAX),
	TEXT("token", token, 1, WEBCHAT_TOKEN_MAX),
	NUMBER("since", since, 0, SEQ_MAX),
	{"lang",			 JSON_KIND_TEXT, offsetof(struct webchat_frame, lang), .most = 16},
	{0}
};
static const struct json_field msg_fields[] = {
	TYPE, TEXT("cid", cid, 1, WEBCHAT_CID_MAX), TEXT("text", text, 1, WEBCHAT_FRAME_MAX), {0}};
static const struct json_field read_fields[] = {TYPE, NUMBER("seq", seq, 1, SEQ_MAX), {0}};
static const struct json_field typing_fields[] = {
	TYPE, {"on",			   JSON_KIND_BOOL, offsetof(struct webchat_frame, on), .required = true},
         {0}
};
static const struct json_field history_fields[] = {TYPE,
                                                   NUMBER("before", before, 1, SEQ_MAX),
                                                   NUMBER("limit", limit, 1, WEBCHAT_HISTORY_MAX),
                                                   {0}};
static const struct json_field bare_fields[] = {TYPE, {0}};

static const struct {
	const char *name;
	const struct json_field *fields;
} types[WEBCHAT_TYPES] = {
	[WEBCHAT_HELLO] = {"hello",   hello_fields  },
	[WEBCHAT_MSG] = {"msg",     msg_fields    },
	[WEBCHAT_READ] = {"read",    read_fields   },
	[WEBCHAT_TYPING] = {"typing",  typing_fields },
	[WEBCHAT_HISTORY] = {"history", history_fields},
	[WEBCHAT_RENEW] = {"renew",   bare_fields   },
	[WEBCHAT_PING] = {"ping",    bare_fields   },
};

static int find_type(json_t *object, struct webchat_frame *out, struct json_fault *fault)
{
	const char *name = json_string_value(json_object_get(object, "type"));

	for (size_t i = 0; name && i < ARRAY_LEN(types); i++) {
		if (strcmp(name, types[i].name) == 0) {
			out->type = (enum webchat_type)i;
			return 0;
		}
	}
	return strict_json_fault(fault, "type_unknown", "type", "there is no such frame");
}

/* An error tells which message is meant, even if that is all that can be read of it. */
static void note_cid(json_t *object, struct webchat_frame *out)
{
	json_t *cid = json_object_get(object, "cid");

	if (json_is_string(cid) && json_string_length(cid) <= WEBCHAT_CID_MAX)
		out->cid = (struct span){json_string_value(cid), json_string_length(cid)};
}

static int check_msg(struct webchat_frame *f, size_t text_max, struct json_fault *fault)
{
	f->text = span_trim(f->text);
	if (!f->text.len)
		return strict_json_fault(fault, "field_too_short", "text", "nothing but blanks");
	if (utf8_count(f->text) > text_max)
		return strict_json_fault(fault, "field_too_long", "text", "at most %zu characters",
		                         text_max);
	for (size_t i = 0; i < f->cid.len; i++)
		if (f->cid.ptr[i] <= ' ' || f->cid.ptr[i] > '~')
			return strict_json_fault(fault, "field_invalid", "cid",
			                         "printable ASCII without blanks");
	return 0;
}

int webchat_frame_parse(struct span text, size_t text_max, struct webchat_frame *out,
                        struct json_fault *fault)
{
	int err;

	*out = (struct webchat_frame){0};
	err = strict_json_parse(text, &out->json, fault);
	if (err)
		return err;
	note_cid(out->json, out);
	err = find_type(out->json, out, fault);
	if (!err)
		err = strict_json_bind(types[out->type].fields, out->json, out, fault);
	if (!err && out->type == WEBCHAT_MSG)
		err = check_msg(out, text_max, fault);
	return err;
}

void webchat_frame_fini(struct webchat_frame *frame)
{
	json_decref(frame->json);
	*frame = (struct webchat_frame){0};
}
