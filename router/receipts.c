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
	bool parking, others; /* others: an id like it is another customer's */
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

/* Why it has no message: it waits for its id, which may come; or it never will. */
static void count_unmatched(const struct receipt_call *call)
{
	const char *reason = call->parking ? "waits_for_its_id" : "unknown_id";

	if (call->others)
		reason = "of_another_customer";
	++*metric_get2(METRIC_COUNTER, RECEIPTS_UNMATCHED, RECEIPTS_UNMATCHED_HELP, "channel",
	               call->host->name, "reason", reason);
}

/* A second final word, and not that of the first: which one is true nobody here can know. */
static void look_at_state(const struct receipt_call *call, char state)
{
	static const char final[] = "druc";

	if (state == call->letter || !strchr(final, state) || !strchr(final, call->letter) ||
	    (state == 'r' && call->letter == 'd'))
		return;
	log_info(&call->host->log, EVENT("router.receipt_contradicts"),
	         STR("stays", message_status_name(log_status_of(state))),
	         STR("said", message_status_name(log_status_of(call->letter))),
	         STR("code", call->code));
}

static void on_receipt(void *arg, int err, const redisReply *reply, const char *why)
{
	struct receipt_call *call = arg;
	struct span state = redis_text(reply);

	(void)why;
	if (err) {
		receipt_end(call, -EAGAIN);
		return;
	}
	call->others = call->others || span_is(state, "!");
	if (state.len && *state.ptr != '!') {
		++*call->host->count.receipts;
		look_at_state(call, *state.ptr);
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
	count_unmatched(call);
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

bool receipts_overdue(const struct connector_host *host, const struct message *m, uint64_t now_ms)
{
	const struct connector_caps *caps = &host->ops->caps;
	uint64_t from = m->due_ms > m->ts_ms ? m->due_ms : m->ts_ms;
	uint64_t most = m->validity_ms ? m->validity_ms + RECEIPT_MARGIN_MS : RECEIPT_TTL_MS;

	if (!caps->receipts || m->service.receipt == RECEIPT_UNWANTED ||
	    (caps->always_tells && !caps->always_tells(host->self)))
		return false;
	return from && now_ms > from + most;
}
