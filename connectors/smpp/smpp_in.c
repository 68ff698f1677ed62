/*
 * The way in: deliver_sm and data_sm become messages, parts of long ones, or receipts. Nothing is
 * answered before the host says that it is durable, and an answer that we may give meanwhile is on
 * the wire before that. Sources: docs/protocols/smpp.md; SMPP 3.4, 4.6, 4.7.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "smpp_gsm7.h"
#include "smpp_inbound.h"
#include "smpp_receipt.h"
#include "smpp_tlv.h"
#include "utf8.h"

enum {
	LOG_EVERY_MS = 60000,
	PLAIN_SIZE = 200 /* of an address as text: 64 octets, each "%XX" */
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
		    l->stream)
			smpp_session_resume(l);
		smpp_link_check_done(l);
	}
	spare(in);
}

/* The end of every way in: durable, or the SMSC is to try again. 0x64 is a temporary error also
 * for receipts, which many SMSCs discard when they are told to slow down (docs/protocols/smpp.md).
 */
void smpp_in_answer(void *arg, int err)
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

uint64_t smpp_in_hash(uint64_t h, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(1099511628211);
	return (h ^ len) * UINT64_C(1099511628211);
}

static uint64_t hash_span(uint64_t h, struct span s)
{
	return smpp_in_hash(h, s.ptr, s.len);
}

/* By what the SMSC's resend is known (docs/protocols/smpp.md): all that the customer's message is.
 */
static uint64_t content_hash(const struct smpp_whole *w)
{
	uint64_t h = hash_span(SMPP_HASH_START, w->address);

	h = hash_span(h, w->local);
	h = smpp_in_hash(h, &w->esm_class, 1);
	h = smpp_in_hash(h, &w->data_coding, 1);
	return hash_span(h, w->octets);
}

/* A message of parts is known by them, whatever of them is there. */
static uint64_t parts_hash(const struct smpp_whole *w)
{
	return smpp_in_hash(hash_span(SMPP_HASH_START, w->parts), &w->generation,
	                    sizeof(w->generation));
}

/* One spelling for identity; what cannot be read as a number keeps its own. */
struct span smpp_in_address(const struct smpp_channel *ch, struct span raw, unsigned ton, char *out,
                            size_t size)
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

/* Data is no text, but a person must see that something came. */
static void show_binary(struct smpp_channel *ch, const struct smpp_whole *w, struct message *m)
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
static bool decode(struct smpp_channel *ch, const struct smpp_whole *w, struct message *m)
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

void smpp_in_receive(struct smpp_channel *ch, const struct smpp_whole *w, done_fn *done, void *arg)
{
	bool of_parts = w->parts.len > 0;
	char key[20];
	struct message like = {
		.direction = MESSAGE_IN,
		.kind = MESSAGE_TEXT,
		.marks = w->marks,
		.ts_ms = w->arrived_ms,
		.address = w->address,
		.channel = span_of(connector_channel(ch->host)),
		.local = w->local,
		.author = SPAN_LIT("customer"),
		.cid = w->cid,
		.dup_key = {key, 0},
		.dup_epoch = of_parts ? SPAN_NONE : w->epoch,
		.dup_after_ms = of_parts ? 0 : smpp_dup_after(ch, w->arrived_ms),
		.mends = w->mends,
	};
	struct message *m;

	like.dup_key.len =
		(size_t)snprintf(key, sizeof(key), "%s%016llx", of_parts ? "p" : "",
	                         (unsigned long long)(of_parts ? parts_hash(w) : content_hash(w)));
	buf_clear(&ch->text);
	buf_clear(&ch->data);
	m = decode(ch, w, &like) ? message_create(&like) : NULL;
	if (!m) {
		done(arg, -ENOMEM);
		return;
	}
	connector_received(ch->host, &m, done, arg);
}

struct span smpp_in_cid(const struct smpp_inbound *in, char *out, size_t size)
{
	snprintf(out, size, "%s-%u", in->link ? in->link->epoch : "gone", in->sequence);
	return span_of(out);
}

static void receive_tracked(struct smpp_inbound *in, const struct smpp_whole *whole)
{
	char cid[64], epoch[sizeof(in->link->epoch)] = "gone";
	struct smpp_whole w = *whole;

	if (in->link)
		snprintf(epoch, sizeof(epoch), "%s", in->link->epoch);
	w.epoch = span_of(epoch);
	w.cid = smpp_in_cid(in, cid, sizeof(cid));
	smpp_in_receive(in->channel, &w, smpp_in_answer, in);
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
	                            .sar = true,
	                            .ref = (uint16_t)ref,
	                            .total = (uint8_t)total,
	                            .number = (uint8_t)number};
}

/* 3.4, 3.3: a parameter that is read and cannot be what it must be. What a receipt's cannot say its
 * text may. Of length 0, which occurs, one is not there. */
static bool is_malformed(const struct smpp_delivery *d)
{
	static const uint16_t read[] = {SMPP_TLV_sar_msg_ref_num, SMPP_TLV_sar_total_segments,
	                                SMPP_TLV_sar_segment_seqnum};
	uint32_t value;

	if (d->esm_class & SMPP_ESM_CLASS_UDHI)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(read); i++)
		if (smpp_tlv_uint(d->tlvs, read[i], &value) == -EBADMSG)
			return true;
	return false;
}

/* Packed text is unpacked here, part by part: where its septets begin depends on the header. */
static void unpack(struct smpp_channel *ch, struct smpp_delivery *d)
{
	size_t header = d->udh.size;

	if (d->alphabet != SMPP_PACKED)
		return;
	buf_clear(&ch->user_data);
	smpp_gsm7_unpack(d->udh.text, (unsigned)((7 - header * 8 % 7) % 7), &ch->user_data);
	d->udh.text = buf_span(&ch->user_data);
}

static void read_text(struct smpp_channel *ch, struct smpp_delivery *d)
{
	struct span payload;

	if (d->octets.len == 0 && smpp_tlv_find(d->tlvs, SMPP_TLV_message_payload, &payload) == 0)
		d->octets = payload;
	d->alphabet = smpp_alphabet_of(d->data_coding, (enum smpp_alphabet)ch->cfg->alphabet_in);
	if (d->alphabet == SMPP_UCS2 && ch->cfg->ucs2_in == SMPP_UCS2_LITTLE)
		d->alphabet = SMPP_UCS2LE;
	d->udh = (struct smpp_udh){.text = d->octets};
	/* A broken header is text as well as may be (docs/protocols/smpp.md). */
	if ((d->esm_class & SMPP_ESM_CLASS_UDHI) && smpp_udh_parse(d->octets, &d->udh))
		d->udh = (struct smpp_udh){.text = d->octets};
	if (!d->udh.concat.width)
		read_sar(d->tlvs, &d->udh.concat);
	unpack(ch, d);
}

/* ---- how numbers came ---- */

#define FORM_KEY SPAN_LIT("smpp.form")
#define FORM_KEPT_MS (UINT64_C(90) * 24 * 3600 * 1000)

static void on_form_stored(void *arg, int err)
{
	(void)arg;
	(void)err; /* the next process begins with an older one, or learns it anew */
}

static void note_form(struct smpp_channel *ch, const struct smpp_delivery *d, struct span address)
{
	struct smpp_form form;
	char text[16];

	if (!ch->forms)
		return;
	form = smpp_form_of(d->source, d->source_ton, d->source_npi, address);
	if (!smpp_forms_note(ch->forms, address, form))
		return;
	smpp_form_print(form, text);
	connector_store(ch->host, FORM_KEY, span_of(text), FORM_KEPT_MS, on_form_stored, NULL);
}

static void on_form_loaded(void *arg, int err, struct span value)
{
	struct smpp_channel *ch = arg;

	if (!err && ch->forms && !ch->forms->last.known)
		ch->forms->last = smpp_form_read(value);
}

void smpp_in_load_form(struct smpp_channel *ch)
{
	if (ch->forms)
		connector_load(ch->host, FORM_KEY, on_form_loaded, ch);
}

/* A number or name as text: octets that are none (5.2.1 allows ASCII only, SMSCs send what they
 * were given) as "%XX". */
static struct span plain_address(struct span raw, char out[PLAIN_SIZE])
{
	size_t len = 0;
	bool plain = utf8_valid(raw);

	for (size_t i = 0; i < raw.len; i++)
		plain = plain && (uint8_t)raw.ptr[i] >= ' ' && raw.ptr[i] != 0x7F;
	if (plain)
		return raw;
	for (size_t i = 0; i < raw.len && len + sizeof("%00") <= PLAIN_SIZE; i++) {
		uint8_t c = (uint8_t)raw.ptr[i];

		if (c > ' ' && c < 0x7F && c != '%')
			out[len++] = (char)c;
		else
			len += (size_t)snprintf(out + len, PLAIN_SIZE - len, "%%%02X", c);
	}
	return (struct span){out, len};
}

static void deliver(struct smpp_link *l, const struct smpp_pdu *pdu, const struct smpp_delivery *as)
{
	enum { PART_OCTETS = 255 };
	struct smpp_delivery plain = *as, *d = &plain;
	struct smpp_channel *ch = l->channel;
	char address[SMPP_ADDRESS_SIZE], source[PLAIN_SIZE], dest[PLAIN_SIZE];
	struct smpp_inbound *in;
	struct smpp_whole w;

	if (is_malformed(d)) {
		smpp_session_refuse(l, pdu, SMPP_RINVPARLEN);
		return;
	}
	in = track(l, pdu);
	d->source = plain_address(d->source, source);
	d->dest = plain_address(d->dest, dest);
	++*ch->metrics.delivers;
	l->active_ms = clock_mono_ms(ch->clock);
	if (!in) {
		smpp_link_answer(l, SMPP_RESP(pdu->command_id), pdu->sequence_number,
		                 SMPP_RX_T_APPN);
		return;
	}
	d->arrived_ms = in->arrived_ms;
	read_text(ch, d);
	if (smpp_in_receipt(in, d))
		return;
	w = (struct smpp_whole){
		.address = smpp_in_address(ch, d->source, d->source_ton, address, sizeof(address)),
		.local = d->dest,
		.octets = d->udh.text,
		.alphabet = d->alphabet,
		.esm_class = d->esm_class,
		.data_coding = d->data_coding,
		.locking = d->udh.locking,
		.single = d->udh.single,
		.arrived_ms = d->arrived_ms,
	};
	note_form(ch, d, w.address);
	if (d->udh.concat.total > 1 && d->udh.text.len <= PART_OCTETS)
		smpp_parts_keep(in, d, w.address);
	else
		receive_tracked(in, &w);
}

void smpp_in_deliver_sm(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_deliver_sm *sm = &pdu->u.deliver_sm;
	struct smpp_delivery d = {
		.source_ton = sm->source_addr_ton,
		.source_npi = sm->source_addr_npi,
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
	struct smpp_delivery d = {
		.source_ton = sm->source_addr_ton,
		.source_npi = sm->source_addr_npi,
		.esm_class = sm->esm_class,
		.data_coding = sm->data_coding,
		.source = sm->source_addr,
		.dest = sm->destination_addr,
		.tlvs = sm->tlvs,
	};

	deliver(l, pdu, &d);
}
