/*
 * What a peer says later of a message it took. The receipt finds its message by the peer's id,
 * which ph2_settle kept in the partition of the conversation; one that came before its message's id
 * waits there for it.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

/* A receipt on its way to its message: first where its address says, then in every other partition.
 */
struct receipt_call {
	struct connector_host *host;
	char forms[ROUTER_ID_FORMS][ROUTER_ID_FORM_MAX];
	unsigned count;
	char conversation[CONVERSATION_ID_LEN + 1]; /* whom it is of; "": it does not say */
	unsigned first, tried;                      /* partitions */
	bool parking;
	char letter;
	char code[40];
	done_fn *done;
	void *arg;
};

static char receipt_letter(enum message_status status)
{
	switch (status) {
	case STATUS_DELIVERED:
		return 'd';
	case STATUS_READ:
		return 'r';
	case STATUS_UNDELIVERED:
	case STATUS_FAILED:
		return 'u';
	case STATUS_CANCELED:
		return 'c';
	case STATUS_ACCEPTED:
	case STATUS_SCHEDULED:
	case STATUS_QUEUED:
	case STATUS_SENDING:
	case STATUS_UNKNOWN:
	case STATUS_SENT:
	case STATUS_PARTIALLY_DELIVERED:
	case STATUS_COUNT:
		break;
	}
	return 's';
}

static void receipt_end(struct receipt_call *call, int err)
{
	call->done(call->arg, err);
	free(call);
}

static void receipt_ask(struct receipt_call *call);

static void on_receipt(void *arg, int err, const redisReply *reply, const char *why)
{
	struct receipt_call *call = arg;

	(void)why;
	if (err) {
		receipt_end(call, -EAGAIN);
		return;
	}
	if (reply_span(reply).len) {
		++*call->host->count.receipts;
		receipt_end(call, 0);
		return;
	}
	if (++call->tried < ROUTER_PARTITIONS) {
		receipt_ask(call);
		return;
	}
	if (call->conversation[0] && !call->parking) {
		call->parking = true; /* it came before its message's id */
		receipt_ask(call);
		return;
	}
	++*call->host->count.receipts_unmatched;
	receipt_end(call, 0);
}

static void receipt_ask(struct receipt_call *call)
{
	struct router *r = call->host->router;
	struct fcall_args *a = router_args(r);
	unsigned partition = call->parking ? call->first : call->first + call->tried;

	args_add(a, span_of(call->host->name));
	args_num(a, router_now(r));
	args_add(a, (struct span){&call->letter, 1});
	args_add(a, span_of(call->code));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_num(a, call->parking);
	args_add(a, span_of(call->conversation));
	for (unsigned i = 0; i < call->count; i++)
		args_add(a, span_of(call->forms[i]));
	if (router_fcall(r, "ph2_receipt", router_partition(partition), on_receipt, call))
		receipt_end(call, -EAGAIN);
}

void connector_receipt(struct connector_host *host, const struct receipt *receipt, done_fn *done,
                       void *arg)
{
	struct receipt_call *call = host->router->up ? calloc(1, sizeof(*call)) : NULL;

	if (!call) {
		done(arg, -EAGAIN);
		return;
	}
	*call = (struct receipt_call){
		.host = host, .letter = receipt_letter(receipt->status), .done = done, .arg = arg};
	call->count = router_id_forms(receipt->id, call->forms);
	if (receipt->address.len) {
		router_conversation_id(receipt->address, call->conversation);
		call->first = router_partition_of(span_of(call->conversation));
	}
	snprintf(call->code, sizeof(call->code), "%s", receipt->code ? receipt->code : "");
	receipt_ask(call);
}
