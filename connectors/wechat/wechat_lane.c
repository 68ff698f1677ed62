/* Lanes by openid, the jobs in them, and which lane may send next. */
#include "wechat_outcome.h"

#include <stdlib.h>
#include <utlist.h>

static struct wechat_lane *find(struct wechat_lane *lanes, struct span openid)
{
	struct wechat_lane *lane = NULL;

	HASH_FIND(hh, lanes, openid.ptr, openid.len, lane);
	return lane;
}

static struct wechat_lane *create(struct wechat_lane **lanes, struct span openid)
{
	struct wechat_lane *lane =
		openid.len <= WECHAT_OPENID_MAX ? calloc(1, sizeof(*lane)) : NULL;

	if (!lane)
		return NULL;
	memcpy(lane->openid, openid.ptr, openid.len);
	HASH_ADD_KEYPTR(hh, *lanes, lane->openid, openid.len, lane);
	if (lane->lost) {
		free(lane);
		lane = NULL;
	}
	return lane;
}

struct wechat_lane *wechat_lane_of(struct wechat_lane **lanes, struct span openid, bool make)
{
	struct wechat_lane *lane = find(*lanes, openid);

	return lane || !make ? lane : create(lanes, openid);
}

void wechat_lane_free(struct wechat_lane **lanes, struct wechat_lane *lane)
{
	struct wechat_job *job;

	HASH_DEL(*lanes, lane);
	while ((job = lane->jobs)) {
		DL_DELETE(lane->jobs, job);
		wechat_job_free(job);
	}
	io_timer_destroy(&lane->again);
	free(lane);
}

int wechat_job_create(struct message **m, struct wechat_job **out)
{
	struct wechat_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->message = *m;
	job->kind = (*m)->kind;
	job->rest = (*m)->text;
	job->parts = job->kind == MESSAGE_TEXT ? wechat_text_parts(job->rest) : 1;
	*m = NULL;
	*out = job;
	return 0;
}

void wechat_job_free(struct wechat_job *job)
{
	message_unref(&job->message);
	free(job->own_text);
	free(job);
}

void wechat_job_as_text(struct wechat_job *job, char *text)
{
	free(job->own_text);
	job->own_text = text;
	job->kind = MESSAGE_TEXT;
	job->rest = span_of(text);
	job->part = 0;
	job->parts = wechat_text_parts(job->rest);
}

void wechat_lane_consider(struct wechat_lane *lane)
{
	struct wechat_sender *s = lane->sender;

	if (lane->ready || lane->busy || lane->holds || !lane->jobs ||
	    (lane->again && io_timer_active(lane->again)))
		return;
	lane->ready = true;
	DL_APPEND(s->ready, lane);
	wechat_sender_wake(s);
}

void wechat_lane_drop_if_empty(struct wechat_lane *lane)
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
	wechat_lane_consider(arg);
}

void wechat_lane_wait(struct wechat_lane *lane, uint64_t ms)
{
	int err = 0;

	if (!lane->again)
		err = io_timer_create(connector_loop(lane->sender->o.host), "wechat.again",
		                      on_again, lane, &lane->again);
	if (err)
		wechat_lane_consider(lane);
	else
		io_timer_start(lane->again, ms, 0);
}
