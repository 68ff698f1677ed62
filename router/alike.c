/*
 * One text for many: messages of a campaign that wait one behind the other and differ only in whom
 * they are for go as one request, where the peer takes that (connector_operations.many).
 */
#include "router_private.h"

#include <stdlib.h>

enum { EXPIRY_APART_MS = 1000 };

bool alike_wanted(const struct connector_host *host, enum lane lane)
{
	const struct connector_operations *ops = host->ops->caps.operations;

	return lane == LANE_CAMPAIGN && ops && ops->many && ops->can(host->self, OPERATION_MANY);
}

static bool expire_alike(const struct message *a, const struct message *b)
{
	uint64_t first = message_expires_ms(a), other = message_expires_ms(b);

	return !first == !other && other + EXPIRY_APART_MS >= first &&
	       first + EXPIRY_APART_MS >= other;
}

static bool served_alike(const struct message_service *a, const struct message_service *b)
{
	return a->message_class == b->message_class && a->receipt == b->receipt &&
	       a->priority == b->priority;
}

/* What the peer did not want before goes by itself, and so its own answer is heard. */
bool alike(const struct message *a, const struct message *b)
{
	return a->kind == MESSAGE_TEXT && b->kind == MESSAGE_TEXT && !a->attempts && !b->attempts &&
	       span_eq(a->text, b->text) && span_eq(a->lang, b->lang) &&
	       span_eq(a->local, b->local) && span_eq(a->extension, b->extension) &&
	       span_eq(a->options, b->options) && served_alike(&a->service, &b->service) &&
	       expire_alike(a, b);
}

struct alike_call {
	struct connector_host *host;
	size_t count;
	struct message *messages[CONNECTOR_MANY_MAX];
};

static void on_many(void *arg, const struct send_result *results, size_t count)
{
	struct alike_call *call = arg;

	for (size_t i = 0; i < call->count && i < count; i++)
		connector_result(call->host, call->messages[i], &results[i]);
	for (size_t i = 0; i < call->count; i++)
		message_unref(&call->messages[i]);
	free(call);
}

size_t alike_send(struct connector_host *host, struct message *const *messages, size_t count)
{
	struct alike_call *call = calloc(1, sizeof(*call));

	if (!call)
		return 0;
	call->host = host;
	call->count = host->ops->caps.operations->many(
		host->self, (const struct message *const *)messages, count, on_many, call);
	for (size_t i = 0; i < call->count; i++)
		call->messages[i] = messages[i];
	if (call->count)
		return call->count;
	free(call);
	return 0;
}
