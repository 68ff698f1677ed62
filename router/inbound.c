/*
 * What a connector received: a message goes into its conversation with all that follows from it,
 * in one function call. The likely answer is worked out here and offered with the call; the
 * function decides by the session's state whether it is said. Acknowledged last: done is called
 * when the message, its answer and, where a person is wanted, its place in the queue are durable.
 */
#include "router_private.h"

#include <stdlib.h>

/* A message on its way into Redis. */
struct inbound {
	struct connector_host *host;
	struct message *message;
	struct message *reply; /* what the bot would say; NULL: nothing */
	char conversation[CONVERSATION_ID_LEN + 1];
	char intent[2]; /* a answer, h hand over, n nothing to say */
	uint64_t began_us;
	done_fn *done;
	void *arg;
	struct io_later dropped;
};

static void inbound_end(struct inbound *in, int err)
{
	done_fn *done = in->done;
	void *arg = in->arg;
	const struct clock *clock = io_loop_clock(in->host->router->loop);

	if (!err)
		histogram_add_us(in->host->durable_us, clock_mono_us(clock) - in->began_us);
	message_unref(&in->message);
	message_unref(&in->reply);
	free(in);
	done(arg, err);
}

static void on_offered(void *arg, int err)
{
	inbound_end(arg, err);
}

/* --- What to say ---------------------------------------------------------------------------- */

static enum language language_of(struct span lang)
{
	enum language language;

	return language_parse(lang, &language) ? LANGUAGE_UNKNOWN : language;
}

/* The reply to m from a template; NULL when it cannot be said without more. */
static struct message *reply_from(struct router *r, const struct message *m,
                                  const struct template *t, enum language language)
{
	struct render_order order = {.language = language,
	                             .medium = medium_of(address_scheme(m->address))};
	struct message like = {
		.direction = MESSAGE_OUT,
		.kind = MESSAGE_TEXT,
		.lane = LANE_REPLY,
		.on_uncertain =
			UNCERTAIN_HOLD, /* the customer's retry settles it: see received_again */
		.status = STATUS_QUEUED,
		.ts_ms = router_now(r),
		.address = m->address,
		.channel = m->channel,
		.local = m->local,
		.author = SPAN_LIT("bot"),
		.template_id = t->id,
		.lang = span_of(language_name(language)),
		.reply_to = m->cid,
	};
	struct span culprit = SPAN_NONE;
	struct message *reply = NULL;
	struct buf text;

	buf_init(&text, CATALOGUE_WORDING_SIZE_MAX);
	if (template_render(t, &order, &text, &culprit) == 0) {
		like.text = buf_span(&text);
		reply = message_create(&like);
	}
	buf_fini(&text);
	return reply;
}

static struct message *reply_system(struct router *r, const struct message *m, const char *id,
                                    enum language language)
{
	const struct template *t = r->catalogue ? catalogue_find(r->catalogue, span_of(id)) : NULL;

	return t ? reply_from(r, m, t, language) : NULL;
}

static void hand_over(struct inbound *in, enum language language)
{
	in->intent[0] = 'h';
	in->reply = reply_system(in->host->router, in->message, "system.handover", language);
}

static void decide(struct inbound *in)
{
	struct router *r = in->host->router;
	const struct message *m = in->message;
	enum language language = language_of(m->lang);
	struct match match;

	in->intent[0] = 'n';
	if (m->kind == MESSAGE_EVENT)
		return;
	if (m->kind != MESSAGE_TEXT || !r->catalogue || m->marks & MARK_INCOMPLETE) {
		hand_over(in, language);
		return;
	}
	catalogue_match(r->catalogue, r->scratch, m->text, language, &match);
	if (match.intent == MATCH_QUESTION && match.zone == MATCH_ANSWER && match.count &&
	    !match.best[0].answer->needs_verified)
		in->reply = reply_from(r, m, match.best[0].answer, match.language);
	if (in->reply)
		in->intent[0] = 'a';
	else
		hand_over(in, match.language);
}

/* --- What the function did ------------------------------------------------------------------- */

/* The reply is this node's to send, now: give it its number and hand it to the connector. */
static void send_reply(struct inbound *in, const struct message *said, uint64_t seq)
{
	struct message like = *said;
	struct message *m;

	like.seq = seq;
	like.address = in->message->address;
	like.local = in->message->local;
	like.reply_to = in->message->cid;
	m = message_create(&like);
	if (m)
		outbound_send(in->host, &m);
}

/* A reply whose first try is of uncertain fate comes back from the log. */
static void send_again(struct inbound *in, const redisReply *fields, uint64_t seq)
{
	struct log_entry entry;

	if (log_decode_fields(seq, fields, &entry) == 0 && entry.event.message)
		send_reply(in, &entry.message, seq);
}

static void count_new(struct inbound *in, struct span state)
{
	struct outlet_counters *count = &in->host->count;

	++*count->received;
	if (in->intent[0] == 'a' && span_is(state, "bot"))
		++*count->answered;
	if (in->intent[0] == 'h' && span_is(state, "queued"))
		++*count->handed_over;
}

static void on_received(void *arg, int err, const redisReply *reply, const char *why)
{
	struct inbound *in = arg;
	struct connector_host *host = in->host;
	struct span how = reply_span(reply_at(reply, 4));
	struct span state = reply_span(reply_at(reply, 2));
	uint64_t seq = reply_num(reply_at(reply, 3));
	bool again = span_is(reply_span(reply_at(reply, 0)), "dup");

	if (err) {
		log_warn(&host->log, EVENT("router.receive_failed"), ERR(err), STR("why", why));
		inbound_end(in, -EAGAIN);
		return;
	}
	in->message->seq = reply_num(reply_at(reply, 1));
	if (again)
		++*host->count.repeated;
	else
		count_new(in, state);
	if (span_is(how, "c") && again)
		send_again(in, reply_at(reply, 9), seq);
	else if (span_is(how, "c") && in->reply)
		send_reply(in, in->reply, seq);
	else if (span_is(how, "l"))
		outbound_dirty(host, router_partition_of(span_of(in->conversation)), LANE_REPLY);
	router_hint(host->router, span_of(in->conversation), reply_num(reply_at(reply, 1)));
	if (span_is(state, "queued") && (again || in->intent[0] == 'h'))
		desk_offer(host->router, span_of(in->conversation), reply_span(reply_at(reply, 5)),
		           reply_span(reply_at(reply, 6)), reply_num(reply_at(reply, 7)),
		           on_offered, in);
	else
		inbound_end(in, 0);
}

/* The arguments of ph_receive, in the order that conversation.lua documents. */
static void receive_args(struct inbound *in, struct fcall_args *a)
{
	struct connector_host *host = in->host;
	struct router *r = host->router;
	const struct message *m = in->message;
	size_t fields, first;

	args_add(a, span_of(in->conversation));
	args_num(a, router_now(r));
	args_add(a, m->address);
	args_add(a, m->channel);
	args_add(a, m->local);
	args_add(a, m->dup_key);
	args_add(a, m->dup_epoch);
	args_num(a, m->dup_after_ms);
	args_num(a, DUPLICATE_TTL_MS);
	args_num(a, m->grant_count);
	args_num(a, m->grant_until_ms);
	args_add(a, span_of(in->intent));
	args_add(a, span_of(r->default_queue));
	args_add(a, span_of(router_how(host, true)));
	args_add(a, span_of(r->instance));
	args_num(a, host->ops->caps.replies_limited);
	args_num(a, in->reply ? (uint64_t)in->reply->on_uncertain : 1);
	args_num(a, r->options.bot_idle_ms);
	args_num(a, r->options.retention_ms / 1000);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_add(a, utf8_cut(m->text, LAST_TEXT_MAX));
	args_add(a, in->reply ? in->reply->lang : m->lang);
	fields = args_slot(a);
	first = a->count;
	log_encode_message(a, m, SPAN_NONE);
	args_set_num(a, fields, a->count - first);
	if (in->reply)
		log_encode_message(a, in->reply, SPAN_NONE);
}

static int receive(struct inbound *in)
{
	struct fcall_args *a = router_args(in->host->router);

	decide(in);
	receive_args(in, a);
	return router_fcall(in->host->router, "ph_receive", router_part(span_of(in->conversation)),
	                    on_received, in);
}

/* From somebody whom we do not serve: acknowledged, or it would come again and again, and gone. */
static void on_dropped(void *arg)
{
	struct inbound *in = arg;

	inbound_end(in, 0);
}

/* --- What completes an earlier message ------------------------------------------------------- */

static void on_mended(void *arg, int err, const redisReply *reply, const char *why)
{
	struct inbound *in = arg;
	struct span what = reply_span(reply_at(reply, 0));

	if (err) {
		log_warn(&in->host->log, EVENT("router.mend_failed"), ERR(err), STR("why", why));
		inbound_end(in, -EAGAIN);
	} else if (span_is(what, "none")) {
		/* Nobody knows the first: then this is it. */
		if (receive(in))
			inbound_end(in, -EAGAIN);
	} else {
		in->message->seq = reply_num(reply_at(reply, 1));
		router_hint(in->host->router, span_of(in->conversation),
		            reply_num(reply_at(reply, 2)));
		inbound_end(in, 0);
	}
}

static int mend(struct inbound *in)
{
	struct router *r = in->host->router;
	struct fcall_args *a = router_args(r);
	const struct message *m = in->message;

	args_add(a, span_of(in->conversation));
	args_add(a, m->dup_key);
	args_num(a, DUPLICATE_TTL_MS);
	args_num(a, m->mends);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	args_add(a, utf8_cut(m->text, LAST_TEXT_MAX));
	log_encode_edit(a, m);
	return router_fcall(r, "ph_mend", router_part(span_of(in->conversation)), on_mended, in);
}

void connector_received(struct connector_host *host, struct message **msg, done_fn *done, void *arg)
{
	struct inbound *in = host->router->up ? calloc(1, sizeof(*in)) : NULL;

	if (!in) {
		message_unref(msg);
		done(arg, -EAGAIN);
		return;
	}
	*in = (struct inbound){
		.host = host,
		.message = *msg,
		.began_us = clock_mono_us(io_loop_clock(host->router->loop)),
		.done = done,
		.arg = arg,
	};
	*msg = NULL;
	if (list_refuses(host->router, span_of(host->name), in->message->address)) {
		++*host->route.dropped_listed;
		in->dropped = (struct io_later){.fn = on_dropped, .arg = in};
		io_later(host->router->loop, &in->dropped);
		return;
	}
	router_conversation_id(in->message->address, in->conversation);
	if (in->message->mends ? mend(in) : receive(in))
		inbound_end(in, -EAGAIN);
}
