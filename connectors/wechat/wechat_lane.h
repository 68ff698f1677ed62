/* One user's messages on their way, in order: the sender's own bookkeeping. */
#ifndef PH_WECHAT_LANE_H
#define PH_WECHAT_LANE_H

/* Without this uthash ends the process when there is no memory. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(lane) ((lane)->lost = true)
#include "hash.h"

#include "wechat_api.h"
#include "wechat_message.h"
#include "wechat_sender.h"

/* A message and how far it got. */
struct wechat_job {
	struct wechat_job *next, *prev;
	struct message *message;
	enum message_kind kind;
	char *own_text;   /* what stands for the message where its kind was refused, or NULL */
	struct span rest; /* text not yet sent, of the message or of own_text */
	uint16_t part, parts;
	unsigned tries;
	bool token_tried; /* another token was fetched for it */
};

struct wechat_lane {
	char openid[WECHAT_OPENID_MAX + 1];
	struct wechat_sender *sender;
	struct wechat_job *jobs;
	unsigned holds;         /* passive replies under way */
	bool busy;              /* a request is under way */
	bool written;           /* and out */
	struct io_timer *again; /* a short wait before the next try; made when first needed */
	bool ready;             /* in the sender's list */
	bool lost;              /* no memory for it in the table */
	struct wechat_lane *next, *prev;
	UT_hash_handle hh;
};

/** The lane of a user, made where make says so; else NULL, as when out of memory. */
struct wechat_lane *wechat_lane_of(struct wechat_lane **lanes, struct span openid, bool make);
/** Frees it and its jobs. */
void wechat_lane_free(struct wechat_lane **lanes, struct wechat_lane *lane);
/** Puts it into the sender's ready list where it may send now. */
void wechat_lane_consider(struct wechat_lane *lane);
/** Frees it where nothing is in it and nothing under way. */
void wechat_lane_drop_if_empty(struct wechat_lane *lane);
/** Sends nothing for ms. */
void wechat_lane_wait(struct wechat_lane *lane, uint64_t ms);
/** Takes *m on 0. */
int wechat_job_create(struct message **m, struct wechat_job **out) MUST_CHECK;
void wechat_job_free(struct wechat_job *job);
/** From now on it says this (taken) as text. */
void wechat_job_as_text(struct wechat_job *job, char *text);

#endif
