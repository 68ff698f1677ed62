/* The test's host: connector.h's calls up, in memory. */
#include "host_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "metrics.h"

/* ---- done functions ---- */

void host_settle(struct connector_host *h, int err)
{
	while (h->pending_count) {
		struct host_pending p = h->pending[0];

		h->pending_count--;
		memmove(h->pending, h->pending + 1, h->pending_count * sizeof(p));
		p.done(p.arg, err);
	}
}

static void on_later(void *arg)
{
	struct connector_host *h = arg;

	if (!h->hold)
		host_settle(h, h->verdict);
}

void host_settle_later(struct connector_host *h, done_fn *done, void *arg)
{
	if (h->pending_count == HOST_KEPT) {
		done(arg, -EAGAIN);
		return;
	}
	h->pending[h->pending_count++] = (struct host_pending){done, arg};
	if (!h->hold)
		io_later(h->loop, &h->later);
}

/* ---- calls up ---- */

static void echo(struct connector_host *h, const struct message *in)
{
	struct message like = {
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_TEXT,
		.address = in->address,
		.channel = in->channel,
		.local = in->local,
		.text = in->text,
		.author = SPAN_LIT("bot"),
		.reply_to = in->cid,
	};
	struct message *m = message_create(&like);

	if (m && h->ops->send(h->self, &m))
		message_unref(&m);
}

void connector_received(struct connector_host *h, struct message **msg, done_fn *done, void *arg)
{
	struct message *m = *msg;

	*msg = NULL;
	if (h->received_count == HOST_KEPT) {
		message_unref(&m);
		done(arg, -EAGAIN);
		return;
	}
	h->received[h->received_count++] = m;
	if (h->echo)
		echo(h, m);
	host_settle_later(h, done, arg);
}

size_t host_copy(char *out, size_t size, struct span s)
{
	size_t len = s.len < size - 1 ? s.len : size - 1;

	if (len)
		memcpy(out, s.ptr, len);
	out[len] = '\0';
	return len;
}

void connector_result(struct connector_host *h, const struct message *msg,
                      const struct send_result *result)
{
	struct host_result *r;
	struct message like = *msg;

	if (h->result_count == HOST_KEPT)
		return;
	r = &h->results[h->result_count++];
	*r = (struct host_result){.outcome = result->outcome,
	                          .flags = result->flags,
	                          .part = result->part,
	                          .parts = result->parts,
	                          .retry_ms = result->retry_ms,
	                          .message = message_create(&like)};
	r->id_len = host_copy(r->id, sizeof(r->id), result->id);
	host_copy(r->code, sizeof(r->code), span_of(result->code));
}

void connector_receipt(struct connector_host *h, const struct receipt *receipt, done_fn *done,
                       void *arg)
{
	struct host_receipt *r = &h->receipts[h->receipt_count % ARRAY_LEN(h->receipts)];

	h->receipt_count++;
	host_copy(r->id, sizeof(r->id), receipt->id);
	host_copy(r->address, sizeof(r->address), receipt->address);
	host_copy(r->code, sizeof(r->code), span_of(receipt->code));
	r->status = receipt->status;
	host_settle_later(h, done, arg);
}

void connector_state(struct connector_host *h, enum channel_state state, const char *why)
{
	h->state = state;
	h->states++;
	h->stopped += state == CHANNEL_STOPPED;
	h->up += state == CHANNEL_UP;
	host_copy(h->why, sizeof(h->why), span_of(why));
}

void connector_reachable(struct connector_host *h, struct span address)
{
	snprintf(h->reachable, sizeof(h->reachable), "%.*s", SPAN_FMT(address));
	h->reachable_count++;
}

void connector_ready(struct connector_host *h)
{
	h->ready++;
}

bool connector_durable(const struct connector_host *h)
{
	return h->durable;
}

void connector_on_durable(struct connector_host *h, void (*fn)(void *self, bool durable))
{
	h->on_durable = fn;
}

void host_set_durable(struct connector_host *h, bool durable)
{
	h->durable = durable;
	h->verdict = durable ? 0 : -EAGAIN;
	if (h->on_durable)
		h->on_durable(h->self, durable);
}

/* ---- the pace: as the one node that holds the account ---- */

static uint64_t mono_us(const struct connector_host *h)
{
	return clock_mono_us(io_loop_clock(h->loop));
}

void connector_contract(struct connector_host *h, unsigned rate, unsigned burst,
                        void (*fn)(void *self))
{
	(void)fn;
	gcra_init(&h->contract, rate, burst ? burst : rate / 10);
}

uint64_t connector_pace(struct connector_host *h)
{
	return (gcra_wait_us(&h->contract, mono_us(h)) + 999) / 1000;
}

void connector_paced(struct connector_host *h)
{
	if (h->contract.step_ns)
		gcra_take(&h->contract, mono_us(h));
}

void connector_throttled(struct connector_host *h, uint64_t ms)
{
	(void)ms;
	h->throttled++;
}

/* ---- what it says of itself, as one line of text ---- */

struct connector_status {
	struct buf text;
};

void connector_status_text(struct connector_status *out, const char *key, struct span value)
{
	buf_printf(&out->text, "%s=%.*s ", key, SPAN_FMT(value));
}

void connector_status_num(struct connector_status *out, const char *key, uint64_t value)
{
	buf_printf(&out->text, "%s=%llu ", key, (unsigned long long)value);
}

void connector_status_flag(struct connector_status *out, const char *key, bool value)
{
	buf_printf(&out->text, "%s=%s ", key, value ? "true" : "false");
}

void connector_status_item(struct connector_status *out, const char *key)
{
	buf_printf(&out->text, "%s[ ", key);
}

void connector_status_end(struct connector_status *out)
{
	buf_str(&out->text, "] ");
}

void host_status(const struct connector_host *h, char *out, size_t size)
{
	struct connector_status status;

	buf_init(&status.text, 1U << 16);
	if (h->ops->status)
		h->ops->status(h->self, &status);
	snprintf(out, size, "%.*s", SPAN_FMT(buf_span(&status.text)));
	buf_fini(&status.text);
}

/* ---- what it gives ---- */

const char *connector_channel(const struct connector_host *h)
{
	return h->name;
}

const struct logger *connector_log(const struct connector_host *h)
{
	return &h->log;
}

struct io_loop *connector_loop(const struct connector_host *h)
{
	return h->loop;
}

struct http_server *connector_http(const struct connector_host *h)
{
	return h->http;
}

struct http_client *connector_http_client(const struct connector_host *h)
{
	return h->http_client;
}

uint64_t connector_drain_ms(const struct connector_host *h)
{
	return h->drain_ms;
}

struct span connector_signature(const struct connector_host *h, struct span lang)
{
	(void)h;
	return span_is(lang, "zh") ? SPAN_LIT("【测试】") : SPAN_LIT("[Test] ");
}

const char *connector_assets(const struct connector_host *h)
{
	return h->assets;
}

/* ---- the channel ---- */

static void print_error(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static int bind_section(struct connector_host *h, const char *yaml, struct yaml_errors *errors)
{
	struct yaml_doc *doc;
	int err = yaml_parse(span_of(yaml), errors, &doc);

	if (err)
		return err;
	err = config_bind(h->ops->config, yaml_root(doc), errors, h->cfg);
	yaml_doc_free(&doc);
	return err;
}

int host_open(struct connector_host *h, const struct connector_ops *ops, const char *yaml,
              struct io_loop *loop)
{
	struct yaml_errors errors = {.told = print_error, .file = "section"};
	int err;

	h->loop = loop;
	h->ops = ops;
	h->name = h->name ? h->name : "test";
	h->log = (struct logger){NULL, "channel", h->name};
	h->drain_ms = h->drain_ms ? h->drain_ms : 1000;
	h->durable = true;
	h->later = (struct io_later){.fn = on_later, .arg = h};
	h->self = calloc(1, ops->self_size ? ops->self_size : 1);
	h->cfg = calloc(1, ops->config_size ? ops->config_size : 1);
	if (!h->self || !h->cfg)
		return -ENOMEM;
	err = bind_section(h, yaml, &errors);
	return err ? err : ops->init(h->self, h, h->cfg, &errors, 1);
}

static void free_told(struct connector_host *h)
{
	for (size_t i = 0; i < h->received_count; i++)
		message_unref(&h->received[i]);
	for (size_t i = 0; i < h->result_count; i++)
		message_unref(&h->results[i].message);
	h->received_count = h->result_count = 0;
}

void host_close(struct connector_host *h)
{
	io_later_cancel(h->loop, &h->later);
	host_settle(h, -ECANCELED);
	if (h->self)
		h->ops->fini(h->self);
	free_told(h);
	host_parts_free(h);
	host_values_free(h);
	if (h->cfg)
		config_free(h->ops->config, h->cfg);
	free(h->self);
	free(h->cfg);
	h->self = h->cfg = NULL;
}

int host_send_like(struct connector_host *h, const struct message *like)
{
	struct message all = *like;
	struct message *m;
	int err;

	all.direction = MESSAGE_OUT;
	all.channel = span_of(h->name);
	all.author = SPAN_LIT("agent:mei");
	all.ts_ms = clock_wall_ms(io_loop_clock(h->loop));
	m = message_create(&all);
	err = m ? h->ops->send(h->self, &m) : -ENOMEM;
	message_unref(&m);
	return err;
}

int host_send(struct connector_host *h, const char *address, const char *text)
{
	const struct message like = {.address = span_of(address), .text = span_of(text)};

	return host_send_like(h, &like);
}

/* ---- time ---- */

enum { TICK_MS = 5, TICKS_LEAST = 4, LATE_MS = 5000 };

/* It ends a turn of the loop. That some passed says that what came meanwhile was looked at. */
static void on_tick(void *arg)
{
	++*(uint64_t *)arg;
}

bool host_until(struct io_loop *loop, bool (*fn)(void *arg), void *arg, uint64_t ms)
{
	const struct clock *clock = io_loop_clock(loop);
	uint64_t end = clock_mono_ms(clock) + ms, ticks = 0;
	uint64_t least = ms / TICK_MS < TICKS_LEAST ? ms / TICK_MS : TICKS_LEAST;
	struct io_timer *tick;
	bool is = fn(arg);

	if (io_timer_create(loop, "test.tick", on_tick, &ticks, &tick))
		return is;
	io_timer_start(tick, TICK_MS, TICK_MS);
	while (!is && (clock_mono_ms(clock) < end || ticks < least)) {
		io_loop_turn(loop);
		is = fn(arg);
	}
	io_timer_destroy(&tick);
	return is;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void host_pass(struct io_loop *loop, uint64_t ms)
{
	host_until(loop, never, NULL, ms);
}

void host_turn(struct io_loop *loop)
{
	struct io_timer *tick;
	uint64_t ticks = 0;

	if (io_timer_create(loop, "test.tick", on_tick, &ticks, &tick))
		return;
	io_timer_start(tick, TICK_MS, 0);
	io_loop_turn(loop);
	io_timer_destroy(&tick);
}

uint64_t host_deadline(const struct io_loop *loop)
{
	return clock_mono_ms(io_loop_clock(loop)) + LATE_MS;
}

bool host_is_late(const struct io_loop *loop, uint64_t deadline)
{
	return clock_mono_ms(io_loop_clock(loop)) > deadline;
}
