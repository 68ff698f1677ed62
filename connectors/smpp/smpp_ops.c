/*
 * What is asked of messages that were sent: query_sm, cancel_sm, replace_sm (SMPP 3.4, 4.8 to
 * 4.10), and the life of every operation; one text for many is smpp_many.c's. All are optional at
 * operators, so nothing rests on them. A request that gets no response is told as that: whether it
 * was done nobody knows.
 */
#include "smpp_ops.h"

#include <stdio.h>
#include <stdlib.h>

#include "smpp_receipt.h"

enum { OPERATIONS_MAX = 64 /* of a channel at once: beside the window, so few */ };

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
		return ch->cfg->submit_multi && !ch->no_multi;
	}
	return false;
}

/* ---- their life ---- */

void smpp_ops_free(struct smpp_channel *ch, struct smpp_operation *op)
{
	struct smpp_operation **at = &ch->operations;

	while (*at != op)
		at = &(*at)->next;
	*at = op->next;
	ch->operation_count--;
	free(op->digits);
	free(op);
}

struct smpp_operation *smpp_ops_create(struct smpp_channel *ch, enum connector_operation what,
                                       void *arg)
{
	struct smpp_operation *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct smpp_operation){.next = ch->operations, .what = what, .arg = arg};
	ch->operations = op;
	ch->operation_count++;
	return op;
}

int smpp_ops_admit(struct smpp_channel *ch, enum connector_operation what, struct smpp_link **out)
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

int smpp_ops_request(struct smpp_link *l, struct smpp_pdu *pdu, struct smpp_operation *op)
{
	struct smpp_flight *f;
	int err = op ? smpp_link_request(l, pdu, op, &f) : -ENOMEM;

	if (err && op)
		smpp_ops_free(l->channel, op);
	if (!err)
		smpp_session_rearm(l);
	return err == -EMSGSIZE ? -EINVAL : err;
}

/* ---- of one message ---- */

/* A request about a message, and what it is to say. */
struct question {
	struct smpp_channel *channel;
	struct smpp_link *link;
	enum connector_operation what;
	struct smpp_pdu pdu;
	struct smpp_number source, dest;
};

/* What every one of them says: the id, and our end as it was in the submit. */
#define ABOUT(target, q)                                                \
	.message_id = (target)->id, .source_addr_ton = (q)->source.ton, \
	.source_addr_npi = (q)->source.npi, .source_addr = span_of((q)->source.digits)

static int prepare(struct smpp_channel *ch, enum connector_operation what, uint32_t command_id,
                   const struct connector_target *target, struct question *q)
{
	int err = smpp_ops_admit(ch, what, &q->link);

	if (err)
		return err;
	q->channel = ch;
	q->what = what;
	q->pdu = (struct smpp_pdu){.command_id = command_id};
	return target->id.len ? smpp_out_address(ch, target->local, target->extension,
	                                         target->address, &q->source, &q->dest)
	                      : -EINVAL;
}

static int ask(struct question *q, answer_fn *fn, void *arg)
{
	struct smpp_operation *op = smpp_ops_create(q->channel, q->what, arg);

	if (op)
		op->fn = fn;
	return smpp_ops_request(q->link, &q->pdu, op);
}

static int query(void *self, const struct connector_target *target, answer_fn *fn, void *arg)
{
	struct question q;
	int err = prepare(self, OPERATION_QUERY, SMPP_query_sm, target, &q);

	if (err)
		return err;
	q.pdu.u.query_sm = (struct smpp_query_sm){ABOUT(target, &q)};
	return ask(&q, fn, arg);
}

/* Without a service_type: with one it would be about all messages of that service (4.9.1). */
static int cancel(void *self, const struct connector_target *target, answer_fn *fn, void *arg)
{
	struct question q;
	int err = prepare(self, OPERATION_CANCEL, SMPP_cancel_sm, target, &q);

	if (err)
		return err;
	q.pdu.u.cancel_sm = (struct smpp_cancel_sm){
		ABOUT(target, &q),
		.dest_addr_ton = q.dest.ton,
		.dest_addr_npi = q.dest.npi,
		.destination_addr = span_of(q.dest.digits),
	};
	return ask(&q, fn, arg);
}

/* ---- another text in its place ---- */

/* The alphabet in which a message went; -EMSGSIZE: it went as several parts. What has a header or
 * is octets was no text, and no other fits in its place. */
static int alphabet_of(struct smpp_channel *ch, const struct smpp_link *l, const struct message *m,
                       enum smpp_alphabet *out)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	struct smpp_special *special = NULL;
	struct smpp_parts parts = {0};
	int err = smpp_special_read(m, &special);

	options.latin1 = options.latin1 && m->service.message_class == CLASS_NONE;
	if (special && !smpp_special_is_text(special))
		err = -EINVAL;
	else if (special)
		smpp_special_prepare(special, &options);
	options.parts_max = 1;
	if (!err)
		err = smpp_compose(ch, m, &options, &parts, &(struct smpp_changes){0});
	*out = parts.alphabet;
	smpp_special_free(&special);
	smpp_parts_fini(&parts);
	return err;
}

/* As submit_sm would have it, all that belongs around it included; but replace_sm names no
 * data_coding: it is read in the alphabet of the first text, and must be all of that. */
static int put_text(struct smpp_channel *ch, const struct smpp_link *l, const struct message *first,
                    struct span text)
{
	struct smpp_split_options options = smpp_out_split_options(ch, l);
	struct message like = *first;
	struct smpp_parts parts = {0};
	enum smpp_alphabet alphabet;
	int err = alphabet_of(ch, l, first, &alphabet);

	like.text = text;
	options.dflt = alphabet == SMPP_UCS2 ? options.dflt : alphabet;
	options.ucs2 = alphabet == SMPP_UCS2;
	options.latin1 = false;
	options.parts_max = 1;
	if (!err)
		err = smpp_compose(ch, &like, &options, &parts, &(struct smpp_changes){0});
	if (!err && parts.alphabet != alphabet)
		err = -EINVAL;
	if (!err)
		err = smpp_out_put_part(&parts, &ch->user_data);
	smpp_parts_fini(&parts);
	return err == -EBADMSG ? -EINVAL : err;
}

static int replace(void *self, const struct connector_target *target, struct span text,
                   answer_fn *fn, void *arg)
{
	struct question q;
	int err = prepare(self, OPERATION_REPLACE, SMPP_replace_sm, target, &q);

	if (!err)
		err = put_text(q.channel, q.link, target->message, text);
	if (err)
		return err;
	q.pdu.u.replace_sm = (struct smpp_replace_sm){
		ABOUT(target, &q),
		.registered_delivery = smpp_out_registered(q.channel, target->message),
		.short_message = buf_span(&q.channel->user_data),
	};
	return ask(&q, fn, arg);
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

/* Of what went well there is nothing more to say. */
static bool told_code(const struct smpp_query_sm_resp *resp, enum message_status status,
                      char out[SMPP_RECEIPT_CODE_SIZE])
{
	char error[8] = "";

	if (resp->error_code)
		snprintf(error, sizeof(error), "%03u", resp->error_code);
	else if (status != STATUS_UNDELIVERED)
		return false;
	smpp_receipt_code((enum smpp_message_state)resp->message_state, span_of(error), out);
	return true;
}

static void tell_answer(struct smpp_operation *op, const struct smpp_pdu *pdu, int err)
{
	struct connector_answer answer = {.err = err, .status = STATUS_SENT};
	char code[SMPP_RECEIPT_CODE_SIZE];

	if (pdu && pdu->command_status) {
		snprintf(code, sizeof(code), "smpp.0x%08x", pdu->command_status);
		answer = (struct connector_answer){.err = -EPERM,
		                                   .code = code,
		                                   .reason = smpp_status_text(pdu->command_status),
		                                   .status = STATUS_SENT};
	} else if (pdu && pdu->command_id == SMPP_RESP(SMPP_query_sm)) {
		answer.status = status_of(&pdu->u.query_sm_resp);
		if (told_code(&pdu->u.query_sm_resp, answer.status, code))
			answer.code = code;
	}
	op->fn(op->arg, &answer);
}

void smpp_ops_response(struct smpp_channel *ch, struct smpp_operation *op,
                       const struct smpp_pdu *pdu, int err)
{
	if (op->what == OPERATION_MANY)
		smpp_many_response(ch, op, pdu);
	else
		tell_answer(op, pdu, err);
	smpp_ops_free(ch, op);
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
	.many = smpp_many,
};
