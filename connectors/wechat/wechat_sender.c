/*
 * Sends messages by custom/send. A user's lane has one request under way and the next only after
 * its answer: WeChat keeps no order between requests. There is no idempotency key, so a request
 * that was written and not answered is uncertain and is never sent again from here. What an error
 * code asks for is in wechat_error.def, what follows from it in wechat_outcome.c.
 * Source: docs/protocols/wechat.md.
 */
#include "http_client.h"
#include "loop.h"
#include "metrics.h"
#include "wechat_outcome.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

enum {
	URL_MAX = 1536,
	HTTP_OK = 200,
	HTTP_TOO_MANY = 429,
	HTTP_BAD_REQUEST = 400,
	HTTP_SERVER_ERROR = 500
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

static bool paused(const struct wechat_sender *s)
{
	return s->slow && io_timer_active(s->slow);
}

/* --- one request ---------------------------------------------------------------------------- */

/* Frees c; the lane is considered again, or gone. */
static void end_call(struct wechat_call *c)
{
	struct wechat_sender *s = c->sender;
	struct wechat_lane *lane = c->lane;

	OPENSSL_cleanse(c->token, sizeof(c->token));
	free(c);
	s->in_flight--;
	lane->busy = lane->written = false;
	wechat_lane_consider(lane);
	wechat_lane_drop_if_empty(lane);
	wechat_sender_wake(s);
}

static void on_transport_error(struct wechat_call *c, const struct http_client_answer *http)
{
	snprintf(c->reason, sizeof(c->reason), "the API did not answer: %s", strerror(-http->err));
	if (http->written) {
		count("uncertain");
		wechat_outcome_part(c->lane, &(struct send_result){.outcome = SEND_UNCERTAIN,
		                                                   .code = "wechat.no_answer",
		                                                   .reason = c->reason});
		return;
	}
	count("unreachable");
	wechat_outcome_unreachable(c);
}

/* Not WeChat's JSON: a proxy speaks. After a server's error the message may have gone through. */
static void on_http_error(struct wechat_call *c, int status)
{
	snprintf(c->code, sizeof(c->code), "wechat.http.%d", status);
	snprintf(c->reason, sizeof(c->reason), "the API answered HTTP %d without saying more",
	         status);
	count(c->code + sizeof("wechat.") - 1);
	if (status == HTTP_TOO_MANY)
		wechat_outcome_wait(c);
	else if (status >= HTTP_BAD_REQUEST && status < HTTP_SERVER_ERROR)
		wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
	else
		wechat_outcome_part(c->lane, &(struct send_result){.outcome = SEND_UNCERTAIN,
		                                                   .code = c->code,
		                                                   .reason = c->reason});
}

static void on_errcode(struct wechat_call *c)
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
	wechat_outcome_errcode(c);
}

static void on_answer(void *arg, const struct http_client_answer *http)
{
	struct wechat_call *c = arg;
	struct wechat_sender *s = c->sender;

	if (s->gone) {
		free(c);
	} else {
		if (s->abandoned)
			log_debug(log_of(s), EVENT("wechat.late_answer"), ERR(http->err));
		else if (http->err)
			on_transport_error(c, http);
		else if (http->status != HTTP_OK || wechat_answer_read(http->body, &c->answer) ||
		         !c->answer.coded)
			on_http_error(c, http->status);
		else
			on_errcode(c);
		end_call(c);
	}
	unref(s);
}

static int write_body(const struct wechat_call *c, struct buf *body)
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
	struct wechat_call *c = arg;
	struct wechat_sender *s = c->sender;
	struct buf body;

	if (err == -ECANCELED) { /* all of it is being taken down */
		free(c);
		return;
	}
	if (err || s->abandoned) { /* its message waits in the lane, or has gone back */
		end_call(c);
		return;
	}
	snprintf(c->token, sizeof(c->token), "%s", token);
	buf_init(&body, WECHAT_BODY_MAX);
	err = write_body(c, &body);
	if (err == -EINVAL) {
		wechat_outcome_refuse(c->lane, 0, "wechat.content",
		                      "the message lacks what its kind needs on WeChat");
	} else if (!err) {
		s->refs++;
		err = post(s, "/cgi-bin/message/custom/send", c->token, buf_span(&body), on_answer,
		           c);
		c->lane->written = !err;
		if (err)
			s->refs--;
		else
			c = NULL;
	}
	buf_fini(&body);
	if (c && err && err != -EINVAL)
		wechat_outcome_give_back(c->lane, WECHAT_SOON_MS, "wechat.unsent", strerror(-err));
	if (c)
		end_call(c);
}

static void send_next(struct wechat_lane *lane)
{
	struct wechat_sender *s = lane->sender;
	struct wechat_job *job = lane->jobs;
	struct wechat_call *c = calloc(1, sizeof(*c));
	char *words;

	if (!c) {
		wechat_outcome_give_back(lane, WECHAT_SOON_MS, "wechat.memory", "out of memory");
		wechat_lane_drop_if_empty(lane);
		return;
	}
	if (s->no_menu && job->kind == MESSAGE_MENU && (words = wechat_outcome_words(job->message)))
		wechat_job_as_text(job, words);
	c->sender = s;
	c->lane = lane;
	lane->busy = true;
	s->in_flight++;
	wechat_access_get(s->o.access, on_token, c);
}

static bool may_send(const struct wechat_sender *s)
{
	return !s->abandoned && !paused(s) && s->in_flight < s->o.in_flight &&
	       wechat_access_usable(s->o.access);
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
		if (lane->jobs && !lane->holds)
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
		wechat_lane_drop_if_empty(lane);
		return err;
	}
	if (first)
		DL_PREPEND(lane->jobs, job);
	else
		DL_APPEND(lane->jobs, job);
	s->jobs++;
	wechat_lane_consider(lane);
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
		                                       .retry_ms = WECHAT_SOON_MS});
		message_unref(m);
	}
	if (lane) {
		wechat_lane_consider(lane);
		wechat_lane_drop_if_empty(lane);
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

bool wechat_sender_barred(const struct wechat_sender *s)
{
	return clock_mono_ms(io_loop_clock(connector_loop(s->o.host))) < s->barred_until_ms;
}

/* Sends later in this turn: results must not reach the host from inside its own call. */
void wechat_sender_wake(struct wechat_sender *s)
{
	if (!s->gone)
		io_later(connector_loop(s->o.host), &s->later);
}

void wechat_sender_stop(struct wechat_sender *s)
{
	s->stopping = true;
	wechat_sender_wake(s);
}

void wechat_sender_abandon(struct wechat_sender *s)
{
	struct wechat_lane *lane = s->lanes;

	s->stopping = s->abandoned = true;
	while (lane) {
		struct wechat_lane *next = lane->hh.next;

		if (lane->written)
			wechat_outcome_part(lane,
			                    &(struct send_result){.outcome = SEND_UNCERTAIN,
			                                          .code = "wechat.no_answer",
			                                          .reason = "the node stops"});
		if (lane->jobs && lane->jobs->part > 0)
			wechat_outcome_refuse(lane, 0, "wechat.stopping", "the node stops");
		wechat_outcome_give_back(lane, WECHAT_SOON_MS, "wechat.stopping", "the node stops");
		wechat_lane_drop_if_empty(lane);
		lane = next;
	}
}

bool wechat_sender_empty(const struct wechat_sender *s)
{
	return !s->jobs && !s->in_flight;
}
