/*
 * From a webhook's stream to its receiver. What fails is tried again with growing delays, the same
 * body and id; what succeeds, or is too old, leaves the stream. A receiver that fails one event
 * still gets the others.
 */
#include "webhook_private.h"

#include "digest.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 4096 };

void webhook_more(struct webhook *hook)
{
	hook->more = true;
}

static void delivery_free(struct delivery *d)
{
	free(d->content);
	free(d);
}

static void unlink_delivery(struct webhook *hook, struct delivery *d)
{
	struct delivery **at = &hook->first;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
	hook->held--;
}

/* Out of the stream and out of memory. */
static void settle(struct delivery *d)
{
	struct webhook *hook = d->hook;
	const struct span argv[] = {SPAN_LIT("XDEL"), span_of(hook->key), span_of(d->stream_id)};
	int err = redis_command(hook->all->options.redis, ARRAY_LEN(argv), argv, NULL, NULL);

	(void)err; /* it is sent again after a restart, with the same id */
	if (!d->abandoned)
		unlink_delivery(hook, d);
	delivery_free(d);
}

void webhook_forget(struct webhook *hook)
{
	while (hook->first) {
		struct delivery *d = hook->first;

		hook->first = d->next;
		if (d->under_way)
			d->abandoned = true;
		else
			delivery_free(d);
	}
	hook->held = 0;
	hook->last[0] = '\0';
}

static uint64_t now_ms(const struct webhook *hook)
{
	return clock_mono_ms(io_loop_clock(hook->all->options.loop));
}

/* Up to a fifth more, so that what failed together is not tried together. */
static uint64_t with_jitter(uint64_t delay_ms)
{
	uint32_t random;

	digest_random(&random, sizeof(random));
	return delay_ms + random % (delay_ms / 5 + 1);
}

static void fail(struct delivery *d, const struct http_client_answer *answer)
{
	struct webhook *hook = d->hook;
	const struct webhook_options *o = &hook->all->options;
	uint64_t age_ms = clock_wall_ms(io_loop_clock(o->loop)) - d->made_ms;
	uint64_t delay_ms = with_jitter(webhook_delay_ms(++d->failures));

	++*hook->failed;
	hook->down = answer->err || answer->status >= 500;
	if (age_ms > hook->target.give_up_ms) {
		webhook_lost(hook, 1);
		settle(d);
		return;
	}
	log_warn(o->log, EVENT("webhook.failed"), STR("webhook", hook->target.name),
	         ERR(answer->err), NUM("status", answer->status), NUM("failures", d->failures),
	         NUM("again_in_ms", delay_ms));
	d->try_at_ms = now_ms(hook) + delay_ms;
}

/* It is back: what waits because of that need not wait out its delay. */
static void recover(struct webhook *hook)
{
	if (!hook->down)
		return;
	hook->down = false;
	for (struct delivery *d = hook->first; d; d = d->next)
		d->try_at_ms = 0;
}

static void on_answer(void *arg, const struct http_client_answer *answer)
{
	struct delivery *d = arg;
	struct webhook *hook = d->hook;

	d->under_way = false;
	hook->under_way--;
	if (!answer->err && answer->status >= 200 && answer->status < 300) {
		++*hook->delivered;
		settle(d);
		recover(hook);
	} else if (d->abandoned) {
		delivery_free(d);
	} else if (answer->err != -ECANCELED) {
		fail(d, answer);
	}
	if (!hook->all->stopped)
		webhook_deliver(hook);
}

static int post(struct delivery *d)
{
	struct webhook *hook = d->hook;
	const struct webhook_options *o = &hook->all->options;
	char signature[WEBHOOK_SIGNATURE_SIZE], timestamp[24];
	char signed_by[WEBHOOK_SIGNATURE_SIZE + 32], sent_at[64];
	const char *const headers[] = {"Content-Type: application/cloudevents+json",
	                               "User-Agent: posthouse", signed_by, sent_at, NULL};
	const struct http_client_request request = {
		.method = "POST",
		.url = hook->target.url,
		.headers = headers,
		.body = {d->content, d->len},
		.timeout_ms = hook->target.timeout_ms,
		.answer_max = ANSWER_MAX,
		.public_only = !hook->target.allow_private
        };

	snprintf(timestamp, sizeof(timestamp), "%llu",
	         (unsigned long long)(clock_wall_ms(io_loop_clock(o->loop)) / 1000));
	webhook_sign(span_of(hook->target.secret), span_of(timestamp), request.body, signature);
	snprintf(signed_by, sizeof(signed_by), "X-Posthouse-Signature: %s", signature);
	snprintf(sent_at, sizeof(sent_at), "X-Posthouse-Timestamp: %s", timestamp);
	return http_client_send(o->client, "webhook", &request, on_answer, d);
}

/* A report's URL says it all. */
static int call(struct delivery *d)
{
	static const char *const headers[] = {"User-Agent: posthouse", NULL};
	const struct http_client_request request = {.method = "GET",
	                                            .url = d->content,
	                                            .headers = headers,
	                                            .timeout_ms = d->hook->target.timeout_ms,
	                                            .answer_max = ANSWER_MAX,
	                                            .public_only = !d->hook->target.allow_private};

	return http_client_send(d->hook->all->options.client, "report", &request, on_answer, d);
}

static void send_due(struct webhook *hook)
{
	uint64_t now = now_ms(hook);

	for (struct delivery *d = hook->first; d && hook->under_way < hook->target.at_once;
	     d = d->next) {
		if (d->under_way || d->try_at_ms > now)
			continue;
		if (hook->target.user ? call(d) : post(d))
			break; /* the next tick tries again */
		d->under_way = true;
		hook->under_way++;
	}
}

/* A row of the stream: its id, and what is to be sent in its only field. */
static struct delivery *delivery_read(struct webhook *hook, const redisReply *row)
{
	struct span id = redis_text_at(row, 0), content = redis_text_at(redis_at(row, 1), 1), rest;
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->hook = hook;
	d->len = content.len;
	d->content = span_dup(content);
	snprintf(d->stream_id, sizeof(d->stream_id), "%.*s", SPAN_FMT(id));
	if (!d->content || span_u64(span_split(span_of(d->stream_id), '-', &rest), &d->made_ms)) {
		delivery_free(d);
		return NULL;
	}
	return d;
}

static void append(struct webhook *hook, struct delivery *d)
{
	struct delivery **at = &hook->first;

	while (*at)
		at = &(*at)->next;
	*at = d;
	hook->held++;
}

static void on_rows(void *arg, int err, const redisReply *reply, const char *why)
{
	struct webhook *hook = arg;

	(void)why;
	hook->loading = false;
	if (err || hook->all->stopped || !hook->all->ours) {
		hook->more = true;
		return;
	}
	for (size_t i = 0; i < reply->elements; i++) {
		struct delivery *d = delivery_read(hook, reply->element[i]);

		if (!d)
			continue;
		memcpy(hook->last, d->stream_id, sizeof(hook->last));
		append(hook, d);
	}
	if (reply->elements)
		hook->more = true; /* until a load finds nothing */
	send_due(hook);
}

static void load(struct webhook *hook)
{
	char from[WEBHOOK_STREAM_ID_SIZE + 1];
	struct span argv[] = {SPAN_LIT("XRANGE"), span_of(hook->key), SPAN_NONE,
	                      SPAN_LIT("+"),      SPAN_LIT("COUNT"),  SPAN_LIT("32")};

	if (!hook->more || hook->loading || hook->held > hook->target.window / 2)
		return;
	snprintf(from, sizeof(from), "%s%s", hook->last[0] ? "(" : "",
	         hook->last[0] ? hook->last : "-");
	argv[2] = span_of(from);
	hook->more = false;
	hook->loading =
		!redis_command(hook->all->options.redis, ARRAY_LEN(argv), argv, on_rows, hook);
	if (!hook->loading)
		hook->more = true;
}

void webhook_deliver(struct webhook *hook)
{
	load(hook);
	send_due(hook);
}
