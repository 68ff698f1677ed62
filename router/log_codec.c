/* Log entries as text; arguments and replies of Redis functions. */
#include "log_codec.h"

#include <assert.h>
#include <limits.h>

void args_clear(struct fcall_args *a)
{
	a->count = 0;
	a->numbers = 0;
}

void args_add(struct fcall_args *a, struct span s)
{
	assert(a->count < FCALL_ARGS_MAX);
	a->arg[a->count++] = s.ptr ? s : SPAN_LIT("");
}

/* The decimal digits of n, in text; returns their number. */
static size_t decimal(uint64_t n, char text[20])
{
	char back[20];
	size_t len = 0;

	do
		back[len++] = (char)('0' + n % 10);
	while ((n /= 10));
	for (size_t i = 0; i < len; i++)
		text[i] = back[len - 1 - i];
	return len;
}

void args_num(struct fcall_args *a, uint64_t n)
{
	char *text;

	assert(a->numbers < FCALL_NUMBERS_MAX);
	text = a->number[a->numbers++];
	args_add(a, (struct span){text, decimal(n, text)});
}

static void add_num(struct buf *b, uint64_t n)
{
	char text[20];

	buf_add(b, (struct span){text, decimal(n, text)});
}

static void add_text(struct buf *b, const char *name, struct span value)
{
	if (!value.len)
		return;
	buf_str(b, name);
	buf_u8(b, ' ');
	add_num(b, value.len);
	buf_u8(b, ':');
	buf_add(b, value);
}

/* A number that is 0 where nothing was asked. */
static void add_small(struct buf *b, const char *name, unsigned n)
{
	char text[20];

	if (n)
		add_text(b, name, (struct span){text, decimal(n, text)});
}

static const char status_letters[] = "ahqgnspdrufc";
_Static_assert(sizeof(status_letters) - 1 == STATUS_COUNT, "a letter for each status");

char log_status_letter(enum message_status status)
{
	return status_letters[status];
}

enum message_status log_status_of(char letter)
{
	const char *at = memchr(status_letters, letter, STATUS_COUNT);

	return at ? (enum message_status)(at - status_letters) : STATUS_COUNT;
}

static void add_front(struct buf *b, const struct message *m)
{
	buf_u8(b, 'm');
	buf_u8(b, m->direction == MESSAGE_OUT ? 'o' : 'i');
	buf_u8(b, (uint8_t)log_status_letter(m->status));
	buf_u8(b, m->on_uncertain == UNCERTAIN_HOLD ? '1' : '0');
	buf_u8(b, (uint8_t)('0' + m->lane));
	buf_u8(b, ' ');
	add_num(b, m->ts_ms);
	buf_u8(b, ' ');
	add_num(b, m->validity_ms);
	if (m->due_ms > m->ts_ms) {
		buf_u8(b, '+');
		add_num(b, m->due_ms - m->ts_ms);
	}
	buf_u8(b, ' ');
	buf_add(b, m->channel);
	buf_u8(b, ' ');
}

void log_encode_fields(struct buf *b, const struct message *m, struct span author_name)
{
	if (m->kind != MESSAGE_TEXT)
		add_text(b, "k", span_of(message_kind_name(m->kind)));
	add_text(b, "x", m->text);
	add_text(b, "j", m->data);
	add_text(b, "by", m->author);
	add_text(b, "bn", author_name);
	add_text(b, "lo", m->local);
	add_text(b, "id", m->cid);
	add_text(b, "tp", m->template_id);
	add_text(b, "lg", m->lang);
	add_text(b, "rt", m->reply_to);
	add_text(b, "op", m->options);
	add_small(b, "mk", m->marks);
	add_small(b, "cl", m->service.message_class);
	add_small(b, "pr", m->service.priority);
	add_small(b, "rc", m->service.receipt);
}

void log_encode_message(struct buf *b, const struct message *m, struct span author_name)
{
	add_front(b, m);
	log_encode_fields(b, m, author_name);
}

/* What a field sets. A parser answers 0 or -EBADMSG. */
typedef int field_fn(struct log_entry *e, struct span v);

static int read_kind(struct log_entry *e, struct span v)
{
	return message_kind_parse(v, &e->message.kind) ? -EBADMSG : 0;
}

static int read_state(struct log_entry *e, struct span v)
{
	return session_state_parse(v, &e->event.state) ? -EBADMSG : 0;
}

/* A number of at most `most`. */
static int read_small(struct span v, unsigned most, unsigned *out)
{
	uint64_t value;

	if (span_u64(v, &value) || value > most)
		return -EBADMSG;
	*out = (unsigned)value;
	return 0;
}

static int read_marks(struct log_entry *e, struct span v)
{
	int err = read_small(v, UINT_MAX, &e->event.marks);

	e->message.marks = e->event.marks;
	return err;
}

static int read_attempts(struct log_entry *e, struct span v)
{
	return read_small(v, UINT_MAX, &e->event.attempts);
}

static int read_class(struct log_entry *e, struct span v)
{
	unsigned n = 0;
	int err = read_small(v, CLASS_3, &n);

	e->message.service.message_class = (enum message_class)n;
	return err;
}

static int read_priority(struct log_entry *e, struct span v)
{
	unsigned n = 0;
	int err = read_small(v, PRIORITY_MAX + 1, &n);

	e->message.service.priority = (uint8_t)n;
	return err;
}

static int read_receipt(struct log_entry *e, struct span v)
{
	unsigned n = 0;
	int err = read_small(v, RECEIPT_UNWANTED, &n);

	e->message.service.receipt = (enum message_receipt)n;
	return err;
}

static int read_by(struct log_entry *e, struct span v)
{
	e->message.author = e->event.by = v;
	return 0;
}

/* "SEQ LETTER"; a newer node's letter says nothing. */
static int read_after(struct log_entry *e, struct span v)
{
	struct span letter, seq = span_split(v, ' ', &letter);

	if (span_u64(seq, &e->event.after))
		return -EBADMSG;
	e->event.after_did = letter.len == 1 ? log_after_name(letter.ptr[0]) : NULL;
	return 0;
}

static int read_until(struct log_entry *e, struct span v)
{
	return span_u64(v, &e->event.until_ms);
}

#define IN_MESSAGE(member) offsetof(struct log_entry, message.member)
#define IN_EVENT(member) offsetof(struct log_entry, event.member)

static const struct field {
	const char *name;
	field_fn *read; /* NULL: a span at offset */
	size_t offset;
} fields[] = {
	{"x",   NULL,          IN_MESSAGE(text)       },
	{"by",  read_by,       0                      },
	{"lo",  NULL,          IN_MESSAGE(local)      },
	{"id",  NULL,          IN_MESSAGE(cid)        },
	{"tp",  NULL,          IN_MESSAGE(template_id)},
	{"lg",  NULL,          IN_MESSAGE(lang)       },
	{"rt",  NULL,          IN_MESSAGE(reply_to)   },
	{"k",   read_kind,     0                      },
	{"j",   NULL,          IN_MESSAGE(data)       },
	{"op",  NULL,          IN_MESSAGE(options)    },
	{"mk",  read_marks,    0                      },
	{"cl",  read_class,    0                      },
	{"pr",  read_priority, 0                      },
	{"rc",  read_receipt,  0                      },
	{"at",  read_attempts, 0                      },
	{"af",  read_after,    0                      },
	{"un",  read_until,    0                      },
	{"ho",  NULL,          IN_EVENT(how)          },
	{"bn",  NULL,          IN_EVENT(author_name)  },
	{"cd",  NULL,          IN_EVENT(code)         },
	{"rs",  NULL,          IN_EVENT(reason)       },
	{"pt",  NULL,          IN_EVENT(parts)        },
	{"sid", NULL,          IN_EVENT(session)      },
	{"st",  read_state,    0                      },
	{"ag",  NULL,          IN_EVENT(agent)        },
	{"an",  NULL,          IN_EVENT(agent_name)   },
	{"qu",  NULL,          IN_EVENT(queue)        },
	{"di",  NULL,          IN_EVENT(disposition)  },
	{"no",  NULL,          IN_EVENT(note)         },
};

static int read_field(struct log_entry *e, struct span name, struct span value)
{
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

/* "NAME LENGTH:VALUE" one after the other. */
static int read_fields(struct log_entry *e, struct span v)
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

/* "VALIDITY", "VALIDITY+DELAY". */
static int read_validity(struct message *m, struct span v)
{
	struct span delay;
	uint64_t ms = 0;

	if (span_u64(span_split(v, '+', &delay), &m->validity_ms) ||
	    (delay.ptr && span_u64(delay, &ms)))
		return -EBADMSG;
	m->due_ms = delay.ptr ? m->ts_ms + ms : 0;
	return 0;
}

static int read_message(struct log_entry *e, struct span front, struct span *rest)
{
	struct message *m = &e->message;

	if (front.len != 5 || front.ptr[4] < '0' || front.ptr[4] >= '0' + LANE_COUNT)
		return -EBADMSG;
	e->event.type = LOG_MESSAGE;
	e->event.message = m;
	m->direction = front.ptr[1] == 'o' ? MESSAGE_OUT : MESSAGE_IN;
	m->status = e->event.status = log_status_of(front.ptr[2]);
	m->on_uncertain = front.ptr[3] == '1' ? UNCERTAIN_HOLD : UNCERTAIN_RESEND;
	m->lane = (enum lane)(front.ptr[4] - '0');
	m->ts_ms = e->event.ts_ms;
	if (m->status == STATUS_COUNT || read_validity(m, span_split(*rest, ' ', rest)))
		return -EBADMSG;
	m->channel = span_split(*rest, ' ', rest);
	return 0;
}

static int read_status(struct log_entry *e, struct span front, struct span *rest)
{
	e->event.type = LOG_STATUS;
	if (front.len != 2)
		return -EBADMSG;
	e->event.status = log_status_of(front.ptr[1]);
	return e->event.status == STATUS_COUNT ||
	                       span_u64(span_split(*rest, ' ', rest), &e->event.of)
	               ? -EBADMSG
	               : 0;
}

static int read_edit(struct log_entry *e, struct span *rest)
{
	uint64_t revision;

	e->event.type = LOG_EDIT;
	e->event.message = &e->message;
	e->message.ts_ms = e->event.ts_ms;
	return span_u64(span_split(*rest, ' ', rest), &e->event.of) ||
	                       span_u64(span_split(*rest, ' ', rest), &revision)
	               ? -EBADMSG
	               : 0;
}

int log_decode(uint64_t seq, struct span entry, struct log_entry *out)
{
	struct span rest;
	struct span front = span_split(entry, ' ', &rest);
	int err = -EBADMSG;

	*out = (struct log_entry){
		.event = {.seq = seq },
                  .message = { .refs = 1, .seq = seq}
        };
	if (!front.len || span_u64(span_split(rest, ' ', &rest), &out->event.ts_ms))
		return -EBADMSG;
	if (front.ptr[0] == 'm')
		err = read_message(out, front, &rest);
	else if (front.ptr[0] == 's')
		err = read_status(out, front, &rest);
	else if (span_is(front, "e"))
		err = read_edit(out, &rest);
	else if (span_is(front, "z") || span_is(front, "k"))
		err = 0;
	if (front.ptr[0] == 'z')
		out->event.type = LOG_SESSION;
	if (front.ptr[0] == 'k')
		out->event.type = LOG_VERIFIED;
	return err ? err : read_fields(out, rest);
}
