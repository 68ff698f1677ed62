/*
 * Sends messages by custom/send. A user's lane has one request under way and the next only after
 * its answer: WeChat keeps no order between requests. There is no idempotency key, so a request
 * that was written and not answered is uncertain and is never sent again from here. What an error
 * code asks for is in wechat_error.def; what that means for the lane is the table below.
 * Source: PROTOCOLS 2.3, 2.4.
 */
#include "wechat_sender.h"

#include "http_client.h"
#include "loop.h"
#include "metrics.h"
#include "wechat_data.h"
#include "wechat_lane.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

enum {
	BUSY_TRIES = 3,          /* after the first, for "system busy" */
	REFUSED_RETRY_MS = 5000, /* what could not be written */
	BUSY_RETRY_MS = 30000,   /* what stayed busy */
	SLOW_FIRST_MS = 5000,    /* the pause after "too many calls in a minute" */
	SLOW_MOST_MS = 60000,
	TOKEN_RETRY_MS = 60000,
	UNREACHABLE_RETRY_MS = 5000,
	CONFIGURE_RETRY_MS = 300000,
	DAY_RETRY_MOST_MS = 1800000, /* an administrator may clear the quota before midnight */
	URL_MAX = 1536,
	CODE_MAX = 40,
	REASON_MAX = 512,
	HTTP_OK = 200,
	HTTP_TOO_MANY = 429,
	HTTP_BAD_REQUEST = 400,
	HTTP_SERVER_ERROR = 500
};
static const uint64_t busy_ms[BUSY_TRIES] = {1000, 2000, 5000};
#define DAY_MS UINT64_C(86400000)
#define BEIJING_MS UINT64_C(28800000) /* ahead of UTC, all year */

struct wechat_sender {
	struct wechat_sender_options o;
	int refs;
	bool gone, stopping;
	struct wechat_lane *lanes;
	struct wechat_lane *ready; /* lanes that may send */
	size_t jobs;
	unsigned in_flight;
	bool full;    /* somebody was told so, and waits for connector_ready() */
	bool no_menu; /* this account may not send menus: do not ask again */
	uint64_t slow_ms;
	struct io_timer *slow; /* runs while all stand still */
	struct io_later later;
};

/* One request under way. */
struct call {
	struct wechat_sender *sender;
	struct wechat_lane *lane;
	char token[WECHAT_TOKEN_MAX + 1];
	struct wechat_answer answer;
	char code[CODE_MAX], reason[REASON_MAX];
};

static void unref(struct wechat_sender *s)
{
	if (--s->refs == 0)
		free(s);
}

static const struct logger *log_of(const struct wechat_sender *s)
{
	return connector_log(s->o.host);
}

static void count(const char *code)
{
	++*metric_get(METRIC_COUNTER, "posthouse_wechat_api_total",
	              "Answers of WeChat's API, by code", "code", code);
}

/* --- which lane sends next ------------------------------------------------------------------ */

static bool paused(const struct wechat_sender *s)
{
	return s->slow && io_timer_active(s->slow);
}

/* Sends later in this turn: results must not reach the host from inside its own call. */
static void wake(struct wechat_sender *s)
{
	if (!s->gone)
		io_later(connector_loop(s->o.host), &s->later);
}

static void consider(struct wechat_lane *lane)
{
	struct wechat_sender *s = lane->sender;

	if (lane->ready || lane->busy || lane->holds || !lane->jobs ||
	    (lane->again && io_timer_active(lane->again)))
		return;
	lane->ready = true;
	DL_APPEND(s->ready, lane);
	wake(s);
}

static void drop_if_empty(struct wechat_lane *lane)
{
	struct wechat_sender *s = lane->sender;

	if (lane->jobs || lane->holds || lane->busy)
		return;
	if (lane->ready)
		DL_DELETE(s->ready, lane);
	wechat_lane_free(&s->lanes, lane);
}

static void on_again(void *arg)
{
	consider(arg);
}

static void wait_in_lane(struct wechat_lane *lane, uint64_t ms)
{
	int err = 0;

	if (!lane->again)
		err = io_timer_create(connector_loop(lane->sender->o.host), "wechat.again",
		                      on_again, lane, &lane->again);
	if (err)
		consider(lane);
	else
		io_timer_start(lane->again, ms, 0);
}

/* --- results -------------------------------------------------------------------------------- */

static void tell(struct wechat_job *job, struct wechat_sender *s, const struct send_result *like)
{
	struct send_result result = *like;

	result.part = job->part;
	result.parts = job->parts;
	if (result.outcome == SEND_RETRY) { /* the whole message, of which nothing was sent */
		result.part = 0;
		result.parts = 1;
	}
	connector_result(s->o.host, job->message, &result);
}

static void end_job(struct wechat_lane *lane, struct wechat_job *job)
{
	struct wechat_sender *s = lane->sender;

	DL_DELETE(lane->jobs, job);
	wechat_job_free(job);
	s->jobs--;
	wake(s);
}

/* This part is settled; goes on with the next one. */
static void settle_part(struct wechat_lane *lane, const struct send_result *result)
{
	struct wechat_job *job = lane->jobs;
	size_t len = job->kind == MESSAGE_TEXT ? wechat_text_part(job->rest).len : 0;

	tell(job, lane->sender, result);
	job->rest = (struct span){job->rest.ptr + len, job->rest.len - len};
	job->tries = 0;
	job->token_tried = false;
	if (++job->part >= job->parts)
		end_job(lane, job);
}

/* This part and all that follow are refused: half a message more helps nobody. */
static void refuse(struct wechat_lane *lane, unsigned flags, const char *code, const char *reason)
{
	struct wechat_job *job = lane->jobs;

	for (; job->part < job->parts; job->part++)
		tell(job, lane->sender,
		     &(struct send_result){.outcome = SEND_REFUSED,
		                           .flags = flags,
		                           .code = code,
		                           .reason = reason});
	end_job(lane, job);
}

/* All of a lane goes back to the host, in order, but for a message that is half sent. */
static void give_back(struct wechat_lane *lane, uint64_t ms, const char *code, const char *reason)
{
	struct wechat_job *job = lane->jobs;

	if (job && job->part > 0)
		job = job->next;
	while (job) {
		struct wechat_job *next = job->next;

		tell(job, lane->sender,
		     &(struct send_result){.outcome = SEND_RETRY,
		                           .code = code,
		                           .reason = reason,
		                           .retry_ms = ms});
		end_job(lane, job);
		job = next;
	}
}

/* --- what an error code asks for ------------------------------------------------------------ */

static void do_nothing(struct call *c)
{
	c->sender->slow_ms = 0;
	settle_part(c->lane, &(struct send_result){.outcome = SEND_OK});
}

static void do_retry(struct call *c)
{
	struct wechat_job *job = c->lane->jobs;

	if (job->tries < BUSY_TRIES)
		wait_in_lane(c->lane, busy_ms[job->tries++]);
	else if (job->part > 0)
		refuse(c->lane, 0, c->code, c->reason);
	else
		give_back(c->lane, BUSY_RETRY_MS, c->code, c->reason);
}

/*
 * Nothing gets through for a while. What we have stays here, in order, until there is a token
 * again; the channel's state says why.
 */
static void stand_still(struct call *c, uint64_t ms, enum channel_state state)
{
	log_error(log_of(c->sender), EVENT("wechat.stopped"), STR("why", c->reason));
	wechat_access_suspend(c->sender->o.access, ms, state, c->reason);
}

static void do_token(struct call *c)
{
	struct wechat_job *job = c->lane->jobs;

	wechat_access_refused(c->sender->o.access, c->token);
	if (job->token_tried)
		stand_still(c, TOKEN_RETRY_MS, CHANNEL_MISCONFIGURED);
	job->token_tried = !job->token_tried;
}

/* Nothing was written: it may wait, but not knock at the door for each user. */
static void do_unreachable(struct call *c)
{
	struct wechat_job *job = c->lane->jobs;

	if (job->tries < BUSY_TRIES) {
		wait_in_lane(c->lane, busy_ms[job->tries++]);
		return;
	}
	job->tries = 0;
	stand_still(c, UNREACHABLE_RETRY_MS, CHANNEL_RECEIVE_ONLY);
}

static void do_address(struct call *c)
{
	refuse(c->lane, SEND_BAD_ADDRESS, c->code, c->reason);
}

static void do_configure(struct call *c)
{
	stand_still(c, CONFIGURE_RETRY_MS, CHANNEL_MISCONFIGURED);
}

static void do_alarm(struct call *c)
{
	log_error(log_of(c->sender), EVENT("wechat.refused"), STR("why", c->reason));
	refuse(c->lane, 0, c->code, c->reason);
}

static void do_fail(struct call *c)
{
	refuse(c->lane, 0, c->code, c->reason);
}

static void do_wait(struct call *c)
{
	struct wechat_sender *s = c->sender;

	s->slow_ms = s->slow_ms ? s->slow_ms * 2 : SLOW_FIRST_MS;
	if (s->slow_ms > SLOW_MOST_MS)
		s->slow_ms = SLOW_MOST_MS;
	log_warn(log_of(s), EVENT("wechat.slow_down"), NUM("ms", s->slow_ms),
	         STR("why", c->reason));
	io_timer_start(s->slow, s->slow_ms, 0);
}

static void do_wait_day(struct call *c)
{
	uint64_t now = clock_wall_ms(io_loop_clock(connector_loop(c->sender->o.host)));
	uint64_t ms = DAY_MS - (now + BEIJING_MS) % DAY_MS;

	stand_still(c, ms < DAY_RETRY_MOST_MS ? ms : DAY_RETRY_MOST_MS, CHANNEL_RECEIVE_ONLY);
}

static void do_window(struct call *c)
{
	refuse(c->lane, SEND_WINDOW_CLOSED, c->code, c->reason);
}

static void do_budget(struct call *c)
{
	refuse(c->lane, SEND_BUDGET_USED, c->code, c->reason);
}

/* The message's own words, or a menu's choices as links. NULL: there is nothing to say. */
static char *words_of(const struct message *m)
{
	struct buf text;
	char *words = NULL;

	if (m->kind != MESSAGE_MENU)
		return m->text.len ? span_dup(m->text) : NULL;
	buf_init(&text, WECHAT_BODY_MAX);
	if (wechat_api_menu_text(m->text, m->data, &text) == 0 && text.len)
		words = span_dup(buf_span(&text));
	buf_fini(&text);
	return words;
}

static void do_text(struct call *c)
{
	struct wechat_job *job = c->lane->jobs;
	char *words = job->kind == MESSAGE_TEXT ? NULL : words_of(job->message);

	if (!words) {
		refuse(c->lane, 0, c->code, c->reason);
		return;
	}
	c->sender->no_menu |= job->kind == MESSAGE_MENU;
	wechat_job_as_text(job, words);
}

static void (*const todo[])(struct call *c) = {
	[DO_NOTHING] = do_nothing,   [DO_RETRY] = do_retry,         [DO_TOKEN] = do_token,
	[DO_ADDRESS] = do_address,   [DO_CONFIGURE] = do_configure, [DO_ALARM] = do_alarm,
	[DO_TEXT] = do_text,         [DO_FAIL] = do_fail,           [DO_WAIT] = do_wait,
	[DO_WAIT_DAY] = do_wait_day, [DO_WINDOW] = do_window,       [DO_BUDGET] = do_budget,
};

/* --- one request ---------------------------------------------------------------------------- */

/* Frees c; the lane is considered again, or gone. */
static void end_call(struct call *c)
{
	struct wechat_sender *s = c->sender;
	struct wechat_lane *lane = c->lane;

	OPENSSL_cleanse(c->token, sizeof(c->token));
	free(c);
	s->in_flight--;
	lane->busy = false;
	if (s->stopping)
		give_back(lane, REFUSED_RETRY_MS, "wechat.stopping", "the node stops");
	consider(lane);
	drop_if_empty(lane);
	wake(s);
}

static void on_transport_error(struct call *c, const struct http_client_answer *http)
{
	snprintf(c->reason, sizeof(c->reason), "the API did not answer: %s", strerror(-http->err));
	if (http->written) {
		count("uncertain");
		settle_part(c->lane, &(struct send_result){.outcome = SEND_UNCERTAIN,
		                                           .code = "wechat.no_answer",
		                                           .reason = c->reason});
		return;
	}
	count("unreachable");
	do_unreachable(c);
}

/* Not WeChat's JSON: a proxy speaks. After a server's error the message may have gone through. */
static void on_http_error(struct call *c, int status)
{
	snprintf(c->code, sizeof(c->code), "wechat.http.%d", status);
	snprintf(c->reason, sizeof(c->reason), "the API answered HTTP %d without saying more",
	         status);
	count(c->code + sizeof("wechat.") - 1);
	if (status == HTTP_TOO_MANY)
		do_wait(c);
	else if (status >= HTTP_BAD_REQUEST && status < HTTP_SERVER_ERROR)
		refuse(c->lane, 0, c->code, c->reason);
	else
		settle_part(c->lane, &(struct send_result){.outcome = SEND_UNCERTAIN,
		                                           .code = c->code,
		                                           .reason = c->reason});
}

static void on_errcode(struct call *c)
{
	int errcode = c->answer.errcode;

	snprintf(c->code, sizeof(c->code), "wechat.%d", errcode);
	count(c->code + sizeof("wechat.") - 1);
	wechat_answer_reason(&c->answer, c->sender->o.secret, c->reason, sizeof(c->reason));
	if (strstr(c->reason, c->token))
		snprintf(c->reason, sizeof(c->reason), "%s", wechat_error_of(errcode)->reason);
	if (errcode)
		log_info(log_of(c->sender), EVENT("wechat.api_error"), STR("code", c->code),
		         STR("why", c->reason));
	todo[wechat_error_of(errcode)->todo](c);
}

static void on_answer(void *arg, const struct http_client_answer *http)
{
	struct call *c = arg;
	struct wechat_sender *s = c->sender;

	if (s->gone) {
		free(c);
	} else {
		if (http->err)
			on_transport_error(c, http);
		else if (http->status != HTTP_OK || wechat_answer_read(http->body, &c->answer))
			on_http_error(c, http->status);
		else
			on_errcode(c);
		end_call(c);
	}
	unref(s);
}

static int write_body(const struct call *c, struct buf *body)
{
	const struct wechat_job *job = c->lane->jobs;
	bool text = job->kind == MESSAGE_TEXT;

	return wechat_api_send_body(
		&(struct wechat_outgoing){
			.openid = span_of(c->lane->openid),
			.kind = job->kind,
			.text = text ? wechat_text_part(job->rest) : job->message->text,
			.data = job->message->data,
			.kf_account = c->sender->o.kf_account,
		},
		body);
}

static int post(struct wechat_sender *s, const char *path, const char *token, struct span body,
                http_client_fn *fn, void *arg)
{
	static const char *const headers[] = {"Content-Type: application/json; charset=utf-8",
	                                      NULL};
	char url[URL_MAX];
	int len = snprintf(url, sizeof(url), "%s%s?access_token=%s", s->o.api_base, path, token);
	int err = -EINVAL;

	if (len >= 0 && (size_t)len < sizeof(url))
		err = http_client_send(connector_http_client(s->o.host), "wechat.send",
		                       &(struct http_client_request){.method = "POST",
		                                                     .url = url,
		                                                     .headers = headers,
		                                                     .body = body,
		                                                     .timeout_ms = s->o.timeout_ms,
		                                                     .answer_max = WECHAT_BODY_MAX},
		                       fn, arg);
	OPENSSL_cleanse(url, sizeof(url));
	return err;
}

static void on_token(void *arg, int err, const char *token)
{
	struct call *c = arg;
	struct wechat_sender *s = c->sender;
	struct buf body;

	if (err == -ECANCELED) { /* all of it is being taken down */
		free(c);
		return;
	}
	if (err) { /* its message waits in the lane */
		end_call(c);
		return;
	}
	snprintf(c->token, sizeof(c->token), "%s", token);
	buf_init(&body, WECHAT_BODY_MAX);
	err = write_body(c, &body);
	if (err == -EINVAL) {
		refuse(c->lane, 0, "wechat.content",
		       "the message lacks what its kind needs on WeChat");
	} else if (!err) {
		s->refs++;
		err = post(s, "/cgi-bin/message/custom/send", c->token, buf_span(&body), on_answer,
		           c);
		if (err)
			s->refs--;
		else
			c = NULL;
	}
	buf_fini(&body);
	if (c && err && err != -EINVAL)
		give_back(c->lane, REFUSED_RETRY_MS, "wechat.unsent", strerror(-err));
	if (c)
		end_call(c);
}

static void send_next(struct wechat_lane *lane)
{
	struct wechat_sender *s = lane->sender;
	struct wechat_job *job = lane->jobs;
	struct call *c = calloc(1, sizeof(*c));
	char *words;

	if (!c) {
		give_back(lane, REFUSED_RETRY_MS, "wechat.memory", "out of memory");
		drop_if_empty(lane);
		return;
	}
	if (s->no_menu && job->kind == MESSAGE_MENU && (words = words_of(job->message)))
		wechat_job_as_text(job, words);
	c->sender = s;
	c->lane = lane;
	lane->busy = true;
	s->in_flight++;
	wechat_access_get(s->o.access, on_token, c);
}

static bool may_send(const struct wechat_sender *s)
{
	return !paused(s) && s->in_flight < s->o.in_flight && wechat_access_usable(s->o.access);
}

static void on_later(void *arg)
{
	struct wechat_sender *s = arg;
	struct wechat_lane *lane;

	if (s->full && !s->stopping && s->jobs < s->o.queue_max) {
		s->full = false;
		connector_ready(s->o.host);
	}
	while (may_send(s) && (lane = s->ready)) {
		DL_DELETE(s->ready, lane);
		lane->ready = false;
		send_next(lane);
	}
	if (s->stopping && wechat_sender_empty(s))
		s->o.on_empty(s->o.arg); /* s may be gone: nothing after this line */
}

/* --- from the channel ----------------------------------------------------------------------- */

int wechat_sender_create(const struct wechat_sender_options *options, struct wechat_sender **out)
{
	struct wechat_sender *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->o = *options;
	s->refs = 1;
	s->later = (struct io_later){.fn = on_later, .arg = s};
	err = io_timer_create(connector_loop(options->host), "wechat.slow", on_later, s, &s->slow);
	if (err) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void wechat_sender_destroy(struct wechat_sender **s)
{
	if (!*s)
		return;
	(*s)->gone = true;
	io_later_cancel(connector_loop((*s)->o.host), &(*s)->later);
	io_timer_destroy(&(*s)->slow);
	while ((*s)->lanes)
		wechat_lane_free(&(*s)->lanes, (*s)->lanes);
	unref(*s);
	*s = NULL;
}

static int put(struct wechat_sender *s, struct span openid, struct message **m, bool first)
{
	struct wechat_lane *lane = wechat_lane_of(&s->lanes, openid, true);
	struct wechat_job *job;
	int err;

	if (!lane)
		return -ENOMEM;
	lane->sender = s;
	err = wechat_job_create(m, &job);
	if (err) {
		drop_if_empty(lane);
		return err;
	}
	if (first)
		DL_PREPEND(lane->jobs, job);
	else
		DL_APPEND(lane->jobs, job);
	s->jobs++;
	consider(lane);
	return 0;
}

int wechat_sender_send(struct wechat_sender *s, struct span openid, struct message **m)
{
	if (s->stopping || s->jobs >= s->o.queue_max) {
		s->full = true;
		return -EAGAIN;
	}
	return put(s, openid, m, false);
}

bool wechat_sender_clear(const struct wechat_sender *s, struct span openid)
{
	struct wechat_lane *lanes = s->lanes;
	const struct wechat_lane *lane = wechat_lane_of(&lanes, openid, false);

	return !lane || !lane->jobs;
}

int wechat_sender_hold(struct wechat_sender *s, struct span openid)
{
	struct wechat_lane *lane = wechat_lane_of(&s->lanes, openid, true);

	if (!lane)
		return -ENOMEM;
	lane->sender = s;
	lane->holds++;
	return 0;
}

void wechat_sender_release(struct wechat_sender *s, struct span openid, struct message **m)
{
	struct wechat_lane *lane = wechat_lane_of(&s->lanes, openid, false);

	if (lane && lane->holds)
		lane->holds--;
	/* Past the queue's limit: it was taken already, and it is one for each request at most. */
	if (*m && (s->stopping || put(s, openid, m, true))) {
		connector_result(s->o.host, *m,
		                 &(struct send_result){.outcome = SEND_RETRY,
		                                       .parts = 1,
		                                       .code = "wechat.stopping",
		                                       .retry_ms = REFUSED_RETRY_MS});
		message_unref(m);
	}
	if (lane) {
		consider(lane);
		drop_if_empty(lane);
	}
}

/* Whatever comes of it is nobody's concern: 45080 and 45081 are everyday answers. */
static void on_typing_answer(void *arg, const struct http_client_answer *http)
{
	(void)arg, (void)http;
}

struct typing {
	struct wechat_sender *sender;
	bool on;
	char openid[WECHAT_OPENID_MAX + 1];
};

static void on_typing_token(void *arg, int err, const char *token)
{
	struct typing *t = arg;
	struct buf body;

	buf_init(&body, WECHAT_BODY_MAX);
	if (!err && wechat_api_typing_body(span_of(t->openid), t->on, &body) == 0)
		err = post(t->sender, "/cgi-bin/message/custom/typing", token, buf_span(&body),
		           on_typing_answer, NULL);
	if (err)
		log_debug(log_of(t->sender), EVENT("wechat.typing_dropped"), ERR(err));
	buf_fini(&body);
}

void wechat_sender_typing(struct wechat_sender *s, struct span openid, bool on)
{
	struct typing t = {.sender = s, .on = on};

	/* Only with a token at hand, so that t may live here. */
	if (s->stopping || paused(s) || !wechat_access_usable(s->o.access) ||
	    openid.len > WECHAT_OPENID_MAX)
		return;
	memcpy(t.openid, openid.ptr, openid.len);
	wechat_access_now(s->o.access, on_typing_token, &t);
}

void wechat_sender_wake(struct wechat_sender *s)
{
	wake(s);
}

void wechat_sender_stop(struct wechat_sender *s)
{
	struct wechat_lane *lane = s->lanes;

	s->stopping = true;
	wake(s);
	while (lane) {
		struct wechat_lane *next = lane->hh.next;

		if (!lane->busy) {
			give_back(lane, REFUSED_RETRY_MS, "wechat.stopping", "the node stops");
			drop_if_empty(lane);
		}
		lane = next;
	}
}

bool wechat_sender_empty(const struct wechat_sender *s)
{
	return !s->jobs && !s->in_flight;
}
