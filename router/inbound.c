/*
 * What a connector received: a message goes into its conversation with all that follows from it,
 * in one function call. The likely answer is worked out here and offered with the call; the
 * function decides by the session's state whether it is said. Acknowledged last: done is called
 * when the message, its answer and, where a person is wanted, its place in the queue are durable.
 */
#include "matcher_calibration.h"
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { BOT_ROUNDS = 3 };

/* A message on its way into Redis. */
struct inbound {
	struct connector_host *host;
	struct message *message;
	struct bot_turn turn;      /* what the bot would say */
	char state[BOT_STATE_MAX]; /* what its turn before left, as far as known here */
	unsigned rounds;           /* how often that was wrong */
	bool verified;             /* the customer is known as who they are, as far as known here */
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t unsure; /* its name among what may come again; 0: it has none */
	bool looked;     /* there, for what it is again: */
	struct unsure_try again;
	char intent[2]; /* what the bot would do, see receive.lua */
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
	message_unref(&in->turn.reply);
	free(in);
	done(arg, err);
}

static void on_offered(void *arg, int err)
{
	inbound_end(arg, err);
}

/* --- What to say ---------------------------------------------------------------------------- */

/* ph2_receive's letter for it. */
static char intent_of(const struct bot_turn *turn)
{
	static const char letters[BOT_DIDS] = {
		[BOT_NOTHING] = 'n', [BOT_ANSWERED] = 'a', [BOT_CHOSEN] = 'a', [BOT_MENU] = 's',
		[BOT_ASKED] = 's',   [BOT_DROPPED] = 'd',  [BOT_HUMAN] = 'h'};

	if (turn->secret)
		return 'w';
	if (turn->why == BOT_WHY_VERIFY)
		return 'v';
	return letters[turn->did];
}

/* And for what the text is to what was said before it. */
static const char *after_of(const struct bot_turn *turn)
{
	static const char *const letters[] = {
		[BOT_AFTER_OTHER] = "o",  [BOT_AFTER_CHOICE] = "c", [BOT_AFTER_VALUE] = "v",
		[BOT_AFTER_THANKS] = "t", [BOT_AFTER_DROP] = "d",   [BOT_AFTER_PERSON] = "p"};

	return letters[turn->after];
}

/* Where a session goes that wants a person. */
static struct span queue_of(const struct inbound *in)
{
	struct span queue = code_queue(in->host, in->message->local);

	return queue.len ? queue : span_of(in->host->router->default_queue);
}

static void decide(struct inbound *in)
{
	struct router *r = in->host->router;
	const struct bot bot = {.ops = in->host->ops,
	                        .self = in->host->self,
	                        .catalogue = r->catalogue,
	                        .memo = r->memo,
	                        .scratch = r->scratch,
	                        .now_ms = router_now(r),
	                        .verified = in->verified,
	                        .desk = desk_outlook(r, queue_of(in)),
	                        .opens_min = r->options.opens_min,
	                        .closes_min = r->options.closes_min};

	message_unref(&in->turn.reply);
	bot_turn(&bot, in->message, in->rounds < BOT_ROUNDS ? span_of(in->state) : SPAN_NONE,
	         &in->turn);
	in->intent[0] = intent_of(&in->turn);
}

/* --- What the function did ------------------------------------------------------------------- */

/* The words of an answer of ph2_receive. */
struct receive_words {
	bool again, other_state;
	uint64_t seq, reply_seq, waiting_since;
	struct span state, how, session, queue;
};

/* The reply is this node's to send, now: give it its number and hand it to the connector. */
static void send_reply(struct inbound *in, const struct message *said,
                       const struct receive_words *w)
{
	char code[ROUTER_CODE_SIZE];
	uint64_t session = 0;
	struct message like = *said;
	struct message *m;

	if (span_u64(w->session, &session))
		session = 0;
	like.seq = w->reply_seq;
	like.address = in->message->address;
	like.conversation = span_of(in->conversation);
	like.local = in->message->local;
	like.extension = code_for(in->host, like.local, session, w->queue, code);
	like.reply_to = in->message->cid;
	m = message_create(&like);
	if (m)
		outbound_send(in->host, &m);
}

/* A reply whose first try is of uncertain fate comes back from the log. */
static void send_again(struct inbound *in, const redisReply *reply, const struct receive_words *w)
{
	struct log_entry entry;

	if (log_decode(w->reply_seq, redis_text_at(reply, 1), &entry) || !entry.event.message)
		return;
	entry.message.claim = redis_num_at(reply, 2);
	send_reply(in, &entry.message, w);
}

/* What the bot said is judged by what the customer does next: back on the same matter, it was no
 * answer. what: "KIND LETTER SAME", see receive.lua. */
static void count_after(struct inbound *in, struct span what)
{
	struct span rest, kind = span_split(what, ' ', &rest);
	struct span letter = span_split(rest, ' ', &rest);
	const char *did = letter.len == 1 ? log_after_name(letter.ptr[0]) : NULL;

	if (did && span_is(kind, "a"))
		++*metric_get(METRIC_COUNTER, "posthouse_after_answer_total",
		              "What customers did next after an automatic answer", "did", did);
	else if (did)
		++*metric_get(METRIC_COUNTER, "posthouse_after_menu_total",
		              "What customers did next after a menu or a question back", "did",
		              did);
	if (span_is(rest, "1"))
		++*in->host->count.returned;
}

static void tell_unanswered(struct inbound *in, struct span text)
{
	struct router *r = in->host->router;
	const struct router_unanswered u = {
		.text = text,
		.lang = span_of(language_name(in->turn.language)),
		.conversation = span_of(in->conversation),
		.seq = in->message->seq,
		.address = in->message->address,
		.channel = span_of(in->host->name),
		.nearest = span_of(in->turn.matter),
		.confidence = in->turn.confidence,
	};

	if (r->unanswered && text.len)
		r->unanswered(r->unanswered_arg, &u);
}

static void count_bot(struct inbound *in)
{
	struct outlet_counters *count = &in->host->count;
	uint64_t *const counts[BOT_DIDS] = {
		NULL, count->answered, count->chosen, count->menus, count->asked, NULL, NULL};

	if (counts[in->turn.did])
		++*counts[in->turn.did];
}

/* Nothing answers it. A handover that is merely likely counts as well: a catalogue that has one for
 * whatever is none of its business would show nobody what customers ask beside it. */
static bool is_unanswered(const struct inbound *in)
{
	const struct matcher *m = catalogue_matcher(in->host->router->catalogue);

	if (!in->turn.question)
		return false;
	if (in->turn.why == BOT_WHY_HANDOVER)
		return m && in->turn.confidence < matcher_calibration(m)->zones.answer;
	return in->turn.why == BOT_WHY_UNSURE || in->turn.why == BOT_WHY_TWICE;
}

static void count_new(struct inbound *in, struct span state)
{
	struct outlet_counters *count = &in->host->count;

	++*count->received;
	if (span_is(state, "bot"))
		count_bot(in);
	if (in->turn.did != BOT_HUMAN || !span_is(state, "queued"))
		return;
	++*count->handed_over;
	desk_waits(in->host->router, queue_of(in));
	tell_unanswered(in, span_of(in->turn.missed));
	if (is_unanswered(in))
		tell_unanswered(in, in->message->text);
}

static struct receive_words read_words(struct span text)
{
	struct span rest = text;
	struct span what = span_split(rest, ' ', &rest);
	struct receive_words w = {.again = span_is(what, "d"), .other_state = span_is(what, "b")};

	w.seq = next_num(&rest);
	w.state = span_split(rest, ' ', &rest);
	w.reply_seq = next_num(&rest);
	w.how = span_split(rest, ' ', &rest);
	w.session = span_split(rest, ' ', &rest);
	w.waiting_since = next_num(&rest);
	w.queue = rest;
	return w;
}

/* What is left to do for the reply: to send it, or to look into its lane. */
static void follow_reply(struct inbound *in, const struct receive_words *w, const redisReply *reply)
{
	if (span_is(w->how, "c") && w->again)
		send_again(in, reply, w);
	else if (span_is(w->how, "c") && in->turn.reply)
		send_reply(in, in->turn.reply, w);
	else if (span_is(w->how, "l"))
		outbound_dirty(in->host, router_partition_of(span_of(in->conversation)),
		               LANE_REPLY);
}

static int receive(struct inbound *in);

/* The bot had said something that this node did not know of, or the customer is verified, or not
 * any more: its turn is worked out anew. */
static void decide_again(struct inbound *in, const struct receive_words *w)
{
	in->rounds++;
	if (span_is(w->state, "verified") || span_is(w->state, "unverified"))
		in->verified = span_is(w->state, "verified");
	snprintf(in->state, sizeof(in->state), "%.*s", SPAN_FMT(w->queue));
	if (receive(in))
		inbound_end(in, -EAGAIN);
}

/* It may be kept by now; where it came again already, under either of two names. */
static void may_come_again(struct inbound *in)
{
	if (!in->unsure)
		return;
	if (!in->again.since_ms) {
		unsure_add(in->host, in->unsure, in->message->ts_ms, in->message->cid);
		return;
	}
	in->again.cid[0] = '\0';
	unsure_put_back(in->host, in->unsure, &in->again);
}

static void on_received(void *arg, int err, const redisReply *reply, const char *why)
{
	struct inbound *in = arg;
	struct connector_host *host = in->host;
	bool alone = reply && reply->type != REDIS_REPLY_ARRAY;
	struct receive_words w;

	if (err) {
		log_warn(&host->log, EVENT("router.receive_failed"), ERR(err), STR("why", why));
		may_come_again(in);
		inbound_end(in, -EAGAIN);
		return;
	}
	w = read_words(redis_text(alone ? reply : redis_at(reply, 0)));
	if (w.other_state) {
		decide_again(in, &w);
		return;
	}
	in->message->seq = w.seq;
	if (w.again)
		++*host->count.repeated;
	else
		count_new(in, w.state);
	if (!w.again && !alone)
		count_after(in, redis_text_at(reply, 2));
	follow_reply(in, &w, reply);
	router_hint(host->router, span_of(in->conversation), w.seq);
	if (span_is(w.state, "queued") && (w.again || in->turn.did == BOT_HUMAN))
		desk_offer(host->router, span_of(in->conversation), w.session, w.queue,
		           w.waiting_since, on_offered, in);
	else
		inbound_end(in, 0);
}

/* The order is documented with receive_one() in receive.lua. */
static void pack_inbound(struct inbound *in, struct buf *b)
{
	struct connector_host *host = in->host;
	const struct message *m = in->message;
	char word[ROUTER_WORD_MAX];

	pack_array(b, 21);
	pack_text(b, span_of(in->conversation));
	router_pack_who(b, m, in->turn.reply ? in->turn.reply->lang : m->lang);
	pack_text(b, m->channel);
	pack_text(b, router_word(m->dup_key, word));
	pack_text(b, router_word(m->dup_epoch, word));
	pack_num(b, m->dup_after_ms);
	pack_num(b, m->grant_count);
	pack_num(b, m->grant_until_ms);
	pack_text(b, span_of(in->intent));
	pack_text(b, span_of(router_how(host, true)));
	pack_num(b, host->ops->caps.replies_limited);
	pack_num(b, in->turn.reply ? (uint64_t)in->turn.reply->on_uncertain : UNCERTAIN_HOLD);
	router_pack_entry(host->router, b, m, SPAN_NONE);
	if (in->turn.reply)
		router_pack_entry(host->router, b, in->turn.reply, SPAN_NONE);
	else
		pack_text(b, SPAN_NONE);
	pack_text(b, code_queue(host, m->local));
	pack_text(b, in->rounds < BOT_ROUNDS ? span_of(in->state) : SPAN_LIT("*"));
	pack_text(b, span_of(in->turn.next));
	pack_text(b, span_of(in->turn.matter));
	pack_text(b, span_of(after_of(&in->turn)));
	pack_num(b, in->again.since_ms);
	pack_text(b, span_of(in->again.cid));
}

void inbound_common(void *arg, struct buf *b)
{
	const struct router *r = arg;

	pack_array(b, 7);
	pack_num(b, router_now(r));
	pack_text(b, span_of(r->instance));
	pack_text(b, span_of(r->default_queue));
	pack_num(b, r->options.bot_idle_ms);
	pack_num(b, r->options.retention_ms / 1000);
	pack_num(b, r->options.log_max);
	pack_num(b, r->options.outbox);
}

static int receive(struct inbound *in)
{
	struct batch *batch = in->host->router->receives;
	unsigned partition = router_partition_of(span_of(in->conversation));

	int err;

	if (in->unsure && !in->looked)
		unsure_take(in->host, in->unsure, in->message->ts_ms, &in->again);
	in->looked = true;
	outbound_waited_for(in->host->router);
	decide(in);
	pack_inbound(in, batch_item(batch, partition));
	err = batch_add(batch, partition, on_received, in);
	if (err && in->again.since_ms) /* it did not reach Redis */
		unsure_put_back(in->host, in->unsure, &in->again);
	return err;
}

/* From somebody whom we do not serve: acknowledged, or it would come again and again, and gone. */
static void on_dropped(void *arg)
{
	struct inbound *in = arg;

	inbound_end(in, 0);
}

/* --- What completes an earlier message ------------------------------------------------------- */

/* {none} or {dup|new, seq of the message, seq of the edit}. */
static void on_mended(void *arg, int err, const redisReply *reply, const char *why)
{
	struct inbound *in = arg;
	struct span what = redis_text_at(reply, 0);

	if (err) {
		log_warn(&in->host->log, EVENT("router.mend_failed"), ERR(err), STR("why", why));
		inbound_end(in, -EAGAIN);
	} else if (span_is(what, "none")) {
		/* Nobody knows the first: then this is it. */
		if (receive(in))
			inbound_end(in, -EAGAIN);
	} else {
		in->message->seq = redis_num_at(reply, 1);
		router_hint(in->host->router, span_of(in->conversation), redis_num_at(reply, 2));
		inbound_end(in, 0);
	}
}

static int mend(struct inbound *in)
{
	struct router *r = in->host->router;
	struct fcall_args *a = router_args(r);
	const struct message *m = in->message;
	char word[ROUTER_WORD_MAX];

	args_add(a, span_of(in->conversation));
	args_add(a, router_word(m->dup_key, word));
	args_num(a, router_now(r));
	args_num(a, m->ts_ms);
	args_num(a, m->mends);
	args_num(a, r->options.log_max);
	args_num(a, r->options.outbox);
	buf_clear(&r->entry);
	log_encode_fields(&r->entry, m, SPAN_NONE);
	args_add(a, buf_span(&r->entry));
	return router_fcall(r, "ph2_mend", router_part(span_of(in->conversation)), on_mended, in);
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
	if (in->message->dup_key.len && in->message->dup_epoch.len)
		in->unsure = hash_octets(in->message->dup_key.ptr, in->message->dup_key.len);
	if (in->message->mends ? mend(in) : receive(in))
		inbound_end(in, -EAGAIN);
}
