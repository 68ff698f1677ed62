/*
 * One text for many numbers by submit_multi (SMPP 3.4, 4.5): each of them has a result of its own.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "smpp_ops.h"

/* The SMSC would have to hold it by itself, or has the number in the request already: one id and
 * one number would stand for two messages then. */
static bool goes_alone(const struct smpp_channel *ch, const struct message *m,
                       const struct smpp_operation *op, const char *digits)
{
	if (ch->cfg->schedule == SMPP_SCHEDULE_SMSC && m->due_ms)
		return true;
	for (size_t i = 0; i < op->count; i++)
		if (strcmp(op->digits[i], digits) == 0)
			return true;
	return false;
}

/* How many of the messages the request is for: no more than the contract allows now. */
static size_t put_dests(struct smpp_channel *ch, const struct message *const *messages,
                        size_t count, struct smpp_operation *op, struct smpp_number *source,
                        struct buf *out)
{
	enum { DEST_ADDRESS = 1 };

	for (; op->count < count && connector_pace(ch->host) == 0; op->count++) {
		const struct message *m = messages[op->count];
		struct smpp_number dest = {0};

		if (smpp_out_address(ch, m->local, m->extension, m->address, source, &dest) ||
		    strlen(dest.digits) >= sizeof(*op->digits) ||
		    goes_alone(ch, m, op, dest.digits))
			break;
		memcpy(op->digits[op->count], dest.digits, strlen(dest.digits) + 1);
		smpp_dest_put(out, &(struct smpp_dest){.flag = DEST_ADDRESS,
		                                       .ton = dest.ton,
		                                       .npi = dest.npi,
		                                       .address = span_of(dest.digits)});
		connector_paced(ch->host); /* it counts messages, not requests */
	}
	return buf_check(out) ? 0 : op->count;
}

/* A text for people in one part, and nothing that submit_sm says of a message besides. */
static int put_text(struct smpp_channel *ch, const struct smpp_link *l, const struct message *m,
                    struct smpp_submit_multi *sm)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	struct smpp_special *special = NULL;
	struct smpp_parts parts = {0};
	int err = smpp_special_read(m, &special);

	if (special || m->service.message_class != CLASS_NONE)
		err = -EINVAL;
	smpp_special_free(&special);
	options.parts_max = 1;
	if (!err)
		err = smpp_compose(ch, m, &options, &parts, &(struct smpp_changes){0});
	if (!err)
		err = smpp_out_put_part(&parts, &ch->user_data);
	sm->data_coding = parts.data_coding;
	sm->short_message = buf_span(&ch->user_data);
	smpp_parts_fini(&parts);
	return err;
}

/* By when the first of them expires; 0: none does. */
static uint64_t earliest_expiry(const struct message *const *messages, size_t count)
{
	uint64_t earliest = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t expires = message_expires_ms(messages[i]);

		if (expires && (!earliest || expires < earliest))
			earliest = expires;
	}
	return earliest;
}

static int write_request(struct smpp_link *l, struct smpp_pdu *pdu, struct smpp_operation *op)
{
	struct smpp_flight *f;
	int err = smpp_link_request(l, pdu, op, &f);

	if (err)
		return err;
	l->submits++;
	l->octets += f->octets;
	*l->channel->metrics.submits += op->count;
	smpp_session_rearm(l);
	return 0;
}

static size_t submit_multi(struct smpp_link *l, const struct message *const *messages, size_t count,
                           struct smpp_operation *op)
{
	struct smpp_channel *ch = l->channel;
	struct smpp_pdu pdu = {.command_id = SMPP_submit_multi};
	struct smpp_submit_multi *sm = &pdu.u.submit_multi;
	struct smpp_number source = {0};
	struct buf dests;
	char validity[17];
	int err = put_text(ch, l, messages[0], sm);

	buf_init(&dests, 16384);
	if (!err && put_dests(ch, messages, count, op, &source, &dests) == 0)
		err = -EINVAL;
	if (!err) {
		sm->service_type = span_of(ch->cfg->service_type);
		sm->source_addr_ton = source.ton;
		sm->source_addr_npi = source.npi;
		sm->source_addr = span_of(source.digits);
		sm->dest_address = (struct smpp_list){(uint8_t)op->count, buf_span(&dests)};
		sm->priority_flag = smpp_out_priority(ch, messages[0]);
		sm->validity_period =
			smpp_out_validity(ch, earliest_expiry(messages, op->count), validity);
		sm->registered_delivery = smpp_out_registered(ch, messages[0]);
		err = write_request(l, &pdu, op);
	}
	buf_fini(&dests);
	return err ? 0 : op->count;
}

size_t smpp_many(void *self, const struct message *const *messages, size_t count, many_fn *fn,
                 void *arg)
{
	struct smpp_channel *ch = self;
	struct smpp_operation *op;
	struct smpp_link *l;
	size_t taken;

	if (count > CONNECTOR_MANY_MAX)
		count = CONNECTOR_MANY_MAX;
	if (count == 0 || ch->stopping || smpp_ops_admit(ch, OPERATION_MANY, &l))
		return 0;
	/* It is messages, so it waits like them: for the window, the rate and a pause. */
	l = smpp_out_ready(ch) ? smpp_out_pick(ch) : NULL;
	op = l ? smpp_ops_create(ch, OPERATION_MANY, arg) : NULL;
	if (!op)
		return 0;
	op->many = fn;
	op->digits = calloc(count, sizeof(*op->digits));
	taken = op->digits ? submit_multi(l, messages, count, op) : 0;
	if (!taken)
		smpp_ops_free(ch, op);
	return taken;
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

static uint32_t status_of(const struct smpp_pdu *pdu, const char *digits)
{
	return pdu->command_status ? pdu->command_status
	                           : status_at(&pdu->u.submit_multi_resp, digits);
}

static void verdict(const struct smpp_channel *ch, uint32_t status, char code[16],
                    struct send_result *out)
{
	struct smpp_policy p = smpp_status_policy(status, ch->policies, ch->policy_count);

	if (p.action == SMPP_ACTION_OK)
		return;
	out->outcome = p.action <= SMPP_ACTION_FAIL_OVER ? SEND_REFUSED : SEND_RETRY;
	out->flags = 0;
	if (p.action == SMPP_ACTION_BAD_ADDRESS)
		out->flags = SEND_BAD_ADDRESS;
	else if (p.action == SMPP_ACTION_FAIL_OVER)
		out->flags = SEND_NOT_HERE;
	else if (p.action >= SMPP_ACTION_THROTTLE)
		out->flags = SEND_NOT_COUNTED;
	out->id = SPAN_NONE;
	snprintf(code, 16, "smpp.0x%08x", status);
	out->code = code;
	out->reason = smpp_status_text(status);
	out->retry_ms = p.delay_ms;
}

static void note(struct smpp_channel *ch, uint32_t status, const char *digits,
                 const struct send_result *r)
{
	if (r->outcome == SEND_OK)
		return;
	if (r->outcome == SEND_REFUSED)
		++*ch->metrics.submit_errors;
	smpp_pace_refused(ch, status, digits);
}

static void tell_many(struct smpp_channel *ch, struct smpp_operation *op,
                      const struct smpp_pdu *pdu)
{
	struct send_result results[CONNECTOR_MANY_MAX];
	char codes[CONNECTOR_MANY_MAX][16];
	struct span id = pdu && !pdu->command_status ? pdu->u.submit_multi_resp.message_id
	                                             : SPAN_NONE; /* a generic_nack has none */

	for (size_t i = 0; i < op->count; i++) {
		struct send_result *r = &results[i];
		uint32_t status;

		*r = (struct send_result){.outcome = SEND_UNCERTAIN,
		                          .flags = i ? SEND_SAME_CAUSE : 0,
		                          .parts = 1,
		                          .code = "smpp.no_response",
		                          .reason = "the SMSC did not answer the submit"};
		if (!pdu)
			continue;
		*r = (struct send_result){.outcome = SEND_OK,
		                          .flags = op->count > 1 ? SEND_SHARED_ID : 0,
		                          .parts = 1,
		                          .id = id};
		status = status_of(pdu, op->digits[i]);
		verdict(ch, status, codes[i], r);
		note(ch, status, op->digits[i], r);
	}
	op->many(op->arg, results, op->count);
}

/* An SMSC without submit_multi, or one that takes fewer at once: nothing is wrong with the
 * messages, which go one by one from now on. */
static bool is_about_many(uint32_t status)
{
	return status == SMPP_RINVCMDID || status == SMPP_RINVNUMDESTS ||
	       status == SMPP_RINVDESTFLAG;
}

static void give_all_back(struct smpp_channel *ch, struct smpp_operation *op, uint32_t status)
{
	struct send_result results[CONNECTOR_MANY_MAX];

	ch->no_multi = true;
	log_warn(ch->log, EVENT("smpp.no_submit_multi"), STR("status", smpp_status_name(status)));
	for (size_t i = 0; i < op->count; i++)
		results[i] = (struct send_result){.outcome = SEND_RETRY,
		                                  .flags = SEND_NOT_COUNTED,
		                                  .parts = 1,
		                                  .code = "smpp.no_submit_multi",
		                                  .reason = smpp_status_text(status),
		                                  .retry_ms = 1};
	op->many(op->arg, results, op->count);
}

static void taken(struct smpp_channel *ch, struct span id)
{
	smpp_pace_taken(ch);
	if (id.len)
		smpp_ids_sent(ch->ids, id);
}

/* Once, however many of them it is said of. */
static void heed_throttling(struct smpp_channel *ch, const struct smpp_operation *op,
                            const struct smpp_pdu *pdu)
{
	for (size_t i = 0; i < op->count; i++) {
		struct smpp_policy p = smpp_status_policy(status_of(pdu, op->digits[i]),
		                                          ch->policies, ch->policy_count);

		if (p.action == SMPP_ACTION_THROTTLE) {
			smpp_pace_throttle(ch, p.delay_ms);
			return;
		}
	}
}

void smpp_many_response(struct smpp_channel *ch, struct smpp_operation *op,
                        const struct smpp_pdu *pdu)
{
	uint32_t status = pdu ? pdu->command_status : 0;

	assert(op->digits); /* or there was no request */
	if (is_about_many(status)) {
		give_all_back(ch, op, status);
		return;
	}
	if (pdu)
		heed_throttling(ch, op, pdu);
	if (pdu && !status)
		taken(ch, pdu->u.submit_multi_resp.message_id);
	tell_many(ch, op, pdu);
}
