/*
 * The way out, first half: a message becomes parts, parts become submit_sm within the window, the
 * rate and the pause that the SMSC asks for. All parts of a message go over one session, in order,
 * and no other message comes between them. Sources: docs/protocols/smpp.md; SMPP 3.4, 4.4.
 */
#include "smpp_gsm7.h"
#include "smpp_outgoing.h"
#include "smpp_tlv.h"
#include "smpp_udh.h"

enum { SOURCE_ADDR_MAX = 20 };

static uint64_t now_ms(const struct smpp_channel *ch)
{
	return clock_mono_ms(ch->clock);
}

/* ---- pace ---- */

void smpp_out_wake_at(struct smpp_channel *ch, uint64_t at)
{
	uint64_t now = now_ms(ch);

	if (ch->wake_ms && ch->wake_ms <= at)
		return;
	ch->wake_ms = at;
	io_timer_start(ch->wake, at > now ? at - now : 1, 0);
}

/* ---- taking a message ---- */

struct smpp_link *smpp_out_pick(const struct smpp_channel *ch)
{
	struct smpp_link *best = NULL;

	for (size_t i = 0; i < ch->link_count; i++) {
		struct smpp_link *l = &ch->links[i];

		if (smpp_link_has_room(l) && (!best || l->submits < best->submits))
			best = l;
	}
	return best;
}

bool smpp_out_connected(const struct smpp_channel *ch)
{
	for (size_t i = 0; i < ch->link_count; i++)
		if (smpp_link_sends(&ch->links[i]))
			return true;
	return false;
}

bool smpp_out_ready(const struct smpp_channel *ch)
{
	return !ch->pending.first && ch->waiting.count < (size_t)2 * SMPP_WAITING_MAX &&
	       !smpp_out_paused(ch) && connector_pace(ch->host) == 0 &&
	       smpp_out_outstanding(ch) < ch->allowed && smpp_out_pick(ch);
}

bool smpp_out_idle(const struct smpp_channel *ch)
{
	return !ch->pending.first && !ch->waiting.first && !ch->doomed.first;
}

/* A counter for each of many groups of numbers: one handset sees a reference again only after as
 * many long messages to its group as references there are (docs/protocols/smpp.md). */
static uint32_t hash_digits(uint32_t hash, const struct smpp_number *n)
{
	for (const char *at = n->digits; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619U;
	return (hash ^ 0xFF) * 16777619U;
}

static uint16_t next_reference(struct smpp_channel *ch, const struct smpp_outgoing *out)
{
	uint32_t hash = hash_digits(hash_digits(2166136261U, &out->source), &out->dest);

	return ch->references[(hash ^ hash >> 16) % SMPP_REFERENCES]++;
}

static int number(struct smpp_number *n, int err, int64_t ton, int64_t npi)
{
	if (err == 0 && ton >= 0)
		n->ton = (uint8_t)ton;
	if (err == 0 && npi >= 0)
		n->npi = (uint8_t)npi;
	return err;
}

/* The session's code behind our own number, where there is room for it (4.4.1: 20 characters). */
static void extend(struct smpp_number *source, struct span code)
{
	size_t len = strlen(source->digits);

	if (!code.len || len + code.len > SOURCE_ADDR_MAX ||
	    source->digits[strspn(source->digits, "0123456789")] != '\0')
		return;
	memcpy(source->digits + len, code.ptr, code.len);
	source->digits[len + code.len] = '\0';
}

int smpp_out_address(const struct smpp_channel *ch, struct span local, struct span extension,
                     struct span address, struct smpp_number *source, struct smpp_number *dest)
{
	const struct smpp_config *cfg = ch->cfg;
	enum smpp_dest_format format = (enum smpp_dest_format)cfg->dest_format;
	struct smpp_form form = {0};
	int err;

	if (ch->forms)
		form = smpp_forms_find(ch->forms, address);
	if (format == SMPP_DEST_RECEIVED)
		format = form.known ? (enum smpp_dest_format)form.format : SMPP_DEST_INTERNATIONAL;
	if (local.len == 0 && cfg->short_codes && cfg->short_codes[0])
		local = span_of(cfg->short_codes[0]);
	err = number(source, smpp_address_source(local, source), cfg->source_ton, cfg->source_npi);
	if (err)
		return err;
	extend(source, extension);
	return number(dest, smpp_address_dest(address, format, span_of(cfg->default_country), dest),
	              cfg->dest_ton < 0 && form.known ? form.ton : cfg->dest_ton,
	              cfg->dest_npi < 0 && form.known ? form.npi : cfg->dest_npi);
}

struct smpp_split_options smpp_out_split_options(const struct smpp_channel *ch,
                                                 const struct smpp_link *l)
{
	const struct smpp_config *cfg = ch->cfg;
	struct smpp_split_options options = {
		.dflt = (enum smpp_alphabet)cfg->alphabet_out,
		.latin1 = cfg->latin1,
		.how = (enum smpp_long)cfg->long_messages,
		.parts_max = (unsigned)cfg->parts_max,
	};

	/* Without optional parameters there is still the header. */
	if (!l->takes_tlvs && options.how >= SMPP_LONG_SAR)
		options.how = SMPP_LONG_UDH16;
	return options;
}

static int split(struct smpp_channel *ch, const struct smpp_link *l, struct smpp_outgoing *out)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	int err = smpp_special_read(out->msg, &out->special);

	if (err)
		return err;
	/* A class leaves no room for data_coding 3. */
	options.latin1 = options.latin1 && out->msg->service.message_class == CLASS_NONE;
	if (out->special)
		smpp_special_prepare(out->special, &options);
	if (!out->special ||
	    !smpp_special_split(out->special, out->msg, &options, &out->parts, &err))
		err = smpp_compose(ch, out->msg, &options, &out->parts, &(struct smpp_changes){0});
	out->how = options.how;
	return err;
}

static void doom(struct smpp_channel *ch, struct smpp_outgoing *out, unsigned flags,
                 const char *code, const char *reason)
{
	out->doom = (struct smpp_verdict){
		.outcome = SEND_REFUSED, .flags = flags, .code = code, .reason = reason};
	smpp_queue_add(&ch->doomed, out);
	smpp_settle(ch);
}

void smpp_out_doom(struct smpp_channel *ch)
{
	struct smpp_outgoing *out;

	while ((out = ch->doomed.first)) {
		smpp_queue_remove(&ch->doomed, out);
		smpp_outgoing_tell_rest(ch, out, &out->doom);
		smpp_outgoing_release(ch, out);
	}
}

static void begin(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	memset(out->todo, 0, sizeof(out->todo));
	out->left = out->outstanding = out->late = out->told = out->tries = 0;
	out->last_known = false;
	out->again_ms = 0;
	out->passed = 0;
	for (unsigned i = 0; i < out->parts.count; i++)
		smpp_outgoing_want(out, i);
	out->serial = ++ch->serial;
	out->expires_ms = message_expires_ms(out->msg);
	if (smpp_out_address(ch, out->msg->local, out->msg->extension, out->msg->address,
	                     &out->source, &out->dest))
		doom(ch, out, SEND_BAD_ADDRESS, "smpp.bad_address",
		     "this number cannot be reached by SMS");
	else if (out->expires_ms && out->expires_ms <= clock_wall_ms(ch->clock))
		doom(ch, out, 0, "smpp.expired", "its validity was over before it could be sent");
	else
		smpp_queue_add(&ch->pending, out);
	if (out->parts.count > 1) /* a short one uses none up */
		out->reference = next_reference(ch, out);
}

int smpp_out_send(struct smpp_channel *ch, struct message **msg)
{
	struct smpp_link *l = smpp_out_ready(ch) ? smpp_out_pick(ch) : NULL;
	struct smpp_outgoing *out;
	int err;

	if (ch->stopping || !l) {
		ch->wants_ready = true;
		smpp_out_pump(ch); /* so that a timer runs for what holds it up */
		return ch->stopping || !smpp_out_connected(ch) ? -ENOTCONN : -EAGAIN;
	}
	out = smpp_outgoing_create(ch);
	if (!out)
		return -ENOMEM;
	out->msg = *msg;
	err = split(ch, l, out);
	if (err) {
		out->msg = NULL;
		smpp_outgoing_recycle(ch, out);
		return err == -EBADMSG ? -EINVAL : err;
	}
	*msg = NULL;
	begin(ch, out);
	smpp_out_pump(ch);
	return 0;
}

/* ---- writing ---- */

static bool headed(const struct smpp_outgoing *out)
{
	return out->parts.count > 1 && out->how <= SMPP_LONG_UDH16;
}

/* The user data of a part: header, and the text packed where the operator wants it so. */
static struct span user_data(struct smpp_channel *ch, const struct smpp_outgoing *out,
                             unsigned part)
{
	struct span text = smpp_part(&out->parts, part);
	struct smpp_concat concat = {
		.width = out->how == SMPP_LONG_UDH8 ? 8 : 16,
		.ref = out->reference,
		.total = (uint8_t)out->parts.count,
		.number = (uint8_t)(part + 1),
	};
	size_t header;

	if (!headed(out) && !out->special && out->parts.alphabet != SMPP_PACKED)
		return text;
	buf_clear(&ch->user_data);
	if (out->special)
		smpp_special_put_header(out->special, headed(out) ? &concat : NULL, &ch->user_data);
	else if (headed(out))
		smpp_udh_put(&ch->user_data, &concat);
	header = ch->user_data.len;
	if (out->parts.alphabet == SMPP_PACKED)
		smpp_gsm7_pack(text, (unsigned)((7 - header * 8 % 7) % 7), &ch->user_data);
	else
		buf_add(&ch->user_data, text);
	return buf_span(&ch->user_data);
}

int smpp_out_put_part(const struct smpp_parts *parts, struct buf *out)
{
	if (parts->count > 1 || parts->estimate > 1)
		return -EMSGSIZE;
	buf_clear(out);
	if (parts->alphabet == SMPP_PACKED)
		smpp_gsm7_pack(smpp_part(parts, 0), 0, out);
	else
		buf_add(out, smpp_part(parts, 0));
	return buf_check(out);
}

static void put_sar(struct buf *b, const struct smpp_outgoing *out, unsigned part)
{
	smpp_tlv_put_uint(b, SMPP_TLV_sar_msg_ref_num, out->reference);
	smpp_tlv_put_uint(b, SMPP_TLV_sar_total_segments, out->parts.count);
	smpp_tlv_put_uint(b, SMPP_TLV_sar_segment_seqnum, part + 1);
}

/* dest_addr_subunit 1 to 4 is what 23.038 calls class 0 to 3 (5.3.2.1). */
static bool class_in_coding(const struct smpp_channel *ch, const struct smpp_link *l)
{
	return ch->cfg->message_class != SMPP_CLASS_SUBUNIT || !l->takes_tlvs;
}

static void fill_text(struct smpp_channel *ch, const struct smpp_link *l,
                      const struct smpp_outgoing *out, unsigned part, struct smpp_submit_sm *sm)
{
	struct span data = user_data(ch, out, part);
	enum message_class message_class = out->msg->service.message_class;
	bool in_coding = class_in_coding(ch, l);

	buf_clear(&ch->tlvs);
	sm->data_coding = out->parts.data_coding;
	if (out->special)
		smpp_special_fill(out->special, in_coding ? (int)message_class - CLASS_0 : -1,
		                  (enum smpp_class_style)ch->cfg->message_class, sm);
	else if (message_class != CLASS_NONE && in_coding)
		sm->data_coding =
			smpp_data_coding_of_class(out->parts.data_coding, message_class - CLASS_0,
		                                  (enum smpp_class_style)ch->cfg->message_class);
	if (message_class != CLASS_NONE && !in_coding)
		smpp_tlv_put_uint(&ch->tlvs, SMPP_TLV_dest_addr_subunit, message_class);
	if (headed(out))
		sm->esm_class |= SMPP_ESM_CLASS_UDHI;
	else if (out->parts.count > 1)
		put_sar(&ch->tlvs, out, part);
	if (out->how == SMPP_LONG_PAYLOAD && out->parts.estimate > 1)
		smpp_tlv_put(&ch->tlvs, SMPP_TLV_message_payload, data);
	else
		sm->short_message = data;
	sm->tlvs = buf_span(&ch->tlvs);
}

static void put_time(const struct smpp_channel *ch, uint64_t wall, uint64_t at, char out[17])
{
	if (ch->cfg->times == SMPP_TIMES_ABSOLUTE)
		smpp_time_absolute(at, (int)ch->cfg->utc_quarters, out);
	else
		smpp_time_relative(at - wall, out);
}

/* Until when the SMSC is to try; 0: its own time. */
static uint64_t valid_until(const struct smpp_channel *ch, uint64_t expires_ms, uint64_t wall)
{
	if (expires_ms)
		return expires_ms > wall ? expires_ms : wall + 1;
	return ch->cfg->validity_ms ? wall + (uint64_t)ch->cfg->validity_ms : 0;
}

struct span smpp_out_validity(const struct smpp_channel *ch, uint64_t expires_ms, char text[17])
{
	uint64_t wall = clock_wall_ms(ch->clock), until = valid_until(ch, expires_ms, wall);

	if (until == 0)
		return SPAN_NONE;
	put_time(ch, wall, until, text);
	return span_of(text);
}

/* Only where the SMSC is the one to hold it; else the host did. */
static void fill_schedule(const struct smpp_channel *ch, const struct smpp_outgoing *out,
                          char text[17], struct smpp_submit_sm *sm)
{
	uint64_t wall = clock_wall_ms(ch->clock);

	if (ch->cfg->schedule != SMPP_SCHEDULE_SMSC || out->msg->due_ms <= wall)
		return;
	put_time(ch, wall, out->msg->due_ms, text);
	sm->schedule_delivery_time = span_of(text);
}

/* What the message asks for itself goes before the channel's own way. */
uint8_t smpp_out_registered(const struct smpp_channel *ch, const struct message *m)
{
	uint8_t registered = (uint8_t)ch->cfg->registered_delivery;

	if (m->service.receipt == RECEIPT_UNWANTED)
		return 0;
	if (m->service.receipt == RECEIPT_WANTED && !(registered & SMPP_REGISTERED_RECEIPT))
		registered |= SMPP_REGISTERED_FINAL;
	return registered;
}

uint8_t smpp_out_priority(const struct smpp_channel *ch, const struct message *m)
{
	return (uint8_t)(m->service.priority ? m->service.priority - 1 : ch->cfg->priority);
}

/* The same as data_sm (4.7): the text is a TLV, and so is the validity, in seconds. It knows
 * neither priority nor schedule; what has a schedule stays a submit_sm. */
static void as_data_sm(struct smpp_channel *ch, const struct smpp_outgoing *out,
                       struct smpp_pdu *pdu)
{
	const struct smpp_submit_sm sm = pdu->u.submit_sm;
	uint64_t wall = clock_wall_ms(ch->clock), until = valid_until(ch, out->expires_ms, wall);

	if (sm.schedule_delivery_time.len)
		return;
	if (sm.short_message.len)
		smpp_tlv_put(&ch->tlvs, SMPP_TLV_message_payload, sm.short_message);
	if (until)
		smpp_tlv_put_uint(&ch->tlvs, SMPP_TLV_qos_time_to_live,
		                  (uint32_t)((until - wall + 999) / 1000));
	pdu->command_id = SMPP_data_sm;
	pdu->u.data_sm = (struct smpp_data_sm){
		.service_type = sm.service_type,
		.source_addr_ton = sm.source_addr_ton,
		.source_addr_npi = sm.source_addr_npi,
		.source_addr = sm.source_addr,
		.dest_addr_ton = sm.dest_addr_ton,
		.dest_addr_npi = sm.dest_addr_npi,
		.destination_addr = sm.destination_addr,
		.esm_class = sm.esm_class,
		.registered_delivery = sm.registered_delivery,
		.data_coding = sm.data_coding,
		.tlvs = buf_span(&ch->tlvs),
	};
}

static int submit(struct smpp_channel *ch, struct smpp_link *l, struct smpp_outgoing *out,
                  unsigned part)
{
	struct smpp_pdu pdu = {.command_id = SMPP_submit_sm};
	struct smpp_submit_sm *sm = &pdu.u.submit_sm;
	struct smpp_flight *f;
	char validity[17], schedule[17];
	int err;

	sm->service_type = span_of(ch->cfg->service_type);
	sm->source_addr_ton = out->source.ton;
	sm->source_addr_npi = out->source.npi;
	sm->source_addr = span_of(out->source.digits);
	sm->dest_addr_ton = out->dest.ton;
	sm->dest_addr_npi = out->dest.npi;
	sm->destination_addr = span_of(out->dest.digits);
	sm->priority_flag = smpp_out_priority(ch, out->msg);
	sm->registered_delivery = smpp_out_registered(ch, out->msg);
	sm->validity_period = smpp_out_validity(ch, out->expires_ms, validity);
	fill_schedule(ch, out, schedule, sm);
	fill_text(ch, l, out, part, sm);
	if (ch->cfg->submit == SMPP_SUBMIT_DATA && l->takes_tlvs)
		as_data_sm(ch, out, &pdu);
	err = smpp_link_request(l, &pdu, out, &f);
	if (err)
		return err;
	f->part = (uint16_t)part;
	l->submits++;
	l->octets += f->octets;
	return 0;
}

/* Why nothing may be written now; sets the timer for when it may. */
static bool held_up(struct smpp_channel *ch)
{
	uint64_t wait = connector_pace(ch->host);

	if (smpp_out_paused(ch))
		smpp_out_wake_at(ch, ch->paused_until_ms);
	else if (wait)
		smpp_out_wake_at(ch, now_ms(ch) + wait);
	return smpp_out_paused(ch) || wait || smpp_out_outstanding(ch) >= ch->allowed;
}

/* It does not fit a submit_sm: an address or a service_type of the operator's making. */
static void refuse_unencodable(struct smpp_channel *ch, struct smpp_outgoing *out)
{
	struct smpp_verdict v = {.outcome = SEND_REFUSED,
	                         .code = "smpp.not_encodable",
	                         .reason = "it cannot be written as a submit_sm"};

	smpp_queue_remove(&ch->pending, out);
	smpp_outgoing_tell_rest(ch, out, &v);
	smpp_outgoing_release(ch, out);
}

/* False: nothing more can be written over this session now. */
static bool write_part(struct smpp_channel *ch, struct smpp_link *l, struct smpp_outgoing *out)
{
	unsigned part = smpp_outgoing_lowest(out);
	int err = submit(ch, l, out, part);

	if (err == -EMSGSIZE) {
		refuse_unencodable(ch, out);
		return true;
	}
	if (err)
		return false; /* the session ends, or memory does */
	smpp_outgoing_unwant(out, part);
	out->link = l;
	out->outstanding++;
	connector_paced(ch->host);
	++*ch->metrics.submits;
	if (!out->left)
		smpp_queue_remove(&ch->pending, out);
	return true;
}

void smpp_out_pump(struct smpp_channel *ch)
{
	struct smpp_outgoing *out;

	while ((out = ch->pending.first)) {
		struct smpp_link *l = out->link ? out->link : smpp_out_pick(ch);

		if (held_up(ch) || !l || !smpp_link_has_room(l))
			return;
		if (!write_part(ch, l, out))
			return;
	}
	if (ch->wants_ready && smpp_out_connected(ch)) {
		if (smpp_out_ready(ch))
			smpp_settle(ch);
		else
			held_up(ch);
	}
}

void smpp_out_on_wake(void *channel)
{
	struct smpp_channel *ch = channel;
	struct smpp_outgoing *out = ch->waiting.first, *next;
	uint64_t now = now_ms(ch);

	ch->wake_ms = 0;
	if (ch->misaddressed)
		smpp_tell_state(ch); /* its pause may be over: one is tried */
	for (; out; out = next) {
		next = out->next;
		if (out->again_ms > now) {
			smpp_out_wake_at(ch, out->again_ms);
			continue;
		}
		smpp_queue_remove(&ch->waiting, out);
		smpp_queue_add(&ch->pending, out);
	}
	smpp_out_pump(ch);
}
