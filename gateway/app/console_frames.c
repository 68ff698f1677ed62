/* What a client may say: one row a type, one table of fields for all. */
#include "console_private.h"

#include <stdlib.h>

/* Which fields a type has: bits, in the order of the table below. */
enum {
	F_RID = 1 << 0,
	F_CID = 1 << 1,
	F_CONVERSATION = 1 << 2,
	F_TEXT = 1 << 3,
	F_TEMPLATE = 1 << 4,
	F_VARIABLES = 1 << 5,
	F_NOTE = 1 << 6,
	F_DISPOSITION = 1 << 7,
	F_Q = 1 << 8,
	F_STATE = 1 << 9,
	F_LANG = 1 << 10,
	F_V = 1 << 11,
	F_SINCE = 1 << 12,
	F_SINCE_ALL = 1 << 13,
	F_BEFORE = 1 << 14,
	F_LIMIT = 1 << 15,
	F_SEQ = 1 << 16,
	F_ON = 1 << 17,
	F_COUNT = 18
};

#define AT(member) offsetof(struct console_order, member)

static const struct json_field all_fields[F_COUNT] = {
	{"rid",          JSON_KIND_TEXT,   AT(rid),          false, 1, CONSOLE_RID_MAX    },
	{"cid",          JSON_KIND_TEXT,   AT(cid),          false, 1, CONSOLE_CID_MAX    },
	{"conversation", JSON_KIND_TEXT,   AT(conversation), false, 1, 64                 },
	{"text",         JSON_KIND_TEXT,   AT(text),         false, 1, CONSOLE_TEXT_MAX   },
	{"template",     JSON_KIND_TEXT,   AT(template_id),  false, 1, 64                 },
	{"variables",    JSON_KIND_VALUES, AT(variables),    false, 0, 1000               },
	{"note",         JSON_KIND_TEXT,   AT(note),         false, 0, CONSOLE_NOTE_MAX   },
	{"disposition",  JSON_KIND_TEXT,   AT(disposition),  false, 1, 32                 },
	{"q",            JSON_KIND_TEXT,   AT(q),            false, 0, 2000               },
	{"state",        JSON_KIND_TEXT,   AT(state),        false, 1, 20                 },
	{"lang",         JSON_KIND_TEXT,   AT(lang),         false, 2, 2                  },
	{"v",            JSON_KIND_NUMBER, AT(v),            false, 0, INT32_MAX          },
	{"since",        JSON_KIND_NUMBER, AT(since),        false, 0, INT64_MAX          },
	{"since",        JSON_KIND_OBJECT, AT(since_all),    false, 0, 0                  },
	{"before",       JSON_KIND_NUMBER, AT(before),       false, 0, INT64_MAX          },
	{"limit",        JSON_KIND_NUMBER, AT(limit),        false, 1, CONSOLE_HISTORY_MAX},
	{"seq",          JSON_KIND_NUMBER, AT(seq),          false, 0, INT64_MAX          },
	{"on",           JSON_KIND_BOOL,   AT(on),           false, 0, 0                  },
};

static bool since_is_right(json_t *since)
{
	const char *key;
	json_t *value;

	json_object_foreach(since, key, value)
	{
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return false;
	}
	return true;
}

static void on_hello(struct console_socket *s, const struct console_order *o)
{
	const struct console_fault again = {
		.rid = o->rid, .code = "invalid", .detail = "hello came already"};
	const struct console_fault since = {.rid = o->rid, .code = "invalid", .field = "since"};

	if (s->stage != STAGE_HELLO)
		console_error(s, &again);
	else if (o->v != 1)
		console_close(s, CLOSE_NOT_UNDERSTOOD, "this node speaks version 1");
	else if (!since_is_right(o->since_all))
		console_error(s, &since);
	else
		console_hello(s, json_incref(o->since_all));
}

static void on_presence(struct console_socket *s, const struct console_order *o)
{
	const struct console_fault wrong = {.rid = o->rid, .code = "invalid", .field = "state"};

	if (span_is(o->state, "available"))
		console_presence(s, PRESENCE_AVAILABLE, o->rid, true);
	else if (span_is(o->state, "away"))
		console_presence(s, PRESENCE_AWAY, o->rid, true);
	else
		console_error(s, &wrong);
}

static void on_ping(struct console_socket *s, const struct console_order *o)
{
	(void)o;
	console_send(s,
	             json_pack("{s:s, s:I}", "type", "pong", "ts",
	                       (json_int_t)clock_wall_ms(io_loop_clock(s->console->options.loop))));
}

static const struct frame_type {
	const char *name;
	unsigned may, must;
	void (*act)(struct console_socket *s, const struct console_order *o);
} types[] = {
	{"hello",    F_RID | F_V | F_LANG | F_SINCE_ALL,                                 F_V,                               on_hello            },
	{"presence", F_RID | F_STATE,						    F_STATE,                           on_presence         },
	{"open",     F_RID | F_CONVERSATION | F_SINCE,                                   F_CONVERSATION,                    console_act_open    },
	{"release",  F_RID | F_CONVERSATION,					     F_CONVERSATION,                    console_act_release },
	{"history",  F_RID | F_CONVERSATION | F_BEFORE | F_LIMIT,                        F_RID | F_CONVERSATION | F_BEFORE,
         console_act_history														    },
	{"send",     F_RID | F_CID | F_CONVERSATION | F_TEXT | F_TEMPLATE | F_VARIABLES,
         F_CID | F_CONVERSATION,											    console_act_send    },
	{"read",     F_RID | F_CONVERSATION | F_SEQ,                                     F_CONVERSATION | F_SEQ,            console_act_read    },
	{"typing",   F_RID | F_CONVERSATION | F_ON,                                      F_CONVERSATION | F_ON,             console_act_typing  },
	{"take",     F_RID | F_CONVERSATION,					     F_RID | F_CONVERSATION,            console_act_take    },
	{"requeue",  F_RID | F_CONVERSATION | F_NOTE,                                    F_RID | F_CONVERSATION,            console_act_requeue },
	{"close",    F_RID | F_CONVERSATION | F_DISPOSITION | F_NOTE,
         F_RID | F_CONVERSATION | F_DISPOSITION,									    console_act_close   },
	{"customer", F_RID | F_CONVERSATION,					     F_RID | F_CONVERSATION,            console_act_customer},
	{"suggest",  F_RID | F_CONVERSATION | F_Q,                                       F_RID | F_CONVERSATION,            console_act_suggest },
	{"measure",  F_RID | F_CONVERSATION | F_TEXT,                                    F_RID | F_CONVERSATION | F_TEXT,
         console_act_measure														    },
	{"search",   F_RID | F_CONVERSATION | F_Q | F_LANG,                              F_RID | F_Q,                       console_act_search  },
	{"about",    F_RID | F_CONVERSATION | F_SEQ | F_TEMPLATE,                        F_RID | F_CONVERSATION | F_SEQ,
         console_act_about														      },
	{"ping",     F_RID,							      0,				 on_ping             },
};

static const struct frame_type *find_type(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return &types[i];
	return NULL;
}

static void fields_of(const struct frame_type *type, struct json_field out[F_COUNT + 1])
{
	size_t count = 0;

	for (unsigned i = 0; i < F_COUNT; i++) {
		if (!(type->may & 1U << i))
			continue;
		out[count] = all_fields[i];
		out[count++].required = (type->must & 1U << i) != 0;
	}
	out[count] = (struct json_field){0};
}

static struct span text_at(json_t *frame, const char *key, size_t most)
{
	json_t *value = json_object_get(frame, key);
	struct span text = {json_string_value(value), json_string_length(value)};

	return text.len <= most ? text : SPAN_NONE;
}

static void refuse(struct console_socket *s, json_t *frame, const struct json_fault *fault)
{
	bool too_long = strcmp(fault->code, "field_too_long") == 0;
	const struct console_fault out = {.rid = text_at(frame, "rid", CONSOLE_RID_MAX),
	                                  .cid = text_at(frame, "cid", CONSOLE_CID_MAX),
	                                  .code = too_long ? "too_long" : "invalid",
	                                  .detail = fault->detail,
	                                  .field = fault->field};

	console_error(s, &out);
}

static bool too_early(const struct console_socket *s, const struct frame_type *type)
{
	return s->stage != STAGE_OPEN && type->act != on_hello && type->act != on_ping;
}

static void obey(struct console_socket *s, json_t *frame)
{
	const struct frame_type *type =
		find_type(json_string_value(json_object_get(frame, "type")));
	struct json_field fields[F_COUNT + 1];
	struct console_order order = {0};
	struct json_fault fault = {0};

	if (!type) {
		console_close(s, CLOSE_NOT_UNDERSTOOD, "there is no such type of frame");
		return;
	}
	fields_of(type, fields);
	json_object_del(frame, "type");
	if (strict_json_bind(fields, frame, &order, &fault)) {
		refuse(s, frame, &fault);
	} else if (too_early(s, type)) {
		strict_json_fault(&fault, "invalid", NULL, "hello comes first");
		refuse(s, frame, &fault);
	} else {
		type->act(s, &order);
	}
}

void console_frame(struct console_socket *s, struct span text)
{
	struct json_fault fault;
	json_t *frame = NULL;

	if (strict_json_parse(text, &frame, &fault))
		console_close(s, CLOSE_NOT_UNDERSTOOD, "a frame must be a JSON object");
	else
		obey(s, frame);
	json_decref(frame);
}
