/* Sources: 3GPP 23.038, 4; 23.040, 9.2.3.9 and 9.2.3.24; SMPP 3.4, 5.2. */
#include "smpp_special.h"

#include <stdlib.h>

enum {
	DATA_CODING_COMPRESSED = 0x20,
	WAITING_DISCARD = 0xC0, /* the group; the phone need not keep the text */
	WAITING_STORE = 0xD0,
	WAITING_STORE_UCS2 = 0xE0,
	WAITING_ACTIVE = 0x08,
	WAITING_KIND = 0x03,
	WAITING_OVER = 4 /* message_waiting from here on: nothing waits any more */
};

static bool is_special(const struct sms_options *o)
{
	return o->coding != SMS_CODING_TEXT || o->udh.len || o->service_type.len ||
	       o->message_waiting >= 0 || o->protocol_id >= 0 || o->compressed >= 0 ||
	       o->class_coding >= 0 || o->reply_path >= 0 || o->intermediate > 0;
}

int smpp_special_read(const struct message *m, struct smpp_special **out)
{
	struct smpp_special *s;
	int err;

	*out = NULL;
	/* What is noted of a bot's answer is options too, and has nothing of SMS in it. */
	if (!m->options.len || !memmem(m->options.ptr, m->options.len, "\"sms\"", 5))
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	buf_init(&s->memory, SMS_OCTETS_MAX + 2 * SMS_USER_DATA_MAX);
	err = sms_options_read(m->options, &s->asked, &s->memory);
	if (err || !is_special(&s->asked))
		smpp_special_free(&s);
	*out = s;
	return err;
}

void smpp_special_free(struct smpp_special **special)
{
	if (!*special)
		return;
	buf_fini(&(*special)->memory);
	free(*special);
	*special = NULL;
}

void smpp_special_prepare(const struct smpp_special *special, struct smpp_split_options *options)
{
	const struct sms_options *o = &special->asked;

	options->header = o->udh.len;
	options->ucs2 = o->coding == SMS_CODING_UCS2;
	if (options->ucs2 || o->message_waiting >= 0 || o->compressed > 0)
		options->latin1 = false;
	/* A user data header and sar_ parameters exclude each other (5.2.12). */
	if (options->how >= SMPP_LONG_SAR && (o->udh.len || o->coding == SMS_CODING_OCTETS))
		options->how = SMPP_LONG_UDH16;
}

bool smpp_special_is_text(const struct smpp_special *special)
{
	return special->asked.coding != SMS_CODING_OCTETS && !special->asked.udh.len;
}

bool smpp_special_split(const struct smpp_special *special, const struct message *m,
                        const struct smpp_split_options *options, struct smpp_parts *out, int *err)
{
	const struct sms_options *o = &special->asked;

	if (o->coding == SMS_CODING_OCTETS)
		*err = smpp_split_octets(o->octets, options, out);
	else if (o->udh.len)
		*err = smpp_split(m->text, options, out);
	return !smpp_special_is_text(special);
}

/* One length octet for both: that of the second header goes. */
static void join_headers(struct buf *b, size_t first, size_t second)
{
	memmove(b->data + second, b->data + second + 1, b->len - second - 1);
	b->len--;
	b->data[first] = (char)(b->len - first - 1);
}

void smpp_special_put_header(const struct smpp_special *special, const struct smpp_concat *concat,
                             struct buf *b)
{
	size_t first = b->len, second = first + special->asked.udh.len;

	buf_add(b, special->asked.udh);
	if (concat)
		smpp_udh_put(b, concat);
	if (concat && second > first && !buf_check(b))
		join_headers(b, first, second);
}

static uint8_t waiting_coding(int waiting, bool ucs2)
{
	unsigned group = ucs2                      ? WAITING_STORE_UCS2
	                 : waiting >= WAITING_OVER ? WAITING_DISCARD
	                                           : WAITING_STORE;

	return (uint8_t)(group | (waiting >= WAITING_OVER ? 0U : WAITING_ACTIVE) |
	                 ((unsigned)waiting & WAITING_KIND));
}

/* Latin-1 (3) is SMPP's own and in no group: it was not chosen where there is to be one. */
static uint8_t data_coding(const struct sms_options *o, int message_class,
                           enum smpp_class_style style, uint8_t plain)
{
	bool ucs2 = plain == SMPP_DATA_CODING_UCS2;
	bool control = o->class_coding < 0 ? style == SMPP_CLASS_CONTROL : o->class_coding > 0;
	unsigned coding = plain;

	if (o->message_waiting >= 0)
		return waiting_coding(o->message_waiting, ucs2);
	if (message_class >= 0 && control && !ucs2 && o->compressed <= 0)
		return (uint8_t)(SMPP_DATA_CODING_CLASS_CONTROL | coding | (unsigned)message_class);
	if (message_class >= 0)
		coding |= SMPP_DATA_CODING_CLASS | (unsigned)message_class;
	if (o->compressed > 0)
		coding |= DATA_CODING_COMPRESSED;
	return (uint8_t)coding;
}

void smpp_special_fill(const struct smpp_special *special, int message_class,
                       enum smpp_class_style style, struct smpp_submit_sm *sm)
{
	const struct sms_options *o = &special->asked;

	sm->data_coding = data_coding(o, message_class, style, sm->data_coding);
	if (o->udh.len)
		sm->esm_class |= SMPP_ESM_CLASS_UDHI;
	if (o->reply_path > 0)
		sm->esm_class |= SMPP_ESM_CLASS_REPLY_PATH;
	if (o->intermediate > 0)
		sm->registered_delivery |= SMPP_REGISTERED_INTERMEDIATE;
	if (o->protocol_id >= 0)
		sm->protocol_id = (uint8_t)o->protocol_id;
	if (o->service_type.len)
		sm->service_type = o->service_type;
}
