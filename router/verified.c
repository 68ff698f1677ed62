/*
 * Who is known as who they are. Whoever proved it elsewhere (the house's own systems, a page that
 * has logged its visitor in) tells it with its end; it is kept beside the conversation and ends by
 * itself. Answers for such customers only are said where the function that appends them finds it
 * so: see receive.lua.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

struct verify_call {
	struct router *router;
	char conversation[CONVERSATION_ID_LEN + 1];
	router_verified_fn *fn;
	done_fn *done; /* of a connector, instead of fn */
	void *arg;
};

static void verify_end(struct verify_call *call, int err, bool changed)
{
	const struct router_error error = err ? router_redis_error(err) : (struct router_error){0};

	if (call->done)
		call->done(call->arg, err ? -EAGAIN : 0);
	else
		call->fn(call->arg, &error, span_of(call->conversation), changed);
	free(call);
}

static void on_verified(void *arg, int err, const redisReply *reply, const char *why)
{
	struct verify_call *call = arg;

	if (err)
		log_warn(&call->router->log, EVENT("router.verify_failed"), ERR(err),
		         STR("why", why));
	verify_end(call, err, !err && redis_num(reply) == 1);
}

/* Taken over on 0. */
static int verify(struct verify_call *call, const struct connector_host *host,
                  const struct router_verification *v, struct span address)
{
	struct router *r = call->router;
	struct fcall_args *a = router_args(r);

	router_conversation_id(address, call->conversation);
	args_add(a, span_of(call->conversation));
	args_add(a, address);
	args_num(a, v->until_ms);
	args_add(a, v->how);
	args_add(a, v->by);
	args_num(a, router_now(r));
	args_num(a, r->options.retention_ms / 1000);
	args_num(a, r->options.log_max);
	args_add(a, span_of(host->name));
	args_num(a, call->done != NULL); /* a connector's word is said with each page */
	return router_fcall(r, "ph2_verify", router_part(span_of(call->conversation)), on_verified,
	                    call);
}

int router_verify(struct router *r, const struct router_verification *v, router_verified_fn *fn,
                  void *arg)
{
	struct connector_host *host =
		v->channel.len ? router_host(r, v->channel)
			       : router_host_of_scheme(r, address_scheme(v->address));
	struct verify_call *call;
	char address[160];
	int err;

	if (!host)
		return -ENOENT;
	err = host->ops->address(host->self, v->address, address, sizeof(address));
	if (err)
		return err;
	call = malloc(sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct verify_call){.router = r, .fn = fn, .arg = arg};
	err = verify(call, host, v, span_of(address));
	if (err)
		free(call);
	return err;
}

void connector_verified(struct connector_host *host, struct span address, uint64_t until_ms,
                        done_fn *done, void *arg)
{
	struct router *r = host->router;
	struct verify_call *call = r->up ? malloc(sizeof(*call)) : NULL;
	char by[64];
	const struct router_verification v = {
		.until_ms = until_ms,
		.how = span_of(host->ops->name),
		.by = (struct span){by,
	                            (size_t)snprintf(by, sizeof(by), "channel:%s", host->name)}
        };

	if (!call) {
		done(arg, -EAGAIN);
		return;
	}
	*call = (struct verify_call){.router = r, .done = done, .arg = arg};
	if (verify(call, host, &v, address))
		verify_end(call, -EAGAIN, false);
}
