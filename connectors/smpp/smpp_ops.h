/*
 * What smpp_ops.c and smpp_many.c share: an operation is a request beside the window, and whoever
 * asked is told once.
 */
#ifndef PH_SMPP_OPS_H
#define PH_SMPP_OPS_H

#include "smpp_outgoing.h"

struct smpp_operation {
	struct smpp_operation *next;
	enum connector_operation what;
	answer_fn *fn;
	many_fn *many;
	void *arg;
	size_t count; /* of many: messages, by the digits of whom they are for */
	char (*digits)[24];
};

/** Whether one may begin, and over which session. -ENOTSUP, -EAGAIN, -ENOTCONN. */
int smpp_ops_admit(struct smpp_channel *ch, enum connector_operation what,
                   struct smpp_link **out) MUST_CHECK;
/** NULL: out of memory. */
struct smpp_operation *smpp_ops_create(struct smpp_channel *ch, enum connector_operation what,
                                       void *arg);
void smpp_ops_free(struct smpp_channel *ch, struct smpp_operation *op);
/** Writes its request; on an error (also where op is NULL: -ENOMEM) op is freed. */
int smpp_ops_request(struct smpp_link *l, struct smpp_pdu *pdu,
                     struct smpp_operation *op) MUST_CHECK;

/** connector_operations.many. */
size_t smpp_many(void *channel, const struct message *const *messages, size_t count, many_fn *fn,
                 void *arg);
/** The response to it; pdu NULL: none came. */
void smpp_many_response(struct smpp_channel *ch, struct smpp_operation *op,
                        const struct smpp_pdu *pdu);

#endif
