/*
 * What becomes of a message: what the host is told of each part, and what an error code of WeChat
 * asks for, as a table from wechat_error.def's words to functions. Source:
 * docs/protocols/wechat.md.
 */
#include "wechat_outcome.h"

#include "loop.h"

#include <stdlib.h>
#include <utlist.h>

enum {
	BUSY_TRIES = 3,        /* after the first, for "system busy" */
	BUSY_RETRY_MS = 30000, /* what stayed busy */
	SLOW_FIRST_MS = 5000,  /* the pause after "too many calls in a minute" */
	SLOW_MOST_MS = 60000,
	TOKEN_RETRY_MS = 60000,
	CONFIGURE_RETRY_MS = 300000,
	BARRED_MS = 3600000,        /* then it is tried: the right may be granted meanwhile */
	DAY_RETRY_MOST_MS = 1800000 /* an administrator may clear the quota before midnight */
};
static const uint64_t busy_ms[BUSY_TRIES] = {1000, 2000, 5000};
#define DAY_MS UINT64_C(86400000)
#define BEIJING_MS UINT64_C(28800000) /* ahead of UTC, all year */

static const struct logger *log_of(const struct wechat_sender *s)
{
	return connector_log(s->o.host);
}

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
	s->jobs--;
	if (job->message->kind == MESSAGE_MENU)
		s->o.on_menu_over(s->o.arg, job->message);
	wechat_job_free(job);
	wechat_sender_wake(s);
}

static char *menu_lines(const struct message *menu)
{
	struct message *lines = wechat_api_menu_as_lines(menu);
	char *words = lines && lines->text.len ? span_dup(lines->text) : NULL;

	message_unref(&lines);
	return words;
}

/* This part is settled; goes on with the next one. */
void wechat_outcome_part(struct wechat_lane *lane, const struct send_result *result)
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
void wechat_outcome_refuse(struct wechat_lane *lane, unsigned flags, const char *code,
                           const char *reason)
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
void wechat_outcome_give_back(struct wechat_lane *lane, uint64_t ms, const char *code,
                              const char *reason)
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

static void do_nothing(struct wechat_call *c)
{
	c->sender->slow_ms = 0;
	wechat_outcome_part(c->lane, &(struct send_result){.outcome = SEND_OK});
}

static void do_retry(struct wechat_call *c)
{
	struct wechat_job *job = c->lane->jobs;

	if (job->tries < BUSY_TRIES)
		wechat_lane_wait(c->lane, busy_ms[job->tries++]);
	else if (job->part > 0)
		wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
	else
		wechat_outcome_give_back(c->lane, BUSY_RETRY_MS, c->code, c->reason);
}

/*
 * Nothing gets through for a while. What we have stays here, in order, until there is a token
 * again; the channel's state says why.
 */
static void stand_still(struct wechat_call *c, uint64_t ms, enum channel_state state)
{
	log_error(log_of(c->sender), EVENT("wechat.stopped"), STR("why", c->reason));
	wechat_access_suspend(c->sender->o.access, ms, state, c->reason);
}

static void do_token(struct wechat_call *c)
{
	struct wechat_job *job = c->lane->jobs;

	wechat_access_refused(c->sender->o.access, c->token);
	if (job->token_tried)
		stand_still(c, TOKEN_RETRY_MS, CHANNEL_MISCONFIGURED);
	job->token_tried = !job->token_tried;
}

/* Nothing was written: it may wait, but not knock at the door for each user. */
void wechat_outcome_unreachable(struct wechat_call *c)
{
	struct wechat_job *job = c->lane->jobs;

	if (job->tries < BUSY_TRIES) {
		wechat_lane_wait(c->lane, busy_ms[job->tries++]);
		return;
	}
	job->tries = 0;
	stand_still(c, WECHAT_SOON_MS, CHANNEL_RECEIVE_ONLY);
}

static void do_address(struct wechat_call *c)
{
	wechat_outcome_refuse(c->lane, SEND_BAD_ADDRESS, c->code, c->reason);
}

static void do_configure(struct wechat_call *c)
{
	stand_still(c, CONFIGURE_RETRY_MS, CHANNEL_MISCONFIGURED);
}

static void do_alarm(struct wechat_call *c)
{
	log_error(log_of(c->sender), EVENT("wechat.refused"), STR("why", c->reason));
	wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
}

/*
 * Nothing of ours goes by the API. A menu has another way: within the callback that it answers,
 * where that still waits; else as lines by the API, should only menus be barred.
 */
static void do_barred(struct wechat_call *c)
{
	struct wechat_sender *s = c->sender;
	struct wechat_job *job = c->lane->jobs;
	char *words;

	s->barred_until_ms = clock_mono_ms(io_loop_clock(connector_loop(s->o.host))) + BARRED_MS;
	if (job->kind != MESSAGE_MENU) {
		do_alarm(c);
		return;
	}
	log_warn(log_of(s), EVENT("wechat.menus_as_lines"), NUM("ms", BARRED_MS),
	         STR("why", c->reason));
	if (s->o.rescue(s->o.arg, job->message)) {
		end_job(c->lane, job);
		return;
	}
	words = menu_lines(job->message);
	if (words)
		wechat_job_as_text(job, words);
	else
		wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
}

static void do_fail(struct wechat_call *c)
{
	wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
}

void wechat_outcome_wait(struct wechat_call *c)
{
	struct wechat_sender *s = c->sender;

	s->slow_ms = s->slow_ms ? s->slow_ms * 2 : SLOW_FIRST_MS;
	if (s->slow_ms > SLOW_MOST_MS)
		s->slow_ms = SLOW_MOST_MS;
	log_warn(log_of(s), EVENT("wechat.slow_down"), NUM("ms", s->slow_ms),
	         STR("why", c->reason));
	io_timer_start(s->slow, s->slow_ms, 0);
}

static void do_wait_day(struct wechat_call *c)
{
	uint64_t now = clock_wall_ms(io_loop_clock(connector_loop(c->sender->o.host)));
	uint64_t ms = DAY_MS - (now + BEIJING_MS) % DAY_MS;

	stand_still(c, ms < DAY_RETRY_MOST_MS ? ms : DAY_RETRY_MOST_MS, CHANNEL_RECEIVE_ONLY);
}

static void do_window(struct wechat_call *c)
{
	wechat_outcome_refuse(c->lane, SEND_WINDOW_CLOSED, c->code, c->reason);
}

static void do_budget(struct wechat_call *c)
{
	wechat_outcome_refuse(c->lane, SEND_BUDGET_USED, c->code, c->reason);
}

/* The message's own words, or a menu's choices as links. NULL: there is nothing to say. */
char *wechat_outcome_words(const struct message *m)
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

static void do_text(struct wechat_call *c)
{
	struct wechat_job *job = c->lane->jobs;
	char *words = job->kind == MESSAGE_TEXT ? NULL : wechat_outcome_words(job->message);

	if (!words) {
		wechat_outcome_refuse(c->lane, 0, c->code, c->reason);
		return;
	}
	c->sender->no_menu |= job->kind == MESSAGE_MENU;
	wechat_job_as_text(job, words);
}

static void (*const todo[])(struct wechat_call *c) = {
	[DO_NOTHING] = do_nothing,       [DO_RETRY] = do_retry,         [DO_TOKEN] = do_token,
	[DO_ADDRESS] = do_address,       [DO_CONFIGURE] = do_configure, [DO_ALARM] = do_alarm,
	[DO_BARRED] = do_barred,         [DO_TEXT] = do_text,           [DO_FAIL] = do_fail,
	[DO_WAIT] = wechat_outcome_wait, [DO_WAIT_DAY] = do_wait_day,   [DO_WINDOW] = do_window,
	[DO_BUDGET] = do_budget,
};

void wechat_outcome_errcode(struct wechat_call *c)
{
	todo[wechat_error_of(c->answer.errcode)->todo](c);
}
