/*
 * The way in: deliver_sm and data_sm become messages, parts of long ones, or receipts. Nothing is
 * answered before the host says that it is durable, and an answer that we may give meanwhile is on
 * the wire before that. Sources: docs/protocols/smpp.md; SMPP 3.4, 4.6, 4.7.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "smpp_channel.h"
#include "smpp_gsm7.h"
#include "smpp_receipt.h"
#include "smpp_tlv.h"
#include "smpp_udh.h"

enum { LOG_EVERY_MS = 60000, META_VERSION = 1 };

/* What deliver_sm and data_sm have in common. */
struct delivery {
	uint8_t source_ton, esm_class, data_coding;
	struct span source, dest, octets, tlvs;
	bool udhi;
	struct smpp_udh udh; /* its text is octets where there is no header */
	enum smpp_alphabet alphabet;
	uint64_t arrived_ms;
};

/* ---- answers ---- */

static struct smpp_inbound *track(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	struct smpp_channel *ch = l->channel;
	struct smpp_inbound *in = ch->spare_in;

	if (in)
		ch->spare_in = in->next;
	else
		in = malloc(sizeof(*in));
	if (!in)
		return NULL;
	*in = (struct smpp_inbound){.link = l,
	                            .channel = ch,
	                            .prev = l->newest,
	                            .sequence = pdu->sequence_number,
	                            .command_id = pdu->command_id,
	                            .arrived_ms = clock_wall_ms(ch->clock)};
	if (l->newest)
		l->newest->next = in;
	else
		l->oldest = in;
	l->newest = in;
	if (++l->inbound >= (size_t)ch->cfg->inbound_max && !l->paused) {
		l->paused = true;
		if (l->stream)
			io_stream_pause(l->stream);
	}
	return in;
}

static void untrack(struct smpp_inbound *in)
{
	struct smpp_link *l = in->link;

	assert(l); /* each is untracked once */
	if (in->prev)
		in->prev->next = in->next;
	else
		l->oldest = in->next;
	if (in->next)
		in->next->prev = in->prev;
	else
		l->newest = in->prev;
	l->inbound--;
	in->link = NULL;
}

static void spare(struct smpp_inbound *in)
{
	struct smpp_channel *ch = in->channel;

	in->next = ch->spare_in;
	ch->spare_in = in;
}

static void answer(struct smpp_inbound *in, uint32_t status)
{
	struct smpp_link *l = in->link;

	if (l) {
		untrack(in);
		smpp_link_answer(l, SMPP_RESP(in->command_id), in->sequence, status);
		if (l->paused && l->inbound <= (size_t)l->channel->cfg->inbound_max / 2 &&
		    l->stream) {
			l->paused = false;
			io_stream_resume(l->stream);
		}
		smpp_link_check_done(l);
	}
	spare(in);
}

/* The end of every way in: durable, or the SMSC is to try again. 0x64 is a temporary error also
 * for receipts, which many SMSCs discard when they are told to slow down (docs/protocols/smpp.md).
 */
static void on_durable(void *arg, int err)
{
	answer(arg, err ? SMPP_RX_T_APPN : SMPP_ROK);
}

void smpp_in_link_lost(struct smpp_link *l)
{
	/* Whoever has them keeps them until it is done: they then find nobody. */
	while (l->oldest)
		untrack(l->oldest);
	l->paused = false;
}

void smpp_in_fini(struct smpp_channel *ch)
{
	struct smpp_inbound *in;

	while ((in = ch->spare_in)) {
		ch->spare_in = in->next;
		free(in);
	}
}

/* ---- whose it is ---- */

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(1099511628211);
	return (h ^ len) * UINT64_C(1099511628211);
}

static uint64_t hash_span(uint64_t h, struct span s)
{
	return hash(h, s.ptr, s.len);
}

enum { HASH_START_HI = 0x6c62272e, HASH_START_LO = 0x07bb0142 };

/* By what the SMSC's resend is known (docs/protocols/smpp.md): all that the customer's message is.
 */
static uint64_t content_hash(struct span address, struct span local, uint8_t esm_class,
                             uint8_t data_coding, struct span octets)
{
	uint64_t h = (uint64_t)HASH_START_HI << 32 | HASH_START_LO;

	h = hash_span(h, address);
	h = hash_span(h, local);
	h = hash(h, &esm_class, 1);
	h = hash(h, &data_coding, 1);
	return hash_span(h, octets);
}

/* One spelling for identity; what cannot be read as a number keeps its own. */
static struct span canonical(const struct smpp_channel *ch, struct span raw, unsigned ton,
                             char *out, size_t size)
{
	if (smpp_address_canonical(raw, ton, span_of(ch->cfg->default_country), out, size)) {
		while (raw.len &&
		       *raw.ptr == '+') /* it is no E.164 number, and does not look like one */
			raw = (struct span){raw.ptr + 1, raw.len - 1};
		snprintf(out, size, "sms:%.*s", SPAN_FMT(raw));
	}
	return span_of(out);
}

/* ---- a whole message ---- */

struct whole {
	struct span address, local, octets;
	enum smpp_alphabet alphabet;
	uint8_t esm_class, data_coding, locking, single;
	unsigned marks;
	uint64_t arrived_ms;
};

/* Data is no text, but a person must see that something came. */
static void show_binary(struct smpp_channel *ch, const struct whole *w, struct message *m)
{
	buf_printf(&ch->text, "[binary SMS 二进制短信: %zu]", w->octets.len);
	buf_printf(&ch->data, "{\"data_coding\":%u,\"octets\":\"", w->data_coding);
	for (size_t i = 0; i < w->octets.len; i++)
		buf_printf(&ch->data, "%02x", (uint8_t)w->octets.ptr[i]);
	buf_str(&ch->data, "\"}");
	m->kind = MESSAGE_FILE;
	m->data = buf_span(&ch->data);
}

/* Decodes into the channel's scratch. False: out of memory. */
static bool decode(struct smpp_channel *ch, const struct whole *w, struct message *m)
{
	if (w->alphabet == SMPP_BINARY) {
		show_binary(ch, w, m);
	} else if (!smpp_text_decode(w->alphabet, w->octets, w->locking, w->single, &ch->text)) {
		m->marks |= MARK_LOSSY;
		++*ch->metrics.lossy;
	}
	m->text = buf_span(&ch->text);
	return buf_check(&ch->text) == 0 && buf_check(&ch->data) == 0;
}

/* Gives a message to the host; done is always called. epoch and cid are of the session. */
static void receive(struct smpp_channel *ch, const struct whole *w, struct span epoch,
                    struct span cid, done_fn *done, void *arg)
{
	char key[17];
	struct message like = {
		.direction = MESSAGE_IN,
		.kind = MESSAGE_TEXT,
		.marks = w->marks,
		.ts_ms = w->arrived_ms,
		.address = w->address,
		.channel = span_of(connector_channel(ch->host)),
		.local = w->local,
		.author = SPAN_LIT("customer"),
		.cid = cid,
		.dup_key = {key, sizeof(key) - 1},
		.dup_epoch = epoch,
		.dup_after_ms = smpp_dup_after(ch, w->arrived_ms),
	};
	struct message *m;

	snprintf(key, sizeof(key), "%016llx",
	         (unsigned long long)content_hash(w->address, w->local, w->esm_class,
	                                          w->data_coding, w->octets));
	buf_clear(&ch->text);
	buf_clear(&ch->data);
	m = decode(ch, w, &like) ? message_create(&like) : NULL;
	if (!m) {
		done(arg, -ENOMEM);
		return;
	}
	connector_received(ch->host, &m, done, arg);
}

static struct span cid_of(const struct smpp_inbound *in, char *out, size_t size)
{
	snprintf(out, size, "%s-%u", in->link ? in->link->epoch : "gone", in->sequence);
	return span_of(out);
}

static void receive_tracked(struct smpp_inbound *in, const struct whole *w)
{
	char cid[64], epoch[sizeof(in->link->epoch)] = "gone";

	if (in->link)
		snprintf(epoch, sizeof(epoch), "%s", in->link->epoch);
	receive(in->channel, w, span_of(epoch), cid_of(in, cid, sizeof(cid)), on_durable, in);
}

/* ---- parts ---- */

/* What decoding the whole needs besides its octets, as the first part had it. */
static void put_meta(struct buf *b, const struct delivery *d, struct span address)
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

static int get_meta(struct span meta, struct whole *out)
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

/* The octets of all parts in order: decoded only when joined, since others cut characters. */
static void join(struct smpp_channel *ch, const struct message_parts *parts, struct whole *w)
{
	buf_clear(&ch->joined);
	for (unsigned i = 0; i < parts->total; i++)
		buf_add(&ch->joined, parts->parts[i]);
	w->octets = buf_span(&ch->joined);
}

static void on_part(void *arg, int kept, const struct message_parts *parts)
{
	struct smpp_inbound *in = arg;
	struct whole w = {0};

	if (kept || !parts) {
		on_durable(in, kept);
		return;
	}
	if (get_meta(parts->meta, &w)) {
		on_durable(in, 0); /* of a version that is gone; it is delivered at its time-out */
		return;
	}
	join(in->channel, parts, &w);
	receive_tracked(in, &w);
}

/* An incomplete message on its way to being durable, by the key of its parts. */
struct incomplete {
	struct connector_host *host;
	size_t len;
	char key[256];
};

static void on_incomplete(void *arg, int err)
{
	struct incomplete *it = arg;

	if (err == 0) /* else it is told again in a while */
		connector_parts_done(it->host, (struct span){it->key, it->len});
	free(it);
}

void smpp_in_parts(void *channel, const struct message_parts *parts)
{
	struct smpp_channel *ch = channel;
	struct whole w = {.marks = MARK_INCOMPLETE};
	struct incomplete *it;
	char cid[40];

	if (get_meta(parts->meta, &w) || parts->key.len > sizeof(it->key))
		return;
	it = malloc(sizeof(*it));
	if (!it)
		return;
	it->host = ch->host;
	it->len = parts->key.len;
	memcpy(it->key, parts->key.ptr, parts->key.len);
	snprintf(cid, sizeof(cid), "parts-%016llx", (unsigned long long)parts->generation);
	join(ch, parts, &w);
	/* No session: told twice, it is the same message. */
	receive(ch, &w, SPAN_NONE, span_of(cid), on_incomplete, it);
}

static void keep_part(struct smpp_inbound *in, const struct delivery *d, struct span address)
{
	const struct smpp_concat *c = &d->udh.concat;
	struct smpp_channel *ch = in->channel;
	char key[SMPP_ADDRESS_SIZE + 96];
	struct message_part part = {.number = c->number, .total = c->total, .octets = d->udh.text};
	struct buf meta;

	/* Not the session: the parts of one message may come over any (docs/protocols/smpp.md). */
	snprintf(key, sizeof(key), "%.*s|%.*s|%u|%u|%u", SPAN_FMT(address), SPAN_FMT(d->dest),
	         c->width, c->ref, c->total);
	buf_init(&meta, 512);
	put_meta(&meta, d, address);
	part.key = span_of(key);
	part.meta = buf_span(&meta);
	if (buf_check(&meta))
		on_durable(in, -ENOMEM);
	else
		connector_part(ch->host, &part, on_part, in);
	buf_fini(&meta);
}

/* ---- receipts ---- */

static enum message_status status_of(const struct smpp_receipt *r)
{
	if (!r->final)
		return STATUS_SENT;
	return r->state == SMPP_STATE_DELIVERED ? STATUS_DELIVERED : STATUS_UNDELIVERED;
}

static void receipt_code(const struct smpp_receipt *r, char *out, size_t size)
{
	if (r->error.len)
		snprintf(out, size, "smpp.dlr.%.*s", (int)(r->error.len < 20 ? r->error.len : 20),
		         r->error.ptr);
	else if (r->network_error >= 0)
		snprintf(out, size, "smpp.dlr.%03d", r->network_error);
	else
		snprintf(out, size, "smpp.dlr.%s", smpp_message_state_name(r->state));
}

/* The TLV wins; what the text said is worth knowing, for the operator may mean it. */
static void disagreeing(struct smpp_channel *ch, const struct smpp_receipt *r)
{
	uint64_t held;

	++*ch->metrics.disagreeing;
	if (log_throttle_pass(&ch->disagree, clock_mono_ms(ch->clock), LOG_EVERY_MS, &held))
		log_warn(ch->log, EVENT("smpp.receipt_disagrees"),
		         STR("tlv", smpp_message_state_name(r->state)),
		         STR("text", smpp_message_state_name(r->text_state)),
		         NUM("suppressed", held));
}

static void tell_receipt(struct smpp_inbound *in, const struct delivery *d,
                         const struct smpp_receipt *r)
{
	struct smpp_channel *ch = in->channel;
	char code[40], address[SMPP_ADDRESS_SIZE], likely[SMPP_ID_SIZE];
	/* From the handset to us: its source is whom our message was for. */
	struct receipt receipt = {
		.id = smpp_ids_likely(ch->ids, r->id, likely),
		.address = d->source.len ? canonical(ch, d->source, d->source_ton, address,
	                                             sizeof(address))
	                                 : SPAN_NONE,
		.status = status_of(r),
		.code = code,
		.ts_ms = d->arrived_ms,
	};

	receipt_code(r, code, sizeof(code));
	++*ch->metrics.receipts;
	++*ch->metrics.ids[smpp_ids_seen(ch->ids, r->id)];
	if (r->disagree)
		disagreeing(ch, r);
	connector_receipt(ch->host, &receipt, on_durable, in);
}

/* A receipt that names no message is of no use to anybody, now or later: it is taken and told. */
static void unread_receipt(struct smpp_inbound *in)
{
	struct smpp_channel *ch = in->channel;
	uint64_t held;

	++*ch->metrics.receipts_unread;
	if (log_throttle_pass(&ch->unread, clock_mono_ms(ch->clock), LOG_EVERY_MS, &held))
		log_warn(ch->log, EVENT("smpp.receipt_unreadable"), NUM("suppressed", held));
	answer(in, SMPP_ROK);
}

/* Receipts come in the alphabet of text, now and then in UCS-2. */
static struct span receipt_text(struct smpp_channel *ch, const struct delivery *d)
{
	if (d->alphabet != SMPP_UCS2)
		return d->udh.text;
	buf_clear(&ch->text);
	smpp_text_decode(SMPP_UCS2, d->udh.text, 0, 0, &ch->text);
	return buf_span(&ch->text);
}

static bool is_receipt(const struct smpp_channel *ch, const struct delivery *d)
{
	unsigned type = d->esm_class & SMPP_ESM_CLASS_TYPE;

	if (type == SMPP_ESM_CLASS_RECEIPT || type == SMPP_ESM_CLASS_INTERMEDIATE)
		return true;
	/* A person can write such a text, so it must be asked for. */
	return type == 0 && ch->cfg->receipts_unflagged && smpp_receipt_looks_like(d->udh.text);
}

static void on_receipt(struct smpp_inbound *in, const struct delivery *d)
{
	unsigned type = d->esm_class & SMPP_ESM_CLASS_TYPE;
	struct smpp_receipt r;

	if (smpp_receipt_parse(receipt_text(in->channel, d), d->tlvs,
	                       type == SMPP_ESM_CLASS_INTERMEDIATE, &r))
		unread_receipt(in);
	else
		tell_receipt(in, d, &r);
}

/* ---- both PDUs ---- */

/* sar_: all three, or they are ignored (5.3.2.22 to 24). */
static void read_sar(struct span tlvs, struct smpp_concat *out)
{
	uint32_t ref, total, number;

	if (smpp_tlv_uint(tlvs, SMPP_TLV_sar_msg_ref_num, &ref) ||
	    smpp_tlv_uint(tlvs, SMPP_TLV_sar_total_segments, &total) ||
	    smpp_tlv_uint(tlvs, SMPP_TLV_sar_segment_seqnum, &number))
		return;
	if (number == 0 || number > total)
		return;
	*out = (struct smpp_concat){.width = 16,
	                            .ref = (uint16_t)ref,
	                            .total = (uint8_t)total,
	                            .number = (uint8_t)number};
}

/* Packed text is unpacked here, part by part: where its septets begin depends on the header. */
static void unpack(struct smpp_channel *ch, struct delivery *d)
{
	size_t header = d->udh.size;

	if (d->alphabet != SMPP_PACKED)
		return;
	buf_clear(&ch->user_data);
	smpp_gsm7_unpack(d->udh.text, (unsigned)((7 - header * 8 % 7) % 7), &ch->user_data);
	d->udh.text = buf_span(&ch->user_data);
}

static void read_text(struct smpp_channel *ch, struct delivery *d)
{
	struct span payload;

	if (d->octets.len == 0 && smpp_tlv_find(d->tlvs, SMPP_TLV_message_payload, &payload) == 0)
		d->octets = payload;
	d->alphabet = smpp_alphabet_of(d->data_coding, (enum smpp_alphabet)ch->cfg->alphabet_in);
	d->udh = (struct smpp_udh){.text = d->octets};
	/* A broken header is text as well as may be (docs/protocols/smpp.md). */
	if ((d->esm_class & SMPP_ESM_CLASS_UDHI) && smpp_udh_parse(d->octets, &d->udh))
		d->udh = (struct smpp_udh){.text = d->octets};
	if (!d->udh.concat.width)
		read_sar(d->tlvs, &d->udh.concat);
	unpack(ch, d);
}

static void deliver(struct smpp_link *l, const struct smpp_pdu *pdu, struct delivery *d)
{
	enum { PART_OCTETS = 255 };
	struct smpp_channel *ch = l->channel;
	struct smpp_inbound *in = track(l, pdu);
	char address[SMPP_ADDRESS_SIZE];
	struct whole w;

	++*ch->metrics.delivers;
	l->active_ms = clock_mono_ms(ch->clock);
	if (!in) {
		smpp_link_answer(l, SMPP_RESP(pdu->command_id), pdu->sequence_number,
		                 SMPP_RX_T_APPN);
		return;
	}
	d->arrived_ms = in->arrived_ms;
	read_text(ch, d);
	if (is_receipt(ch, d)) {
		on_receipt(in, d);
		return;
	}
	w = (struct whole){
		.address = canonical(ch, d->source, d->source_ton, address, sizeof(address)),
		.local = d->dest,
		.octets = d->udh.text,
		.alphabet = d->alphabet,
		.esm_class = d->esm_class,
		.data_coding = d->data_coding,
		.locking = d->udh.locking,
		.single = d->udh.single,
		.arrived_ms = d->arrived_ms,
	};
	if (d->udh.concat.total > 1 && d->udh.text.len && d->udh.text.len <= PART_OCTETS)
		keep_part(in, d, w.address);
	else
		receive_tracked(in, &w);
}

void smpp_in_deliver_sm(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_deliver_sm *sm = &pdu->u.deliver_sm;
	struct delivery d = {
		.source_ton = sm->source_addr_ton,
		.esm_class = sm->esm_class,
		.data_coding = sm->data_coding,
		.source = sm->source_addr,
		.dest = sm->destination_addr,
		.octets = sm->short_message,
		.tlvs = sm->tlvs,
	};

	deliver(l, pdu, &d);
}

void smpp_in_data_sm(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_data_sm *sm = &pdu->u.data_sm;
	struct delivery d = {
		.source_ton = sm->source_addr_ton,
		.esm_class = sm->esm_class,
		.data_coding = sm->data_coding,
		.source = sm->source_addr,
		.dest = sm->destination_addr,
		.tlvs = sm->tlvs,
	};

	deliver(l, pdu, &d);
}
