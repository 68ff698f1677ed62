/*
 * Receipts on their way in: which deliver_sm and data_sm are one, whose they are, and what is told
 * of them. What their text and TLVs say is smpp_receipt.c's. Sources: SMPP 3.4, 5.2.12 and appendix
 * B; docs/protocols/smpp.md.
 */
#include <stdio.h>

#include "smpp_inbound.h"
#include "smpp_receipt.h"
#include "smpp_text.h"
#include "smpp_tlv.h"

enum { LOG_EVERY_MS = 60000 };

static enum message_status status_of(const struct smpp_receipt *r)
{
	if (!r->final)
		return STATUS_SENT;
	return r->state == SMPP_STATE_DELIVERED ? STATUS_DELIVERED : STATUS_UNDELIVERED;
}

static void receipt_code(const struct smpp_receipt *r, char out[SMPP_RECEIPT_CODE_SIZE])
{
	char network[12] = "";

	if (r->network_error >= 0)
		snprintf(network, sizeof(network), "%03d", r->network_error);
	smpp_receipt_code(r->state, r->error.len ? r->error : span_of(network), out);
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

static bool is_ours(const struct smpp_channel *ch, struct span number)
{
	for (char **code = ch->cfg->short_codes; code && *code; code++)
		if (span_is(number, *code))
			return true;
	return false;
}

/* From the handset to us: its source is whom our message was for. Some SMSCs leave both ends as
 * they stood in the submit. */
static struct span whose(const struct smpp_channel *ch, const struct smpp_delivery *d, char *out,
                         size_t size)
{
	bool turned = is_ours(ch, d->source) && !is_ours(ch, d->dest);
	struct span number = turned ? d->dest : d->source;

	if (number.len == 0)
		return SPAN_NONE;
	return smpp_in_address(ch, number, turned ? SMPP_TON_UNKNOWN : d->source_ton, out, size);
}

static void tell(struct smpp_inbound *in, const struct smpp_delivery *d,
                 const struct smpp_receipt *r)
{
	struct smpp_channel *ch = in->channel;
	char code[SMPP_RECEIPT_CODE_SIZE], address[SMPP_ADDRESS_SIZE], likely[SMPP_ID_SIZE];
	struct receipt receipt = {
		.id = smpp_ids_likely(ch->ids, r->id, likely),
		.address = whose(ch, d, address, sizeof(address)),
		.status = status_of(r),
		.code = code,
		.ts_ms = d->arrived_ms,
	};

	receipt_code(r, code);
	++*ch->metrics.receipts;
	++*ch->metrics.ids[smpp_ids_seen(ch->ids, r->id)];
	if (r->disagree)
		disagreeing(ch, r);
	connector_receipt(ch->host, &receipt, smpp_in_answer, in);
}

/* A receipt that names no message is of no use to anybody, now or later: it is taken and told. */
static void unread(struct smpp_inbound *in)
{
	struct smpp_channel *ch = in->channel;
	uint64_t held;

	++*ch->metrics.receipts_unread;
	if (log_throttle_pass(&ch->unread, clock_mono_ms(ch->clock), LOG_EVERY_MS, &held))
		log_warn(ch->log, EVENT("smpp.receipt_unreadable"), NUM("suppressed", held));
	smpp_in_answer(in, 0);
}

/* Receipts come in the alphabet of text, now and then in UCS-2. */
static struct span in_letters(struct smpp_channel *ch, const struct smpp_delivery *d,
                              struct span octets)
{
	if (d->alphabet != SMPP_UCS2)
		return octets;
	buf_clear(&ch->text);
	smpp_text_decode(SMPP_UCS2, octets, 0, 0, &ch->text);
	return buf_span(&ch->text);
}

/* A header may be flagged and not be there: then the text itself was taken for one. And where texts
 * are packed receipts may not be. */
static int parse(struct smpp_channel *ch, const struct smpp_delivery *d, bool intermediate,
                 struct smpp_receipt *out)
{
	int err = smpp_receipt_parse(in_letters(ch, d, d->udh.text), d->tlvs, intermediate, out);

	if (err && d->udh.text.ptr != d->octets.ptr)
		err = smpp_receipt_parse(in_letters(ch, d, d->octets), d->tlvs, intermediate, out);
	return err;
}

/* A person sends no TLVs, but can write any text: that one must be asked for. */
static bool is_unflagged(struct smpp_channel *ch, const struct smpp_delivery *d)
{
	struct span id;
	uint32_t state;

	if (smpp_tlv_cstr(d->tlvs, SMPP_TLV_receipted_message_id, &id) == 0 &&
	    smpp_tlv_uint(d->tlvs, SMPP_TLV_message_state, &state) == 0)
		return true;
	return ch->cfg->receipts_unflagged &&
	       smpp_receipt_looks_like(in_letters(ch, d, d->udh.text));
}

bool smpp_in_receipt(struct smpp_inbound *in, const struct smpp_delivery *d)
{
	unsigned type = d->esm_class & SMPP_ESM_CLASS_TYPE;
	bool intermediate = type == SMPP_ESM_CLASS_INTERMEDIATE;
	struct smpp_channel *ch = in->channel;
	struct smpp_receipt r;
	int err;

	if (type == 0 && !is_unflagged(ch, d))
		return false;
	err = parse(ch, d, intermediate, &r);
	/* What a handset acknowledges by itself may be a receipt, or its owner's words (5.2.12). */
	if (err && type != SMPP_ESM_CLASS_RECEIPT && !intermediate)
		return false;
	if (err)
		unread(in);
	else
		tell(in, d, &r);
	return true;
}
