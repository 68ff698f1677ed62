/*
 * That the peer has put another text in the place of a message's: an entry of its own in the log
 * says what the customer finally got, beside what was sent first. The peer will not say so again,
 * so it is kept here until Redis has it; and what is said later of the same message waits for it,
 * for the last entry is what the customer got.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

struct replaced {
	struct replaced *next; /* as the peer said it */
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	struct buf fields;
	bool out; /* Redis is being told */
	done_fn *fn;
	void *arg;
};

static void replaced_end(struct replaced *it, int err)
{
	it->fn(it->arg, err);
	buf_fini(&it->fields);
	free(it);
}

/* The first that is kept of the same message. */
static struct replaced *first_of(const struct replaced *as)
{
	struct replaced *it = as->router->replaced;

	while (it && (it->seq != as->seq || strcmp(it->conversation, as->conversation) != 0))
		it = it->next;
	return it;
}

static void note(struct replaced *it);

static void on_noted(void *arg, int err, const redisReply *reply, const char *why)
{
	struct replaced *it = arg, **at = &it->router->replaced, *next;

	(void)reply;
	it->out = false;
	if (err) {
		log_warn(&it->router->log, EVENT("router.replaced_not_noted"), ERR(err),
		         STR("why", why));
		return;
	}
	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	next = first_of(it);
	if (next)
		note(next);
	replaced_end(it, 0);
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
	it->out = true;
	if (router_fcall(r, "ph2_replaced", router_part(span_of(it->conversation)), on_noted, it))
		on_noted(it, -ENOTCONN, NULL, "Redis cannot be reached");
}

static void keep(struct replaced *it)
{
	struct replaced **at = &it->router->replaced;

	while (*at)
		at = &(*at)->next;
	*at = it;
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
	keep(it);
	if (first_of(it) == it)
		note(it);
	return 0;
}

void replaced_retry(struct router *r)
{
	for (struct replaced *it = r->replaced; it; it = it->next)
		if (!it->out && first_of(it) == it)
			note(it);
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
