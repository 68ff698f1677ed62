/*
 * The extension code (扩展码) behind our own number: what a session sends comes from the number and
 * a code of its own, so that a phone keeps it as a thread, and a reply to it says where it belongs.
 * A queue may have a code that is its own: its sessions use it, and a text to it goes to that
 * queue. Other sessions count through what the digits allow.
 */
#include "router_private.h"

#include <stdio.h>

static const struct router_code *of_queue(const struct router_codes *codes, struct span queue)
{
	const struct router_code *list = codes->queues.items;

	for (size_t i = 0; queue.len && i < codes->queues.count; i++)
		if (span_is(queue, list[i].queue))
			return &list[i];
	return NULL;
}

static const struct router_code *of_code(const struct router_codes *codes, struct span code)
{
	const struct router_code *list = codes->queues.items;

	for (size_t i = 0; i < codes->queues.count; i++)
		if (span_is(code, list[i].code))
			return &list[i];
	return NULL;
}

/* The session's place among the codes that no queue has. */
static struct span counted(const struct router_codes *codes, uint64_t session,
                           char out[ROUTER_CODE_SIZE])
{
	uint64_t room = 1;

	for (int64_t i = 0; i < codes->digits; i++)
		room *= 10;
	for (uint64_t tries = 0; tries < room; tries++) {
		int len = snprintf(out, ROUTER_CODE_SIZE, "%0*llu", (int)codes->digits,
		                   (unsigned long long)((session + tries) % room));
		struct span code = {out, (size_t)len};

		if (!of_code(codes, code))
			return code;
	}
	return SPAN_NONE; /* all are queues' */
}

struct span code_of(const struct connector_host *host, uint64_t session, struct span queue,
                    char out[ROUTER_CODE_SIZE])
{
	const struct router_codes *codes = host->route.codes;
	const struct router_code *own;

	if (!codes || !codes->digits || !host->ops->caps.extension)
		return SPAN_NONE;
	own = of_queue(codes, queue);
	return own ? span_of(own->code) : counted(codes, session, out);
}

static struct span extension(const struct connector_host *host, struct span local)
{
	return host->ops->caps.extension ? host->ops->caps.extension(host->self, local) : SPAN_NONE;
}

struct span code_for(const struct connector_host *host, struct span local, uint64_t session,
                     struct span queue, char out[ROUTER_CODE_SIZE])
{
	return extension(host, local).len ? SPAN_NONE : code_of(host, session, queue, out);
}

void code_our_end(const struct connector_host *host, struct span text, struct message *m,
                  char code[ROUTER_CODE_SIZE])
{
	struct span rest = text, queue;
	uint64_t session = next_num(&rest);

	if (m->local.len)
		return;
	queue = span_split(rest, ' ', &m->local);
	m->extension = code_for(host, m->local, session, queue, code);
}

struct span code_queue(const struct connector_host *host, struct span local)
{
	const struct router_codes *codes = host->route.codes;
	const struct router_code *found =
		codes && codes->queues.count ? of_code(codes, extension(host, local)) : NULL;

	return found ? span_of(found->queue) : SPAN_NONE;
}
