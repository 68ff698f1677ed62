/*
 * The connector to copy: no protocol, and everything that a connector owes the host. What is sent
 * comes back after a delay as if the customer had said it; each message gets a result and a
 * receipt. It is a test double, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "connector.h"
#include "loop.h"

struct loopback_config {
	int64_t window, delay_ms;
	bool echo;
};

#define AT(member) offsetof(struct loopback_config, member)

/* clang-format off */
static const struct config_field fields[] = {
	{"window", CONFIG_INT, AT(window), .fallback = "16", .least = 1, .most = 4096,
	 .help = "messages under way at once"},
	{"delay", CONFIG_DURATION_MS, AT(delay_ms), .fallback = "10 ms", .most = 60000,
	 .help = "time until a message has arrived"},
	{"echo", CONFIG_BOOL, AT(echo), .fallback = "true",
	 .help = "what arrives is said again by the customer"},
	{0},
};
/* clang-format on */

/* A message under way. */
struct flight {
	struct flight *next;
	struct message *message;
	uint64_t due_ms;
};

struct loopback {
	struct connector_host *host;
	const struct loopback_config *cfg;
	struct io_timer *timer;
	struct io_later settled;
	struct flight *first, **end;
	int64_t count;
	uint64_t ids;
	bool up, stopping, told_stopped, wants_ready;
};

static uint64_t now_ms(const struct loopback *l)
{
	return clock_mono_ms(io_loop_clock(connector_loop(l->host)));
}

/* ---- the far end ---- */

static void on_done(void *arg, int err)
{
	(void)arg;
	(void)err; /* a far end that waits for an acknowledgement would look at it */
}

static void say_again(struct loopback *l, const struct message *m, struct span id)
{
	struct message like = {
		.direction = MESSAGE_IN,
		.kind = m->kind,
		.address = m->address,
		.channel = m->channel,
		.local = m->local,
		.text = m->text,
		.author = SPAN_LIT("customer"),
		.cid = id,
		.dup_key = id,
		.ts_ms = clock_wall_ms(io_loop_clock(connector_loop(l->host))),
	};
	struct message *in = message_create(&like);

	if (in)
		connector_received(l->host, &in, on_done, l);
}

static void deliver(struct loopback *l, struct message *m)
{
	char text[64];
	struct span id;
	struct send_result result = {.outcome = SEND_OK, .parts = 1};
	struct receipt receipt = {.status = STATUS_DELIVERED, .address = m->address};

	snprintf(text, sizeof(text), "%s-%llu", connector_channel(l->host),
	         (unsigned long long)++l->ids);
	id = result.id = receipt.id = span_of(text);
	receipt.ts_ms = clock_wall_ms(io_loop_clock(connector_loop(l->host)));
	connector_result(l->host, m, &result);
	connector_receipt(l->host, &receipt, on_done, l);
	if (l->cfg->echo && !l->stopping)
		say_again(l, m, id);
}

/* ---- what is under way ---- */

static struct message *take_first(struct loopback *l)
{
	struct flight *f = l->first;
	struct message *m = f->message;

	l->first = f->next;
	if (!l->first)
		l->end = &l->first;
	l->count--;
	free(f);
	return m;
}

static void on_timer(void *arg)
{
	struct loopback *l = arg;
	uint64_t now = now_ms(l);

	while (l->first && l->first->due_ms <= now) {
		struct message *m = take_first(l);

		deliver(l, m);
		message_unref(&m);
	}
	if (l->first)
		io_timer_start(l->timer, l->first->due_ms - now, 0);
	io_later(connector_loop(l->host), &l->settled);
}

/* Once a turn: room for the host, or the end of a stop. */
static void on_settled(void *arg)
{
	struct loopback *l = arg;

	if (l->stopping && !l->first && !l->told_stopped) {
		l->told_stopped = true;
		connector_state(l->host, CHANNEL_STOPPED, NULL);
	} else if (!l->stopping && !l->up) {
		l->up = true;
		connector_state(l->host, CHANNEL_UP, NULL);
	}
	if (l->wants_ready && l->up && !l->stopping && l->count < l->cfg->window) {
		l->wants_ready = false;
		connector_ready(l->host);
	}
}

/* ---- the six functions ---- */

static int loopback_init(void *self, struct connector_host *host, const void *cfg,
                         struct yaml_errors *errors, unsigned line)
{
	struct loopback *l = self;

	(void)errors; /* the table has checked everything */
	(void)line;
	l->host = host;
	l->cfg = cfg;
	l->end = &l->first;
	l->settled = (struct io_later){.fn = on_settled, .arg = l};
	return io_timer_create(connector_loop(host), "loopback", on_timer, l, &l->timer);
}

static int loopback_start(void *self)
{
	struct loopback *l = self;

	l->up = l->stopping = l->told_stopped = false;
	connector_state(l->host, CHANNEL_CONNECTING, NULL);
	io_later(connector_loop(l->host), &l->settled);
	return 0;
}

static int loopback_send(void *self, struct message **msg)
{
	struct loopback *l = self;
	struct flight *f;

	if (!l->up || l->stopping || l->count >= l->cfg->window) {
		l->wants_ready = true;
		return l->up && !l->stopping ? -EAGAIN : -ENOTCONN;
	}
	f = malloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct flight){NULL, *msg, now_ms(l) + (uint64_t)l->cfg->delay_ms};
	*msg = NULL;
	*l->end = f;
	l->end = &f->next;
	if (l->count++ == 0)
		io_timer_start(l->timer, (uint64_t)l->cfg->delay_ms, 0);
	return 0;
}

static int loopback_address(const void *self, struct span raw, char *out, size_t size)
{
	(void)self;
	if (span_starts(raw, SPAN_LIT("loop:")))
		raw = (struct span){raw.ptr + 5, raw.len - 5};
	if (raw.len == 0 || raw.len > 64)
		return -EINVAL;
	return snprintf(out, size, "loop:%.*s", SPAN_FMT(raw)) < (int)size ? 0 : -EINVAL;
}

/* What is under way when it must end at once: it may have arrived, or not. */
static void abandon(struct loopback *l)
{
	static const struct send_result uncertain = {.outcome = SEND_UNCERTAIN,
	                                             .parts = 1,
	                                             .code = "loopback.stopped",
	                                             .reason = "the channel was stopped"};

	while (l->first) {
		struct message *m = take_first(l);

		connector_result(l->host, m, &uncertain);
		message_unref(&m);
	}
}

static void loopback_stop(void *self, enum stop_mode mode)
{
	struct loopback *l = self;

	l->stopping = true;
	if (mode == STOP_NOW)
		abandon(l);
	io_later(connector_loop(l->host), &l->settled);
}

static void loopback_fini(void *self)
{
	struct loopback *l = self;

	if (!l->host)
		return;
	while (l->first) {
		struct message *m = take_first(l);

		message_unref(&m);
	}
	io_later_cancel(connector_loop(l->host), &l->settled);
	io_timer_destroy(&l->timer);
}

const struct connector_ops loopback_connector = {
	.name = "loopback",
	.caps =
		{
                       .kinds = 1U << MESSAGE_TEXT | 1U << MESSAGE_MENU,
                       .text_max = 65536,
                       .receipts = true,
                       .scheme = "loop",
		       },
	.self_size = sizeof(struct loopback),
	.config_size = sizeof(struct loopback_config),
	.config = fields,
	.init = loopback_init,
	.start = loopback_start,
	.send = loopback_send,
	.address = loopback_address,
	.stop = loopback_stop,
	.fini = loopback_fini,
};
