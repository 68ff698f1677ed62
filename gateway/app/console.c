/* The console as a whole: what the router tells, what time brings, and the end. */
#include "console_private.h"

#include "digest.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	TICK_MS = 1000,
	HELLO_MS = 10000,
	CHECK_MS = 60000,   /* whether the token still holds */
	RENEW_MS = 10000,   /* the agent's lease at the desk */
	COME_BACK_MS = 1000 /* a draining node: not all at once */
};

uint64_t console_now(const struct console *console)
{
	return clock_mono_ms(io_loop_clock(console->options.loop));
}

static void on_assigned(void *arg, struct span agent, struct span conversation)
{
	struct console *c = arg;

	for (struct console_socket *s = c->sockets; s; s = s->next) {
		if (s->stage != STAGE_OPEN || !span_is(agent, s->user.id))
			continue;
		struct console_view *v = console_view_find(s, conversation);

		if (v)
			console_view_touch(s, v);
		console_desk(s);
	}
}

static void on_queues(void *arg)
{
	struct console *c = arg;

	for (struct console_socket *s = c->sockets; s; s = s->next)
		if (s->stage == STAGE_OPEN)
			s->desk_again = true; /* at the next tick: queues change often */
}

static void tell_typing(struct console_socket *s, struct span conversation, bool on)
{
	struct console_view *v = s->stage == STAGE_OPEN ? console_view_find(s, conversation) : NULL;

	if (v && v->flags & (VIEW_OPENED | VIEW_MINE))
		console_send(s, json_pack("{s:s, s:s, s:b}", "type", "typing", "conversation",
		                          v->id, "on", on));
}

/* What is sent may end a socket that reads too slowly: it stays until the step is over. */
static void on_typing(void *arg, struct span conversation, bool on)
{
	struct console *c = arg;
	struct console_socket *next;

	for (struct console_socket *s = c->sockets; s; s = next) {
		next = s->next;
		console_socket_ref(s);
		tell_typing(s, conversation, on);
		console_socket_unref(s);
	}
}

static void tell_service(struct console_socket *s, bool durable)
{
	console_send(s, json_pack("{s:s, s:s}", "type", "service", "state",
	                          durable ? "ok" : "degraded"));
}

static void go_on(struct console_socket *s, bool durable)
{
	if (s->stage != STAGE_TOKEN)
		tell_service(s, durable);
	if (!durable)
		return;
	if (s->stage == STAGE_TOKEN)
		console_check(s);
	else if (s->stage == STAGE_DESK)
		console_hello_again(s);
	else if (s->stage == STAGE_OPEN)
		console_desk(s);
}

static void on_durable(void *arg, bool durable)
{
	struct console *c = arg;
	struct console_socket *next;

	for (struct console_socket *s = c->sockets; s; s = next) {
		next = s->next;
		console_socket_ref(s);
		go_on(s, durable);
		console_socket_unref(s);
	}
}

/* --- Agents whose console went away ------------------------------------------------------- */

static void fall(struct console *c, struct console_lost *lost)
{
	const char *queues[USER_SKILLS + 1];
	struct router_agent agent;
	int err;

	console_agent_of(&lost->record, queues, &agent);
	err = router_presence(c->options.router, &agent, PRESENCE_AWAY, NULL, NULL);
	if (!err)
		log_info(c->options.log, EVENT("console.lost"), STR("user", lost->user));
	lost->away = !err;
}

static void sweep_lost(struct console *c, uint64_t now)
{
	struct console_lost **at = &c->lost;

	while (*at) {
		struct console_lost *lost = *at;

		if (now >= lost->due_ms && !lost->away)
			fall(c, lost);
		if (now < lost->due_ms + 10ULL * CHECK_MS) {
			at = &lost->next;
			continue;
		}
		*at = lost->next;
		free(lost);
	}
}

/* --- What time brings --------------------------------------------------------------------- */

static void tick_socket(struct console_socket *s, uint64_t now)
{
	if (s->stage <= STAGE_HELLO && now - s->opened_ms > HELLO_MS &&
	    router_durable(s->console->options.router)) {
		console_close(s, CLOSE_NOT_UNDERSTOOD, "no hello came");
		return;
	}
	if (s->stage != STAGE_OPEN)
		return;
	if (now - s->checked_ms > CHECK_MS) {
		s->checked_ms = now;
		console_check(s);
	}
	if (now - s->renewed_ms > RENEW_MS) {
		s->renewed_ms = now;
		console_presence(s, s->presence, SPAN_NONE, false);
	}
	if (s->desk_again)
		console_desk(s);
	console_queues(s);
}

static void on_tick(void *arg)
{
	struct console *c = arg;
	uint64_t now = console_now(c);
	struct console_socket *next;

	for (struct console_socket *s = c->sockets; s; s = next) {
		next = s->next;
		console_socket_ref(s);
		tick_socket(s, now);
		console_socket_unref(s);
	}
	sweep_lost(c, now);
}

int console_create(const struct console_options *options, struct console **out)
{
	struct console *c = calloc(1, sizeof(*c));
	const struct router_listener listener = {.arg = c,
	                                         .assigned = on_assigned,
	                                         .queues = on_queues,
	                                         .typing = on_typing,
	                                         .durable = on_durable};
	int err;

	if (!c)
		return -ENOMEM;
	c->options = *options;
	c->scratch = match_scratch_create();
	err = c->scratch ? console_socket_route(c) : -ENOMEM;
	if (!err)
		err = io_timer_create(options->loop, "console.tick", on_tick, c, &c->timer);
	if (err) {
		console_destroy(&c);
		return err;
	}
	io_timer_start(c->timer, TICK_MS, TICK_MS);
	router_listen(options->router, &listener);
	*out = c;
	return 0;
}

void console_drain(struct console *c)
{
	struct console_socket *next;
	uint16_t random;

	if (!c)
		return;
	c->draining = true;
	for (struct console_socket *s = c->sockets; s; s = next) {
		next = s->next;
		console_socket_ref(s);
		digest_random(&random, sizeof(random));
		console_send(s, json_pack("{s:s, s:s, s:i}", "type", "bye", "reason", "drain",
		                          "retry_after_ms", COME_BACK_MS + random % 2000));
		console_close(s, CLOSE_RESTART, "the node stops");
		console_socket_unref(s);
	}
}

void console_destroy(struct console **console)
{
	static const struct router_listener nobody;
	struct console *c = *console;

	if (!c)
		return;
	io_timer_destroy(&c->timer);
	router_listen(c->options.router, &nobody);
	while (c->lost) {
		struct console_lost *lost = c->lost;

		c->lost = lost->next;
		free(lost);
	}
	match_scratch_destroy(&c->scratch);
	free(c);
	*console = NULL;
}
