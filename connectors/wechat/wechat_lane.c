/* Lanes by openid, and the jobs in them. */
#include "wechat_lane.h"

#include "loop.h"

#include <stdlib.h>
#include <utlist.h>

struct wechat_lane *wechat_lane_of(struct wechat_lane **lanes, struct span openid, bool create)
{
	struct wechat_lane *lane = NULL;

	HASH_FIND(hh, *lanes, openid.ptr, openid.len, lane);
	if (lane || !create || openid.len > WECHAT_OPENID_MAX)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	memcpy(lane->openid, openid.ptr, openid.len);
	HASH_ADD_KEYPTR(hh, *lanes, lane->openid, openid.len, lane);
	return lane;
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
