/* A message and all its spans in one block. */
#include "message.h"

#include <assert.h>
#include <stdlib.h>

/* Every span of a message: what message_create() copies. */
static const size_t spans[] = {
	offsetof(struct message, address),   offsetof(struct message, channel),
	offsetof(struct message, local),     offsetof(struct message, text),
	offsetof(struct message, data),      offsetof(struct message, author),
	offsetof(struct message, cid),       offsetof(struct message, template_id),
	offsetof(struct message, lang),      offsetof(struct message, reply_to),
	offsetof(struct message, dup_key),   offsetof(struct message, dup_epoch),
	offsetof(struct message, options),   offsetof(struct message, conversation),
	offsetof(struct message, extension),
};

static const char *const kind_names[MESSAGE_KINDS] = {
	"text", "image", "voice", "video", "location", "link", "file", "event", "menu",
};

static const char *const status_names[STATUS_COUNT] = {
	"accepted",
	"scheduled",
	"queued",
	"sending",
	"unknown",
	"sent",
	"partially_delivered",
	"delivered",
	"read",
	"undelivered",
	"failed",
	"canceled",
};

static const char *const lane_names[LANE_COUNT] = {"reply", "confirmation", "campaign"};

static struct span *span_at(struct message *m, size_t i)
{
	return (struct span *)(void *)((char *)m + spans[i]);
}

struct message *message_create(const struct message *like)
{
	size_t size = sizeof(*like);
	struct message copy = *like;
	struct message *m;
	char *at;

	for (size_t i = 0; i < ARRAY_LEN(spans); i++)
		size += span_at(&copy, i)->len;
	m = malloc(size);
	if (!m)
		return NULL;
	*m = copy;
	m->refs = 1;
	at = (char *)(m + 1);
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		struct span *s = span_at(m, i);

		if (s->len)
			memcpy(at, s->ptr, s->len);
		s->ptr = at;
		at += s->len;
	}
	return m;
}

struct message *message_ref(struct message *m)
{
	assert(m->refs > 0);
	m->refs++;
	return m;
}

void message_unref(struct message **m)
{
	if (!*m)
		return;
	assert((*m)->refs > 0);
	if (--(*m)->refs == 0)
		free(*m);
	*m = NULL;
}

uint64_t message_expires_ms(const struct message *m)
{
	uint64_t from = m->due_ms ? m->due_ms : m->ts_ms;

	return m->validity_ms && from ? from + m->validity_ms : 0;
}

const char *message_kind_name(enum message_kind kind)
{
	return kind_names[kind];
}

const char *message_status_name(enum message_status status)
{
	return status_names[status];
}

const char *lane_name(enum lane lane)
{
	return lane_names[lane];
}

static int index_of(const char *const *names, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(name, names[i]))
			return (int)i;
	return -EINVAL;
}

int message_kind_parse(struct span name, enum message_kind *out)
{
	int i = index_of(kind_names, MESSAGE_KINDS, name);

	if (i < 0)
		return i;
	*out = (enum message_kind)i;
	return 0;
}

int message_status_parse(struct span name, enum message_status *out)
{
	int i = index_of(status_names, STATUS_COUNT, name);

	if (i < 0)
		return i;
	*out = (enum message_status)i;
	return 0;
}
