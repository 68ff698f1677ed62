/*
 * What is asked of messages that were sent: query_sm, cancel_sm, replace_sm (SMPP 3.4, 4.8 to
 * 4.10), and one text for many by submit_multi (4.5). All are optional at operators, so nothing
 * rests on them. A request that gets no response is told as that: whether it was done nobody knows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "smpp_gsm7.h"
#include "smpp_outgoing.h"
#include "smpp_receipt.h"
#include "utf8.h"

enum { OPERATIONS_MAX = 64 /* of a channel at once: beside the window, so few */ };

struct smpp_operation {
	struct smpp_operation *next;
	enum connector_operation what;
	answer_fn *fn;
	many_fn *many;
	void *arg;
	size_t count; /* of many: addresses, as digits */
	char (*digits)[24];
};

static bool can(const void *self, enum connector_operation what)
{
	const struct smpp_channel *ch = self;

	switch (what) {
	case OPERATION_QUERY:
		return ch->cfg->query;
	case OPERATION_CANCEL:
		return ch->cfg->cancel;
	case OPERATION_REPLACE:
		return ch->cfg->replace;
	case OPERATION_MANY:
		return ch->cfg->submit_multi;
	}
	return false;
}

/* ---- their life ---- */

static void operation_free(struct smpp_channel *ch, struct smpp_operation *op)
{
	struct smpp_operation **at = &ch->operations;

	while (*at != op)
		at = &(*at)->next;
	*at = op->next;
	ch->operation_count--;
	free(op->digits);
	free(op);
}

static struct smpp_operation *operation_create(struct smpp_channel *ch,
                                               enum connector_operation what, void *arg)
{
	struct smpp_operation *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct smpp_operation){.next = ch->operations, .what = what, .arg = arg};
	ch->operations = op;
	ch->operation_count++;
	return op;
}

/* Whether one may begin, and over which session. */
static int admit(struct smpp_channel *ch, enum connector_operation what, struct smpp_link **out)
{
	if (!can(ch, what))
		return -ENOTSUP;
	if (ch->operation_count >= OPERATIONS_MAX)
		return -EAGAIN;
	for (size_t i = 0; i < ch->link_count; i++)
		if (ch->links[i].state == LINK_BOUND && smpp_link_sends(&ch->links[i])) {
			*out = &ch->links[i];
			return 0;
		}
	return -ENOTCONN;
}

static int request(struct smpp_link *l, struct smpp_pdu *pdu, struct smpp_operation *op)
{
	struct smpp_flight *f;
	int err = op ? smpp_link_request(l, pdu, op, &f) : -ENOMEM;

	if (err && op)
		operation_free(l->channel, op);
	if (!err)
		smpp_session_rearm(l);
	return err == -EMSGSIZE ? -EINVAL : err;
}

static int begin(struct smpp_link *l, struct smpp_pdu *pdu, enum connector_operation what,
                 answer_fn *fn, void *arg)
{
	struct smpp_operation *op = operation_create(l->channel, what, arg);

	if (op)
		op->fn = fn;
	return request(l, pdu, op);
}

/* ---- of one message ---- */

static int ends(const struct smpp_channel *ch, const struct connector_target *t,
                struct smpp_number *source, struct smpp_number *dest)
{
	return t->id.len ? smpp_out_address(ch, t->local, t->address, source, dest) : -EINVAL;
}

static int query(void *self, const struct connector_target *target, answer_fn *fn, void *arg)
{
	struct smpp_pdu pdu = {.command_id = SMPP_query_sm};
	struct smpp_query_sm *sm = &pdu.u.query_sm;
	struct smpp_number source, dest;
	struct smpp_link *l;
	int err = admit(self, OPERATION_QUERY, &l);

	if (!err)
		err = ends(self, target, &source, &dest);
	if (err)
		return err;
	sm->message_id = target->id;
	sm->source_addr_ton = source.ton;
	sm->source_addr_npi = source.npi;
	sm->source_addr = span_of(source.digits);
	return begin(l, &pdu, OPERATION_QUERY, fn, arg);
}

static int cancel(void *self, const struct connector_target *target, answer_fn *fn, void *arg)
{
	struct smpp_channel *ch = self;
	struct smpp_pdu pdu = {.command_id = SMPP_cancel_sm};
	struct smpp_cancel_sm *sm = &pdu.u.cancel_sm;
	struct smpp_number source, dest;
	struct smpp_link *l;
	int err = admit(self, OPERATION_CANCEL, &l);

	if (!err)
		err = ends(self, target, &source, &dest);
	if (err)
		return err;
	sm->service_type = span_of(ch->cfg->service_type);
	sm->message_id = target->id;
	sm->source_addr_ton = source.ton;
	sm->source_addr_npi = source.npi;
	sm->source_addr = span_of(source.digits);
	sm->dest_addr_ton = dest.ton;
	sm->dest_addr_npi = dest.npi;
	sm->destination_addr = span_of(dest.digits);
	return begin(l, &pdu, OPERATION_CANCEL, fn, arg);
}

/* replace_sm names no data_coding: the new text is read in the alphabet of the old one. */
static int put_in_alphabet(enum smpp_alphabet alphabet, struct span text, struct buf *out)
{
	struct buf units;
	uint32_t code;
	int err = 0;

	buf_init(&units, 32768);
	while (text.len && !err) {
		if (utf8_next(&text, &code) || smpp_text_width(alphabet, code) == 0)
			err = -EINVAL;
		else
			smpp_text_put(alphabet, code, &units);
	}
	if (!err && units.len > smpp_part_capacity(alphabet, 0))
		err = -EMSGSIZE;
	buf_clear(out);
	if (alphabet == SMPP_PACKED)
		smpp_gsm7_pack(buf_span(&units), 0, out);
	else
		buf_add(out, buf_span(&units));
	buf_fini(&units);
	return err ? err : buf_check(out);
}

static int alphabet_of(struct smpp_channel *ch, const struct smpp_link *l, struct span text,
                       enum smpp_alphabet *out)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	struct smpp_parts parts = {0};
	int err = smpp_split(text, &options, &parts);

	*out = parts.alphabet;
	smpp_parts_fini(&parts);
	return err == -EBADMSG ? -EINVAL : err;
}

static int replace(void *self, const struct connector_target *target, struct span text,
                   answer_fn *fn, void *arg)
{
	struct smpp_channel *ch = self;
	struct smpp_pdu pdu = {.command_id = SMPP_replace_sm};
	struct smpp_replace_sm *sm = &pdu.u.replace_sm;
	struct smpp_number source, dest;
	enum smpp_alphabet alphabet;
	struct smpp_link *l;
	int err = admit(self, OPERATION_REPLACE, &l);

	if (!err)
		err = ends(self, target, &source, &dest);
	if (!err)
		err = alphabet_of(ch, l, target->text, &alphabet);
	if (!err)
		err = put_in_alphabet(alphabet, text, &ch->user_data);
	if (err)
		return err;
	sm->message_id = target->id;
	sm->source_addr_ton = source.ton;
	sm->source_addr_npi = source.npi;
	sm->source_addr = span_of(source.digits);
	sm->registered_delivery = (uint8_t)ch->cfg->registered_delivery;
	sm->short_message = buf_span(&ch->user_data);
	return begin(l, &pdu, OPERATION_REPLACE, fn, arg);
}

/* ---- one text for many ---- */

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
		int err = smpp_out_address(ch, many->local, many->addresses[i], source, &dest);

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
	struct smpp_changes changes = {0};
	struct smpp_parts parts = {0};
	int err;

	options.parts_max = 1;
	err = smpp_compose(ch, &m, &options, &parts, &changes);
	if (!err) {
		buf_clear(&ch->user_data);
		if (parts.alphabet == SMPP_PACKED)
			smpp_gsm7_pack(smpp_part(&parts, 0), 0, &ch->user_data);
		else
			buf_add(&ch->user_data, smpp_part(&parts, 0));
		sm->data_coding = parts.data_coding;
		sm->short_message = buf_span(&ch->user_data);
		err = sm->short_message.len > SMPP_SM_MAX ? -EMSGSIZE : buf_check(&ch->user_data);
	}
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
		err = request(l, &pdu, op);
		for (size_t i = 0; !err && i < many->count; i++)
			connector_paced(ch->host); /* the contract counts messages, not requests */
	} else if (op) {
		operation_free(ch, op);
	}
	buf_fini(&dests);
	return err;
}

static int many(void *self, const struct connector_many *many, many_fn *fn, void *arg)
{
	struct smpp_channel *ch = self;
	struct smpp_operation *op;
	struct smpp_link *l;
	int err = admit(ch, OPERATION_MANY, &l);

	if (err)
		return err;
	if (many->count == 0 || many->count > CONNECTOR_MANY_MAX)
		return -EINVAL;
	/* It is messages, so it waits like them: for the window, the rate and a pause. */
	l = smpp_out_ready(ch) ? smpp_out_pick(ch) : NULL;
	if (!l)
		return -EAGAIN;
	op = operation_create(ch, OPERATION_MANY, arg);
	if (op)
		op->many = fn;
	return submit_multi(l, many, op);
}

/* ---- what the SMSC says ---- */

/* By connector.h; what 3.4 calls final is told as that. */
static enum message_status status_of(const struct smpp_query_sm_resp *resp)
{
	switch (resp->message_state) {
	case SMPP_STATE_DELIVERED:
		return STATUS_DELIVERED;
	case SMPP_STATE_DELETED:
		return STATUS_CANCELED;
	case SMPP_STATE_EXPIRED:
	case SMPP_STATE_UNDELIVERABLE:
	case SMPP_STATE_REJECTED:
	case SMPP_STATE_SKIPPED:
		return STATUS_UNDELIVERED;
	default:
		return STATUS_SENT;
	}
}

static void tell_answer(struct smpp_operation *op, const struct smpp_pdu *pdu, int err)
{
	struct connector_answer answer = {.err = err, .status = STATUS_SENT};
	char code[40];

	if (pdu && pdu->command_status) {
		snprintf(code, sizeof(code), "smpp.0x%08x", pdu->command_status);
		answer = (struct connector_answer){.err = -EPERM,
		                                   .code = code,
		                                   .reason = smpp_status_text(pdu->command_status),
		                                   .status = STATUS_SENT};
	} else if (pdu && pdu->command_id == SMPP_RESP(SMPP_query_sm)) {
		answer.status = status_of(&pdu->u.query_sm_resp);
		if (pdu->u.query_sm_resp.error_code) {
			snprintf(code, sizeof(code), "smpp.dlr.%03u",
			         pdu->u.query_sm_resp.error_code);
			answer.code = code;
		}
	}
	op->fn(op->arg, &answer);
}

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
	out->outcome = p.action == SMPP_ACTION_FAIL || p.action == SMPP_ACTION_BAD_ADDRESS
	                       ? SEND_REFUSED
	                       : SEND_RETRY;
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

void smpp_ops_response(struct smpp_channel *ch, struct smpp_operation *op,
                       const struct smpp_pdu *pdu, int err)
{
	if (op->what != OPERATION_MANY) {
		tell_answer(op, pdu, err);
	} else {
		if (pdu && pdu->command_status == SMPP_RTHROTTLED)
			smpp_pace_throttle(ch, smpp_status_policy(SMPP_RTHROTTLED, ch->policies,
			                                          ch->policy_count)
			                               .delay_ms);
		tell_many(ch, op, pdu);
	}
	operation_free(ch, op);
}

void smpp_ops_fini(struct smpp_channel *ch)
{
	while (ch->operations)
		smpp_ops_response(ch, ch->operations, NULL, -ECANCELED);
}

const struct connector_operations smpp_operations = {
	.can = can,
	.query = query,
	.cancel = cancel,
	.replace = replace,
	.many = many,
};
