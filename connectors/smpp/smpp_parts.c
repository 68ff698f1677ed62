/*
 * Long messages on their way in: their parts are kept by the host, for all sessions and nodes, as
 * octets, and decoded when joined, since others cut characters. The whole is known by its parts'
 * key and generation, however often it is told. Sources: docs/protocols/smpp.md; 3GPP 23.040,
 * 9.2.3.24.1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cursor.h"
#include "smpp_inbound.h"

enum { META_VERSION = 1, KEY_MAX = SMPP_ADDRESS_SIZE + 160 };

/* What decoding the whole needs besides its octets, as the first part had it. */
static void put_meta(struct buf *b, const struct smpp_delivery *d, struct span address)
{
	buf_u8(b, META_VERSION);
	buf_u8(b, (uint8_t)d->alphabet);
	buf_u8(b, d->esm_class);
	buf_u8(b, d->data_coding);
	buf_u8(b, d->udh.locking);
	buf_u8(b, d->udh.single);
	buf_u64(b, d->arrived_ms);
	buf_cstr(b, address);
	buf_cstr(b, d->dest);
}

static int get_meta(struct span meta, struct smpp_whole *out)
{
	struct cursor c = cur_span(meta);
	uint8_t version = cur_u8(&c), alphabet = cur_u8(&c);

	out->esm_class = cur_u8(&c);
	out->data_coding = cur_u8(&c);
	out->locking = cur_u8(&c);
	out->single = cur_u8(&c);
	out->arrived_ms = cur_u64(&c);
	out->address = cur_cstr(&c, SMPP_ADDRESS_SIZE);
	out->local = cur_cstr(&c, 66);
	if (cur_check(&c) || version != META_VERSION || alphabet >= SMPP_ALPHABETS)
		return -EBADMSG;
	out->alphabet = (enum smpp_alphabet)alphabet;
	return 0;
}

/* The octets of all parts that are there, in order. */
static void join(struct smpp_channel *ch, const struct message_parts *parts, struct smpp_whole *w)
{
	buf_clear(&ch->joined);
	for (unsigned i = 0; i < parts->total; i++)
		buf_add(&ch->joined, parts->parts[i]);
	w->octets = buf_span(&ch->joined);
}

/* What was told, on its way to being durable. */
struct told {
	struct smpp_channel *channel;
	struct smpp_inbound *in; /* to be answered then; NULL: its time was over */
	struct message_parts parts;
	char key[];
};

static void on_told(void *arg, int err)
{
	struct told *told = arg;

	if (err == 0) /* else the SMSC sends the part again, or its time comes again */
		connector_parts_done(told->channel->host, &told->parts);
	if (told->in)
		smpp_in_answer(told->in, err);
	free(told);
}

static struct told *told_create(struct smpp_channel *ch, struct smpp_inbound *in,
                                const struct message_parts *parts)
{
	struct told *told = malloc(sizeof(*told) + parts->key.len);

	if (!told)
		return NULL;
	*told = (struct told){.channel = ch, .in = in, .parts = *parts};
	memcpy(told->key, parts->key.ptr, parts->key.len);
	told->parts.key.ptr = told->key;
	told->parts.meta = SPAN_NONE;
	told->parts.parts = NULL;
	return told;
}

/* What was told incomplete is mended; the more parts, the later the word. */
static void tell(struct smpp_channel *ch, struct smpp_inbound *in, struct smpp_whole *w,
                 const struct message_parts *parts)
{
	struct told *told = told_create(ch, in, parts);
	char cid[64];

	if (!told) {
		if (in)
			smpp_in_answer(in, -ENOMEM);
		return;
	}
	if (in)
		w->cid = smpp_in_cid(in, cid, sizeof(cid));
	else
		w->cid =
			(struct span){cid, (size_t)snprintf(cid, sizeof(cid), "parts-%016llx",
		                                            (unsigned long long)parts->generation)};
	w->parts = span_split(parts->key, '\x1f', &(struct span){0});
	w->generation = parts->generation;
	w->mends = parts->told ? parts->present : 0;
	if (parts->present < parts->total)
		w->marks |= MARK_INCOMPLETE;
	join(ch, parts, w);
	smpp_in_receive(ch, w, on_told, told);
}

static void on_part(void *arg, int kept, const struct message_parts *parts)
{
	struct smpp_inbound *in = arg;
	struct smpp_whole w = {0};

	if (kept || !parts)
		smpp_in_answer(in, kept);
	else if (get_meta(parts->meta, &w))
		smpp_in_answer(in, 0); /* of a version that is gone */
	else
		tell(in->channel, in, &w, parts);
}

void smpp_in_parts(void *channel, const struct message_parts *parts)
{
	struct smpp_whole w = {0};

	if (get_meta(parts->meta, &w) == 0)
		tell(channel, NULL, &w, parts);
}

/*
 * One message may come partly with a header and partly with sar_ parameters, made of the header by
 * a gateway on the way: their reference is wide, but its value is the header's.
 */
static unsigned width_of(const struct smpp_concat *c)
{
	return c->sar && c->ref < 256 ? 8 : c->width;
}

void smpp_parts_keep(struct smpp_inbound *in, const struct smpp_delivery *d, struct span address)
{
	const struct smpp_concat *c = &d->udh.concat;
	struct smpp_channel *ch = in->channel;
	char key[KEY_MAX];
	struct message_part part = {
		.number = c->number,
		.total = c->total,
		.octets = d->udh.text,
		.epoch = in->link ? span_of(in->link->epoch) : SPAN_NONE,
		.resend_after_ms = smpp_dup_after(ch, d->arrived_ms),
		.timeout_ms = (uint64_t)ch->cfg->parts_ms,
	};
	struct buf meta;

	/* Not the session: the parts of one message may come over any (docs/protocols/smpp.md). */
	snprintf(key, sizeof(key), "%.*s|%.*s|%u|%u|%u", SPAN_FMT(address), SPAN_FMT(d->dest),
	         width_of(c), c->ref, c->total);
	buf_init(&meta, 512);
	put_meta(&meta, d, address);
	part.key = span_of(key);
	part.meta = buf_span(&meta);
	if (buf_check(&meta))
		smpp_in_answer(in, -ENOMEM);
	else
		connector_part(ch->host, &part, on_part, in);
	buf_fini(&meta);
}
