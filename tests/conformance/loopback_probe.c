/* Loopback is its own peer: what the customer says is what we said before. */
#include "conformance.h"

#include <stdio.h>

extern const struct connector_ops loopback_connector;

static const char address[] = "loop:mei";

static int probe_open(struct scene *s, char *yaml, size_t size)
{
	(void)s;
	snprintf(yaml, size, "delay: 5 ms\n");
	return 0;
}

static void say(struct scene *s, const char *text)
{
	(void)host_send(&s->host, address, text);
}

/* It waits for no acknowledgement; what was durable counts. */
static unsigned acknowledged(struct scene *s)
{
	if (s->host.hold || s->host.verdict || s->host.pending_count)
		return 0;
	return (unsigned)s->host.received_count;
}

const struct probe loopback_probe = {
	.ops = &loopback_connector,
	.pushes = true,
	.address = address,
	.raw_address = "mei",
	.bad_address = "loop:",
	.more = "window: 3\n",
	.window = 3,
	.open = probe_open,
	.say = say,
	.acknowledged = acknowledged,
};
const struct probe *const conformance_probe = &loopback_probe;
