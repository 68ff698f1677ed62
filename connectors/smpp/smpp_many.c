/*
 * One text for many numbers by submit_multi (SMPP 3.4, 4.5): each of them has a result of its own.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "smpp_ops.h"

static int put_dests(const struct smpp_channel *ch, const struct connector_many *many,
                     struct smpp_operation *op, struct smpp_number *source, struct buf *out)
{
	enum { DEST_ADDRESS = 1 };

	op->digits = calloc(many->count, sizeof(*op->digits));
	if (!op->digits)
		return -ENOMEM;
	op->count = many->count;
	for (size_t i = 0; i < many->count; i++) {
		struct smpp_number dest;
		int err = smpp_out_address(ch, many->local, SPAN_NONE, many->addresses[i], source,
		                           &dest);

		if (err || strlen(dest.digits) >= sizeof(*op->digits))
			return -EINVAL;
		memcpy(op->digits[i], dest.digits, strlen(dest.digits) + 1);
		smpp_dest_put(out, &(struct smpp_dest){.flag = DEST_ADDRESS,
		                                       .ton = dest.ton,
		                                       .npi = dest.npi,
		                                       .address = span_of(dest.digits)});
	}
	return buf_check(out);
}

static int put_text(struct smpp_channel *ch, const struct smpp_link *l, struct span text,
                    struct smpp_submit_multi *sm)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	/* One text for many is a campaign's, and bears what those bear. */
	const struct message m = {.text = text, .lane = LANE_CAMPAIGN};
	struct smpp_parts parts = {0};
	int err;

	options.parts_max = 1;
	err = smpp_compose(ch, &m, &options, &parts, &(struct smpp_changes){0});
	if (!err)
		err = smpp_out_put_part(&parts, &ch->user_data);
	sm->data_coding = parts.data_coding;
	sm->short_message = buf_span(&ch->user_data);
	smpp_parts_fini(&parts);
	return err == -EBADMSG ? -EINVAL : err;
}

static int submit_multi(struct smpp_link *l, const struct connector_many *many,
                        struct smpp_operation *op)
{
	struct smpp_channel *ch = l->channel;
	struct smpp_pdu pdu = {.command_id = SMPP_submit_multi};
	struct smpp_submit_multi *sm = &pdu.u.submit_multi;
	struct smpp_number source = {0};
	struct buf dests;
	int err = op ? put_text(ch, l, many->text, sm) : -ENOMEM;

	buf_init(&dests, 16384);
	if (!err)
		err = put_dests(ch, many, op, &source, &dests);
	if (!err) {
		sm->service_type = span_of(ch->cfg->service_type);
		sm->source_addr_ton = source.ton;
		sm->source_addr_npi = source.npi;
		sm->source_addr = span_of(source.digits);
		sm->dest_address = (struct smpp_list){(uint8_t)many->count, buf_span(&dests)};
		sm->priority_flag = (uint8_t)ch->cfg->priority;
		sm->registered_delivery = (uint8_t)ch->cfg->registered_delivery;
		err = smpp_ops_request(l, &pdu, op);
		for (size_t i = 0; !err && i < many->count; i++)
			connector_paced(ch->host); /* the contract counts messages, not requests */
	} else if (op) {
		smpp_ops_free(ch, op);
	}
	buf_fini(&dests);
	return err;
}

int smpp_many(void *self, const struct connector_many *many, many_fn *fn, void *arg)
{
	struct smpp_channel *ch = self;
	struct smpp_operation *op;
	struct smpp_link *l;
	int err = smpp_ops_admit(ch, OPERATION_MANY, &l);

	if (err)
		return err;
	if (many->count == 0 || many->count > CONNECTOR_MANY_MAX)
		return -EINVAL;
	/* It is messages, so it waits like them: for the window, the rate and a pause. */
	l = smpp_out_ready(ch) ? smpp_out_pick(ch) : NULL;
	if (!l)
		return -EAGAIN;
	op = smpp_ops_create(ch, OPERATION_MANY, arg);
	if (op)
		op->many = fn;
	return submit_multi(l, many, op);
}

/* ---- what the SMSC says ---- */

/* The status of one destination: that of the list, where it stands there. */
static uint32_t status_at(const struct smpp_submit_multi_resp *resp, const char *digits)
{
	struct cursor c = cur_span(resp->unsuccess_sme.octets);
	struct smpp_unsuccess entry;

	while (cur_left(&c) && smpp_unsuccess_next(&c, &entry)) {
		struct span address = entry.address;

		if (address.len && *address.ptr == '+' && *digits != '+')
			address = (struct span){address.ptr + 1, address.len - 1};
		if (span_is(address, digits))
			return entry.status ? entry.status : SMPP_RSUBMITFAIL;
	}
	return SMPP_ROK;
}

static void verdict(const struct smpp_channel *ch, uint32_t status, char code[16],
                    struct send_result *out)
{
	struct smpp_policy p = smpp_status_policy(status, ch->policies, ch->policy_count);

	if (p.action == SMPP_ACTION_OK)
		return;
	out->outcome = p.action <= SMPP_ACTION_FAIL_OVER ? SEND_REFUSED : SEND_RETRY;
	out->flags = p.action == SMPP_ACTION_BAD_ADDRESS ? SEND_BAD_ADDRESS : 0;
	out->id = SPAN_NONE;
	snprintf(code, 16, "smpp.0x%08x", status);
	out->code = code;
	out->reason = smpp_status_text(status);
	out->retry_ms = p.delay_ms;
}

static void tell_many(const struct smpp_channel *ch, struct smpp_operation *op,
                      const struct smpp_pdu *pdu)
{
	struct send_result results[CONNECTOR_MANY_MAX];
	char codes[CONNECTOR_MANY_MAX][16];

	assert(op->digits); /* or there was no request */
	for (size_t i = 0; i < op->count; i++) {
		struct send_result *r = &results[i];

		*r = (struct send_result){.outcome = SEND_UNCERTAIN,
		                          .parts = 1,
		                          .code = "smpp.no_response",
		                          .reason = "the SMSC did not answer the submit"};
		if (!pdu)
			continue;
		*r = (struct send_result){
			.outcome = SEND_OK, .parts = 1, .id = pdu->u.submit_multi_resp.message_id};
		verdict(ch,
		        pdu->command_status ? pdu->command_status
		                            : status_at(&pdu->u.submit_multi_resp, op->digits[i]),
		        codes[i], r);
	}
	op->many(op->arg, results, op->count);
}

void smpp_many_response(struct smpp_channel *ch, struct smpp_operation *op,
                        const struct smpp_pdu *pdu)
{
	if (pdu && pdu->command_status == SMPP_RTHROTTLED)
		smpp_pace_throttle(
			ch, smpp_status_policy(SMPP_RTHROTTLED, ch->policies, ch->policy_count)
				    .delay_ms);
	tell_many(ch, op, pdu);
}
