/*
 * That the peer has put another text in the place of a message's: an entry of its own in the log
 * says what the customer finally got, beside what was sent first. The peer will not say so again,
 * so it is kept here until Redis has it.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

struct replaced {
	struct replaced *next; /* of those that Redis could not be told */
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	struct buf fields;
	done_fn *fn;
	void *arg;
};

static void replaced_end(struct replaced *it, int err)
{
	it->fn(it->arg, err);
	buf_fini(&it->fields);
	free(it);
}

static void on_noted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct replaced *it = arg;

	(void)reply;
	if (!err) {
		replaced_end(it, 0);
		return;
	}
	log_warn(&it->router->log, EVENT("router.replaced_not_noted"), ERR(err), STR("why", why));
	it->next = it->router->replaced;
	it->router->replaced = it;
}

static void note(struct replaced *it)
{
	struct router *r = it->router;
	struct fcall_args *a = router_args(r);

	args_add(a, span_of(it->conversation));
	args_num(a, it->seq);
	args_num(a, router_now(r));
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_add(a, buf_span(&it->fields));
	if (router_fcall(r, "ph2_replaced", router_part(span_of(it->conversation)), on_noted, it))
		on_noted(it, -ENOTCONN, NULL, "Redis cannot be reached");
}

int replaced_note(struct router *r, struct span conversation, uint64_t seq,
                  const struct message *by, done_fn *fn, void *arg)
{
	struct replaced *it = calloc(1, sizeof(*it));
	int err;

	if (!it)
		return -ENOMEM;
	*it = (struct replaced){.router = r, .seq = seq, .fn = fn, .arg = arg};
	snprintf(it->conversation, sizeof(it->conversation), "%.*s", SPAN_FMT(conversation));
	buf_init(&it->fields, 1U << 20);
	log_encode_fields(&it->fields, by, SPAN_NONE);
	err = buf_check(&it->fields);
	if (err) {
		buf_fini(&it->fields);
		free(it);
		return err;
	}
	note(it);
	return 0;
}

void replaced_retry(struct router *r)
{
	struct replaced *it = r->replaced;

	r->replaced = NULL;
	while (it) {
		struct replaced *next = it->next;

		note(it);
		it = next;
	}
}

void replaced_fini(struct router *r)
{
	while (r->replaced) {
		struct replaced *it = r->replaced;

		r->replaced = it->next;
		log_error(&r->log, EVENT("router.replaced_lost"), NUM("seq", it->seq));
		replaced_end(it, -ECANCELED);
	}
}
