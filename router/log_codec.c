/* Log entries as fields of a stream entry; arguments and replies of Redis functions. */
#include "log_codec.h"

#include <assert.h>
#include <stdio.h>

enum {
	BLOB_MAX = 1 << 20 /* octets of a message in the log */
};

void args_init(struct fcall_args *a)
{
	args_clear(a);
	for (size_t i = 0; i < FCALL_BLOBS_MAX; i++)
		buf_init(&a->blob[i], BLOB_MAX);
}

void args_clear(struct fcall_args *a)
{
	a->count = 0;
	a->numbers = 0;
	a->blobs = 0;
}

void args_fini(struct fcall_args *a)
{
	for (size_t i = 0; i < FCALL_BLOBS_MAX; i++)
		buf_fini(&a->blob[i]);
}

void args_add(struct fcall_args *a, struct span s)
{
	assert(a->count < FCALL_ARGS_MAX);
	a->arg[a->count++] = s.ptr ? s : SPAN_LIT("");
}

size_t args_slot(struct fcall_args *a)
{
	assert(a->numbers < FCALL_NUMBERS_MAX);
	args_add(a, (struct span){a->number[a->numbers++], 0});
	return a->count - 1;
}

void args_set_num(struct fcall_args *a, size_t slot, uint64_t n)
{
	/* The slot's span points into number[]; the cast only takes the promise of struct span
	 * back. */
	char *at = a->number[(size_t)(a->arg[slot].ptr - a->number[0]) / sizeof(a->number[0])];
	int len = snprintf(at, sizeof(a->number[0]), "%llu", (unsigned long long)n);

	a->arg[slot].len = (size_t)len;
}

void args_num(struct fcall_args *a, uint64_t n)
{
	args_set_num(a, args_slot(a), n);
}

static void add_pair(struct fcall_args *a, const char *name, struct span value)
{
	args_add(a, span_of(name));
	args_add(a, value);
}

static void blob_text(struct buf *b, const char *name, struct span value)
{
	if (!value.len)
		return;
	buf_printf(b, "%s %zu:", name, value.len);
	buf_add(b, value);
}

static void blob_num(struct buf *b, const char *name, uint64_t value)
{
	char text[21];

	if (!value)
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	blob_text(b, name, span_of(text));
}

static struct span blob_encode(struct buf *b, const struct message *m, struct span author_name)
{
	buf_clear(b);
	blob_text(b, "k", span_of(message_kind_name(m->kind)));
	blob_text(b, "x", m->text);
	blob_text(b, "j", m->data);
	blob_text(b, "by", m->author);
	blob_text(b, "bn", author_name);
	blob_text(b, "ch", m->channel);
	blob_text(b, "lo", m->local);
	blob_text(b, "id", m->cid);
	blob_text(b, "tp", m->template_id);
	blob_text(b, "lg", m->lang);
	blob_text(b, "rt", m->reply_to);
	blob_text(b, "op", m->options);
	blob_num(b, "ln", m->lane);
	blob_num(b, "mk", m->marks);
	blob_num(b, "cl", m->service.message_class);
	blob_num(b, "pr", m->service.priority);
	blob_num(b, "rc", m->service.receipt);
	return buf_span(b);
}

void log_encode_message(struct fcall_args *a, const struct message *m, struct span author_name)
{
	bool out = m->direction == MESSAGE_OUT;

	assert(a->blobs < FCALL_BLOBS_MAX);
	add_pair(a, "t", SPAN_LIT("m"));
	add_pair(a, "d", out ? SPAN_LIT("o") : SPAN_LIT("i"));
	args_add(a, SPAN_LIT("ts"));
	args_num(a, m->ts_ms);
	if (out) {
		add_pair(a, "st", span_of(message_status_name(m->status)));
		add_pair(a, "uc",
		         m->on_uncertain == UNCERTAIN_HOLD ? SPAN_LIT("1") : SPAN_LIT("0"));
	}
	if (m->validity_ms) {
		args_add(a, SPAN_LIT("vm"));
		args_num(a, m->validity_ms);
	}
	if (m->due_ms) {
		args_add(a, SPAN_LIT("du"));
		args_num(a, m->due_ms);
	}
	add_pair(a, "b", blob_encode(&a->blob[a->blobs++], m, author_name));
}

void log_encode_edit(struct fcall_args *a, const struct message *m)
{
	assert(a->blobs < FCALL_BLOBS_MAX);
	add_pair(a, "t", SPAN_LIT("e"));
	args_add(a, SPAN_LIT("ts"));
	args_num(a, m->ts_ms);
	add_pair(a, "b", blob_encode(&a->blob[a->blobs++], m, SPAN_NONE));
}

struct span reply_span(const redisReply *r)
{
	if (!r || (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS))
		return SPAN_NONE;
	return (struct span){r->str, r->len};
}

uint64_t reply_num(const redisReply *r)
{
	uint64_t value = 0;

	if (r && r->type == REDIS_REPLY_INTEGER)
		return r->integer > 0 ? (uint64_t)r->integer : 0;
	return span_u64(reply_span(r), &value) ? 0 : value;
}

const redisReply *reply_at(const redisReply *r, size_t i)
{
	return r && r->type == REDIS_REPLY_ARRAY && i < r->elements ? r->element[i] : NULL;
}

/* What each field of an entry sets. A parser answers 0 or -EBADMSG. */
typedef int field_fn(struct log_entry *e, struct span v);

static int read_kind(struct log_entry *e, struct span v)
{
	return message_kind_parse(v, &e->message.kind) ? -EBADMSG : 0;
}

static int read_direction(struct log_entry *e, struct span v)
{
	e->message.direction = span_is(v, "o") ? MESSAGE_OUT : MESSAGE_IN;
	return 0;
}

static int read_type(struct log_entry *e, struct span v)
{
	static const char letters[] = "mse";
	static const enum log_event_type types[] = {LOG_MESSAGE, LOG_STATUS, LOG_EDIT};
	const char *at = v.len == 1 ? memchr(letters, *v.ptr, sizeof(letters) - 1) : NULL;

	e->event.type = at ? types[at - letters] : LOG_SESSION;
	return 0;
}

/* "st" says the status of a message and of a status event, and the state of a session. */
static int read_status(struct log_entry *e, struct span v)
{
	if (e->event.type == LOG_SESSION)
		return session_state_parse(v, &e->event.state) ? -EBADMSG : 0;
	if (message_status_parse(v, &e->event.status))
		return -EBADMSG;
	e->message.status = e->event.status;
	return 0;
}

static int read_time(struct log_entry *e, struct span v)
{
	e->event.ts_ms = e->message.ts_ms = 0;
	if (span_u64(v, &e->event.ts_ms))
		return -EBADMSG;
	e->message.ts_ms = e->event.ts_ms;
	return 0;
}

static int read_marks(struct log_entry *e, struct span v)
{
	uint64_t marks;

	if (span_u64(v, &marks))
		return -EBADMSG;
	e->message.marks = e->event.marks = (unsigned)marks;
	return 0;
}

static int read_of(struct log_entry *e, struct span v)
{
	return span_u64(v, &e->event.of) ? -EBADMSG : 0;
}

static int read_validity(struct log_entry *e, struct span v)
{
	return span_u64(v, &e->message.validity_ms) ? -EBADMSG : 0;
}

static int read_due(struct log_entry *e, struct span v)
{
	return span_u64(v, &e->message.due_ms) ? -EBADMSG : 0;
}

/* A small number of at most `most`. */
static int read_small(struct span v, unsigned most, unsigned *out)
{
	uint64_t n;

	if (span_u64(v, &n) || n > most)
		return -EBADMSG;
	*out = (unsigned)n;
	return 0;
}

static int read_class(struct log_entry *e, struct span v)
{
	unsigned n;

	if (read_small(v, CLASS_3, &n))
		return -EBADMSG;
	e->message.service.message_class = (enum message_class)n;
	return 0;
}

static int read_priority(struct log_entry *e, struct span v)
{
	unsigned n;

	if (read_small(v, PRIORITY_MAX + 1, &n))
		return -EBADMSG;
	e->message.service.priority = (uint8_t)n;
	return 0;
}

static int read_receipt(struct log_entry *e, struct span v)
{
	unsigned n;

	if (read_small(v, RECEIPT_UNWANTED, &n))
		return -EBADMSG;
	e->message.service.receipt = (enum message_receipt)n;
	return 0;
}

static int read_lane(struct log_entry *e, struct span v)
{
	uint64_t lane;

	if (span_u64(v, &lane) || lane >= LANE_COUNT)
		return -EBADMSG;
	e->message.lane = (enum lane)lane;
	return 0;
}

static int read_uncertain(struct log_entry *e, struct span v)
{
	e->message.on_uncertain = span_is(v, "1") ? UNCERTAIN_HOLD : UNCERTAIN_RESEND;
	return 0;
}

static int read_by(struct log_entry *e, struct span v)
{
	e->message.author = e->event.by = v;
	return 0;
}

#define IN_MESSAGE(member) offsetof(struct log_entry, message.member)
#define IN_EVENT(member) offsetof(struct log_entry, event.member)

static const struct field {
	const char *name;
	field_fn *read; /* NULL: a span at offset */
	size_t offset;
} fields[] = {
	{"t",   read_type,      0                      },
	{"d",   read_direction, 0                      },
	{"k",   read_kind,      0                      },
	{"st",  read_status,    0                      },
	{"ts",  read_time,      0                      },
	{"mk",  read_marks,     0                      },
	{"of",  read_of,        0                      },
	{"vm",  read_validity,  0                      },
	{"du",  read_due,       0                      },
	{"cl",  read_class,     0                      },
	{"pr",  read_priority,  0                      },
	{"rc",  read_receipt,   0                      },
	{"ln",  read_lane,      0                      },
	{"uc",  read_uncertain, 0                      },
	{"by",  read_by,        0                      },
	{"x",   NULL,           IN_MESSAGE(text)       },
	{"j",   NULL,           IN_MESSAGE(data)       },
	{"ch",  NULL,           IN_MESSAGE(channel)    },
	{"lo",  NULL,           IN_MESSAGE(local)      },
	{"id",  NULL,           IN_MESSAGE(cid)        },
	{"tp",  NULL,           IN_MESSAGE(template_id)},
	{"lg",  NULL,           IN_MESSAGE(lang)       },
	{"rt",  NULL,           IN_MESSAGE(reply_to)   },
	{"op",  NULL,           IN_MESSAGE(options)    },
	{"bn",  NULL,           IN_EVENT(author_name)  },
	{"cd",  NULL,           IN_EVENT(code)         },
	{"rs",  NULL,           IN_EVENT(reason)       },
	{"sid", NULL,           IN_EVENT(session)      },
	{"ag",  NULL,           IN_EVENT(agent)        },
	{"an",  NULL,           IN_EVENT(agent_name)   },
	{"qu",  NULL,           IN_EVENT(queue)        },
	{"di",  NULL,           IN_EVENT(disposition)  },
	{"no",  NULL,           IN_EVENT(note)         },
};

static int read_field(struct log_entry *e, struct span name, struct span value);

/* "NAME LENGTH:VALUE" one after the other. */
static int read_blob(struct log_entry *e, struct span v)
{
	while (v.len) {
		struct span name = span_split(v, ' ', &v);
		uint64_t len;

		if (span_u64(span_split(v, ':', &v), &len) || len > v.len)
			return -EBADMSG;
		if (read_field(e, name, (struct span){v.ptr, (size_t)len}))
			return -EBADMSG;
		v.ptr += len;
		v.len -= (size_t)len;
	}
	return 0;
}

static int read_field(struct log_entry *e, struct span name, struct span value)
{
	if (span_is(name, "b"))
		return read_blob(e, value);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!span_is(name, fields[i].name))
			continue;
		if (fields[i].read)
			return fields[i].read(e, value);
		*(struct span *)(void *)((char *)e + fields[i].offset) = value;
		return 0;
	}
	return 0; /* a newer node's field */
}

int log_decode_fields(uint64_t seq, const redisReply *list, struct log_entry *out)
{
	*out = (struct log_entry){
		.event = {.seq = seq },
                  .message = { .refs = 1, .seq = seq}
        };
	if (!list || list->type != REDIS_REPLY_ARRAY || list->elements % 2)
		return -EBADMSG;
	for (size_t i = 0; i < list->elements; i += 2)
		if (read_field(out, reply_span(list->element[i]), reply_span(list->element[i + 1])))
			return -EBADMSG;
	if (out->event.type == LOG_MESSAGE || out->event.type == LOG_EDIT)
		out->event.message = &out->message;
	return 0;
}

int log_decode(const redisReply *reply, struct log_entry *out)
{
	struct span rest;
	uint64_t seq;

	if (span_u64(span_split(reply_span(reply_at(reply, 0)), '-', &rest), &seq))
		return -EBADMSG;
	return log_decode_fields(seq, reply_at(reply, 1), out);
}
