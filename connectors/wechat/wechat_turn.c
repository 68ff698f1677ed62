/*
 * Turns by the message's cid. The order of things in a turn: a try comes, the host is told once, it
 * may reply, it says durable, every waiting try is answered, the answer has left (then the
 * reply is sent and cost nothing) or never will (then the API sends it). For a while after, the
 * reply is kept for a try that comes late because ours did not reach WeChat.
 * Source: docs/protocols/wechat.md, 5.
 */
#include "wechat_turn.h"

/* Without this uthash ends the process when there is no memory. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(turn) ((turn)->lost = true)
#include "hash.h"

#include "loop.h"
#include "metrics.h"
#include "wechat_api.h"
#include "wechat_reply.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <utlist.h>

enum {
	KEEP_MS = 20000, /* three tries of five seconds, and some */
	TRIES = 3,       /* of WeChat; who then hears no "success" is told that we are broken */
	KEPT_MOST = 4096,
	CID_MAX = 80,
	HTTP_OK = 200,
	HTTP_UNAVAILABLE = 503
};

/* A try that has no answer yet. */
struct waiting {
	struct waiting *next, *prev;
	struct wechat_turn *turn;
	struct http_request *request;
	const struct wechat_key *key;
	bool json, gone; /* gone: nobody listens any more */
	struct io_timer *deadline;
};

struct wechat_turn {
	struct wechat_turns *turns; /* NULL: they are gone, this waits for its callbacks only */
	UT_hash_handle hh;
	struct wechat_turn *next, *prev;
	int refs; /* one in the list, one for each callback under way */
	char cid[CID_MAX];
	char openid[WECHAT_OPENID_MAX + 1], account[WECHAT_OPENID_MAX + 1];
	struct waiting *waiting;
	struct message *reply;
	struct message *menu;   /* the reply went by the API, and nobody knows yet whether it may */
	bool barred;            /* the API has refused the reply: only a callback can say it */
	struct io_timer *again; /* runs while the reply waits for WeChat's next try */
	unsigned tries;
	bool lost;             /* no memory for it in the table */
	bool durable, settled; /* the host said so; the reply's outcome was told */
	unsigned leaving;      /* answers on their way */
	bool left;             /* one of them is out */
	struct io_timer *forget;
};

struct wechat_turns {
	struct wechat_turns_options o;
	struct wechat_turn *by_cid, *all;
	size_t kept;
	bool stopping;
	struct io_later later;
};

/* --- answers -------------------------------------------------------------------------------- */

static void count(const char *result)
{
	++*metric_get(METRIC_COUNTER, "posthouse_wechat_callbacks_total",
	              "Callbacks of WeChat, by what became of them", "result", result);
}

void wechat_answer_success(struct http_request *request)
{
	count("success");
	http_respond(request, HTTP_OK, "text/plain", SPAN_LIT("success"));
}

void wechat_answer_later(struct http_request *request)
{
	count("later");
	http_respond(request, HTTP_UNAVAILABLE, "text/plain", SPAN_NONE);
}

static uint64_t wall_ms(const struct wechat_turns *t)
{
	return clock_wall_ms(io_loop_clock(connector_loop(t->o.host)));
}

/* WeChat reads its answer with both sides open: one that ended its side does not wait any more. */
static bool listens(const struct waiting *w)
{
	return !w->gone && !w->json && !http_peer_ended(w->request);
}

/* The reply as this try wants it: sealed with the key that opened it, or plain. */
static int write_reply(const struct wechat_turn *turn, const struct waiting *w, struct buf *out)
{
	const struct wechat_turns *t = turn->turns;
	uint8_t random[WECHAT_SEALING_RANDOM];
	struct wechat_sealing sealing = {.key = w->key,
	                                 .appid = t->o.appid,
	                                 .token = t->o.token,
	                                 .now_ms = wall_ms(t),
	                                 .random = random};
	struct buf xml;
	int err;

	buf_init(&xml, WECHAT_REPLY_MAX);
	err = wechat_reply_write(turn->reply, span_of(turn->openid), span_of(turn->account),
	                         sealing.now_ms, &xml);
	if (!err && !w->key)
		buf_add(out, buf_span(&xml));
	else if (!err && RAND_bytes(random, sizeof(random)) != 1)
		err = -EIO;
	else if (!err)
		err = wechat_reply_seal(&sealing, buf_span(&xml), out);
	buf_fini(&xml);
	return err ? err : buf_check(out);
}

/* --- life ----------------------------------------------------------------------------------- */

static void unref(struct wechat_turn *turn)
{
	if (--turn->refs)
		return;
	message_unref(&turn->reply);
	message_unref(&turn->menu);
	free(turn);
}

static void free_waiting(struct wechat_turn *turn, struct waiting *w)
{
	DL_DELETE(turn->waiting, w);
	io_timer_destroy(&w->deadline);
	free(w);
}

static void on_later(void *arg)
{
	struct wechat_turns *t = arg;

	if (t->stopping && !t->all)
		t->o.on_empty(t->o.arg); /* t may be gone: nothing after this line */
}

/* Out of the books; callbacks that are under way find it detached. */
static void forget(struct wechat_turn *turn)
{
	struct wechat_turns *t = turn->turns;

	while (turn->waiting) {
		wechat_answer_later(turn->waiting->request);
		free_waiting(turn, turn->waiting);
	}
	if (turn->cid[0])
		HASH_DEL(t->by_cid, turn);
	if (turn->forget)
		t->kept--;
	io_timer_destroy(&turn->forget);
	io_timer_destroy(&turn->again);
	DL_DELETE(t->all, turn);
	turn->turns = NULL;
	if (t->stopping && !t->all)
		io_later(connector_loop(t->o.host), &t->later);
	unref(turn);
}

static void on_forget(void *arg)
{
	forget(arg);
}

/* Keeps the reply for a late try; else, or when there is no room for that, this was its end. */
static void keep(struct wechat_turn *turn)
{
	struct wechat_turns *t = turn->turns;

	if (!turn->left || t->stopping || t->kept >= KEPT_MOST ||
	    io_timer_create(connector_loop(t->o.host), "wechat.forget", on_forget, turn,
	                    &turn->forget)) {
		forget(turn);
		return;
	}
	t->kept++;
	io_timer_start(turn->forget, KEEP_MS, 0);
}

/* --- the reply's outcome -------------------------------------------------------------------- */

static void settle(struct wechat_turn *turn)
{
	struct wechat_turns *t = turn->turns;
	struct message *none = NULL;
	struct message *missed;

	turn->settled = true;
	io_timer_destroy(&turn->again);
	if (turn->left) {
		count("reply");
		connector_result(
			t->o.host, turn->reply,
			&(struct send_result){.outcome = SEND_OK, .flags = SEND_FREE, .parts = 1});
		wechat_sender_release(t->o.sender, span_of(turn->openid), &none);
	} else {
		missed = message_ref(turn->reply);
		wechat_sender_release(t->o.sender, span_of(turn->openid), &missed);
	}
	keep(turn);
}

static void on_no_try(void *arg)
{
	settle(arg);
}

/* Whether the reply, for which no try waits now, can be said in the next one. */
static bool await_try(struct wechat_turn *turn)
{
	struct wechat_turns *t = turn->turns;

	if (!turn->barred || turn->tries >= TRIES || t->stopping ||
	    io_timer_create(connector_loop(t->o.host), "wechat.next", on_no_try, turn,
	                    &turn->again))
		return false;
	io_timer_start(turn->again, 2 * t->o.answer_ms, 0);
	return true;
}

static void on_sent(void *arg, int err)
{
	struct wechat_turn *turn = arg;

	turn->leaving--;
	turn->left |= !err;
	if (turn->turns && !turn->leaving && !turn->settled)
		settle(turn);
	unref(turn);
}

/* Answers one try with the reply; false: with success, since the reply cannot be written. */
static bool answer_reply(struct wechat_turn *turn, struct waiting *w, bool watch)
{
	struct buf body;
	bool written;

	buf_init(&body, WECHAT_SEALED_MAX);
	written = listens(w) && write_reply(turn, w, &body) == 0;
	if (!written) {
		wechat_answer_success(w->request);
	} else {
		turn->refs += watch;
		turn->leaving += watch;
		http_respond_with(w->request, HTTP_OK, "text/xml; charset=utf-8", buf_span(&body),
		                  NULL, 0, watch ? on_sent : NULL, turn);
	}
	buf_fini(&body);
	return written;
}

static void answer_all(struct wechat_turn *turn)
{
	bool awaits = turn->reply && !turn->waiting && await_try(turn);

	/* So that a callback within the last answer's call does not settle before the others. */
	turn->leaving++;
	while (turn->waiting) {
		struct waiting *w = turn->waiting;

		if (turn->reply)
			answer_reply(turn, w, true);
		else
			wechat_answer_success(w->request);
		free_waiting(turn, w);
	}
	turn->leaving--;
	if (turn->reply && !turn->leaving && !awaits)
		settle(turn);
	else if (!turn->reply)
		forget(turn);
}

/* --- the host's word ------------------------------------------------------------------------ */

static void not_durable(struct wechat_turn *turn)
{
	struct wechat_turns *t = turn->turns;
	struct message *none = NULL;

	if (turn->reply) { /* it answered what nobody may know yet: it comes again with the retry */
		connector_result(t->o.host, turn->reply,
		                 &(struct send_result){.outcome = SEND_RETRY,
		                                       .parts = 1,
		                                       .code = "wechat.not_durable"});
		wechat_sender_release(t->o.sender, span_of(turn->openid), &none);
	}
	forget(turn);
}

static void on_durable(void *arg, int err)
{
	struct wechat_turn *turn = arg;

	if (turn->turns && err) {
		log_debug(connector_log(turn->turns->o.host), EVENT("wechat.not_durable"),
		          ERR(err));
		not_durable(turn);
	} else if (turn->turns) {
		turn->durable = true;
		if (!turn->menu)
			answer_all(turn);
	}
	unref(turn);
}

/* --- tries ---------------------------------------------------------------------------------- */

/* Not durable in time: WeChat must not hear "success", and tries again when it hears this. So it
 * does for a menu whose fate is unknown, but for the last time. */
static void on_deadline(void *arg)
{
	struct waiting *w = arg;

	count("deadline");
	if (w->turn->durable && w->turn->tries >= TRIES)
		wechat_answer_success(w->request);
	else
		wechat_answer_later(w->request);
	free_waiting(w->turn, w);
}

static void on_gone(void *arg)
{
	struct waiting *w = arg;

	w->gone = true;
}

static int wait_for_answer(struct wechat_turn *turn, const struct wechat_try *try)
{
	struct wechat_turns *t = turn->turns;
	struct waiting *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct waiting){
		.turn = turn, .request = try->request, .key = try->key, .json = try->json};
	err = io_timer_create(connector_loop(t->o.host), "wechat.deadline", on_deadline, w,
	                      &w->deadline);
	if (err) {
		free(w);
		return err;
	}
	io_timer_start(w->deadline, t->o.answer_ms, 0);
	http_on_gone(try->request, on_gone, w);
	DL_APPEND(turn->waiting, w);
	turn->tries++;
	return 0;
}

static struct wechat_turn *turn_create(struct wechat_turns *t, const struct wechat_try *try,
                                       const struct wechat_meant *meant)
{
	struct wechat_turn *turn = calloc(1, sizeof(*turn));
	struct span openid = wechat_address_openid(span_of(meant->address), t->o.appid);

	if (!turn)
		return NULL;
	turn->turns = t;
	turn->refs = 1;
	memcpy(turn->openid, openid.ptr, openid.len);
	if (try->account.len < sizeof(turn->account) && try->account.len)
		memcpy(turn->account, try->account.ptr, try->account.len);
	DL_APPEND(t->all, turn);
	if (wait_for_answer(turn, try)) {
		DL_DELETE(t->all, turn);
		free(turn);
		return NULL;
	}
	return turn;
}

/* Another try of a message that we know. */
static void again(struct wechat_turn *turn, const struct wechat_try *try)
{
	if (wait_for_answer(turn, try)) {
		wechat_answer_later(try->request);
	} else if (turn->again) {
		io_timer_destroy(&turn->again);
		answer_all(turn);
	} else if (turn->durable && !turn->menu) {
		struct waiting *w = turn->waiting->prev; /* the last */

		answer_reply(turn, w, false);
		free_waiting(turn, w);
	}
}

static struct wechat_turn *find(const struct wechat_turns *t, struct span cid)
{
	struct wechat_turn *turn = NULL;

	if (cid.len)
		HASH_FIND(hh, t->by_cid, cid.ptr, cid.len, turn);
	return turn;
}

/* False: there is no memory for it. */
static bool enter(struct wechat_turns *t, struct wechat_turn *turn, struct span cid)
{
	memcpy(turn->cid, cid.ptr, cid.len);
	HASH_ADD_KEYPTR(hh, t->by_cid, turn->cid, cid.len, turn);
	if (turn->lost)
		turn->cid[0] = '\0';
	return !turn->lost;
}

static void begin_message(struct wechat_turns *t, const struct wechat_try *try,
                          struct wechat_meant *meant)
{
	struct span cid = meant->message->cid;
	struct wechat_turn *turn = find(t, cid);

	if (turn) {
		message_unref(&meant->message);
		again(turn, try);
		return;
	}
	turn = cid.len < CID_MAX ? turn_create(t, try, meant) : NULL;
	if (!turn) {
		message_unref(&meant->message);
		wechat_answer_later(try->request);
		return;
	}
	if (!enter(t, turn, cid)) {
		message_unref(&meant->message);
		forget(turn); /* answers it: later */
		return;
	}
	turn->refs++;
	connector_received(t->o.host, &meant->message, on_durable, turn);
}

void wechat_turns_begin(struct wechat_turns *turns, const struct wechat_try *try,
                        struct wechat_meant *meant)
{
	struct wechat_turn *turn;

	if (meant->meaning == WECHAT_MESSAGE) {
		begin_message(turns, try, meant);
		return;
	}
	turn = turn_create(turns, try, meant);
	if (!turn) {
		wechat_answer_later(try->request);
		return;
	}
	turn->refs++;
	connector_receipt(turns->o.host, &meant->receipt, on_durable, turn);
}

static bool is_heard(const struct wechat_turn *turn)
{
	for (const struct waiting *w = turn->waiting; w; w = w->next)
		if (listens(w))
			return true;
	return false;
}

static bool can_say(const struct wechat_turn *turn, const struct message *m)
{
	struct buf scratch;
	bool fits;

	if (!turn->account[0])
		return false;
	buf_init(&scratch, WECHAT_REPLY_MAX);
	fits = wechat_reply_write(m, span_of(turn->openid), span_of(turn->account), 0, &scratch) ==
	       0;
	buf_fini(&scratch);
	return fits;
}

bool wechat_turns_reply(struct wechat_turns *turns, struct message **m)
{
	struct wechat_turn *turn = find(turns, (*m)->reply_to);

	if (!turn || turn->durable || turn->reply || !is_heard(turn) || !can_say(turn, *m) ||
	    !span_eq(wechat_address_openid((*m)->address, turns->o.appid), span_of(turn->openid)) ||
	    !wechat_sender_clear(turns->o.sender, span_of(turn->openid)) ||
	    wechat_sender_hold(turns->o.sender, span_of(turn->openid)))
		return false;
	turn->reply = *m;
	*m = NULL;
	return true;
}

/* --- a menu by the API ---------------------------------------------------------------------- */

void wechat_turns_await(struct wechat_turns *turns, struct message *menu)
{
	struct wechat_turn *turn = find(turns, menu->reply_to);

	if (turn && !turn->durable && !turn->reply && !turn->menu)
		turn->menu = message_ref(menu);
}

/* The turn that waits to hear of it. */
static struct wechat_turn *awaiting(const struct wechat_turns *t, const struct message *menu)
{
	struct wechat_turn *turn = find(t, menu->reply_to);

	return turn && turn->menu == menu ? turn : NULL;
}

bool wechat_turns_rescue(struct wechat_turns *turns, const struct message *menu)
{
	struct wechat_turn *turn = awaiting(turns, menu);
	struct message *lines = turn ? wechat_api_menu_as_lines(menu) : NULL;

	/* Where all tries so far were put off, the next one hears it. */
	if (!lines || (turn->waiting ? !is_heard(turn) : turn->tries >= TRIES) ||
	    !can_say(turn, lines) || wechat_sender_hold(turns->o.sender, span_of(turn->openid))) {
		message_unref(&lines);
		return false;
	}
	message_unref(&turn->menu);
	turn->reply = lines;
	turn->barred = true;
	if (turn->durable)
		answer_all(turn);
	return true;
}

void wechat_turns_over(struct wechat_turns *turns, const struct message *menu)
{
	struct wechat_turn *turn = awaiting(turns, menu);

	if (!turn)
		return;
	message_unref(&turn->menu);
	if (turn->durable)
		answer_all(turn);
}

/* --- all of them ---------------------------------------------------------------------------- */

int wechat_turns_create(const struct wechat_turns_options *options, struct wechat_turns **out)
{
	struct wechat_turns *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->o = *options;
	t->later = (struct io_later){.fn = on_later, .arg = t};
	*out = t;
	return 0;
}

void wechat_turns_destroy(struct wechat_turns **turns)
{
	if (!*turns)
		return;
	while ((*turns)->all)
		forget((*turns)->all);
	io_later_cancel(connector_loop((*turns)->o.host), &(*turns)->later);
	free(*turns);
	*turns = NULL;
}

void wechat_turns_stop(struct wechat_turns *turns)
{
	struct wechat_turn *turn = turns->all;

	turns->stopping = true;
	while (turn) {
		struct wechat_turn *next = turn->next;

		if (turn->settled)
			forget(turn);
		else if (turn->again)
			settle(turn);
		turn = next;
	}
	io_later(connector_loop(turns->o.host), &turns->later);
}

bool wechat_turns_empty(const struct wechat_turns *turns)
{
	return !turns->all;
}
